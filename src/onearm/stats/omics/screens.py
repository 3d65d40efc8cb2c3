"""One rank test or one rank correlation for each of many features, with missing values left out feature by feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.multiplicity import adjust_p
from onearm.stats.omics.distributions import t_two_sided
from onearm.stats.omics.linear_fits import check_matrix
from onearm.stats.ranks import rank_sum, signed_rank

__all__ = ["RankScreen", "SpearmanScreen", "rank_sum_screen", "ranked", "signed_rank_screen", "spearman_screen"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Kind = Literal["exact", "corrected", "normal"]

_EXACT_UP_TO = 60
"""Samples up to which the exact distribution is used where it is asked for; the approximation is as good beyond."""


@dataclass(frozen=True)
class RankScreen(Framed):
    """
    Rank tests, one per feature.

    Attributes
    ----------
    names : tuple of str
        Features.
    n : numpy.ndarray of int, shape (n_features,)
        Known values, or complete pairs.
    effect : numpy.ndarray, shape (n_features,)
        Median difference within pairs, or median of the second group less that of the first.
    statistic : numpy.ndarray, shape (n_features,)
        R's V (pairs) or W of the second group.
    auc : numpy.ndarray, shape (n_features,)
        Probability that a sample of the second group is higher, ties counting one half; NaN for pairs.
    p, q : numpy.ndarray, shape (n_features,)
        Two-sided p, and adjusted by Benjamini and Hochberg; NaN where nothing can be compared.
    method : str
        What was done.
    """

    names: tuple[str, ...]
    n: Counts
    effect: Floats
    statistic: Floats
    auc: Floats
    p: Floats
    q: Floats
    method: str


@dataclass(frozen=True)
class SpearmanScreen(Framed):
    """
    Rank correlations with one variable, one per feature.

    Attributes
    ----------
    names : tuple of str
        Features.
    n : numpy.ndarray of int, shape (n_features,)
        Complete pairs.
    rho : numpy.ndarray, shape (n_features,)
        Spearman's coefficient; NaN where one of the two does not vary.
    p, q : numpy.ndarray, shape (n_features,)
        By Student's t, and adjusted by Benjamini and Hochberg.
    """

    names: tuple[str, ...]
    n: Counts
    rho: Floats
    p: Floats
    q: Floats


def ranked(values: Floats) -> tuple[Floats, Floats]:
    """
    Rank each column; ties share their mean.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_samples, n_features)
        NaN is missing and keeps rank NaN.

    Returns
    -------
    tuple of numpy.ndarray
        Ranks of the same shape, and for each feature the sum of t^3 - t over its groups of t ties.

    Examples
    --------
    >>> ranks, ties = ranked(np.array([[3.0], [1.0], [3.0], [np.nan]]))
    >>> ranks[:, 0].tolist(), ties.tolist()
    ([2.5, 1.0, 2.5, nan], [6.0])
    """
    n = values.shape[0]
    order = np.argsort(values, axis=0, kind="stable")  # NaN last
    ordered = np.take_along_axis(values, order, axis=0)
    steps = np.arange(n)[:, None]
    is_new = np.ones(values.shape, dtype=np.bool_)
    is_new[1:] = (ordered[1:] != ordered[:-1]) | np.isnan(ordered[1:])
    first = np.maximum.accumulate(np.where(is_new, steps, 0), axis=0)
    is_last = np.ones_like(is_new)
    is_last[:-1] = is_new[1:]
    last = np.minimum.accumulate(np.where(is_last, steps, n)[::-1], axis=0)[::-1]
    ranks = np.empty_like(values)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=0)
    size = (last - first + 1).astype(np.float64)
    ties = np.where(is_new, size**3 - size, 0.0).sum(axis=0)
    return np.where(np.isnan(values), np.nan, ranks), ties


def _labels(names: Sequence[str] | None, n: int) -> tuple[str, ...]:
    labels = tuple(f"x{i + 1}" for i in range(n)) if names is None else tuple(map(str, names))
    if len(labels) != n:
        raise MethodError(f"names: {len(labels)} for {n} features.")
    return labels


def _check_kind(kind: str) -> None:
    if kind not in ("exact", "corrected", "normal"):
        raise MethodError(f"kind: unknown '{kind}'.{suggest(kind, ['exact', 'corrected', 'normal'])}")


def _approximate(statistic: Floats, expected: Floats, variance: Floats, kind: Kind) -> Floats:
    """Two-sided normal approximation; NaN where nothing varies."""
    shift = np.abs(statistic - expected)
    if kind != "normal":
        shift = np.where(shift > 0, shift - 0.5, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(variance > 0, np.minimum(2 * special.ndtr(-shift / np.sqrt(variance)), 1.0), np.nan))


def signed_rank_screen(
    before: ArrayLike, after: ArrayLike, *, names: Sequence[str] | None = None, kind: Kind = "exact"
) -> RankScreen:
    """
    Wilcoxon's signed-rank test of the pairs of each feature.

    Parameters
    ----------
    before, after : array_like, shape (n_pairs, n_features)
        Pairs in the same order; a pair with a missing value is left out of its feature.
    names : sequence of str, optional
        Names of the features.
    kind : {"exact", "corrected", "normal"}
        Exact also with ties; R's ``wilcox.test(exact = FALSE)``; or without continuity correction, as SPSS.

    Returns
    -------
    RankScreen
        Differences of zero are dropped. Above 60 pairs the exact p value gives way to ``corrected``.

    Raises
    ------
    MethodError
        If the shapes differ.

    References
    ----------
    .. [1] Wilcoxon F (1945), Biometrics Bull 1(6):80-83.

    Examples
    --------
    >>> screen = signed_rank_screen([[4.0], [5.0], [4.0], [7.0], [5.0], [8.0]], [[5.0], [7.0], [3.0], [9.0], [6.0], [8.0]])
    >>> screen.statistic.tolist(), screen.p.tolist()
    ([13.0], [0.25])
    """
    _check_kind(kind)
    first, second = check_matrix(before, name="before"), check_matrix(after, name="after")
    if first.shape != second.shape:
        raise MethodError(f"after: shape {second.shape} beside {first.shape}; give one row for each pair.")
    difference = second - first
    labels = _labels(names, difference.shape[1])
    largest = np.maximum(*(np.nanmax(np.abs(part), axis=0, initial=0.0) for part in (first, second)))
    scaled = difference / np.where(largest > 0, largest, 1.0)
    # differences that agree up to rounding are tied, as in onearm.stats.ranks
    moved = np.where(np.abs(scaled) > 1e-12, scaled, np.nan)
    ranks, ties = ranked(np.asarray(np.round(np.abs(moved), 11), dtype=np.float64))
    n = (~np.isnan(moved)).sum(axis=0)
    statistic = np.where(moved > 0, ranks, 0.0).sum(axis=0)
    p = _approximate(statistic, n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24 - ties / 48, kind)
    if kind == "exact":
        p = _exact_signed(difference, statistic, n, ties, p)
    complete = (~np.isnan(difference)).sum(axis=0)
    effect = _medians(difference)
    p = np.where((n == 0) & (complete > 0), 1.0, p)
    return RankScreen(
        labels, complete, effect, statistic, np.full(n.size, np.nan), p, adjust_p(p), f"paired Wilcoxon, {kind}"
    )


def _medians(values: Floats) -> Floats:
    """Median of each column; NaN where there is no value."""
    result = np.full(values.shape[1], np.nan)
    some = (~np.isnan(values)).any(axis=0)
    if some.any():
        result[some] = np.nanmedian(values[:, some], axis=0)
    return result


def _exact_signed(difference: Floats, statistic: Floats, n: Counts, ties: Floats, p: Floats) -> Floats:
    """Exact p values; features without ties share one distribution for each number of pairs."""
    p = p.copy()
    untied: dict[tuple[int, float], float] = {}
    for j in np.flatnonzero((n > 0) & (n <= _EXACT_UP_TO)):
        key = (int(n[j]), float(statistic[j]))
        if ties[j] == 0 and key in untied:
            p[j] = untied[key]
            continue
        p[j] = signed_rank(difference[:, j]).p_exact
        if ties[j] == 0:
            untied[key] = float(p[j])
    return p


def rank_sum_screen(
    values: ArrayLike, is_second: ArrayLike, *, names: Sequence[str] | None = None, kind: Kind = "exact"
) -> RankScreen:
    """
    Wilcoxon's rank-sum test of each feature between two groups.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        NaN is left out.
    is_second : array_like of bool, shape (n_samples,)
        Which samples are in the second group.
    names : sequence of str, optional
        Names of the features.
    kind : {"exact", "corrected", "normal"}
        As in `signed_rank_screen`.

    Returns
    -------
    RankScreen
        Above 60 samples the exact p value gives way to ``corrected``.

    Raises
    ------
    MethodError
        If a group has no sample.

    References
    ----------
    .. [1] Mann HB, Whitney DR (1947), Ann Math Stat 18(1):50-60.

    Examples
    --------
    >>> screen = rank_sum_screen([[1.0], [2.0], [3.0], [4.0]], [0, 0, 1, 1])
    >>> screen.auc.tolist(), round(float(screen.p[0]), 4)
    ([1.0], 0.3333)
    """
    _check_kind(kind)
    matrix, second = check_matrix(values), np.asarray(is_second, dtype=np.bool_)
    if second.shape != matrix.shape[:1] or not 0 < second.sum() < second.size:
        raise MethodError(
            f"is_second: two groups among {matrix.shape[0]} samples are needed; {second.sum()} are in the second."
        )
    labels = _labels(names, matrix.shape[1])
    ranks, ties = ranked(matrix)
    known = ~np.isnan(matrix)
    n2, n1 = known[second].sum(axis=0), known[~second].sum(axis=0)
    n = n1 + n2
    statistic = np.where(known[second], ranks[second], 0.0).sum(axis=0) - n2 * (n2 + 1) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)))
        auc = np.where((n1 > 0) & (n2 > 0), statistic / (n1 * n2), np.nan)
    p = _approximate(statistic, n1 * n2 / 2, variance, kind)
    if kind == "exact":
        p = _exact_sums(matrix, second, statistic, (n1, n2), ties, p)
    effect = _medians(matrix[second]) - _medians(matrix[~second])
    return RankScreen(labels, n, effect, statistic, auc, p, adjust_p(p), f"rank-sum test, {kind}")


def _exact_sums(
    matrix: Floats, second: NDArray[np.bool_], statistic: Floats, sizes: tuple[Counts, Counts], ties: Floats, p: Floats
) -> Floats:
    p, (n1, n2) = p.copy(), sizes
    untied: dict[tuple[int, int, float], float] = {}
    for j in np.flatnonzero((n1 > 0) & (n2 > 0) & (n1 + n2 <= _EXACT_UP_TO)):
        key = (int(n1[j]), int(n2[j]), float(statistic[j]))
        if ties[j] == 0 and key in untied:
            p[j] = untied[key]
            continue
        p[j] = rank_sum(matrix[second, j], matrix[~second, j]).p_exact
        if ties[j] == 0:
            untied[key] = float(p[j])
    return p


def spearman_screen(values: ArrayLike, other: ArrayLike, *, names: Sequence[str] | None = None) -> SpearmanScreen:
    """
    Spearman's rank correlation of each feature with one variable.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        NaN leaves the sample out of this feature.
    other : array_like, shape (n_samples,)
        The variable, such as a score; NaN leaves the sample out.
    names : sequence of str, optional
        Names of the features.

    Returns
    -------
    SpearmanScreen
        With p by Student's t.

    Raises
    ------
    MethodError
        If the lengths differ.

    References
    ----------
    .. [1] Spearman C (1904), Am J Psychol 15(1):72-101.

    Examples
    --------
    >>> spearman_screen([[1.0, 4.0], [2.0, 3.0], [3.0, 1.0], [9.0, 2.0]], [1, 2, 3, 4]).rho.round(4).tolist()
    [1.0, -0.8]
    """
    matrix, y = check_matrix(values), np.asarray(other, dtype=np.float64)
    if y.shape != matrix.shape[:1]:
        raise MethodError(f"other: one value for each sample is needed; found {y.size} for {matrix.shape[0]}.")
    known = ~(np.isnan(matrix) | np.isnan(y)[:, None])
    x_ranks = ranked(np.where(known, matrix, np.nan))[0]
    y_ranks = ranked(np.where(known, y[:, None], np.nan))[0]
    n = known.sum(axis=0)
    centre = (n + 1) / 2
    x, z = np.where(known, x_ranks - centre, 0.0), np.where(known, y_ranks - centre, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = np.clip((x * z).sum(axis=0) / np.sqrt((x**2).sum(axis=0) * (z**2).sum(axis=0)), -1.0, 1.0)
        t = rho * np.sqrt((n - 2) / ((1 - rho) * (1 + rho)))
        p = np.where(np.abs(rho) == 1, 0.0, t_two_sided(t, np.maximum(n - 2, 1)))
    p = np.where((n < 3) | np.isnan(rho), np.nan, p)
    return SpearmanScreen(_labels(names, matrix.shape[1]), n, rho, p, adjust_p(p))
