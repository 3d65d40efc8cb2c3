"""Cumulative incidence and Gray's test against the R packages survival and cmprsk, and properties."""

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
from onearm.stats.competing_risks import check_causes, cumulative_incidence, incidence_at
from onearm.stats.gray import gray_test
from onearm.stats.kaplan_meier import kaplan_meier

EXTRA = json.loads((Path(__file__).parents[1] / "reference" / "survival_extra.json").read_text())["competing"]
CASES = ("tied", "mgus2")


def numbers(values: Any) -> np.ndarray:
    return np.array([np.nan if value in ("NA", "NaN") else value for value in values], dtype=float)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("of", [1, 2])
def test_incidence_and_both_variances_as_r(case: str, of: int) -> None:
    data = EXTRA[case]
    delta = cumulative_incidence(data["time"], data["cause"], of=of)
    aalen = cumulative_incidence(data["time"], data["cause"], of=of, variance="aalen")
    at, at_aalen = incidence_at(delta, data["at"], extend=True), incidence_at(aalen, data["at"], extend=True)
    np.testing.assert_allclose(at.incidence, data[f"est{of}"], rtol=1e-9)
    np.testing.assert_allclose(at.std_error, data[f"se{of}"], rtol=1e-9)
    np.testing.assert_allclose(at_aalen.std_error**2, data[f"aalen{of}"], rtol=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_limits_as_r(case: str) -> None:
    data = EXTRA[case]
    for scale, prefix in (("log-log", ""), ("log", "log_")):
        curve = cumulative_incidence(data["time"], data["cause"], interval=scale)  # type: ignore[arg-type]  # a literal
        at = incidence_at(curve, data["at"], extend=True)
        np.testing.assert_allclose(at.low, numbers(data[f"{prefix}lower1"]), rtol=1e-9)
        np.testing.assert_allclose(at.high, numbers(data[f"{prefix}upper1"]), rtol=1e-9)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("which", ["plain", "strata", "strata_rho1"])
@pytest.mark.parametrize("of", [1, 2])
def test_gray_as_cmprsk(case: str, which: str, of: int) -> None:
    data = EXTRA[case]
    strata = None if which == "plain" else data["stratum"]
    found = gray_test(
        data["time"], data["cause"], data["group"], of=of, strata=strata, rho=float(which == "strata_rho1")
    )
    expected = data["tests"][which]
    pick = (lambda values: values[of - 1]) if isinstance(expected["chisq"], list) else (lambda value: value)
    assert math.isclose(found.chi_squared, pick(expected["chisq"]), rel_tol=1e-9)
    assert math.isclose(found.p, pick(expected["p"]), rel_tol=1e-9)
    assert found.df == pick(expected["df"])


def test_scores_add_up_to_zero() -> None:
    data = EXTRA["tied"]
    found = gray_test(data["time"], data["cause"], data["group"])
    assert math.isclose(found.score.sum(), 0, abs_tol=1e-9)
    np.testing.assert_allclose(found.variance.sum(axis=0), 0, atol=1e-9)
    assert found.to_frame().height == 3


def test_gray_without_a_failure_is_said() -> None:
    found = gray_test([1, 2, 3, 4], [2, 2, 0, 2], list("aabb"))
    assert math.isnan(found.p)
    assert "too few failures" in found.note


@pytest.mark.parametrize("cause", [[0, 0, 0, 0], [2, 2, 2, 2]])
def test_gray_without_any_failure_from_the_cause(cause: list[int]) -> None:
    found = gray_test([1, 2, 3, 4], cause, list("abab"), strata=[1, 1, 2, 2])
    assert math.isnan(found.p)


def test_gray_where_one_group_is_left() -> None:
    # cuminc(c(12, 6, 7, 2), rep(1, 4), c(1, 0, 1, 0))$Tests: the pooled incidence reaches 1 with a group still at risk
    found = gray_test([12, 6, 7, 2], [1, 1, 1, 1], [1, 0, 1, 0])
    assert math.isclose(found.chi_squared, 2.81508078994614, rel_tol=1e-9)


def test_left_truncation_by_hand() -> None:
    # at 2 three of four are at risk (the last enters at 2): 1/3; at 3 the next of cause 2, then of 2 left 1 at 5
    curve = cumulative_incidence([2, 3, 5, 6], [1, 2, 1, 0], entry=[0, 0, 0, 2])
    np.testing.assert_allclose(curve.at_risk, [3, 3, 2, 1])
    np.testing.assert_allclose(curve.incidence, [1 / 3, 1 / 3, 1 / 3 + 2 / 3 * 2 / 3 / 2, 5 / 9], rtol=1e-12)


def test_beyond_the_last_observation() -> None:
    curve = cumulative_incidence([1, 2, 3], [1, 2, 0])
    at = incidence_at(curve, [0.5, 9])
    assert at.incidence[0] == 0
    assert math.isnan(at.incidence[1])
    assert at.note[1] == "no one was observed beyond 3"
    assert incidence_at(cumulative_incidence([1, 2], [1, 2]), 9).incidence[0] == 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check_causes([0, 1.5]), "not a whole number from 0 on for 1 of 2"),
        (lambda: check_causes([0, None]), "not a whole number"),
        (lambda: check_causes(["death"]), "codes that are not numbers"),
        (lambda: cumulative_incidence([1], [1], of=0), "of: must be the code of a cause"),
        (lambda: cumulative_incidence([1], [1], variance="delta"), "variance: unknown 'delta'"),
        (lambda: incidence_at(cumulative_incidence([1], [1]), [-1]), "times: must be numbers"),
        (lambda: gray_test([1, 2], [1, 1], ["a", "a"]), "only one group"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(MethodError, match=message):
        call()


samples = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 3)), min_size=1, max_size=40)


@given(samples)
def test_incidences_and_survival_add_up_to_one(rows: list[tuple[int, int]]) -> None:
    time, cause = (np.array(column) for column in zip(*rows, strict=True))
    total = sum(cumulative_incidence(time, cause, of=code).incidence for code in (1, 2, 3))
    np.testing.assert_allclose(total, 1 - kaplan_meier(time, cause > 0).survival, atol=1e-12)


@given(samples)
def test_with_one_cause_it_is_kaplan_meier(rows: list[tuple[int, int]]) -> None:
    time, cause = (np.array(column) for column in zip(*rows, strict=True))
    curve, survival = cumulative_incidence(time, cause > 0), kaplan_meier(time, cause > 0)
    np.testing.assert_allclose(curve.incidence, 1 - survival.survival, atol=1e-12)
    inside = survival.survival > 0
    np.testing.assert_allclose(curve.std_error[inside], survival.std_error[inside], rtol=1e-6, atol=1e-9)


@given(samples)
def test_incidence_never_falls(rows: list[tuple[int, int]]) -> None:
    curve = cumulative_incidence(*zip(*rows, strict=True))
    assert np.all(np.diff(curve.incidence) >= 0)
    there = ~np.isnan(curve.low)
    assert np.all(curve.low[there] <= curve.incidence[there] + 1e-12)
    assert np.all(curve.high[there] >= curve.incidence[there] - 1e-12)
