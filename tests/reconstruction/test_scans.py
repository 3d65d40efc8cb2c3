"""Assessments must lead to the response and the day that were asked for, by the rules that judge any trial."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import DataError
from onearm.reconstruction.lesions import SMALLEST, diameter_at, lay_out_lesions, sum_of
from onearm.reconstruction.scans import Course, plan_scans

PLANNED = (42, 84, 126, *range(189, 1200, 63))


@st.composite
def courses(draw: st.DrawFn) -> Course:
    """Courses that assessments can show."""
    response = draw(st.sampled_from(["CR", "PR", "SD", "PD"]))
    end = "progression" if response == "PD" else draw(st.sampled_from(["progression", "death", "censored"]))
    if response in {"CR", "PR"}:
        first = draw(st.integers(20, 200))
        return Course(response, end, first + draw(st.integers(29, 600)), first, deepest=0.6)  # type: ignore[arg-type]
    if response == "PD":
        return Course("PD", "progression", draw(st.integers(10, 100)))
    return Course("SD", end, draw(st.integers(44, 700)), is_shrinking=draw(st.booleans()))  # type: ignore[arg-type]


@given(courses(), st.integers(0, 10_000))
def test_sums_show_the_response_and_nothing_better_before_it(course: Course, seed: int) -> None:
    scans = plan_scans(course, PLANNED, np.random.default_rng(seed))
    days = [scan.day for scan in scans]
    assert days == sorted(set(days))
    shrunk = [scan.day for scan in scans if scan.size <= 0.70]
    if course.response_day is None:
        assert not shrunk
        return
    assert shrunk[0] == course.response_day
    assert any(course.confirm_days <= day - shrunk[0] for day in shrunk), "a second scan confirms the response"
    assert (min(scan.size for scan in scans) == 0.0) == (course.response == "CR")


@given(courses(), st.integers(0, 10_000))
def test_progression_is_on_the_last_scan_and_on_no_other(course: Course, seed: int) -> None:
    scans = plan_scans(course, PLANNED, np.random.default_rng(seed))
    smallest, progressed = 1.0, []
    for scan in scans:
        # RECIST 1.1, 4.3.1: 20 % over the smallest sum, or a new lesion
        if scan.finding or smallest < scan.size >= 1.2 * smallest:
            progressed.append(scan.day)
        smallest = min(smallest, scan.size)
    assert progressed == ([course.end_day] if course.end == "progression" else [])
    if course.end == "censored":
        assert scans[-1].day == course.end_day
    if course.end == "death":
        assert scans[-1].day < course.end_day


def test_stable_disease_is_seen_late_enough() -> None:
    scans = plan_scans(Course("SD", "progression", 60), PLANNED, np.random.default_rng(1))
    assert [scan.day >= 42 for scan in scans] == [True, True]


def test_a_response_that_cannot_be_confirmed_is_refused() -> None:
    with pytest.raises(DataError, match="cannot be confirmed"):
        plan_scans(Course("PR", "progression", 60, response_day=42), PLANNED, np.random.default_rng(1))


def test_a_patient_who_was_never_assessed_has_no_scan() -> None:
    assert plan_scans(Course("NE", "death", 30), PLANNED, np.random.default_rng(1)) == ()
    assert plan_scans(Course("NE", "censored", 0), PLANNED, np.random.default_rng(1)) == ()


@given(st.integers(101, 2500), st.integers(0, 1000))
def test_target_lesions_add_up_and_are_measurable(tenths: int, seed: int) -> None:
    total = tenths / 10
    lesions = lay_out_lesions(total, ("LUNG", "LYMPH NODE"), "ESOPHAGUS", np.random.default_rng(seed))
    targets = pl.DataFrame([(one.organ, one.diameter, one.is_node) for one in lesions if one.is_target], orient="row")
    assert round(sum_of(lesions), 1) == total
    assert targets.filter(pl.col("column_1") < pl.when("column_2").then(15.0).otherwise(10.0)).is_empty()
    assert targets.height <= 5
    assert targets["column_0"].value_counts()["count"].max() <= 2  # type: ignore[operator]


def test_no_diameter_lies_between_gone_and_too_small_to_measure() -> None:
    lesion = lay_out_lesions(10.1, (), "ESOPHAGUS", np.random.default_rng(1))[0]
    assert diameter_at(lesion, 0.1) == SMALLEST
    assert diameter_at(lesion, 0.0) == 0.0


@given(st.integers(300, 2500), st.integers(0, 1000))
def test_growth_reaches_five_millimetres(tenths: int, seed: int) -> None:
    # RECIST 1.1, 4.3.1: an increase of at least 5 mm besides the 20 %
    total = tenths / 10
    course = Course("PR", "progression", 400, response_day=43, deepest=0.75, least_growth=6.5 / total)
    scans = plan_scans(course, PLANNED, np.random.default_rng(seed))
    nadir = min(scan.size for scan in scans)
    assert scans[-1].finding or (scans[-1].size - nadir) * total > 5


@given(st.sampled_from(["CR", "PR", "SD", "PD"]), st.integers(0, 10_000))
def test_a_progression_in_several_organs_is_one_of_new_lesions(response: str, seed: int) -> None:
    first = 43 if response in {"CR", "PR"} else None
    scans = plan_scans(Course(response, "progression", 200, first, new_sites=3), PLANNED, np.random.default_rng(seed))
    assert [(scan.finding, scan.new_sites) for scan in scans if scan.finding] == [("new", 3)]
