"""The Kaplan-Meier estimate: weights, left truncation, pointwise intervals, and its value at given times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.bands import IntervalScale, pointwise_limits
from onearm.stats.times import Times, check_times, distinct_times, merge_sorted

__all__ = ["KaplanMeier", "SurvivalAt", "Variance", "kaplan_meier", "survival_at"]

Variance = Literal["greenwood", "robust"]
_ROUNDING = 1e-12
"""Weighted numbers at risk below this share of what was there before are rounding, not patients."""


@dataclass(frozen=True, eq=False, repr=False)
class KaplanMeier(Framed):
    """
    An estimated survival curve, one element for each distinct time of an event or a censoring.

    Attributes
    ----------
    time : ndarray of float, shape (n_times,)
        Distinct times, ascending; the curve is 1 before the first.
    at_risk, events, censored : ndarray of float, shape (n_times,)
        Numbers at risk just before, failing at and censored at each time; sums of weights where there are weights.
    survival : ndarray of float, shape (n_times,)
        Estimate at and after each time.
    std_error : ndarray of float, shape (n_times,)
        Standard error of the estimate; NaN from where it is zero on (Greenwood's formula has no value there).
    low, high : ndarray of float, shape (n_times,)
        Pointwise limits.
    n, n_events : int
        Subjects and events, not weighted.
    interval : str
        Scale of the limits.
    level : float
        Two-sided coverage of the limits.
    variance : str
        ``greenwood`` or ``robust``.
    """

    time: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    events: NDArray[np.float64]
    censored: NDArray[np.float64]
    survival: NDArray[np.float64]
    std_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: int
    n_events: int
    interval: IntervalScale
    level: float
    variance: Variance

    def __repr__(self) -> str:
        """Say what was estimated; the numbers are in `to_frame`."""
        return (
            f"KaplanMeier({self.n} subjects, {self.n_events} events, {self.time.size} distinct times up to "
            f"{self.time[-1]:g}, S at the end {self.survival[-1]:.4g}; {self.interval} {100 * self.level:g}% limits)"
        )


@dataclass(frozen=True, eq=False)
class SurvivalAt(Framed):
    """
    A survival curve read at given times.

    Attributes
    ----------
    time : ndarray of float, shape (n,)
        As asked for.
    survival, std_error, low, high : ndarray of float, shape (n,)
        NaN where the curve does not say.
    at_risk : ndarray of float, shape (n,)
        Number under observation just before each time.
    events : ndarray of float, shape (n,)
        Events up to and including each time.
    note : tuple of str, length n
        Why a value is missing; empty where it is not.
    interval : str
        Scale of the limits.
    level : float
        Two-sided coverage of the limits.
    """

    time: NDArray[np.float64]
    survival: NDArray[np.float64]
    std_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    events: NDArray[np.float64]
    note: tuple[str, ...]
    interval: IntervalScale
    level: float


class _Counts(NamedTuple):
    """Distinct times with what happens at each."""

    time: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    events: NDArray[np.float64]
    censored: NDArray[np.float64]


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    interval: IntervalScale = "log",
    level: float = 0.95,
    variance: Variance | None = None,
) -> KaplanMeier:
    """
    Product-limit estimate of a survival curve.

    At a time shared by events and censorings the events come first: the censored are still at risk. Times that differ
    by floating-point noise are one time.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation, in any one unit; not negative, not missing.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Whether the observation ended with the event.
    entry : array_like of float, shape (n_subjects,), optional
        Start of observation (left truncation): a subject is at risk at t if ``entry < t <= time``.
    weights : array_like of float, shape (n_subjects,), optional
        Case weights, positive.
    interval : {"log", "plain", "log-log", "logit", "arcsine"}, default "log"
        Scale of the limits. R uses log, SAS log-log, SPSS plain.
    level : float, default 0.95
        Two-sided coverage of the limits.
    variance : {"greenwood", "robust"}, optional
        Greenwood's formula or the infinitesimal jackknife. By default Greenwood's, except with weights that are not
        whole numbers, which cannot be numbers of patients: then the jackknife, as in R.

    Returns
    -------
    KaplanMeier
        The curve with its limits.

    Raises
    ------
    MethodError
        Listing every problem of the input.

    References
    ----------
    .. [1] Kaplan EL, Meier P (1958), JASA 53(282):457-481.
    .. [2] Greenwood M (1926), Reports on Public Health and Medical Subjects 33:1-26.

    Examples
    --------
    Patients 2 and 5 are censored; 4/5, then 4/5 * 2/3:

    >>> curve = kaplan_meier([2, 3, 5, 8, 9], [1, 0, 1, 0, 0])
    >>> curve.survival.round(4).tolist()
    [0.8, 0.8, 0.5333, 0.5333, 0.5333]
    >>> curve
    KaplanMeier(5 subjects, 2 events, 5 distinct times up to 9, S at the end 0.5333; log 95% limits)
    """
    checked = _merge_noise(check_times(time, event, entry=entry, weights=weights))
    chosen = _choose_variance(variance, checked.weights)
    counts = _count(checked)
    surviving = counts.at_risk - counts.events
    surviving[surviving <= _ROUNDING * counts.at_risk] = 0.0
    survival: NDArray[np.float64] = np.cumprod(surviving / counts.at_risk, dtype=np.float64)
    log_variance = _jackknife(checked, counts, surviving) if chosen == "robust" else _greenwood(counts, surviving)
    with np.errstate(invalid="ignore"):
        std_error = survival * np.sqrt(log_variance)
    low, high = pointwise_limits(survival, std_error, interval=interval, level=level)
    return KaplanMeier(
        time=counts.time,
        at_risk=counts.at_risk,
        events=counts.events,
        censored=counts.censored,
        survival=survival,
        std_error=std_error,
        low=low,
        high=high,
        n=checked.time.size,
        n_events=int(np.count_nonzero(checked.event)),
        interval=interval,
        level=level,
        variance=chosen,
    )


def survival_at(curve: KaplanMeier, times: ArrayLike, *, extend: bool = False) -> SurvivalAt:
    """
    Read a survival curve at given times.

    Parameters
    ----------
    curve : KaplanMeier
        The estimate.
    times : array_like of float, shape (n,) or a single number
        Not negative, in the unit of the curve, in any order.
    extend : bool, default False
        Carry the last estimate on beyond the last observation, as ``summary(..., extend = TRUE)`` does in R.

    Returns
    -------
    SurvivalAt
        Beyond the last observation the estimate is missing, with a note, unless the curve has reached zero or
        ``extend`` is set. Before the first observation S is 1 and so are its limits.

    Raises
    ------
    MethodError
        If a time is negative or missing.

    Examples
    --------
    >>> curve = kaplan_meier([2, 3, 5, 8, 9], [1, 0, 1, 0, 0])
    >>> rates = survival_at(curve, [5, 12])
    >>> rates.survival.round(4).tolist(), rates.note
    ([0.5333, nan], ('', 'no one was observed beyond 9'))
    """
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if asked.ndim != 1 or not np.all(asked >= 0):
        raise MethodError("times: must be numbers that are not negative and not missing.")
    # a landmark typed as 0.3 must meet an observation computed as 0.1 + 0.2
    merged = distinct_times(np.concatenate([curve.time, asked]))
    reference, points = merged[: curve.time.size], merged[curve.time.size :]
    row = np.searchsorted(reference, points, side="right") - 1
    before = np.searchsorted(reference, points, side="left")
    missing = (points > reference[-1]) & (not extend) & (curve.survival[-1] > 0)

    def read(values: NDArray[np.float64], start: float) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.where(missing, np.nan, np.where(row < 0, start, values[row]))
        return found

    return SurvivalAt(
        time=asked,
        survival=read(curve.survival, 1.0),
        std_error=read(curve.std_error, 0.0),
        low=read(curve.low, 1.0),
        high=read(curve.high, 1.0),
        at_risk=np.append(curve.at_risk, 0.0)[before],
        events=np.append(0.0, np.cumsum(curve.events))[row + 1],
        note=tuple(f"no one was observed beyond {curve.time[-1]:g}" if unknown else "" for unknown in missing),
        interval=curve.interval,
        level=curve.level,
    )


def _choose_variance(variance: Variance | None, weights: NDArray[np.float64] | None) -> Variance:
    """Take the variance asked for, or the one that the weights call for."""
    if variance is None:
        return "robust" if weights is not None and np.any(weights != np.floor(weights)) else "greenwood"
    if variance not in get_args(Variance):
        raise MethodError(f"variance: unknown {variance!r}.{suggest(str(variance), get_args(Variance))}")
    return variance


def _merge_noise(checked: Times) -> Times:
    """Merge noisy ties of starts and ends together, and refuse an observation that vanishes by it."""
    if checked.entry is None:
        return checked  # the times alone are merged once they are sorted
    entry, time = distinct_times(np.stack([checked.entry, checked.time]))
    if np.any(empty := entry >= time):
        raise MethodError(
            f"entry: equal to the time but for floating-point noise for {np.count_nonzero(empty)} of {time.size} "
            f"subjects, the first at index {int(np.argmax(empty))}; leave them out."
        )
    return checked._replace(time=time, entry=entry)


def _count(checked: Times) -> _Counts:
    """Sort once and count, at each distinct time, who is at risk, fails and is censored."""
    order = np.argsort(checked.time)
    ascending = checked.time[order] if checked.entry is not None else merge_sorted(checked.time[order])
    first = np.flatnonzero(np.concatenate(([True], ascending[1:] != ascending[:-1])))
    distinct = ascending[first]
    happened = checked.event[order]
    if checked.weights is None:
        bounds = np.append(first, order.size)
        total = np.diff(bounds).astype(np.float64)
        events = np.diff(np.append(0, np.cumsum(happened))[bounds]).astype(np.float64)
    else:
        weight = checked.weights[order]
        total = np.add.reduceat(weight, first)
        events = np.add.reduceat(weight * happened, first)
    at_risk = np.cumsum(total[::-1])[::-1]
    if checked.entry is not None:
        # a subject who enters at t is not at risk at t: not yet entered at t means entry >= t
        position = np.searchsorted(distinct, checked.entry, side="right")
        entering = np.bincount(position, weights=checked.weights, minlength=distinct.size + 1)
        at_risk = at_risk - np.cumsum(entering[::-1])[::-1][1:]
    return _Counts(distinct, at_risk, events, total - events)


def _greenwood(counts: _Counts, surviving: NDArray[np.float64]) -> NDArray[np.float64]:
    """Greenwood's variance of log S at each distinct time; infinite from where no one survives."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance: NDArray[np.float64] = np.cumsum(counts.events / (counts.at_risk * surviving))
    return variance


def _jackknife(checked: Times, counts: _Counts, surviving: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Infinitesimal-jackknife variance of log S at each distinct time.

    The influence of subject i on -log S(t) is 1/(Y - d) at the own event, if it has come, minus the integral C of
    d / (Y (Y - d)) over the time at risk. Those gone add a constant square each, those at risk add (C(t) - C(entry))^2.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        integral = np.cumsum(np.where(surviving > 0, counts.events / (counts.at_risk * surviving), 0.0))
        jump = np.where(surviving > 0, 1 / surviving, 0.0)
    weight = np.ones(checked.time.size) if checked.weights is None else checked.weights
    # of noisy ties the smallest value stands in the curve, so the last value not above the own time is the own one
    leaves = np.searchsorted(counts.time, checked.time, side="right") - 1
    enters = np.zeros_like(leaves)
    if checked.entry is not None:
        enters = np.searchsorted(counts.time, checked.entry, side="right")
    at_entry = np.append(0.0, integral)[enters]
    influence = np.where(checked.event, jump[leaves], 0.0) - integral[leaves] + at_entry
    size = counts.time.size
    gone: NDArray[np.float64] = np.cumsum(np.bincount(leaves, weights=(weight * influence) ** 2, minlength=size))

    def still_at_risk(values: NDArray[np.float64]) -> NDArray[np.float64]:
        entered = np.bincount(enters, weights=values, minlength=size + 1)[:size]
        difference: NDArray[np.float64] = np.cumsum(entered - np.bincount(leaves, weights=values, minlength=size))
        return difference

    square = weight**2
    linear, constant = still_at_risk(square * at_entry), still_at_risk(square * at_entry**2)
    return np.maximum(gone + integral**2 * still_at_risk(square) - 2 * integral * linear + constant, 0.0)
