"""The one registry of file formats: which extension is read and written by what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from onearm.data.dataset_json import (
    read_dataset_json,
    read_dataset_ndjson,
    write_dataset_json,
    write_dataset_ndjson,
    write_dsjc,
)
from onearm.data.delimited import read_delimited, write_delimited
from onearm.data.excel import read_excel, write_excel
from onearm.data.parquet import read_parquet, write_parquet
from onearm.data.sas import read_sas7bdat, read_xpt, write_xpt
from onearm.errors import DataError

__all__ = ["FORMATS", "Format", "extension_of", "format_of"]

Reader = Callable[[Path], pl.DataFrame]
Writer = Callable[[pl.DataFrame, Path], None]


@dataclass(frozen=True)
class Format:
    """
    One file format.

    Parameters
    ----------
    name : str
        As people call it.
    read : callable
        ``path -> polars.DataFrame``.
    write : callable or None
        ``(frame, path) -> None``; None where it cannot be written.
    """

    name: str
    read: Reader
    write: Writer | None


_TEXT = Format("delimited text", read_delimited, write_delimited)
_TEXT_READ_ONLY = Format("delimited text", read_delimited, None)

FORMATS: Final[dict[str, Format]] = {
    ".csv": _TEXT,
    ".tsv": _TEXT_READ_ONLY,
    ".txt": _TEXT_READ_ONLY,
    ".csv.gz": _TEXT_READ_ONLY,
    ".tsv.gz": _TEXT_READ_ONLY,
    ".txt.gz": _TEXT_READ_ONLY,
    ".xpt": Format("SAS transport (XPT v5 or v8)", read_xpt, write_xpt),
    ".sas7bdat": Format("SAS data set", read_sas7bdat, None),
    ".parquet": Format("Parquet", read_parquet, write_parquet),
    ".json": Format("Dataset-JSON 1.1", read_dataset_json, write_dataset_json),
    ".ndjson": Format("Dataset-JSON 1.1, one row a line", read_dataset_ndjson, write_dataset_ndjson),
    ".dsjc": Format("Dataset-JSON 1.1, compressed", read_dataset_ndjson, write_dsjc),
    ".xlsx": Format("Excel workbook", read_excel, write_excel),
}
"""Every format by its extension. To add one, write its module and name it here."""

_MAGIC: Final[tuple[tuple[bytes, str, tuple[str, ...]], ...]] = (
    (b"PK\x03\x04", "an Excel workbook (.xlsx)", (".xlsx",)),
    (b"PAR1", "Parquet (.parquet)", (".parquet",)),
    (b"HEADER RECORD*******LIB", "a SAS transport file (.xpt)", (".xpt",)),
    (b"\0" * 12 + b"\xc2\xea\x81\x60", "a SAS data set (.sas7bdat)", (".sas7bdat",)),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls), which is not read; save it as .xlsx", ()),
    (b"\x1f\x8b", "gzip", (".csv.gz", ".tsv.gz", ".txt.gz", ".dsjc")),
)


def extension_of(path: Path) -> str:
    """
    Give the extension of a file, both parts where it is gzipped.

    Parameters
    ----------
    path : Path
        Need not exist.

    Returns
    -------
    str
        Lower case, with its dot.

    Examples
    --------
    >>> extension_of(Path("tr_onco.CSV.gz")), extension_of(Path("a.b.xpt"))
    ('.csv.gz', '.xpt')
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return "".join(suffixes[-2:]) if suffixes[-1:] == [".gz"] else "".join(suffixes[-1:])


def format_of(path: Path) -> Format:
    """
    Choose the format of a file by its extension, and check that its first bytes agree.

    Parameters
    ----------
    path : Path
        An existing file.

    Returns
    -------
    Format
        Entry of `FORMATS`.

    Raises
    ------
    DataError
        For an unknown extension, an empty file, or content of another format.
    """
    extension = extension_of(path)
    if extension not in FORMATS:
        raise DataError(f"{path.name}: '{extension}' is no format that is read. Known: {', '.join(FORMATS)}.")
    with path.open("rb") as stream:
        head = stream.read(32)
    if not head:
        raise DataError(f"{path.name}: the file is empty. Fix: export it again.")
    for magic, what, extensions in _MAGIC:
        if head.startswith(magic) and extension not in extensions:
            raise DataError(f"{path.name}: the content is {what}. Fix: give the file the extension of its content.")
    return FORMATS[extension]
