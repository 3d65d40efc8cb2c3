"""Maximally selected log-rank statistics: the best cut-point of a marker, and what its p value is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.times import check_times, distinct_times

__all__ = ["EXPLORATORY", "Cutpoint", "best_cutpoint", "log_rank_scores"]

EXPLORATORY: Final = (
    "A cut-point chosen because it separates best is exploratory: the unadjusted p value does not hold, the effect at "
    "the cut-point is overestimated, and the cut-point needs confirmation in other patients."
)
"""Belongs beside every cut-point that the data chose."""
_ALL_ORDERS: Final = 8
"""Up to this many subjects all orders are tried (8! = 40 320); beyond, orders are drawn."""
_BATCH: Final = 4_000_000
"""Numbers held at once while orders are tried."""


@dataclass(frozen=True, eq=False, repr=False)
class Cutpoint(Framed):
    """
    The cut-point with the largest standardised log-rank statistic.

    Attributes
    ----------
    cutpoint : float
        Subjects with a marker at most this large are the low group.
    statistic : float
        Largest absolute standardised statistic.
    n_low, n_high : int
        Subjects at most at, and above, the cut-point.
    p_unadjusted : float
        As if the cut-point had been fixed beforehand; shown only to say that it must not be used.
    p_lausen_1992, p_lausen_1994 : float
        Adjusted for the choice: Miller and Siegmund's limit; the improved Bonferroni inequality.
    p_permutation : float
        Adjusted by permutation: exact with all orders, else (b + 1) / (B + 1) of B drawn ones.
    p_permutation_error : float
        Standard error of the drawing; 0 with all orders.
    n_permutations : int
        Orders tried; 0 where none were asked for.
    cuts, statistics : ndarray of float, shape (n_cuts,)
        Every cut-point tried and its absolute standardised statistic.
    n : int
        Subjects.
    note : str
        `EXPLORATORY`.
    """

    cutpoint: float
    statistic: float
    n_low: int
    n_high: int
    p_unadjusted: float
    p_lausen_1992: float
    p_lausen_1994: float
    p_permutation: float
    p_permutation_error: float
    n_permutations: int
    cuts: NDArray[np.float64]
    statistics: NDArray[np.float64]
    n: int
    note: str

    def __repr__(self) -> str:
        """Cut-point, adjusted p values and the warning."""
        by_permutation = f", permutation {self.p_permutation:.4g}" if self.n_permutations else ""
        return (
            f"Cutpoint({self.cutpoint:.6g}: {self.n_low} at or below, {self.n_high} above; M = {self.statistic:.5g}; "
            f"adjusted p: Lausen 1992 {self.p_lausen_1992:.4g}, 1994 {self.p_lausen_1994:.4g}{by_permutation}. "
            f"{self.note})"
        )


def log_rank_scores(time: ArrayLike, event: ArrayLike) -> NDArray[np.float64]:
    """
    Log-rank score of each subject.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation; times that differ by floating-point noise are one time.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Whether the observation ended with the event.

    Returns
    -------
    ndarray of float, shape (n_subjects,)
        Event minus the sum over events j at or before the own time of 1 / (n - g_j + 1), g_j the number of times not
        after that of j; large for those who fail early. With ties this is not the increment of Nelson and Aalen.

    References
    ----------
    .. [1] Hothorn T, Lausen B (2003), Computational Statistics and Data Analysis 43(2):121-137.

    Examples
    --------
    >>> log_rank_scores([1, 2, 3], [1, 0, 1]).round(4).tolist()
    [0.6667, -0.3333, -0.3333]
    """
    checked = check_times(time, event)
    distinct, row = np.unique(distinct_times(checked.time), return_inverse=True)
    not_after = np.cumsum(np.bincount(row, minlength=distinct.size))
    events = np.bincount(row, weights=checked.event, minlength=distinct.size)
    scores: NDArray[np.float64] = checked.event - np.cumsum(events / (row.size - not_after + 1))[row]
    return scores


def best_cutpoint(
    time: ArrayLike,
    event: ArrayLike,
    marker: ArrayLike,
    *,
    min_share: float = 0.1,
    max_share: float = 0.9,
    n_permutations: int = 10_000,
    seed: int = 20_240_229,
) -> Cutpoint:
    """
    Find the cut-point of a marker that separates survival best, with p values that allow for the search.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Whether the observation ended with the event.
    marker : array_like of float, shape (n_subjects,)
        Any scale; only its order counts. Not missing.
    min_share, max_share : float, default 0.1 and 0.9
        Smallest and largest share of subjects at or below a cut-point.
    n_permutations : int, default 10000
        Orders drawn for the permutation p value; 0 for none. Up to eight subjects all orders are tried instead.
    seed : int, default 20240229
        Of the drawing.

    Returns
    -------
    Cutpoint
        Of several equally good cut-points the lowest.

    Raises
    ------
    MethodError
        For bad times, events or markers, shares out of order, or no cut-point between the shares.

    References
    ----------
    .. [1] Lausen B, Schumacher M (1992), Biometrics 48(1):73-85.
    .. [2] Lausen B, Sauerbrei W, Schumacher M (1994), in Computational Statistics, Physica, 1483-1496.
    .. [3] Hothorn T, Lausen B (2003), Computational Statistics and Data Analysis 43(2):121-137.
    .. [4] Altman DG, Lausen B, Sauerbrei W, Schumacher M (1994), JNCI 86(11):829-835.

    Examples
    --------
    >>> time, event = [1, 2, 3, 4, 9, 10, 11, 12], [1, 1, 1, 1, 1, 0, 1, 0]
    >>> result = best_cutpoint(time, event, [8, 9, 7, 6, 1, 3, 2, 4])
    >>> result.cutpoint, result.n_low, result.n_permutations
    (4.0, 4, 40320)
    """
    scores = log_rank_scores(time, event)
    marks = _check_marker(marker, scores.size)
    _check_shares(min_share, max_share)
    order = np.argsort(marks, kind="stable")
    ascending = marks[order]
    sizes = _sizes(ascending, min_share, max_share)
    null = _null(scores, sizes)
    statistics = np.abs(np.cumsum(scores[order])[sizes - 1] - null.mean) / null.std
    best = int(np.argmax(statistics >= statistics.max() * (1 - 1e-12)))
    statistic = float(statistics[best])
    p, error, tried = _permute(scores, sizes, null, statistic, n_permutations=n_permutations, seed=seed)
    return Cutpoint(
        cutpoint=float(ascending[sizes[best] - 1]),
        statistic=statistic,
        n_low=int(sizes[best]),
        n_high=int(scores.size - sizes[best]),
        p_unadjusted=2 * float(ndtr(-statistic)),
        p_lausen_1992=_lausen_1992(statistic, min_share, max_share),
        p_lausen_1994=_lausen_1994(statistic, scores.size, sizes),
        p_permutation=p,
        p_permutation_error=error,
        n_permutations=tried,
        cuts=ascending[sizes - 1],
        statistics=statistics,
        n=scores.size,
        note=EXPLORATORY,
    )


class _Null(NamedTuple):
    """Mean and standard deviation of the sum of scores of each low group, over all orders."""

    mean: NDArray[np.float64]
    std: NDArray[np.float64]


def _check_marker(marker: ArrayLike, n: int) -> NDArray[np.float64]:
    """Check that there is one finite marker for each subject."""
    marks = np.asarray(marker, dtype=np.float64)
    if marks.shape != (n,):
        raise MethodError(f"marker: {marks.size} values beside {n} subjects; give one for each subject.")
    if not np.all(np.isfinite(marks)):
        missing = ~np.isfinite(marks)
        raise MethodError(
            f"marker: missing or infinite for {np.count_nonzero(missing)} of {n} subjects, the first at index "
            f"{int(np.argmax(missing))}; leave these subjects out, and say so."
        )
    return marks


def _check_shares(min_share: float, max_share: float) -> None:
    """Check that the shares bound a range inside (0, 1)."""
    if not 0 < min_share < max_share < 1:
        raise MethodError(f"min_share, max_share: need 0 < min_share < max_share < 1, found {min_share}, {max_share}.")


def _sizes(ascending: NDArray[np.float64], min_share: float, max_share: float) -> NDArray[np.intp]:
    """Sizes of the low group at every cut-point between the shares; equal markers are never parted."""
    n = ascending.size
    sizes = np.flatnonzero(ascending[1:] > ascending[:-1]) + 1
    # the tolerance keeps 0.1 * 30 = 3.0000000000000004 and its like from moving a bound
    least, most = max(1, math.floor(n * min_share + 1e-9)), math.floor(n * max_share + 1e-9)
    sizes = sizes[(sizes >= least) & (sizes <= most)]
    if not sizes.size:
        raise MethodError(f"marker: no cut-point leaves between {least} and {most} of {n} subjects in the low group.")
    return sizes


def _null(scores: NDArray[np.float64], sizes: NDArray[np.intp]) -> _Null:
    """Moments of the sum of the scores of m subjects drawn without replacement."""
    n = scores.size
    spread = float(np.sum((scores - scores.mean()) ** 2))
    if not spread > 0:
        raise MethodError("time, event: all subjects have the same score, so no cut-point can separate them.")
    return _Null(sizes * scores.mean(), np.sqrt(sizes * (n - sizes) / (n * (n - 1)) * spread))


def _lausen_1992(b: float, min_share: float, max_share: float) -> float:
    """Miller and Siegmund's limit of the distribution of the largest statistic."""
    if b < 1:  # the expansion holds for large b only
        return 1.0
    density = math.exp(-(b**2) / 2) / math.sqrt(2 * math.pi)
    width = math.log(max_share * (1 - min_share) / ((1 - max_share) * min_share))
    return min(1.0, max(0.0, 4 * density / b + density * (b - 1 / b) * width))


def _lausen_1994(b: float, n: int, sizes: NDArray[np.intp]) -> float:
    """Worsley's improved Bonferroni inequality over the cut-points that there are."""
    m, following = sizes[:-1].astype(np.float64), sizes[1:].astype(np.float64)
    t = np.sqrt(1 - m * (n - following) / ((n - m) * following))
    added = np.sum(np.exp(-(b**2) / 2) / math.pi * (t - (b**2 / 4 - 1) * t**3 / 6))
    return min(1.0, max(0.0, 2 * float(ndtr(-b)) + float(added)))


def _permute(
    scores: NDArray[np.float64],
    sizes: NDArray[np.intp],
    null: _Null,
    statistic: float,
    *,
    n_permutations: int,
    seed: int,
) -> tuple[float, float, int]:
    """P value over all or drawn orders of the scores, its standard error, and how many orders there were."""
    if n_permutations < 1:
        return math.nan, math.nan, 0
    n = scores.size
    # ties with the observed statistic must count, whatever the order in which they were added up
    bound = statistic * (1 - 1e-9)

    def reaching(orders: NDArray[np.float64]) -> int:
        sums = np.cumsum(orders, axis=1)[:, sizes - 1]
        return int(np.count_nonzero(np.max(np.abs(sums - null.mean) / null.std, axis=1) >= bound))

    if n <= _ALL_ORDERS:
        everything = np.array(list(permutations(scores.tolist())))
        return reaching(everything) / len(everything), 0.0, len(everything)
    generator = np.random.default_rng(seed)
    batch = max(1, _BATCH // n)
    count = 0
    for start in range(0, n_permutations, batch):
        rows = min(batch, n_permutations - start)
        count += reaching(generator.permuted(np.broadcast_to(scores, (rows, n)), axis=1))
    p = (count + 1) / (n_permutations + 1)
    return p, math.sqrt(p * (1 - p) / n_permutations), n_permutations
