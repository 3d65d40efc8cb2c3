"""Principal components of samples, and samples that stand apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.stats.omics.linear_fits import check_matrix

__all__ = ["Components", "Outliers", "find_outliers", "principal_components"]

Floats = NDArray[np.float64]

_MAD: Final = 1.4826
"""Makes the median absolute deviation the standard deviation of normal values."""


@dataclass(frozen=True)
class Components:
    """
    Principal components.

    Attributes
    ----------
    scores : numpy.ndarray, shape (n_samples, n_components)
        Of the samples; the sign of each component makes its largest loading positive.
    explained : numpy.ndarray, shape (n_components,)
        Part of the variance.
    loadings : numpy.ndarray, shape (n_components, n_used)
        Of the features used, each of length 1.
    used : numpy.ndarray of int, shape (n_used,)
        Features that took part: those that vary and are known in half of the samples.
    n_filled : int
        Missing values that were replaced by the mean of their feature.
    """

    scores: Floats
    explained: Floats
    loadings: Floats
    used: NDArray[np.int64]
    n_filled: int


@dataclass(frozen=True)
class Outliers:
    """
    Samples that stand apart.

    Attributes
    ----------
    distance : numpy.ndarray, shape (n_samples,)
        Distance from the middle of the first components, in robust standard deviations.
    median, spread : numpy.ndarray, shape (n_samples,)
        Median and interquartile range over the features, as robust standard deviations from those of all samples.
    is_outlier : numpy.ndarray of bool, shape (n_samples,)
        Whether one of them is beyond the limit.
    limit : float
        In robust standard deviations.
    """

    distance: Floats
    median: Floats
    spread: Floats
    is_outlier: NDArray[np.bool_]
    limit: float


def principal_components(values: ArrayLike, *, n_components: int = 5, is_scaled: bool = False) -> Components:
    """
    Principal components of the samples.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        On a logarithmic scale; NaN is replaced by the mean of its feature.
    n_components : int, default 5
        At most; never more than samples less one.
    is_scaled : bool, default False
        Whether every feature gets variance 1 first.

    Returns
    -------
    Components
        By singular values of the centred matrix.

    Raises
    ------
    MethodError
        With fewer than two samples or no feature that varies.

    Examples
    --------
    >>> found = principal_components([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    >>> found.explained.round(6).tolist(), found.scores[:, 0].round(4).tolist()
    ([1.0], [-1.4142, 0.0, 1.4142])
    """
    matrix = check_matrix(values)
    known = ~np.isnan(matrix)
    enough = known.sum(axis=0) >= max(2, matrix.shape[0] / 2)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, matrix, 0.0).sum(axis=0) / known.sum(axis=0)
    rest = np.where(known, matrix - mean, 0.0)
    size = np.sqrt((rest**2).sum(axis=0) / max(matrix.shape[0] - 1, 1))
    varies = size > 1e-12 * np.maximum(np.nan_to_num(np.abs(mean)), 1e-300)
    used = np.flatnonzero(enough & varies)
    if matrix.shape[0] < 2 or not used.size:
        raise MethodError("values: two samples and one feature that varies are needed for components.")
    centred = rest[:, used] / (size[used] if is_scaled else 1.0)
    left, singular, right = np.linalg.svd(centred, full_matrices=False)
    kept = int(min(n_components, matrix.shape[0] - 1, (singular > 1e-10 * singular[0]).sum()))
    sign = np.sign(right[np.arange(kept), np.abs(right[:kept]).argmax(axis=1)])
    scores = left[:, :kept] * singular[:kept] * sign
    explained = singular[:kept] ** 2 / (singular**2).sum()
    return Components(scores, explained, right[:kept] * sign[:, None], used, int((~known[:, used]).sum()))


def find_outliers(values: ArrayLike, components: Components, *, limit: float = 5.0, n_components: int = 2) -> Outliers:
    """
    Find samples that stand apart in their first components, their median or their spread.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        On a logarithmic scale.
    components : Components
        Of the same values.
    limit : float, default 5
        Robust standard deviations.
    n_components : int, default 2
        Components that count.

    Returns
    -------
    Outliers
        With fewer than five samples nothing is called an outlier.

    Raises
    ------
    MethodError
        If the components are of other samples.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> values = rng.normal(size=(20, 100))
    >>> values[4] += 6
    >>> np.flatnonzero(find_outliers(values, principal_components(values)).is_outlier).tolist()
    [4]
    """
    matrix = check_matrix(values)
    if components.scores.shape[0] != matrix.shape[0]:
        raise MethodError(f"components: of {components.scores.shape[0]} samples, not of {matrix.shape[0]}.")
    away = np.column_stack([_robust_z(column) for column in components.scores[:, :n_components].T])
    distance = np.sqrt((away**2).sum(axis=1))
    quartiles = np.full((3, matrix.shape[0]), np.nan)
    some = (~np.isnan(matrix)).any(axis=1)
    quartiles[:, some] = np.nanquantile(matrix[some], [0.25, 0.5, 0.75], axis=1)
    median, spread = _robust_z(quartiles[1]), _robust_z(quartiles[2] - quartiles[0])
    beyond = (distance > limit) | (np.abs(median) > limit) | (np.abs(spread) > limit)
    return Outliers(distance, median, spread, beyond & (matrix.shape[0] >= 5), limit)


def _robust_z(values: Floats) -> Floats:
    """Distance from the median in scaled median absolute deviations."""
    away = values - np.nanmedian(values)
    scale = _MAD * float(np.nanmedian(np.abs(away)))
    return np.asarray(away / scale if scale > 0 else np.zeros_like(away))
