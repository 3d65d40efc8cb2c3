"""ADTTE: one row per subject and time endpoint, from the named events and censorings of the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from onearm.derivations.schemas import ADTTE
from onearm.derivations.sources import CENSORINGS, EVENTS, STARTS, STOPPING, Course
from onearm.frames import conform, empty
from onearm.protocol import Protocol
from onearm.protocol.endpoints import TimeEndpoint
from onearm.protocol.sources import PatientSource
from onearm.terms import CensorRule

__all__ = ["derive_adtte"]

_AMONG: Final = {"responders": "RSP", "confirmed_responders": "CRSP"}


def derive_adtte(course: Course, protocol: Protocol, *, patients: pl.DataFrame | None = None) -> pl.DataFrame:
    """
    Derive every time endpoint of a protocol.

    Parameters
    ----------
    course : Course
        Subject-level and response datasets.
    protocol : Protocol
        Endpoints and conventions.
    patients : polars.DataFrame, optional
        The table with one row per patient, where the times themselves may stand.

    Returns
    -------
    polars.DataFrame
        With the columns of `ADTTE`. A subject without the start of an endpoint has no row in it. An event on the day of
        a stopping censoring (new therapy, end of treatment) still counts; a later one does not. A date before the start
        counts as the start.
    """
    tables = []
    for name, endpoint in protocol.times.items():
        section = protocol.source.patients
        if patients is not None and section is not None and name in section.times:
            tables.append(_as_given(name, endpoint, course, patients, section))
        else:
            tables.append(_from_dates(name, endpoint, course, protocol))
    return pl.concat(tables) if tables else empty(ADTTE)


def _from_dates(name: str, endpoint: TimeEndpoint, course: Course, protocol: Protocol) -> pl.DataFrame:
    start = _start(endpoint, course)
    event = _first([EVENTS[rule](course) for rule in endpoint.event], start)
    stop = _first([CENSORINGS[rule](course) for rule in endpoint.censor if rule in STOPPING], start)
    followed = _follow_up(endpoint, course, start, stop)
    table = (
        start.join(event.select(pl.all().name.suffix("_E")), left_on="USUBJID", right_on="USUBJID_E", how="left")
        .join(stop.select("USUBJID", STOP="ADT", STOPDESC="DESC"), on="USUBJID", how="left")
        .join(followed.select(pl.all().name.suffix("_C")), left_on="USUBJID", right_on="USUBJID_C", how="left")
    )
    happened = pl.col("ADT_E").is_not_null() & ((pl.col("ADT_E") <= pl.col("STOP")) | pl.col("STOP").is_null())
    table = table.with_columns(CNSR=pl.when(happened).then(0).otherwise(1)).with_columns(
        ADT=pl.when(happened).then("ADT_E").otherwise(pl.coalesce("ADT_C", "STARTDT")),
        **{
            column: pl.when(happened).then(f"{column}_E").otherwise(f"{column}_C")
            for column in ("SRCDOM", "SRCVAR", "SRCSEQ")
        },
        EVNTDESC=pl.when(happened).then("DESC_E"),
        CNSDTDSC=pl.when(~happened).then(pl.coalesce("DESC_C", pl.lit("No assessment after the start"))),
    )
    first_day = 1 if protocol.conventions.count_start_day else 0
    table = table.with_columns(
        PARAMCD=pl.lit(name),
        PARAM=pl.lit(endpoint.label or name),
        AVAL=((pl.col("ADT") - pl.col("STARTDT")).dt.total_days() + first_day).cast(pl.Float64),
        AVALU=pl.lit("DAYS"),
        RULE=pl.when(happened)
        .then(pl.format("TTE-EVENT-{}", pl.col("SRCVAR")))
        .otherwise(pl.format("TTE-CENSOR-{}", pl.coalesce("SRCVAR", pl.lit("START")))),
        WHY=_why(happened),
    )
    return _with_study(table.select(n for n in ADTTE if n in table.columns), course)


def _start(endpoint: TimeEndpoint, course: Course) -> pl.DataFrame:
    start = STARTS[endpoint.start](course).select("USUBJID", STARTDT="ADT", STARTDESC="DESC")
    among = _AMONG.get(endpoint.among)
    if among is None:
        return start
    members = course.adrs.filter((pl.col("PARAMCD") == among) & (pl.col("AVALC") == "Y"))
    return start.join(members.select("USUBJID"), on="USUBJID", how="semi")


def _first(candidates: Iterable[pl.DataFrame], start: pl.DataFrame) -> pl.DataFrame:
    """Earliest of several candidates for each subject; of two on one day, the one that the protocol names first."""
    tables = [table.with_columns(ORDER=pl.lit(position)) for position, table in enumerate(candidates)]
    if not tables:
        return empty({"USUBJID": pl.String, "ADT": pl.Date, "DESC": pl.String})
    return (
        pl.concat(tables)
        .join(start.select("USUBJID", "STARTDT"), on="USUBJID", how="inner")
        .with_columns(ADT=pl.max_horizontal("ADT", "STARTDT"))
        .sort("USUBJID", "ADT", "ORDER")
        .unique("USUBJID", keep="first", maintain_order=True)
        .drop("STARTDT", "ORDER")
    )


def _follow_up(endpoint: TimeEndpoint, course: Course, start: pl.DataFrame, stop: pl.DataFrame) -> pl.DataFrame:
    """Last date of follow-up for each subject: the latest that is not after a stop; a stop alone ends at itself."""
    lasting = [rule for rule in endpoint.censor if rule not in STOPPING and rule != CensorRule.START]
    if not lasting:
        return stop
    dates = pl.concat(CENSORINGS[rule](course).with_columns(ORDER=pl.lit(i)) for i, rule in enumerate(lasting))
    return (
        dates.join(start.select("USUBJID", "STARTDT"), on="USUBJID", how="inner")
        .join(stop.select("USUBJID", STOP="ADT"), on="USUBJID", how="left")
        .filter((pl.col("ADT") >= pl.col("STARTDT")) & ((pl.col("ADT") <= pl.col("STOP")) | pl.col("STOP").is_null()))
        .sort("USUBJID", "ADT", "ORDER")
        .unique("USUBJID", keep="last", maintain_order=True)
        .drop("STARTDT", "STOP", "ORDER")
    )


def _why(happened: pl.Expr) -> pl.Expr:
    event = pl.format("{} on {} is the first event after {} on {}.", "DESC_E", "ADT_E", _lower("STARTDESC"), "STARTDT")
    stopped = pl.format("; {} on {} ended follow-up", _lower("STOPDESC"), "STOP")
    none = pl.format("No event; censored on {} ({}{}).", "ADT", _lower("CNSDTDSC"), stopped.fill_null(""))
    return pl.when(happened).then(event).otherwise(none)


def _lower(column: str) -> pl.Expr:
    text = pl.col(column)
    return text.str.head(1).str.to_lowercase() + text.str.tail(-1)


def _as_given(
    name: str, endpoint: TimeEndpoint, course: Course, patients: pl.DataFrame, section: PatientSource
) -> pl.DataFrame:
    """Take a time and its status from the mapped columns."""
    columns = section.times[name]
    known = patients.filter(pl.col(f"{name}_TIME").is_not_null() & pl.col(f"{name}_EVENT").is_not_null())
    event = pl.col(f"{name}_EVENT").cast(pl.Boolean)
    table = known.select(
        "USUBJID",
        pl.lit(name).alias("PARAMCD"),
        pl.lit(endpoint.label or name).alias("PARAM"),
        pl.col(f"{name}_TIME").cast(pl.Float64).alias("AVAL"),
        pl.lit(columns.unit.upper()).alias("AVALU"),
        pl.when(event).then(0).otherwise(1).alias("CNSR"),
        pl.when(event).then(pl.lit(f"Event of {name}")).alias("EVNTDESC"),
        pl.when(~event).then(pl.lit("Censored as recorded")).alias("CNSDTDSC"),
        pl.lit("PATIENTS").alias("SRCDOM"),
        pl.lit(columns.time).alias("SRCVAR"),
        pl.col("SRCROW").cast(pl.Int64).alias("SRCSEQ"),
        pl.lit("TTE-AS-RECORDED").alias("RULE"),
        pl.lit(f"Taken from the columns '{columns.time}' and '{columns.status}' of the patient table.").alias("WHY"),
    )
    return _with_study(table, course)


def _with_study(table: pl.DataFrame, course: Course) -> pl.DataFrame:
    study = course.adsl.select("USUBJID", "STUDYID")
    return conform(table.join(study, on="USUBJID", how="left").sort("USUBJID"), ADTTE)
