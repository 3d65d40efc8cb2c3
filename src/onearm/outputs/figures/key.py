"""The key of a figure: what its colours and marks stand for, in rows above the plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from onearm.outputs.figures.text import text_width_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["KeyEntry", "draw_key", "key_height_mm"]


class KeyEntry(NamedTuple):
    """
    One entry of a figure's key.

    Parameters
    ----------
    label : str
        What it stands for.
    kind : str
        ``bar``, ``line``, or a matplotlib marker.
    colour : str
        Its colour.
    fill : str or None
        Colour inside a marker; that of its edge where missing.
    style : object
        Style of a line, as matplotlib spells it.
    """

    label: str
    kind: str
    colour: str
    fill: str | None = None
    style: Any = "-"


def key_height_mm(entries: Sequence[KeyEntry], width: float) -> float:
    """
    Say how much height a key takes.

    Parameters
    ----------
    entries : sequence of KeyEntry
        May be none.
    width : float
        Millimetres it may fill.

    Returns
    -------
    float
        Millimetres.
    """
    rows = _key_rows(entries, width)
    return 4.2 * len(rows)


def _key_rows(entries: Sequence[KeyEntry], width: float) -> list[list[tuple[KeyEntry, float]]]:
    rows: list[list[tuple[KeyEntry, float]]] = []
    used = width + 1
    for entry in entries:
        needs = 5.5 + text_width_mm(entry.label) + 5
        if used + needs > width + 5 or not rows:
            rows.append([])
            used = 0.0
        rows[-1].append((entry, used))
        used += needs
    return rows


def draw_key(canvas: Axes, entries: Sequence[KeyEntry], *, left: float, top: float, width: float) -> None:
    """
    Draw a figure's key in rows, as wide as it may be.

    Parameters
    ----------
    canvas : matplotlib.axes.Axes
        Axes in mm (`canvas_mm`).
    entries : sequence of KeyEntry
        In the order in which they are read.
    left, top : float
        Upper left corner.
    width : float
        Millimetres it may fill.
    """
    for number, row in enumerate(_key_rows(entries, width)):
        y = top - 2.1 - 4.2 * number
        for entry, offset in row:
            x = left + offset
            if entry.kind == "bar":
                canvas.fill_between([x, x + 4], y - 1.1, y + 1.1, color=entry.colour, linewidth=0)
            elif entry.kind == "line":
                canvas.plot([x, x + 4.4], [y, y], color=entry.colour, linestyle=entry.style)
            else:
                face = entry.fill or entry.colour
                canvas.plot([x + 2], [y], entry.kind, color=entry.colour, markerfacecolor=face, markersize=4.5)
            canvas.text(x + 5.5, y, entry.label, va="center_baseline")
