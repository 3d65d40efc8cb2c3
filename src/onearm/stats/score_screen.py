"""
Many yes-no features against one outcome of a small trial, adjusted by permuting the outcome.

The score of a feature is a sum over its carriers: of the response less its mean, or of the event less the cumulative
hazard, which is the numerator of the log-rank test. Given the outcomes, the score under all permutations is one matrix
product, for every feature and permutation at once; its variance over the permutations is known exactly. So 20,000
features and 1,000 permutations of 500 patients are some ten billion multiplications and no loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.times import check_times, distinct_times

__all__ = [
    "LogRankScreen",
    "ScoreScreen",
    "hazard_residuals",
    "log_rank_screen",
    "response_screen",
    "survival_screen",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CHUNK: Final = 4_000_000
"""Numbers in one block of permuted statistics: 32 megabytes."""
WALK: Final = 2_000_000_000
"""Subjects times features times permutations up to which the variance of the log-rank test is computed in each."""
_FLAT: Final = 1e-12
SAME: Final = 1 - 1e-9
"""A permutation that repeats the statistic seen must not miss it by rounding."""


@dataclass(frozen=True, eq=False, repr=False)
class ScoreScreen(Framed):
    """
    Features adjusted for their number by permutation.

    Attributes
    ----------
    n, n_carriers : ndarray of int, shape (n_features,)
        Subjects whose feature is known, and carriers among them.
    statistic : ndarray of float, shape (n_features,)
        Score over its standard deviation under permutation; positive where carriers have more responses or events. NaN
        where the feature or the outcome does not vary, or too few carry it.
    p : ndarray of float, shape (n_features,)
        Two-sided by permutation, not adjusted.
    p_single_step, p_step_down : ndarray of float, shape (n_features,)
        Adjusted for the family-wise error by the largest statistic of each permutation.
    n_permutations : int
        Permutations, the one seen among them.
    variance : str
        ``log-rank`` or ``permutation``: what the score was divided by.
    """

    n: Integers
    n_carriers: Integers
    statistic: Floats
    p: Floats
    p_single_step: Floats
    p_step_down: Floats
    n_permutations: int
    variance: str

    def __repr__(self) -> str:
        tested = int((~np.isnan(self.statistic)).sum())
        if not tested:
            return f"ScoreScreen({self.statistic.size} features, none can be tested)"
        best = int(np.nanargmax(np.abs(self.statistic)))
        return (
            f"ScoreScreen({tested} of {self.statistic.size} features tested, {self.n_permutations} permutations; largest "
            f"at index {best}: z = {self.statistic[best]:.4g}, max-T p = {self.p_single_step[best]:.4g})"
        )


class _Pattern(NamedTuple):
    """Features that are known in the same subjects."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]


Scores = Callable[[NDArray[np.intp], NDArray[np.intp]], Floats]
"""Scores of the subjects of a pattern, shape (n_rows, n_permutations), from the permuted order (n_permutations, n)."""
Statistics = Callable[[_Pattern, NDArray[np.intp]], Floats]
"""Statistics of the features of a pattern, shape (n_features, n_permutations), from the permuted order."""


def response_screen(
    response: ArrayLike, features: ArrayLike, *, least: int = 1, permutations: int = 1000, seed: int
) -> ScoreScreen:
    """
    Test yes-no features against response.

    Parameters
    ----------
    response : array_like of bool, shape (n_subjects,)
        Whether each subject responded.
    features : array_like of float, shape (n_subjects, n_features)
        1 for carriers, 0 for others, NaN where not known; such subjects are left out of this feature only.
    least : int, default 1
        Carriers, and non-carriers, that a feature needs to be tested.
    permutations : int, default 1000
        Number of permutations, the one seen among them.
    seed : int
        Seed; the same seed gives the same p values.

    Returns
    -------
    ScoreScreen
        The statistic is that of the chi-squared test with n - 1 in place of n, which ranks tables with the same margins
        as Fisher's test does.

    Raises
    ------
    MethodError
        For shapes that do not fit, features that are neither 0 nor 1, or fewer than two permutations.

    References
    ----------
    .. [1] Westfall PH, Young SS (1993), Resampling-Based Multiple Testing, Wiley.
    .. [2] Strasser H, Weber C (1999), Mathematical Methods of Statistics 8:220-250.

    Examples
    --------
    >>> screen = response_screen([1, 1, 1, 0, 0, 0], [[1, 0], [1, 1], [1, 0], [0, 1], [0, 0], [0, 1]], seed=1)
    >>> round(float(screen.statistic[0]), 4)
    2.2361
    """
    outcome = np.asarray(response, dtype=np.float64)
    if outcome.ndim != 1 or not np.isin(outcome, (0.0, 1.0)).all():
        raise MethodError("response: one True or False per subject is needed; leave out subjects without one.")
    matrix = _features(features, outcome.size)

    def scores(rows: NDArray[np.intp], order: NDArray[np.intp]) -> Floats:
        return np.asarray(outcome[order[:, rows]].T)

    statistics = partial(_statistics, matrix, scores)
    return _screen(matrix, statistics, least=least, permutations=permutations, seed=seed, variance="permutation")


def survival_screen(
    time: ArrayLike,
    event: ArrayLike,
    features: ArrayLike,
    *,
    least: int = 1,
    permutations: int = 1000,
    variance: Literal["auto", "log-rank", "permutation"] = "auto",
    seed: int,
) -> ScoreScreen:
    """
    Test yes-no features against a time to an event.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation.
    event : array_like of bool, shape (n_subjects,)
        Whether it ended with the event.
    features : array_like of float, shape (n_subjects, n_features)
        As in `response_screen`.
    least, permutations : int
        As in `response_screen`.
    variance : {"auto", "log-rank", "permutation"}
        Standard deviation that the statistic is divided by, in the data and in every permutation: that of the log-rank
        test, or that which the score has over the permutations. Both tests are valid; where carriers die early the first
        has more power, because it does not count on the time that they did not live. It costs a walk along the risk sets
        for each permutation: ``auto`` takes it up to some billion steps (500 subjects, 4,000 features, 1,000
        permutations) and the second beyond.
    seed : int
        As in `response_screen`.

    Returns
    -------
    ScoreScreen
        Observed less expected events of the carriers over its standard deviation. Valid where censoring does not depend
        on the feature. ``variance`` says which was taken.

    Raises
    ------
    MethodError
        As `response_screen`, and for times or events that cannot be.

    References
    ----------
    .. [1] Westfall PH, Young SS (1993), Resampling-Based Multiple Testing, Wiley.
    .. [2] Hothorn T, Lausen B (2003), Computational Statistics and Data Analysis 43(2):121-137, the scores.

    Examples
    --------
    >>> screen = survival_screen([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], [[1], [1], [1], [0], [0], [0]], seed=1)
    >>> bool(screen.statistic[0] > 0), float(screen.p[0]) > 0
    (True, True)
    """
    times = check_times(time, event)
    codes = np.unique(distinct_times(times.time), return_inverse=True)[1]
    matrix = _features(features, times.time.size)
    if variance == "auto":
        variance = "log-rank" if matrix.size * permutations <= WALK else "permutation"

    def scores(rows: NDArray[np.intp], order: NDArray[np.intp]) -> Floats:
        if rows.size == codes.size:
            return np.asarray(hazard_residuals(codes[None, :], times.event[None, :])[0][order].T)
        return hazard_residuals(codes[order[:, rows]], times.event[order[:, rows]]).T

    def walk(pattern: _Pattern, order: NDArray[np.intp]) -> Floats:
        carried = matrix[np.ix_(*pattern)].astype(np.int16)
        return np.column_stack([_log_rank_z(codes[one], times.event[one], carried) for one in order[:, pattern.rows]])

    by_scores = partial(_statistics, matrix, scores)
    statistics = walk if variance == "log-rank" else by_scores
    return _screen(matrix, statistics, least=least, permutations=permutations, seed=seed, variance=variance)


def _log_rank_z(codes: NDArray[np.intp], event: NDArray[np.bool_], carriers: NDArray[np.int16]) -> Floats:
    observed, expected, variance = _log_rank_block(codes, event, carriers)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(variance > _FLAT, (observed - expected) / np.sqrt(variance), np.nan))


def hazard_residuals(codes: NDArray[np.intp], event: NDArray[np.bool_], weights: Floats | None = None) -> Floats:
    """
    Event less the cumulative hazard of Nelson and Aalen at the end of observation.

    Parameters
    ----------
    codes : ndarray of int, shape (n_samples, n_subjects)
        Number of the time at which observation ended, from 0, in the order of time.
    event : ndarray of bool, shape (n_samples, n_subjects)
        Whether it ended with the event.
    weights : ndarray of float, shape (n_samples, n_subjects), optional
        How often each subject counts; once where left out.

    Returns
    -------
    ndarray of float, shape (n_samples, n_subjects)
        Their sum over a group is its observed less its expected events in the log-rank test.

    Examples
    --------
    >>> hazard_residuals(np.array([[0, 1]]), np.array([[True, True]]))
    array([[ 0.5, -0.5]])
    """
    n_samples = codes.shape[0]
    width = int(codes.max(initial=0)) + 1
    at = (codes + width * np.arange(n_samples)[:, None]).ravel()
    mass = None if weights is None else weights.ravel()
    counted = event.ravel().astype(np.float64) if mass is None else event.ravel() * mass
    ending = np.bincount(at, mass, minlength=width * n_samples).reshape(n_samples, width)
    deaths = np.bincount(at, counted, minlength=width * n_samples).reshape(n_samples, width)
    at_risk = np.cumsum(ending[:, ::-1], axis=1)[:, ::-1]
    hazard = np.cumsum(deaths / np.maximum(at_risk, 1e-300) * (at_risk > 0), axis=1)
    return np.asarray(event - np.take_along_axis(hazard, codes, axis=1))


@dataclass(frozen=True, eq=False)
class LogRankScreen(Framed):
    """
    Log-rank tests of many features.

    Attributes
    ----------
    n, n_carriers : ndarray of int, shape (n_features,)
        Subjects whose feature is known, and carriers among them.
    observed, expected : ndarray of float, shape (n_features,)
        Events of the carriers, and what they would be with the hazard of all.
    z, p : ndarray of float, shape (n_features,)
        As `onearm.stats.log_rank.log_rank` gives them; positive where carriers do worse; NaN without variance.
    """

    n: Integers
    n_carriers: Integers
    observed: Floats
    expected: Floats
    z: Floats
    p: Floats


def log_rank_screen(time: ArrayLike, event: ArrayLike, features: ArrayLike) -> LogRankScreen:
    """
    Make the log-rank test of each yes-no feature.

    Parameters
    ----------
    time, event : array_like, shape (n_subjects,)
        As in `survival_screen`.
    features : array_like of float, shape (n_subjects, n_features)
        1 for carriers, 0 for others, NaN where not known.

    Returns
    -------
    LogRankScreen
        One test per feature, each on the subjects whose feature is known.

    References
    ----------
    .. [1] Mantel N (1966), Cancer Chemotherapy Reports 50(3):163-170.

    Examples
    --------
    One event, two of five at risk in its group: O - E = 1 - 2/5, V = 2/5 * 3/5.

    >>> screen = log_rank_screen([2, 3, 5, 4, 6, 10], [0, 1, 0, 0, 0, 0], [[1], [1], [1], [0], [0], [0]])
    >>> round(float(screen.z[0] ** 2), 6), round(float(screen.p[0]), 6)
    (1.5, 0.220671)
    """
    times = check_times(time, event)
    codes = np.unique(distinct_times(times.time), return_inverse=True)[1]
    matrix = _features(features, times.time.size)
    m = matrix.shape[1]
    observed, expected, variance = (np.full(m, np.nan) for _ in range(3))
    for rows, columns in _patterns(matrix):
        width = max(1, CHUNK // max(rows.size, 1))
        for low in range(0, columns.size, width):
            part = columns[low : low + width]
            found = _log_rank_block(codes[rows], times.event[rows], matrix[np.ix_(rows, part)])
            observed[part], expected[part], variance[part] = found
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > _FLAT, (observed - expected) / np.sqrt(variance), np.nan)
    known = ~np.isnan(matrix)
    return LogRankScreen(
        known.sum(axis=0),
        np.nansum(matrix, axis=0).astype(np.int64),
        observed,
        expected,
        z,
        np.asarray(chdtrc(1, z**2)),
    )


def _log_rank_block(
    codes: NDArray[np.intp], event: NDArray[np.bool_], carriers: Floats | NDArray[np.int16]
) -> tuple[Floats, Floats, Floats]:
    """Observed and expected events of the carriers and their variance; all subjects known."""
    order = np.argsort(codes, kind="stable")
    codes, event, carriers = codes[order], event[order], carriers[order]
    at = np.unique(codes[event])
    first = np.searchsorted(codes, at)
    own: Floats = np.cumsum(carriers[::-1], axis=0, dtype=carriers.dtype)[::-1][first].astype(np.float64)
    total = (codes.size - first).astype(np.float64)
    deaths = np.bincount(np.searchsorted(at, codes[event]), minlength=at.size).astype(np.float64)
    share = own / total[:, None]
    spread = deaths * (total - deaths) / np.maximum(total - 1, 1)
    return event.astype(np.float64) @ carriers, deaths @ share, spread @ (share * (1 - share))


def _features(features: ArrayLike, n: int) -> Floats:
    matrix = np.asarray(features, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != n:
        raise MethodError(f"features: have shape {matrix.shape} beside {n} subjects; give one row for each subject.")
    if not ((matrix == 0) | (matrix == 1) | np.isnan(matrix)).all():
        raise MethodError("features: only 0, 1 and NaN can stand in them; cut other features at a value first.")
    return matrix


def _patterns(matrix: Floats) -> Iterator[_Pattern]:
    """Group the features by the subjects in whom they are known."""
    known = ~np.isnan(matrix)
    if known.all():
        yield _Pattern(np.arange(matrix.shape[0]), np.arange(matrix.shape[1]))
        return
    packed, which = np.unique(np.packbits(known, axis=0), axis=1, return_inverse=True)
    for code in range(packed.shape[1]):
        columns = np.flatnonzero(which.ravel() == code)
        yield _Pattern(np.flatnonzero(known[:, columns[0]]), columns)


def _screen(
    matrix: Floats, statistics: Statistics, *, least: int, permutations: int, seed: int, variance: str
) -> ScoreScreen:
    """Compare the statistics seen with those of permuted outcomes."""
    if permutations < 2:
        raise MethodError(f"permutations: two at least are needed, better 1000; found {permutations}.")
    n, m = matrix.shape
    known = (~np.isnan(matrix)).sum(axis=0)
    carriers = np.nansum(matrix, axis=0).astype(np.int64)
    tested = np.minimum(carriers, known - carriers) >= max(least, 1)
    patterns = [_Pattern(p.rows, p.columns[tested[p.columns]]) for p in _patterns(matrix)]
    patterns = [p for p in patterns if p.columns.size and p.rows.size > 1]
    seen = np.full(m, np.nan)
    identity = np.arange(n)[None, :]
    for pattern in patterns:
        seen[pattern.columns] = statistics(pattern, identity)[:, 0]
    order = np.argsort(-np.where(np.isnan(seen), -1.0, np.abs(seen)), kind="stable")[: int((~np.isnan(seen)).sum())]
    place = np.full(m, -1)
    place[order] = np.arange(order.size)
    bar = np.abs(seen[order])[:, None] * SAME
    raw, single, down = (np.ones(order.size, dtype=np.int64) for _ in range(3))  # the permutation seen
    generator = np.random.default_rng(seed)
    width = max(1, CHUNK // max(order.size, 1))
    for low in range(1, permutations, width):
        shuffled = generator.permuted(np.repeat(identity, min(width, permutations - low), axis=0), axis=1)
        drawn = np.zeros((order.size, shuffled.shape[0]))
        for pattern in patterns:
            found, at = statistics(pattern, shuffled), place[pattern.columns]
            drawn[at[at >= 0]] = np.nan_to_num(np.abs(found[at >= 0]), copy=False)
        raw += (drawn >= bar).sum(axis=1)
        # the largest of this feature and of all that show less
        largest = np.maximum.accumulate(drawn[::-1], axis=0)[::-1]
        down += (largest >= bar).sum(axis=1)
        single += (largest[:1] >= bar).sum(axis=1)
    return ScoreScreen(
        n=known,
        n_carriers=carriers,
        statistic=seen,
        p=_placed(raw / permutations, order, m),
        p_single_step=_placed(single / permutations, order, m),
        p_step_down=_placed(np.maximum.accumulate(down / permutations), order, m),
        n_permutations=permutations,
        variance=variance,
    )


def _statistics(matrix: Floats, scores: Scores, pattern: _Pattern, order: NDArray[np.intp]) -> Floats:
    """Standardised scores of the features of a pattern, shape (n_features, n_permutations)."""
    own = scores(pattern.rows, order)
    own = own - own.mean(axis=0)
    carried = matrix[:, pattern.columns] if pattern.rows.size == matrix.shape[0] else matrix[np.ix_(*pattern)]
    share = carried.mean(axis=0)
    # variance of a sum over a random subset of fixed size
    variance = (pattern.rows.size * share * (1 - share))[:, None] * ((own**2).sum(axis=0) / (pattern.rows.size - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(variance > 1e-20, (carried.T @ own) / np.sqrt(variance), np.nan))


def _placed(p: Floats, order: NDArray[np.intp], m: int) -> Floats:
    placed = np.full(m, np.nan)
    placed[order] = p
    return placed
