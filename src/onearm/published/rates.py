"""Counts, totals, percentages, and which interval was printed beside them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from onearm.published.model import Claims, Printed, Statement, Verdict
from onearm.published.outcome import Outcome, holds, unchecked
from onearm.published.rounding import as_rounded, fits, slips
from onearm.stats.binomial import BINOMIAL_INTERVALS, binomial_bounds
from onearm.stats.design.beta_posterior import posterior

__all__ = ["check_rate", "fitting_counts", "fitting_total", "is_near", "matching_methods"]

_PRIORS: Final = ((1.0, 1.0), (0.5, 0.5), (0.1, 0.1), (0.5, 1.0), (1.0, 0.5))
_OTHER_LEVELS: Final = (0.90, 0.99)
_MOST_COUNTS: Final = 12


def check_rate(statement: Statement, claims: Claims) -> list[Outcome]:
    """
    Check a share: its percentage, whether the interval holds it, which method made the interval.

    Parameters
    ----------
    statement : Statement
        Of statistic ``rate``.
    claims : Claims
        What the methods section says.

    Returns
    -------
    list of Outcome
        At least one.
    """
    s = statement
    if s.count is not None and s.total is not None and s.count > s.total and not s.total_is_inferred:
        working = f"{s.count} of {s.total}: the part exceeds the whole"
        return [Outcome(Verdict.IMPOSSIBLE, working, closest=f"at most {s.total}", severity="error")]
    outcomes = [check_credible(s)] if s.interval == "credible" else [check_percent(s)]
    if s.interval != "credible" and (s.low or s.high):
        outcomes += [*check_inside(s, s.percent), check_interval(s, claims)]
    return outcomes


def fitting_total(count: int, percent: Printed, *, largest: int | None = None) -> int | None:
    """
    Find a denominator that gives a percentage, whatever it is.

    Parameters
    ----------
    count : int
        Numerator.
    percent : Printed
        As printed.
    largest : int, optional
        No total above it is considered.

    Returns
    -------
    int or None
        The smallest total that rounds to the percentage; None where no whole number does.

    Examples
    --------
    >>> fitting_total(32, Printed(70.6, 1)), fitting_total(4, Printed(11.4, 1))
    (None, 35)
    """
    if count == 0 or percent.value <= 0:
        return max(count, 1) if count == 0 and percent.value == 0 else None
    least = max(count, math.floor(100 * count / (percent.value + percent.unit)))
    most = math.ceil(100 * count / max(percent.value - percent.unit, percent.unit / 4))
    most = min(most, least + 5000, most if largest is None else largest)
    return next((n for n in range(max(least, 1), most + 1) if fits(100 * count / n, percent)), None)


def fitting_counts(total: int, percent: Printed) -> list[int]:
    """
    Find the counts that round to a percentage.

    Parameters
    ----------
    total : int
        Denominator.
    percent : Printed
        As printed.

    Returns
    -------
    list of int
        May be empty: then no count gives the percentage.

    Examples
    --------
    >>> fitting_counts(46, Printed(56.5, 1)), fitting_counts(46, Printed(70.6, 1))
    ([26], [])
    """
    if total <= 0:
        return []
    least = max(0, math.floor(total * (percent.value - percent.unit) / 100))
    most = min(total, math.ceil(total * (percent.value + percent.unit) / 100))
    return [count for count in range(least, min(most, least + 10_000) + 1) if fits(100 * count / total, percent)]


def check_percent(s: Statement) -> Outcome:
    """
    Check a percentage against count and total, under every rounding rule.

    Parameters
    ----------
    s : Statement
        Of statistic ``rate``.

    Returns
    -------
    Outcome
        With the nearest count that would fit where none does.
    """
    if s.percent is None:
        return unchecked("no percentage was printed") if s.total is None else holds(f"{s.count} of {s.total}")
    if not s.total:
        return unchecked(s.note or "no denominator was printed and none could be inferred")
    if s.count is None:
        return _percent_alone(s, s.percent, s.total)
    return _share(s, s.percent, s.count, s.total)


def _share(s: Statement, percent: Printed, count: int, total: int) -> Outcome:
    exact = 100 * count / total
    working = f"{count}/{total} = {exact:.3f}%"
    if s.total_is_inferred:
        working += f" (denominator {total} inferred)"
    if fits(exact, percent):
        return holds(working)
    closest = f"{as_rounded(exact, percent.digits)}%"
    if s.total_is_inferred and (found := fitting_total(count, percent, largest=s.largest_total)):
        return unchecked(f"{count} is {percent}% of {found}, a denominator that was not printed; {working}")
    if slips(exact, percent):
        return Outcome(Verdict.ROUNDING, f"{working}, printed {percent}%", "", closest, "note")
    if s.total_is_inferred:
        bound = f" up to {s.largest_total}" if s.largest_total else ""
        working = f"{working}, printed {percent}%; {count} is {percent}% of no whole number{bound}"
        return Outcome(Verdict.IMPOSSIBLE, working, "", closest, "warning")
    other = fitting_counts(total, percent)
    nearest = f"{percent}% of {total} is {', '.join(map(str, other[:3]))}" if other else _no_count(percent, total)
    return Outcome(Verdict.IMPOSSIBLE, f"{working}, printed {percent}%; {nearest}", "", closest, "warning")


def _no_count(percent: Printed, total: int) -> str:
    below = math.floor(percent.value * total / 100)
    around = [
        f"{k}/{total} = {as_rounded(100 * k / total, percent.digits)}%" for k in (below, below + 1) if 0 <= k <= total
    ]
    return f"no count of {total} gives {percent}% ({', '.join(around)})"


def _percent_alone(s: Statement, percent: Printed, total: int) -> Outcome:
    counts = fitting_counts(total, percent)
    if counts:
        return holds(f"{percent}% of {total} is {' or '.join(map(str, counts[:3]))}")
    nearest = round(percent.value * total / 100)
    exact = 100 * nearest / total
    closest = f"{as_rounded(exact, percent.digits)}% ({nearest}/{total})"
    if s.total_is_inferred:
        return unchecked(f"no denominator was printed; {_no_count(percent, total)}")
    if slips(exact, percent):
        return Outcome(Verdict.ROUNDING, f"{nearest}/{total} = {exact:.3f}%, printed {percent}%", "", closest, "note")
    return Outcome(Verdict.IMPOSSIBLE, _no_count(percent, total), "", closest, "warning")


def check_inside(s: Statement, estimate: Printed | None) -> list[Outcome]:
    """
    Check that an interval holds its estimate and that its limits are in order.

    Parameters
    ----------
    s : Statement
        With one limit or two.
    estimate : Printed or None
        What the interval is about.

    Returns
    -------
    list of Outcome
        Empty where nothing is wrong.
    """
    low, high = s.low, s.high
    if low and high and low.value > high.value:
        return [Outcome(Verdict.IMPOSSIBLE, f"the lower limit {low} is above the upper {high}", severity="error")]
    if estimate is None:
        return []
    if low and estimate.value + estimate.unit / 2 < low.value - low.unit / 2:
        return [Outcome(Verdict.IMPOSSIBLE, f"{estimate} lies below its interval, {_limits(s)}", severity="error")]
    if high and estimate.value - estimate.unit / 2 > high.value + high.unit / 2:
        return [Outcome(Verdict.IMPOSSIBLE, f"{estimate} lies above its interval, {_limits(s)}", severity="error")]
    return []


def _limits(s: Statement) -> str:
    return f"{s.low or 'NE'}–{s.high or 'NE'}"


@lru_cache(maxsize=4096)
def _bounds(x: int, n: int, level: float) -> dict[str, tuple[float, float]]:
    found = {}
    for name in BINOMIAL_INTERVALS:
        low, high = binomial_bounds([x], [n], method=name, level=level)
        found[name] = (100 * float(low[0]), 100 * float(high[0]))
    return found


def matching_methods(s: Statement, x: int, n: int, *, level: float, slip: bool = False) -> list[str]:
    """
    Name the methods whose interval rounds to the printed one.

    Parameters
    ----------
    s : Statement
        With limits in percent.
    x, n : int
        Successes and subjects.
    level : float
        Two-sided.
    slip : bool, default False
        Accept limits that were cut off or are off by one in the last place.

    Returns
    -------
    list of str
        Names in `BINOMIAL_INTERVALS`, in its order.
    """
    agree = slips if slip else fits
    found = []
    for name, (low, high) in _bounds(x, n, level).items():
        # A limit that a formula puts outside 0 to 1 is printed cut off at the edge by some programs.
        is_low = s.low is None or agree(low, s.low) or (low < 0 and s.low.value == 0)
        is_high = s.high is None or agree(high, s.high) or (high > 100 and s.high.value == 100)
        if is_low and is_high:
            found.append(name)
    return found


def is_near(s: Statement, x: int, n: int) -> bool:
    """
    Say whether limits lie in the neighbourhood of the score interval, where those of every method lie.

    Parameters
    ----------
    s : Statement
        With limits in percent.
    x, n : int
        Successes and subjects.

    Returns
    -------
    bool
        False spares the search through all methods.
    """
    z2 = 3.8416
    centre, half = (x + z2 / 2) / (n + z2), math.sqrt(z2 * (x * (n - x) / n + z2 / 4)) / (n + z2)
    room = 70 * half + 1.5
    low, high = 100 * (centre - half), 100 * (centre + half)
    return (s.low is None or abs(s.low.value - low) <= room) and (s.high is None or abs(s.high.value - high) <= room)


def check_interval(s: Statement, claims: Claims) -> Outcome:
    """
    Find the method that made the interval of a share.

    Parameters
    ----------
    s : Statement
        With limits in percent.
    claims : Claims
        What the methods section says; a claim of the statement itself goes first.

    Returns
    -------
    Outcome
        An interval that none of the methods makes is only called impossible where count and total are printed and the
        paper names the method, or where one limit is that of a usual method and the other is not.
    """
    claimed = s.method or (claims.rate_interval if claims.rate_interval_for in {"", s.label} else "")
    if s.total is None:
        return unchecked("the interval has no denominator")
    counts = [s.count] if s.count is not None else fitting_counts(s.total, s.percent) if s.percent else []
    counts = [count for count in counts if count <= (s.total or 0)]
    if not counts or len(counts) > _MOST_COUNTS:
        return unchecked("the interval has no count")
    for slip in (False, True):
        for count in counts:
            if names := matching_methods(s, count, s.total, level=s.level, slip=slip):
                return _named(s, names, claimed, count, slip=slip)
    for level in _OTHER_LEVELS:
        for count in counts:
            if names := matching_methods(s, count, s.total, level=level):
                working = f"{_limits(s)} is the {100 * level:g}% interval ({names[0]}) of {count}/{s.total}"
                return Outcome(
                    Verdict.OTHER_METHOD, working, names[0], _printed_as(s, claimed or names[0], count), "warning"
                )
    return _no_method(s, claimed, counts[0])


def _printed_as(s: Statement, name: str, count: int) -> str:
    low, high = _bounds(count, s.total or 1, s.level).get(name, (math.nan, math.nan))
    digits = max((limit.digits for limit in (s.low, s.high) if limit), default=1)
    if math.isnan(low):
        return ""
    return f"{as_rounded(low, digits)}–{as_rounded(high, digits)}"


def _named(s: Statement, names: list[str], claimed: str, count: int, *, slip: bool) -> Outcome:
    name = claimed if claimed in names else names[0]
    made = f"{count}/{s.total}, {name}: {_printed_as(s, name, count)}"
    if claimed and claimed in BINOMIAL_INTERVALS and claimed not in names:
        working = f"{made}; claimed {claimed} gives {_printed_as(s, claimed, count)}"
        return Outcome(Verdict.OTHER_METHOD, working, ", ".join(names), _printed_as(s, claimed, count), "note")
    if slip:
        return Outcome(Verdict.ROUNDING, f"{made}, printed {_limits(s)}", name, _printed_as(s, name, count), "note")
    return holds(made, ", ".join(names))


def _no_method(s: Statement, claimed: str, count: int) -> Outcome:
    sure = s.count is not None and not s.total_is_inferred
    usual = claimed if claimed in BINOMIAL_INTERVALS else ""
    for name in ("clopper-pearson", "wilson", "wald"):
        low, high = _bounds(count, s.total or 1, s.level)[name]
        if not usual and s.low and s.high and fits(low, s.low) != fits(high, s.high):
            usual = name
    if not sure or not usual:
        return unchecked(f"{_limits(s)} is made by none of {len(BINOMIAL_INTERVALS)} methods from {count}/{s.total}")
    working = f"{count}/{s.total}, {usual}: {_printed_as(s, usual, count)}; printed {_limits(s)}, as by no method"
    return Outcome(Verdict.IMPOSSIBLE, working, "", _printed_as(s, usual, count), "error")


def check_credible(s: Statement) -> Outcome:
    """
    Find the beta prior that gives a posterior mean and its credible interval.

    Parameters
    ----------
    s : Statement
        With count, total, the mean as `percent`, and limits.

    Returns
    -------
    Outcome
        Numbers rounded to whole percent and printed with a zero behind the point are a rounding slip.
    """
    if s.count is None or s.total is None or s.percent is None or s.low is None or s.high is None:
        return unchecked("a credible interval needs count, total, mean and both limits")
    priors = ((s.prior[0], s.prior[1]), *_PRIORS) if len(s.prior) == 2 else _PRIORS
    shown = (s.percent, s.low, s.high)
    coarse = tuple(Printed(number.value, max(0, number.digits - 1)) for number in shown)
    was_padded = all(number.digits and number.value == round(number.value, number.digits - 1) for number in shown)
    for prior in priors:
        beta = posterior(s.count, s.total, prior=prior, level=s.level)
        exact = (100 * beta.mean, 100 * beta.low, 100 * beta.high)
        working = f"{s.count}/{s.total}, prior Beta({prior[0]:g}, {prior[1]:g}): " + ", ".join(
            f"{x:.2f}%" for x in exact
        )
        name = f"Beta({prior[0]:g}, {prior[1]:g}) prior"
        if all(fits(x, number) for x, number in zip(exact, shown, strict=True)):
            return holds(working, name)
        if was_padded and all(fits(x, number) for x, number in zip(exact, coarse, strict=True)):
            closest = "{} ({}–{})".format(*(as_rounded(x, n.digits) for x, n in zip(exact, shown, strict=True)))
            return Outcome(
                Verdict.ROUNDING,
                f"{working}; rounded to whole percent and printed with a decimal",
                name,
                closest,
                "note",
            )
    return unchecked(f"none of {len(priors)} usual priors gives it from {s.count}/{s.total}")
