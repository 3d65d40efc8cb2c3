"""Survival curves: hand calculations, left truncation and weights against R, properties, bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.stats.bands import pointwise_limits
from onearm.stats.kaplan_meier import kaplan_meier, survival_at

EXTRA = json.loads((Path(__file__).parents[1] / "reference" / "survival_extra.json").read_text())
SCALES = ("plain", "log", "log-log", "logit", "arcsine")


def numbers(values: Any) -> np.ndarray:
    return np.array([np.nan if value in ("NA", "NaN") else value for value in values], dtype=float)


def agree(curve: Any, expected: dict[str, Any]) -> None:
    names = {
        "time": "time",
        "at_risk": "n_risk",
        "events": "n_event",
        "censored": "n_censor",
        "survival": "surv",
        "std_error": "std_error",
        "low": "lower",
        "high": "upper",
    }
    for ours, theirs in names.items():
        np.testing.assert_allclose(getattr(curve, ours), numbers(expected[theirs]), rtol=1e-9, atol=1e-14, err_msg=ours)


def test_freireich_by_hand() -> None:
    # 6-mercaptopurine arm of Freireich (1963), worked in Kalbfleisch and Prentice (2002), table 1.2
    time = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    event = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    curve = kaplan_meier(time, event)
    at = survival_at(curve, [6, 7, 10, 13, 16, 22, 23])
    factors = [18 / 21, 16 / 17, 14 / 15, 11 / 12, 10 / 11, 6 / 7, 5 / 6]
    np.testing.assert_allclose(at.survival, np.cumprod(factors), rtol=1e-14)
    greenwood = np.cumsum([3 / (21 * 18), 1 / (17 * 16), 1 / (15 * 14), 1 / (12 * 11), 1 / (11 * 10), 1 / 42, 1 / 30])
    np.testing.assert_allclose(at.std_error, np.cumprod(factors) * np.sqrt(greenwood), rtol=1e-13)
    assert (curve.n, curve.n_events) == (21, 9)


@pytest.mark.parametrize("scale", ["plain", "log", "log-log"])
def test_left_truncation_as_r(scale: str) -> None:
    data = EXTRA["left_truncation"]
    curve = kaplan_meier(data["stop"], data["status"], entry=data["start"], interval=scale)
    agree(curve, data[scale]["curve"])


@pytest.mark.parametrize("scale", ["plain", "log", "log-log"])
def test_left_truncation_with_weights_as_r(scale: str) -> None:
    data = EXTRA["left_truncation"]
    curve = kaplan_meier(
        data["stop"], data["status"], entry=data["start"], weights=data["weight"], interval=scale, variance="robust"
    )
    agree(curve, data["weighted"][scale])


def test_fractional_weights_with_ties_as_r() -> None:
    data = EXTRA["weighted"]
    curve = kaplan_meier(data["time"], data["status"], weights=data["weight"])
    assert curve.variance == "robust"
    agree(curve, data["log"])


def test_entry_at_the_end_but_for_noise_is_refused() -> None:
    with pytest.raises(MethodError, match="floating-point noise for 1 of 3 subjects, the first at index 1"):
        kaplan_meier([1.0, 0.1 + 0.2, 2.0], [1, 1, 1], entry=[0.0, 0.3, 0.0])


def test_jackknife_is_greenwood_without_weights() -> None:
    # an identity, though not under left truncation: squared influences on a product limit add up to Greenwood's formula
    generator = np.random.default_rng(3)
    time, event = generator.integers(1, 12, 60), generator.random(60) < 0.6
    robust = kaplan_meier(time, event, variance="robust")
    greenwood = kaplan_meier(time, event, variance="greenwood")
    inside = greenwood.survival > 0
    np.testing.assert_allclose(robust.std_error[inside], greenwood.std_error[inside], rtol=1e-9)


def test_beyond_the_last_observation_the_curve_says_nothing() -> None:
    curve = kaplan_meier([1, 2, 4], [1, 1, 0])
    at = survival_at(curve, [0, 4, 5])
    np.testing.assert_allclose(at.survival, [1, 1 / 3, np.nan])
    assert at.note == ("", "", "no one was observed beyond 4")
    assert at.at_risk.tolist() == [3, 1, 0]
    assert survival_at(curve, 5, extend=True).survival[0] == curve.survival[-1]


def test_beyond_zero_the_curve_stays_zero() -> None:
    at = survival_at(kaplan_meier([1, 2], [1, 1]), 9)
    assert (at.survival[0], at.note) == (0.0, ("",))


def test_a_landmark_meets_a_time_that_differs_by_noise() -> None:
    curve = kaplan_meier([0.1 + 0.2, 0.5], [1, 1])
    assert survival_at(curve, 0.3).survival[0] == 0.5
    curve = kaplan_meier([0.3, 0.5], [1, 1])
    assert survival_at(curve, 0.1 + 0.2).survival[0] == 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"interval": "loglog"}, "Did you mean 'log-log'"),
        ({"level": 95}, "Did you mean 0.95"),
        ({"variance": "greenwod"}, "Did you mean 'greenwood'"),
    ],
)
def test_an_unknown_choice_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        kaplan_meier([1, 2], [1, 0], **arguments)


def test_a_time_to_read_must_be_a_time() -> None:
    with pytest.raises(MethodError, match="times: must be numbers"):
        survival_at(kaplan_meier([1, 2], [1, 0]), [-1])


def test_the_frame_has_a_row_for_each_time() -> None:
    frame = kaplan_meier([2, 3, 3], [1, 0, 1]).to_frame()
    assert frame.height == 2
    assert frame.columns[:4] == ["time", "at_risk", "events", "censored"]


times = st.lists(st.integers(0, 30), min_size=1, max_size=40)


@st.composite
def samples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    time = np.array(draw(times), dtype=float)
    event = np.array(draw(st.lists(st.booleans(), min_size=time.size, max_size=time.size)))
    return time, event


@given(samples())
def test_the_curve_never_rises(sample: tuple[np.ndarray, np.ndarray]) -> None:
    curve = kaplan_meier(*sample)
    assert np.all(np.diff(curve.survival) <= 0)
    assert np.all((curve.survival >= 0) & (curve.survival <= 1))


@given(samples(), st.sampled_from(SCALES))
def test_the_limits_hold_the_estimate(sample: tuple[np.ndarray, np.ndarray], scale: str) -> None:
    curve = kaplan_meier(*sample, interval=scale)
    there = ~np.isnan(curve.low)
    assert np.all(curve.low[there] <= curve.survival[there] + 1e-12)
    assert np.all(curve.high[there] >= curve.survival[there] - 1e-12)
    assert np.all((curve.low[there] >= 0) & (curve.high[there] <= 1))


@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_subjects_does_not_matter(sample: tuple[np.ndarray, np.ndarray], random: Any) -> None:
    order = list(range(sample[0].size))
    random.shuffle(order)
    before, after = kaplan_meier(*sample), kaplan_meier(sample[0][order], sample[1][order])
    np.testing.assert_array_equal(before.survival, after.survival)
    np.testing.assert_array_equal(before.std_error, after.std_error)


@given(samples(), st.sampled_from([0.25, 7.0, 30.4375, 365.25]))
def test_the_unit_of_time_does_not_matter(sample: tuple[np.ndarray, np.ndarray], factor: float) -> None:
    before, after = kaplan_meier(*sample), kaplan_meier(sample[0] * factor, sample[1])
    np.testing.assert_array_equal(before.survival, after.survival)
    np.testing.assert_allclose(before.time * factor, after.time)


@given(samples(), st.integers(2, 4))
def test_whole_weights_are_repeated_rows(sample: tuple[np.ndarray, np.ndarray], times_each: int) -> None:
    weights = 1 + np.arange(sample[0].size) % times_each
    weighted = kaplan_meier(*sample, weights=weights)
    repeated = kaplan_meier(np.repeat(sample[0], weights), np.repeat(sample[1], weights))
    np.testing.assert_allclose(weighted.survival, repeated.survival, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(weighted.std_error, repeated.std_error, rtol=1e-12)


@given(samples())
def test_without_censoring_it_is_the_share_left(sample: tuple[np.ndarray, np.ndarray]) -> None:
    time = sample[0]
    curve = kaplan_meier(time, np.ones(time.size, dtype=bool))
    np.testing.assert_allclose(curve.survival, [(time > t).mean() for t in curve.time], atol=1e-14)


@given(samples())
def test_more_follow_up_of_the_censored_removes_no_event(sample: tuple[np.ndarray, np.ndarray]) -> None:
    time, event = sample
    longer = np.where(event, time, time + 40)
    assert kaplan_meier(longer, event).n_events == kaplan_meier(time, event).n_events


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.3), st.sampled_from(SCALES))
def test_a_higher_level_is_wider(survival: float, std_error: float, scale: Any) -> None:
    s, se = np.array([survival]), np.array([std_error])
    narrow, wide = (pointwise_limits(s, se, interval=scale, level=level) for level in (0.8, 0.99))
    assert wide.low[0] <= narrow.low[0] + 1e-12
    assert wide.high[0] >= narrow.high[0] - 1e-12
