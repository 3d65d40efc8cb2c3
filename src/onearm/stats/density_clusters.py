"""Clusters of points by density (DBSCAN), in any number of points and with an answer that does not depend on their order."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from onearm.errors import MethodError

__all__ = ["density_clusters"]

_NOISE: Final = -1


def density_clusters(points: ArrayLike, *, radius: float, at_least: int) -> NDArray[np.int64]:
    """
    Group points that lie densely.

    A point is a core if at least so many points, itself included, lie within the radius. Cores within the radius of one
    another are one cluster; any other point within the radius of a core joins the cluster of the nearest core.

    Parameters
    ----------
    points : array_like, shape (n_points, 2)
        Coordinates.
    radius : float
        Positive, in the unit of the coordinates.
    at_least : int
        Points that make a core, itself included.

    Returns
    -------
    ndarray of int, shape (n_points,)
        Number of the cluster, from 0 in the order of their first points; -1 for points in none.

    Raises
    ------
    MethodError
        If the radius is not positive or ``at_least`` is below 1.

    References
    ----------
    .. [1] Ester M, Kriegel HP, Sander J, Xu X (1996), KDD-96, 226-231. A point near two clusters goes to the nearest
       core; the original leaves it to the order of the points.

    Examples
    --------
    >>> density_clusters([[0, 0], [1, 0], [0, 1], [9, 9], [2, 0]], radius=1.5, at_least=3).tolist()
    [0, 0, 0, -1, 0]
    """
    if not radius > 0 or at_least < 1:
        raise MethodError(f"clusters: radius {radius} and at_least {at_least}; give a positive radius and 1 or more.")
    xy = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    labels = np.full(len(xy), _NOISE, dtype=np.int64)
    if not len(xy):
        return labels
    counts = cKDTree(xy, balanced_tree=False).query_ball_point(xy, radius, return_length=True)
    cores = np.flatnonzero(counts >= at_least)
    if not cores.size:
        return labels
    tree = cKDTree(xy[cores], balanced_tree=False)
    pairs = tree.query_pairs(radius, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(cores.size, cores.size))
    labels[cores] = connected_components(graph, directed=False)[1]
    others = np.flatnonzero(counts < at_least)
    if others.size:
        distance, core = tree.query(xy[others], distance_upper_bound=np.nextafter(radius, np.inf))
        reached = np.isfinite(distance)
        labels[others[reached]] = labels[cores[np.asarray(core)[reached]]]
    found, first = np.unique(labels[labels != _NOISE], return_index=True)
    rank = np.empty(found.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(found.size)
    labels[labels != _NOISE] = rank[labels[labels != _NOISE]]
    return labels
