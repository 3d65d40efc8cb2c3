"""Targets, iRECIST and events by the fast and the slow way agree on random courses under random switches."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl
import polars.selectors as cs
import pytest
from tests.rules.slow_recist import ending, immune_responses, target_responses

from onearm.rules.censoring import TimeToEventRules, time_to_event
from onearm.rules.irecist import IRecistRules, immune_timepoint_response
from onearm.rules.recist import RecistRules
from onearm.rules.recist_target import sum_of_diameters, target_response

N_SUBJECTS = 120


def _random_lesions(
    rng: np.random.Generator,
) -> tuple[pl.DataFrame, list[list[dict[str, tuple[bool, Fraction | None]]]]]:
    """Diameters in whole or half millimetres, so that thresholds are often met exactly."""
    rows, courses = [], []
    for subject in range(N_SUBJECTS):
        nodes = rng.random(int(rng.integers(1, 5))) < 0.35
        visits: list[dict[str, tuple[bool, Fraction | None]]] = []
        for visit in range(int(rng.integers(1, 8))):
            lesions: dict[str, tuple[bool, Fraction | None]] = {}
            for number, is_node in enumerate(nodes):
                if visit and rng.random() < 0.05:
                    continue
                half = int(rng.choice([0, 2, 8, 10, 16, 18, 19, 20, 24, 30, 40, 48, 50, 60, 70]))
                mm = Fraction(half, 2) if visit else Fraction(int(rng.choice([10, 20, 25, 30, 50])))
                missing = rng.random() < (0.06 if visit else 0.02)
                lesions[f"T{number}"] = (bool(is_node), None if missing else mm)
            visits.append(lesions)
            for name, (is_node, mm) in lesions.items():
                size = None if mm is None else float(mm)
                rows.append((f"S{subject}", visit, 42 * visit, name, is_node, size, None))
        courses.append(visits)
    names = ["subject", "visit", "day", "lesion", "is_node", "diameter_mm", "state"]
    frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
    return frame.cast({"diameter_mm": pl.Float64, "state": pl.String}).sample(fraction=1, shuffle=True, seed=1), courses


@pytest.mark.parametrize("seed", range(12))
def test_targets_agree(seed):
    rng = np.random.default_rng([11, seed])
    lesions, courses = _random_lesions(rng)
    rules = RecistRules(
        progression_mm=float(rng.choice([0, 5])),
        partial_progression=bool(rng.random() < 0.6),
        reappearance=rng.choice(["PD", "target", "sum"]),
    )
    found = target_response(sum_of_diameters(lesions, rules), rules)
    fast = {(s, v): word for s, v, word in found.select("subject", "visit", "target").iter_rows()}
    for number, visits in enumerate(courses):
        for visit, word in enumerate(target_responses(visits, rules), start=1):
            if visits[visit]:  # a visit without any lesion has no row
                assert fast[f"S{number}", visit] == word, (number, visit, visits, rules)


def _without_new_lesions(point: dict[str, object]) -> str:
    """Table 1 of RECIST 1.1 for a patient with targets and non-targets; with a new lesion the best is PR."""
    target, non_target = point["target"], point["non_target"]
    if "PD" in (target, non_target):
        return "PD"
    if target == "CR":
        return "CR" if non_target == "CR" and not point["n"] else "PR"
    return str(target)


@pytest.mark.parametrize("seed", range(12))
def test_immune_responses_agree(seed):
    rng = np.random.default_rng([12, seed])
    within = int(rng.choice([60, 90]))
    rules = IRecistRules(
        confirm_after_days=int(rng.choice([0, 28])),
        confirm_within_days=None if rng.random() < 0.5 else within,
        increase_since=rng.choice(["previous", "first"]),
        non_target_confirmation=rng.choice(["further_increase", "repeated"]),
        unchanged_new_lesion=rng.choice(["improvement", "iUPD"]),
    )
    points = []
    for subject in range(N_SUBJECTS):
        day = 0
        for visit in range(int(rng.integers(1, 9))):
            day += int(rng.choice([14, 28, 42, 56]))
            n_new = int(rng.choice([0, 0, 0, 1, 2]))
            points.append(
                {
                    "subject": f"S{subject}",
                    "visit": visit,
                    "day": day,
                    "target": str(rng.choice(["CR", "PR", "SD", "PD", "PD", "NE"])),
                    "non_target": str(rng.choice(["CR", "NON-CR/NON-PD", "NON-CR/NON-PD", "PD", "NE"])),
                    "mm": None if rng.random() < 0.1 else float(rng.integers(40, 60)),
                    "more": bool(rng.random() < 0.2),
                    "n": n_new,
                    "new_mm": float(rng.integers(5, 20)) if n_new else 0.0,
                    "new_more": bool(n_new and rng.random() < 0.1),
                }
            )
    frame = pl.DataFrame(points)
    key = frame.select("subject", "visit", "day")
    found = immune_timepoint_response(
        key.with_columns(frame["target"], measured_mm=frame["mm"]),
        key.with_columns(frame["non_target"], n_increased=frame["more"].cast(pl.Int64)),
        key.with_columns(
            new_lesion=pl.when(frame["n"] > 0).then(pl.lit("yes")).otherwise(pl.lit("no")),
            n_new=frame["n"],
            n_increased=frame["new_more"].cast(pl.Int64),
            new_mm=frame["new_mm"],
        ),
        rules,
        # the slow one reads the kinds of lesion that progressed from each timepoint by itself
        recist=RecistRules(reappearance="sum"),
    )
    fast = {
        (s, v): (word, plain)
        for s, v, word, plain in found.select("subject", "visit", "i_response", "response").iter_rows()
    }
    for subject in {point["subject"] for point in points}:
        course = [point for point in points if point["subject"] == subject]
        for point in course:
            kinds = {"T": point["target"] == "PD", "N": point["non_target"] == "PD", "X": point["n"] > 0}
            point["pd"] = {kind for kind, progressed in kinds.items() if progressed}
            point["other"] = _without_new_lesions(point)
        slow = immune_responses(course, rules)
        assert [fast[subject, point["visit"]][0] for point in course] == slow, (course, rules)


@pytest.mark.parametrize("seed", range(12))
def test_events_and_censorings_agree(seed):
    rng = np.random.default_rng([13, seed])

    def one(*values: object) -> object:
        return values[int(rng.integers(len(values)))]

    rules = TimeToEventRules(
        events=one(("progression", "death"), ("death", "progression"), ("progression",), ("death",)),
        censor_at=one("last_adequate_assessment", "last_adequate_assessment", "last_known_alive"),
        new_therapy=one("censor", "ignore", "event"),
        treatment_stop=one("censor", "ignore", "event"),
        schedule=one((), ((42, None),), ((42, 126), (63, None)), ((30, 100),)),
        window_days=one(0, 7, 14),
        censor_after_missed=one(None, 1, 2, 3),
        death_after_missed=one("censor", "event"),
        no_baseline=one("censor", "death_counts", "ignore"),
    )
    words = ["CR", "PR", "SD", "NON-CR/NON-PD", "NE", "PD"]
    people, rows, courses = [], [], {}
    for number in range(300):
        start = None if rng.random() < 0.03 else int(rng.integers(-5, 30))

        def some(share: float, low: int, high: int) -> int | None:
            return int(rng.integers(low, high)) if rng.random() < share else None

        person = {"subject": f"S{number}", "start_day": start, "death_day": some(0.4, 30, 400)}
        person |= {"therapy_day": some(0.3, 0, 300), "treatment_stop_day": some(0.3, 0, 300)}
        person |= {"last_known_alive_day": some(0.8, 30, 400), "cutoff_day": some(0.4, 100, 400)}
        person |= {"has_baseline": bool(rng.random() < 0.93)}
        days = np.cumsum(rng.choice([21, 42, 63, 90], size=int(rng.integers(0, 7)))) - 10
        course = [(int(day), str(rng.choice(words, p=[0.1, 0.2, 0.35, 0.05, 0.15, 0.15]))) for day in days]
        people.append(person)
        courses[person["subject"]] = course
        rows += [(person["subject"], day, word) for day, word in course]
    names = {"subject": pl.String, "day": pl.Int64, "response": pl.String}
    found = time_to_event(
        pl.DataFrame(people, infer_schema_length=None), pl.DataFrame(rows, schema=names, orient="row"), rules
    )
    dates = cs.ends_with("day").cast(pl.Int32).cast(pl.Date)
    as_dates = time_to_event(
        pl.DataFrame(people, infer_schema_length=None).with_columns(dates),
        pl.DataFrame(rows, schema=names, orient="row").with_columns(dates),
        rules,
    )
    assert as_dates["day"].to_physical().to_list() == found["day"].to_list()
    assert as_dates.select("is_event", "reason").equals(found.select("is_event", "reason"))
    for person, row in zip(people, found.iter_rows(named=True), strict=True):
        slow = ending(person, courses[person["subject"]], rules)
        assert (row["day"], row["is_event"], row["reason"]) == slow, (person, courses[person["subject"]], rules)
