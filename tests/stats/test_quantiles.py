"""Quantiles in the conventions of R, SAS and SPSS: hand calculations and published output."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.stats.kaplan_meier import kaplan_meier
from onearm.stats.quantiles import CONVENTIONS, QuantileConvention, survival_quantile

EXTRA = json.loads((Path(__file__).parents[1] / "reference" / "survival_extra.json").read_text())
FLAT_TO_THE_END = ([54, 75, 77, 84, 87, 92, 103, 105, 112, 118], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0])


@pytest.mark.parametrize(("convention", "median"), [("r", 2.5), ("r-print", 2.5), ("sas", 2.5), ("spss", 2.0)])
def test_flat_step_at_a_half(convention: str, median: float) -> None:
    assert survival_quantile(kaplan_meier([1, 2, 3, 4], [1] * 4), convention=convention).estimate == median


@pytest.mark.parametrize(("convention", "median"), [("r", 102.5), ("r-print", 87.0), ("sas", math.nan), ("spss", 87.0)])
def test_half_to_the_last_censoring(convention: str, median: float) -> None:
    # psiaims.github.io/CAMIS, survival: R prints 102.5 by quantile(), SAS prints a missing value
    found = survival_quantile(kaplan_meier(*FLAT_TO_THE_END), convention=convention)
    np.testing.assert_equal(found.estimate, median)
    assert ("stays at 0.5" in found.note) == math.isnan(median)


@pytest.mark.parametrize(("sex", "median", "low", "high"), [(1, 22, 12, 30), (2, 130, 58, 185)])
def test_sas_output_for_the_kidney_data(sex: int, median: float, low: float, high: float) -> None:
    # printed by SAS PROC LIFETEST (default log-log) for survival::kidney in a public question on the two programs
    time, status, group = (np.array(EXTRA["kidney"][name]) for name in ("time", "status", "sex"))
    curve = kaplan_meier(time[group == sex], status[group == sex], interval="log-log")
    found = survival_quantile(curve, convention="sas")
    assert (found.estimate, found.low, found.high) == (median, low, high)


def test_upper_limit_of_aml_by_both_ways_of_r() -> None:
    # the limit rises again at 48: print(survfit(Surv(time, status) ~ 1, aml)) shows 45, quantile() 48
    time = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    event = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    curve = kaplan_meier(time, event)
    assert [survival_quantile(curve, convention=name).high for name in ("r", "r-print")] == [48, 45]


def test_spss_formula_by_hand() -> None:
    # ten events at 1..10: S(5) = 0.5, SE(S) = sqrt(0.5 * 0.5 / 10); u = 4 (S = 0.6), l = 6 (S = 0.4)
    found = survival_quantile(kaplan_meier(range(1, 11), [1] * 10), convention="spss")
    density = (0.6 - 0.4) / (6 - 4)
    std_error = math.sqrt(0.025) / density
    assert found.estimate == 5
    assert math.isclose(found.std_error, std_error, rel_tol=1e-12)
    assert math.isclose(found.low, 5 - 1.96 * std_error, rel_tol=1e-12)
    assert math.isclose(found.high, 5 + 1.96 * std_error, rel_tol=1e-12)


def test_spss_formula_at_the_edge_of_its_window() -> None:
    # twenty events: S(9) = 0.55 and S(11) = 0.45 exactly, in spite of rounding; SE(S(10)) = sqrt(0.25 / 20)
    found = survival_quantile(kaplan_meier(range(1, 21), [1] * 20), convention="spss")
    assert found.estimate == 10
    assert math.isclose(found.std_error, math.sqrt(0.25 / 20) / (0.1 / 2), rel_tol=1e-9)


def test_spss_first_quartile_by_hand() -> None:
    # S(3) = 0.7 <= 0.75; u = 2 (S = 0.8), l = 3 (S = 0.7), SE = sqrt(0.7 * 0.3 / 10)
    found = survival_quantile(kaplan_meier(range(1, 11), [1] * 10), 0.25, convention="spss")
    assert found.estimate == 3
    assert math.isclose(found.std_error, math.sqrt(0.021) / 0.1, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("time", "event", "note"),
    [
        ([1, 2, 3, 4], [0, 0, 0, 0], "no event"),
        ([1, 2, 3, 4], [1, 0, 0, 0], "the curve stays above 0.5"),
        ([5, 5, 5, 6], [1, 1, 1, 1], "no event time at which S is 0.55 or more"),
        ([1, 2, 3, 4], [1, 1, 0, 0], "S never comes down to 0.45"),
        ([1, 2], [1, 1], "no event time at which S is 0.55 or more"),
        ([1, 2, 2, 2], [1, 1, 1, 1], "falls to zero"),
    ],
)
def test_what_spss_cannot_estimate_is_said(time: list[float], event: list[int], note: str) -> None:
    found = survival_quantile(kaplan_meier(time, event), convention="spss")
    assert math.isnan(found.low)
    assert note in found.note


def test_a_limit_not_reached_is_said() -> None:
    found = survival_quantile(kaplan_meier([1, 3, 5, 7, 9, 11, 13, 15], [1, 1, 1, 1, 1, 0, 0, 0]))
    assert math.isnan(found.high)
    assert found.note == "upper limit not reached"
    assert "NE" in repr(found)


def test_choices_can_be_mixed() -> None:
    mixed = QuantileConvention("midpoint", "missing", "density")
    found = survival_quantile(kaplan_meier(range(1, 11), [1] * 10), convention=mixed)
    assert found.estimate == 5.5
    assert math.isfinite(found.std_error)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"p": 50}, "p: must lie between 0 and 1"),
        ({"convention": "SAS"}, "Did you mean 'sas'"),
        ({"convention": QuantileConvention("mid", "missing", "band")}, "Did you mean 'midpoint'"),  # type: ignore[arg-type]  # what is tested
    ],
)
def test_an_unknown_choice_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        survival_quantile(kaplan_meier([1, 2], [1, 1]), **arguments)


@pytest.mark.parametrize("scale", ["plain", "log", "log-log"])
def test_left_truncated_quartiles_as_r(scale: Any) -> None:
    data = EXTRA["left_truncation"]
    curve = kaplan_meier(data["stop"], data["status"], entry=data["start"], interval=scale)
    found = [survival_quantile(curve, p) for p in (0.25, 0.5, 0.75)]
    expected = data[scale]["quantile"]
    for ours, theirs in (("estimate", "estimate"), ("low", "lower"), ("high", "upper")):
        values = [math.nan if value in ("NA", "NaN") else value for value in expected[theirs]]
        np.testing.assert_allclose([getattr(q, ours) for q in found], values, rtol=1e-9)


samples = st.lists(st.tuples(st.integers(1, 25), st.booleans()), min_size=1, max_size=40)


@given(samples, st.sampled_from(sorted(CONVENTIONS)), st.sampled_from([0.25, 0.5, 0.75]))
def test_the_limits_hold_the_estimate(rows: list[tuple[int, bool]], convention: str, p: float) -> None:
    time, event = zip(*rows, strict=True)
    found = survival_quantile(kaplan_meier(time, event), p, convention=convention)
    if not math.isnan(found.estimate):
        assert math.isnan(found.low) or found.low <= found.estimate
        assert math.isnan(found.high) or found.high >= found.estimate
    assert bool(found.note) == any(math.isnan(value) for value in (found.estimate, found.low, found.high))


@given(samples, st.sampled_from(sorted(CONVENTIONS)))
def test_quartiles_ascend(rows: list[tuple[int, bool]], convention: str) -> None:
    time, event = zip(*rows, strict=True)
    curve = kaplan_meier(time, event)
    found = [survival_quantile(curve, p, convention=convention).estimate for p in (0.25, 0.5, 0.75)]
    known = [value for value in found if not math.isnan(value)]
    assert known == sorted(known)


@given(samples, st.sampled_from(sorted(CONVENTIONS)))
def test_the_unit_of_time_carries_over(rows: list[tuple[int, bool]], convention: str) -> None:
    time, event = (np.array(column) for column in zip(*rows, strict=True))
    days = survival_quantile(kaplan_meier(time * 30.4375, event), convention=convention)
    months = survival_quantile(kaplan_meier(time, event), convention=convention)
    np.testing.assert_allclose(
        [days.estimate, days.low, days.high], np.array([months.estimate, months.low, months.high]) * 30.4375
    )
