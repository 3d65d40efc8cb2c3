"""
How far apart two samples lie: Hodges and Lehmann's estimates with their intervals.

The estimate is the median of all pairwise differences (two samples) or of all Walsh averages (one sample or pairs), as
it is defined. R gives the same where it computes exactly; with ties, or from 50 subjects on, it searches for a root and
stops early. The functions whose name ends in ``_r`` take the same path and give the digits that R prints.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from onearm.errors import MethodError
from onearm.stats.brent import brent_root
from onearm.stats.interval import Interval, level_problems
from onearm.stats.permutation import NullDistribution, sign_distribution, subset_distribution
from onearm.stats.samples import midranks, observed, paired_differences

__all__ = ["location_shift", "location_shift_r", "pseudomedian", "pseudomedian_r"]

Floats = NDArray[np.float64]

_R_TOLERANCE: Final = 1e-4
"""Where R's ``wilcox.test`` stops its search."""


def location_shift(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> Interval:
    """
    Hodges and Lehmann's shift between two samples, x - y.

    Parameters
    ----------
    x, y : array_like, shape (n_x,), (n_y,)
        The two samples. NaN is left out.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    Interval
        Estimate and bounds are differences seen. The interval is that of the exact rank-sum test; with ties its
        coverage is not below the level. The note says where the level cannot be reached with so few subjects, or where
        there are too many for the exact distribution and the normal one gave the bounds.

    Raises
    ------
    MethodError
        If a sample has no value, or the level is outside (0, 1).

    References
    ----------
    .. [1] Hodges JL, Lehmann EL (1963), Ann Math Stat 34(2):598-611.
    .. [2] Moses LE (1953), in Walker HM, Lev J, Statistical Inference, Holt, chapter 18.

    Examples
    --------
    >>> location_shift([0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46], [1.15, 0.88, 0.90, 0.74, 1.21])
    0.305 (95% interval -0.15 to 0.76, hodges-lehmann)
    """
    _check_level(level)
    first, second = observed(x, name="x"), observed(y, name="y")
    n_x, n_y = first.size, second.size
    differences = np.subtract.outer(first, second).ravel()
    exact = subset_distribution(np.arange(1, n_x + n_y + 1), n_x)
    variance = n_x * n_y * (n_x + n_y + 1) / 12
    return _order_statistics(differences, exact, variance, level)


def pseudomedian(x: ArrayLike, y: ArrayLike | None = None, *, level: float = 0.95) -> Interval:
    """
    Hodges and Lehmann's centre of one sample, or of paired differences x - y.

    Parameters
    ----------
    x : array_like, shape (n,)
        Values, or the first of each pair.
    y : array_like, shape (n,), optional
        The second of each pair. A pair with a missing value is left out.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    Interval
        Estimate and bounds are Walsh averages, those of differences of zero among them (R leaves zeros out). The
        interval is that of the exact signed-rank test; the note is as in `location_shift`.

    Raises
    ------
    MethodError
        If no pair is complete, or the level is outside (0, 1).

    References
    ----------
    .. [1] Hodges JL, Lehmann EL (1963), Ann Math Stat 34(2):598-611.

    Examples
    --------
    >>> pseudomedian([-12.5, -30.1, 5.2, -44, -8.3, 17.9, -61, -22.2])
    -19.3 (95% interval -44 to 4.8, hodges-lehmann)
    """
    _check_level(level)
    differences, _ = paired_differences(x, y, 0.0)
    n = differences.size
    first, second = np.triu_indices(n)
    walsh = (differences[first] + differences[second]) / 2
    return _order_statistics(walsh, sign_distribution(np.arange(1, n + 1)), n * (n + 1) * (2 * n + 1) / 24, level)


def _check_level(level: float) -> None:
    if problems := level_problems(level):
        raise MethodError(*problems)


def _order_statistics(values: Floats, exact: NullDistribution | None, variance: float, level: float) -> Interval:
    """Bounds so many values from either end as the rank test allows."""
    tail = (1 - level) / 2
    note = ""
    if exact is None:
        depth = max(1, int(values.size / 2 + special.ndtri(tail) * np.sqrt(variance)))
        note = "bounds by the normal approximation: too many subjects for the exact distribution"
    else:
        # Smallest count whose lower tail reaches the error allowed; fuzz as R's quantile functions have it.
        below = np.cumsum(exact.p)
        depth = max(1, int(np.searchsorted(below, tail * (1 - 1e-12))))
        achieved = 1 - 2 * below[depth - 1]
        if achieved < level - 1e-12:
            note = f"too few subjects for this level; the interval has {100 * max(0.0, achieved):.3g}%"
    ordered = np.sort(values)
    return Interval(
        low=float(ordered[depth - 1]),
        high=float(ordered[values.size - depth]),
        estimate=float(np.median(values)),
        level=level,
        method="hodges-lehmann",
        note=note,
    )


def location_shift_r(x: ArrayLike, y: ArrayLike, *, level: float = 0.95, is_corrected: bool = True) -> Interval:
    """
    Shift between two samples with the digits that R's ``wilcox.test(exact = FALSE, conf.int = TRUE)`` prints.

    Parameters
    ----------
    x, y : array_like, shape (n_x,), (n_y,)
        The two samples. NaN is left out.
    level : float, default 0.95
        Two-sided coverage.
    is_corrected : bool, default True
        R's ``correct``: the continuity correction of the bounds.

    Returns
    -------
    Interval
        For the comparison with a published number; otherwise use `location_shift`.

    Raises
    ------
    MethodError
        If a sample has no value, every difference is the same (R fails too), or the level is outside (0, 1).

    Examples
    --------
    >>> location_shift_r([1, 2, 2, 3, 4, 4, 5], [2, 3, 3, 5, 6, 6, 7, 8])
    -2 (95% interval -4 to 2.875e-05, hodges-lehmann, as R wilcox.test)
    """
    _check_level(level)
    first, second = observed(x, name="x"), observed(y, name="y")
    n_x, n_y = first.size, second.size
    n = n_x + n_y

    def z(shift: float, correction: float) -> float:
        ranks, ties = midranks(np.concatenate([first - shift, second]))
        distance = float(ranks[:n_x].sum() - n_x * (n_x + 1) / 2 - n_x * n_y / 2)
        variance = n_x * n_y / 12 * (n + 1 - float((ties**3 - ties).sum()) / (n * (n - 1)))
        return _standardised(distance, variance, correction)

    correction = 0.5 if is_corrected else 0.0
    lowest, highest = float(first.min() - second.max()), float(first.max() - second.min())
    if not lowest < highest:
        raise MethodError("x, y: every difference is the same, so that there is nothing to search; use location_shift.")

    def root(quantile: float) -> float:
        if z(lowest, correction) - quantile <= 0:
            return lowest
        if z(highest, correction) - quantile >= 0:
            return highest
        return brent_root(lambda d: z(d, correction) - quantile, lowest, highest, tolerance=_R_TOLERANCE)

    quantile = -float(special.ndtri((1 - level) / 2))
    estimate = brent_root(lambda d: z(d, 0.0), lowest, highest, tolerance=_R_TOLERANCE)
    return Interval(root(quantile), root(-quantile), estimate, level, "hodges-lehmann, as R wilcox.test")


def pseudomedian_r(
    x: ArrayLike, y: ArrayLike | None = None, *, level: float = 0.95, is_corrected: bool = True
) -> Interval:
    """
    Centre of paired differences with the digits that R's ``wilcox.test(exact = FALSE, conf.int = TRUE)`` prints.

    Parameters
    ----------
    x : array_like, shape (n,)
        Values, or the first of each pair.
    y : array_like, shape (n,), optional
        The second of each pair. A pair with a missing value is left out, and so is a difference of zero.
    level : float, default 0.95
        Two-sided coverage; R doubles the error until the level can be reached, and so does this, with a note.
    is_corrected : bool, default True
        R's ``correct``: the continuity correction of the bounds.

    Returns
    -------
    Interval
        For the comparison with a published number; otherwise use `pseudomedian`.

    Raises
    ------
    MethodError
        If fewer than two different differences other than zero are left, or the level is outside (0, 1).

    Examples
    --------
    >>> round(pseudomedian_r([5, 7, 3, 9, 6, 8], [4, 5, 4, 7, 5, 8]).low, 9)
    7.2051e-05
    """
    _check_level(level)
    differences, _ = paired_differences(x, y, 0.0)
    differences = differences[differences != 0]
    if np.unique(differences).size < 2:
        raise MethodError("x: two different differences other than zero are needed; use pseudomedian.")

    def z(centre: float, correction: float) -> float:
        shifted = differences - centre
        shifted = shifted[shifted != 0]
        n = shifted.size
        ranks, ties = midranks(np.abs(shifted))
        variance = n * (n + 1) * (2 * n + 1) / 24 - float((ties**3 - ties).sum()) / 48
        return _standardised(float(ranks[shifted > 0].sum()) - n * (n + 1) / 4, variance, correction)

    correction = 0.5 if is_corrected else 0.0
    lowest, highest = float(differences.min()), float(differences.max())
    alpha = _reachable_error(1 - level, z(lowest, correction), z(highest, correction))
    method = "hodges-lehmann, as R wilcox.test"
    estimate = brent_root(lambda d: z(d, 0.0), lowest, highest, tolerance=_R_TOLERANCE)
    if alpha >= 1:
        middle = float(np.median(differences))
        return Interval(middle, middle, estimate, level, method, "too few subjects for this level")

    def root(quantile: float) -> float:
        return brent_root(lambda d: z(d, correction) - quantile, lowest, highest, tolerance=_R_TOLERANCE)

    quantile = -float(special.ndtri(alpha / 2))
    note = "" if alpha == 1 - level else f"too few subjects for this level; R gives {100 * (1 - alpha):.3g}%"
    return Interval(root(quantile), root(-quantile), estimate, level, method, note)


def _standardised(distance: float, variance: float, correction: float) -> float:
    return float((distance - np.sign(distance) * correction) / np.sqrt(variance))


def _reachable_error(alpha: float, z_lowest: float, z_highest: float) -> float:
    """Double the error until the search starts on the right sides."""
    while alpha < 1:
        quantile = -special.ndtri(alpha / 2)
        if z_lowest >= quantile and z_highest <= -quantile:
            break
        alpha *= 2
    return alpha
