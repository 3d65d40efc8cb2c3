"""Hy's law: patients by the peaks of transaminases and bilirubin, and every patient in its range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm.outputs.tables.model import Row, Table, row

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Lookup

__all__ = ["tabulate_liver"]


def tabulate_liver(lookups: Sequence[Lookup], printer: Printer) -> Table:
    """
    Tabulate the quadrants of Hy's law.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        One column for each group; without rows where there are no liver tests.
    """
    blocks = [lookup.block("liver", "HYSLAW") for lookup in lookups]
    rows: list[Row] = []
    if not any(block.stat("N", "quadrant", "below both limits").value for block in blocks):
        return Table("hys_law", "Liver tests: Hy's law", (), (), (), ("liver",))
    for level in dict.fromkeys(str(level) for block in blocks for level in block.levels("quadrant")):
        cells = []
        for block in blocks:
            n, p = block.stat("n", "quadrant", level), block.stat("p", "quadrant", level)
            cells.append((printer.count_percent(n.value, p.value) if n.value else "0", (n, p)))
        rows.append(row(level[:1].upper() + level[1:], cells, depth=0))
        if len(rows) != 1:
            continue
        for inner in ("without cholestasis", "within 30 days"):
            found = [block.stat("n", "hys_law", inner) for block in blocks]
            rows.append(row(inner, [(printer.number(n.value), (n,)) for n in found]))
    for test in ("ALT or AST", "bilirubin"):
        highest = [block.stat("max", "peak", test) for block in blocks]
        if rows and any(highest):
            label = f"Highest {test}, × upper limit of normal"
            rows.append(row(label, [(printer.measure(s.value), (s,)) for s in highest], depth=0))
    known = ", ".join(printer.number(block.stat("N", "quadrant", "below both limits").value) for block in blocks)
    population = next((block.population for block in blocks if block.population), "")
    notes = (
        f"Data are n (%) of the patients with a value of both under treatment. Population: {population}; with both: {known}.",
        "Hy's law range: peak of ALT or AST of 3 times the upper limit of normal or more, and peak of bilirubin above 2 times. "
        "Temple's corollary: transaminases only. Without cholestasis: no alkaline phosphatase of 2 times the limit or more up "
        "to the rise of transaminases; within 30 days: bilirubin above its limit in that time after it. "
        "Whether there is another cause is for the physician to say (FDA guidance 2009).",
    )
    heads = ("Peaks under treatment", *(lookup.group.label for lookup in lookups))
    return Table("hys_law", "Liver tests: Hy's law", heads, tuple(rows), notes, ("liver",))
