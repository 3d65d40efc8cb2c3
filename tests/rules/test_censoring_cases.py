"""Events and censorings by cases with their citations."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from tests.rules.cases import case_id, read_cases

from onearm.rules.censoring import OS_RULES, TimeToEventRules, time_to_event


@pytest.mark.parametrize("case", read_cases("censoring.csv"), ids=case_id)
def test_event_or_censoring(case):
    rows = [("1", int(day), word) for day, word in (part.split(":") for part in case["course"].split())]
    assessments = pl.DataFrame(
        rows, schema={"subject": pl.String, "day": pl.Int64, "response": pl.String}, orient="row"
    )
    person: dict[str, object] = {"subject": "1", "start_day": 0}
    for name, value in (part.split("=") for part in case["days"].split()):
        person[name] = value == "true" if name == "has_baseline" else int(value)
    found = time_to_event(pl.DataFrame([person]), assessments, TimeToEventRules(**case["switches"]))
    day, is_event, reason, why = found.select("day", "is_event", "reason", "why").row(0)
    assert f"{'event' if is_event else 'censor'} {day} {reason}" == case["expected"]
    assert "{" not in why


def _overall_survival(**days: int | None) -> tuple[object, ...]:
    subjects = pl.DataFrame([{"subject": "1", "start_day": 0} | days])
    return time_to_event(subjects, None, OS_RULES).select("day", "is_event", "reason").row(0)


def test_death_is_the_event_of_overall_survival():
    assert _overall_survival(death_day=200, last_known_alive_day=150) == (200, True, "death")


def test_survivors_are_censored_when_last_known_alive():
    assert _overall_survival(death_day=None, last_known_alive_day=150) == (150, False, "last_known_alive")


def test_who_died_after_the_cutoff_was_alive_then():
    assert _overall_survival(death_day=200, last_known_alive_day=200, cutoff_day=180) == (
        180,
        False,
        "last_known_alive",
    )


def test_who_was_lost_before_the_cutoff_is_not_alive_at_the_cutoff():
    assert _overall_survival(last_known_alive_day=150, cutoff_day=180) == (150, False, "last_known_alive")


def test_nothing_known_is_censored_at_the_start():
    assert _overall_survival(cutoff_day=180) == (0, False, "no_assessment")


def test_the_source_row_of_the_day_is_named():
    subjects = pl.DataFrame({"subject": ["a", "b"], "start_day": [0, 0]})
    assessments = pl.DataFrame(
        {"subject": ["a", "a", "b"], "day": [42, 84, 42], "response": ["SD", "PD", "PR"], "seq": [11, 12, 21]}
    )
    assert time_to_event(subjects, assessments)["seq"].to_list() == [12, 21]


def test_duration_of_response_starts_at_the_response():
    subjects = pl.DataFrame({"subject": ["a"], "start_day": [84], "reference_day": [0]})
    assessments = pl.DataFrame({"subject": ["a"] * 3, "day": [42, 84, 252], "response": ["SD", "PR", "PD"]})
    rules = TimeToEventRules(schedule=((42, None),))
    found = time_to_event(subjects, assessments, rules).row(0, named=True)
    # days 126, 168 and 210 were missed, counted from the reference day and not from the response
    assert (found["day"], found["reason"], found["n_missed"]) == (84, "missed_assessments", 3)


def test_no_start_gives_no_day():
    subjects = pl.DataFrame({"subject": ["a"], "start_day": pl.Series([None], dtype=pl.Int64), "death_day": [9]})
    found = time_to_event(subjects, None, OS_RULES).row(0, named=True)
    assert (found["day"], found["is_event"], found["reason"]) == (None, False, "no_start")


def test_several_subjects_with_dates_and_no_censoring_strategy():
    start = pl.date(2024, 1, 1)
    subjects = pl.DataFrame({"subject": ["a", "b"]}).with_columns(
        start_day=start,
        death_day=pl.Series([None, datetime.date(2024, 3, 1)]),
        last_known_alive_day=pl.date(2024, 2, 1),
    )
    found = time_to_event(subjects, None, OS_RULES)
    assert found.select("day", "is_event").rows() == [
        (datetime.date(2024, 2, 1), False),
        (datetime.date(2024, 3, 1), True),
    ]


def test_several_subjects_of_whom_nothing_but_the_start_is_known():
    subjects = pl.DataFrame({"subject": ["a", "b", "c"], "start_day": [0, 1, 2]})
    for rules in (OS_RULES, TimeToEventRules(), TimeToEventRules(new_therapy="event", treatment_stop="event")):
        found = time_to_event(subjects, None, rules)
        assert found.select("day", "is_event", "reason").rows() == [(n, False, "no_assessment") for n in range(3)]
