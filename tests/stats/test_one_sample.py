"""One-sample log-rank test against R, and its references."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.stats.one_sample import one_sample_log_rank
from onearm.stats.reference_hazard import ConstantHazard, PiecewiseHazard, ReferenceCurve, hazard_from_median

EXTRA = json.loads((Path(__file__).parents[1] / "reference" / "survival_extra.json").read_text())["one_sample"]
AML_TIME = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
AML_EVENT = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]


def test_aml_as_r() -> None:
    expected = EXTRA["aml_median_30"]
    found = one_sample_log_rank(AML_TIME, AML_EVENT, hazard_from_median(30))
    assert found.observed == expected["observed"]
    assert math.isclose(found.expected, expected["expected"], rel_tol=1e-12)
    assert math.isclose(found.z**2, expected["chisq"], rel_tol=1e-9)
    assert math.isclose(found.p, expected["p"], rel_tol=1e-9)
    assert math.isclose(found.p_exact_better, expected["p_less"], rel_tol=1e-9)
    assert math.isclose(found.p_exact, 2 * expected["p_greater"], rel_tol=1e-9)
    np.testing.assert_allclose([found.low, found.high], expected["limits"], rtol=1e-9)
    at_90 = one_sample_log_rank(AML_TIME, AML_EVENT, hazard_from_median(30), level=0.9)
    np.testing.assert_allclose([at_90.low, at_90.high], expected["limits90"], rtol=1e-9)


def test_no_event_as_r() -> None:
    expected = EXTRA["no_event"]
    found = one_sample_log_rank([4, 8], [0, 0], ConstantHazard(0.1))
    assert math.isclose(found.expected, expected["expected"])
    assert math.isclose(found.p_exact_better, expected["p_less"], rel_tol=1e-9)
    np.testing.assert_allclose([found.low, found.high], expected["limits"], rtol=1e-9)


def test_average_variance_by_hand() -> None:
    # O = 3, E = 4: (3 - 4) / sqrt(3.5)
    found = one_sample_log_rank([5, 10, 10, 15], [1, 1, 1, 0], ConstantHazard(0.1), variance="average")
    assert math.isclose(found.z, -1 / math.sqrt(3.5))


def test_with_a_fixed_number_of_events_as_r() -> None:
    # R: pchisq(2 * 4, 6, lower.tail = FALSE) and qchisq(c(.025, .975), 6) / 8
    found = one_sample_log_rank([5, 15, 20], [1, 1, 1], ConstantHazard(0.1), stopped_by="events")
    assert math.isclose(found.p_exact_better, 0.238103305553544, rel_tol=1e-12)
    np.testing.assert_allclose([found.low, found.high], [0.15466803072390, 1.80617191693099], rtol=1e-12)


def test_without_an_event_a_fixed_number_of_events_says_nothing() -> None:
    found = one_sample_log_rank([5], [0], ConstantHazard(0.1), stopped_by="events")
    assert (found.p_exact_better, found.low, found.high) == (1, 0, math.inf)


def test_only_hazard_after_entry_counts() -> None:
    found = one_sample_log_rank([5, 10], [1, 0], ConstantHazard(0.1), entry=[1, 4])
    assert math.isclose(found.expected, 0.4 + 0.6)


def test_references_say_the_same_where_they_are_the_same() -> None:
    time = np.array([0.5, 2.0, 7.0, 12.0])
    constant = ConstantHazard(0.1)(time)
    pieces = PiecewiseHazard((0.0, 3.0), (0.1, 0.1))(time)
    line = ReferenceCurve((6.0, 12.0), (math.exp(-0.6), math.exp(-1.2)), "line")(time)
    np.testing.assert_allclose(pieces, constant)
    np.testing.assert_allclose(line, constant)


def test_a_step_holds_until_the_next() -> None:
    curve = ReferenceCurve((2.0, 4.0), (0.8, 0.5))
    np.testing.assert_allclose(np.exp(-curve(np.array([0.0, 1.9, 2.0, 3.9, 4.0]))), [1, 1, 0.8, 0.8, 0.5])


def test_a_reference_must_reach_as_far_as_the_observations() -> None:
    with pytest.raises(MethodError, match="the curve ends at 4, but observations reach 5"):
        one_sample_log_rank([5.0], [1], ReferenceCurve((2.0, 4.0), (0.8, 0.5)))


def test_a_reference_must_expect_something() -> None:
    with pytest.raises(MethodError, match="expects 0 events"):
        one_sample_log_rank([5.0], [1], lambda time: 0 * time)


def test_all_problems_of_a_reference_are_named() -> None:
    with pytest.raises(MethodError) as caught:
        ReferenceCurve((4.0, 2.0), (0.5, 0.8), "steps")  # type: ignore[arg-type]  # what is tested
    assert len(caught.value.problems) == 3
    with pytest.raises(MethodError) as caught:
        PiecewiseHazard((1.0, 0.5), (0.1, -1.0, 2.0))
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("make", [lambda: ConstantHazard(0), lambda: hazard_from_median(-1)])
def test_a_hazard_must_be_positive(make: object) -> None:
    with pytest.raises(MethodError, match="must be a positive number"):
        make()  # type: ignore[operator]  # a constructor


def test_an_unknown_choice_is_named() -> None:
    with pytest.raises(MethodError, match="Did you mean 'events'"):
        one_sample_log_rank([1], [1], ConstantHazard(1), stopped_by="event")  # type: ignore[arg-type]  # what is tested
    with pytest.raises(MethodError, match="Did you mean 'expected'"):
        one_sample_log_rank([1], [1], ConstantHazard(1), variance="expect")  # type: ignore[arg-type]  # what is tested


@given(st.lists(st.tuples(st.floats(0.1, 30), st.booleans()), min_size=1, max_size=30), st.floats(0.01, 0.5))
def test_limits_hold_the_ratio_and_agree_with_the_exact_p(rows: list[tuple[float, bool]], rate: float) -> None:
    time, event = zip(*rows, strict=True)
    found = one_sample_log_rank(time, event, ConstantHazard(rate))
    assert found.low <= found.ratio <= found.high
    assert (found.p_exact < 0.05) == (not found.low <= 1 <= found.high)
