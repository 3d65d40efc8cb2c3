"""Adjusted p values against R's p.adjust and every permutation, and the properties that every adjustment must have."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from onearm.errors import MethodError
from onearm.stats.multiplicity import ADJUSTMENTS, adjust_p, max_t

MADE = json.loads((Path(__file__).parents[1] / "reference" / "categorical.json").read_text())
untimed = settings(deadline=None, max_examples=50)
METHODS = sorted(ADJUSTMENTS)
p_values = arrays(float, st.integers(0, 30), elements=st.one_of(st.floats(0, 1), st.just(float("nan"))))


@pytest.mark.parametrize(
    ("method", "key"),
    [("bh", "BH"), ("by", "BY"), ("holm", "holm"), ("hochberg", "hochberg"), ("bonferroni", "bonferroni")],
)
def test_adjusted_p_values_equal_r(shared_reference, method, key):
    case = json.loads(shared_reference("tests/misc_tests.json").read_text())["p_adjust"]
    np.testing.assert_allclose(adjust_p(case["p"], method=method), case[key], rtol=1e-12)


def test_a_missing_p_value_stays_missing_and_does_not_count(shared_reference):
    expected = json.loads(shared_reference("tests/misc_tests.json").read_text())["p_adjust"]["with_NA"]
    adjusted = adjust_p([0.01, np.nan, 0.04, 0.03])
    assert np.isnan(adjusted[1])
    np.testing.assert_allclose(adjusted[[0, 2, 3]], [expected[i] for i in (0, 2, 3)], rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@untimed
@given(p=p_values)
def test_the_order_of_p_values_is_kept_and_none_becomes_smaller(method, p):
    adjusted = adjust_p(p, method=method)
    known = ~np.isnan(p)
    assert np.array_equal(np.isnan(adjusted), ~known)
    order = np.argsort(p[known], kind="stable")
    assert np.all(np.diff(adjusted[known][order]) >= 0)
    assert np.all(adjusted[known] >= p[known] * (1 - 1e-15))
    assert np.all(adjusted[known] <= 1)


@pytest.mark.parametrize("method", METHODS)
@untimed
@given(p=p_values, data=st.data())
def test_the_order_of_the_tests_changes_nothing(method, p, data):
    shuffle = np.asarray(data.draw(st.permutations(range(p.size))), dtype=int)
    np.testing.assert_array_equal(adjust_p(p[shuffle], method=method), adjust_p(p, method=method)[shuffle])


@untimed
@given(p=p_values)
def test_the_methods_stand_in_their_known_order_of_strictness(p):
    bh, hochberg, holm, bonferroni = (adjust_p(p, method=m) for m in ("bh", "hochberg", "holm", "bonferroni"))
    for less, more in ((bh, hochberg), (hochberg, holm), (holm, bonferroni)):
        assert np.all((less <= more * (1 + 1e-14)) | np.isnan(p))


def test_no_p_value_gives_no_p_value():
    assert adjust_p([]).shape == (0,)


def test_a_wrong_method_and_wrong_values_are_reported_together():
    with pytest.raises(MethodError) as error:
        adjust_p([0.5, 1.5], method="hochburg")
    assert "Did you mean 'hochberg'?" in error.value.problems[0]
    assert "p[1] = 1.5" in error.value.problems[1].replace("np.float64(1.5)", "1.5")


def test_max_t_equals_every_division_in_r():
    case = MADE["max_t"]
    values = np.array(case["values"])
    found = max_t(values, np.arange(len(values)) < case["n_first"], seed=1)
    assert found.is_complete
    assert found.n_permutations == 35
    np.testing.assert_allclose(found.statistic, case["statistic"], rtol=1e-9)
    np.testing.assert_allclose(found.p, case["p"], rtol=1e-12)
    np.testing.assert_allclose(found.p_single_step, case["single"], rtol=1e-12)
    np.testing.assert_allclose(found.p_step_down, case["down"], rtol=1e-12)


def _screen(seed, n=16, features=40):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, features))
    values[: n // 2, 0] += 4
    values[rng.random(values.shape) < 0.05] = np.nan
    return values, np.arange(n) < n // 2


def test_random_permutations_come_near_to_all_of_them():
    values, groups = _screen(4)
    complete = max_t(values, groups, permutations=20_000, seed=1)
    sampled = max_t(values, groups, permutations=5_000, seed=1)
    assert complete.is_complete
    assert not sampled.is_complete
    assert np.nanmax(np.abs(complete.p_step_down - sampled.p_step_down)) < 5 * np.sqrt(0.25 / 5_000)


def test_the_same_seed_gives_the_same_p_values():
    values, groups = _screen(5)
    first, second = (max_t(values, groups, permutations=200, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first.p_step_down, second.p_step_down)


def test_welchs_t_equals_scipy_with_missing_values():
    values, groups = _screen(6)
    expected = stats.ttest_ind(values[groups], values[~groups], equal_var=False, nan_policy="omit").statistic
    np.testing.assert_allclose(max_t(values, groups, permutations=2, seed=1).statistic, expected, rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_adjusted_p_values_are_ordered(seed):
    values, groups = _screen(seed)
    found = max_t(values, groups, permutations=300, seed=seed)
    assert np.all(found.p <= found.p_step_down)
    assert np.all(found.p_step_down <= found.p_single_step)
    order = np.argsort(-np.abs(found.statistic))
    assert np.all(np.diff(found.p_step_down[order]) >= 0)
    assert np.all(found.p_single_step > 0)


@pytest.mark.parametrize("power", [-3, 3])
def test_the_unit_of_a_feature_changes_nothing(power):
    values, groups = _screen(8)
    plain, scaled = (max_t(v, groups, permutations=300, seed=2) for v in (values, values * 10.0**power + 5))
    np.testing.assert_allclose(plain.p_step_down, scaled.p_step_down)


def test_a_feature_that_cannot_be_tested_does_not_count():
    values, groups = _screen(9)
    values = np.column_stack([values, np.full(16, 3.3), np.where(groups, np.nan, 1.0)])
    found = max_t(values, groups, permutations=300, seed=2)
    assert np.isnan(found.p_step_down[-2:]).all()
    np.testing.assert_array_equal(
        found.p_step_down[:-2], max_t(values[:, :-2], groups, permutations=300, seed=2).p_step_down
    )


def test_groups_that_cannot_be_compared_are_refused():
    with pytest.raises(MethodError, match="two subjects in each group"):
        max_t([[1.0], [2.0], [3.0]], [True, False, False], seed=1)
    with pytest.raises(MethodError) as error:
        max_t([[1.0], [2.0]], [True], permutations=1, seed=1)
    assert len(error.value.problems) == 2
