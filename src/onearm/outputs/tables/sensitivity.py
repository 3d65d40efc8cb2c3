"""How the headline numbers move under the alternatives of the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from onearm.outputs.format import printer_of
from onearm.outputs.labels import endpoint_label
from onearm.outputs.tables.model import NOT_REACHED, Cell, Row, Table, heading

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.protocol import Protocol

__all__ = ["sensitivity_lines", "tabulate_sensitivity"]

_COLUMNS = ("Alternative", "Patients or events", "Estimate", "95% CI", "Change")


def tabulate_sensitivity(results: pl.DataFrame, protocol: Protocol, printer: Printer) -> Table:
    """
    Tabulate the specification grid: a block for each endpoint, a line for each reading of the protocol.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    protocol : Protocol
        Labels of the endpoints.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        Without rows where the protocol names no alternative.
    """
    grid = results.filter(pl.col("analysis") == "sensitivity")
    rows: list[Row] = []
    for (code, cohort), part in grid.group_by("paramcd", _cohort(), maintain_order=True):
        label = endpoint_label(protocol, str(code))
        rows.append(heading(label if cohort is None else f"{label}, {cohort}", len(_COLUMNS) - 1))
        rows += _lines(part, printer)
    columns = tuple(name.replace("95%", f"{100 * protocol.conventions.level:g}%") for name in _COLUMNS)
    foot = (
        "Each line derives and analyses the data anew with one change of the protocol; the change is against the line as "
        "planned. Rates in per cent, times in months.",
    )
    return Table(
        "sensitivity",
        "Headline numbers under other readings of the protocol",
        columns,
        tuple(rows),
        foot,
        ("sensitivity",),
    )


def _cohort() -> pl.Expr:
    return pl.when(pl.col("group1") != "SENSITIVITY").then("group1_level").alias("cohort")


def _lines(part: pl.DataFrame, printer: Printer) -> Iterator[Row]:
    name = pl.when(pl.col("group1") == "SENSITIVITY").then("group1_level").otherwise("group2_level").alias("name")
    planned: float | None = None
    for (label,), rows in part.group_by(name, maintain_order=True):
        values = dict(rows.select("stat", "value").iter_rows())
        is_rate = "p" in values
        estimate = values.get("p" if is_rate else "median")
        planned = estimate if planned is None else planned
        show = printer.percent if is_rate else printer.months
        texts = [
            NOT_REACHED if v is None else show(v) for v in (estimate, values.get("conf_low"), values.get("conf_high"))
        ]
        count, total = (values.get("n"), values.get("N")) if is_rate else (values.get("events"), values.get("n"))
        yield Row(
            str(label),
            (
                Cell(f"{printer.number(count)} of {printer.number(total)}"),
                Cell(texts[0]),
                Cell(printer.interval(texts[1], texts[2])),
                Cell(_moved(estimate, planned, printer, is_rate=is_rate)),
            ),
            depth=1,
        )


def _moved(estimate: float | None, planned: float | None, printer: Printer, *, is_rate: bool) -> str:
    if estimate is None or planned is None or estimate == planned:
        return "—"
    difference = estimate - planned
    text = printer.percent(abs(difference)) if is_rate else printer.months(abs(difference))
    return f"{'+' if difference > 0 else '−'}{text}"


def sensitivity_lines(results: pl.DataFrame, protocol: Protocol) -> list[str]:
    """
    Print the specification grid for a terminal.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    protocol : Protocol
        Labels and conventions.

    Returns
    -------
    list of str
        One line each.
    """
    table = tabulate_sensitivity(results, protocol, printer_of(protocol))
    cells = [[f"{'  ' * row.depth}{row.label}", *(cell.text for cell in row.cells)] for row in table.rows]
    lines = [list(table.columns), *cells]
    widths = [max(len(line[i]) for line in lines if i < len(line)) for i in range(len(table.columns))]
    printed = []
    for line, row in zip(lines, [None, *table.rows], strict=True):
        if row is not None and row.is_heading:
            printed += ["", row.label]
        else:
            first, *rest = line
            printed.append(
                "  ".join(
                    [first.ljust(widths[0]), *(t.rjust(w) for t, w in zip(rest, widths[1:], strict=False))]
                ).rstrip()
            )
    return printed
