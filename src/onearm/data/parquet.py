"""Parquet files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from onearm.data.plain import plain_columns
from onearm.errors import DataError

__all__ = ["read_marks", "read_parquet", "write_parquet"]


def read_parquet(path: Path) -> pl.DataFrame:
    """
    Read a Parquet file.

    Parameters
    ----------
    path : Path
        ``.parquet``.

    Returns
    -------
    polars.DataFrame
        Integers as Int64, other numbers as Float64, dates and times as ISO 8601 text.

    Raises
    ------
    DataError
        For a truncated or damaged file, and for columns of lists or structures.
    """
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise DataError(f"{path.name}: the Parquet file is truncated or damaged. Fix: copy it again.") from error
    return plain_columns(frame, path.name)


def write_parquet(frame: pl.DataFrame, path: Path, marks: Mapping[str, str] | None = None) -> None:
    """
    Write a Parquet file.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table.
    path : Path
        Written in place; `onearm.data.write.write_table` makes it atomic.
    marks : mapping of str to str, optional
        What the file says of itself, as key-value metadata.
    """
    frame.write_parquet(path, statistics=True, metadata=dict(marks or {}))


def read_marks(path: Path) -> dict[str, str]:
    """
    Read what a Parquet file says of itself.

    Parameters
    ----------
    path : Path
        ``.parquet``.

    Returns
    -------
    dict of str to str
        Key-value metadata, without those of the program that wrote the file.
    """
    return {name: text for name, text in pl.read_parquet_metadata(path).items() if name != "ARROW:schema"}
