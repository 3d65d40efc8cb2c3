"""The few distinct words of a long column, so that each is looked at once and not in each of its rows."""

from __future__ import annotations

import numpy as np
import polars as pl

__all__ = ["distinct_words"]


def distinct_words(words: pl.Series) -> tuple[pl.Series, pl.Series]:
    """
    Find the distinct words of a column, and where each row's word is among them.

    Parameters
    ----------
    words : polars.Series
        Text or categories; missing is a word too.

    Returns
    -------
    tuple of polars.Series
        The words as text, and the place of each row's word (UInt32).

    Examples
    --------
    >>> texts, at = distinct_words(pl.Series(["b", None, "a", "b"]))
    >>> texts.gather(at).to_list()
    ['b', None, 'a', 'b']
    """
    words = words if words.dtype == pl.Categorical else words.cast(pl.Categorical)
    physical = words.to_physical()
    codes = physical.fill_null(int(physical.drop_nulls().to_numpy().max(initial=0)) + 1).to_numpy()
    last = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.uint32)
    last[codes] = np.arange(codes.size, dtype=np.uint32)
    present = np.flatnonzero(np.bincount(codes, minlength=last.size))
    places = np.zeros(last.size, dtype=np.uint32)
    places[present] = np.arange(present.size, dtype=np.uint32)
    return words.gather(last[present]).cast(pl.String), pl.Series(places[codes])
