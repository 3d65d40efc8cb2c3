"""
Correlation of two measurements: Pearson, Spearman, Kendall, with the p values of R, SAS and SPSS.

==========================  ==============================================================================
R ``cor.test``, Spearman    ``p_r``: Edgeworth series below 1290 pairs without ties, else ``p_t``
R ``cor.test``, Kendall     ``p_r``: exact below 50 pairs without ties, else ``p_normal``
SAS CORR, SPSS              Spearman ``p_t``; Kendall ``p_normal``
==========================  ==============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.interval import level_problems
from onearm.stats.permutation import NullDistribution
from onearm.stats.samples import midranks

__all__ = ["Kendall", "Pearson", "Spearman", "kendall", "pearson", "spearman"]

Floats = NDArray[np.float64]

_SUBSETS_UP_TO: Final = 13
"""Pairs up to which the exact distribution of Spearman's coefficient is counted, over all 2^n subsets of ranks."""
_R_ENUMERATES_UP_TO: Final = 9
_R_EDGEWORTH_UP_TO: Final = 1290
_R_KENDALL_BELOW: Final = 50


def _pairs(x: ArrayLike, y: ArrayLike, *, least: int) -> tuple[Floats, Floats]:
    """Complete pairs."""
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise MethodError(f"x, y: two columns of one length are needed; found shapes {first.shape}, {second.shape}.")
    complete = ~(np.isnan(first) | np.isnan(second))
    if complete.sum() < least:
        raise MethodError(f"x, y: {least} complete pairs at least are needed; found {complete.sum()}.")
    return first[complete], second[complete]


def _coefficient(x: Floats, y: Floats) -> float:
    """Product-moment correlation, NaN where one of the two does not vary."""
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(np.clip(x @ y / norm, -1.0, 1.0)) if norm > 0 else nan


def _p_by_t(r: float, n: int) -> float:
    """Two-sided p of a correlation by Student's t with n - 2 degrees of freedom."""
    if n < 3 or np.isnan(r):
        return nan
    if abs(r) == 1:
        return 0.0
    return 2 * float(special.stdtr(n - 2, -abs(r) * np.sqrt((n - 2) / ((1 - r) * (1 + r)))))


@dataclass(frozen=True)
class Pearson(Framed):
    """
    Product-moment correlation.

    Attributes
    ----------
    r : float
        Coefficient; NaN where one of the two does not vary.
    n : int
        Complete pairs.
    p : float
        Two-sided, by Student's t.
    low, high : float
        Interval by Fisher's transformation; NaN below four pairs.
    level : float
        Of the interval.
    """

    r: float
    n: int
    p: float
    low: float
    high: float
    level: float


def pearson(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> Pearson:
    """
    Pearson's correlation.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Pairs. A pair with a missing value is left out.
    level : float, default 0.95
        Two-sided coverage of the interval.

    Returns
    -------
    Pearson
        As R's ``cor.test``.

    Raises
    ------
    MethodError
        With fewer than two complete pairs, or a level outside (0, 1).

    References
    ----------
    .. [1] Fisher RA (1921), Metron 1:3-32.

    Examples
    --------
    >>> round(pearson([1, 2, 2, 3, 4], [2, 2, 3, 5, 4]).r, 4)
    0.7736
    """
    if problems := level_problems(level):
        raise MethodError(*problems)
    first, second = _pairs(x, y, least=2)
    n, r = first.size, _coefficient(first, second)
    low = high = nan
    if n > 3 and not np.isnan(r):
        half = -float(special.ndtri((1 - level) / 2)) / np.sqrt(n - 3)
        low, high = r, r
        if abs(r) < 1:
            low, high = np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)
    return Pearson(r, n, _p_by_t(r, n), float(low), float(high), level)


@dataclass(frozen=True)
class Spearman(Framed):
    """
    Rank correlation.

    Attributes
    ----------
    rho : float
        Pearson's coefficient of the midranks; NaN where one of the two does not vary.
    n : int
        Complete pairs.
    p_exact : float
        Two-sided by all permutations, also with ties; NaN above 13 pairs.
    p_t : float
        By Student's t.
    p_r : float
        What R's ``cor.test`` prints by default.
    """

    rho: float
    n: int
    p_exact: float
    p_t: float
    p_r: float


def spearman(x: ArrayLike, y: ArrayLike) -> Spearman:
    """
    Spearman's rank correlation.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Pairs. A pair with a missing value is left out.

    Returns
    -------
    Spearman
        With every p value in use.

    Raises
    ------
    MethodError
        With fewer than two complete pairs.

    References
    ----------
    .. [1] Spearman C (1904), Am J Psychol 15(1):72-101.
    .. [2] Best DJ, Roberts DE (1975), Appl Stat 24(3):377-379 (algorithm AS 89).

    Examples
    --------
    >>> test = spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
    >>> round(test.rho, 4), round(test.p_exact, 4), round(test.p_t, 4)
    (0.8, 0.1333, 0.1041)
    """
    first, second = _pairs(x, y, least=2)
    ranks_x, ties_x = midranks(first)
    ranks_y, ties_y = midranks(second)
    n, rho = first.size, _coefficient(ranks_x, ranks_y)
    if np.isnan(rho):
        return Spearman(nan, n, nan, nan, nan)
    doubled_x, doubled_y = np.rint(2 * ranks_x).astype(np.int64), np.rint(2 * ranks_y).astype(np.int64)
    p_exact = nan
    if n <= _SUBSETS_UP_TO:
        p_exact = _product_distribution(doubled_x, doubled_y).as_far(int(doubled_x @ doubled_y))
    p_t = _p_by_t(rho, n)
    p_r = p_t
    if max(ties_x.max(), ties_y.max()) == 1 and n <= _R_EDGEWORTH_UP_TO:
        p_r = p_exact if n <= _R_ENUMERATES_UP_TO else _p_by_edgeworth(float(((ranks_x - ranks_y) ** 2).sum()), n)
    return Spearman(rho, n, p_exact, p_t, p_r)


def _product_distribution(x: NDArray[np.int64], y: NDArray[np.int64]) -> NullDistribution:
    """Sum of x[i] y[permutation of i] over all permutations, counted over the subsets of y already used."""
    n = x.size
    x, y = np.sort(x), np.sort(y)
    width = int(x @ y) + 1  # both ascending: the largest sum that there is
    ways: dict[int, Floats] = {0: np.eye(1, width)[0]}
    for score in x:
        extended: dict[int, Floats] = {}
        for used, counts in ways.items():
            for position in range(n):
                if not used >> position & 1:
                    gain = int(score * y[position])
                    target = extended.setdefault(used | 1 << position, np.zeros(width))
                    target[gain:] += counts[: width - gain]
        ways = extended
    (total,) = ways.values()
    return NullDistribution(0, total / total.sum())


def _p_by_edgeworth(squares: float, n: int) -> float:
    """Two-sided p from the sum of squared rank differences, by the series of algorithm AS 89, as R."""
    if squares > n * (n * n - 1) / 6:
        x, correction = _edgeworth(squares, n)
        return min(1.0, 2 * float(np.clip(special.ndtr(-x) + correction, 0.0, 1.0)))
    x, correction = _edgeworth(squares + 2, n)
    return min(1.0, 2 * float(np.clip(special.ndtr(x) - correction, 0.0, 1.0)))


def _edgeworth(squares: float, n: int) -> tuple[float, float]:
    """Normal deviate of P(sum of squared rank differences >= squares) and what the series adds to its upper tail."""
    b = 1 / n
    x = (6 * (squares - 1) / (n * (n * n - 1)) - 1) * np.sqrt(n - 1)
    y = x * x
    sixth = 0.0072 - 0.0831 * b + y * b * (0.0131 - 4.6e-4 * y)
    fourth = -0.0758 + b * (0.1033 + 0.3932 * b) - y * b * (0.0879 + 0.0151 * b - y * sixth)
    series = x * b * (0.2274 + b * (0.2531 + 0.1745 * b) + y * fourth)
    return float(x), float(series * np.exp(-y / 2))


@dataclass(frozen=True)
class Kendall(Framed):
    """
    Kendall's rank correlation.

    Attributes
    ----------
    tau : float
        Tau-b, corrected for ties; NaN where one of the two does not vary.
    n : int
        Complete pairs.
    p_exact : float
        Two-sided by all permutations; NaN with ties.
    z, p_normal : float
        By the normal approximation with the variance for ties.
    p_r : float
        What R's ``cor.test`` prints by default.
    """

    tau: float
    n: int
    p_exact: float
    z: float
    p_normal: float
    p_r: float


def kendall(x: ArrayLike, y: ArrayLike) -> Kendall:
    """
    Kendall's tau-b.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Pairs. A pair with a missing value is left out.

    Returns
    -------
    Kendall
        With every p value in use.

    Raises
    ------
    MethodError
        With fewer than two complete pairs.

    References
    ----------
    .. [1] Kendall MG (1945), Biometrika 33(3):239-251.

    Examples
    --------
    >>> test = kendall([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
    >>> round(test.tau, 4), round(test.p_exact, 4)
    (0.6, 0.2333)
    """
    first, second = _pairs(x, y, least=2)
    n = first.size
    ties_x = np.unique(first, return_counts=True)[1].astype(np.float64)
    ties_y = np.unique(second, return_counts=True)[1].astype(np.float64)
    score = _concordance(first, second)
    all_pairs = n * (n - 1) / 2
    free_x = all_pairs - float((ties_x * (ties_x - 1)).sum()) / 2
    free_y = all_pairs - float((ties_y * (ties_y - 1)).sum()) / 2
    if free_x == 0 or free_y == 0:
        return Kendall(nan, n, nan, nan, nan, nan)
    z = score / float(np.sqrt(_kendall_variance(n, ties_x, ties_y)))
    p_normal = 2 * float(special.ndtr(-abs(z)))
    p_exact = nan
    if free_x == free_y == all_pairs:
        p_exact = _inversion_distribution(n).as_far(round((all_pairs + score) / 2))
    tau = float(score / np.sqrt(free_x) / np.sqrt(free_y))
    p_r = p_normal if np.isnan(p_exact) or n >= _R_KENDALL_BELOW else p_exact
    return Kendall(tau, n, p_exact, z, p_normal, p_r)


def _concordance(x: Floats, y: Floats) -> float:
    """Concordant less discordant pairs; a row at a time, so that memory grows with n only."""

    def direction(values: Floats, i: int) -> Floats:
        later = values[i + 1 :]
        return np.asarray(np.where(later > values[i], 1.0, np.where(later < values[i], -1.0, 0.0)))

    return float(sum(direction(x, i) @ direction(y, i) for i in range(x.size - 1)))


def _kendall_variance(n: int, ties_x: Floats, ties_y: Floats) -> float:
    """Variance of concordant less discordant pairs under independence, given the ties."""

    def linear(t: Floats) -> float:
        return float((t * (t - 1)).sum())

    def cubic(t: Floats) -> float:
        return float((t * (t - 1) * (2 * t + 5)).sum())

    def triple(t: Floats) -> float:
        return float((t * (t - 1) * (t - 2)).sum())

    variance = (n * (n - 1) * (2 * n + 5) - cubic(ties_x) - cubic(ties_y)) / 18
    variance += linear(ties_x) * linear(ties_y) / (2 * n * (n - 1))
    if n > 2:
        variance += triple(ties_x) * triple(ties_y) / (9 * n * (n - 1) * (n - 2))
    return variance


def _inversion_distribution(n: int) -> NullDistribution:
    """Concordant pairs of a random order without ties."""
    p = np.ones(1)
    for size in range(2, n + 1):
        p = np.convolve(p, np.full(size, 1 / size))
    return NullDistribution(0, p)
