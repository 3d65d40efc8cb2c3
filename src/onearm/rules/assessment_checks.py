"""Findings about assessed responses: what contradicts itself, the course, or the lesions."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from onearm.frames import check_columns, conform
from onearm.rules.days import shown_day
from onearm.terms import Severity

__all__ = ["ASSESSMENT_FINDINGS", "check_assessments", "compare_responses"]

ASSESSMENT_FINDINGS: Final[dict[str, tuple[Severity, str]]] = {
    "RECIST1.1-CHECK-ONE-DAY": (
        Severity.ERROR,
        "{n} different responses on one day: {words}; read in the order of their rows.",
    ),
    "RECIST1.1-CHECK-AFTER-CR": (Severity.WARNING, "{word} after CR on {day0}: disease that is back after CR is PD."),
    "RECIST1.1-CHECK-AFTER-PD": (Severity.NOTE, "{word} after PD on {day0}."),
    "RECIST1.1-CHECK-AFTER-DEATH": (Severity.ERROR, "{word} after the death on {day0}."),
    "RECIST1.1-CHECK-AFTER-THERAPY": (Severity.NOTE, "{word} after new anticancer therapy on {day0}."),
    "RECIST1.1-CHECK-BEFORE-START": (Severity.WARNING, "{word} before the start on {day0}."),
    "RECIST1.1-CHECK-NO-BASELINE": (Severity.ERROR, "{word} without a baseline assessment."),
    "RECIST1.1-CHECK-DISAGREE": (Severity.WARNING, "assessed as {word}, but the lesions give {words}: {why}"),
}
"""Severity and words of each finding, by its rule."""

_SCHEMA: Final[dict[str, Any]] = {
    "subject": None,
    "day": None,
    "seq": None,
    "severity": pl.String,
    "rule": pl.String,
    "message": pl.String,
}
_EVALUABLE: Final = ("CR", "PR", "SD", "NON-CR/NON-PD")


def check_assessments(assessments: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """
    Find assessed responses that contradict each other or the course of the patient.

    Parameters
    ----------
    assessments : polars.DataFrame
        One row per ``subject`` and ``day`` with ``response`` and, optionally, ``seq``.
    subjects : polars.DataFrame
        One row per ``subject``. Optional, missing where it did not happen: ``reference_day, death_day, therapy_day``
        and ``has_baseline``.

    Returns
    -------
    polars.DataFrame
        One row per finding, sorted: ``subject, day, seq, severity, rule, message``. Nothing is changed: what is done
        with such rows the switches of `BestResponseRules` and `TimeToEventRules` say.

    Raises
    ------
    DataError
        For a missing column.

    References
    ----------
    .. [1] Eisenhauer EA et al. (2009), Eur J Cancer 45:228-247, Table 3.

    Examples
    --------
    >>> assessments = pl.DataFrame({"subject": ["1"] * 2, "day": [43, 85], "response": ["CR", "PR"]})
    >>> check_assessments(assessments, pl.DataFrame({"subject": ["1"]}))["message"].item()
    'PR after CR on day 43: disease that is back after CR is PD.'
    """
    check_columns(assessments, ("subject", "day", "response"), where="assessments")
    check_columns(subjects, ("subject",), where="subjects")
    rows = assessments.with_row_index("seq") if "seq" not in assessments.columns else assessments
    rows = rows.select("subject", "day", "response", "seq").drop_nulls(["day", "response"])
    optional = ("reference_day", "death_day", "therapy_day", "has_baseline")
    rows = rows.join(
        subjects.select("subject", *(name for name in optional if name in subjects.columns)), on="subject", how="left"
    )
    missing = [name for name in optional if name not in rows.columns]
    rows = rows.with_columns(pl.lit(None).alias(name) for name in missing).sort("subject", "day", "seq")
    day, word = pl.col("day"), pl.col("response")
    first_cr = day.filter(word == "CR").min().over("subject")
    first_pd = day.filter(word == "PD").min().over("subject")
    less = word.is_in(["PR", "SD", "NON-CR/NON-PD"])
    kinds = {
        "AFTER-CR": (less & (day > first_cr) & (day <= first_pd).fill_null(True), first_cr),
        "AFTER-PD": (word.is_in(_EVALUABLE) & (day > first_pd), first_pd),
        "AFTER-DEATH": (day > pl.col("death_day"), pl.col("death_day")),
        "AFTER-THERAPY": ((word != "PD") & (day > pl.col("therapy_day")), pl.col("therapy_day")),
        "BEFORE-START": (day < pl.col("reference_day"), pl.col("reference_day")),
        "NO-BASELINE": (word.is_in(_EVALUABLE) & (pl.col("has_baseline") == False), day),  # noqa: E712 - null is not False
    }
    found = [
        _finding(rows.with_columns(day0=other).filter(condition), f"RECIST1.1-CHECK-{kind}")
        for kind, (condition, other) in kinds.items()
    ]
    found.append(_finding(_on_one_day(rows), "RECIST1.1-CHECK-ONE-DAY"))
    schema = _SCHEMA | {name: rows.schema[name] for name in ("subject", "day", "seq")}
    return pl.concat([conform(part, schema) for part in found]).sort("subject", "day", "rule", "seq")


def _on_one_day(rows: pl.DataFrame) -> pl.DataFrame:
    """Days on which a subject has different responses, with the first of their rows."""
    same = rows.group_by("subject", "day").agg(
        pl.col("seq").first(),
        n=pl.col("response").n_unique().cast(pl.String),
        words=pl.col("response").unique(maintain_order=True).str.join(", "),
    )
    return same.filter(pl.col("n") != "1").with_columns(response=pl.col("words"), day0="day")


def compare_responses(assessed: pl.DataFrame, derived: pl.DataFrame) -> pl.DataFrame:
    """
    Find timepoints whose assessed response is not the one that the lesions give.

    Parameters
    ----------
    assessed : polars.DataFrame
        ``subject, visit, day, response`` and, optionally, ``seq``.
    derived : polars.DataFrame
        What `timepoint_response` returns.

    Returns
    -------
    polars.DataFrame
        One row per disagreement, sorted: ``subject, day, seq, severity, rule, message``, where ``day`` and ``seq`` are
        of the assessed row. Timepoints that only one of the two has are not compared.

    Raises
    ------
    DataError
        For a missing column.

    Examples
    --------
    >>> key = {"subject": ["1"], "visit": [1], "day": [43]}
    >>> derived = pl.DataFrame(key | {"response": ["PD"], "why": ["PD: new lesions."]})
    >>> compare_responses(pl.DataFrame(key | {"response": ["SD"]}), derived)["message"].item()
    'assessed as SD, but the lesions give PD: PD: new lesions.'
    """
    check_columns(assessed, ("subject", "visit", "day", "response"), where="assessed responses")
    check_columns(derived, ("subject", "visit", "response", "why"), where="derived responses")
    rows = assessed.with_row_index("seq") if "seq" not in assessed.columns else assessed
    other = derived.select("subject", "visit", "why", words="response")
    both = rows.select("subject", "visit", "day", "response", "seq").join(other, on=("subject", "visit"), how="inner")
    different = both.filter(pl.col("response") != pl.col("words")).with_columns(day0="day")
    schema = _SCHEMA | {name: rows.schema[name] for name in ("subject", "day", "seq")}
    return conform(_finding(different, "RECIST1.1-CHECK-DISAGREE"), schema).sort("subject", "day", "seq")


def _finding(rows: pl.DataFrame, rule: str) -> pl.DataFrame:
    """Give rows the words of a finding."""
    severity, text = ASSESSMENT_FINDINGS[rule]
    # as a column, so that no rows stay no rows
    rows = rows.with_columns(text=pl.lit(text))
    words = pl.col("text")
    marks = {"{word}": pl.col("response"), "{day0}": shown_day("day0")}
    marks |= {f"{{{name}}}": pl.col(name) for name in ("n", "words", "why") if name in rows.columns}
    for mark, value in marks.items():
        words = words.str.replace(mark, value.fill_null("?"), literal=True)
    return rows.select("subject", "day", "seq", severity=pl.lit(severity.value), rule=pl.lit(rule), message=words)
