"""Harrell's concordance with the infinitesimal jackknife of its standard error, in n log n steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from onearm.frames import Framed
from onearm.stats.cox_risk import Floats, Indices
from onearm.stats.times import Times, distinct_times

__all__ = ["Concordance", "concordance_index"]


@dataclass(frozen=True)
class Concordance(Framed):
    """
    Concordance of a risk score with the order of the events.

    Attributes
    ----------
    estimate : float
        ``(concordant + tied_score / 2) / (concordant + discordant + tied_score)``; NaN where no pair is comparable.
    std_error : float
        From the infinitesimal jackknife, as R's ``concordance``.
    concordant, discordant, tied_score : float
        Weighted numbers of comparable pairs.
    """

    estimate: float
    std_error: float
    concordant: float
    discordant: float
    tied_score: float


def concordance_index(times: Times, score: Floats, *, strata: Indices | None = None) -> Concordance:
    """
    Compare each subject that has an event with all subjects of its stratum that are at risk longer.

    A subject censored at the time of an event is at risk longer. Two events at one time are not compared.

    Parameters
    ----------
    times : Times
        Checked times, events, entries and weights.
    score : ndarray of float, shape (n_subjects,)
        Larger means a larger hazard. Scores that differ in rounding only are different; round them first.
    strata : ndarray of int, shape (n_subjects,), optional
        Code of the stratum of each subject.

    Returns
    -------
    Concordance
        Estimate, standard error and numbers of pairs.

    References
    ----------
    .. [1] Harrell FE, Lee KL, Mark DB (1996), Statistics in Medicine 15(4):361-387.
    .. [2] Therneau TM, Watson DA (2015), The concordance statistic and the Cox model, Mayo Clinic report 85.

    Examples
    --------
    >>> import numpy as np
    >>> from onearm.stats.times import check_times
    >>> concordance_index(check_times([1, 2, 3], [1, 1, 0]), np.array([3.0, 1.0, 2.0])).concordant
    2.0
    """
    codes = np.zeros(score.size, dtype=np.intp) if strata is None else strata
    weights = np.ones(score.size) if times.weights is None else times.weights
    counts = np.zeros((3, score.size))
    if times.entry is None:
        entry, time = None, distinct_times(times.time)
    else:
        entry, time = distinct_times(np.stack([times.entry, times.time]))
    order = np.argsort(codes, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        start = None if entry is None else entry[members]
        counts[:, members] = _pairs(time[members], times.event[members], start, score[members], weights[members])
    # every pair was counted at both of its members
    totals = counts @ weights / 2
    n_pairs = float(totals.sum())
    if not n_pairs:
        return Concordance(np.nan, np.nan, 0.0, 0.0, 0.0)
    somers = (totals[0] - totals[1]) / n_pairs
    influence = weights * ((counts[0] - counts[1]) - somers * counts.sum(axis=0)) / n_pairs
    return Concordance(
        estimate=float((somers + 1) / 2),
        std_error=float(np.sqrt(influence @ influence) / 2),
        concordant=float(totals[0]),
        discordant=float(totals[1]),
        tied_score=float(totals[2]),
    )


class _Below(NamedTuple):
    """Weights of points with a smaller key, by their rank compared with that of the query."""

    smaller: Floats
    equal: Floats
    larger: Floats


def _pairs(
    time: Floats, event: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], entry: Floats | None, score: Floats, w: Floats
) -> Floats:
    """Concordant, discordant and score-tied pairs of each subject, weighted by the other member."""
    rank = np.unique(score, return_inverse=True)[1]
    moment = np.unique(time, return_inverse=True)[1]
    # a censoring comes after the events of its time
    key = 2 * moment + ~event
    dead = np.flatnonzero(event)
    counts = np.zeros((3, time.size))
    longer = _below(-key, rank, w, -key[dead], rank[dead])
    sooner = _below(key[dead], rank[dead], w[dead], key, rank)
    if entry is not None:
        # those who enter at or after an event are not at risk at it
        begin = 2 * np.searchsorted(np.unique(time), entry, side="right") - 1
        absent = _below(-begin, rank, w, -key[dead], rank[dead])
        unseen = _below(key[dead], rank[dead], w[dead], begin, rank)
        longer = _Below(*(a - b for a, b in zip(longer, absent, strict=True)))
        sooner = _Below(*(a - b for a, b in zip(sooner, unseen, strict=True)))
    counts[:, dead] += [longer.smaller, longer.larger, longer.equal]
    counts += [sooner.larger, sooner.smaller, sooner.equal]
    return counts


def _below(key: Indices, rank: Indices, w: Floats, query_key: Indices, query_rank: Indices) -> _Below:
    """For each query, the weights of the points with a smaller key, split by rank."""
    n = query_key.size
    keys, ranks = np.concatenate([query_key, key]), np.concatenate([query_rank, rank])
    weights = np.concatenate([np.zeros(n), w])
    # among equal keys the queries come first, so that only smaller keys lie before them
    order = np.argsort(keys, kind="stable")
    before = np.empty(keys.size)
    before[order] = np.cumsum(weights[order])
    by_rank = np.lexsort((np.argsort(order), ranks))
    running = np.cumsum(weights[by_rank])
    begins = np.flatnonzero(np.append(True, np.diff(ranks[by_rank]) > 0))
    base = np.append(0.0, running)[begins]
    same = np.empty(keys.size)
    same[by_rank] = running - np.repeat(base, np.diff(begins, append=keys.size))
    smaller = np.empty(keys.size)
    smaller[order] = _smaller_before(ranks[order], weights[order])
    return _Below(smaller[:n], same[:n], before[:n] - same[:n] - smaller[:n])


def _smaller_before(rank: Indices, w: Floats) -> Floats:
    """
    Sum, for each element, the weights of the elements before it with a smaller rank.

    The ranks are walked through bit by bit from the highest. Elements with the same higher bits stand together in their
    first order; one with bit 1 counts those with bit 0 before it in its group, then each group is split by the bit.
    """
    total = np.zeros(rank.size)
    place = np.arange(rank.size)
    begins = np.zeros(1, dtype=np.intp)
    for bit in range(int(rank.max(initial=0)).bit_length() - 1, -1, -1):
        is_one = (rank[place] >> bit & 1).astype(bool)
        lengths = np.diff(begins, append=rank.size)
        light = np.where(is_one, 0.0, w[place])
        running = np.cumsum(light)
        base = np.repeat((running - light)[begins], lengths)
        total[place[is_one]] += (running - base)[is_one]
        zeros = np.cumsum(~is_one)
        zeros_before_group = np.append(0, zeros)[begins]
        zeros_of_group = np.append(0, zeros)[begins + lengths] - zeros_before_group
        rank_zero = zeros - np.repeat(zeros_before_group, lengths)
        group_begin = np.repeat(begins, lengths)
        position = np.arange(rank.size) - group_begin
        target = group_begin + np.where(
            is_one, np.repeat(zeros_of_group, lengths) + position - rank_zero, rank_zero - 1
        )
        moved = np.empty_like(place)
        moved[target] = place
        place = moved
        splits = np.concatenate([begins, begins + zeros_of_group])
        begins = np.unique(splits[splits < rank.size])
    return total
