"""A Gaussian kernel density on a grid, to the digits of R's ``density``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed

__all__ = ["Density", "kernel_density"]

Floats = NDArray[np.float64]

_CUT: Final = 3
"""Bandwidths by which the grid reaches beyond the values."""


@dataclass(frozen=True, eq=False)
class Density(Framed):
    """
    A density on a grid.

    Attributes
    ----------
    x : ndarray of float, shape (n_grid,)
        Equally spaced, from three bandwidths below the smallest value to three above the largest.
    y : ndarray of float, shape (n_grid,)
        Density at each.
    bandwidth : float
        Standard deviation of the kernel.
    """

    x: Floats
    y: Floats
    bandwidth: float


def kernel_density(values: ArrayLike, *, n_grid: int = 512) -> Density:
    """
    Estimate a density with a Gaussian kernel and Silverman's rule.

    The values are spread linearly over a grid of twice the size, which is smoothed by a Fourier transform; memory and time do
    not grow with the number of values beyond one pass.

    Parameters
    ----------
    values : array_like, shape (n_values,)
        At least two, none missing.
    n_grid : int, default 512
        Grid points, a power of two.

    Returns
    -------
    Density
        As R's ``density(x)`` before version 4.4, whose grid is not rescaled.

    Raises
    ------
    MethodError
        If there are fewer than two values, or one is missing.

    References
    ----------
    .. [1] Silverman BW (1986), Density Estimation, equation 3.31 and section 3.5.

    Examples
    --------
    >>> density = kernel_density([1.0, 2.0, 4.0])
    >>> round(density.bandwidth, 6), density.x.size
    (0.808732, 512)
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size < 2 or not np.isfinite(x).all():
        raise MethodError("density: give at least two values, none missing.")
    bandwidth = _silverman(x)
    low, high = x.min() - (_CUT + 4) * bandwidth, x.max() + (_CUT + 4) * bandwidth
    place = (x - low) / ((high - low) / (n_grid - 1))
    left = np.floor(place).astype(np.int64)
    right_share = place - left
    mass = np.bincount(left, 1 - right_share, 2 * n_grid) + np.bincount(left + 1, right_share, 2 * n_grid)
    lag = np.linspace(0, 2 * (high - low), 2 * n_grid)
    lag[n_grid + 1 :] = -lag[n_grid - 1 : 0 : -1]
    kernel = np.exp(-0.5 * (lag / bandwidth) ** 2) / (bandwidth * np.sqrt(2 * np.pi))
    smooth = np.fft.ifft(np.fft.fft(mass / x.size) * np.conj(np.fft.fft(kernel))).real[:n_grid]
    grid = np.linspace(x.min() - _CUT * bandwidth, x.max() + _CUT * bandwidth, n_grid)
    return Density(grid, np.interp(grid, np.linspace(low, high, n_grid), np.maximum(smooth, 0.0)), bandwidth)


def _silverman(x: Floats) -> float:
    """R's ``bw.nrd0``, with its fallbacks where half of the values are equal."""
    spread = float(np.std(x, ddof=1))
    quartiles = np.quantile(x, [0.25, 0.75])
    low = min(spread, float(quartiles[1] - quartiles[0]) / 1.34)
    return float(0.9 * (low or spread or abs(float(x[0])) or 1.0) * x.size**-0.2)
