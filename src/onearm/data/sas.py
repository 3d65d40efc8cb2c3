"""
SAS files: transport (XPT version 5 and 8) and data sets (sas7bdat).

Both are read by pyreadstat, which reads a truncated transport file without a word; so the arithmetic of its headers is
checked first.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any, Final

import polars as pl

from onearm.data.plain import plain_columns
from onearm.data.transport import check_transport
from onearm.errors import DataError

__all__ = ["read_sas7bdat", "read_xpt", "write_xpt"]

_DATE_FORMATS: Final = re.compile(
    r"^(DATE|YYMMDD|MMDDYY|DDMMYY|E8601DA|B8601DA|IS8601DA|WORDDAT|WEEKDAT|MONYY|JULIAN|NLDATE(?!M)|YYMM|YYQ|YEAR|EURDFDE)"
    r"[A-Z]*\d*\.?\d*$"
)
_DATETIME_FORMATS: Final = re.compile(
    r"^(DATETIME|E8601DT|B8601DT|IS8601DT|DATEAMPM|NLDATM|MDYAMPM|E8601DX|E8601DZ|EURDFDT|DT)"
)
_TIME_FORMATS: Final = re.compile(r"^(TIME|HHMM|E8601TM|B8601TM|IS8601TM|TOD|NLTIME|HOUR)")


def read_xpt(path: Path) -> pl.DataFrame:
    """
    Read a SAS transport file, version 5 or 8.

    Parameters
    ----------
    path : Path
        ``.xpt`` with one data set.

    Returns
    -------
    polars.DataFrame
        Numbers as Float64; SAS dates, datetimes and times as ISO 8601 text; empty text is missing.

    Raises
    ------
    DataError
        For a truncated or damaged file, or one with several data sets.

    Notes
    -----
    Version 8 states its number of rows. Version 5 does not: one that was cut exactly where a row and a record of 80
    bytes both end cannot be told from a whole one.

    References
    ----------
    .. [1] SAS Institute, "Record Layout of a SAS Version 5 or 6 Data Set in SAS Transport (XPORT) Format" (TS-140), and
       the same for version 8 or 9.
    """
    import pyreadstat

    stated = check_transport(path)
    return _read(pyreadstat.read_xport, path, stated)


def read_sas7bdat(path: Path) -> pl.DataFrame:
    """
    Read a SAS data set.

    Parameters
    ----------
    path : Path
        ``.sas7bdat``.

    Returns
    -------
    polars.DataFrame
        As `read_xpt`.

    Raises
    ------
    DataError
        For a truncated or damaged file.
    """
    import pyreadstat

    _check_pages(path)
    return _read(pyreadstat.read_sas7bdat, path, None)


def _read(function: Any, path: Path, stated: int | None) -> pl.DataFrame:
    """Read through pyreadstat, check the number of rows and write dates as text."""
    import pyreadstat

    try:
        frame, meta = function(str(path), output_format="polars", disable_datetime_conversion=True)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: the SAS file is damaged. Fix: copy it again.") from error
    if not frame.width:
        raise DataError(f"{path.name}: the SAS file holds no columns; it is damaged. Fix: copy it again.")
    expected = stated if stated is not None else meta.number_rows
    if expected is not None and frame.height != expected:
        raise DataError(
            f"{path.name}: the file states {expected} rows and holds {frame.height}: truncated. Fix: copy it again."
        )
    return _dates_as_text(plain_columns(frame, path.name), meta.original_variable_types)


def _dates_as_text(frame: pl.DataFrame, formats: dict[str, str | None]) -> pl.DataFrame:
    """Write SAS dates (days), datetimes and times (seconds), both from 1960, as ISO 8601 text."""
    epoch_day = pl.lit("1960-01-01").str.to_date()
    epoch = pl.lit("1960-01-01").str.to_datetime(time_unit="ms")
    columns = []
    for name, shown in formats.items():
        if not shown or not frame.schema[name].is_numeric():
            continue
        format_name, value = shown.upper(), pl.col(name)
        moment = epoch + pl.duration(milliseconds=(value * 1000).round().cast(pl.Int64), time_unit="ms")
        if _DATETIME_FORMATS.match(format_name):
            columns.append(moment.dt.to_string("%Y-%m-%dT%H:%M:%S").alias(name))
        elif _TIME_FORMATS.match(format_name):
            columns.append(moment.dt.to_string("%H:%M:%S").alias(name))
        elif _DATE_FORMATS.match(format_name):
            day = epoch_day + pl.duration(days=value.floor().cast(pl.Int64))
            columns.append(day.dt.to_string("%Y-%m-%d").alias(name))
    return frame.with_columns(columns)


def _check_pages(path: Path) -> None:
    """Compare the size of a data set with its header: header length plus pages times page size."""
    with path.open("rb") as stream:
        head = stream.read(288)
    if len(head) < 288:
        raise DataError(f"{path.name}: the SAS data set is truncated within its header. Fix: copy it again.")
    is_64_bit, aligned = head[32:33] == b"3", 4 if head[35:36] == b"3" else 0
    order = "<" if head[37:38] == b"\x01" else ">"
    length, page = struct.unpack_from(order + "ii", head, 196 + aligned)
    (pages,) = struct.unpack_from(order + ("q" if is_64_bit else "i"), head, 204 + aligned)
    stated, found = length + page * pages, path.stat().st_size
    if found < stated:
        raise DataError(
            f"{path.name}: the SAS data set is truncated: its header states {stated} bytes, the file has {found}. "
            "Fix: copy it again."
        )


def write_xpt(frame: pl.DataFrame, path: Path) -> None:
    """
    Write a SAS transport file, version 5, as regulators take it.

    Parameters
    ----------
    frame : polars.DataFrame
        Text, numbers and Booleans (written as Y and N). Numbers become 64-bit IBM floats, missing text becomes empty.
    path : Path
        Written in place; its stem is the name of the data set.

    Raises
    ------
    DataError
        For names longer than 8 characters or not of letters, digits and ``_``, for text longer than 200 bytes, for
        numbers beyond 7e75, and for a last row without any value in a table of text.

    References
    ----------
    .. [1] SAS Institute TS-140; FDA Study Data Technical Conformance Guide, 3.3.
    """
    import pyreadstat

    problems = [
        f"{path.name}: column '{name}' cannot be named so in XPT version 5 (8 characters, A-Z, 0-9, _)."
        for name in frame.columns
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,7}", name)
    ]
    plain = plain_columns(frame, path.name).with_columns(
        pl.col(pl.Boolean).replace_strict({True: "Y", False: "N"}, return_dtype=pl.String)
    )
    texts = [name for name, dtype in plain.schema.items() if dtype == pl.String]
    problems += [
        f"{path.name}: column '{name}' holds text longer than the 200 bytes of XPT version 5."
        for name in texts
        if (plain[name].str.len_bytes().max() or 0) > 200  # type: ignore[operator]  # lengths are integers
    ]
    problems += [
        f"{path.name}: column '{name}' holds numbers beyond what SAS transport can hold (about 7e75)."
        for name, dtype in plain.schema.items()
        if dtype.is_numeric() and plain.filter(pl.col(name).abs() > 7e75).height
    ]
    if plain.height and len(texts) == plain.width and all(plain[name][-1] is None for name in texts):
        problems.append(f"{path.name}: the last row has no value; in XPT version 5 it cannot be told from padding.")
    if problems:
        raise DataError(*problems)
    stem = re.sub(r"[^A-Za-z0-9_]", "", path.name.split(".")[0]).upper()[:8] or "DATA"
    filled = plain.with_columns(pl.col(pl.String).fill_null(""), pl.col(pl.Int64).cast(pl.Float64))
    pyreadstat.write_xport(filled, str(path), table_name=stem, file_format_version=5)
