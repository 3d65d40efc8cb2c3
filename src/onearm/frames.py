"""Column checks, keys and row building for the data frames that every floor shares."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from onearm.errors import DataError, suggest

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Framed", "check_columns", "check_key", "conform", "empty"]


def check_columns(frame: pl.DataFrame, columns: Sequence[str], *, where: str) -> None:
    """
    Check that a frame has the columns that a function needs.

    Parameters
    ----------
    frame : polars.DataFrame
        Any frame.
    columns : sequence of str
        Names that must be there.
    where : str
        What the frame is, for the message.

    Raises
    ------
    DataError
        Naming every column that is missing, with the nearest one that is there.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise DataError(*(f"{where}: column '{name}' is missing.{suggest(name, frame.columns)}" for name in missing))


def check_key(frame: pl.DataFrame, key: Sequence[str], *, where: str) -> None:
    """
    Check that a key is unique.

    Parameters
    ----------
    frame : polars.DataFrame
        Any frame.
    key : sequence of str
        Columns that together identify a row.
    where : str
        What the frame is, for the message.

    Raises
    ------
    DataError
        With the number of repeated keys and the first of them.
    """
    repeated = frame.select(key).filter(frame.select(key).is_duplicated()).unique(maintain_order=True)
    if repeated.height:
        first = ", ".join(
            f"{name}={value!r}" for name, value in repeated.row(0, named=True).items() if value is not None
        )
        raise DataError(f"{where}: {repeated.height} keys stand on more than one row; the first is {first}.")


def empty(schema: Mapping[str, Any]) -> pl.DataFrame:
    """
    Make a frame with columns and no rows.

    Parameters
    ----------
    schema : mapping of str to polars type
        Column names and their types, in order.

    Returns
    -------
    polars.DataFrame
        Shape ``(0, len(schema))``.
    """
    import polars as pl

    return pl.DataFrame(schema=dict(schema))


def conform(frame: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    """
    Give a frame exactly the columns of a schema, in its order and types.

    Parameters
    ----------
    frame : polars.DataFrame
        May lack columns (they become missing); must not have others.
    schema : mapping of str to polars type
        Column names and their types, in order.

    Returns
    -------
    polars.DataFrame
        The same rows.

    Raises
    ------
    DataError
        For a column that the schema does not know.
    """
    import polars as pl

    unknown = [name for name in frame.columns if name not in schema]
    if unknown:
        raise DataError(*(f"column '{name}' is not part of this table.{suggest(name, schema)}" for name in unknown))
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in schema.items()
    )


class Framed:
    """Base of the frozen dataclasses of ``stats``: adds ``to_frame()``, one row per element of its array fields."""

    def to_frame(self) -> pl.DataFrame:
        """
        Lay the fields out as columns.

        Returns
        -------
        polars.DataFrame
            Array fields become columns; scalar fields are repeated beside them. With scalars only, one row.
        """
        import numpy as np
        import polars as pl

        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]  # subclasses are dataclasses
        arrays = {name: value for name, value in fields.items() if isinstance(value, (np.ndarray, list, tuple))}
        length = max((len(value) for value in arrays.values()), default=1)
        columns: dict[str, Any] = {}
        for name, value in fields.items():
            if name in arrays:
                if len(value) == length and np.ndim(value) == 1:
                    columns[name] = list(value)
            elif value is None or isinstance(value, (bool, int, float, str, np.generic)):
                columns[name] = [value] * length
        return pl.DataFrame(columns, strict=False)
