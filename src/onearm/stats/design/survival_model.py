"""
What a patient contributes to a one-sample log-rank test: events, expected events, and their variances.

Survival is Weibull under the null hypothesis (exponential with shape 1), and hazards are proportional. Patients enter
uniformly over the accrual period; each is followed to the end of the study, or for a fixed time. With ``u`` the
cumulative null hazard, a patient is at risk at ``u`` with probability ``exp(-hr u) G(u)``, so that all integrals are
over ``u`` and smooth whatever the shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed

__all__ = ["Moments", "SurvivalModel", "covariance_of_looks", "event_probability", "hazard_ratio", "moments"]

LN2 = math.log(2)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(120)


@dataclass(frozen=True)
class SurvivalModel(Framed):
    """
    Null survival, alternative, accrual and follow-up.

    Parameters
    ----------
    median0 : float
        Median under the null hypothesis, in any unit of time; every other time is in the same unit.
    hr : float
        Hazard ratio of the alternative to the null; below 1.
    accrual : float
        Length of the accrual period.
    followup : float
        From the last patient's entry to the end; or each patient's own follow-up, with ``is_restricted``.
    shape : float, default 1
        Weibull shape; 1 is exponential.
    loss : float, default 0
        Hazard of loss to follow-up (exponential), per unit of time.
    is_restricted : bool, default False
        Whether each patient is followed for ``followup`` and no longer.
    """

    median0: float
    hr: float
    accrual: float
    followup: float
    shape: float = 1.0
    loss: float = 0.0
    is_restricted: bool = False

    def __post_init__(self) -> None:
        """Check the numbers, and report all problems."""
        problems = []
        if not self.median0 > 0 or not self.shape > 0:
            problems.append(f"median0 {self.median0:g}, shape {self.shape:g}; acceptable are numbers above 0.")
        if not 0 < self.hr < 1:
            problems.append(
                f"the hazard ratio is {self.hr:g}; acceptable is above 0 and below 1: the alternative has to be better "
                "than the historical control (a longer median)."
            )
        if self.accrual < 0 or self.followup < 0 or not self.accrual + self.followup > 0 or self.loss < 0:
            problems.append(
                f"accrual {self.accrual:g}, followup {self.followup:g}, loss {self.loss:g}; acceptable are times of 0 "
                "or more, not both 0, and a hazard of loss of 0 or more."
            )
        if problems:
            raise MethodError(*problems)

    @property
    def median1(self) -> float:
        """Median under the alternative."""
        return float(self.median0 * self.hr ** (-1 / self.shape))

    def cumulative(self, time: ArrayLike) -> NDArray[np.float64]:
        """
        Cumulative null hazard.

        Parameters
        ----------
        time : array_like
            Times of 0 or more.

        Returns
        -------
        ndarray
            ``ln 2 (t / median0)^shape``.
        """
        return np.asarray(LN2 * (np.asarray(time, dtype=float) / self.median0) ** self.shape)

    def time_at(self, cumulative: ArrayLike) -> NDArray[np.float64]:
        """
        Time at which the cumulative null hazard has a value.

        Parameters
        ----------
        cumulative : array_like
            Values of 0 or more.

        Returns
        -------
        ndarray
            Times.
        """
        return np.asarray(self.median0 * (np.asarray(cumulative, dtype=float) / LN2) ** (1 / self.shape))


def hazard_ratio(median0: float, median1: float, *, shape: float = 1.0) -> float:
    """
    Hazard ratio of two Weibull distributions of one shape.

    Parameters
    ----------
    median0, median1 : float
        Medians under the null hypothesis and the alternative.
    shape : float, default 1
        Weibull shape.

    Returns
    -------
    float
        ``(median0 / median1)^shape``.

    Raises
    ------
    MethodError
        If ``median1`` is not above ``median0``.

    Examples
    --------
    >>> round(hazard_ratio(8.8, 13.5), 4)
    0.6519
    """
    if not 0 < median0 < median1:
        raise MethodError(
            f"median1 ({median1:g}) is not above median0 ({median0:g}); the alternative has to have a longer median."
        )
    return float((median0 / median1) ** shape)


@dataclass(frozen=True)
class Moments(Framed):
    """
    Means and variances of observed and expected events per patient.

    Parameters
    ----------
    expected : float
        Mean expected (null) number of events under the alternative, ``p0``.
    observed : float
        Probability of an event under the alternative, ``p1``.
    p00, p01 : float
        Integrals of the cumulative null hazard against the two event measures.
    variance : float
        Exact variance of observed minus expected under the alternative.
    null_events : float
        Probability of an event under the null hypothesis.
    """

    expected: float
    observed: float
    p00: float
    p01: float
    variance: float
    null_events: float


def moments(model: SurvivalModel, *, at: float | None = None) -> Moments:
    """
    Compute the moments per patient at the end, or at an earlier calendar time.

    Parameters
    ----------
    model : SurvivalModel
        Survival, accrual and follow-up.
    at : float, optional
        Calendar time of a look; patients not yet entered contribute nothing.

    Returns
    -------
    Moments
        By Gauss-Legendre quadrature on each smooth piece.

    References
    ----------
    .. [1] Wu J (2015), Pharmaceutical Statistics 14(1):26-33.

    Examples
    --------
    >>> m = moments(SurvivalModel(8.8, 8.8 / 13.5, accrual=24, followup=12))
    >>> round(m.expected, 8), round(m.observed, 7)
    (1.05785217, 0.6895629)
    """
    u, weight, followed = _grid(model, at)
    risk = np.exp(-model.hr * u) * followed * weight
    p0, p00 = float(risk.sum()), float((risk * u).sum())
    p1, p01 = model.hr * p0, model.hr * p00
    variance = p1 - p1**2 + 2 * p00 - p0**2 - 2 * p01 + 2 * p0 * p1
    null = float((np.exp(-u) * followed * weight).sum())
    return Moments(p0, p1, p00, p01, variance, null)


def covariance_of_looks(model: SurvivalModel, at: float) -> float:
    """
    Covariance under the alternative of observed minus expected events at a look and at the end, per patient.

    Between the look and the end a patient still at risk has, by proportional hazards, ``(1 - 1/hr)`` times its
    probability of an event as mean increment; at the look its own difference is minus its cumulative null hazard.

    Parameters
    ----------
    model : SurvivalModel
        Survival, accrual and follow-up.
    at : float
        Calendar time of the look.

    Returns
    -------
    float
        Exact covariance; under the null hypothesis it would be the variance at the look.

    Examples
    --------
    >>> model = SurvivalModel(6, 2 / 3, accrual=18, followup=12)
    >>> abs(covariance_of_looks(model, 30.0) - moments(model).variance) < 1e-9
    True
    """
    if model.loss:
        raise MethodError("a look with loss to follow-up has no closed covariance here; simulate it, or take loss 0.")
    early, late = moments(model, at=at), moments(model)
    entries = min(at, model.accrual)
    kinks = sorted({0.0, entries, *(k for k in (at - model.followup,) if model.is_restricted and 0 < k < entries)})
    crossed = 0.0
    for low, high in pairwise(kinks):
        entry = low + (high - low) * (_NODES + 1) / 2
        seen = at - entry
        full = model.accrual + model.followup - entry
        if model.is_restricted:
            seen, full = np.minimum(seen, model.followup), np.full_like(entry, model.followup)
        first, last = model.cumulative(seen), model.cumulative(full)
        gone = np.exp(-model.hr * first) - np.exp(-model.hr * last)
        crossed += float((_WEIGHTS * first * gone).sum()) * (high - low) / 2 / max(model.accrual, 1e-300)
    increment = 1 / model.hr - 1
    mean_early, mean_late = early.observed - early.expected, late.observed - late.expected
    second_moment = early.variance + mean_early**2 + increment * crossed
    return second_moment - mean_early * mean_late


def event_probability(model: SurvivalModel) -> float:
    """
    Probability that a patient has an event by the end, under the alternative.

    Parameters
    ----------
    model : SurvivalModel
        Survival, accrual and follow-up.

    Returns
    -------
    float
        Proportion.

    Examples
    --------
    Chemo-immunotherapy: median 9.8 months, accrual and follow-up of 12 months each.

    >>> round(event_probability(SurvivalModel(5.7, 5.7 / 9.8, accrual=12, followup=12)), 4)
    0.7116
    """
    return moments(model).observed


def _grid(
    model: SurvivalModel, at: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights in cumulative null hazard, and the probability to be followed that far."""
    end = model.accrual + model.followup
    now = end if at is None else min(at, end)
    shortest, longest = max(now - model.accrual, 0.0), now
    if model.is_restricted:
        shortest, longest = min(shortest, model.followup), min(longest, model.followup)
    edges = model.cumulative([0.0, shortest, longest])
    halves = np.diff(edges) / 2
    u = ((edges[:-1] + halves)[:, None] + halves[:, None] * _NODES[None, :]).ravel()
    weight = (halves[:, None] * _WEIGHTS[None, :]).ravel()
    time = model.time_at(u)
    spread = model.accrual if model.accrual > 0 else math.inf
    followed = np.where(time <= shortest, 1.0, np.clip((now - time) / spread, 0.0, 1.0))
    return u, weight, followed * np.exp(-model.loss * time)


def with_accrual(model: SurvivalModel, accrual: float) -> SurvivalModel:
    """
    Give the same model another accrual period.

    Parameters
    ----------
    model : SurvivalModel
        Any model.
    accrual : float
        New length.

    Returns
    -------
    SurvivalModel
        A copy.
    """
    return replace(model, accrual=accrual)
