"""
The prior of the variances of many features: a scaled inverse chi-squared distribution, estimated from all of them.

Two estimates are in use, and they differ in the third digit. *legacy* matches the mean and variance of the logarithms, as
limma did up to version 3.60 and still does where every feature has the same degrees of freedom. *current* maximises a
profile likelihood, as limma does since version 3.61 where the degrees of freedom differ between features, which is so as
soon as values are missing.
The robust estimates are in `onearm.stats.omics.prior_robust`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from onearm.errors import MethodError
from onearm.stats.omics.distributions import log_minus_digamma, trigamma, trigamma_inverse
from onearm.stats.omics.lowess import weighted_lowess
from onearm.stats.omics.minimum import brent_minimum

__all__ = ["Hyperparameters", "Prior", "prior_by_likelihood", "prior_by_moments", "squeeze"]

Floats = NDArray[np.float64]
Hyperparameters = Literal["current", "legacy"]

_LEAST_DF = 1e-15
_SPAN_FROM = 500
"""Features below which the trend of the current estimate is a straight line through all of them."""


class Prior(NamedTuple):
    """
    Prior of the variances.

    Attributes
    ----------
    variance : numpy.ndarray, shape (n_features,)
        Location: one value for all, or along a trend.
    df : numpy.ndarray, shape (n_features,)
        Weight in degrees of freedom, infinite where the variances do not differ; smaller for outliers if robust.
    """

    variance: Floats
    df: Floats


def prior_by_moments(variance: Floats, df: Floats, covariate: Floats | None = None) -> Prior:
    """
    Estimate the prior by the moments of the logarithms of the variances.

    Parameters
    ----------
    variance : numpy.ndarray, shape (n_features,)
        Residual variances; NaN where there is none.
    df : numpy.ndarray, shape (n_features,)
        Residual degrees of freedom; 0 where there is no variance.
    covariate : numpy.ndarray, shape (n_features,), optional
        What the prior may depend on, mostly the mean: a natural spline is fitted.

    Returns
    -------
    Prior
        limma's ``fitFDist``.

    References
    ----------
    .. [1] Smyth GK (2004), Stat Appl Genet Mol Biol 3(1):3, section 6.2.
    """
    known = np.isfinite(df) & (df > _LEAST_DF) & np.isfinite(variance) & (variance > -1e-15)
    n, n_known = variance.size, int(known.sum())
    if n_known < 2:
        return Prior(np.full(n, variance[known][0] if n_known else np.nan), np.zeros(n))
    x, d1 = _away_from_zero(variance[known], 1e-5), df[known]
    e = np.log(x) + log_minus_digamma(d1 / 2)
    n_terms = 1 if covariate is None else _n_terms(covariate[known])
    if covariate is None or n_terms < 2:
        mean = np.full(n, e.mean())
        spread = float(((e - e.mean()) ** 2).sum() / (n_known - 1))
    else:
        mean, spread = _spline_trend(covariate, e, known, n_terms)
    spread -= float(trigamma(d1 / 2).mean())
    if spread > 0:
        df2 = 2 * trigamma_inverse(spread)
        return Prior(np.exp(mean - log_minus_digamma(df2 / 2)), np.full(n, df2))
    # the variances differ no more than chance makes them: their mean is the best estimate of all
    location = np.full(n, x.mean()) if covariate is None else np.exp(mean)
    return Prior(location, np.full(n, np.inf))


def _away_from_zero(x: Floats, part: float) -> Floats:
    """Raise variances of zero to a small part of the median, so that their logarithm exists."""
    x = np.maximum(x, 0.0)
    middle = float(np.median(x)) or 1.0
    return np.maximum(x, part * middle)


def _n_terms(covariate: Floats) -> int:
    """Terms of the spline: more with more features, never more than different values."""
    n = covariate.size
    return min(1 + (n >= 3) + (n >= 6) + (n >= 30), np.unique(covariate).size)


def _spline_trend(covariate: Floats, e: Floats, known: NDArray[np.bool_], n_terms: int) -> tuple[Floats, float]:
    """Fit a natural cubic spline with knots at quantiles; give its values for all and the residual variance."""
    inside = covariate[known]
    probabilities = np.linspace(0, 1, n_terms)[1:-1]
    knots = np.concatenate([[inside.min()], np.quantile(inside, probabilities), [inside.max()]])
    basis = _natural_basis(covariate, knots)
    coefficients, _, rank, _ = np.linalg.lstsq(basis[known], e, rcond=None)
    rest = e - basis[known] @ coefficients
    return np.asarray(basis @ coefficients), float((rest**2).sum() / max(e.size - int(rank), 1))


def _natural_basis(x: Floats, knots: Floats) -> Floats:
    """Natural cubic splines: straight lines beyond the outer knots; only their span matters here."""
    low, width = knots[0], knots[-1] - knots[0]
    u, t = (x - low) / width, (knots - low) / width

    def piece(k: int) -> Floats:
        return np.asarray(
            (np.maximum(u - t[k], 0) ** 3 - np.maximum(u - t[-1], 0) ** 3) / (t[-1] - t[k] if t[-1] > t[k] else 1.0)
        )

    last = piece(t.size - 2)
    return np.column_stack([np.ones_like(u), u, *(piece(k) - last for k in range(t.size - 2))])


def prior_by_likelihood(
    variance: Floats, df: Floats, covariate: Floats | None = None, *, weight: Floats | None = None
) -> Prior:
    """
    Estimate the prior by profile likelihood, made for degrees of freedom that differ.

    Parameters
    ----------
    variance : numpy.ndarray, shape (n_features,)
        Residual variances; NaN where there is none.
    df : numpy.ndarray, shape (n_features,)
        Residual degrees of freedom; 0 where there is no variance.
    covariate : numpy.ndarray, shape (n_features,), optional
        What the prior may depend on: a weighted lowess curve is fitted.
    weight : numpy.ndarray, shape (n_features,), optional
        Weight of each feature; 1 where left out.

    Returns
    -------
    Prior
        limma's ``fitFDistUnequalDF1``, without the robust part; NaN where fewer than two features are informative.

    References
    ----------
    .. [1] Ritchie ME et al. (2015), Nucleic Acids Res 43(7):e47; limma 3.61.8, change of the hyperparameters.
    """
    n = variance.size
    weights = np.ones(n) if weight is None else weight.copy()
    is_void = np.isnan(variance) | (df < 0.01)
    weights[is_void] = 0.0
    x, d = np.where(np.isnan(variance), 0.0, variance), np.where(df < 0.01, 1.0, df) / 2
    informative = (x > 0) & (weights > 0)
    if informative.sum() < 2:
        return Prior(np.full(n, np.nan), np.full(n, np.nan))
    if informative.sum() == 2:
        covariate = None
    positive = np.maximum(x, 1e-12 * float(np.median(x[informative])))
    e = np.log(positive) + log_minus_digamma(d)
    precision = weights / trigamma(d)
    level = np.full(n, (precision * e).sum() / precision.sum())
    mean = level if covariate is None else _lowess_trend(covariate, e, precision)

    def deviance(fraction: float) -> float:
        d2 = fraction / (1 - fraction)
        scaled = d2 * np.exp(mean - log_minus_digamma(d2))
        logs = -(d + d2) * np.log1p(d * positive / scaled) - d * np.log(scaled)
        return float(-2 * (weights * (logs + special.gammaln(d + d2) - special.gammaln(d2))).sum())

    best = brent_minimum(deviance, 0.5, 0.9998)
    d2 = best / (1 - best)
    return Prior(np.exp(mean - log_minus_digamma(d2)), np.full(n, 2 * d2))


def _lowess_trend(covariate: Floats, e: Floats, precision: Floats) -> Floats:
    """Smooth against the covariate, with a span that falls as the number of features rises."""
    n = e.size
    span = min(0.3 + 0.7 * (_SPAN_FROM / n) ** (1 / 3), 1.0)
    weight = np.clip(precision / np.quantile(precision, 0.75), 1e-8, 1e2)
    return weighted_lowess(covariate, e, weight, span=span)


def squeeze(variance: Floats, df: Floats, prior: Prior) -> Floats:
    """
    Draw variances towards their prior.

    Parameters
    ----------
    variance, df : numpy.ndarray, shape (n_features,)
        Residual variances and their degrees of freedom.
    prior : Prior
        What they are drawn to.

    Returns
    -------
    numpy.ndarray, shape (n_features,)
        Weighted means; the prior itself where its degrees of freedom are infinite or there is no variance.

    Raises
    ------
    MethodError
        If the prior could not be estimated.

    Examples
    --------
    >>> squeeze(np.array([1.0, 4.0]), np.array([2.0, 2.0]), Prior(np.array([2.0, 2.0]), np.array([2.0, np.inf]))).tolist()
    [1.5, 2.0]
    """
    if np.isnan(prior.df).any() or np.isnan(prior.variance).any():
        raise MethodError(
            "values: no prior of the variances can be estimated; two features with two values beyond the design are needed."
        )
    own = np.where((df > 0) & ~np.isnan(variance), variance, 0.0)
    is_infinite = np.isinf(prior.df)
    weight = np.where(is_infinite, 0.0, prior.df)
    with np.errstate(invalid="ignore"):
        mixed = (df * own + weight * prior.variance) / np.where(df + weight > 0, df + weight, 1.0)
    return np.asarray(np.where(is_infinite, prior.variance, mixed))
