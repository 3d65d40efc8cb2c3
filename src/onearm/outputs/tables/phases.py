"""The phases of treatment: who began and completed each, and what was given in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from onearm.outputs.labels import reason_label
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.model import Row, Table, heading, row, tabulate_missing
from onearm.outputs.tables.others import exposure_rows

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Lookup
    from onearm.protocol import Protocol

__all__ = ["tabulate_phase_disposition", "tabulate_phase_exposure"]

_STEPS: Final = {
    "started": "Started",
    "completed": "Completed",
    "discontinued": "Discontinued",
    "ongoing": "Ongoing at cut-off",
}


def tabulate_phase_disposition(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> Table:
    """
    Tabulate who began each phase of treatment, and how it ended.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Phases in order.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        One column for each group; without rows where treatment has no phases.
    """
    rows: list[Row] = []
    for phase in protocol.phase:
        blocks = [lookup.block("phase_disposition", phase.name) for lookup in lookups]
        if any(blocks):
            rows += [heading(phase.label or phase.name, len(blocks)), *_steps(blocks, printer)]
    heads = ("Patients, n", *(lookup.group.label for lookup in lookups))
    notes = ("Patients with a dose of the phase; reasons below the discontinued.", *tabulate_missing(rows))
    title = "Disposition of patients by phase of treatment"
    return Table("phase_disposition", title, heads, tuple(rows), notes, ("phase_disposition",))


def _steps(blocks: Sequence[Block], printer: Printer) -> list[Row]:
    rows = []
    for step, label in _STEPS.items():
        counts = [block.stat("n", "step", step) for block in blocks]
        rows.append(row(label, [(printer.number(n.value), (n,)) for n in counts]))
        variable = f"reason:{step}"
        for reason in dict.fromkeys(level for block in blocks for level in block.levels(variable)):
            found = [block.stat("n", variable, reason) for block in blocks]
            texts = [(printer.number(n.value if n.trace else 0), (n,)) for n in found]
            rows.append(row(reason_label(reason or "Not stated"), texts, depth=2))
    return rows


def tabulate_phase_exposure(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> list[Table]:
    """
    Tabulate the treatment that was given in each phase.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Phases in order.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Table
        One for each phase that anybody began, by drug, one column for each group.
    """
    tables = []
    for number, phase in enumerate(protocol.phase, start=1):
        blocks = [lookup.block("phase_exposure", phase.name) for lookup in lookups]
        rows = exposure_rows(blocks, printer)
        populations = dict.fromkeys(block.population for block in blocks if block.population)
        notes = [f"Population: {', '.join(populations)}."] if populations else []
        notes += method_footnotes(dict.fromkeys(m for block in blocks for m in block.methods()))
        notes += tabulate_missing(rows)
        heads = ("", *(lookup.group.label for lookup in lookups))
        title = f"Exposure to treatment, {phase.label or phase.name}"
        tables.append(Table(f"phase_exposure_{number}", title, heads, tuple(rows), tuple(notes), ("phase_exposure",)))
    return tables
