"""Groups and strata: labels in, sorted levels and codes out."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError

__all__ = ["Groups", "check_groups"]


class Groups(NamedTuple):
    """
    Labels as codes.

    Attributes
    ----------
    levels : tuple
        Distinct labels, sorted.
    codes : ndarray of int, shape (n_subjects,)
        Position of each subject's label among the levels.
    """

    levels: tuple[Any, ...]
    codes: NDArray[np.intp]


def check_groups(labels: ArrayLike, n_subjects: int, *, name: str = "group") -> Groups:
    """
    Check labels and turn them into codes.

    Parameters
    ----------
    labels : array_like, shape (n_subjects,)
        Text, numbers or booleans; one kind only, none missing.
    n_subjects : int
        Number of subjects.
    name : str, default "group"
        What the labels are, for messages.

    Returns
    -------
    Groups
        Sorted levels and codes.

    Raises
    ------
    MethodError
        If a label is missing, or there is not one for each subject, or they cannot be sorted.

    Examples
    --------
    >>> check_groups(["b", "a", "b"], 3)
    Groups(levels=('a', 'b'), codes=array([1, 0, 1]))
    """
    values = np.asarray(labels)
    if values.shape != (n_subjects,):
        raise MethodError(f"{name}: {values.size} labels beside {n_subjects} subjects; give one for each subject.")
    missing = _missing(values)
    if missing.any():
        raise MethodError(
            f"{name}: missing for {np.count_nonzero(missing)} of {n_subjects} subjects, the first at index "
            f"{int(np.argmax(missing))}; leave these subjects out, and say so."
        )
    try:
        levels, codes = np.unique(values, return_inverse=True)
    except TypeError as error:
        raise MethodError(f"{name}: labels of several kinds cannot be sorted; make all of them text.") from error
    return Groups(tuple(levels.tolist()), codes)


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Find missing labels; only objects must be looked at one by one."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values), dtype=np.bool_)
    if values.dtype.kind != "O":
        return np.zeros(values.shape, dtype=bool)
    return np.array([v is None or (isinstance(v, float) and math.isnan(v)) for v in values.tolist()], dtype=bool)
