"""Baseline characteristics, cohorts and populations side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from onearm.outputs.format import ABSENT
from onearm.outputs.labels import category_label, group_label, variable_label
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.model import Row, Table, heading, notes_of, row, tabulate_missing

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Lookup
    from onearm.protocol import Baseline, Protocol

__all__ = ["tabulate_baseline"]

_SUMMARIES: Final = {
    "median_range": "Median (range)",
    "median_quartiles": "Median (IQR)",
    "mean_sd": "Mean (SD)",
}
Column = tuple["Lookup", "Block"]


def tabulate_baseline(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> Table:
    """
    Tabulate the baseline characteristics.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Order, labels and summaries of the characteristics; those it does not name follow.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        One column for each group and population; without rows where there are no results.
    """
    columns = [(lookup, block) for lookup in lookups for block in lookup.blocks("baseline")]
    planned = {line.variable: line for line in protocol.baseline}
    found = dict.fromkeys(str(v) for _, block in columns for v in block.variables() if v is not None)
    order = [*(name for name in planned if name in found), *(name for name in found if name not in planned)]
    rows = tuple(line for name in order for line in _characteristic(name, planned.get(name), columns, printer))
    heads = tuple(group_label(lookup.group, block.population, _size(lookup, block)) for lookup, block in columns)
    notes = ["Data are n (%) of patients with a known value, unless the line says otherwise."]
    if any("IQR" in line.label for line in rows):
        notes.append("IQR = interquartile range.")
    if any(planned[name].separator for name in order if name in planned):
        several = [planned[name].label or name for name in order if name in planned and planned[name].separator]
        notes.append(f"A patient may be in several categories of: {', '.join(several)}.")
    absent = dict.fromkeys(note for _, block in columns for name in order for note in notes_of([block.stat("n", name)]))
    notes += [f"{note[:1].upper()}{note[1:]}." for note in absent]
    notes += method_footnotes(dict.fromkeys(m for _, block in columns for m in block.methods()))
    return Table(
        "baseline",
        "Baseline characteristics",
        ("Characteristic", *heads),
        rows,
        (*notes, *tabulate_missing(rows)),
        ("baseline",),
    )


def _size(lookup: Lookup, block: Block) -> float | None:
    flow = lookup.block("disposition").stat("n", "step", block.population).value
    if flow is not None:
        return flow
    return max((s["N"].value or 0 for s in block.cells.values() if "N" in s), default=None)


def _characteristic(name: str, planned: Baseline | None, columns: Sequence[Column], printer: Printer) -> list[Row]:
    label = (planned.label if planned else None) or variable_label(name)
    if planned and planned.unit:
        label = f"{label}, {planned.unit}"
    rows = [heading(label, len(columns))]
    if any(_is_number(block, name) for _, block in columns):
        rows += _number_rows(name, planned.summary if planned else "auto", columns, printer)
    levels = dict.fromkeys(level for _, block in columns for level in block.levels(name) if level is not None)
    for level in levels:
        cells = [(block.stat("n", name, level), block.stat("p", name, level)) for _, block in columns]
        rows.append(
            row(
                category_label(name, level, among=levels),
                [(printer.count_percent(n.value, p.value), (n, p)) for n, p in cells],
            )
        )
    missing = [block.stat("missing", name) for _, block in columns]
    if any(m.value for m in missing):
        rows.append(row("Missing", [(printer.number(m.value or 0), (m,)) for m in missing]))
    if len(rows) == 1:
        counts = [block.stat("n", name) for _, block in columns]
        rows.append(row("Patients", [(printer.number(n.value) if n else ABSENT, (n,)) for n in counts]))
    return rows


def _is_number(block: Block, name: str) -> bool:
    return bool({"median", "mean"} & set(block.stats(name)))


def _number_rows(name: str, summary: str, columns: Sequence[Column], printer: Printer) -> list[Row]:
    summary = summary if summary in _SUMMARIES else "median_range"
    centre, low, high = {
        "median_range": ("median", "min", "max"),
        "median_quartiles": ("median", "q1", "q3"),
        "mean_sd": ("mean", "sd", ""),
    }[summary]
    cells = []
    for _, block in columns:
        stats = [block.stat(stat, name) for stat in (centre, low, high) if stat]
        middle, *spread = (printer.measure(s.value) for s in stats)
        inside = printer.interval(*spread) if len(spread) == 2 else spread[0]
        cells.append((f"{middle} ({inside})" if any(stats) else middle, stats))
    return [row(_SUMMARIES[summary], cells)]
