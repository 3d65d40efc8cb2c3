"""The observed window of a field, and distributions of distances that allow for what lies beyond its border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.kaplan_meier import KaplanMeier, kaplan_meier

__all__ = [
    "EdgeCorrection",
    "NearestDistribution",
    "Window",
    "border_distance",
    "nearest_distribution",
    "typical_distance",
]

Floats = NDArray[np.float64]
EdgeCorrection = Literal["none", "reduced sample", "kaplan-meier"]


class Window(NamedTuple):
    """
    A rectangle in which every cell was seen.

    Attributes
    ----------
    x_min, x_max, y_min, y_max : float
        Its sides, in the unit of the coordinates.
    """

    x_min: float
    x_max: float
    y_min: float
    y_max: float

    @property
    def width(self) -> float:
        """Length along x."""
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        """Length along y."""
        return self.y_max - self.y_min

    @property
    def area(self) -> float:
        """Width times height."""
        return self.width * self.height


@dataclass(frozen=True, eq=False)
class NearestDistribution(Framed):
    """
    The distribution of nearest distances, G(r), without and with edge corrections.

    Attributes
    ----------
    r : ndarray of float, shape (n_r,)
        Distances.
    raw : ndarray of float, shape (n_r,)
        Share of the sources whose nearest target is within r.
    reduced_sample : ndarray of float, shape (n_r,)
        The same among the sources that are at least r from the border; NaN where there are none.
    kaplan_meier : ndarray of float, shape (n_r,)
        One minus the Kaplan-Meier estimate, a distance being censored at the border.
    hanisch : ndarray of float, shape (n_r,)
        Share of the sources whose nearest target is nearer than the border, each weighted by one over the area in
        which it could have been; NaN where there are none.
    """

    r: Floats
    raw: Floats
    reduced_sample: Floats
    kaplan_meier: Floats
    hanisch: Floats


def border_distance(points: ArrayLike, window: Window) -> Floats:
    """
    Measure how far points are from the border of the window.

    Parameters
    ----------
    points : array_like, shape (n_points, 2)
        Coordinates.
    window : Window
        Where cells were seen.

    Returns
    -------
    ndarray of float, shape (n_points,)
        0 for a point on or beyond the border.

    Examples
    --------
    >>> border_distance([[1, 5], [5, 5], [11, 5]], Window(0, 10, 0, 10)).tolist()
    [1.0, 5.0, 0.0]
    """
    x, y = np.asarray(points, dtype=np.float64).reshape(-1, 2).T
    sides = np.stack([x - window.x_min, window.x_max - x, y - window.y_min, window.y_max - y])
    return np.asarray(np.maximum(sides.min(axis=0), 0.0))


def nearest_distribution(
    distance: ArrayLike, border: ArrayLike, r: ArrayLike, *, window: Window
) -> NearestDistribution:
    """
    Estimate the distribution of the nearest distance, G(r).

    Parameters
    ----------
    distance : array_like, shape (n_sources,)
        Nearest distances; none missing.
    border : array_like, shape (n_sources,)
        Distances of the sources from the border.
    r : array_like, shape (n_r,)
        Where to estimate it.
    window : Window
        Where cells were seen.

    Returns
    -------
    NearestDistribution
        Raw, reduced-sample, Kaplan-Meier and Hanisch estimates.

    Raises
    ------
    MethodError
        If there is no source, or a distance is missing.

    References
    ----------
    .. [1] Baddeley A, Gill RD (1997), Ann Statist 25(1):263-292 (Kaplan-Meier).
    .. [2] Hanisch KH (1984), Math Operationsforsch Statist Ser Statist 15:409-416.

    Examples
    --------
    >>> g = nearest_distribution([1, 2, 9], [5, 1, 5], [2], window=Window(0, 10, 0, 10))
    >>> g.raw.round(3).tolist(), g.reduced_sample.tolist()
    ([0.667], [0.5])
    """
    d, b, at = (np.asarray(values, dtype=np.float64) for values in (distance, border, r))
    if d.size == 0 or np.isnan(d).any():
        raise MethodError("nearest distances: give one for each source, none missing, and at least one.")
    rows = at[:, np.newaxis]
    near = d <= rows
    kept = b >= rows
    with np.errstate(invalid="ignore", divide="ignore"):
        reduced = (near & kept).sum(axis=1) / kept.sum(axis=1)
    seen = d <= b
    curve = kaplan_meier(np.minimum(d, b), seen)
    inner = (window.width - 2 * d) * (window.height - 2 * d)
    weight = np.where(seen, 1 / np.where(inner > 0, inner, np.inf), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        hanisch = (near * weight).sum(axis=1) / weight.sum()
    return NearestDistribution(at, near.mean(axis=1), reduced, 1 - _survival(curve, at), hanisch)


def typical_distance(
    distance: ArrayLike, border: ArrayLike | None = None, *, correction: EdgeCorrection = "none"
) -> tuple[float, float]:
    """
    Give mean and median of the nearest distance, with or without edge correction.

    Parameters
    ----------
    distance : array_like, shape (n_sources,)
        Nearest distances; none missing.
    border : array_like, shape (n_sources,), optional
        Distances from the border; needed for a correction.
    correction : {"none", "reduced sample", "kaplan-meier"}, default "none"
        ``reduced sample``: the distribution at r is that of the sources at least r from the border;
        ``kaplan-meier``: distances are censored at the border. Both as in `nearest_distribution`.

    Returns
    -------
    tuple of two floats
        Mean and median. The mean with a correction is the area above the estimated distribution up to the largest
        distance at which it is known; the median is the first distance at which the distribution reaches one half, NaN
        where it never does.

    Raises
    ------
    MethodError
        For an unknown correction, or one without distances from the border.

    Examples
    --------
    >>> typical_distance([1.0, 2.0, 6.0])
    (3.0, 2.0)
    """
    d = np.asarray(distance, dtype=np.float64)
    if d.size == 0:
        return np.nan, np.nan
    if correction == "none":
        return float(d.mean()), float(np.median(d))
    if border is None or correction not in ("reduced sample", "kaplan-meier"):
        raise MethodError(
            f"edge correction '{correction}': choose none, reduced sample or kaplan-meier, with a border."
        )
    b = np.asarray(border, dtype=np.float64)
    if correction == "kaplan-meier":
        curve = kaplan_meier(np.minimum(d, b), d <= b)
        return _mean_and_median(np.asarray(curve.time), np.asarray(curve.survival))
    steps = np.unique(d[d <= b.max()])
    if not steps.size:
        return np.nan, np.nan
    order_b, inner = np.sort(b), np.sort(d)
    at_risk = b.size - np.searchsorted(order_b, steps, side="left")
    # those within r and at least r from the border: of all within r, without those within r and nearer to the border
    both = np.searchsorted(inner, steps, side="right") - _within_and_near_border(d, b, steps)
    return _mean_and_median(steps, 1 - both / at_risk)


def _within_and_near_border(d: Floats, b: Floats, steps: Floats) -> NDArray[np.int64]:
    """Count the sources with distance at most r and border nearer than r: both are behind r where the larger is."""
    at_most = np.searchsorted(np.sort(np.where(d > b, d, np.nextafter(b, np.inf))), steps, side="right")
    return np.asarray(at_most, dtype=np.int64)


def _mean_and_median(r: Floats, survival: Floats) -> tuple[float, float]:
    """Take area and median from a step function that is 1 before the first r."""
    before = np.concatenate(([1.0], np.maximum(survival[:-1], 0.0)))
    mean = float(np.sum(before * np.diff(np.concatenate(([0.0], r)))))
    reached = np.flatnonzero(survival <= 0.5 + 1e-12)
    return mean, float(r[reached[0]]) if reached.size else np.nan


def _survival(curve: KaplanMeier, at: Floats) -> Floats:
    """Read a Kaplan-Meier curve as a step function; after its last time it stays where it is."""
    place = np.searchsorted(curve.time, at, side="right") - 1
    return np.where(place >= 0, curve.survival[np.maximum(place, 0)], 1.0)
