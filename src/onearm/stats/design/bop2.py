"""
The Bayesian optimal phase II design for a response rate, with boundaries and properties computed exactly.

At a look with ``n`` of ``N`` patients the trial stops for futility if ``P(rate > p0) < lam (n/N)^gamma``, and, in the
version with efficacy stopping, for efficacy if ``P(rate > p0) > 1 - (1 - lam) (n/N)^eta``. The limits are lenient at
first and meet at the end, where the treatment is declared effective unless the futility boundary is crossed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.beta_posterior import check_prior
from onearm.stats.design.binomial import NOISE, check_hypotheses
from onearm.stats.design.looks import StoppingRule, check_looks, operating_characteristics

__all__ = ["Bop2Design", "bop2_rule", "find_bop2"]


@dataclass(frozen=True)
class Bop2Design(Framed):
    """
    A calibrated design.

    Parameters
    ----------
    looks : tuple of int
        Numbers of patients.
    futility, efficacy : tuple of (int or None)
        Boundaries.
    lam, gamma : float
        Parameters of the futility limit.
    eta : float or None
        Parameter of the efficacy limit; None without efficacy stopping.
    prior : tuple of float
        Beta prior.
    p0, p1, alpha, power, en0, en1 : float
        Response rates, exact error limits, expected numbers of patients.
    """

    looks: tuple[int, ...]
    futility: tuple[int | None, ...]
    efficacy: tuple[int | None, ...]
    lam: float
    gamma: float
    eta: float | None
    prior: tuple[float, float]
    p0: float
    p1: float
    alpha: float
    power: float
    en0: float
    en1: float

    def rule(self) -> StoppingRule:
        """
        Give the boundaries as a rule.

        Returns
        -------
        StoppingRule
            The same looks.
        """
        return StoppingRule(self.looks, self.futility, self.efficacy)


def bop2_rule(
    looks: Sequence[int],
    *,
    p0: float,
    lam: float,
    gamma: float,
    eta: float | None = None,
    prior: tuple[float, float] | None = None,
) -> StoppingRule:
    """
    Boundaries for given parameters.

    Parameters
    ----------
    looks : sequence of int
        Numbers of patients, increasing.
    p0 : float
        Response rate of no interest.
    lam, gamma : float
        Futility limit ``lam (n/N)^gamma``.
    eta : float, optional
        Efficacy limit ``1 - (1 - lam) (n/N)^eta``; without it there is no efficacy stopping before the end.
    prior : tuple of float, optional
        Beta prior; without it ``(p0, 1 - p0)``, one patient's worth.

    Returns
    -------
    StoppingRule
        None where no number of responders stops the trial.

    References
    ----------
    .. [1] Zhou H, Lee JJ, Yuan Y (2017), Statistics in Medicine 36(21):3302-3314.
    .. [2] Xu X, Hashimoto A, Yimer BB, Takeda K, Bayesian optimal phase II design with futility and efficacy stopping
       boundaries (R package BOP2FE 0.3.0), for the efficacy limit.

    Examples
    --------
    >>> rule = bop2_rule(range(10, 41, 5), p0=0.2, lam=0.9, gamma=1.0, eta=2.1)
    >>> rule.futility, rule.efficacy
    ((1, 2, 3, 5, 7, 9, 11), (6, 8, 9, 10, 10, 11, 12))
    """
    sizes = list(looks)
    weights = (p0, 1 - p0) if prior is None else prior
    problems = check_looks(sizes) + check_prior(weights)
    if not 0 < lam < 1 or gamma < 0 or (eta is not None and eta < 0):
        problems.append(f"lam {lam:g}, gamma {gamma:g}, eta {eta}; acceptable is 0 < lam < 1, the others 0 or more.")
    if problems:
        raise MethodError(*problems)
    above = [_above(n, p0, weights) for n in sizes]
    futility = _futility(sizes, above, lam, gamma)
    return StoppingRule(tuple(sizes), futility, _efficacy(sizes, above, futility, lam, eta))


def find_bop2(
    looks: Sequence[int],
    *,
    p0: float,
    p1: float,
    alpha: float = 0.05,
    stops_for_efficacy: bool = False,
    prior: tuple[float, float] | None = None,
) -> Bop2Design:
    """
    Calibrate the limits: the largest power among all that keep alpha.

    Parameters
    ----------
    looks : sequence of int
        Numbers of patients, increasing.
    p0, p1 : float
        Response rates.
    alpha : float, default 0.05
        Largest exact type I error.
    stops_for_efficacy : bool, default False
        Whether the efficacy limit is used before the end.
    prior : tuple of float, optional
        Beta prior; without it ``(p0, 1 - p0)``.

    Returns
    -------
    Bop2Design
        From the grid lam = 0.50, 0.51, ... 0.99; gamma = 0, 0.05, ... 1; eta = 0, 0.25, ... 3. At equal power the
        smaller expected number at ``p0``.

    Raises
    ------
    MethodError
        If nothing on the grid keeps alpha.

    References
    ----------
    .. [1] Zhou H, Lee JJ, Yuan Y (2017), Statistics in Medicine 36(21):3302-3314.

    Examples
    --------
    >>> design = find_bop2([10, 20, 30, 40], p0=0.2, p1=0.4, alpha=0.10)
    >>> design.futility, round(design.alpha, 4), round(design.power, 4)
    ((1, 3, 7, 11), 0.0743, 0.8864)
    """
    sizes = list(looks)
    weights = (p0, 1 - p0) if prior is None else prior
    check_hypotheses(p0, p1, alpha, (1 + alpha) / 2)
    if problems := check_looks(sizes) + check_prior(weights):
        raise MethodError(*problems)
    above = [_above(n, p0, weights) for n in sizes]
    etas: list[float | None] = np.arange(0, 3.01, 0.25).round(2).tolist() if stops_for_efficacy else [None]
    best: tuple[float, float, Bop2Design] | None = None
    for rule, (lam, gamma, eta) in _distinct_rules(sizes, above, etas).items():
        oc = operating_characteristics(StoppingRule(tuple(sizes), *rule), [p0, p1])
        size, strength = oc.efficacy.tolist()
        en0, en1 = oc.expected_n.tolist()
        better = best is None or strength > best[0] + NOISE or (strength > best[0] - NOISE and en0 < best[1])
        if strength > size and size <= alpha + NOISE and better:  # limits that never let a trial succeed do not count
            design = Bop2Design(tuple(sizes), *rule, lam, gamma, eta, weights, p0, p1, size, strength, en0, en1)
            best = (strength, en0, design)
    if best is None:
        raise MethodError(
            f"no limits keep alpha {alpha:g} with looks {', '.join(map(str, sizes))}; acceptable is a larger alpha or "
            "more patients."
        )
    return best[2]


def _distinct_rules(
    sizes: list[int], above: list[NDArray[np.float64]], etas: list[float | None]
) -> dict[tuple[tuple[int | None, ...], tuple[int | None, ...]], tuple[float, float, float | None]]:
    """Every pair of boundaries on the grid once, with the first parameters that give it."""
    rules: dict[tuple[tuple[int | None, ...], tuple[int | None, ...]], tuple[float, float, float | None]] = {}
    for lam in np.arange(0.50, 0.995, 0.01).round(2).tolist():
        for gamma in np.arange(0, 1.01, 0.05).round(2).tolist():
            futility = _futility(sizes, above, lam, gamma)
            for eta in etas:
                efficacy = _efficacy(sizes, above, futility, lam, eta)
                if efficacy[-1] is not None and all(
                    a is None or b is None or a < b for a, b in zip(futility, efficacy, strict=True)
                ):
                    rules.setdefault((futility, efficacy), (lam, gamma, eta))
    return rules


def _above(n: int, p0: float, prior: tuple[float, float]) -> NDArray[np.float64]:
    x = np.arange(n + 1)
    return np.asarray(betainc(prior[1] + n - x, prior[0] + x, 1 - p0))


def _futility(sizes: list[int], above: list[NDArray[np.float64]], lam: float, gamma: float) -> tuple[int | None, ...]:
    counts = [int((p < lam * (n / sizes[-1]) ** gamma - NOISE).sum()) for n, p in zip(sizes, above, strict=True)]
    return tuple(count - 1 if count else None for count in counts)


def _efficacy(
    sizes: list[int],
    above: list[NDArray[np.float64]],
    futility: tuple[int | None, ...],
    lam: float,
    eta: float | None,
) -> tuple[int | None, ...]:
    early: list[int | None] = []
    for n, p in zip(sizes[:-1], above[:-1], strict=True):
        stops = np.zeros(0) if eta is None else np.flatnonzero(p > 1 - (1 - lam) * (n / sizes[-1]) ** eta + NOISE)
        early.append(int(stops[0]) if stops.size else None)
    last = futility[-1]
    return (*early, 0 if last is None else last + 1 if last < sizes[-1] else None)
