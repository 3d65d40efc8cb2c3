"""ADEX: what was given, in the unit of the protocol, and on which of its dose levels."""

from __future__ import annotations

import polars as pl

from onearm.derivations.addv import dosing_plan
from onearm.derivations.adtr import study_day
from onearm.derivations.body_size import body_sizes, planned_dose, with_body_size
from onearm.derivations.drug_ends import with_drug_ends
from onearm.derivations.phases import phase_of
from onearm.derivations.records import Records
from onearm.derivations.schemas import ADEX
from onearm.frames import conform, empty
from onearm.protocol import Protocol
from onearm.rules.dosing import dose_level

__all__ = ["derive_adex"]


def derive_adex(records: Records, adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Derive the exposure dataset.

    Parameters
    ----------
    records : Records
        Domain ``ex``; ``vs`` for doses per kg or m²; ``ds`` and ``ae`` for why a drug was stopped.
    adsl : polars.DataFrame
        First dose.
    protocol : Protocol
        Units and dose levels of each drug.

    Returns
    -------
    polars.DataFrame
        With the columns of `ADEX`. ``AVAL`` is the dose in the unit of the protocol, missing where it cannot be
        expressed in it; ``DOSELVL`` is missing for a dose that is no level of the protocol, ``APHASE`` for a record whose
        EPOCH is of no phase. ``EOTSTT`` and ``DCTREAS`` are those of the drug, and ``EOTRULE`` says what they rest on
        (`onearm.derivations.drug_ends`).
    """
    ex = records.get("ex")
    if ex is None or "EXTRT" not in ex.columns:
        return empty(ADEX)
    texts = ("EXDOSU", "EXADJ", "VISIT", "EPOCH")
    given = {name: pl.col(name) if name in ex.columns else pl.lit(None, dtype=pl.String) for name in texts}
    dose = pl.col("EXDOSE").cast(pl.Float64) if "EXDOSE" in ex.columns else pl.lit(None, dtype=pl.Float64)
    end = pl.col("EXENDT") if "EXENDT" in ex.columns else pl.col("EXSTDT")
    table = ex.with_columns(
        **given, EXDOSE=dose, ASTDT=pl.col("EXSTDT"), AENDT=pl.coalesce(end, "EXSTDT"), SRCDOM=pl.lit("EX")
    ).with_columns(SRCSEQ=pl.col("EXSEQ").cast(pl.Int64), AVISIT="VISIT", APHASE=phase_of(protocol))
    table = with_body_size(table, body_sizes(records)).with_columns(_in_plan(protocol))
    table = (
        table.drop("STUDYID", strict=False)
        .join(adsl.select("USUBJID", "STUDYID", "TRTSDT", "EOTSTT", "DCTREAS"), on="USUBJID", how="left")
        .with_columns(ASTDY=study_day("ASTDT", "TRTSDT"), AENDY=study_day("AENDT", "TRTSDT"))
        .with_columns(
            RULE=pl.when(pl.col("EXDOSE") == 0).then(pl.lit("DOSE-OMITTED")).otherwise(pl.lit("DOSE-LEVEL")),
            WHY=pl.when(pl.col("EXDOSE") == 0)
            .then(pl.lit("A dose that was omitted."))
            .when(pl.col("AVAL").is_null())
            .then(pl.lit("The dose cannot be expressed in the unit of the protocol."))
            .when(pl.col("DOSELVL").is_null())
            .then(pl.lit("The dose is none of the levels that the protocol allows."))
            .when(pl.col("DOSELVL") == 0)
            .then(pl.lit("The starting dose of the protocol."))
            .otherwise(pl.format("Reduction number {} of those that the protocol allows.", "DOSELVL")),
        )
    )
    table = with_drug_ends(table, records, protocol)
    return conform(table.select(list(ADEX)), ADEX).sort("USUBJID", "EXTRT", "ASTDT", nulls_last=True)


def _in_plan(protocol: Protocol) -> list[pl.Expr]:
    """Dose, unit and level by the plan of the record's drug."""
    aval, unit = pl.lit(None, dtype=pl.Float64), pl.lit(None, dtype=pl.String)
    level = pl.lit(None, dtype=pl.Int64)
    for drug in protocol.treatment:
        mine = pl.col("EXTRT").str.to_lowercase() == drug.name.lower()
        dose = planned_dose(drug)
        aval = pl.when(mine).then(dose).otherwise(aval)
        unit = pl.when(mine).then(pl.lit(drug.unit)).otherwise(unit)
        level = pl.when(mine).then(dose_level(dose, dosing_plan(drug, protocol))).otherwise(level)
    return [aval.alias("AVAL"), unit.alias("AVALU"), level.alias("DOSELVL")]
