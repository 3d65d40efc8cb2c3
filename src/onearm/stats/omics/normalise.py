"""Bring samples onto one scale: probabilistic quotients, plates and bridges, batches and drift by QC samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.stats.omics.linear_fits import check_matrix

__all__ = ["bridge", "correct_batches", "correct_drift", "median_centre_plates", "quotient_normalise"]

Floats = NDArray[np.float64]

_FEWEST_QC: Final = 4
"""QC samples of a batch from which drift is a curve; below it is a level."""


def _medians(values: Floats) -> Floats:
    """Median of each column; NaN where there is no value."""
    result = np.full(values.shape[1], np.nan)
    some = (~np.isnan(values)).any(axis=0)
    if some.any():
        result[some] = np.nanmedian(values[:, some], axis=0)
    return result


def _flags(flags: ArrayLike, n: int, *, name: str) -> NDArray[np.bool_]:
    found = np.asarray(flags, dtype=np.bool_)
    if found.shape != (n,):
        raise MethodError(f"{name}: one entry for each of {n} samples is needed; found shape {found.shape}.")
    return found


def _codes(labels: Sequence[object], n: int, *, name: str) -> tuple[list[str], NDArray[np.intp]]:
    text = [str(item) for item in labels]
    if len(text) != n:
        raise MethodError(f"{name}: {len(text)} entries for {n} samples.")
    names, codes = np.unique(np.asarray(text), return_inverse=True)
    return names.tolist(), np.ravel(codes)


def quotient_normalise(values: ArrayLike, *, is_reference: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """
    Probabilistic quotient normalisation: divide each sample by its median quotient against a reference.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        Intensities on the original scale; NaN and zeros take no part in the quotients.
    is_reference : array_like of bool, shape (n_samples,), optional
        Samples whose feature-wise median is the reference, such as the pooled QC; all where left out.

    Returns
    -------
    tuple of numpy.ndarray
        The normalised intensities, and the factor by which each sample was divided.

    Raises
    ------
    MethodError
        If a sample shares no positive feature with the reference.

    References
    ----------
    .. [1] Dieterle F, Ross A, Schlotterbeck G, Senn H (2006), Anal Chem 78(13):4281-4290.

    Examples
    --------
    >>> normalised, factors = quotient_normalise([[1.0, 2.0, 4.0], [2.0, 4.0, 8.0], [1.0, 2.0, 40.0]])
    >>> normalised.tolist(), factors.tolist()
    ([[1.0, 2.0, 4.0], [1.0, 2.0, 4.0], [1.0, 2.0, 40.0]], [1.0, 2.0, 1.0])
    """
    matrix = check_matrix(values)
    chosen = np.ones(matrix.shape[0], dtype=np.bool_)
    if is_reference is not None:
        chosen = _flags(is_reference, matrix.shape[0], name="is_reference")
    reference = _medians(matrix[chosen])
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.where((matrix > 0) & (reference > 0), matrix / reference, np.nan)
    factor = _medians(quotient.T)
    if np.isnan(factor).any():
        lost = int(np.flatnonzero(np.isnan(factor))[0])
        raise MethodError(f"values: sample {lost} shares no positive feature with the reference.")
    return matrix / factor[:, None], factor


def median_centre_plates(values: ArrayLike, plate: Sequence[object]) -> Floats:
    """
    Take the differences between the medians of plates out of every feature.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        Logarithmic values such as NPX; NaN is left out.
    plate : sequence, shape (n_samples,)
        Plate of each sample. Samples must have been placed at random: what differs between patients of two plates goes too.

    Returns
    -------
    numpy.ndarray, shape (n_samples, n_features)
        Each plate shifted to the median of all samples; Olink calls it intensity normalisation.

    Raises
    ------
    MethodError
        If the lengths differ.

    Examples
    --------
    >>> median_centre_plates([[1.0], [2.0], [5.0], [6.0]], ["p1", "p1", "p2", "p2"]).ravel().tolist()
    [3.0, 4.0, 3.0, 4.0]
    """
    matrix = check_matrix(values).copy()
    names, codes = _codes(plate, matrix.shape[0], name="plate")
    overall = _medians(matrix)
    for code in range(len(names)):
        rows = codes == code
        matrix[rows] += overall - _medians(matrix[rows])
    return matrix


def bridge(
    values: ArrayLike, batch: Sequence[object], sample: Sequence[object], *, reference: object
) -> tuple[Floats, NDArray[np.int64]]:
    """
    Join batches by samples that were measured in both.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        Logarithmic values such as NPX; NaN is left out.
    batch : sequence, shape (n_samples,)
        Batch of each row.
    sample : sequence, shape (n_samples,)
        Which sample it is; a bridge has a row in the reference batch and one in another.
    reference : object
        The batch that stays as it is.

    Returns
    -------
    tuple of numpy.ndarray
        Values with the median difference of the bridges taken off, feature by feature, and for each row the number of bridges
        of its batch.

    Raises
    ------
    MethodError
        If a batch has no bridge to the reference; Olink advises 8 to 16.

    Examples
    --------
    >>> joined, n = bridge([[1.0], [2.0], [4.0], [5.5], [9.0]], [1, 1, 2, 2, 2], ["a", "b", "a", "b", "c"], reference=1)
    >>> joined.ravel().tolist(), n.tolist()
    ([1.0, 2.0, 0.75, 2.25, 5.75], [0, 0, 2, 2, 2])
    """
    matrix = check_matrix(values).copy()
    names, codes = _codes(batch, matrix.shape[0], name="batch")
    if str(reference) not in names:
        raise MethodError(f"reference: '{reference}' is no batch. Known: {', '.join(names)}.")
    who = np.asarray([str(item) for item in sample])
    home = codes == names.index(str(reference))
    place = {name: i for i, name in zip(np.flatnonzero(home), who[home], strict=True)}
    number, problems = np.zeros(matrix.shape[0], dtype=np.int64), []
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code)
        if name == str(reference):
            continue
        pairs = [(row, place[who[row]]) for row in rows if who[row] in place]
        number[rows] = len(pairs)
        if not pairs:
            problems.append(f"batch '{name}': no sample of it was also measured in the reference batch '{reference}'.")
            continue
        away, at_home = (np.array(side) for side in zip(*pairs, strict=True))
        shift = _medians(matrix[away] - matrix[at_home])
        matrix[rows] -= np.where(np.isnan(shift), 0.0, shift)
    if problems:
        raise MethodError(*problems)
    return matrix, number


def correct_batches(values: ArrayLike, batch: Sequence[object], is_qc: ArrayLike) -> Floats:
    """
    Shift each batch so that its QC samples agree with those of all batches.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        Logarithms of intensities; NaN is left out.
    batch : sequence, shape (n_samples,)
        Batch of each sample.
    is_qc : array_like of bool, shape (n_samples,)
        Pooled QC samples.

    Returns
    -------
    numpy.ndarray, shape (n_samples, n_features)
        A feature that no QC sample of a batch has is missing in that batch: it cannot be compared.

    Raises
    ------
    MethodError
        If a batch has no QC sample.

    Examples
    --------
    >>> correct_batches([[1.0], [2.0], [4.0], [6.0]], [1, 1, 2, 2], [1, 0, 1, 0]).ravel().tolist()
    [2.5, 3.5, 2.5, 4.5]
    """
    matrix = check_matrix(values).copy()
    qc = _flags(is_qc, matrix.shape[0], name="is_qc")
    names, codes = _codes(batch, matrix.shape[0], name="batch")
    if lost := [name for code, name in enumerate(names) if not (qc & (codes == code)).any()]:
        raise MethodError(*(f"batch '{name}': has no QC sample; it cannot be joined to the others." for name in lost))
    levels = np.array([_medians(matrix[qc & (codes == code)]) for code in range(len(names))])
    overall = _medians(levels)
    return np.asarray(matrix - levels[codes] + overall)


def correct_drift(values: ArrayLike, order: ArrayLike, batch: Sequence[object], is_qc: ArrayLike) -> Floats:
    """
    Take the drift of the instrument within each batch off, as its QC samples show it, then join the batches.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        Logarithms of intensities; NaN is left out.
    order : array_like, shape (n_samples,)
        Order of injection.
    batch : sequence, shape (n_samples,)
        Batch of each sample.
    is_qc : array_like of bool, shape (n_samples,)
        Pooled QC samples.

    Returns
    -------
    numpy.ndarray, shape (n_samples, n_features)
        A parabola through the QC samples of a batch is taken off, a straight line where a feature is known in fewer than six,
        a level in fewer than four. Beyond the first and last QC sample the drift stays as it is there.

    Raises
    ------
    MethodError
        If a batch has no QC sample, or the lengths differ.

    References
    ----------
    .. [1] Broadhurst D et al. (2018), Metabolomics 14:72.

    Examples
    --------
    >>> order = np.arange(9)
    >>> drift = 10 + 0.1 * order
    >>> fixed = correct_drift(drift[:, None], order, [1] * 9, [1, 0, 1, 0, 1, 0, 1, 0, 1])
    >>> bool(np.ptp(fixed) < 1e-9)
    True
    """
    matrix = check_matrix(values)
    qc = _flags(is_qc, matrix.shape[0], name="is_qc")
    names, codes = _codes(batch, matrix.shape[0], name="batch")
    place = np.asarray(order, dtype=np.float64)
    if place.shape != (matrix.shape[0],) or np.isnan(place).any():
        raise MethodError(f"order: one number for each of {matrix.shape[0]} samples is needed.")
    steady = matrix.copy()
    for code in range(len(names)):
        rows = np.flatnonzero(codes == code)
        own = qc[rows]
        if own.sum() >= _FEWEST_QC:
            inside = np.clip(place[rows], place[rows][own].min(), place[rows][own].max())
            steady[rows] -= _drift(matrix[rows], inside, own)
    return correct_batches(steady, batch, is_qc)


def _drift(values: Floats, place: Floats, qc: NDArray[np.bool_]) -> Floats:
    """Curve through the QC samples of one batch, less its mean over them, for each feature."""
    u = (place - place.mean()) / max(float(np.ptp(place)), 1e-12)
    powers = np.column_stack([np.ones_like(u), u, u**2])
    known = ~np.isnan(values[qc])
    drift = np.zeros_like(values)
    for n in np.unique(known.sum(axis=0)):
        terms = 3 if n >= 6 else 2 if n >= _FEWEST_QC else 1
        columns = np.flatnonzero(known.sum(axis=0) == n)
        if terms == 1:
            continue
        for pattern in np.unique(known[:, columns], axis=1).T:
            same = columns[(known[:, columns] == pattern[:, None]).all(axis=0)]
            x = powers[qc][pattern][:, :terms]
            fit = np.linalg.lstsq(x, values[qc][pattern][:, same], rcond=None)[0]
            curve = powers[:, :terms] @ fit
            drift[:, same] = curve - curve[qc][pattern].mean(axis=0)
    return drift
