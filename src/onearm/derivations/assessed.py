"""Responses as an assessor gave them, and who they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from onearm.derivations.lesions import of_assessor
from onearm.derivations.records import Records
from onearm.protocol import Protocol
from onearm.terms import IMMUNE_BEST_RESPONSES, RESPONSES

__all__ = ["PLAIN_RESPONSES", "assessed_responses", "dated_responses", "enrolled"]

PLAIN_RESPONSES: Final = tuple(word for word in RESPONSES if word == "NE" or word not in IMMUNE_BEST_RESPONSES)
"""Terms of RECIST 1.1."""


def assessed_responses(
    records: Records, protocol: Protocol, criteria: str, tests: Mapping[str, str], terms: Sequence[str]
) -> pl.DataFrame | None:
    """
    Read the responses of the protocol's assessor by one set of criteria.

    Parameters
    ----------
    records : Records
        With ``rs``; records without a category are taken for the criteria that their term is of.
    protocol : Protocol
        Assessor, reader, and whether assessed responses are used at all.
    criteria : str
        Value of ``RSCAT``, in any case.
    tests : mapping of str to str
        From ``RSTESTCD`` to the parameter of ADRS.
    terms : sequence of str
        Responses that are kept.

    Returns
    -------
    polars.DataFrame or None
        Rows of ADRS, without the columns that `derive_adrs` adds at the end; None where there are no records.
    """
    rs = records.get("rs")
    if rs is None or protocol.tumour.response_from == "lesions":
        return None
    rs = of_assessor(rs, "RS", protocol)
    if "RSCAT" in rs.columns:
        rs = rs.filter(pl.col("RSCAT").is_null() | (pl.col("RSCAT").str.to_uppercase() == criteria.upper()))
    value = pl.coalesce(*(pl.col(name) for name in ("RSSTRESC", "RSORRES") if name in rs.columns))
    known = rs.with_columns(AVALC=value).filter(
        pl.col("RSTESTCD").is_in(list(tests)) & pl.col("AVALC").is_in(list(terms))
    )
    absent: dict[str, Any] = {"VISIT": pl.String, "VISITNUM": pl.Float64, "RSDT": pl.Date}
    known = known.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items() if name not in known.columns
    )
    return known.select(
        "USUBJID",
        PARAMCD=pl.col("RSTESTCD").replace_strict(tests, return_dtype=pl.String),
        AVISIT="VISIT",
        AVISITN=pl.coalesce(pl.col("VISITNUM").cast(pl.Float64), pl.col("RSDT").dt.epoch("d").cast(pl.Float64)),
        ADT="RSDT",
        AVALC="AVALC",
        SRCDOM=pl.lit("RS"),
        SRCSEQ=pl.col("RSSEQ").cast(pl.Int64),
        RULE=pl.lit("RESPONSE-AS-ASSESSED"),
        WHY=pl.lit("Taken as assessed."),
    )


def enrolled(adsl: pl.DataFrame) -> pl.DataFrame:
    """
    Give the enrolled subjects with the days that a best response needs.

    Parameters
    ----------
    adsl : polars.DataFrame
        Subject-level dataset.

    Returns
    -------
    polars.DataFrame
        ``subject, reference_day, therapy_day``; the reference is the first dose, or enrolment where there is none.
    """
    return adsl.filter(pl.col("SCRFFL").is_null()).select(
        subject="USUBJID", reference_day=pl.coalesce("TRTSDT", "ENRLDT"), therapy_day="NTRTDT"
    )


def dated_responses(rows: pl.DataFrame, paramcd: str, subjects: pl.DataFrame) -> pl.DataFrame:
    """
    Give the responses of one parameter as `onearm.rules` reads them.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows of ADRS.
    paramcd : str
        ``OVR`` or ``IOVR``.
    subjects : polars.DataFrame
        Whose; others are left out.

    Returns
    -------
    polars.DataFrame
        ``subject, day, response, seq``, one row per subject and day: of several on one day the last record.
    """
    known = pl.col("subject").is_in(subjects["subject"].to_list()) & pl.col("day").is_not_null()
    return (
        rows.filter(pl.col("PARAMCD") == paramcd)
        .select(subject="USUBJID", day="ADT", response="AVALC", seq="SRCSEQ")
        .filter(known)
        .sort("subject", "day", maintain_order=True)
        .unique(["subject", "day"], keep="last", maintain_order=True)
    )
