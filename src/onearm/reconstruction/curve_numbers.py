"""
The printed numbers of a Kaplan-Meier curve, fast enough to be computed a hundred thousand times in a search.

A patient's time is one whole number, ``2 * day + (0 if event else 1)``: sorting puts events before censorings at a tie, as
`onearm.stats.kaplan_meier` does. The arithmetic is that of `onearm.stats`, written for short lists of whole days, where plain
Python beats arrays; the tests hold the two equal, and every solution is checked with `onearm.stats` in the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.special import ndtri

from onearm.reconstruction.targets import Conventions
from onearm.stats.bands import IntervalScale, pointwise_limits
from onearm.stats.quantiles import CONVENTIONS, QuantileConvention
from onearm.stats.times import TIE_TOLERANCE

__all__ = ["CurveRecipe", "Steps", "code_of", "curve_recipe", "limits_at", "quantile_of", "sample_quantile", "steps_of"]

_DENSITY_WIDTH: Final = 0.05
_WIDTH_ROUNDING: Final = 1e-12
Limits = Callable[[float, float], tuple[float, float]]


class CurveRecipe(NamedTuple):
    """
    Conventions, worked out once.

    Attributes
    ----------
    days_per_month : float
        Days in a month.
    rule : QuantileConvention
        How a quantile is read.
    limits : callable
        Lower and upper limit from S and its margin, ``z`` times the standard error.
    z : float
        Normal quantile of the level.
    z_density : float
        That of limits by density: 1.96, not 1.95996, at level 0.95.
    """

    days_per_month: float
    rule: QuantileConvention
    limits: Limits
    z: float
    z_density: float


class Steps(NamedTuple):
    """
    A curve: one element for each day with an event.

    Attributes
    ----------
    day : list of int
        Days with events.
    survival : list of float
        S from that day on.
    variance : list of float
        Greenwood's variance of log S; infinite where S is zero.
    first, last : int
        First and last day of observation; -1 without patients.
    n, events : int
        Patients and events.
    """

    day: list[int]
    survival: list[float]
    variance: list[float]
    first: int
    last: int
    n: int
    events: int


def code_of(day: int, event: bool) -> int:
    """
    Write a time as one number.

    Parameters
    ----------
    day : int
        Whole days.
    event : bool
        Whether it ended with the event.

    Returns
    -------
    int
        Sorts by day, events first.

    Examples
    --------
    >>> code_of(10, True), code_of(10, False)
    (20, 21)
    """
    return 2 * day + (0 if event else 1)


def curve_recipe(conventions: Conventions) -> CurveRecipe:
    """
    Work conventions out.

    Parameters
    ----------
    conventions : Conventions
        Of the paper.

    Returns
    -------
    CurveRecipe
        For `quantile_of` and `limits_at`.
    """
    rule = conventions.median
    z = float(-ndtri((1 - conventions.level) / 2))
    return CurveRecipe(
        days_per_month=conventions.days_per_month,
        rule=rule if isinstance(rule, QuantileConvention) else CONVENTIONS[rule],
        limits=_LIMITS.get(conventions.interval, _any_scale(conventions.interval)),
        z=z,
        z_density=1.96 if conventions.level == 0.95 else z,
    )


def steps_of(codes: Sequence[int]) -> Steps:
    """
    Compute the curve.

    Parameters
    ----------
    codes : sequence of int
        Ascending, see `code_of`.

    Returns
    -------
    Steps
        Empty without events.

    Examples
    --------
    >>> steps = steps_of(sorted(code_of(d, e) for d, e in [(2, True), (3, False), (5, True), (8, False), (9, False)]))
    >>> [round(s, 4) for s in steps.survival]
    [0.8, 0.5333]
    """
    n = at_risk = len(codes)
    survival, variance, events, i = 1.0, 0.0, 0, 0
    day: list[int] = []
    surviving: list[float] = []
    variances: list[float] = []
    while i < n:
        code = codes[i]
        i += 1
        if code & 1:
            at_risk -= 1
            continue
        failing = 1
        while i < n and codes[i] == code:
            failing += 1
            i += 1
        left = at_risk - failing
        survival *= left / at_risk
        variance += failing / (at_risk * left) if left else math.inf
        at_risk = left
        events += failing
        day.append(code >> 1)
        surviving.append(survival)
        variances.append(variance)
    first, last = (codes[0] >> 1, codes[-1] >> 1) if n else (-1, -1)
    return Steps(day, surviving, variances, first, last, n, events)


def limits_at(steps: Steps, months: float, recipe: CurveRecipe) -> tuple[float, float, float]:
    """
    Read the rate at a landmark with its limits.

    Parameters
    ----------
    steps : Steps
        The curve.
    months : float
        When.
    recipe : CurveRecipe
        Conventions.

    Returns
    -------
    tuple of float
        S, lower and upper limit, as proportions; NaN beyond the last observation and where not defined.
    """
    until = months * recipe.days_per_month + 1e-6
    if until >= steps.last + 1 and not (steps.survival and steps.survival[-1] == 0.0):
        return math.nan, math.nan, math.nan
    i = len(steps.day)
    while i and steps.day[i - 1] > until:
        i -= 1
    if not i:
        return (1.0, *recipe.limits(1.0, 0.0)) if steps.first <= until else (1.0, 1.0, 1.0)
    s = steps.survival[i - 1]
    low, high = recipe.limits(s, recipe.z * s * math.sqrt(steps.variance[i - 1])) if s > 0 else (math.nan, math.nan)
    return s, low, high


def quantile_of(steps: Steps, p: float, recipe: CurveRecipe, *, with_limits: bool = True) -> tuple[float, float, float]:
    """
    Read a quantile with its limits.

    Parameters
    ----------
    steps : Steps
        The curve.
    p : float
        Share with the event; 0.5 for the median.
    recipe : CurveRecipe
        Conventions.
    with_limits : bool, default True
        Whether the limits are wanted; they take most of the time.

    Returns
    -------
    tuple of float
        Estimate, lower and upper limit in months; NaN where not estimable.
    """
    target, month, rule = 1 - p, recipe.days_per_month, recipe.rule
    estimate = _crossing(steps, steps.survival, target, rule)
    if not with_limits:
        return estimate / month, math.nan, math.nan
    if rule.limits == "density":
        margin = recipe.z_density * _density_error(steps, target)
        return estimate / month, (estimate - margin) / month, (estimate + margin) / month
    lows: list[float] = []
    highs: list[float] = []
    for s, variance in zip(steps.survival, steps.variance, strict=True):
        low, high = recipe.limits(s, recipe.z * s * math.sqrt(variance)) if s > 0 else (math.nan, math.nan)
        lows.append(low)
        highs.append(high)
    return (
        estimate / month,
        _crossing(steps, lows, target, rule) / month,
        _crossing(steps, highs, target, rule) / month,
    )


def sample_quantile(ascending: Sequence[float], p: float, quartiles: str) -> float:
    """
    Sample quantile in the definition of R (type 7), SAS (2) or SPSS (6).

    Parameters
    ----------
    ascending : sequence of float
        Sorted values.
    p : float
        Between 0 and 1.
    quartiles : {"r", "sas", "spss"}
        Whose definition.

    Returns
    -------
    float
        NaN without values.

    References
    ----------
    .. [1] Hyndman RJ, Fan Y (1996), American Statistician 50(4):361-365.

    Examples
    --------
    >>> [sample_quantile([1, 2, 3, 4], 0.25, program) for program in ("r", "sas", "spss")]
    [1.75, 1.5, 1.25]
    """
    n = len(ascending)
    if not n:
        return math.nan
    if quartiles == "sas":
        position = n * p
        lower = math.floor(position + 1e-9)
        if abs(position - lower) < 1e-9 and 0 < lower < n:
            return (ascending[lower - 1] + ascending[lower]) / 2
        return float(ascending[min(max(math.ceil(position - 1e-9) - 1, 0), n - 1)])
    position = (n - 1) * p if quartiles == "r" else (n + 1) * p - 1
    position = min(max(position, 0.0), n - 1.0)
    lower = math.floor(position)
    upper = min(lower + 1, n - 1)
    return ascending[lower] + (position - lower) * (ascending[upper] - ascending[lower])


def _crossing(steps: Steps, values: list[float], target: float, rule: QuantileConvention) -> float:
    """Find the day at which a step function comes down to the target; NaN where it never does."""
    start = _locate(values, target + TIE_TOLERANCE, rule)
    if start < 0:
        return math.nan
    day = steps.day
    if values[start] < target - TIE_TOLERANCE or rule.flat == "first":
        return float(day[start])
    end = _locate(values, target - TIE_TOLERANCE, rule)
    if end >= 0:
        return (day[start] + day[end]) / 2
    if rule.flat_to_the_end == "first":
        return float(day[start])
    if rule.flat_to_the_end == "missing" or math.isnan(values[-1]):
        return math.nan
    return (day[start] + steps.last) / 2


def _locate(values: list[float], bound: float, rule: QuantileConvention) -> int:
    """Find the row at which a step function counts as having come down to a bound; -1 where there is none."""
    if rule.limits != "nearest":
        return next((i for i, value in enumerate(values) if value <= bound), -1)
    best, found = -1.0, -1
    for i, value in enumerate(values):
        if best < value <= bound:
            best, found = value, i
    return found


def _density_error(steps: Steps, target: float) -> float:
    """Standard error of a quantile from the slope of the curve around it, in days."""
    above = under = at = -1
    for i, s in enumerate(steps.survival):
        if s >= target + _DENSITY_WIDTH - _WIDTH_ROUNDING:
            above = i
        if at < 0 and s <= target + TIE_TOLERANCE:
            at = i
        if s <= target - _DENSITY_WIDTH + _WIDTH_ROUNDING:
            under = i
            break
    if above < 0 or under < 0 or at < 0 or steps.survival[at] <= 0:
        return math.nan
    density = (steps.survival[above] - steps.survival[under]) / (steps.day[under] - steps.day[above])
    return steps.survival[at] * math.sqrt(steps.variance[at]) / density


def _plain(survival: float, margin: float) -> tuple[float, float]:
    return max(survival - margin, 0.0), min(survival + margin, 1.0)


def _log(survival: float, margin: float) -> tuple[float, float]:
    factor = math.exp(margin / survival)
    return survival / factor, min(survival * factor, 1.0)


def _log_log(survival: float, margin: float) -> tuple[float, float]:
    if survival >= 1.0:
        return math.nan, math.nan
    log = math.log(survival)
    exponent = margin / (survival * -log)
    if exponent > 700:
        return 0.0, 1.0
    factor = math.exp(exponent)
    return math.exp(log * factor), math.exp(log / factor)


def _any_scale(interval: IntervalScale) -> Limits:
    """Limits on the scales that no paper has used yet, by way of arrays."""

    def limits(survival: float, margin: float) -> tuple[float, float]:
        z = float(-ndtri(0.025))
        low, high = pointwise_limits(np.array([survival]), np.array([margin / z]), interval=interval)
        return float(low[0]), float(high[0])

    return limits


_LIMITS: Final[dict[str, Limits]] = {"plain": _plain, "log": _log, "log-log": _log_log}
