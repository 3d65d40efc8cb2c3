"""What a protocol allowed of a drug, set against what was given."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import polars as pl

from onearm.frames import check_columns

__all__ = ["DEVIATIONS", "DosingPlan", "check_dosing", "count_administrations", "longest_pause"]

DEVIATIONS: Final[dict[str, Any]] = {
    "subject": pl.String,
    "day": pl.Date,
    "seq": pl.Int64,
    "rule": pl.String,
    "evidence": pl.String,
}


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
    days = (*plan.dosing_days, plan.dosing_days[0] + plan.cycle_days)
    return max(after - before - 1 for before, after in pairwise(days))


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


def check_dosing(doses: pl.DataFrame, plan: DosingPlan) -> pl.DataFrame:
    """
    Find what was given against the protocol.

    Parameters
    ----------
    doses : polars.DataFrame
        Records of this drug: ``subject``, ``start`` and ``end`` (dates), ``dose`` (0: an omission), ``seq``, ``progression``
        (date of the subject's first progression, or missing).
    plan : DosingPlan
        What was allowed.

    Returns
    -------
    polars.DataFrame
        One row per deviation with the columns of `DEVIATIONS`. Records without a start are not judged. A break is what
        exceeds the longest pause that the plan has; it is a deviation only where the drug was given again after it.

    Examples
    --------
    >>> import datetime as dt
    >>> given = pl.DataFrame({"subject": ["1", "1"], "start": [dt.date(2024, 1, 1), dt.date(2024, 1, 22)],
    ...                       "end": [dt.date(2024, 1, 1), dt.date(2024, 1, 22)], "dose": [1200.0, 600.0], "seq": [1, 2],
    ...                       "progression": [None, None]}, schema_overrides={"progression": pl.Date})
    >>> check_dosing(given, DosingPlan("b", "mg", (1200,), 21, (1,)))["rule"].to_list()
    ['DOSE-NOT-A-LEVEL']
    """
    check_columns(doses, ["subject", "start", "end", "dose", "seq", "progression"], where="doses")
    known = doses.filter(pl.col("start").is_not_null()).sort("subject", "start", "end", "seq")
    given = known.filter((pl.col("dose") > 0).fill_null(True))
    by = "subject"
    given = given.with_columns(
        off=(pl.col("start") - pl.col("end").fill_null(pl.col("start")).shift(1).cum_max().over(by)).dt.total_days()
        - 1,
        lowest=pl.col("dose").shift(1).cum_min().over(by),
        first=pl.col("start").min().over(by),
    ).with_columns(over=pl.col("off") - longest_pause(plan), days=(pl.col("start") - pl.col("first")).dt.total_days())
    parts = [
        _found(
            given.filter(~pl.col("dose").is_in([float(level) for level in plan.levels])),
            "DOSE-NOT-A-LEVEL",
            pl.format(f"{plan.drug}: {{}} {plan.unit} is none of {_levels(plan)}.", pl.col("dose")),
        ),
        _found(
            given.filter(pl.col("dose") > pl.col("lowest")),
            "DOSE-RAISED-AGAIN",
            pl.format(f"{plan.drug}: {{}} {plan.unit} after a reduction to {{}} {plan.unit}.", "dose", "lowest"),
        ),
        *_breaks(given, plan),
        *_limits(given, plan),
        *_omissions(known, plan),
    ]
    return pl.concat(parts).sort("subject", "day", "seq", "rule")


def _levels(plan: DosingPlan) -> str:
    return ", ".join(f"{level:g}" for level in plan.levels)


def _found(rows: pl.DataFrame, rule: str, evidence: pl.Expr) -> pl.DataFrame:
    return rows.select(
        "subject", day="start", seq=pl.col("seq").cast(pl.Int64), rule=pl.lit(rule), evidence=evidence.cast(pl.String)
    )


def _breaks(given: pl.DataFrame, plan: DosingPlan) -> list[pl.DataFrame]:
    parts = []
    for rule, limit, name in (
        ("DOSE-INTERRUPTION-TOO-LONG", plan.max_interruption_days, "interrupted"),
        ("DOSE-DELAY-TOO-LONG", plan.max_delay_days, "delayed"),
    ):
        if limit is not None:
            text = f"{plan.drug}: {name} for {{}} days beyond the planned pause and given again; {limit} are allowed."
            parts.append(_found(given.filter(pl.col("over") > limit), rule, pl.format(text, "over")))
    return parts


def _limits(given: pl.DataFrame, plan: DosingPlan) -> list[pl.DataFrame]:
    parts = []
    if plan.max_duration_days is not None:
        text = f"{plan.drug}: given {{}} days after its first dose; {plan.max_duration_days:.0f} are allowed."
        late = given.filter(pl.col("days") > plan.max_duration_days)
        parts.append(
            _found(late.unique("subject", keep="first", maintain_order=True), "DOSE-TOO-LONG", pl.format(text, "days"))
        )
    if not plan.may_pass_progression:
        after = given.filter(pl.col("start") > pl.col("progression")).unique(
            "subject", keep="first", maintain_order=True
        )
        text = f"{plan.drug}: begun after the progression of {{}}; treatment beyond it is not allowed."
        parts.append(_found(after, "DOSE-AFTER-PROGRESSION", pl.format(text, "progression")))
    return parts


def _omissions(known: pl.DataFrame, plan: DosingPlan) -> list[pl.DataFrame]:
    """Doses given after too many omitted ones in a row; an omission is a record of dose 0."""
    if plan.omissions_stop is None:
        return []
    omitted = pl.col("dose") == 0
    runs = known.with_columns(
        run=(~omitted.fill_null(False)).cum_sum().over("subject"), omitted=omitted.fill_null(False)
    )
    before = runs.with_columns(
        missed=pl.col("omitted").sum().over("subject", "run").shift(1).over("subject").fill_null(0),
        was=pl.col("omitted").shift(1).over("subject").fill_null(False),
    )
    again = before.filter(~pl.col("omitted") & pl.col("was") & (pl.col("missed") >= plan.omissions_stop))
    text = f"{plan.drug}: given again after {{}} omitted doses in a row; {plan.omissions_stop} stop it."
    return [_found(again, "DOSE-AFTER-OMISSIONS", pl.format(text, "missed"))]
