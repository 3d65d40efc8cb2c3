"""Values of one measure by field, and how fields become one value of a sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FieldValues", "Pooled", "in_fields", "mean_of_fields"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Pooled(NamedTuple):
    """
    The value of a sample.

    Attributes
    ----------
    value : float
        NaN where it could not be measured.
    n_fields, n_cells : int
        What it was made of.
    why : str
        One sentence with the numbers, or why there is no value.
    """

    value: float
    n_fields: int
    n_cells: int
    why: str


@dataclass(frozen=True, eq=False)
class FieldValues:
    """
    One measure in all fields.

    Attributes
    ----------
    value : ndarray of float, shape (n_fields,)
        NaN where it could not be measured.
    n_cells, n_targets : ndarray of int, shape (n_fields,)
        Cells measured, and cells they were compared with.
    area : ndarray of float, shape (n_fields,)
        In square millimetres, NaN where it does not matter or is not known.
    pool : callable
        From the codes of some fields to the value of all their cells together.
    """

    value: Floats
    n_cells: Integers
    n_targets: Integers
    area: Floats
    pool: Callable[[Integers], Pooled]

    @staticmethod
    def nothing(n_fields: int, why: str) -> FieldValues:
        """
        Say that nothing could be measured.

        Parameters
        ----------
        n_fields : int
            Number of fields.
        why : str
            One sentence.

        Returns
        -------
        FieldValues
            Missing everywhere.
        """
        missing, none = np.full(n_fields, np.nan), np.zeros(n_fields, dtype=np.int64)
        return FieldValues(missing, none, none.copy(), missing.copy(), lambda _: Pooled(np.nan, 0, 0, why))


def mean_of_fields(values: FieldValues, of: Integers) -> Pooled:
    """
    Average the fields, each counting the same.

    Parameters
    ----------
    values : FieldValues
        One measure.
    of : ndarray of int
        Codes of the fields of a sample.

    Returns
    -------
    Pooled
        The mean of the fields that have a value, with its standard error in the sentence.
    """
    mine = values.value[of]
    usable = mine[np.isfinite(mine)]
    cells = int(values.n_cells[of].sum())
    if not usable.size:
        return Pooled(np.nan, 0, cells, values.pool(of).why)
    error = f", standard error {np.std(usable, ddof=1) / np.sqrt(usable.size):.4g}" if usable.size > 1 else ""
    return Pooled(float(usable.mean()), usable.size, cells, f"mean of {in_fields(usable.size)}{error}")


def in_fields(n: int) -> str:
    """
    Count fields in words.

    Parameters
    ----------
    n : int
        Number of fields.

    Returns
    -------
    str
        ``1 field``, ``2 fields``.
    """
    return "1 field" if n == 1 else f"{n} fields"
