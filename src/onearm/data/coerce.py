"""Give the columns of a source table their types, and report every value that does not fit instead of guessing."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from onearm.data.dates import date_state, normal_date
from onearm.data.findings import Findings
from onearm.data.schema import Domain, column_kind

__all__ = ["MISSING", "Place", "number_column", "parsed_number", "plain_text", "subject_text", "type_columns"]

MISSING: Final[tuple[str, ...]] = ("", "NA", ".")
"""Texts that mean missing in a source table, whatever its format."""

_POINT: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_COMMA: Final = r"^[+-]?\d*,\d+$"
_THOUSANDS: Final = r"^[+-]?\d{1,3},\d{3}$"


class Place(NamedTuple):
    """
    Where a table comes from, for findings.

    Parameters
    ----------
    domain : str
        Lower case, such as ``tr``.
    file : str
        Name of the file.
    """

    domain: str
    file: str


def plain_text(frame: pl.DataFrame, missing: tuple[str, ...] = MISSING) -> pl.DataFrame:
    """
    Strip the blanks around texts and take those that mean missing as missing.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table.
    missing : tuple of str
        Texts that mean missing.

    Returns
    -------
    polars.DataFrame
        Other columns than text unchanged.
    """
    stripped = frame.select(pl.col(pl.String).str.strip_chars())
    # most columns hold none of them, and building a column anew costs more than looking
    found = stripped.select(pl.all().is_in(list(missing)).any())
    names = [name for name in found.columns if found[name].any()] if stripped.width else []
    return frame.with_columns(stripped).with_columns(
        pl.when(~pl.col(name).is_in(list(missing))).then(pl.col(name)).alias(name) for name in names
    )


def _number_text(column: str) -> pl.Expr:
    """Write a number as text the way a person would: an identifier 101.0 is 101."""
    value = pl.col(column)
    whole = (value == value.floor()) & (value.abs() < 1e15)
    return pl.when(whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(value.cast(pl.String))


def subject_text(frame: pl.DataFrame, column: str) -> pl.Expr:
    """
    Give an identifier as text.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table.
    column : str
        The identifier; may be numeric in formats with types.

    Returns
    -------
    polars.Expr
        Text without surrounding blanks.
    """
    return pl.col(column).str.strip_chars() if frame.schema[column] == pl.String else _number_text(column)


def type_columns(frame: pl.DataFrame, domain: Domain, place: Place, findings: Findings) -> pl.DataFrame:
    """
    Type the columns of a table by its domain.

    Parameters
    ----------
    frame : polars.DataFrame
        Upper-case columns, SRCROW, and USUBJID as text.
    domain : Domain
        What the columns are.
    place : Place
        Domain and file, for findings.
    findings : Findings
        Receives a finding for each value that does not fit; the value becomes missing.

    Returns
    -------
    polars.DataFrame
        Text, Float64, Int64 for sequence numbers and study days, and ISO 8601 text for dates.
    """
    for name in frame.columns:
        kind = column_kind(domain, name)
        if name in ("SRCROW", "USUBJID"):
            continue
        if kind == "number":
            frame = number_column(frame, name, place, findings)
        elif kind == "integer":
            frame = _integer_column(number_column(frame, name, place, findings), name, place, findings)
        elif kind == "date":
            frame = _date_column(_text_column(frame, name), name, place, findings)
        elif kind == "text":
            frame = _text_column(frame, name)
    return frame


def _text_column(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Make a column text; whole numbers lose their decimal point."""
    dtype = frame.schema[name]
    if dtype == pl.String:
        return frame
    if dtype == pl.Boolean:
        return frame.with_columns(pl.col(name).replace_strict({True: "Y", False: "N"}, return_dtype=pl.String))
    return frame.with_columns(_number_text(name).alias(name))


def parsed_number(text: pl.Expr) -> pl.Expr:
    """
    Parse text as numbers.

    Parameters
    ----------
    text : polars.Expr
        Text without surrounding blanks.

    Returns
    -------
    polars.Expr
        Float64; missing where the text is no number with a decimal point or a decimal comma.

    Examples
    --------
    >>> pl.DataFrame({"X": ["1.5", "1,5", "-2", "1 mm", "inf"]}).select(parsed_number(pl.col("X")))["X"].to_list()
    [1.5, 1.5, -2.0, None, None]
    """
    as_number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    shaped = text.str.contains(_POINT) | text.str.contains(_COMMA)
    return pl.when(shaped & as_number.is_finite()).then(as_number)


def number_column(frame: pl.DataFrame, name: str, place: Place, findings: Findings) -> pl.DataFrame:
    """
    Parse a column as numbers, with a decimal point or a decimal comma.

    Parameters
    ----------
    frame : polars.DataFrame
        With SRCROW and USUBJID.
    name : str
        The column.
    place : Place
        Domain and file, for findings.
    findings : Findings
        Receives what is no number, and what could have a comma between thousands.

    Returns
    -------
    polars.DataFrame
        The column as Float64. Where all commas of the column stand before three digits, they are read as decimal marks,
        each with a warning.
    """
    if frame.schema[name] != pl.String:
        return frame.with_columns(pl.col(name).cast(pl.Float64).fill_nan(None))
    text = pl.col(name)
    plain = frame[name].cast(pl.Float64, strict=False)
    if plain.null_count() == frame[name].null_count() and plain.is_finite().all():
        return frame.with_columns(plain)
    frame = frame.with_columns(parsed_number(text).alias("__value"))
    wrong = frame.filter(text.is_not_null() & pl.col("__value").is_null())
    findings.add_rows("DATA-NUMBER-INVALID", wrong, domain=place.domain, file=place.file, column=name)
    with_comma = frame.filter(text.str.contains(_COMMA))
    if with_comma.height and with_comma.select(text.str.contains(_THOUSANDS).all()).item():
        findings.add_rows("DATA-NUMBER-AMBIGUOUS", with_comma, domain=place.domain, file=place.file, column=name)
    return frame.with_columns(pl.col("__value").alias(name)).drop("__value")


def _integer_column(frame: pl.DataFrame, name: str, place: Place, findings: Findings) -> pl.DataFrame:
    """Make a column of numbers Int64; a number with decimals is a finding."""
    value = pl.col(name)
    wrong = frame.filter(value != value.floor())
    findings.add_rows("DATA-NUMBER-INVALID", wrong, domain=place.domain, file=place.file, column=name)
    return frame.with_columns(pl.when(value == value.floor()).then(value).cast(pl.Int64, strict=False).alias(name))


def _date_column(frame: pl.DataFrame, name: str, place: Place, findings: Findings) -> pl.DataFrame:
    """Keep what is a date, complete or partial; report the rest."""
    frame = frame.with_columns(normal_date(pl.col(name)).alias(name))
    # few distinct days stand in many rows, so each is looked at once
    days = frame.select(pl.col(name).unique()).with_columns(date_state(pl.col(name)).alias("__state"))
    unusable: list[str] = []
    for state, rule in (
        ("impossible", "DATA-DATE-IMPOSSIBLE"),
        ("format", "DATA-DATE-FORMAT"),
        ("partial", "DATA-DATE-PARTIAL"),
    ):
        texts = days.filter(pl.col("__state") == state)[name].to_list()
        if texts:
            rows = frame.filter(pl.col(name).is_in(texts))
            findings.add_rows(rule, rows, domain=place.domain, file=place.file, column=name)
        unusable += texts if state != "partial" else []
    if not unusable:
        return frame
    return frame.with_columns(pl.when(~pl.col(name).is_in(unusable)).then(pl.col(name)).alias(name))
