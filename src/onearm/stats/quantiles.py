"""Median and other quantiles of a survival curve, in the conventions of R, SAS and SPSS."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.kaplan_meier import KaplanMeier
from onearm.stats.times import TIE_TOLERANCE

__all__ = ["CONVENTIONS", "Quantile", "QuantileConvention", "survival_quantile"]

_DENSITY_WIDTH: Final = 0.05
"""Half the difference in S over which SPSS takes the slope of the curve."""
_WIDTH_ROUNDING: Final = 1e-12
"""S of 0.55 written as a product of fractions may fall short of 0.55 by rounding."""
_FLAT: Final = {"midpoint": "middle of a flat step", "first": "start of a flat step"}


class QuantileConvention(NamedTuple):
    """
    How a quantile and its limits are read off a curve.

    Attributes
    ----------
    flat : {"midpoint", "first"}
        Where the curve runs flat at exactly 1 - p: the middle of the step, or the first time with S <= 1 - p.
    flat_to_the_end : {"midpoint", "missing", "first"}
        The same where the step lasts to the end of observation: the middle between its start and the last observation,
        not estimable, or its start.
    limits : {"band", "nearest", "density"}
        Where the pointwise limits first come down to 1 - p (Brookmeyer and Crowley); where they are nearest to 1 - p
        among the values that are not above it, which differs only if a limit rises again; or estimate +- z SE with
        the standard error from the slope of the curve.
    """

    flat: Literal["midpoint", "first"]
    flat_to_the_end: Literal["midpoint", "missing", "first"]
    limits: Literal["band", "nearest", "density"]


CONVENTIONS: Final[dict[str, QuantileConvention]] = {
    "r": QuantileConvention("midpoint", "midpoint", "nearest"),
    "r-print": QuantileConvention("midpoint", "first", "band"),
    "sas": QuantileConvention("midpoint", "missing", "band"),
    "spss": QuantileConvention("first", "first", "density"),
}
"""
What R ``quantile(survfit)``, the table that R prints of a survfit object, SAS LIFETEST and SPSS KM do.

The two of R differ where S stays at 1 - p to the end and where a limit rises again, as for the upper limit of the
median of its data set ``aml``: 48 by ``quantile``, 45 in print.
"""


@dataclass(frozen=True, repr=False)
class Quantile(Framed):
    """
    A quantile of a survival time.

    Attributes
    ----------
    p : float
        Share that has had the event by then; 0.5 for the median.
    estimate, low, high : float
        In the unit of the curve; NaN where not estimable.
    std_error : float
        Where the limits come from the density, else NaN.
    level : float
        Two-sided coverage.
    method : str
        How the estimate and the limits were read off the curve.
    note : str
        Why something is missing; empty where nothing is.
    """

    p: float
    estimate: float
    low: float
    high: float
    std_error: float
    level: float
    method: str
    note: str

    def __repr__(self) -> str:
        """Estimate and limits as one would write them."""
        name = "median" if self.p == 0.5 else f"quantile {self.p:g}"
        shown = [f"{value:.6g}" if math.isfinite(value) else "NE" for value in (self.estimate, self.low, self.high)]
        note = f"; {self.note}" if self.note else ""
        return f"Quantile({name} {shown[0]}, {100 * self.level:g}% {shown[1]} to {shown[2]}; {self.method}{note})"


def survival_quantile(curve: KaplanMeier, p: float = 0.5, *, convention: str | QuantileConvention = "r") -> Quantile:
    """
    Time by which a share ``p`` has had the event.

    S is compared with 1 - p with a tolerance of 1.5e-8, so that a product such as 19/20 * ... * 10/11 counts as 0.5.
    A pointwise limit can rise again while few are at risk; conventions differ in where it then crosses.

    Parameters
    ----------
    curve : KaplanMeier
        The estimate; its limits and its level are used.
    p : float, default 0.5
        Between 0 and 1.
    convention : {"r", "r-print", "sas", "spss"} or QuantileConvention, default "r"
        A name from `CONVENTIONS`, or any combination of the three choices.

    Returns
    -------
    Quantile
        With NaN, and a note that says why, for what cannot be estimated.

    Raises
    ------
    MethodError
        If ``p`` lies outside (0, 1) or the convention is unknown.

    Notes
    -----
    The limits by density are ``estimate +- z SE``, ``SE = SE(S) / f``, ``f = [S(u) - S(l)] / (l - u)`` with u the last
    event time at which S >= 1 - p + 0.05 and l the first at which S <= 1 - p - 0.05. At level 0.95 z is 1.96, the
    rounded figure that SPSS uses.

    References
    ----------
    .. [1] Brookmeyer R, Crowley J (1982), Biometrics 38(1):29-41.
    .. [2] SAS Institute, SAS/STAT User's Guide, The LIFETEST Procedure, Details: quartiles of the survival time.
    .. [3] IBM SPSS Statistics Algorithms, KM: estimation of percentiles and their standard errors.

    Examples
    --------
    >>> from onearm.stats.kaplan_meier import kaplan_meier
    >>> curve = kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1])  # S is exactly 0.5 between 2 and 3
    >>> survival_quantile(curve).estimate
    2.5
    >>> survival_quantile(curve, convention="spss").estimate
    2.0
    """
    if not 0 < p < 1:
        raise MethodError(f"p: must lie between 0 and 1, found {p!r}.")
    rule = _resolve(convention)
    estimate = _crossing(curve.time, curve.survival, 1 - p, rule)
    notes = [] if math.isfinite(estimate) else [_why_missing(curve, p)]
    std_error = low = high = math.nan
    if rule.limits != "density":
        low = _crossing(curve.time, curve.low, 1 - p, rule)
        high = _crossing(curve.time, curve.high, 1 - p, rule)
        limits = f"limits where the {curve.interval} band crosses {1 - p:g}"
        notes += [f"{side} limit not reached" for side, at in (("lower", low), ("upper", high)) if math.isnan(at)]
    else:
        limits = "limits from the slope of the curve"
        std_error, problem = _density_error(curve, p, estimate)
        z = 1.96 if curve.level == 0.95 else float(-ndtri((1 - curve.level) / 2))
        low, high = estimate - z * std_error, estimate + z * std_error
        notes += [problem] if problem else []
    return Quantile(
        p=p,
        estimate=estimate,
        low=low,
        high=high,
        std_error=std_error,
        level=curve.level,
        method=f"{_FLAT[rule.flat]}, {limits}",
        note="; ".join(notes),
    )


def _resolve(convention: str | QuantileConvention) -> QuantileConvention:
    """Find a convention by name and check one that was put together by hand."""
    if isinstance(convention, QuantileConvention):
        allowed = {
            "flat": ("midpoint", "first"),
            "flat_to_the_end": ("midpoint", "missing", "first"),
            "limits": ("band", "nearest", "density"),
        }
        wrong = [
            f"convention.{name}: unknown choice {choice!r}.{suggest(str(choice), allowed[name])}"
            for name, choice in convention._asdict().items()
            if choice not in allowed[name]
        ]
        if wrong:
            raise MethodError(*wrong)
        return convention
    if convention not in CONVENTIONS:
        raise MethodError(f"convention: unknown {convention!r}.{suggest(str(convention), CONVENTIONS)}")
    return CONVENTIONS[convention]


def _crossing(time: NDArray[np.float64], values: NDArray[np.float64], target: float, rule: QuantileConvention) -> float:
    """Find the time at which a step function comes down to the target; NaN where it never does."""
    start = _locate(values, target + TIE_TOLERANCE, rule)
    if start is None:
        return math.nan
    if values[start] < target - TIE_TOLERANCE or rule.flat == "first":
        return float(time[start])
    end = _locate(values, target - TIE_TOLERANCE, rule)
    if end is not None:
        return float(time[start] + time[end]) / 2
    if rule.flat_to_the_end == "first":
        return float(time[start])
    # a limit that stops existing before the last observation cannot be said to stay at the target
    if rule.flat_to_the_end == "missing" or np.isnan(values[-1]):
        return math.nan
    return float(time[start] + time[-1]) / 2


def _locate(values: NDArray[np.float64], bound: float, rule: QuantileConvention) -> int | None:
    """Find the row at which a step function counts as having come down to a bound, if there is one."""
    reached = values <= bound
    first = int(np.argmax(reached))
    if not reached[first]:
        return None
    if rule.limits != "nearest":
        return first
    return int(np.argmax(np.where(reached, values, -1.0)))


def _why_missing(curve: KaplanMeier, p: float) -> str:
    """Say why the curve has no such quantile."""
    if curve.n_events == 0:
        return "no event"
    if abs(curve.survival[-1] - (1 - p)) <= TIE_TOLERANCE:
        return f"the curve stays at {1 - p:g} to the last observation"
    return f"the curve stays above {1 - p:g}"


def _density_error(curve: KaplanMeier, p: float, estimate: float) -> tuple[float, str]:
    """Compute the standard error of a quantile from the slope of the curve around it, or say why there is none."""
    if math.isnan(estimate):
        return math.nan, ""
    failing = curve.events > 0
    time, survival, std_error = curve.time[failing], curve.survival[failing], curve.std_error[failing]
    above = np.flatnonzero(survival >= 1 - p + _DENSITY_WIDTH - _WIDTH_ROUNDING)
    under = np.flatnonzero(survival <= 1 - p - _DENSITY_WIDTH + _WIDTH_ROUNDING)
    at = int(np.argmax(survival <= 1 - p + TIE_TOLERANCE))
    if not above.size:
        return math.nan, f"no standard error: no event time at which S is {1 - p + _DENSITY_WIDTH:g} or more"
    if not under.size:
        return math.nan, f"no standard error: S never comes down to {1 - p - _DENSITY_WIDTH:g}"
    if not survival[at] > 0:
        return math.nan, "no standard error: the curve falls to zero there"
    before, after = above[-1], under[0]
    density = (survival[before] - survival[after]) / (time[after] - time[before])
    return float(std_error[at] / density), ""
