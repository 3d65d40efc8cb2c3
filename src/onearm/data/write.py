"""Write tables so that a killed run leaves either the old file or the new one, never half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from onearm.data.formats import FORMATS, extension_of
from onearm.data.parquet import write_parquet
from onearm.errors import DataError

__all__ = ["write_bytes", "write_marked", "write_table", "write_text"]


def write_table(frame: pl.DataFrame, path: str | Path) -> None:
    """
    Write a table in the format that the extension says.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table of scalars.
    path : str or Path
        ``.parquet .csv .json .ndjson .dsjc .xlsx`` or ``.xpt``; its folder must exist.

    Raises
    ------
    DataError
        For an extension that is not written, and for what the format cannot hold.

    Examples
    --------
    >>> from onearm.data.read import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "dm.xlsx"
    ...     write_table(pl.DataFrame({"USUBJID": ["007", "=1+1"]}), path)
    ...     read_table(path)["USUBJID"].to_list()
    ['007', '=1+1']
    """
    path = Path(path)
    known = FORMATS.get(extension_of(path))
    if known is None or known.write is None:
        written = ", ".join(extension for extension, one in FORMATS.items() if one.write is not None)
        raise DataError(f"{path.name}: '{extension_of(path)}' is no format that is written. Known: {written}.")
    write = known.write
    _replace(path, lambda temporary: write(frame, temporary))


def write_marked(frame: pl.DataFrame, path: str | Path, marks: Mapping[str, str]) -> None:
    """
    Write a table as Parquet that says of itself what it is.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table of scalars.
    path : str or Path
        ``.parquet``; its folder must exist.
    marks : mapping of str to str
        Key-value metadata of the file, which any reader of Parquet shows.

    Examples
    --------
    >>> from onearm.data.parquet import read_marks
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "adsl.parquet"
    ...     write_marked(pl.DataFrame({"AGE": [60.0]}), path, {"onearm.synthetic": "true"})
    ...     read_marks(path)
    {'onearm.synthetic': 'true'}
    """
    _replace(Path(path), lambda temporary: write_parquet(frame, temporary, marks))


def write_text(text: str, path: str | Path) -> None:
    """
    Write text in UTF-8.

    Parameters
    ----------
    text : str
        The whole content.
    path : str or Path
        Its folder must exist.
    """
    write_bytes(text.encode(), path)


def write_bytes(content: bytes, path: str | Path) -> None:
    """
    Write bytes.

    Parameters
    ----------
    content : bytes
        The whole content.
    path : str or Path
        Its folder must exist.
    """
    _replace(Path(path), lambda temporary: temporary.write_bytes(content))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write into a folder beside the target under the same name, flush to the disk, and rename over it."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
        temporary = Path(folder) / path.name
        write(temporary)
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Flush the rename itself, where the system can open a folder (Windows cannot)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
