"""Tables of counts: what all their tests check and need first."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from onearm.errors import MethodError

__all__ = ["count_table", "log_choose"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def count_table(table: ArrayLike, *, shape: tuple[int, int] | None = None) -> Integers:
    """
    Check a table of counts.

    Parameters
    ----------
    table : array_like, shape (n_rows, n_columns)
        Counts.
    shape : tuple of int, optional
        The only shape that the caller can use; otherwise two rows and two columns at least.

    Returns
    -------
    numpy.ndarray of int, shape (n_rows, n_columns)
        The same counts.

    Raises
    ------
    MethodError
        If the shape does not fit, or a cell is negative, missing or not whole.
    """
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or (min(counts.shape) < 2 if shape is None else counts.shape != shape):
        needed = "two rows and two columns at least" if shape is None else f"{shape[0]} rows and {shape[1]} columns"
        raise MethodError(f"table: {needed} are needed; found shape {counts.shape}.")
    wrong = ~np.isfinite(counts) | (counts < 0) | (counts != np.floor(counts))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise MethodError(
            f"table: cells are whole numbers from 0; found {counts[row, column]:g} in row {row + 1}, "
            f"column {column + 1}{f' and {wrong.sum() - 1} more' if wrong.sum() > 1 else ''}."
        )
    return counts.astype(np.int64)


def log_choose(n: int, k: Integers) -> Floats:
    """
    Logarithm of the binomial coefficient.

    Parameters
    ----------
    n : int
        Size of the set.
    k : numpy.ndarray of int
        Sizes of the subsets, ``0 <= k <= n``.

    Returns
    -------
    numpy.ndarray
        In the shape of ``k``.
    """
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))
