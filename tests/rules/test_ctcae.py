"""CTCAE grades of laboratory values: one case at each side of each bound, with its citation."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.rules.ctcae import VERSIONS, Version, grade_laboratory, read_criteria

CASES = Path(__file__).resolve().parents[1] / "cases" / "ctcae"
CHANGED = (
    "Neutrophil count decreased", "Platelet count decreased", "Lymphocyte count decreased", "CPK increased", "Lipase increased",
    "Alanine aminotransferase increased", "Aspartate aminotransferase increased", "Alkaline phosphatase increased",
    "Blood bilirubin increased", "GGT increased", "Creatinine increased",
)  # fmt: skip
"""Terms of version 5.0 that version 6.0 words otherwise, or no longer has."""


def _cases(version: Version = "5.0") -> list[dict[str, str]]:
    with (CASES / f"laboratory_v{version[0]}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _value(
    test: str, value: float, *, unit: str = "U/L", low: float = 5.0, high: float = 40.0, baseline: float | None = None
) -> pl.DataFrame:
    row = {"row": 0, "test": test, "value": value, "unit": unit}
    limits = {"lower_limit": low, "upper_limit": high, "baseline": baseline}
    return pl.DataFrame([{**row, **limits}], schema_overrides={"baseline": pl.Float64})


def _wrong(cases: list[dict[str, str]], version: Version) -> list[tuple[str, str, str, int | None]]:
    numbers = ("value", "lower_limit", "upper_limit", "baseline", "grade")
    table = pl.DataFrame(cases).with_row_index("row").with_columns(
        pl.col(name).replace("", None).cast(pl.Float64) for name in numbers
    )  # fmt: skip
    graded = grade_laboratory(table, version=version).select("row", "term", "grade")
    found = {(row, term): grade for row, term, grade in graded.rows()}
    return [
        (case["case"], case["value"], case["grade"], found[number, case["term"]])
        for number, case in enumerate(cases)
        if found[number, case["term"]] != (int(case["grade"]) if case["grade"] else None)
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_case_has_the_grade_that_its_citation_gives(version: Version) -> None:
    cases = _cases(version)
    assert _wrong(cases, version) == []
    assert all(case["citation"] for case in cases)


def test_version_6_grades_what_it_did_not_change_as_version_5_does() -> None:
    cases = [case for case in _cases() if case["term"] not in CHANGED]
    assert len(cases) > 250
    assert _wrong(cases, "6.0") == []


def test_terms_that_version_6_dropped_have_no_grade() -> None:
    assert grade_laboratory(_value("CK", 900.0), version="6.0").is_empty()
    lymphocytes = grade_laboratory(_value("LYM", 0.1, unit="10^9/L", low=1, high=4), version="6.0")
    assert lymphocytes["term"].to_list() == ["Lymphocyte count increased"]


def test_a_value_that_is_reported_under_another_term_says_so() -> None:
    row = grade_laboratory(_value("CREATCLR", 5.0, unit="mL/min", low=90, high=140), version="6.0").row(0, named=True)
    assert row["grade"] is None
    assert "under another term" in row["why"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_term_has_cases_for_every_grade_that_a_value_can_reach(version: Version) -> None:
    seen = {(case["term"], case["grade"]) for case in _cases(version)}
    if version == "6.0":  # what it did not change is graded by the cases of version 5.0 as well
        seen |= {(case["term"], case["grade"]) for case in _cases() if case["term"] not in CHANGED}
    reachable = {
        (term.name, str(grade))
        for term in read_criteria(version).terms
        for grade, bounds in enumerate(term.grades, 1)
        if bounds
    }
    assert reachable - seen == set()


def test_terms_are_those_of_the_published_wording(shared_reference: Callable[[str], Path]) -> None:
    path = shared_reference("ctcae") / "ctcae_v5_laboratory_terms.csv"
    with path.open(encoding="utf-8", newline="") as file:
        published = {(row["term"], row["soc"]) for row in csv.DictReader(file)}
    assert {(term.name, term.soc) for term in read_criteria().terms} == published


@given(
    st.sampled_from(["g/L", "mg/dL", "g/dL"]),
    st.floats(0.1, 40).map(lambda x: round(x, 2)),
    st.floats(0.1, 40).map(lambda x: round(x, 2)),
)
def test_a_lower_albumin_never_has_a_lower_grade(unit: str, one: float, other: float) -> None:
    factor = {"g/L": 1.0, "mg/dL": 100.0, "g/dL": 0.1}[unit]
    graded = [
        grade_laboratory(
            _value("ALB", v * factor, unit=unit, low=35 * factor, high=50 * factor)
        )["grade"][0]
        for v in sorted((one, other))
    ]  # fmt: skip
    assert graded[0] >= graded[1]


def test_a_limit_that_is_not_exact_in_binary_is_still_met() -> None:
    # 3 x 40.1 is 120.30000000000001 in floating point; the laboratory's 120.3 is not above it.
    assert grade_laboratory(_value("ALT", 120.3, high=40.1))["grade"].to_list() == [1]


def test_a_test_that_no_term_grades_has_no_row() -> None:
    assert grade_laboratory(_value("UREAN", 9.0)).is_empty()


@pytest.mark.parametrize(("baseline", "rule"), [(80.0, "-BASELINE"), (30.0, "INCREASED"), (None, "INCREASED")])
def test_the_rule_says_whether_the_baseline_was_abnormal(baseline: float | None, rule: str) -> None:
    row = grade_laboratory(_value("ALT", 250.0, baseline=baseline)).row(0, named=True)
    assert row["rule"].endswith(rule)
