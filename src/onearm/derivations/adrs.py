"""ADRS: the response at every assessment, the first progression and response, and the best overall response."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from onearm.derivations.adtr import study_day
from onearm.derivations.lesions import Lesions, of_assessor
from onearm.derivations.records import Records
from onearm.derivations.schemas import ADRS
from onearm.frames import conform, empty
from onearm.protocol import Protocol
from onearm.rules.best_response import best_response, confirmed_best_response, confirmed_response, first_response
from onearm.rules.recist import RecistRules
from onearm.rules.recist_non_target import new_lesion_response, non_target_response
from onearm.rules.recist_timepoint import timepoint_response
from onearm.rules.response_sequence import BestResponseRules
from onearm.terms import RESPONSES

__all__ = ["best_response_rules", "derive_adrs", "recist_rules", "timepoints"]

_RANK: Final = {
    "CR": 1.0,
    "PR": 2.0,
    "SD": 3.0,
    "NON-CR/NON-PD": 4.0,
    "NED": 5.0,
    "PD": 6.0,
    "NE": 7.0,
    "ND": 8.0,
    "MISSING": 9.0,
}
_PARAM: Final = {
    "TRGRESP": "Target response",
    "NTRGRESP": "Non-target response",
    "NEWLES": "New lesions",
    "OVR": "Overall response at the assessment",
    "OVRA": "Overall response as assessed",
    "PD": "First progression",
    "RSP": "First response",
    "CRSP": "First confirmed response",
    "BOR": "Best overall response",
    "CBOR": "Best overall response, confirmed",
}
_ASSESSED: Final = {"OVRLRESP": "OVRA", "TRGRESP": "TRGRESP", "NTRGRESP": "NTRGRESP"}
_WITHOUT_BASELINE: Final = ["NE", "ND", "MISSING"]


def recist_rules(protocol: Protocol) -> RecistRules:
    """
    Give the switches of RECIST that the protocol sets.

    Parameters
    ----------
    protocol : Protocol
        ``[tumour.recist]``.

    Returns
    -------
    RecistRules
        For `onearm.rules`.
    """
    return RecistRules(**protocol.tumour.recist.model_dump())


def best_response_rules(protocol: Protocol) -> BestResponseRules:
    """
    Give the switches of the best overall response that the protocol sets.

    Parameters
    ----------
    protocol : Protocol
        ``[tumour]`` and ``[tumour.best_response]``.

    Returns
    -------
    BestResponseRules
        For `onearm.rules`.
    """
    tumour = protocol.tumour
    return BestResponseRules(
        confirm_after_days=tumour.confirm_response_after_days,
        stable_at_least_days=tumour.stable_at_least_days,
        **tumour.best_response.model_dump(),
    )


def timepoints(lesions: Lesions | None, target: pl.DataFrame | None, protocol: Protocol) -> pl.DataFrame | None:
    """
    Derive the response of each timepoint from the lesions.

    Parameters
    ----------
    lesions : Lesions or None
        Lesions of the assessor.
    target : polars.DataFrame or None
        Target response at each visit.
    protocol : Protocol
        Switches of RECIST.

    Returns
    -------
    polars.DataFrame or None
        As `onearm.rules.recist_timepoint.timepoint_response`, with rule and reason of each component beside those of the
        timepoint (``target_rule``, ``target_why`` …); None without lesions.
    """
    if lesions is None or target is None:
        return None
    rules = recist_rules(protocol)
    non_target = non_target_response(lesions.non_target, rules) if lesions.non_target.height else None
    new = new_lesion_response(lesions.new, rules) if lesions.new.height else None
    found = timepoint_response(target, non_target, new, rules)
    for name, part in (("target", target), ("non_target", non_target), ("new_lesion", new)):
        found = _with_reasons(found, name, part)
    return found


def _with_reasons(found: pl.DataFrame, name: str, part: pl.DataFrame | None) -> pl.DataFrame:
    """Set the rule and the reason of one component beside those of the timepoint."""
    if part is None:
        return found.with_columns(pl.col("rule").alias(f"{name}_rule"), pl.col("why").alias(f"{name}_why"))
    reasons = part.select("subject", "visit", pl.col("rule").alias(f"{name}_rule"), pl.col("why").alias(f"{name}_why"))
    joined = found.join(reasons, on=["subject", "visit"], how="left", maintain_order="left")
    # A component that was not assessed at a visit has no row of its own; the timepoint says so.
    return joined.with_columns(pl.coalesce(f"{name}_rule", "rule"), pl.coalesce(f"{name}_why", "why"))


def derive_adrs(
    derived: pl.DataFrame | None, lesions: Lesions | None, records: Records, adsl: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    """
    Derive the response dataset.

    Parameters
    ----------
    derived : polars.DataFrame or None
        Timepoint responses from the lesions.
    lesions : Lesions or None
        For the names of visits.
    records : Records
        Assessed responses (RS), or the table with one row per patient.
    adsl : polars.DataFrame
        Subjects, first dose, new therapy.
    protocol : Protocol
        Where responses are taken from and every switch.

    Returns
    -------
    polars.DataFrame
        With the columns of `ADRS`. Where there are lesions, OVR is derived from them and OVRA is what was assessed;
        where there are none, OVR is what was assessed. A subject without lesions in a trial that has them keeps its
        assessed responses.
    """
    assessed = _assessed(records, protocol)
    parts = [_long(derived, lesions)] if derived is not None else []
    if assessed is not None:
        parts.append(assessed if derived is None else _beside(assessed, derived))
    rows = pl.concat(parts, how="diagonal_relaxed") if parts else empty(ADRS)
    rows = _with_overall(rows, derived)
    concluded = _concluded(rows, adsl, protocol) if parts else empty(ADRS)
    recorded = _recorded(records, adsl, protocol)
    table = pl.concat([rows, concluded, recorded], how="diagonal_relaxed")
    return _finish(table, adsl, protocol)


def _long(derived: pl.DataFrame, lesions: Lesions | None) -> pl.DataFrame:
    """One row for each component of each timepoint."""
    names = {"target": "TRGRESP", "non_target": "NTRGRESP", "new_lesion": "NEWLES", "response": "OVR"}
    visits = (
        lesions.visits
        if lesions is not None
        else pl.DataFrame(schema={"subject": pl.String, "visit": pl.Float64, "name": pl.String})
    )
    named = derived.join(visits, on=["subject", "visit"], how="left").with_columns(
        new_lesion=pl.when(pl.col("new_lesion") == "yes").then(pl.lit("Y")).otherwise(pl.lit("N"))
    )
    parts = [
        named.filter(pl.col(column).is_not_null()).select(
            USUBJID="subject",
            PARAMCD=pl.lit(paramcd),
            AVISIT="name",
            AVISITN="visit",
            ADT="day",
            AVALC=column,
            SRCDOM=pl.lit("ADTR") if paramcd in {"OVR", "TRGRESP"} else pl.lit("TR"),
            SRCSEQ=pl.lit(None, dtype=pl.Int64),
            RULE="rule" if column == "response" else f"{column}_rule",
            WHY="why" if column == "response" else f"{column}_why",
        )
        for column, paramcd in names.items()
    ]
    return pl.concat(parts)


def _assessed(records: Records, protocol: Protocol) -> pl.DataFrame | None:
    """Responses as the assessor gave them; terms that RECIST does not have are left to the findings."""
    rs = records.get("rs")
    if rs is None or protocol.tumour.response_from == "lesions":
        return None
    rs = of_assessor(rs, "RS", protocol)
    if "RSCAT" in rs.columns:
        rs = rs.filter(
            pl.col("RSCAT").is_null() | (pl.col("RSCAT").str.to_uppercase() == protocol.tumour.criteria.upper())
        )
    value = pl.coalesce(*(pl.col(name) for name in ("RSSTRESC", "RSORRES") if name in rs.columns))
    known = rs.with_columns(AVALC=value).filter(
        pl.col("RSTESTCD").is_in(list(_ASSESSED)) & pl.col("AVALC").is_in(RESPONSES)
    )
    absent: dict[str, Any] = {"VISIT": pl.String, "VISITNUM": pl.Float64, "RSDT": pl.Date}
    known = known.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items() if name not in known.columns
    )
    return known.select(
        "USUBJID",
        PARAMCD=pl.col("RSTESTCD").replace_strict(_ASSESSED, return_dtype=pl.String),
        AVISIT="VISIT",
        AVISITN=pl.coalesce(pl.col("VISITNUM").cast(pl.Float64), pl.col("RSDT").dt.epoch("d").cast(pl.Float64)),
        ADT="RSDT",
        AVALC="AVALC",
        SRCDOM=pl.lit("RS"),
        SRCSEQ=pl.col("RSSEQ").cast(pl.Int64),
        RULE=pl.lit("RESPONSE-AS-ASSESSED"),
        WHY=pl.lit("Taken as assessed."),
    )


def _beside(assessed: pl.DataFrame, derived: pl.DataFrame) -> pl.DataFrame:
    """What stands beside derived responses: assessed overall responses, and all of subjects without lesions."""
    has_lesions = pl.col("USUBJID").is_in(derived["subject"].unique().to_list())
    return assessed.filter((pl.col("PARAMCD") == "OVRA") | ~has_lesions)


def _with_overall(rows: pl.DataFrame, derived: pl.DataFrame | None) -> pl.DataFrame:
    """Use the assessed overall response of every subject whose lesions say nothing."""
    if rows.is_empty():
        return rows
    has_lesions = pl.lit(False) if derived is None else pl.col("USUBJID").is_in(derived["subject"].unique().to_list())
    taken = rows.filter((pl.col("PARAMCD") == "OVRA") & ~has_lesions).with_columns(PARAMCD=pl.lit("OVR"))
    return pl.concat([rows, taken], how="diagonal_relaxed")


def _concluded(rows: pl.DataFrame, adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """First progression, first response and best response of every enrolled subject."""
    subjects = adsl.filter(pl.col("SCRFFL").is_null()).select(
        subject="USUBJID", reference_day=pl.coalesce("TRTSDT", "ENRLDT"), therapy_day="NTRTDT"
    )
    known = pl.col("subject").is_in(subjects["subject"].to_list()) & pl.col("day").is_not_null()
    overall = (
        rows.filter(pl.col("PARAMCD") == "OVR")
        .select(subject="USUBJID", day="ADT", response="AVALC", seq="SRCSEQ")
        .filter(known)
        .sort("subject", "day", maintain_order=True)
        .unique(["subject", "day"], keep="last", maintain_order=True)
    )
    rules = best_response_rules(protocol)
    best = {"BOR": best_response, "CBOR": confirmed_best_response}
    first = {"RSP": first_response, "CRSP": confirmed_response}
    parts = [
        function(overall, subjects, rules).select(
            USUBJID="subject",
            PARAMCD=pl.lit(paramcd),
            AVALC="response",
            ADT="day",
            SRCDOM=pl.lit("ADRS"),
            SRCSEQ=pl.col("seq").cast(pl.Int64),
            RULE="rule",
            WHY="why",
        )
        for paramcd, function in best.items()
    ]
    parts += [
        function(overall, subjects, rules).select(
            USUBJID="subject",
            PARAMCD=pl.lit(paramcd),
            AVALC=pl.when("is_responder").then(pl.lit("Y")).otherwise(pl.lit("N")),
            ADT="day",
            SRCDOM=pl.lit("ADRS"),
            SRCSEQ=pl.col("seq").cast(pl.Int64),
            RULE="rule",
            WHY="why",
        )
        for paramcd, function in first.items()
    ]
    return pl.concat([*parts, _progression(overall, subjects)], how="diagonal_relaxed")


def _progression(overall: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    first = (
        overall.filter(pl.col("response") == "PD")
        .join(subjects.select("subject", "reference_day"), on="subject")
        .filter((pl.col("day") >= pl.col("reference_day")).fill_null(True))
        .sort("subject", "day")
        .unique("subject", keep="first", maintain_order=True)
    )
    return subjects.join(first.select("subject", "day", "seq"), on="subject", how="left").select(
        USUBJID="subject",
        PARAMCD=pl.lit("PD"),
        AVALC=pl.when(pl.col("day").is_not_null()).then(pl.lit("Y")).otherwise(pl.lit("N")),
        ADT="day",
        SRCDOM=pl.lit("ADRS"),
        SRCSEQ="seq",
        RULE=pl.lit("FIRST-PROGRESSION"),
        WHY=pl.when(pl.col("day").is_not_null())
        .then(pl.format("The first PD is that of {}.", "day"))
        .otherwise(pl.lit("No assessment shows PD.")),
    )


def _recorded(records: Records, adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """What a table with one row per patient says about response."""
    patients = records.get("patients")
    section = protocol.source.patients
    if patients is None or section is None:
        return empty(ADRS)
    parts = []
    if section.best_response is not None:
        why = f"Taken from the column '{section.best_response.column}' of the patient table."
        both = ("BOR", "CBOR") if section.best_response.confirmed else ("BOR",)
        parts += [_taken(patients, code, pl.col("BOR").fill_null("NE"), None, why) for code in both]
    for name, flag in section.flags.items():
        said: pl.Expr = (
            pl.when(pl.col(f"{name}_FLAG")).then(pl.lit("Y")).when(~pl.col(f"{name}_FLAG")).then(pl.lit("N"))
        )
        parts.append(_taken(patients, name, said, None, f"Taken from the column '{flag.column}' of the patient table."))
    for paramcd, column in (("PD", "PROGRESSION_DT"), ("RSP", "RESPONSE_DT"), ("CRSP", "RESPONSE_DT")):
        if column in patients.columns:
            said = pl.when(pl.col(column).is_not_null()).then(pl.lit("Y")).otherwise(pl.lit("N"))
            parts.append(_taken(patients, paramcd, said, column, "Taken from a date of the patient table."))
    del adsl
    return pl.concat(parts, how="diagonal_relaxed") if parts else empty(ADRS)


def _taken(patients: pl.DataFrame, paramcd: str, value: pl.Expr, date: str | None, why: str) -> pl.DataFrame:
    return patients.select(
        "USUBJID",
        PARAMCD=pl.lit(paramcd),
        AVALC=value,
        ADT=pl.col(date) if date else pl.lit(None, dtype=pl.Date),
        SRCDOM=pl.lit("PATIENTS"),
        SRCSEQ=pl.col("SRCROW").cast(pl.Int64),
        RULE=pl.lit("RESPONSE-AS-RECORDED"),
        WHY=pl.lit(why),
    )


def _finish(table: pl.DataFrame, adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    subjects = adsl.select("USUBJID", "STUDYID", "TRTSDT", "NTRTDT")
    progressed = table.filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y")).select("USUBJID", PDDT="ADT")
    usable = (
        pl.col("PARAMCD").eq("OVR")
        & (pl.col("ADT") <= pl.col("PDDT")).fill_null(True)
        & (pl.col("ADT") <= pl.col("NTRTDT")).fill_null(True)
    )
    tumour = protocol.tumour
    table = (
        table.drop("STUDYID", strict=False)
        .join(subjects, on="USUBJID", how="left")
        .join(progressed, on="USUBJID", how="left")
        .with_columns(
            PARAM=pl.col("PARAMCD").replace_strict(_PARAM, default=pl.col("PARAMCD"), return_dtype=pl.String),
            AVAL=pl.col("AVALC").replace_strict(_RANK, default=None, return_dtype=pl.Float64),
            ADY=study_day("ADT", "TRTSDT"),
            EVAL=pl.when(pl.col("SRCDOM") != "PATIENTS").then(pl.lit(tumour.assessor)),
            EVALID=pl.lit(tumour.reader, dtype=pl.String),
            ANL01FL=pl.when(usable).then(pl.lit("Y")),
        )
        .drop("TRTSDT", "NTRTDT", "PDDT")
    )
    order = {name: position for position, name in enumerate([*_PARAM])}
    return (
        conform(table, ADRS)
        .with_columns(_order=pl.col("PARAMCD").replace_strict(order, default=99, return_dtype=pl.Int64))
        .sort("USUBJID", "_order", "PARAMCD", "ADT", "AVISITN", nulls_last=True, maintain_order=True)
        .drop("_order")
    )
