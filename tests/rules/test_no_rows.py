"""Frames without rows go through every function and keep their columns."""

from __future__ import annotations

import polars as pl

from onearm.rules.assessment_checks import check_assessments, compare_responses
from onearm.rules.best_response import (
    best_response,
    clinical_benefit,
    confirmed_best_response,
    confirmed_response,
    first_response,
)
from onearm.rules.censoring import PFS_RULES, TimeToEventRules, time_to_event
from onearm.rules.irecist import immune_timepoint_response
from onearm.rules.irecist_best import immune_best_response, immune_progression
from onearm.rules.kinetics import depth_of_response, progression_extent
from onearm.rules.progression import first_progression, last_adequate_assessment
from onearm.rules.recist_lesions import check_target_lesions
from onearm.rules.recist_non_target import new_lesion_response, non_target_response
from onearm.rules.recist_target import sum_of_diameters, target_response
from onearm.rules.recist_timepoint import timepoint_response

LESIONS = pl.DataFrame(
    schema={
        "subject": pl.String,
        "visit": pl.Int64,
        "day": pl.Date,
        "lesion": pl.String,
        "is_node": pl.Boolean,
        "diameter_mm": pl.Float64,
        "state": pl.String,
    }
)
ASSESSMENTS = pl.DataFrame(schema={"subject": pl.String, "day": pl.Date, "response": pl.String, "seq": pl.Int64})
SUBJECTS = pl.DataFrame(schema={"subject": pl.String, "reference_day": pl.Date, "start_day": pl.Date})


def test_lesions():
    sums = sum_of_diameters(LESIONS)
    target, non_target, new = target_response(sums), non_target_response(LESIONS), new_lesion_response(LESIONS)
    points = timepoint_response(target, non_target, new)
    assert points.schema["day"] == pl.Date
    assert points.is_empty()
    assert immune_timepoint_response(target, non_target, new).is_empty()
    assert check_target_lesions(LESIONS).is_empty()
    assert depth_of_response(sums).is_empty()


def test_assessments():
    for function in (best_response, confirmed_best_response, first_response, confirmed_response, clinical_benefit):
        assert function(ASSESSMENTS, SUBJECTS).is_empty()
    assert immune_best_response(ASSESSMENTS, SUBJECTS).is_empty()
    for one in (first_progression, last_adequate_assessment, immune_progression):
        assert one(ASSESSMENTS).is_empty()
    assert check_assessments(ASSESSMENTS, SUBJECTS).is_empty()
    derived = ASSESSMENTS.with_columns(visit=pl.lit(1), why=pl.lit(""))
    assert compare_responses(ASSESSMENTS.with_columns(visit=pl.lit(1)), derived).is_empty()


def test_events():
    for rules in (PFS_RULES, TimeToEventRules(schedule=((42, None),))):
        assert time_to_event(SUBJECTS, ASSESSMENTS, rules).is_empty()
        assert time_to_event(SUBJECTS, None, rules).is_empty()


def test_sites():
    assert progression_extent(pl.DataFrame(schema={"subject": pl.String, "site": pl.String})).is_empty()


def test_subjects_without_assessments():
    subjects = pl.DataFrame({"subject": ["a"], "reference_day": ["2024-01-01"]}).with_columns(
        pl.col("reference_day").str.to_date(), start_day=pl.date(2024, 1, 1)
    )
    assert best_response(ASSESSMENTS, subjects)["response"].to_list() == ["NE"]
    assert confirmed_response(ASSESSMENTS, subjects)["is_responder"].to_list() == [False]
    found = time_to_event(subjects, ASSESSMENTS).row(0, named=True)
    assert (str(found["day"]), found["reason"]) == ("2024-01-01", "no_assessment")
