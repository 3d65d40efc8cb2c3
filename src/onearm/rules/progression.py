"""When a subject progressed, when it was last seen without, and how many planned assessments were missed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from onearm.errors import MethodError
from onearm.frames import check_columns

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ADEQUATE", "first_progression", "last_adequate_assessment", "missed_assessments", "planned_days"]

ADEQUATE: Final = ("CR", "PR", "SD", "NON-CR/NON-PD", "NED", "iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "iUPD")
"""Responses that say that the disease could be assessed and was not (confirmed) progression."""


def first_progression(assessments: pl.DataFrame, *, values: Sequence[str] = ("PD",)) -> pl.DataFrame:
    """
    Find the first progression of each subject that has one.

    Parameters
    ----------
    assessments : polars.DataFrame
        One row per ``subject`` and ``day`` with ``response`` and, optionally, ``seq``. What the day of a PD is, the
        timepoint response has decided (`RecistRules.progression_day`).
    values : sequence of str, default ("PD",)
        Responses that are progression; ``("iCPD",)`` for confirmed immune progression.

    Returns
    -------
    polars.DataFrame
        ``subject, day, seq``, one row per subject with a progression, sorted by subject.

    Raises
    ------
    DataError
        For a missing column.

    Examples
    --------
    >>> rows = pl.DataFrame({"subject": ["1"] * 3, "day": [85, 43, 127], "response": ["PD", "SD", "PD"]})
    >>> first_progression(rows).select("subject", "day").rows()
    [('1', 85)]
    """
    return _edge(assessments, values, last=False)


def last_adequate_assessment(assessments: pl.DataFrame, *, values: Sequence[str] = ADEQUATE) -> pl.DataFrame:
    """
    Find the last assessment of each subject that showed no progression.

    Parameters
    ----------
    assessments : polars.DataFrame
        One row per ``subject`` and ``day`` with ``response`` and, optionally, ``seq``. Rows after whatever ends the
        follow-up must have been left out.
    values : sequence of str, default `ADEQUATE`
        Responses that count; NE does not.

    Returns
    -------
    polars.DataFrame
        ``subject, day, seq``, one row per subject that has one, sorted by subject.

    Raises
    ------
    DataError
        For a missing column.

    Examples
    --------
    >>> rows = pl.DataFrame({"subject": ["1"] * 3, "day": [43, 85, 127], "response": ["PR", "SD", "NE"]})
    >>> last_adequate_assessment(rows).select("subject", "day").rows()
    [('1', 85)]
    """
    return _edge(assessments, values, last=True)


def _edge(assessments: pl.DataFrame, values: Sequence[str], *, last: bool) -> pl.DataFrame:
    """First or last row of each subject with one of the responses."""
    check_columns(assessments, ("subject", "day", "response"), where="assessments")
    rows = assessments.with_row_index("seq") if "seq" not in assessments.columns else assessments
    rows = rows.filter(pl.col("response").is_in(list(values)) & pl.col("day").is_not_null())
    rows = rows.sort("subject", "day", "seq").select("subject", "day", "seq")
    return rows.unique("subject", keep="last" if last else "first", maintain_order=True)


def planned_days(schedule: Sequence[tuple[int, int | None]], *, until: int) -> NDArray[np.int64]:
    """
    List the days on which assessments are planned.

    Parameters
    ----------
    schedule : sequence of (int, int or None)
        ``(every_days, until_day)``: the interval, and the day to which it holds; ``None`` in the last for ever. Days
        are counted from the start, which is day 0.
    until : int
        Last day of interest.

    Returns
    -------
    numpy.ndarray
        Shape ``(n_visits,)``, increasing, none after ``until``.

    Raises
    ------
    MethodError
        For an interval below 1 day, or days that do not increase.

    Examples
    --------
    >>> planned_days([(42, 126), (63, None)], until=260)
    array([ 42,  84, 126, 189, 252])
    """
    days: list[int] = []
    day = 0
    for number, (every, end) in enumerate(schedule):
        stop = until if end is None else end
        if every < 1 or (end is None and number + 1 < len(schedule)) or (end is not None and end <= day):
            raise MethodError(
                f"schedule[{number}]: found every {every} days until day {end}; the interval must be 1 or more, the "
                "days must increase, and only the last may be open."
            )
        steps = range(day + every, min(stop, until) + 1, every)
        days.extend(steps)
        day = stop
    return np.asarray(days, dtype=np.int64)


def missed_assessments(
    last_day: ArrayLike, event_day: ArrayLike, schedule: Sequence[tuple[int, int | None]], *, window_days: int = 0
) -> NDArray[np.int64]:
    """
    Count the planned assessments that were missed between two days.

    Parameters
    ----------
    last_day : array_like of int
        Shape ``(n,)``. Last adequate assessment, counted from the start of the schedule; 0 where there is none.
    event_day : array_like of int
        Shape ``(n,)``. Day of the event, counted likewise.
    schedule : sequence of (int, int or None)
        See `planned_days`.
    window_days : int, default 0
        An assessment may be so many days early or late.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``: planned days after ``last_day + window_days`` and before ``event_day - window_days``.

    Raises
    ------
    MethodError
        As `planned_days`.

    Notes
    -----
    With visits every 42 days and a window of 7, a last assessment on day 43 and an event on day 170: the visits of
    days 84 and 126 were missed; that of day 168 was not, since the event is in its window.

    Examples
    --------
    >>> missed_assessments([43, 84], [170, 127], [(42, None)], window_days=7)
    array([2, 0])
    """
    last, event = np.asarray(last_day, dtype=np.int64), np.asarray(event_day, dtype=np.int64)
    planned = planned_days(schedule, until=int(event.max(initial=0)))
    before = np.searchsorted(planned, event - window_days, side="left")
    seen = np.searchsorted(planned, last + window_days, side="right")
    count: NDArray[np.int64] = np.maximum(before - seen, 0).astype(np.int64)
    return count
