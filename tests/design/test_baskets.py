"""Several cohorts: the reference, brute-force integration, enumeration."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import beta, binom

from onearm.errors import MethodError
from onearm.stats.design.basket import (
    HierarchicalPrior,
    hierarchical_baskets,
    independent_baskets,
    pooled_baskets,
)
from onearm.stats.design.basket_characteristics import BasketModel, basket_characteristics, calibrate_cutoff


@pytest.fixture(scope="module")
def case(shared_reference: Callable[[str], Path]) -> dict[str, Any]:
    return json.loads(shared_reference("design/design_cases.json").read_text())["basket_bhm"][0]


def brute_force(
    y: list[int], n: list[int], rate: float, threshold: float
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Equal steps in mu, tau and every logit, the jump at the threshold halved between its neighbours."""
    mu = logit(rate) + 2 * np.linspace(-5.5, 5.5, 141)
    tau = np.linspace(0.0, 5.5, 151)[1:] - 5.5 / 300  # midpoints
    theta = np.concatenate([np.linspace(-24, logit(threshold), 2001), np.linspace(logit(threshold), 12, 1201)])
    step = np.concatenate([np.full(2001, 0.0), np.full(1201, 0.0)])
    for part in (slice(0, 2001), slice(2001, 3202)):
        width = theta[part][1] - theta[part][0]
        step[part] = width
        step[part.start] = step[part.stop - 1] = width / 2
    above = np.arange(theta.size) >= 2001
    likelihood = [np.exp(a * theta - b * np.logaddexp(0, theta) + 0.3 * b) for a, b in zip(y, n, strict=True)]
    columns = np.stack([f * step * g for f in likelihood for g in (np.ones_like(theta), expit(theta), above)], axis=1)
    sums = np.zeros((len(y), 3))
    total = mean_mu = mean_tau = 0.0
    for spread in tau:
        density = np.exp(-0.5 * ((theta[None, :] - mu[:, None]) / spread) ** 2) / spread
        parts = (density @ columns).reshape(mu.size, len(y), 3)
        weight = np.exp(-0.5 * ((mu - logit(rate)) / 2) ** 2 - 0.5 * spread**2) * parts[:, :, 0].prod(axis=1)
        total += weight.sum()
        mean_mu += weight @ mu
        mean_tau += weight.sum() * spread
        sums += np.einsum("m,mjk->jk", weight, parts / parts[:, :, :1])
    return sums[:, 1] / total, sums[:, 2] / total, mean_mu / total, mean_tau / total


def test_hierarchical_means_meet_the_reference(case: dict[str, Any]) -> None:
    i, want = case["input"], case["expected"]
    found = hierarchical_baskets(i["y"], i["n"], threshold=0.10, prior=HierarchicalPrior(0.10))
    assert found.mean == pytest.approx(want["mean"], abs=case["tolerance"])
    assert found.sd == pytest.approx(want["sd"], abs=case["tolerance"])
    assert found.mu == pytest.approx(want["mu"], abs=case["tolerance"])


def test_hierarchical_posterior_by_brute_force() -> None:
    """
    Every number, the tail probabilities and tau above all.

    The reference has P(rate > 0.10) = 0.2107 for the first cohort and tau = 1.019, from a Gauss-Hermite rule across the
    jump at the threshold. Brute force gives 0.2164 and 1.020, and so do 40 million importance draws (0.2163, standard
    error 0.0002; 1.0199, standard error 0.0003).
    """
    mean, above, mu, tau = brute_force([4, 0], [43, 43], 0.10, 0.10)
    found = hierarchical_baskets([4, 0], [43, 43], threshold=0.10, prior=HierarchicalPrior(0.10))
    assert found.mean == pytest.approx(mean, abs=2e-5)
    assert found.above == pytest.approx(above, abs=2e-4)
    assert found.mu == pytest.approx(mu, abs=1e-3)
    assert found.tau == pytest.approx(tau, abs=1e-3)


def test_one_cohort_without_patients_is_predicted_from_the_others() -> None:
    found = hierarchical_baskets([10, 12, 0], [30, 30, 0], threshold=0.2, prior=HierarchicalPrior(0.2))
    assert 0.25 < found.mean[2] < 0.45
    assert found.sd[2] > found.sd[0]


def test_borrowing_lies_between_independence_and_pooling() -> None:
    y, n = [2, 9], [25, 25]
    alone, together = independent_baskets(y, n, threshold=0.2), pooled_baskets(y, n, threshold=0.2)
    borrowed = hierarchical_baskets(y, n, threshold=0.2, prior=HierarchicalPrior(0.2))
    assert alone.mean[0] < borrowed.mean[0] < together.mean[0]
    assert together.mean[1] < borrowed.mean[1] < alone.mean[1]


def test_order_of_cohorts_changes_nothing() -> None:
    prior = HierarchicalPrior(0.2)
    one = hierarchical_baskets([2, 9, 5], [25, 20, 18], threshold=0.2, prior=prior)
    two = hierarchical_baskets([5, 2, 9], [18, 25, 20], threshold=0.2, prior=prior)
    np.testing.assert_allclose(one.above[[2, 0, 1]], two.above, rtol=1e-10)


def test_a_narrow_prior_of_the_spread_pools() -> None:
    """With tau near 0 all cohorts share one logit: a one-dimensional integral."""
    found = hierarchical_baskets([2, 9], [25, 25], threshold=0.2, prior=HierarchicalPrior(0.2, tau_scale=0.01))
    theta = np.linspace(-12, 8, 20001)
    weight = np.exp(11 * theta - 50 * np.logaddexp(0, theta) - 0.5 * ((theta - logit(0.2)) / 2) ** 2 + 25)
    assert found.mean[0] == pytest.approx(float(weight @ expit(theta) / weight.sum()), abs=3e-4)


def test_independent_and_pooled_characteristics_are_enumerated() -> None:
    n, rates, threshold, cutoff = (6, 9), np.array([0.2, 0.5]), 0.25, 0.9
    want = {"independent": np.zeros(3), "pooled": np.zeros(3)}
    for y in product(range(7), range(10)):
        weight = float(np.prod(binom.pmf(y, n, rates)))
        alone = beta.sf(threshold, 1 + np.array(y), 1 + np.array(n) - np.array(y)) > cutoff
        both = np.repeat(beta.sf(threshold, 1 + sum(y), 1 + sum(n) - sum(y)) > cutoff, 2)
        for name, active in (("independent", alone), ("pooled", both)):
            want[name] += weight * np.array([*active, active[0]])
    for name, values in want.items():
        found = basket_characteristics(BasketModel(n, threshold, model=name), [rates], cutoff=cutoff)
        assert found.declared[0] == pytest.approx(values[:2], abs=1e-12)
        assert found.false_any[0] == pytest.approx(values[2], abs=1e-12)
        assert found.method == "exact"
        assert not found.error.any()


def test_hierarchical_characteristics_are_enumerated_with_the_single_analysis() -> None:
    n, rates, threshold, cutoff = (3, 4), [0.2, 0.6], 0.3, 0.8
    want = np.zeros(2)
    for y in product(range(4), range(5)):
        found = hierarchical_baskets(y, n, threshold=threshold, prior=HierarchicalPrior(threshold))
        want += float(np.prod(binom.pmf(y, n, rates))) * (found.above > cutoff)
    found = basket_characteristics(BasketModel(n, threshold), [rates], cutoff=cutoff)
    assert found.declared[0] == pytest.approx(want, abs=1e-9)


def test_simulated_characteristics_have_an_error_and_agree_with_enumeration(monkeypatch: pytest.MonkeyPatch) -> None:
    model = BasketModel((10, 10, 10), 0.2)
    exact = basket_characteristics(model, [[0.2, 0.2, 0.5]], cutoff=0.9)
    assert exact.method == "exact"
    monkeypatch.setattr("onearm.stats.design.basket_characteristics._LISTABLE", 0)
    drawn = basket_characteristics(model, [[0.2, 0.2, 0.5]], cutoff=0.9, n_trials=10_000, seed=3)
    assert drawn.method == "simulated, 10000 trials"
    assert (np.abs(drawn.declared - exact.declared) < 4 * drawn.error).all()
    again = basket_characteristics(model, [[0.2, 0.2, 0.5]], cutoff=0.9, n_trials=10_000, seed=3)
    np.testing.assert_array_equal(drawn.declared, again.declared)


def test_calibrated_cutoff_keeps_the_error_per_cohort() -> None:
    model = BasketModel((9,) * 3, 0.2)
    cutoff = calibrate_cutoff(model, alpha=0.10, n_trials=5_000, seed=1)
    found = basket_characteristics(model, [[0.2] * 3], cutoff=cutoff)
    assert found.declared.mean() <= 0.11


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: independent_baskets([4, 50], [43, 43], threshold=0.1), "cohort 2: 50 responders among 43 patients"),
        (lambda: independent_baskets([4], [43, 43], threshold=0.1), "acceptable is one of each a cohort"),
        (lambda: pooled_baskets([4], [43], threshold=0.1, prior=(0, 0)), "acceptable are two weights above 0"),
        (lambda: HierarchicalPrior(0.1, tau_scale=0), "acceptable are numbers above 0"),
        (lambda: BasketModel((10,), 0.1, model="hierarchial"), "Did you mean 'hierarchical'"),
        (lambda: BasketModel((), 0.1), "acceptable are numbers of 1 or more"),
        (
            lambda: basket_characteristics(BasketModel((10,), 0.1), [[0.1, 0.2]], cutoff=0.9),
            "acceptable is one a cohort",
        ),
        (lambda: basket_characteristics(BasketModel((10,), 0.1), [[1.2]], cutoff=0.9), "acceptable are proportions"),
    ],
)
def test_bad_input_says_what_would_be_acceptable(call: Callable[[], object], words: str) -> None:
    with pytest.raises(MethodError) as caught:
        call()
    assert words in str(caught.value)
