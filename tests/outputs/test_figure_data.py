"""What the figures draw, from small tables worked out by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from outputs.sample import PROTOCOL, make_sample

from onearm.outputs.figures import (
    consort_data,
    forest_data,
    kaplan_meier_data,
    spider_data,
    swimmer_data,
    waterfall_data,
)
from onearm.outputs.lookup import Group, Lookup
from onearm.protocol import parse_protocol
from onearm.results import Rows, concat_results

ALL = Group(None, "All patients", "")
START = dt.date(2024, 1, 1)
ADSL = {
    "USUBJID": pl.String, "COHORT": pl.String, "TRTSDT": pl.Date, "TRTEDT": pl.Date, "DTHDT": pl.Date, "LSTALVDT": pl.Date,
    "EOTSTT": pl.String, "NTRTDT": pl.Date, "ITTFL": pl.String, "CUTOFFDT": pl.Date,
}  # fmt: skip
ADTR = {
    "USUBJID": pl.String, "PARAMCD": pl.String, "ADT": pl.Date, "ADY": pl.Int64, "PCHG": pl.Float64,
    "ABLFL": pl.String, "ANL01FL": pl.String,
}  # fmt: skip
ADRS = {
    "USUBJID": pl.String,
    "PARAMCD": pl.String,
    "ADT": pl.Date,
    "ADY": pl.Int64,
    "AVALC": pl.String,
    "ANL01FL": pl.String,
}


def _day(day: int) -> dt.date:
    return START + dt.timedelta(days=day - 1)


def _tables(adsl: list[dict[str, Any]], adtr: list[tuple[Any, ...]] = (), adrs: list[tuple[Any, ...]] = ()) -> Any:
    """ADSL by column; ADTR as subject, day, change, flag; ADRS as subject, parameter, day, value, flag."""
    sizes = [
        {"USUBJID": who, "PARAMCD": "SUMDIAM", "ADT": _day(day), "ADY": day, "PCHG": change, "ANL01FL": flag}
        for who, day, change, flag in adtr
    ]
    responses = [
        {"USUBJID": who, "PARAMCD": code, "ADT": _day(day), "ADY": day, "AVALC": value, "ANL01FL": flag}
        for who, code, day, value, flag in adrs
    ]
    everyone = [{"TRTSDT": START, "LSTALVDT": _day(100), "ITTFL": "Y", "CUTOFFDT": _day(366), **row} for row in adsl]
    return {
        "adsl": pl.DataFrame(everyone, schema=ADSL),
        "adtr": pl.DataFrame(sizes, schema=ADTR),
        "adrs": pl.DataFrame(responses, schema=ADRS),
    }


@pytest.fixture
def protocol() -> Any:
    return parse_protocol(PROTOCOL + "[conventions]\ndays_per_month = 10.0\n")


def test_waterfall_takes_the_smallest_change_that_may_be_used(protocol: Any) -> None:
    tables = _tables(
        [{"USUBJID": "a"}, {"USUBJID": "b"}, {"USUBJID": "c"}, {"USUBJID": "out", "ITTFL": "N"}],
        [
            ("a", 43, -10.0, "Y"),
            ("a", 85, -40.0, "Y"),
            ("a", 127, -90.0, None),
            ("b", 43, 25.0, "Y"),
            ("out", 43, 9.0, "Y"),
        ],
        [
            ("a", "CBOR", 85, "PR", None),
            ("b", "CBOR", 43, "PD", None),
            ("a", "OVR", 85, "PR", "Y"),
            ("b", "OVR", 43, "PD", "Y"),
            ("b", "NEWLES", 43, "Y", None),
            ("a", "NEWLES", 127, "Y", None),  # after the last assessment that may be used
            ("a", "NTRGRESP", 85, "PD", None),
        ],
    )
    data = waterfall_data(tables, protocol)
    assert data.rows() == [("b", 25.0, "PD", True, False), ("a", -40.0, "PR", False, True)]


def test_waterfall_orders_ties_by_response_and_identifier(protocol: Any) -> None:
    tables = _tables(
        [{"USUBJID": name} for name in "dcba"],
        [(name, 43, 0.0, "Y") for name in "abcd"],
        [("a", "CBOR", 43, "PR", None), ("b", "CBOR", 43, "SD", None), ("c", "CBOR", 43, "SD", None)],
    )
    data = waterfall_data(tables, protocol)
    assert data.select("USUBJID", "response").rows() == [
        ("d", "Not recorded"), ("b", "SD"), ("c", "SD"), ("a", "PR"),
    ]  # fmt: skip


def test_waterfall_of_a_cohort(protocol: Any) -> None:
    tables = _tables(
        [{"USUBJID": "a", "COHORT": "X"}, {"USUBJID": "b", "COHORT": "Y"}],
        [("a", 43, -5.0, "Y"), ("b", 43, -6.0, "Y")],
    )
    assert waterfall_data(tables, protocol, "Y")["USUBJID"].to_list() == ["b"]


def test_without_confirmed_responses_the_unconfirmed_are_shown(protocol: Any) -> None:
    tables = _tables([{"USUBJID": "a"}], [("a", 43, -5.0, "Y")], [("a", "BOR", 43, "SD", None)])
    assert waterfall_data(tables, protocol)["response"].to_list() == ["SD"]


def test_spider_starts_at_zero_and_counts_from_the_first_dose(protocol: Any) -> None:
    tables = _tables(
        [{"USUBJID": "a"}],
        [("a", 11, -10.0, "Y"), ("a", 31, None, None), ("a", 51, 30.0, None)],
        [("a", "NEWLES", 51, "Y", None), ("a", "CBOR", 11, "SD", None)],
    )
    # Day 11 is ten days, one month of ten days, after day 1; an assessment without a number has no point.
    assert spider_data(tables, protocol).rows() == [
        ("a", 0.0, 0.0, "SD", False),
        ("a", 1.0, -10.0, "SD", False),
        ("a", 5.0, 30.0, "SD", True),
    ]


def test_swimmer_lanes_and_marks(protocol: Any) -> None:
    tables = _tables(
        [
            {
                "USUBJID": "stopped",
                "TRTEDT": _day(51),
                "EOTSTT": "DISCONTINUED",
                "DTHDT": _day(91),
                "LSTALVDT": _day(91),
            },
            {"USUBJID": "on", "EOTSTT": "ONGOING", "LSTALVDT": _day(361)},
            {"USUBJID": "never", "TRTSDT": None},
            {
                "USUBJID": "changed",
                "TRTEDT": _day(21),
                "EOTSTT": "DISCONTINUED",
                "NTRTDT": _day(41),
                "LSTALVDT": _day(61),
            },
        ],
        [],
        [
            ("on", "OVR", 41, "PR", "Y"),
            ("on", "OVR", 81, "CR", "Y"),
            ("on", "OVR", 121, "CR", "Y"),
            ("on", "CBOR", 81, "CR", None),
            ("stopped", "OVR", 41, "PD", "Y"),
            ("stopped", "PD", 41, "Y", None),
            ("changed", "OVR", 51, "PR", None),  # after new therapy: not a response to this treatment
            ("changed", "PD", 1, "N", None),
        ],
    )
    data = swimmer_data(tables, protocol)
    assert data.lanes.rows() == [
        ("on", 36.5, 36.5, True, "CR"),
        ("stopped", 5.0, 9.0, False, "Not recorded"),
        ("changed", 2.0, 6.0, False, "Not recorded"),
    ]
    assert data.marks.rows() == [
        ("changed", "new therapy", 4.0),
        ("on", "CR", 8.0),
        ("on", "PR", 4.0),
        ("on", "ongoing", 36.5),
        ("stopped", "PD", 4.0),
        ("stopped", "death", 9.0),
    ]


def _curve(points: list[tuple[float, float, float, float]]) -> pl.DataFrame:
    """Rows of a curve: time, survival, events, censored."""
    curve = Rows("survival_curve", "ADTTE", "OS", "ITT")
    risk = Rows("survival_at_risk", "ADTTE", "OS", "ITT")
    whole = Rows("survival", "ADTTE", "OS", "ITT")
    for time, survival, events, censored in points:
        for stat, value in (("survival", survival), ("events", events), ("censored", censored)):
            curve.add(stat, value, variable="time", level=f"{time:.6f}")
    for tick, left in ((0, 4), (6, 2), (12, 0)):
        risk.add("at_risk", left, variable="time", level=str(tick))
    whole.add("n", 4)
    whole.add("median", 5.0)
    return concat_results([curve.frame(), risk.frame(), whole.frame()])


def test_curve_starts_at_one_and_is_sorted_as_numbers() -> None:
    data = kaplan_meier_data(Lookup(_curve([(10.5, 0.25, 1, 1), (2.0, 0.75, 1, 0), (5.0, 0.5, 1, 0)]), ALL), "OS")
    assert data.curve.select("time", "survival").rows() == [(0.0, 1.0), (2.0, 0.75), (5.0, 0.5), (10.5, 0.25)]
    assert data.median == 5.0


def test_events_below_the_axis_add_up() -> None:
    data = kaplan_meier_data(Lookup(_curve([(2.0, 0.75, 1, 0), (6.0, 0.5, 1, 0), (10.5, 0.25, 1, 1)]), ALL), "OS")
    assert data.ticks.rows() == [(0.0, 4.0, 0.0), (6.0, 2.0, 2.0), (12.0, 0.0, 3.0)]  # the event at 6 counts at 6


def test_a_curve_that_the_results_do_not_have_is_empty() -> None:
    data = kaplan_meier_data(Lookup(make_sample(0).results, ALL), "PFS")
    assert data.curve.height == 0
    assert data.median is None


def test_flow_has_every_step_and_leaves_out_what_nobody_took() -> None:
    rows = Rows("disposition", "ADSL", population="ALL")
    counts = {"screened": 10, "not_enrolled": 3, "enrolled": 7, "not_treated": 0, "treated": 7, "ongoing": 2,
              "discontinued": 5, "completed": 0, "ITT": 7, "FAS": 6}  # fmt: skip
    for step, n in counts.items():
        rows.add("n", n, variable="step", level=step)
    for reason, n in (("WITHDRAWAL BY SUBJECT", 1), ("SCREEN FAILURE", 2)):
        rows.add("n", n, variable="reason:not_enrolled", level=reason)
    data = consort_data(Lookup(rows.frame(), ALL))
    assert data.select("box", "n", "lines").rows() == [
        ("screened", 10.0, []),
        ("not_enrolled", 3.0, ["Screen failure (n = 2)", "Withdrawal by subject (n = 1)"]),
        ("enrolled", 7.0, []),
        ("treated", 7.0, ["Treatment ongoing at cut-off (n = 2)"]),
        ("discontinued", 5.0, []),
        ("sets", None, ["ITT (n = 7)", "FAS (n = 6)"]),
    ]


def test_flow_counts_rare_reasons_together() -> None:
    rows = Rows("disposition", "ADSL", population="ALL")
    rows.add("n", 20, variable="step", level="screened")
    rows.add("n", 12, variable="step", level="not_enrolled")
    for number in range(10):
        rows.add("n", 3 if number == 0 else 1, variable="reason:not_enrolled", level=f"Reason {number}")
    lines = consort_data(Lookup(rows.frame(), ALL))["lines"].to_list()[1]
    assert lines[0] == "Reason 0 (n = 3)"
    assert lines[-1] == "2 other reasons (n = 2)"
    assert len(lines) == 9


def test_forest_keeps_a_subgroup_without_an_estimate() -> None:
    parts = []
    for level, p in (("F", 0.5), ("M", None)):
        rows = Rows("subgroup", "ADRS", "ORR", "ITT").within("SEX", level)
        rows.add("N", 4)
        rows.add("p", p, note=None if p else "no patient")
        parts.append(rows.frame())
    data = forest_data(concat_results(parts), "ORR", ALL)
    assert data.select("subgroup", "level", "n", "estimate").rows() == [
        ("Sex", "Female", 4.0, 0.5),
        ("Sex", "Male", 4.0, None),
    ]
