"""SAS files: transport of both versions by the published layout, a data set written by R, and every truncation."""

from __future__ import annotations

from pathlib import Path

import pyreadstat
import pytest

from onearm.data import read_table
from onearm.errors import DataError

FILES = Path(__file__).parent / "files"
COLUMNS = {
    "USUBJID": ["001", "002", "003", ""],
    "AGE": [61.5, -0.1, None, 1e6],
    "VISDT": [0.0, 23424.0, None, -1.0],
}
TABLE = {
    "USUBJID": ["001", "002", "003", None],
    "AGE": [61.5, -0.1, None, 1e6],
    "VISDT": [
        "1960-01-01",
        "2024-02-18",
        None,
        "1959-12-31",
    ],  # SAS counts days from 1960-01-01; 23424 = 64 years 48 days
}


def broken(path) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path)
    return str(caught.value)


@pytest.mark.parametrize("version", [5, 8])
def test_a_transport_file_keeps_zeros_and_writes_dates_as_iso(write, xpt, version):
    path = write("dm.xpt", xpt(COLUMNS, formats={"VISDT": "DATE"}, version=version))
    assert read_table(path).to_dict(as_series=False) == TABLE


# 2023827309 seconds are 23423 days (2024-02-17) and 80109 seconds (22 h 15 min 9 s)
@pytest.mark.parametrize(
    ("shown", "seconds", "text"),
    [
        ("DATETIME", 2023827309.0, "2024-02-17T22:15:09"),
        ("TIME", 45296.0, "12:34:56"),
        ("YYMMDD", 23424.0, "2024-02-18"),
        ("MMDDYY", 23424.0, "2024-02-18"),
        ("E8601DA", 23424.0, "2024-02-18"),
        ("E8601DT", 2023827309.0, "2024-02-17T22:15:09"),
    ],
)
def test_the_display_format_says_what_a_number_means(write, xpt, shown, seconds, text):
    path = write("dm.xpt", xpt({"X": [seconds]}, formats={"X": shown}))
    assert read_table(path)["X"].to_list() == [text]


def test_a_number_with_a_plain_format_stays_a_number(write, xpt):
    path = write("dm.xpt", xpt({"X": [23424.0]}, formats={"X": "BEST"}))
    assert read_table(path)["X"].to_list() == [23424.0]


@pytest.mark.parametrize("version", [5, 8])
@pytest.mark.parametrize("width", [8, 40, 120])
def test_a_transport_file_cut_anywhere_is_refused_or_its_loss_cannot_be_seen(write, xpt, version, width):
    columns = {"USUBJID": [f"S{i:03d}" for i in range(30)], "AGE": [float(i) for i in range(30)]}
    whole = xpt(columns, version=version, width=width)
    row = width + 8
    start = whole.find(b"OBS     HEADER" if version == 5 else b"OBSV8   HEADER") - 20 + 80
    read_table(write("tr.xpt", whole))
    for size in sorted({81, len(whole) - 1, *range(160, len(whole), 80)}):  # other sizes are no whole records
        path = write("tr.xpt", whole[:size])
        held = size - start
        # version 5 states no number of rows: a cut where a row ends, give or take padding, leaves a valid file
        invisible = (
            version == 5 and size % 80 == 0 and held >= 0 and whole[start + held // row * row : size].strip() == b""
        )
        if invisible:
            assert read_table(path).height == held // row
        else:
            assert "truncated" in broken(path), size


def test_pyreadstat_alone_would_not_have_noticed(write, xpt):
    whole = xpt({"A": ["x"] * 30, "B": [1.0] * 30}, width=92)
    path = write("tr.xpt", whole[:-800])
    frame, _ = pyreadstat.read_xport(str(path), output_format="polars")
    assert frame.height == 22  # a silent loss of eight rows
    assert broken(path) == "tr.xpt: the transport file is truncated within row 23. Fix: copy it again."


def test_a_transport_file_with_two_data_sets_is_refused(write, xpt):
    one = xpt({"A": ["x"]})
    assert "holds several data sets" in broken(write("dm.xpt", one + one[one.find(b"HEADER RECORD*******MEMBER") :]))


def test_a_data_set_written_by_r(tmp_path):
    assert read_table(FILES / "dm.sas7bdat").to_dict(as_series=False) == {  # the values of make_sas7bdat.R
        "USUBJID": ["001", "002", "003"],
        "AGE": [61.0, None, 47.5],
        "SITE": ["Köln", None, "Lyon"],
        "RFSTDT": ["2023-01-15", "2024-02-29", None],
        "RFSTDTM": ["2023-01-15T08:30:00", "2024-02-29T23:59:59", None],
    }


def test_a_truncated_data_set_is_refused(write):
    whole = (FILES / "dm.sas7bdat").read_bytes()
    for size in (100, 288, 5000, len(whole) // 2, len(whole) - 1):
        assert "truncated" in broken(write("dm.sas7bdat", whole[:size]))


def test_a_damaged_data_set_is_refused(write):
    whole = (FILES / "dm.sas7bdat").read_bytes()
    for start in (4096, 8192, 9000):
        assert "damaged" in broken(write("dm.sas7bdat", whole[:start] + b"\xff" * (len(whole) - start)))
