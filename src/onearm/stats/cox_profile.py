"""Profile-likelihood intervals: the values of one coefficient that the likelihood does not refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.special import chdtri

from onearm.stats.cox_newton import Curvature, Likelihood, maximise
from onearm.stats.cox_risk import Floats

__all__ = ["profile_limits"]

FARTHEST: Final = 60.0
"""A limit farther from the estimate than this many units of the linear predictor is infinite: e to the 60th is 1e26."""


def profile_limits(
    likelihood: Likelihood,
    beta: Floats,
    top: float,
    covariate: int,
    *,
    step: float,
    reach: Floats,
    level: float,
    curvature: Curvature | None = None,
) -> tuple[float, float]:
    """
    Find both limits of one coefficient.

    A limit is where twice the drop of the log-likelihood, maximised over all other coefficients, is the quantile of
    chi-squared with 1 degree of freedom.

    Parameters
    ----------
    likelihood : callable
        Takes coefficients, gives an `Evaluation`.
    beta : ndarray of float, shape (n_covariates,)
        Where the likelihood is largest, or as far as the steps came where it has no maximum.
    top : float
        The largest log-likelihood.
    covariate : int
        Position of the coefficient.
    step : float
        First distance to try, such as the half width of the Wald interval.
    reach : ndarray of float, shape (n_covariates,)
        Range of each covariate.
    level : float
        Two-sided coverage.
    curvature : callable, optional
        As for `maximise`.

    Returns
    -------
    low, high : float
        Minus or plus infinity where the likelihood never drops that far.

    References
    ----------
    .. [1] Venzon DJ, Moolgavkar SH (1988), Applied Statistics 37(1):87-94.
    """
    floor = top - float(chdtri(1, 1 - level)) / 2
    others = np.delete(np.arange(beta.size), covariate)
    farthest = FARTHEST / float(reach[covariate])

    def profile(value: float, start: Floats) -> tuple[float, float, Floats]:
        """Drop below the floor (negative inside), its slope, and where the others are largest."""
        fixed = start.copy()
        fixed[covariate] = value
        best = maximise(likelihood, fixed, reach=reach, free=others, curvature=curvature)
        return floor - best.at.log_likelihood - best.gap, -float(best.at.score[covariate]), best.beta

    def limit(direction: int) -> float:
        inside, start = float(beta[covariate]), beta
        distance = min(step, farthest)
        while True:
            outside = inside + direction * distance
            drop, slope, found = profile(outside, start)
            if drop >= 0:
                break
            if abs(outside - beta[covariate]) > farthest:
                return direction * np.inf
            inside, start, distance = outside, found, distance * 1.6
        return _root(profile, inside, outside, (drop, slope, found))

    return limit(-1), limit(1)


def _root(
    profile: Callable[[float, Floats], tuple[float, float, Floats]],
    inside: float,
    outside: float,
    last: tuple[float, float, Floats],
) -> float:
    """Newton's method from outside, held within the bracket by bisection."""
    drop, slope, start = last
    value = outside
    for _ in range(100):
        guess = value - drop / slope if slope else np.nan
        low, high = min(inside, outside), max(inside, outside)
        if not low < guess < high:
            guess = (inside + outside) / 2
        if abs(guess - value) <= 1e-11 * (1 + abs(value)):
            return float(guess)
        value = guess
        drop, slope, start = profile(value, start)
        inside, outside = (inside, value) if drop >= 0 else (value, outside)
    return float(value)
