"""
Tables of counts: Fisher's exact test with the conditional odds ratio, chi-squared, McNemar.

Rows are groups and columns are outcomes; turning a table over changes no p value. Every test returns all of its usual
variants under their names, so that a printed number can be found again whichever program made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.counts import count_table, log_choose
from onearm.stats.fisher_tables import freeman_halton
from onearm.stats.interval import level_problems
from onearm.stats.odds_ratio import conditional_distribution, conditional_odds_ratio

__all__ = ["ChiSquared", "FisherTest", "McNemar", "chi_squared", "fisher_exact", "mcnemar"]

Integers = NDArray[np.int64]

_SAME = 1 + 1e-7
"""Tables whose probabilities agree to one part in 10 million are equally probable, as in R's ``fisher.test``."""


@dataclass(frozen=True)
class FisherTest(Framed):
    """
    Fisher's exact test.

    Attributes
    ----------
    p_two_sided : float
        All tables no more probable than the one seen, as R and SAS.
    p_greater, p_less : float
        One-sided, for a larger and for a smaller first cell; NaN unless 2 x 2.
    p_mid : float
        Two-sided with half the probability of the tables as probable as the one seen; NaN unless 2 x 2.
    p_table : float
        Probability of the table seen. SAS's mid-p is ``p_two_sided - p_table / 2``.
    odds_ratio : float
        Conditional maximum-likelihood estimate, not the sample odds ratio; NaN unless 2 x 2.
    odds_ratio_low, odds_ratio_high : float
        Exact interval (two one-sided tests); NaN unless 2 x 2. R's ``fisher.test`` defines the same three numbers and
        stops its search early; `onearm.stats.odds_ratio.conditional_odds_ratio_r` gives its digits.
    level : float
        Of the interval.
    note : str
        What to know when reading it; mostly empty.
    """

    p_two_sided: float
    p_greater: float
    p_less: float
    p_mid: float
    p_table: float
    odds_ratio: float
    odds_ratio_low: float
    odds_ratio_high: float
    level: float
    note: str = ""


def fisher_exact(table: ArrayLike, *, level: float = 0.95) -> FisherTest:
    """
    Exact test of independence in a table of counts, with its margins held fixed.

    Parameters
    ----------
    table : array_like, shape (n_rows, n_columns)
        Counts; two rows and columns at least. Empty rows and columns change nothing.
    level : float, default 0.95
        Of the interval of the odds ratio of a 2 x 2 table.

    Returns
    -------
    FisherTest
        With an empty margin every p value is 1 and the odds ratio is 0 with the interval 0 to infinity, as in R; the
        note says that the table holds no information.

    Raises
    ------
    MethodError
        For a table or level that cannot be used, and for a table larger than 2 x 2 with too many arrangements to
        enumerate; `onearm.stats.fisher_tables.fisher_monte_carlo` takes any size.

    References
    ----------
    .. [1] Fisher RA (1935), J R Stat Soc 98(1):39-82.
    .. [2] Freeman GH, Halton JH (1951), Biometrika 38(1-2):141-149.

    Examples
    --------
    >>> test = fisher_exact([[14, 2], [19, 38]])
    >>> f"{test.p_two_sided:.6f}", round(test.odds_ratio, 2)
    ('0.000141', 13.49)
    """
    counts = count_table(table)
    if problems := level_problems(level):
        raise MethodError(*problems)
    if counts.shape == (2, 2):
        return _fisher_2x2(counts, level)
    p, p_table = freeman_halton(counts)
    return FisherTest(p, nan, nan, nan, p_table, nan, nan, nan, level)


def _fisher_2x2(counts: Integers, level: float) -> FisherTest:
    conditional = conditional_distribution(counts)
    support, x = conditional.support, conditional.x
    p = conditional.probabilities(0.0)
    own = p[support == x].item()
    same = np.abs(p - own) <= own * (_SAME - 1)
    ratio = conditional_odds_ratio(counts, level=level)
    return FisherTest(
        p_two_sided=min(1.0, float(p[p <= own * _SAME].sum())),
        p_greater=min(1.0, float(p[support >= x].sum())),
        p_less=min(1.0, float(p[support <= x].sum())),
        p_mid=float(p[(p < own) & ~same].sum() + p[same].sum() / 2),
        p_table=own,
        odds_ratio=ratio.estimate,
        odds_ratio_low=ratio.low,
        odds_ratio_high=ratio.high,
        level=level,
        note=ratio.note,
    )


@dataclass(frozen=True)
class ChiSquared(Framed):
    """
    Chi-squared test of independence.

    Attributes
    ----------
    statistic, p : float
        Pearson's, without correction; NaN where a margin is zero.
    df : int
        Degrees of freedom.
    corrected_statistic, corrected_p : float
        With Yates' correction as R's ``chisq.test``; NaN unless 2 x 2.
    likelihood_ratio, likelihood_ratio_p : float
        G squared, as SAS prints it beside Pearson's.
    smallest_expected : float
        Smallest expected count; below 5 an exact test is to be preferred.
    note : str
        What to know when reading it; mostly empty.
    """

    statistic: float
    p: float
    df: int
    corrected_statistic: float
    corrected_p: float
    likelihood_ratio: float
    likelihood_ratio_p: float
    smallest_expected: float
    note: str = ""


def chi_squared(table: ArrayLike) -> ChiSquared:
    """
    Pearson's chi-squared test of independence in a table of counts.

    Parameters
    ----------
    table : array_like, shape (n_rows, n_columns)
        Counts; two rows and columns at least.

    Returns
    -------
    ChiSquared
        With an empty row or column the statistics are NaN, as in R, and the note says so.

    Raises
    ------
    MethodError
        For a table that cannot be used.

    Notes
    -----
    Yates' correction is never larger than the difference between observed and expected count, as in R; SAS does the
    same.

    References
    ----------
    .. [1] Pearson K (1900), Philos Mag 50(302):157-175.
    .. [2] Yates F (1934), Suppl J R Stat Soc 1(2):217-235.

    Examples
    --------
    >>> test = chi_squared([[14, 2], [19, 38]])
    >>> round(test.statistic, 3), round(test.corrected_statistic, 3), test.df
    (14.798, 12.692, 1)
    """
    counts = count_table(table)
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    df = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    if not (rows.all() and columns.all()):
        return ChiSquared(nan, nan, df, nan, nan, nan, nan, 0.0, "a row or column is empty: nothing to compare")
    expected = np.outer(rows, columns) / counts.sum()
    difference = np.abs(counts - expected)
    statistic = float((difference**2 / expected).sum())
    # Rounding noise must not count as a difference, nor as more than there is.
    corrected = float(((difference - min(0.5, difference.min())) ** 2 / expected).sum()) if df == 1 else nan
    ratio = max(0.0, float(2 * special.xlogy(counts, counts / expected).sum()))
    return ChiSquared(
        statistic=statistic,
        p=float(special.chdtrc(df, statistic)),
        df=df,
        corrected_statistic=corrected,
        corrected_p=float(special.chdtrc(df, corrected)),
        likelihood_ratio=ratio,
        likelihood_ratio_p=float(special.chdtrc(df, ratio)),
        smallest_expected=float(expected.min()),
    )


@dataclass(frozen=True)
class McNemar(Framed):
    """
    McNemar's test of paired yes-no answers.

    Attributes
    ----------
    first_only, second_only : int
        Discordant pairs: yes in the first answer only, yes in the second only.
    p_exact : float
        Two-sided binomial test of the discordant pairs; NaN where there are none.
    p_mid : float
        Exact with half the probability of the split seen.
    statistic, p : float
        Chi-squared with one degree of freedom, without correction, as SAS.
    corrected_statistic, corrected_p : float
        With continuity correction, as R's ``mcnemar.test``.
    """

    first_only: int
    second_only: int
    p_exact: float
    p_mid: float
    statistic: float
    p: float
    corrected_statistic: float
    corrected_p: float


def mcnemar(table: ArrayLike) -> McNemar:
    """
    Test whether two yes-no answers about the same subjects are yes equally often.

    Parameters
    ----------
    table : array_like, shape (2, 2)
        Pairs: rows are the first answer (yes, no), columns the second (yes, no).

    Returns
    -------
    McNemar
        Every value is NaN where no pair is discordant.

    Raises
    ------
    MethodError
        For a table that cannot be used.

    References
    ----------
    .. [1] McNemar Q (1947), Psychometrika 12(2):153-157.
    .. [2] Fagerland MW, Lydersen S, Laake P (2013), BMC Med Res Methodol 13:91.

    Examples
    --------
    >>> test = mcnemar([[20, 9], [2, 15]])
    >>> round(test.p_exact, 4), round(test.p_mid, 4)
    (0.0654, 0.0386)
    """
    counts = count_table(table, shape=(2, 2))
    first, second = int(counts[0, 1]), int(counts[1, 0])
    total, fewer = first + second, min(first, second)
    if total == 0:
        return McNemar(0, 0, nan, nan, nan, nan, nan, nan)
    tail = float(special.bdtr(fewer, total, 0.5))
    own = float(np.exp(log_choose(total, np.asarray(fewer)) - total * np.log(2)))
    statistic = (first - second) ** 2 / total
    # R applies no correction where the two cells agree.
    corrected = max(0, abs(first - second) - 1) ** 2 / total
    return McNemar(
        first_only=first,
        second_only=second,
        p_exact=min(1.0, 2 * tail),
        p_mid=min(1.0, 2 * tail - own),
        statistic=statistic,
        p=float(special.chdtrc(1, statistic)),
        corrected_statistic=corrected,
        corrected_p=float(special.chdtrc(1, corrected)),
    )
