"""What a protocol allowed of a drug, set against what was given."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from onearm.frames import check_columns
from onearm.rules.dosing import DosingPlan, dose_interval, dose_level, longest_pause, pauses

__all__ = ["DEVIATIONS", "check_dosing", "measure_breaks"]

DEVIATIONS: Final[dict[str, Any]] = {
    "subject": pl.String,
    "day": pl.Date,
    "seq": pl.Int64,
    "rule": pl.String,
    "evidence": pl.String,
}
_INPUT: Final = ("subject", "start", "end", "dose", "seq", "progression")


def measure_breaks(doses: pl.DataFrame, plan: DosingPlan) -> pl.DataFrame:
    """
    Measure the break before each dose.

    Parameters
    ----------
    doses : polars.DataFrame
        Records of this drug: ``subject``, ``start`` and ``end`` (dates), ``dose`` (0: an omission), ``seq``.
    plan : DosingPlan
        What was planned.

    Returns
    -------
    polars.DataFrame
        Records that were given, in order, with ``off`` (days without the drug before it), ``over`` (days of these beyond
        the planned pause), ``omitted`` (records of dose 0 since the last one, or planned administrations that the break
        skips, whichever are more), ``cycle`` (from 1: a cycle begins with the first dose that lies ``cycle_days`` or more
        after the beginning of the one before), ``is_interruption``. Records without a start are left out; the breaks of a
        subject's first record are missing.

    Examples
    --------
    >>> import datetime as dt
    >>> day = lambda n: dt.date(2024, 1, 1) + dt.timedelta(days=n - 1)
    >>> given = pl.DataFrame({"subject": ["1", "1"], "start": [day(1), day(29)], "end": [day(14), day(42)],
    ...                       "dose": [12.0, 12.0], "seq": [1, 2]})
    >>> measure_breaks(given, DosingPlan("a", "mg", (12,), 21, tuple(range(1, 15)))).select(
    ...     "off", "over", "omitted", "cycle", "is_interruption").rows()
    [(None, None, 0, 1, False), (14, 7, 0, 2, True)]
    """
    known = doses.filter(pl.col("start").is_not_null()).sort("subject", "start", "end", "seq")
    is_omitted = (pl.col("dose") == 0).fill_null(False)
    known = known.with_columns(
        missed=pl.when(is_omitted).then(1).otherwise(0).cum_sum().over("subject"), is_omitted=is_omitted
    )
    given = known.filter(~pl.col("is_omitted")).drop("is_omitted")
    given = given.with_columns(
        off=(
            pl.col("start") - pl.col("end").fill_null(pl.col("start")).shift(1).cum_max().over("subject")
        ).dt.total_days()
        - 1,
        missed=pl.col("missed") - pl.col("missed").shift(1, fill_value=0).over("subject"),
    )
    over = (pl.col("off") - longest_pause(plan)).clip(lower_bound=0)
    skipped = (over // dose_interval(plan)).fill_null(0)
    given = given.with_columns(over=over, omitted=pl.max_horizontal(skipped, "missed").cast(pl.Int64)).drop("missed")
    given = given.with_columns(cycle=_cycles(given, plan))
    return given.with_columns(
        is_interruption=((pl.col("over") > plan.interruption_after_days) | (pl.col("omitted") > 0)).fill_null(False)
    )


def _cycles(given: pl.DataFrame, plan: DosingPlan) -> pl.Series:
    """Number of the cycle of each record; a delayed cycle moves those after it."""
    numbers: list[int] = []
    subject, begun, number = None, 0, 0
    days = given["start"].to_physical().to_list()
    for who, day in zip(given["subject"].to_list(), days, strict=True):
        if who != subject:
            subject, begun, number = who, day, 1
        elif day - begun >= plan.cycle_days:
            begun, number = day, number + 1
        numbers.append(number)
    return pl.Series("cycle", numbers, dtype=pl.Int64)


def check_dosing(doses: pl.DataFrame, plan: DosingPlan) -> pl.DataFrame:
    """
    Find what was given against the protocol.

    Parameters
    ----------
    doses : polars.DataFrame
        Records of this drug: ``subject``, ``start`` and ``end`` (dates), ``dose`` (0: an omission), ``seq``, ``progression``
        (date after which it may not be given where the plan says so, or missing).
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
    check_columns(doses, _INPUT, where="doses")
    given = measure_breaks(doses, plan).with_columns(level=dose_level(pl.col("dose"), plan))
    given = given.with_columns(
        first=pl.col("start").min().over("subject"),
        lowest=pl.col("level").cum_max().forward_fill().shift(1).over("subject"),
    ).with_columns(days=(pl.col("start") - pl.col("first")).dt.total_days())
    parts = [*_levels(given, plan), *_breaks(given, plan), *_repeated(given, plan), *_limits(given, plan)]
    return pl.concat(parts).sort("subject", "day", "seq", "rule")


def _found(rows: pl.DataFrame, rule: str, evidence: pl.Expr) -> pl.DataFrame:
    return rows.select(
        "subject", day="start", seq=pl.col("seq").cast(pl.Int64), rule=pl.lit(rule), evidence=evidence.cast(pl.String)
    )


def _first_of(rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
    return rows.unique(["subject", *keys], keep="first", maintain_order=True)


def _levels(given: pl.DataFrame, plan: DosingPlan) -> list[pl.DataFrame]:
    dose = pl.col("dose").round(2).cast(pl.String).str.replace(r"\.0$", "")
    allowed = ", ".join(f"{level:g}" for level in plan.levels)
    is_level = pl.col("level").is_not_null()
    if plan.lowest_dose is not None:
        allowed += f" or from {plan.lowest_dose:g} to {plan.levels[0]:g}"
        least, most = plan.lowest_dose * (1 - plan.tolerance), plan.levels[0] * (1 + plan.tolerance)
        is_level = is_level | pl.col("dose").is_between(least, most)
    none = given.filter(pl.col("dose").is_not_null() & ~is_level)
    text = f"{plan.drug}: {{}} {plan.unit} is none of {allowed}."
    parts = [_found(none, "DOSE-NOT-A-LEVEL", pl.format(text, dose))]
    if plan.lowest_dose is None:
        raised = given.filter(pl.col("level") < pl.col("lowest"))
        names = {number: f"{level:g}" for number, level in enumerate(plan.levels)}
        before = pl.col("lowest").replace_strict(names, default=None, return_dtype=pl.String)
        text = f"{plan.drug}: {{}} {plan.unit} after a reduction to {{}} {plan.unit}."
        parts.append(_found(raised, "DOSE-RAISED-AGAIN", pl.format(text, dose, before)))
    return parts


def _breaks(given: pl.DataFrame, plan: DosingPlan) -> list[pl.DataFrame]:
    parts = []
    for rule, limit, name in (
        ("DOSE-INTERRUPTION-TOO-LONG", plan.max_interruption_days, "interrupted"),
        ("DOSE-DELAY-TOO-LONG", plan.max_delay_days, "delayed"),
    ):
        if limit is not None:
            text = f"{plan.drug}: {name} for {{}} days beyond the planned pause and given again; {limit} are allowed."
            parts.append(_found(given.filter(pl.col("over") > limit), rule, pl.format(text, "over")))
    if plan.omissions_stop is not None:
        again = given.filter(pl.col("off").is_not_null() & (pl.col("omitted") >= plan.omissions_stop))
        text = f"{plan.drug}: given again after {{}} omitted doses in a row; {plan.omissions_stop} stop it."
        parts.append(_found(again, "DOSE-AFTER-OMISSIONS", pl.format(text, "omitted")))
    return parts


def _repeated(given: pl.DataFrame, plan: DosingPlan) -> list[pl.DataFrame]:
    """What may happen so often only: delays in a cycle, interruptions in all, cycles."""
    parts = []
    if plan.max_delays_per_cycle is not None:
        begins = pl.col("cycle") > pl.col("cycle").shift(1).over("subject")
        inside = max(pauses(plan)[:-1], default=0)
        planned = pl.when(begins).then(longest_pause(plan)).otherwise(inside)
        delays = given.filter(pl.col("off") > planned)
        number = pl.int_range(1, pl.len() + 1).over("subject", "cycle")
        often = delays.with_columns(number=number).filter(pl.col("number") == plan.max_delays_per_cycle + 1)
        text = f"{plan.drug}: delay number {{}} in cycle {{}}; {plan.max_delays_per_cycle} are allowed."
        parts.append(_found(often, "DOSE-DELAYED-TOO-OFTEN", pl.format(text, "number", "cycle")))
    if plan.interruptions_stop is not None:
        number = pl.int_range(1, pl.len() + 1).over("subject")
        again = given.filter("is_interruption").with_columns(number=number)
        text = f"{plan.drug}: given again after interruption number {{}}; {plan.interruptions_stop} stop it."
        chosen = again.filter(pl.col("number") >= plan.interruptions_stop)
        parts.append(_found(chosen, "DOSE-AFTER-INTERRUPTIONS", pl.format(text, "number")))
    if plan.max_cycles is not None:
        more = _first_of(given.filter(pl.col("cycle") > plan.max_cycles))
        text = f"{plan.drug}: given in cycle {{}}; {plan.max_cycles} cycles are allowed."
        parts.append(_found(more, "DOSE-TOO-MANY-CYCLES", pl.format(text, "cycle")))
    return parts


def _limits(given: pl.DataFrame, plan: DosingPlan) -> list[pl.DataFrame]:
    parts = []
    if plan.max_duration_days is not None:
        text = f"{plan.drug}: given {{}} days after its first dose; {plan.max_duration_days:.0f} are allowed."
        late = _first_of(given.filter(pl.col("days") > plan.max_duration_days))
        parts.append(_found(late, "DOSE-TOO-LONG", pl.format(text, "days")))
    if not plan.may_pass_progression:
        after = _first_of(given.filter(pl.col("start") > pl.col("progression")))
        text = f"{plan.drug}: begun after the progression of {{}}; treatment beyond it is not allowed."
        parts.append(_found(after, "DOSE-AFTER-PROGRESSION", pl.format(text, "progression")))
    return parts
