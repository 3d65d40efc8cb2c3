"""Intervals of a difference of proportions against Newcombe's table and their definitions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from onearm.errors import MethodError
from onearm.stats.risk_difference import DIFFERENCE_INTERVALS, risk_difference

untimed = settings(deadline=None, max_examples=40)
group = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    # Newcombe (1998), Stat Med 17:873-890, table II: contrasts (a) 56/70 - 48/80 and (b) 9/10 - 3/10.
    ("counts", "method", "low", "high"),
    [
        ((56, 70, 48, 80), "wald", 0.0575, 0.3425),
        ((56, 70, 48, 80), "miettinen-nurminen", 0.0528, 0.3382),
        ((56, 70, 48, 80), "newcombe", 0.0524, 0.3339),
        ((56, 70, 48, 80), "newcombe-cc", 0.0428, 0.3422),
        ((9, 10, 3, 10), "wald", 0.2605, 0.9395),
        ((9, 10, 3, 10), "miettinen-nurminen", 0.1700, 0.8406),
        ((9, 10, 3, 10), "newcombe", 0.1705, 0.8090),
        ((9, 10, 3, 10), "newcombe-cc", 0.1013, 0.8387),
    ],
)
def test_intervals_equal_the_table_of_newcombe(counts, method, low, high):
    found = risk_difference(*counts, method=method)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_agresti_and_caffo_by_hand():
    # (57/72 - 49/82) -+ 1.959964 sqrt(57 * 15 / 72^3 + 49 * 33 / 82^3)
    found = risk_difference(56, 70, 48, 80, method="agresti-caffo")
    difference, half = 57 / 72 - 49 / 82, 1.959963984540054 * (57 * 15 / 72**3 + 49 * 33 / 82**3) ** 0.5
    assert tuple(found) == pytest.approx((difference - half, difference + half), rel=1e-12)


@untimed
@given(first=group, second=group)
def test_the_bounds_of_miettinen_and_nurminen_are_where_the_score_test_rejects(first, second):
    (x1, n1), (x2, n2) = first, second
    found = risk_difference(x1, n1, x2, n2, method="miettinen-nurminen")
    for bound in found:
        if -0.999 < bound < 0.999 and abs(bound - found.estimate) > 1e-6:
            assert abs(_score(x1, n1, x2, n2, bound)) == pytest.approx(stats.norm.ppf(0.975), rel=1e-5)


def _score(x1, n1, x2, n2, delta):
    """Score statistic with the constrained estimate found by the slope of the likelihood instead of by the cubic."""

    def slope(p2):
        p1 = p2 + delta
        return x1 / p1 - (n1 - x1) / (1 - p1) + x2 / p2 - (n2 - x2) / (1 - p2)

    low, high = max(0.0, -delta), min(1.0, 1 - delta)
    left, right = low + 1e-13, high - 1e-13
    # the log-likelihood is concave: it is highest where its slope is 0, or at the end towards which it rises
    if slope(left) <= 0:
        p2 = low
    elif slope(right) >= 0:
        p2 = high
    else:
        p2 = optimize.brentq(slope, left, right, xtol=1e-15)
    p1 = p2 + delta
    variance = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * (n1 + n2) / (n1 + n2 - 1)
    return (x1 / n1 - x2 / n2 - delta) / variance**0.5


@pytest.mark.parametrize("method", sorted(DIFFERENCE_INTERVALS))
@untimed
@given(first=group, second=group)
def test_an_interval_is_in_range_and_turns_over_with_the_groups(method, first, second):
    found = risk_difference(*first, *second, method=method)
    assert -1 - 1e-12 <= found.low <= found.high <= 1 + 1e-12
    if method != "agresti-caffo":  # its centre is drawn towards no difference
        assert found.low - 1e-9 <= found.estimate <= found.high + 1e-9
    turned = risk_difference(*second, *first, method=method)
    assert turned.low == pytest.approx(-found.high, abs=1e-9)
    assert turned.high == pytest.approx(-found.low, abs=1e-9)


def test_what_cannot_be_used_is_reported_together():
    with pytest.raises(MethodError) as error:
        risk_difference(5, 4, 1, 0, method="newcomb", level=95)
    assert len(error.value.problems) == 4
