"""Workbooks as people make them, and Parquet files of other programs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from onearm.data import read_table
from onearm.errors import DataError


def broken(path: Path, **options) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path, **options)
    return str(caught.value)


def workbook(path: Path, sheets: dict[str, list[list]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    if isinstance(value, dt.datetime):
                        sheet.write_datetime(i, j, value, moment if value.hour else day)
                    elif isinstance(value, str) and value.startswith("=1/0"):
                        sheet.write_formula(i, j, value, None, "#DIV/0!")
                    elif value is not None:
                        sheet.write(i, j, value)
    return path


def test_a_workbook_keeps_text_numbers_and_dates(tmp_path):
    path = workbook(
        tmp_path / "patients.xlsx",
        {
            "Sheet1": [
                ["id", "age", "start", "seen", "mixed", "flag", "note", ""],
                [
                    "001",
                    61,
                    dt.datetime(2024, 1, 5),
                    dt.datetime(2024, 1, 5, 10, 30),
                    dt.datetime(2024, 2, 29),
                    True,
                    "=1/0",
                ],
                ["002", 47.123456789012, None, None, "2024-03", False, None],
            ]
        },
    )
    assert read_table(path).to_dict(as_series=False) == {
        "id": ["001", "002"],
        "age": [61.0, 47.123456789012],
        "start": ["2024-01-05", None],
        "seen": ["2024-01-05T10:30:00", None],
        "mixed": ["2024-02-29", "2024-03"],
        "flag": ["TRUE", "FALSE"],
        "note": [None, None],
    }


def test_a_number_below_a_thousand_rows_of_blanks_is_still_seen(tmp_path):
    rows = [["id", "x"], *[[i, None] for i in range(1500)], [1500, "late"]]
    assert read_table(workbook(tmp_path / "p.xlsx", {"a": rows}))["x"].to_list()[-1] == "late"


def test_a_blank_row_keeps_its_number(tmp_path):
    path = workbook(tmp_path / "p.xlsx", {"a": [["id", "x"], ["1", 1], [], ["2", 2]]})
    assert read_table(path).rows() == [("1", 1.0), (None, None), ("2", 2.0)]


def test_several_sheets_need_a_name(tmp_path):
    path = workbook(tmp_path / "p.xlsx", {"patients": [["id"], ["1"]], "notes": [["text"], ["x"]]})
    assert read_table(path, sheet="patients").columns == ["id"]
    assert broken(path) == "p.xlsx: the workbook has 2 sheets. Fix: say which. Known: patients, notes."
    assert broken(path, sheet="patient") == "p.xlsx: the workbook has no sheet 'patient'. Did you mean 'patients'?"


def test_repeated_columns_are_refused(tmp_path):
    path = workbook(tmp_path / "p.xlsx", {"a": [["id", "x", "id"], ["1", "2", "3"]]})
    assert broken(path) == "p.xlsx, sheet 'a': column 'id' stands twice in the header. Fix: rename one."


def test_an_empty_sheet_is_refused(tmp_path):
    assert broken(workbook(tmp_path / "p.xlsx", {"a": []})).startswith("p.xlsx, sheet 'a': the sheet is empty.")


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    table = read_table(workbook(tmp_path / "p.xlsx", {"a": [["id", "x"]]}))
    assert (table.columns, table.height) == (["id", "x"], 0)


def test_a_truncated_workbook_is_refused(tmp_path, write):
    whole = workbook(tmp_path / "whole.xlsx", {"a": [["id"], *[[str(i)] for i in range(200)]]}).read_bytes()
    for keep in (10, len(whole) // 2, len(whole) - 1):
        assert "the workbook is damaged" in broken(write("p.xlsx", whole[:keep]))


def test_a_sheet_of_a_text_file_is_refused(write):
    assert broken(write("dm.csv", "A\n1\n"), sheet="a") == "dm.csv: a sheet is named, but delimited text has no sheets."


def test_parquet_types_come_down_to_text_and_numbers(tmp_path):
    path = tmp_path / "dm.parquet"
    pl.DataFrame(
        {
            "USUBJID": pl.Series(["001", ""], dtype=pl.Categorical),
            "AGE": pl.Series([61, None], dtype=pl.Int16),
            "BMI": pl.Series([24.5, float("nan")], dtype=pl.Float32),
            "DAY": [dt.date(2024, 2, 29), None],
            "SEEN": [dt.datetime(2024, 2, 29, 8, 30), dt.datetime(2024, 3, 1)],
            "NONE": [None, None],
        }
    ).write_parquet(path)
    table = read_table(path)
    assert table.to_dict(as_series=False) == {
        "USUBJID": ["001", None],
        "AGE": [61, None],
        "BMI": [24.5, None],
        "DAY": ["2024-02-29", None],
        "SEEN": ["2024-02-29T08:30:00", "2024-03-01"],
        "NONE": [None, None],
    }
    assert table.schema["AGE"] == pl.Int64


def test_nested_parquet_is_refused(tmp_path):
    pl.DataFrame({"A": [[1, 2]]}).write_parquet(tmp_path / "dm.parquet")
    assert broken(tmp_path / "dm.parquet") == "dm.parquet: column 'A' does not hold single values."


def test_a_truncated_parquet_is_refused(tmp_path, write):
    pl.DataFrame({"A": ["x"] * 100}).write_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    for keep in (10, len(whole) // 2, len(whole) - 1):
        assert "truncated or damaged" in broken(write("dm.parquet", whole[:keep]))
