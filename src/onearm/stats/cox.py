"""Cox regression: hazard ratios with tests and intervals, by partial likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.cox_data import CoxData, Ties, check_choice, check_collinear, cox_data, likelihood_of
from onearm.stats.cox_newton import Likelihood
from onearm.stats.cox_profile import profile_limits
from onearm.stats.cox_risk import Floats
from onearm.stats.cox_separation import Limit, Separation, climb, describe_separation
from onearm.stats.cox_table import coefficient_frame, coefficient_table
from onearm.stats.cox_tests import ChiSquared, chi_squared, quadratic_form
from onearm.stats.times import check_level

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CoxModel", "Interval", "cox"]

Interval = Literal["wald", "profile"]


@dataclass(frozen=True, repr=False)
class CoxModel(Framed):
    """
    A fitted Cox model.

    Attributes
    ----------
    names : tuple of str
        Covariates.
    coef, hazard_ratio, std_error : ndarray of float, shape (n_covariates,)
        Estimates. A separated covariate has coefficient plus or minus infinity, hazard ratio infinity or 0, and NaN as
        standard error; see ``separation``.
    low, high : ndarray of float, shape (n_covariates,)
        Interval of the hazard ratio; for a separated covariate NaN with Wald intervals, one-sided with profile
        intervals.
    z, p : ndarray of float, shape (n_covariates,)
        Wald test of each covariate; NaN for a separated one.
    log_likelihood_null, log_likelihood : float
        Log partial likelihood with all coefficients 0, and at the estimates (its limit under separation).
    likelihood_ratio, wald, score : ChiSquared
        Tests ``(statistic, df, p)`` that all coefficients are 0. The Wald test is NaN under separation.
    covariance : ndarray of float, shape (n_covariates, n_covariates)
        Covariance of the coefficients, NaN for separated ones.
    n, n_events : int
        Subjects (rows where a subject has several) and events.
    ties, interval : str
        Correction for ties, kind of interval.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        What to know when reading the numbers.
    separation : Separation or None
        The separated covariates with their likelihood-ratio tests and the model with Firth's penalty.
    data : CoxData
        What the model was fitted to, for `onearm.stats.cox_diagnostics`.
    """

    names: tuple[str, ...]
    coef: Floats
    hazard_ratio: Floats
    std_error: Floats
    low: Floats
    high: Floats
    z: Floats
    p: Floats
    log_likelihood_null: float
    log_likelihood: float
    likelihood_ratio: ChiSquared
    wald: ChiSquared
    score: ChiSquared
    covariance: Floats = field(compare=False)
    n: int
    n_events: int
    ties: Ties
    interval: Interval
    level: float
    notes: tuple[str, ...]
    separation: Separation | None
    data: CoxData = field(compare=False)

    def to_frame(self) -> pl.DataFrame:
        """
        Lay the coefficients out as a table.

        Returns
        -------
        polars.DataFrame
            One row per covariate: ``name coef hazard_ratio std_error low high z p level interval ties``.
        """
        return coefficient_frame(self, ("coef", "hazard_ratio", "std_error", "low", "high", "z", "p"))

    def __repr__(self) -> str:
        strata = "" if self.data.strata is None else f", {len(self.data.stratum_names)} strata"
        head = f"Cox model, {self.ties} ties: {self.n} subjects, {self.n_events} events{strata}"
        tests = {"Likelihood ratio": self.likelihood_ratio, "Wald": self.wald, "Score (log-rank)": self.score}
        return coefficient_table(self, head, tests)


def cox(
    time: ArrayLike,
    event: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    ties: Ties = "efron",
    level: float = 0.95,
    interval: Interval = "wald",
) -> CoxModel:
    """
    Fit a Cox model of proportional hazards.

    Newton's method starts from 0 and stops where R's ``coxph`` stops, so that the numbers agree beyond the digits to
    which either has converged. Times that differ by floating-point noise are tied. Subjects whose time is that of an
    event are at risk at it.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation in any one unit; not negative.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Whether the observation ended with the event.
    X : array_like of float, shape (n_subjects, n_covariates) or (n_subjects,)
        Covariates without missing values; factors are coded by `onearm.stats.factors.design_matrix`.
    names : sequence of str, optional
        Their names; ``x1, x2 ...`` where left out.
    entry : array_like of float, shape (n_subjects,), optional
        Start of observation: left truncation, or one row for each interval of a subject with covariates that change.
    strata : array_like, shape (n_subjects,), optional
        Stratum of each subject; each has a baseline hazard of its own. A stratum without events is noted.
    weights : array_like of float, shape (n_subjects,), optional
        Positive case weights, each the number of identical subjects that the row stands for.
    ties : {"efron", "breslow", "exact"}
        What to do with tied event times: Efron as R, Breslow as SAS and SPSS, exact for truly discrete time
        (``ties="exact"`` of R, ``TIES=DISCRETE`` of SAS).
    level : float, default 0.95
        Two-sided coverage.
    interval : {"wald", "profile"}
        From estimate and standard error, or from the profile of the likelihood.

    Returns
    -------
    CoxModel
        The fitted model.

    Raises
    ------
    MethodError
        For times or events that cannot be (see `onearm.stats.times.check_times`); for missing covariates, a covariate
        that does not vary among those at risk or is a combination of others; without any event; for weights with
        exact ties. All problems of the input are listed.

    References
    ----------
    .. [1] Cox DR (1972), Journal of the Royal Statistical Society B 34(2):187-220.
    .. [2] Efron B (1977), Journal of the American Statistical Association 72(359):557-565.
    .. [3] Therneau TM, Grambsch PM (2000), Modeling Survival Data, Springer.

    Examples
    --------
    >>> model = cox([6, 7, 10, 15, 19, 25], [1, 0, 1, 1, 0, 1], [1, 0, 1, 0, 0, 1], names=["treated"])
    >>> round(float(model.hazard_ratio[0]), 4)
    2.5616
    """
    check_choice("ties", ties, Ties)
    check_choice("interval", interval, Interval)
    check_level(level)
    data = cox_data(time, event, X, names=names, entry=entry, strata=strata, weights=weights)
    if ties == "exact" and data.times.weights is not None:
        raise MethodError("weights: not possible with exact ties; choose efron or breslow, or repeat the rows.")
    likelihood = likelihood_of(data, ties)
    origin = np.zeros(len(data.names))
    null = likelihood(origin)
    check_collinear(null.information, data.names)
    limit = climb(data, ties, null)
    infinite = ~np.isfinite(limit.beta)
    spread = np.sqrt(np.diag(limit.covariance))
    if interval == "profile":
        low, high = _profile_bounds(likelihood, data, limit, spread, level)
    else:
        low, high = limit.beta + np.outer([-1, 1], spread * ndtri(0.5 + level / 2))
    separation = describe_separation(data, limit, ties=ties, level=level) if infinite.any() else None
    z = np.where(infinite, np.nan, limit.beta / spread)
    coef = limit.beta / data.scale
    with np.errstate(over="ignore"):
        return CoxModel(
            names=data.names,
            coef=coef,
            hazard_ratio=np.exp(coef),
            std_error=spread / data.scale,
            low=np.exp(low / data.scale),
            high=np.exp(high / data.scale),
            z=z,
            p=2 * ndtr(-np.abs(z)),
            log_likelihood_null=null.log_likelihood,
            log_likelihood=limit.value,
            likelihood_ratio=chi_squared(2 * (limit.value - null.log_likelihood), coef.size),
            wald=chi_squared(limit.wald, coef.size),
            score=chi_squared(quadratic_form(null.score, null.information), coef.size),
            covariance=limit.covariance / np.outer(data.scale, data.scale),
            n=data.times.time.size,
            n_events=int(data.times.event.sum()),
            ties=ties,
            interval=interval,
            level=level,
            notes=(*_notes(data, limit), *(separation.sentences() if separation else ())),
            separation=separation,
            data=data,
        )


def _profile_bounds(
    likelihood: Likelihood, data: CoxData, limit: Limit, spread: Floats, level: float
) -> tuple[Floats, Floats]:
    """Where the profile likelihood falls to the quantile of chi-squared."""
    first = np.where(np.isnan(spread), 1.0, spread) * ndtri(0.5 + level / 2)
    limits = [
        profile_limits(likelihood, limit.far, limit.value, i, step=float(first[i]), reach=data.reach, level=level)
        for i in range(spread.size)
    ]
    return np.array([low for low, _ in limits]), np.array([high for _, high in limits])


def _notes(data: CoxData, limit: Limit) -> tuple[str, ...]:
    """Say what a reader of the numbers should know."""
    notes = []
    n_events, n_covariates = int(data.times.event.sum()), len(data.names)
    if data.strata is not None:
        silent = sorted(set(range(len(data.stratum_names))) - set(np.unique(data.risk.stratum).tolist()))
        notes += [f"stratum {data.stratum_names[code]!r} has no event and contributes nothing." for code in silent]
    if n_events < n_covariates:
        notes.append(f"{n_events} events for {n_covariates} covariates; the estimates cannot be relied upon.")
    if data.times.weights is not None:
        notes.append("standard errors take each weight as a number of identical subjects, not as a sampling weight.")
    notes += [
        f"{name}: not determined once the separated covariates are infinite."
        for name, value in zip(data.names, limit.beta, strict=True)
        if np.isnan(value)
    ]
    if not limit.is_converged:
        notes.append("the likelihood did not converge; the estimates are where the steps ended.")
    return tuple(notes)
