"""
Cox regression with Firth's penalty: finite estimates where the partial likelihood has no maximum.

The log partial likelihood is increased by half the logarithm of the determinant of the information, which removes the
first-order bias and keeps every estimate finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.cox_data import CoxData, check_choice, check_collinear, cox_data, likelihood_of
from onearm.stats.cox_likelihood import Evaluation
from onearm.stats.cox_newton import Curvature, Likelihood, Maximum, maximise
from onearm.stats.cox_profile import profile_limits
from onearm.stats.cox_risk import Floats, RiskSets
from onearm.stats.cox_table import coefficient_frame, coefficient_table
from onearm.stats.cox_tests import ChiSquared, chi_squared, quadratic_form
from onearm.stats.times import check_level

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FirthModel", "cox_firth", "fit_firth", "penalised_likelihood"]

APART: Final = 1e-5
"""Distance of the two scores from which the curvature is taken; its relative error is then about 1e-10."""


@dataclass(frozen=True, repr=False)
class FirthModel(Framed):
    """
    A Cox model with Firth's penalty.

    Attributes
    ----------
    names : tuple of str
        Covariates.
    coef, hazard_ratio, std_error : ndarray of float, shape (n_covariates,)
        Estimates; standard errors from the information without the penalty.
    low, high : ndarray of float, shape (n_covariates,)
        Interval of the hazard ratio.
    p : ndarray of float, shape (n_covariates,)
        Penalised likelihood-ratio test of each covariate, or Wald test where Wald intervals were asked for.
    log_likelihood_null, log_likelihood : float
        Penalised log-likelihood with all coefficients 0, and at the estimates.
    likelihood_ratio, wald : ChiSquared
        Tests that all coefficients are 0.
    covariance : ndarray of float, shape (n_covariates, n_covariates)
        Covariance of the coefficients.
    n, n_events : int
        Subjects and events.
    ties, interval : str
        Correction for ties, kind of interval.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        What to know when reading the numbers.
    """

    names: tuple[str, ...]
    coef: Floats
    hazard_ratio: Floats
    std_error: Floats
    low: Floats
    high: Floats
    p: Floats
    log_likelihood_null: float
    log_likelihood: float
    likelihood_ratio: ChiSquared
    wald: ChiSquared
    covariance: Floats = field(compare=False)
    n: int
    n_events: int
    ties: str
    interval: str
    level: float
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pl.DataFrame:
        """
        Lay the coefficients out as a table.

        Returns
        -------
        polars.DataFrame
            One row per covariate.
        """
        return coefficient_frame(self, ("coef", "hazard_ratio", "std_error", "low", "high", "p"))

    def __repr__(self) -> str:
        head = f"Cox model with Firth's penalty, {self.ties} ties: {self.n} subjects, {self.n_events} events"
        tests = {"Penalised likelihood ratio": self.likelihood_ratio, "Wald": self.wald}
        return coefficient_table(self, head, tests)


def cox_firth(
    time: ArrayLike,
    event: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: Literal["efron", "breslow"] = "efron",
    level: float = 0.95,
    interval: Literal["profile", "wald"] = "profile",
) -> FirthModel:
    """
    Fit a Cox model with Firth's penalty.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation in any one unit.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Whether the observation ended with the event.
    X : array_like of float, shape (n_subjects, n_covariates) or (n_subjects,)
        Covariates without missing values.
    names : sequence of str, optional
        Their names; ``x1, x2 ...`` where left out.
    entry : array_like of float, shape (n_subjects,), optional
        Start of observation (left truncation, or one row for each interval of a subject).
    strata : array_like, shape (n_subjects,), optional
        Stratum of each subject; each has a baseline hazard of its own.
    ties : {"efron", "breslow"}
        What to do with tied event times.
    level : float, default 0.95
        Two-sided coverage.
    interval : {"profile", "wald"}
        Profile of the penalised likelihood, or estimate and standard error.

    Returns
    -------
    FirthModel
        The fitted model.

    Raises
    ------
    MethodError
        As for `onearm.stats.cox.cox`.

    References
    ----------
    .. [1] Firth D (1993), Biometrika 80(1):27-38.
    .. [2] Heinze G, Schemper M (2001), Biometrics 57(1):114-119.

    Examples
    --------
    One event among two with and two without a factor: p(factor) at the estimate is (1 + 1/2) / 2.

    >>> model = cox_firth([1, 2, 2, 2], [1, 0, 0, 0], [1, 1, 0, 0], names=["factor"])
    >>> round(float(model.hazard_ratio[0]), 6)
    3.0
    """
    check_choice("ties", ties, Literal["efron", "breslow"])
    check_choice("interval", interval, Literal["profile", "wald"])
    data = cox_data(time, event, X, names=names, entry=entry, strata=strata)
    return fit_firth(data, ties=ties, level=check_level(level), interval=interval)


def fit_firth(data: CoxData, *, ties: str, level: float, interval: str) -> FirthModel:
    """
    Fit a Cox model with Firth's penalty to data that were checked.

    Parameters
    ----------
    data : CoxData
        The data.
    ties, interval : str
        Correction for ties, kind of interval.
    level : float
        Two-sided coverage.

    Returns
    -------
    FirthModel
        The fitted model.
    """
    likelihood = partial(penalised_likelihood, data.risk, data.Z, efron=ties == "efron")
    curvature = partial(_curvature, likelihood)
    origin = np.zeros(len(data.names))
    check_collinear(likelihood_of(data, "efron" if ties == "efron" else "breslow")(origin).information, data.names)
    null = likelihood(origin)
    best = maximise(likelihood, origin, reach=data.reach, begin=null, curvature=curvature)
    if not best.is_converged:
        raise MethodError(f"Firth's penalised likelihood did not converge in {best.steps} steps.")
    covariance: Floats = np.asarray(np.linalg.inv(best.at.information), dtype=np.float64)
    spread = np.sqrt(np.diag(covariance))
    if interval == "profile":
        low, high, p = _profiles(likelihood, curvature, data, best, level=level)
    else:
        low, high = best.beta + np.outer([-1, 1], spread * ndtri(0.5 + level / 2))
        p = np.array([chi_squared(z**2, 1).p for z in best.beta / spread])
    coef, std_error = best.beta / data.scale, spread / data.scale
    return FirthModel(
        names=data.names,
        coef=coef,
        hazard_ratio=np.exp(coef),
        std_error=std_error,
        low=np.exp(low / data.scale),
        high=np.exp(high / data.scale),
        p=p,
        log_likelihood_null=null.log_likelihood,
        log_likelihood=best.at.log_likelihood,
        likelihood_ratio=chi_squared(2 * (best.at.log_likelihood - null.log_likelihood), len(coef)),
        wald=chi_squared(quadratic_form(best.beta, covariance), len(coef)),
        covariance=covariance / np.outer(data.scale, data.scale),
        n=data.times.time.size,
        n_events=int(data.times.event.sum()),
        ties=ties,
        interval=interval,
        level=level,
    )


def _profiles(
    likelihood: Likelihood, curvature: Curvature, data: CoxData, best: Maximum, *, level: float
) -> tuple[Floats, Floats, Floats]:
    """Profile interval and penalised likelihood-ratio p of each standardised coefficient."""
    spread = np.sqrt(np.diag(np.linalg.inv(best.at.information)))
    limits = np.empty((best.beta.size, 2))
    p = np.empty(best.beta.size)
    for i in range(best.beta.size):
        limits[i] = profile_limits(
            likelihood,
            best.beta,
            best.at.log_likelihood,
            i,
            step=float(spread[i] * ndtri(0.5 + level / 2)),
            reach=data.reach,
            level=level,
            curvature=curvature,
        )
        without = best.beta.copy()
        without[i] = 0.0
        others = np.delete(np.arange(best.beta.size), i)
        held = maximise(likelihood, without, reach=data.reach, free=others, curvature=curvature)
        p[i] = chi_squared(2 * (best.at.log_likelihood - held.at.log_likelihood), 1).p
    return limits[:, 0], limits[:, 1], p


def _curvature(likelihood: Likelihood, beta: Floats, here: Evaluation) -> Floats:
    """Minus the second derivatives by differences of the score; the information where not positive definite."""
    shifts = APART * np.eye(beta.size)
    slopes = [(likelihood(beta - shift).score - likelihood(beta + shift).score) / (2 * APART) for shift in shifts]
    curvature = np.array(slopes)
    curvature = (curvature + curvature.T) / 2
    if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature)[0] <= 0:
        return here.information
    return curvature


def penalised_likelihood(risk: RiskSets, X: Floats, beta: Floats, *, efron: bool) -> Evaluation:
    """
    Evaluate the log partial likelihood with Firth's penalty.

    Parameters
    ----------
    risk : RiskSets
        The index, without weights.
    X : ndarray of float, shape (n_covariates, n_rows)
        Covariates in the order of the rows.
    beta : ndarray of float, shape (n_covariates,)
        Coefficients.
    efron : bool
        Efron's correction for ties where True, Breslow's else.

    Returns
    -------
    Evaluation
        Penalised value, its score, and the information without the penalty.
    """
    linear = beta @ X
    linear -= linear.max()
    relative = np.exp(linear)
    fraction = risk.tie_fractions if efron else np.zeros(risk.deaths.size)

    def sums(values: Floats) -> Floats:
        """Sum over the risk set of each death, the other deaths of its time counted as Efron counts them."""
        found = risk.at_risk_sums(values)[..., risk.death_time]
        if fraction.any():
            found -= fraction * risk.death_sums(values[..., risk.deaths])[..., risk.death_time]
        return found

    p = beta.size
    upper = np.triu_indices(p)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        weighted = X * relative
        moments = sums(np.concatenate([relative[None, :], weighted, weighted[upper[0]] * X[upper[1]]]))
        total, moments = moments[0], moments[1:] / moments[0]
        mean, second = moments[:p], np.empty((p, p, risk.deaths.size))
        second[upper] = second[upper[::-1]] = moments[p:]
        information = second.sum(axis=2) - mean @ mean.T
        score = X[:, risk.deaths].sum(axis=1) - mean.sum(axis=1)
        sign, log_determinant = np.linalg.slogdet(information)
        if not sign > 0:
            return Evaluation(-np.inf, score, information)
        inverse = np.linalg.inv(information)
        square = np.einsum("in,ij,jn->n", X, inverse, X)
        moments = sums(np.concatenate([relative[None, :], weighted]) * square) / total
        third = moments[1:] - moments[0] * mean
        turned = inverse @ mean
        third -= 2 * (np.einsum("ijn,jn->in", second, turned) - mean * np.einsum("in,in->n", mean, turned))
        value = float(linear[risk.deaths].sum() - np.log(total).sum()) + log_determinant / 2
    return Evaluation(float(value), score + third.sum(axis=1) / 2, information)
