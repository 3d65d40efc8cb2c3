"""ADTR: diameters of the target lesions and their sum at every assessment."""

from __future__ import annotations

import polars as pl

from onearm.derivations.lesions import Lesions
from onearm.derivations.schemas import ADTR
from onearm.frames import conform, empty
from onearm.protocol import Protocol
from onearm.terms import DAYS_PER_MONTH, DAYS_PER_YEAR

__all__ = ["derive_adtr", "flag_usable", "study_day"]


def study_day(date: str, start: str) -> pl.Expr:
    """
    Count days from the first dose, which is day 1; the day before it is day -1.

    Parameters
    ----------
    date, start : str
        Columns of dates.

    Returns
    -------
    polars.Expr
        Integer; missing where either is.
    """
    days = (pl.col(date) - pl.col(start)).dt.total_days()
    return days + (days >= 0).cast(pl.Int64)


def derive_adtr(
    lesions: Lesions | None,
    sums: pl.DataFrame | None,
    sizes: pl.DataFrame | None,
    adsl: pl.DataFrame,
    protocol: Protocol,
) -> pl.DataFrame:
    """
    Derive the lesion dataset.

    Parameters
    ----------
    lesions : Lesions or None
        Target lesions.
    sums : polars.DataFrame or None
        Sums of diameters with the target response, of `onearm.rules.recist_target.target_response`.
    sizes : polars.DataFrame or None
        Repeated sizes of a trial with one row per patient.
    adsl : polars.DataFrame
        Study identifier and first dose.
    protocol : Protocol
        Assessor.

    Returns
    -------
    polars.DataFrame
        With the columns of `ADTR`, sorted by subject, date and parameter.
    """
    tables = []
    if lesions is not None and sums is not None:
        names = lesions.visits.rename({"subject": "USUBJID", "visit": "AVISITN", "name": "AVISIT"})
        by = {"EVAL": pl.lit(protocol.tumour.assessor), "EVALID": pl.lit(protocol.tumour.reader, dtype=pl.String)}
        tables = [
            part.rename({"subject": "USUBJID", "visit": "AVISITN"})
            .join(names, on=["USUBJID", "AVISITN"], how="left")
            .with_columns(**by)
            for part in (_diameters(lesions), _sums(sums))
        ]
    if sizes is not None:
        tables.append(_recorded(sizes))
    if not tables:
        return empty(ADTR)
    table = conform(pl.concat(tables, how="diagonal_relaxed"), ADTR).drop("STUDYID")
    table = table.join(adsl.select("USUBJID", "STUDYID", "TRTSDT"), on="USUBJID", how="left")
    table = table.with_columns(ADY=pl.coalesce("ADY", study_day("ADT", "TRTSDT"))).drop("TRTSDT")
    return conform(table, ADTR).sort("USUBJID", "AVISITN", "ADT", "ADY", "PARAMCD", "TRLNKID", nulls_last=True)


def flag_usable(adtr: pl.DataFrame, adrs: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    """
    Mark the sums that a best change may use: after baseline, not after the first progression or a new therapy.

    Parameters
    ----------
    adtr, adrs, adsl : polars.DataFrame
        Lesion, response and subject-level datasets.

    Returns
    -------
    polars.DataFrame
        ADTR with ``ANL01FL``; a change without a date (recorded by day only) is usable.
    """
    progressed = adrs.filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y")).select("USUBJID", _PD="ADT")
    table = adtr.join(progressed, on="USUBJID", how="left", maintain_order="left").join(
        adsl.select("USUBJID", _NEW="NTRTDT"), on="USUBJID", how="left", maintain_order="left"
    )
    usable = (
        pl.col("PARAMCD").eq("SUMDIAM")
        & pl.col("PCHG").is_not_null()
        & (pl.col("ADT") <= pl.col("_PD")).fill_null(True)
        & (pl.col("ADT") <= pl.col("_NEW")).fill_null(True)
    )
    return table.with_columns(ANL01FL=pl.when(usable).then(pl.lit("Y"))).drop("_PD", "_NEW")


def _diameters(lesions: Lesions) -> pl.DataFrame:
    return lesions.target.select(
        "subject",
        "visit",
        pl.lit("LDIAM").alias("PARAMCD"),
        pl.col("lesion").alias("TRLNKID"),
        pl.col("location").alias("TULOC"),
        pl.col("day").alias("ADT"),
        pl.col("diameter_mm").alias("AVAL"),
        pl.when(pl.col("state") != "measured").then(pl.col("state").str.to_uppercase()).alias("AVALC"),
        pl.lit("TR").alias("SRCDOM"),
        pl.col("seq").alias("SRCSEQ"),
        pl.when(pl.col("is_node"))
        .then(pl.lit("RECIST1.1-SHORT-AXIS"))
        .otherwise(pl.lit("RECIST1.1-LONG-DIAMETER"))
        .alias("RULE"),
        pl.when(pl.col("is_node"))
        .then(pl.lit("A lymph node is measured by its short axis."))
        .otherwise(pl.lit("A lesion is measured by its longest diameter."))
        .alias("WHY"),
    )


def _sums(sums: pl.DataFrame) -> pl.DataFrame:
    return sums.select(
        "subject",
        "visit",
        pl.lit("SUMDIAM").alias("PARAMCD"),
        pl.col("day").alias("ADT"),
        pl.col("sum_mm").alias("AVAL"),
        pl.when(pl.col("sum_mm").is_null()).then(pl.lit("NE")).alias("AVALC"),
        pl.col("baseline_mm").alias("BASE"),
        pl.when(~pl.col("is_baseline")).then(pl.col("sum_mm") - pl.col("baseline_mm")).alias("CHG"),
        pl.when(~pl.col("is_baseline")).then("change_pct").alias("PCHG"),
        pl.col("nadir_mm").alias("NADIR"),
        pl.col("change_from_nadir_pct").alias("PCHGNAD"),
        pl.when(pl.col("is_baseline")).then(pl.lit("Y")).alias("ABLFL"),
        pl.col("n_lesions").cast(pl.Int64).alias("NLES"),
        pl.col("n_missing").cast(pl.Int64).alias("NMISS"),
        pl.lit("TR").alias("SRCDOM"),
        pl.when(pl.col("is_baseline")).then(pl.lit("RECIST1.1-BASELINE-SUM")).otherwise("rule").alias("RULE"),
        pl.when(pl.col("is_baseline"))
        .then(pl.lit("Sum of the target lesions at baseline."))
        .otherwise("why")
        .alias("WHY"),
    )


def _recorded(sizes: pl.DataFrame) -> pl.DataFrame:
    """Changes of tumour size as they were recorded, by day since the start."""
    days = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": DAYS_PER_YEAR}
    day = pl.col("TIME") * pl.col("UNIT").replace_strict(days, return_dtype=pl.Float64)
    known = sizes.with_columns(_DAY=day).sort("USUBJID", "_DAY", maintain_order=True)
    first = (
        pl.col("DIAMETER").first().over("USUBJID") if "DIAMETER" in sizes.columns else pl.lit(None, dtype=pl.Float64)
    )
    diameter = pl.col("DIAMETER") if "DIAMETER" in sizes.columns else pl.lit(None, dtype=pl.Float64)
    change = pl.when(first > 0).then(100 * (diameter - first) / first)
    given = pl.coalesce("PCHG", change) if "PCHG" in sizes.columns else change
    return known.select(
        "USUBJID",
        pl.lit("SUMDIAM").alias("PARAMCD"),
        pl.col("_DAY").round().cast(pl.Int64).alias("ADY"),
        diameter.alias("AVAL"),
        first.alias("BASE"),
        given.alias("PCHG"),
        pl.lit("SIZES").alias("SRCDOM"),
        pl.col("SRCROW").cast(pl.Int64).alias("SRCSEQ"),
        pl.lit("SIZE-AS-RECORDED").alias("RULE"),
        pl.lit("Tumour size as recorded, without its lesions.").alias("WHY"),
    )
