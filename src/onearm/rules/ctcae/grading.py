"""Grading laboratory values, all rows of a term at once."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from onearm.frames import check_columns, empty
from onearm.rules.ctcae.criteria import Bound, Criteria, Term, Version, read_criteria

__all__ = ["SCHEMA", "grade_laboratory"]

_INPUT: Final = ("row", "test", "value", "unit", "lower_limit", "upper_limit", "baseline")
SCHEMA: Final[dict[str, Any]] = {
    "row": pl.Int64,
    "term": pl.String,
    "soc": pl.String,
    "direction": pl.String,
    "grade": pl.Int64,
    "rule": pl.String,
    "why": pl.String,
}
_NOISE: Final = 1e-9
"""Relative difference that is none: 1.5 times a limit of 40.1 is not exactly the number that a laboratory prints."""


def grade_laboratory(values: pl.DataFrame, *, version: Version = "5.0") -> pl.DataFrame:
    """
    Grade laboratory values by CTCAE.

    Parameters
    ----------
    values : polars.DataFrame
        One row per value: ``row`` (its number), ``test`` (code such as ``ALT``), ``value``, ``unit``, ``lower_limit`` and
        ``upper_limit`` (of the laboratory that measured it), ``baseline`` (the subject's value before treatment, in the
        same unit; missing: taken as normal). Glucose of a patient known to be fasting has the code ``GLUC-FASTING``.
    version : {'5.0', '6.0'}
        Version of the criteria.

    Returns
    -------
    polars.DataFrame
        One row per value and term that grades its test, in the order of ``row``: ``term soc direction grade rule why``.
        Grade 0 is below grade 1. A grade is missing where the value, its unit or a limit of normal that could decide it is
        missing; ``why`` says which. Tests that no term grades have no row.

    References
    ----------
    .. [1] National Cancer Institute (2017), Common Terminology Criteria for Adverse Events (CTCAE), version 5.0.
    .. [2] National Cancer Institute (2025), Common Terminology Criteria for Adverse Events (CTCAE), version 6.0.

    Examples
    --------
    >>> value = pl.DataFrame({"row": [1], "test": ["ALT"], "value": [250.0], "unit": ["U/L"], "lower_limit": [5.0],
    ...                       "upper_limit": [40.0], "baseline": [30.0]})
    >>> grade_laboratory(value).select("term", "grade").row(0)
    ('Alanine aminotransferase increased', 3)
    """
    check_columns(values, _INPUT, where="laboratory values")
    criteria = read_criteria(version)
    asked = values.select(_INPUT).with_columns(
        pl.col("row").cast(pl.Int64),
        _unit=pl.col("unit").fill_null("").str.to_lowercase().str.replace_all(" ", "").str.replace_all("µ|μ", "u"),
    )
    parts = [_grade_term(asked, term, criteria) for term in criteria.terms]
    graded = pl.concat([part for part in parts if part.height] or [empty(SCHEMA)])
    names = {test: term for term in criteria.terms for test in term.tests}
    # A value whose unit no numbers of its term are stated in is said to be ungraded, once for each term.
    keys = pl.DataFrame(
        sorted({(test, t.name, t.soc, t.direction) for t in criteria.terms for test in t.tests}),
        schema=["test", "term", "soc", "direction"],
        orient="row",
    )
    expected = asked.filter(pl.col("test").is_in(list(names))).select("row", "test").join(keys, on="test")
    unknown = expected.join(graded, on=["row", "term"], how="anti").select(
        "row",
        "term",
        "soc",
        "direction",
        grade=pl.lit(None, dtype=pl.Int64),
        rule=pl.lit("CTCAE-UNIT-UNKNOWN"),
        why=pl.lit("The criteria state no numbers in this unit."),
    )
    return pl.concat([graded, unknown]).select(list(SCHEMA)).sort("row", "direction", "term")


def _grade_term(asked: pl.DataFrame, term: Term, criteria: Criteria) -> pl.DataFrame:
    rows = asked.filter(pl.col("test").is_in(list(term.tests)))
    if term.unit is None:
        scale = pl.lit(1.0)
    else:
        factors = criteria.factors(term.unit)
        rows = rows.filter(pl.col("_unit").is_in(list(factors)))
        scale = pl.col("_unit").replace_strict(factors, default=None, return_dtype=pl.Float64)
    if rows.is_empty():
        return empty(SCHEMA)
    scaled = rows.with_columns(
        (pl.col(name).cast(pl.Float64) * scale).alias(name)
        for name in ("value", "lower_limit", "upper_limit", "baseline")
    )
    limit = "upper_limit" if term.direction == "high" else "lower_limit"
    beyond = (pl.col("baseline") > pl.col(limit)) if term.direction == "high" else (pl.col("baseline") < pl.col(limit))
    is_abnormal = (beyond if term.abnormal else pl.lit(False)).fill_null(False)
    is_below = ((pl.col("baseline") < pl.col("lower_limit")) if term.below else pl.lit(False)).fill_null(False)
    grade = _highest(term.grades)
    for condition, other in ((is_abnormal, term.abnormal), (is_below, term.below)):
        if other:
            grade = pl.when(condition).then(_highest(other)).otherwise(grade)
    is_ungraded = pl.any_horizontal(pl.lit(False), *(_holds(bound) for bound in term.ungraded)).fill_null(False)
    return scaled.with_columns(grade=pl.when(~is_ungraded).then(grade)).select(
        "row",
        term=pl.lit(term.name),
        soc=pl.lit(term.soc),
        direction=pl.lit(term.direction),
        grade=pl.col("grade").cast(pl.Int64),
        rule=pl.when(is_abnormal | is_below).then(pl.lit(f"{_code(term, criteria)}-BASELINE")).otherwise(
            pl.lit(_code(term, criteria))
        ),
        why=_why(term, criteria, is_ungraded, is_abnormal | is_below),
    )  # fmt: skip


def _code(term: Term, criteria: Criteria) -> str:
    name = term.name.upper().replace(" ", "-").replace("(", "").replace(")", "")
    return f"CTCAE{criteria.version.partition('.')[0]}-{name}"


def _why(term: Term, criteria: Criteria, is_ungraded: pl.Expr, is_relative: pl.Expr) -> pl.Expr:
    """Say what the grade rests on, or why there is none."""
    said = f"{criteria.source}: {term.name}"
    limit = "upper limit" if term.direction == "high" else "lower limit"
    return (
        pl.when(pl.col("value").is_null())
        .then(pl.lit("There is no numeric value."))
        .when(is_ungraded)
        .then(pl.lit(f"{said}: the criteria report such a value under another term."))
        .when(pl.col("grade").is_null())
        .then(pl.lit(f"The {limit} of normal is missing and decides the grade."))
        .when(is_relative)
        .then(pl.lit(f"{said}, relative to an abnormal baseline."))
        .otherwise(pl.lit(f"{said}."))
    )


def _highest(grades: tuple[tuple[Bound, ...], ...]) -> pl.Expr:
    """Take the highest grade that is reached; missing where a higher one cannot be decided."""
    result: pl.Expr = pl.lit(0)
    for number, bounds in enumerate(grades, start=1):
        if not bounds:
            continue
        reached = pl.any_horizontal(*(_holds(bound) for bound in bounds))
        result = pl.when(reached.is_null()).then(None).when(reached).then(number).otherwise(result)
    return pl.when(pl.col("value").is_not_null()).then(result)


def _holds(bound: Bound) -> pl.Expr:
    if bound.of is None:
        limit: pl.Expr = pl.lit(bound.plus)
    else:
        of = {"ULN": "upper_limit", "LLN": "lower_limit", "baseline": "baseline"}[bound.of]
        limit = bound.times * pl.col(of) + bound.plus
    value = pl.col("value")
    compare = {
        ">": value > limit * (1 + _NOISE),
        ">=": value >= limit * (1 - _NOISE),
        "<": value < limit * (1 - _NOISE),
        "<=": value <= limit * (1 + _NOISE),
    }[bound.sign]
    # A multiple of an unknown baseline cannot hold; an unknown limit of normal leaves the grade open.
    return compare.fill_null(False) if bound.of == "baseline" else compare
