"""The plain types of tables that are exchanged: text, Int64, Float64 and Boolean; dates are ISO 8601 text."""

from __future__ import annotations

import polars as pl

from onearm.errors import DataError

__all__ = ["plain_columns"]


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
