"""
Logistic regression of a yes-no outcome, with Wald and profile-likelihood intervals.

R's ``glm`` stops when the deviance has settled to one part in 10^8 and takes the standard errors from the weights of
the step before the last, so that its fifth digit depends on the path. `logistic_regression` gives the maximum of the
likelihood and its curvature there, as SAS; `logistic_regression_r` takes R's path and gives R's digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.interval import level_problems

__all__ = ["Logistic", "logistic_regression", "logistic_regression_r"]

Floats = NDArray[np.float64]

_FLAT: Final = 1e-7
"""Mean of p (1 - p) along some direction of the covariates, below which the likelihood rises for ever along it."""
_ITERATIONS: Final = 100
_R_ITERATIONS: Final = 25
_LONGEST_STEP: Final = 10.0
"""Log odds by which one step may move a subject; where nothing curves, Newton's own step would be far too long."""


@dataclass(frozen=True)
class Logistic(Framed):
    """
    A fitted logistic model; one element per term, the intercept first.

    Attributes
    ----------
    term : tuple of str
        Names.
    coefficient, se : numpy.ndarray
        Log odds ratios and their standard errors.
    z, p : numpy.ndarray
        Wald tests.
    wald_low, wald_high : numpy.ndarray
        Coefficient ± z SE.
    profile_low, profile_high : numpy.ndarray
        Where the likelihood-ratio test of the coefficient rejects; infinite where it never does.
    likelihood_ratio_p : numpy.ndarray
        Likelihood-ratio tests of the coefficients.
    level : float
        Of the intervals.
    n, successes : int
        Subjects without missing values, and those with the outcome.
    deviance, null_deviance : float
        Minus twice the log likelihood of this model and of the intercept alone.
    note : str
        Says where the data are separated, so that coefficients are infinite; mostly empty.
    """

    term: tuple[str, ...]
    coefficient: Floats
    se: Floats
    z: Floats
    p: Floats
    wald_low: Floats
    wald_high: Floats
    profile_low: Floats
    profile_high: Floats
    likelihood_ratio_p: Floats
    level: float
    n: int
    successes: int
    deviance: float
    null_deviance: float
    note: str = ""


class _Fit(NamedTuple):
    coefficient: Floats
    covariance: Floats
    log_likelihood: float
    is_separated: bool


def logistic_regression(
    outcome: ArrayLike, covariates: ArrayLike, *, names: Sequence[str] | None = None, level: float = 0.95
) -> Logistic:
    """
    Regress a yes-no outcome on covariates.

    Parameters
    ----------
    outcome : array_like, shape (n,)
        0 or 1 for each subject. NaN is missing.
    covariates : array_like, shape (n, n_covariates)
        One row per subject, without a column for the intercept. A subject with a missing value is left out.
    names : sequence of str, optional
        Names of the covariates.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    Logistic
        Where the data are separated, the Wald results are NaN and the note says so; the likelihood-ratio p values and
        the finite sides of the profile intervals stay valid.

    Raises
    ------
    MethodError
        If the shapes do not fit, the outcome has other values or does not vary, or the covariates are collinear.

    References
    ----------
    .. [1] McCullagh P, Nelder JA (1989), Generalized Linear Models, 2nd ed., Chapman and Hall.
    .. [2] Venzon DJ, Moolgavkar SH (1988), Appl Stat 37(1):87-94.

    Examples
    --------
    >>> model = logistic_regression([0, 0, 1, 0, 1, 1], [[1], [2], [3], [4], [5], [6]], names=["dose"])
    >>> model.term, model.coefficient.round(3).tolist()
    (('intercept', 'dose'), [-4.249, 1.214])
    """
    y, design, terms = _check(outcome, covariates, names, level)
    fit = _fit(y, design)
    return _summary(y, design, terms, level, shown=fit, best=fit)


def logistic_regression_r(
    outcome: ArrayLike, covariates: ArrayLike, *, names: Sequence[str] | None = None, level: float = 0.95
) -> Logistic:
    """
    Regress a yes-no outcome on covariates, with the digits that R's ``glm`` prints.

    Parameters
    ----------
    outcome : array_like, shape (n,)
        0 or 1 for each subject. NaN is missing.
    covariates : array_like, shape (n, n_covariates)
        One row per subject, without a column for the intercept.
    names : sequence of str, optional
        Names of the covariates.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    Logistic
        Coefficients, standard errors and Wald results as R prints them. The profile intervals are exact; R interpolates
        them with a spline, which changes the fourth digit.

    Raises
    ------
    MethodError
        As `logistic_regression`.

    Examples
    --------
    >>> model = logistic_regression_r([0, 0, 1, 0, 1, 1], [[1], [2], [3], [4], [5], [6]])
    >>> model.coefficient.round(3).tolist()
    [-4.249, 1.214]
    """
    y, design, terms = _check(outcome, covariates, names, level)
    best = _fit(y, design)
    shown = best if best.is_separated else _fit_as_r(y, design)
    return _summary(y, design, terms, level, shown=shown, best=best)


def _summary(y: Floats, design: Floats, terms: tuple[str, ...], level: float, *, shown: _Fit, best: _Fit) -> Logistic:
    null = _fit(y, design[:, :1])
    quantile = -float(special.ndtri((1 - level) / 2))
    se = np.sqrt(np.diag(shown.covariance))  # NaN where the data are separated: Wald's results would be noise
    z = shown.coefficient / se
    profile = [_Profile(y, design, position, best) for position in range(len(terms))]
    drop = quantile**2 / 2
    return Logistic(
        term=terms,
        coefficient=np.where(np.isnan(se), np.nan, shown.coefficient),
        se=se,
        z=z,
        p=2 * special.ndtr(-np.abs(z)),
        wald_low=shown.coefficient - quantile * se,
        wald_high=shown.coefficient + quantile * se,
        profile_low=np.array([each.bound(-1.0, drop) for each in profile]),
        profile_high=np.array([each.bound(1.0, drop) for each in profile]),
        likelihood_ratio_p=np.array([special.chdtrc(1, max(0.0, 2 * each.loss(0.0))) for each in profile]),
        level=level,
        n=y.size,
        successes=int(y.sum()),
        deviance=-2 * best.log_likelihood,
        null_deviance=-2 * null.log_likelihood,
        note="the covariates separate the outcomes: coefficients are infinite" if best.is_separated else "",
    )


def _check(
    outcome: ArrayLike, covariates: ArrayLike, names: Sequence[str] | None, level: float
) -> tuple[Floats, Floats, tuple[str, ...]]:
    y, x = np.asarray(outcome, dtype=np.float64), np.asarray(covariates, dtype=np.float64)
    problems = level_problems(level)
    if y.ndim != 1 or x.ndim != 2 or x.shape[0] != y.size:
        problems.append(
            f"outcome, covariates: one row per subject is needed in both; found shapes {y.shape} and {x.shape}."
        )
        raise MethodError(*problems)
    labels = tuple(names) if names is not None else tuple(f"x{i}" for i in range(1, x.shape[1] + 1))
    if len(labels) != x.shape[1]:
        problems.append(f"names: one for each of {x.shape[1]} covariates is needed; found {len(labels)}.")
    complete = ~(np.isnan(y) | np.isnan(x).any(axis=1))
    y, x = y[complete], x[complete]
    if not np.all((y == 0) | (y == 1)) or np.unique(y).size < 2:
        problems.append("outcome: both 0 and 1 and nothing else are needed after missing values are dropped.")
    design = np.column_stack([np.ones(y.size), x])
    if not np.all(np.isfinite(x)):
        problems.append("covariates: they must be finite.")
    elif np.linalg.matrix_rank(design) < design.shape[1]:
        problems.append("covariates: one is constant or a combination of others; leave it out.")
    if problems:
        raise MethodError(*problems)
    return y, design, ("intercept", *labels)


def _log_likelihood(y: Floats, log_odds: Floats) -> float:
    return float((y * log_odds - np.logaddexp(0.0, log_odds)).sum())


def _information(design: Floats, log_odds: Floats) -> tuple[Floats, Floats]:
    """Fitted probabilities, and the information about the coefficients there."""
    p = special.expit(log_odds)
    return p, (design * (p * (1 - p))[:, None]).T @ design


def _fit(y: Floats, design: Floats, offset: Floats | None = None, start: Floats | None = None) -> _Fit:
    """
    Newton's method with halved steps; stops early where the likelihood rises for ever.

    It works in an orthonormal basis of the covariates, so that their units and their distance from 0 do not matter.
    """
    basis, to_basis = np.linalg.qr(design)
    shift = np.zeros(y.size) if offset is None else offset
    place = np.zeros(design.shape[1]) if start is None else to_basis @ start
    best = _log_likelihood(y, basis @ place + shift)
    for _ in range(_ITERATIONS):
        p, information = _information(basis, basis @ place + shift)
        score = basis.T @ (y - p)
        # A trace of damping: where every fitted probability is 0 or 1 there is no curvature to divide by.
        step = np.linalg.solve(information + 1e-15 * np.eye(score.size), score)
        decrement = float(score @ step)
        if decrement < 1e-9:  # too small to be seen in the likelihood; Newton's last step doubles the digits
            place = place + step
            break
        scale = min(1.0, _LONGEST_STEP / float(np.abs(basis @ step).max()))
        while (found := _log_likelihood(y, basis @ (place + scale * step) + shift)) < best and scale > 1e-12:
            scale /= 2
        place, best = place + scale * step, found
        if offset is None and _is_flat(information):
            break
    log_odds = basis @ place + shift
    return _finished(to_basis, place, _information(basis, log_odds)[1], _log_likelihood(y, log_odds))


def _is_flat(information: Floats) -> bool:
    """Whether the likelihood has no curvature along some direction; the information is that of an orthonormal basis."""
    return bool(np.linalg.eigvalsh(information)[0] < _FLAT)


def _finished(to_basis: Floats, place: Floats, information: Floats, log_likelihood: float) -> _Fit:
    """Go back from the orthonormal basis to the covariates."""
    is_separated = _is_flat(information)
    covariance = np.full_like(information, np.nan)
    if not is_separated:
        back = np.linalg.inv(to_basis)
        covariance = back @ np.linalg.inv(information) @ back.T
    coefficient = np.asarray(np.linalg.solve(to_basis, place), dtype=np.float64)
    return _Fit(coefficient, covariance, log_likelihood, is_separated)


def _fit_as_r(y: Floats, design: Floats) -> _Fit:
    """Reweighted least squares from R's starting values, until R stops."""
    basis, to_basis = np.linalg.qr(design)
    log_odds = special.logit((y + 0.5) / 2)
    deviance = np.inf
    for _ in range(_R_ITERATIONS):
        p, information = _information(basis, log_odds)
        score = basis.T @ (p * (1 - p) * log_odds + y - p)
        place = np.asarray(np.linalg.solve(information, score), dtype=np.float64)
        log_odds = basis @ place
        previous, deviance = deviance, -2 * _log_likelihood(y, log_odds)
        if abs(deviance - previous) / (abs(deviance) + 0.1) < 1e-8:
            break
    return _finished(to_basis, place, information, -deviance / 2)


class _Profile(NamedTuple):
    """Likelihood of one coefficient, the others at their best."""

    y: Floats
    design: Floats
    position: int
    fit: _Fit

    def loss(self, value: float) -> float:
        """How far the log likelihood falls if the coefficient has this value."""
        others = np.delete(self.design, self.position, axis=1)
        start = np.delete(self.fit.coefficient, self.position)
        fixed = _fit(self.y, others, self.design[:, self.position] * value, start)
        return self.fit.log_likelihood - fixed.log_likelihood

    def bound(self, side: float, drop: float) -> float:
        """Where the log likelihood has fallen by ``drop``, above (1) or below (-1) the estimate."""
        estimate = float(self.fit.coefficient[self.position])
        reach = 1.0 / float(np.std(self.design[:, self.position]) or 1.0)
        for _ in range(8):
            if self.loss(estimate + side * reach) > drop:
                return float(
                    optimize.brentq(
                        lambda value: self.loss(value) - drop, estimate, estimate + side * reach, xtol=1e-12, rtol=1e-12
                    )
                )
            reach *= 2
        return side * float("inf")
