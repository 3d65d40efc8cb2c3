"""Log-rank test and its weighted, stratified and pairwise forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.groups import check_groups
from onearm.stats.times import check_times, count_at, distinct_times

__all__ = ["LogRank", "PairwiseLogRank", "log_rank", "pairwise_log_rank"]

_ROUNDING = 1e-10
"""Eigenvalues of a covariance below this share of the largest are rounding."""


@dataclass(frozen=True, eq=False, repr=False)
class LogRank(Framed):
    """
    Comparison of survival curves.

    Attributes
    ----------
    group : tuple, length n_groups
        Labels, sorted.
    n : ndarray of int, shape (n_groups,)
        Subjects.
    observed, expected : ndarray of float, shape (n_groups,)
        Weighted events and what they would be if all groups had the hazard of the whole, summed over strata.
    variance : ndarray of float, shape (n_groups, n_groups)
        Covariance of ``observed - expected``.
    z : float
        With two groups, ``(O - E) / SE`` of the first: positive where it does worse; else NaN.
    chi_squared : float
        Test statistic.
    df : int
        Degrees of freedom.
    p : float
        Two-sided p value; NaN where the test does not exist.
    rho : float
        Power of S(t-) by which events are weighted; 0 is the log-rank test, 1 Peto and Peto's Wilcoxon test.
    note : str
        Why the test does not exist or counts fewer groups; empty where all is well.
    """

    group: tuple[Any, ...]
    n: NDArray[np.intp]
    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    variance: NDArray[np.float64]
    z: float
    chi_squared: float
    df: int
    p: float
    rho: float
    note: str

    def __repr__(self) -> str:
        """Say the result; observed and expected events are in `to_frame`."""
        name = "log-rank" if self.rho == 0 else f"rho = {self.rho:g}"
        note = f"; {self.note}" if self.note else ""
        return f"LogRank({name}: chi-squared {self.chi_squared:.6g}, df {self.df}, p = {self.p:.6g}{note})"


@dataclass(frozen=True, eq=False)
class PairwiseLogRank(Framed):
    """
    Comparisons of each pair of groups.

    Attributes
    ----------
    first, second : tuple, length n_pairs
        Labels of the two groups.
    chi_squared, p : ndarray of float, shape (n_pairs,)
        Test of the pair by itself.
    p_adjusted : ndarray of float, shape (n_pairs,)
        As the adjustment returned them; equal to ``p`` where none was asked for.
    """

    first: tuple[Any, ...]
    second: tuple[Any, ...]
    chi_squared: NDArray[np.float64]
    p: NDArray[np.float64]
    p_adjusted: NDArray[np.float64]


def log_rank(
    time: ArrayLike, event: ArrayLike, group: ArrayLike, *, strata: ArrayLike | None = None, rho: float = 0.0
) -> LogRank:
    """
    Test whether groups have the same survival curve.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation; times that differ by floating-point noise are one time.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Whether the observation ended with the event.
    group : array_like, shape (n_subjects,)
        Labels of at least two groups, none missing.
    strata : array_like, shape (n_subjects,), optional
        Labels of strata; groups are compared within each and the differences added up.
    rho : float, default 0
        Weight of an event at t is S(t-)**rho, S the Kaplan-Meier estimate of the whole stratum.

    Returns
    -------
    LogRank
        A group that could never have had an event (its expected number is zero) does not count towards the degrees
        of freedom. Without any event, or where events only happen with one group left at risk, p is NaN with a note.

    Raises
    ------
    MethodError
        For bad times or events, missing labels or fewer than two groups.

    References
    ----------
    .. [1] Mantel N (1966), Cancer Chemotherapy Reports 50(3):163-170.
    .. [2] Harrington DP, Fleming TR (1982), Biometrika 69(3):553-566.

    Examples
    --------
    One event, two of five at risk in its group: O - E = 1 - 2/5, V = 2/5 * 3/5.

    >>> log_rank([2, 3, 5, 4, 6, 10], [0, 1, 0, 0, 0, 0], list("aaabbb"))
    LogRank(log-rank: chi-squared 1.5, df 1, p = 0.220671)
    """
    checked = check_times(time, event)
    groups = check_groups(group, checked.time.size)
    if len(groups.levels) < 2:
        raise MethodError(f"group: only one group ({groups.levels[0]!r}); at least two are needed.")
    if not (math.isfinite(rho) and rho >= 0):
        raise MethodError(f"rho: must be a number that is not negative, found {rho!r}.")
    stratum = np.zeros(checked.time.size, dtype=np.intp)
    if strata is not None:
        stratum = check_groups(strata, checked.time.size, name="strata").codes
    merged = distinct_times(checked.time)
    k = len(groups.levels)
    parts = [
        _compare(merged[chosen], checked.event[chosen], groups.codes[chosen], k, rho)
        for chosen in (stratum == code for code in range(int(stratum.max()) + 1))
    ]
    observed = np.sum([part.observed for part in parts], axis=0)
    expected = np.sum([part.expected for part in parts], axis=0)
    variance = np.sum([part.variance for part in parts], axis=0)
    chi_squared, df, note = _statistic(observed - expected, variance, expected > 0)
    return LogRank(
        group=groups.levels,
        n=np.bincount(groups.codes, minlength=k),
        observed=observed,
        expected=expected,
        variance=variance,
        z=float((observed - expected)[0] / math.sqrt(variance[0, 0])) if k == 2 and df == 1 else math.nan,
        chi_squared=chi_squared,
        df=df,
        p=float(chdtrc(df, chi_squared)) if df else math.nan,
        rho=float(rho),
        note=note,
    )


def pairwise_log_rank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    rho: float = 0.0,
    adjust: Callable[[NDArray[np.float64]], ArrayLike] | None = None,
) -> PairwiseLogRank:
    """
    Compare every pair of groups, each pair on its own subjects.

    Parameters
    ----------
    time, event, group : array_like, shape (n_subjects,)
        As in `log_rank`.
    strata : array_like, shape (n_subjects,), optional
        As in `log_rank`.
    rho : float, default 0
        As in `log_rank`.
    adjust : callable, optional
        Takes the p values, shape ``(n_pairs,)``, and returns adjusted ones, such as Holm's.

    Returns
    -------
    PairwiseLogRank
        Pairs in the order of the sorted labels.

    Examples
    --------
    >>> result = pairwise_log_rank(
    ...     [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], list("aabbcc"), adjust=lambda p: (3 * p).clip(max=1)
    ... )
    >>> list(zip(result.first, result.second))
    [('a', 'b'), ('a', 'c'), ('b', 'c')]
    """
    checked = check_times(time, event)
    groups = check_groups(group, checked.time.size)
    layer = None if strata is None else check_groups(strata, checked.time.size, name="strata").codes
    pairs = list(combinations(range(len(groups.levels)), 2))
    tests = []
    for pair in pairs:
        chosen = np.isin(groups.codes, pair)
        tests.append(
            log_rank(
                checked.time[chosen],
                checked.event[chosen],
                groups.codes[chosen],
                strata=None if layer is None else layer[chosen],
                rho=rho,
            )
        )
    p = np.array([test.p for test in tests])
    return PairwiseLogRank(
        first=tuple(groups.levels[a] for a, _ in pairs),
        second=tuple(groups.levels[b] for _, b in pairs),
        chi_squared=np.array([test.chi_squared for test in tests]),
        p=p,
        p_adjusted=p if adjust is None else np.asarray(adjust(p), dtype=np.float64),
    )


class _Comparison(NamedTuple):
    """Observed and expected events of each group in one stratum, and the covariance of their difference."""

    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    variance: NDArray[np.float64]


def _compare(
    time: NDArray[np.float64], event: NDArray[np.bool_], codes: NDArray[np.intp], k: int, rho: float
) -> _Comparison:
    """Compare the groups of one stratum."""
    at = np.unique(time[event])
    own_at_risk = np.empty((k, at.size))
    own_events = np.empty((k, at.size))
    for code in range(k):
        mine = codes == code
        own_at_risk[code] = np.count_nonzero(mine) - np.searchsorted(np.sort(time[mine]), at, side="left")
        own_events[code] = count_at(at, time[mine & event])
    at_risk, events = own_at_risk.sum(axis=0), own_events.sum(axis=0)
    weight = np.ones(at.size)
    if rho:
        weight[1:] = np.cumprod(1 - events / at_risk)[:-1] ** rho
    share = own_at_risk / at_risk
    # with one subject at risk there is no choice whose event it is, so no variance; the guard avoids 0/0
    spread = weight**2 * events * (at_risk - events) / np.maximum(at_risk - 1, 1)
    variance = np.diag(share @ spread) - (share * spread) @ share.T
    return _Comparison(own_events @ weight, share @ (weight * events), variance)


def _statistic(
    difference: NDArray[np.float64], variance: NDArray[np.float64], counts: NDArray[np.bool_]
) -> tuple[float, int, str]:
    """Quadratic form of the difference, its degrees of freedom, and what is to be said of them."""
    n_counting = int(np.count_nonzero(counts))
    if n_counting < 2:
        return 0.0, 0, "no event" if not n_counting else "only one group was at risk at any event"
    inner = variance[np.ix_(counts, counts)]
    # strata may leave groups that never meet, and then one comparison less for each; the sum over all groups is zero
    # but for rounding, which must not count as a further comparison
    tolerance = _ROUNDING * float(np.max(np.abs(inner)))
    rank = min(int(np.linalg.matrix_rank(inner, tol=tolerance, hermitian=True)), n_counting - 1)
    if rank == 0:
        return 0.0, 0, "no event while more than one group was at risk"
    kept = difference[counts]
    note = "" if n_counting == counts.size else "groups without expected events are left out of the test"
    if rank == n_counting - 1:
        return float(kept[1:] @ np.linalg.solve(inner[1:, 1:], kept[1:])), rank, note
    return (
        float(kept @ np.linalg.pinv(inner, rcond=_ROUNDING, hermitian=True) @ kept),
        rank,
        "some groups were never at risk together",
    )
