"""
Fisher's exact test beyond 2 x 2: the test of Freeman and Halton.

Tables with the margins seen are built column by column. What matters of the columns already filled is only what they
left for the rows, in any order, and the product of their factorials; arrangements that agree in both are one. An
arrangement all of whose completions count, or none, is not followed further. This is the network of Mehta and Patel
with simpler bounds.
"""

from __future__ import annotations

from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from onearm.errors import MethodError

__all__ = ["ARRANGEMENT_LIMIT", "fisher_monte_carlo", "freeman_halton"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ARRANGEMENT_LIMIT: Final = 500_000
"""Arrangements followed at the same time: 4 x 4 tables of 80 subjects, 3 x 4 of 150, 2 x 6 of several hundred."""

_WAYS_LIMIT: Final = 50_000
"""Ways to put one column into the rows; four rows and a column of 64, five rows and one of 30."""

_SAME: Final = np.log1p(1e-7)
"""Log probabilities no further apart are equal, as in R's ``fisher.test``."""
_DIGITS: Final = 9
"""Decimals of a sum of log factorials by which two arrangements are told apart."""


def freeman_halton(counts: Integers) -> tuple[float, float]:
    """
    Exact p value of a table of any size.

    Parameters
    ----------
    counts : numpy.ndarray of int, shape (n_rows, n_columns)
        Counts, already checked.

    Returns
    -------
    tuple of float
        Probability of all tables no more probable than the one seen, and of that table.

    Raises
    ------
    MethodError
        If there are more than `ARRANGEMENT_LIMIT` arrangements to follow.

    References
    ----------
    .. [1] Freeman GH, Halton JH (1951), Biometrika 38(1-2):141-149.
    .. [2] Mehta CR, Patel NR (1983), J Am Stat Assoc 78(382):427-434.

    Examples
    --------
    >>> p, own = freeman_halton(np.array([[4, 1, 0], [2, 5, 3], [0, 2, 6]]))
    >>> round(p, 6)
    0.011597
    """
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    counts = counts if counts.shape[0] <= counts.shape[1] else counts.T
    rows, columns = counts.sum(axis=1), np.sort(counts.sum(axis=0))
    if counts.shape[0] < 2:
        return 1.0, 1.0
    log_total = float(_log_factorials(rows) + _log_factorials(columns) - special.gammaln(counts.sum() + 1))
    seen = float(special.gammaln(counts + 1).sum())
    p = 0.0
    left, spent, weight = np.sort(rows)[None, :], np.zeros(1), np.ones(1)
    # The largest columns come last: the very last is what the others left, so the most tables are never built.
    for position, column in enumerate(columns):
        rest = columns[position + 1 :]
        left, spent, weight = _fill(left, spent, weight, int(column), is_last=rest.size == 0)
        fewest, most = _range_of_rest(left, rest)
        counts_all = spent + fewest >= seen - _SAME
        p += _probability(left[counts_all], spent[counts_all], weight[counts_all], rest, log_total)
        is_open = ~counts_all & (spent + most >= seen - _SAME)
        left, spent, weight = left[is_open], spent[is_open], weight[is_open]
        if not left.size:
            break
    return min(1.0, p), float(np.exp(log_total - seen))


def _log_factorials(counts: Integers) -> Floats:
    return np.asarray(special.gammaln(counts + 1).sum(axis=-1))


def _fill(
    left: Integers, spent: Floats, weight: Floats, column: int, *, is_last: bool
) -> tuple[Integers, Floats, Floats]:
    """Put one column into every arrangement in every possible way; merge those that agree."""
    if is_last:
        return np.zeros_like(left), spent + _log_factorials(left), weight
    if comb(column + left.shape[1] - 1, column) > _WAYS_LIMIT:
        raise _too_large()
    ways = _compositions(column, left.max(axis=0))
    parts: list[tuple[Integers, Floats, Floats]] = []
    made = 0
    for way, price in zip(ways, _log_factorials(ways), strict=True):
        fits = np.all(left >= way, axis=1)
        parts.append((np.sort(left[fits] - way, axis=1), spent[fits] + price, weight[fits]))
        made += parts[-1][1].size
        if made > 2 * ARRANGEMENT_LIMIT:  # merged as they come, so that memory stays bounded
            parts = [_merge(parts)]
            made = parts[0][1].size
    return _merge(parts)


def _merge(parts: list[tuple[Integers, Floats, Floats]]) -> tuple[Integers, Floats, Floats]:
    """Add the weights of arrangements that left the same and spent the same."""
    left, spent, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    base = int(left.max(initial=0)) + 1
    node = left @ base ** np.arange(left.shape[1], dtype=np.int64)
    order = np.lexsort((np.round(spent, _DIGITS), node))
    node, left, spent, weight = node[order], left[order], spent[order], weight[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(node) != 0) | (np.diff(np.round(spent, _DIGITS)) != 0)])
    if starts.size > ARRANGEMENT_LIMIT:
        raise _too_large()
    return left[starts], spent[starts], np.add.reduceat(weight, starts)


def _compositions(total: int, most: Integers) -> Integers:
    """All ways to split a total over the rows, none above its most."""
    if most.size == 1:
        return np.array([[total]]) if total <= most[0] else np.empty((0, 1), dtype=np.int64)
    parts = []
    for first in range(min(total, int(most[0])) + 1):
        rest = _compositions(total - first, most[1:])
        parts.append(np.column_stack([np.full(rest.shape[0], first, dtype=np.int64), rest]))
    return np.concatenate(parts)


def _range_of_rest(left: Integers, rest: Integers) -> tuple[Floats, Floats]:
    """
    Bounds of the sum of log factorials of the columns still to fill.

    The log factorial is convex: a margin spread evenly costs least and in one cell costs most. Either family of margins
    gives a bound; the tighter is taken.
    """
    if rest.size == 0:
        return np.zeros(left.shape[0]), np.zeros(left.shape[0])
    n_rows, n_columns = left.shape[1], rest.size
    by_row = n_columns * special.gammaln(left / n_columns + 1).sum(axis=1)
    by_column = n_rows * special.gammaln(rest / n_rows + 1).sum()
    return np.maximum(by_row, by_column), np.minimum(_log_factorials(left), _log_factorials(rest))


def _probability(left: Integers, spent: Floats, weight: Floats, rest: Integers, log_total: float) -> float:
    """Probability of all completions of some arrangements; those of the rest sum to a multinomial coefficient."""
    completions = special.gammaln(rest.sum() + 1) - _log_factorials(left) - float(_log_factorials(rest))
    return float((weight * np.exp(log_total - spent + completions)).sum())


def _too_large() -> MethodError:
    return MethodError(
        f"table: more than {ARRANGEMENT_LIMIT:,} arrangements must be followed for the exact p value. "
        "Join sparse rows or columns, or use fisher_monte_carlo."
    )


def fisher_monte_carlo(counts: Integers, *, tables: int = 100_000, seed: int) -> tuple[float, float]:
    """
    P value of Fisher's test from random tables with the margins seen.

    Parameters
    ----------
    counts : numpy.ndarray of int, shape (n_rows, n_columns)
        Counts.
    tables : int, default 100_000
        Number of random tables.
    seed : int
        Seed; the same seed gives the same p value.

    Returns
    -------
    tuple of float
        P value, with the table seen counted among the random ones, and its simulation standard error.

    Examples
    --------
    >>> p, error = fisher_monte_carlo(np.array([[4, 1, 0], [2, 5, 3], [0, 2, 6]]), seed=1)
    >>> abs(p - 0.0115974) < 4 * error
    True
    """
    rng = np.random.default_rng(seed)
    random = stats.random_table(counts.sum(axis=1), counts.sum(axis=0), seed=rng).rvs(size=tables)
    spent = special.gammaln(random + 1).sum(axis=(1, 2))
    as_extreme = int((spent >= special.gammaln(counts + 1).sum() - _SAME).sum())
    p = (as_extreme + 1) / (tables + 1)
    return p, float(np.sqrt(p * (1 - p) / tables))
