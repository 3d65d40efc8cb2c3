"""Medians, rates of Kaplan-Meier curves and hazard ratios, each against its interval and its p."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from scipy import special

from onearm.published.model import Claims, Printed, Statement, Verdict
from onearm.published.outcome import Outcome, holds, unchecked
from onearm.published.rates import check_inside
from onearm.published.rounding import as_rounded

__all__ = ["check_hazard_ratio", "check_landmark", "check_median", "fitting_transforms"]

_TRANSFORMS: Final[dict[str, Callable[[float], float]]] = {
    "plain": lambda s: s,
    "log": math.log,
    "log-log": lambda s: -math.log(-math.log(s)),
    "logit": lambda s: math.log(s / (1 - s)),
    "arcsine": lambda s: math.asin(math.sqrt(s)),
}
"""Scales, each rising, on which an interval of S(t) is symmetric; Kalbfleisch and Prentice (2002), section 1.4."""


def _z(level: float) -> float:
    return float(special.ndtri(0.5 + level / 2))


def check_median(statement: Statement, claims: Claims) -> list[Outcome]:
    """
    Check a median time against its interval.

    Parameters
    ----------
    statement : Statement
        Of statistic ``median``.
    claims : Claims
        SPSS makes symmetric limits, R and SAS take them from the band.

    Returns
    -------
    list of Outcome
        At least one.
    """
    s = statement
    if s.value is None:
        return [unchecked("the median was not reached, or not printed")]
    if s.value.value < 0:
        return [Outcome(Verdict.IMPOSSIBLE, f"a time of {s.value} is negative", severity="error")]
    if outside := check_inside(s, s.value):
        return outside
    return [_median_limits(s, s.value, claims)]


def _median_limits(s: Statement, value: Printed, claims: Claims) -> Outcome:
    if s.interval != "ci" or s.low is None or s.high is None:
        return unchecked("a median without two limits can only be checked against other numbers")
    slack = value.unit + s.low.unit / 2 + s.high.unit / 2
    gap = 2 * value.value - s.low.value - s.high.value
    below = as_rounded(value.value - s.low.value, value.digits)
    above = as_rounded(s.high.value - value.value, value.digits)
    working = f"{value} − {s.low} = {below}, {s.high} − {value} = {above}"
    is_spss = claims.software.lower().startswith("spss")
    if abs(gap) <= slack * (1 + 1e-9):
        return holds(f"{working}: symmetric, median ± 1.96 SE as SPSS makes it", "median ± 1.96 SE")
    if is_spss:
        text = f"{working}: not symmetric, so not the limits that {claims.software} makes"
        return Outcome(Verdict.OTHER_METHOD, text, "limits from a confidence band", "", "note")
    return holds(f"{working}: inside, not symmetric", "limits from a confidence band")


def _range(shown: Printed) -> tuple[float, float]:
    half = shown.unit / 2
    return (max((shown.value - half) / 100, 1e-12), min((shown.value + half) / 100, 1 - 1e-12))


def fitting_transforms(percent: Printed, low: Printed, high: Printed) -> list[str]:
    """
    Name the scales on which a printed interval of a survival rate is symmetric.

    Parameters
    ----------
    percent, low, high : Printed
        In percent.

    Returns
    -------
    list of str
        Within the rounding of all three numbers.

    Examples
    --------
    >>> fitting_transforms(Printed(58.8, 1), Printed(41.0, 1), Printed(72.9, 1))
    ['log-log']
    >>> fitting_transforms(Printed(85.4, 1), Printed(78.5, 1), Printed(92.4, 1))
    ['plain']
    """
    found = []
    estimate, lower, upper = _range(percent), _range(low), _range(high)
    for name, scale in _TRANSFORMS.items():
        middle = ((scale(lower[0]) + scale(upper[0])) / 2, (scale(lower[1]) + scale(upper[1])) / 2)
        if scale(estimate[0]) <= middle[1] + 1e-9 and middle[0] <= scale(estimate[1]) + 1e-9:
            found.append(name)
    return found


def check_landmark(statement: Statement, claims: Claims) -> list[Outcome]:
    """
    Check a survival rate against its interval.

    Parameters
    ----------
    statement : Statement
        Of statistic ``landmark``.
    claims : Claims
        Names the scale of the interval, where the paper does.

    Returns
    -------
    list of Outcome
        At least one.
    """
    s = statement
    if s.percent is None:
        return [unchecked("no rate was printed")]
    if not 0 <= s.percent.value <= 100:
        return [Outcome(Verdict.IMPOSSIBLE, f"a survival rate of {s.percent}%", severity="error")]
    if outside := check_inside(s, s.percent):
        return outside
    return [_landmark_limits(s, s.percent, claims)]


def _landmark_limits(s: Statement, percent: Printed, claims: Claims) -> Outcome:
    if s.low is None or s.high is None or s.high.value >= 100 or s.low.value <= 0:
        return unchecked("a rate without two limits inside 0 to 100 can only be checked against other numbers")
    names = fitting_transforms(percent, s.low, s.high)
    claimed = s.method or claims.survival_interval
    if not names:
        working = f"{s.low}–{s.high} is symmetric about {percent} on none of {len(_TRANSFORMS)} scales"
        is_claimed = claimed in _TRANSFORMS
        return Outcome(Verdict.IMPOSSIBLE, working, severity="warning") if is_claimed else unchecked(working)
    working = f"{s.low}–{s.high} is symmetric about {percent} on the scale {' or '.join(names)}"
    if claimed in _TRANSFORMS and claimed not in names:
        return Outcome(Verdict.OTHER_METHOD, f"{working}; claimed {claimed}", ", ".join(names), "", "note")
    return holds(working, ", ".join(names))


def check_hazard_ratio(statement: Statement) -> list[Outcome]:
    """
    Check hazard ratio, interval, p and number of events against each other.

    Parameters
    ----------
    statement : Statement
        Of statistic ``hazard_ratio``.

    Returns
    -------
    list of Outcome
        At least one.
    """
    s = statement
    if s.value is None:
        return [unchecked("no hazard ratio was printed")]
    if s.value.value <= 0:
        return [Outcome(Verdict.IMPOSSIBLE, f"a hazard ratio of {s.value} is not positive", severity="error")]
    if outside := check_inside(s, s.value):
        return outside
    if s.low is None or s.high is None or s.low.value <= 0:
        return [_from_events(s)]
    outcomes = [_centre(s.value, s.low, s.high)]
    if s.p is not None:
        outcomes.append(_wald_p(s, s.value, s.low, s.high))
    return outcomes


def _centre(value: Printed, low: Printed, high: Printed) -> Outcome:
    """Limits of a Wald interval have the ratio as their geometric mean."""
    centre = math.sqrt(low.value * high.value)
    least = math.sqrt(max(low.value - low.unit / 2, low.unit / 4) * (high.value - high.unit / 2))
    most = math.sqrt((low.value + low.unit / 2) * (high.value + high.unit / 2))
    working = f"√({low} × {high}) = {centre:.3f}"
    if least <= value.value + value.unit / 2 and most >= value.value - value.unit / 2:
        return holds(f"{working}, the ratio", "Wald")
    # A profile-likelihood or Firth interval is a little off centre; no method in use is off by more than a tenth.
    width = math.log(high.value / low.value)
    off = max(
        math.log(max(least, 1e-9) / (value.value + value.unit / 2)), math.log((value.value - value.unit / 2) / most)
    )
    if off < max(0.10, 0.06 * width):
        return unchecked(f"{working}, printed {value}: not a Wald interval")
    closest = as_rounded(centre, value.digits)
    return Outcome(Verdict.IMPOSSIBLE, f"{working}, printed {value}", "", closest, "error")


def _wald_p(s: Statement, value: Printed, low: Printed, high: Printed) -> Outcome:
    assert s.p is not None
    z = _z(s.level)
    widths = [
        (math.log(high.value + sign * high.unit / 2) - math.log(max(low.value - sign * low.unit / 2, low.unit / 4)))
        / 2
        / z
        for sign in (1, -1)
    ]
    logs = [abs(math.log(max(value.value + sign * value.unit / 2, value.unit / 4))) for sign in (1, -1)]
    near = 0.0 if value.value - value.unit / 2 <= 1 <= value.value + value.unit / 2 else min(logs)
    ps = [2 * float(special.ndtr(-near / max(widths))), 2 * float(special.ndtr(-max(logs) / max(min(widths), 1e-9)))]
    largest, smallest = ps
    shown = s.p.number
    working = f"from the interval, p between {smallest:.2g} and {largest:.2g}"
    if s.p.sign == "<":
        agrees = smallest < shown.value
        far = smallest > 5 * shown.value
    else:
        agrees = smallest <= shown.value + shown.unit / 2 and largest >= shown.value - shown.unit / 2
        far = shown.value > 5 * largest + shown.unit or (shown.value + shown.unit) * 5 < smallest
    if agrees or s.p.sign == ">":
        return holds(working, "Wald")
    if far and _disagrees(s, low, high):
        return Outcome(
            Verdict.IMPOSSIBLE, f"{working}, printed P {s.p}", "", f"{(smallest + largest) / 2:.2g}", "error"
        )
    return Outcome(Verdict.OTHER_METHOD, f"{working}, printed P {s.p}", "no Wald test; log-rank or another", "", "note")


def _disagrees(s: Statement, low: Printed, high: Printed) -> bool:
    """Say whether p and interval come down on different sides of the level."""
    assert s.p is not None
    excludes_one = low.value > 1 or high.value < 1
    is_significant = s.p.sign == "<" or s.p.number.value < 1 - s.level
    return excludes_one != is_significant


def _from_events(s: Statement) -> Outcome:
    """Schoenfeld (1981), Biometrika 68(1):316-319: the log-rank z is near |log HR| sqrt(d q1 q2)."""
    if s.p is None or s.events is None or len(s.sizes) != 2 or s.value is None:
        return unchecked("a hazard ratio without interval needs p, events and the sizes of both groups")
    share = s.sizes[0] / max(sum(s.sizes), 1)
    z = abs(math.log(s.value.value)) * math.sqrt(s.events * share * (1 - share))
    p = 2 * float(special.ndtr(-z))
    working = f"|log {s.value}| √({s.events} × {share:.2f} × {1 - share:.2f}) = {z:.2f}, p near {p:.2g}, printed {s.p}"
    shown = max(s.p.number.value, s.p.number.unit / 2)
    if s.p.sign == ">" or 0.01 <= p / shown <= 100 or (s.p.sign == "<" and p < shown):
        return holds(working, "log-rank, approximately")
    return Outcome(Verdict.IMPOSSIBLE, working, "", f"near {p:.2g}", "error")
