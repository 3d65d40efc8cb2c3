"""Tests of a trend over ordered groups: Cochran-Armitage for proportions, Jonckheere-Terpstra for ranks."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.counts import log_choose
from onearm.stats.permutation import NullDistribution, subset_distribution
from onearm.stats.samples import check_groups

__all__ = ["TrendTest", "cochran_armitage", "jonckheere_terpstra"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_STATE_LIMIT: Final = 100_000_000
"""Arrangements times sums beyond which the exact Jonckheere-Terpstra distribution is not counted."""


@dataclass(frozen=True)
class TrendTest(Framed):
    """
    A test of a trend.

    Attributes
    ----------
    statistic : float
        Sum of the scores of the successes (Cochran-Armitage), or pairs in which the later group is larger, ties
        counting one half (Jonckheere-Terpstra).
    z, p : float
        Normal approximation without continuity correction, two-sided; ``z`` squared is R's ``prop.trend.test``. NaN
        where nothing varies.
    p_exact : float
        Two-sided by the permutation distribution: as far from its expectation. NaN where it cannot be counted.
    p_exact_rising, p_exact_falling : float
        One-sided.
    note : str
        What to know when reading it; mostly empty.
    """

    statistic: float
    z: float
    p: float
    p_exact: float
    p_exact_rising: float
    p_exact_falling: float
    note: str = ""


def cochran_armitage(successes: ArrayLike, totals: ArrayLike, *, scores: ArrayLike | None = None) -> TrendTest:
    """
    Test whether a proportion rises or falls over ordered groups.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_groups,)
        Successes and subjects of each group, in order.
    scores : array_like, shape (n_groups,), optional
        Distances of the groups, such as doses; 1, 2, 3, ... by default. The exact p value needs whole multiples of a
        common step.

    Returns
    -------
    TrendTest
        Conditional on the total number of successes.

    Raises
    ------
    MethodError
        For counts that cannot be, or a wrong number of scores.

    References
    ----------
    .. [1] Cochran WG (1954), Biometrics 10(4):417-451.
    .. [2] Armitage P (1955), Biometrics 11(3):375-386.

    Examples
    --------
    >>> test = cochran_armitage([1, 3, 7], [12, 11, 13])
    >>> round(test.z, 4), round(test.p, 4), round(test.p_exact, 4)
    (2.4738, 0.0134, 0.0171)
    """
    x, n, score = _check_trend(successes, totals, scores)
    total, responders = int(n.sum()), int(x.sum())
    statistic = float(score @ x)
    expectation = responders * float(score @ n) / total
    spread = float(score**2 @ n) - float(score @ n) ** 2 / total
    variance = responders * (total - responders) / total**2 * spread
    whole, step = _whole_multiples(score)
    exact = None if whole is None else subset_distribution(np.repeat(whole, n), responders)
    seen = 0.0 if whole is None else float(whole @ x)
    note = "" if exact is not None else f"no exact p value: {step}"
    return _result(statistic=statistic, expectation=expectation, variance=variance, exact=exact, seen=seen, note=note)


def _check_trend(
    successes: ArrayLike, totals: ArrayLike, scores: ArrayLike | None
) -> tuple[Integers, Integers, Floats]:
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    score = np.arange(1.0, n.size + 1) if scores is None else np.asarray(scores, dtype=np.float64)
    problems = []
    if n.ndim != 1 or n.size < 2 or x.shape != n.shape or score.shape != n.shape:
        problems.append(
            "successes, totals, scores: one value for each of two groups or more is needed; "
            f"found shapes {x.shape}, {n.shape} and {score.shape}."
        )
    elif np.any((x < 0) | (x > n) | (x != np.floor(x)) | (n != np.floor(n)) | (n < 1)):
        problems.append("successes, totals: whole numbers with 0 <= successes <= totals and totals >= 1 are needed.")
    elif not np.all(np.isfinite(score)):
        problems.append("scores: finite numbers are needed.")
    if problems:
        raise MethodError(*problems)
    return x.astype(np.int64), n.astype(np.int64), score


def _whole_multiples(score: Floats) -> tuple[Integers | None, str]:
    """Scores as whole numbers from 0 with the same ratios of their distances, or why there are none."""
    distance = score - score.min()
    step = np.min(distance[distance > 0], initial=np.inf)
    if np.isinf(step):
        return np.zeros(score.size, dtype=np.int64), ""
    for divisor in range(1, 1001):
        multiple = distance / step * divisor
        if np.allclose(multiple, np.rint(multiple), rtol=0, atol=1e-9 * divisor):
            return np.rint(multiple).astype(np.int64), "too many subjects"
    return None, "the scores are no whole multiples of a common step"


def _result(
    *,
    statistic: float,
    expectation: float,
    variance: float,
    exact: NullDistribution | None,
    seen: float,
    note: str,
) -> TrendTest:
    z = (statistic - expectation) / float(np.sqrt(variance)) if variance > 0 else nan
    return TrendTest(
        statistic=statistic,
        z=z,
        p=2 * float(special.ndtr(-abs(z))),
        p_exact=nan if exact is None else exact.as_far(seen),
        p_exact_rising=nan if exact is None else exact.at_least(seen),
        p_exact_falling=nan if exact is None else exact.at_most(seen),
        note=note if variance > 0 else "nothing varies",
    )


def jonckheere_terpstra(*groups: ArrayLike) -> TrendTest:
    """
    Test whether values rise or fall over ordered groups.

    Parameters
    ----------
    *groups : array_like, shape (n_i,)
        Two groups at least, in order. NaN is left out.

    Returns
    -------
    TrendTest
        With the variance for ties, as SAS; the exact p values hold with ties as well.

    Raises
    ------
    MethodError
        With fewer than two groups, or a group without a value.

    References
    ----------
    .. [1] Jonckheere AR (1954), Biometrika 41(1-2):133-145.
    .. [2] Hollander M, Wolfe DA, Chicken E (2014), Nonparametric Statistical Methods, 3rd ed., Wiley, section 6.2.

    Examples
    --------
    >>> test = jonckheere_terpstra([40, 35, 38, 43, 44, 41], [38, 40, 47, 44, 40, 42], [48, 40, 45, 43, 46, 44])
    >>> test.statistic, round(test.z, 2)
    (79.0, 2.04)
    """
    samples = check_groups(groups)
    sizes = np.array([sample.size for sample in samples], dtype=np.float64)
    n = float(sizes.sum())
    doubled = 0
    for later in range(1, len(samples)):
        earlier = np.concatenate(samples[:later])
        difference = samples[later][:, None] > earlier
        doubled += 2 * int(difference.sum()) + int((samples[later][:, None] == earlier).sum())
    _, ties = np.unique(np.concatenate(samples), return_counts=True)
    exact = _jonckheere_distribution(sizes.astype(np.int64), ties)
    expectation = (n**2 - float((sizes**2).sum())) / 4
    note = "" if exact is not None else "no exact p value: too many subjects"
    return _result(
        statistic=doubled / 2,
        expectation=expectation,
        variance=_jonckheere_variance(n, sizes, ties),
        exact=exact,
        seen=doubled,
        note=note,
    )


def _jonckheere_variance(n: float, sizes: Floats, ties: Integers) -> float:
    def first(k: Floats) -> float:
        return float((k * (k - 1) * (2 * k + 5)).sum())

    def second(k: Floats) -> float:
        return float((k * (k - 1) * (k - 2)).sum())

    def third(k: Floats) -> float:
        return float((k * (k - 1)).sum())

    tied = ties.astype(np.float64)
    variance = (n * (n - 1) * (2 * n + 5) - first(sizes) - first(tied)) / 72
    if n > 2:
        variance += second(sizes) * second(tied) / (36 * n * (n - 1) * (n - 2))
    return variance + third(sizes) * third(tied) / (8 * n * (n - 1))


def _jonckheere_distribution(sizes: Integers, ties: Integers) -> NullDistribution | None:
    """
    Distribution of twice the statistic.

    Values are dealt to the groups from the smallest up, one group of ties at a time. What matters of those dealt is how
    many each group has.
    """
    width = int(sizes.sum() ** 2 - (sizes**2).sum()) + 1
    if width * float(np.prod(sizes + 1)) > _STATE_LIMIT:
        return None
    states: dict[tuple[int, ...], Floats] = {(0,) * sizes.size: np.eye(1, width)[0]}
    for tie in ties:
        dealt: dict[tuple[int, ...], Floats] = {}
        for held, ways in states.items():
            for new, log_ways in _deals(int(tie), sizes - np.asarray(held)):
                # A pair counts 2 where the later group is larger, and 1 where both are in this group of ties.
                gain = 2 * int((np.cumsum(held)[:-1] * new[1:]).sum()) + int((np.cumsum(new)[:-1] * new[1:]).sum())
                key = tuple(int(k) for k in np.asarray(held) + new)
                target = dealt.setdefault(key, np.zeros(width))
                target[gain:] += np.exp(log_ways) * ways[: width - gain]
        states = dealt
    (total,) = states.values()
    return NullDistribution(0, total / total.sum())


def _deals(tie: int, room: Integers) -> list[tuple[Integers, float]]:
    """All ways to deal equal values to groups with so much room, with the logarithm of their multinomial number."""
    found = [(np.zeros(0, dtype=np.int64), tie, 0.0)]
    for position, space in enumerate(room):
        is_last = position == room.size - 1
        extended = []
        for new, left, log_ways in found:
            for here in range(left if is_last else 0, min(left, int(space)) + 1):
                ways = log_ways + float(log_choose(left, np.asarray(here)))
                extended.append((np.append(new, here), left - here, ways))
        found = extended
    return [(new, log_ways) for new, left, log_ways in found if left == 0]
