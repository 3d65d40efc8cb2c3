"""Which features are measured well enough to be analysed: counts, limits of detection, QC samples, blanks."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.stats.omics.linear_fits import check_matrix

__all__ = ["above_blank", "detection_rate", "enough_counts", "relative_spread"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_TOLERANCE: Final = 1e-14


def _rows(flags: ArrayLike, n: int, *, name: str) -> Flags:
    found = np.asarray(flags, dtype=np.bool_)
    if found.shape != (n,) or not found.any():
        raise MethodError(f"{name}: at least one of {n} samples must be marked; found {int(found.sum())}.")
    return found


def enough_counts(
    counts: ArrayLike, group: ArrayLike | None = None, *, least: float = 10.0, least_total: float = 15.0
) -> Flags:
    """
    Features with enough counts in enough samples.

    Parameters
    ----------
    counts : array_like, shape (n_samples, n_features)
        Counts without missing values.
    group : array_like, shape (n_samples,), optional
        Group of each sample; enough samples are those of the smallest group (0.7 of what it has beyond ten).
    least : float, default 10
        Counts in a library of median size.
    least_total : float, default 15
        Counts in all samples together.

    Returns
    -------
    numpy.ndarray of bool, shape (n_features,)
        As edgeR's ``filterByExpr`` with its defaults.

    Raises
    ------
    MethodError
        If a sample has no count at all.

    References
    ----------
    .. [1] Chen Y, Lun ATL, Smyth GK (2016), F1000Research 5:1438.

    Examples
    --------
    >>> enough_counts([[0, 50], [1, 70], [0, 40]], [1, 1, 2]).tolist()
    [False, True]
    """
    matrix = check_matrix(counts, name="counts")
    library = matrix.sum(axis=1)
    if not (library > 0).all():
        raise MethodError(f"counts: sample {int(np.flatnonzero(~(library > 0))[0])} has no counts.")
    labels = np.zeros(matrix.shape[0]) if group is None else np.asarray(group)
    smallest = float(np.unique(labels, return_counts=True)[1].min())
    if smallest > 10:
        smallest = 10 + (smallest - 10) * 0.7
    cutoff = least / float(np.median(library)) * 1e6
    enough = (matrix / library[:, None] * 1e6 >= cutoff).sum(axis=0)
    return np.asarray((enough >= smallest - _TOLERANCE) & (matrix.sum(axis=0) >= least_total - _TOLERANCE))


def detection_rate(values: ArrayLike, limit: ArrayLike | None = None) -> Floats:
    """
    Part of the samples in which each feature was detected.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        NaN was not detected.
    limit : array_like, optional
        Limit of detection, for each feature or for each sample and feature; values above it are detected. A feature whose limit
        is missing has a missing rate.

    Returns
    -------
    numpy.ndarray, shape (n_features,)
        From 0 to 1.

    Raises
    ------
    MethodError
        If the shapes do not fit.

    Examples
    --------
    >>> detection_rate([[1.0, np.nan], [3.0, 2.0]], [2.0, 1.0]).tolist()
    [0.5, 0.5]
    """
    matrix = check_matrix(values)
    if limit is None:
        return np.asarray((~np.isnan(matrix)).mean(axis=0))
    bound = np.asarray(limit, dtype=np.float64)
    if bound.shape not in (matrix.shape, matrix.shape[1:]):
        raise MethodError(f"limit: shape {bound.shape} does not fit {matrix.shape}.")
    bound = np.broadcast_to(bound, matrix.shape)
    known = ~np.isnan(bound)
    with np.errstate(invalid="ignore"):
        above = (matrix > bound).sum(axis=0) / known.sum(axis=0)
    return np.asarray(np.where(known.any(axis=0), above, np.nan))


def relative_spread(values: ArrayLike, is_qc: ArrayLike) -> Floats:
    """
    Relative standard deviation of each feature over the QC samples.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        Intensities on the original scale; NaN is left out.
    is_qc : array_like of bool, shape (n_samples,)
        Pooled QC samples.

    Returns
    -------
    numpy.ndarray, shape (n_features,)
        As a fraction; 0.3 is a common limit. NaN with fewer than two known values or a mean that is not positive.

    Raises
    ------
    MethodError
        If no sample is a QC sample.

    References
    ----------
    .. [1] Broadhurst D et al. (2018), Metabolomics 14:72.

    Examples
    --------
    >>> relative_spread([[8.0], [12.0], [90.0]], [1, 1, 0]).round(4).tolist()
    [0.2828]
    """
    matrix = check_matrix(values)
    part = matrix[_rows(is_qc, matrix.shape[0], name="is_qc")]
    known = ~np.isnan(part)
    n = known.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, part, 0.0).sum(axis=0) / n
        variance = np.where(known, (part - mean) ** 2, 0.0).sum(axis=0) / (n - 1)
        return np.asarray(np.where((n > 1) & (mean > 0), np.sqrt(variance) / mean, np.nan))


def above_blank(values: ArrayLike, is_blank: ArrayLike, is_sample: ArrayLike, *, ratio: float = 3.0) -> Flags:
    """
    Features whose level in samples is well above that in blanks.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        Intensities on the original scale; NaN is no signal.
    is_blank, is_sample : array_like of bool, shape (n_samples,)
        Blanks, and what they are compared with.
    ratio : float, default 3
        How many times as high.

    Returns
    -------
    numpy.ndarray of bool, shape (n_features,)
        By means in blanks, in which no signal is zero, and medians of the signals in samples.

    Raises
    ------
    MethodError
        If there is no blank or no sample.

    Examples
    --------
    >>> above_blank([[1.0, 5.0], [9.0, 6.0], [11.0, 8.0]], [1, 0, 0], [0, 1, 1]).tolist()
    [True, False]
    """
    matrix = check_matrix(values)
    blank = np.nan_to_num(matrix[_rows(is_blank, matrix.shape[0], name="is_blank")]).mean(axis=0)
    part = matrix[_rows(is_sample, matrix.shape[0], name="is_sample")]
    some = (~np.isnan(part)).any(axis=0)
    level = np.zeros(matrix.shape[1])
    if some.any():
        level[some] = np.nanmedian(part[:, some], axis=0)
    return np.asarray((level > 0) & (level >= ratio * blank))
