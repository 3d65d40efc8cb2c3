"""Therapy before, with and after the study treatment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from onearm.outputs.format import ABSENT
from onearm.outputs.tables.model import Row, Table, heading, row, tabulate_missing

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Lookup
    from onearm.protocol import Protocol

__all__ = ["tabulate_therapy"]

_TITLES: Final = {
    "PRIOR": ("therapy_prior", "Prior anticancer therapy", "Any prior therapy"),
    "CONCOMITANT": ("therapy_concomitant", "Concomitant medication", "Any concomitant medication"),
    "SUBSEQUENT": ("therapy_subsequent", "Subsequent anticancer therapy", "Any subsequent therapy"),
}


def tabulate_therapy(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> list[Table]:
    """
    Tabulate prior, concomitant and subsequent therapy.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Concomitant medication is printed from ``safety.least_percent`` of the patients on.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Table
        One for each kind of therapy that is on record, one column for each group.
    """
    tables = []
    for kind, (name, title, lead) in _TITLES.items():
        blocks = [lookup.block("therapy", kind) for lookup in lookups]
        if not any(blocks):
            continue
        least = protocol.safety.least_percent if kind == "CONCOMITANT" else 0.0
        rows = tuple(_rows(blocks, lead, least, printer))
        hidden = sum(1 for level in _levels(blocks, "agent") if not _is_shown(blocks, "agent", level, least))
        sets = ", ".join(dict.fromkeys(str(block.population) for block in blocks if block.population))
        notes = [
            f"Data are n (%) of patients; a patient counts once in each line and may stand in several. Population: {sets}."
        ]
        if least:
            notes.append(f"In at least {least:g}% of patients; {hidden} rarer ones are not shown.")
        heads = ("", *(lookup.group.label for lookup in lookups))
        tables.append(Table(name, title, heads, rows, (*notes, *tabulate_missing(list(rows))), ("therapy",)))
    return tables


def _levels(blocks: Sequence[Block], variable: str) -> list[str]:
    return list(dict.fromkeys(str(level) for block in blocks for level in block.levels(variable)))


def _is_shown(blocks: Sequence[Block], variable: str, level: str, least: float) -> bool:
    return any((block.stat("p", variable, level).value or 0.0) * 100 >= least for block in blocks)


def _rows(blocks: Sequence[Block], lead: str, least: float, printer: Printer) -> Iterator[Row]:
    for level in _levels(blocks, "any"):
        label = lead if level == "any" else f"{lead}, {level}"
        yield _shares(blocks, "any", level, label, printer, depth=0)
    for of in ("", *(level for level in _levels(blocks, "any") if level.startswith("of "))):
        yield from _lines(blocks, of, printer)
        for variable, title in (("class", "Class"), ("agent", "Therapy")):
            name = f"{variable} {of}".strip()
            shown = [level for level in _levels(blocks, name) if _is_shown(blocks, name, level, least)]
            if shown:
                yield heading(f"{title}, {of}" if of else title, len(blocks))
                for level in shown:
                    yield _shares(blocks, name, level, level, printer)


def _lines(blocks: Sequence[Block], of: str, printer: Printer) -> Iterator[Row]:
    """Number of lines, with its median; `of` names the denominator where it is not the whole set."""
    name = f"lines {of}".strip()
    if not _levels(blocks, name):
        return
    yield heading(f"Number of lines, {of}" if of else "Number of lines", len(blocks))
    for level in _levels(blocks, name):
        yield _shares(blocks, name, level, level, printer)
    stats = [tuple(block.stat(stat, name) for stat in ("median", "min", "max")) for block in blocks]
    texts = []
    for found in stats:
        middle, low, high = (printer.number(s.value) for s in found)
        texts.append((f"{middle} ({printer.interval(low, high)})" if found[0] else ABSENT, found))
    yield row("Median (range)", texts)


def _shares(blocks: Sequence[Block], variable: str, level: str, label: str, printer: Printer, *, depth: int = 1) -> Row:
    cells = []
    for block in blocks:
        n, total, p = (block.stat(name, variable, level) for name in ("n", "N", "p"))
        of = f" of {printer.number(total.value)}" if level.startswith("of ") and total.value is not None else ""
        cells.append(("0" if not n.value else f"{printer.count_percent(n.value, p.value)}{of}", (n, p)))
    return row(label, cells, depth=depth)
