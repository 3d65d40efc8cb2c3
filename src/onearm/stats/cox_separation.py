"""
Separation: a partial likelihood that rises for ever along one direction of the coefficients.

It happens where, at every event, the subject with the event has the largest value at risk of some combination of the
covariates; most often where one level of a factor has no event. The maximum likelihood estimate is then infinite. What
can be reported is the likelihood-ratio test, whose statistic stays finite, and Firth's estimate with its interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onearm.stats.cox_data import CoxData, Ties, likelihood_of
from onearm.stats.cox_firth import FirthModel, fit_firth
from onearm.stats.cox_newton import maximise
from onearm.stats.cox_risk import Floats, RiskSets
from onearm.stats.cox_table import format_p
from onearm.stats.cox_tests import ChiSquared, chi_squared

__all__ = ["Separation", "describe_separation", "escape_direction", "rises_for_ever"]


@dataclass(frozen=True)
class Separation:
    """
    Covariates whose coefficient is infinite, and what can be said of them.

    Attributes
    ----------
    names : tuple of str
        The covariates.
    signs : tuple of int
        1 where the coefficient runs to plus infinity, -1 where to minus infinity.
    likelihood_ratio : tuple of ChiSquared
        Test of each of them, with its finite limit as statistic.
    firth : FirthModel
        All covariates of the model with Firth's penalty and profile intervals.
    """

    names: tuple[str, ...]
    signs: tuple[int, ...]
    likelihood_ratio: tuple[ChiSquared, ...]
    firth: FirthModel

    def sentences(self) -> tuple[str, ...]:
        """
        Say for each covariate what was found.

        Returns
        -------
        tuple of str
            One sentence per covariate.
        """
        firth = self.firth
        found = []
        for name, sign, test in zip(self.names, self.signs, self.likelihood_ratio, strict=True):
            i = firth.names.index(name)
            toward = "infinity" if sign > 0 else "zero"
            found.append(
                f"{name}: separation, the hazard ratio tends to {toward} and has no maximum likelihood estimate "
                f"(likelihood ratio p = {format_p(test.p)}); with Firth's penalty {firth.hazard_ratio[i]:.4g}, "
                f"{100 * firth.level:g}% profile interval {firth.low[i]:.4g} to {firth.high[i]:.4g}, "
                f"p = {format_p(firth.p[i])}."
            )
        return tuple(found)


def escape_direction(data: CoxData, step: Floats, ties: Ties) -> Floats | None:
    """
    Confirm that the likelihood rises for ever along a step, and clear the step of rounding noise.

    Parameters
    ----------
    data : CoxData
        The data.
    step : ndarray of float, shape (n_covariates,)
        Last step, in standardised coefficients.
    ties : {"efron", "breslow", "exact"}
        What is done with tied event times.

    Returns
    -------
    ndarray of float, shape (n_covariates,), or None
        The direction, 0 for covariates that stay finite; None where the likelihood has a maximum after all.
    """
    moved = np.abs(step) * data.reach
    direction = np.where(moved > 1e-3 * moved.max(), step, 0.0)
    return direction if rises_for_ever(data.risk, direction @ data.Z, is_exact=ties == "exact") else None


def rises_for_ever(risk: RiskSets, values: Floats, *, is_exact: bool) -> bool:
    """
    Tell whether every death has the largest value in its risk set.

    Parameters
    ----------
    risk : RiskSets
        The index.
    values : ndarray of float, shape (n_rows,)
        A combination of the covariates.
    is_exact : bool
        With the exact likelihood for ties, the deaths at one time need only be the largest together.

    Returns
    -------
    bool
        True where no survivor of an event time exceeds a death by more than rounding.
    """
    slack = 1e-5 * float(np.ptp(values))
    if not is_exact or not risk.has_ties or risk.is_truncated:
        return bool((risk.at_risk_maxima(values)[risk.death_time] - values[risk.deaths] <= slack).all())
    smallest = np.minimum.reduceat(values[risk.deaths], risk.death_starts)
    survivors = values.copy()
    survivors[risk.deaths] = -np.inf
    here = np.maximum.reduceat(survivors, risk.starts)
    later = np.append(risk.at_risk_maxima(values)[1:], -np.inf)
    later[risk.bounds[1:] - 1] = -np.inf
    return bool((np.maximum(here, later) - smallest <= slack).all())


def describe_separation(
    data: CoxData, direction: Floats, log_likelihood: float, *, ties: Ties, level: float
) -> Separation:
    """
    Test each separated covariate and estimate it with Firth's penalty.

    Parameters
    ----------
    data : CoxData
        The data.
    direction : ndarray of float, shape (n_covariates,)
        Direction in which the likelihood rises for ever.
    log_likelihood : float
        Its limit.
    ties : {"efron", "breslow", "exact"}
        What is done with tied event times; Firth's penalty is used with Efron's correction where they are exact.
    level : float
        Coverage of the profile intervals.

    Returns
    -------
    Separation
        The covariates, tests and penalised model.
    """
    separated = np.flatnonzero(direction)
    tests = []
    for covariate in separated:
        rest = data.without(int(covariate))
        best = maximise(likelihood_of(rest, ties), np.zeros(len(rest.names)), reach=rest.reach)
        tests.append(chi_squared(2 * (log_likelihood - best.at.log_likelihood - best.gap), 1))
    return Separation(
        names=tuple(data.names[i] for i in separated),
        signs=tuple(int(np.sign(direction[i])) for i in separated),
        likelihood_ratio=tuple(tests),
        firth=fit_firth(data, ties="breslow" if ties == "breslow" else "efron", level=level, interval="profile"),
    )
