"""Fit of mutational signatures to a catalogue: non-negative least squares with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.times import check_level

__all__ = ["SignatureFit", "fit_signatures"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SignatureFit(Framed):
    """
    Signatures in one catalogue.

    Attributes
    ----------
    names : tuple of str
        Signatures.
    mutations : ndarray of float, shape (n_signatures,)
        Mutations that each accounts for; together as many as the catalogue has.
    low, high : ndarray of float, shape (n_signatures,)
        Percentile interval of the bootstrap; NaN without mutations.
    n_mutations : int
        Mutations of the catalogue.
    cosine : float
        Cosine of the catalogue and what was fitted: 1 is a perfect fit; NaN without mutations.
    level : float
        Two-sided coverage.
    """

    names: tuple[str, ...]
    mutations: Floats
    low: Floats
    high: Floats
    n_mutations: int
    cosine: float
    level: float


def fit_signatures(
    catalogue: ArrayLike,
    signatures: ArrayLike,
    *,
    names: Sequence[str],
    resamples: int = 1000,
    level: float = 0.95,
    seed: int,
) -> SignatureFit:
    """
    Tell how many mutations of a tumour each signature accounts for.

    Parameters
    ----------
    catalogue : array_like of int, shape (n_channels,)
        Mutations in each channel.
    signatures : array_like of float, shape (n_channels, n_signatures)
        Share of each channel in each signature; columns are scaled to sum to 1.
    names : sequence of str
        Names of the signatures.
    resamples : int, default 1000
        Bootstrap samples: as many mutations, drawn again from the channels as seen.
    level : float, default 0.95
        Two-sided coverage.
    seed : int
        Seed; the same seed gives the same intervals.

    Returns
    -------
    SignatureFit
        Exposures are scaled so that they sum to the number of mutations.

    Raises
    ------
    MethodError
        For shapes that do not fit, negative values, or a signature without any share.

    References
    ----------
    .. [1] Lawson CL, Hanson RJ (1974), Solving Least Squares Problems, Prentice-Hall, chapter 23.
    .. [2] Huang X, Wojtowicz D, Przytycka TM (2018), Bioinformatics 34(2):330-337, the bootstrap.

    Examples
    --------
    >>> fit = fit_signatures([6, 2, 0], [[0.5, 0.0], [0.5, 0.5], [0.0, 0.5]], names=["A", "B"], resamples=50, seed=1)
    >>> fit.n_mutations, round(float(fit.mutations.sum()), 9)
    (8, 8.0)
    """
    counts, shares = _check(catalogue, signatures, names)
    check_level(level)
    total = int(counts.sum())
    if not total:
        none = np.full(len(names), nan)
        return SignatureFit(tuple(names), np.zeros(len(names)), none, none.copy(), 0, nan, level)
    mutations = _fit(shares, counts)
    drawn = np.random.default_rng(seed).multinomial(total, counts / total, size=resamples)
    again = np.array([_fit(shares, one.astype(np.float64)) for one in drawn])
    low, high = np.quantile(again, [(1 - level) / 2, (1 + level) / 2], axis=0)
    made = shares @ mutations
    norm = float(np.linalg.norm(made) * np.linalg.norm(counts))
    cosine = float(made @ counts) / norm if norm else 0.0
    return SignatureFit(tuple(names), mutations, low, high, total, cosine, level)


def _check(catalogue: ArrayLike, signatures: ArrayLike, names: Sequence[str]) -> tuple[Floats, Floats]:
    counts, shares = np.asarray(catalogue, dtype=np.float64), np.asarray(signatures, dtype=np.float64)
    problems = []
    if counts.ndim != 1 or shares.ndim != 2 or shares.shape != (counts.size, len(names)):
        problems.append(
            f"signatures: have shape {shares.shape} beside {counts.size} channels and {len(names)} names; give one row for "
            "each channel and one column for each signature."
        )
    elif not (np.isfinite(shares).all() and np.isfinite(counts).all()) or shares.min() < 0 or counts.min() < 0:
        problems.append("catalogue, signatures: negative or missing values; both hold counts or shares.")
    elif not shares.sum(axis=0).all():
        empty = [name for name, total in zip(names, shares.sum(axis=0), strict=True) if not total]
        problems.append(f"signatures: {', '.join(empty)} have no share in any channel.")
    if problems:
        raise MethodError(*problems)
    return counts, shares / shares.sum(axis=0)


def _fit(shares: Floats, counts: Floats) -> Floats:
    found = nnls(shares, counts)[0]
    total = found.sum()
    return np.asarray(found * (counts.sum() / total) if total else found)
