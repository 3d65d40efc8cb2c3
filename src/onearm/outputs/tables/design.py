"""The design, its operating characteristics and its decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from onearm.outputs.format import format_p_value
from onearm.outputs.labels import title_case
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.model import Row, Table, notes_of, row, tabulate_missing
from onearm.outputs.tables.others import print_raw

if TYPE_CHECKING:
    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Block, Group, Lookup, Statistic

__all__ = ["tabulate_design"]

_LABELS: Final = {
    "kind": "Design",
    "p0": "Rate not worth pursuing (p0)",
    "p1": "Rate aimed at (p1)",
    "r1": "Stage 1: stop unless more patients respond than (r1)",
    "n1": "Stage 1: patients (n1)",
    "r": "Promising if more patients respond than (r)",
    "n": "Patients in all (n)",
    "alpha": "Probability of a false claim at p0 (α)",
    "power": "Probability of a claim at p1 (power)",
    "pet": "Probability of stopping after stage 1 at p0",
    "en": "Expected number of patients at p0",
    "claim": "Stated error rates",
    "observed": "Patients who responded",
    "evaluated": "Patients evaluated",
    "decision": "Decision",
    "umvue": "Response rate, unbiased for the design (UMVUE)",
    "median_unbiased": "Response rate, median-unbiased for the design",
    "p_value": "P value for the design",
}
_KINDS: Final = {
    "simon": ("Simon's two stages", "Two-stage design: Simon (Control Clin Trials 1989;10:1-10)."),
    "exact": ("One stage, exact binomial", "One-stage design: A'Hern (Stat Med 2001;20:859-66)."),
    "bayes": ("Bayesian monitoring", "Beta-binomial monitoring: Zohar et al. (Contemp Clin Trials 2008;29:608-16)."),
    "one_sample_log_rank": ("One-sample log-rank", "One-sample log-rank test: Wu (Pharm Stat 2015;14:26-33)."),
    "none": ("No formal sample size", ""),
}


def tabulate_design(lookups: Sequence[Lookup], printer: Printer) -> Table:
    """
    Tabulate the design and its decision.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        One column for each group that has a design; without rows where no group has more than its kind.
    """
    pairs = [(lookup.group, block) for lookup in lookups for block in lookup.blocks("design")]
    variables = list(dict.fromkeys(str(v) for _, block in pairs for v in block.variables()))
    if set(variables) <= {"kind"}:
        return Table("design", "Design and decision", (), ())
    rows: list[Row] = []
    for variable in variables:
        if variable == "exact_low":
            rows.append(_interval(pairs, printer))
        elif variable != "exact_high":
            cells = [_cell(block, variable, printer) for _, block in pairs]
            rows.append(row(_LABELS.get(variable, title_case(variable)), cells, depth=0))
    heads = ("", *(group.label for group, _ in pairs))
    return Table("design", "Design and decision", heads, tuple(rows), _notes(pairs, rows), ("design",))


def _statistic(block: Block, variable: str) -> Statistic | None:
    return next(iter(block.stats(variable).values()), None)


def _cell(block: Block, variable: str, printer: Printer) -> tuple[str, list[Statistic]]:
    statistic = _statistic(block, variable)
    if statistic is None:
        return "", []
    if variable == "kind":
        return _KINDS.get(statistic.text or "", (statistic.text or "", ""))[0], [statistic]
    if variable == "p_value":
        return format_p_value(statistic.value, rounding=printer.rounding), [statistic]
    return print_raw(statistic, printer), [statistic]


def _interval(pairs: Sequence[tuple[Group, Block]], printer: Printer) -> Row:
    cells = []
    level = None
    for _, block in pairs:
        bounds = [s for s in (_statistic(block, "exact_low"), _statistic(block, "exact_high")) if s is not None]
        level = next((s.conf_level for s in bounds if s.conf_level), level)
        text = printer.interval(*(printer.percent(s.value) for s in bounds)) if len(bounds) == 2 else ""
        cells.append((text, bounds))
    return row(f"{printer.coverage(level)} for the design, %", cells, depth=0)


def _notes(pairs: Sequence[tuple[Group, Block]], rows: Sequence[Row]) -> tuple[str, ...]:
    kinds = dict.fromkeys(s.text for _, block in pairs if (s := _statistic(block, "kind")) and s.text)
    notes = [_KINDS[kind][1] for kind in kinds if kind in _KINDS and _KINDS[kind][1]]
    found = [s for _, block in pairs for stats in block.cells.values() for s in stats.values()]
    words = dict.fromkeys([*(s.note for s in found if s.note and s), *notes_of(found)])
    notes += [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in words]
    populations = dict.fromkeys(block.population for _, block in pairs if block.population)
    notes += [f"Population: {', '.join(populations)}."] if populations else []
    notes += method_footnotes(dict.fromkeys(s.method for s in found if s.method))
    return (*notes, *tabulate_missing(rows))
