"""
Printed rates that no curve has: what n patients allow for S, its lower and its upper limit at one landmark.

With e events before the landmark, log S is minus the sum of ``a = -log(1 - 1/r)`` over the numbers at risk r at the events, and
Greenwood's variance of log S the sum of ``1/(r(r-1)) = 2 cosh(a) - 2``. That is convex in a, so for a given S the variance is
least where all a are alike and largest where all but the last event come before any censoring. Between these bounds the limits
are monotone in S and in the variance; small boxes of both that miss a printed number prove that it cannot be.
"""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from onearm.reconstruction.curve_numbers import curve_recipe
from onearm.reconstruction.printed import Printed
from onearm.reconstruction.solutions import Conflict
from onearm.reconstruction.targets import Conventions, CurveTargets, Landmark

__all__ = ["is_landmark_possible", "landmark_conflicts"]

_SCALES: Final = frozenset({"plain", "log", "log-log"})
_S_BOXES: Final = 60
_V_BOXES: Final = 80
Floats = NDArray[np.float64]


def landmark_conflicts(target: CurveTargets, n: int, conventions: Conventions) -> list[Conflict]:
    """
    Find rates that cannot stand beside their limits.

    Parameters
    ----------
    target : CurveTargets
        Printed numbers of the curve.
    n : int
        Patients.
    conventions : Conventions
        Scale and level of the limits.

    Returns
    -------
    list of Conflict
        Each with the fewest numbers that are enough for it.

    Examples
    --------
    85.4 % with plain limits 78.5 and 92.4 among 103 patients: with 14 events the limits lie farther away, with 15 nearer.

    >>> from onearm.reconstruction.printed import printed
    >>> mark = Landmark(6, printed("85.4"), printed("78.5"), printed("92.4"))
    >>> curve = CurveTargets("OS", "OS", landmarks=(mark,))
    >>> [conflict.names for conflict in landmark_conflicts(curve, 103, Conventions(interval="plain"))]
    [('OS.at 6', 'OS.at 6 low', 'OS.at 6 high')]
    """
    conflicts = []
    for mark in target.landmarks:
        name = f"{target.name}.at {mark.months:g}"
        parts = {name: mark.rate, f"{name} low": mark.low, f"{name} high": mark.high}
        shown = [part for part, value in parts.items() if value is not None]
        for size in range(1, len(shown) + 1):
            found = [
                kept for kept in itertools.combinations(shown, size) if not _possible(parts, kept, mark, n, conventions)
            ]
            if found:
                reason = f"no number of events and no censoring among {n} patients gives them ({conventions.interval} limits)"
                conflicts += [Conflict(kept, reason, is_proved=True) for kept in found]
                break
    return conflicts


def _possible(
    parts: dict[str, Printed | None], kept: tuple[str, ...], mark: Landmark, n: int, conventions: Conventions
) -> bool:
    rate, low, high = (value if part in kept else None for part, value in parts.items())
    return is_landmark_possible(Landmark(mark.months, rate, low, high), n, conventions)


def is_landmark_possible(mark: Landmark, n: int, conventions: Conventions) -> bool:
    """
    Say whether any curve of so many patients has a printed rate with its limits.

    Parameters
    ----------
    mark : Landmark
        What was printed.
    n : int
        Patients.
    conventions : Conventions
        Scale and level of the limits.

    Returns
    -------
    bool
        False is proved; True says only that these bounds do not exclude it. On other scales than plain, log and log-log it is
        always True.
    """
    if conventions.interval not in _SCALES or n < 2:
        return True
    lowest, highest = _window(mark.rate)
    edges = np.linspace(max(lowest, 1e-4), min(highest, 1 - 1e-9), _S_BOXES + 1)
    if mark.rate is None:
        edges = np.linspace(1e-4, 1 - 1e-9, 60 * _S_BOXES + 1)
    z = curve_recipe(conventions).z
    for events in range(1, n):
        first, last = edges[:-1], edges[1:]
        least, most = _variances(first, last, events, n)
        able = most >= least
        if not able.any():
            continue
        grid = np.linspace(0, 1, _V_BOXES + 1)
        variance = least[able, None] + (most - least)[able, None] * grid
        if _fits(first[able, None], last[able, None], variance[:, :-1], variance[:, 1:], mark, conventions, z):
            return True
    return _window(mark.rate)[1] >= 1.0


def _window(shown: Printed | None) -> tuple[float, float]:
    if shown is None:
        return 0.0, 1.0
    low, high = shown.bounds()
    return max(low / 100, 0.0), min(high / 100, 1.0)


def _variances(first: Floats, last: Floats, events: int, n: int) -> tuple[Floats, Floats]:
    """Bound the variance of log S for S between two values; the bounds cross where so many events cannot be."""
    most_hazard, least_hazard = -np.log(first), -np.log(last)
    at_risk = n - np.arange(events, dtype=np.float64)
    smallest = -np.log1p(-1 / at_risk[:-1])
    # the hazard of e events is least without any censoring
    needed = float(smallest.sum()) - float(np.log1p(-1 / at_risk[-1])) if at_risk[-1] > 1 else np.inf
    least = events * (2 * np.cosh(np.maximum(least_hazard, needed) / events) - 2)
    remaining = most_hazard - smallest.sum()
    most = float((2 * np.cosh(smallest) - 2).sum()) + 2 * np.cosh(np.maximum(remaining, 0)) - 2
    return least, np.where(most_hazard < needed, -1.0, most)


def _fits(
    first: Floats, last: Floats, least: Floats, most: Floats, mark: Landmark, conventions: Conventions, z: float
) -> bool:
    """Say whether a box of S and variance may hold both printed limits."""
    able = np.ones(np.broadcast_shapes(first.shape, least.shape), dtype=bool)
    for shown, sign in ((mark.low, -1), (mark.high, 1)):
        if shown is None:
            continue
        low, high = _window(shown)
        small, large = (least, most) if sign > 0 else (most, least)
        bottom = _limit(first, small, sign * z, conventions.interval)
        top = _limit(last, large, sign * z, conventions.interval)
        fits = (bottom <= high + 1e-9) & (top >= low - 1e-9)
        if conventions.interval == "log-log" and sign < 0:  # the lower limit falls again in S where the margin is large
            fits |= z * np.sqrt(most) >= -np.log(last)
        able &= fits
    return bool(able.any())


def _limit(survival: Floats, variance: Floats, z: float, interval: str) -> Floats:
    """Limit at S with a variance of log S; the sign of z says which."""
    margin = z * np.sqrt(variance)
    if interval == "plain":
        return np.clip(survival * (1 + margin), 0.0, 1.0)
    if interval == "log":
        return np.minimum(survival * np.exp(margin), 1.0)
    hazard = -np.log(survival)
    limit: Floats = np.exp(-hazard * np.exp(np.clip(-margin / hazard, -700, 50)))
    return limit
