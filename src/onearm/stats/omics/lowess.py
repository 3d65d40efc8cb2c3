"""
Local straight lines: R's ``lowess``, and limma's ``weightedLowess`` with one pass.

Both fit at some of the points and interpolate between them, so that thousands of features take milliseconds.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["lowess", "weighted_lowess"]

Floats = NDArray[np.float64]

_POINTS: Final = 200
"""Points at which the weighted curve is fitted at most."""
_SMALL: Final = 1e-7


def weighted_lowess(x: Floats, y: Floats, weight: Floats, *, span: float) -> Floats:
    """
    Smooth y against x with weights, without robustness iterations.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n,)
        Points, in any order, without missing values.
    weight : numpy.ndarray, shape (n,)
        Positive; a weight of 2 stands for two points.
    span : float
        Part of the total weight in each window.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Smoothed y in the order given.

    References
    ----------
    .. [1] Cleveland WS (1979), J Am Stat Assoc 74(368):829-836.

    Examples
    --------
    >>> line = weighted_lowess(np.arange(9.0), 2 * np.arange(9.0), np.ones(9), span=0.5)
    >>> bool(np.allclose(line, 2 * np.arange(9.0)))
    True
    """
    if float(np.ptp(weight)) < 1e-15:
        return lowess(x, y, fraction=span, iterations=0)
    if x.size < 4 + 1 / span:
        root = np.sqrt(weight)
        design = np.column_stack([np.ones_like(x), x])
        coefficients = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
        return np.asarray(design @ coefficients)
    order = np.argsort(x, kind="stable")
    xs, ys, ws = x[order], y[order], weight[order]
    anchors = _anchors(xs, _delta(xs))
    needed = float(ws.sum()) * span
    fitted = np.array([_weighted_at(xs, ys, ws, point, needed) for point in anchors])
    smooth = np.empty_like(y)
    smooth[order] = _between(xs, anchors, fitted)
    return smooth


def _delta(x: Floats) -> float:
    """Distance between anchors: the range without its widest gaps, shared among the anchors left."""
    if x.size <= _POINTS:
        return 0.0
    covered = np.cumsum(np.sort(np.diff(x)))
    gaps = np.arange(_POINTS)
    return float((covered[covered.size - 1 - gaps] / (_POINTS - gaps)).min())


def _anchors(x: Floats, delta: float) -> NDArray[np.int64]:
    """Points that are fitted: the first, each that is further than delta from the one before, and the last."""
    chosen = [0]
    for i in range(1, x.size - 1):
        if x[i] - x[chosen[-1]] > delta:
            chosen.append(i)
    return np.array([*chosen, x.size - 1])


def _weighted_at(x: Floats, y: Floats, weight: Floats, point: int, needed: float) -> float:
    """Value at one point of the straight line through its window of the needed weight."""
    distance = np.abs(x - x[point])
    nearest = np.argsort(distance, kind="stable")
    # the window grows from the point itself by the nearer neighbour, to the right where both are as near
    nearest = nearest[np.lexsort((x[nearest] < x[point], nearest != point, distance[nearest]))]
    total = np.cumsum(weight[nearest])
    width = float(distance[nearest[: int(np.searchsorted(total, needed)) + 1]].max(initial=0.0))
    inside = distance <= width
    if width < _SMALL:
        return float(np.average(y[inside], weights=weight[inside]))
    tricube = (1 - (distance[inside] / width) ** 3) ** 3 * weight[inside]
    return _line(x[inside], y[inside], tricube, float(x[point]))


def _line(x: Floats, y: Floats, weight: Floats, at: float) -> float:
    """Value of the weighted straight line at a point."""
    total = weight.sum()
    x_mean, y_mean = (weight @ x) / total, (weight @ y) / total
    spread = float(weight @ (x - x_mean) ** 2)
    if spread < _SMALL:
        return float(y_mean)
    return float(y_mean + (weight @ ((x - x_mean) * (y - y_mean))) / spread * (at - x_mean))


def _between(x: Floats, anchors: NDArray[np.int64], fitted: Floats) -> Floats:
    """Interpolate between anchors; points tied with both ends share their mean."""
    smooth = np.interp(x, x[anchors], fitted)
    smooth[anchors] = fitted
    return np.asarray(smooth)


def lowess(x: Floats, y: Floats, *, fraction: float, iterations: int = 3) -> Floats:
    """
    Smooth y against x as R's ``lowess`` does.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n,)
        Points, in any order, without missing values.
    fraction : float
        Part of the points in each window.
    iterations : int, default 3
        Robustness iterations, which take weight from outliers.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Smoothed y in the order given.

    References
    ----------
    .. [1] Cleveland WS (1981), Am Stat 35(1):54.

    Examples
    --------
    >>> bool(np.allclose(lowess(np.arange(9.0), 2 * np.arange(9.0), fraction=0.5), 2 * np.arange(9.0)))
    True
    """
    order = np.argsort(x, kind="stable")
    xs, ys = x[order], y[order]
    n = xs.size
    window = int(np.clip(int(fraction * n + 1e-7), 2, n))
    anchors = _skipping(xs, 0.01 * float(xs[-1] - xs[0]))
    robust = np.ones(n)
    fitted = ys
    for _ in range(iterations + 1):
        at_anchors = np.array([_plain_at(xs, ys, robust, int(point), window) for point in anchors])
        fitted = _between(xs, anchors, at_anchors)
        rest = np.abs(ys - fitted)
        half = n // 2
        ordered = np.sort(rest)
        scale = 3 * (ordered[half] + ordered[n - half - 1]) if n % 2 == 0 else 6 * ordered[half]
        if scale < _SMALL * rest.mean():
            break
        robust = np.where(rest <= 0.999 * scale, (1 - (rest / scale) ** 2) ** 2, 0.0)
        robust[rest <= 0.001 * scale] = 1.0
    smooth = np.empty_like(y)
    smooth[order] = fitted
    return smooth


def _skipping(x: Floats, delta: float) -> NDArray[np.int64]:
    """Points that are fitted: of those within delta of the last, only the furthest."""
    chosen, last = [0], 0
    while last < x.size - 1:
        beyond = int(np.searchsorted(x, x[last] + delta, side="right"))
        tied = int(np.searchsorted(x, x[last], side="right"))
        last = max(tied, min(beyond, x.size) - 1) if beyond > last + 1 else last + 1
        last = min(max(last, chosen[-1] + 1), x.size - 1)
        chosen.append(last)
    return np.array(chosen)


def _plain_at(x: Floats, y: Floats, robust: Floats, point: int, window: int) -> float:
    """Value at one point of the straight line through its nearest points."""
    distance = np.abs(x - x[point])
    width = float(np.partition(distance, window - 1)[window - 1])
    inside = distance <= 0.999 * width
    ratio = np.where(distance <= 0.001 * width, 0.0, distance / width) if width > 0 else np.zeros_like(distance)
    weight = np.where(inside | (distance == 0), (1 - ratio**3) ** 3 * robust, 0.0)
    total = weight.sum()
    if total <= 0:
        return float(y[point])
    weight /= total
    if width <= 0:
        return float(weight @ y)
    mean = float(weight @ x)
    spread = float(weight @ (x - mean) ** 2)
    if np.sqrt(spread) <= 0.001 * float(x[-1] - x[0]):
        return float(weight @ y)
    return float((weight * ((x[point] - mean) * (x - mean) / spread + 1)) @ y)
