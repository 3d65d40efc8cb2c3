"""
The moderated t test: the variance of each feature is drawn towards what all features say.

The numbers are those of limma's ``lmFit``, ``eBayes`` and ``topTable``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.multiplicity import adjust_p
from onearm.stats.omics.distributions import t_from_two_sided, t_two_sided
from onearm.stats.omics.linear_fits import LinearFits, check_matrix, fit_linear
from onearm.stats.omics.prior_robust import robust_prior_by_likelihood, robust_prior_by_moments
from onearm.stats.omics.prior_variance import (
    Hyperparameters,
    Prior,
    prior_by_likelihood,
    prior_by_moments,
    squeeze,
)
from onearm.stats.times import check_level

__all__ = ["EBayes", "ModeratedTest", "moderate", "paired_moderated_t", "two_group_moderated_t"]

Floats = NDArray[np.float64]

_EFFECT_LIMITS = (0.1, 4.0)
"""Standard deviation of true effects, between which it is looked for, in units of the noise."""


@dataclass(frozen=True)
class EBayes:
    """
    How the variances are moderated.

    Attributes
    ----------
    is_trend : bool
        Whether the prior variance depends on the mean of the feature.
    is_robust : bool
        Whether features that vary far more than the rest keep more of their own variance.
    hyperparameters : {"current", "legacy"}
        ``current``: as limma since 3.61, by likelihood where degrees of freedom differ between features, else by
        moments. ``legacy``: by moments always, as limma to 3.60.
    proportion : float
        Part of features that are believed to differ; only the log-odds depend on it.

    Examples
    --------
    >>> EBayes(hyperparameters="legacy").describe()
    'moderated t (limma eBayes, legacy hyperparameters)'
    """

    is_trend: bool = False
    is_robust: bool = False
    hyperparameters: Hyperparameters = "current"
    proportion: float = 0.01

    def describe(self) -> str:
        """
        Name the method.

        Returns
        -------
        str
            For the column ``method`` of the results.
        """
        extra = [name for name, used in (("trend", self.is_trend), ("robust", self.is_robust)) if used]
        return f"moderated t (limma eBayes, {', '.join([f'{self.hyperparameters} hyperparameters', *extra])})"


@dataclass(frozen=True, repr=False)
class ModeratedTest(Framed):
    """
    Moderated t tests of one coefficient, one per feature.

    Attributes
    ----------
    names : tuple of str
        Features.
    n : numpy.ndarray of int, shape (n_features,)
        Known values (pairs, where differences were tested).
    effect, low, high : numpy.ndarray, shape (n_features,)
        Coefficient, a difference of means in the unit of the values, and its interval.
    mean : numpy.ndarray, shape (n_features,)
        Mean of the known values.
    t, df, p, q : numpy.ndarray, shape (n_features,)
        Moderated t, its degrees of freedom, two-sided p, and p adjusted by Benjamini and Hochberg; NaN where a feature has too
        few values.
    log_odds : numpy.ndarray, shape (n_features,)
        Natural logarithm of the odds that the feature differs.
    variance, variance_prior, df_residual, df_prior : numpy.ndarray, shape (n_features,)
        Moderated variance, the prior it was drawn to, and the degrees of freedom of the feature and of the prior.
    method : str
        What was done.
    level : float
        Of the intervals.
    """

    names: tuple[str, ...]
    n: NDArray[np.int64]
    effect: Floats
    low: Floats
    high: Floats
    mean: Floats
    t: Floats
    df: Floats
    p: Floats
    q: Floats
    log_odds: Floats
    variance: Floats
    variance_prior: Floats
    df_residual: Floats
    df_prior: Floats
    method: str
    level: float

    def __repr__(self) -> str:
        lines = [f"{self.method}: {len(self.names)} features, {int((self.q <= 0.05).sum())} with q <= 0.05"]
        for i in np.argsort(np.where(np.isnan(self.p), 2.0, self.p), kind="stable")[:5]:
            lines.append(
                f"{self.names[i]}: {self.effect[i]:.4g} ({self.low[i]:.4g} to {self.high[i]:.4g}), t = {self.t[i]:.4g}, "
                f"p = {self.p[i]:.3g}, q = {self.q[i]:.3g}"
            )
        return "\n".join(lines)


def moderate(
    fits: LinearFits,
    coefficient: int = -1,
    *,
    names: Sequence[str] | None = None,
    how: EBayes | None = None,
    level: float = 0.95,
) -> ModeratedTest:
    """
    Test one coefficient of many linear models with moderated variances.

    Parameters
    ----------
    fits : LinearFits
        From `onearm.stats.omics.linear_fits.fit_linear`.
    coefficient : int, default -1
        Which coefficient, by position.
    names : sequence of str, optional
        Names of the features; ``x1, x2 ...`` where left out.
    how : EBayes, optional
        Trend, robustness and hyperparameters; limma's current defaults where left out.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    ModeratedTest
        In the order of the features.

    Raises
    ------
    MethodError
        If no feature has residual degrees of freedom, or an option is unknown.

    References
    ----------
    .. [1] Smyth GK (2004), Stat Appl Genet Mol Biol 3(1):3.
    .. [2] Phipson B, Lee S, Majewski IJ, Alexander WS, Smyth GK (2016), Ann Appl Stat 10(2):946-963.
    """
    how = how or EBayes()
    check_level(level)
    n_features = fits.df.size
    labels = tuple(f"x{i + 1}" for i in range(n_features)) if names is None else tuple(map(str, names))
    if len(labels) != n_features:
        raise MethodError(f"names: {len(labels)} for {n_features} features.")
    if not (fits.df > 0).any():
        raise MethodError(
            "values: no feature has more known values than the design has coefficients; nothing can be tested."
        )
    prior = _prior(fits, how)
    variance = squeeze(fits.variance, fits.df, prior)
    df = np.minimum(fits.df + prior.df, float(fits.df.sum()))
    effect, unscaled = fits.coefficients[:, coefficient], fits.unscaled_sd[:, coefficient]
    error = unscaled * np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = effect / error
    p = t_two_sided(t, df)
    different, which = np.unique(df, return_inverse=True)
    half = error * t_from_two_sided(np.full(different.size, 1 - level), different)[np.ravel(which)]
    odds = _log_odds(t, unscaled, df, prior, how.proportion)
    return ModeratedTest(
        names=labels, n=fits.n, effect=effect, low=effect - half, high=effect + half, mean=fits.mean,
        t=t, df=df, p=p, q=adjust_p(p), log_odds=odds, variance=variance, variance_prior=prior.variance,
        df_residual=fits.df, df_prior=prior.df, method=how.describe(), level=level,
    )  # fmt: skip


def _prior(fits: LinearFits, how: EBayes) -> Prior:
    """Estimate the prior in the way asked for; features without any variance take no part."""
    if how.hyperparameters not in ("current", "legacy"):
        raise MethodError(
            f"hyperparameters: unknown '{how.hyperparameters}'.{suggest(how.hyperparameters, ['current', 'legacy'])}"
        )
    if not 0 < how.proportion < 1:
        raise MethodError(f"proportion: {how.proportion} is outside (0, 1).")
    positive = fits.df[fits.df > 0]
    by_moments = how.hyperparameters == "legacy" or positive.min() == positive.max()
    covariate = np.where(np.isnan(fits.mean), np.nanmean(fits.mean), fits.mean) if how.is_trend else None
    if by_moments:
        estimate = robust_prior_by_moments if how.is_robust else prior_by_moments
        return estimate(fits.variance, fits.df, covariate)
    estimate = robust_prior_by_likelihood if how.is_robust else prior_by_likelihood
    return estimate(fits.variance, fits.df, covariate)


def _log_odds(t: Floats, unscaled: Floats, df: Floats, prior: Prior, proportion: float) -> Floats:
    """Log-odds that the feature differs; the variance of true effects comes from the most extreme features."""
    spread = _effect_variance(t, unscaled, df, proportion, prior)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (unscaled**2 + spread) / unscaled**2
        kernel = (1 + df) / 2 * np.log((t**2 + df) / (t**2 / ratio + df))
        kernel = np.where(prior.df > 1e6, t**2 * (1 - 1 / ratio) / 2, kernel)
        return np.asarray(np.log(proportion / (1 - proportion)) - np.log(ratio) / 2 + kernel)


def _effect_variance(t: Floats, unscaled: Floats, df: Floats, proportion: float, prior: Prior) -> float:
    """Variance of the effects of features that differ, by comparing the largest t with their expected order statistics."""
    known = ~np.isnan(t)
    size, sd, own = np.abs(t[known]), unscaled[known], df[known]
    n = size.size
    limits = np.square(_EFFECT_LIMITS) / float(np.median(prior.variance))
    wanted = int(np.ceil(proportion / 2 * n))
    if wanted < 1:
        return float(1 / prior.variance[0])
    most = float(own.max())
    fewer = own < most
    size = size.copy()
    size[fewer] = t_from_two_sided(t_two_sided(size[fewer], own[fewer]), np.full(int(fewer.sum()), most))
    top = np.argsort(-size, kind="stable")[:wanted]
    part = max(wanted / n, proportion)
    null = t_two_sided(size[top], np.full(wanted, most))
    target = ((np.arange(1, wanted + 1) - 0.5) / n - (1 - part) * null) / part
    spread = np.zeros(wanted)
    beyond = target > null
    expected = t_from_two_sided(np.minimum(target[beyond], 1.0), np.full(int(beyond.sum()), most))
    with np.errstate(divide="ignore"):
        spread[beyond] = sd[top][beyond] ** 2 * ((size[top][beyond] / expected) ** 2 - 1)
    return float(np.clip(spread, *limits).mean())


def paired_moderated_t(
    before: ArrayLike,
    after: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    how: EBayes | None = None,
    level: float = 0.95,
) -> ModeratedTest:
    """
    Moderated t test of the differences within pairs.

    Parameters
    ----------
    before, after : array_like, shape (n_pairs, n_features)
        The two samples of each patient in the same order; a pair with a missing value is left out of its feature.
    names : sequence of str, optional
        Names of the features.
    how : EBayes, optional
        Trend, robustness and hyperparameters.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    ModeratedTest
        ``effect`` is after less before; ``mean`` is the mean difference too, as in limma.

    Raises
    ------
    MethodError
        If the shapes differ, or nothing can be tested.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> before = rng.normal(size=(8, 50))
    >>> after = before + rng.normal(size=(8, 50)) + np.r_[3.0, np.zeros(49)]
    >>> test = paired_moderated_t(before, after)
    >>> int(np.argmin(test.p)), bool(test.q[0] < 0.01)
    (0, True)
    """
    first, second = check_matrix(before, name="before"), check_matrix(after, name="after")
    if first.shape != second.shape:
        raise MethodError(f"after: shape {second.shape} beside {first.shape}; give one row for each pair.")
    return moderate(fit_linear(second - first, np.ones((first.shape[0], 1))), 0, names=names, how=how, level=level)


def two_group_moderated_t(
    values: ArrayLike,
    is_second: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    how: EBayes | None = None,
    level: float = 0.95,
) -> ModeratedTest:
    """
    Moderated t test between two groups.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        NaN is missing.
    is_second : array_like of bool, shape (n_samples,)
        Which samples are in the second group.
    names : sequence of str, optional
        Names of the features.
    how : EBayes, optional
        Trend, robustness and hyperparameters.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    ModeratedTest
        ``effect`` is the mean of the second group less that of the first.

    Raises
    ------
    MethodError
        If a group is empty, or nothing can be tested.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> values = rng.normal(size=(10, 40))
    >>> values[5:, 7] += 4
    >>> int(np.argmin(two_group_moderated_t(values, [0] * 5 + [1] * 5).p))
    7
    """
    matrix, second = check_matrix(values), np.asarray(is_second, dtype=np.bool_)
    if second.shape != matrix.shape[:1] or not 0 < second.sum() < second.size:
        raise MethodError(
            f"is_second: two groups among {matrix.shape[0]} samples are needed; {second.sum()} are in the second."
        )
    design = np.column_stack([np.ones(second.size), second])
    return moderate(fit_linear(matrix, design), 1, names=names, how=how, level=level)
