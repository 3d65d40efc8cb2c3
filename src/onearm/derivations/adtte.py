"""ADTTE: one row per subject and time endpoint, from the named events and censorings of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import polars as pl

from onearm.derivations.schemas import ADTTE
from onearm.derivations.sources import EVENTS, STARTS, Course, event_rules
from onearm.frames import conform, empty
from onearm.protocol import Protocol
from onearm.protocol.endpoints import TimeEndpoint
from onearm.protocol.sources import PatientSource
from onearm.rules.censoring import time_to_event
from onearm.terms import EventRule

__all__ = ["derive_adtte"]

_AMONG: Final = {"responders": "RSP", "confirmed_responders": "CRSP"}
_RESPONSES: Final = {EventRule.RESPONSE: "RSP", EventRule.CONFIRMED_RESPONSE: "CRSP"}
_STANDS_FOR: Final = {"RESPONSE": "response", "IPD": "immune_progression"}
"""What takes the part of a progression, by the response that the rules are given for it."""
_EVENTS: Final = {
    "progression": EVENTS[EventRule.PROGRESSION],
    "immune_progression": EVENTS[EventRule.IMMUNE_PROGRESSION],
    "death": EVENTS[EventRule.DEATH],
    "new_therapy": EVENTS[EventRule.NEW_ANTICANCER_THERAPY],
    "treatment_stop": EVENTS[EventRule.TREATMENT_STOP],
    "response": EVENTS[EventRule.RESPONSE],
}
_CENSORINGS: Final = {
    "no_baseline": "No baseline assessment",
    "new_therapy": "Last adequate tumour assessment before new anticancer therapy",
    "treatment_stop": "Last adequate tumour assessment before the end of treatment",
    "missed_assessments": "Last adequate tumour assessment before missed ones",
    "no_assessment": "No assessment after the start",
    "last_adequate_assessment": "Last adequate tumour assessment",
    "last_known_alive": "Last known alive",
}
_VARIABLES: Final = {
    "progression": "OVR",
    "last_adequate_assessment": "OVR",
    "missed_assessments": "OVR",
    "response": "CRSP",
    "immune_progression": "IPD",
    "death": "DTHDT",
    "new_therapy": "NTRTDT",
    "treatment_stop": "TRTEDT",
    "last_known_alive": "LSTALVDT",
}


def derive_adtte(
    course: Course,
    protocol: Protocol,
    *,
    patients: pl.DataFrame | None = None,
    courses: Mapping[str, Course] = MappingProxyType({}),
) -> pl.DataFrame:
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
    courses : mapping of str to Course
        By the name of the endpoint, the course as the assessor saw it whom that endpoint names.

    Returns
    -------
    polars.DataFrame
        With the columns of `ADTTE`. A subject without the start of an endpoint has no row in it.
    """
    tables = []
    for name, endpoint in protocol.times.items():
        section = protocol.source.patients
        if patients is not None and section is not None and name in section.times:
            tables.append(_as_given(name, endpoint, course, patients, section))
        else:
            tables.append(_from_dates(name, endpoint, courses.get(name, course), protocol))
    return pl.concat(tables) if tables else empty(ADTTE)


def _from_dates(name: str, endpoint: TimeEndpoint, course: Course, protocol: Protocol) -> pl.DataFrame:
    rules = event_rules(endpoint, protocol)
    start = _start(endpoint, course)
    found = time_to_event(_subjects(start, course, protocol), _assessments(endpoint, course, start), rules)
    found = found.filter(pl.col("start_day").is_not_null())
    first_day = 1 if protocol.conventions.count_start_day else 0
    stands_for = _STANDS_FOR.get(rules.progression_values[0])
    stood_for = pl.col("is_event") & (pl.col("reason") == "progression") & pl.lit(stands_for is not None)
    named = found.with_columns(is_named=stood_for)
    reason = pl.when("is_named").then(pl.lit(stands_for)).otherwise("reason")
    words = pl.lit(EVENTS[EventRule(stands_for)] if stands_for else "")
    table = named.with_columns(reason=reason).select(
        USUBJID="subject",
        PARAMCD=pl.lit(name),
        PARAM=pl.lit(endpoint.label or name),
        STARTDT="start_day",
        ADT="day",
        AVAL=((pl.col("day") - pl.col("start_day")).dt.total_days() + first_day).cast(pl.Float64),
        AVALU=pl.lit("DAYS"),
        CNSR=pl.when("is_event").then(0).otherwise(1).cast(pl.Int64),
        EVNTDESC=pl.when("is_event").then(
            pl.col("reason").replace_strict(_EVENTS, default=None, return_dtype=pl.String)
        ),
        CNSDTDSC=pl.when(~pl.col("is_event")).then(
            pl.col("reason").replace_strict(_CENSORINGS, default=None, return_dtype=pl.String)
        ),
        SRCDOM=pl.when(pl.col("seq").is_not_null()).then(pl.lit("ADRS")).otherwise(pl.lit("ADSL")),
        SRCVAR=pl.col("reason").replace_strict(_VARIABLES, default=None, return_dtype=pl.String),
        SRCSEQ=pl.col("seq").cast(pl.Int64),
        RULE=pl.when("is_named")
        .then(pl.lit("TTE-EVENT-" + (stands_for or "").upper().replace("_", "-")))
        .otherwise("rule"),
        WHY=pl.when("is_named")
        .then(pl.format("{} on {}.", words, "day"))
        .otherwise(pl.col("why").str.head(1).str.to_uppercase() + pl.col("why").str.slice(1)),
    )
    return _with_study(table, course)


def _start(endpoint: TimeEndpoint, course: Course) -> pl.DataFrame:
    start = STARTS[endpoint.start](course).select(subject="USUBJID", start_day="ADT")
    among = _AMONG.get(endpoint.among)
    if among is None:
        return start
    members = course.adrs.filter((pl.col("PARAMCD") == among) & (pl.col("AVALC") == "Y"))
    return start.join(members.select(subject="USUBJID"), on="subject", how="semi", maintain_order="left")


def _subjects(start: pl.DataFrame, course: Course, protocol: Protocol) -> pl.DataFrame:
    """Dates of the subjects that have a start, in the words of the rules."""
    days = course.adsl.select(
        subject="USUBJID",
        death_day="DTHDT",
        therapy_day="NTRTDT",
        treatment_stop_day="TRTEDT",
        last_known_alive_day="LSTALVDT",
        reference_day=pl.coalesce("TRTSDT", "ENRLDT"),
        has_baseline=pl.col("TUMSIZE").is_not_null(),
    )
    cutoff = pl.lit(protocol.trial.cutoff, dtype=pl.Date)
    return start.join(days, on="subject", how="left", maintain_order="left").with_columns(cutoff_day=cutoff)


def _assessments(endpoint: TimeEndpoint, course: Course, start: pl.DataFrame) -> pl.DataFrame:
    """Assessments with their responses, and, in a time to response, the response that ends it."""
    columns = {"subject": pl.col("USUBJID"), "day": pl.col("ADT"), "seq": pl.col("SRCSEQ").cast(pl.Int64)}
    dated = course.adrs.filter(pl.col("ADT").is_not_null())
    if EventRule.IMMUNE_PROGRESSION in endpoint.event:
        return _immune_assessments(dated, columns).join(start.select("subject"), on="subject", how="semi")
    overall = dated.filter(pl.col("PARAMCD") == "OVR").select(response="AVALC", **columns)
    recorded = dated.filter((pl.col("PARAMCD") == "PD") & (pl.col("SRCDOM") == "PATIENTS"))
    parts = [overall, recorded.select(response=pl.lit("PD"), **columns)]
    if "LSTASDT" in course.adsl.columns:
        # That there was an adequate assessment is known, not what it showed.
        last = course.adsl.filter(pl.col("LSTASDT").is_not_null())
        seq = pl.lit(None, dtype=pl.Int64)
        parts.append(last.select(response=pl.lit("SD"), subject="USUBJID", day="LSTASDT", seq=seq))
    event = next((e for e in endpoint.event if e in _RESPONSES), None)
    if event is not None:
        response = dated.filter((pl.col("PARAMCD") == _RESPONSES[event]) & (pl.col("AVALC") == "Y"))
        parts.append(response.select(response=pl.lit("RESPONSE"), **columns))
    rows = pl.concat(part.select("subject", "day", "response", "seq") for part in parts)
    return rows.join(start.select("subject"), on="subject", how="semi")


def _immune_assessments(dated: pl.DataFrame, columns: dict[str, pl.Expr]) -> pl.DataFrame:
    """Assessments by iRECIST; an iUPD is no progression unless IPD says that it was one."""
    overall = dated.filter((pl.col("PARAMCD") == "IOVR") & (pl.col("AVALC") != "iCPD"))
    progressed = dated.filter((pl.col("PARAMCD") == "IPD") & (pl.col("AVALC") == "Y"))
    parts = [overall.select(response="AVALC", **columns), progressed.select(response=pl.lit("IPD"), **columns)]
    return pl.concat(part.select("subject", "day", "response", "seq") for part in parts)


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
