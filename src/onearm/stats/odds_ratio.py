"""
The odds ratio of a 2 x 2 table given its margins: conditional maximum likelihood with its exact interval.

Given the margins, the first cell has the noncentral hypergeometric distribution, whose one parameter is the odds
ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from onearm.errors import MethodError
from onearm.stats.brent import brent_root
from onearm.stats.counts import count_table, log_choose
from onearm.stats.interval import Interval, level_problems

__all__ = ["ConditionalTable", "conditional_distribution", "conditional_odds_ratio", "conditional_odds_ratio_r"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Solver = Callable[[Callable[[float], float]], float]


@dataclass(frozen=True)
class ConditionalTable:
    """
    First cell of a 2 x 2 table given its margins.

    Attributes
    ----------
    x : int
        First cell as seen.
    support : numpy.ndarray of int
        Values that it can have.
    log_weight : numpy.ndarray of float
        Logarithm of the number of ways to have each of them.
    """

    x: int
    support: Integers
    log_weight: Floats

    def probabilities(self, log_odds: float) -> Floats:
        """
        Noncentral hypergeometric distribution.

        Parameters
        ----------
        log_odds : float
            Logarithm of the odds ratio; may be infinite.

        Returns
        -------
        numpy.ndarray
            Probability of each value of the support.
        """
        if np.isinf(log_odds):
            return np.asarray(self.support == self.support[0 if log_odds < 0 else -1], dtype=np.float64)
        log_p = self.log_weight + self.support * log_odds
        p = np.exp(log_p - log_p.max())
        return np.asarray(p / p.sum())


def conditional_distribution(counts: Integers) -> ConditionalTable:
    """
    Set up the distribution of the first cell.

    Parameters
    ----------
    counts : numpy.ndarray of int, shape (2, 2)
        Counts, already checked.

    Returns
    -------
    ConditionalTable
        Given the margins of the counts.
    """
    first_column, second_column = (int(total) for total in counts.sum(axis=0))
    first_row = int(counts[0].sum())
    support = np.arange(max(0, first_row - second_column), min(first_row, first_column) + 1)
    log_weight = log_choose(first_column, support) + log_choose(second_column, first_row - support)
    return ConditionalTable(int(counts[0, 0]), support, log_weight)


def conditional_odds_ratio(table: ArrayLike, *, level: float = 0.95) -> Interval:
    """
    Conditional odds ratio with its exact interval.

    Parameters
    ----------
    table : array_like, shape (2, 2)
        Counts.
    level : float, default 0.95
        Two-sided coverage; each bound is that of a one-sided exact test.

    Returns
    -------
    Interval
        0 or infinity where the first cell is the smallest or the largest that the margins allow.

    Raises
    ------
    MethodError
        For a table or level that cannot be used.

    References
    ----------
    .. [1] Cornfield J (1956), Proc 3rd Berkeley Symp 4:135-148.

    Examples
    --------
    >>> conditional_odds_ratio([[3, 1], [1, 3]])
    6.408 (95% interval 0.2117 to 626.2, conditional, exact)
    """
    return _estimate(table, level, _root, "conditional, exact")


def conditional_odds_ratio_r(table: ArrayLike, *, level: float = 0.95) -> Interval:
    """
    Conditional odds ratio with the digits that R's ``fisher.test`` prints.

    R looks for the odds ratio, or for its inverse where that is below 1, with a tolerance of 0.00012. A large bound can
    therefore be off in the third digit: for the table below it is 626.2, and R prints 621.9.

    Parameters
    ----------
    table : array_like, shape (2, 2)
        Counts.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    Interval
        What R prints, for the comparison with a published number; otherwise use `conditional_odds_ratio`.

    Raises
    ------
    MethodError
        For a table or level that cannot be used.

    Examples
    --------
    >>> conditional_odds_ratio_r([[3, 1], [1, 3]])
    6.408 (95% interval 0.2117 to 621.9, conditional, as R fisher.test)
    """
    return _estimate(table, level, _root_as_r, "conditional, as R fisher.test")


def _estimate(table: ArrayLike, level: float, root: Solver, method: str) -> Interval:
    counts = count_table(table, shape=(2, 2))
    if problems := level_problems(level):
        raise MethodError(*problems)
    given = conditional_distribution(counts)
    x, support, tail = given.x, given.support, (1 - level) / 2
    is_first, is_last = x == support[0], x == support[-1]
    return Interval(
        low=0.0 if is_first else root(lambda t: float(given.probabilities(t)[support >= x].sum()) - tail),
        high=inf if is_last else root(lambda t: tail - float(given.probabilities(t)[support <= x].sum())),
        estimate=0.0 if is_first else inf if is_last else root(lambda t: float(given.probabilities(t) @ support) - x),
        level=level,
        method=method,
        note="a margin is zero: the table says nothing about the odds ratio" if is_first and is_last else "",
    )


def _root(rising: Callable[[float], float]) -> float:
    """Odds ratio at which a function of its logarithm is 0."""
    reach = 1.0
    while rising(-reach) > 0 or rising(reach) < 0:
        reach *= 2
    return float(np.exp(optimize.brentq(rising, -reach, reach, xtol=1e-14, rtol=1e-14)))


def _root_as_r(rising: Callable[[float], float]) -> float:
    """Look on the side of 1 where the odds ratio lies, above 1 by its inverse, and stop when R stops."""
    at_one = rising(0.0)
    if at_one > 0:
        return brent_root(lambda ratio: rising(np.log(ratio) if ratio > 0 else -inf), 0.0, 1.0)
    if at_one < 0:
        return 1 / brent_root(lambda inverse: rising(-np.log(inverse)), float(np.finfo(np.float64).eps), 1.0)
    return 1.0
