"""Comparison at a milestone: survival at one time, or the mean up to it, between two arms or with a fixed value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, get_args

from scipy.special import ndtr, ndtri

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.bands import IntervalScale
from onearm.stats.kaplan_meier import KaplanMeier, survival_at
from onearm.stats.restricted_mean import RestrictedMean, restricted_mean
from onearm.stats.times import check_level

__all__ = [
    "MeanComparison",
    "MilestoneComparison",
    "MilestoneTest",
    "compare_milestone",
    "compare_restricted_means",
    "milestone_against",
]


@dataclass(frozen=True)
class MilestoneTest(Framed):
    """
    Survival at one time against a fixed value.

    Attributes
    ----------
    time : float
        Milestone.
    survival, std_error : float
        Estimate and its standard error.
    reference : float
        Survival under the null hypothesis.
    z : float
        Standardised difference on the scale; positive where survival is better.
    p, p_better : float
        Two-sided, and one-sided against better survival.
    scale : str
        Scale on which the difference is taken as normal.
    note : str
        Why the test does not exist; empty where it does.
    """

    time: float
    survival: float
    std_error: float
    reference: float
    z: float
    p: float
    p_better: float
    scale: IntervalScale
    note: str


@dataclass(frozen=True)
class MilestoneComparison(Framed):
    """
    Survival of two arms at one time.

    Attributes
    ----------
    time : float
        Milestone.
    first, second : float
        Estimates.
    difference, std_error, low, high : float
        First minus second, its standard error and its limits, on the plain scale.
    level : float
        Two-sided coverage of the limits.
    z, p : float
        Test on the scale below: positive where the first arm does better; two-sided.
    scale : str
        Scale on which the test takes the difference as normal.
    note : str
        Why something does not exist; empty where it does.
    """

    time: float
    first: float
    second: float
    difference: float
    std_error: float
    low: float
    high: float
    level: float
    z: float
    p: float
    scale: IntervalScale
    note: str


@dataclass(frozen=True)
class MeanComparison(Framed):
    """
    Restricted mean survival times of two arms.

    Attributes
    ----------
    tau : float
        Horizon.
    first, second : float
        Means up to the horizon.
    difference, difference_low, difference_high, difference_p : float
        First minus second, limits and two-sided p.
    ratio, ratio_low, ratio_high, ratio_p : float
        First over second, limits and p on the logarithmic scale.
    lost_ratio, lost_ratio_low, lost_ratio_high, lost_ratio_p : float
        The same for the mean times lost before the horizon.
    level : float
        Two-sided coverage.
    note : str
        What the means rest on besides observations; empty where nothing.
    """

    tau: float
    first: float
    second: float
    difference: float
    difference_low: float
    difference_high: float
    difference_p: float
    ratio: float
    ratio_low: float
    ratio_high: float
    ratio_p: float
    lost_ratio: float
    lost_ratio_low: float
    lost_ratio_high: float
    lost_ratio_p: float
    level: float
    note: str


def milestone_against(
    curve: KaplanMeier, time: float, reference: float, *, scale: IntervalScale = "log-log"
) -> MilestoneTest:
    """
    Test the survival of one arm at a milestone against a fixed value.

    Parameters
    ----------
    curve : KaplanMeier
        The estimate.
    time : float
        Milestone.
    reference : float
        Survival under the null hypothesis, in (0, 1).
    scale : {"log-log", "plain", "log", "logit", "arcsine"}, default "log-log"
        Scale on which the estimate is taken as normal.

    Returns
    -------
    MilestoneTest
        NaN, with a note, where the estimate or its standard error does not exist or is zero.

    Raises
    ------
    MethodError
        If ``reference`` or ``scale`` is unusable.

    References
    ----------
    .. [1] Klein JP, Logan B, Harhoff M, Andersen PK (2007), Statistics in Medicine 26(24):4505-4519.

    Examples
    --------
    Of ten, two die at 1: S = 0.8, SE = sqrt(0.8 * 0.2 / 10).

    >>> from onearm.stats.kaplan_meier import kaplan_meier
    >>> curve = kaplan_meier([1] * 2 + [5] * 8, [1] * 2 + [0] * 8)
    >>> round(milestone_against(curve, 3, 0.5, scale="plain").z, 4)
    2.3717
    """
    scaled = _scale(scale)
    if not 0 < reference < 1:
        raise MethodError(f"reference: must lie between 0 and 1, found {reference!r}.")
    point = _read(curve, time)
    z = math.nan
    if not point.note:
        z = (scaled.value(point.survival) - scaled.value(reference)) / (point.std_error * scaled.slope(point.survival))
    return MilestoneTest(
        time=time,
        survival=point.survival,
        std_error=point.std_error,
        reference=reference,
        z=z,
        p=2 * float(ndtr(-abs(z))),
        p_better=float(ndtr(-z)),
        scale=scale,
        note=point.note,
    )


def compare_milestone(
    first: KaplanMeier, second: KaplanMeier, time: float, *, scale: IntervalScale = "log-log", level: float = 0.95
) -> MilestoneComparison:
    """
    Compare the survival of two arms at a milestone.

    Parameters
    ----------
    first, second : KaplanMeier
        The estimates.
    time : float
        Milestone, fixed beforehand.
    scale : {"log-log", "plain", "log", "logit", "arcsine"}, default "log-log"
        Scale of the test; the limits of the difference are always on the plain one.
    level : float, default 0.95
        Two-sided coverage of the limits.

    Returns
    -------
    MilestoneComparison
        NaN, with a note, where an estimate or its standard error does not exist or is zero.

    Raises
    ------
    MethodError
        If ``scale`` or ``level`` is unusable.

    References
    ----------
    .. [1] Klein JP, Logan B, Harhoff M, Andersen PK (2007), Statistics in Medicine 26(24):4505-4519.

    Examples
    --------
    >>> from onearm.stats.kaplan_meier import kaplan_meier
    >>> good = kaplan_meier([1] * 2 + [5] * 8, [1] * 2 + [0] * 8)
    >>> poor = kaplan_meier([1] * 5 + [5] * 5, [1] * 5 + [0] * 5)
    >>> result = compare_milestone(good, poor, 3, scale="plain")
    >>> round(result.difference, 4), round(result.std_error, 4)
    (0.3, 0.2025)
    """
    scaled = _scale(scale)
    quantile = float(-ndtri((1 - check_level(level)) / 2))
    one, two = _read(first, time), _read(second, time)
    notes = [f"{name} arm: {point.note}" for name, point in (("first", one), ("second", two)) if point.note]
    difference, std_error = one.survival - two.survival, math.hypot(one.std_error, two.std_error)
    z = math.nan
    if not notes:
        spread = math.hypot(*(point.std_error * scaled.slope(point.survival) for point in (one, two)))
        z = (scaled.value(one.survival) - scaled.value(two.survival)) / spread
    return MilestoneComparison(
        time=time,
        first=one.survival,
        second=two.survival,
        difference=difference,
        std_error=std_error,
        low=difference - quantile * std_error,
        high=difference + quantile * std_error,
        level=level,
        z=z,
        p=2 * float(ndtr(-abs(z))),
        scale=scale,
        note="; ".join(notes),
    )


def compare_restricted_means(
    first: KaplanMeier, second: KaplanMeier, tau: float, *, level: float = 0.95
) -> MeanComparison:
    """
    Compare the restricted mean survival times of two arms.

    Parameters
    ----------
    first, second : KaplanMeier
        The estimates.
    tau : float
        Horizon, fixed beforehand and within the observation of both arms.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    MeanComparison
        Ratios are NaN where a mean, or a time lost, is zero.

    Raises
    ------
    MethodError
        If ``tau`` or ``level`` is unusable.

    References
    ----------
    .. [1] Royston P, Parmar MKB (2013), BMC Medical Research Methodology 13:152.
    .. [2] Uno H, et al (2014), Journal of Clinical Oncology 32(22):2380-2385.

    Examples
    --------
    >>> from onearm.stats.kaplan_meier import kaplan_meier
    >>> result = compare_restricted_means(kaplan_meier([4, 6], [1, 0]), kaplan_meier([2, 6], [1, 0]), 6)
    >>> result.first, result.second, result.difference
    (5.0, 4.0, 1.0)
    """
    quantile = float(-ndtri((1 - check_level(level)) / 2))
    one, two = restricted_mean(first, tau), restricted_mean(second, tau)
    difference, std_error = one.estimate - two.estimate, math.hypot(one.std_error, two.std_error)
    mean_ratio = _ratio(one, two, one.estimate, two.estimate, quantile)
    lost_ratio = _ratio(one, two, one.lost, two.lost, quantile)
    notes = [f"{name} arm: {mean.note}" for name, mean in (("first", one), ("second", two)) if mean.note]
    return MeanComparison(
        tau=one.tau,
        first=one.estimate,
        second=two.estimate,
        difference=difference,
        difference_low=difference - quantile * std_error,
        difference_high=difference + quantile * std_error,
        difference_p=2 * float(ndtr(-abs(difference) / std_error)) if std_error > 0 else math.nan,
        ratio=mean_ratio.estimate,
        ratio_low=mean_ratio.low,
        ratio_high=mean_ratio.high,
        ratio_p=mean_ratio.p,
        lost_ratio=lost_ratio.estimate,
        lost_ratio_low=lost_ratio.low,
        lost_ratio_high=lost_ratio.high,
        lost_ratio_p=lost_ratio.p,
        level=level,
        note="; ".join(notes),
    )


class _Point(NamedTuple):
    """A curve at the milestone."""

    survival: float
    std_error: float
    note: str


class _Scaled(NamedTuple):
    """A scale: where it sends S, rising in S, and its slope there."""

    value: Callable[[float], float]
    slope: Callable[[float], float]


class _Ratio(NamedTuple):
    """A ratio of two means or of two times lost."""

    estimate: float
    low: float
    high: float
    p: float


_SCALES: Final[dict[str, _Scaled]] = {
    "plain": _Scaled(lambda s: s, lambda _: 1.0),
    "log": _Scaled(math.log, lambda s: 1 / s),
    "log-log": _Scaled(lambda s: -math.log(-math.log(s)), lambda s: -1 / (s * math.log(s))),
    "logit": _Scaled(lambda s: math.log(s / (1 - s)), lambda s: 1 / (s * (1 - s))),
    "arcsine": _Scaled(lambda s: math.asin(math.sqrt(s)), lambda s: 0.5 / math.sqrt(s * (1 - s))),
}


def _scale(scale: str) -> _Scaled:
    """Find a scale by name."""
    if scale not in _SCALES:
        raise MethodError(f"scale: unknown {scale!r}.{suggest(str(scale), get_args(IntervalScale))}")
    return _SCALES[scale]


def _read(curve: KaplanMeier, time: float) -> _Point:
    """Read a curve at the milestone and say what stands in the way of a test."""
    at = survival_at(curve, time)
    survival, std_error, note = float(at.survival[0]), float(at.std_error[0]), at.note[0]
    if not note and not (0 < survival < 1 and std_error > 0):
        note = f"S is {survival:g} there, without a standard error that a test could use"
    return _Point(survival, std_error, note)


def _ratio(first: RestrictedMean, second: RestrictedMean, one: float, two: float, quantile: float) -> _Ratio:
    """Compare on the logarithmic scale."""
    if not (one > 0 and two > 0):
        return _Ratio(math.nan, math.nan, math.nan, math.nan)
    spread = math.hypot(first.std_error / one, second.std_error / two)
    log = math.log(one / two)
    p = 2 * float(ndtr(-abs(log) / spread)) if spread > 0 else math.nan
    return _Ratio(one / two, math.exp(log - quantile * spread), math.exp(log + quantile * spread), p)
