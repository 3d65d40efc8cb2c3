"""Firth's penalty against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import chi2

from onearm.errors import MethodError
from onearm.stats.cox import cox
from onearm.stats.cox_firth import cox_firth


def pairs(first_dies: int, number: int) -> dict[str, list[float]]:
    """Pairs of one exposed and one not, each a stratum; in ``first_dies`` pairs the exposed subject dies first."""
    time, event, x, strata = [], [], [], []
    for pair in range(number):
        exposed_first = pair < first_dies
        time += [1, 2]
        event += [1, 0]
        x += [1, 0] if exposed_first else [0, 1]
        strata += [pair, pair]
    return {"time": time, "event": event, "X": x, "strata": strata}


@pytest.mark.parametrize(("first_dies", "number"), [(0, 5), (3, 8), (8, 8), (1, 1)])
def test_pairs_have_a_closed_form(first_dies: int, number: int) -> None:
    # p = P(exposed dies first): the penalised score s - K p + (1 - 2 p) / 2 is 0 at p = (s + 1/2) / (K + 1)
    model = cox_firth(**pairs(first_dies, number))
    s, k = first_dies, number
    assert model.hazard_ratio[0] == pytest.approx((s + 0.5) / (k - s + 0.5), rel=1e-9)
    p = (s + 0.5) / (k + 1)
    assert model.std_error[0] == pytest.approx(1 / np.sqrt(k * p * (1 - p)), rel=1e-8)

    def value(beta: float) -> float:
        q = 1 / (1 + np.exp(-beta))
        return (s + 0.5) * np.log(q) + (k - s + 0.5) * np.log(1 - q)

    top, best = value(np.log(p / (1 - p))), float(np.log(p / (1 - p)))
    statistic = 2 * (top - value(0.0))
    assert model.likelihood_ratio.statistic == pytest.approx(statistic, rel=1e-8, abs=1e-12)
    assert model.p[0] == pytest.approx(chi2.sf(statistic, 1), rel=1e-7)
    drop = chi2.ppf(0.95, 1)
    low = brentq(lambda b: 2 * (top - value(b)) - drop, best - 30, best, xtol=1e-13)
    high = brentq(lambda b: 2 * (top - value(b)) - drop, best, best + 30, xtol=1e-13)
    np.testing.assert_allclose(np.log([model.low[0], model.high[0]]), [low, high], rtol=1e-8)


def test_separated_pairs_report_the_same_estimate() -> None:
    model = cox(**pairs(8, 8))
    assert model.separation is not None
    assert model.separation.firth.hazard_ratio[0] == pytest.approx(17.0, rel=1e-9)
    # by hand: the limit of the likelihood is 1, the null is 2^-8
    assert model.separation.likelihood_ratio[0].statistic == pytest.approx(16 * np.log(2), rel=1e-9)


def test_wald_intervals() -> None:
    model = cox_firth(**pairs(3, 8), interval="wald", level=0.9)
    p = 3.5 / 9
    half = 1.6448536269514722 / np.sqrt(8 * p * (1 - p))
    np.testing.assert_allclose(np.log([model.low[0], model.high[0]]), np.log(p / (1 - p)) + np.array([-half, half]))


def test_units_do_not_matter() -> None:
    rng = np.random.default_rng(4)
    time, event, x = rng.exponential(size=30), rng.random(30) < 0.6, rng.normal(size=(30, 2))
    one, other = cox_firth(time, event, x), cox_firth(time, event, 1000 * x + 5)
    np.testing.assert_allclose(one.coef, 1000 * other.coef, rtol=1e-8)
    np.testing.assert_allclose(one.p, other.p, rtol=1e-7)


def test_unknown_choices_are_refused() -> None:
    with pytest.raises(MethodError, match="ties: unknown 'exact'"):
        cox_firth([1, 2], [1, 0], [0, 1], ties="exact")  # type: ignore[arg-type]
    with pytest.raises(MethodError, match=r"interval: unknown 'walt'\. Did you mean 'wald'"):
        cox_firth([1, 2], [1, 0], [0, 1], interval="walt")  # type: ignore[arg-type]
