"""ADHY: the highest liver tests of each patient under treatment, and their quadrant of Hy's law."""

from __future__ import annotations

import polars as pl

from onearm.derivations.schemas import ADHY
from onearm.frames import conform, empty
from onearm.rules.liver import QUADRANTS, liver_peaks

__all__ = ["derive_adhy"]


def derive_adhy(adlb: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    """
    Derive the peaks of liver tests.

    Parameters
    ----------
    adlb : polars.DataFrame
        Laboratory values with their upper limits of normal.
    adsl : polars.DataFrame
        For the identifiers.

    Returns
    -------
    polars.DataFrame
        One row per subject with a transaminase or a bilirubin under treatment, with the columns of `ADHY`: ``TRANSA``,
        ``BILI`` and ``ALP`` are the peaks in multiples of the upper limit of normal; ``QUADRANT`` is missing where there is
        no peak of both; ``NOCHOLFL`` and ``W30FL`` are Y, N or missing, see `onearm.rules.liver.liver_peaks`.
    """
    under = adlb.filter((pl.col("ONTRTFL") == "Y") & pl.col("PARAMCD").is_in(["ALT", "AST", "BILI", "ALP"]))
    if under.is_empty():
        return empty(ADHY)
    values = under.select(subject="USUBJID", day="ADT", test="PARAMCD", multiple=pl.col("AVAL") / pl.col("ANRHI"))
    peaks = liver_peaks(values)

    def flag(name: str) -> pl.Expr:
        return pl.when(pl.col(name)).then(pl.lit("Y")).when(~pl.col(name)).then(pl.lit("N"))

    table = peaks.select(
        USUBJID="subject",
        TRANSA="transaminase",
        BILI="bilirubin",
        ALP="alkaline",
        QUADRANT="quadrant",
        NOCHOLFL=flag("is_without_cholestasis"),
        W30FL=flag("is_within_30_days"),
        SRCDOM=pl.lit("LB"),
        RULE=pl.when(pl.col("quadrant") == QUADRANTS[0]).then(pl.lit("HYS-LAW-RANGE")).otherwise(pl.lit("LIVER-PEAKS")),
        WHY=pl.lit("Highest values under treatment in multiples of the upper limit of normal on their records."),
    ).filter(pl.col("TRANSA").is_not_null() | pl.col("BILI").is_not_null())
    table = table.join(adsl.select("USUBJID", "STUDYID"), on="USUBJID", how="left")
    return conform(table, ADHY).sort("USUBJID")
