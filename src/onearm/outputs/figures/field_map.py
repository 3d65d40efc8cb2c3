"""A field of tissue: cells coloured by phenotype, and a line from each source to its nearest tumour cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.collections import LineCollection

from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.style import (
    DARK,
    GREY,
    INK,
    TWO_COLUMNS_MM,
    Size,
    axes_mm,
    canvas_mm,
    new_figure,
    no_data,
    styled,
)
from onearm.outputs.figures.text import FONT_SIZE, SMALL, text_width_mm, wrap_mm

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FieldMap", "draw_field_maps", "field_map_data"]

_OTHER: Final = "#d9d9d9"
_COLOURS: Final = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Sources, tumour cells, then the others; Okabe and Ito (2008)."""
_MARKS: Final = ("o", "o", "s", "^", "D", "v")
"""A second way to tell phenotypes apart."""
_BARS_UM: Final = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)
_GAP_MM: Final = 6.0
_HEAD_MM: Final = 14.0


@dataclass(frozen=True)
class FieldMap:
    """
    One field.

    Parameters
    ----------
    title : str
        Printed above.
    note : str
        Printed below the title: what was measured.
    kinds : sequence of str
        Phenotypes in the order of their colours: sources, tumour cells, others.
    cells : polars.DataFrame
        ``XUM YUM KIND NEARX NEARY``; KIND is missing for cells of no phenotype.
    """

    title: str
    note: str
    kinds: Sequence[str]
    cells: pl.DataFrame


def field_map_data(adcell: pl.DataFrame, *, sources: str, targets: str) -> list[FieldMap]:
    """
    Take the fields to draw from their cells.

    Parameters
    ----------
    adcell : polars.DataFrame
        ADCELL of one assay.
    sources, targets : str
        Phenotypes between which lines are drawn.

    Returns
    -------
    list of FieldMap
        From the shortest to the longest mean distance, as they stand.
    """
    import polars as pl

    found = adcell["KIND"].drop_nulls().unique(maintain_order=True).sort().to_list()
    kinds = [sources, targets, *(kind for kind in found if kind not in (sources, targets))][: len(_COLOURS)]
    maps = []
    for (slide, name), cells in adcell.group_by("SLIDE", "FIELD", maintain_order=True):
        lines = cells.filter(pl.col("NEARUM").is_not_null())
        mean = lines["NEARUM"].mean()
        # what is said of a field is rounded as a length on the map: to a whole micron
        said = f"mean distance {mean:.0f} µm" if isinstance(mean, float) else "no distance"
        title = str(name) if slide is None or str(name).startswith(str(slide)) else f"{slide}, {name}"
        maps.append(FieldMap(title, f"{lines.height} {sources}; {said}", kinds, cells))
    return maps


@styled
def draw_field_maps(maps: Sequence[FieldMap], *, why_empty: str = "No field has both kinds of cells.") -> Figure:
    """
    Draw fields side by side, two in a row, all of one scale where they are of one size.

    Parameters
    ----------
    maps : sequence of FieldMap
        What `field_map_data` gives.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        The origin is at the upper left, as in the image.
    """
    if not maps:
        return no_data(Size(height_mm=40), why_empty)
    columns = min(2, len(maps))
    cell = (TWO_COLUMNS_MM - _GAP_MM * (columns - 1)) / columns if columns > 1 else 120.0
    width = cell * columns + _GAP_MM * (columns - 1)
    shapes = [_extent(one.cells) for one in maps]
    height = max(min(cell * (y[1] - y[0]) / (x[1] - x[0]), 1.2 * cell) for x, y in shapes)
    shown = [kind for kind in maps[0].kinds if any((one.cells["KIND"] == kind).any() for one in maps)]
    key = _key(maps, shown)
    key_mm = key_height_mm(key, width)
    rows = -(-len(maps) // columns)
    total = rows * (height + _HEAD_MM) + key_mm + 3
    figure = new_figure(Size(width, total))
    canvas = canvas_mm(figure)
    draw_key(canvas, key, left=0, top=key_mm, width=width)
    for number, (one, extent) in enumerate(zip(maps, shapes, strict=True)):
        i, j = divmod(number, columns)
        left, top = j * (cell + _GAP_MM), i * (height + _HEAD_MM) + _HEAD_MM
        axes = axes_mm(figure, left=left + 0.3, right=width - left - cell + 0.3, bottom=total - top - height, top=top)
        canvas.text(left, total - top + 6.2, _title(one.title, cell), fontweight="bold", va="baseline")
        canvas.text(left, total - top + 2.2, one.note, fontsize=SMALL, color=DARK, va="baseline")
        _draw_one(axes, one, extent)
    return figure


def _title(text: str, room: float) -> str:
    """Keep a title on its line; the end of a long name tells fields apart."""
    while text_width_mm(text, FONT_SIZE, "bold") > room and len(text) > 8:
        text = "…" + text.removeprefix("…")[2:]
    return wrap_mm(text, room * 2)[0]


def _extent(cells: pl.DataFrame) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give the box around the cells and their nearest tumour cells, a little wider."""
    sides = []
    for own, near in (("XUM", "NEARX"), ("YUM", "NEARY")):
        values = np.concatenate([cells[own].to_numpy(), cells[near].drop_nulls().to_numpy()])
        low, high = float(values.min()), float(values.max())
        pad = 0.015 * (high - low) or 5.0
        sides.append((low - pad, high + pad))
    return sides[0], sides[1]


def _key(maps: Sequence[FieldMap], shown: Sequence[str]) -> list[KeyEntry]:
    sources, targets = maps[0].kinds[0], maps[0].kinds[1]
    entries = [KeyEntry(kind, _MARKS[maps[0].kinds.index(kind)], _colour(maps[0], kind)) for kind in shown]
    return [
        *entries,
        KeyEntry("other cells", "o", GREY, _OTHER),
        KeyEntry(f"from {sources} to the nearest {targets}", "line", DARK),
    ]


def _colour(one: FieldMap, kind: str) -> str:
    return _COLOURS[list(one.kinds).index(kind)]


def _draw_one(axes: Axes, one: FieldMap, extent: tuple[tuple[float, float], tuple[float, float]]) -> None:
    (left, right), (low, high) = extent
    cells = one.cells
    size = float(np.clip(9000 / max(cells.height, 1), 0.6, 9.0))
    other = cells.filter(~cells["KIND"].is_in(list(one.kinds)).fill_null(value=False))
    axes.scatter(other["XUM"], other["YUM"], s=size * 0.6, color=_OTHER, linewidths=0, zorder=1, rasterized=True)
    order = [*one.kinds[2:], one.kinds[1]]
    for kind in order:
        _dots(axes, one, kind, size)
    lines = cells.filter(cells["NEARX"].is_not_null())
    ends = np.stack([lines.select("XUM", "YUM").to_numpy(), lines.select("NEARX", "NEARY").to_numpy()], axis=1)
    width = 0.45 if lines.height <= 400 else 0.2
    axes.add_collection(
        LineCollection(list(ends), colors=DARK, linewidths=width, alpha=0.9 if lines.height <= 400 else 0.5, zorder=3)
    )
    _dots(axes, one, one.kinds[0], size * 1.3)
    axes.set_xlim(left, right)
    axes.set_ylim(high, low)
    axes.set_aspect("equal", anchor="NW")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(True)
        axes.spines[side].set_color(GREY)
    _scale_bar(axes, right - left, high - low, (right, high))


def _dots(axes: Axes, one: FieldMap, kind: str, size: float) -> None:
    mine = one.cells.filter(one.cells["KIND"] == kind)
    place = list(one.kinds).index(kind)
    axes.scatter(
        mine["XUM"], mine["YUM"], s=size, marker=_MARKS[place], color=_COLOURS[place], linewidths=0,
        zorder=4 if place == 0 else 2, rasterized=True,
    )  # fmt: skip


def _scale_bar(axes: Axes, width: float, height: float, corner: tuple[float, float]) -> None:
    """Draw a bar of a round length, about a fifth of the width, in the lower right corner."""
    length = max((bar for bar in _BARS_UM if bar <= width / 4), default=_BARS_UM[0])
    right, bottom = corner[0] - 0.03 * width, corner[1] - 0.04 * height
    label = f"{length:g} µm"
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
    axes.text(
        right - length / 2, bottom - 0.015 * height, label, fontsize=SMALL, ha="center", va="bottom", zorder=6, bbox=box
    )
    axes.plot([right - length, right], [bottom, bottom], color=INK, linewidth=2, zorder=7, solid_capstyle="butt")
