"""
Nearest neighbours and neighbours within a radius, for millions of cells in many fields at once.

The engine is SciPy's k-d tree. Three things make it fast here: trees are split at the middle of a box instead of at the
median of its points and their boxes are not shrunk (a third of the building time, the same answers), points are looked up
in the order of rows of tiles, so that one query finds in the cache what the one before it needed, and building, which
SciPy does in one thread, is shared by cutting a large field into stripes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from onearm.errors import MethodError
from onearm.frames import Framed

__all__ = ["Nearest", "count_within", "nearest"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_STRIPES_FROM: Final = 200_000
"""Targets from which building a tree for each stripe is faster than one tree."""
_SORTED_FROM: Final = 20_000
"""Sources from which sorting them pays."""
_LEAF: Final = 24
"""Targets of a leaf; with more of them building is faster and looking up slower."""
_TILE: Final = 256
"""Rows of tiles into which the sources are sorted."""


@dataclass(frozen=True, eq=False)
class Nearest(Framed):
    """
    The nearest target of each source.

    Attributes
    ----------
    distance : ndarray of float, shape (n_sources,)
        In the unit of the coordinates; NaN where the group has no target, or none within reach.
    index : ndarray of int, shape (n_sources,)
        Position of the target among the targets; -1 where there is none.
    """

    distance: Floats
    index: Integers


class _Field(NamedTuple):
    """What is compared with what: positions of the sources and targets of one group."""

    sources: Integers
    targets: Integers


def nearest(
    sources: ArrayLike,
    targets: ArrayLike,
    *,
    groups: tuple[ArrayLike, ArrayLike] | None = None,
    own: ArrayLike | None = None,
    reach: float = np.inf,
    positive_only: bool = False,
    workers: int = 2,
) -> Nearest:
    """
    Find the nearest target of each source, within its group.

    Parameters
    ----------
    sources, targets : array_like, shape (n_sources, 2) and (n_targets, 2)
        Coordinates; all finite.
    groups : tuple of two array_like, optional
        Codes of the fields of sources and targets, ``(n_sources,)`` and ``(n_targets,)``; only targets of the same field
        are looked at. Everything is one field without it.
    own : array_like of int, shape (n_sources,), optional
        Position of each source among the targets, -1 where it is not one of them: a cell is not its own neighbour.
    reach : float, default inf
        Largest distance that is looked for, itself included.
    positive_only : bool, default False
        Leave out targets at distance 0, as phenoptr does. By default two cells at one point are neighbours.
    workers : int, default 2
        Threads.

    Returns
    -------
    Nearest
        Distance and position; at equal distances any of the targets.

    Raises
    ------
    MethodError
        If shapes do not fit, or a coordinate is missing.

    Examples
    --------
    >>> found = nearest([[0, 0], [3, 4]], [[3, 0], [0, 1]])
    >>> found.distance.tolist(), found.index.tolist()
    ([1.0, 4.0], [1, 0])
    """
    xy, to = _points(sources, "sources"), _points(targets, "targets")
    itself = np.full(len(xy), -1) if own is None else np.asarray(own, dtype=np.int64)
    distance, index = np.full(len(xy), np.nan), np.full(len(xy), -1, dtype=np.int64)

    def solve(field: _Field, threads: int) -> None:
        if not field.sources.size or not field.targets.size:
            return
        mine = itself[field.sources]
        if (mine >= 0).any():  # targets of a field are in ascending order
            mine = np.where(mine >= 0, np.searchsorted(field.targets, mine), -1)
        found = _nearest_of_field(xy[field.sources], to[field.targets], mine, (reach, positive_only), threads)
        distance[field.sources] = found.distance
        index[field.sources] = np.where(found.index >= 0, field.targets[found.index], -1)

    _for_each_field(solve, _fields(len(xy), len(to), groups), workers)
    return Nearest(distance, index)


def count_within(
    sources: ArrayLike,
    targets: ArrayLike,
    radius: float,
    *,
    groups: tuple[ArrayLike, ArrayLike] | None = None,
    own: ArrayLike | None = None,
    workers: int = 2,
) -> Integers:
    """
    Count the targets within a radius of each source, within its group.

    Parameters
    ----------
    sources, targets : array_like, shape (n_sources, 2) and (n_targets, 2)
        Coordinates; all finite.
    radius : float
        In the unit of the coordinates; a target at exactly this distance counts.
    groups : tuple of two array_like, optional
        Codes of the fields of sources and targets.
    own : array_like of int, shape (n_sources,), optional
        Position of each source among the targets, -1 where it is not one of them; it does not count itself.
    workers : int, default 2
        Threads.

    Returns
    -------
    ndarray of int, shape (n_sources,)
        0 where the group has no target.

    Raises
    ------
    MethodError
        If shapes do not fit, a coordinate is missing or the radius is not positive.

    Examples
    --------
    >>> count_within([[0, 0], [9, 9]], [[3, 4], [0, 1], [8, 9]], 5).tolist()
    [2, 1]
    """
    if not radius > 0 or not np.isfinite(radius):
        raise MethodError(f"radius: {radius} found; give a positive distance.")
    xy, to = _points(sources, "sources"), _points(targets, "targets")
    itself = np.full(len(xy), -1) if own is None else np.asarray(own, dtype=np.int64)
    counts = np.zeros(len(xy), dtype=np.int64)

    def solve(field: _Field, threads: int) -> None:
        if field.sources.size and field.targets.size:
            order = field.sources[_tile_order(xy[field.sources])]
            counts[order] = _tree(to[field.targets]).query_ball_point(
                xy[order], radius, workers=threads, return_length=True
            )

    _for_each_field(solve, _fields(len(xy), len(to), groups), workers)
    return counts - (itself >= 0)


def _points(points: ArrayLike, name: str) -> Floats:
    """Check coordinates."""
    xy = np.asarray(points, dtype=np.float64)
    if xy.size == 0:
        return np.empty((0, 2))
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise MethodError(f"{name}: shape {xy.shape} found; give one row of x and y for each point.")
    if not np.isfinite(xy).all():
        raise MethodError(
            f"{name}: {int((~np.isfinite(xy)).any(axis=1).sum())} points have no position; leave them out."
        )
    return xy


def _fields(n_sources: int, n_targets: int, groups: tuple[ArrayLike, ArrayLike] | None) -> list[_Field]:
    """Split sources and targets by group; a group without sources needs no answer."""
    if groups is None:
        return [_Field(np.arange(n_sources), np.arange(n_targets))]
    mine, theirs = (np.asarray(group) for group in groups)
    if mine.shape != (n_sources,) or theirs.shape != (n_targets,):
        raise MethodError(
            f"groups: {mine.size} and {theirs.size} codes beside {n_sources} sources and {n_targets} targets; "
            "give one for each point."
        )
    if not n_sources:
        return []
    by_source, by_target = np.argsort(mine, kind="stable"), np.argsort(theirs, kind="stable")
    levels, starts = np.unique(mine[by_source], return_index=True)
    ends = np.append(starts[1:], n_sources)
    sorted_targets = theirs[by_target]
    low, high = np.searchsorted(sorted_targets, levels), np.searchsorted(sorted_targets, levels, side="right")
    return [
        _Field(by_source[a:b], by_target[c:d])
        for a, b, c, d in zip(starts.tolist(), ends.tolist(), low.tolist(), high.tolist(), strict=True)
    ]


def _for_each_field(solve: Callable[[_Field, int], None], fields: list[_Field], workers: int) -> None:
    """Share many fields among the threads; give all threads to a single one. SciPy lets go of the lock while it works."""
    if len(fields) < 2 * workers or workers < 2:
        for field in fields:
            solve(field, workers)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda field: solve(field, 1), sorted(fields, key=lambda field: -field.targets.size)))


def _tree(targets: Floats) -> cKDTree:
    return cKDTree(targets, balanced_tree=False, compact_nodes=False, leafsize=_LEAF)


def _query(tree: cKDTree, sources: Floats, k: int, bound: float, threads: int) -> tuple[Floats, Integers]:
    """Ask for the k nearest; shape (n_sources,) for one, (n_sources, k) for more, infinity where there are fewer."""
    distance, index = tree.query(sources, k=k, distance_upper_bound=bound, workers=threads)
    return np.asarray(distance), np.asarray(index, dtype=np.int64)


def _tile_order(points: Floats) -> Integers:
    """Order points by rows of tiles, so that neighbours in the order are neighbours in the field."""
    if len(points) < _SORTED_FROM:
        return np.arange(len(points))
    low, span = points[:, 1].min(), np.ptp(points[:, 1])
    row = ((points[:, 1] - low) / (span or 1.0) * _TILE).astype(np.int32)
    return np.lexsort((points[:, 0], row)).astype(np.int64)


def _nearest_of_field(
    sources: Floats, targets: Floats, own: Integers, rule: tuple[float, bool], threads: int
) -> Nearest:
    """Look up the sources in tile order, in one tree or in the trees of stripes."""
    order = _tile_order(sources)
    if threads > 1 and len(targets) >= _STRIPES_FROM and not rule[1] and not (own >= 0).any():
        found = _nearest_in_stripes(sources[order], targets, rule[0], threads)
    else:
        found = _look_up(_tree(targets), sources[order], own[order], rule, threads)
    distance, index = np.empty_like(found.distance), np.empty_like(found.index)
    distance[order], index[order] = found.distance, found.index
    return Nearest(distance, index)


def _look_up(tree: cKDTree, sources: Floats, own: Integers, rule: tuple[float, bool], threads: int) -> Nearest:
    """Query one tree; a source that is itself a target takes the first neighbour that is another."""
    reach, positive_only = rule
    bound = np.nextafter(reach, np.inf)  # SciPy's bound is exclusive
    if positive_only:
        return _first_positive(tree, sources, bound, threads)
    distance, index = _query(tree, sources, 1, bound, threads)
    inside = np.flatnonzero(own >= 0)
    if inside.size:
        two, which = _query(tree, sources[inside], 2, bound, threads)
        rows = np.arange(inside.size)
        pick = (which[:, 0] == own[inside]).astype(np.int64)
        distance[inside], index[inside] = two[rows, pick], which[rows, pick]
    none = ~np.isfinite(distance)
    return Nearest(np.where(none, np.nan, distance), np.where(none, -1, index))


def _first_positive(tree: cKDTree, sources: Floats, bound: float, threads: int) -> Nearest:
    """Find the nearest target that is not at distance 0, asking for more neighbours of the sources that need them."""
    distance, index = np.full(len(sources), np.nan), np.full(len(sources), -1, dtype=np.int64)
    open_, k = np.arange(len(sources)), 2
    while open_.size:
        k = min(k, tree.n)
        near, which = _query(tree, sources[open_], k, bound, threads)
        near, which = near.reshape(open_.size, k), which.reshape(open_.size, k)
        positive = near > 0
        first = positive.argmax(axis=1)
        rows = np.arange(open_.size)
        has = positive[rows, first] & np.isfinite(near[rows, first])
        distance[open_[has]], index[open_[has]] = near[rows, first][has], which[rows, first][has]
        open_ = open_[~positive.any(axis=1)] if k < tree.n else open_[:0]
        k *= 4
    return Nearest(distance, index)


def _nearest_in_stripes(sources: Floats, targets: Floats, reach: float, threads: int) -> Nearest:
    """
    Cut the field into stripes, build and query each in a thread of its own, then look across the borders.

    A source whose nearest target is further away than a border of its stripe may have a nearer one beyond it.
    """
    sample = targets[:: max(1, len(targets) // 10_000), 0]
    cuts = np.unique(np.quantile(sample, np.linspace(0, 1, threads + 1)[1:-1]))
    side_of_target, side_of_source = np.searchsorted(cuts, targets[:, 0]), np.searchsorted(cuts, sources[:, 0])
    members = [np.flatnonzero(side_of_target == stripe) for stripe in range(cuts.size + 1)]
    with ThreadPoolExecutor(threads) as pool:
        trees = list(pool.map(lambda chosen: _tree(targets[chosen]), members))
    distance, index = np.full(len(sources), np.inf), np.full(len(sources), -1, dtype=np.int64)
    bound = np.nextafter(reach, np.inf)
    edges = np.concatenate(([-np.inf], cuts, [np.inf]))

    def improve(asked: Integers, stripe: int, threads_here: int) -> None:
        if not asked.size or not members[stripe].size:
            return
        near, which = _query(trees[stripe], sources[asked], 1, bound, threads_here)
        better = near < distance[asked]
        distance[asked[better]] = near[better]
        index[asked[better]] = members[stripe][which[better]]

    homes = [np.flatnonzero(side_of_source == stripe) for stripe in range(cuts.size + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda stripe: improve(homes[stripe], stripe, 1), range(len(homes))))
    for stripe in range(len(homes)):
        gap = np.maximum(edges[stripe] - sources[:, 0], sources[:, 0] - edges[stripe + 1])
        improve(np.flatnonzero((side_of_source != stripe) & (gap < np.minimum(distance, bound))), stripe, threads)
    none = ~np.isfinite(distance)
    return Nearest(np.where(none, np.nan, distance), index)
