"""ADEX: what was given, and on which dose level of the protocol."""

from __future__ import annotations

import polars as pl

from onearm.derivations.adtr import study_day
from onearm.derivations.records import Records
from onearm.derivations.schemas import ADEX
from onearm.frames import conform, empty
from onearm.protocol import Protocol

__all__ = ["derive_adex"]


def derive_adex(records: Records, adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Derive the exposure dataset.

    Parameters
    ----------
    records : Records
        Domain ``ex``.
    adsl : polars.DataFrame
        First dose.
    protocol : Protocol
        Dose levels of each drug.

    Returns
    -------
    polars.DataFrame
        With the columns of `ADEX`. ``DOSELVL`` is missing for a dose that is no level of the protocol.
    """
    ex = records.get("ex")
    if ex is None or "EXTRT" not in ex.columns:
        return empty(ADEX)
    given = {name: pl.col(name) if name in ex.columns else pl.lit(None, dtype=pl.String) for name in ("EXDOSU",)}
    dose = pl.col("EXDOSE").cast(pl.Float64) if "EXDOSE" in ex.columns else pl.lit(None, dtype=pl.Float64)
    end = pl.col("EXENDT") if "EXENDT" in ex.columns else pl.col("EXSTDT")
    table = ex.with_columns(
        **given, EXDOSE=dose, ASTDT=pl.col("EXSTDT"), AENDT=pl.coalesce(end, "EXSTDT"), SRCDOM=pl.lit("EX")
    ).with_columns(SRCSEQ=pl.col("EXSEQ").cast(pl.Int64), DOSELVL=_level(protocol))
    table = (
        table.drop("STUDYID", strict=False)
        .join(adsl.select("USUBJID", "STUDYID", "TRTSDT"), on="USUBJID", how="left")
        .with_columns(ASTDY=study_day("ASTDT", "TRTSDT"), AENDY=study_day("AENDT", "TRTSDT"))
        .with_columns(
            RULE=pl.lit("DOSE-LEVEL"),
            WHY=pl.when(pl.col("DOSELVL").is_null())
            .then(pl.lit("The dose is none of the levels that the protocol allows."))
            .when(pl.col("DOSELVL") == 0)
            .then(pl.lit("The starting dose of the protocol."))
            .otherwise(pl.format("Reduction number {} of those that the protocol allows.", "DOSELVL")),
        )
    )
    return conform(table.select(list(ADEX)), ADEX).sort("USUBJID", "EXTRT", "ASTDT", nulls_last=True)


def _level(protocol: Protocol) -> pl.Expr:
    level = pl.lit(None, dtype=pl.Int64)
    for drug in protocol.treatment:
        mine = pl.col("EXTRT").str.to_lowercase() == drug.name.lower()
        for number, dose in enumerate(drug.dose_levels):
            level = pl.when(mine & (pl.col("EXDOSE") == dose)).then(number).otherwise(level)
    return level
