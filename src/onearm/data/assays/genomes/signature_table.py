"""Mutational signatures that the user supplies: 96 channels by signature, as COSMIC offers them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import polars as pl

from onearm.data.read import read_table
from onearm.errors import DataError

__all__ = ["read_signatures"]

_CHANNEL: Final = re.compile(r"^([ACGT])\[([CT]>[ACGT])\]([ACGT])$")
_N_CHANNELS: Final = 96


def read_signatures(path: str | Path) -> pl.DataFrame:
    """
    Read signatures.

    Parameters
    ----------
    path : str or Path
        Table with the channels (``A[C>A]A``) in its first column, and one column of shares for each signature.

    Returns
    -------
    polars.DataFrame
        CHANNEL and one Float64 column for each signature, 96 rows.

    Raises
    ------
    DataError
        For channels that are missing, unknown or repeated, and shares that are no numbers.

    References
    ----------
    .. [1] Alexandrov LB et al. (2020), Nature 578:94-101.
    """
    path = Path(path)
    table = read_table(path)
    first = table.columns[0]
    channels = table[first].cast(pl.String).str.strip_chars()
    wrong = [text for text in channels.fill_null("") if not _CHANNEL.match(text)]
    problems = [f"{path.name}, column '{first}': '{text}' is no channel such as A[C>A]A." for text in wrong[:5]]
    if not wrong and (channels.n_unique() != _N_CHANNELS or channels.len() != _N_CHANNELS):
        problems.append(
            f"{path.name}: {channels.n_unique()} channels in {channels.len()} rows; 96 are needed, each once."
        )
    shares = table.select(pl.col(table.columns[1:]).cast(pl.Float64, strict=False))
    problems += [
        f"{path.name}, column '{name}': holds values that are no numbers."
        for name in shares.columns
        if shares[name].null_count()
    ]
    if not shares.width:
        problems.append(f"{path.name}: no column holds a signature.")
    if problems:
        raise DataError(*problems)
    return shares.insert_column(0, channels.alias("CHANNEL"))
