"""
Brent's minimiser, step for step as R's ``optimize`` runs it.

R stops at a tolerance of 0.0001, so the digits of what limma estimates with it depend on the path that the minimiser takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from onearm.stats.brent import R_TOLERANCE

__all__ = ["brent_minimum"]

_GOLDEN: Final = (3 - 5**0.5) / 2
_ROOT_EPSILON: Final = float(np.finfo(np.float64).eps) ** 0.5


class _Point(NamedTuple):
    x: float
    value: float


def brent_minimum(
    function: Callable[[float], float], low: float, high: float, *, tolerance: float = R_TOLERANCE
) -> float:
    """
    Where a function of one variable is smallest between two bounds.

    Parameters
    ----------
    function : callable
        Of one float, with one minimum between the bounds.
    low, high : float
        Bounds; they are never evaluated.
    tolerance : float, default R_TOLERANCE
        How near the minimum to stop.

    Returns
    -------
    float
        The best point that was evaluated.

    References
    ----------
    .. [1] Brent RP (1973), Algorithms for Minimization without Derivatives, Prentice-Hall, chapter 5.

    Examples
    --------
    >>> round(brent_minimum(lambda x: (x - 1 / 3) ** 2, 0, 1), 7)
    0.3333333
    """
    start = low + _GOLDEN * (high - low)
    best = second = third = _Point(start, function(start))
    step = before = 0.0
    while True:
        middle = (low + high) / 2
        nearest = _ROOT_EPSILON * abs(best.x) + tolerance / 3
        if abs(best.x - middle) <= 2 * nearest - (high - low) / 2:
            return best.x
        parabola = _parabola(best, second, third) if abs(before) > nearest else (0.0, 0.0)
        p, q = parabola
        limit, before = before, step if abs(before) > nearest else before
        if abs(p) >= abs(q * limit / 2) or p <= q * (low - best.x) or p >= q * (high - best.x):
            before = high - best.x if best.x < middle else low - best.x
            step = _GOLDEN * before
        else:
            step = p / q
            if best.x + step - low < 2 * nearest or high - (best.x + step) < 2 * nearest:
                step = nearest if best.x < middle else -nearest
        move = step if abs(step) >= nearest else nearest if step > 0 else -nearest
        new = _Point(best.x + move, function(best.x + move))
        if new.value <= best.value:
            low, high = (low, best.x) if new.x < best.x else (best.x, high)
            best, second, third = new, best, second
            continue
        low, high = (new.x, high) if new.x < best.x else (low, new.x)
        if new.value <= second.value or second.x == best.x:
            second, third = new, second
        elif new.value <= third.value or third.x in (best.x, second.x):
            third = new


def _parabola(best: _Point, second: _Point, third: _Point) -> tuple[float, float]:
    """Step to the minimum of the parabola through three points, as numerator and denominator."""
    r = (best.x - second.x) * (best.value - third.value)
    q = (best.x - third.x) * (best.value - second.value)
    p = (best.x - third.x) * q - (best.x - second.x) * r
    q = 2 * (q - r)
    return (-p, q) if q > 0 else (p, -q)
