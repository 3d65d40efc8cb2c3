"""Rank tests: against R, against every permutation, and the properties they must have."""

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
from onearm.stats.location import location_shift, location_shift_r, pseudomedian, pseudomedian_r
from onearm.stats.permutation import sign_distribution, subset_distribution
from onearm.stats.ranks import kruskal_wallis, rank_sum, signed_rank
from onearm.stats.trend import cochran_armitage, jonckheere_terpstra

MADE = json.loads((Path(__file__).parents[1] / "reference" / "categorical.json").read_text())
untimed = settings(deadline=None, max_examples=40)
CASES = [
    "no_ties",
    "ties",
    "many_ties",
    "all_equal",
    "n1_n1",
    "n3_n3_complete",
    "paired_no_ties",
    "paired_ties",
    "paired_zeros",
    "paired_all_zero",
    "paired_all_positive_n5",
    "one_sample",
    "large_n_normal",
    "inspire_l_size_by_orr",
    "inspire_ctdna_by_orr",
]
tied_values = st.lists(st.integers(0, 4), min_size=1, max_size=7)


@pytest.fixture(scope="module")
def r_cases(shared_reference):
    cases = json.loads(shared_reference("tests/wilcoxon.json").read_text())
    for name in CASES:
        data = cases[name]["data"]
        data["x"] = np.atleast_1d(np.asarray(data["x"], dtype=float))
        data["y"] = None if data["y"] == "NA" else np.atleast_1d(np.asarray(data["y"], dtype=float))
    return cases


def _is_two_samples(data):
    return data["y"] is not None and not data["paired"]


def _number(value):
    """A number of the reference, or None where R stopped or gave none."""
    return value if isinstance(value, (int, float)) else None


@pytest.mark.parametrize("name", CASES)
def test_rank_tests_equal_r(r_cases, name):
    case, data = r_cases[name], r_cases[name]["data"]
    test = (rank_sum if _is_two_samples(data) else signed_rank)(data["x"], data["y"])
    small = max(len(data["x"]), 0 if data["y"] is None else len(data["y"])) < 50
    expected = {
        "p_r": case["wilcox_test_default"].get("p"),
        "p_corrected": case["normal_cc"].get("p"),
        "p_normal": case["normal_nocc"].get("p"),
        # From 50 subjects on exactRankTests gives the normal approximation under the name of exact.
        "p_exact": case["exactRankTests_exact"].get("p") if small else None,
        "p_exact_greater": case["exactRankTests_greater_p"] if small else None,
        "p_corrected_greater": None if test.is_exact_in_r else case["wilcox_greater_p"],
    }
    checked = 0
    for field, value in expected.items():
        if _number(value) is not None:
            assert getattr(test, field) == pytest.approx(value, rel=1e-9, abs=0), field
            checked += 1
    assert checked > 0
    if _number(case["wilcox_test_default"].get("statistic")) is not None:
        assert test.statistic == case["wilcox_test_default"]["statistic"]


def test_the_exact_p_of_many_subjects_equals_r(r_cases):
    case = r_cases["large_n_normal"]
    assert rank_sum(case["data"]["x"], case["data"]["y"]).p_exact == pytest.approx(case["exact_TRUE"]["p"], rel=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_hodges_and_lehmann_by_definition(r_cases, name):
    case, data = r_cases[name], r_cases[name]["data"]
    found = (location_shift if _is_two_samples(data) else pseudomedian)(data["x"], data["y"])
    assert found.estimate == pytest.approx(case["hl_direct"], rel=1e-9)
    exact = case["exact_TRUE"]
    if "hl_lower" in exact and "ties" not in str(exact["warnings"]) and "zero" not in str(exact["warnings"]):
        assert (found.low, found.high) == pytest.approx((exact["hl_lower"], exact["hl_upper"]), rel=1e-9)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("all_equal", "n1_n1", "paired_all_zero")])
@pytest.mark.parametrize(("is_corrected", "key"), [(True, "normal_cc"), (False, "normal_nocc")])
def test_hodges_and_lehmann_as_r_prints_it(r_cases, name, is_corrected, key):
    case, data = r_cases[name], r_cases[name]["data"]
    function = location_shift_r if _is_two_samples(data) else pseudomedian_r
    found = function(data["x"], data["y"], is_corrected=is_corrected)
    expected = [case[key][field] for field in ("hl_estimate", "hl_lower", "hl_upper")]
    assert [found.estimate, found.low, found.high] == pytest.approx(expected, rel=1e-9)
    assert ("achievable" in str(case[key]["warnings"])) == bool(found.note)


def test_where_r_finds_nothing_to_search_it_is_said(r_cases):
    for function, name in ((location_shift_r, "all_equal"), (pseudomedian_r, "paired_all_zero")):
        data = r_cases[name]["data"]
        with pytest.raises(MethodError, match="use "):
            function(data["x"], data["y"])


@pytest.mark.parametrize("case", MADE["ranks"]["two"], ids=lambda c: str(c["x"]))
def test_two_samples_with_ties_equal_every_division(case):
    test = rank_sum(case["x"], case["y"])
    assert [test.p_exact, test.p_exact_greater, test.p_exact_less] == pytest.approx(case["p"], rel=1e-9)
    assert test.p_exact == pytest.approx(case["p_exactRankTests"], rel=1e-9)


@pytest.mark.parametrize("case", MADE["ranks"]["one"], ids=lambda c: str(c["d"]))
def test_differences_with_ties_equal_every_pattern_of_signs(case):
    test = signed_rank(case["d"])
    assert [test.p_exact, test.p_exact_greater, test.p_exact_less] == pytest.approx(case["p"], rel=1e-9)
    assert test.p_exact == pytest.approx(case["p_exactRankTests"], rel=1e-9)


@untimed
@given(x=tied_values, y=tied_values)
def test_the_shift_algorithm_equals_enumeration(x, y):
    ranks = stats.rankdata([*x, *y])
    seen = ranks[: len(x)].sum()
    sums = np.array([sum(part) for part in itertools.combinations(ranks, len(x))])
    assert rank_sum(x, y).p_exact_greater == pytest.approx((sums >= seen - 1e-9).mean(), rel=1e-9)
    assert rank_sum(x, y).p_exact_less == pytest.approx((sums <= seen + 1e-9).mean(), rel=1e-9)


@untimed
@given(x=tied_values, y=tied_values, data=st.data())
def test_the_order_of_subjects_and_a_rising_scale_change_nothing(x, y, data):
    test = rank_sum(x, y)
    shuffled = data.draw(st.permutations(x))
    assert rank_sum(shuffled, y) == test or math.isnan(test.z)
    assert rank_sum(np.exp(x), np.exp(y)).p_exact == test.p_exact
    swapped = rank_sum(y, x)
    assert swapped.p_exact == pytest.approx(test.p_exact, rel=1e-9)
    assert swapped.p_exact_less == pytest.approx(test.p_exact_greater, rel=1e-9)


@untimed
@given(scores=st.lists(st.integers(0, 9), min_size=1, max_size=9), data=st.data())
def test_distributions_sum_to_one(scores, data):
    size = data.draw(st.integers(0, len(scores)))
    for null in (subset_distribution(np.array(scores), size), sign_distribution(np.array(scores))):
        assert null.p.sum() == pytest.approx(1.0, rel=1e-12)
        assert null.at_least(null.first) == pytest.approx(1.0)


def test_rounding_does_not_break_a_tie_of_differences():
    # 0.3 - 0.2 and 0.2 - 0.1 differ in the last bit.
    test = signed_rank([0.3, 0.2, 0.9], [0.2, 0.1, 0.1])
    assert test.has_ties
    assert signed_rank([1.1, 5.0], [1.1 + 1e-16, 4.0]).n_y == 1


def test_missing_values_are_left_out():
    nan = float("nan")
    assert rank_sum([1, nan, 3], [2, 5, nan]).p_exact == rank_sum([1, 3], [2, 5]).p_exact
    assert signed_rank([5, nan, 3, 9], [4, 5, nan, 7]).n_x == 2


def test_infinite_values_have_ranks():
    assert rank_sum([1, 2, np.inf], [3, 4, 5]).p_exact == rank_sum([1, 2, 99], [3, 4, 5]).p_exact


def test_too_many_subjects_for_the_exact_p_are_noted():
    x = np.arange(3000.0)
    test = rank_sum(x, x + 0.5)
    assert math.isnan(test.p_exact)
    assert "too many" in test.note
    assert test.p_r == test.p_corrected


def test_a_sample_without_values_is_refused():
    with pytest.raises(MethodError, match="y: no value is left"):
        rank_sum([1, 2], [float("nan")])
    with pytest.raises(MethodError, match="one value for each x"):
        signed_rank([1, 2], [1, 2, 3])


def test_an_interval_of_the_shift_is_that_of_the_exact_test():
    # Moving y by a bound brings the exact two-sided p of untied data to either side of 0.05.
    x = np.array([0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46])
    y = np.array([1.15, 0.88, 0.90, 0.74, 1.21])
    found = location_shift(x, y)
    for bound, outwards in ((found.low, -1), (found.high, 1)):
        assert rank_sum(x, y + bound + outwards * 1e-9).p_exact < 0.05
        assert rank_sum(x, y + bound - outwards * 1e-9).p_exact >= 0.05


def test_kruskal_and_wallis_equals_r(shared_reference, shared_data):
    case = json.loads(shared_reference("tests/misc_tests.json").read_text())["other"]["kruskal_inspire_lsize_by_cohort"]
    with (shared_data("inspire_pembro") / "pembrolizumab.csv").open() as file:
        rows = list(csv.DictReader(file))
    groups = {}
    for row in rows:
        groups.setdefault(row["cohort"], []).append(float(row["l_size"]))
    found = kruskal_wallis(*groups.values())
    assert found.statistic == pytest.approx(case["chisq"], rel=1e-9)
    assert found.df == case["df"]
    assert found.p == pytest.approx(case["p"], rel=1e-9)


def test_kruskal_and_wallis_of_equal_values_is_not_defined():
    assert math.isnan(kruskal_wallis([1, 1], [1, 1]).p)
    with pytest.raises(MethodError, match="two at least"):
        kruskal_wallis([1, 2])


@pytest.mark.parametrize("case", MADE["jonckheere"], ids=lambda c: str(c["groups"]))
def test_jonckheere_and_terpstra_equals_every_division(case):
    test = jonckheere_terpstra(*(np.atleast_1d(group) for group in case["groups"]))
    assert test.statistic == case["statistic"]
    assert test.z == pytest.approx((case["statistic"] - case["mean"]) / case["variance"] ** 0.5, rel=1e-9)
    assert [test.p_exact, test.p_exact_rising, test.p_exact_falling] == pytest.approx(case["p"], rel=1e-9)


def test_jonckheere_and_terpstra_equals_hollander_and_wolfe():
    # Their example 6.2, motivational effect of knowledge of performance: J = 79, P(J >= 79) = 0.0231 without ties.
    test = jonckheere_terpstra([40, 35, 38, 43, 44, 41], [38, 40, 47, 44, 40, 42], [48, 40, 45, 43, 46, 44])
    assert test.statistic == 79
    untied = jonckheere_terpstra([1, 2, 3, 4, 5, 17], [6, 7, 8, 15, 16, 18], [9, 10, 11, 12, 13, 14])
    assert untied.statistic == 79
    assert round(untied.p_exact_rising, 4) == 0.0231


@untimed
@given(x=tied_values, y=tied_values)
def test_with_two_groups_jonckheere_and_terpstra_is_the_rank_sum_test(x, y):
    trend, test = jonckheere_terpstra(x, y), rank_sum(y, x)
    assert trend.statistic == test.statistic
    assert trend.z == pytest.approx(test.z, rel=1e-9, nan_ok=True)
    assert trend.p_exact == pytest.approx(test.p_exact, rel=1e-9)


@pytest.mark.parametrize("case", MADE["armitage"], ids=lambda c: str(c["x"]))
def test_cochran_and_armitage_equals_r_and_every_table(case):
    test = cochran_armitage(case["x"], case["n"], scores=case["scores"])
    assert test.z**2 == pytest.approx(case["chisq"], rel=1e-9)
    assert test.p == pytest.approx(case["p"], rel=1e-9)
    assert test.p_exact == pytest.approx(case["p_exact"], rel=1e-9)
    assert test.p_exact_rising == pytest.approx(case["rising"], rel=1e-9)
    assert test.p_exact_falling == pytest.approx(case["falling"], rel=1e-9)


def test_a_trend_without_variation_or_step_is_noted():
    assert cochran_armitage([0, 0], [5, 6]).note == "nothing varies"
    uneven = cochran_armitage([1, 2, 3], [5, 5, 5], scores=[0, 1, math.pi])
    assert math.isnan(uneven.p_exact)
    assert "common step" in uneven.note
    assert not math.isnan(uneven.p)


@pytest.mark.parametrize("arguments", [([1], [2]), ([3, 1], [2, 2]), ([1, 1], [2, 2, 2]), ([0.5, 1], [2, 2])])
def test_counts_that_cannot_be_are_refused(arguments):
    with pytest.raises(MethodError, match="successes, totals"):
        cochran_armitage(*arguments)
