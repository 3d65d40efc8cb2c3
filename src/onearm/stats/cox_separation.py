"""
Separation: a partial likelihood that rises for ever along some direction of the coefficients.

It happens where, at every event, the subject with the event has the largest value at risk of some combination of the
covariates; most often where one level of a factor has no event. The maximum likelihood estimate is then infinite. What
can be reported is the likelihood-ratio test, whose statistic stays finite, and Firth's estimate with its interval.

The directions are found by linear programming, as for logistic regression. In the limit each death competes only with
those who share its value along all of them; that limit is an ordinary likelihood of what is left of the coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import linprog

from onearm.stats.cox_data import CoxData, Ties, likelihood_of
from onearm.stats.cox_firth import FirthModel, fit_firth
from onearm.stats.cox_likelihood import Evaluation
from onearm.stats.cox_newton import R_CHANGE, Maximum, maximise
from onearm.stats.cox_risk import Floats, Indices, RiskSets
from onearm.stats.cox_table import format_p
from onearm.stats.cox_tests import ChiSquared, chi_squared

__all__ = ["Limit", "Separation", "climb", "describe_separation", "rises_for_ever"]

MOST_PAIRS: Final = 4_000_000
"""Pairs of a death and a subject at risk up to which directions are searched by linear programming."""


class Limit(NamedTuple):
    """
    The largest value of a log-likelihood, or its limit.

    Attributes
    ----------
    beta : ndarray of float, shape (n_covariates,)
        Standardised coefficients; plus or minus infinity where separated, NaN where that leaves them undetermined.
    far : ndarray of float, shape (n_covariates,)
        The same with large finite numbers in place of infinite ones.
    value : float
        Log-likelihood.
    covariance : ndarray of float, shape (n_covariates, n_covariates)
        Inverse of the information; NaN for infinite coefficients.
    wald : float
        Wald statistic of all coefficients; NaN under separation.
    is_converged : bool
        False where the limit of steps was reached.
    """

    beta: Floats
    far: Floats
    value: float
    covariance: Floats
    wald: float
    is_converged: bool


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


def climb(data: CoxData, ties: Ties, null: Evaluation) -> Limit:
    """
    Find the maximum of the log partial likelihood, or its limit under separation.

    Parameters
    ----------
    data : CoxData
        The data.
    ties : {"efron", "breslow", "exact"}
        What is done with tied event times.
    null : Evaluation
        The likelihood with all coefficients 0.

    Returns
    -------
    Limit
        Coefficients, value and covariance.
    """
    likelihood = likelihood_of(data, ties)
    best = maximise(likelihood, np.zeros(len(data.names)), reach=data.reach, begin=null, change=R_CHANGE)
    if _is_suspect(best, null):
        directions, basis = _directions(data, best, ties)
        if len(directions):
            return _at_limit(data, ties, directions, basis)
        for _ in range(20):
            if best.escape is None:
                break
            # a maximum so flat that a step along it is long: go on from where it was left
            best = maximise(likelihood, best.beta + best.escape, reach=data.reach)
    covariance = np.asarray(np.linalg.pinv(best.at.information, rcond=1e-15, hermitian=True))
    wald = float(best.beta @ best.at.information @ best.beta)
    return Limit(best.beta, best.beta, best.at.log_likelihood, covariance, wald, best.is_converged)


def describe_separation(data: CoxData, limit: Limit, *, ties: Ties, level: float) -> Separation:
    """
    Test each separated covariate and estimate it with Firth's penalty.

    Parameters
    ----------
    data : CoxData
        The data.
    limit : Limit
        The limit of the likelihood.
    ties : {"efron", "breslow", "exact"}
        What is done with tied event times; Firth's penalty is used with Efron's correction where they are exact.
    level : float
        Coverage of the profile intervals.

    Returns
    -------
    Separation
        The covariates, tests and penalised model.
    """
    separated = np.flatnonzero(np.isinf(limit.beta))
    tests = []
    for covariate in separated:
        rest = data.without(int(covariate))
        value = climb(rest, ties, likelihood_of(rest, ties)(np.zeros(len(rest.names)))).value
        tests.append(chi_squared(2 * (limit.value - value), 1))
    return Separation(
        names=tuple(data.names[i] for i in separated),
        signs=tuple(int(np.sign(limit.beta[i])) for i in separated),
        likelihood_ratio=tuple(tests),
        firth=fit_firth(data, ties="breslow" if ties == "breslow" else "efron", level=level, interval="profile"),
    )


def rises_for_ever(risk: RiskSets, values: Floats) -> bool:
    """
    Tell whether every death has the largest value in its risk set.

    Parameters
    ----------
    risk : RiskSets
        The index.
    values : ndarray of float, shape (n_rows,)
        A combination of the covariates.

    Returns
    -------
    bool
        True where nobody at risk at an event time exceeds a death by more than rounding.
    """
    slack = 1e-5 * float(np.ptp(values))
    return bool((risk.at_risk_maxima(values)[risk.death_time] - values[risk.deaths] <= slack).all())


def _is_suspect(best: Maximum, null: Evaluation) -> bool:
    """Tell whether a maximum may be none: a step to infinity, no convergence, or next to no information left."""
    if best.escape is not None or not best.is_converged:
        return True
    if not best.beta.size:
        return False
    # eigenvalues of the information relative to that with all coefficients 0
    root = np.linalg.cholesky(null.information)
    relative = np.linalg.solve(root, np.linalg.solve(root, best.at.information).T)
    return bool(np.linalg.eigvalsh((relative + relative.T) / 2)[0] < 1e-5)


def _directions(data: CoxData, best: Maximum, ties: Ties) -> tuple[Floats, Floats]:
    """Directions of recession, each within the limit that the ones before it leave; a basis of what that determines."""
    if data.risk.deaths.size * data.risk.rows.size > MOST_PAIRS:
        directions = _last_step(data, best)
        return directions, np.linalg.svd(directions)[2][len(directions) :]
    differences = np.unique(_differences(data, ties), axis=0)
    found = np.empty((0, len(data.names)))
    while differences.size and len(found) < len(data.names):
        scale = np.abs(differences).max(axis=0)
        scale[scale == 0] = 1.0
        scaled = differences / scale
        answer = linprog(scaled.sum(axis=0), A_ub=scaled, b_ub=np.zeros(len(scaled)), bounds=(-1, 1), method="highs")
        if answer.x is None:
            break
        slack = scaled @ answer.x
        if slack.min() > -1e-7:
            break
        direction = np.where(np.abs(answer.x) > 1e-7, answer.x, 0.0) / scale
        found = np.vstack([found, direction])
        differences = differences[slack > -1e-7]
    # combinations that no two competitors differ in are not determined
    values, basis = np.linalg.svd(differences, full_matrices=False)[1:]
    return found, basis[values > 1e-9 * max(values.max(initial=0.0), 1.0)]


def _last_step(data: CoxData, best: Maximum) -> Floats:
    """Take the last step as the direction, where there are too many pairs to search, and confirm it."""
    if best.escape is None:
        return np.empty((0, len(data.names)))
    moved = np.abs(best.escape) * data.reach
    direction = np.where(moved > 1e-3 * moved.max(), best.escape, 0.0)
    return direction[None, :] if rises_for_ever(data.risk, direction @ data.Z) else np.empty((0, len(data.names)))


def _differences(data: CoxData, ties: Ties) -> Floats:
    """Covariates of all who compete with a death, less those of the death; shape (n_pairs, n_covariates)."""
    risk, parts = data.risk, []
    rows = np.arange(risk.rows.size)
    limits = [*risk.death_starts.tolist(), risk.deaths.size]
    for time in range(risk.n_event_times):
        competing = (risk.first <= time) & (risk.last >= time)
        dying = risk.deaths[limits[time] : limits[time + 1]]
        if ties == "exact":
            # together the deaths need only exceed those who survive
            competing &= ~np.isin(rows, dying)
        others = data.Z[:, competing].T
        parts += [others - data.Z[:, death] for death in dying]
    return np.concatenate(parts)


def _at_limit(data: CoxData, ties: Ties, directions: Floats, basis: Floats) -> Limit:
    """Maximise the limit of the likelihood over the coefficients that stay finite."""
    # the exact likelihood is summed on the scale of logarithms and knows no overflow
    far = _far(data, directions, most=np.inf if ties == "exact" else 600.0)
    if ties == "exact" or data.risk.deaths.size * data.risk.rows.size > MOST_PAIRS:
        whole = likelihood_of(data, ties)

        def likelihood(theta: Floats) -> Evaluation:
            at = whole(far + theta @ basis)
            with np.errstate(invalid="ignore"):
                return Evaluation(at.log_likelihood, basis @ at.score, basis @ at.information @ basis.T)
    else:
        likelihood = partial(_limited, _Competitors.of(data, directions, ties), basis)
    top = maximise(likelihood, np.zeros(len(basis)), reach=np.abs(basis) @ data.reach)
    finite = top.beta @ basis
    signs = np.zeros(len(data.names))
    for direction in directions:
        signs = np.where(signs == 0, np.sign(direction), signs)
    # a finite coefficient is determined where its axis lies within the basis
    is_lost = 1 - np.sum(basis**2, axis=0) > 1e-9
    beta = np.select([signs > 0, signs < 0, is_lost], [np.inf, -np.inf, np.nan], finite)
    covariance = basis.T @ np.linalg.pinv(top.at.information, rcond=1e-15, hermitian=True) @ basis
    covariance[~np.isfinite(beta), :] = np.nan
    covariance[:, ~np.isfinite(beta)] = np.nan
    return Limit(beta, finite + far, top.at.log_likelihood, covariance, np.nan, top.is_converged)


def _far(data: CoxData, directions: Floats, *, most: float) -> Floats:
    """A point so far along the directions that what is left of the likelihood is less than rounding."""
    far = np.zeros(len(data.names))
    for direction in directions[::-1]:
        values = np.unique(direction @ data.Z)
        gaps = np.diff(values)
        least = gaps[gaps > 1e-6 * np.ptp(values)].min(initial=np.ptp(values))
        spread = float(np.ptp(far @ data.Z))
        far = far + direction * min((40.0 + spread) / least, most / np.ptp(values))
    return far


class _Competitors(NamedTuple):
    """The limit likelihood: who still competes with each death, one row per death, and the covariates."""

    share: Floats
    deaths: Indices
    dying: Floats
    weight: Floats
    Z: Floats

    @classmethod
    def of(cls, data: CoxData, directions: Floats, ties: Ties) -> _Competitors:
        """Keep in each risk set those who equal the death along all directions."""
        risk = data.risk
        time = risk.death_time[:, None]
        share = ((risk.first <= time) & (risk.last >= time)).astype(np.float64)
        for direction in directions:
            values = direction @ data.Z
            share *= np.abs(values - values[risk.deaths][:, None]) <= 1e-7 * np.ptp(values)
        if ties == "efron" and risk.has_ties:
            share[:, risk.deaths] *= 1 - risk.tie_fractions[:, None] * (risk.death_time == time)
        weight = np.ones(risk.deaths.size)
        dying = weight
        if risk.weights is not None:
            share *= risk.weights
            dying = risk.weights[risk.deaths]
            number = np.bincount(risk.death_time)
            weight = (np.bincount(risk.death_time, weights=dying) / number)[risk.death_time]
        return cls(share, risk.deaths, dying, weight, data.Z)


def _limited(competitors: _Competitors, basis: Floats, theta: Floats) -> Evaluation:
    """Evaluate the limit likelihood at coefficients ``theta`` of the basis."""
    share, deaths, dying, weight, Z = competitors
    X = basis @ Z
    linear = theta @ X
    relative = share * np.exp(linear - linear.max())
    total = relative.sum(axis=1)
    mean = relative @ X.T / total[:, None]
    value = float(dying @ (linear[deaths] - linear.max()) - weight @ np.log(total))
    score = dying @ X[:, deaths].T - weight @ mean
    information = (X * ((weight / total) @ relative)) @ X.T - (mean.T * weight) @ mean
    return Evaluation(value, score, information)
