"""Other Bayesian rules: predictive probability (Lee and Liu), and an uncertain standard (Thall and Simon)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv, ndtr

from onearm.errors import MethodError
from onearm.stats.design.bayes import first_stop, last_stop, predictive_weights
from onearm.stats.design.beta_posterior import check_prior
from onearm.stats.design.binomial import NOISE, check_proportion
from onearm.stats.design.looks import StoppingRule, check_looks

__all__ = ["lee_liu_rule", "predictive_probability", "probability_above_standard", "thall_simon_rule"]


def predictive_probability(
    x: int, n: int, *, n_max: int, p0: float, threshold: float, prior: tuple[float, float] = (1.0, 1.0)
) -> float:
    """
    Probability that the trial will end with a positive result.

    Parameters
    ----------
    x, n : int
        Responders and patients so far.
    n_max : int
        Patients at the end.
    p0 : float
        Response rate to exceed.
    threshold : float
        The result is positive if P(rate > ``p0``) is at least this at the end.
    prior : tuple of float, default (1, 1)
        Beta prior.

    Returns
    -------
    float
        Predictive probability.

    References
    ----------
    .. [1] Lee JJ, Liu DD (2008), Clinical Trials 5(2):93-106.

    Examples
    --------
    >>> round(predictive_probability(16, 23, n_max=40, p0=0.6, threshold=0.9, prior=(0.6, 0.4)), 7)
    0.5655589
    """
    problems = check_prior(prior) + check_proportion("p0", p0) + check_proportion("threshold", threshold)
    if not 0 <= x <= n <= n_max:
        problems.append(f"{x} responders among {n} of {n_max} patients; acceptable is 0 <= x <= n <= n_max.")
    if problems:
        raise MethodError(*problems)
    final = np.arange(n_max + 1)
    positive = betainc(prior[1] + n_max - final, prior[0] + final, 1 - p0) >= threshold - NOISE
    return float(predictive_weights(np.array([x]), n, n_max, prior)[0] @ positive)


def lee_liu_rule(
    looks: Sequence[int],
    *,
    p0: float,
    threshold: float,
    low: float,
    high: float = 1.0,
    prior: tuple[float, float] = (1.0, 1.0),
) -> StoppingRule:
    """
    Boundaries of the predictive probability design.

    Parameters
    ----------
    looks : sequence of int
        Numbers of patients, increasing; the last is the end.
    p0 : float
        Response rate to exceed.
    threshold : float
        Positive at the end if P(rate > ``p0``) is at least this.
    low, high : float
        Stop for futility if the predictive probability is below ``low``, for efficacy if above ``high``; 1 never stops
        for efficacy.
    prior : tuple of float, default (1, 1)
        Beta prior.

    Returns
    -------
    StoppingRule
        At the last look the two boundaries meet.

    References
    ----------
    .. [1] Lee JJ, Liu DD (2008), Clinical Trials 5(2):93-106.

    Examples
    --------
    The published design for 0.2 against 0.4 with 36 patients stops at 0/10, 1/17, 2/21, 3/24, … 10/36.

    >>> rule = lee_liu_rule(range(10, 37), p0=0.2, threshold=0.90, low=0.001, prior=(0.2, 0.8))
    >>> [rule.futility[rule.looks.index(n)] for n in (10, 17, 21, 24, 27, 29, 31, 33, 34, 35, 36)]
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    """
    problems = check_looks(looks) + check_prior(prior) + check_proportion("p0", p0)
    problems += check_proportion("threshold", threshold)
    if problems:
        raise MethodError(*problems)
    n_max = looks[-1]
    final = np.arange(n_max + 1)
    positive = betainc(prior[1] + n_max - final, prior[0] + final, 1 - p0) >= threshold - NOISE
    futile: list[int | None] = []
    effective: list[int | None] = []
    for n in looks[:-1]:
        chance = predictive_weights(np.arange(n + 1), n, n_max, prior) @ positive
        futile.append(last_stop(chance < low - NOISE))
        effective.append(first_stop(chance > high + NOISE))
    return StoppingRule(tuple(looks), (*futile, last_stop(~positive)), (*effective, first_stop(positive)))


def probability_above_standard(
    x: ArrayLike,
    n: int,
    *,
    standard: tuple[float, float],
    prior: tuple[float, float] = (1.0, 1.0),
    margin: float = 0.0,
) -> NDArray[np.float64]:
    """
    Probability that the new rate exceeds an uncertain standard rate by a margin.

    Parameters
    ----------
    x : array_like of int, shape (n_values,)
        Responders.
    n : int
        Patients.
    standard : tuple of float
        Beta distribution of the standard treatment's rate.
    prior : tuple of float, default (1, 1)
        Beta prior of the new treatment's rate.
    margin : float, default 0
        Improvement asked for.

    Returns
    -------
    ndarray, shape (n_values,)
        P(new > standard + margin), by quadrature over the standard's normal scores.

    Examples
    --------
    >>> probability_above_standard([5], 10, standard=(5.5, 5.5), prior=(0.5, 0.5)).round(6).tolist()
    [0.5]
    """
    # normal scores of the standard: the integrand is smooth and dies out at both ends, where equal steps are exact
    z = np.linspace(-8.5, 8.5, 401)
    weights = np.exp(-z * z / 2) * (z[1] - z[0]) / np.sqrt(2 * np.pi)
    below, beyond = betaincinv(*standard, ndtr(z)), 1 - betaincinv(standard[1], standard[0], ndtr(-z))
    rates = np.minimum(np.where(z < 0, below, beyond) + margin, 1.0)
    responders = np.atleast_1d(np.asarray(x, dtype=float))[:, None]
    above = betainc(prior[1] + n - responders, prior[0] + responders, 1 - rates[None, :])
    return np.asarray(above @ weights)


def thall_simon_rule(
    looks: Sequence[int],
    *,
    standard: tuple[float, float],
    margin: float,
    low: float,
    high: float,
    prior: tuple[float, float] = (1.0, 1.0),
) -> StoppingRule:
    """
    Boundaries of the design of Thall and Simon.

    Parameters
    ----------
    looks : sequence of int
        Numbers of patients, increasing.
    standard : tuple of float
        Beta distribution of the standard treatment's rate.
    margin : float
        Improvement asked for.
    low : float
        Not promising, stop: P(new > standard + margin) at most this.
    high : float
        Promising, stop: P(new > standard) at least this.
    prior : tuple of float, default (1, 1)
        Beta prior of the new treatment's rate.

    Returns
    -------
    StoppingRule
        None where no number of responders stops the trial.

    References
    ----------
    .. [1] Thall PF, Simon R (1994), Biometrics 50(2):337-349.

    Examples
    --------
    >>> rule = thall_simon_rule([10, 20, 40], standard=(20, 80), margin=0.15, low=0.05, high=0.95, prior=(0.4, 1.6))
    >>> rule.futility, rule.efficacy
    ((1, 3, 8), (5, 8, 14))
    """
    problems = check_looks(looks) + check_prior(prior) + check_prior(standard, "standard")
    for name, value in (("low", low), ("high", high)):
        problems += check_proportion(name, value)
    if not 0 <= margin < 1:
        problems.append(f"margin is {margin:g}; acceptable is 0 or more and below 1.")
    if problems:
        raise MethodError(*problems)
    futile, effective = [], []
    for n in looks:
        x = np.arange(n + 1)
        by_margin = probability_above_standard(x, n, standard=standard, prior=prior, margin=margin)
        at_all = probability_above_standard(x, n, standard=standard, prior=prior)
        futile.append(last_stop(by_margin <= low + NOISE))
        effective.append(first_stop(at_all >= high - NOISE))
    return StoppingRule(tuple(looks), tuple(futile), tuple(effective))
