"""
The named rules that a protocol refers to: who is in a set, where a time starts, what ends it.

Each rule is a small function in a visible registry. A set rule gives an expression over ADSL; a start, event or censoring
rule gives one row per subject to whom it applies: ``USUBJID ADT DESC SRCDOM SRCVAR SRCSEQ``.
To add one: name it in `onearm.terms`, write the function here, add it to its registry; the protocol then accepts it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import polars as pl

from onearm.derivations.records import Records
from onearm.terms import CensorRule, EventRule, SetRule, StartRule

__all__ = [
    "CENSORINGS",
    "EVENTS",
    "SETS",
    "STARTS",
    "STOPPING",
    "Course",
    "set_member",
]

SCHEMA: Final = {
    "USUBJID": pl.String,
    "ADT": pl.Date,
    "DESC": pl.String,
    "SRCDOM": pl.String,
    "SRCVAR": pl.String,
    "SRCSEQ": pl.Int64,
}


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


def _enrolled(adsl: pl.DataFrame, _adrs: pl.DataFrame, _records: Records) -> pl.Expr:
    del adsl
    return pl.col("SCRFFL").is_null()


def _treated(adsl: pl.DataFrame, _adrs: pl.DataFrame, records: Records) -> pl.Expr:
    # A patient table without any dates lists the treated patients; nothing in it could say otherwise.
    if records.get("dm") is None and adsl["TRTSDT"].null_count() == adsl.height:
        return pl.col("SCRFFL").is_null()
    return pl.col("TRTSDT").is_not_null()


def _has_safety_record(adsl: pl.DataFrame, _adrs: pl.DataFrame, records: Records) -> pl.Expr:
    del adsl
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


def _adequate_assessments(course: Course) -> pl.DataFrame:
    """All adequate assessments of each subject, latest last; the endpoint picks the last one that counts."""
    desc = "Last adequate tumour assessment"
    if "LSTASDT" in course.adsl.columns:
        return _from_adsl("LSTASDT", desc)(course)
    return (
        course.adrs.filter(
            (pl.col("PARAMCD") == "OVR") & ~pl.col("AVALC").is_in(["NE", "ND", "MISSING"]) & pl.col("ADT").is_not_null()
        )
        .select(
            "USUBJID",
            "ADT",
            pl.lit(desc).alias("DESC"),
            pl.lit("ADRS").alias("SRCDOM"),
            pl.lit("OVR").alias("SRCVAR"),
            "SRCSEQ",
        )
        .sort("USUBJID", "ADT")
    )


STARTS: Final[Mapping[StartRule, Rule]] = MappingProxyType(
    {
        StartRule.FIRST_DOSE: _from_adsl("TRTSDT", "First dose"),
        StartRule.ENROLMENT: _from_adsl("ENRLDT", "Enrolment"),
        StartRule.FIRST_RESPONSE: _from_adrs("RSP", "First response"),
        StartRule.FIRST_CONFIRMED_RESPONSE: _from_adrs("CRSP", "First confirmed response"),
    }
)

EVENTS: Final[Mapping[EventRule, Rule]] = MappingProxyType(
    {
        EventRule.PROGRESSION: _from_adrs("PD", "Disease progression"),
        EventRule.DEATH: _from_adsl("DTHDT", "Death"),
        EventRule.NEW_ANTICANCER_THERAPY: _from_adsl("NTRTDT", "New anticancer therapy"),
        EventRule.RESPONSE: _from_adrs("RSP", "Response"),
        EventRule.CONFIRMED_RESPONSE: _from_adrs("CRSP", "Confirmed response"),
        EventRule.TREATMENT_STOP: _from_adsl("TRTEDT", "End of treatment"),
    }
)

CENSORINGS: Final[Mapping[CensorRule, Rule]] = MappingProxyType(
    {
        CensorRule.LAST_ADEQUATE_ASSESSMENT: _adequate_assessments,
        CensorRule.LAST_KNOWN_ALIVE: _from_adsl("LSTALVDT", "Last known alive"),
        CensorRule.NEW_ANTICANCER_THERAPY: _from_adsl("NTRTDT", "New anticancer therapy"),
        CensorRule.TREATMENT_STOP: _from_adsl("TRTEDT", "End of treatment"),
        CensorRule.CUTOFF: _from_adsl("CUTOFFDT", "Data cut-off"),
    }
)
"""Dates at which follow-up ends. `START` is not here: it is what is left where a subject has none of the others."""

STOPPING: Final = frozenset({CensorRule.NEW_ANTICANCER_THERAPY, CensorRule.TREATMENT_STOP})
"""Censorings that end follow-up although more is known: events after them do not count."""
