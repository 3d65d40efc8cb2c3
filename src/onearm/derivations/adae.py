"""ADAE: adverse events with their grade, and whether they are treatment-emergent, related, fatal, immune-related."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.derivations.adtr import study_day
from onearm.derivations.immune_events import immune_judgement
from onearm.derivations.records import Records
from onearm.derivations.schemas import ADAE
from onearm.frames import conform, empty
from onearm.protocol import Protocol

__all__ = ["derive_adae", "grade_column"]

_SEVERITY: Final = {
    "MILD": 1,
    "MODERATE": 2,
    "SEVERE": 3,
    "LIFE THREATENING": 4,
    "LIFE-THREATENING": 4,
    "FATAL": 5,
    "DEATH": 5,
}
_TEXTS: Final = ("AETERM", "AEDECOD", "AEBODSYS", "AESOC", "AESER", "AEREL", "AERELTRT", "AEACN", "AEOUT", "AESDTH")


def grade_column(table: pl.DataFrame, protocol: Protocol) -> str | None:
    """
    Say which column grades come from.

    Parameters
    ----------
    table : polars.DataFrame
        Adverse events as collected.
    protocol : Protocol
        ``safety.grade_from``.

    Returns
    -------
    str or None
        ``AETOXGR`` or ``AESEV``; None where the table has neither.
    """
    wanted = protocol.safety.grade_from
    names = ("AETOXGR", "AESEV") if wanted == "auto" else (wanted,)
    return next((name for name in names if name in table.columns and table[name].null_count() < table.height), None)


def derive_adae(records: Records, adsl: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Derive the adverse event dataset.

    Parameters
    ----------
    records : Records
        Domain ``ae``, and ``suppae`` for what the investigator called immune-related.
    adsl : polars.DataFrame
        First and last dose, start of a new therapy.
    protocol : Protocol
        ``[safety]``.

    Returns
    -------
    polars.DataFrame
        One row per record, with the columns of `ADAE`; no record is left out. ``TRTEMFL`` is Y from the first dose to
        ``emergent_days`` after the last; an event whose start is missing or partial counts unless its dates rule that
        out, and ``RULE`` says so. ``ATOXGRN`` is missing for a grade that is none of 1 to 5. ``IRAEFL`` is Y where
        ``safety.immune_related_column`` says Y or the term is one of ``safety.immune_terms``.
    """
    ae = records.get("ae")
    if ae is None:
        return empty(ADAE)
    none = pl.lit(None, dtype=pl.String)
    made = [none.alias(name) for name in _TEXTS if name not in ae.columns]
    dates = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in (("AESTDT", pl.Date), ("AEENDT", pl.Date), ("AESTDTF", pl.String))
        if name not in ae.columns
    ]
    table = ae.with_columns(*made, *dates).with_columns(
        ATOXGRN=_grade(grade_column(ae, protocol)),
        AEDECOD=pl.coalesce("AEDECOD", "AETERM"),
        AEBODSYS=pl.coalesce("AEBODSYS", "AESOC"),
        SRCDOM=pl.lit("AE"),
        SRCSEQ=pl.col("AESEQ").cast(pl.Int64),
        RELFL=_yes(pl.col("AEREL").str.to_uppercase().is_in([v.upper() for v in protocol.safety.related_values])),
        IRAEFL=_yes(_is_immune(records, protocol)),
    )
    # A relation that names a drug is a relation, whatever the wording of the other column.
    table = table.with_columns(
        RELFL=pl.when(pl.col("AEREL").is_null() & pl.col("AERELTRT").is_not_null())
        .then(pl.lit("Y"))
        .otherwise("RELFL"),
        FATALFL=_yes(
            (pl.col("AESDTH").str.to_uppercase() == "Y").fill_null(False)
            | (pl.col("AEOUT").str.to_uppercase() == "FATAL").fill_null(False)
            | (pl.col("ATOXGRN") == 5).fill_null(False)
        ),
    )
    subjects = adsl.select("USUBJID", "STUDYID", "TRTSDT", "TRTEDT", "NTRTDT")
    table = table.drop("STUDYID", "TRTSDT", "TRTEDT", strict=False).join(
        subjects, on="USUBJID", how="left", maintain_order="left"
    )
    table = _emergent(table, protocol)
    table = table.with_columns(AENDT="AEENDT", ASTDY=study_day("ASTDT", "TRTSDT"), AENDY=study_day("AEENDT", "TRTSDT"))
    return conform(table.select(list(ADAE)), ADAE).sort("USUBJID", "ASTDT", "SRCSEQ", nulls_last=True)


def _grade(column: str | None) -> pl.Expr:
    if column is None:
        return pl.lit(None, dtype=pl.Int64)
    text = pl.col(column).str.strip_chars().str.to_uppercase()
    if column == "AESEV":
        return text.replace_strict(_SEVERITY, default=None, return_dtype=pl.Int64)
    return text.str.extract(r"^(?:GRADE\s*)?([1-5])(?:\.0)?$").cast(pl.Int64)


def _is_immune(records: Records, protocol: Protocol) -> pl.Expr:
    """What the investigator calls immune-related, and the terms that the protocol calls so."""
    listed = pl.col("AEDECOD").str.to_lowercase().is_in([term.lower() for term in protocol.safety.immune_terms])
    judged = immune_judgement(records, protocol.safety.immune_related_column)
    if judged is None:
        return listed
    return listed.fill_null(False) | pl.lit(judged.said == "Y").fill_null(False)


def _yes(condition: pl.Expr) -> pl.Expr:
    return pl.when(condition.fill_null(False)).then(pl.lit("Y")).otherwise(pl.lit("N"))


def _emergent(table: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    safety = protocol.safety
    related = safety.emergent_days if safety.related_days is None else safety.related_days
    days = pl.when(pl.col("RELFL") == "Y").then(related).otherwise(safety.emergent_days)
    last = pl.col("TRTEDT") + pl.duration(days=days)
    start, first = pl.col("AESTDT"), pl.col("TRTSDT")
    month_end, year_end = start.dt.month_end(), start.dt.truncate("1y").dt.offset_by("1y").dt.offset_by("-1d")
    latest = pl.when(pl.col("AESTDTF") == "D").then(month_end).when(pl.col("AESTDTF").is_in(["M", "Y"])).then(year_end)
    is_partial = ((start < first) & (latest.otherwise(start) >= first)).fill_null(False)
    ended_before = (pl.col("AEENDT") < first).fill_null(False)
    too_late = (start > last).fill_null(False)
    if safety.until_new_therapy:
        too_late = too_late | (start > pl.col("NTRTDT")).fill_null(False)
    rule = (
        pl.when(first.is_null())
        .then(pl.lit("AE-NOT-TREATED"))
        .when(ended_before)
        .then(pl.lit("AE-BEFORE-TREATMENT"))
        .when(start.is_null())
        .then(pl.lit("AE-EMERGENT-NO-START"))
        .when(is_partial)
        .then(pl.lit("AE-EMERGENT-PARTIAL-START"))
        .when(start < first)
        .then(pl.lit("AE-BEFORE-TREATMENT"))
        .when(too_late)
        .then(pl.lit("AE-AFTER-WINDOW"))
        .otherwise(pl.lit("AE-EMERGENT"))
    )
    why = {
        "AE-NOT-TREATED": "The subject has no first dose.",
        "AE-BEFORE-TREATMENT": "The event began, or was over, before the first dose.",
        "AE-EMERGENT-NO-START": "The start is missing and nothing says that it lay before the first dose.",
        "AE-EMERGENT-PARTIAL-START": "The start is partial and may lie on or after the first dose; it is set to the first dose.",
        "AE-AFTER-WINDOW": "The event began after the window of the protocol.",
        "AE-EMERGENT": "The event began on or after the first dose and within the window of the protocol.",
    }
    return table.with_columns(RULE=rule).with_columns(
        ASTDT=pl.when(pl.col("RULE") == "AE-EMERGENT-PARTIAL-START").then(first).otherwise(start),
        TRTEMFL=_yes(pl.col("RULE").str.starts_with("AE-EMERGENT")),
        WHY=pl.col("RULE").replace_strict(why, return_dtype=pl.String),
    )
