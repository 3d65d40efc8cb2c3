"""
How much of a signature's performance is the search for it: the bootstrap of Harrell for a rule chosen as the best of many.

In each bootstrap sample the search is made anew and its winner judged in the sample where it won and in the original.
The mean difference is the optimism of the search, and is taken off the performance of the rule that won in the original.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.log_rank_screen import hazard_residuals
from onearm.stats.times import check_times, distinct_times

__all__ = ["Optimism", "response_optimism", "survival_optimism"]

Floats = NDArray[np.float64]
Measure = Callable[[NDArray[np.bool_], NDArray[np.intp]], float]
"""Performance of a yes-no rule (who is predicted to have the outcome) in the subjects of given positions."""

_FLAT: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Optimism(Framed):
    """
    Performance of the rule that the search chose.

    Attributes
    ----------
    chosen : int
        Candidate that wins in the original.
    apparent : float
        Its performance where it was found: area under the ROC curve for response, Harrell's concordance for survival.
    optimism : float
        Mean over the bootstrap samples of the winner's performance there less in the original.
    corrected : float
        ``apparent - optimism``.
    n_resamples : int
        Bootstrap samples that had a winner.
    same : float
        Share of the bootstrap samples in which the original winner, or one that says the same, wins again.
    """

    chosen: int
    apparent: float
    optimism: float
    corrected: float
    n_resamples: int
    same: float


def response_optimism(response: ArrayLike, candidates: ArrayLike, *, resamples: int = 200, seed: int) -> Optimism:
    """
    Correct the area under the ROC curve of the best of many yes-no rules of response.

    Parameters
    ----------
    response : array_like of bool, shape (n_subjects,)
        Whether each subject responded.
    candidates : array_like of float, shape (n_subjects, n_candidates)
        1 or 0; nothing missing.
    resamples : int, default 200
        Bootstrap samples.
    seed : int
        Seed; the same seed gives the same numbers.

    Returns
    -------
    Optimism
        A rule predicts response or non-response, whichever fits where it is found.

    Raises
    ------
    MethodError
        For candidates that do not fit, or an outcome that does not vary.

    References
    ----------
    .. [1] Harrell FE, Lee KL, Mark DB (1996), Statistics in Medicine 15(4):361-387.

    Examples
    --------
    >>> rules = np.array([[1, 0], [1, 1], [1, 0], [0, 1], [0, 0], [0, 1]])
    >>> response_optimism([1, 1, 1, 0, 0, 0], rules, resamples=20, seed=1).apparent
    1.0
    """
    outcome, matrix = np.asarray(response, dtype=np.float64), _candidates(candidates)

    def measure(predicted: NDArray[np.bool_], rows: NDArray[np.intp]) -> float:
        y, x = outcome[rows] > 0, predicted[rows]
        if y.all() or not y.any():
            return np.nan
        return float(0.5 + (x[y].mean() - x[~y].mean()) / 2)

    def scores(weights: Floats) -> Floats:
        return np.broadcast_to(outcome, weights.shape)

    return _optimism(matrix, scores, measure, resamples=resamples, seed=seed)


def survival_optimism(
    time: ArrayLike, event: ArrayLike, candidates: ArrayLike, *, resamples: int = 200, seed: int
) -> Optimism:
    """
    Correct the concordance of the best of many yes-no rules of survival.

    Parameters
    ----------
    time, event : array_like, shape (n_subjects,)
        End of observation, and whether it ended with the event.
    candidates : array_like of float, shape (n_subjects, n_candidates)
        1 or 0; nothing missing.
    resamples : int, default 200
        Bootstrap samples.
    seed : int
        Seed; the same seed gives the same numbers.

    Returns
    -------
    Optimism
        Performance is Harrell's concordance; a rule that says the same of two subjects is half right.

    Raises
    ------
    MethodError
        For candidates that do not fit, or times that cannot be.

    References
    ----------
    .. [1] Harrell FE, Lee KL, Mark DB (1996), Statistics in Medicine 15(4):361-387.

    Examples
    --------
    >>> rules = np.array([[1, 0], [1, 1], [1, 0], [0, 1], [0, 0], [0, 1]])
    >>> survival_optimism([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], rules, resamples=20, seed=1).chosen
    0
    """
    times = check_times(time, event)
    codes = np.unique(distinct_times(times.time), return_inverse=True)[1]
    matrix = _candidates(candidates)

    def measure(predicted: NDArray[np.bool_], rows: NDArray[np.intp]) -> float:
        return _concordance(codes[rows], times.event[rows], predicted[rows].astype(np.float64))

    def scores(weights: Floats) -> Floats:
        shape = weights.shape
        return hazard_residuals(np.broadcast_to(codes, shape), np.broadcast_to(times.event, shape), weights)

    return _optimism(matrix, scores, measure, resamples=resamples, seed=seed)


def _concordance(codes: NDArray[np.intp], event: NDArray[np.bool_], risk: Floats) -> float:
    """Harrell's concordance: of the pairs in which it is known who had the event first, who was at higher risk."""
    earlier = (codes[:, None] < codes[None, :]) | ((codes[:, None] == codes[None, :]) & ~event[None, :])
    usable = earlier & event[:, None]
    np.fill_diagonal(usable, val=False)
    if not usable.any():
        return np.nan
    difference = risk[:, None] - risk[None, :]
    return float(((difference > 0) + 0.5 * (difference == 0))[usable].mean())


def _candidates(candidates: ArrayLike) -> NDArray[np.bool_]:
    matrix = np.asarray(candidates)
    if matrix.ndim != 2 or not matrix.shape[1] or not ((matrix == 0) | (matrix == 1)).all():
        raise MethodError("candidates: one column of 0 and 1 for each rule is needed, without missing values.")
    return matrix.astype(np.bool_)


def _optimism(
    matrix: NDArray[np.bool_], scores: Callable[[Floats], Floats], measure: Measure, *, resamples: int, seed: int
) -> Optimism:
    n = matrix.shape[0]
    (chosen,), (sign,) = _winners(matrix, scores, np.ones((1, n)))
    if not sign:
        raise MethodError("candidates: none varies together with an outcome that varies.")
    everyone = np.arange(n)
    apparent = measure(matrix[:, chosen] == (sign > 0), everyone)
    drawn = np.random.default_rng(seed).integers(n, size=(resamples, n))
    weights = np.array([np.bincount(rows, minlength=n) for rows in drawn], dtype=np.float64)
    lost, same = [], 0
    for rows, best, direction in zip(drawn, *_winners(matrix, scores, weights), strict=True):
        predicted = matrix[:, best] == (direction > 0)
        difference = measure(predicted, rows) - measure(predicted, everyone)
        if direction and not np.isnan(difference):
            lost.append(difference)
            same += best == chosen
    optimism = float(np.mean(lost)) if lost else np.nan
    share = same / len(lost) if lost else np.nan
    return Optimism(int(chosen), apparent, optimism, apparent - optimism, len(lost), share)


def _winners(
    matrix: NDArray[np.bool_], scores: Callable[[Floats], Floats], weights: Floats
) -> tuple[NDArray[np.intp], Floats]:
    """Candidate with the largest standardised score in each weighted sample, and its sign; 0 where none varies."""
    own = scores(weights)
    total = weights.sum(axis=1, keepdims=True)
    own = own - (own * weights).sum(axis=1, keepdims=True) / total
    flat = (own**2 * weights).sum(axis=1) <= _FLAT
    counted, share = (own * weights).T, (weights / total).T
    best, value = np.zeros(weights.shape[0], dtype=np.intp), np.zeros(weights.shape[0])
    width = max(1, 4_000_000 // max(weights.shape))
    for low in range(0, matrix.shape[1], width):
        part = matrix[:, low : low + width].T.astype(np.float64)
        carried = part @ share
        # the spread of the scores is common to all candidates of a sample and does not change which wins
        variance = carried * (1 - carried)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(variance > _FLAT, (part @ counted) / np.sqrt(variance), 0.0)
        top = np.abs(z).argmax(axis=0)
        found = z[top, np.arange(z.shape[1])]
        better = np.abs(found) > np.abs(value)
        best[better], value[better] = top[better] + low, found[better]
    return best, np.where(flat, 0.0, np.sign(value))
