"""Biomarkers: what they are, how they change, and what they are set against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from onearm.outputs.format import ABSENT, format_p_value
from onearm.outputs.labels import endpoint_label
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.model import NOT_REACHED, Row, Table, heading, row

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Lookup, Statistic
    from onearm.protocol import Protocol

__all__ = ["biomarker_label", "tabulate_biomarkers"]


def biomarker_label(protocol: Protocol, name: str | None) -> str:
    """
    Name a biomarker with its unit and scale.

    Parameters
    ----------
    protocol : Protocol
        Labels.
    name : str or None
        Name of the biomarker.

    Returns
    -------
    str
        Its name where the protocol has no label.
    """
    marker = protocol.biomarker.get(name or "")
    if marker is None:
        return str(name)
    scale = [] if marker.transform == "none" else [f"{marker.transform} scale"]
    parts = [*([marker.unit] if marker.unit else []), *scale]
    inside = ", ".join(parts)
    return f"{marker.label or name} ({inside})" if inside else str(marker.label or name)


def tabulate_biomarkers(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> list[Table]:
    """
    Tabulate the biomarkers.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Labels.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Table
        For each group: values at each time, against response, change, and against each time; none where the protocol
        plans no biomarker.
    """
    makers = (_summary, _response, _change, *(_against(name) for name in protocol.times))
    tables = [make(lookup, protocol, printer) for lookup in lookups for make in makers]
    return [table for table in tables if table]


def _table(
    lookup: Lookup, name: str, title: str, columns: tuple[str, ...], rows: list[Row], notes: Sequence[str], source: str
) -> Table:
    title = title if lookup.group.level is None else f"{title}: {lookup.group.label}"
    return Table(f"{name}{lookup.group.slug}", title, columns, tuple(rows), tuple(notes), (source,))


def _quartiles(block: Block, variable: str, level: str | None, printer: Printer) -> tuple[str, list[Statistic]]:
    stats = [block.stat(name, variable, level) for name in ("median", "q1", "q3")]
    if stats[0].value is None:
        return ABSENT, stats
    middle, low, high = (printer.significant(s.value) for s in stats)
    return f"{middle} ({printer.interval(low, high)})", stats


def _summary(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
    rows: list[Row] = []
    for block in lookup.blocks("biomarker_summary"):
        rows.append(heading(biomarker_label(protocol, block.paramcd), 4))
        for time in block.levels("timepoint"):
            n, missing = (block.stat(name, "timepoint", time) for name in ("n", "missing"))
            ends = [block.stat(name, "timepoint", time) for name in ("min", "max")]
            span = ABSENT if ends[0].value is None else printer.interval(*(printer.significant(s.value) for s in ends))
            cells = [
                (printer.number(n.value), (n,)),
                (printer.number(missing.value) if missing else ABSENT, (missing,)),
                _quartiles(block, "timepoint", time, printer),
                (span, ends),
            ]
            rows.append(row(_time(time), cells))
            for level in block.levels(f"group at {time}"):
                n, p = (block.stat(name, f"group at {time}", level) for name in ("n", "p"))
                rows.append(
                    row(str(level), [(printer.count_percent(n.value, p.value), (n, p)), *[(ABSENT, ())] * 3], depth=2)
                )
    columns = ("", "Patients", "Without value", "Median (quartiles)", "Range")
    return _table(
        lookup, "biomarkers", "Biomarkers", columns, rows, (f"Population: {_population(lookup)}.",), "biomarker_summary"
    )


def _time(time: str | None) -> str:
    text = str(time)
    return text[:1].upper() + text[1:]


def _population(lookup: Lookup) -> str:
    return ", ".join(dict.fromkeys(str(b.population) for b in lookup.blocks("biomarker_summary")))


def _p(
    block: Block, variable: str, level: str | None = None, *, stat: str = "p_value"
) -> list[tuple[str, list[Statistic]]]:
    """P and Q as printed, P with the reason where there is none."""
    p, q = block.stat(stat, variable, level), block.stat("q_value", variable, level)
    text = format_p_value(p.value) if p.value is not None else (p.note or ABSENT)
    return [(text, [p]), (format_p_value(q.value) if q.value is not None else ABSENT, [q])]


def _response(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
    rows: list[Row] = []
    methods: list[str] = []
    rates = {block.paramcd: block for block in lookup.blocks("biomarker_response_rate")}
    values = {block.paramcd: block for block in lookup.blocks("biomarker_response")}
    for name in dict.fromkeys([*values, *rates]):
        block, rate = values.get(name), rates.get(name)
        cells: list[tuple[str, list[Statistic]]] = [(ABSENT, [])] * 6
        if block is not None:
            methods += block.methods()
            shift = [block.stat(stat, "response") for stat in ("estimate", "conf_low", "conf_high")]
            auc = block.stat("auc", "response")
            cells = [
                *(_group(block, level, printer) for level in ("responders", "non-responders")),
                (_estimate(shift, printer), shift),
                (printer.number(auc.value, 2) if auc else ABSENT, [auc]),
                *_p(block, "response"),
            ]
        rows.append(row(biomarker_label(protocol, name), cells, depth=0))
        rows += _rates(rate, printer) if rate is not None else []
        if rate is not None and rate.stat("p_value", "group"):
            methods += rate.methods()
            rows.append(row("Groups compared", [*[(ABSENT, [])] * 4, *_p(rate, "group")]))
    columns = (
        "", "Responders: n; median (quartiles)", "Others: n; median (quartiles)",
        f"Difference ({printer.coverage()})", "AUC", "P", "Q",
    )  # fmt: skip
    title = "Biomarkers and response"
    return _table(lookup, "biomarkers_response", title, columns, rows, method_footnotes(methods), "biomarker_response")


def _rates(rate: Block, printer: Printer) -> list[Row]:
    """The rate of response in each group."""
    rows = []
    for level in rate.levels("group"):
        if level is None:
            continue
        n, total, p, low, high = (rate.stat(name, "group", level) for name in ("n", "N", "p", "conf_low", "conf_high"))
        inside = printer.interval(printer.percent(low.value), printer.percent(high.value))
        count = f"{printer.number(n.value)} of {printer.number(total.value)}"
        text = f"{count}; {printer.percent(p.value, sign=True)} ({inside})"
        rows.append(row(f"Response, {level}", [(text, [n, total, p]), *[(ABSENT, [])] * 5]))
    return rows


def _group(block: Block, level: str, printer: Printer) -> tuple[str, list[Statistic]]:
    n = block.stat("n", "response", level)
    text, stats = _quartiles(block, "response", level, printer)
    return f"{printer.number(n.value)}; {text}" if n else ABSENT, [n, *stats]


def _estimate(stats: Sequence[Statistic], printer: Printer, show: Callable[[float | None], str] | None = None) -> str:
    if stats[0].value is None:
        return stats[0].note or ABSENT
    texts = [(show or printer.significant)(s.value) for s in stats]
    return f"{texts[0]} ({printer.interval(texts[1], texts[2])})"


def _change(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
    rows: list[Row] = []
    methods: list[str] = []
    for block in lookup.blocks("biomarker_change"):
        methods += block.methods()
        rows.append(heading(biomarker_label(protocol, block.paramcd), 5))
        for time in block.levels("change"):
            n = block.stat("n", "change", time)
            shift = [block.stat(stat, "change", time) for stat in ("estimate", "conf_low", "conf_high")]
            cells = [
                (printer.number(n.value), [n]),
                _quartiles(block, "change", time, printer),
                (_estimate(shift, printer), shift),
                *_p(block, "change", time),
            ]
            rows.append(row(_time(time) if time else (n.note or ""), cells))
    columns = ("", "Pairs", "Median change (quartiles)", f"Pseudomedian ({printer.coverage()})", "P", "Q")
    title = "Change of biomarkers within patients"
    return _table(lookup, "biomarkers_change", title, columns, rows, method_footnotes(methods), "biomarker_change")


def _against(target: str) -> Callable[[Lookup, Protocol, Printer], Table]:
    def make(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
        rows: list[Row] = []
        methods: list[str] = []
        units = {b.paramcd: b for b in lookup.blocks("biomarker_survival") if b.levels(target)}
        groups = {b.paramcd: b for b in lookup.blocks("biomarker_groups") if b.levels(target)}
        for name in dict.fromkeys([*units, *groups]):
            unit, group = units.get(name), groups.get(name)
            methods += [m for block in (unit, group) if block is not None for m in block.methods()]
            label = biomarker_label(protocol, name)
            rows.append(_unit(label, unit, target, printer) if unit is not None else heading(label, 5))
            rows += _levels(group, target, printer) if group is not None else []
        coverage = printer.coverage()
        columns = (
            "", "Events, n of N", f"Median, months ({coverage})", f"Hazard ratio ({coverage})", "P", "Q",
        )  # fmt: skip
        notes = ["First line of each: hazard ratio per unit as printed.", *method_footnotes(methods)]
        title = f"Biomarkers and {endpoint_label(protocol, target).lower()}"
        return _table(lookup, f"biomarkers_{target.lower()}", title, columns, rows, notes, "biomarker_survival")

    return make


def _unit(label: str, block: Block, target: str, printer: Printer) -> Row:
    n, events = (block.stat(name, target) for name in ("n", "events"))
    count = f"{printer.number(events.value)} of {printer.number(n.value)}"
    cells = [(count, [n, events]), (ABSENT, []), _hazard(block, target, None, printer), *_p(block, target)]
    return row(label, cells, depth=0)


def _hazard(block: Block, target: str, level: str | None, printer: Printer) -> tuple[str, list[Statistic]]:
    stats = [block.stat(name, target, level) for name in ("hazard_ratio", "conf_low", "conf_high")]
    if stats[0].note == "reference":
        return "reference", stats
    return _estimate(stats, printer, lambda value: printer.number(value, 2)), stats


def _levels(block: Block, target: str, printer: Printer) -> list[Row]:
    rows = []
    for level in block.levels(target):
        if level is None:
            continue
        n, events = (block.stat(name, target, level) for name in ("n", "events"))
        times = [block.stat(name, target, level) for name in ("median", "median_low", "median_high")]
        texts = [NOT_REACHED if s.value is None else printer.months(s.value) for s in times]
        cells = [
            (f"{printer.number(events.value)} of {printer.number(n.value)}", [n, events]),
            (f"{texts[0]} ({printer.interval(texts[1], texts[2])})", times),
            _hazard(block, target, level, printer),
            *_p(block, target, level),
        ]
        rows.append(row(str(level), cells))
    rows.append(row("Log-rank test", [*[(ABSENT, [])] * 3, _p(block, target, stat="p_log_rank")[0], (ABSENT, [])]))
    return rows
