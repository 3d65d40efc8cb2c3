"""Times and events: the checks and the merging of noisy ties that every survival method shares."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError

__all__ = ["TIE_TOLERANCE", "Times", "check_level", "check_times", "count_at", "distinct_times", "merge_sorted"]

TIE_TOLERANCE: Final = float(np.sqrt(np.finfo(np.float64).eps))
"""Times nearer than this, absolutely or relative to the mean distinct time, are one time: 1.5e-8, as in R."""


class Times(NamedTuple):
    """
    Checked observation times.

    Attributes
    ----------
    time : ndarray of float, shape (n_subjects,)
        End of observation, finite and not negative.
    event : ndarray of bool, shape (n_subjects,)
        True where the observation ended with the event.
    entry : ndarray of float, shape (n_subjects,), or None
        Start of observation, before ``time``; None where all are observed from the start.
    weights : ndarray of float, shape (n_subjects,), or None
        Positive case weights; None where every subject counts once.
    """

    time: NDArray[np.float64]
    event: NDArray[np.bool_]
    entry: NDArray[np.float64] | None
    weights: NDArray[np.float64] | None


def check_level(level: float) -> float:
    """
    Check a confidence level.

    Parameters
    ----------
    level : float
        Two-sided coverage.

    Returns
    -------
    float
        The same level.

    Raises
    ------
    MethodError
        If it does not lie between 0 and 1; 95 is taken for what it is, a percentage.

    Examples
    --------
    >>> check_level(0.9)
    0.9
    """
    if not 0 < level < 1:
        hint = f" Did you mean {level / 100:g}?" if 1 < level < 100 else ""
        raise MethodError(f"level: must lie between 0 and 1, found {level!r}.{hint}")
    return float(level)


def check_times(
    time: ArrayLike, event: ArrayLike, *, entry: ArrayLike | None = None, weights: ArrayLike | None = None
) -> Times:
    """
    Check observation times and events and convert them to arrays.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation in any one unit; zero is allowed, negative, missing and infinite values are not.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        1 for the event, 0 for censoring. The coding 1 and 2, which R guesses at, is refused.
    entry : array_like of float, shape (n_subjects,), optional
        Start of observation (left truncation), before ``time``.
    weights : array_like of float, shape (n_subjects,), optional
        Case weights, positive and finite.

    Returns
    -------
    Times
        The arrays; ties that differ by noise are not merged yet, see `distinct_times`.

    Raises
    ------
    MethodError
        Listing every problem, with the number of subjects concerned and the index of the first, counted from 0.

    Examples
    --------
    >>> check_times([5, 8], [1, 0]).event
    array([ True, False])
    >>> check_times([5, -8], [1, 2])
    Traceback (most recent call last):
    onearm.errors.MethodError: time: 1 value is negative, the first at index 1; count from the start of observation.
    event: 1 value is neither 0 nor 1, the first at index 1; pass event == code, the code that means the event.
    """
    problems: list[str] = []
    times = _numbers("time", time, problems)
    _report(problems, "time", ~np.isfinite(times), "missing or infinite", "leave the subject out, and say so")
    _report(problems, "time", times < 0, "negative", "count from the start of observation")
    happened = _events(event, problems)
    starts = None if entry is None else _numbers("entry", entry, problems)
    counts = None if weights is None else _numbers("weights", weights, problems)
    sized = {"event": happened, "entry": starts, "weights": counts}
    for name, values in sized.items():
        if values is not None and values.shape != times.shape:
            problems.append(f"{name}: {values.size} values beside {times.size} times; give one for each subject.")
    if starts is not None and starts.shape == times.shape:
        _report(problems, "entry", ~np.isfinite(starts), "missing or infinite", "use 0 where observed from the start")
        _report(problems, "entry", starts >= times, "not before the time", "entry must precede the end of observation")
    if counts is not None:
        wrong = ~(np.isfinite(counts) & (counts > 0))
        _report(problems, "weights", wrong, "not a positive number", "leave out subjects who do not count")
    if not times.size:
        problems.append("time: no subject; at least one is needed.")
    if problems:
        raise MethodError(*problems)
    return Times(times, happened, starts, counts)


def distinct_times(time: ArrayLike) -> NDArray[np.float64]:
    """
    Give times that differ only by floating-point noise one value.

    Sorted distinct times whose gap is at most `TIE_TOLERANCE`, absolutely or relative to their mean, are chained
    together and all take the smallest value of the chain, as ``survival::aeqSurv`` does in R.

    Parameters
    ----------
    time : array_like of float, any shape
        Finite times. Pass ``numpy.stack([entry, time])`` where starts and ends must stay comparable.

    Returns
    -------
    ndarray of float
        Of the same shape; the argument itself where nothing was merged.

    References
    ----------
    .. [1] Therneau TM (2024), Round off error and tied times, vignette "tiedtimes" of the R package survival.

    Examples
    --------
    >>> time = distinct_times([0.1 + 0.2, 0.3, 0.5])
    >>> bool(time[0] == time[1])
    True
    """
    values = np.asarray(time, dtype=np.float64)
    distinct = np.unique(values)
    merged = merge_sorted(distinct)
    return values if merged is distinct else merged[np.searchsorted(distinct, values)]


def merge_sorted(ascending: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Do the work of `distinct_times` for times that are sorted already.

    Parameters
    ----------
    ascending : ndarray of float, shape (n,)
        Finite times in ascending order, repeated or not.

    Returns
    -------
    ndarray of float, shape (n,)
        The times, the smallest of each chain in place of the chain; the argument itself where nothing was merged.

    Examples
    --------
    >>> merge_sorted(np.array([0.3, 0.1 + 0.2, 0.5])).tolist()
    [0.3, 0.3, 0.5]
    """
    if ascending.size < 2:
        return ascending
    gap = np.diff(ascending)
    distinct = np.concatenate(([ascending[0]], ascending[1:][gap > 0]))
    starts = gap > TIE_TOLERANCE * max(1.0, float(np.mean(np.abs(distinct))))
    if np.count_nonzero(starts) == distinct.size - 1:
        return ascending
    starts = np.concatenate(([True], starts))
    merged: NDArray[np.float64] = ascending[starts][np.cumsum(starts) - 1]
    return merged


def count_at(grid: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Count the values that belong to each time of a grid.

    Parameters
    ----------
    grid : ndarray of float, shape (n_times,)
        Ascending, each the smallest of its chain of noisy ties.
    values : ndarray of float, shape (n,)
        Times in any order, none before the first of the grid.

    Returns
    -------
    ndarray of float, shape (n_times,)
        Number of values from each time of the grid up to, but without, the next.

    Examples
    --------
    >>> count_at(np.array([0.3, 0.5, 0.7]), np.array([0.7, 0.1 + 0.2, 0.3])).tolist()
    [2.0, 0.0, 1.0]
    """
    # both sorted: looking up one million of them takes a tenth of the time it takes in random order
    before = np.searchsorted(np.sort(values), grid[1:], side="left")
    return np.diff(np.concatenate(([0], before, [values.size]))[: grid.size + 1]).astype(np.float64)


def _numbers(name: str, values: ArrayLike, problems: list[str]) -> NDArray[np.float64]:
    """Convert to one-dimensional floats; None and text that is no number become problems."""
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        problems.append(f"{name}: holds values that are not numbers; convert them first.")
        return np.empty(0)
    if numbers.ndim != 1:
        problems.append(f"{name}: has {numbers.ndim} dimensions; give one value for each subject.")
    return numbers.ravel()


def _events(event: ArrayLike, problems: list[str]) -> NDArray[np.bool_]:
    """Convert events to booleans; anything but two values coded 0 and 1 becomes a problem."""
    raw = np.asarray(event)
    if raw.dtype == np.bool_:
        return raw.ravel()
    codes = _numbers("event", event, problems)
    fix = "pass event == code, the code that means the event"
    _report(problems, "event", np.isnan(codes), "missing", "leave the subject out, and say so")
    _report(problems, "event", ~np.isnan(codes) & (codes != 0) & (codes != 1), "neither 0 nor 1", fix)
    happened: NDArray[np.bool_] = codes == 1
    return happened


def _report(problems: list[str], name: str, wrong: NDArray[np.bool_], what: str, fix: str) -> None:
    """Add a sentence where any subject is concerned."""
    number = int(np.count_nonzero(wrong))
    if number:
        verb = "value is" if number == 1 else "values are"
        problems.append(f"{name}: {number} {verb} {what}, the first at index {int(np.argmax(wrong))}; {fix}.")
