"""On what scale a matrix of expression is: counts, expected counts, normalised values or logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.stats.omics.linear_fits import check_matrix

__all__ = ["CountScale", "cpm", "judge_scale", "size_factors"]

Floats = NDArray[np.float64]

_WHOLE: Final = 1e-6
_LOG_BELOW: Final = 60.0
"""No logarithm of an expression is larger; the largest of thousands of counts always is."""


@dataclass(frozen=True)
class CountScale:
    """
    What the values are.

    Attributes
    ----------
    kind : str
        ``counts``, ``expected counts`` (RSEM: most are whole), ``normalised``, ``log`` or ``negative``.
    why : str
        One sentence with the numbers it was judged by.
    """

    kind: str
    why: str


def judge_scale(values: ArrayLike) -> CountScale:
    """
    Tell on what scale values are.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        NaN is left out.

    Returns
    -------
    CountScale
        Whole numbers are counts. With fractions among them, values that never exceed 60 are logarithms; otherwise they are the
        expected counts of RSEM where fewer than half of the positive ones are fractions, and normalised values where more are.

    Raises
    ------
    MethodError
        If there is no value.

    Examples
    --------
    >>> judge_scale([[3, 0, 120], [5, 1, 90]]).kind
    'counts'
    >>> judge_scale([[1.7, 0.2, 120.31], [5.2, 1.9, 90.4]]).kind
    'normalised'
    """
    matrix = check_matrix(values)
    known = matrix[~np.isnan(matrix)]
    if not known.size:
        raise MethodError("values: every value is missing.")
    if (known < 0).any():
        number = int((known < 0).sum())
        return CountScale("negative", f"{number} values are negative, as no count is.")
    positive = known[known > 0]
    is_whole = np.abs(positive - np.rint(positive)) < _WHOLE
    share = 1 - float(is_whole.mean()) if positive.size else 0.0
    if share == 0:
        return CountScale("counts", "every value is a whole number.")
    if float(known.max()) < _LOG_BELOW:
        return CountScale(
            "log", f"{share:.0%} of the positive values are fractions and the largest is {known.max():.3g}."
        )
    if share < 0.5:
        return CountScale("expected counts", f"{share:.0%} of the positive values are fractions.")
    return CountScale(
        "normalised",
        f"{share:.0%} of the positive values are fractions, so they are normalised values, such as the batch-normalised "
        "RSEM of TCGA.",
    )


def size_factors(counts: ArrayLike) -> Floats:
    """
    Size factors of samples: median of the ratios to the geometric means of the features.

    Parameters
    ----------
    counts : array_like, shape (n_samples, n_features)
        Counts without missing values.

    Returns
    -------
    numpy.ndarray, shape (n_samples,)
        As DESeq2's ``estimateSizeFactors``.

    Raises
    ------
    MethodError
        If no feature has counts in every sample.

    References
    ----------
    .. [1] Anders S, Huber W (2010), Genome Biol 11:R106.

    Examples
    --------
    >>> size_factors([[10, 20, 30], [20, 40, 60]]).round(6).tolist()
    [0.707107, 1.414214]
    """
    matrix = check_matrix(counts, name="counts")
    everywhere = (matrix > 0).all(axis=0)
    if not everywhere.any():
        raise MethodError("counts: no feature has counts in every sample, so no size factor can be estimated.")
    logs = np.log(matrix[:, everywhere])
    return np.asarray(np.exp(np.median(logs - logs.mean(axis=0), axis=1)))


def cpm(counts: ArrayLike, *, prior: float = 2.0, is_log: bool = True) -> Floats:
    """
    Counts per million of the library.

    Parameters
    ----------
    counts : array_like, shape (n_samples, n_features)
        Counts without missing values.
    prior : float, default 2
        Count that is added before the logarithm is taken, in proportion to the library.
    is_log : bool, default True
        Whether to give log2.

    Returns
    -------
    numpy.ndarray, shape (n_samples, n_features)
        As edgeR's ``cpm`` with its defaults.

    Raises
    ------
    MethodError
        If a sample has no count at all.

    References
    ----------
    .. [1] Robinson MD, McCarthy DJ, Smyth GK (2010), Bioinformatics 26(1):139-140.

    Examples
    --------
    >>> cpm([[1, 3], [2, 2]], is_log=False).tolist()
    [[250000.0, 750000.0], [500000.0, 500000.0]]
    """
    matrix = check_matrix(counts, name="counts")
    library = matrix.sum(axis=1)
    if not (library > 0).all():
        raise MethodError(f"counts: sample {int(np.flatnonzero(~(library > 0))[0])} has no counts.")
    if not is_log:
        return np.asarray(matrix / library[:, None] * 1e6)
    own = prior * library / library.mean()
    return np.asarray(np.log2((matrix + own[:, None]) / (library + 2 * own)[:, None] * 1e6))
