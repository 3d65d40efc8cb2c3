"""Box plots with every patient as a point: a biomarker in groups of patients, one panel for each biomarker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from onearm.outputs.figures.panels import panel_grid
from onearm.outputs.figures.style import DARK, INK, Size, no_data, styled
from onearm.outputs.figures.text import SMALL, text_width_mm, wrap_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["GROUP_COLOURS", "Panel", "draw_boxes", "spread_points"]

GROUP_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours of groups, in their order."""
_WIDTH: Final = 0.34


@dataclass(frozen=True)
class Panel:
    """
    One panel of box plots.

    Parameters
    ----------
    title : str
        Printed above.
    groups : mapping of str to sequence of float
        Values of each group, in order.
    note : str
        Printed below the title, such as the P value.
    y_label : str
        Unit of the values.
    """

    title: str
    groups: Mapping[str, Sequence[float]]
    note: str = ""
    y_label: str = ""


@styled
def draw_boxes(panels: Sequence[Panel], *, why_empty: str = "No patient has a value.") -> Figure:
    """
    Draw box plots, four panels in a row.

    Parameters
    ----------
    panels : sequence of Panel
        One for each biomarker.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Boxes: quartiles with median; whiskers to the last point within 1.5 times the height of the box; every patient a
        point, moved sideways where several are alike.
    """
    shown = [panel for panel in panels if any(len(values) for values in panel.groups.values())]
    if not shown:
        return no_data(Size(height_mm=40), why_empty)
    figure, cells = panel_grid(len(shown))
    for panel, (axes, room_mm) in zip(shown, cells, strict=True):
        _draw_panel(axes, panel, room_mm)
    return figure


def _draw_panel(axes: Axes, panel: Panel, room_mm: float) -> None:
    fits = sum(text_width_mm(name, SMALL) + 2 for name in panel.groups) <= room_mm + 6
    step = room_mm + 6 if fits else room_mm / max(len(panel.groups), 1) - 1
    labels = []
    for place, (name, values) in enumerate(panel.groups.items()):
        found = np.asarray(values, dtype=float)
        colour = GROUP_COLOURS[place % len(GROUP_COLOURS)]
        _draw_group(axes, place, found, colour)
        labels.append("\n".join([*wrap_mm(name, step, SMALL)[:2], f"n = {found.size}"]))
    axes.set_xlim(-0.6, len(panel.groups) - 0.4)
    axes.set_xticks(range(len(labels)), labels, fontsize=SMALL)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(panel.y_label, fontsize=SMALL)
    title = wrap_mm(panel.title, (room_mm + 12) / 1.15)[:2]
    axes.annotate(
        "\n".join(title), (0, 1), xycoords="axes fraction", xytext=(-9, 13 if panel.note else 5),
        textcoords="offset points", fontweight="bold", va="bottom", linespacing=1.05,
    )  # fmt: skip
    axes.annotate(
        panel.note, (0, 1), xycoords="axes fraction", xytext=(-9, 4), textcoords="offset points",
        fontsize=SMALL, color=DARK, va="bottom",
    )  # fmt: skip


def _draw_group(axes: Axes, place: int, values: np.ndarray, colour: str) -> None:
    if values.size == 0:
        return
    if values.size >= 5:
        q1, middle, q3 = np.quantile(values, (0.25, 0.5, 0.75))
        reach = 1.5 * (q3 - q1)
        low, high = values[values >= q1 - reach].min(), values[values <= q3 + reach].max()
        axes.fill_between([place - _WIDTH, place + _WIDTH], q1, q3, color=colour, alpha=0.18, linewidth=0)
        axes.plot(
            [place - _WIDTH, place + _WIDTH, place + _WIDTH, place - _WIDTH, place - _WIDTH], [q1, q1, q3, q3, q1],
            color=INK, linewidth=0.7,
        )  # fmt: skip
        axes.plot([place] * 2, [low, q1], color=INK, linewidth=0.7)
        axes.plot([place] * 2, [q3, high], color=INK, linewidth=0.7)
    else:
        middle = float(np.median(values))
    axes.plot([place - _WIDTH, place + _WIDTH], [middle] * 2, color=INK, linewidth=1.4)
    size = 10 if values.size <= 60 else 4 if values.size <= 200 else 1.6
    axes.scatter(
        place + spread_points(values, 0.9 * _WIDTH), values, s=size, color=colour, edgecolors="white",
        linewidths=0.3 if size > 2 else 0, zorder=3,
    )  # fmt: skip


def spread_points(values: np.ndarray, width: float, *, bins: int = 28) -> np.ndarray:
    """
    Move points sideways so that those of like value lie beside one another; the same values give the same places.

    Parameters
    ----------
    values : numpy.ndarray, shape (n,)
        Any numbers.
    width : float
        Furthest to either side.
    bins : int, default 28
        Values in one of so many equal classes of their range are alike.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Offsets, symmetric around 0.
    """
    span = np.ptp(values) if values.size else 0.0
    classes = (
        np.zeros(values.size, dtype=int) if span == 0 else np.round((values - values.min()) / span * bins).astype(int)
    )
    offsets = np.zeros(values.size)
    counts = np.bincount(classes) if values.size else np.zeros(1, dtype=int)
    widest = max(int(counts.max()), 6)
    for group in np.flatnonzero(counts):
        members = np.flatnonzero(classes == group)
        ordered = members[np.argsort(values[members], kind="stable")]
        k = np.arange(ordered.size)
        side = np.where(k % 2 == 1, 1, -1) * ((k + 1) // 2)
        offsets[ordered] = side * 2 * width / widest
    return offsets
