"""
Exact permutation distributions of sums of scores, by the shift algorithm.

Scores are whole numbers (twice the midranks, so that ties cost nothing), and the number of ways to reach each sum is
counted one subject at a time. No sampling, and no assumption about ties.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["WORK_LIMIT", "NullDistribution", "sign_distribution", "subset_distribution"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WORK_LIMIT: Final = 2_000_000_000
"""Additions beyond which no exact distribution is counted; some seconds."""


class NullDistribution(NamedTuple):
    """
    Distribution of a sum of scores under the null hypothesis.

    Attributes
    ----------
    first : int
        Smallest sum.
    p : numpy.ndarray
        Probability of ``first``, ``first + 1``, and so on.
    """

    first: int
    p: Floats

    def at_least(self, value: float) -> float:
        """
        Upper tail.

        Parameters
        ----------
        value : float
            A sum; half of one where sums are not whole.

        Returns
        -------
        float
            P(sum >= value).
        """
        return min(1.0, float(self.p[max(0, int(np.ceil(value)) - self.first) :].sum()))

    def at_most(self, value: float) -> float:
        """
        Lower tail.

        Parameters
        ----------
        value : float
            A sum.

        Returns
        -------
        float
            P(sum <= value).
        """
        return min(1.0, float(self.p[: max(0, int(np.floor(value)) - self.first + 1)].sum()))

    def as_far(self, value: float) -> float:
        """
        Both tails.

        Parameters
        ----------
        value : float
            A sum.

        Returns
        -------
        float
            Probability of a sum at least as far from its expectation.
        """
        sums = self.first + np.arange(self.p.size)
        # Twice the expectation is a whole number or a ratio with small divisor; noise is far below one part in 10^9.
        expectation = float(self.p @ sums)
        far = np.abs(sums - expectation) >= abs(value - expectation) - 1e-9 * max(1.0, abs(expectation))
        return min(1.0, float(self.p[far].sum()))


def subset_distribution(scores: Integers, size: int) -> NullDistribution | None:
    """
    Sum of the scores of a random subset.

    Parameters
    ----------
    scores : numpy.ndarray of int, shape (n,)
        Scores of all subjects.
    size : int
        Number of subjects drawn without replacement.

    Returns
    -------
    NullDistribution or None
        None where counting would take more than `WORK_LIMIT` additions.

    References
    ----------
    .. [1] Streitberg B, Roehmel J (1986), Stat Software Newsl 12:10-17.
    .. [2] Pagano M, Tritchler D (1983), J Am Stat Assoc 78(382):435-440.

    Examples
    --------
    >>> subset_distribution(np.array([1, 2, 3]), 2)
    NullDistribution(first=3, p=array([0.33333333, 0.33333333, 0.33333333]))
    """
    n = scores.size
    if size > n - size:
        rest = subset_distribution(scores, n - size)
        last = int(scores.sum())
        return None if rest is None else NullDistribution(last - rest.first - rest.p.size + 1, rest.p[::-1])
    origin = int(scores.min(initial=0))
    shifted = np.sort(scores - origin)
    width = int(shifted[n - size :].sum()) + 1
    if n * (size + 1) * width > WORK_LIMIT:
        return None
    ways = np.zeros((size + 1, width))
    ways[0, 0] = 1.0
    reach = 0
    for taken, score in enumerate(shifted):
        # No more than all so far are chosen, and no fewer than the rest leaves to choose.
        fewest, most = max(1, size - (n - taken - 1)), min(taken + 1, size)
        reach = min(width - 1, reach + int(score))
        ways[fewest : most + 1, score : reach + 1] += ways[fewest - 1 : most, : reach + 1 - score].copy()
    counts = ways[size]
    first, last = np.flatnonzero(counts)[[0, -1]]
    return NullDistribution(int(first) + origin * size, counts[first : last + 1] / counts.sum())


def sign_distribution(scores: Integers) -> NullDistribution | None:
    """
    Sum of the scores of those subjects whose fair coin shows heads.

    Parameters
    ----------
    scores : numpy.ndarray of int, shape (n,)
        Non-negative scores of all subjects.

    Returns
    -------
    NullDistribution or None
        None where counting would take more than `WORK_LIMIT` additions.

    Examples
    --------
    >>> sign_distribution(np.array([1, 2])).p.tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    width = int(scores.sum()) + 1
    if scores.size * width > WORK_LIMIT:
        return None
    p = np.zeros(width)
    p[0] = 1.0
    for score in scores:
        p[score:] = (p[score:] + p[: width - score]) / 2
        p[:score] /= 2
    return NullDistribution(0, p)
