"""Parquet files."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from onearm.errors import DataError

__all__ = ["plain_columns", "read_parquet", "write_parquet"]


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
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path.name}: the Parquet file is truncated or damaged. Fix: copy it again.") from error
    return plain_columns(frame, path.name)


def plain_columns(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """
    Bring the types of a table down to text, Int64, Float64 and Boolean.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table.
    name : str
        What it is, for the message.

    Returns
    -------
    polars.DataFrame
        Dates, times and categories as text; NaN and empty text missing.

    Raises
    ------
    DataError
        For columns that hold more than one value in a cell.
    """
    nested = [column for column, dtype in frame.schema.items() if dtype.is_nested() or dtype in (pl.Binary, pl.Object)]
    if nested:
        raise DataError(*(f"{name}: column '{column}' does not hold single values." for column in nested))
    return frame.select(_plain(pl.col(column), dtype).alias(column) for column, dtype in frame.schema.items())


def _plain(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Bring one column to text, Int64, Float64 or Boolean."""
    if dtype.is_integer():
        return column.cast(pl.Int64)
    if dtype.is_numeric():
        return column.cast(pl.Float64).fill_nan(None)
    if isinstance(dtype, pl.Datetime):
        # midnight means that only the day is known: data bases store dates as datetimes
        day, moment = column.dt.to_string("%Y-%m-%d"), column.dt.to_string("%Y-%m-%dT%H:%M:%S")
        return pl.when(column.dt.time() == pl.time(0, 0, 0)).then(day).otherwise(moment)
    if dtype == pl.Boolean:
        return column
    if dtype == pl.Null:
        return column.cast(pl.String)
    text = column.cast(pl.String)
    return pl.when(text == "").then(None).otherwise(text)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """
    Write a Parquet file.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table.
    path : Path
        Written in place; `onearm.data.write.write_table` makes it atomic.
    """
    frame.write_parquet(path, statistics=True)
