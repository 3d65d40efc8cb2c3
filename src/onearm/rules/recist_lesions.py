"""Findings about the lesions that were chosen and measured: what contradicts RECIST 1.1, and what cannot be right."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from onearm.frames import check_columns, conform
from onearm.rules.recist import RECIST_1_1, RecistRules
from onearm.terms import Severity

__all__ = ["LESION_FINDINGS", "check_target_lesions"]

LESION_FINDINGS: Final[dict[str, str]] = {
    "RECIST1.1-CHECK-TARGETS": "More than {limit} target lesions.",
    "RECIST1.1-CHECK-ORGAN": "More than {limit} target lesions in one organ.",
    "RECIST1.1-CHECK-MEASURABLE": "A target that is not measurable at baseline.",
    "RECIST1.1-CHECK-BASELINE": "A target without a diameter at baseline.",
    "RECIST1.1-CHECK-NO-BASELINE": "A target that first appears after baseline.",
    "RECIST1.1-CHECK-NEGATIVE": "A negative diameter; taken as not evaluable.",
    "RECIST1.1-CHECK-STATE": "A diameter and a state that contradict each other.",
    "RECIST1.1-CHECK-NODE": "A lesion that is a node at one visit and not at another.",
    "RECIST1.1-CHECK-UNIT": "All diameters are about a tenth of the baseline: they may be in cm.",
}
"""What each check says, by its rule."""

_SCHEMA: Final[dict[str, Any]] = {
    "subject": None,
    "visit": None,
    "lesion": pl.String,
    "severity": pl.String,
    "rule": pl.String,
    "message": pl.String,
}


def check_target_lesions(lesions: pl.DataFrame, rules: RecistRules = RECIST_1_1) -> pl.DataFrame:
    """
    Find target lesions that RECIST 1.1 would not allow, and diameters that cannot be right.

    Parameters
    ----------
    lesions : polars.DataFrame
        As for `sum_of_diameters`. Optional: ``organ``, and ``slice_mm``, the slice thickness of the scan: a lesion is
        measurable from twice the thickness on, if that is more than ``measurable_mm``.
    rules : RecistRules
        The limits.

    Returns
    -------
    polars.DataFrame
        One row per finding, sorted: ``subject, visit, lesion`` (missing where the finding is of a visit or a subject),
        ``severity`` ("error" makes a number doubtful, "warning" may, "note" informs), ``rule, message``. Nothing is
        changed: the responses are derived from the lesions as they are.

    Raises
    ------
    DataError
        For a missing column.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, sections 3.1 and 3.2.

    Examples
    --------
    >>> lesions = pl.DataFrame(
    ...     {"subject": ["1"], "visit": [0], "day": [1], "lesion": ["T1"], "is_node": [True], "diameter_mm": [12.0]}
    ...     | {"state": ["measured"]}
    ... )
    >>> check_target_lesions(lesions)["message"].item()
    'A target that is not measurable at baseline: short axis 12 mm, at least 15 mm needed.'
    """
    check_columns(
        lesions, ("subject", "visit", "day", "lesion", "is_node", "diameter_mm", "state"), where="target lesions"
    )
    rows = _with_baseline(lesions)
    found = [
        _too_many(rows, rules),
        _not_measurable(rows, rules),
        _without_baseline(rows),
        _impossible(rows),
        _changed_node(rows),
        _wrong_unit(rows),
    ]
    schema = _SCHEMA | {"subject": lesions.schema["subject"], "visit": lesions.schema["visit"]}
    table = pl.concat([conform(part, schema) for part in found])
    return table.sort("subject", "rule", "visit", "lesion", nulls_last=False)


def _with_baseline(lesions: pl.DataFrame) -> pl.DataFrame:
    """Mark the baseline rows, take every lesion name as text and note the diameter at baseline."""
    rows = lesions.with_columns(pl.col("lesion").cast(pl.String), is_node=pl.col("is_node").fill_null(False))
    if "is_baseline" not in rows.columns:
        first = rows.sort("day", "visit").unique("subject", keep="first").select("subject", "visit", is_baseline=True)
        rows = rows.join(first, on=("subject", "visit"), how="left").with_columns(
            pl.col("is_baseline").fill_null(False)
        )
    baseline = rows.filter("is_baseline").select("subject", "lesion", baseline_mm="diameter_mm", is_known=True)
    return rows.join(baseline, on=("subject", "lesion"), how="left")


def _finding(
    rows: pl.DataFrame, rule: str, severity: Severity, detail: pl.Expr, *, limit: int | None = None
) -> pl.DataFrame:
    """Give rows the words of a finding."""
    text = LESION_FINDINGS[rule].removesuffix(".").replace("{limit}", str(limit))
    named = [name for name in ("subject", "visit", "lesion") if name in rows.columns]
    return rows.select(
        *named,
        pl.lit(severity.value).alias("severity"),
        pl.lit(rule).alias("rule"),
        pl.format("{}: {}.", pl.lit(text), detail).alias("message"),
    )


def _too_many(rows: pl.DataFrame, rules: RecistRules) -> pl.DataFrame:
    """More targets than allowed, in all or in one organ."""
    baseline = rows.filter("is_baseline")
    count = pl.col("lesion").n_unique().alias("n")
    total = baseline.group_by("subject", "visit").agg(count).filter(pl.col("n") > rules.max_targets)
    parts = [
        _finding(
            total, "RECIST1.1-CHECK-TARGETS", Severity.WARNING, pl.format("found {}", "n"), limit=rules.max_targets
        )
    ]
    if "organ" in rows.columns:
        # nodes count as one organ, wherever they are
        organ = pl.when("is_node").then(pl.lit("lymph nodes")).otherwise("organ").alias("organ")
        by_organ = baseline.group_by("subject", "visit", organ).agg(count).drop_nulls("organ")
        by_organ = by_organ.filter(pl.col("n") > rules.max_targets_per_organ)
        detail = pl.format("found {} in {}", "n", "organ")
        limit = rules.max_targets_per_organ
        parts.append(_finding(by_organ, "RECIST1.1-CHECK-ORGAN", Severity.WARNING, detail, limit=limit))
    return pl.concat(parts)


def _not_measurable(rows: pl.DataFrame, rules: RecistRules) -> pl.DataFrame:
    """Targets below the smallest measurable size at baseline."""
    thick = 2 * pl.col("slice_mm").fill_null(0) if "slice_mm" in rows.columns else pl.lit(0.0)
    least = (
        pl.when("is_node")
        .then(rules.measurable_node_mm)
        .otherwise(pl.max_horizontal(pl.lit(rules.measurable_mm), thick))
        .alias("least")
    )
    small = rows.filter("is_baseline").with_columns(least).filter(pl.col("diameter_mm").is_between(0, "least", "left"))
    axis = pl.when("is_node").then(pl.lit("short axis")).otherwise(pl.lit("longest diameter"))
    detail = pl.format("{} {} mm, at least {} mm needed", axis, _number("diameter_mm"), _number("least"))
    return _finding(small, "RECIST1.1-CHECK-MEASURABLE", Severity.WARNING, detail)


def _number(column: str) -> pl.Expr:
    return pl.col(column).round(1).cast(pl.String).str.strip_suffix(".0")


def _without_baseline(rows: pl.DataFrame) -> pl.DataFrame:
    """Targets that have no diameter at baseline, or were not there."""
    empty = rows.filter(pl.col("is_baseline") & pl.col("diameter_mm").is_null())
    is_fragment = pl.col("parent").is_not_null() if "parent" in rows.columns else pl.lit(False)
    late = rows.filter(pl.col("is_known").is_null() & ~is_fragment)
    late = late.sort("day").unique(("subject", "lesion"), keep="first", maintain_order=True)
    nothing = pl.lit("no response of the targets can be derived")
    ignored = pl.lit("it is not in the sum; a new lesion belongs among the new lesions")
    return pl.concat(
        [
            _finding(empty, "RECIST1.1-CHECK-BASELINE", Severity.ERROR, nothing),
            _finding(late, "RECIST1.1-CHECK-NO-BASELINE", Severity.ERROR, ignored),
        ]
    )


def _impossible(rows: pl.DataFrame) -> pl.DataFrame:
    """Negative diameters, and states that contradict the diameter."""
    mm, state = pl.col("diameter_mm"), pl.col("state")
    negative = rows.filter(mm < 0)
    says_nothing = state.is_in(["absent", "not_done", "not_evaluable", "merged"])
    contradicting = rows.filter(((mm > 0) & says_nothing) | ((state == "measured") & mm.is_null()))
    size = pl.when(mm.is_null()).then(pl.lit("no diameter")).otherwise(_number("diameter_mm") + " mm")
    return pl.concat(
        [
            _finding(negative, "RECIST1.1-CHECK-NEGATIVE", Severity.ERROR, pl.format("{} mm", _number("diameter_mm"))),
            _finding(contradicting, "RECIST1.1-CHECK-STATE", Severity.ERROR, pl.format("{} but {}", "state", size)),
        ]
    )


def _changed_node(rows: pl.DataFrame) -> pl.DataFrame:
    """Lesions that change between node and other: the identifier may have been used twice."""
    changed = rows.group_by("subject", "lesion").agg(pl.col("is_node").n_unique().alias("n")).filter(pl.col("n") > 1)
    return _finding(
        changed, "RECIST1.1-CHECK-NODE", Severity.ERROR, pl.lit("the identifier may have been used for two lesions")
    )


def _wrong_unit(rows: pl.DataFrame) -> pl.DataFrame:
    """Visits at which every lesion, two at least, is 8 to 12.5 % of its baseline."""
    ratio = pl.col("diameter_mm") / pl.col("baseline_mm")
    later = rows.filter(~pl.col("is_baseline") & (pl.col("diameter_mm") > 0) & (pl.col("baseline_mm") > 0))
    visits = later.group_by("subject", "visit").agg(
        n=pl.len(), lowest=ratio.min(), highest=ratio.max(), n_normal=(~ratio.is_between(0.08, 0.125)).sum()
    )
    suspect = visits.filter((pl.col("n") >= 2) & (pl.col("n_normal") == 0))
    detail = pl.format("{} lesions between {} and {} of it", "n", pl.col("lowest").round(2), pl.col("highest").round(2))
    return _finding(suspect, "RECIST1.1-CHECK-UNIT", Severity.WARNING, detail)
