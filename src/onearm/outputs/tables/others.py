"""Disposition, exposure, and every analysis that has no table of its own."""

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
    from onearm.outputs.lookup import Block, Lookup, Statistic

__all__ = [
    "FEATURES",
    "KNOWN_ANALYSES",
    "exposure_rows",
    "print_raw",
    "tabulate_disposition",
    "tabulate_exposure",
    "tabulate_rest",
]

KNOWN_ANALYSES: Final = frozenset(
    {
        "trial", "disposition", "baseline", "best_response", "response_rate", "survival", "survival_rate",
        "survival_curve", "survival_at_risk", "follow_up", "tumour_change", "exposure", "phase_disposition", "phase_exposure",
        "design", "subgroup",
        "subgroup_test", "model", "sensitivity", "adverse_events", "laboratory", "therapy", "liver", "biomarker_summary",
        "biomarker_response", "biomarker_response_rate", "biomarker_change", "biomarker_survival", "biomarker_groups",
        "biomarker_curve", "gene_association", "signature", "signature_curve",
        "slope_change", "tissue_alignment",
    }
)  # fmt: skip
SPLIT_ANALYSES: Final = frozenset(
    {"subgroup", "subgroup_test", "model", "sensitivity", "biomarker_curve", "signature_curve"}
)
FEATURES: Final = "feature_"
"""How the analyses begin that have a row for each of thousands of features: files hold them, tables show their top."""
"""Analyses whose rows are split within a group on purpose and have tables of their own."""
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
    notes = ("Everybody in the data; reasons below the step that they left at.", *tabulate_missing(rows))
    return Table("disposition", "Disposition of patients", heads, tuple(rows), notes, ("disposition",))


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
    rows = exposure_rows(blocks, printer)
    heads = ("", *(lookup.group.label for lookup in lookups))
    populations = dict.fromkeys(block.population for block in blocks if block.population)
    notes = [f"Population: {', '.join(populations)}."] if populations else []
    notes += method_footnotes(dict.fromkeys(m for block in blocks for m in block.methods()))
    return Table(
        "exposure",
        "Exposure to treatment",
        heads,
        tuple(rows),
        (*notes, *tabulate_missing(rows)),
        ("exposure",),
    )


def exposure_rows(blocks: Sequence[Block], printer: Printer) -> list[Row]:
    """
    Lay out what was given, drug by drug.

    Parameters
    ----------
    blocks : sequence of Block
        Of ``exposure``, or of ``phase_exposure`` of one phase; one for each group.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    list of Row
        A heading for each drug, and for all drugs together where the results have that.
    """
    rows: list[Row] = []
    for drug in dict.fromkeys(v for block in blocks for v in block.variables()):
        rows.append(heading(drug or "Any drug", len(blocks)))
        for level in dict.fromkeys(lv for block in blocks for name, lv in block.cells if name == drug):
            rows += _exposed(blocks, drug, level, printer)
    return rows


def _exposed(blocks: Sequence[Block], drug: str | None, level: str | None, printer: Printer) -> list[Row]:
    names = dict.fromkeys(name for block in blocks for name in block.stats(drug, level))
    rows = []
    lead = _level_label(level) if level else "Treated"
    if "n" in names:
        cells = []
        for block in blocks:
            n, total, p = (block.stat(name, drug, level) for name in ("n", "N", "p"))
            of = f" of {printer.number(total.value)}" if total.value is not None else ""
            cells.append((f"{printer.count_percent(n.value, p.value)}{of}", (n, total, p)))
        rows.append(row(f"{lead}, n (%)" if "p" in names else f"{lead}, n", cells))
    stems = dict.fromkeys(name.removesuffix("_median") for name in names if name.endswith("_median"))
    shown = {"n", "N", "p"}
    for stem in stems:
        parts = [f"{stem}_{part}" for part in ("median", "min", "max", "q1", "q3")]
        averages = [f"{stem}_mean", f"{stem}_sd"]
        shown |= {*parts, *averages}
        unit = next((f", {u}" for block in blocks if (u := block.stat(parts[0], drug, level).unit)), "")
        for label, chosen in ((f"{title_case(stem)}, median (range){unit}", parts[:3]), ("IQR" + unit, parts[3:])):
            found = [[block.stat(name, drug, level) for name in chosen] for block in blocks]
            if any(s for stats in found for s in stats):
                rows.append(
                    row(
                        f"{title_case(stem)}, {label}" if len(chosen) == 2 else label,
                        [_spread(s, printer) for s in found],
                    )
                )
        found = [[block.stat(name, drug, level) for name in averages] for block in blocks]
        if any(s for stats in found for s in stats):
            rows.append(row(f"{title_case(stem)}, mean (SD){unit}", [_average(s, printer) for s in found]))
    for name in [name for name in names if name not in shown]:
        found_one = [block.stat(name, drug, level) for block in blocks]
        rows.append(row(title_case(name), [(print_raw(s, printer), (s,)) for s in found_one]))
    return rows


def _level_label(level: str) -> str:
    name, _, reason = level.partition(": ")
    return f"{title_case(name)}: {reason_label(reason).lower()}" if reason else title_case(level)


def _average(stats: Sequence[Statistic], printer: Printer) -> tuple[str, Sequence[Statistic]]:
    texts = [printer.months(s.value) if s.unit == "months" else printer.measure(s.value) for s in stats if s]
    return (f"{texts[0]} ({texts[1]})" if len(texts) == 2 else "".join(texts)), stats


def _spread(stats: Sequence[Statistic], printer: Printer) -> tuple[str, Sequence[Statistic]]:
    texts = [printer.months(s.value) if s.unit == "months" else printer.measure(s.value) for s in stats]
    inside = printer.interval(texts[-2], texts[-1])
    return (inside if len(texts) == 2 else f"{texts[0]} ({inside})"), stats


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
    shown = pl.col("analysis").is_in(list(KNOWN_ANALYSES)) & (~split | pl.col("analysis").is_in(list(SPLIT_ANALYSES)))
    rows: list[Row] = []
    last = None
    features = pl.col("analysis").str.starts_with(FEATURES)
    for line in results.filter(~shown & ~features).iter_rows(named=True):
        if line["analysis"] != last:
            last = line["analysis"]
            rows.append(heading(title_case(str(last)), 1))
        label = " · ".join(str(line[name]) for name in keys if line[name] is not None)
        text = line["text"] or _number(line["value"], line["unit"], printer)
        rows.append(row(label, [(text if line["value"] is not None or line["text"] else (line["note"] or text), ())]))
    return Table("further_results", "Further results", ("", "Value"), tuple(rows), (), ())


def print_raw(statistic: Statistic, printer: Printer) -> str:
    """
    Print a statistic by its unit.

    Parameters
    ----------
    statistic : Statistic
        Any.
    printer : Printer
        How numbers are printed.

    Returns
    -------
    str
        Its text where it has one.
    """
    if statistic.text is not None:
        return statistic.text
    return _number(statistic.value, statistic.unit, printer)


def _number(value: float | None, unit: str | None, printer: Printer) -> str:
    if value is not None and unit == "proportion":
        return printer.percent(value, sign=True)
    if value is not None and not float(value).is_integer() and abs(value) < 10:
        return format_number(value, 3, rounding=printer.rounding).rstrip("0")
    return printer.measure(value)
