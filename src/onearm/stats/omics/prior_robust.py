"""The prior of the variances where some features vary far more than the rest: they keep more of their own variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from onearm.stats.brent import brent_root
from onearm.stats.multiplicity import adjust_p
from onearm.stats.omics.distributions import f_lower, f_quantile, f_upper, log_f_upper
from onearm.stats.omics.lowess import lowess
from onearm.stats.omics.prior_variance import Prior, prior_by_likelihood, prior_by_moments

__all__ = ["robust_prior_by_likelihood", "robust_prior_by_moments"]

Floats = NDArray[np.float64]

_TAILS = (0.05, 0.1)
"""Parts of the lower and upper tail that are drawn in before moments are taken."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)


def robust_prior_by_moments(variance: Floats, df: Floats, covariate: Floats | None = None) -> Prior:
    """
    Estimate the prior by winsorised moments, as limma's ``fitFDistRobustly``.

    Parameters
    ----------
    variance, df : numpy.ndarray, shape (n_features,)
        Residual variances, NaN where there is none, and their degrees of freedom.
    covariate : numpy.ndarray, shape (n_features,), optional
        What the prior may depend on: a lowess curve is fitted.

    Returns
    -------
    Prior
        With fewer degrees of freedom for outliers.

    References
    ----------
    .. [1] Phipson B, Lee S, Majewski IJ, Alexander WS, Smyth GK (2016), Ann Appl Stat 10(2):946-963.
    """
    known = ~np.isnan(variance) & np.isfinite(df) & (df > 1e-6)
    if known.all():
        return _robust_moments(variance, df, covariate)
    inner = _robust_moments(variance[known], df[known], None if covariate is None else covariate[known])
    location, weight = np.empty_like(variance), np.empty_like(variance)
    location[known], weight[known] = inner.variance, inner.df
    weight[~known] = inner.df.max()
    if covariate is None:
        location[~known] = inner.variance[0]
    else:
        order = np.argsort(covariate[known])
        location[~known] = np.exp(np.interp(covariate[~known], covariate[known][order], np.log(inner.variance[order])))
    return Prior(location, weight)


def _robust_moments(variance: Floats, df: Floats, covariate: Floats | None) -> Prior:
    n = variance.size
    plain = prior_by_moments(variance, df, covariate)
    x = np.maximum(variance, float(np.median(variance)) * 1e-12)
    if n < 3 or max(_TAILS) < 1 / n:
        return plain
    x, d1 = _at_one_df(x, df, plain)
    z = np.log(x)
    trend = np.full(n, stats.trim_mean(z, _TAILS[1])) if covariate is None else lowess(covariate, z, fraction=0.4)
    rest = z - trend
    low, high = np.quantile(rest, [_TAILS[0], 1 - _TAILS[1]])
    drawn_in = np.clip(rest, low, high)
    mean, spread = float(drawn_in.mean()), float(drawn_in.var(ddof=1))
    expected_mean, expected_spread = _winsorised_moments(d1, np.inf)
    if spread <= expected_spread:
        return _all_alike(z, trend + mean - expected_mean, d1)
    if np.isinf(plain.df[0]):
        return plain

    def excess(fraction: float) -> float:
        df2 = fraction / (1 - fraction) if fraction < 1 else np.inf
        return float(np.log(spread / _winsorised_moments(d1, df2)[1]))

    start = float(plain.df[0]) / (1 + float(plain.df[0]))
    if excess(start) >= 0:
        df2 = float(plain.df[0])
    else:
        root = brent_root(excess, start, 1.0, tolerance=1e-8)
        df2 = root / (1 - root)
    corrected = trend + mean - _winsorised_moments(d1, df2)[0]
    ratio = np.exp(z - corrected)
    log_tail = log_f_upper(ratio, d1, df2)
    rank = stats.rankdata(ratio)
    keep = np.exp(np.minimum(log_tail - (np.log(n - rank + 0.5) - np.log(n)), 0.0))
    return Prior(np.exp(corrected), _shrunk(keep, log_tail, float(ratio.max()), d1, df2))


def _at_one_df(x: Floats, df: Floats, plain: Prior) -> tuple[Floats, float]:
    """Turn variances with fewer degrees of freedom into those with the most that are as far out."""
    most = float(df.max())
    fewer = df < most - 1e-14
    if not fewer.any():
        return x, most
    df2 = float(plain.df[0])
    f = x[fewer] / plain.variance[fewer]
    upper, lower = f_upper(f, df[fewer], df2), f_lower(f, df[fewer], df2)
    is_high = upper < lower
    moved = f.copy()
    moved[is_high] = f_quantile(upper[is_high], most, df2, is_upper=True)
    moved[~is_high] = f_quantile(lower[~is_high], most, df2)
    x = x.copy()
    x[fewer] = moved * plain.variance[fewer]
    return x, most


def _winsorised_moments(df1: float, df2: float) -> tuple[float, float]:
    """Mean and variance of log F with its tails drawn in, by Gauss-Legendre quadrature of F / (1 + F)."""
    ends = f_quantile(np.array([_TAILS[0], 1 - _TAILS[1]]), df1, df2)
    q = ends / (1 + ends)
    half = (q[1] - q[0]) / 2
    nodes = q[0] + half * (1 + _NODES)
    f = nodes / (1 - nodes)
    density = np.exp(_log_density(f, df1, df2)) / (1 - nodes) ** 2
    logs, tails = np.log(f), np.array(_TAILS)
    mean = float(half * (_WEIGHTS * density) @ logs + np.log(ends) @ tails)
    spread = float(half * (_WEIGHTS * density) @ (logs - mean) ** 2 + (np.log(ends) - mean) ** 2 @ tails)
    return mean, spread


def _log_density(f: Floats, df1: float, df2: float) -> Floats:
    a = df1 / 2
    if np.isinf(df2):
        return np.asarray(a * np.log(a) + (a - 1) * np.log(f) - a * f - special.gammaln(a))
    b = df2 / 2
    return np.asarray(
        a * np.log(df1 / df2) + (a - 1) * np.log(f) - (a + b) * np.log1p(df1 / df2 * f) - special.betaln(a, b)
    )


def _all_alike(z: Floats, corrected: Floats, df1: float) -> Prior:
    """Prior where the variances differ no more than chance makes them; outliers keep some of their own."""
    n = z.size
    ratio = np.exp(z - corrected)
    tail = special.gammaincc(df1 / 2, ratio * df1 / 2)
    keep = np.minimum(tail / ((n - stats.rankdata(ratio) + 0.5) / n), 1.0)
    df = np.full(n, np.inf)
    outlier = keep < 1
    if outlier.any():
        df[outlier] = keep[outlier] * n * df1
        order = np.argsort(tail, kind="stable")
        df[order] = np.maximum.accumulate(df[order])
    return Prior(np.exp(corrected), df)


def _shrunk(keep: Floats, log_tail: Floats, largest: float, df1: float, df2: float) -> Floats:
    """Degrees of freedom of each feature: those of the prior, fewer the further out its variance is."""
    n = keep.size
    if not (keep < 1).any():
        return np.full(n, df2)
    smallest = float(log_tail.min())
    outlier = 0.0
    if np.isfinite(smallest):
        # fewest such that the largest variance is the median of what they make likely; one step of improvement
        outlier = np.log(0.5) / smallest * df2
        outlier *= np.log(0.5) / float(log_f_upper(np.array([largest]), df1, outlier)[0])
    return _rising(keep * df2 + (1 - keep) * outlier, log_tail)


def _rising(df: Floats, tail: Floats) -> Floats:
    """Never fewer degrees of freedom for a feature that is less far out; the furthest share their mean."""
    order = np.argsort(tail, kind="stable")
    ordered = df[order]
    means = np.cumsum(ordered) / np.arange(1, df.size + 1)
    lowest = int(np.argmin(means))
    ordered[: lowest + 1] = means[lowest]
    result = np.empty_like(df)
    result[order] = np.maximum.accumulate(ordered)
    return result


def robust_prior_by_likelihood(variance: Floats, df: Floats, covariate: Floats | None = None) -> Prior:
    """
    Estimate the prior by profile likelihood with outliers weighted down, as limma's ``fitFDistUnequalDF1``.

    Parameters
    ----------
    variance, df : numpy.ndarray, shape (n_features,)
        Residual variances, NaN where there is none, and their degrees of freedom.
    covariate : numpy.ndarray, shape (n_features,), optional
        What the prior may depend on.

    Returns
    -------
    Prior
        With fewer degrees of freedom for features that vary far more than the rest.

    References
    ----------
    .. [1] Ritchie ME et al. (2015), Nucleic Acids Res 43(7):e47; limma 3.61.8, change of the hyperparameters.
    """
    plain = prior_by_likelihood(variance, df, covariate)
    void = np.isnan(variance) | (df < 0.01)
    x, d1 = np.where(np.isnan(variance), 0.0, variance), np.where(df < 0.01, 1.0, df)
    if np.isnan(plain.df).any() or ((x > 0) & ~void).sum() < 3:
        return plain
    df2 = float(plain.df[0])
    ratio = x / plain.variance
    upper, lower = f_upper(ratio, d1, df2), f_lower(ratio, d1, df2)
    trust = adjust_p(np.minimum(2 * np.minimum(lower, upper), 1.0))
    trust[trust > 0.3] = 1.0
    if trust.min() == 1:
        return plain
    refit = prior_by_likelihood(variance, df, covariate, weight=trust)
    n = x.size
    keep = np.minimum(upper / ((n - stats.rankdata(ratio) + 0.5) / n), 1.0)
    if keep.min() == 1:
        return refit
    df2 = float(refit.df[0])
    first = int(np.argmin(upper))
    outlier = 0.0
    if upper[first] > 0:
        outlier = np.log(0.5) / np.log(upper[first]) * df2
        again = float(log_f_upper(ratio[first : first + 1], float(d1[first]), outlier)[0])
        outlier *= np.log(0.5) / again
    return Prior(refit.variance, _rising(keep * df2 + (1 - keep) * outlier, upper))
