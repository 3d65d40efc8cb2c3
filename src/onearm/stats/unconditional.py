"""
Unconditional exact tests of two proportions: Barnard and Boschloo.

Only the group sizes are fixed. The probability of all tables at least as extreme is taken at that common proportion for
which it is largest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.counts import count_table, log_choose

__all__ = ["UnconditionalTest", "barnard", "boschloo"]

Floats = NDArray[np.float64]
Region = NDArray[np.bool_]


@dataclass(frozen=True)
class UnconditionalTest(Framed):
    """
    An unconditional exact test of two proportions.

    Attributes
    ----------
    statistic : float
        By which tables are ordered: z with pooled variance (Barnard), Fisher's two-sided p (Boschloo).
    p_two_sided : float
        Largest probability of a table at least as extreme.
    p_greater, p_less : float
        One-sided: the first row has the larger, the smaller proportion.
    nuisance : float
        Common proportion at which the two-sided p is found.
    """

    statistic: float
    p_two_sided: float
    p_greater: float
    p_less: float
    nuisance: float


def barnard(table: ArrayLike) -> UnconditionalTest:
    """
    Barnard's test with the pooled z statistic.

    Parameters
    ----------
    table : array_like, shape (2, 2)
        Counts; rows are the groups, the first column the successes. Turning the table over changes the test.

    Returns
    -------
    UnconditionalTest
        As scipy's ``barnard_exact`` and R's ``Exact::exact.test(method = "z-pooled")``.

    Raises
    ------
    MethodError
        For a table that cannot be used, or a group without subjects.

    References
    ----------
    .. [1] Barnard GA (1945), Nature 156:177.
    .. [2] Suissa S, Shuster JJ (1985), J R Stat Soc A 148(4):317-327.

    Examples
    --------
    >>> round(barnard([[7, 8], [12, 3]]).p_two_sided, 4)
    0.0682
    """
    a, b, n1, n2 = _two_groups(table)
    x, y = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)
    pooled = (x + y) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    z = (x / n1 - y / n2) / np.sqrt(np.where(variance > 0, variance, 1.0))
    bar = z[a, b] * (1 - 1e-9 * np.sign(z[a, b]))
    p_two_sided, nuisance = _largest(np.abs(z) >= abs(z[a, b]) * (1 - 1e-9), n1, n2)
    return UnconditionalTest(
        statistic=float(z[a, b]),
        p_two_sided=p_two_sided,
        p_greater=_largest(z >= bar, n1, n2)[0],
        p_less=_largest(-z >= -z[a, b] * (1 + 1e-9 * np.sign(z[a, b])), n1, n2)[0],
        nuisance=nuisance,
    )


def boschloo(table: ArrayLike) -> UnconditionalTest:
    """
    Boschloo's test: Fisher's p value as the statistic; never less powerful than Fisher's test.

    Parameters
    ----------
    table : array_like, shape (2, 2)
        Counts; rows are the groups, the first column the successes.

    Returns
    -------
    UnconditionalTest
        Two-sided by Fisher's two-sided p, as R's ``Exact``; scipy's ``boschloo_exact`` doubles the one-sided one.

    Raises
    ------
    MethodError
        For a table that cannot be used, or a group without subjects.

    References
    ----------
    .. [1] Boschloo RD (1970), Stat Neerl 24(1):1-9.

    Examples
    --------
    >>> test = boschloo([[74, 43], [31, 32]])
    >>> round(test.p_greater, 4)
    0.0356
    """
    a, b, n1, n2 = _two_groups(table)
    greater, less, both = _fisher_p(n1, n2)
    # Tables whose p values agree to one part in 10 million are equally extreme, as in Fisher's test itself.
    p_two_sided, nuisance = _largest(both <= both[a, b] * (1 + 1e-7), n1, n2)
    return UnconditionalTest(
        statistic=float(both[a, b]),
        p_two_sided=p_two_sided,
        p_greater=_largest(greater <= greater[a, b] * (1 + 1e-7), n1, n2)[0],
        p_less=_largest(less <= less[a, b] * (1 + 1e-7), n1, n2)[0],
        nuisance=nuisance,
    )


def _two_groups(table: ArrayLike) -> tuple[int, int, int, int]:
    counts = count_table(table, shape=(2, 2))
    n1, n2 = (int(total) for total in counts.sum(axis=1))
    if n1 == 0 or n2 == 0:
        raise MethodError("table: each row is a group and needs one subject at least; found an empty row.")
    return int(counts[0, 0]), int(counts[1, 0]), n1, n2


def _fisher_p(n1: int, n2: int) -> tuple[Floats, Floats, Floats]:
    """Fisher's p values of every table of two groups: greater, less, two-sided."""
    greater, less, both = (np.ones((n1 + 1, n2 + 1)) for _ in range(3))
    for successes in range(n1 + n2 + 1):
        x = np.arange(max(0, successes - n2), min(n1, successes) + 1)
        log_p = log_choose(n1, x) + log_choose(n2, successes - x)
        p = np.exp(log_p - log_p.max())
        p /= p.sum()
        greater[x, successes - x] = np.cumsum(p[::-1])[::-1]
        less[x, successes - x] = np.cumsum(p)
        ordered = np.sort(p)
        below = np.r_[0.0, np.cumsum(ordered)]
        both[x, successes - x] = below[np.searchsorted(ordered, p * (1 + 1e-7), side="right")]
    return greater, less, both


def _largest(region: Region, n1: int, n2: int) -> tuple[float, float]:
    """Largest probability of a region over the common proportion, and where it is."""

    def probability(p: Floats) -> Floats:
        return np.asarray(((_binomial(n1, p) @ region) * _binomial(n2, p)).sum(axis=1))

    # A polynomial of degree n1 + n2 has no room for a peak between the points of so fine a grid.
    grid = np.linspace(0, 1, 20 * (n1 + n2) + 201)
    found = probability(grid)
    padded = np.r_[-1.0, found, -1.0]
    peaks = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] >= padded[2:]))
    peaks = peaks[np.argsort(-found[peaks])][:5]
    best = (float(found[peaks[0]]), float(grid[peaks[0]]))
    for peak in peaks:
        centre, width = grid[peak], grid[1]
        for _ in range(4):
            near = np.clip(centre + np.linspace(-width, width, 41), 0, 1)
            height = probability(near)
            centre, width = near[np.argmax(height)], width / 20
        best = max(best, (float(height.max()), float(centre)))
    return min(1.0, best[0]), best[1]


def _binomial(n: int, p: Floats) -> Floats:
    """Binomial probabilities, one row for each p."""
    k = np.arange(n + 1)
    p = p[:, None]
    return np.asarray(np.exp(log_choose(n, k) + special.xlogy(k, p) + special.xlog1py(n - k, -p)))
