"""Each rule of RECIST 1.1 and iRECIST by a case with its citation."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest
from tests.rules.cases import case_id, read_cases

from onearm.rules.best_response import BestResponseRules, best_response, confirmed_best_response
from onearm.rules.irecist import IRecistRules, immune_timepoint_response
from onearm.rules.recist import RecistRules
from onearm.rules.recist_non_target import new_lesion_response, non_target_response
from onearm.rules.recist_target import sum_of_diameters, target_response
from onearm.rules.recist_timepoint import timepoint_response

STATES = {"small": "too_small", "gone": "absent", "ne": "not_evaluable", "in": "merged"}
NEW = {"!": "unequivocal", "?": "equivocal", "none": "none"}


def _course(text: str) -> list[tuple[int, str, str]]:
    """Visit, lesion and word of every lesion named."""
    return [
        (visit, *word.split("="))
        for visit, part in enumerate(text.split(" | "))
        for word in part.split()
        if "=" in word
    ]


def _target_lesions(text: str) -> pl.DataFrame:
    rows = []
    for visit, name, word in _course(text):
        lesion, _, parent = name.partition("<")
        rows.append(
            {
                "subject": "1",
                "visit": visit,
                "day": 42 * visit,
                "lesion": lesion,
                "parent": parent or None,
                "is_node": name.startswith("N"),
                "diameter_mm": None if word in STATES else float(word),
                "state": STATES.get(word, "measured"),
            }
        )
    return pl.DataFrame(rows, schema_overrides={"parent": pl.String, "diameter_mm": pl.Float64})


@pytest.mark.parametrize("case", read_cases("target.csv"), ids=case_id)
def test_target_response(case):
    rules = RecistRules(**case["switches"])
    found = target_response(sum_of_diameters(_target_lesions(case["course"]), rules), rules)
    after = found.filter("is_after_baseline")
    assert after["target"].to_list() == case["expected"].split()
    assert after["rule"][-1] == case["expected_rule"]
    assert after["why"].null_count() == 0
    assert found.filter("is_baseline")["target"].to_list() == [None]


@pytest.mark.parametrize("case", read_cases("non_target.csv"), ids=case_id)
def test_non_target_response(case):
    rows = [
        {"subject": "1", "visit": visit, "day": 42 * visit, "lesion": lesion, "state": state}
        for visit, lesion, state in _course(case["course"])
    ]
    found = non_target_response(pl.DataFrame(rows), RecistRules(**case["switches"]))
    assert found["non_target"].to_list() == [None, *case["expected"].split()]
    assert found["rule"][-1] == case["expected_rule"]


@pytest.mark.parametrize("case", read_cases("new_lesion.csv"), ids=case_id)
def test_new_lesions(case):
    rows = [
        {"subject": "1", "visit": visit, "day": 42 * visit, "lesion": lesion, "state": NEW[word]}
        for visit, lesion, word in _course(case["course"])
    ]
    found = new_lesion_response(pl.DataFrame(rows), RecistRules(**case["switches"]))
    assert found["new_lesion"].to_list() == case["expected"].split()
    assert found["rule"][-1] == case["expected_rule"]


@pytest.mark.parametrize("case", read_cases("timepoint.csv"), ids=case_id)
def test_timepoint_response(case):
    key = {"subject": ["1"], "visit": [1], "day": [42]}
    target = pl.DataFrame(key | {"target": [case["target"]]}) if case["target"] else None
    non_target = pl.DataFrame(key | {"non_target": [case["non_target"]]}) if case["non_target"] else None
    new_lesion = pl.DataFrame(key | {"new_lesion": [case["new_lesion"]]})
    assert timepoint_response(target, non_target, new_lesion)["response"].to_list() == [case["expected"]]


@pytest.mark.parametrize("case", read_cases("course.csv"), ids=case_id)
def test_course_of_timepoints(case):
    parts = [re.fullmatch(r"(-|[A-Z]+)/(.+)/(no|yes)", word).groups() for word in case["course"].split()]
    key = pl.DataFrame({"subject": ["1"] * len(parts), "visit": range(len(parts)), "day": range(len(parts))})
    target, non_target, new = ([part[place] for part in parts] for place in range(3))
    found = timepoint_response(
        None if "-" in target else key.with_columns(target=pl.Series(target)),
        key.with_columns(non_target=pl.Series(non_target)),
        key.with_columns(new_lesion=pl.Series(new)),
        RecistRules(**case["switches"]),
    )
    assert found["response"].to_list() == case["expected"].split()
    assert found["rule"][-1] == case["expected_rule"]


def _responses(text: str) -> pl.DataFrame:
    rows = [("1", int(day), word) for day, word in (part.split(":") for part in text.split())]
    return pl.DataFrame(rows, schema={"subject": pl.String, "day": pl.Int64, "response": pl.String}, orient="row")


@pytest.mark.parametrize("case", read_cases("best_response.csv"), ids=case_id)
def test_best_response(case):
    rules = BestResponseRules(**case["switches"])
    subjects = pl.DataFrame({"subject": ["1"], "reference_day": [0]})
    for column, function in (("unconfirmed", best_response), ("confirmed", confirmed_best_response)):
        response, day = function(_responses(case["course"]), subjects, rules).select("response", "day").row(0)
        assert " ".join(str(part) for part in (response, day) if part is not None) == case[column]


COMPONENT = re.compile(
    r"^(?P<day>\d+):(?P<target>[A-Z]+)(?P<mm>\d*)/(?P<non>-|[A-Z/-]+?)(?P<more>\+?)/(?P<n>\d+)(@(?P<new>\d+))?$"
)


def _components(text: str) -> tuple[pl.DataFrame, pl.DataFrame | None, pl.DataFrame]:
    parts: list[dict[str, Any]] = []
    for visit, word in enumerate(text.split(), start=1):
        match = COMPONENT.match(word)
        assert match, word
        parts.append(match.groupdict() | {"subject": "1", "visit": visit, "day": int(match["day"])})
    frame = pl.DataFrame(parts)
    key = frame.select("subject", "visit", "day")
    target = key.with_columns(frame["target"], measured_mm=frame["mm"].cast(pl.Float64, strict=False))
    non_target = key.with_columns(non_target=frame["non"], n_increased=(frame["more"] == "+").cast(pl.Int64))
    number = frame["n"].cast(pl.Int64)
    new = key.with_columns(
        new_lesion=pl.when(number > 0).then(pl.lit("yes")).otherwise(pl.lit("no")),
        n_new=number,
        n_increased=pl.lit(0),
        new_mm=frame["new"].cast(pl.Float64).fill_null(0),
    )
    return target, None if (frame["non"] == "-").all() else non_target, new


@pytest.mark.parametrize("case", read_cases("irecist.csv"), ids=case_id)
def test_immune_response(case):
    found = immune_timepoint_response(*_components(case["course"]), IRecistRules(**case["switches"]))
    assert found["i_response"].to_list() == case["expected"].split()
