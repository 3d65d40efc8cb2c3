"""Laboratory values: the grade at baseline against the worst grade under treatment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from onearm.outputs.tables.model import Row, Table, heading, row

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Lookup
    from onearm.protocol import Protocol

__all__ = ["tabulate_laboratory"]

_GRADES: Final = ("0", "1", "2", "3", "4")
_STARTS: Final = (*_GRADES, "unknown")


def tabulate_laboratory(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> list[Table]:
    """
    Tabulate the shifts of grades.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Version of the criteria.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Table
        One for each group with graded values: terms as headings, grades at baseline as lines, worst grades as columns.
    """
    return [_shift(lookup, protocol, printer) for lookup in lookups if lookup.parameters("laboratory")]


def _shift(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
    rows: list[Row] = []
    population = None
    for block in lookup.blocks("laboratory"):
        population = block.population
        total = block.stat("N", "worsened", "any")
        worse = [(block.stat("n", "worsened", k), block.stat("p", "worsened", k)) for k in ("any", "grade 3 or more")]
        any_grade, severe = (printer.count_percent(n.value, p.value) for n, p in worse)
        label = f"{block.paramcd}: {printer.number(total.value)} patients; worsened {any_grade}, to grade 3 or more {severe}"
        rows += [heading(label, len(_GRADES)), *_lines(block, printer)]
    title = "Laboratory values: CTCAE grade at baseline and worst grade under treatment"
    title = title if lookup.group.level is None else f"{title}: {lookup.group.label}"
    heads = ("Grade at baseline", *(f"Worst grade {grade}" for grade in _GRADES))
    notes = (
        f"Data are numbers of patients with a graded value after the first dose. Population: {population}.",
        f"Grades follow from the values by CTCAE version {protocol.safety.ctcae}; a missing baseline counts as normal.",
    )
    return Table(f"laboratory_shift{lookup.group.slug}", title, heads, tuple(rows), notes, ("laboratory",))


def _lines(block: Block, printer: Printer) -> list[Row]:
    lines = []
    for start in _STARTS:
        found = [block.stat("n", "shift", f"{start} to {grade}") for grade in _GRADES]
        if any(found):
            name = "Unknown" if start == "unknown" else f"Grade {start}"
            lines.append(row(name, [(printer.number(n.value) if n else "0", (n,)) for n in found]))
    return lines
