"""The fast curve numbers equal those of the statistics room, which are held to R."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.reconstruction.curve_numbers import (
    code_of,
    curve_recipe,
    limits_at,
    quantile_of,
    sample_quantile,
    steps_of,
)
from onearm.reconstruction.targets import Conventions
from onearm.stats.follow_up import follow_up_of_all
from onearm.stats.kaplan_meier import kaplan_meier, survival_at
from onearm.stats.quantiles import survival_quantile

_PROGRAMS = [("log", "r"), ("log-log", "sas"), ("plain", "spss"), ("log-log", "r"), ("log", "r-print"), ("logit", "r")]
_TIMES = st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=40)


def _same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize(("interval", "median"), _PROGRAMS)
@settings(max_examples=150, deadline=None)
@given(times=_TIMES)
def test_medians_and_rates_are_those_of_the_statistics_room(interval, median, times):
    conventions = Conventions(interval=interval, median=median, days_per_month=10.0)
    recipe = curve_recipe(conventions)
    steps = steps_of(sorted(code_of(day, event) for day, event in times))
    day, event = np.array([d for d, _ in times]) / 10.0, np.array([e for _, e in times])
    curve = kaplan_meier(day, event, interval=interval)
    for p in (0.25, 0.5, 0.75):
        expected = survival_quantile(curve, p, convention=median)
        found = quantile_of(steps, p, recipe)
        for one, other in zip(found, (expected.estimate, expected.low, expected.high), strict=True):
            assert _same(one, other), (p, found, expected)
    for month in (0.05, 1.0, 2.3, 5.9):
        at = survival_at(curve, month)
        for one, other in zip(limits_at(steps, month, recipe), (at.survival[0], at.low[0], at.high[0]), strict=True):
            assert _same(one, float(other)), (month, at)


@pytest.mark.parametrize("program", ["r", "sas", "spss"])
@given(values=st.lists(st.integers(1, 100), min_size=1, max_size=30))
def test_sample_quartiles_are_those_of_the_statistics_room(program, values):
    expected = follow_up_of_all(values, [0] * len(values), quartiles=program)
    found = [sample_quantile(sorted(values), p, program) for p in (0.25, 0.5, 0.75)]
    assert found == pytest.approx([expected.first_quartile, expected.median, expected.third_quartile])
