"""Paired values: one line per patient from one time to the next, one panel for each biomarker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from onearm.outputs.figures.panels import panel_grid
from onearm.outputs.figures.style import DARK, INK, Size, no_data, styled
from onearm.outputs.figures.text import SMALL, wrap_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Pairs", "draw_pairs"]

_UP: Final = "#D55E00"
_DOWN: Final = "#0072B2"
_SAME: Final = "#8c8c8c"


@dataclass(frozen=True)
class Pairs:
    """
    One panel of paired values.

    Parameters
    ----------
    title : str
        Printed above.
    times : tuple of str
        Names of the two times.
    before, after : sequence of float
        Values of each patient at both.
    note : str
        Printed below the title, such as the P value.
    y_label : str
        Unit of the values.
    """

    title: str
    times: tuple[str, str]
    before: Sequence[float]
    after: Sequence[float]
    note: str = ""
    y_label: str = ""


@styled
def draw_pairs(panels: Sequence[Pairs], *, why_empty: str = "No patient has values at two times.") -> Figure:
    """
    Draw paired values, four panels in a row.

    Parameters
    ----------
    panels : sequence of Pairs
        One for each biomarker and later time.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Orange lines rise, blue lines fall, grey ones stay; black: the medians.
    """
    shown = [panel for panel in panels if len(panel.before)]
    if not shown:
        return no_data(Size(height_mm=40), why_empty)
    figure, cells = panel_grid(len(shown))
    for panel, (axes, room_mm) in zip(shown, cells, strict=True):
        _draw_panel(axes, panel, room_mm)
    return figure


def _draw_panel(axes: Axes, panel: Pairs, room_mm: float) -> None:
    before, after = np.asarray(panel.before, dtype=float), np.asarray(panel.after, dtype=float)
    strength = 0.75 if before.size <= 60 else 0.3
    for colour, chosen in ((_SAME, after == before), (_DOWN, after < before), (_UP, after > before)):
        if chosen.any():
            lines = np.vstack([before[chosen], after[chosen]])
            axes.plot([0, 1], lines, color=colour, linewidth=0.7, alpha=strength)
            axes.plot([0, 1], lines, "o", color=colour, markersize=2.4, markeredgewidth=0, alpha=strength)
    axes.plot([0, 1], [np.median(before), np.median(after)], "-D", color=INK, linewidth=1.6, markersize=4)
    axes.set_xlim(-0.25, 1.25)
    names = ["\n".join(wrap_mm(f"{name[:1].upper()}{name[1:]}", room_mm / 2, SMALL)[:2]) for name in panel.times]
    axes.set_xticks([0, 1], names, fontsize=SMALL)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(panel.y_label, fontsize=SMALL)
    axes.annotate(
        "\n".join(wrap_mm(panel.title, (room_mm + 12) / 1.15)[:2]), (0, 1), xycoords="axes fraction",
        xytext=(-9, 13 if panel.note else 5), textcoords="offset points", fontweight="bold", va="bottom", linespacing=1.05,
    )  # fmt: skip
    axes.annotate(
        panel.note, (0, 1), xycoords="axes fraction", xytext=(-9, 4), textcoords="offset points",
        fontsize=SMALL, color=DARK, va="bottom",
    )  # fmt: skip
