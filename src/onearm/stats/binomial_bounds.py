"""
Bounds of a binomial proportion, one function per method, for whole arrays at once.

Every function takes successes ``x`` and subjects ``n`` as float arrays of one shape and ``tail``, the error allowed on
each side ((1 - level) / 2), and returns the lower and the upper bounds. Nothing is checked here;
`onearm.stats.binomial` does that and is what other rooms call.

Every method is symmetric: the bounds of n - x failures are one minus the bounds of x successes. Where a formula would
leave [0, 1] it is cut there; only `student_t` is not, because SPSS prints the interval of a mean as it comes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = [
    "agresti_coull",
    "arcsine",
    "blaker",
    "clopper_pearson",
    "jeffreys",
    "logit",
    "mid_p",
    "student_t",
    "wald",
    "wald_corrected",
    "wilson",
    "wilson_corrected",
    "wilson_corrected_r",
]

Floats = NDArray[np.float64]
Bounds = tuple[Floats, Floats]

_HALVINGS = 60
"""Halvings of a bracket no wider than 1: more than the 53 bits that a bound has."""


def _rising_root(function: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """Where a function that starts below 0 first reaches it within [low, high]; ``high`` where it does not."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = function(middle) < 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def _mirror(lower: Callable[[Floats, Floats, float], Floats], x: Floats, n: Floats, tail: float) -> Bounds:
    """Both bounds from a function that gives the lower one of x >= 1; with no success it is 0."""

    def bound(successes: Floats) -> Floats:
        found = lower(np.maximum(successes, 1.0), n, tail)
        return np.where(successes == 0, 0.0, found)

    return bound(x), 1.0 - bound(n - x)


def _at_least(x: Floats, n: Floats, p: Floats) -> Floats:
    """P(X >= x) for x >= 1."""
    return np.asarray(special.betainc(x, n - x + 1, p))


def _at_most(k: Floats, n: Floats, p: Floats) -> Floats:
    """P(X <= k) for k < n; 0 for k = -1."""
    return np.where(k < 0, 0.0, special.betaincc(np.maximum(k, 0.0) + 1, n - np.maximum(k, 0.0), p))


def _exact_lower(x: Floats, n: Floats, tail: float) -> Floats:
    """The p with P(X >= x) = tail, for x >= 1."""
    return np.asarray(special.betaincinv(x, n - x + 1, tail), dtype=np.float64)


def clopper_pearson(x: Floats, n: Floats, tail: float) -> Bounds:
    """Invert the two one-sided exact tests: P(X >= x | low) = P(X <= x | high) = tail."""
    low = _exact_lower(np.maximum(x, 1.0), n, tail)
    high = special.betainccinv(np.minimum(x, n - 1) + 1, n - np.minimum(x, n - 1), tail)
    return np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)


def mid_p(x: Floats, n: Floats, tail: float) -> Bounds:
    """As Clopper-Pearson, with half the probability of x itself: P(X > x) + P(X = x) / 2 = tail."""

    def lower(x: Floats, n: Floats, tail: float) -> Floats:
        def excess(p: Floats) -> Floats:
            above = np.where(x == n, 0.0, special.betainc(x + 1, np.maximum(n - x, 1.0), p))
            return (_at_least(x, n, p) + above) / 2 - tail

        # The mid-p tail is at most P(X >= x) and at least half of it, so the root lies between two exact bounds.
        return _rising_root(excess, _exact_lower(x, n, tail), _exact_lower(x, n, 2 * tail))

    return _mirror(lower, x, n, tail)


def blaker(x: Floats, n: Floats, tail: float) -> Bounds:
    """
    Hull of all p whose acceptability exceeds 2 * tail.

    Below the estimate the acceptability is P(X >= x) + P(X <= k), where k is the largest count whose lower tail is no
    larger than P(X >= x). At the Clopper-Pearson bound it is at most 2 * tail. From there it changes smoothly while k
    stays, falling at first if at all, and jumps to 2 P(X >= x), which is above 2 * tail, where k grows. So the bound is
    either a root before the first jump or the jump itself; both are found without a grid.
    """

    def lower(x: Floats, n: Floats, tail: float) -> Floats:
        start, stop = _exact_lower(x, n, tail), _exact_lower(x, n, 2 * tail)
        k = _largest_count(n, start, tail)
        jump = _rising_root(lambda p: _at_least(x, n, p) - _at_most(k + 1, n, p), start, stop)
        return _rising_root(lambda p: _at_least(x, n, p) + _at_most(k, n, p) - 2 * tail, start, jump)

    return _mirror(lower, x, n, tail)


def _largest_count(n: Floats, p: Floats, tail: float) -> Floats:
    """Largest k with P(X <= k) <= tail, or -1; found by halving the range of counts."""
    low, high = np.full_like(p, -1.0), np.broadcast_to(n, p.shape).astype(float)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        small = _at_most(np.minimum(middle, n - 1), n, p) <= tail
        low, high = np.where(small, middle, low), np.where(small, high, middle)
    return low


def wilson(x: Floats, n: Floats, tail: float) -> Bounds:
    """Invert the score test: (x/n - p)² = z² p (1 - p) / n."""
    z2 = special.ndtri(tail) ** 2
    high = (x + z2 / 2 + np.sqrt(z2 * (x * (n - x) / n + z2 / 4))) / (n + z2)
    # The product of the two roots is x² / (n (n + z²)): no cancellation at small x.
    return x**2 / (n * (n + z2) * high), np.where(x == n, 1.0, high)


def _wilson_shifted(x: Floats, n: Floats, tail: float, shift: Floats) -> Bounds:
    """Wilson's bounds of x - shift below and of x + shift above, cut at 0 and n."""
    low, _ = wilson(np.maximum(x - shift, 0.0), n, tail)
    _, high = wilson(np.minimum(x + shift, n), n, tail)
    return low, high


def wilson_corrected(x: Floats, n: Floats, tail: float) -> Bounds:
    """Invert the score test with continuity correction: (abs(x/n - p) - 1/(2n))² = z² p (1 - p) / n."""
    return _wilson_shifted(x, n, tail, np.full_like(x, 0.5))


def wilson_corrected_r(x: Floats, n: Floats, tail: float) -> Bounds:
    """As `wilson_corrected`, but without the correction at x = n/2, because R cuts it at abs(x - n/2)."""
    return _wilson_shifted(x, n, tail, np.minimum(0.5, np.abs(x - n / 2)))


def jeffreys(x: Floats, n: Floats, tail: float) -> Bounds:
    """Equal-tailed interval of Beta(x + 1/2, n - x + 1/2); 0 with no success and 1 with no failure."""
    low = special.betaincinv(x + 0.5, n - x + 0.5, tail)
    high = special.betainccinv(x + 0.5, n - x + 0.5, tail)
    return np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)


def agresti_coull(x: Floats, n: Floats, tail: float) -> Bounds:
    """Wald's formula after adding z²/2 successes and as many failures."""
    z2 = special.ndtri(tail) ** 2
    return wald(x + z2 / 2, n + z2, tail)


def wald(x: Floats, n: Floats, tail: float) -> Bounds:
    """Estimate ± z √(p (1 - p) / n)."""
    return _around(x / n, -special.ndtri(tail) * np.sqrt(x * (n - x) / n) / n)


def wald_corrected(x: Floats, n: Floats, tail: float) -> Bounds:
    """Wald's interval made wider by 1/(2n) on each side."""
    return _around(x / n, -special.ndtri(tail) * np.sqrt(x * (n - x) / n) / n + 0.5 / n)


def _around(estimate: Floats, half_width: Floats) -> Bounds:
    return np.maximum(estimate - half_width, 0.0), np.minimum(estimate + half_width, 1.0)


def logit(x: Floats, n: Floats, tail: float) -> Bounds:
    """Wald's interval of the log odds; the exact bounds where they are infinite (x = 0, x = n)."""
    inner = (x > 0) & (x < n)
    successes = np.where(inner, x, n / 2)
    log_odds = np.log(successes / (n - successes))
    half_width = -special.ndtri(tail) * np.sqrt(n / (successes * (n - successes)))
    exact_low, exact_high = clopper_pearson(x, n, tail)
    return (
        np.where(inner, special.expit(log_odds - half_width), exact_low),
        np.where(inner, special.expit(log_odds + half_width), exact_high),
    )


def arcsine(x: Floats, n: Floats, tail: float) -> Bounds:
    """Wald's interval of arcsin √p, whose variance is 1/(4n) whatever p is."""
    angle = np.arctan2(np.sqrt(x), np.sqrt(n - x))
    half_width = -special.ndtri(tail) / (2 * np.sqrt(n))
    low = np.sin(np.maximum(angle - half_width, 0.0)) ** 2
    high = 1.0 - np.cos(np.minimum(angle + half_width, np.pi / 2)) ** 2
    return low, high


def student_t(x: Floats, n: Floats, tail: float) -> Bounds:
    """Student's interval of the mean of x ones and n - x zeros; not cut at 0 and 1, undefined for one subject."""
    freedom = np.where(n > 1, n - 1, np.nan)
    half_width = -special.stdtrit(freedom, tail) * np.sqrt(x * (n - x) / freedom) / n
    return x / n - half_width, x / n + half_width
