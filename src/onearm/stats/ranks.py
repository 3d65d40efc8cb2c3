"""
Rank tests: rank-sum and signed-rank, exact also with ties, and Kruskal-Wallis.

Each test returns the exact p values and the approximations that the programs print, under their names:

==================================  =====================================================================
R ``wilcox.test``                   ``p_r``: exact below 50 without ties and zeros, else ``p_corrected``
SAS NPAR1WAY, normal approximation  ``p_corrected``; with ``exact wilcoxon``: ``p_exact``
SPSS NPAR TESTS, asymptotic         ``p_normal``; with exact tests: ``p_exact``
==================================  =====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from onearm.frames import Framed
from onearm.stats.permutation import NullDistribution, sign_distribution, subset_distribution
from onearm.stats.samples import check_groups, midranks, observed, paired_differences

__all__ = ["KruskalWallis", "RankTest", "kruskal_wallis", "rank_sum", "signed_rank"]

Floats = NDArray[np.float64]

_R_EXACT_BELOW = 50
_TOO_LARGE = "too many subjects for the exact p value"


@dataclass(frozen=True)
class RankTest(Framed):
    """
    A rank-sum or signed-rank test.

    Attributes
    ----------
    statistic : float
        Pairs in which x is larger, ties counting one half (R's W), or the sum of the ranks of the positive differences
        (R's V).
    n_x, n_y : int
        Subjects compared, without missing values; for the signed-rank test n_x counts the differences that are not
        zero, and n_y those that are.
    p_exact : float
        Two-sided by the permutation distribution: as far from its expectation. NaN where there are too many subjects.
    p_exact_greater, p_exact_less : float
        One-sided: x tends to be larger; x tends to be smaller.
    z, p_normal : float
        Normal approximation with the variance for ties, without continuity correction; two-sided.
    p_corrected, p_corrected_greater, p_corrected_less : float
        With continuity correction of 1/2.
    has_ties : bool
        Whether two subjects have the same rank, or a difference is zero.
    is_exact_in_r : bool
        Whether R's ``wilcox.test`` gives the exact p value by default.
    note : str
        What to know when reading it; mostly empty.
    """

    statistic: float
    n_x: int
    n_y: int
    p_exact: float
    p_exact_greater: float
    p_exact_less: float
    z: float
    p_normal: float
    p_corrected: float
    p_corrected_greater: float
    p_corrected_less: float
    has_ties: bool
    is_exact_in_r: bool
    note: str = ""

    @property
    def p_r(self) -> float:
        """The two-sided p value that R's ``wilcox.test`` prints by default."""
        return self.p_exact if self.is_exact_in_r else self.p_corrected


def rank_sum(x: ArrayLike, y: ArrayLike) -> RankTest:
    """
    Wilcoxon's rank-sum test, also called the Mann-Whitney test.

    Parameters
    ----------
    x, y : array_like, shape (n_x,), (n_y,)
        The two samples. NaN is left out.

    Returns
    -------
    RankTest
        Where all values are equal, every exact p value is 1 and the two-sided approximations are NaN, as in R.

    Raises
    ------
    MethodError
        If a sample has no value.

    References
    ----------
    .. [1] Wilcoxon F (1945), Biometrics Bull 1(6):80-83.
    .. [2] Mann HB, Whitney DR (1947), Ann Math Stat 18(1):50-60.

    Examples
    --------
    >>> test = rank_sum([1, 2, 2, 3, 4, 4, 5], [2, 3, 3, 5, 6, 6, 7, 8])
    >>> test.statistic, round(test.p_exact, 6), round(test.p_corrected, 6)
    (12.5, 0.078166, 0.079565)
    """
    first, second = observed(x, name="x"), observed(y, name="y")
    n_x, n_y = first.size, second.size
    n = n_x + n_y
    ranks, ties = midranks(np.concatenate([first, second]))
    statistic = float(ranks[:n_x].sum() - n_x * (n_x + 1) / 2)
    variance = n_x * n_y / 12 * (n + 1 - float((ties**3 - ties).sum()) / (n * (n - 1)))
    has_ties = bool(ties.max() > 1)
    scores = _whole_scores(ranks, has_ties=has_ties)
    return _rank_test(
        statistic=statistic,
        sizes=(n_x, n_y),
        exact=subset_distribution(scores, n_x),
        score=int(scores[:n_x].sum()),
        expectation=n_x * n_y / 2,
        variance=variance,
        has_ties=has_ties,
        is_exact_in_r=not has_ties and max(n_x, n_y) < _R_EXACT_BELOW,
    )


def signed_rank(x: ArrayLike, y: ArrayLike | None = None, *, mu: float = 0.0) -> RankTest:
    """
    Wilcoxon's signed-rank test of one sample or of pairs.

    Parameters
    ----------
    x : array_like, shape (n,)
        Values, or the first of each pair.
    y : array_like, shape (n,), optional
        The second of each pair. A pair with a missing value is left out.
    mu : float, default 0
        Median of x, or of x - y, under the null hypothesis.

    Returns
    -------
    RankTest
        Differences of zero are dropped, as Wilcoxon did and R, SAS and SPSS do; ``n_y`` counts them. Where all are
        zero, every exact p value is 1 and the approximations are NaN.

    Raises
    ------
    MethodError
        If no pair is complete, or the lengths differ.

    Notes
    -----
    Two differences that agree up to rounding are tied, so that 0.3 - 0.2 and 0.2 - 0.1 have one rank. R separates them
    unless ``digits.rank`` is set.

    References
    ----------
    .. [1] Wilcoxon F (1945), Biometrics Bull 1(6):80-83.

    Examples
    --------
    >>> test = signed_rank([5, 7, 3, 9, 6, 8], [4, 5, 4, 7, 5, 8])
    >>> test.statistic, test.n_x, test.n_y, test.p_exact
    (13.0, 5, 1, 0.25)
    """
    difference, noise = paired_differences(x, y, mu)
    nonzero = difference[np.abs(difference) > noise]
    n = nonzero.size
    if n == 0:
        return RankTest(
            0.0, 0, difference.size, 1.0, 1.0, 1.0, nan, nan, nan, 1.0, 1.0, True, False, "all differences are zero"
        )
    ranks, ties = midranks(np.abs(nonzero), noise=noise)
    scores = _whole_scores(ranks, has_ties=ties.max() > 1)
    has_ties = bool(ties.max() > 1 or n < difference.size)
    return _rank_test(
        statistic=float(ranks[nonzero > 0].sum()),
        sizes=(n, difference.size - n),
        exact=sign_distribution(scores),
        score=int(scores[nonzero > 0].sum()),
        expectation=n * (n + 1) / 4,
        variance=n * (n + 1) * (2 * n + 1) / 24 - float((ties**3 - ties).sum()) / 48,
        has_ties=has_ties,
        is_exact_in_r=not has_ties and n < _R_EXACT_BELOW,
    )


def _whole_scores(ranks: Floats, *, has_ties: bool) -> NDArray[np.int64]:
    """Ranks as whole numbers: twice the midranks where there are ties."""
    return np.rint(2 * ranks if has_ties else ranks).astype(np.int64)


def _rank_test(
    *,
    statistic: float,
    sizes: tuple[int, int],
    exact: NullDistribution | None,
    score: int,
    expectation: float,
    variance: float,
    has_ties: bool,
    is_exact_in_r: bool,
) -> RankTest:
    shift, sd = statistic - expectation, float(np.sqrt(max(variance, 0.0)))

    def upper(distance: float) -> float:
        if sd > 0:
            return float(special.ndtr(-distance / sd))
        return nan if distance == 0 else float(distance < 0)

    return RankTest(
        statistic=statistic,
        n_x=sizes[0],
        n_y=sizes[1],
        p_exact=nan if exact is None else exact.as_far(score),
        p_exact_greater=nan if exact is None else exact.at_least(score),
        p_exact_less=nan if exact is None else exact.at_most(score),
        z=shift / sd if sd > 0 else nan,
        p_normal=2 * upper(abs(shift)),
        # No correction where the statistic is its expectation, as R.
        p_corrected=2 * upper(abs(shift) - 0.5) if shift else 2 * upper(0.0),
        p_corrected_greater=upper(shift - 0.5),
        p_corrected_less=upper(-shift - 0.5),
        has_ties=has_ties,
        is_exact_in_r=is_exact_in_r and exact is not None,
        note=_TOO_LARGE if exact is None else "" if sd > 0 else "all values are equal",
    )


@dataclass(frozen=True)
class KruskalWallis(Framed):
    """
    The rank test of several groups.

    Attributes
    ----------
    statistic : float
        H with the correction for ties; NaN where all values are equal.
    df : int
        Groups less one.
    p : float
        By the chi-squared distribution.
    """

    statistic: float
    df: int
    p: float


def kruskal_wallis(*groups: ArrayLike) -> KruskalWallis:
    """
    Kruskal and Wallis's test of several groups.

    Parameters
    ----------
    *groups : array_like, shape (n_i,)
        Two groups at least. NaN is left out.

    Returns
    -------
    KruskalWallis
        As R's ``kruskal.test``.

    Raises
    ------
    MethodError
        With fewer than two groups, or a group without a value.

    References
    ----------
    .. [1] Kruskal WH, Wallis WA (1952), J Am Stat Assoc 47(260):583-621.

    Examples
    --------
    >>> test = kruskal_wallis([1, 2, 3], [4, 5, 6], [7, 8, 9])
    >>> round(test.statistic, 4), test.df, round(test.p, 4)
    (7.2, 2, 0.0273)
    """
    samples = check_groups(groups)
    ranks, ties = midranks(np.concatenate(samples))
    n = ranks.size
    starts = np.cumsum([0, *(sample.size for sample in samples[:-1])])
    sums = np.add.reduceat(ranks, starts)
    sizes = np.array([sample.size for sample in samples])
    raw = 12 / (n * (n + 1)) * float((sums**2 / sizes).sum()) - 3 * (n + 1)
    shrink = 1 - float((ties**3 - ties).sum()) / (n**3 - n)
    statistic = raw / shrink if shrink > 0 else nan
    df = len(samples) - 1
    return KruskalWallis(statistic, df, float(special.chdtrc(df, statistic)))
