"""
Bring lesion measurements and responses to their standard columns: TRSTRESN in mm, TUSTRESC, RSSTRESC.

Files differ in which of the result columns they fill; what is standardised is taken first, then what was collected.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from onearm.data.coerce import Place, parsed_number
from onearm.data.findings import Findings
from onearm.terms import RESPONSES

__all__ = ["DIAMETER_TESTS", "RESPONSE_TESTS", "complete_results"]

DIAMETER_TESTS: Final[tuple[str, ...]] = (
    "LDIAM",
    "LPERP",
    "DIAMETER",
    "SAXIS",
    "LAXIS",
    "SUMDIAM",
    "SUMLDIAM",
    "SUMLPERP",
)
"""TRTESTCD whose result is a length (CDISC codelist TRTESTCD; SUM… are sums of lengths)."""

RESPONSE_TESTS: Final[tuple[str, ...]] = ("OVRLRESP", "TRGRESP", "NTRGRESP", "BESTRESP", "BOR")
"""RSTESTCD whose result is a response."""


def complete_results(frame: pl.DataFrame, place: Place, findings: Findings) -> pl.DataFrame:
    """
    Fill the standard result columns of TR, TU and RS; other domains pass unchanged.

    Parameters
    ----------
    frame : polars.DataFrame
        A typed table.
    place : Place
        Domain and file.
    findings : Findings
        Receives wrong units and values.

    Returns
    -------
    polars.DataFrame
        With TRSTRESN and TRSTRESU (mm), TRSTRESC, TUSTRESC or RSSTRESC.
    """
    if place.domain == "tr":
        return _lengths(_filled(frame, "TRSTRESC", "TRORRES"), place, findings)
    if place.domain == "tu":
        return _filled(frame, "TUSTRESC", "TUORRES")
    if place.domain == "rs":
        spelling = {term.upper(): term for term in RESPONSES}
        term = pl.col("RSSTRESC").str.to_uppercase().replace_strict(spelling, default=pl.col("RSSTRESC"))
        return _filled(frame, "RSSTRESC", "RSORRES").with_columns(term)
    return frame


def _filled(frame: pl.DataFrame, standard: str, collected: str) -> pl.DataFrame:
    """Take the collected result where the standard one is absent."""
    names = [name for name in (standard, collected) if name in frame.columns]
    values = [pl.col(name) for name in names] or [pl.lit(None, dtype=pl.String)]
    return frame.with_columns(pl.coalesce(values).alias(standard))


def _lengths(frame: pl.DataFrame, place: Place, findings: Findings) -> pl.DataFrame:
    """Give every diameter as a number in mm; what cannot be one becomes missing, with a finding."""
    frame = _with_columns(
        frame, {"TRSTRESN": pl.Float64, "TRSTRESU": pl.String, "TRORRES": pl.String, "TRORRESU": pl.String}
    )
    is_length = pl.col("TRTESTCD").is_in(DIAMETER_TESTS)
    is_done = (
        (pl.col("TRSTAT").fill_null("").str.to_uppercase() != "NOT DONE") if "TRSTAT" in frame.columns else pl.lit(True)
    )
    frame = frame.with_columns(is_length.alias("__length"), (is_length & is_done).alias("__done"))
    value, unit = pl.col("TRSTRESN"), pl.col("TRSTRESU")
    if frame.select((is_length & value.is_null()).any()).item():
        value = pl.when(is_length).then(pl.coalesce(value, parsed_number(pl.col("TRSTRESC")))).otherwise(value)
    frame = frame.with_columns(value.alias("__value"))
    if frame.select((is_length & unit.is_null()).any()).item():
        # a standard result without unit has the collected one's only where it is a copy of it
        copied = parsed_number(pl.col("TRORRES")) == pl.col("__value")
        unit = pl.coalesce(unit, pl.when(copied).then(pl.col("TRORRESU")))
    frame = frame.with_columns(unit.str.to_lowercase().alias("__unit"))
    return _checked_lengths(frame, place, findings).drop("__value", "__unit", "__length", "__done")


def _checked_lengths(frame: pl.DataFrame, place: Place, findings: Findings) -> pl.DataFrame:
    """Convert cm, and report what has no length or no unit."""
    value, unit, done = pl.col("__value"), pl.col("__unit"), pl.col("__done")
    number = pl.col("__length") & value.is_not_null()
    no_unit = frame.filter(number & unit.is_null()).height
    for rule, column, rows in (
        ("DATA-NUMBER-INVALID", "TRSTRESC", done & value.is_null() & pl.col("TRSTRESC").is_not_null()),
        ("DATA-DIAMETER-MISSING", "TRSTRESN", done & value.is_null() & pl.col("TRSTRESC").is_null()),
        ("DATA-DIAMETER-NEGATIVE", "TRSTRESN", number & (value < 0)),
        ("DATA-DIAMETER-UNIT-CM", "TRSTRESU", number & (unit == "cm")),
        ("DATA-DIAMETER-UNIT-UNKNOWN", "TRSTRESU", number & ~unit.is_in(["mm", "cm"])),
    ):
        findings.add_rows(rule, frame.filter(rows), domain=place.domain, file=place.file, column=column)
    if no_unit:
        findings.add("DATA-DIAMETER-UNIT-MISSING", domain=place.domain, file=place.file, column="TRSTRESU", n=no_unit)
    factor = pl.when(unit == "cm").then(10.0).when(unit.is_null() | (unit == "mm")).then(1.0)
    length = pl.when(value >= 0).then(value * factor)
    return frame.with_columns(
        pl.when(pl.col("__length")).then(length).otherwise(value).alias("TRSTRESN"),
        pl.when(number).then(pl.lit("mm")).otherwise(pl.col("TRSTRESU")).alias("TRSTRESU"),
    )


def _with_columns(frame: pl.DataFrame, schema: dict[str, Any]) -> pl.DataFrame:
    """Add columns that are absent, without values."""
    return frame.with_columns(
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in schema.items() if name not in frame.columns
    )
