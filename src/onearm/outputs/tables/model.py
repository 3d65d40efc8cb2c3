"""A table as data: rows of printed cells, each with the key of the result behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onearm.outputs.format import ABSENT, NOT_ESTIMABLE
from onearm.outputs.lookup import Statistic

__all__ = ["NOT_REACHED", "Cell", "Row", "Table", "heading", "notes_of", "row", "tabulate_missing"]

NOT_REACHED = "NR"
"""Printed for a time whose curve does not fall far enough."""


@dataclass(frozen=True)
class Cell:
    """
    One printed cell.

    Parameters
    ----------
    text : str
        As printed.
    trace : str
        Keys and unrounded values of the results behind it; shown where a reader points at the cell.
    note : str
        A sentence below it; a column of its own in a file.
    """

    text: str
    trace: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """
    One line of a table.

    Parameters
    ----------
    label : str
        What the line is about.
    cells : tuple of Cell
        One for each column after the first; none in a heading.
    depth : int
        Indentation.
    is_heading : bool
        Whether it heads the lines below it.
    """

    label: str
    cells: tuple[Cell, ...] = ()
    depth: int = 0
    is_heading: bool = False


@dataclass(frozen=True)
class Table:
    """
    A table ready to be printed anywhere.

    Parameters
    ----------
    name : str
        File name without its ending.
    title : str
        Caption: what, in whom.
    columns : tuple of str
        Heads, that of the labels included.
    rows : tuple of Row
        Lines in order.
    footnotes : tuple of str
        Population, methods, abbreviations.
    sources : tuple of str
        Analyses in the results table that the numbers come from.
    is_numeric : bool
        Whether cells are numbers, aligned as such, or text.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    is_numeric: bool = True

    def __bool__(self) -> bool:
        """Whether there is a line to print."""
        return bool(self.rows)


def heading(label: str, columns: int) -> Row:
    """
    Make a line that heads those below it.

    Parameters
    ----------
    label : str
        What they have in common.
    columns : int
        Number of cells, all empty.

    Returns
    -------
    Row
        Without text in its cells.
    """
    return Row(label, tuple(Cell("") for _ in range(columns)), is_heading=True)


def row(label: str, cells: Sequence[tuple[str, Iterable[Statistic]]], *, depth: int = 1) -> Row:
    """
    Make a line from printed texts and the statistics behind them.

    Parameters
    ----------
    label : str
        What the line is about.
    cells : sequence of (str, iterable of Statistic)
        Text and statistics of each column.
    depth : int, default 1
        Indentation.

    Returns
    -------
    Row
        With the keys of the statistics in its cells.
    """
    made = []
    for text, statistics in cells:
        traces = [s.trace for s in statistics if s.trace]
        made.append(Cell(text, "\n".join(traces)))
    return Row(label, tuple(made), depth)


def notes_of(statistics: Iterable[Statistic]) -> list[str]:
    """
    Collect why statistics could not be estimated.

    Parameters
    ----------
    statistics : iterable of Statistic
        Any statistics.

    Returns
    -------
    list of str
        Notes of those without a value, each once.
    """
    return list(dict.fromkeys(s.note for s in statistics if s.note and not s))


def tabulate_missing(rows: Iterable[Row]) -> list[str]:
    """
    Explain the abbreviations that stand in a table's cells.

    Parameters
    ----------
    rows : iterable of Row
        Lines of a table.

    Returns
    -------
    list of str
        One sentence for each abbreviation used.
    """
    cells = [cell.text for line in rows for cell in line.cells]
    found = []
    if any(NOT_REACHED in text for text in cells):
        found.append(f"{NOT_REACHED} = not reached.")
    if any(NOT_ESTIMABLE in text for text in cells):
        found.append(f"{NOT_ESTIMABLE} = not estimable.")
    if any(text == ABSENT for text in cells):
        found.append(f"{ABSENT} = no result.")
    return found
