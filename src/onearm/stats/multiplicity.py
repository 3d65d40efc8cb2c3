"""
Adjustment of p values for many tests.

`adjust_p` corrects a set of p values by itself. `max_t` permutes the groups instead, and so makes use of the
correlation of the features: where thousands of genes move together, it is far less strict than Bonferroni at the same
family-wise error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError, suggest
from onearm.frames import Framed

__all__ = ["ADJUSTMENTS", "MaxT", "adjust_p", "max_t"]

Floats = NDArray[np.float64]


def _bonferroni(p: Floats) -> Floats:
    """Multiply sorted p values by their number."""
    return np.asarray(p * p.size)


def _holm(p: Floats) -> Floats:
    """Step down: never smaller than that of a smaller p value."""
    return np.maximum.accumulate(p * np.arange(p.size, 0, -1))


def _hochberg(p: Floats) -> Floats:
    """Step up: never larger than that of a larger p value."""
    return np.minimum.accumulate((p * np.arange(p.size, 0, -1))[::-1])[::-1]


def _benjamini_hochberg(p: Floats) -> Floats:
    """Step up with the ranks as divisors."""
    return np.minimum.accumulate((p * (p.size / np.arange(1, p.size + 1)))[::-1])[::-1]


def _benjamini_yekutieli(p: Floats) -> Floats:
    """Benjamini-Hochberg times the harmonic sum, valid under any dependence."""
    harmonic = np.sum(1.0 / np.arange(1, p.size + 1))
    return np.minimum.accumulate((p * (harmonic * p.size / np.arange(1, p.size + 1)))[::-1])[::-1]


ADJUSTMENTS: Final[dict[str, Callable[[Floats], Floats]]] = {
    "bonferroni": _bonferroni,
    "holm": _holm,
    "hochberg": _hochberg,
    "bh": _benjamini_hochberg,
    "by": _benjamini_yekutieli,
}
"""Each takes p values in ascending order without missing ones and returns them adjusted, not yet cut at 1."""


def adjust_p(p: ArrayLike, *, method: str = "bh") -> Floats:
    """
    Adjust p values for the number of tests.

    Parameters
    ----------
    p : array_like, shape (n_tests,)
        P values in [0, 1]. NaN marks a test that could not be made: it stays NaN and does not count as a test.
    method : {"bh", "by", "holm", "hochberg", "bonferroni"}, default "bh"
        Benjamini-Hochberg and Benjamini-Yekutieli control the false discovery rate, the others the family-wise error.

    Returns
    -------
    numpy.ndarray, shape (n_tests,)
        Adjusted p values in the order given, never above 1. The same order as ``p``: equal p values get equal values.

    Raises
    ------
    MethodError
        If the method is unknown, or a p value lies outside [0, 1].

    References
    ----------
    .. [1] Benjamini Y, Hochberg Y (1995), J R Stat Soc B 57(1):289-300.
    .. [2] Benjamini Y, Yekutieli D (2001), Ann Stat 29(4):1165-1188.
    .. [3] Holm S (1979), Scand J Stat 6(2):65-70.
    .. [4] Hochberg Y (1988), Biometrika 75(4):800-802.

    Examples
    --------
    >>> adjust_p([0.01, float("nan"), 0.04, 0.03]).tolist()
    [0.03, nan, 0.04, 0.04]
    """
    values = np.asarray(p, dtype=np.float64)
    problems = []
    if method not in ADJUSTMENTS:
        problems.append(f"method: unknown adjustment '{method}'.{suggest(method, ADJUSTMENTS)}")
    if values.ndim != 1:
        problems.append(f"p: one value per test is needed (one dimension); found {values.ndim} dimensions.")
    elif (outside := np.flatnonzero((values < 0) | (values > 1))).size:
        first = outside[0]
        problems.append(f"p: {outside.size} values lie outside [0, 1]; the first is p[{first}] = {values[first]!r}.")
    if problems:
        raise MethodError(*problems)
    adjusted = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    adjusted[order] = np.minimum(ADJUSTMENTS[method](values[order]), 1.0)
    return adjusted


@dataclass(frozen=True)
class MaxT(Framed):
    """
    Features compared between two groups, adjusted by permutation.

    Attributes
    ----------
    statistic : numpy.ndarray, shape (n_features,)
        Welch's t, first group less second; NaN where a group has fewer than two values or nothing varies.
    p : numpy.ndarray, shape (n_features,)
        Two-sided by permutation, not adjusted.
    p_single_step, p_step_down : numpy.ndarray, shape (n_features,)
        Adjusted for the family-wise error.
    n_permutations : int
        Permutations, the one seen among them.
    is_complete : bool
        Whether these are all that there are.
    """

    statistic: Floats
    p: Floats
    p_single_step: Floats
    p_step_down: Floats
    n_permutations: int
    is_complete: bool


def max_t(values: ArrayLike, is_first: ArrayLike, *, permutations: int = 10_000, seed: int) -> MaxT:
    """
    Compare features between two groups with p values adjusted by permuting the groups.

    Parameters
    ----------
    values : array_like, shape (n_subjects, n_features)
        One row per subject. NaN is left out, feature by feature.
    is_first : array_like of bool, shape (n_subjects,)
        Which subjects are in the first group.
    permutations : int, default 10_000
        Number of permutations, the one seen among them. Where there are no more than this, all are made once.
    seed : int
        Seed; the same seed gives the same p values.

    Returns
    -------
    MaxT
        A feature that cannot be tested has NaN and does not count.

    Raises
    ------
    MethodError
        If the shapes do not fit, a group has fewer than two subjects, or fewer than two permutations are asked for.

    References
    ----------
    .. [1] Westfall PH, Young SS (1993), Resampling-Based Multiple Testing, Wiley, algorithm 2.8.
    .. [2] Ge Y, Dudoit S, Speed TP (2003), Test 12(1):1-77.

    Examples
    --------
    >>> values = [[1.0, 5.0], [2.0, 3.0], [3.0, 4.0], [7.0, 4.5], [8.0, 3.5], [9.0, 6.0]]
    >>> result = max_t(values, [True, True, True, False, False, False], seed=1)
    >>> result.is_complete, result.n_permutations, result.p_step_down.tolist()
    (True, 20, [0.1, 0.6])
    """
    matrix, first = _check_groups(values, is_first, permutations)
    scale = np.nanmax(np.abs(matrix), axis=0, initial=0.0, where=~np.isnan(matrix))
    centred = matrix - np.where(scale > 0, _mean_known(matrix), 0.0)
    statistic = _welch(centred, first[None, :])[0]
    size = np.abs(statistic)
    order = np.argsort(-np.where(np.isnan(size), -1.0, size), kind="stable")
    order = order[~np.isnan(size[order])]
    bar = size[order] * (1 - 1e-10)  # a permutation that repeats the groups must not miss by rounding
    raw, single, down = (np.zeros(order.size, dtype=np.int64) for _ in range(3))
    total = comb(first.size, int(first.sum()))
    is_complete = total <= permutations
    n_permutations = total if is_complete else permutations
    chunk = max(1, 2_000_000 // max(1, matrix.shape[1]))
    labels = _all_groups(first, chunk) if is_complete else _random_groups(first, permutations, chunk, seed)
    for groups in labels:
        t = np.abs(_welch(centred[:, order], groups))
        t[np.isnan(t)] = 0.0
        raw += (t >= bar).sum(axis=0)
        # The largest of this feature and of all that show less.
        largest = np.maximum.accumulate(t[:, ::-1], axis=1)[:, ::-1]
        down += (largest >= bar).sum(axis=0)
        single += (largest[:, :1] >= bar).sum(axis=0)
    return MaxT(
        statistic=statistic,
        p=_placed(raw / n_permutations, order, statistic.size),
        p_single_step=_placed(single / n_permutations, order, statistic.size),
        p_step_down=_placed(np.maximum.accumulate(down / n_permutations), order, statistic.size),
        n_permutations=n_permutations,
        is_complete=is_complete,
    )


def _check_groups(values: ArrayLike, is_first: ArrayLike, permutations: int) -> tuple[Floats, NDArray[np.bool_]]:
    matrix, first = np.asarray(values, dtype=np.float64), np.asarray(is_first, dtype=np.bool_)
    problems = []
    if matrix.ndim != 2 or first.shape != matrix.shape[:1]:
        problems.append(
            "values, is_first: one row of values and one group per subject are needed; "
            f"found shapes {matrix.shape} and {first.shape}."
        )
    elif min(first.sum(), (~first).sum()) < 2:
        problems.append(f"is_first: two subjects in each group are needed; found {first.sum()} and {(~first).sum()}.")
    if permutations < 2:
        problems.append(f"permutations: two at least are needed, better 10000; found {permutations}.")
    if problems:
        raise MethodError(*problems)
    return matrix, first


def _mean_known(matrix: Floats) -> Floats:
    """Mean of each column without missing values; 0 where there is none."""
    known = ~np.isnan(matrix)
    return np.asarray(np.where(known, matrix, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _welch(centred: Floats, groups: NDArray[np.bool_]) -> Floats:
    """Welch's t of every feature (columns) for every division into two groups (rows)."""
    known = ~np.isnan(centred)
    filled = np.where(known, centred, 0.0)
    chosen = groups.astype(np.float64)
    count, total, squares = (chosen @ part for part in (known.astype(np.float64), filled, filled**2))
    all_counts, all_totals, all_squares = known.sum(axis=0), filled.sum(axis=0), (filled**2).sum(axis=0)
    error = np.zeros_like(count)
    difference = np.zeros_like(count)
    with np.errstate(divide="ignore", invalid="ignore"):
        for sign, n, s, q in (
            (1, count, total, squares),
            (-1, all_counts - count, all_totals - total, all_squares - squares),
        ):
            rest = q - s * s / n
            error += np.where(rest > 1e-12 * all_squares, rest, 0.0) / ((n - 1) * n)
            difference += sign * s / n
        # Two constant groups: as far apart as can be, or, where nothing varies at all, no test.
        t = difference / np.sqrt(error)
    return np.asarray(np.where(all_squares > 1e-24, t, np.nan))


def _all_groups(first: NDArray[np.bool_], chunk: int) -> Iterator[NDArray[np.bool_]]:
    """Every division into groups of these sizes."""
    rows: list[NDArray[np.bool_]] = []
    for members in combinations(range(first.size), int(first.sum())):
        row = np.zeros(first.size, dtype=np.bool_)
        row[list(members)] = True
        rows.append(row)
        if len(rows) == chunk:
            yield np.array(rows)
            rows = []
    if rows:
        yield np.array(rows)


def _random_groups(first: NDArray[np.bool_], permutations: int, chunk: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """The division seen, then random ones."""
    rng = np.random.default_rng(seed)
    yield first[None, :]
    for start in range(1, permutations, chunk):
        rows = min(chunk, permutations - start)
        yield rng.permuted(np.tile(first, (rows, 1)), axis=1)


def _placed(p: Floats, order: NDArray[np.intp], n_features: int) -> Floats:
    placed = np.full(n_features, np.nan)
    placed[order] = p
    return placed
