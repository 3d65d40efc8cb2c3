"""Kinetics by hand calculations."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from onearm.errors import MethodError
from onearm.rules.kinetics import (
    benefit_at,
    depth_of_response,
    growth_modulation_index,
    progression_extent,
    tumour_growth_rate,
)


def test_growth_modulation_with_censoring():
    # 4/3 = 1.3333 reaches 1.33; 1.32 does not; censored at 2.0 has reached it; censored at 1.0 is not known
    found = growth_modulation_index([4, 1.32, 2.0, 1.0, np.nan], [1, 1, 0, 0, 1], [3, 1, 1, 1, 1])
    np.testing.assert_allclose(found.ratio, [4 / 3, 1.32, 2, 1, np.nan])
    np.testing.assert_array_equal(found.is_at_least, [1, 0, 1, np.nan, np.nan])


def test_growth_modulation_at_exactly_the_threshold():
    assert growth_modulation_index([1.33], [True], [1.0]).is_at_least.tolist() == [1.0]
    assert growth_modulation_index([0.399], [True], [0.3]).is_at_least.tolist() == [1.0]


def test_previous_times_must_be_positive():
    with pytest.raises(MethodError, match="1 previous times of 0 or less and 1 negative times"):
        growth_modulation_index([1, -1], [1, 1], [0, 1])


def test_growth_rate_of_a_tumour_that_doubles_its_volume_in_a_month():
    # the diameter grows by the cube root of 2
    assert tumour_growth_rate([30.0], [30.0 * 2 ** (1 / 3)], [30.4375])[0] == pytest.approx(100.0)


def test_growth_rate_halves_on_the_log_scale_in_twice_the_time():
    rate = tumour_growth_rate([30.0], [60.0], [2 * 30.4375])[0]
    assert rate == pytest.approx(100 * (math.sqrt(8) - 1))


def test_growth_rate_is_unknown_without_two_sums():
    assert np.isnan(tumour_growth_rate([0, 10, np.nan, 10], [10, 0, 10, 10], [30, 30, 30, 0])).all()


def test_depth_of_response_to_a_day():
    sums = pl.DataFrame(
        {
            "subject": ["a"] * 3 + ["b"],
            "visit": [0, 1, 2, 0],
            "day": [0, 42, 84, 0],
            "change_pct": [0.0, -20.0, -50.0, 0.0],
            "is_after_baseline": [False, True, True, False],
        }
    )
    assert depth_of_response(sums).select("change_pct", "day").rows() == [(-50.0, 84), (None, None)]
    until = pl.DataFrame({"subject": ["a"], "day": [60]})
    assert depth_of_response(sums, until=until).select("change_pct", "day").rows()[0] == (-20.0, 42)


def test_extent_of_progression():
    sites = pl.DataFrame({"subject": ["a"] * 3 + ["b"] * 3, "site": ["lung", "liver", "lung", "lung", "liver", "bone"]})
    assert progression_extent(sites).rows() == [("a", 2, "oligo"), ("b", 3, "systemic")]


def test_benefit_at_six_months():
    found = benefit_at([6.0, 5.9, 5.9, 7.0, np.nan], [True, True, False, False, True], at=6.0)
    np.testing.assert_array_equal(found, [1, 0, np.nan, 1, np.nan])
