"""Disposition, design, exposure, and every analysis that has no table of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from onearm.outputs.format import format_number
from onearm.outputs.labels import reason_label, title_case
from onearm.outputs.methods import method_footnotes
from onearm.outputs.tables.model import Row, Table, heading, row, tabulate_missing

if TYPE_CHECKING:
    import polars as pl

    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Lookup, Statistic
    from onearm.protocol import Protocol

__all__ = ["KNOWN_ANALYSES", "tabulate_design", "tabulate_disposition", "tabulate_exposure", "tabulate_rest"]

KNOWN_ANALYSES: Final = frozenset(
    {
        "trial", "disposition", "baseline", "best_response", "response_rate", "survival", "survival_rate",
        "survival_curve", "survival_at_risk", "follow_up", "tumour_change", "exposure", "design", "subgroup",
    }
)  # fmt: skip
_STEPS: Final = {
    "screened": "Screened",
    "not_enrolled": "Not enrolled",
    "enrolled": "Enrolled",
    "not_treated": "Not treated",
    "treated": "Treated",
    "ongoing": "Treatment ongoing at cut-off",
    "discontinued": "Discontinued treatment",
    "completed": "Completed treatment",
}
_DESIGN: Final = {
    "p0": "Rate not worth pursuing (p0)",
    "p1": "Rate aimed at (p1)",
    "alpha": "One-sided type I error (α)",
    "power": "Power",
    "r1": "Stage 1: stop if not more responses than (r1)",
    "n1": "Stage 1: patients (n1)",
    "r": "Promising if more responses than (r)",
    "n": "Patients in all (n)",
    "pet": "Probability of early termination under p0",
    "en": "Expected number of patients under p0",
    "observed": "Observed",
    "decision": "Decision",
}


def tabulate_disposition(lookups: Sequence[Lookup], printer: Printer) -> Table:
    """
    Tabulate the flow of patients with the reasons for leaving it.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        One column for each group.
    """
    blocks = [lookup.block("disposition") for lookup in lookups]
    rows: list[Row] = []
    for step in dict.fromkeys(str(level) for block in blocks for level in block.levels("step")):
        counts = [block.stat("n", "step", step) for block in blocks]
        label = _STEPS.get(step, f"Analysis set: {step}")
        rows.append(row(label, [(printer.number(n.value), (n,)) for n in counts], depth=0))
        variable = f"reason:{step}"
        for reason in dict.fromkeys(level for block in blocks for level in block.levels(variable)):
            found = [block.stat("n", variable, reason) for block in blocks]
            texts = [(printer.number(n.value if n.trace else 0), (n,)) for n in found]
            rows.append(row(reason_label(reason or "Not stated"), texts))
    heads = ("Patients, n", *(lookup.group.label for lookup in lookups))
    return Table(
        "disposition", "Disposition of patients", heads, tuple(rows), tuple(tabulate_missing(rows)), ("disposition",)
    )


def tabulate_design(lookups: Sequence[Lookup], protocol: Protocol, printer: Printer) -> Table:
    """
    Tabulate the design and its decision.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    protocol : Protocol
        Names the kind of design.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        One column for each group that has a design.
    """
    pairs = [(lookup.group, block) for lookup in lookups for block in lookup.blocks("design")]
    rows = []
    for variable in dict.fromkeys(str(v) for _, block in pairs for v in block.variables()):
        cells = []
        for _, block in pairs:
            stats = list(block.stats(variable).values())
            cells.append((_raw(stats[0], printer) if stats else "", stats[:1]))
        rows.append(row(_DESIGN.get(variable, title_case(variable)), cells, depth=0))
    notes = dict.fromkeys(
        s.note for _, block in pairs for stats in block.cells.values() for s in stats.values() if s.note and s
    )
    methods = dict.fromkeys(m for _, block in pairs for m in block.methods())
    kinds = {
        "simon": "Two-stage design of Simon (Control Clin Trials 1989;10:1-10).",
        "exact": "One-stage exact binomial design (A'Hern, Stat Med 2001;20:859-66).",
        "bayes": "Bayesian monitoring by a beta-binomial model (Zohar et al., Stat Med 2008;27:83-99).",
        "one_sample_log_rank": "One-sample log-rank test.",
    }
    kind = kinds.get(protocol.design.kind)
    foot = [*([kind] if kind else []), *(f"{note.rstrip('.')}." for note in notes), *method_footnotes(methods)]
    return Table(
        "design",
        "Design and decision",
        ("", *(group.label for group, _ in pairs)),
        tuple(rows),
        (*foot, *tabulate_missing(rows)),
        ("design",),
    )


def tabulate_exposure(lookups: Sequence[Lookup], printer: Printer) -> Table:
    """
    Tabulate the treatment that was given.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        By drug, one column for each group; without rows where exposure was not analysed.
    """
    blocks = [lookup.block("exposure") for lookup in lookups]
    rows: list[Row] = []
    for drug in dict.fromkeys(v for block in blocks for v in block.variables()):
        rows.append(heading(title_case(drug or "Any drug"), len(blocks)))
        for level in dict.fromkeys(lv for block in blocks for lv in block.levels(drug or "")) or [None]:
            stats = dict.fromkeys(name for block in blocks for name in block.stats(drug, level))
            for name in stats:
                found = [block.stat(name, drug, level) for block in blocks]
                label = title_case(name if name != "n" else "patients")
                label = f"{level}: {label}" if level else label
                rows.append(row(label, [(_raw(s, printer), (s,)) for s in found]))
    heads = ("", *(lookup.group.label for lookup in lookups))
    methods = dict.fromkeys(m for block in blocks for m in block.methods())
    foot = (*method_footnotes(methods), *tabulate_missing(rows))
    return Table("exposure", "Exposure to treatment", heads, tuple(rows), foot, ("exposure",))


def tabulate_rest(results: pl.DataFrame, printer: Printer) -> Table:
    """
    Print every result that no other table or figure shows, so that none is lost.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    Table
        One line for each row of an analysis that is not in `KNOWN_ANALYSES`.
    """
    import polars as pl

    keys = ["paramcd", "population", "group1_level", "group2_level", "variable", "variable_level", "stat"]
    split = pl.col("group2").is_not_null() | (pl.col("group1").is_not_null() & (pl.col("group1") != "COHORT"))
    shown = pl.col("analysis").is_in(list(KNOWN_ANALYSES)) & (~split | (pl.col("analysis") == "subgroup"))
    rows: list[Row] = []
    last = None
    for line in results.filter(~shown).iter_rows(named=True):
        if line["analysis"] != last:
            last = line["analysis"]
            rows.append(heading(title_case(str(last)), 1))
        label = " · ".join(str(line[name]) for name in keys if line[name] is not None)
        text = line["text"] or _number(line["value"], line["unit"], printer)
        rows.append(row(label, [(text if line["value"] is not None or line["text"] else (line["note"] or text), ())]))
    return Table("further_results", "Further results", ("", "Value"), tuple(rows), (), ())


def _raw(statistic: Statistic, printer: Printer) -> str:
    if statistic.text is not None:
        return statistic.text
    return _number(statistic.value, None, printer)


def _number(value: float | None, unit: str | None, printer: Printer) -> str:
    if value is not None and unit == "proportion":
        return printer.percent(value, sign=True)
    if value is not None and not float(value).is_integer() and abs(value) < 10:
        return format_number(value, 3, rounding=printer.rounding).rstrip("0")
    return printer.measure(value)
