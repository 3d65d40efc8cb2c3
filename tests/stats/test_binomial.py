"""Binomial intervals and the exact test: against R, against exact enumeration, and the properties they must have."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from onearm.errors import MethodError
from onearm.stats.binomial import (
    BINOMIAL_INTERVALS,
    binomial_bounds,
    binomial_interval,
    binomial_test,
    clopper_pearson,
)

MADE = json.loads((Path(__file__).parents[1] / "reference" / "categorical.json").read_text())
METHODS = sorted(BINOMIAL_INTERVALS)
EXACT = sorted(name for name, method in BINOMIAL_INTERVALS.items() if method.is_exact)
# The machine of a continuous integration may pause; how long an example takes says nothing here.
untimed = settings(deadline=None, max_examples=30)
levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])


@st.composite
def counts(draw, most=200):
    n = draw(st.integers(1, most))
    return draw(st.integers(0, n)), n


def _table(path):
    with path.open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("method", "column"),
    [
        ("clopper-pearson", "cp"),
        ("mid-p", "midp"),
        ("wilson", "wilson"),
        ("wilson-cc-r", "wilsoncc"),
        ("jeffreys", "jeffreys"),
    ],
)
def test_intervals_equal_r(shared_reference, method, column):
    for row in _table(shared_reference("tests/binomial_ci_table.csv")):
        found = binomial_interval(int(row["x"]), int(row["n"]), method=method, level=row["level"])
        assert found.low == pytest.approx(row[f"{column}_lower"], rel=1e-9, abs=0)
        assert found.high == pytest.approx(row[f"{column}_upper"], rel=1e-9, abs=0)


def test_a_one_sided_bound_is_a_bound_of_the_interval_of_twice_the_error(shared_reference):
    for row in _table(shared_reference("tests/binomial_ci_table.csv")):
        found = clopper_pearson(int(row["x"]), int(row["n"]), level=2 * row["level"] - 1)
        assert found.low == pytest.approx(row["one_sided_cp_lower"], rel=1e-9, abs=0)
        assert found.high == pytest.approx(row["one_sided_cp_upper"], rel=1e-9, abs=0)


@pytest.mark.parametrize("row", MADE["blaker"], ids=lambda r: f"{r['x']}/{r['n']} {r['level']}")
def test_blaker_equals_a_scan_of_its_definition(row):
    found = binomial_interval(row["x"], row["n"], method="blaker", level=row["level"])
    assert found.low == pytest.approx(row["low"], rel=1e-9, abs=1e-12)
    assert found.high == pytest.approx(row["high"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("row", MADE["approximate"], ids=lambda r: f"{r['method']} {r['x']}/{r['n']} {r['level']}")
def test_approximate_intervals_equal_r(row):
    found = binomial_interval(row["x"], row["n"], method=row["method"], level=row["level"])
    assert found.low == pytest.approx(row["low"], rel=1e-9, abs=1e-12)
    assert found.high == pytest.approx(row["high"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    # Newcombe (1998), table I: 81/263, 15/148, 0/20, 1/29 by his methods 1, 2, 3, 4, 5 (exact) and 6 (mid-p).
    ("x", "n", "method", "low", "high"),
    [
        (81, 263, "wald", 0.2522, 0.3638),
        (81, 263, "wald-cc", 0.2503, 0.3657),
        (81, 263, "wilson", 0.2553, 0.3662),
        (81, 263, "wilson-cc", 0.2535, 0.3682),
        (81, 263, "clopper-pearson", 0.2527, 0.3676),
        (81, 263, "mid-p", 0.2544, 0.3658),
        (15, 148, "wilson-cc", 0.0598, 0.1644),
        (15, 148, "mid-p", 0.0601, 0.1581),
        (0, 20, "wilson-cc", 0.0000, 0.2005),
        (0, 20, "mid-p", 0.0000, 0.1391),
        (1, 29, "wald-cc", 0.0000, 0.1181),
        (1, 29, "wilson", 0.0061, 0.1718),
        (1, 29, "clopper-pearson", 0.0009, 0.1776),
    ],
)
def test_intervals_equal_the_table_of_newcombe(x, n, method, low, high):
    found = binomial_interval(x, n, method=method)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize("method", METHODS)
@untimed
@given(counts=counts(), level=levels)
def test_an_interval_holds_its_estimate(method, counts, level):
    x, n = counts
    found = binomial_interval(x, n, method=method, level=level)
    if method == "student-t" and n == 1:
        assert math.isnan(found.low)
    else:
        assert found.low <= x / n + 1e-15
        assert found.high >= x / n - 1e-15


@pytest.mark.parametrize("method", [name for name in METHODS if name != "student-t"])
@untimed
@given(counts=counts(), level=levels)
def test_an_interval_stays_between_0_and_1(method, counts, level):
    found = binomial_interval(*counts, method=method, level=level)
    assert 0 <= found.low <= found.high <= 1


@pytest.mark.parametrize("method", METHODS)
@untimed
@given(counts=counts(), level=levels)
def test_successes_and_failures_are_treated_alike(method, counts, level):
    x, n = counts
    found = binomial_interval(x, n, method=method, level=level)
    other = binomial_interval(n - x, n, method=method, level=level)
    assert found.low == pytest.approx(1 - other.high, abs=1e-12, nan_ok=True)
    assert found.high == pytest.approx(1 - other.low, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    "method", [name for name in METHODS if name not in ("wald", "student-t", "wilson-cc-r", "logit")]
)
@untimed
@given(n=st.integers(1, 120), level=levels)
def test_more_successes_never_lower_a_bound(method, n, level):
    # Wald and t shrink to a point at the edges, logit changes its formula there, and R drops its correction at n/2.
    found = binomial_bounds(np.arange(n + 1), n, method=method, level=level)
    assert np.all(np.diff(found.low) >= -1e-12)
    assert np.all(np.diff(found.high) >= -1e-12)


@untimed
@given(counts=counts(), level=levels)
def test_blaker_lies_within_clopper_pearson(counts, level):
    inner, outer = (binomial_interval(*counts, method=m, level=level) for m in ("blaker", "clopper-pearson"))
    assert outer.low <= inner.low + 1e-12
    assert inner.high <= outer.high + 1e-12


@untimed
@given(counts=counts(), levels=st.tuples(st.floats(0.5, 0.98), st.floats(0.001, 0.015)))
def test_blaker_intervals_of_rising_level_are_nested(counts, levels):
    inner = binomial_interval(*counts, method="blaker", level=levels[0])
    outer = binomial_interval(*counts, method="blaker", level=levels[0] + levels[1])
    assert outer.low <= inner.low + 1e-12
    assert inner.high <= outer.high + 1e-12


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("n", [1, 2, 7, 10, 29, 46])
def test_exact_intervals_cover_at_least_at_their_level(method, level, n):
    # Coverage is a polynomial between two bounds; it falls to its minimum where a bound has just been passed.
    x = np.arange(n + 1)
    low, high = binomial_bounds(x, n, method=method, level=level)
    edges = np.concatenate([low, high])
    p = np.concatenate([np.linspace(0, 1, 401), edges - 1e-11, edges + 1e-11]).clip(0, 1)[:, None]
    inside = (low - 1e-13 <= p) & (p <= high + 1e-13)
    coverage = (stats.binom.pmf(x, n, p) * inside).sum(axis=1)
    assert coverage.min() >= level - 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_many_intervals_at_once_are_the_same_as_one_by_one(method):
    x, n = np.array([[0, 3, 10], [1, 5, 9]]), np.array([10, 12, 17])
    found = binomial_bounds(x, n, method=method, level=0.9)
    for position in np.ndindex(x.shape):
        single = binomial_interval(int(x[position]), int(n[position[1]]), method=method, level=0.9)
        assert found.low[position] == pytest.approx(single.low, rel=1e-13)
        assert found.high[position] == pytest.approx(single.high, rel=1e-13)


def test_r_drops_the_correction_at_one_half_and_newcombe_does_not():
    # prop.test(6, 12)$conf.int is 0.2538 to 0.7462 with and without correct; the formula of Newcombe gives 0.2229.
    assert binomial_interval(6, 12, method="wilson-cc-r").low == binomial_interval(6, 12, method="wilson").low
    assert round(binomial_interval(6, 12, method="wilson-cc").low, 4) == 0.2229


def test_p_values_equal_r(shared_reference):
    case = json.loads(shared_reference("tests/binomial.json").read_text())["p_values"]
    fields = {
        "two_sided_binom_test": "p_two_sided",
        "greater": "p_greater",
        "less": "p_less",
        "midp_greater": "mid_p_greater",
        "midp_less": "mid_p_less",
        "two_sided_doubled_exact": "p_doubled",
    }
    for i, (x, n, p0) in enumerate(zip(case["x"], case["n"], case["p0"], strict=True)):
        found = binomial_test(x, n, p0)
        for column, name in fields.items():
            assert getattr(found, name) == pytest.approx(case[column][i], rel=1e-9, abs=0), (x, n, p0, name)


@untimed
@given(counts=counts(), p0=st.floats(0.01, 0.99))
def test_p_values_equal_scipy(counts, p0):
    found = binomial_test(*counts, p0)
    assert found.p_two_sided == pytest.approx(stats.binomtest(*counts, p0).pvalue, rel=1e-9)
    assert found.p_greater == pytest.approx(stats.binomtest(*counts, p0, alternative="greater").pvalue, rel=1e-9)


@untimed
@given(counts=counts(), p0=st.floats(0.01, 0.99))
def test_the_doubled_p_value_and_clopper_pearson_agree(counts, p0):
    p = binomial_test(*counts, p0).p_doubled
    low, high = clopper_pearson(*counts)
    if abs(p - 0.05) > 1e-9:
        assert (p > 0.05) == (low < p0 < high)


def test_a_proportion_of_0_or_1_under_the_null_hypothesis():
    assert binomial_test(0, 5, 0.0).p_two_sided == 1
    assert binomial_test(1, 5, 0.0).p_greater == 0
    assert binomial_test(5, 5, 1.0).p_two_sided == 1


@pytest.mark.parametrize(
    ("method", "x", "n"), [("wald", 0, 10), ("student-t", 10, 10), ("logit", 0, 10), ("student-t", 1, 1)]
)
def test_a_method_that_gives_less_than_its_name_says_so(method, x, n):
    assert binomial_interval(x, n, method=method).note


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"x": 50, "n": 46}, "more successes than subjects"),
        ({"x": -1, "n": 46}, "whole number from 0"),
        ({"x": 1.5, "n": 46}, "whole number from 0"),
        ({"x": 0, "n": 0}, "whole number from 1"),
        ({"x": 26, "n": 46, "level": 95}, "Did you mean 0.95?"),
        ({"x": 26, "n": 46, "method": "clopper"}, "Did you mean 'clopper-pearson'?"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments, words):
    with pytest.raises(MethodError) as error:
        binomial_interval(**arguments)
    assert words in str(error.value)


def test_everything_wrong_is_reported_together():
    with pytest.raises(MethodError) as error:
        binomial_interval(-1, 0, method="exact", level=0)
    assert len(error.value.problems) == 4


def test_an_interval_unpacks_reads_and_becomes_a_row():
    interval = binomial_interval(26, 46)
    low, high = interval
    assert (low, high) == (interval.low, interval.high)
    assert repr(interval) == "0.5652 (95% interval 0.4111 to 0.7107, clopper-pearson)"
    row = interval.to_frame().row(0, named=True)
    assert row["estimate"] == 26 / 46
    assert row["method"] == "clopper-pearson"
