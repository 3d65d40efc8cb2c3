"""ADCM: therapy before, with and after the study treatment."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.derivations.adtr import study_day
from onearm.derivations.eligibility import is_prior_therapy
from onearm.derivations.records import Records
from onearm.derivations.schemas import ADCM
from onearm.derivations.therapy_lines import later_lines
from onearm.frames import conform, empty
from onearm.protocol import Protocol

__all__ = ["derive_adcm", "is_subsequent_therapy"]

_TEXTS: Final = ("CMTRT", "CMDECOD", "CMCAT", "CMSCAT", "CMCLAS", "CMINDC", "CMLINE", "CMGRPID")
_WHY: Final = {
    "CM-SUBSEQUENT": "The category says that it is anticancer therapy after the study treatment.",
    "CM-PRIOR": "The category says that it is anticancer therapy before the study treatment.",
    "CM-CONCOMITANT": "It was given between the first dose and the end of the window for adverse events.",
    "CM-NO-DATE": "Nothing says that it was over before the first dose, or began after the window.",
    "CM-BEFORE": "It was over before the first dose.",
    "CM-AFTER": "It began after the window for adverse events.",
    "CM-NOT-TREATED": "The subject has no first dose.",
}


def is_subsequent_therapy(cm: pl.DataFrame) -> pl.Expr:
    """
    Say which records are of anticancer therapy after the study treatment.

    Parameters
    ----------
    cm : polars.DataFrame
        Domain ``cm``.

    Returns
    -------
    polars.Expr
        True where CMCAT or CMSCAT says subsequent, or new anticancer therapy.
    """
    named = [name for name in ("CMCAT", "CMSCAT") if name in cm.columns]
    pattern = r"SUBSEQUENT|NEW ANTI-?\s?CANCER|POST-?\s?STUDY ANTI"
    return pl.any_horizontal(
        pl.lit(False), *(pl.col(name).str.to_uppercase().str.contains(pattern).fill_null(False) for name in named)
    )


def derive_adcm(records: Records, adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Derive the dataset of other therapy.

    Parameters
    ----------
    records : Records
        Domain ``cm``.
    adsl : polars.DataFrame
        First and last dose.
    protocol : Protocol
        ``safety.emergent_days``: how long after the last dose a medication is still concomitant; ``[therapy]``: what makes
        a line.

    Returns
    -------
    polars.DataFrame
        One row per record, with the columns of `ADCM`; no record is left out. ``ACAT`` is ``PRIOR`` (anticancer),
        ``CONCOMITANT``, ``SUBSEQUENT`` (anticancer), or missing for what was given before or after and is neither.
        ``LINE`` is the line of therapy where the data tell it (CMLINE, or a number in CMGRPID); ``LATERLN`` is the line
        after the study treatment, from 1, of subsequent therapy.
    """
    cm = records.get("cm")
    if cm is None:
        return empty(ADCM)
    prior, later = is_prior_therapy(cm), is_subsequent_therapy(cm)
    none = [pl.lit(None, dtype=pl.String).alias(name) for name in _TEXTS if name not in cm.columns]
    dates = [pl.lit(None, dtype=pl.Date).alias(name) for name in ("CMSTDT", "CMENDT") if name not in cm.columns]
    line = pl.coalesce(pl.col(name).cast(pl.String).str.extract(r"(\d+)") for name in ("CMLINE", "CMGRPID"))
    table = cm.with_columns(*none, *dates, _PRIOR=prior, _LATER=later).with_columns(
        CMDECOD=pl.coalesce("CMDECOD", "CMTRT"),
        LINE=line.cast(pl.Int64, strict=False),
        ASTDT="CMSTDT",
        AENDT="CMENDT",
        SRCDOM=pl.lit("CM"),
        SRCSEQ=pl.col("CMSEQ").cast(pl.Int64),
    )
    subjects = adsl.select("USUBJID", "STUDYID", "TRTSDT", "TRTEDT")
    table = table.drop("STUDYID", "TRTSDT", "TRTEDT", strict=False).join(
        subjects, on="USUBJID", how="left", maintain_order="left"
    )
    table = table.with_columns(RULE=_rule(protocol)).with_columns(
        ACAT=pl.col("RULE").replace_strict(
            {
                "CM-SUBSEQUENT": "SUBSEQUENT",
                "CM-PRIOR": "PRIOR",
                "CM-CONCOMITANT": "CONCOMITANT",
                "CM-NO-DATE": "CONCOMITANT",
            },
            default=None,
            return_dtype=pl.String,
        ),
        WHY=pl.col("RULE").replace_strict(_WHY, return_dtype=pl.String),
        ASTDY=study_day("ASTDT", "TRTSDT"),
        AENDY=study_day("AENDT", "TRTSDT"),
    )
    table = table.with_columns(later_lines(table, protocol))
    return conform(table.select(list(ADCM)), ADCM).sort("USUBJID", "ASTDT", "SRCSEQ", nulls_last=True)


def _rule(protocol: Protocol) -> pl.Expr:
    start, end, first = pl.col("ASTDT"), pl.col("AENDT"), pl.col("TRTSDT")
    last = pl.col("TRTEDT") + pl.duration(days=protocol.safety.emergent_days)
    return (
        pl.when(pl.col("_LATER"))
        .then(pl.lit("CM-SUBSEQUENT"))
        .when(pl.col("_PRIOR"))
        .then(pl.lit("CM-PRIOR"))
        .when(first.is_null())
        .then(pl.lit("CM-NOT-TREATED"))
        .when((end < first).fill_null(False))
        .then(pl.lit("CM-BEFORE"))
        .when((start > last).fill_null(False))
        .then(pl.lit("CM-AFTER"))
        .when(start.is_null())
        .then(pl.lit("CM-NO-DATE"))
        .otherwise(pl.lit("CM-CONCOMITANT"))
    )
