"""Statements in tables that were flattened to lines with tabs or bars."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from onearm.published.denominators import Totals
from onearm.published.model import Printed, Statement
from onearm.published.page import NUMBER, Page
from onearm.published.rounding import fits, printed

__all__ = ["Cell", "find_cells", "read_tables"]

_CELL: Final = re.compile(
    rf"^\s*(\d{{1,5}})\s*[(\[]\s*({NUMBER})\s*%?\s*(?:;\s*({NUMBER})\s*%?\s*-\s*({NUMBER})\s*%?\s*)?[)\]]\s*$"
)
_WITH_LIMITS: Final = re.compile(rf"^\s*({NUMBER})\s*%?\s*[(\[]\s*({NUMBER})\s*%?\s*[-,]\s*({NUMBER})\s*%?\s*[)\]]\s*$")
_NO_COUNTS: Final = re.compile(r"median|mean|range|iqr|quartile|months|years\)|score|ratio", re.IGNORECASE)
_SIZE: Final = re.compile(r"\b[nN]\s?=\s?(\d{1,5})\b")
_CAPTION: Final = re.compile(r"\b(\d{1,5})\s+(?:[\w-]+\s+){0,2}(?:patients|participants)\b", re.IGNORECASE)
_ENOUGH: Final = 3
_SHARE: Final = 0.8


class Cell(NamedTuple):
    """
    A cell that holds a count and its percentage.

    Attributes
    ----------
    table : int
        Number of the table in the text.
    column : int
        Number of the cell in its row.
    label : str
        First cell of the row.
    start, end : int
        Position in the text.
    n_with : int or None
        The count; None where only a percentage with limits was printed.
    percent : Printed
        As printed.
    low, high : Printed or None
        Limits in the same cell.
    sizes : tuple of int
        Sizes printed in the head or caption of the table.
    """

    table: int
    column: int
    label: str
    start: int
    end: int
    n_with: int | None
    percent: Printed
    low: Printed | None
    high: Printed | None
    sizes: tuple[int, ...]


class _Row(NamedTuple):
    start: int
    cells: tuple[tuple[int, str], ...]


def _tables(page: Page) -> Iterator[tuple[list[_Row], str]]:
    """Give runs of lines with tabs or bars, and the two lines of text above and below."""
    rows: list[_Row] = []
    position = 0
    blank = 0
    for line in page.text[: page.end].split("\n"):
        mark = "\t" if "\t" in line else "|" if line.count("|") >= 2 else ""
        if mark:
            cells, at = [], position
            for cell in line.split(mark):
                cells.append((at, cell))
                at += len(cell) + 1
            rows.append(_Row(position, tuple(cells)))
            blank = 0
        elif rows:
            blank += 1
            if blank > 1 or line.strip():
                yield rows, _around(page, rows[0].start, position)
                rows, blank = [], 0
        position += len(line) + 1
    if rows:
        yield rows, _around(page, rows[0].start, page.end)


def _around(page: Page, start: int, end: int) -> str:
    above = [line for line in page.text[max(0, start - 400) : start].split("\n") if line.strip()][-2:]
    below = [line for line in page.text[end : end + 300].split("\n") if line.strip()][:2]
    return "\n".join(line for line in above + below if re.match(r"\W*(?:table|data are)", line, re.IGNORECASE))


def find_cells(page: Page) -> list[Cell]:
    """
    Find the cells that hold a count and its percentage.

    Parameters
    ----------
    page : Page
        The paper.

    Returns
    -------
    list of Cell
        Rows whose label speaks of a median, mean or range are left out.
    """
    found: list[Cell] = []
    for number, (rows, around) in enumerate(_tables(page)):
        head = "\n".join(cell for row in rows[:3] for _, cell in row.cells)
        sizes = tuple(dict.fromkeys(int(size) for size in _SIZE.findall(head) + _CAPTION.findall(around) if int(size)))
        has_shares = bool(re.search(r"percent|%", head, re.IGNORECASE))
        for row in rows:
            label = row.cells[0][1].strip()
            if not _NO_COUNTS.search(label):
                found += _row_cells(number, row, label, sizes, has_shares)
    return found


def _row_cells(number: int, row: _Row, label: str, sizes: tuple[int, ...], has_shares: bool) -> Iterator[Cell]:
    for column, (start, cell) in enumerate(row.cells[1:]):
        end = start + len(cell)
        if match := _CELL.match(cell):
            percent = printed(match.group(2))
            if percent is not None:
                yield Cell(
                    number,
                    column,
                    label,
                    start,
                    end,
                    int(match.group(1)),
                    percent,
                    printed(match.group(3)),
                    printed(match.group(4)),
                    sizes,
                )
        elif "CI" in label and (match := _WITH_LIMITS.match(cell)):
            percent = printed(match.group(1))
            if percent is not None:
                yield Cell(
                    number,
                    column,
                    label,
                    start,
                    end,
                    None,
                    percent,
                    printed(match.group(2)),
                    printed(match.group(3)),
                    sizes,
                )
    if has_shares and (pair := _two_cells(row)) is not None:
        count, percent, start, end = pair
        yield Cell(number, 0, label, start, end, count, percent, None, None, sizes)


def _two_cells(row: _Row) -> tuple[int, Printed, int, int] | None:
    """Read a count in one cell and its percentage, with decimals, in the next."""
    if len(row.cells) < 3:
        return None
    (start, count), (at, percent) = row.cells[1], row.cells[2]
    if not re.fullmatch(r"\s*\d{1,5}\s*", count) or not re.fullmatch(r"\s*\d{1,3}\.\d\d?\s*%?\s*", percent):
        return None
    share = printed(percent.strip().rstrip("% "))
    return (int(count), share, start, at + len(percent)) if share is not None else None


def read_tables(page: Page, cells: list[Cell], totals: Totals) -> list[tuple[int, int, Statement]]:
    """
    Give each cell the denominator of its column.

    Parameters
    ----------
    page : Page
        The paper.
    cells : list of Cell
        From `find_cells`.
    totals : Totals
        Sizes of the paper.

    Returns
    -------
    list of (int, int, Statement)
        With position; a column of which fewer than 3 cells or 80 % fit one size has no denominator.
    """
    columns: dict[tuple[int, int], list[Cell]] = defaultdict(list)
    for cell in cells:
        columns[cell.table, cell.column].append(cell)
    found = []
    for column in columns.values():
        size = _size_of(column, totals)
        largest = max(totals.largest or 0, size or 0) or None
        for cell in column:
            statement = Statement(
                f"line {page.line(cell.start)}, table row '{cell.label[:40]}'",
                "rate",
                label=cell.label[:60],
                text=" ".join(page.source[cell.start : cell.end].split()),
                sentence=(f"{cell.label}: ", page.source[cell.start : cell.end].strip(), ""),
                count=cell.n_with,
                total=size,
                total_is_inferred=True,
                largest_total=largest,
                percent=cell.percent,
                low=cell.low,
                high=cell.high,
            )
            found.append((cell.start, cell.end, statement))
    return found


def _size_of(column: list[Cell], totals: Totals) -> int | None:
    counted = [cell for cell in column if cell.n_with]
    sizes = list(dict.fromkeys([*column[0].sizes, *([totals.main] if totals.main else [])]))
    if not sizes:
        return None
    score = {size: sum(fits(100 * (cell.n_with or 0) / size, cell.percent) for cell in counted) for size in sizes}
    best = max(sizes, key=lambda size: score[size])
    is_enough = score[best] >= _ENOUGH and score[best] >= _SHARE * len(counted)
    return best if is_enough else None
