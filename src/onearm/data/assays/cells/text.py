"""
Large delimited files, read once and in pieces.

Only the header and a few rows are looked at before the columns that are wanted are read by Polars' streaming engine, so
that a slide of ten million cells never stands in memory as text beside its numbers. Compressed files and files in another
encoding are written out as UTF-8, a piece at a time, and removed again.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from onearm.errors import DataError

__all__ = ["MISSING", "LargeText", "open_large"]

MISSING: Final = ("", "#N/A", "N/A", "NA", "NaN", "nan", "NULL", "#DIV/0!", "#VALUE!", "-Infinity", "Infinity")
"""What stands where a program had no number."""

_PIECE: Final = 1 << 20
_SAMPLE_ROWS: Final = 200


@dataclass(frozen=True)
class LargeText:
    """
    A delimited file of which only the header has been read.

    Attributes
    ----------
    path : Path
        Where the UTF-8 text lies.
    name : str
        Name of the file as given, for messages.
    header : list of str
        Column names as they stand in the file.
    sample : list of list of str
        The first rows.
    separator : str
        Tab, comma, semicolon or pipe.
    has_decimal_comma : bool
        Whether numbers are written with a comma.
    """

    path: Path
    name: str
    header: list[str]
    sample: list[list[str]]
    separator: str
    has_decimal_comma: bool

    def read(
        self, columns: Mapping[int, Any], made: Sequence[pl.Expr] | None = None, *, rows: int | None = None
    ) -> pl.DataFrame:
        """
        Read some columns.

        Parameters
        ----------
        columns : mapping of int to polars type
            Positions of the columns and their types.
        made : sequence of polars.Expr, optional
            What is made of them while they are read, so that they need not stand in memory beside it.
        rows : int, optional
            Only the first rows.

        Returns
        -------
        polars.DataFrame
            Columns named ``c<position>`` in the order of ``columns``; missing where the file says so.

        Raises
        ------
        DataError
            For rows with more fields than the header, and for text in a column of numbers, naming the column.
        """
        try:
            return self._read(columns, made, rows)
        except pl.exceptions.PolarsError as error:
            wide = "found more fields" in str(error) or "ragged" in str(error)
            if wide:
                raise DataError(
                    f"{self.name}: a row has more fields than the header ({len(self.header)}). Fix: export it again."
                ) from error
        frame = self._read(dict.fromkeys(columns, pl.String), None, rows)
        problems = []
        for i, dtype in columns.items():
            if dtype != pl.Float64:
                continue
            text = frame[f"c{i}"].str.strip_chars()
            mended = text.str.strip_suffix("%").str.strip_chars()
            mended = mended.str.replace(",", ".", literal=True) if self.has_decimal_comma else mended
            known = ~text.is_in(list(MISSING))
            numbers = mended.cast(pl.Float64, strict=False)
            if (numbers.is_null() & known).any():
                row = int((numbers.is_null() & known).arg_true()[0]) + 1
                problems.append(f"{self.name}, row {row}, column '{self.header[i]}': the value is not a number.")
            frame = frame.with_columns(numbers.alias(f"c{i}"))
        if problems:
            raise DataError(*problems)
        return frame if made is None else frame.select(made)

    def _read(self, columns: Mapping[int, Any], made: Sequence[pl.Expr] | None, rows: int | None) -> pl.DataFrame:
        schema = {f"c{i}": columns.get(i, pl.String) for i in range(len(self.header))}
        lazy = pl.scan_csv(
            self.path,
            has_header=False,
            skip_rows=1,
            schema=schema,
            separator=self.separator,
            null_values=list(MISSING),
            decimal_comma=self.has_decimal_comma and self.separator != ",",
            glob=False,  # the names of inForm's files hold brackets
        )
        chosen = lazy.select(made if made is not None else [pl.col(f"c{i}") for i in columns])
        return (chosen if rows is None else chosen.head(rows)).collect(engine="streaming")


@contextmanager
def open_large(path: Path) -> Iterator[LargeText]:
    """
    Open a delimited file of any size.

    Parameters
    ----------
    path : Path
        Plain or gzipped; UTF-8, UTF-16 or cp1252.

    Yields
    ------
    LargeText
        Its header; the rows are read on demand, while the file is open.

    Raises
    ------
    DataError
        For an empty, damaged or binary file.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain = _as_utf8(path, Path(folder))
        with plain.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            if not first.strip():
                raise DataError(f"{path.name}: the file is empty. Fix: export it again, with a header.")
            separator = max("\t,;|", key=first.count)
            rows = csv.reader(stream, delimiter=separator)
            sample = [row for row, _ in zip(rows, range(_SAMPLE_ROWS), strict=False) if row]
        header = next(csv.reader([first], delimiter=separator))
        longest = max(map(len, sample), default=0)
        if longest > len(header):
            raise DataError(
                f"{path.name}: a row has {longest} fields, but the header has {len(header)}. Fix: export it again."
            )
        yield LargeText(plain, path.name, header, sample, separator, _has_decimal_comma(sample, separator))


def _as_utf8(path: Path, folder: Path) -> Path:
    """Give a path to the text as UTF-8: the file itself, or a copy in the folder."""
    source = path
    if path.suffix.lower() == ".gz":
        source = folder / "plain.txt"
        try:
            with gzip.open(path) as packed, source.open("wb") as out:
                shutil.copyfileobj(packed, out, _PIECE)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{path.name}: the compressed file is damaged. Fix: copy it again.") from error
    encoding = _encoding(source, path.name)
    if encoding == "utf-8":
        return source
    copy = folder / "utf8.txt"
    with source.open(encoding=encoding, newline="") as stream, copy.open("w", encoding="utf-8", newline="") as out:
        shutil.copyfileobj(stream, out, _PIECE)
    return copy


def _encoding(path: Path, name: str) -> str:
    """Recognise the encoding; the whole file is decoded once, a piece at a time."""
    with path.open("rb") as stream:
        head = stream.read(4)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        decoder, piece = codecs.getincrementaldecoder("utf-8")(), head + stream.read(_PIECE)
        if b"\0" in piece:
            raise DataError(f"{name}: the content is not text. Fix: export it as text.")
        try:
            while piece:
                decoder.decode(piece)
                piece = stream.read(_PIECE)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _has_decimal_comma(sample: Sequence[Sequence[str]], separator: str) -> bool:
    """Whether numbers are written with a comma: many fields are digits, comma, digits, and hardly any with a point."""
    import re

    fields = [field.strip() for row in sample for field in row]
    comma = sum(bool(re.fullmatch(r"-?\d+,\d+", field)) for field in fields)
    point = sum(bool(re.fullmatch(r"-?\d+\.\d+", field)) for field in fields)
    return comma > point and separator != ","
