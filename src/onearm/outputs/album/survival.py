"""Curves of the times to an event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from onearm.outputs import figures as draw
from onearm.outputs.album.picture import Picture, Trial, file_name, make_picture
from onearm.outputs.labels import curve_label, endpoint_label, population_label, start_label
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.survival import print_times

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Lookup

__all__ = ["survival"]


def survival(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw a curve for every time endpoint.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        None where there is nothing to draw.
    """
    known = lookup.parameters("survival")
    protocol, printer = trial.protocol, trial.printer
    for name in [*(p for p in protocol.endpoint if p in known), *(p for p in known if p not in protocol.endpoint)]:
        block = lookup.block("survival", name)
        label = endpoint_label(protocol, name)
        lines = _curve_heading(lookup, name, printer)
        notes = [
            f"{population_label(protocol, name, block.population)}. Line: Kaplan-Meier estimate; band: pointwise "
            f"{printer.coverage(_level(lookup, name))}; ticks: censored. Dashed: median."
        ]
        methods = [*lookup.block("survival_curve", name).methods(), *block.methods()]
        yield make_picture(
            trial,
            draw.draw_kaplan_meier(
                draw.kaplan_meier_data(lookup, name),
                y_label=curve_label(protocol, name),
                x_label=f"Time since {start_label(protocol, name)} (months)",
                heading=lines,
                size=trial.size,
            ),
            name=f"kaplan_meier_{file_name(name)}",
            section="survival",
            title=label,
            notes=[*notes, *method_footnotes(dict.fromkeys(methods))],
            alt=f"Kaplan-Meier curve of {label[:1].lower() + label[1:]}. {'; '.join(lines)}.",
            group=lookup.group,
            sources=[f"survival_curve {name}", f"survival_at_risk {name}", f"survival {name}"],
        )


def _curve_heading(lookup: Lookup, name: str, printer: Printer) -> list[str]:
    block = lookup.block("survival", name)
    events, n = block.stat("events"), block.stat("n")
    median, stats = print_times(block, "median", printer)
    head, _, bounds = median.partition(" (")
    interval = f" ({printer.coverage(stats[-1].conf_level)} {bounds}" if bounds else ""
    unit = "" if head in ("NR", "NE") else " months"
    head = {"NR": "not reached", "NE": "not estimable"}.get(head, head)
    interval = interval.replace("NR", "not reached")
    counts = f"{printer.number(events.value)} events in {printer.number(n.value)} patients"
    lines = [f"Median {head}{unit}{interval}; {counts}"]
    rates = lookup.block("survival_rate", name)
    parts = []
    for mark in rates.levels("time"):
        rate, low, high = (rates.stat(s, "time", mark) for s in ("rate", "rate_low", "rate_high"))
        if rate.value is not None:
            inside = printer.interval(printer.percent(low.value), printer.percent(high.value))
            parts.append(f"{mark} months: {printer.percent(rate.value, sign=True)} ({inside})")
    return [*lines, "; ".join(parts)] if parts else lines


def _level(lookup: Lookup, name: str) -> float | None:
    block = lookup.block("survival_curve", name)
    return next((s.conf_level for stats in block.cells.values() for s in stats.values() if s.conf_level), None)
