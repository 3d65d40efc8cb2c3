"""
Brent's root finder, step for step as R's ``uniroot`` runs it.

R stops early (a tolerance of 0.0001 in ``fisher.test`` and ``wilcox.test``), so the digits that it prints depend on the
path that its root finder takes. Where onearm gives R's figure beside the exact one, it takes the same path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

__all__ = ["R_TOLERANCE", "brent_root"]

_EPSILON: Final = float(np.finfo(np.float64).eps)

R_TOLERANCE: Final = _EPSILON**0.25
"""R's default, about 0.00012."""


class _Point(NamedTuple):
    x: float
    value: float


def brent_root(function: Callable[[float], float], low: float, high: float, *, tolerance: float = R_TOLERANCE) -> float:
    """
    Root of a function between two points where its signs differ.

    Parameters
    ----------
    function : callable
        Of one float.
    low, high : float
        Ends of the bracket; an end where the function is 0 is the root.
    tolerance : float, default R_TOLERANCE
        Half the width of the bracket at which to stop.

    Returns
    -------
    float
        The last point of the bracket that was best.

    References
    ----------
    .. [1] Brent RP (1973), Algorithms for Minimization without Derivatives, Prentice-Hall, chapter 4.

    Examples
    --------
    >>> abs(brent_root(lambda x: x * x - 2, 0, 2, tolerance=1e-12) - 2**0.5) < 1e-12
    True
    """

    def at(x: float) -> _Point:
        return _Point(x, function(x))

    previous, best = at(low), at(high)
    if previous.value == 0:
        return previous.x
    other = previous
    while True:
        last_step = best.x - previous.x
        if abs(other.value) < abs(best.value):
            previous, best, other = best, other, best
        enough = 2 * _EPSILON * abs(best.x) + tolerance / 2
        half = (other.x - best.x) / 2
        if abs(half) <= enough or best.value == 0:
            return best.x
        step = half
        if abs(last_step) >= enough and abs(previous.value) > abs(best.value):
            step = _interpolated(previous, best, other, last_step, enough)
        if abs(step) < enough:
            step = enough if step > 0 else -enough
        previous, best = best, at(best.x + step)
        if (best.value > 0) == (other.value > 0):
            other = previous


def _interpolated(previous: _Point, best: _Point, other: _Point, last_step: float, enough: float) -> float:
    """Secant or inverse quadratic step, or half of the bracket where that would be no better."""
    width = other.x - best.x
    s = best.value / previous.value
    if previous.x == other.x:
        p, q = width * s, 1 - s
    else:
        t, r = previous.value / other.value, best.value / other.value
        p = s * (width * t * (t - r) - (best.x - previous.x) * (r - 1))
        q = (t - 1) * (r - 1) * (s - 1)
    if p > 0:
        q = -q
    p = abs(p)
    is_short = p < 0.75 * width * q - abs(enough * q) / 2 and p < abs(last_step * q / 2)
    return p / q if is_short else width / 2
