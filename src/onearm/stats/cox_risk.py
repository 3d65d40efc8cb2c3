"""Who is at risk when: the index that every partial likelihood walks along, built once per model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.errors import MethodError
from onearm.stats.times import Times, distinct_times

__all__ = ["Floats", "Indices", "RiskSets", "Ties", "risk_sets"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class Ties(NamedTuple):
    """
    Event times at which several subjects have the event.

    Attributes
    ----------
    times : ndarray of int, shape (n_tied_times,)
        Their numbers.
    deaths : ndarray of int, shape (n_tied_deaths,)
        Rows of the deaths, in the order of their times.
    starts, counts : ndarray of int, shape (n_tied_times,)
        First death and number of deaths of each time.
    fraction : ndarray of float, shape (n_tied_deaths,)
        Efron's ``k / d``, ``k = 0 .. d - 1``, of each death.
    """

    times: Indices
    deaths: Indices
    starts: Indices
    counts: Indices
    fraction: Floats

    def sums(self, values: Floats) -> Floats:
        """
        Sum quantities over the deaths of each tied time.

        Parameters
        ----------
        values : ndarray of float, shape (..., n_tied_deaths)
            One value for each of these deaths.

        Returns
        -------
        ndarray of float, shape (..., n_tied_times)
            The sums.
        """
        return np.asarray(np.add.reduceat(values, self.starts, axis=-1))


@dataclass(frozen=True)
class RiskSets:
    """
    Risk sets of a Cox model, one for each distinct event time of each stratum.

    Rows are the subjects at risk at one event time at least, ordered by stratum and time; event times are numbered
    through all strata in the same order. A row is at risk at the event times ``first .. last``, both included.

    Attributes
    ----------
    rows : ndarray of int, shape (n_rows,)
        Position of each row in the data.
    first, last : ndarray of int, shape (n_rows,)
        First and last event time at which the row is at risk; ``last`` never decreases.
    starts : ndarray of int, shape (n_event_times,)
        First row with that ``last``.
    deaths : ndarray of int, shape (n_events,)
        Rows with the event, in the order of their event time.
    death_time : ndarray of int, shape (n_events,)
        Event time of each death.
    death_starts : ndarray of int, shape (n_event_times,)
        First death of each event time.
    bounds : ndarray of int, shape (n_strata_with_events + 1,)
        Limits of the strata among the event times.
    stratum : ndarray of int, shape (n_event_times,)
        Code of the stratum of each event time.
    time : ndarray of float, shape (n_event_times,)
        The event times.
    weights : ndarray of float, shape (n_rows,), or None
        Case weights.
    is_truncated : bool
        True where some row enters after the first event time of its stratum.
    """

    rows: Indices
    first: Indices
    last: Indices
    starts: Indices
    deaths: Indices
    death_time: Indices
    death_starts: Indices
    bounds: Indices
    stratum: Indices
    time: Floats
    weights: Floats | None
    is_truncated: bool

    @cached_property
    def death_counts(self) -> Indices:
        """Number of deaths at each event time."""
        return np.diff(self.death_starts, append=self.deaths.size)

    @cached_property
    def death_weights(self) -> Floats:
        """Sum of the weights of the deaths at each event time."""
        if self.weights is None:
            return self.death_counts.astype(np.float64)
        return self.death_sums(self.weights[self.deaths])

    @cached_property
    def tie_fractions(self) -> Floats:
        """Efron's fraction ``k / d``, ``k = 0 .. d - 1``, of each death, in the order of the deaths."""
        rank = np.arange(self.deaths.size) - np.repeat(self.death_starts, self.death_counts)
        return np.asarray(rank / np.repeat(self.death_counts, self.death_counts), dtype=np.float64)

    def death_totals(self, X: Floats, at: Floats | None = None) -> Floats:
        """
        Sum the covariates of all deaths.

        Parameters
        ----------
        X : ndarray of float, shape (n_covariates, n_rows)
            Covariates.
        at : ndarray of float, shape (n_event_times,), optional
            Factor for each event time; 1 where left out.

        Returns
        -------
        ndarray of float, shape (n_covariates,)
            Weighted sums.
        """
        factor = np.zeros(self.rows.size)
        factor[self.deaths] = 1.0 if at is None else at[self.death_time]
        if self.weights is not None:
            factor *= self.weights
        return np.asarray(X @ factor)

    @cached_property
    def ties(self) -> Ties:
        """Event times with several deaths, and these deaths."""
        times = np.flatnonzero(self.death_counts > 1)
        counts = self.death_counts[times]
        starts = np.cumsum(counts) - counts
        rank = np.arange(counts.sum()) - np.repeat(starts, counts)
        deaths = self.deaths[np.repeat(self.death_starts[times], counts) + rank]
        return Ties(times, deaths, starts, counts, np.asarray(rank / np.repeat(counts, counts), dtype=np.float64))

    @property
    def n_event_times(self) -> int:
        """Number of distinct event times, strata counted apart."""
        return self.time.size

    @property
    def has_ties(self) -> bool:
        """True where two events share a time within a stratum."""
        return self.deaths.size > self.time.size

    def at_risk_sums(self, values: Floats) -> Floats:
        """
        Sum quantities over each risk set.

        Parameters
        ----------
        values : ndarray of float, shape (..., n_rows)
            One value for each row.

        Returns
        -------
        ndarray of float, shape (..., n_event_times)
            The sums.
        """
        if not self.is_truncated and values.ndim == 1 and 8 * self.starts.size > values.size:
            return self._tails(values)
        leaving = np.add.reduceat(values, self.starts, axis=-1)
        if self.is_truncated:
            leaving[..., :-1] -= self._entering(values)[..., 1:]
        sums = np.empty_like(leaving)
        for low, high in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            np.cumsum(leaving[..., low:high][..., ::-1], axis=-1, out=sums[..., low:high][..., ::-1])
        return sums

    def _tails(self, values: Floats) -> Floats:
        """Sum over the risk sets row by row, which is faster where most event times have a row of their own."""
        running = np.empty_like(values)
        limits = [*self.starts[self.bounds[:-1]].tolist(), values.size]
        for low, high in pairwise(limits):
            np.cumsum(values[low:high][::-1], out=running[low:high][::-1])
        return running[self.starts]

    def _entering(self, values: Floats) -> Floats:
        """Sum over the rows that enter before each event time, but after the one before in their stratum."""
        late = np.flatnonzero(self.first > np.repeat(self.bounds[:-1], np.diff(self.bounds))[self.last])
        flat = values[..., late].reshape(-1, late.size)
        sums = [np.bincount(self.first[late], weights=row, minlength=self.time.size) for row in flat]
        return np.array(sums, dtype=np.float64).reshape(*values.shape[:-1], self.time.size)

    def at_risk_maxima(self, values: Floats) -> Floats:
        """
        Give the largest value in each risk set.

        Parameters
        ----------
        values : ndarray of float, shape (n_rows,)
            One value for each row.

        Returns
        -------
        ndarray of float, shape (n_event_times,)
            The maxima.
        """
        maxima = np.maximum.reduceat(values, self.starts)
        for low, high in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            if self.is_truncated:
                inside = slice(self.starts[low], self.starts[high] if high < self.time.size else values.size)
                first, last, own = self.first[inside], self.last[inside], values[inside]
                maxima[low:high] = [own[(first <= t) & (last >= t)].max() for t in range(low, high)]
            else:
                maxima[low:high] = np.maximum.accumulate(maxima[low:high][::-1])[::-1]
        return maxima

    def death_sums(self, values: Floats) -> Floats:
        """
        Sum quantities over the deaths of each event time.

        Parameters
        ----------
        values : ndarray of float, shape (..., n_events)
            One value for each death.

        Returns
        -------
        ndarray of float, shape (..., n_event_times)
            The sums.
        """
        return np.asarray(np.add.reduceat(values, self.death_starts, axis=-1)) if self.has_ties else values

    def accumulated(self, steps: Floats) -> Floats:
        """
        Sum the steps at all event times at which each row is at risk.

        Parameters
        ----------
        steps : ndarray of float, shape (n_event_times,)
            Steps, such as those of a cumulative hazard.

        Returns
        -------
        ndarray of float, shape (n_rows,)
            The sum for each row.
        """
        total = np.empty_like(steps)
        for low, high in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            np.cumsum(steps[low:high], out=total[low:high])
        counts = np.diff(self.starts, append=self.last.size)
        reached = np.repeat(total, counts)
        if self.is_truncated:
            begins = np.repeat(self.bounds[:-1], np.diff(self.bounds))[self.last]
            late = self.first > begins
            reached[late] -= total[self.first[late] - 1]
        return reached


def risk_sets(times: Times, strata: Indices | None = None) -> RiskSets:
    """
    Index the risk sets of checked times.

    A subject is at risk at every event time ``t`` of its stratum with ``entry < t <= time``. Times that differ by
    floating-point noise are one time.

    Parameters
    ----------
    times : Times
        Checked times, events, entries and weights.
    strata : ndarray of int, shape (n_subjects,), optional
        Code of the stratum of each subject.

    Returns
    -------
    RiskSets
        The index.

    Raises
    ------
    MethodError
        If there is no event, or an event whose entry differs from its time by noise only.
    """
    if not times.event.any():
        raise MethodError(f"event: none among {times.time.size} subjects; hazards cannot be compared.")
    # the order of equal times does not matter, so that the fastest sort will do; merging noise keeps the order
    order = np.argsort(times.time) if strata is None else np.lexsort((times.time, strata))
    event = times.event[order]
    if times.entry is None:
        entry, ended = None, distinct_times(times.time[order])
    else:
        entry, ended = distinct_times(np.stack([times.entry[order], times.time[order]]))
    group = np.zeros(event.size, dtype=np.intp) if strata is None else strata[order]
    last, leading = _event_times(ended, group, event)
    event_time, event_group = ended[leading], group[leading]
    bounds = np.append(np.flatnonzero(np.append(True, np.diff(event_group) > 0)), event_time.size)
    begin = _stratum_begin(group, event_group, bounds)
    first = begin if entry is None else _first_event_time(entry, group, begin, event_time, event_group)
    keep = last >= first
    if (event & ~keep).any():
        raise MethodError("entry: an observation with an event has no length once floating-point noise is removed.")
    if keep.all():
        kept = order
    else:
        kept, last, first, begin, event = order[keep], last[keep], first[keep], begin[keep], event[keep]
    deaths = np.flatnonzero(event)
    death_time = last[deaths]
    return RiskSets(
        rows=kept,
        first=first,
        last=last,
        starts=_first_of_each(last),
        deaths=deaths,
        death_time=death_time,
        death_starts=_first_of_each(death_time),
        bounds=bounds,
        stratum=event_group,
        time=event_time,
        weights=None if times.weights is None else times.weights[kept],
        is_truncated=entry is not None and bool((first > begin).any()),
    )


def _event_times(ended: Floats, group: Indices, event: NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """For each row the number of event times up to its end, less one; for each event time its first row."""
    is_new = np.ones(ended.size, dtype=bool)
    np.not_equal(ended[1:], ended[:-1], out=is_new[1:])
    is_new[1:] |= group[1:] != group[:-1]
    begins = np.flatnonzero(is_new)
    has_event = np.logical_or.reduceat(event, begins)
    reached = np.cumsum(has_event) - 1
    return np.repeat(reached, np.diff(begins, append=ended.size)), begins[has_event]


def _first_of_each(numbers: Indices) -> Indices:
    """Position of the first of each number, where they rise from 0 in steps of 1."""
    return np.append(0, np.flatnonzero(numbers[1:] != numbers[:-1]) + 1)


def _first_event_time(
    entry: Floats, group: Indices, begin: Indices, event_time: Floats, event_group: Indices
) -> Indices:
    """First event time after the entry of each row."""
    first = begin.copy()
    for low, high, start, end in _blocks(group, event_group):
        first[low:high] = start + np.searchsorted(event_time[start:end], entry[low:high], side="right")
    return first


def _stratum_begin(group: Indices, event_group: Indices, bounds: Indices) -> Indices:
    """First event time of the stratum of each row; past the end of it where the stratum has no event."""
    if bounds.size == 2 and group[0] == group[-1]:
        return np.zeros(group.size, dtype=np.intp)
    return np.searchsorted(event_group, group, side="left").astype(np.intp)


def _blocks(group: Indices, event_group: Indices) -> list[tuple[int, int, int, int]]:
    """For each stratum, its rows and its event times as half-open ranges."""
    codes = np.flatnonzero(np.append(True, np.diff(group) != 0))
    limits = [*codes.tolist(), group.size]
    names = group[codes]
    begins = np.searchsorted(event_group, names, side="left").tolist()
    ends = np.searchsorted(event_group, names, side="right").tolist()
    return list(zip(limits[:-1], limits[1:], begins, ends, strict=True))
