"""Checks of times and events, and the merging of times that differ by noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.stats.times import TIE_TOLERANCE, check_level, check_times, count_at, distinct_times, merge_sorted


def test_two_events_as_booleans_or_codes_are_the_same() -> None:
    assert check_times([1, 2], [True, False]).event.tolist() == check_times([1, 2], [1.0, 0.0]).event.tolist()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (dict(time=[-1, 2], event=[1, 0]), ["time: 1 value is negative, the first at index 0"]),
        (dict(time=[1, np.nan, np.inf], event=[1, 0, 1]), ["time: 2 values are missing or infinite", "index 1"]),
        (dict(time=[1, None], event=[1, 0]), ["time: 1 value is missing"]),
        (dict(time=["x", "y"], event=[1, 0]), ["time: holds values that are not numbers"]),
        (dict(time=[1, 2, 3], event=[1, 2, 2]), ["event: 2 values are neither 0 nor 1"]),
        (dict(time=[1, 2], event=[1, None]), ["event: 1 value is missing"]),
        (dict(time=[1, 2], event=[1]), ["event: 1 values beside 2 times"]),
        (dict(time=[], event=[]), ["no subject"]),
        (dict(time=[1, 2], event=[1, 0], entry=[1, 0]), ["entry: 1 value is not before the time"]),
        (dict(time=[1, 2], event=[1, 0], weights=[0, 1]), ["weights: 1 value is not a positive number"]),
        (dict(time=[[1, 2]], event=[1, 0]), ["2 dimensions"]),
    ],
)
def test_a_problem_is_named_with_its_place(arguments: dict[str, object], parts: list[str]) -> None:
    with pytest.raises(MethodError) as caught:
        check_times(**arguments)
    for part in parts:
        assert part in str(caught.value)


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(MethodError) as caught:
        check_times([-1, np.nan, 3], [0, 1, 7], entry=[0, 0, 5], weights=[1, -1, 1])
    assert len(caught.value.problems) == 5  # time missing, time negative, event, entry, weight


def test_a_percentage_is_recognised_as_a_level() -> None:
    with pytest.raises(MethodError, match=r"Did you mean 0\.95"):
        check_level(95)


def test_noise_is_merged_and_real_differences_stay() -> None:
    assert np.unique(distinct_times([0.1 + 0.2, 0.3, 0.300001])).size == 2


def test_small_gaps_beside_a_large_mean_are_merged_as_in_r() -> None:
    # aeqSurv divides the gap by the mean distinct time: (1e-3 - 1e-6) / 200200 < 1.5e-8
    assert distinct_times([1e-6, 1e-3, 1.0, 1e3, 1e6]).tolist() == [1e-6, 1e-6, 1.0, 1e3, 1e6]


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=30))
def test_merging_keeps_order_and_moves_times_down_only(times: list[float]) -> None:
    before = np.array(times)
    after = distinct_times(before)
    assert np.all(after <= before)
    order = np.argsort(before, kind="stable")
    assert np.all(np.diff(after[order]) >= 0)
    kept = np.unique(after)
    assert np.all(np.diff(kept) > TIE_TOLERANCE)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=30))
def test_sorted_or_not_the_same_is_merged(times: list[float]) -> None:
    np.testing.assert_array_equal(merge_sorted(np.sort(times)), np.sort(distinct_times(times)))


@given(st.lists(st.integers(0, 12), min_size=1, max_size=30))
def test_counts_are_those_of_the_distinct_times(times: list[int]) -> None:
    grid, counts = np.unique(times, return_counts=True)
    np.testing.assert_array_equal(count_at(grid.astype(float), np.array(times, dtype=float)), counts)


def test_nothing_is_counted_on_an_empty_grid() -> None:
    assert count_at(np.empty(0), np.empty(0)).size == 0
