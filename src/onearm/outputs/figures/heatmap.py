"""Clustered heat map: features that differ in every sample, rows and columns in the order of their trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.outputs.figures.style import DARK, INK, TWO_COLUMNS_MM, Size, canvas_mm, new_figure, no_data, styled
from onearm.outputs.figures.text import SMALL, text_width_mm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Heatmap", "draw_heatmap", "heatmap_data"]

Floats = NDArray[np.float64]

GROUP_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_LIMIT: Final = 2.5
_ROW_MM: Final = 3.3
_TREE_MM: Final = 12.0
_HEAD_MM: Final = 10.0
"""The strip of groups, and room above the tree for the mark of synthetic data."""


@dataclass(frozen=True)
class Heatmap:
    """
    What a heat map shows.

    Parameters
    ----------
    z : numpy.ndarray, shape (n_features, n_samples)
        Standardised features in the order of the picture; NaN is missing.
    rows, columns : tuple of str
        Features and samples in this order.
    groups : tuple of str
        Group of each sample.
    row_tree, column_tree : sequence
        Joins of each tree as ``(x, height)`` lines, in positions of the picture; heights from 0 to 1.
    sides : tuple of str
        The groups in the order of their colours.
    """

    z: Floats
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    groups: tuple[str, ...]
    row_tree: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    column_tree: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    sides: tuple[str, ...]


def heatmap_data(
    values: Floats, rows: Sequence[str], columns: Sequence[str], groups: Sequence[str], *, sides: Sequence[str] = ()
) -> Heatmap:
    """
    Standardise features and order both sides by average linkage.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_features, n_samples)
        NaN is missing, and stands in the middle where distances are taken.
    rows, columns, groups : sequence of str
        Features, samples, and the group of each sample.
    sides : sequence of str
        Groups in the order of their colours; the others follow by name.

    Returns
    -------
    Heatmap
        Distances are 1 less the correlation between features, and Euclidean between samples.
    """
    with np.errstate(invalid="ignore"):
        known = ~np.isnan(values)
        n = np.maximum(known.sum(axis=1, keepdims=True), 1)
        mean = np.where(known, values, 0).sum(axis=1, keepdims=True) / n
        sd = np.sqrt(np.where(known, (values - mean) ** 2, 0).sum(axis=1, keepdims=True) / np.maximum(n - 1, 1))
    z = (values - mean) / np.where(sd > 0, sd, 1.0)
    filled = np.nan_to_num(z)
    row_order, row_tree = _order(filled, "correlation")
    column_order, column_tree = _order(filled.T, "euclidean")
    return Heatmap(
        z[np.ix_(row_order, column_order)], tuple(rows[i] for i in row_order), tuple(columns[i] for i in column_order),
        tuple(groups[i] for i in column_order), row_tree, column_tree,
        tuple(dict.fromkeys([*(name for name in sides if name in groups), *sorted(groups)])),
    )  # fmt: skip


def _order(matrix: Floats, metric: str) -> tuple[list[int], Any]:
    """Order of the leaves, and the joins of the tree."""
    if matrix.shape[0] < 2:
        return list(range(matrix.shape[0])), ()
    from scipy.cluster import hierarchy
    from scipy.spatial import distance

    if metric == "correlation":  # a feature that does not vary is as far from all others as can be
        size = np.linalg.norm(matrix, axis=1)
        unit = matrix / np.where(size > 0, size, 1.0)[:, None]
        square = np.clip(1 - unit @ unit.T, 0, 2)
        np.fill_diagonal(square, 0)
        distances = distance.squareform(square, checks=False)
    else:
        distances = distance.pdist(matrix)
    linkage = hierarchy.linkage(distances, "average", optimal_ordering=matrix.shape[0] <= 200)
    tree = hierarchy.dendrogram(linkage, no_plot=True)
    top = max(max(heights) for heights in tree["dcoord"]) or 1.0
    joins = tuple(
        (tuple((x - 5) / 10 for x in xs), tuple(h / top for h in heights))
        for xs, heights in zip(tree["icoord"], tree["dcoord"], strict=True)
    )
    return [int(i) for i in tree["leaves"] or ()], joins


@styled
def draw_heatmap(heatmap: Heatmap, *, width_mm: float = TWO_COLUMNS_MM) -> Figure:
    """
    Draw a clustered heat map.

    Parameters
    ----------
    heatmap : Heatmap
        What to show.
    width_mm : float
        Width; the height follows from the number of features.

    Returns
    -------
    matplotlib.figure.Figure
        Trees at the left and above, a strip with the groups, names of features; names of samples where they fit.
    """
    n_rows, n_columns = heatmap.z.shape
    if not n_rows or not n_columns:
        return no_data(Size(width_mm, 40), "No feature to show.")
    label_mm = min(max(text_width_mm(name, SMALL) for name in heatmap.rows) + 4, 46.0)
    body = width_mm - label_mm - _TREE_MM - 4
    cell = body / n_columns
    has_names = cell >= 3.0
    foot = (max(text_width_mm(name, SMALL) for name in heatmap.columns) + 4 if has_names else 4) + 13
    figure = new_figure(Size(width_mm, _TREE_MM + _HEAD_MM + n_rows * _ROW_MM + foot))
    canvas = canvas_mm(figure)
    bottom, left = foot, _TREE_MM + 2
    top = bottom + n_rows * _ROW_MM
    room = _Room(left, bottom, top, cell, label_mm)
    _draw_values(canvas, heatmap, room)
    canvas.set_xlim(0, width_mm)
    canvas.set_ylim(0, top + _HEAD_MM + _TREE_MM)
    colours = {name: GROUP_COLOURS[i % len(GROUP_COLOURS)] for i, name in enumerate(heatmap.sides)}
    for j, group in enumerate(heatmap.groups):
        canvas.add_patch(_box(left + j * cell, top + 0.6, cell, 2.6, colours[group]))
    _draw_names(canvas, heatmap, room, has_names=has_names)
    _draw_trees(canvas, heatmap, room)
    _legend(canvas, list(heatmap.sides), colours, left, body)
    return figure


class _Room(NamedTuple):
    """Where the body of the picture lies, in mm, and how wide a sample and the names of features are."""

    left: float
    bottom: float
    top: float
    cell: float
    label_mm: float


def _draw_values(canvas: Axes, heatmap: Heatmap, room: _Room) -> None:
    right = room.left + room.cell * len(heatmap.columns)
    canvas.imshow(
        np.ma.masked_invalid(heatmap.z[::-1]),
        cmap="RdBu_r",
        vmin=-_LIMIT,
        vmax=_LIMIT,
        extent=(room.left, right, room.bottom, room.top),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        zorder=2,
    )


def _draw_names(canvas: Axes, heatmap: Heatmap, room: _Room, *, has_names: bool) -> None:
    style: dict[str, Any] = {"fontsize": SMALL}
    for j, name in enumerate(heatmap.columns if has_names else ()):
        x = room.left + (j + 0.5) * room.cell
        canvas.text(x, room.bottom - 1, name, rotation=90, ha="center", va="top", **style)
    right = room.left + room.cell * len(heatmap.columns)
    for i, name in enumerate(heatmap.rows):
        y = room.top - (i + 0.5) * _ROW_MM
        canvas.text(right + 1.2, y, _fit(name, room.label_mm - 3), ha="left", va="center", **style)


def _draw_trees(canvas: Axes, heatmap: Heatmap, room: _Room) -> None:
    style: dict[str, Any] = {"color": DARK, "linewidth": 0.4}
    for xs, heights in heatmap.column_tree:
        across = [room.left + (x + 0.5) * room.cell for x in xs]
        canvas.plot(across, [room.top + 4 + h * _TREE_MM for h in heights], **style)
    for xs, heights in heatmap.row_tree:
        down = [room.top - (x + 0.5) * _ROW_MM for x in xs]
        canvas.plot([_TREE_MM + 1 - h * _TREE_MM for h in heights], down, **style)


def _box(x: float, y: float, width: float, height: float, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, facecolor=colour, edgecolor="white", linewidth=0.3)


def _fit(text: str, room_mm: float) -> str:
    while text_width_mm(text, SMALL) > room_mm and len(text) > 4:
        text = text[:-2].rstrip(" …") + "…"
    return text


def _legend(canvas: Axes, names: list[str], colours: dict[str, str], left: float, body: float) -> None:
    at = left
    for name in names:
        canvas.add_patch(_box(at, 4, 3, 3, colours[name]))
        canvas.text(at + 4, 5.5, name, ha="left", va="center", fontsize=SMALL, color=INK)
        at += text_width_mm(name, SMALL) + 10
    gradient = np.linspace(-_LIMIT, _LIMIT, 101)[None, :]
    right = left + body
    limits = canvas.get_xlim(), canvas.get_ylim()
    canvas.imshow(gradient, cmap="RdBu_r", extent=(right - 32, right - 8, 4, 7), aspect="auto", zorder=2)
    canvas.set_xlim(*limits[0])
    canvas.set_ylim(*limits[1])
    canvas.text(right - 33, 5.5, f"−{_LIMIT:g}", ha="right", va="center", fontsize=SMALL)
    canvas.text(right - 7, 5.5, f"{_LIMIT:g} SD", ha="left", va="center", fontsize=SMALL)
