"""Measures of cells by field and by sample; what cannot be measured is missing, with a sentence that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data import Findings
from onearm.derivations.tissue.fields import Fields, lay_out, tissue_word
from onearm.derivations.tissue.finding_rules import TISSUE_RULES
from onearm.derivations.tissue.plan import Measure, TissuePlan
from onearm.derivations.tissue.proximity import measure_proximity
from onearm.derivations.tissue.signs import flag_phenotypes
from onearm.derivations.tissue.structures import measure_structures
from onearm.derivations.tissue.values import FieldValues, Pooled, in_fields, mean_of_fields
from onearm.errors import MethodError
from onearm.frames import empty
from onearm.rules.pd_l1 import combined_positive_score, tumour_proportion_score

__all__ = ["FIELD_SCHEMA", "SAMPLE_SCHEMA", "Measures", "measure_cells"]

SAMPLE_SCHEMA: Final[dict[str, Any]] = {
    "SAMPLE": pl.String,
    "MEASURE": pl.String,
    "VALUE": pl.Float64,
    "UNIT": pl.String,
    "N_FIELDS": pl.Int64,
    "N_CELLS": pl.Int64,
    "WHY": pl.String,
}
"""One row per sample and measure; VALUE is missing where it could not be measured, and WHY says why."""
FIELD_SCHEMA: Final[dict[str, Any]] = {
    "SAMPLE": pl.String,
    "SLIDE": pl.String,
    "FIELD": pl.String,
    "MEASURE": pl.String,
    "VALUE": pl.Float64,
    "UNIT": pl.String,
    "N_CELLS": pl.Int64,
    "N_TARGETS": pl.Int64,
    "AREA_MM2": pl.Float64,
}
"""One row per field and measure."""


@dataclass(frozen=True)
class Measures:
    """
    What was measured.

    Attributes
    ----------
    samples : polars.DataFrame
        `SAMPLE_SCHEMA`.
    fields : polars.DataFrame
        `FIELD_SCHEMA`.
    findings : polars.DataFrame
        What could not be measured as planned.
    layout : Fields
        The cells, for drawing.
    """

    samples: pl.DataFrame
    fields: pl.DataFrame
    findings: pl.DataFrame
    layout: Fields


def measure_cells(
    cells: pl.DataFrame, areas: pl.DataFrame, measures: Sequence[Measure], plan: TissuePlan | None = None
) -> Measures:
    """
    Measure cells.

    Parameters
    ----------
    cells : polars.DataFrame
        A cell table; where SAMPLE is missing the slide takes its place.
    areas : polars.DataFrame
        Areas of fields and tissues; may have no rows.
    measures : sequence of Measure
        What to measure.
    plan : TissuePlan, optional
        Phenotypes, thresholds and other choices.

    Returns
    -------
    Measures
        Values by sample and by field, findings.
    """
    chosen = plan or TissuePlan()
    findings = Findings(rules=TISSUE_RULES)
    known = cells.with_columns(SAMPLE=pl.coalesce("SAMPLE", "SLIDE", "FIELD"))
    flagged = flag_phenotypes(known, _phenotypes(measures, chosen), chosen.phenotypes, chosen.thresholds, findings)
    layout = lay_out(flagged, areas, tissues=chosen.tissues, field_um=chosen.field_um)
    for text, (_, is_known) in layout.phenotypes.items():
        if not is_known.all():
            findings.add("TISSUE-SIGN-MISSING", column=text, what=text, n=int((~is_known).sum()))
    samples, fields = [empty(SAMPLE_SCHEMA)], [empty(FIELD_SCHEMA)]
    for measure in measures:
        values = _measure(measure, layout, chosen, findings)
        samples.append(_sample_rows(measure, values, layout))
        fields.append(_field_rows(measure, values, layout))
    return Measures(pl.concat(samples), pl.concat(fields), findings.frame(), layout)


def _phenotypes(measures: Sequence[Measure], plan: TissuePlan) -> list[str]:
    """List every phenotype that some measure needs."""
    wanted: list[str] = []
    for measure in measures:
        if measure.kind == "structures":
            wanted += [plan.structures.b_cells, *([plan.structures.mature] if measure.of else [])]
        elif measure.kind in ("tps", "cps"):
            score = plan.pd_l1
            wanted += [score.tumour, score.positive, *([score.immune] if score.immune else [])]
        elif measure.kind == "level":
            wanted.append(measure.of)
        else:
            wanted += [text for text in (measure.of, measure.to) if text]
    return list(dict.fromkeys(wanted))


def _measure(measure: Measure, layout: Fields, plan: TissuePlan, findings: Findings) -> FieldValues:
    """Measure one thing; where a phenotype is not known nothing is."""
    lacking = [text for text in _phenotypes([measure], plan) if text not in layout.phenotypes]
    if lacking:
        return FieldValues.nothing(layout.n, f"'{lacking[0]}' cannot be known from these cells")
    return _KINDS[measure.kind](measure, layout, plan, findings)


def _density(measure: Measure, layout: Fields, _plan: TissuePlan, findings: Findings) -> FieldValues:
    tissue = tissue_word(measure.tissue) if measure.tissue else ""
    area = layout.areas.get(tissue, np.full(layout.n, np.nan))
    lacking = ~(area > 0)
    if lacking.any():
        findings.add(
            "TISSUE-AREA-MISSING", column=measure.of, n=int(lacking.sum()), tissue=measure.tissue or "the whole field"
        )
    count = layout.count(layout.phenotypes[measure.of][0] & layout.within(measure.tissue))
    value = np.divide(count, area, out=np.full(layout.n, np.nan), where=~lacking)

    def pool(of: NDArray[np.int64]) -> Pooled:
        usable = of[~lacking[of]]
        total = area[usable].sum()
        if not total > 0:
            return Pooled(np.nan, 0, int(count[of].sum()), "no field has an area")
        cells = int(count[usable].sum())
        return Pooled(
            cells / total, usable.size, cells, f"{cells} cells in {total:.4g} mm² of {in_fields(usable.size)}"
        )

    return FieldValues(value, count, np.zeros(layout.n, dtype=np.int64), np.where(lacking, np.nan, area), pool)


def _percent(measure: Measure, layout: Fields, _plan: TissuePlan, _findings: Findings) -> FieldValues:
    is_of, is_known = layout.phenotypes[measure.of]
    among = layout.within(measure.tissue) & is_known
    if measure.to:
        among &= layout.phenotypes[measure.to][0]
    part, whole = layout.count(is_of & among), layout.count(among)
    return _share(part, whole, measure.to or "cells")


def _share(part: NDArray[np.int64], whole: NDArray[np.int64], what: str) -> FieldValues:
    """Percentages by field and pooled."""
    value = np.divide(100.0 * part, whole, out=np.full(part.size, np.nan), where=whole > 0)

    def pool(of: NDArray[np.int64]) -> Pooled:
        n, total = int(part[of].sum()), int(whole[of].sum())
        fields = int((whole[of] > 0).sum())
        if not total:
            return Pooled(np.nan, 0, 0, f"no '{what}' in any field")
        return Pooled(100 * n / total, fields, n, f"{n} of {total} {what} in {in_fields(fields)}")

    return FieldValues(value, part, whole, np.full(part.size, np.nan), pool)


def _level(measure: Measure, layout: Fields, _plan: TissuePlan, findings: Findings) -> FieldValues:
    """Mean intensity of a marker on cells of a phenotype."""
    columns = [c for c in layout.cells.columns if c.startswith(f"{measure.to}|") and not c.endswith("|call")]
    if not columns:
        findings.add(
            "TISSUE-PHENOTYPE-UNKNOWN", column=measure.to, what=f"no intensity of '{measure.to}' is in the table."
        )
        return FieldValues.nothing(layout.n, f"no intensity of '{measure.to}' is in the table")
    column = next((name for name in columns if "|cell|" in name), columns[0])
    intensity = layout.cells[column].to_numpy()
    chosen = layout.phenotypes[measure.of][0] & layout.within(measure.tissue) & np.isfinite(intensity)
    n = layout.count(chosen)
    total = np.bincount(layout.code[chosen], weights=intensity[chosen], minlength=layout.n)
    value = np.divide(total, n, out=np.full(layout.n, np.nan), where=n > 0)

    def pool(of: NDArray[np.int64]) -> Pooled:
        cells = int(n[of].sum())
        if not cells:
            return Pooled(np.nan, 0, 0, f"no '{measure.of}' in any field")
        return Pooled(
            float(total[of].sum() / cells), int((n[of] > 0).sum()), cells, f"mean of {cells} cells ({column})"
        )

    return FieldValues(value, n, np.zeros(layout.n, dtype=np.int64), np.full(layout.n, np.nan), pool)


def _score(measure: Measure, layout: Fields, plan: TissuePlan, _findings: Findings) -> FieldValues:
    """PD-L1 scores; a score is of all fields of a sample together."""
    score = plan.pd_l1
    is_tumour, is_positive = layout.phenotypes[score.tumour][0], layout.phenotypes[score.positive][0]
    positive = layout.count(is_tumour & is_positive)
    viable = layout.count(is_tumour)
    immune = layout.count(layout.phenotypes[score.immune][0] & is_positive & ~is_tumour) if score.immune else None
    everything = layout.count(np.ones(layout.code.size, dtype=bool))

    def pool(of: NDArray[np.int64]) -> Pooled:
        tumour, stained = int(viable[of].sum()), int(positive[of].sum())
        if measure.kind == "tps":
            made = tumour_proportion_score(stained, tumour, at_least=score.least_cells)
        else:
            try:
                made = combined_positive_score(
                    stained,
                    None if immune is None else int(immune[of].sum()),
                    tumour if score.denominator == "tumour" else int(everything[of].sum()),
                    clone=score.clone,
                    denominator=score.denominator,
                    at_least=score.least_cells,
                )
            except MethodError as error:
                return Pooled(np.nan, 0, stained, str(error))
        note = f"{made.numerator} stained over {made.denominator} ({score.clone})"
        value = np.nan if made.value is None else made.value
        return Pooled(value, of.size, made.numerator, "; ".join(part for part in (note, made.note) if part))

    singles = np.array([pool(np.array([i])).value for i in range(layout.n)])
    return FieldValues(singles, positive, viable, np.full(layout.n, np.nan), pool)


_KINDS: Final[Mapping[str, Callable[[Measure, Fields, TissuePlan, Findings], FieldValues]]] = {
    "density": _density,
    "percent": _percent,
    "level": _level,
    "distance": measure_proximity,
    "share": measure_proximity,
    "count": measure_proximity,
    "g": measure_proximity,
    "k": measure_proximity,
    "structures": measure_structures,
    "tps": _score,
    "cps": _score,
}


def _sample_rows(measure: Measure, values: FieldValues, layout: Fields) -> pl.DataFrame:
    """Pool the fields of each sample, or take their mean."""
    rows = []
    for (sample,), part in layout.frame.group_by("SAMPLE", maintain_order=True):
        of = part["CODE"].to_numpy()
        made = mean_of_fields(values, of) if measure.by_field else values.pool(of)
        value = float(made.value) if np.isfinite(made.value) else None
        rows.append((sample, measure.text, value, measure.unit, made.n_fields, made.n_cells, made.why))
    return pl.DataFrame(rows, schema=SAMPLE_SCHEMA, orient="row")


def _field_rows(measure: Measure, values: FieldValues, layout: Fields) -> pl.DataFrame:
    return layout.frame.select(
        "SAMPLE",
        "SLIDE",
        "FIELD",
        MEASURE=pl.lit(measure.text),
        VALUE=pl.Series(values.value).cast(pl.Float64).fill_nan(None),
        UNIT=pl.lit(measure.unit),
        N_CELLS=pl.Series(values.n_cells, dtype=pl.Int64),
        N_TARGETS=pl.Series(values.n_targets, dtype=pl.Int64),
        AREA_MM2=pl.Series(values.area).cast(pl.Float64).fill_nan(None),
    )
