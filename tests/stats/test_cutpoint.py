"""Maximally selected log-rank statistics against the R package maxstat, all orders, and what is said of them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.cutpoint import EXPLORATORY, best_cutpoint, log_rank_scores

EXTRA = json.loads((Path(__file__).parents[1] / "reference" / "survival_extra.json").read_text())
CASES = ("veteran_karno", "ovarian_age", "noise")


@pytest.mark.parametrize("name", CASES)
def test_statistic_cutpoint_and_p_as_maxstat(name: str) -> None:
    case = EXTRA["cutpoint"][name]
    found = best_cutpoint(
        case["time"], case["status"], case["marker"], min_share=case["min"], max_share=case["max"], n_permutations=0
    )
    np.testing.assert_allclose(log_rank_scores(case["time"], case["status"]), case["scores"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.cuts, case["cuts"])
    np.testing.assert_allclose(found.statistics, case["stats"], rtol=1e-9)
    assert math.isclose(found.statistic, case["statistic"], rel_tol=1e-9)
    assert found.cutpoint == case["cutpoint"]
    assert math.isclose(found.p_lausen_1992, case["lau92"], rel_tol=1e-9)
    assert math.isclose(found.p_lausen_1994, min(case["lau94"], 1), rel_tol=1e-9)  # maxstat lets it exceed 1
    assert math.isnan(found.p_permutation)


def test_all_orders_as_counted_in_r() -> None:
    case = EXTRA["cutpoint_six"]
    found = best_cutpoint(case["time"], case["status"], case["marker"])
    assert math.isclose(found.statistic, case["statistic"], rel_tol=1e-9)
    assert math.isclose(found.p_permutation, case["p"], rel_tol=1e-12)
    assert (found.n_permutations, found.p_permutation_error) == (720, 0)


def test_drawn_orders_agree_with_the_drawing_of_maxstat() -> None:
    case = EXTRA["cutpoint"]["ovarian_age"]
    found = best_cutpoint(
        case["time"], case["status"], case["marker"], min_share=0.2, max_share=0.8, n_permutations=40_000
    )
    # 200,000 orders there, 40,000 here: four standard errors of the difference
    error = math.sqrt(case["cond_mc"] * (1 - case["cond_mc"]) * (1 / 200_000 + 1 / 40_000))
    assert abs(found.p_permutation - case["cond_mc"]) < 4 * error


def test_the_same_seed_draws_the_same() -> None:
    case = EXTRA["cutpoint"]["noise"]
    first, second = (
        best_cutpoint(case["time"], case["status"], case["marker"], n_permutations=500, seed=7) for _ in range(2)
    )
    assert first.p_permutation == second.p_permutation


def test_the_adjusted_p_is_never_below_the_unadjusted() -> None:
    for name in CASES:
        case = EXTRA["cutpoint"][name]
        found = best_cutpoint(case["time"], case["status"], case["marker"], n_permutations=0)
        assert min(found.p_lausen_1992, found.p_lausen_1994) >= found.p_unadjusted


def test_it_says_that_it_is_exploratory() -> None:
    found = best_cutpoint([1, 2, 3, 4], [1, 1, 0, 1], [1, 2, 3, 4])
    assert found.note == EXPLORATORY
    assert EXPLORATORY in repr(found)


def test_only_the_order_of_the_marker_counts() -> None:
    case = EXTRA["cutpoint"]["noise"]
    plain = best_cutpoint(case["time"], case["status"], case["marker"], n_permutations=0)
    bent = best_cutpoint(case["time"], case["status"], np.exp(case["marker"]), n_permutations=0)
    assert (plain.statistic, plain.n_low) == (bent.statistic, bent.n_low)


def test_equal_markers_are_not_parted() -> None:
    found = best_cutpoint([1, 2, 3, 4, 5, 6], [1] * 6, [1, 1, 1, 2, 2, 2], n_permutations=0)
    assert found.cuts.tolist() == [1]
    assert found.n_low == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"marker": [1, 2, math.nan, 4]}, "marker: missing or infinite for 1 of 4 subjects, the first at index 2"),
        ({"marker": [1, 2]}, "2 values beside 4 subjects"),
        ({"marker": [3, 3, 3, 3]}, "no cut-point leaves"),
        ({"min_share": 0.6, "max_share": 0.4}, "0 < min_share < max_share < 1"),
        ({"event": [0, 0, 0, 0]}, "all subjects have the same score"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        best_cutpoint(**{"time": [1, 2, 3, 4], "event": [1, 1, 0, 1], "marker": [1, 2, 3, 4], **arguments})
