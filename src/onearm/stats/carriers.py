"""Yes-no features of many subjects: who carries which, and which are known in the same subjects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError

__all__ = ["CHUNK", "Floats", "Integers", "Pattern", "check_carriers", "known_patterns"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CHUNK: Final = 4_000_000
"""Numbers in one block of statistics: 32 megabytes."""


class Pattern(NamedTuple):
    """Features that are known in the same subjects."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]


def check_carriers(features: ArrayLike, n: int) -> Floats:
    """
    Take yes-no features as numbers.

    Parameters
    ----------
    features : array_like of float, shape (n_subjects, n_features)
        1 for carriers, 0 for others, NaN where not known.
    n : int
        Number of subjects.

    Returns
    -------
    ndarray of float, shape (n_subjects, n_features)
        The features.

    Raises
    ------
    MethodError
        For another number of subjects, and for other values.

    Examples
    --------
    >>> check_carriers([[1], [0]], 2).shape
    (2, 1)
    """
    matrix = np.asarray(features, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != n:
        raise MethodError(f"features: have shape {matrix.shape} beside {n} subjects; give one row for each subject.")
    if not ((matrix == 0) | (matrix == 1) | np.isnan(matrix)).all():
        raise MethodError("features: only 0, 1 and NaN can stand in them; cut other features at a value first.")
    return matrix


def known_patterns(matrix: Floats) -> Iterator[Pattern]:
    """
    Group the features by the subjects in whom they are known.

    Parameters
    ----------
    matrix : ndarray of float, shape (n_subjects, n_features)
        From `check_carriers`.

    Yields
    ------
    Pattern
        Subjects, and the features that are known in them and in nobody else.

    Examples
    --------
    >>> [(p.rows.tolist(), p.columns.tolist()) for p in known_patterns(np.array([[1.0, np.nan], [0.0, 1.0]]))]
    [([1], [1]), ([0, 1], [0])]
    """
    known = ~np.isnan(matrix)
    if known.all():
        yield Pattern(np.arange(matrix.shape[0]), np.arange(matrix.shape[1]))
        return
    packed, which = np.unique(np.packbits(known, axis=0), axis=1, return_inverse=True)
    for code in range(packed.shape[1]):
        columns = np.flatnonzero(which.ravel() == code)
        yield Pattern(np.flatnonzero(known[:, columns[0]]), columns)
