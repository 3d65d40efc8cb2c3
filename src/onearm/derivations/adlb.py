"""ADLB: laboratory values with their baseline and their CTCAE grade in both directions."""

from __future__ import annotations

import polars as pl

from onearm.derivations.adtr import study_day
from onearm.derivations.records import Records
from onearm.derivations.schemas import ADLB
from onearm.frames import conform, empty
from onearm.protocol import Protocol
from onearm.rules.ctcae import grade_laboratory

__all__ = ["derive_adlb"]


def derive_adlb(records: Records, adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Derive the laboratory dataset.

    Parameters
    ----------
    records : Records
        Domain ``lb``.
    adsl : polars.DataFrame
        First and last dose.
    protocol : Protocol
        ``safety.emergent_days``: how long after the last dose a value counts; ``safety.ctcae``: which version grades it.

    Returns
    -------
    polars.DataFrame
        One row per record that was done, with the columns of `ADLB`. The baseline is the record flagged LBBLFL, else the
        last one on or before the first dose; a baseline in another unit than the value is not used. ``ATOXGRL`` and
        ``ATOXGRH`` are the CTCAE grades below and above normal (`onearm.rules.ctcae`), missing where no term grades the
        test in that direction or the grade cannot be decided.
    """
    lb = records.get("lb")
    if lb is None:
        return empty(ADLB)
    table = _values(lb, adsl)
    table = _with_baseline(table)
    graded = grade_laboratory(
        table.select(
            row="_ROW",
            test=pl.when(pl.col("_FASTING")).then(pl.format("{}-FASTING", "PARAMCD")).otherwise("PARAMCD"),
            value="AVAL",
            unit="AVALU",
            lower_limit="ANRLO",
            upper_limit="ANRHI",
            # Set against itself, no abnormal baseline would have a grade: it is graded by the limits of normal.
            baseline=pl.when(pl.col("ABLFL").is_null()).then("BASE"),
        ),
        version=protocol.safety.ctcae,
    )
    for direction, letter in (("low", "L"), ("high", "H")):
        part = graded.filter(pl.col("direction") == direction).select(
            _ROW="row",
            **{
                f"ATOXDSC{letter}": "term",
                f"ATOXGR{letter}": "grade",
                f"_RULE{letter}": "rule",
                f"_WHY{letter}": "why",
            },
        )
        table = table.join(part, on="_ROW", how="left", maintain_order="left")
        first = table.filter(pl.col("ABLFL") == "Y").select(
            "USUBJID", "PARAMCD", pl.col(f"ATOXGR{letter}").alias(f"BTOXGR{letter}")
        )
        table = table.join(first, on=["USUBJID", "PARAMCD"], how="left", maintain_order="left")
    last = pl.col("TRTEDT") + pl.duration(days=protocol.safety.emergent_days)
    after = (pl.col("ADT") > pl.col("TRTSDT")) & (pl.col("ADT") <= last).fill_null(True)
    table = table.with_columns(
        ONTRTFL=pl.when(after.fill_null(False)).then(pl.lit("Y")),
        ADY=study_day("ADT", "TRTSDT"),
        SRCDOM=pl.lit("LB"),
        RULE=pl.concat_str("_RULEL", "_RULEH", separator="; ", ignore_nulls=True),
        WHY=pl.concat_str("_WHYL", "_WHYH", separator=" ", ignore_nulls=True),
    ).with_columns(pl.when(pl.col(name) != "").then(name).alias(name) for name in ("RULE", "WHY"))
    return conform(table.select(list(ADLB)), ADLB).sort("USUBJID", "PARAMCD", "ADT", "SRCSEQ", nulls_last=True)


def _values(lb: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    def column(name: str, kind: type[pl.DataType]) -> pl.Expr:
        return pl.col(name).cast(kind, strict=False) if name in lb.columns else pl.lit(None, dtype=kind)

    done = lb.filter(column("LBSTAT", pl.String).is_null()) if "LBSTAT" in lb.columns else lb
    values = done.select(
        "USUBJID",
        PARAMCD=pl.col("LBTESTCD").str.to_uppercase(),
        PARAM=pl.coalesce(column("LBTEST", pl.String), "LBTESTCD"),
        AVISIT=column("VISIT", pl.String),
        AVISITN=column("VISITNUM", pl.Float64),
        ADT=column("LBDT", pl.Date),
        AVAL=column("LBSTRESN", pl.Float64)
        if "LBSTRESN" in lb.columns
        else pl.coalesce(column("LBSTRESC", pl.Float64), column("LBORRES", pl.Float64)),
        AVALU=column("LBSTRESU", pl.String) if "LBSTRESU" in lb.columns else column("LBORRESU", pl.String),
        ANRLO=column("LBSTNRLO", pl.Float64),
        ANRHI=column("LBSTNRHI", pl.Float64),
        SRCSEQ=column("LBSEQ", pl.Int64),
        _FLAG=column("LBBLFL", pl.String),
        _FASTING=((column("LBFAST", pl.String) == "Y") & (pl.col("LBTESTCD").str.to_uppercase() == "GLUC")).fill_null(
            False
        ),
    ).with_row_index("_ROW")
    subjects = adsl.select("USUBJID", "STUDYID", "TRTSDT", "TRTEDT")
    return values.join(subjects, on="USUBJID", how="left", maintain_order="left")


def _with_baseline(table: pl.DataFrame) -> pl.DataFrame:
    before = table.filter(
        pl.col("AVAL").is_not_null()
        & ((pl.col("_FLAG") == "Y").fill_null(False) | (pl.col("ADT") <= pl.col("TRTSDT")).fill_null(False))
    )
    flagged = (pl.col("_FLAG") == "Y").fill_null(False)
    chosen = (
        before.sort(flagged, "ADT", "_ROW", nulls_last=False)
        .group_by("USUBJID", "PARAMCD", maintain_order=True)
        .agg(pl.col("_ROW").last().alias("_BASEROW"), BASE=pl.col("AVAL").last(), _BASEU=pl.col("AVALU").last())
    )
    table = table.join(chosen, on=["USUBJID", "PARAMCD"], how="left", maintain_order="left")
    same = pl.col("AVALU").eq_missing(pl.col("_BASEU"))
    return table.with_columns(
        ABLFL=pl.when((pl.col("_ROW") == pl.col("_BASEROW")).fill_null(False)).then(pl.lit("Y")),
        BASE=pl.when(same).then("BASE"),
    )
