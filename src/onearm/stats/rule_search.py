"""The best of very many yes-no rules under permutation; only the largest statistic of each permutation is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.carriers import CHUNK, Floats
from onearm.stats.score_screen import SAME

__all__ = ["Search", "search_rules"]

_FLAT: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Search(Framed):
    """
    The best of many yes-no rules, under permutation.

    Attributes
    ----------
    statistic : ndarray of float, shape (n_rules,)
        As in `ScoreScreen`, divided by its standard deviation under permutation.
    p : ndarray of float, shape (n_rules,)
        Probability that the best of all rules separates permuted outcomes as much as this one.
    largest : ndarray of float, shape (n_permutations,)
        Largest absolute statistic of each permutation, the first that of the outcomes as they are.
    """

    statistic: Floats
    p: Floats
    largest: Floats


def search_rules(outcome: ArrayLike, rules: ArrayLike, *, permutations: int = 1000, seed: int) -> Search:
    """
    Compare many rules with the best of them in permuted outcomes.

    Parameters
    ----------
    outcome : array_like of float, shape (n_subjects,)
        Response as 0 and 1, or event less cumulative hazard (`hazard_residuals`).
    rules : array_like of bool, shape (n_subjects, n_rules)
        Whom each rule takes; nothing missing. Rules that take all or nobody have no statistic.
    permutations : int, default 1000
        Number of permutations, the one seen among them.
    seed : int
        Seed; the same seed gives the same numbers.

    Returns
    -------
    Search
        The adjusted p values are those that `response_screen` and `survival_screen` (with the variance of the permutation)
        call single-step; only the largest statistic of each permutation is kept, so that a million rules can be searched.

    References
    ----------
    .. [1] Westfall PH, Young SS (1993), Resampling-Based Multiple Testing, Wiley.

    Examples
    --------
    >>> search = search_rules([1, 1, 1, 0, 0, 0], [[1, 0], [1, 1], [1, 0], [0, 1], [0, 0], [0, 1]], seed=1)
    >>> round(float(search.statistic[0]), 4), search.largest.size
    (2.2361, 1000)
    """
    scores, matrix = np.asarray(outcome, dtype=np.float64), np.asarray(rules)
    if matrix.ndim != 2 or matrix.shape[0] != scores.size:
        raise MethodError(
            f"rules: have shape {matrix.shape} beside {scores.size} subjects; give one row for each subject."
        )
    n, m = matrix.shape
    centred = scores - scores.mean()
    spread = float((centred**2).sum()) / max(n - 1, 1)
    order = np.random.default_rng(seed).permuted(np.repeat(np.arange(n)[None, :], permutations - 1, axis=0), axis=1)
    columns = np.column_stack([centred, centred[order].T])
    statistic, largest = np.full(m, np.nan), np.zeros(permutations)
    width = max(1, CHUNK // permutations)
    for low in range(0, m, width):
        part = matrix[:, low : low + width].T.astype(np.float64)
        share = part.mean(axis=1)
        variance = n * share * (1 - share) * spread
        usable = variance > _FLAT
        z = (part[usable] / np.sqrt(variance[usable])[:, None]) @ columns
        statistic[low : low + width][usable] = z[:, 0]
        largest = np.maximum(largest, np.maximum(z.max(axis=0, initial=0.0), -z.min(axis=0, initial=0.0)))
    ranked = np.sort(largest)
    p = (permutations - np.searchsorted(ranked, np.abs(statistic) * SAME)) / permutations
    return Search(statistic, np.where(np.isnan(statistic), np.nan, p), largest)
