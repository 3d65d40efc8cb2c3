"""Excel workbooks (.xlsx): one sheet, header in its first row."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import polars as pl

from onearm.data.headers import drop_blank_columns, header_names
from onearm.data.plain import plain_columns
from onearm.errors import DataError, suggest

__all__ = ["read_excel", "sheet_names", "write_excel"]

MAX_ROWS: Final = 1_048_575
"""Rows below the header that a sheet can hold."""

MAX_CHARACTERS: Final = 32_767
"""Characters that a cell can hold."""


def read_excel(path: Path, *, sheet: str | None = None) -> pl.DataFrame:
    """
    Read one sheet of a workbook.

    Parameters
    ----------
    path : Path
        ``.xlsx``.
    sheet : str, optional
        Needed only where the workbook has several sheets.

    Returns
    -------
    polars.DataFrame
        Columns of numbers as Float64, everything else as text; dates as ISO 8601 text. Empty cells are missing.

    Raises
    ------
    DataError
        For a damaged workbook, an unknown or unnamed sheet, an empty sheet or repeated column names.
    """
    import fastexcel

    # it warns of every column without values, which is no news in a spreadsheet
    logging.getLogger("fastexcel").setLevel(logging.ERROR)
    try:
        book = fastexcel.read_excel(path)
        name = _choose_sheet(path.name, list(book.sheet_names), sheet)
        where = f"{path.name}, sheet '{name}'"
        header = book.load_sheet(name, header_row=None, n_rows=1, dtypes="string").to_polars()
        if not header.width:
            raise DataError(f"{where}: the sheet is empty. Fix: put a header in its first row.")
        names = header_names(header.row(0), where=where)
        rows = book.load_sheet(name, header_row=None, skip_rows=1, column_names=names, schema_sample_rows=None)
        frame = rows.to_polars()
    except fastexcel.FastExcelError as error:
        raise DataError(f"{path.name}: the workbook is damaged. Fix: save it again as .xlsx.") from error
    return drop_blank_columns(_excel_text(plain_columns(frame, path.name)), where=where)


def sheet_names(path: Path) -> list[str]:
    """
    Name the sheets of a workbook.

    Parameters
    ----------
    path : Path
        ``.xlsx``.

    Returns
    -------
    list of str
        In the order of the workbook.

    Raises
    ------
    DataError
        For a damaged workbook.
    """
    import fastexcel

    try:
        return list(fastexcel.read_excel(path).sheet_names)
    except fastexcel.FastExcelError as error:
        raise DataError(f"{path.name}: the workbook is damaged. Fix: save it again as .xlsx.") from error


def _choose_sheet(file: str, names: list[str], sheet: str | None) -> str:
    """Take the named sheet, or the only one."""
    if sheet is not None:
        if sheet not in names:
            raise DataError(f"{file}: the workbook has no sheet '{sheet}'.{suggest(sheet, names)}")
        return sheet
    if not names:
        raise DataError(f"{file}: the workbook has no sheet. Fix: save it again as .xlsx.")
    if len(names) > 1:
        raise DataError(f"{file}: the workbook has {len(names)} sheets. Fix: say which. Known: {', '.join(names)}.")
    return names[0]


def _excel_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Write dates in mixed columns as ISO 8601, and booleans as a workbook shows them."""
    midnight = r"^(\d{4}-\d{2}-\d{2}) 00:00:00$"
    moment = r"^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$"
    return frame.with_columns(
        pl.col(pl.String).str.replace(midnight, "$1").str.replace(moment, "${1}T${2}"),
        pl.col(pl.Boolean).cast(pl.String).str.to_uppercase(),
    )


def write_excel(frame: pl.DataFrame, path: Path) -> None:
    """
    Write a workbook with one sheet.

    Parameters
    ----------
    frame : polars.DataFrame
        At most 1,048,575 rows. Text that begins with ``=`` stays text. Rows without any value at the end of a table
        leave no trace in a workbook.
    path : Path
        Written in place; `onearm.data.write.write_table` makes it atomic.

    Raises
    ------
    DataError
        For more rows than a sheet can hold, and for longer text than a cell can.
    """
    import xlsxwriter

    if frame.height > MAX_ROWS:
        raise DataError(f"{path.name}: {frame.height} rows do not fit into a sheet. Fix: write Parquet or CSV.")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    long = [
        name
        for name in frame.select(pl.col(pl.String)).columns
        if frame.filter(pl.col(name).str.len_chars() > MAX_CHARACTERS).height
    ]
    if long:
        raise DataError(
            *(
                f"{path.name}: column '{name}' holds text that is too long for a cell. Fix: write Parquet."
                for name in long
            )
        )
    plain = plain_columns(frame, path.name)  # dates as ISO 8601 text, for a bare number would not look like one
    with xlsxwriter.Workbook(path, {**options, "nan_inf_to_errors": True}) as book:
        sheet = book.add_worksheet("data")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, frame.columns, book.add_format({"bold": True}))
        for i, name in enumerate(plain.columns):
            column = plain[name]
            write = {pl.String: sheet.write_string, pl.Boolean: sheet.write_boolean}.get(
                column.dtype.base_type(), sheet.write_number
            )
            for row, value in enumerate(column.to_list(), start=1):
                if value is not None:
                    write(row, i, value)
