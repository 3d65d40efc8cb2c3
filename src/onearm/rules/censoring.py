"""Events and censorings: PFS, OS, time to progression, duration of response and of stable disease."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from onearm.errors import DataError, MethodError, suggest
from onearm.frames import check_columns, check_key
from onearm.rules.days import shown_day
from onearm.rules.progression import ADEQUATE, missed_assessments, planned_days

__all__ = ["EVENTS", "OS_RULES", "PFS_RULES", "TTP_RULES", "TimeToEventRules", "time_to_event"]

EVENTS: Final = ("progression", "death")
Strategy = Literal["ignore", "censor", "event"]


@dataclass(frozen=True)
class TimeToEventRules:
    """
    Every choice of an event and its censorings that a protocol may make differently.

    Parameters
    ----------
    events : tuple of str, default ("progression", "death")
        What counts, in the order of precedence where two fall on one day.
    progression_values : tuple of str, default ("PD",)
        Responses that are progression; ``("iCPD",)`` for confirmed immune progression.
    censor_at : {"last_adequate_assessment", "last_known_alive"}, default "last_adequate_assessment"
        Where a subject without event is censored [1]_ [2]_: PFS at the last assessment that showed no progression, OS
        when last known to be alive.
    new_therapy : {"censor", "ignore", "event"}, default "censor"
        New anticancer therapy before the event: censor at the last adequate assessment on or before it [1]_; ignore it
        (treatment policy, EMA's preference [2]_); or count it as an event (composite [3]_).
    treatment_stop : {"ignore", "censor", "event"}, default "ignore"
        End of the study treatment without progression [1]_.
    schedule : tuple of (int, int or None), default ()
        Planned assessments, ``(every_days, until_day)``, counted from ``reference_day``; empty, and none can be
        missed.
    window_days : int, default 7
        An assessment may be so many days early or late.
    censor_after_missed : int or None, default 2
        An event that follows so many missed assessments in a row is censored at the last adequate one before [1]_;
        ``None`` never.
    death_after_missed : {"censor", "event"}, default "censor"
        Whether that holds for deaths too [1]_.
    no_baseline : {"censor", "death_counts", "ignore"}, default "censor"
        A subject whose ``has_baseline`` is false: censor at the start whatever follows [1]_; the same, but a death is
        an event; or treat it as any other.

    References
    ----------
    .. [1] FDA (2007), Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics, appendix 3.
    .. [2] EMA (2012), Appendix 1 to the guideline on anticancer medicinal products: methodological considerations for
       PFS or DFS.
    .. [3] ICH E9(R1) (2019), addendum on estimands, section A.3.2.

    Examples
    --------
    >>> TimeToEventRules(new_therapy="ignore", censor_after_missed=None).censor_at
    'last_adequate_assessment'
    """

    events: tuple[str, ...] = EVENTS
    progression_values: tuple[str, ...] = ("PD",)
    censor_at: Literal["last_adequate_assessment", "last_known_alive"] = "last_adequate_assessment"
    new_therapy: Strategy = "censor"
    treatment_stop: Strategy = "ignore"
    schedule: tuple[tuple[int, int | None], ...] = ()
    window_days: int = 7
    censor_after_missed: int | None = 2
    death_after_missed: Literal["censor", "event"] = "censor"
    no_baseline: Literal["censor", "death_counts", "ignore"] = "censor"

    def __post_init__(self) -> None:
        """Refuse what has no meaning; raise MethodError with all of it."""
        problems = [
            f"TimeToEventRules.events: unknown event '{event}'.{suggest(event, EVENTS)}"
            for event in self.events
            if event not in EVENTS
        ]
        if not self.events:
            problems.append("TimeToEventRules.events: found none; name at least one.")
        if self.window_days < 0:
            problems.append(f"TimeToEventRules.window_days: found {self.window_days}; it must be 0 or more.")
        if self.censor_after_missed is not None and self.censor_after_missed < 1:
            problems.append(
                f"TimeToEventRules.censor_after_missed: found {self.censor_after_missed}; it must be 1 or more or None."
            )
        if problems:
            raise MethodError(*problems)
        planned_days(self.schedule, until=0)


PFS_RULES: Final = TimeToEventRules()
"""Progression or death; also the duration of response (from the response) and of stable disease."""
TTP_RULES: Final = TimeToEventRules(events=("progression",))
"""Progression alone; a death without progression is censored at the last adequate assessment."""
OS_RULES: Final = TimeToEventRules(
    events=("death",),
    censor_at="last_known_alive",
    new_therapy="ignore",
    censor_after_missed=None,
    no_baseline="ignore",
)
"""Death of any cause."""

_DAYS: Final = ("death_day", "therapy_day", "treatment_stop_day", "last_known_alive_day", "cutoff_day", "reference_day")
_NONE: Final = "none"


def time_to_event(
    subjects: pl.DataFrame, assessments: pl.DataFrame | None = None, rules: TimeToEventRules = PFS_RULES
) -> pl.DataFrame:
    """
    Find for every subject the event, or where and why it is censored.

    Parameters
    ----------
    subjects : polars.DataFrame
        One row per ``subject`` with ``start_day`` (first dose; the first response for its duration). Optional, missing
        where it did not happen: ``death_day, therapy_day`` (new anticancer therapy) ``, treatment_stop_day,
        last_known_alive_day, cutoff_day`` (nothing later is used) ``, reference_day`` (start of the schedule, default
        ``start_day``) and ``has_baseline`` (default true).
    assessments : polars.DataFrame, optional
        One row per ``subject`` and ``day`` with ``response`` and, optionally, ``seq``. Not needed for OS.
    rules : TimeToEventRules
        The switches.

    Returns
    -------
    polars.DataFrame
        One row per row of ``subjects``, in their order: ``subject, start_day, day, is_event, reason, seq, n_missed,
        rule, why``. ``reason`` is "progression", "death", "new_therapy", "treatment_stop" for an event, and for a
        censoring "no_start" (the only one without a day), "no_baseline", "new_therapy", "treatment_stop",
        "missed_assessments", "no_assessment" (censored at the start), "last_adequate_assessment" or
        "last_known_alive". ``seq`` is of the assessment that gave the day. ``n_missed`` counts the planned assessments
        that were missed before the event.

    Raises
    ------
    DataError
        For a missing column, a repeated subject, a missing day of an assessment.

    Notes
    -----
    Assessments before ``start_day`` are not used. Therapy or treatment stop on the day of an event does not precede it.
    The first of these decides: no start, no baseline, therapy or stop before the event, missed assessments, the event,
    the last adequate assessment, the start.

    References
    ----------
    .. [1] FDA (2007), Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics, appendix 3.

    Examples
    --------
    >>> subjects = pl.DataFrame({"subject": ["1", "2"], "start_day": [1, 1], "therapy_day": [None, 100]})
    >>> assessments = pl.DataFrame(
    ...     {"subject": ["1", "1", "2", "2"], "day": [43, 85, 43, 127], "response": ["SD", "PD", "PR", "PD"]}
    ... )
    >>> time_to_event(subjects, assessments).select("day", "is_event", "reason").rows()
    [(85, True, 'progression'), (43, False, 'new_therapy')]
    """
    table = _prepare(subjects)
    rows = _usable(table, assessments, rules)
    table = _first_event(table, rows, rules)
    table = _intercurrent(table, rules)
    table = _last_seen(table, rows, rules)
    table = _missed(table, rules)
    return _decide(table, rules)


def _prepare(subjects: pl.DataFrame) -> pl.DataFrame:
    """Give the subjects all optional columns; leave out what was after the cut-off."""
    check_columns(subjects, ("subject", "start_day"), where="subjects")
    check_key(subjects, ("subject",), where="subjects")
    day = subjects.schema["start_day"]
    table = subjects.select("subject", "start_day").with_columns(
        *(
            (subjects[name].cast(day) if name in subjects.columns else pl.lit(None, dtype=day)).alias(name)
            for name in _DAYS
        ),
        (subjects["has_baseline"] if "has_baseline" in subjects.columns else pl.lit(True)).alias("has_baseline"),
    )
    cutoff = pl.col("cutoff_day")
    # who died after the cut-off was alive at the cut-off
    died_later = (table["death_day"] > table["cutoff_day"]).fill_null(False)
    last_known = pl.when(pl.col("last_known_alive_day") > cutoff).then(cutoff).otherwise("last_known_alive_day")
    return table.with_columns(
        pl.when((pl.col(name) <= cutoff).fill_null(True)).then(name).alias(name)
        for name in ("death_day", "therapy_day", "treatment_stop_day")
    ).with_columns(
        last_known_alive_day=pl.when(died_later).then(cutoff).otherwise(last_known),
        reference_day=pl.coalesce("reference_day", "start_day"),
    )


def _usable(table: pl.DataFrame, assessments: pl.DataFrame | None, rules: TimeToEventRules) -> pl.DataFrame:
    """Assessments from the start to the cut-off."""
    day = table.schema["start_day"]
    if assessments is None:
        return pl.DataFrame(
            schema={"subject": table.schema["subject"], "day": day, "response": pl.String, "seq": pl.Int64}
        )
    check_columns(assessments, ("subject", "day", "response"), where="assessments")
    rows = assessments.with_row_index("seq") if "seq" not in assessments.columns else assessments
    rows = rows.filter(pl.col("response").is_in([*ADEQUATE, *rules.progression_values]))
    if rows["day"].null_count():
        raise DataError(
            f"assessments: {rows['day'].null_count()} rows have no day; the first is of subject "
            f"{rows.filter(pl.col('day').is_null())['subject'][0]!r}. Impute the date, or leave the row out."
        )
    rows = rows.select("subject", pl.col("day").cast(day), "response", "seq")
    rows = rows.join(table.select("subject", "start_day", "cutoff_day"), on="subject", how="inner")
    in_time = (pl.col("day") >= pl.col("start_day")) & (pl.col("day") <= pl.col("cutoff_day")).fill_null(True)
    return rows.filter(in_time).select("subject", "day", "response", "seq").sort("subject", "day", "seq")


def _first_event(table: pl.DataFrame, rows: pl.DataFrame, rules: TimeToEventRules) -> pl.DataFrame:
    """Earliest event; on one day the first in the order of precedence."""
    progression = (
        rows.filter(pl.col("response").is_in(rules.progression_values))
        .unique("subject", keep="first", maintain_order=True)
        .select("subject", progression_day="day", progression_seq="seq")
    )
    table = table.join(progression, on="subject", how="left", maintain_order="left")
    days = {event: pl.col(f"{event}_day") for event in rules.events}
    if rules.new_therapy == "event":
        days["new_therapy"] = pl.col("therapy_day")
    if rules.treatment_stop == "event":
        days["treatment_stop"] = pl.col("treatment_stop_day")
    first = pl.min_horizontal(*days.values())
    name = pl.coalesce(pl.when(day == pl.col("event_day")).then(pl.lit(event)) for event, day in days.items())
    return table.with_columns(event_day=first).with_columns(event=name)


def _intercurrent(table: pl.DataFrame, rules: TimeToEventRules) -> pl.DataFrame:
    """Therapy or treatment stop that ends the follow-up before the event."""
    ends = {
        "new_therapy": (rules.new_therapy, pl.col("therapy_day")),
        "treatment_stop": (rules.treatment_stop, pl.col("treatment_stop_day")),
    }
    # a column and not a literal, so that there is one value per subject where no strategy censors
    table = table.with_columns(never=pl.lit(None, dtype=table.schema["start_day"]))
    censoring = {name: day for name, (strategy, day) in ends.items() if strategy == "censor"}
    day = pl.min_horizontal("never", *censoring.values())
    day = pl.when((day < pl.col("event_day")).fill_null(True)).then(day)
    name = pl.coalesce(
        *(pl.when(own == pl.col("end_day")).then(pl.lit(word)) for word, own in censoring.items()),
        pl.lit(None, dtype=pl.String),
    )
    return table.with_columns(end_day=day).with_columns(end=name)


def _last_seen(table: pl.DataFrame, rows: pl.DataFrame, rules: TimeToEventRules) -> pl.DataFrame:
    """Last adequate assessment before the event, and not after what ended the follow-up."""
    bounds = table.select("subject", "event_day", "end_day")
    adequate = rows.filter(~pl.col("response").is_in(rules.progression_values)).join(bounds, on="subject", how="left")
    in_time = (pl.col("day") < pl.col("event_day")).fill_null(True) & (pl.col("day") <= pl.col("end_day")).fill_null(
        True
    )
    last = (
        adequate.filter(in_time)
        .unique("subject", keep="last", maintain_order=True)
        .select("subject", last_day="day", last_seq="seq")
    )
    return table.join(last, on="subject", how="left", maintain_order="left")


def _missed(table: pl.DataFrame, rules: TimeToEventRules) -> pl.DataFrame:
    """Number of planned assessments that were missed before the event."""
    if not rules.schedule:
        return table.with_columns(n_missed=pl.lit(0, dtype=pl.Int64))
    reference = table["reference_day"].to_physical().cast(pl.Int64)
    start = table["start_day"].to_physical().cast(pl.Int64)
    last = (table["last_day"].to_physical().cast(pl.Int64).fill_null(start) - reference).fill_null(0)
    event = (table["event_day"].to_physical().cast(pl.Int64) - reference).fill_null(0)
    count = missed_assessments(last.to_numpy(), event.to_numpy(), rules.schedule, window_days=rules.window_days)
    return table.with_columns(n_missed=pl.when(pl.col("event_day").is_not_null()).then(pl.Series(count)).otherwise(0))


def _decide(table: pl.DataFrame, rules: TimeToEventRules) -> pl.DataFrame:
    """Apply the order of decisions to each subject."""
    is_death = pl.col("event") == "death"
    no_baseline = ~pl.col("has_baseline").fill_null(True) & pl.lit(rules.no_baseline != "ignore")
    if rules.no_baseline == "death_counts":
        no_baseline = no_baseline & ~is_death.fill_null(False)
    at_assessment = rules.censor_at == "last_adequate_assessment"
    missed = pl.lit(False)
    if rules.censor_after_missed is not None and at_assessment:
        missed = (pl.col("n_missed") >= rules.censor_after_missed) & pl.col("event").is_in(EVENTS)
        if rules.death_after_missed == "event":
            missed = missed & ~is_death
    has_last = pl.col("last_day").is_not_null() if at_assessment else pl.col("last_known_alive_day").is_not_null()
    last_word = pl.when(has_last).then(pl.lit(rules.censor_at)).otherwise(pl.lit("no_assessment"))
    decision = (
        pl.when(pl.col("start_day").is_null())
        .then(pl.lit("no_start"))
        .when(no_baseline)
        .then(pl.lit("no_baseline"))
        .when(pl.col("end").is_not_null())
        .then("end")
        .when(missed.fill_null(False))
        .then(pl.lit("missed_assessments"))
        .when(pl.col("event").is_not_null())
        .then("event")
        .otherwise(last_word)
    )
    is_event = pl.col("event").is_not_null() & (pl.col("reason") == pl.col("event")) & pl.col("end").is_null()
    is_event = is_event & ~no_baseline & pl.col("start_day").is_not_null()
    at_last = (
        pl.coalesce("last_day", "start_day") if at_assessment else pl.coalesce("last_known_alive_day", "start_day")
    )
    day = (
        pl.when("is_event")
        .then("event_day")
        .when(pl.col("reason").is_in(["no_baseline", "no_assessment", "no_start"]))
        .then("start_day")
        .otherwise(at_last)
    )
    seq = (
        pl.when(pl.col("is_event") & (pl.col("reason") == "progression"))
        .then("progression_seq")
        .when(~pl.col("is_event") & (pl.col("reason") != "no_baseline") & pl.lit(at_assessment))
        .then("last_seq")
    )
    table = table.with_columns(reason=decision).with_columns(is_event=is_event.fill_null(False))
    table = table.with_columns(day=day, seq=seq)
    return table.select(
        "subject",
        "start_day",
        "day",
        "is_event",
        "reason",
        "seq",
        "n_missed",
        _rule().alias("rule"),
        _why().alias("why"),
    )


def _rule() -> pl.Expr:
    kind = pl.when("is_event").then(pl.lit("TTE-EVENT-")).otherwise(pl.lit("TTE-CENSOR-"))
    return kind + pl.col("reason").str.to_uppercase().str.replace_all("_", "-", literal=True)


_WHY: Final = {
    "no_start": "there is no start day",
    "no_baseline": "there is no baseline assessment, so it is censored at the start on {day}",
    "new_therapy": "new anticancer therapy began on {end} before any event, so it is censored on {day}",
    "treatment_stop": "treatment ended on {end} before any event, so it is censored on {day}",
    "missed_assessments": "{missed} planned assessments were missed before the {event} on {event_day}, so it is "
    "censored on {day}",
    "no_assessment": "there is neither an event nor a later assessment, so it is censored at the start on {day}",
    "last_adequate_assessment": "no event to the last adequate assessment on {day}",
    "last_known_alive": "last known to be alive on {day}",
}


def _why() -> pl.Expr:
    """One sentence with the days."""
    censored = pl.col("reason").replace_strict(_WHY, default=None, return_dtype=pl.String)
    words = pl.when("is_event").then(pl.lit("{event} on {day}")).otherwise(censored)
    event = pl.col("event").str.replace_all("_", " ", literal=True)
    for mark, text in (
        ("{day}", shown_day("day")),
        ("{end}", shown_day("end_day")),
        ("{event_day}", shown_day("event_day")),
        ("{event}", event),
        ("{missed}", pl.col("n_missed").cast(pl.String)),
    ):
        words = words.str.replace(mark, text.fill_null("not known"), literal=True)
    return words + "."
