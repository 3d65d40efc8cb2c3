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
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.carriers import CHUNK, Floats, Integers, Pattern, check_carriers, known_patterns
from onearm.stats.log_rank_screen import hazard_residuals, log_rank_z
from onearm.stats.times import check_times, distinct_times

__all__ = ["ScoreScreen", "response_screen", "survival_screen"]

WALK: Final = 2_000_000_000
"""Subjects times features times permutations up to which the variance of the log-rank test is computed in each."""
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


Scores = Callable[[NDArray[np.intp], NDArray[np.intp]], Floats]
"""Scores of the subjects of a pattern, shape (n_rows, n_permutations), from the permuted order (n_permutations, n)."""
Statistics = Callable[[Pattern, NDArray[np.intp]], Floats]
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
    matrix = check_carriers(features, outcome.size)

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
    matrix = check_carriers(features, times.time.size)
    if variance == "auto":
        variance = "log-rank" if matrix.size * permutations <= WALK else "permutation"

    def scores(rows: NDArray[np.intp], order: NDArray[np.intp]) -> Floats:
        if rows.size == codes.size:
            return np.asarray(hazard_residuals(codes[None, :], times.event[None, :])[0][order].T)
        return hazard_residuals(codes[order[:, rows]], times.event[order[:, rows]]).T

    def walk(pattern: Pattern, order: NDArray[np.intp]) -> Floats:
        carried = matrix[np.ix_(*pattern)].astype(np.int16)
        return np.column_stack([log_rank_z(codes[one], times.event[one], carried) for one in order[:, pattern.rows]])

    by_scores = partial(_statistics, matrix, scores)
    statistics = walk if variance == "log-rank" else by_scores
    return _screen(matrix, statistics, least=least, permutations=permutations, seed=seed, variance=variance)


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
    patterns = [Pattern(p.rows, p.columns[tested[p.columns]]) for p in known_patterns(matrix)]
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
    for drawn in _permuted(statistics, patterns, place, n=n, permutations=permutations, seed=seed):
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


def _permuted(
    statistics: Statistics, patterns: list[Pattern], place: NDArray[np.intp], *, n: int, permutations: int, seed: int
) -> Iterator[Floats]:
    """Sizes of the statistics under permutation in blocks, one row per feature in the order of ``place``."""
    generator = np.random.default_rng(seed)
    n_tested = int(place.max(initial=-1)) + 1
    width = max(1, CHUNK // max(n_tested, 1))
    for low in range(1, permutations, width):
        shuffled = generator.permuted(np.repeat(np.arange(n)[None, :], min(width, permutations - low), axis=0), axis=1)
        drawn = np.zeros((n_tested, shuffled.shape[0]))
        for pattern in patterns:
            found, at = statistics(pattern, shuffled), place[pattern.columns]
            drawn[at[at >= 0]] = np.nan_to_num(np.abs(found[at >= 0]), copy=False)
        yield drawn


def _statistics(matrix: Floats, scores: Scores, pattern: Pattern, order: NDArray[np.intp]) -> Floats:
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
