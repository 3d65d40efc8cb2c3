"""
Orders of events and censorings that give printed rates with their limits, drawn by the numbers at risk.

A rate and its limits depend on the numbers at risk at the events before the landmark and on nothing else. With a hundred patients
most orders that come near can be mended; with forty, and most of them censored, few orders give all three numbers, and those are
found sooner by drawing numbers at risk than by exchanging patients.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from onearm.reconstruction.printed import Printed
from onearm.reconstruction.targets import Conventions, CurveTargets, Landmark, Schedule
from onearm.stats.bands import pointwise_limits

__all__ = ["RiskSets", "draw_risk_sets", "lay_out_days"]

_ROWS: Final = 20_000
_BATCHES: Final = 8
_MOST_EVENTS: Final = 14
_KEPT: Final = 24
_SCALES: Final = frozenset({"plain", "log", "log-log"})


@dataclass(frozen=True)
class RiskSets:
    """
    Numbers at risk at the events, and at the landmarks.

    Parameters
    ----------
    events : tuple of int
        Descending; two events on one day count as one after the other.
    after : tuple of int
        Patients at risk after each landmark.
    log_survival, variance : float
        Logarithm of S after the last event, and its variance.
    """

    events: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    log_survival: float = 0.0
    variance: float = 0.0


def draw_risk_sets(target: CurveTargets, conventions: Conventions, rng: random.Random) -> list[RiskSets]:
    """
    Draw numbers at risk that give all rates of a curve with their limits.

    Parameters
    ----------
    target : CurveTargets
        With the number of patients and rates.
    conventions : Conventions
        Scale and level of the limits.
    rng : random.Random
        Source of chance.

    Returns
    -------
    list of RiskSets
        Empty where no landmark has limits, or none was found.

    Examples
    --------
    Three of ten with an event before anybody is censored: 70 % (plain limits 41.6 to 98.4).

    >>> from onearm.reconstruction.printed import printed
    >>> mark = Landmark(6, printed("70.0"), printed("41.6"), printed("98.4"))
    >>> curve = CurveTargets("OS", "OS", n=10, landmarks=(mark,))
    >>> found = draw_risk_sets(curve, Conventions(interval="plain"), random.Random(1))
    >>> (10, 9, 8) in {one.events for one in found}
    True
    """
    marks = sorted(target.landmarks, key=lambda mark: mark.months)
    if target.n is None or not marks or not all(mark.rate and mark.low and mark.high for mark in marks):
        return []
    if conventions.interval not in _SCALES:
        return []
    numbers = np.random.default_rng(rng.randrange(2**32))
    found = [RiskSets()]
    for mark in marks:
        found = [after for before in found for after in _extend(before, target.n, mark, conventions, numbers)]
        found = [found[k] for k in numbers.permutation(len(found))[:_KEPT]]
    return found


def _extend(
    before: RiskSets, n: int, mark: Landmark, conventions: Conventions, numbers: np.random.Generator
) -> list[RiskSets]:
    """Add the events up to one landmark."""
    at_risk = before.after[-1] if before.after else n
    found: dict[tuple[int, ...], RiskSets] = {}
    for _ in range(_BATCHES if not before.after else 1):
        for chosen, log_survival, variance in _draws(before, at_risk, mark, conventions, numbers):
            events = tuple(sorted((int(r) for r in chosen), reverse=True))
            most = events[-1] - 1
            left = int(numbers.integers(most // 2, most + 1))
            found[events] = RiskSets(
                (*before.events, *events), (*before.after, left), float(log_survival), float(variance)
            )
        if len(found) >= _KEPT:
            break
    return list(found.values())


def _draws(
    before: RiskSets, at_risk: int, mark: Landmark, conventions: Conventions, numbers: np.random.Generator
) -> Sequence[tuple[NDArray[np.int64], float, float]]:
    """Draw sets of numbers at risk, each the beginning of a random order of all, and keep those that fit."""
    pool = np.arange(2, at_risk + 1)
    if not pool.size:
        return []
    rows = _ROWS if not before.after else _ROWS // 4
    order = numbers.permuted(np.broadcast_to(pool, (rows, pool.size)), axis=1)[:, :_MOST_EVENTS]
    log_survival = before.log_survival + np.cumsum(np.log1p(-1 / order), axis=1)
    variance = before.variance + np.cumsum(1 / (order * (order - 1.0)), axis=1)
    survival = np.exp(log_survival)
    rate_fits = _fits(mark.rate, survival)
    where = np.argwhere(rate_fits)
    if not len(where):
        return []
    s, v = survival[rate_fits], variance[rate_fits]
    band = pointwise_limits(s, s * np.sqrt(v), interval=conventions.interval, level=conventions.level)
    good = _fits(mark.low, band.low) & _fits(mark.high, band.high)
    return [(order[i, : k + 1], log_survival[i, k], variance[i, k]) for i, k in where[good]]


def _fits(shown: Printed | None, exact: NDArray[np.float64]) -> NDArray[np.bool_]:
    assert shown is not None
    low, high = shown.bounds()
    return (100 * exact > low) & (100 * exact < high)


def lay_out_days(
    found: RiskSets, target: CurveTargets, conventions: Conventions, schedule: Schedule, rng: random.Random
) -> list[int]:
    """
    Give the patients of drawn numbers at risk days between the landmarks.

    Parameters
    ----------
    found : RiskSets
        From `draw_risk_sets`.
    target : CurveTargets
        Whose landmarks and median.
    conventions : Conventions
        Days in a month.
    schedule : Schedule
        Longest observation.
    rng : random.Random
        Source of chance.

    Returns
    -------
    list of int
        Codes of the times, ascending by day (`onearm.reconstruction.curve_numbers.code_of`).
    """
    n = target.n or 0
    marks = [int(mark.months * conventions.days_per_month) for mark in sorted(target.landmarks, key=lambda m: m.months)]
    edges = [0, *(mark for mark in marks if mark < schedule.longest_follow_up), schedule.longest_follow_up]
    sizes = [n, *found.after, 0]
    days = []
    for first, last, begin, end in zip(edges[:-1], edges[1:], sizes[:-1], sizes[1:], strict=True):
        span = last - first - 2
        days += [first + 1 + int(span * (k + rng.random() / 2) / (begin - end)) for k in range(begin - end)]
    events = {n - at_risk for at_risk in found.events}
    codes = [2 * day + (0 if place in events else 1) for place, day in enumerate(days)]
    median = target.median
    if median is not None and not math.isinf(median.value) and found.log_survival > math.log(0.5) and found.after[-1]:
        day = round(median.value * conventions.days_per_month)
        if day > marks[-1]:  # whoever leaves first after the last landmark brings S to one half
            codes[n - found.after[-1]] = 2 * day
    return codes
