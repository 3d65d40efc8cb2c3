"""t tests against R, and what happens where they are not defined."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from onearm.errors import MethodError
from onearm.stats.means import one_sample_t, student_t, welch_t

X = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
Y = [1.15, 0.88, 0.90, 0.74, 1.21]
BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]


@pytest.mark.parametrize(
    ("key", "test"),
    [("t_welch", welch_t(X, Y)), ("t_student", student_t(X, Y)), ("t_paired", one_sample_t(BEFORE, AFTER))],
)
def test_t_tests_equal_r(shared_reference, key, test):
    case = json.loads(shared_reference("tests/misc_tests.json").read_text())["other"][key]
    assert [test.t, test.df, test.p] == pytest.approx([case["t"], case["df"], case["p"]], rel=1e-9)
    assert [test.low, test.high] == pytest.approx(case["ci"], rel=1e-9)


@pytest.mark.parametrize("level", [0.8, 0.99])
def test_one_sided_p_values_and_other_levels_equal_scipy(level):
    found, expected = welch_t(X, Y, level=level), stats.ttest_ind(X, Y, equal_var=False, alternative="greater")
    assert found.p_greater == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.p_less == pytest.approx(1 - expected.pvalue, rel=1e-9)
    interval = stats.ttest_ind(X, Y, equal_var=False).confidence_interval(level)
    assert [found.low, found.high] == pytest.approx([interval.low, interval.high], rel=1e-9)


def test_a_mean_against_another_value_equals_scipy():
    found = one_sample_t(X, mu=1.0)
    assert found.p == pytest.approx(stats.ttest_1samp(X, 1.0).pvalue, rel=1e-9)
    assert found.estimate == pytest.approx(np.mean(X))


@pytest.mark.parametrize(
    "test", [welch_t([1.0], Y), welch_t([1, 1], [2, 2]), student_t([1], [2]), one_sample_t([3]), one_sample_t([3, 3])]
)
def test_without_variance_there_is_no_test(test):
    assert math.isnan(test.p)
    assert test.note


def test_missing_values_are_left_out_and_an_empty_sample_is_refused():
    assert welch_t([*X, math.nan], Y) == welch_t(X, Y)
    with pytest.raises(MethodError, match="y: no value is left"):
        welch_t(X, [math.nan])
    with pytest.raises(MethodError, match=r"Did you mean 0\.95\?"):
        student_t(X, Y, level=95)
