"""The fits of DESeq2's model for all features at once against pydeseq2's own, one feature after the other."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onearm.stats.omics.count_fits import fit_dispersions, fit_means, linear_means, wald
from onearm.stats.omics.count_scale import size_factors

COUNTS = np.array(
    json.loads((Path(__file__).parents[2] / "reference" / "omics.json").read_text())["counts"], dtype=float
)
GROUP = np.column_stack([np.ones(10), np.r_[np.zeros(5), np.ones(5)]])
PAIRS = np.column_stack([np.tile(np.eye(5), (2, 1)), np.r_[np.zeros(5), np.ones(5)]])


@pytest.fixture(scope="module")
def slow() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydeseq2.default_inference import DefaultInference

        return DefaultInference(n_cpus=1)


@pytest.mark.parametrize("X", [GROUP, PAIRS], ids=["groups", "pairs"])
def test_means_and_coefficients(slow: Any, X: Any) -> None:
    size = size_factors(COUNTS)
    np.testing.assert_allclose(linear_means(COUNTS, size, X, 0.5), slow.lin_reg_mu(COUNTS, size, X, 0.5), rtol=1e-9)
    alpha = np.full(COUNTS.shape[1], 0.15)
    found = fit_means(COUNTS, size, X, alpha, least=0.5, tolerance=1e-8, most=30, max_iterations=250)
    beta, mu, leverage, _ = slow.irls(COUNTS, size, X, alpha, 0.5, 1e-8)
    assert found.is_done.all()
    np.testing.assert_allclose(found.beta, beta, atol=1e-9)
    np.testing.assert_allclose(found.mu, mu, rtol=1e-9)
    np.testing.assert_allclose(found.leverage, leverage, atol=1e-9)
    contrast, ridge = np.r_[np.zeros(X.shape[1] - 1), 1.0], 1e-6 * np.eye(X.shape[1])
    fast = wald(X, alpha, beta, mu, ridge, contrast)
    one_by_one = slow.wald_test(X, alpha, beta, mu, ridge, contrast, np.zeros(X.shape[1]))
    for own, other in zip(fast, one_by_one, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-9)


@pytest.mark.parametrize("prior", [None, 0.7])
@pytest.mark.parametrize("X", [GROUP, PAIRS], ids=["groups", "pairs"])
def test_dispersions_are_at_least_as_likely(slow: Any, X: Any, prior: float | None) -> None:
    """Both find the same minimum; where they differ by more than their tolerance, ours is no worse."""
    from pydeseq2.utils import nb_nll

    size = size_factors(COUNTS)
    mu = linear_means(COUNTS, size, X, 0.5)
    start = np.full(COUNTS.shape[1], 0.1)
    found = fit_dispersions(COUNTS, X, mu, start, (1e-8, 10.0), prior_variance=prior, is_adjusted=True)
    other, _ = slow.alpha_mle(COUNTS, X, mu, start, 1e-8, 10.0, prior, cr_reg=True, prior_reg=prior is not None)

    def loss(alpha: float, j: int) -> float:
        weight = mu[:, j] / (1 + mu[:, j] * alpha)
        extra = 0.0 if prior is None else (np.log(alpha) - np.log(start[j])) ** 2 / (2 * prior)
        return float(nb_nll(COUNTS[:, j], mu[:, j], alpha) + 0.5 * np.linalg.slogdet((X.T * weight) @ X)[1] + extra)

    worse = [j for j in range(COUNTS.shape[1]) if loss(found[j], j) > loss(other[j], j) + 1e-6]
    near = np.abs(np.log(found / other)) < 1e-2
    assert near.mean() > 0.9
    assert set(worse) <= set(np.flatnonzero(~near))
    assert len(worse) <= 2  # two minima: each walks to its own


def test_features_that_run_away_are_left_to_another_optimiser() -> None:
    counts = np.array([[0.0, 50], [0, 60], [0, 55], [80, 52], [90, 61], [70, 47]])
    X = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    found = fit_means(
        counts, np.ones(6), X, np.array([0.1, 0.1]), least=0.5, tolerance=1e-8, most=2.0, max_iterations=50
    )
    assert found.is_done.tolist() == [False, False]
