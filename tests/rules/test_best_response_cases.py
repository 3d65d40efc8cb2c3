"""The cases of admiralonco's own tests: 14 derivations, 108 subjects, under the switches that they state."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from onearm.rules.best_response import (
    BestResponseRules,
    best_response,
    clinical_benefit,
    confirmed_best_response,
    confirmed_response,
    first_response,
)

CASES = [
    *("CBOR-1", "CBOR-2", "CBOR-3", "CRSP-1", "CRSP-2", "CRSP-3"),
    *("BOR-1", "BOR-2", "BOR-3", "BOR-4", "RSP-1", "RSP-2", "CB-1", "CB-2"),
]


def _rules(case: dict[str, Any]) -> BestResponseRules:
    """Translate admiralonco's arguments to switches."""
    params = case["params"]
    return BestResponseRules(
        confirm_after_days=params.get("ref_confirm", 28),
        stable_at_least_days=params.get("ref_start_window", 0),
        max_not_evaluable_between=params.get("max_nr_ne", 0),
        max_stable_between=int(params.get("accept_sd", False)),
        after_complete="as_assessed",
        before_reference="count",
        # without a date of progression admiralonco reads everything
        after_progression="count" if case["first_pd_date"] is None else "ignore",
        missing_as_not_evaluable=params.get("missing_as_ne", False),
    )


def _frames(case: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    def date(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.String).str.to_date()

    assessments = pl.DataFrame(case["input"], schema=["subject", "date", "ovr"]).select(
        "subject", date("date").alias("day"), pl.col("ovr").alias("response")
    )
    subjects = pl.DataFrame(case["subjects"]).select("subject", date("ref_date").alias("reference_day"))
    progression = case["first_pd_date"] or {}
    subjects = subjects.with_columns(
        progression_day=pl.col("subject")
        .replace_strict(progression, default=None, return_dtype=pl.String)
        .str.to_date()
    )
    if "response_dates" in case["params"]:
        known = case["params"]["response_dates"]
        subjects = subjects.with_columns(
            response_day=pl.col("subject").replace_strict(known, default=None, return_dtype=pl.String).str.to_date()
        )
    return assessments, subjects


def _derive(case: dict[str, Any]) -> pl.DataFrame:
    assessments, subjects = _frames(case)
    rules = _rules(case)
    match case["function"]:
        case "bor":
            return best_response(assessments, subjects, rules).select(
                "subject", pl.col("response").alias("value"), "day"
            )
        case "confirmed_bor":
            found = confirmed_best_response(assessments, subjects, rules)
            return found.select("subject", pl.col("response").alias("value"), "day")
        case "response":
            found = first_response(assessments, subjects, rules)
        case "confirmed_resp":
            found = confirmed_response(assessments, subjects, rules)
        case "clinbenefit":
            values = tuple(case["params"]["clinben_vals"])
            found = clinical_benefit(assessments, subjects, rules, values=values).rename(
                {"has_benefit": "is_responder"}
            )
    yes = pl.when("is_responder").then(pl.lit("Y")).otherwise(pl.lit("N"))
    return found.select("subject", yes.alias("value"), "day")


@pytest.mark.parametrize("name", CASES)
def test_meets_the_cases_of_admiralonco(name, shared_reference):
    cases = {case["id"]: case for case in json.loads(shared_reference("response/bor_cases.json").read_text())}
    case = cases[name]
    found = {
        row["subject"]: {"value": row["value"], "date": row["day"].isoformat() if row["day"] else None}
        for row in _derive(case).iter_rows(named=True)
    }
    assert found == case["expected"]


def test_every_case_and_subject_of_the_file_is_met(shared_reference):
    cases = json.loads(shared_reference("response/bor_cases.json").read_text())
    assert [case["id"] for case in cases] == CASES
    assert sum(len(case["expected"]) for case in cases) == 108
