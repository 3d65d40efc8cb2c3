"""Difference of two independent proportions: the intervals in use, in one registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import optimize, special

from onearm.errors import MethodError, suggest
from onearm.stats.binomial import binomial_bounds
from onearm.stats.interval import Interval, level_problems

__all__ = ["DIFFERENCE_INTERVALS", "risk_difference"]

Pair = tuple[float, float]
Groups = tuple[int, int, int, int]


def _newcombe(groups: Groups, level: float, wilson: str = "wilson") -> Pair:
    """Square-and-add of the two Wilson intervals."""
    x1, n1, x2, n2 = groups
    p1, p2 = x1 / n1, x2 / n2
    low, high = binomial_bounds([x1, x2], [n1, n2], method=wilson, level=level)
    difference = p1 - p2
    return (
        difference - float(np.hypot(p1 - low[0], high[1] - p2)),
        difference + float(np.hypot(high[0] - p1, p2 - low[1])),
    )


def _newcombe_corrected(groups: Groups, level: float) -> Pair:
    return _newcombe(groups, level, "wilson-cc")


def _wald(groups: Groups, level: float) -> Pair:
    x1, n1, x2, n2 = groups
    return _around(x1 / n1, n1, x2 / n2, n2, level)


def _agresti_caffo(groups: Groups, level: float) -> Pair:
    """Wald after one more success and one more failure in each group."""
    x1, n1, x2, n2 = groups
    return _around((x1 + 1) / (n1 + 2), n1 + 2, (x2 + 1) / (n2 + 2), n2 + 2, level)


def _around(p1: float, n1: int, p2: float, n2: int, level: float) -> Pair:
    half = -float(special.ndtri((1 - level) / 2)) * np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    return max(-1.0, float(p1 - p2 - half)), min(1.0, float(p1 - p2 + half))


def _miettinen_nurminen(groups: Groups, level: float) -> Pair:
    """Invert the score test, its variance times N / (N - 1)."""
    x1, n1, x2, n2 = groups
    difference = x1 / n1 - x2 / n2
    z = -float(special.ndtri((1 - level) / 2))

    def score(delta: float) -> float:
        p1, p2 = _constrained(groups, delta)
        variance = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * (n1 + n2) / (n1 + n2 - 1)
        distance = difference - delta
        if variance > 0:
            return distance / float(np.sqrt(variance))
        return float(np.copysign(np.inf, distance)) if distance else 0.0

    def bound(end: float, target: float) -> float:
        inside = end * (1 - 1e-14)
        if (score(inside) - target) * np.sign(end) > 0:
            return end
        root = optimize.brentq(
            lambda delta: np.clip(score(delta) - target, -1e9, 1e9), inside, difference, xtol=1e-15, rtol=1e-14
        )
        return float(root)

    low = -1.0 if difference == -1 else bound(-1.0, z)
    high = 1.0 if difference == 1 else bound(1.0, -z)
    return low, high


def _constrained(groups: Groups, delta: float) -> Pair:
    """Maximum-likelihood proportions whose difference is delta: the root of a cubic (Miettinen and Nurminen 1985)."""
    x1, n1, x2, n2 = groups
    n, x = n1 + n2, x1 + x2
    l3, l2 = n, (n1 + 2 * n2) * delta - n - x
    l1, l0 = (n2 * delta - n - 2 * x2) * delta + x, x2 * delta * (1 - delta)
    q = l2**3 / (3 * l3) ** 3 - l1 * l2 / (6 * l3**2) + l0 / (2 * l3)
    p = np.copysign(np.sqrt(max(0.0, l2**2 / (3 * l3) ** 2 - l1 / (3 * l3))), q)
    angle = (np.pi + np.arccos(np.clip(q / p**3, -1, 1))) / 3 if p != 0 else np.pi / 2
    p2 = float(np.clip(2 * p * np.cos(angle) - l2 / (3 * l3), max(0.0, -delta), min(1.0, 1 - delta)))
    return float(np.clip(p2 + delta, 0.0, 1.0)), p2


DIFFERENCE_INTERVALS: Final[dict[str, Callable[[Groups, float], Pair]]] = {
    "newcombe": _newcombe,
    "newcombe-cc": _newcombe_corrected,
    "miettinen-nurminen": _miettinen_nurminen,
    "agresti-caffo": _agresti_caffo,
    "wald": _wald,
}
"""Each takes (x1, n1, x2, n2) and the level, and returns the bounds."""


def risk_difference(x1: int, n1: int, x2: int, n2: int, *, method: str = "newcombe", level: float = 0.95) -> Interval:
    """
    Difference of two independent proportions, x1/n1 - x2/n2, with its interval.

    Parameters
    ----------
    x1, n1 : int
        Successes and subjects of the first group.
    x2, n2 : int
        Successes and subjects of the second group.
    method : {"newcombe", "newcombe-cc", "miettinen-nurminen", "agresti-caffo", "wald"}, default "newcombe"
        Newcombe's hybrid score interval (his method 10, and 11 with continuity correction) and others in use.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    Interval
        Bounds as differences of proportions, within [-1, 1].

    Raises
    ------
    MethodError
        Naming every argument that cannot be used.

    References
    ----------
    .. [1] Newcombe RG (1998), Stat Med 17(8):873-890.
    .. [2] Miettinen O, Nurminen M (1985), Stat Med 4(2):213-226.
    .. [3] Agresti A, Caffo B (2000), Am Stat 54(4):280-288.

    Examples
    --------
    >>> low, high = risk_difference(56, 70, 48, 80)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    problems = level_problems(level)
    if method not in DIFFERENCE_INTERVALS:
        problems.append(f"method: unknown interval '{method}'.{suggest(method, DIFFERENCE_INTERVALS)}")
    for group, x, n in (("1", x1, n1), ("2", x2, n2)):
        if n < 1 or not 0 <= x <= n or x != int(x) or n != int(n):
            problems.append(
                f"x{group}, n{group}: whole numbers with 0 <= x <= n and n >= 1 are needed; found {x} of {n}."
            )
    if problems:
        raise MethodError(*problems)
    low, high = DIFFERENCE_INTERVALS[method]((x1, n1, x2, n2), level)
    return Interval(low, high, x1 / n1 - x2 / n2, level, method)
