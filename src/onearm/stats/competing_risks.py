"""Cumulative incidence of one cause among several, by Aalen and Johansen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.bands import IntervalScale, pointwise_limits
from onearm.stats.kaplan_meier import KaplanMeier, kaplan_meier
from onearm.stats.times import count_at, distinct_times

__all__ = [
    "CumulativeIncidence",
    "IncidenceAt",
    "IncidenceVariance",
    "check_causes",
    "cumulative_incidence",
    "incidence_at",
]

IncidenceVariance = Literal["greenwood", "aalen"]


@dataclass(frozen=True, eq=False, repr=False)
class CumulativeIncidence(Framed):
    """
    Probability of having failed from one cause, one element for each distinct time of observation.

    Attributes
    ----------
    time : ndarray of float, shape (n_times,)
        Distinct times, ascending; the incidence is 0 before the first.
    at_risk, events, competing : ndarray of float, shape (n_times,)
        Numbers at risk just before, failing from the cause and failing from any other at each time.
    incidence, std_error : ndarray of float, shape (n_times,)
        Estimate at and after each time, and its standard error.
    low, high : ndarray of float, shape (n_times,)
        Pointwise limits; NaN before the first failure from the cause on the scales without a value at zero.
    n, n_events, n_competing : int
        Subjects, failures from the cause, failures from others.
    of : int
        Code of the cause.
    interval : str
        Scale of the limits.
    level : float
        Two-sided coverage of the limits.
    variance : str
        ``greenwood`` or ``aalen``.
    """

    time: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    events: NDArray[np.float64]
    competing: NDArray[np.float64]
    incidence: NDArray[np.float64]
    std_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: int
    n_events: int
    n_competing: int
    of: int
    interval: IntervalScale
    level: float
    variance: IncidenceVariance

    def __repr__(self) -> str:
        """Say what was estimated; the numbers are in `to_frame`."""
        return (
            f"CumulativeIncidence(cause {self.of}: {self.n} subjects, {self.n_events} events, {self.n_competing} "
            f"competing, {self.incidence[-1]:.4g} at {self.time[-1]:g}; {self.interval} {100 * self.level:g}% limits)"
        )


@dataclass(frozen=True, eq=False)
class IncidenceAt(Framed):
    """
    A cumulative incidence read at given times.

    Attributes
    ----------
    time : ndarray of float, shape (n,)
        As asked for.
    incidence, std_error, low, high : ndarray of float, shape (n,)
        NaN where the curve does not say.
    at_risk : ndarray of float, shape (n,)
        Number under observation just before each time.
    note : tuple of str, length n
        Why a value is missing; empty where it is not.
    """

    time: NDArray[np.float64]
    incidence: NDArray[np.float64]
    std_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    note: tuple[str, ...]


def check_causes(cause: ArrayLike) -> NDArray[np.intp]:
    """
    Check codes of causes and convert them.

    Parameters
    ----------
    cause : array_like of int, shape (n_subjects,)
        0 for censoring, 1 and more for the causes.

    Returns
    -------
    ndarray of int, shape (n_subjects,)
        The codes.

    Raises
    ------
    MethodError
        If a code is missing, negative or not a whole number.

    Examples
    --------
    >>> check_causes([0, 2, 1.0]).tolist()
    [0, 2, 1]
    """
    try:
        codes = np.asarray(cause, dtype=np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise MethodError("cause: holds codes that are not numbers; 0 is censoring, 1 and more are causes.") from error
    wrong = ~((codes >= 0) & (codes == np.floor(codes)) & np.isfinite(codes))
    if wrong.any():
        raise MethodError(
            f"cause: not a whole number from 0 on for {np.count_nonzero(wrong)} of {codes.size} subjects, the first at "
            f"index {int(np.argmax(wrong))}; 0 is censoring, 1 and more are causes."
        )
    return codes.astype(np.intp)


def cumulative_incidence(
    time: ArrayLike,
    cause: ArrayLike,
    *,
    of: int = 1,
    entry: ArrayLike | None = None,
    interval: IntervalScale = "log-log",
    level: float = 0.95,
    variance: IncidenceVariance = "greenwood",
) -> CumulativeIncidence:
    """
    Aalen-Johansen estimate of the cumulative incidence of one cause.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation; times that differ by floating-point noise are one time.
    cause : array_like of int, shape (n_subjects,)
        0 for censoring, 1 and more for what ended the observation.
    of : int, default 1
        Cause whose incidence is estimated; every other is competing.
    entry : array_like of float, shape (n_subjects,), optional
        Start of observation (left truncation).
    interval : {"log-log", "log", "plain", "logit", "arcsine"}, default "log-log"
        Scale of the limits, on the incidence itself; R ``survfit`` uses log, SAS LIFETEST log-log.
    level : float, default 0.95
        Two-sided coverage of the limits.
    variance : {"greenwood", "aalen"}, default "greenwood"
        Multinomial delta method, which for unweighted data is what R ``survfit`` gives and SAS calls DELTA; or
        Aalen's, that of the R package cmprsk and the default of SAS.

    Returns
    -------
    CumulativeIncidence
        Zero throughout where no one failed from the cause.

    Raises
    ------
    MethodError
        For bad times or codes.

    References
    ----------
    .. [1] Aalen OO, Johansen S (1978), Scandinavian Journal of Statistics 5(3):141-150.
    .. [2] Gray RJ (1988), Annals of Statistics 16(3):1141-1154.
    .. [3] Marubini E, Valsecchi MG (1995), Analysing Survival Data from Clinical Trials, section 10.3.

    Examples
    --------
    1/4 at 1, then the half who outlived both causes times 1/2 at 3:

    >>> curve = cumulative_incidence([1, 2, 3, 4], [1, 2, 1, 0])
    >>> curve.incidence.tolist()
    [0.25, 0.25, 0.5, 0.5]
    """
    if variance not in get_args(IncidenceVariance):
        raise MethodError(f"variance: unknown {variance!r}.{suggest(str(variance), get_args(IncidenceVariance))}")
    codes = check_causes(cause)
    if of < 1:
        raise MethodError(f"of: must be the code of a cause, 1 or more, found {of!r}.")
    overall = kaplan_meier(time, codes != 0, entry=entry, level=level)
    events = count_at(overall.time, _ends(time, entry)[codes == of])
    before = np.concatenate(([1.0], overall.survival[:-1]))
    incidence: NDArray[np.float64] = np.cumsum(before * events / overall.at_risk)
    std_error = _std_error(overall, before, events, incidence, variance)
    low, high = pointwise_limits(incidence, std_error, interval=interval, level=level)
    return CumulativeIncidence(
        time=overall.time,
        at_risk=overall.at_risk,
        events=events,
        competing=overall.events - events,
        incidence=incidence,
        std_error=std_error,
        low=low,
        high=high,
        n=overall.n,
        n_events=int(np.count_nonzero(codes == of)),
        n_competing=int(np.count_nonzero((codes != of) & (codes != 0))),
        of=of,
        interval=interval,
        level=level,
        variance=variance,
    )


def incidence_at(curve: CumulativeIncidence, times: ArrayLike, *, extend: bool = False) -> IncidenceAt:
    """
    Read a cumulative incidence at given times.

    Parameters
    ----------
    curve : CumulativeIncidence
        The estimate.
    times : array_like of float, shape (n,) or a single number
        Not negative, in the unit of the curve.
    extend : bool, default False
        Carry the last estimate on beyond the last observation.

    Returns
    -------
    IncidenceAt
        Beyond the last observation missing, with a note, unless everyone had failed or ``extend`` is set.

    Raises
    ------
    MethodError
        If a time is negative or missing.

    Examples
    --------
    >>> curve = cumulative_incidence([1, 2, 3, 4], [1, 2, 1, 0])
    >>> incidence_at(curve, [0.5, 3, 9]).incidence.tolist()
    [0.0, 0.5, nan]
    """
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if asked.ndim != 1 or not np.all(asked >= 0):
        raise MethodError("times: must be numbers that are not negative and not missing.")
    merged = distinct_times(np.concatenate([curve.time, asked]))
    reference, points = merged[: curve.time.size], merged[curve.time.size :]
    row = np.searchsorted(reference, points, side="right") - 1
    all_failed = curve.at_risk[-1] == curve.events[-1] + curve.competing[-1]
    missing = (points > reference[-1]) & (not extend) & (not all_failed)

    def read(values: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.where(missing, np.nan, np.where(row < 0, 0.0, values[row]))
        return found

    return IncidenceAt(
        time=asked,
        incidence=read(curve.incidence),
        std_error=read(curve.std_error),
        low=read(curve.low),
        high=read(curve.high),
        at_risk=np.append(curve.at_risk, 0.0)[np.searchsorted(reference, points, side="left")],
        note=tuple(f"no one was observed beyond {curve.time[-1]:g}" if unknown else "" for unknown in missing),
    )


def _ends(time: ArrayLike, entry: ArrayLike | None) -> NDArray[np.float64]:
    """Ends of observation, merged with the starts as the overall curve did."""
    ends = np.asarray(time, dtype=np.float64)
    return ends if entry is None else distinct_times(np.stack([np.asarray(entry, dtype=np.float64), ends]))[1]


def _std_error(
    overall: KaplanMeier,
    before: NDArray[np.float64],
    events: NDArray[np.float64],
    incidence: NDArray[np.float64],
    variance: IncidenceVariance,
) -> NDArray[np.float64]:
    """
    Standard error of the incidence F at each distinct time t.

    A failure at s moves F(t) by S(s-) - x if it is from the cause and by -x if not, x = S(s-)/S(s) (F(t) - F(s)).
    Both are linear in F(t), so the sum of their squares over s is a quadratic in F(t), its coefficients running sums.
    """
    at_risk, competing = overall.at_risk, overall.events - events
    ratio = np.divide(before, overall.survival, out=np.zeros_like(before), where=overall.survival > 0)
    other = ratio * incidence
    own = before + other
    with np.errstate(divide="ignore", invalid="ignore"):
        if variance == "aalen":
            single = np.maximum(at_risk - 1, 1)
            w_own = events * np.where(events == 1, 1.0, (at_risk - events) / single) / at_risk**2
            w_other = competing * np.where(competing == 1, 1.0, (at_risk - competing) / single) / at_risk**2
            w_both = np.zeros_like(w_own)
        else:
            w_own, w_other, w_both = events / at_risk**2, competing / at_risk**2, 1 / at_risk**3
    # where no one survives, the other causes no longer move F
    w_other = np.where(overall.survival > 0, w_other, 0.0)
    mean_constant = own * events + other * competing
    mean_slope = ratio * (events + competing)
    constant = np.cumsum(w_own * own**2 + w_other * other**2 - w_both * mean_constant**2)
    linear = np.cumsum(ratio * (w_own * own + w_other * other) - w_both * mean_constant * mean_slope)
    square = np.cumsum(ratio**2 * (w_own + w_other) - w_both * mean_slope**2)
    total = constant - 2 * incidence * linear + incidence**2 * square
    std_error: NDArray[np.float64] = np.sqrt(np.maximum(total, 0.0))
    return std_error
