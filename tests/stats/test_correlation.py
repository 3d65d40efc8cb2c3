"""Correlations against R and against every permutation."""

from __future__ import annotations

import csv
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from onearm.errors import MethodError
from onearm.stats.correlation import kendall, pearson, spearman

MADE = json.loads((Path(__file__).parents[1] / "reference" / "categorical.json").read_text())
untimed = settings(deadline=None, max_examples=40)


@pytest.fixture(scope="module")
def r_cases(shared_reference, shared_data):
    cases = json.loads(shared_reference("tests/misc_tests.json").read_text())["correlation"]
    with (shared_data("inspire_pembro") / "pembrolizumab.csv").open() as file:
        rows = list(csv.DictReader(file))

    def column(name):
        return np.array([float(row[name]) if row[name] not in ("", "NA") else np.nan for row in rows])

    cases["inspire_tmb_lsize"] |= {"x": column("tmb"), "y": column("l_size")}
    cases["inspire_pdl1_tmb"] |= {"x": column("pdl1"), "y": column("tmb")}
    return cases


@pytest.mark.parametrize("name", ["no_ties", "ties", "inspire_tmb_lsize", "inspire_pdl1_tmb"])
def test_correlations_equal_r(r_cases, name):
    case = r_cases[name]
    moment, ranks, pairs = (function(case["x"], case["y"]) for function in (pearson, spearman, kendall))
    found = {
        "pearson": moment.r,
        "pearson_p": moment.p,
        "spearman": ranks.rho,
        "spearman_p_default": ranks.p_r,
        "spearman_p_t": ranks.p_t,
        "kendall": pairs.tau,
        "kendall_p": pairs.p_r,
    }
    for key, value in found.items():
        assert value == pytest.approx(case[key], rel=1e-9), key
    assert [moment.low, moment.high] == pytest.approx(case["pearson_ci"], rel=1e-9)


@pytest.mark.parametrize("case", MADE["correlation"], ids=lambda c: f"n={len(c['x'])}")
def test_rank_correlations_equal_r(case):
    ranks, pairs = spearman(case["x"], case["y"]), kendall(case["x"], case["y"])
    assert ranks.rho == pytest.approx(case["rho"], rel=1e-9)
    assert ranks.p_r == pytest.approx(case["p_spearman"], rel=1e-9)
    assert pairs.tau == pytest.approx(case["tau"], rel=1e-9)
    assert pairs.p_r == pytest.approx(case["p_kendall"], rel=1e-9)
    assert pairs.p_normal == pytest.approx(case["p_kendall_normal"], rel=1e-9)


def test_spearman_with_ties_equals_every_permutation():
    case = MADE["spearman_tied"]
    assert spearman(case["x"], case["y"]).p_exact == pytest.approx(case["p_exact"], rel=1e-9)


@untimed
@given(y=st.permutations(range(6)))
def test_exact_p_values_equal_every_permutation(y):
    x = np.arange(6)
    rhos = np.array([x @ np.array(order) for order in itertools.permutations(range(6))]) - 2.5 * 15
    assert spearman(x, y).p_exact == pytest.approx((np.abs(rhos) >= abs(x @ np.array(y) - 37.5) - 1e-9).mean())
    assert kendall(x, y).p_exact == pytest.approx(stats.kendalltau(x, y, method="exact").pvalue)


@untimed
@given(pairs=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12), data=st.data())
def test_the_order_of_subjects_and_a_rising_scale_change_nothing(pairs, data):
    shuffled = data.draw(st.permutations(pairs))
    for function, name in ((spearman, "rho"), (kendall, "tau")):
        found = function(*zip(*pairs, strict=True))
        again = function(*zip(*((math.exp(x), y) for x, y in shuffled), strict=True))
        assert getattr(again, name) == pytest.approx(getattr(found, name), abs=1e-12, nan_ok=True)
        assert again.p_r == pytest.approx(found.p_r, rel=1e-9, nan_ok=True)


def test_a_constant_has_no_correlation():
    for found in (pearson([1, 1, 1], [1, 2, 3]).r, spearman([1, 1, 1], [1, 2, 3]).rho, kendall([1, 1], [1, 2]).tau):
        assert math.isnan(found)


def test_a_perfect_correlation_has_no_width():
    found = pearson([1, 2, 3, 4], [2, 4, 6, 8])
    assert (found.r, found.low, found.high, found.p) == (1, 1, 1, 0)


def test_incomplete_pairs_are_left_out():
    assert kendall([1, 2, float("nan"), 4], [1, 3, 2, 4]).n == 3
    with pytest.raises(MethodError, match="2 complete pairs"):
        spearman([1, float("nan")], [1, 2])
    with pytest.raises(MethodError, match="one length"):
        pearson([1, 2, 3], [1, 2])
