"""
Delimited text: comma, semicolon, tab or pipe; UTF-8, UTF-16 or cp1252; plain or gzipped.

Every column is read as text, so that ``007`` stays ``007``. A file whose rows do not all have the columns of its header
is refused with the rows named, because a shifted row is a silent wrong number.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from onearm.data.headers import drop_blank_columns, header_names
from onearm.data.plain import plain_columns
from onearm.errors import DataError

__all__ = ["read_delimited", "write_delimited"]

DELIMITERS: Final = (",", ";", "\t", "|")
_QUOTE, _NEWLINE = ord('"'), ord("\n")
_ROWS_NAMED = 5


class _Records(NamedTuple):
    """Where the records of a text end and how many fields each has."""

    ends: npt.NDArray[np.int64]  # (n_records,) byte after the last of each record, its newline left out
    fields: npt.NDArray[np.int64]  # (n_records,) number of fields; 0 for a blank line


def read_delimited(path: Path) -> pl.DataFrame:
    """
    Read a delimited text file, every column as text.

    Parameters
    ----------
    path : Path
        ``.csv .tsv .txt``, or one of these with ``.gz``.

    Returns
    -------
    polars.DataFrame
        One row per record below the header; a blank line is a row of missing values. Empty fields are missing.

    Raises
    ------
    DataError
        For an empty, truncated or binary file, a quotation mark that is never closed, rows with more or fewer fields
        than the header, and repeated column names.
    """
    text = _decode(_bytes(path), path.name)
    stated = re.match(r"\s*sep=(.)\n", text)  # Excel writes its delimiter on a line of its own
    text = text[stated.end() :] if stated else text.lstrip("\n")
    if not text.strip():
        raise DataError(f"{path.name}: the file is empty. Fix: export it again, with a header.")
    delimiter = stated[1] if stated else _sniff(text)
    data = text.encode()
    records = _scan(data, delimiter, path.name)
    cells = next(csv.reader([data[: records.ends[0]].decode()], delimiter=delimiter))
    names = header_names(cells, where=path.name)
    _check_widths(records, len(names), path.name)
    body = data[records.ends[0] + 1 :]
    schema = {name: pl.String for name in names}
    if not body:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_csv(
            body,
            has_header=False,
            separator=delimiter,
            schema=schema,
            quote_char='"',
            null_values=[""],
            low_memory=False,
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path.name}: the text cannot be split into columns ({type(error).__name__}).") from error
    if frame.height != len(records.ends) - 1:
        raise DataError(
            f"{path.name}: {len(records.ends) - 1} records are in the file and {frame.height} could be read. "
            "Fix: double every quotation mark inside a quoted field."
        )
    return drop_blank_columns(frame, where=path.name)


def _bytes(path: Path) -> bytes:
    """Read the file, through gzip where its name says so."""
    if path.suffix.lower() != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as stream:
            return stream.read()
    except (EOFError, zlib.error) as error:
        raise DataError(f"{path.name}: the compressed file is truncated or damaged. Fix: copy it again.") from error
    except gzip.BadGzipFile as error:
        raise DataError(
            f"{path.name}: the file is not gzip, or is damaged. Fix: copy it again, or drop .gz from its name."
        ) from error


def _decode(data: bytes, name: str) -> str:
    """Turn bytes into text with ``\\n`` at the end of lines: byte order mark, then UTF-8, then cp1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif (wide := _utf16(data[:2000])) is not None:
        encodings = [wide]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(control in text for control in "\0\1\2\3\4\5\6\x0e\x0f\x10\x11\x12\x14\x15\x16\x17\x19"):
            return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    raise DataError(
        f"{name}: the content is not text in UTF-8, UTF-16 or cp1252. Fix: export it as text, or give the file the "
        "extension of its format."
    )


def _utf16(head: bytes) -> str | None:
    """Recognise UTF-16 without a byte order mark: every second byte of plain text is zero, and only those."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if not even and odd > 0.8 * len(head[1::2]) > 0:
        return "utf-16-le"
    return "utf-16-be" if not odd and even > 0.8 * len(head[0::2]) > 0 else None


def _sniff(text: str) -> str:
    """Choose the delimiter that splits the first records most evenly; a header without one has a single column."""
    sample = text[:200_000]
    lines = [line for line in _without_quoted(sample).split("\n")[:101] if line.strip(" ")]
    if len(text) > len(sample) and len(lines) > 1:
        lines.pop()
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        width = lines[0].count(delimiter) if lines else 0
        even = sum(line.count(delimiter) == width for line in lines) / max(len(lines), 1)
        if width and (even, width) > best_score:
            best, best_score = delimiter, (even, width)
    return best


def _without_quoted(text: str) -> str:
    """Blank out what stands between quotation marks, newlines included."""
    return "".join(part for i, part in enumerate(text.split('"')) if i % 2 == 0)


def _scan(data: bytes, delimiter: str, name: str) -> _Records:
    """Find the records without building them: a byte is inside quotes where an odd number of marks stands before it."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    quotes = np.flatnonzero(buffer == _QUOTE)
    newlines = np.flatnonzero(buffer == _NEWLINE)
    marks = np.flatnonzero(buffer == ord(delimiter))
    if quotes.size:
        newlines = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    if quotes.size % 2:
        row = int(np.searchsorted(newlines, quotes[-1]))
        raise DataError(
            f"{name}: a quotation mark is opened and never closed; the last one stands near row {row}. "
            "Fix: close it, or double every quotation mark inside a quoted field."
        )
    ends = newlines if newlines.size and newlines[-1] == buffer.size - 1 else np.append(newlines, buffer.size)
    starts = np.concatenate(([0], ends[:-1] + 1))
    fields = np.searchsorted(marks, ends) - np.searchsorted(marks, starts) + 1
    return _Records(ends, np.where(ends == starts, 0, fields))


def _check_widths(records: _Records, width: int, name: str) -> None:
    """Refuse rows with more or fewer fields than the header."""
    wrong = np.flatnonzero((records.fields != width) & (records.fields != 0))
    wrong = wrong[wrong > 0]
    if wrong.size:
        more = f", and {wrong.size - _ROWS_NAMED} further rows" if wrong.size > _ROWS_NAMED else ""
        raise DataError(
            *(
                f"{name}, row {row}: {records.fields[row]} fields, but the header has {width}. "
                "Fix: put quotation marks around text that holds the delimiter."
                + (more if row == wrong[:_ROWS_NAMED][-1] else "")
                for row in wrong[:_ROWS_NAMED].tolist()
            )
        )


def write_delimited(frame: pl.DataFrame, path: Path) -> None:
    """
    Write a comma-separated file in UTF-8.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table of scalars.
    path : Path
        Written in place; `onearm.data.write.write_table` makes it atomic.
    """
    plain_columns(frame, path.name).write_csv(path, quote_style="necessary")
