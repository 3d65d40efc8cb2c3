"""
Response in several cohorts at once: independent, pooled, or with a hierarchical model.

The hierarchical model of Berry lets cohorts borrow from each other: the logit of each rate is normal around a common
mean ``mu`` with spread ``tau``; ``mu`` is normal and ``tau`` half-normal. Nothing is sampled: the rates are integrated
by Gauss-Legendre quadrature on each side of the threshold (one rule across it would miss the jump there), ``mu`` and
``tau`` on a grid. A result has no Monte-Carlo error and comes out the same every time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, expit, logit

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.beta_posterior import check_prior
from onearm.stats.design.binomial import check_proportion

__all__ = [
    "BasketPosterior",
    "HierarchicalGrid",
    "HierarchicalPrior",
    "check_baskets",
    "hierarchical_baskets",
    "independent_baskets",
    "pooled_baskets",
]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_NARROW = 0.35
"""Below this spread the prior of a cohort is narrower than its likelihood, and nodes have to follow the prior."""


@dataclass(frozen=True)
class HierarchicalPrior(Framed):
    """
    Priors of the hierarchical model.

    Parameters
    ----------
    rate : float
        Response rate at the prior mean of ``mu``.
    mu_sd : float, default 2
        Prior standard deviation of ``mu``, on the logit scale.
    tau_scale : float, default 1
        Scale of the half-normal prior of ``tau``.
    """

    rate: float
    mu_sd: float = 2.0
    tau_scale: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        problems = check_proportion("rate", self.rate)
        if not self.mu_sd > 0 or not self.tau_scale > 0:
            problems.append(f"mu_sd {self.mu_sd:g}, tau_scale {self.tau_scale:g}; acceptable are numbers above 0.")
        if problems:
            raise MethodError(*problems)


@dataclass(frozen=True)
class BasketPosterior(Framed):
    """
    What is known of each cohort's response rate.

    Parameters
    ----------
    model : str
        ``independent``, ``pooled`` or ``hierarchical``.
    responders, n : ndarray of int, shape (n_cohorts,)
        Data.
    mean, sd : ndarray, shape (n_cohorts,)
        Of the posterior of each rate.
    above : ndarray, shape (n_cohorts,)
        Posterior probability that the rate exceeds the threshold.
    threshold : float
        The threshold.
    mu, tau : float
        Posterior means of the hierarchical parameters; NaN for the other models.
    """

    model: str
    responders: NDArray[np.int64]
    n: NDArray[np.int64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    above: NDArray[np.float64]
    threshold: float
    mu: float = float("nan")
    tau: float = float("nan")


def check_baskets(
    responders: Sequence[int], n: Sequence[int], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Check the data of several cohorts.

    Parameters
    ----------
    responders, n : sequence of int
        One entry per cohort.
    threshold : float
        Response rate to exceed.

    Returns
    -------
    tuple of ndarray of int, each shape (n_cohorts,)
        The data.

    Raises
    ------
    MethodError
        With every problem at once.
    """
    y, size = np.asarray(responders, dtype=np.int64), np.asarray(n, dtype=np.int64)
    problems = check_proportion("threshold", threshold)
    if y.shape != size.shape or y.ndim != 1 or not y.size:
        problems.append(f"{y.size} numbers of responders, {size.size} of patients; acceptable is one of each a cohort.")
    else:
        problems += [
            f"cohort {j + 1}: {y[j]} responders among {size[j]} patients; acceptable is 0 to {max(size[j], 0)}."
            for j in np.flatnonzero((y < 0) | (y > size))
        ]
    if problems:
        raise MethodError(*problems)
    return y, size


def independent_baskets(
    responders: Sequence[int], n: Sequence[int], *, threshold: float, prior: tuple[float, float] = (1.0, 1.0)
) -> BasketPosterior:
    """
    Analyse each cohort by itself.

    Parameters
    ----------
    responders, n : sequence of int
        One entry per cohort.
    threshold : float
        Response rate to exceed.
    prior : tuple of float, default (1, 1)
        Beta prior of each rate.

    Returns
    -------
    BasketPosterior
        Exact.

    Examples
    --------
    >>> independent_baskets([4, 0], [43, 43], threshold=0.10).above.round(4).tolist()
    [0.5472, 0.0097]
    """
    y, size = check_baskets(responders, n, threshold)
    if problems := check_prior(prior):
        raise MethodError(*problems)
    return _beta("independent", y, size, (prior[0] + y, prior[1] + size - y), threshold)


def pooled_baskets(
    responders: Sequence[int], n: Sequence[int], *, threshold: float, prior: tuple[float, float] = (1.0, 1.0)
) -> BasketPosterior:
    """
    Analyse all cohorts as one.

    Parameters
    ----------
    responders, n : sequence of int
        One entry per cohort.
    threshold : float
        Response rate to exceed.
    prior : tuple of float, default (1, 1)
        Beta prior of the common rate.

    Returns
    -------
    BasketPosterior
        The same posterior for every cohort.

    Examples
    --------
    >>> pooled_baskets([4, 0], [43, 43], threshold=0.10).mean.round(4).tolist()
    [0.0568, 0.0568]
    """
    y, size = check_baskets(responders, n, threshold)
    if problems := check_prior(prior):
        raise MethodError(*problems)
    a = np.full(y.size, prior[0] + y.sum())
    b = np.full(y.size, prior[1] + size.sum() - y.sum())
    return _beta("pooled", y, size, (a, b), threshold)


def hierarchical_baskets(
    responders: Sequence[int], n: Sequence[int], *, threshold: float, prior: HierarchicalPrior
) -> BasketPosterior:
    """
    Let cohorts borrow strength from each other.

    Parameters
    ----------
    responders, n : sequence of int
        One entry per cohort; a cohort without patients is predicted from the others.
    threshold : float
        Response rate to exceed.
    prior : HierarchicalPrior
        Priors of ``mu`` and ``tau``.

    Returns
    -------
    BasketPosterior
        By quadrature; good to about six digits.

    References
    ----------
    .. [1] Berry SM, Broglio KR, Groshen S, Berry DA (2013), Clinical Trials 10(5):720-734.

    Examples
    --------
    REGOMUNE: 4 of 43 sarcoma patients, none of 43 with colorectal cancer.

    >>> found = hierarchical_baskets([4, 0], [43, 43], threshold=0.10, prior=HierarchicalPrior(0.10))
    >>> found.mean.round(4).tolist(), found.above.round(4).tolist()
    ([0.0739, 0.0251], [0.2164, 0.0076])
    """
    y, size = check_baskets(responders, n, threshold)
    grid = HierarchicalGrid(prior, threshold, n_mu=481, n_tau=48)
    rows: list[tuple[NDArray[np.float64], ...]] = [()] * y.size  # mass and its moments, cohort by cohort
    for n_patients in np.unique(size).tolist():
        distinct = np.unique(y[size == n_patients])
        found = grid.integrals(distinct, n_patients)
        for j in np.flatnonzero(size == n_patients):
            k = int(np.searchsorted(distinct, y[j]))
            rows[j] = (found.mass[k], found.first[k], found.second[k], found.above[k])
    log_weight = grid.log_prior + sum(np.log(row[0]) for row in rows)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean, second, above = (np.array([weight @ (row[k] / row[0]) for row in rows]) for k in (1, 2, 3))
    return BasketPosterior(
        model="hierarchical",
        responders=y,
        n=size,
        mean=mean,
        sd=np.sqrt(second - mean**2),
        above=above,
        threshold=threshold,
        mu=float(weight @ grid.mu),
        tau=float(weight @ grid.tau),
    )


@dataclass(frozen=True)
class _Integrals:
    """Integrals over a cohort's rate at every node of (mu, tau): shape (n_outcomes, n_nodes) each."""

    mass: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    above: NDArray[np.float64]


class HierarchicalGrid:
    """
    Nodes of ``mu`` and ``tau`` with their prior, and the integrals over a cohort's rate at each.

    Parameters
    ----------
    prior : HierarchicalPrior
        Priors.
    threshold : float
        Response rate to exceed.
    n_mu, n_tau : int
        Numbers of nodes; ``mu`` is equally spaced within six standard deviations, ``tau`` Gauss-Legendre up to five
        scales.
    """

    def __init__(self, prior: HierarchicalPrior, threshold: float, *, n_mu: int, n_tau: int) -> None:
        self.center = float(logit(prior.rate))
        self.prior, self.threshold = prior, threshold
        mu = self.center + prior.mu_sd * np.linspace(-6, 6, n_mu)
        nodes, weights = np.polynomial.legendre.leggauss(n_tau)
        self.spreads = 5 * prior.tau_scale * (nodes + 1) / 2
        self.means = mu
        log_mu = -0.5 * ((mu - self.center) / prior.mu_sd) ** 2
        log_tau = -0.5 * (self.spreads / prior.tau_scale) ** 2 + np.log(weights)
        self.mu = np.tile(mu, n_tau)
        self.tau = np.repeat(self.spreads, n_mu)
        self.log_prior = (log_tau[:, None] + log_mu[None, :]).ravel()

    def integrals(self, responders: NDArray[np.int64], n: int) -> _Integrals:
        """
        Integrate the likelihood of some outcomes over a cohort's rate.

        Parameters
        ----------
        responders : ndarray of int, shape (n_outcomes,)
            Numbers of responders.
        n : int
            Patients of the cohort.

        Returns
        -------
        _Integrals
            The likelihood alone, times the rate, times its square, and above the threshold.
        """
        parts = np.empty((4, responders.size, self.spreads.size, self.means.size))
        wide = self._fixed_nodes(responders, n)
        for k, spread in enumerate(self.spreads):
            if spread >= _NARROW:
                theta, terms = wide
                z = (theta[None, :] - self.means[:, None]) / spread
                density = np.exp(-0.5 * z * z) / (spread * math.sqrt(2 * math.pi))
                parts[:, :, k, :] = terms @ density.T
            else:
                parts[:, :, k, :] = self._moving_nodes(responders, n, float(spread))
        shape = (responders.size, -1)
        return _Integrals(*(part.reshape(shape) for part in parts))

    def _fixed_nodes(self, responders: NDArray[np.int64], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Nodes in theta that resolve the likelihood: shape (4, n_outcomes, n_nodes)."""
        reach = 6 * math.hypot(self.prior.mu_sd, 2 * self.prior.tau_scale)
        middle = float(logit(self.threshold))
        low, high = min(self.center, middle) - reach, max(self.center, middle) + reach
        panels = [*np.linspace(low, middle, 5), *np.linspace(middle, high, 5)[1:]]
        edges = np.array(panels)
        half = np.diff(edges) / 2
        theta = ((edges[:-1] + half)[:, None] + half[:, None] * _NODES).ravel()
        weight = (half[:, None] * _WEIGHTS).ravel()
        return theta, self._terms(theta, responders, n) * weight

    def _moving_nodes(self, responders: NDArray[np.int64], n: int, spread: float) -> NDArray[np.float64]:
        """Nodes in standard deviations around each mu: shape (4, n_outcomes, n_mu)."""
        split = np.clip((float(logit(self.threshold)) - self.means) / spread, -8.5, 8.5)
        edges = np.stack([np.full_like(split, -8.5), split, np.full_like(split, 8.5)], axis=1)
        half = np.diff(edges, axis=1) / 2
        z = ((edges[:, :-1] + half)[:, :, None] + half[:, :, None] * _NODES).reshape(self.means.size, -1)
        weight = (half[:, :, None] * _WEIGHTS).reshape(self.means.size, -1)
        weight *= np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        theta = self.means[:, None] + spread * z
        return np.stack(
            [(self._terms(theta, responders[[i]], n)[:, 0] * weight).sum(axis=-1) for i in range(responders.size)],
            axis=1,
        )

    def _terms(self, theta: NDArray[np.float64], responders: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        """Likelihood (scaled to 1 at its maximum), times the rate, its square, and above the threshold."""
        y = responders.reshape(-1, *([1] * theta.ndim))
        # y log p + (n - y) log(1 - p) = y theta - n log(1 + e^theta)
        log_likelihood = y * theta - n * np.logaddexp(0, theta)
        inside = np.clip(y, 0.5, max(n - 0.5, 0.5)) / max(n, 1)
        peak = y * np.log(inside) + (n - y) * np.log1p(-np.minimum(inside, 1 - 1e-12)) if n else 0.0
        likelihood = np.exp(log_likelihood - peak)
        rate = expit(theta)
        above = theta > float(logit(self.threshold))
        return np.stack([likelihood, likelihood * rate, likelihood * rate**2, likelihood * above])


def _beta(
    model: str,
    y: NDArray[np.int64],
    n: NDArray[np.int64],
    weights: tuple[NDArray[Any], NDArray[Any]],
    threshold: float,
) -> BasketPosterior:
    a, b = weights
    mean = a / (a + b)
    sd = np.sqrt(mean * (1 - mean) / (a + b + 1))
    return BasketPosterior(model, y, n, mean, sd, np.asarray(betainc(b, a, 1 - threshold), dtype=float), threshold)
