"""Strata: any labels, numbered."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError

__all__ = ["stratum_codes"]


def stratum_codes(strata: ArrayLike | None, n: int) -> tuple[NDArray[np.intp] | None, list[str]]:
    """
    Number the strata.

    Parameters
    ----------
    strata : array_like, shape (n_subjects,), or None
        Stratum of each subject, text or numbers.
    n : int
        Number of subjects.

    Returns
    -------
    codes : ndarray of int, shape (n_subjects,), or None
        Number of the stratum of each subject; None without strata.
    labels : list of str
        Name of each stratum.

    Raises
    ------
    MethodError
        If the length differs or a stratum is missing.

    Examples
    --------
    >>> stratum_codes(["b", "a", "b"], 3)
    (array([1, 0, 1]), ['a', 'b'])
    """
    if strata is None:
        return None, []
    raw = np.asarray(strata)
    if raw.shape != (n,):
        raise MethodError(f"strata: {raw.size} values beside {n} times; give one for each subject.")
    if raw.dtype == object:
        missing = np.array([value is None or (isinstance(value, float) and np.isnan(value)) for value in raw])
    else:
        missing = np.isnan(raw) if raw.dtype.kind == "f" else np.zeros(n, dtype=bool)
    if missing.any():
        raise MethodError(
            f"strata: {int(missing.sum())} missing, the first at index {int(np.argmax(missing))}; "
            "leave the subject out or give it a stratum of its own."
        )
    if raw.dtype == object:
        raw = raw.astype(str)
    labels, codes = np.unique(raw, return_inverse=True)
    return codes.astype(np.intp), [str(label) for label in labels]
