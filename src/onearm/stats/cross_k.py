"""Ripley's K between two kinds of points in a rectangle, with the four usual edge corrections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.windows import Window, border_distance

__all__ = ["CrossK", "cross_k"]

Floats = NDArray[np.float64]

_PAIRS_AT_ONCE: Final = 2_000_000
"""Pairs held in memory together."""


@dataclass(frozen=True, eq=False)
class CrossK(Framed):
    """
    K from one kind of points to another.

    Attributes
    ----------
    r : ndarray of float, shape (n_r,)
        Distances.
    expected : ndarray of float, shape (n_r,)
        Value where the two kinds are independent, πr².
    uncorrected : ndarray of float, shape (n_r,)
        Without edge correction.
    border : ndarray of float, shape (n_r,)
        From the sources at least r from the border; NaN where there are none.
    translation : ndarray of float, shape (n_r,)
        Each pair weighted by the share of the window in which it could have been moved.
    isotropic : ndarray of float, shape (n_r,)
        Each pair weighted by the share of its circle that lies within the window (Ripley).
    """

    r: Floats
    expected: Floats
    uncorrected: Floats
    border: Floats
    translation: Floats
    isotropic: Floats


def cross_k(sources: ArrayLike, targets: ArrayLike, r: ArrayLike, *, window: Window) -> CrossK:
    """
    Estimate K from sources to targets.

    Parameters
    ----------
    sources, targets : array_like, shape (n_sources, 2) and (n_targets, 2)
        Coordinates of two kinds of points within the window; a point must not be of both kinds.
    r : array_like, shape (n_r,)
        Positive distances, at most half the shorter side of the window.
    window : Window
        Where points were seen.

    Returns
    -------
    CrossK
        K by four corrections; NaN where there is no source or no target.

    Raises
    ------
    MethodError
        If a distance is too large for the corrections.

    Notes
    -----
    K(r) is the expected number of further targets within r of a source, divided by the targets per unit of area.

    References
    ----------
    .. [1] Ripley BD (1977), J R Statist Soc B 39(2):172-212.
    .. [2] Baddeley A, Rubak E, Turner R (2015), Spatial Point Patterns, chapter 7.

    Examples
    --------
    >>> k = cross_k([[50, 50]], [[50, 53], [90, 90]], [5], window=Window(0, 100, 0, 100))
    >>> k.uncorrected.tolist(), k.isotropic.tolist()
    ([5000.0], [5000.0])
    """
    xy, to = (np.asarray(points, dtype=np.float64).reshape(-1, 2) for points in (sources, targets))
    at = np.asarray(r, dtype=np.float64)
    if at.size and not (at.min() > 0 and at.max() <= min(window.width, window.height) / 2):
        raise MethodError(
            f"K: distances from {at.min():g} to {at.max():g} in a window of {window.width:g} by {window.height:g}; "
            "give positive distances of at most half its shorter side."
        )
    expected = np.pi * at**2
    if not len(xy) or not len(to):
        nothing = np.full(at.shape, np.nan)
        return CrossK(at, expected, nothing, nothing.copy(), nothing.copy(), nothing.copy())
    sums = _pair_sums(xy, to, at, window)
    per_pair = window.area / (len(xy) * len(to))
    kept = (border_distance(xy, window) >= at[:, np.newaxis]).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        border = sums[1] / kept * window.area / len(to)
    return CrossK(at, expected, sums[0] * per_pair, border, sums[2] * per_pair, sums[3] * per_pair)


def _pair_sums(xy: Floats, to: Floats, at: Floats, window: Window) -> Floats:
    """Sum over the pairs within each r: one, one if far from the border, translation and isotropic weights."""
    tree, reach = cKDTree(to, balanced_tree=False), float(at.max())
    borders = border_distance(xy, window)
    counts = np.asarray(tree.query_ball_point(xy, reach, return_length=True))
    sums = np.zeros((4, at.size))
    chunks = np.flatnonzero(np.diff(np.cumsum(counts) // _PAIRS_AT_ONCE, prepend=0))
    for part in np.split(np.arange(len(xy)), chunks):
        source = np.repeat(part, counts[part])
        near = tree.query_ball_point(xy[part], reach)
        target = np.concatenate([np.asarray(found, dtype=np.int64) for found in np.atleast_1d(near)])
        step = to[target] - xy[source]
        distance = np.hypot(step[:, 0], step[:, 1])
        far = borders[source]
        shift = window.area / ((window.width - abs(step[:, 0])) * (window.height - abs(step[:, 1])))
        share = 1 / _circle_share(xy[source], distance, window)
        for i, radius in enumerate(at):
            within = distance <= radius
            sums[:, i] += (
                np.count_nonzero(within),
                np.count_nonzero(within & (far >= radius)),
                shift[within].sum(),
                share[within].sum(),
            )
    return sums


def _circle_share(centre: Floats, radius: Floats, window: Window) -> Floats:
    """
    Share of a circle's circumference that lies within the window.

    The angle that a side cuts off is 2 arccos(d / r) for a side at distance d; where two neighbouring sides cut off overlapping
    angles, that is where the corner lies within the circle, the overlap is counted once.
    """
    sides = (
        window.x_max - centre[:, 0],
        window.y_max - centre[:, 1],
        centre[:, 0] - window.x_min,
        centre[:, 1] - window.y_min,
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        half = [np.where(side < radius, np.arccos(np.clip(side / radius, -1, 1)), 0.0) for side in sides]
    outside = 2 * (half[0] + half[1] + half[2] + half[3])
    for i in range(4):
        overlap = half[i] + half[(i + 1) % 4] - np.pi / 2
        corner = (half[i] > 0) & (half[(i + 1) % 4] > 0)
        outside -= np.where(corner, np.maximum(overlap, 0.0), 0.0)
    return np.asarray(1 - outside / (2 * np.pi))
