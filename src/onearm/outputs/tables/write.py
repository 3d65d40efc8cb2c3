"""Tables as CSV and as one workbook."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from onearm.data import write_bytes
from onearm.outputs.figures.text import clean
from onearm.outputs.tables.model import Cell, Row, Table

__all__ = ["csv_text", "file_names", "mark_synthetic_notes", "mark_synthetic_rows", "write_csv", "write_workbook"]

_LONGEST_SHEET_NAME = 31
_FORMULA_MARKS = "=+-@\t\r"


def csv_text(table: Table) -> str:
    """
    Lay a table out as CSV.

    Parameters
    ----------
    table : Table
        Any table.

    Returns
    -------
    str
        One header; a column ``section`` repeats the heading that a line stands under, where the table has headings. Text that
        a spreadsheet program would take for a formula begins with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for line in _lines(table):
        writer.writerow([_inert(text) for text in line])
    return out.getvalue()


def _lines(table: Table) -> list[list[str]]:
    has_sections = any(row.is_heading for row in table.rows)
    noted = {i for row in table.rows for i, cell in enumerate(row.cells) if cell.note}
    head = [table.columns[0] or "row"]
    for i, name in enumerate(table.columns[1:]):
        head += [name, f"{name}: why"] if i in noted else [name]
    lines = [["section", *head] if has_sections else head]
    section = ""
    for row in table.rows:
        if row.is_heading:
            section = row.label
        else:
            lines.append([*([section] if has_sections else []), *_cells(row, noted)])
    return lines


def _cells(row: Row, noted: set[int]) -> list[str]:
    cells = [row.label]
    for i, cell in enumerate(row.cells):
        cells += [cell.text, cell.note] if i in noted else [cell.text]
    return cells


def _inert(text: str) -> str:
    # A spreadsheet program runs what begins so; an apostrophe makes it text.
    return f"'{text}" if text[:1] in _FORMULA_MARKS and text[:1] else text


def mark_synthetic_rows(table: Table) -> Table:
    """
    Say in every line of a table that its data are synthetic, for files that hold nothing but lines.

    Parameters
    ----------
    table : Table
        Any table.

    Returns
    -------
    Table
        With a last column ``data``.
    """
    width = len(table.columns) - 1
    rows = (
        row
        if row.is_heading
        else replace(row, cells=(*row.cells, *[Cell("")] * (width - len(row.cells)), Cell("synthetic")))
        for row in table.rows
    )
    return replace(table, columns=(*table.columns, "data"), rows=tuple(rows))


def mark_synthetic_notes(table: Table) -> Table:
    """
    Say below a table that its data are synthetic.

    Parameters
    ----------
    table : Table
        Any table.

    Returns
    -------
    Table
        With one more footnote.
    """
    return replace(table, footnotes=(*table.footnotes, "Synthetic data: these patients are simulated."))


def file_names(tables: Sequence[Table]) -> list[str]:
    """
    Give each table a file name that is safe and its own.

    Parameters
    ----------
    tables : sequence of Table
        Their names may hold anything that a cohort may be called.

    Returns
    -------
    list of str
        Without ending: letters, digits, ``_`` and ``-`` only, numbered where two would be the same.
    """
    names: list[str] = []
    for table in tables:
        base = re.sub(r"[^A-Za-z0-9-]+", "_", table.name).strip("_") or "table"
        name, number = base, 2
        while name.lower() in map(str.lower, names):
            name, number = f"{base}_{number}", number + 1
        names.append(name)
    return names


def write_csv(table: Table, path: Path) -> Path:
    """
    Write a table as CSV.

    Parameters
    ----------
    table : Table
        Any table.
    path : Path
        The file.

    Returns
    -------
    Path
        The same path: UTF-8 with a byte order mark, which spreadsheet programs need to see a dash.
    """
    write_bytes(csv_text(table).encode("utf-8-sig"), path)
    return path


def write_workbook(tables: Sequence[Table], path: Path) -> Path:
    """
    Write tables into one workbook, one sheet each; no text is taken for a formula, a link or a number.

    Parameters
    ----------
    tables : sequence of Table
        At least one.
    path : Path
        The file.

    Returns
    -------
    Path
        The same path.
    """
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {**options, "in_memory": True}) as book:
        # A fixed date: the same tables give the same bytes.
        book.set_properties({"created": dt.datetime(2000, 1, 1), "title": "Tables"})
        styles = {
            "title": book.add_format({"bold": True, "font_size": 12}),
            "head": book.add_format({"bold": True, "bottom": 1, "top": 1, "text_wrap": True, "valign": "bottom"}),
            "section": book.add_format({"bold": True}),
            "note": book.add_format({"font_size": 9, "font_color": "#4d4d4d"}),
        }
        cell = {depth: book.add_format({"indent": depth, "valign": "top"}) for depth in range(4)}
        used: set[str] = set()
        for table in tables:
            sheet = book.add_worksheet(_sheet_name(table.name, used))
            sheet.set_column(0, 0, 44)
            sheet.set_column(1, max(len(table.columns) - 1, 1), 24)
            sheet.write_string(0, 0, clean(table.title), styles["title"])
            for column, head in enumerate(table.columns):
                sheet.write_string(2, column, clean(head), styles["head"])
            for number, row in enumerate(table.rows, start=3):
                style = styles["section"] if row.is_heading else cell[min(row.depth, 3)]
                sheet.write_string(number, 0, clean(row.label), style)
                for column, value in enumerate(row.cells, start=1):
                    text = f"{value.text}: {value.note}" if value.note else value.text
                    sheet.write_string(number, column, clean(text))
            for number, note in enumerate(table.footnotes, start=len(table.rows) + 4):
                sheet.write_string(number, 0, clean(note), styles["note"])
            sheet.freeze_panes(3, 1)
    write_bytes(buffer.getvalue(), path)
    return path


def _sheet_name(name: str, used: set[str]) -> str:
    base = re.sub(r"[\[\]:*?/\\']", " ", name)[:_LONGEST_SHEET_NAME]
    candidate, number = base, 2
    while candidate.lower() in used:
        candidate = f"{base[: _LONGEST_SHEET_NAME - 3]}_{number}"
        number += 1
    used.add(candidate.lower())
    return candidate
