"""
The fits of DESeq2's model for all features at once, as NumPy arrays instead of one feature after the other.

pydeseq2 calls these through its interface `Inference`; the numbers are its own to the tolerance of its optimiser, and of R's.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["GlmFits", "fit_dispersions", "fit_means", "linear_means", "wald"]

Floats = NDArray[np.float64]

_HALVINGS: Final = 24
_FLAT: Final = 1e-5
"""Slope at which pydeseq2's optimiser stops too."""
_RIDGE: Final = 1e-6
_BLOCK: Final = 3_000_000
"""Numbers in one array of a batch."""


class GlmFits(NamedTuple):
    """
    Fits of a negative binomial model with log link.

    Attributes
    ----------
    beta : numpy.ndarray, shape (n_features, n_coefficients)
        Coefficients on the natural logarithm.
    mu, leverage : numpy.ndarray, shape (n_samples, n_features)
        Means, and diagonals of the hat matrix.
    is_done : numpy.ndarray of bool, shape (n_features,)
        False where the iterations ran away and another optimiser is needed.
    """

    beta: Floats
    mu: Floats
    leverage: Floats
    is_done: NDArray[np.bool_]


def linear_means(counts: Floats, size: Floats, X: Floats, least: float) -> Floats:
    """
    Means by ordinary least squares of the normalised counts.

    Parameters
    ----------
    counts : numpy.ndarray, shape (n_samples, n_features)
        Counts.
    size : numpy.ndarray, shape (n_samples,)
        Size factors.
    X : numpy.ndarray, shape (n_samples, n_coefficients)
        Design matrix.
    least : float
        Smallest mean.

    Returns
    -------
    numpy.ndarray, shape (n_samples, n_features)
        Means.
    """
    fit = np.linalg.lstsq(X, counts / size[:, None], rcond=None)[0]
    return np.maximum(size[:, None] * (X @ fit), least)


def _cross(X: Floats, weight: Floats) -> Floats:
    """X'WX of every feature, shape (n_features, p, p)."""
    p = X.shape[1]
    pairs = (X[:, :, None] * X[:, None, :]).reshape(X.shape[0], p * p)
    return (weight.T @ pairs).reshape(-1, p, p)


def fit_dispersions(
    counts: Floats,
    X: Floats,
    mu: Floats,
    start: Floats,
    bounds: tuple[float, float],
    *,
    prior_variance: float | None,
    is_adjusted: bool,
) -> Floats:
    """
    Dispersions that maximise the adjusted profile likelihood, or the posterior.

    Parameters
    ----------
    counts, mu : numpy.ndarray, shape (n_samples, n_features)
        Counts and their means.
    X : numpy.ndarray, shape (n_samples, n_coefficients)
        Design matrix.
    start : numpy.ndarray, shape (n_features,)
        Where the search begins; the middle of the prior, where there is one.
    bounds : tuple of float
        Smallest and largest dispersion.
    prior_variance : float or None
        Variance of the logarithm around its middle; None for no prior.
    is_adjusted : bool
        Whether with the adjustment of Cox and Reid.

    Returns
    -------
    numpy.ndarray, shape (n_features,)
        The nearest minimum downhill of the start, as R's line search finds it.

    References
    ----------
    .. [1] Love MI, Huber W, Anders S (2014), Genome Biol 15:550.
    """
    width = max(_BLOCK // (counts.shape[0] * max(X.shape[1], 4)), 1)
    parts = []
    for low in range(0, counts.shape[1], width):
        part = slice(low, low + width)
        profile = _Profile(counts[:, part], X, mu[:, part], np.log(start[part]), prior_variance, is_adjusted)
        parts.append(profile.minimise(np.log(bounds[0]), np.log(bounds[1])))
    return np.exp(np.concatenate(parts)) if parts else np.empty(0)


class _Profile(NamedTuple):
    """Slope of the negative log-likelihood of the logarithm of the dispersion, for some features."""

    counts: Floats
    X: Floats
    mu: Floats
    middle: Floats
    prior_variance: float | None
    is_adjusted: bool

    def slope(self, t: Floats) -> Floats:
        """Derivative at one point of each feature."""
        alpha, size = np.exp(t), np.exp(-t)
        digamma = special.digamma(self.counts + size) - special.digamma(size)
        inner = digamma - np.log1p(self.mu * alpha) - (self.counts - self.mu) / (size + self.mu)
        total = size * inner.sum(axis=0)
        if self.is_adjusted:
            weight = self.mu / (1 + self.mu * alpha)
            inverse = np.linalg.inv(_cross(self.X, weight))
            change = _cross(self.X, -(weight**2))
            total += 0.5 * alpha * (inverse * change).sum(axis=(1, 2))
        if self.prior_variance is not None:
            total += (t - self.middle) / self.prior_variance
        return np.asarray(total)

    def minimise(self, low: float, high: float) -> Floats:
        """Walk downhill from the start until the slope changes its sign, then halve the last step."""
        here = np.clip(self.middle, low, high)
        first = self.slope(here)
        down = first > 0
        there, step = here.copy(), 0.25
        # flat where it begins, as at the smallest dispersion: it stays there, as R's line search does
        walking = np.abs(first) > _FLAT
        while walking.any():
            there = np.where(walking, np.clip(np.where(down, there - step, there + step), low, high), there)
            passed = (self.slope(there) > 0) != down
            at_end = (there <= low) | (there >= high)
            here = np.where(walking & ~passed & ~at_end, there, here)
            stuck = walking & at_end & ~passed
            here = np.where(stuck, there, here)  # the bound is the best point
            walking &= ~passed & ~at_end
            step *= 2
        left, right = np.minimum(here, there), np.maximum(here, there)
        for _ in range(_HALVINGS):
            middle = (left + right) / 2
            rises = self.slope(middle) > 0
            right, left = np.where(rises, middle, right), np.where(rises, left, middle)
        return np.asarray((left + right) / 2)


def fit_means(
    counts: Floats, size: Floats, X: Floats, alpha: Floats, *, least: float, tolerance: float, most: float, max_iterations: int
) -> GlmFits:  # fmt: skip
    """
    Fit the coefficients of every feature by iteratively reweighted least squares.

    Parameters
    ----------
    counts : numpy.ndarray, shape (n_samples, n_features)
        Counts.
    size : numpy.ndarray, shape (n_samples,)
        Size factors.
    X : numpy.ndarray, shape (n_samples, n_coefficients)
        Design matrix of full rank.
    alpha : numpy.ndarray, shape (n_features,)
        Dispersions.
    least : float
        Smallest mean while iterating.
    tolerance : float
        Relative change of the deviance at which a feature is done.
    most : float
        Coefficient at which the iterations have run away.
    max_iterations : int
        Iterations after which they have not converged.

    Returns
    -------
    GlmFits
        With a ridge of 1e-6, as DESeq2.

    References
    ----------
    .. [1] Love MI, Huber W, Anders S (2014), Genome Biol 15:550.
    """
    p = X.shape[1]
    q, r = np.linalg.qr(X)
    beta = np.linalg.solve(r, q.T @ np.log(counts / size[:, None] + 0.1)).T
    ridge = _RIDGE * np.eye(p)
    is_done = np.ones(alpha.size, dtype=np.bool_)
    active = np.arange(alpha.size)
    deviance = np.full(alpha.size, 1000.0)
    for iteration in range(1, max_iterations + 1):
        mu = np.maximum(size[:, None] * np.exp(X @ beta[active].T), least)
        weight = mu / (1 + mu * alpha[active])
        z = np.log(mu / size[:, None]) + (counts[:, active] - mu) / mu
        new = _solve(X, weight, z, ridge)
        away = (np.abs(new) > most).any(axis=1) | (iteration == max_iterations)
        is_done[active[away]] = False
        keep = active[~away]
        beta[keep] = new[~away]
        mu = np.maximum(size[:, None] * np.exp(X @ beta[keep].T), least)
        now = -2 * _likelihood(counts[:, keep], mu, alpha[keep])
        change = np.abs(now - deviance[keep]) / (np.abs(now) + 0.1)
        deviance[keep] = now
        active = keep[change > tolerance]
        if not active.size:
            break
    mu = np.maximum(size[:, None] * np.exp(X @ beta.T), least)
    weight = mu / (1 + mu * alpha)
    inverse = np.linalg.inv(_cross(X, weight) + ridge)
    leverage = weight * np.einsum("ni,gij,nj->ng", X, inverse, X, optimize=True)
    return GlmFits(beta, size[:, None] * np.exp(X @ beta.T), leverage, is_done)


def _solve(X: Floats, weight: Floats, z: Floats, ridge: Floats) -> Floats:
    """Weighted least squares of every feature."""
    right = (weight * z).T @ X
    return np.asarray(np.linalg.solve(_cross(X, weight) + ridge, right[:, :, None])[:, :, 0])


def _likelihood(counts: Floats, mu: Floats, alpha: Floats) -> Floats:
    """Negative log-likelihood of every feature."""
    size = 1 / alpha
    choose = special.gammaln(counts + size) - special.gammaln(counts + 1) - special.gammaln(size)
    return np.asarray(
        counts.shape[0] * size * np.log(alpha)
        + ((counts + size) * np.log(size + mu) - counts * np.log(mu) - choose).sum(axis=0)
    )


def wald(
    X: Floats, alpha: Floats, beta: Floats, mu: Floats, ridge: Floats, contrast: Floats
) -> tuple[Floats, Floats, Floats]:
    """
    Wald test of one contrast of every feature.

    Parameters
    ----------
    X : numpy.ndarray, shape (n_samples, n_coefficients)
        Design matrix.
    alpha : numpy.ndarray, shape (n_features,)
        Dispersions.
    beta : numpy.ndarray, shape (n_features, n_coefficients)
        Coefficients.
    mu : numpy.ndarray, shape (n_samples, n_features)
        Means.
    ridge : numpy.ndarray, shape (n_coefficients, n_coefficients)
        Added to the information.
    contrast : numpy.ndarray, shape (n_coefficients,)
        What is tested.

    Returns
    -------
    tuple of numpy.ndarray
        Two-sided p values, statistics and standard errors.
    """
    weight = mu / (1 + mu * alpha)
    information = _cross(X, weight)
    direction = np.linalg.inv(information + ridge) @ contrast
    error = np.sqrt(np.einsum("gi,gij,gj->g", direction, information, direction))
    statistic = (beta @ contrast) / error
    return np.asarray(2 * special.ndtr(-np.abs(statistic))), statistic, error
