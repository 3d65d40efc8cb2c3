"""Model-based tumour size: one exponential shrinks, another grows (Stein), fitted to every patient at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed

__all__ = ["TumourSizeFit", "fit_tumour_size", "predict_tumour_size"]

Floats = NDArray[np.float64]

_HIGHEST: Final = 10.0
"""Per unit of time; with months, a tumour that doubles or halves every two days."""
_STARTS: Final = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
_LARGEST_EXPONENT: Final = 50.0
_ITERATIONS: Final = 500
_SMALL: Final = 1e-7
_SMALL_GAIN: Final = 1e-10


@dataclass(frozen=True)
class TumourSizeFit(Framed):
    """
    Rates of growth and decay of each series.

    Attributes
    ----------
    growth, decay : numpy.ndarray
        Shape ``(n_series,)``, per unit of time, 0 to 10; NaN where nothing could be fitted.
    residual : numpy.ndarray
        Shape ``(n_series,)``: sum of squared residuals of the relative size.
    n_points : numpy.ndarray of int
        Measurements after the start, at which the curve is 1.
    note : numpy.ndarray of str
        Why there are no rates; empty where there are.
    """

    growth: Floats
    decay: Floats
    residual: Floats
    n_points: NDArray[np.int64]
    note: NDArray[np.str_]


def predict_tumour_size(time: ArrayLike, growth: ArrayLike, decay: ArrayLike) -> Floats:
    """
    Give the relative size at a time.

    Parameters
    ----------
    time, growth, decay : array_like
        Broadcast against each other; the rates per unit of the time.

    Returns
    -------
    numpy.ndarray
        exp(-decay time) + exp(growth time) - 1; 1 at time 0.

    References
    ----------
    .. [1] Stein WD et al. (2011), Clin Cancer Res 17:907-917.

    Examples
    --------
    >>> predict_tumour_size([0.0, 2.0], 0.1, 0.5).round(3).tolist()
    [1.0, 0.589]
    """
    t = np.asarray(time, dtype=np.float64)
    grows = np.exp(np.minimum(np.asarray(growth, dtype=np.float64) * t, _LARGEST_EXPONENT))
    size: Floats = np.exp(-np.asarray(decay, dtype=np.float64) * t) + grows - 1
    return size


def fit_tumour_size(series: ArrayLike, time: ArrayLike, relative_size: ArrayLike, n_series: int) -> TumourSizeFit:
    """
    Fit growth and decay to every series by least squares of the relative size.

    Parameters
    ----------
    series : array_like of int
        Shape ``(n,)``: number of the series of each measurement, from 0.
    time : array_like
        Shape ``(n,)``: time since the start of the series; measurements at 0 or before and missing ones are not used.
    relative_size : array_like
        Shape ``(n,)``: size over that at the start.
    n_series : int
        How many series there are.

    Returns
    -------
    TumourSizeFit
        A series with fewer than two usable measurements, or one whose fit did not converge, has a note instead of rates.

    Raises
    ------
    MethodError
        If the arrays differ in length or a number of a series is outside ``0..n_series - 1``.

    Notes
    -----
    Growth alone and decay alone, which Stein fits as models of their own, are the bounds decay = 0 and growth = 0. All
    series go together through a damped Gauss-Newton iteration (Levenberg-Marquardt) between bounds, from the best point of
    a grid.

    References
    ----------
    .. [1] Stein WD et al. (2011), Clin Cancer Res 17:907-917.
    .. [2] Claret L et al. (2009), J Clin Oncol 27:4103-4108.

    Examples
    --------
    >>> t = np.array([1.0, 2.0, 4.0, 6.0])
    >>> fit = fit_tumour_size([0] * 4, t, predict_tumour_size(t, 0.1, 0.5), 1)
    >>> fit.growth.round(4).tolist(), fit.decay.round(4).tolist()
    ([0.1], [0.5])
    """
    which = np.asarray(series, dtype=np.int64)
    t, y = np.asarray(time, dtype=np.float64), np.asarray(relative_size, dtype=np.float64)
    if not which.shape == t.shape == y.shape:
        raise MethodError(
            f"fit_tumour_size: one number of each is needed; found {which.shape}, {t.shape} and {y.shape}."
        )
    if which.size and (which.min() < 0 or which.max() >= n_series):
        raise MethodError(f"series: found {which.min()} to {which.max()}; they run from 0 to {n_series - 1}.")
    usable = (t > 0) & np.isfinite(t) & np.isfinite(y) & (y >= 0)
    times, sizes, weights = _padded(which[usable], t[usable], y[usable], n_series)
    n_points = weights.sum(axis=1).astype(np.int64)
    rates, residual, converged = _iterate(_start(times, sizes, weights), times, sizes, weights)
    few = n_points < 2
    note = np.select([few, ~converged], ["fewer than two measurements after the start", "no convergence"], "")
    rates[note != ""] = np.nan
    residual[note != ""] = np.nan
    return TumourSizeFit(rates[:, 0], rates[:, 1], residual, n_points, note)


def _padded(which: NDArray[np.int64], t: Floats, y: Floats, n_series: int) -> tuple[Floats, Floats, Floats]:
    """One row per series; the places that are left over have weight 0."""
    order = np.argsort(which, kind="stable")
    which, t, y = which[order], t[order], y[order]
    counts = np.bincount(which, minlength=n_series)
    place = np.arange(which.size) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (n_series, int(counts.max()) if counts.size else 0)
    times, sizes, weights = np.zeros(shape), np.ones(shape), np.zeros(shape)
    times[which, place], sizes[which, place], weights[which, place] = t, y, 1.0
    return times, sizes, weights


def _squares(rates: Floats, times: Floats, sizes: Floats, weights: Floats) -> Floats:
    fitted = predict_tumour_size(times, rates[:, :1], rates[:, 1:])
    total: Floats = (weights * (fitted - sizes) ** 2).sum(axis=1)
    return total


def _start(times: Floats, sizes: Floats, weights: Floats) -> Floats:
    """Best point of a grid, for each series."""
    grid = np.array([(g, d) for g in _STARTS for d in _STARTS])
    best, lowest = np.zeros((times.shape[0], 2)), np.full(times.shape[0], np.inf)
    for point in grid:
        total = _squares(np.broadcast_to(point, best.shape), times, sizes, weights)
        better = total < lowest
        best[better], lowest[better] = point, total[better]
    return best


def _iterate(rates: Floats, times: Floats, sizes: Floats, weights: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Levenberg-Marquardt of all series at once, between 0 and the highest rate."""
    damping = np.full(rates.shape[0], 1e-3)
    total = _squares(rates, times, sizes, weights)
    done = np.zeros(rates.shape[0], dtype=bool)
    for _ in range(_ITERATIONS):
        gradient, normal = _normal_equations(rates, times, sizes, weights)
        outward = ((rates <= 0) & (gradient > 0)) | ((rates >= _HIGHEST) & (gradient < 0))
        free = ~outward
        done |= (np.abs(gradient * free) <= _SMALL * (1 + total[:, None])).all(axis=1)
        if done.all():
            break
        step = _step(gradient * free, normal * (free[:, :, None] & free[:, None, :]), damping)
        tried = np.clip(rates - step, 0.0, _HIGHEST)
        after = _squares(tried, times, sizes, weights)
        better = (after < total) & ~done
        # no step is left that a double can tell from none, or a nearly undamped one no longer helps
        done |= ~better & (damping > 1e12)
        done |= better & (damping <= 1) & (total - after <= _SMALL_GAIN * total)
        rates = np.where(better[:, None], tried, rates)
        total = np.where(better, after, total)
        damping = np.clip(np.where(better, damping / 5, damping * 4), 1e-12, 1e15)
    return rates, total, done


def _normal_equations(rates: Floats, times: Floats, sizes: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Gradient, half of it, and the Gauss-Newton matrix."""
    growth, decay = rates[:, :1], rates[:, 1:]
    residual = weights * (predict_tumour_size(times, growth, decay) - sizes)
    by_growth = weights * times * np.exp(np.minimum(growth * times, _LARGEST_EXPONENT))
    by_decay = -weights * times * np.exp(-decay * times)
    slopes = np.stack([by_growth, by_decay], axis=2)
    return np.einsum("nm,nmk->nk", residual, slopes), np.einsum("nmk,nml->nkl", slopes, slopes)


def _step(gradient: Floats, normal: Floats, damping: Floats) -> Floats:
    """Solve the damped two by two equations; a rate that is held at its bound does not move."""
    a = normal[:, 0, 0] * (1 + damping) + 1e-300
    b = normal[:, 1, 1] * (1 + damping) + 1e-300
    c = normal[:, 0, 1]
    determinant = a * b - c * c
    safe = np.where(determinant > 0, determinant, np.inf)
    first = np.where(c == 0, gradient[:, 0] / a, (b * gradient[:, 0] - c * gradient[:, 1]) / safe)
    second = np.where(c == 0, gradient[:, 1] / b, (a * gradient[:, 1] - c * gradient[:, 0]) / safe)
    return np.column_stack([first, second])
