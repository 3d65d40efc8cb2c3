"""Follow-up time by each definition that papers use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.bands import IntervalScale
from onearm.stats.kaplan_meier import KaplanMeier, kaplan_meier
from onearm.stats.quantiles import QuantileConvention, survival_quantile
from onearm.stats.times import check_times

__all__ = [
    "FollowUp",
    "QuartileRule",
    "follow_up_of_all",
    "follow_up_of_censored",
    "reverse_follow_up",
    "reverse_kaplan_meier",
]

QuartileRule = Literal["r", "sas", "spss"]
_QUARTILES: Final[dict[str, Literal["linear", "averaged_inverted_cdf", "weibull"]]] = {
    "r": "linear",
    "sas": "averaged_inverted_cdf",
    "spss": "weibull",
}
"""Hyndman and Fan's types 7 (R ``quantile``), 2 (SAS PCTLDEF=5) and 6 (SPSS)."""


@dataclass(frozen=True, repr=False)
class FollowUp(Framed):
    """
    Follow-up time of a group.

    Attributes
    ----------
    definition : str
        Whose time is described, and how.
    n : int
        Subjects described.
    median, first_quartile, third_quartile : float
        In the unit of the times; NaN where not estimable.
    shortest, longest : float
        Range of the observed times of these subjects.
    low, high : float
        Interval of the median, for the reverse Kaplan-Meier estimate only, else NaN.
    level : float
        Two-sided coverage of the interval.
    note : str
        Why something is missing; empty where nothing is.
    """

    definition: str
    n: int
    median: float
    first_quartile: float
    third_quartile: float
    shortest: float
    longest: float
    low: float
    high: float
    level: float
    note: str

    def __repr__(self) -> str:
        """Median, interval where there is one, and quartiles."""

        def show(value: float) -> str:
            return f"{value:.6g}" if math.isfinite(value) else "NE"

        limits = (
            ""
            if math.isnan(self.low) and math.isnan(self.high)
            else (f", {100 * self.level:g}% {show(self.low)} to {show(self.high)}")
        )
        return (
            f"FollowUp({self.definition}: n {self.n}, median {show(self.median)}{limits}, "
            f"IQR {show(self.first_quartile)} to {show(self.third_quartile)}{'; ' + self.note if self.note else ''})"
        )


def reverse_kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    interval: IntervalScale = "log",
    level: float = 0.95,
) -> KaplanMeier:
    """
    Curve of the time under observation, had no one had the event.

    Events and censorings change places: a death hides how long the patient would have been followed.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Whether the observation ended with the event (not turned round).
    entry, weights : array_like of float, shape (n_subjects,), optional
        As in `kaplan_meier`.
    interval : str, default "log"
        As in `kaplan_meier`.
    level : float, default 0.95
        As in `kaplan_meier`.

    Returns
    -------
    KaplanMeier
        ``events`` counts the censored, ``censored`` the events. At a tie, who has the event is still at risk of
        being censored, as with ``survfit(Surv(time, 1 - status) ~ 1)`` in R.

    References
    ----------
    .. [1] Schemper M, Smith TL (1996), Controlled Clinical Trials 17(4):343-346.

    Examples
    --------
    >>> reverse_kaplan_meier([2, 4, 6, 8], [1, 0, 0, 0]).survival.round(4).tolist()
    [1.0, 0.6667, 0.3333, 0.0]
    """
    checked = check_times(time, event, entry=entry, weights=weights)
    return kaplan_meier(
        checked.time, ~checked.event, entry=checked.entry, weights=checked.weights, interval=interval, level=level
    )


def reverse_follow_up(
    time: ArrayLike,
    event: ArrayLike,
    *,
    interval: IntervalScale = "log",
    level: float = 0.95,
    convention: str | QuantileConvention = "r",
) -> FollowUp:
    """
    Median follow-up by the reverse Kaplan-Meier method.

    Parameters
    ----------
    time, event : array_like, shape (n_subjects,)
        As in `reverse_kaplan_meier`.
    interval : str, default "log"
        As in `kaplan_meier`.
    level : float, default 0.95
        As in `kaplan_meier`.
    convention : {"r", "sas", "spss"} or QuantileConvention, default "r"
        How the quartiles are read off the curve.

    Returns
    -------
    FollowUp
        With an interval of the median.

    Examples
    --------
    >>> reverse_follow_up([2, 4, 6, 8], [1, 0, 0, 0])
    FollowUp(reverse Kaplan-Meier: n 4, median 6, 95% 4 to NE, IQR 4 to 8; upper limit not reached)
    """
    curve = reverse_kaplan_meier(time, event, interval=interval, level=level)
    first, middle, third = (survival_quantile(curve, p, convention=convention) for p in (0.25, 0.5, 0.75))
    return FollowUp(
        definition="reverse Kaplan-Meier",
        n=curve.n,
        median=middle.estimate,
        first_quartile=first.estimate,
        third_quartile=third.estimate,
        shortest=float(np.min(np.asarray(time, dtype=np.float64))),
        longest=float(np.max(np.asarray(time, dtype=np.float64))),
        low=middle.low,
        high=middle.high,
        level=level,
        note=middle.note if curve.n_events else "everyone had the event",
    )


def follow_up_of_all(time: ArrayLike, event: ArrayLike, *, quartiles: QuartileRule = "r") -> FollowUp:
    """
    Describe the observed times of all subjects, whatever ended them.

    Early deaths shorten it: the worse the disease, the shorter the follow-up seems. Pass ``cutoff - start`` as the time
    for the potential follow-up, which knows of no deaths.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Checked, not used.
    quartiles : {"r", "sas", "spss"}, default "r"
        Which program's sample quartiles; the median is the same in all.

    Returns
    -------
    FollowUp
        Without an interval.

    References
    ----------
    .. [1] Hyndman RJ, Fan Y (1996), American Statistician 50(4):361-365.

    Examples
    --------
    >>> follow_up_of_all([2, 4, 6, 8], [1, 0, 0, 0])
    FollowUp(observed time of all: n 4, median 5, IQR 3.5 to 6.5)
    """
    return _describe(check_times(time, event).time, "observed time of all", quartiles, note="")


def follow_up_of_censored(time: ArrayLike, event: ArrayLike, *, quartiles: QuartileRule = "r") -> FollowUp:
    """
    Describe the observed times of those without the event; with death as the event, of the living.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Whether the observation ended with the event.
    quartiles : {"r", "sas", "spss"}, default "r"
        Which program's sample quartiles; the median is the same in all.

    Returns
    -------
    FollowUp
        All NaN, with a note, where everyone had the event.

    References
    ----------
    .. [1] Schemper M, Smith TL (1996), Controlled Clinical Trials 17(4):343-346.

    Examples
    --------
    >>> follow_up_of_censored([2, 4, 6, 8], [1, 0, 0, 0])
    FollowUp(observed time of those without event: n 3, median 6, IQR 5 to 7)
    """
    checked = check_times(time, event)
    left = checked.time[~checked.event]
    note = "" if left.size else "everyone had the event"
    return _describe(left, "observed time of those without event", quartiles, note=note)


def _describe(time: NDArray[np.float64], definition: str, quartiles: QuartileRule, *, note: str) -> FollowUp:
    """Give quartiles and range of observed times."""
    if quartiles not in _QUARTILES:
        raise MethodError(f"quartiles: unknown {quartiles!r}.{suggest(str(quartiles), get_args(QuartileRule))}")
    first = median = third = shortest = longest = math.nan
    if time.size:
        first, median, third = np.quantile(time, [0.25, 0.5, 0.75], method=_QUARTILES[quartiles]).tolist()
        shortest, longest = float(time.min()), float(time.max())
    return FollowUp(definition, time.size, median, first, third, shortest, longest, math.nan, math.nan, math.nan, note)
