"""ADRS: the response at every assessment, the first progression and response, and the best overall response."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.derivations.adtr import study_day
from onearm.derivations.assessed import PLAIN_RESPONSES, assessed_responses, dated_responses, enrolled
from onearm.derivations.extent import progression_extent_rows
from onearm.derivations.immune import conclude_immune, immune_rows, plain_from_immune
from onearm.derivations.lesions import Lesions
from onearm.derivations.rates import derive_rates
from onearm.derivations.records import Records
from onearm.derivations.rules import best_response_rules, recist_rules
from onearm.derivations.schemas import ADRS
from onearm.frames import conform, empty
from onearm.protocol import Protocol
from onearm.rules.best_response import best_response, confirmed_best_response, confirmed_response, first_response
from onearm.rules.recist_non_target import new_lesion_response, non_target_response
from onearm.rules.recist_timepoint import timepoint_response
from onearm.terms import RESPONSES

__all__ = ["derive_adrs", "timepoints"]

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
    "iCR": 1.0,
    "iPR": 2.0,
    "iSD": 3.0,
    "NON-iCR/NON-iUPD": 4.0,
    "iUPD": 5.0,
    "iCPD": 6.0,
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
    "PDEXT": "Extent of the first progression",
    "IOVR": "Overall response at the assessment, iRECIST",
    "IOVRA": "Overall response as assessed, iRECIST",
    "IPD": "First progression, iRECIST",
    "IBOR": "Best overall response, iRECIST",
    "ICBOR": "Best overall response, iRECIST, confirmed",
}
_ASSESSED: Final = {"OVRLRESP": "OVRA", "TRGRESP": "TRGRESP", "NTRGRESP": "NTRGRESP"}
_WITHOUT_BASELINE: Final = ["NE", "ND", "MISSING"]


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
    derived: pl.DataFrame | None,
    lesions: Lesions | None,
    records: Records,
    adsl: pl.DataFrame,
    protocol: Protocol,
    *,
    immune: pl.DataFrame | None = None,
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
    immune : polars.DataFrame, optional
        Timepoint responses by iRECIST from the lesions, of `onearm.derivations.immune.immune_timepoints`.

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
    track = empty(ADRS)
    if protocol.tumour.criteria == "iRECIST":
        track = immune_rows(immune, lesions, records, protocol)
        rows = pl.concat([rows, plain_from_immune(track, rows)], how="diagonal_relaxed")
        track = pl.concat([track, conclude_immune(track, enrolled(adsl), protocol)], how="diagonal_relaxed")
    concluded = _concluded(rows, adsl, protocol) if parts or track.height else empty(ADRS)
    recorded = _recorded(records, protocol)
    known = pl.concat([rows, track], how="diagonal_relaxed")
    further = [derive_rates(known, adsl, protocol), progression_extent_rows(lesions, concluded, protocol)]
    table = pl.concat([known, concluded, *further, recorded], how="diagonal_relaxed")
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
    # Where iRECIST is assessed too, its terms are of the other track.
    both = protocol.tumour.criteria == "iRECIST"
    return assessed_responses(records, protocol, "RECIST 1.1", _ASSESSED, PLAIN_RESPONSES if both else RESPONSES)


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
    subjects = enrolled(adsl)
    overall = dated_responses(rows, "OVR", subjects)
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


def _recorded(records: Records, protocol: Protocol) -> pl.DataFrame:
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
    said = table.filter(pl.col("AVALC") == "Y")
    progressed = said.filter(pl.col("PARAMCD") == "PD").select("USUBJID", PDDT="ADT")
    immune = table.filter((pl.col("PARAMCD") == "IOVR") & (pl.col("AVALC") == "iCPD")).group_by("USUBJID")
    usable = (
        (pl.col("PARAMCD").eq("OVR") & (pl.col("ADT") <= pl.col("PDDT")).fill_null(True))
        # iUPD does not end the course by iRECIST; iCPD does.
        | (pl.col("PARAMCD").eq("IOVR") & (pl.col("ADT") <= pl.col("ICPDDT")).fill_null(True))
    ) & (pl.col("ADT") <= pl.col("NTRTDT")).fill_null(True)
    tumour = protocol.tumour
    table = (
        table.drop("STUDYID", strict=False)
        .join(subjects, on="USUBJID", how="left")
        .join(progressed, on="USUBJID", how="left")
        .join(immune.agg(ICPDDT=pl.col("ADT").min()), on="USUBJID", how="left")
        .with_columns(
            PARAM=pl.col("PARAMCD").replace_strict(_PARAM, default=pl.col("PARAMCD"), return_dtype=pl.String),
            AVAL=pl.col("AVALC").replace_strict(_RANK, default=None, return_dtype=pl.Float64),
            ADY=study_day("ADT", "TRTSDT"),
            EVAL=pl.when(pl.col("SRCDOM") != "PATIENTS").then(pl.lit(tumour.assessor)),
            EVALID=pl.lit(tumour.reader, dtype=pl.String),
            ANL01FL=pl.when(usable).then(pl.lit("Y")),
        )
        .drop("TRTSDT", "NTRTDT", "PDDT", "ICPDDT")
    )
    order = {name: position for position, name in enumerate([*_PARAM])}
    return (
        conform(table, ADRS)
        .with_columns(_order=pl.col("PARAMCD").replace_strict(order, default=99, return_dtype=pl.Int64))
        .sort("USUBJID", "_order", "PARAMCD", "ADT", "AVISITN", nulls_last=True, maintain_order=True)
        .drop("_order")
    )
