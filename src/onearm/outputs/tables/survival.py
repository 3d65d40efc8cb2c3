"""Times to events: events, medians, rates at landmarks, follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm.outputs.labels import endpoint_label, population_label, start_label
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.model import NOT_REACHED, Row, Table, heading, notes_of, row, tabulate_missing

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Lookup, Statistic
    from onearm.protocol import Protocol

__all__ = ["print_months", "print_times", "tabulate_survival"]


def tabulate_survival(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> Table:
    """
    Tabulate the time endpoints.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Order and labels of the endpoints.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        One column for each group; without rows where there are no results.
    """
    analyses = ("survival", "survival_rate", "follow_up")
    found = dict.fromkeys(p for a in analyses for lookup in lookups for p in lookup.parameters(a))
    order = [*(p for p in protocol.endpoint if p in found), *(p for p in found if p not in protocol.endpoint)]
    rows: list[Row] = []
    methods: dict[str, None] = {}
    notes: dict[str, None] = {}
    for code in order:
        blocks = {a: [lookup.block(a, code) for lookup in lookups] for a in analyses}
        rows += _endpoint(blocks, code, protocol, printer)
        for block in (block for group in blocks.values() for block in group):
            methods |= dict.fromkeys(block.methods())
            notes |= dict.fromkeys(n for stats in block.cells.values() for n in notes_of(stats.values()))
    populations = dict.fromkeys(
        f"{code}: {population_label(protocol, code, block.population)}" for code in order for lookup in lookups
        if (block := lookup.block("survival", code)) and block.population
    )  # fmt: skip
    foot = [f"Population: {'; '.join(populations)}."] if populations else []
    if reasons := [note for note in notes if note != "not reached"]:
        foot.append(f"Not estimable because: {'; '.join(reasons)}.")
    return Table(
        "survival",
        "Time to event",
        ("", *(lookup.group.label for lookup in lookups)),
        tuple(rows),
        (*foot, *method_footnotes(methods), *tabulate_missing(rows)),
        analyses,
    )


def _endpoint(blocks: dict[str, list[Block]], code: str, protocol: Protocol, printer: Printer) -> list[Row]:
    survival, rates, follow_up = blocks["survival"], blocks["survival_rate"], blocks["follow_up"]
    since = f", from {start_label(protocol, code)}" if code in protocol.times else ""
    rows = [heading(f"{endpoint_label(protocol, code)}{since}", len(survival))]
    if any(survival):  # an endpoint may have a follow-up and nothing else
        counts = [(block.stat("events"), block.stat("n")) for block in survival]
        texts = [(f"{printer.number(e.value)} of {printer.number(n.value)}", (e, n)) for e, n in counts]
        rows.append(row("Events, n of N", texts))
    level = _coverage([*survival, *rates], printer)
    for stat, label in (("median", "Median"), ("q1", "Lower quartile"), ("q3", "Upper quartile")):
        if any(stat in block.stats() for block in survival):
            cells = [print_times(block, stat, printer) for block in survival]
            rows.append(row(f"{label} ({level}), months", cells))
    if any(block.stat("min") for block in survival):
        ends = [(block.stat("min"), block.stat("max")) for block in survival]
        texts = [(printer.interval(print_months(a, printer), print_months(b, printer)), (a, b)) for a, b in ends]
        rows.append(row("Range of times, months", texts))
    for mark in dict.fromkeys(level for block in rates for level in block.levels("time") if level is not None):
        rows.append(row(f"Rate at {mark} months ({level}), %", [_rate(block, mark, printer) for block in rates]))
    if any(follow_up):
        rows += _follow_up(follow_up, level, printer)
    return rows


def _coverage(blocks: Sequence[Block], printer: Printer) -> str:
    levels = (s.conf_level for block in blocks for stats in block.cells.values() for s in stats.values())
    return printer.coverage(next((level for level in levels if level is not None), None))


def print_months(statistic: Statistic, printer: Printer) -> str:
    """
    Print a time in months, or that it was not reached.

    Parameters
    ----------
    statistic : Statistic
        In months.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    str
        ``NR`` where the note says "not reached", ``NE`` where the time is missing for another reason.
    """
    if statistic.value is None and "not reached" in (statistic.note or "").lower():
        return NOT_REACHED
    return printer.months(statistic.value)


def print_times(block: Block, stat: str, printer: Printer) -> tuple[str, list[Statistic]]:
    """
    Print a quantile of a survival curve with its interval.

    Parameters
    ----------
    block : Block
        Of the analysis ``survival`` or ``follow_up``.
    stat : str
        ``median``, ``q1`` or ``q3``.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    tuple
        Text, such as ``15.74 (9.03–NR)``, and the statistics behind it.
    """
    stats = [block.stat(name) for name in (stat, f"{stat}_low", f"{stat}_high")]
    middle, low, high = (print_months(s, printer) for s in stats)
    if not (stats[1].trace or stats[2].trace) or not any(stats):
        return middle, [s for s in stats if s.trace]
    return f"{middle} ({printer.interval(low, high)})", stats


def _rate(block: Block, mark: str, printer: Printer) -> tuple[str, list[Statistic]]:
    stats = [block.stat(name, "time", mark) for name in ("rate", "rate_low", "rate_high")]
    middle, low, high = (printer.percent(s.value) for s in stats)
    if not stats[0]:
        return middle, stats
    at_risk = block.stat("at_risk", "time", mark)
    return f"{middle} ({printer.interval(low, high)})", [*stats, *([at_risk] if at_risk else [])]


def _follow_up(blocks: Sequence[Block], level: str, printer: Printer) -> list[Row]:
    has_bounds = any(block.stat("median_low").trace for block in blocks)
    label = f"Follow-up, median ({level}), months" if has_bounds else "Follow-up, median, months"
    rows = [row(label, [print_times(block, "median", printer) for block in blocks])]
    quartiles = [(block.stat("q1"), block.stat("q3")) for block in blocks]
    if any(a.trace for a, _ in quartiles):
        texts = [(printer.interval(print_months(a, printer), print_months(b, printer)), (a, b)) for a, b in quartiles]
        rows.append(row("Follow-up, interquartile range, months", texts))
    ends = [(block.stat("min"), block.stat("max")) for block in blocks]
    if any(a for a, _ in ends):
        texts = [(printer.interval(print_months(a, printer), print_months(b, printer)), (a, b)) for a, b in ends]
        rows.append(row("Follow-up, range, months", texts))
    return rows
