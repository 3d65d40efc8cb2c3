"""One line per patient: what was derived, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from onearm.outputs.figures.patients import shown_subjects
from onearm.outputs.tables.model import Cell, Row, Table

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.protocol import Protocol

__all__ = ["tabulate_patients"]


def tabulate_patients(datasets: Mapping[str, pl.DataFrame], protocol: Protocol, printer: Printer) -> Table:
    """
    Tabulate each patient's best response and times with the sentence that says why.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adrs adtte`` are read.
    protocol : Protocol
        Names the endpoints.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        By identifier; text cells.
    """
    adrs, adtte = datasets["adrs"], datasets["adtte"]
    subjects = shown_subjects(datasets, protocol, None).sort("USUBJID")
    code = "CBOR" if (adrs["PARAMCD"] == "CBOR").any() else "BOR"
    best = _by_subject(adrs.filter(pl.col("PARAMCD") == code))
    times = {name: _by_subject(adtte.filter(pl.col("PARAMCD") == name)) for name in adtte["PARAMCD"].unique().sort()}
    order = [*(p for p in protocol.times if p in times), *(p for p in sorted(times) if p not in protocol.times)]
    has_cohorts = bool(protocol.cohort) and subjects["COHORT"].is_not_null().any()
    rows = []
    for subject in subjects.iter_rows(named=True):
        name = subject["USUBJID"]
        cells = [Cell(str(subject["COHORT"] or ""))] if has_cohorts else []
        found = best.get(name, {})
        cells.append(Cell(found.get("AVALC") or "", found.get("RULE") or "", found.get("WHY") or ""))
        for param in order:
            at = times[param].get(name, {})
            cells.append(Cell(_time(at, protocol, printer), at.get("RULE") or "", at.get("WHY") or ""))
        rows.append(Row(str(name), tuple(cells)))
    heads = ["Patient", *(["Cohort"] if has_cohorts else []), "Best response", *(f"{param}, months" for param in order)]
    notes = ("+ = censored.", "Rules and source records: columns RULE, SRCDOM and SRCSEQ of the datasets.")
    return Table("patients", "Patients one by one", tuple(heads), tuple(rows), notes, (), is_numeric=False)


def _by_subject(frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["USUBJID"]: row for row in frame.iter_rows(named=True)}


def _time(row: Mapping[str, Any], protocol: Protocol, printer: Printer) -> str:
    value = row.get("AVAL")
    if value is None:
        return ""
    days = {"DAYS": 1.0, "WEEKS": 7.0, "MONTHS": protocol.conventions.days_per_month, "YEARS": 365.25}
    months = value * days.get(str(row.get("AVALU") or "DAYS").upper(), 1.0) / protocol.conventions.days_per_month
    return f"{printer.months(months)}{'+' if row.get('CNSR') else ''}"
