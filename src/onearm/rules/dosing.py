"""What a protocol says of the doses of one drug: its plan, its pauses, its levels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import polars as pl

__all__ = [
    "DosingPlan",
    "count_administrations",
    "count_cycles",
    "dose_interval",
    "dose_level",
    "longest_pause",
    "pauses",
]


@dataclass(frozen=True)
class DosingPlan:
    """
    What the protocol says of one drug; a limit that is None is not checked.

    Parameters
    ----------
    drug, unit : str
        Name and unit of dose.
    levels : tuple of float
        Starting dose, then each permitted reduction.
    cycle_days : int
        Length of a cycle.
    dosing_days : tuple of int
        Days of the cycle on which it is given, from 1, increasing.
    max_interruption_days : int or None
        Longest interruption after which it may be given again.
    max_delay_days : int or None
        Longest delay of a dose.
    omissions_stop : int or None
        Number of consecutive omitted doses after which it may not be given again.
    max_duration_days : float or None
        Days from its first dose after which it may not be given.
    may_pass_progression : bool
        Whether it may be given after progression.
    lowest_dose : float or None
        Any dose from this one to the starting dose is allowed beside the levels.
    tolerance : float
        How far a dose may be from its level, as a share of the level.
    max_cycles : int or None
        Number of cycles that may be begun.
    max_delays_per_cycle : int or None
        Number of delays that one cycle may have.
    interruption_after_days : int
        A break of more days beyond the planned pause is an interruption.
    interruptions_stop : int or None
        Number of interruptions in all after which it may not be given again.
    """

    drug: str
    unit: str
    levels: tuple[float, ...]
    cycle_days: int
    dosing_days: tuple[int, ...]
    max_interruption_days: int | None = None
    max_delay_days: int | None = None
    omissions_stop: int | None = None
    max_duration_days: float | None = None
    may_pass_progression: bool = True
    lowest_dose: float | None = None
    tolerance: float = 0.0
    max_cycles: int | None = None
    max_delays_per_cycle: int | None = None
    interruption_after_days: int = 3
    interruptions_stop: int | None = None


def pauses(plan: DosingPlan) -> tuple[int, ...]:
    """
    List the days without the drug before each of its dosing days.

    Parameters
    ----------
    plan : DosingPlan
        Cycle and dosing days.

    Returns
    -------
    tuple of int
        Pauses after the first dosing day of the cycle, in order; the last is that before the next cycle.

    Examples
    --------
    >>> pauses(DosingPlan("a", "mg", (1,), 21, (1, 8)))
    (6, 13)
    """
    days = (*plan.dosing_days, plan.dosing_days[0] + plan.cycle_days)
    return tuple(after - before - 1 for before, after in pairwise(days))


def longest_pause(plan: DosingPlan) -> int:
    """
    Say how many days without the drug the plan has at most between two doses.

    Parameters
    ----------
    plan : DosingPlan
        Cycle and dosing days.

    Returns
    -------
    int
        0 for daily dosing.

    Examples
    --------
    >>> longest_pause(DosingPlan("a", "mg", (12,), 21, tuple(range(1, 15))))
    7
    >>> longest_pause(DosingPlan("b", "mg", (1200,), 21, (1,))), longest_pause(DosingPlan("c", "mg", (1,), 21, (1, 8)))
    (20, 13)
    """
    return max(pauses(plan))


def dose_interval(plan: DosingPlan) -> int:
    """
    Say how many days lie at most from the start of one stretch of dosing days to the next.

    Parameters
    ----------
    plan : DosingPlan
        Cycle and dosing days.

    Returns
    -------
    int
        A break that is longer than the planned pause by so many days skips a whole administration.

    Examples
    --------
    >>> dose_interval(DosingPlan("a", "mg", (12,), 21, tuple(range(1, 15))))
    21
    >>> dose_interval(DosingPlan("avelumab", "mg/kg", (10,), 28, (1, 15)))
    14
    """
    starts = [day for day in plan.dosing_days if day - 1 not in plan.dosing_days] or [plan.dosing_days[0]]
    return max(after - before for before, after in pairwise((*starts, starts[0] + plan.cycle_days)))


def dose_level(dose: pl.Expr, plan: DosingPlan) -> pl.Expr:
    """
    Find the level that a dose is.

    Parameters
    ----------
    dose : polars.Expr
        In the unit of the plan.
    plan : DosingPlan
        Levels and the tolerance around them.

    Returns
    -------
    polars.Expr
        0 for the starting dose, 1 for the first reduction, …; missing where the dose is no level.

    Examples
    --------
    >>> plan = DosingPlan("a", "mg/kg", (10, 8), 14, (1,), tolerance=0.1)
    >>> pl.DataFrame({"dose": [10.4, 8.1, 5.0]}).select(dose_level(pl.col("dose"), plan))["dose"].to_list()
    [0, 1, None]
    """
    level = pl.lit(None, dtype=pl.Int64)
    for number, amount in reversed(list(enumerate(plan.levels))):
        near = (dose - amount).abs() <= amount * (plan.tolerance + 1e-9)
        level = pl.when(near).then(pl.lit(number, dtype=pl.Int64)).otherwise(level)
    return level.alias("dose")


def count_administrations(span_days: pl.Expr, plan: DosingPlan) -> pl.Expr:
    """
    Count the planned dosing days of a record that spans some days.

    Parameters
    ----------
    span_days : polars.Expr
        Days from the start to the end of a record, both included.
    plan : DosingPlan
        Cycle and dosing days.

    Returns
    -------
    polars.Expr
        The start of the record counts as the first dosing day of a cycle.

    Examples
    --------
    >>> spans = pl.DataFrame({"days": [1, 14, 21, 28]})
    >>> spans.select(count_administrations(pl.col("days"), DosingPlan("a", "mg", (12,), 21, tuple(range(1, 15)))))[
    ...     "days"].to_list()
    [1, 14, 14, 21]
    """
    whole, rest = span_days // plan.cycle_days, span_days % plan.cycle_days
    first = plan.dosing_days[0]
    begun = pl.sum_horizontal(*((rest > day - first).cast(pl.Int64) for day in plan.dosing_days))
    return (whole * len(plan.dosing_days) + begun).alias("days")


def count_cycles(doses: pl.DataFrame, plan: DosingPlan) -> pl.DataFrame:
    """
    Count the cycles that were begun; a late one moves those after it.

    Parameters
    ----------
    doses : polars.DataFrame
        What was given: ``subject`` and ``start`` (date); records without a start are left out.
    plan : DosingPlan
        Cycle and dosing days.

    Returns
    -------
    polars.DataFrame
        ``subject`` and ``cycles``. A dose begins a cycle where it lies beyond the last dosing day of the cycle before and
        half the pause that follows it: a visit may be some days early.

    Examples
    --------
    The third cycle is a day early, the fourth three weeks late.

    >>> import datetime as dt
    >>> days = [dt.date(2024, 1, 1) + dt.timedelta(days=day) for day in (0, 21, 41, 83)]
    >>> given = pl.DataFrame({"subject": ["1"] * 4, "start": days})
    >>> count_cycles(given, DosingPlan("a", "mg", (1200,), 21, (1,))).rows()
    [('1', 4)]
    """
    first, last = plan.dosing_days[0], plan.dosing_days[-1]
    least = last - first + (plan.cycle_days - (last - first)) / 2
    known = doses.filter(pl.col("start").is_not_null()).sort("subject", "start")
    counts: dict[str, int] = {}
    begun = 0
    for subject, day in zip(known["subject"].to_list(), known["start"].to_physical().to_list(), strict=True):
        if subject not in counts:
            counts[subject], begun = 1, day
        elif day - begun >= least:
            counts[subject], begun = counts[subject] + 1, day
    return pl.DataFrame(
        {"subject": list(counts), "cycles": list(counts.values())}, schema={"subject": pl.String, "cycles": pl.Int64}
    )
