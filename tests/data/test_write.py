"""What is written is read back the same, and a failed write leaves the old file."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.data import read_table, write_bytes, write_table, write_text
from onearm.data.formats import FORMATS
from onearm.errors import DataError

# what every format can hold: no control characters (XML forbids them), no blanks around (SAS pads with them)
LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp"), max_codepoint=0xFFFD)
TEXTS = st.one_of(
    st.none(),
    st.sampled_from(
        ["007", "0", "-0", "=1+1", "@SUM(A1)", "+1", "1e5", "NA", ".", "TRUE", "a b", 'say "x"', "a,b;c", "é", "日本"]
    ),
    st.text(LETTERS, min_size=1, max_size=20),
)
# SAS transport holds IBM doubles: magnitudes from 5e-79 to 7e75
NUMBERS = st.one_of(
    st.none(),
    st.just(0.0),
    st.floats(min_value=1e-70, max_value=1e70),
    st.floats(min_value=-1e70, max_value=-1e-70),
)
INTEGERS = st.one_of(st.none(), st.integers(-(2**53), 2**53))


@st.composite
def tables(draw) -> pl.DataFrame:
    n_rows = draw(st.integers(1, 6))
    rows = {"min_size": n_rows, "max_size": n_rows}
    return pl.DataFrame(
        {
            "ROW": list(range(n_rows)),  # a row without any value leaves no trace in a workbook
            "USUBJID": draw(st.lists(TEXTS, **rows)),
            "TEXT": draw(st.lists(TEXTS, **rows)),
            "NUMBER": draw(st.lists(NUMBERS, **rows)),
            "WHOLE": draw(st.lists(INTEGERS, **rows)),
        },
        schema={"ROW": pl.Int64, "USUBJID": pl.String, "TEXT": pl.String, "NUMBER": pl.Float64, "WHOLE": pl.Int64},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("written")


@pytest.mark.parametrize("extension", [".parquet", ".json", ".ndjson", ".dsjc"])
@settings(deadline=None, max_examples=50)
@given(frame=tables())
def test_formats_with_types_give_the_same_table(folder, extension, frame):
    path = folder / f"table{extension}"
    write_table(frame, path)
    assert read_table(path).equals(frame)


@settings(deadline=None)  # disks stall
@given(frame=tables())
def test_csv_gives_the_same_values_as_text(folder, frame):
    path = folder / "table.csv"
    write_table(frame, path)
    read = read_table(path)
    assert read.select("USUBJID", "TEXT").equals(frame.select("USUBJID", "TEXT"))
    assert read["NUMBER"].cast(pl.Float64).equals(frame["NUMBER"])
    assert read["WHOLE"].cast(pl.Int64).equals(frame["WHOLE"])


@settings(deadline=None, max_examples=40)  # a workbook is a zip of XML, slow to make
@given(frame=tables())
def test_a_workbook_gives_the_same_text_and_numbers(folder, frame):
    path = folder / "table.xlsx"
    write_table(frame, path)
    read = read_table(path)
    assert read.select("USUBJID", "TEXT").rows() == frame.select("USUBJID", "TEXT").rows()
    for name in ("NUMBER", "WHOLE"):
        # xlsxwriter writes 16 significant digits, one less than a double can need
        for got, want in zip(read[name].to_list(), frame[name].to_list(), strict=True):
            assert (got is None and want is None) or math.isclose(got, want, rel_tol=1e-15)


@settings(deadline=None)
@given(frame=tables())
def test_transport_gives_the_same_text_and_numbers_as_doubles(folder, frame):
    path = folder / "table.xpt"
    write_table(frame, path)
    read = read_table(path)
    assert read.select("USUBJID", "TEXT").equals(frame.select("USUBJID", "TEXT"))
    for name in ("NUMBER", "WHOLE"):
        for got, want in zip(read[name].to_list(), frame[name].to_list(), strict=True):
            # an IBM double has 53 to 56 bits, so that a double of 53 bits survives
            assert got == want


def test_booleans_become_flags_in_transport(tmp_path):
    write_table(pl.DataFrame({"ITTFL": [True, None, False]}), tmp_path / "adsl.xpt")
    assert read_table(tmp_path / "adsl.xpt")["ITTFL"].to_list() == ["Y", None, "N"]


def test_a_last_row_of_blanks_would_vanish_in_transport_and_is_refused(tmp_path):
    with pytest.raises(DataError, match="the last row has no value"):
        write_table(pl.DataFrame({"A": ["x", None]}), tmp_path / "dm.xpt")


def test_transport_says_all_that_it_cannot_hold(tmp_path):
    frame = pl.DataFrame({"LONGER_THAN_8": ["x"], "TEXT": ["x" * 201], "NUMBER": [1e300]})
    with pytest.raises(DataError) as caught:
        write_table(frame, tmp_path / "dm.xpt")
    assert [problem.split(" in ")[0] for problem in caught.value.problems] == [
        "dm.xpt: column 'LONGER_THAN_8' cannot be named so",
        "dm.xpt: column 'TEXT' holds text longer than the 200 bytes of XPT version 5.",
        "dm.xpt: column 'NUMBER' holds numbers beyond what SAS transport can hold (about 7e75).",
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("extension", [one for one, known in FORMATS.items() if known.write])
def test_a_table_without_rows_is_written_and_read(tmp_path, extension):
    path = tmp_path / f"dm{extension}"
    write_table(pl.DataFrame(schema={"USUBJID": pl.String, "AGE": pl.Float64}), path)
    read = read_table(path)
    assert (read.columns, read.height) == (["USUBJID", "AGE"], 0)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "dm.xpt"
    write_table(pl.DataFrame({"A": ["old"]}), path)
    before = path.read_bytes()
    with pytest.raises(DataError):
        write_table(pl.DataFrame({"A": ["x" * 300]}), path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["dm.xpt"]


def test_a_write_killed_before_the_rename_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    write_text("old", path)

    def killed(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(b"new", path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("extension", [one for one, known in FORMATS.items() if known.write])
def test_dates_come_back_as_iso_text(tmp_path, extension):
    path = tmp_path / f"adsl{extension}"
    days, moments = [dt.date(2024, 2, 29), None], [dt.datetime(2024, 2, 29, 8, 30), dt.datetime(1959, 1, 2, 0, 0, 1)]
    write_table(pl.DataFrame({"ROW": [1, 2], "TRTSDT": days, "TRTSDTM": moments}), path)
    assert read_table(path).drop("ROW").rows() == [
        ("2024-02-29", "2024-02-29T08:30:00"),
        (None, "1959-01-02T00:00:01"),
    ]


@pytest.mark.parametrize("extension", [".csv", ".xlsx", ".xpt", ".json", ".ndjson", ".dsjc"])
def test_a_column_of_lists_is_refused(tmp_path, extension):
    with pytest.raises(DataError, match="column 'A' does not hold single values"):
        write_table(pl.DataFrame({"A": [[1]]}), tmp_path / f"dm{extension}")


def test_text_that_no_cell_can_hold_is_refused(tmp_path):
    write_table(pl.DataFrame({"A": ["x" * 32767]}), tmp_path / "dm.xlsx")
    assert read_table(tmp_path / "dm.xlsx")["A"][0] == "x" * 32767
    with pytest.raises(DataError, match="column 'A' holds text that is too long for a cell"):
        write_table(pl.DataFrame({"A": ["x" * 32768]}), tmp_path / "dm.xlsx")


def test_an_extension_that_is_not_written_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"dm.sas7bdat: '.sas7bdat' is no format that is written. Known: .csv, .xpt"):
        write_table(pl.DataFrame({"A": ["x"]}), tmp_path / "dm.sas7bdat")
