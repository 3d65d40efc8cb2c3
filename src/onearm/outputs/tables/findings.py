"""Findings in the data, by severity."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.outputs.labels import title_case
from onearm.outputs.tables.model import Cell, Row, Table
from onearm.terms import Severity

__all__ = ["count_findings", "tabulate_findings"]

_HEADS: Final = {"usubjid": "Subject", "srcdom": "Domain", "srcseq": "Record"}


def count_findings(findings: pl.DataFrame) -> dict[str, int]:
    """
    Count the findings by severity.

    Parameters
    ----------
    findings : polars.DataFrame
        With a column ``severity``; may have no columns where there are no findings.

    Returns
    -------
    dict of str to int
        Errors first; every severity is there.
    """
    counts = {str(name): 0 for name in Severity}
    if findings.height:
        for name, n in findings["severity"].value_counts().iter_rows():
            counts[str(name)] = int(n)
    return counts


def tabulate_findings(findings: pl.DataFrame, severity: str) -> Table:
    """
    Tabulate the findings of one severity.

    Parameters
    ----------
    findings : polars.DataFrame
        With a column ``severity``; every other column that is not empty is printed.
    severity : str
        See `onearm.terms.Severity`.

    Returns
    -------
    Table
        Text cells, in the order of the findings.
    """
    name = f"findings_{severity}"
    if not findings.height:
        return Table(name, f"Findings: {severity}", (), (), is_numeric=False)
    chosen = findings.filter(pl.col("severity") == severity).drop("severity")
    columns = [c for c in chosen.columns if chosen[c].is_not_null().any()]
    rows = tuple(
        Row(_text(first), tuple(Cell(_text(value)) for value in others))
        for first, *others in chosen.select(columns).iter_rows()
    )
    heads = tuple(_HEADS.get(c.lower(), title_case(c.lower())) for c in columns)
    return Table(name, f"Findings: {severity}", heads, rows, is_numeric=False)


def _text(value: object) -> str:
    return "" if value is None else str(value)
