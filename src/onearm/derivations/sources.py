"""
The named rules that a protocol refers to: who is in a set, where a time starts, what ends it.

Each rule of a set or a start is a small function in a visible registry: a set rule gives an expression over ADSL, a start
rule one row per subject to whom it applies. Events and censorings are switches of `onearm.rules.censoring`.
To add one: name it in `onearm.terms` (the protocol then accepts it), and say here what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import polars as pl

from onearm.derivations.records import Records
from onearm.protocol import Protocol
from onearm.protocol.endpoints import TimeEndpoint
from onearm.rules.censoring import TimeToEventRules
from onearm.terms import CensorRule, EventRule, SetRule, StartRule

__all__ = [
    "EVENTS",
    "SETS",
    "STARTS",
    "Course",
    "event_rules",
    "set_member",
]


@dataclass(frozen=True)
class Course:
    """
    What is known of the subjects when times are derived.

    Parameters
    ----------
    adsl, adrs : polars.DataFrame
        Subject-level and response datasets.
    """

    adsl: pl.DataFrame
    adrs: pl.DataFrame


Rule = Callable[[Course], pl.DataFrame]


def set_member(rule: str, adsl: pl.DataFrame, adrs: pl.DataFrame, records: Records) -> pl.Expr:
    """
    Say who meets a rule of an analysis set.

    Parameters
    ----------
    rule : str
        Name of the rule, of `onearm.terms.SetRule`.
    adsl, adrs : polars.DataFrame
        Subject-level and response datasets.
    records : Records
        Source records.

    Returns
    -------
    polars.Expr
        Boolean over the rows of ADSL, never missing.
    """
    return SETS[SetRule(rule)](adsl, adrs, records).fill_null(False)


def _enrolled(_adsl: pl.DataFrame, _adrs: pl.DataFrame, _records: Records) -> pl.Expr:
    return pl.col("SCRFFL").is_null()


def _treated(adsl: pl.DataFrame, _adrs: pl.DataFrame, records: Records) -> pl.Expr:
    # A patient table without any dates lists the treated patients; nothing in it could say otherwise.
    if records.get("dm") is None and adsl["TRTSDT"].null_count() == adsl.height:
        return pl.col("SCRFFL").is_null()
    return pl.col("TRTSDT").is_not_null()


def _has_safety_record(_adsl: pl.DataFrame, _adrs: pl.DataFrame, records: Records) -> pl.Expr:
    subjects: set[str] = set()
    for domain in ("ae", "lb", "vs", "eg", "pe"):
        table = records.get(domain)
        if table is not None:
            subjects.update(table["USUBJID"].unique().to_list())
    return pl.col("USUBJID").is_in(sorted(subjects))


def _with_assessment(adrs: pl.DataFrame, *, baseline: bool) -> pl.Expr:
    rows = adrs.filter(pl.col("PARAMCD") == "OVR")
    rows = rows.filter((pl.col("ADY") <= 1) if baseline else (pl.col("ADY") > 1) & (pl.col("AVALC") != "NE"))
    return pl.col("USUBJID").is_in(rows["USUBJID"].unique().to_list())


def _has_postbaseline(_adsl: pl.DataFrame, adrs: pl.DataFrame, _records: Records) -> pl.Expr:
    return _with_assessment(adrs, baseline=False)


def _has_baseline(_adsl: pl.DataFrame, _adrs: pl.DataFrame, records: Records) -> pl.Expr:
    tu = records.get("tu")
    known = pl.col("TUMSIZE").is_not_null()
    return known if tu is None else known | pl.col("USUBJID").is_in(tu["USUBJID"].unique().to_list())


def _has_measurable(_adsl: pl.DataFrame, _adrs: pl.DataFrame, _records: Records) -> pl.Expr:
    return pl.col("TUMSIZE") > 0


def _evaluable(_adsl: pl.DataFrame, adrs: pl.DataFrame, _records: Records) -> pl.Expr:
    best = adrs.filter((pl.col("PARAMCD") == "BOR") & ~pl.col("AVALC").is_in(["NE", "MISSING"]))
    return pl.col("USUBJID").is_in(best["USUBJID"].unique().to_list())


def _no_major_deviation(_adsl: pl.DataFrame, _adrs: pl.DataFrame, records: Records) -> pl.Expr:
    dv = records.get("dv")
    if dv is None:
        return pl.lit(True)
    major = (
        dv
        if "DVCAT" not in dv.columns
        else dv.filter(pl.col("DVCAT").str.to_uppercase().str.contains("MAJOR|IMPORTANT"))
    )
    return ~pl.col("USUBJID").is_in(major["USUBJID"].unique().to_list())


SETS: Final[Mapping[SetRule, Callable[[pl.DataFrame, pl.DataFrame, Records], pl.Expr]]] = MappingProxyType(
    {
        SetRule.ENROLLED: _enrolled,
        SetRule.TREATED: _treated,
        SetRule.HAS_SAFETY_RECORD: _has_safety_record,
        SetRule.HAS_BASELINE_ASSESSMENT: _has_baseline,
        SetRule.HAS_POSTBASELINE_ASSESSMENT: _has_postbaseline,
        SetRule.HAS_MEASURABLE_DISEASE: _has_measurable,
        SetRule.EVALUABLE_FOR_RESPONSE: _evaluable,
        SetRule.NO_MAJOR_DEVIATION: _no_major_deviation,
    }
)


def _from_adsl(variable: str, desc: str) -> Rule:
    def rule(course: Course) -> pl.DataFrame:
        return course.adsl.filter(pl.col(variable).is_not_null()).select(
            "USUBJID",
            pl.col(variable).alias("ADT"),
            pl.lit(desc).alias("DESC"),
            pl.lit("ADSL").alias("SRCDOM"),
            pl.lit(variable).alias("SRCVAR"),
            pl.lit(None, dtype=pl.Int64).alias("SRCSEQ"),
        )

    return rule


def _from_adrs(paramcd: str, desc: str) -> Rule:
    """One row of the parameter per subject, where it says yes."""

    def rule(course: Course) -> pl.DataFrame:
        said = course.adrs.filter(
            (pl.col("PARAMCD") == paramcd) & (pl.col("AVALC") == "Y") & pl.col("ADT").is_not_null()
        )
        return said.select(
            "USUBJID",
            "ADT",
            pl.lit(desc).alias("DESC"),
            pl.lit("ADRS").alias("SRCDOM"),
            pl.lit(paramcd).alias("SRCVAR"),
            "SRCSEQ",
        )

    return rule


STARTS: Final[Mapping[StartRule, Rule]] = MappingProxyType(
    {
        StartRule.FIRST_DOSE: _from_adsl("TRTSDT", "First dose"),
        StartRule.ENROLMENT: _from_adsl("ENRLDT", "Enrolment"),
        StartRule.FIRST_RESPONSE: _from_adrs("RSP", "First response"),
        StartRule.FIRST_CONFIRMED_RESPONSE: _from_adrs("CRSP", "First confirmed response"),
    }
)

EVENTS: Final[Mapping[EventRule, str]] = MappingProxyType(
    {
        EventRule.PROGRESSION: "Disease progression",
        EventRule.IMMUNE_PROGRESSION: "Disease progression by iRECIST",
        EventRule.DEATH: "Death",
        EventRule.NEW_ANTICANCER_THERAPY: "New anticancer therapy",
        EventRule.TREATMENT_STOP: "End of treatment",
        EventRule.RESPONSE: "Response",
        EventRule.CONFIRMED_RESPONSE: "Confirmed response",
    }
)
"""What each event is called; `event_rules` turns the names into the switches of `onearm.rules.censoring`."""


def event_rules(endpoint: TimeEndpoint, protocol: Protocol) -> TimeToEventRules:
    """
    Turn the named events and censorings of an endpoint into the switches of the rules.

    Parameters
    ----------
    endpoint : TimeEndpoint
        With ``event`` and ``censor``.
    protocol : Protocol
        The scans planned.

    Returns
    -------
    TimeToEventRules
        A response takes the part of a progression in a time to response, and the first iUPD of a progression that was
        confirmed (``IPD``) in a time to progression by iRECIST.
    """
    event, censor, tumour = set(endpoint.event), set(endpoint.censor), protocol.tumour
    to_response = bool(event & {EventRule.RESPONSE, EventRule.CONFIRMED_RESPONSE})
    is_immune = EventRule.IMMUNE_PROGRESSION in event
    as_progression = {"progression", "immune_progression"}
    named = (
        ("progression",)
        if to_response
        else tuple(
            "progression" if e.value in as_progression else e.value
            for e in endpoint.event
            if e.value in {*as_progression, "death"}
        )
    )
    missed = CensorRule.MISSED_ASSESSMENTS in censor
    return TimeToEventRules(
        events=named,
        progression_values=("RESPONSE",) if to_response else ("IPD",) if is_immune else ("PD",),
        censor_at="last_known_alive" if CensorRule.LAST_KNOWN_ALIVE in censor else "last_adequate_assessment",
        new_therapy=_strategy(EventRule.NEW_ANTICANCER_THERAPY, CensorRule.NEW_ANTICANCER_THERAPY, endpoint),
        treatment_stop=_strategy(EventRule.TREATMENT_STOP, CensorRule.TREATMENT_STOP, endpoint),
        schedule=tuple((step.every_days, step.until_day) for step in tumour.schedule) if missed else (),
        window_days=tumour.scan_window_days,
        censor_after_missed=tumour.missed_assessments if missed else None,
        no_baseline="censor" if CensorRule.NO_BASELINE in censor else "ignore",
    )


def _strategy(event: EventRule, censor: CensorRule, endpoint: TimeEndpoint) -> Literal["ignore", "censor", "event"]:
    if event in endpoint.event:
        return "event"
    return "censor" if censor in endpoint.censor else "ignore"
