"""Adjusted p values against R's p.adjust, and the properties that every adjustment must have."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onearm.errors import MethodError
from onearm.stats.multiplicity import ADJUSTMENTS, adjust_p

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
