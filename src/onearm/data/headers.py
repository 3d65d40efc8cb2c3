"""The header of a table without types: blank and repeated column names, as spreadsheets leave them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from onearm.errors import DataError

__all__ = ["drop_blank_columns", "header_names"]

_BLANK: Final = "__blank_"


def header_names(cells: Sequence[str | None], *, where: str) -> list[str]:
    """
    Name the columns by the cells of the header.

    Parameters
    ----------
    cells : sequence of str or None
        The first row.
    where : str
        File and sheet, for the message.

    Returns
    -------
    list of str
        Without surrounding blanks; a blank cell gets a name that `drop_blank_columns` knows.

    Raises
    ------
    DataError
        For each name that stands twice.
    """
    names = [(cell or "").strip() or f"{_BLANK}{i}" for i, cell in enumerate(cells)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            *(f"{where}: column '{name}' stands twice in the header. Fix: rename one." for name in repeated)
        )
    return names


def drop_blank_columns(frame: pl.DataFrame, *, where: str) -> pl.DataFrame:
    """
    Drop columns that have neither name nor values; keep those with values under a number.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns named by `header_names`.
    where : str
        File and sheet, for the message.

    Returns
    -------
    polars.DataFrame
        Blank names replaced by ``COLUMN_<position>``.

    Raises
    ------
    DataError
        Where nothing is left.
    """
    blank = [name for name in frame.columns if name.startswith(_BLANK)]
    unused = [name for name in blank if frame[name].null_count() == frame.height]
    kept = {name: f"COLUMN_{int(name.removeprefix(_BLANK)) + 1}" for name in blank if name not in unused}
    frame = frame.drop(unused).rename(kept)
    if not frame.width:
        raise DataError(f"{where}: no column has a name or values. Fix: put a header in the first row.")
    return frame
