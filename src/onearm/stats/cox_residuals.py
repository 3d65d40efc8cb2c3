"""Residuals and baseline hazard of a fitted Cox model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.cox import CoxModel
from onearm.stats.cox_likelihood import Steps, hazard_steps
from onearm.stats.cox_risk import Floats

__all__ = ["BaselineHazard", "baseline_hazard", "fitted_steps", "martingale_residuals", "schoenfeld_residuals"]


@dataclass(frozen=True)
class BaselineHazard(Framed):
    """
    Cumulative baseline hazard, one row per distinct event time and stratum.

    Attributes
    ----------
    stratum : tuple of str
        Stratum of each row; empty text without strata.
    time : ndarray of float, shape (n_event_times,)
        Event times.
    cumulative_hazard : ndarray of float, shape (n_event_times,)
        Cumulative hazard at ``at``.
    survival : ndarray of float, shape (n_event_times,)
        ``exp(-cumulative_hazard)``.
    """

    stratum: tuple[str, ...]
    time: Floats
    cumulative_hazard: Floats
    survival: Floats


def fitted_steps(model: CoxModel) -> tuple[Steps, Floats, float]:
    """
    Compute the hazard steps of a fitted model.

    Parameters
    ----------
    model : CoxModel
        Fitted with Efron's or Breslow's correction and without separation.

    Returns
    -------
    steps : Steps
        Steps for relative hazards scaled as in ``relative``.
    relative : ndarray of float, shape (n_rows,)
        Weight times relative hazard of each row.
    top : float
        Log relative hazard, of centred covariates, that ``relative`` was scaled by.

    Raises
    ------
    MethodError
        For a separated model.
    """
    if model.separation is not None:
        raise MethodError(f"{', '.join(model.separation.names)}: separated; residuals need finite coefficients.")
    data = model.data
    linear = (model.coef * data.scale) @ data.Z
    top = float(linear.max())
    relative = np.exp(linear - top)
    if data.risk.weights is not None:
        relative *= data.risk.weights
    return hazard_steps(data.risk, relative, efron=model.ties == "efron"), relative, top


def baseline_hazard(model: CoxModel, *, at: Floats | None = None) -> BaselineHazard:
    """
    Estimate the cumulative hazard of a subject with given covariates.

    Parameters
    ----------
    model : CoxModel
        A fitted model without separation.
    at : array_like of float, shape (n_covariates,), optional
        Covariates of the subject; all 0 where left out, as ``basehaz(fit, centered=FALSE)`` in R.

    Returns
    -------
    BaselineHazard
        Breslow's estimate for Breslow and exact ties, Efron's for Efron ties.

    Raises
    ------
    MethodError
        For a separated model or another number of covariates.

    References
    ----------
    .. [1] Breslow NE (1972), Journal of the Royal Statistical Society B 34(2):216-217.

    Examples
    --------
    >>> from onearm.stats.cox import cox
    >>> model = cox([1, 2, 2, 2], [1, 0, 1, 1], [1, 0, 1, 0])
    >>> baseline_hazard(model).time
    array([1., 2.])
    """
    data = model.data
    covariates = np.zeros(len(model.names)) if at is None else np.asarray(at, dtype=np.float64)
    if covariates.shape != (len(model.names),):
        raise MethodError(f"at: {covariates.size} values for {len(model.names)} covariates.")
    steps, _, top = fitted_steps(model)
    factor = np.exp(model.coef @ (covariates - data.center) - top)
    total = np.empty_like(steps.hazard)
    for low, high in zip(data.risk.bounds[:-1], data.risk.bounds[1:], strict=True):
        np.cumsum(steps.hazard[low:high] * factor, out=total[low:high])
    labels = data.stratum_names or [""]
    return BaselineHazard(
        stratum=tuple(labels[code] for code in data.risk.stratum),
        time=data.risk.time,
        cumulative_hazard=total,
        survival=np.exp(-total),
    )


def martingale_residuals(model: CoxModel) -> Floats:
    """
    Compute events observed less events expected for each subject.

    Parameters
    ----------
    model : CoxModel
        A fitted model without separation.

    Returns
    -------
    ndarray of float, shape (n_subjects,)
        In the order of the data; they sum to 0. Deaths at one time share the hazard as Efron's correction has it.

    References
    ----------
    .. [1] Therneau TM, Grambsch PM, Fleming TR (1990), Biometrika 77(1):147-160.
    """
    data, risk = model.data, model.data.risk
    steps, relative, _ = fitted_steps(model)
    expected = risk.accumulated(steps.hazard)
    if steps.tied is not None:
        expected[risk.ties.deaths] -= np.repeat(steps.tied[0], risk.ties.counts)
    expected *= relative if risk.weights is None else relative / risk.weights
    residuals = data.times.event.astype(np.float64)
    residuals[risk.rows] -= expected
    return residuals


def schoenfeld_residuals(model: CoxModel) -> tuple[Floats, Floats]:
    """
    Compute covariates observed less expected for each death.

    Parameters
    ----------
    model : CoxModel
        A fitted model without separation.

    Returns
    -------
    time : ndarray of float, shape (n_events,)
        Event times, ordered within strata.
    residuals : ndarray of float, shape (n_events, n_covariates)
        One row per death; each column sums to 0.

    References
    ----------
    .. [1] Schoenfeld D (1982), Biometrika 69(1):239-241.
    """
    data, risk = model.data, model.data.risk
    steps, relative, _ = fitted_steps(model)
    mean = np.empty((len(model.names), risk.n_event_times))
    for i, row in enumerate(data.Z):
        weighted = row * relative
        mean[i] = risk.at_risk_sums(weighted) * steps.hazard
        if steps.tied is not None:
            mean[i, risk.ties.times] -= risk.ties.sums(weighted[risk.ties.deaths]) * steps.tied[0]
    mean /= risk.death_weights
    residuals = (data.Z[:, risk.deaths] - mean[:, risk.death_time]) * data.scale[:, None]
    return risk.time[risk.death_time], residuals.T
