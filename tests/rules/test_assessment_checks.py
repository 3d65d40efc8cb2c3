"""Findings about assessed responses."""

from __future__ import annotations

import polars as pl
import pytest

from onearm.rules.assessment_checks import ASSESSMENT_FINDINGS, check_assessments, compare_responses


def _found(course: str, **days: object) -> list[tuple[int, str]]:
    rows = [("a", int(day), word) for day, word in (part.split(":") for part in course.split())]
    assessments = pl.DataFrame(rows, schema=["subject", "day", "response"], orient="row")
    found = check_assessments(assessments, pl.DataFrame([{"subject": "a"} | days]))
    assert set(found["rule"]) <= set(ASSESSMENT_FINDINGS)
    assert not found["message"].str.contains(r"[{}]").any()
    return [(row["day"], row["rule"].removeprefix("RECIST1.1-CHECK-")) for row in found.iter_rows(named=True)]


@pytest.mark.parametrize(
    ("course", "days", "expected"),
    [
        ("42:SD 84:PR 126:CR 168:CR 210:PD", {}, []),
        ("42:CR 84:PR", {}, [(84, "AFTER-CR")]),
        ("42:CR 84:NE 126:SD 168:PR", {}, [(126, "AFTER-CR"), (168, "AFTER-CR")]),
        ("42:PD 84:PR", {}, [(84, "AFTER-PD")]),
        ("42:PD 84:PD 126:NE", {}, []),
        ("42:CR 84:PD 126:SD", {}, [(126, "AFTER-PD")]),
        ("42:SD 42:PD", {}, [(42, "ONE-DAY")]),
        ("42:SD 42:SD", {}, []),
        ("42:SD 84:SD", {"death_day": 60}, [(84, "AFTER-DEATH")]),
        ("42:SD 84:SD", {"death_day": 84}, []),
        ("42:SD 84:SD", {"therapy_day": 60}, [(84, "AFTER-THERAPY")]),
        ("-3:SD 42:SD", {"reference_day": 0}, [(-3, "BEFORE-START")]),
        ("42:SD 84:PD", {"has_baseline": False}, [(42, "NO-BASELINE")]),
        ("42:SD 84:PD", {"has_baseline": None, "death_day": None}, []),
    ],
)
def test_contradictions_are_found(course, days, expected):
    assert _found(course, **days) == expected


def test_disagreement_names_both_and_says_why():
    key = {"subject": ["a"] * 3, "visit": [1, 2, 3], "day": [42, 84, 126]}
    assessed = pl.DataFrame(key | {"response": ["SD", "SD", "NE"], "seq": [7, 8, 9]})
    derived = pl.DataFrame(key | {"response": ["SD", "PD", "NE"], "why": ["", "PD: new lesions.", ""]})
    found = compare_responses(assessed, derived.filter(pl.col("visit") < 3)).row(0, named=True)
    assert (found["day"], found["seq"], found["severity"]) == (84, 8, "warning")
    assert found["message"] == "assessed as SD, but the lesions give PD: PD: new lesions."
