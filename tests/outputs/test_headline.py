"""The primary result in one sentence."""

from __future__ import annotations

import polars as pl
import pytest
from outputs.sample import PROTOCOL

from onearm.outputs import headlines_of
from onearm.protocol import parse_protocol
from onearm.results import Rows, concat_results

PLAIN = parse_protocol(PROTOCOL)


def _rate(n: int, total: int, low: float, high: float) -> pl.DataFrame:
    rows = Rows("response_rate", "ADRS", "ORR", "ITT")
    for stat, value in (("n", n), ("N", total), ("p", n / total)):
        rows.add(stat, value)
    for stat, value in (("conf_low", low), ("conf_high", high)):
        rows.add(stat, value, conf_level=0.95, method="clopper-pearson")
    return rows.frame()


def test_rate_with_the_decision_of_the_design() -> None:
    design = Rows("design", "ADRS", "ORR", "ITT")
    design.add("text", text="H0 is rejected: 26 responses are more than 18.", variable="decision")
    (headline,) = headlines_of(concat_results([_rate(26, 46, 0.41106, 0.71073), design.frame()]), PLAIN)
    assert headline.sentence == "Objective response rate 56.5% (26 of 46 patients; 95% CI 41.1–71.1)"
    assert headline.decision == "H0 is rejected: 26 responses are more than 18."
    assert headline.group == ""
    assert headline.method.startswith("exact interval of Clopper and Pearson")


def test_the_reason_of_a_decision_is_said() -> None:
    design = Rows("design", "ADRS", "ORR", "ITT")
    design.add("text", text="No decision yet.", variable="decision", note="40 patients were evaluated")
    (headline,) = headlines_of(concat_results([_rate(26, 46, 0.4, 0.7), design.frame()]), PLAIN)
    assert headline.decision == "No decision yet. 40 patients were evaluated."


@pytest.mark.parametrize(
    ("median", "high", "sentence"),
    [
        (15.737, 21.91, "Progression-free survival: median 15.74 months (95% CI 9.03–21.91); 21 events in 46 patients"),
        (
            15.737,
            None,
            "Progression-free survival: median 15.74 months (95% CI 9.03–not reached); 21 events in 46 patients",
        ),
        (
            None,
            None,
            "Progression-free survival: median not reached (95% CI 9.03–not reached); 21 events in 46 patients",
        ),
    ],
)
def test_a_time_may_be_the_primary_endpoint(median: float | None, high: float | None, sentence: str) -> None:
    text = PROTOCOL.replace('role = "primary"', "").replace("[endpoint.PFS]", '[endpoint.PFS]\nrole = "primary"')
    rows = Rows("survival", "ADTTE", "PFS", "ITT")
    for stat, value in (("n", 46), ("events", 21), ("median", median), ("median_low", 9.034), ("median_high", high)):
        rows.add(stat, value, note="not reached", conf_level=0.95)
    (headline,) = headlines_of(rows.frame(), parse_protocol(text))
    assert headline.sentence == sentence


def test_cohorts_have_a_headline_each() -> None:
    parts = [
        _rate(n, 10, 0.1, 0.9).with_columns(group1=pl.lit("COHORT"), group1_level=pl.lit(name))
        for name, n in (("A", 4), ("B", 5))
    ]
    found = headlines_of(concat_results(parts), parse_protocol(PROTOCOL + "[cohort.A]\n[cohort.B]\n"))
    assert [(h.group, h.sentence[:29]) for h in found] == [
        ("A", "Objective response rate 40.0%"),
        ("B", "Objective response rate 50.0%"),
    ]


def test_no_patients_no_percentage() -> None:
    rows = Rows("response_rate", "ADRS", "ORR", "ITT")
    rows.add("n", 0)
    rows.add("N", 0)
    rows.add("p", None, note="no patient in the set")
    (headline,) = headlines_of(rows.frame(), PLAIN)
    assert headline.sentence == "Objective response rate: 0 of 0 patients."
