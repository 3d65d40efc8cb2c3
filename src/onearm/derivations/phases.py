"""ADDS: the phases of treatment that each patient began, how each ended and why; and records that fit no phase."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import polars as pl

from onearm.data import FindingRule, Findings
from onearm.derivations.records import Records
from onearm.derivations.schemas import ADDS
from onearm.frames import conform, empty
from onearm.protocol import Protocol
from onearm.terms import Severity

__all__ = ["PHASE_RULES", "add_phase_findings", "derive_adds", "ends_treatment", "phase_of", "with_phase_ends"]

_EPOCH: Final = "CDISC SDTMIG 3.4, EPOCH: the part of the study that a record belongs to"

PHASE_RULES: Final[Mapping[str, FindingRule]] = MappingProxyType(
    {
        "DERIVE-PHASE-UNKNOWN": FindingRule(
            Severity.WARNING,
            "the dose has no EPOCH or one that no phase of the protocol names; it counts in no phase.",
            "Correct EPOCH, or name it in a [[phase]].",
            _EPOCH,
        ),
        "DERIVE-PHASE-EMPTY": FindingRule(
            Severity.WARNING,
            "no dose has the EPOCH of the phase '{phase}'; nothing is reported of it.",
            "Export EPOCH with the doses, or correct the epoch of the [[phase]].",
            _EPOCH,
        ),
        "DERIVE-PHASE-NOT-BEGUN": FindingRule(
            Severity.WARNING,
            "the disposition ends the phase '{phase}', of which the patient has no dose; the record is not used.",
            "Correct EPOCH of the record, or add the dose.",
            _EPOCH,
        ),
    }
)

_WHY: Final = {
    "PHASE-BY-DISPOSITION": "The disposition says how the phase ended.",
    "PHASE-FOLLOWED": "The next phase was begun.",
    "PHASE-BY-PATIENT": "The last phase that was begun ends as treatment as a whole does.",
}


def phase_of(protocol: Protocol) -> pl.Expr:
    """
    Name the phase of a record by its EPOCH.

    Parameters
    ----------
    protocol : Protocol
        Its phases.

    Returns
    -------
    polars.Expr
        Missing where no phase has that EPOCH.
    """
    names = {phase.epoch.upper(): phase.name for phase in protocol.phase}
    return pl.col("EPOCH").str.to_uppercase().replace_strict(names, default=None, return_dtype=pl.String)


def derive_adds(records: Records, adsl: pl.DataFrame, adex: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Derive the disposition by phase.

    Parameters
    ----------
    records : Records
        ``ds``, whose EPOCH says which phase a record ends.
    adsl : polars.DataFrame
        How treatment as a whole ended.
    adex : polars.DataFrame
        Doses with their phase.
    protocol : Protocol
        Phases in order.

    Returns
    -------
    polars.DataFrame
        With the columns of `ADDS`: one row per patient and phase of which a dose was given, ``ASTDT`` to ``AENDT`` from its
        first dose to its last. ``EOPSTT`` is COMPLETED, DISCONTINUED (``DCPREAS`` why) or ONGOING by the first of these that
        can decide: the disposition has a record of the phase; a later phase was begun (completed); the end of treatment.
    """
    given = adex.filter(pl.col("APHASE").is_not_null() & (pl.col("EXDOSE") != 0).fill_null(True))
    if given.is_empty():
        return empty(ADDS)
    order = {phase.name: number for number, phase in enumerate(protocol.phase, start=1)}
    spans = given.group_by("STUDYID", "USUBJID", "APHASE").agg(
        ASTDT=pl.col("ASTDT").min(), AENDT=pl.max_horizontal("ASTDT", "AENDT").max()
    )
    spans = spans.with_columns(APHASEN=pl.col("APHASE").replace_strict(order, return_dtype=pl.Int64))
    spans = spans.join(_recorded(records, protocol), on=["USUBJID", "APHASE"], how="left")
    spans = spans.join(adsl.select("USUBJID", "EOTSTT", "DCTREAS"), on="USUBJID", how="left")
    rule = (
        pl.when(pl.col("_REASON").is_not_null())
        .then(pl.lit("PHASE-BY-DISPOSITION"))
        .when(pl.col("APHASEN") < pl.col("APHASEN").max().over("USUBJID"))
        .then(pl.lit("PHASE-FOLLOWED"))
        .otherwise(pl.lit("PHASE-BY-PATIENT"))
    )
    return conform(_decided(spans.with_columns(RULE=rule)).select(list(ADDS)), ADDS).sort("USUBJID", "APHASEN")


def with_phase_ends(adex: pl.DataFrame, adds: pl.DataFrame) -> pl.DataFrame:
    """
    Say of each drug that it was completed where the phase that it belongs to was.

    Parameters
    ----------
    adex : polars.DataFrame
        Doses, with the end of each drug.
    adds : polars.DataFrame
        Disposition by phase.

    Returns
    -------
    polars.DataFrame
        With ``EOTSTT`` COMPLETED by the rule END-PHASE-COMPLETED where nothing else is known of the end of the drug, its last
        phase was completed and a later one begun.
    """
    if adds.is_empty():
        return adex
    last = adds.group_by("USUBJID").agg(_LAST=pl.col("APHASEN").max())
    known = adds.select("USUBJID", "APHASE", "APHASEN", "EOPSTT")
    given = adex.filter((pl.col("EXDOSE") != 0).fill_null(True)).join(known, on=["USUBJID", "APHASE"])
    ends = given.group_by("USUBJID", "EXTRT").agg(
        _MINE=pl.col("APHASEN").max(), _ENDED=pl.col("EOPSTT").sort_by("APHASEN").last()
    )
    joined = adex.join(ends, on=["USUBJID", "EXTRT"], how="left", maintain_order="left").join(
        last, on="USUBJID", how="left", maintain_order="left"
    )
    is_open = pl.col("EOTRULE").is_in(["END-BY-PATIENT", "END-NOT-GIVEN-AGAIN"])
    completed = is_open & (pl.col("_ENDED") == "COMPLETED") & (pl.col("_MINE") < pl.col("_LAST"))
    by_phase = {
        "EOTSTT": pl.lit("COMPLETED"),
        "DCTREAS": pl.lit(None, dtype=pl.String),
        "EOTRULE": pl.lit("END-PHASE-COMPLETED"),
        "EOTWHY": pl.lit("The phase that the drug was given in was completed, and a later one begun."),
    }
    made = [
        pl.when(completed.fill_null(False)).then(new).otherwise(pl.col(name)).alias(name)
        for name, new in by_phase.items()
    ]
    return joined.with_columns(made).select(adex.columns)


def _decided(spans: pl.DataFrame) -> pl.DataFrame:
    by, reason = pl.col("RULE"), pl.col("_REASON")
    completed = reason.str.starts_with("COMPLETED")
    return spans.with_columns(
        EOPSTT=pl.when(by == "PHASE-BY-PATIENT")
        .then("EOTSTT")
        .when((by == "PHASE-FOLLOWED") | completed)
        .then(pl.lit("COMPLETED"))
        .otherwise(pl.lit("DISCONTINUED")),
        DCPREAS=pl.when(by == "PHASE-BY-PATIENT")
        .then("DCTREAS")
        .when((by == "PHASE-BY-DISPOSITION") & ~completed)
        .then(reason),
        WHY=by.replace_strict(_WHY, return_dtype=pl.String),
        SRCDOM=pl.when(by == "PHASE-BY-DISPOSITION").then(pl.lit("DS")).otherwise(pl.lit("EX")),
        SRCSEQ=pl.when(by == "PHASE-BY-DISPOSITION").then("_SEQ"),
    )


def _recorded(records: Records, protocol: Protocol) -> pl.DataFrame:
    """The first record of the disposition that ends each phase of each patient."""
    schema = {"USUBJID": pl.String, "APHASE": pl.String, "_REASON": pl.String, "_SEQ": pl.Int64}
    ends = _phase_ends(records, protocol)
    if ends is None:
        return pl.DataFrame(schema=schema)
    sequence = pl.col("DSSEQ").cast(pl.Int64) if "DSSEQ" in ends.columns else pl.lit(None, dtype=pl.Int64)
    return ends.select("USUBJID", "APHASE", _REASON=pl.col("DSDECOD").str.to_uppercase(), _SEQ=sequence).unique(
        ["USUBJID", "APHASE"], keep="first", maintain_order=True
    )


def _phase_ends(records: Records, protocol: Protocol) -> pl.DataFrame | None:
    """Records of DS that end a phase for every drug: the end of one drug is the concern of `drug_ends`."""
    ds = records.get("ds")
    if ds is None or "EPOCH" not in ds.columns or not protocol.phase:
        return None
    category = pl.col("DSCAT").str.to_uppercase() if "DSCAT" in ds.columns else pl.lit("DISPOSITION EVENT")
    part = pl.col("DSSCAT").str.to_uppercase().fill_null("") if "DSSCAT" in ds.columns else pl.lit("")
    # With one drug, its end is that of treatment.
    drugs = [drug.name.upper() for drug in protocol.treatment] if len(protocol.treatment) > 1 else []
    of_one_drug = pl.any_horizontal(pl.lit(False), *(part.str.contains(drug, literal=True) for drug in drugs))
    is_end = (category == "DISPOSITION EVENT") & ~part.str.contains("STUDY PARTICIPATION|^STUDY$|FOLLOW")
    return ds.filter(is_end & ~of_one_drug).with_columns(APHASE=phase_of(protocol)).drop_nulls("APHASE")


def ends_treatment(ds: pl.DataFrame, protocol: Protocol) -> pl.Expr:
    """
    Tell whether a record of the disposition may end treatment as a whole.

    Parameters
    ----------
    ds : polars.DataFrame
        Disposition.
    protocol : Protocol
        Phases in order.

    Returns
    -------
    polars.Expr
        False for the completion of a phase that another follows.
    """
    if len(protocol.phase) < 2 or "EPOCH" not in ds.columns:
        return pl.lit(True)
    followed = [phase.epoch.upper() for phase in protocol.phase[:-1]]
    completed = pl.col("DSDECOD").str.to_uppercase().str.starts_with("COMPLETED").fill_null(False)
    return ~(completed & pl.col("EPOCH").str.to_uppercase().is_in(followed).fill_null(False))


def add_phase_findings(
    findings: Findings, records: Records, adds: pl.DataFrame, protocol: Protocol, files: Mapping[str, str]
) -> None:
    """
    Find doses of no phase, phases without doses, and ends of phases that were not begun.

    Parameters
    ----------
    findings : Findings
        Added to.
    records : Records
        ``ex`` and ``ds``.
    adds : polars.DataFrame
        Disposition by phase.
    protocol : Protocol
        Phases; nothing is looked for where there are none.
    files : mapping of str to str
        Names of the files by domain.
    """
    ex = records.get("ex")
    if ex is None or not protocol.phase:
        return
    begun = set(adds["APHASE"].to_list())
    for phase in protocol.phase:
        if phase.name not in begun:
            findings.add("DERIVE-PHASE-EMPTY", domain="ex", file=files.get("ex"), column="EPOCH", phase=phase.name)
    if "EPOCH" in ex.columns:
        unknown = ex.filter(phase_of(protocol).is_null())
        findings.add_rows("DERIVE-PHASE-UNKNOWN", unknown, domain="ex", file=files.get("ex"), column="EPOCH")
    ends = _phase_ends(records, protocol)
    if ends is None:
        return
    without = ends.join(adds, on=["USUBJID", "APHASE"], how="anti", maintain_order="left")
    for phase in protocol.phase:
        rows = without.filter(pl.col("APHASE") == phase.name)
        findings.add_rows(
            "DERIVE-PHASE-NOT-BEGUN", rows, domain="ds", file=files.get("ds"), column="EPOCH", phase=phase.name
        )
