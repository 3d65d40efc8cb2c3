"""One linear model per feature, all fitted at once, with the missing values of each feature left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError

__all__ = ["LinearFits", "check_matrix", "fit_linear", "paired_design"]

Floats = NDArray[np.float64]

_ALIASED: Final = 1e-7
"""A column of which less than this is left beside those before it cannot be estimated, as R's ``lm.fit`` has it."""
_BLOCK: Final = 4_000_000
"""Numbers in one array of a batch."""


@dataclass(frozen=True)
class LinearFits:
    """
    Estimates of one linear model per feature.

    Attributes
    ----------
    coefficients, unscaled_sd : numpy.ndarray, shape (n_features, n_coefficients)
        Estimates, and their standard deviation for a residual variance of 1; NaN where they cannot be estimated.
    variance : numpy.ndarray, shape (n_features,)
        Residual variance; NaN without residual degrees of freedom.
    df : numpy.ndarray, shape (n_features,)
        Residual degrees of freedom.
    mean : numpy.ndarray, shape (n_features,)
        Mean of the known values.
    n : numpy.ndarray of int, shape (n_features,)
        Known values.
    """

    coefficients: Floats
    unscaled_sd: Floats
    variance: Floats
    df: Floats
    mean: Floats
    n: NDArray[np.int64]


def check_matrix(values: ArrayLike, *, name: str = "values") -> Floats:
    """
    Check a matrix of samples by features.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        NaN is missing.
    name : str
        For the message.

    Returns
    -------
    numpy.ndarray
        The same as floats.

    Raises
    ------
    MethodError
        If it has not two dimensions, is empty, or holds infinite values.
    """
    try:
        matrix = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise MethodError(f"{name}: hold values that are not numbers.") from None
    if matrix.ndim != 2 or not matrix.size:
        raise MethodError(f"{name}: one row per sample and one column per feature are needed; found {matrix.shape}.")
    if np.isinf(matrix).any():
        row, column = np.argwhere(np.isinf(matrix))[0]
        raise MethodError(f"{name}: infinite, the first in sample {row}, feature {column}; set it to missing.")
    return matrix


def fit_linear(
    values: ArrayLike, design: ArrayLike, *, block: Sequence[object] | None = None, correlation: float = 0.0
) -> LinearFits:
    """
    Fit one linear model per feature.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        Measurements on a scale on which they are symmetric, such as log2; NaN is missing.
    design : array_like, shape (n_samples, n_coefficients)
        Design matrix without missing values.
    block : sequence, shape (n_samples,), optional
        What samples belong together, such as the patient, where they are correlated.
    correlation : float, default 0
        Of two samples of one block.

    Returns
    -------
    LinearFits
        A coefficient that the known values of a feature do not determine is NaN, and the others are fitted without it.

    Raises
    ------
    MethodError
        If the shapes do not fit, or the correlation is impossible.

    Examples
    --------
    >>> fits = fit_linear([[1.0, 2.0], [2.0, 5.0], [6.0, np.nan]], np.ones((3, 1)))
    >>> fits.coefficients[:, 0].round(9).tolist(), fits.variance.round(9).tolist(), fits.df.tolist()
    ([3.0, 3.5], [7.0, 4.5], [2.0, 1.0])
    """
    matrix, x = check_matrix(values), np.asarray(design, dtype=np.float64)
    if x.ndim != 2 or x.shape[0] != matrix.shape[0] or not x.shape[1] or not np.isfinite(x).all():
        raise MethodError(f"design: shape {x.shape} beside {matrix.shape[0]} samples; give one complete row for each.")
    known = ~np.isnan(matrix)
    patterns, which = _patterns(known)
    bases = _Bases.of(x, patterns, block, correlation)
    coefficients = np.full((matrix.shape[1], x.shape[1]), np.nan)
    unscaled, variance = np.full_like(coefficients, np.nan), np.full(matrix.shape[1], np.nan)
    df = np.zeros(matrix.shape[1])
    width = max(_BLOCK // x.size, 1)
    for low in range(0, matrix.shape[1], width):
        part = slice(low, low + width)
        found = bases.solve(np.where(known[:, part], matrix[:, part], 0.0), which[part])
        coefficients[part], unscaled[part], variance[part], df[part] = found
    n = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, matrix, 0.0).sum(axis=0) / n
    return LinearFits(coefficients, unscaled, variance, df, mean, n.astype(np.int64))


def _patterns(known: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Distinct columns, and which of them each column is."""
    if known.all():
        return known[:, :1], np.zeros(known.shape[1], dtype=np.intp)
    packed = np.ascontiguousarray(np.packbits(known, axis=0).T)
    codes = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    return known[:, first], np.ravel(which)


@dataclass(frozen=True)
class _Bases:
    """Orthonormal bases of the design, one for each pattern of missing values."""

    q: Floats  # (n_patterns, n_samples, n_coefficients), 0 where missing or aliased
    r_inverse: Floats  # (n_patterns, n_coefficients, n_coefficients)
    is_aliased: NDArray[np.bool_]  # (n_patterns, n_coefficients)
    whitening: Floats | None  # (n_patterns, n_samples, n_samples)
    n: NDArray[np.int64]  # (n_patterns,)

    @classmethod
    def of(cls, x: Floats, patterns: NDArray[np.bool_], block: Sequence[object] | None, correlation: float) -> _Bases:
        """Orthogonalise column by column, so that an aliased column is the later one, as in R."""
        kept = patterns.T.astype(np.float64)
        whitening = None if block is None or correlation == 0 else _whitening(block, correlation, patterns)
        columns = kept[:, :, None] * x
        if whitening is not None:
            columns = whitening @ columns
        n_patterns, _, p = columns.shape
        q, r = np.zeros_like(columns), np.zeros((n_patterns, p, p))
        is_aliased = np.zeros((n_patterns, p), dtype=np.bool_)
        for j in range(p):
            rest = columns[:, :, j].copy()
            size = np.linalg.norm(rest, axis=1)
            for _ in range(2):  # twice is enough for full precision
                projection = np.einsum("kni,kn->ki", q[:, :, :j], rest)
                rest -= np.einsum("kni,ki->kn", q[:, :, :j], projection)
                r[:, :j, j] += projection
            left = np.linalg.norm(rest, axis=1)
            is_aliased[:, j] = left <= _ALIASED * size
            scale = np.where(is_aliased[:, j], 1.0, left)
            q[:, :, j] = np.where(is_aliased[:, j, None], 0.0, rest / scale[:, None])
            r[:, j, j] = scale
            r[:, :j, j] = np.where(is_aliased[:, j, None], 0.0, r[:, :j, j])
        return cls(q, np.asarray(np.linalg.inv(r), dtype=np.float64), is_aliased, whitening, patterns.sum(axis=0))

    def solve(self, y: Floats, which: NDArray[np.intp]) -> tuple[Floats, Floats, Floats, Floats]:
        """Coefficients, their unscaled deviations, residual variances and degrees of freedom of some features."""
        if self.n.size == 1:
            y = y if self.whitening is None else self.whitening[0] @ y
            effects = (self.q[0].T @ y).T
            rest = y - self.q[0] @ effects.T
        else:
            if self.whitening is not None:
                y = np.einsum("knm,mk->nk", self.whitening[which], y)
            effects = np.einsum("kni,nk->ki", self.q[which], y)
            rest = y - np.einsum("kni,ki->nk", self.q[which], effects)
        inverse, lost = self.r_inverse[which], self.is_aliased[which]
        coefficients = np.where(lost, np.nan, np.einsum("kij,kj->ki", inverse, effects))
        weights = np.where(lost[:, None, :], 0.0, inverse)
        unscaled = np.where(lost, np.nan, np.sqrt((weights**2).sum(axis=2)))
        df = np.asarray(self.n[which] - (~lost).sum(axis=1), dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = np.where(df > 0, (rest**2).sum(axis=0) / df, np.nan)
        return coefficients, unscaled, variance, np.maximum(df, 0.0)


def _whitening(block: Sequence[object], correlation: float, patterns: NDArray[np.bool_]) -> Floats:
    """Symmetric square root of the inverse correlation of the known samples, for each pattern of missing values."""
    _, codes = np.unique(np.asarray([str(item) for item in block]), return_inverse=True)
    if codes.size != patterns.shape[0]:
        raise MethodError(f"block: {codes.size} entries for {patterns.shape[0]} samples.")
    same = (codes[:, None] == codes[None, :]).astype(np.float64)
    largest = int(same.sum(axis=1).max())
    if not -1 / max(largest - 1, 1) < correlation < 1:
        raise MethodError(f"correlation: {correlation} is impossible in blocks of {largest}.")
    known = patterns.T.astype(np.float64)
    members = known @ same  # known samples in the block of each sample
    both = known[:, :, None] * known[:, None, :] * same
    mean = both / np.maximum(members, 1.0)[:, :, None]
    within = 1 / np.sqrt(1 - correlation)
    between = 1 / np.sqrt(1 + (members - 1) * correlation)
    identity = known[:, :, None] * np.eye(codes.size)
    return np.asarray(within * (identity - mean) + between[:, :, None] * mean)


def paired_design(patient: Sequence[object], is_after: ArrayLike) -> Floats:
    """
    Design of pairs: one column per patient, and last the effect.

    Parameters
    ----------
    patient : sequence, shape (n_samples,)
        Whose sample it is.
    is_after : array_like of bool, shape (n_samples,)
        Whether it belongs to the second of the two conditions.

    Returns
    -------
    numpy.ndarray, shape (n_samples, n_patients + 1)
        The last coefficient is the mean difference within patients.

    Examples
    --------
    >>> paired_design(["a", "b", "a", "b"], [0, 0, 1, 1])[:, -1].tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    names = np.asarray([str(item) for item in patient])
    patients = np.unique(names)
    return np.column_stack([names[:, None] == patients[None, :], np.asarray(is_after, dtype=np.float64)]).astype(
        np.float64
    )
