"""
Two-stage designs with the one-sample log-rank test: stop for futility at a calendar time.

At time ``t1`` the trial stops if ``(E - O) / sqrt(E)`` is at most ``c1``; at the end H0 is rejected if it exceeds
``c``. The two statistics are asymptotically bivariate normal. Under the alternative, ``E - O`` per patient has at the
look the mean ``p0 - p1`` *of all n patients*, those not yet entered counting as 0, so the drift there grows with
``sqrt(n)``; and the covariance of the two looks is not the variance at the first, because the difference is no longer
a martingale. Both are computed exactly here, and simulated trials agree. The published example of the R package
OneArm2stage scales the drift with the patients entered so far, so that its design, said to have power 0.80, has 0.83
and is larger than it need be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtr, ndtri

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.binomial import check_proportion
from onearm.stats.design.survival_design import patients_needed
from onearm.stats.design.survival_model import SurvivalModel, covariance_of_looks, moments, with_accrual

__all__ = ["TwoStageSurvival", "evaluate_two_stage_survival", "find_two_stage_survival"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(80)


@dataclass(frozen=True)
class TwoStageSurvival(Framed):
    """
    A two-stage survival design.

    Parameters
    ----------
    n1, n : int
        Patients entered by the look, rounded up, and in all.
    t1 : float
        Calendar time of the look.
    c1, c : float
        Stop if the statistic is at most ``c1``; reject H0 at the end if it exceeds ``c``.
    duration : float
        Accrual and follow-up together.
    stop0, stop1 : float
        Probability to stop at the look under the null hypothesis and the alternative.
    expected0 : float
        Expected number of patients under the null hypothesis, with the unrounded number at the look.
    alpha, power : float
        Asymptotic error limits.
    single_stage_n : int
        Patients of the single-stage design by the same formula (Wu 2015); 0 where it was not asked for.
    """

    n1: int
    n: int
    t1: float
    c1: float
    c: float
    duration: float
    stop0: float
    stop1: float
    expected0: float
    alpha: float
    power: float
    single_stage_n: int = 0


def evaluate_two_stage_survival(
    model: SurvivalModel, *, n: int, t1: float, c1: float, alpha: float = 0.05
) -> TwoStageSurvival:
    """
    Critical value, power and expected size of a two-stage survival design.

    Parameters
    ----------
    model : SurvivalModel
        Its accrual period is the one of all ``n`` patients.
    n : int
        Patients.
    t1 : float
        Calendar time of the look, within the study.
    c1 : float
        Futility boundary.
    alpha : float, default 0.05
        One-sided; the critical value ``c`` spends it exactly (the futility stop is binding).

    Returns
    -------
    TwoStageSurvival
        Asymptotic properties.

    Raises
    ------
    MethodError
        If the look is not within the study.

    References
    ----------
    .. [1] Kwak M, Jung SH (2014), Statistics in Medicine 33(12):2004-2016.
    .. [2] Wu J, Chen L, Wei J, Weiss H, Chauhan A (2020), Pharmaceutical Statistics 19(3):214-229.

    Examples
    --------
    The critical value of the published example (S0 = 0.62 at 2 years, HR 0.467, 5 patients a year, 2 years each).

    >>> median0 = 2 * math.log(2) / -math.log(0.62)
    >>> model = SurvivalModel(median0, 0.467, accrual=46 / 5, followup=2, is_restricted=True)
    >>> design = evaluate_two_stage_survival(model, n=46, t1=5.0946, c1=0.1349)
    >>> design.n1, round(design.c, 3), round(design.stop0, 4), round(design.expected0, 2)
    (26, 1.617, 0.5537, 34.64)
    """
    duration = model.accrual + model.followup
    problems = check_proportion("alpha", alpha)
    if not 0 < t1 < duration:
        problems.append(f"the look is at {t1:g}; acceptable is a time above 0 and below the duration {duration:g}.")
    if n < 2:
        problems.append(f"n is {n}; acceptable is 2 patients or more.")
    if problems:
        raise MethodError(*problems)
    geometry = _Geometry.of(model, t1)
    c = geometry.critical(c1, alpha)
    entered = n * min(t1 / model.accrual, 1.0) if model.accrual else float(n)
    stop0 = float(ndtr(c1))
    return TwoStageSurvival(
        n1=math.ceil(entered - 1e-9),
        n=n,
        t1=t1,
        c1=c1,
        c=c,
        duration=duration,
        stop0=stop0,
        stop1=float(ndtr(geometry.shifted_first(c1, n))),
        expected0=entered * stop0 + n * (1 - stop0),
        alpha=alpha,
        power=geometry.power(c1, c, n),
    )


def find_two_stage_survival(
    model: SurvivalModel, *, rate: float, alpha: float = 0.05, power: float = 0.80
) -> TwoStageSurvival:
    """
    Find the two-stage design with the smallest expected number of patients under the null hypothesis.

    Parameters
    ----------
    model : SurvivalModel
        Null survival, alternative and follow-up; its accrual period is replaced by ``n / rate``.
    rate : float
        Patients entered per unit of time.
    alpha : float, default 0.05
        One-sided.
    power : float, default 0.80
        Power.

    Returns
    -------
    TwoStageSurvival
        Optimal over ``n``, the time of the look and its boundary.

    Raises
    ------
    MethodError
        If the rate is not positive.

    Examples
    --------
    >>> median0 = 2 * math.log(2) / -math.log(0.62)
    >>> model = SurvivalModel(median0, 0.467, accrual=1, followup=2, is_restricted=True)
    >>> design = find_two_stage_survival(model, rate=5)
    >>> design.n, round(design.power, 3), design.expected0 < 34.63
    (49, 0.8, True)
    """
    if not rate > 0:
        raise MethodError(f"the accrual rate is {rate:g}; acceptable are patients per unit of time above 0.")
    single = _single_stage(model, rate, alpha, power)
    best: tuple[float, int, float, float] | None = None
    worse = 0
    for n in range(single, 3 * single):
        found = _best_look(with_accrual(model, n / rate), n, rate, alpha, power)
        if found is not None and (best is None or found[0] < best[0]):
            best, worse = (found[0], n, found[1], found[2]), 0
        else:
            worse += best is not None
        if worse >= 3:
            break
    if best is None:
        raise MethodError("no look leaves the power; acceptable is a faster accrual, a longer follow-up or less power.")
    _, n, t1, c1 = best
    design = evaluate_two_stage_survival(with_accrual(model, n / rate), n=n, t1=t1, c1=c1, alpha=alpha)
    return TwoStageSurvival(
        **{name: getattr(design, name) for name in design.__dataclass_fields__ if name != "single_stage_n"},
        single_stage_n=single,
    )


def _single_stage(model: SurvivalModel, rate: float, alpha: float, power: float) -> int:
    """Smallest n that is enough for its own accrual period n / rate."""
    n = 2
    while patients_needed(with_accrual(model, n / rate), alpha=alpha, sides=1, power=power).value > n:
        n += 1
        if n > 5000:
            raise MethodError(
                "no single-stage design with up to 5000 patients has the power; acceptable is a faster accrual, a "
                "longer follow-up, a smaller hazard ratio or less power."
            )
    return n


def _best_look(
    model: SurvivalModel, n: int, rate: float, alpha: float, power: float
) -> tuple[float, float, float] | None:
    """Expected number, time and boundary of the best look for n patients."""

    def boundary(t1: float) -> float | None:
        """Largest boundary that leaves the power: the expected number falls as it rises."""
        geometry = _Geometry.of(model, t1)

        def surplus(c1: float) -> float:
            return geometry.power(c1, geometry.critical(c1, alpha), n) - power

        if surplus(-4.0) < 0:
            return None
        return 3.0 if surplus(3.0) >= 0 else float(brentq(surplus, -4.0, 3.0, xtol=1e-7))

    def expected(t1: float) -> float:
        c1 = boundary(t1)
        return float(n) if c1 is None else n - float(ndtr(c1)) * (n - rate * t1)

    grid = np.linspace(0.1, 0.98, 12) * model.accrual
    values = [expected(t) for t in grid]
    k = int(np.argmin(values))
    bounds = (grid[max(k - 1, 0)], grid[min(k + 1, grid.size - 1)])
    found = minimize_scalar(expected, bounds=bounds, method="bounded", options={"xatol": 1e-4 * model.accrual})
    t1 = float(found.x)
    c1 = boundary(t1)
    return None if c1 is None else (expected(t1), t1, c1)


@dataclass(frozen=True)
class _Geometry:
    """Scales, drifts and correlations of the statistic at the look and at the end; drifts are per sqrt(n)."""

    drift1: float
    drift: float
    sd1: float
    sd: float
    rho0: float
    rho1: float

    @classmethod
    def of(cls, model: SurvivalModel, t1: float) -> _Geometry:
        early, late = moments(model, at=t1), moments(model)
        covariance = covariance_of_looks(model, t1)
        return cls(
            drift1=(early.expected - early.observed) / math.sqrt(early.expected),
            drift=(late.expected - late.observed) / math.sqrt(late.expected),
            sd1=math.sqrt(early.variance / early.expected),
            sd=math.sqrt(late.variance / late.expected),
            rho0=math.sqrt(early.null_events / late.null_events),
            rho1=covariance / math.sqrt(early.variance * late.variance),
        )

    def critical(self, c1: float, alpha: float) -> float:
        """Value of c at which both are exceeded with probability alpha under the null hypothesis."""
        top = float(ndtri(1 - alpha))
        if _both_above(c1, -8.0, self.rho0) <= alpha:
            return -8.0
        return float(brentq(lambda c: _both_above(c1, c, self.rho0) - alpha, -8.0, top + 1e-9, xtol=1e-9))

    def shifted_first(self, c1: float, n: int) -> float:
        return (c1 - math.sqrt(n) * self.drift1) / self.sd1

    def power(self, c1: float, c: float, n: int) -> float:
        return _both_above(self.shifted_first(c1, n), (c - math.sqrt(n) * self.drift) / self.sd, self.rho1)


def _both_above(a: float, b: float, rho: float) -> float:
    """P(X > a, Y > b) for standard normal X and Y with a correlation below 1."""
    low, high = max(b, -9.0), max(b, 0.0) + 9.0
    z = low + (high - low) * (_NODES + 1) / 2
    inner = ndtr((rho * z - a) / math.sqrt(1 - rho * rho))
    return float((_WEIGHTS * np.exp(-z * z / 2) * inner).sum()) * (high - low) / 2 / math.sqrt(2 * math.pi)
