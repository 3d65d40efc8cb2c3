"""The exhaustive search behind `two_stage`: what is feasible at each size, and which sizes need no look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from onearm.stats.design.binomial import NOISE, pmf_table, tail_table

__all__ = ["Best", "Tables", "hull", "least_expected", "scan", "sizes", "unreachable"]


@dataclass(frozen=True)
class Tables:
    """Binomial tables at p0 (index 0) and p1 (index 1), and the largest r1 that each n1 leaves for the power."""

    pmf: NDArray[np.float64]
    tail: NDArray[np.float64]
    r1_max: NDArray[np.int64]


def sizes(p0: float, p1: float, power: float, n_max: int) -> Iterator[tuple[int, Tables]]:
    """Go through n with tables that double when they are outgrown: a search that ends early has not paid for n_max."""
    size = 0
    for n in range(2, n_max + 1):
        if n > size:
            size = min(max(2 * n, 64), n_max)
            single = np.stack([pmf_table(size, p0), pmf_table(size, p1)])
            upper = np.stack([tail_table(single[0]), tail_table(single[1])])
            # P(X1 > r1 | p1) >= power: stopping early must not cost more than the power allows
            tables = Tables(single, upper, (upper[1] >= power - NOISE).sum(axis=1) - 2)
        yield n, tables


def least_expected(tables: Tables, n: int) -> float:
    """No design with n patients or more has a smaller expected number: each n1 stops as often as its power allows."""
    n1 = np.arange(1, n)
    r1 = tables.r1_max[1:n]
    go_on = np.where(r1 >= 0, tables.tail[0, n1, np.maximum(r1, -1) + 1], 1.0)
    return float((n1 + go_on * (n - n1)).min())


def scan(tables: Tables, n: int, alpha: float, power: float) -> tuple[NDArray[Any], ...] | None:
    """Every feasible (n1, r1) of one n: r1, n1, smallest r, alpha, power, PET, EN, n; None if there is none."""
    single, upper = tables.pmf, tables.tail
    r_high = int((upper[1, n] >= power - NOISE).sum()) - 2  # even without stopping, a larger r has too little power
    usable = np.flatnonzero(tables.r1_max[:n] >= 0)
    if r_high < 0 or not usable.size:
        return None
    low = int(usable[0])
    widest = int(tables.r1_max[low:n].max()) + 1
    best_r = np.full((n - low, widest), -1)
    best = np.zeros((2, n - low, widest))
    for r in range(r_high, -1, -1):
        joint = single[:, low:n, : r + 1] * upper[:, n - low : 0 : -1, r + 1 : 0 : -1]
        below = np.cumsum(joint, axis=2)
        reject = (below[:, :, -1] + upper[:, low:n, r + 1])[:, :, None] - below[:, :, :widest]
        held = reject[0] <= alpha + NOISE
        if not held[np.arange(n - low), np.minimum(tables.r1_max[low:n], held.shape[1] - 1)].any():
            break  # alpha only grows as r falls
        kept = held & (reject[1] >= power - NOISE)
        width = kept.shape[1]
        best_r[:, :width][kept] = r
        best[:, :, :width][:, kept] = reject[:, kept]
    row, r1 = np.nonzero(best_r >= 0)
    if not row.size:
        return None
    n1 = row + low
    pet = 1 - upper[0, n1, r1 + 1]
    en = n - pet * (n - n1)
    size = np.full(row.size, float(n))
    return (r1, n1, best_r[row, r1], best[0, row, r1], best[1, row, r1], pet, en, size)


Best = tuple[int, float, int, int, int]
"""n, EN, r1, n1, r."""


def hull(best: list[Best]) -> tuple[list[Best], tuple[float, ...]]:
    """Lower convex hull of (n, EN), and the weight of n at which each design gives way to the next."""
    hull: list[Best] = []
    for point in best:
        while len(hull) >= 2 and _slope(hull[-2], hull[-1]) <= _slope(hull[-2], point):
            hull.pop()
        hull.append(point)
    slopes = [_slope(a, b) for a, b in pairwise(hull)]
    return hull, tuple(slope / (1 + slope) for slope in slopes)


def _slope(a: Best, b: Best) -> float:
    return (a[1] - b[1]) / (b[0] - a[0])


def unreachable(p0: float, p1: float, alpha: float, power: float, n_max: int) -> str:
    z = ndtri(1 - alpha) * (p0 * (1 - p0)) ** 0.5 + ndtri(power) * (p1 * (1 - p1)) ** 0.5
    needed = int(np.ceil((z / (p1 - p0)) ** 2))
    return (
        f"no two-stage design with up to {n_max} patients tells {p0:g} from {p1:g} with alpha {alpha:g} and power "
        f"{power:g}; about {needed} patients are needed: raise n_max above that, or accept a larger p1, a larger alpha "
        "or a smaller power."
    )
