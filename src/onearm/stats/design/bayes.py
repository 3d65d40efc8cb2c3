"""
Bayesian monitoring of a response rate with a beta prior.

A sentence such as "stop if the predictive probability that the response rate is at most 10 % reaches 80 %" can be read
in more than one way, and the readings stop at different numbers. Every rule here therefore says its reading:

- ``posterior``: the probability that the rate is at most 10 %, given the patients seen, reaches 80 %. The expected
  value of that probability after further patients is the same number, so "predictive" adds nothing to it.
- ``predictive to the end``: the probability that, once all patients are seen, the posterior probability will reach
  80 %, is itself at least a cut-off.
- ``predictive to the next cohort``: the same for the next look. At the last look both are the posterior.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, gammaln

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.design.beta_posterior import check_prior
from onearm.stats.design.binomial import NOISE, check_proportion
from onearm.stats.design.looks import StoppingRule, check_looks

__all__ = [
    "READINGS",
    "MonitoringPlan",
    "bayesian_rule",
    "first_stop",
    "last_stop",
    "monitoring_probabilities",
    "predictive_weights",
]

READINGS = ("posterior", "predictive to the end", "predictive to the next cohort")

Condition = Callable[[NDArray[np.int64], int], NDArray[np.bool_]]


@dataclass(frozen=True)
class MonitoringPlan(Framed):
    """
    A Bayesian stopping rule with every convention named.

    Parameters
    ----------
    looks : tuple of int
        Numbers of evaluable patients, increasing.
    futility_rate, futility_probability : float
        Stop when P(rate <= ``futility_rate``) reaches ``futility_probability``.
    efficacy_rate, efficacy_probability : float or None
        Stop when P(rate >= ``efficacy_rate``) reaches ``efficacy_probability``; both None where nothing stops the trial
        for efficacy.
    prior : tuple of float, default (1, 1)
        Beta prior.
    reading : str, default "posterior"
        One of `READINGS`.
    predictive_cutoff : float, default 0.80
        For the predictive readings: how probable the later crossing has to be.
    equality : {">=", ">"}, default ">="
        Whether a probability equal to its limit stops the trial.
    """

    looks: tuple[int, ...]
    futility_rate: float
    futility_probability: float
    efficacy_rate: float | None = None
    efficacy_probability: float | None = None
    prior: tuple[float, float] = (1.0, 1.0)
    reading: str = "posterior"
    predictive_cutoff: float = 0.80
    equality: Literal[">=", ">"] = ">="

    def __post_init__(self) -> None:
        """Check everything, and report all problems."""
        problems = check_looks(self.looks) + check_prior(self.prior)
        for name in ("futility_rate", "futility_probability", "efficacy_rate", "efficacy_probability"):
            value = getattr(self, name)
            problems += check_proportion(name, value) if value is not None else []
        if (self.efficacy_rate is None) != (self.efficacy_probability is None):
            problems.append("efficacy_rate and efficacy_probability: give both, or neither for no stop for efficacy.")
        problems += check_proportion("predictive_cutoff", self.predictive_cutoff)
        if self.reading not in READINGS:
            problems.append(f"unknown reading '{self.reading}'.{suggest(self.reading, READINGS)}")
        if self.equality not in (">=", ">"):
            problems.append(f"equality is '{self.equality}'; acceptable is '>=' or '>'.")
        if problems:
            raise MethodError(*problems)

    def reaches(self, value: ArrayLike, limit: float) -> NDArray[np.bool_]:
        """
        Compare probabilities with a limit by the equality convention.

        Parameters
        ----------
        value : array_like
            Probabilities.
        limit : float
            The limit.

        Returns
        -------
        ndarray of bool
            Numbers that differ by rounding noise only are equal.
        """
        numbers = np.asarray(value)
        return np.asarray(numbers >= limit - NOISE if self.equality == ">=" else numbers > limit + NOISE)


def bayesian_rule(plan: MonitoringPlan) -> StoppingRule:
    """
    Turn a Bayesian rule into numbers of responders.

    Parameters
    ----------
    plan : MonitoringPlan
        The rule in words.

    Returns
    -------
    StoppingRule
        Boundaries at each look; None where no number of responders stops the trial.

    References
    ----------
    .. [1] Zohar S, Teramukai S, Zhou Y (2008), Contemporary Clinical Trials 29(4):608-616.

    Examples
    --------
    REGOMUNE under the posterior reading: at 10 patients no number stops for futility, not even none.

    >>> plan = MonitoringPlan(tuple(range(10, 51, 5)), 0.10, 0.80, 0.25, 0.80)
    >>> rule = bayesian_rule(plan)
    >>> rule.futility
    (None, 0, 0, 0, 1, 1, 1, 2, 2)
    >>> rule.efficacy
    (4, 5, 7, 8, 10, 11, 13, 14, 15)
    """
    futile: list[int | None] = []
    effective: list[int | None] = []
    for k, n in enumerate(plan.looks):
        low, high = monitoring_probabilities(plan, k, np.arange(n + 1))
        limits = _limits(plan, k)
        futile.append(last_stop(plan.reaches(low, limits[0])))
        effective.append(first_stop(plan.reaches(high, limits[1])))
    return StoppingRule(plan.looks, tuple(futile), tuple(effective))


def monitoring_probabilities(
    plan: MonitoringPlan, look: int, responders: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Probabilities that a Bayesian rule compares with its limits.

    Parameters
    ----------
    plan : MonitoringPlan
        The rule.
    look : int
        Index of the look, from 0.
    responders : array_like of int, shape (n_values,)
        Numbers of responders at that look.

    Returns
    -------
    tuple of ndarray, each shape (n_values,)
        For futility and for efficacy. Under a predictive reading they are predictive probabilities, to be compared with
        ``predictive_cutoff``; else, and at the last look, posterior probabilities. NaN or 0 for efficacy where nothing
        stops the trial for it.

    Examples
    --------
    >>> plan = MonitoringPlan((10, 50), 0.10, 0.80, 0.25, 0.80)
    >>> low, high = monitoring_probabilities(plan, 0, [0, 4])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.6862, 0.0028], [0.0422, 0.8854])
    """
    x = np.atleast_1d(np.asarray(responders, dtype=np.int64))
    n = plan.looks[look]
    target = _target(plan, look)
    if target is None:
        return _posterior_pair(plan, x, n)
    final = np.arange(target + 1)
    low, high = _posterior_pair(plan, final, target)
    crossed = (
        plan.reaches(low, plan.futility_probability),
        plan.reaches(high, _limit(plan.efficacy_probability)),
    )
    weight = predictive_weights(x, n, target, plan.prior)
    return np.asarray(weight @ crossed[0]), np.asarray(weight @ crossed[1])


def _posterior_pair(
    plan: MonitoringPlan, x: NDArray[np.int64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = plan.prior[0] + x, plan.prior[1] + n - x
    low = betainc(a, b, plan.futility_rate)
    high = betainc(b, a, 1 - plan.efficacy_rate) if plan.efficacy_rate is not None else np.full(x.shape, np.nan)
    return np.asarray(low, dtype=float), np.asarray(high, dtype=float)


def _target(plan: MonitoringPlan, look: int) -> int | None:
    """Size at which a predictive reading asks for the posterior; None where the posterior itself is compared."""
    if plan.reading == "posterior" or look == len(plan.looks) - 1:
        return None
    return plan.looks[-1] if plan.reading == "predictive to the end" else plan.looks[look + 1]


def _limits(plan: MonitoringPlan, look: int) -> tuple[float, float]:
    if _target(plan, look) is None:
        return plan.futility_probability, _limit(plan.efficacy_probability)
    never = plan.efficacy_probability is None
    return plan.predictive_cutoff, np.inf if never else plan.predictive_cutoff


def _limit(probability: float | None) -> float:
    """A limit that nothing reaches where there is none."""
    return np.inf if probability is None else probability


def predictive_weights(x: NDArray[np.int64], n: int, target: int, prior: tuple[float, float]) -> NDArray[np.float64]:
    """
    Beta-binomial probabilities of each number of responders at a later size.

    Parameters
    ----------
    x : ndarray of int, shape (n_values,)
        Responders so far.
    n, target : int
        Patients so far, and later.
    prior : tuple of float
        Beta prior.

    Returns
    -------
    ndarray, shape (n_values, target + 1)
        Rows add up to 1.
    """
    left = target - n
    more = np.arange(target + 1)[None, :] - x[:, None]
    a, b = (prior[0] + x)[:, None], (prior[1] + n - x)[:, None]
    y = np.clip(more, 0, left)
    ways = gammaln(left + 1) - gammaln(y + 1) - gammaln(left - y + 1)
    weight = np.exp(ways + betaln(a + y, b + left - y) - betaln(a, b))
    return np.where((more >= 0) & (more <= left), weight, 0.0)


def last_stop(stops: NDArray[np.bool_]) -> int | None:
    """
    Find the futility boundary.

    Parameters
    ----------
    stops : ndarray of bool, shape (n + 1,)
        Whether each number of responders stops; those that do come first.

    Returns
    -------
    int or None
        The largest that stops; None where none does.
    """
    return int(np.flatnonzero(stops)[-1]) if stops.any() else None


def first_stop(stops: NDArray[np.bool_]) -> int | None:
    """
    Find the efficacy boundary.

    Parameters
    ----------
    stops : ndarray of bool, shape (n + 1,)
        Whether each number of responders stops; those that do come last.

    Returns
    -------
    int or None
        The smallest that stops; None where none does.
    """
    return int(np.flatnonzero(stops)[0]) if stops.any() else None
