"""
The printed numbers of a comparison of groups, fast enough for a search: log-rank p, hazard ratio, interval, Wald p.

Covariates of subgroups are 0 or 1, so that patients fall into a few patterns, and the partial likelihood needs only how many of
each pattern are at risk and fail on each day. The arithmetic is that of `onearm.stats.cox` and `onearm.stats.log_rank`; the
tests hold the two equal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["HazardNumbers", "hazard_numbers", "log_rank_p", "pattern_hazard", "tables_of"]

_STEPS: Final = 30
_FAR: Final = 15.0
"""A logarithm of a hazard ratio beyond this stands for an infinite one."""

_FARTHEST: Final = 1e4
"""A variance of the logarithm of a hazard ratio beyond this stands for an infinite one."""


class HazardNumbers(NamedTuple):
    """
    A hazard ratio; NaN where it does not exist, as when one group has no event.

    Attributes
    ----------
    ratio, low, high : float
        With its limits.
    p : float
        Wald's, two-sided.
    """

    ratio: float
    low: float
    high: float
    p: float


_NONE: Final = HazardNumbers(math.nan, math.nan, math.nan, math.nan)
Table = tuple[int, int, int, int]


def tables_of(first: Sequence[int], second: Sequence[int]) -> list[Table]:
    """
    Lay out the 2 x 2 tables of the days with events.

    Parameters
    ----------
    first, second : sequence of int
        Codes of two groups (`onearm.reconstruction.curve_numbers.code_of`), ascending.

    Returns
    -------
    list of tuple of int
        Events in the first and in the second group, at risk in the first and in the second.

    Examples
    --------
    >>> tables_of([4, 7], [6, 8])
    [(1, 0, 2, 2), (0, 1, 1, 2), (0, 1, 0, 1)]
    """
    tables: list[Table] = []
    i = j = 0
    n, m = len(first), len(second)
    while i < n or j < m:
        code = first[i] if j >= m or (i < n and first[i] <= second[j]) else second[j]
        at_risk = (n - i, m - j)
        a = b = 0
        while i < n and first[i] == code:
            i, a = i + 1, a + 1
        while j < m and second[j] == code:
            j, b = j + 1, b + 1
        if not code & 1:
            tables.append((a, b, *at_risk))
    return tables


def log_rank_p(tables: Sequence[Table]) -> float:
    """
    Two-sided p of the log-rank test.

    Parameters
    ----------
    tables : sequence of tuple of int
        See `tables_of`.

    Returns
    -------
    float
        NaN where the test does not exist.

    References
    ----------
    .. [1] Mantel N (1966), Cancer Chemotherapy Reports 50(3):163-170.

    Examples
    --------
    >>> round(log_rank_p([(1, 0, 2, 3)]), 6)
    0.220671
    """
    difference = variance = 0.0
    for a, b, n, m in tables:
        d, total = a + b, n + m
        share = n / total
        difference += a - d * share
        if total > 1:
            variance += d * share * (1 - share) * (total - d) / (total - 1)
    return math.erfc(abs(difference) / math.sqrt(2 * variance)) if variance > 0 else math.nan


def hazard_numbers(tables: Sequence[Table], *, ties: str = "efron", z: float = 1.959963984540054) -> HazardNumbers:
    """
    Hazard of the first group over that of the second, by partial likelihood.

    Parameters
    ----------
    tables : sequence of tuple of int
        See `tables_of`.
    ties : {"efron", "breslow"}
        Handling of tied events.
    z : float
        Normal quantile of the interval.

    Returns
    -------
    HazardNumbers
        NaN where a group has no event or the likelihood has no maximum.

    Examples
    --------
    One of two in each group fails, at 2 and at 3: exp(beta) solves 1 - 2w/(2w+2) - w/(w+2) = 0.

    >>> round(hazard_numbers(tables_of([4, 7], [6, 8])).ratio, 4)
    1.4142
    """
    rows = [(a + b, a, n, m, b) for a, b, n, m in tables]
    if not any(a for _, a, *_ in rows) or not any(b for *_, b in rows):
        return _NONE
    beta = 0.0
    for _ in range(_STEPS):
        score, information = _derivatives(rows, math.exp(beta), is_efron=ties != "breslow")
        if information <= 0:
            return _NONE
        step = score / information
        beta += max(-2.0, min(2.0, step))
        if abs(beta) > _FAR:
            return _NONE
        if abs(step) < 1e-9:
            break
    error = 1 / math.sqrt(information)
    return HazardNumbers(
        math.exp(beta),
        math.exp(beta - z * error),
        math.exp(beta + z * error),
        math.erfc(abs(beta) / error / math.sqrt(2)),
    )


def pattern_hazard(
    groups: Sequence[Sequence[int]],
    patterns: NDArray[np.float64],
    *,
    ties: str = "efron",
    z: float = 1.959963984540054,
) -> HazardNumbers:
    """
    Hazard ratio of the first of several covariates.

    Parameters
    ----------
    groups : sequence of sequence of int
        Codes of the patients of each pattern of covariates, in any order.
    patterns : ndarray of float, shape (n_groups, n_covariates)
        The covariates of each.
    ties : {"efron", "breslow"}
        Handling of tied events.
    z : float
        Normal quantile of the interval.

    Returns
    -------
    HazardNumbers
        Of the first covariate, in the limit where others are infinite; NaN where it is infinite itself.

    References
    ----------
    .. [1] Efron B (1977), Journal of the American Statistical Association 72(359):557-565.
    """
    counts, deaths = _at_risk(groups, is_efron=ties != "breslow")
    beta = np.zeros(patterns.shape[1])
    n_covariates = patterns.shape[1]
    squares = (patterns[:, :, None] * patterns[:, None, :]).reshape(len(patterns), -1)
    total = deaths @ patterns
    for _ in range(_STEPS):
        weights = counts * np.exp(patterns @ beta)
        share = weights / weights.sum(axis=1, keepdims=True)
        means = share @ patterns
        information = (share.sum(axis=0) @ squares).reshape(n_covariates, n_covariates) - means.T @ means
        free = np.flatnonzero(np.abs(beta) < _FAR)  # a covariate that is infinite stays where it is
        if not free.size or free[0] != 0:
            return _NONE
        inner = information[np.ix_(free, free)]
        try:
            step = np.linalg.solve(inner, (total - means.sum(axis=0))[free])
        except np.linalg.LinAlgError:
            return _NONE
        beta[free] = np.clip(beta[free] + np.clip(step, -2, 2), -_FAR, _FAR)
        if np.max(np.abs(step)) < 1e-6:  # the next step would be its square
            break
    variance, first = float(np.linalg.inv(inner)[0, 0]), float(beta[0])
    if not 0 < variance < _FARTHEST:  # a flat likelihood: one of the covariates is infinite
        return _NONE
    error = math.sqrt(variance)
    return HazardNumbers(
        math.exp(first),
        math.exp(first - z * error),
        math.exp(first + z * error),
        math.erfc(abs(first) / error / math.sqrt(2)),
    )


def _derivatives(
    rows: Sequence[tuple[int, int, int, int, int]], ratio: float, *, is_efron: bool
) -> tuple[float, float]:
    """Score and information of the logarithm of the hazard ratio."""
    score = information = 0.0
    for d, a, n, m, b in rows:
        score += a
        if d == 1 or not is_efron:
            share = n * ratio / (n * ratio + m)
            score -= d * share
            information += d * share * (1 - share)
            continue
        for i in range(d):
            gone = i / d
            own = (n - gone * a) * ratio
            share = own / (own + m - gone * b)
            score -= share
            information += share * (1 - share)
    return score, information


def _at_risk(groups: Sequence[Sequence[int]], *, is_efron: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the numbers at risk of each pattern at each event, less the ties before it, and the events of each pattern."""
    sorted_groups = [np.sort(np.asarray(group, dtype=np.int64)) for group in groups]
    every = np.concatenate([group[group % 2 == 0] for group in sorted_groups])
    days, ties = np.unique(every, return_counts=True)
    at_risk = np.stack([group.size - np.searchsorted(group, days) for group in sorted_groups], axis=1)
    failing = np.stack(
        [np.searchsorted(group, days, side="right") - np.searchsorted(group, days) for group in sorted_groups], axis=1
    )
    row = np.repeat(np.arange(days.size), ties)
    place = np.arange(row.size) - np.repeat(np.cumsum(ties) - ties, ties)
    gone = place / ties[row] if is_efron else np.zeros(row.size)
    return at_risk[row] - gone[:, None] * failing[row], failing.sum(axis=0).astype(np.float64)
