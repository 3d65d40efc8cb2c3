"""Deviations from the protocol, one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from onearm.outputs.format import format_date
from onearm.outputs.tables.model import Cell, Row, Table

if TYPE_CHECKING:
    import polars as pl

__all__ = ["tabulate_deviations"]


def tabulate_deviations(datasets: Mapping[str, pl.DataFrame]) -> Table:
    """
    Tabulate every deviation with patient, date, rule and evidence.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``addv`` is read, where there is one.

    Returns
    -------
    Table
        Without rows where nothing deviates.
    """
    addv = datasets.get("addv")
    rows = []
    for line in addv.iter_rows(named=True) if addv is not None else ():
        date = format_date(line["ADT"]) if line["ADT"] is not None else ""
        source = f"{line['SRCDOM']} {line['SRCSEQ']}" if line["SRCSEQ"] is not None else str(line["SRCDOM"])
        cells = (Cell(date), Cell(str(line["RULE"])), Cell(str(line["WHY"])), Cell(source))
        rows.append(Row(str(line["USUBJID"]), cells))
    return Table(
        "deviations",
        "Deviations from the protocol",
        ("Patient", "Date", "Rule", "Evidence", "Record"),
        tuple(rows),
        (
            "Found by the rules of the protocol: doses and their breaks, duration, progression, eligibility, planned scans "
            "and visits.",
        ),
        ("addv",),
        is_numeric=False,
    )
