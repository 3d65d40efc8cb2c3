"""The field map as the data it draws."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.collections import LineCollection

from onearm.outputs.figures.field_map import draw_field_maps, field_map_data

CELLS = pl.DataFrame(
    {
        "SLIDE": ["s", "s", "s", "t", "t"],
        "FIELD": ["s_1", "s_1", "s_1", "f", "f"],
        "XUM": [0.0, 30.0, 100.0, 5.0, 9.0],
        "YUM": [0.0, 40.0, 100.0, 5.0, 9.0],
        "KIND": ["CD8+", "CK+", None, "CD8+", "CD20+"],
        "NEARX": [30.0, None, None, None, None],
        "NEARY": [40.0, None, None, None, None],
        "NEARUM": [50.0, None, None, None, None],
    }
)


def test_kinds_are_sources_tumour_cells_then_others() -> None:
    maps = field_map_data(CELLS, sources="CD8+", targets="CK+")
    assert [one.title for one in maps] == ["s_1", "t, f"]
    assert list(maps[0].kinds) == ["CD8+", "CK+", "CD20+"]
    assert [one.note for one in maps] == ["1 CD8+; mean distance 50 µm", "0 CD8+; no distance"]


def test_lines_go_from_sources_to_their_nearest_tumour_cell() -> None:
    figure = draw_field_maps(field_map_data(CELLS, sources="CD8+", targets="CK+"))
    lines = [c for axes in figure.axes for c in axes.collections if isinstance(c, LineCollection)]
    drawn = [segment.tolist() for collection in lines for segment in collection.get_segments()]
    assert drawn == [[[0.0, 0.0], [30.0, 40.0]]]
    maps = [axes for axes in figure.axes if any(isinstance(c, LineCollection) for c in axes.collections)]
    assert all(axes.get_ylim()[0] > axes.get_ylim()[1] for axes in maps)  # the origin of an image is at the top


def test_every_cell_is_drawn_once() -> None:
    figure = draw_field_maps(field_map_data(CELLS, sources="CD8+", targets="CK+"))
    points = [c.get_offsets() for axes in figure.axes for c in axes.collections if not isinstance(c, LineCollection)]
    assert sum(len(np.ma.getdata(found)) for found in points if len(found)) >= CELLS.height


def test_nothing_to_draw_is_said() -> None:
    assert "No field has both kinds" in str([text.get_text() for text in draw_field_maps([]).axes[0].texts])
