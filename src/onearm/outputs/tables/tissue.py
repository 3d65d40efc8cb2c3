"""Tables of tissue: the split at the change of slope with its alternative, and the alignment of slides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from onearm.outputs.format import ABSENT, format_p_value
from onearm.outputs.labels import endpoint_label
from onearm.outputs.tables.biomarkers import biomarker_label
from onearm.outputs.tables.model import Row, Table, heading, row

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Lookup, Statistic
    from onearm.protocol import Protocol

__all__ = ["tabulate_tissue"]

_MOST_SHIFTS: Final = 20
"""Slides listed for each intensity, the largest shifts; the results table holds all."""


def tabulate_tissue(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> list[Table]:
    """
    Tabulate what is special of tissue.

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
        None where the protocol plans no measure of tissue against a time, and nothing was aligned.
    """
    makers = (_slopes, _aligned, _shifts)
    tables = [make(lookup, protocol, printer) for lookup in lookups for make in makers]
    return [table for table in tables if table.rows]


def _title(lookup: Lookup, title: str) -> str:
    return title if lookup.group.level is None else f"{title}: {lookup.group.label}"


def _middle(block: Block, variable: str, level: str, printer: Printer) -> tuple[str, list[Statistic]]:
    stats = [block.stat(name, variable, level) for name in ("median", "q1", "q3")]
    if stats[0].value is None:
        return ABSENT, stats
    middle, low, high = (printer.significant(s.value) for s in stats)
    return f"{middle} ({printer.interval(low, high)})", stats


def _p(stat: Statistic) -> str:
    return ABSENT if stat.value is None else format_p_value(stat.value)


def _slopes(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
    rows: list[Row] = []
    for target in protocol.times:
        mine = [block for block in lookup.blocks("slope_change") if target in block.variables()]
        if mine:
            rows.append(heading(endpoint_label(protocol, target), 7))
        for block in mine:
            cut, undecided, p = (block.stat(name, target) for name in ("cut", "undecided", "p_value"))
            n = [block.stat("n", target, level) for level in ("low", "high")]
            ratio, low, high, concord = (
                block.stat(name, target, "marker") for name in ("hazard_ratio", "conf_low", "conf_high", "concordance")
            )
            hazard = ABSENT
            if ratio.value is not None:
                bounds = printer.interval(*(printer.significant(s.value) for s in (low, high)))
                hazard = f"{printer.significant(ratio.value)} ({bounds})"
            cells = [
                (ABSENT if cut.value is None else printer.significant(cut.value), (cut,)),
                (ABSENT if n[0].value is None else " / ".join(printer.number(s.value) for s in n), n),
                (printer.number(undecided.value) if undecided.value is not None else ABSENT, (undecided,)),
                _middle(block, target, "low", printer),
                _middle(block, target, "high", printer),
                (_p(p), (p,)),
                (hazard, (ratio, low, high, concord)),
            ]
            rows.append(row(biomarker_label(protocol, block.paramcd), cells))
    columns = (
        "",
        "Cut (months)",
        "Low / high",
        "Not decided",
        "Marker, low",
        "Marker, high",
        "P",
        "Hazard ratio per SD",
    )
    notes = (
        "Patients are split where the slope of their sorted times changes most (two straight lines), as the esophageal trial "
        "ALTER-E-003 does by eye; the split takes censored times for events. Not decided: patients called low although "
        "they were censored.",
        "Hazard ratio per standard deviation of the marker: the alternative that neither splits nor forgets censoring.",
    )
    return Table(
        f"slope_change{lookup.group.slug}", _title(lookup, "Tissue by the change of slope"), columns, tuple(rows), notes,
        ("slope_change",),
    )  # fmt: skip


def _aligned(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:
    rows = []
    for block in lookup.blocks("tissue_alignment"):
        if block.paramcd is not None:
            cells = [_middle(block, "fields", level, printer) for level in ("aligned", "as recorded")]
            rows.append(row(biomarker_label(protocol, block.paramcd), cells))
    notes = (
        "Median (quartiles) of the values of all fields. Alignment moves the populations of all slides to the same "
        "intensities and can erase a real change: read both.",
    )
    return Table(
        f"tissue_alignment{lookup.group.slug}", _title(lookup, "Tissue with and without alignment"),
        ("", "Aligned", "As recorded"), tuple(rows), notes, ("tissue_alignment",),
    )  # fmt: skip


def _shifts(lookup: Lookup, protocol: Protocol, printer: Printer) -> Table:  # noqa: ARG001 - as all tables
    rows: list[Row] = []
    for block in lookup.blocks("tissue_alignment"):
        for marker in block.variables() if block.paramcd is None else ():
            rows.append(heading(str(marker).replace("|", " "), 3))
            largest = sorted(
                block.levels(str(marker)), key=lambda level: -abs(block.stat("shift", marker, level).value or 0.0)
            )
            for level in largest[:_MOST_SHIFTS]:
                stats = [block.stat(name, marker, level) for name in ("landmark", "shift", "confidence")]
                cells = [(printer.significant(s.value) if s.value is not None else ABSENT, (s,)) for s in stats]
                rows.append(row(str(level).rsplit(" · ", 1)[0], cells))
    return Table(
        f"tissue_shifts{lookup.group.slug}", _title(lookup, "Shift of each slide"),
        ("Slide", "Landmark", "Shift", "Confidence"), tuple(rows),
        (f"On the scale of alignment; one line for each landmark, the {_MOST_SHIFTS} largest shifts. gaussNorm: Hahne et al. "
         "(2010).",), ("tissue_alignment",),
    )  # fmt: skip
