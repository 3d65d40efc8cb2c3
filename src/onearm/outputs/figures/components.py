"""Samples by their first two principal components, with those that stand apart named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from onearm.outputs.figures.style import INK, RULE_GREY, Size, axes_mm, new_figure, no_data, styled
from onearm.outputs.figures.text import SMALL, text_width_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ComponentPlot", "draw_components"]

_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
_MARKS: Final = ("o", "s", "^", "D", "v", "P", "X")
_CELL: Final = 74.0


@dataclass(frozen=True)
class ComponentPlot:
    """
    One panel.

    Parameters
    ----------
    title : str
        Assay.
    x, y : sequence of float
        First and second component of each sample.
    groups : sequence of str
        Group of each sample.
    named : sequence of str
        Name of each sample that stands apart, empty else.
    shares : tuple of str
        Parts of the variance, as printed.
    pairs : sequence of (int, int)
        Samples of one patient, joined by lines.
    """

    title: str
    x: Sequence[float]
    y: Sequence[float]
    groups: Sequence[str]
    named: Sequence[str]
    shares: tuple[str, str]
    pairs: Sequence[tuple[int, int]] = ()


@styled
def draw_components(panels: Sequence[ComponentPlot]) -> Figure:
    """
    Draw samples by their components, two panels in a row.

    Parameters
    ----------
    panels : sequence of ComponentPlot
        One for each assay.

    Returns
    -------
    matplotlib.figure.Figure
        Colour and shape by group; samples of one patient are joined; samples that stand apart are named.
    """
    shown = [panel for panel in panels if len(panel.x)]
    if not shown:
        return no_data(Size(height_mm=40), "No sample has components.")
    columns = min(2, len(shown))
    n_rows = -(-len(shown) // columns)
    width = 87.0 * columns
    figure = new_figure(Size(width, _CELL * n_rows))
    for number, panel in enumerate(shown):
        i, j = divmod(number, columns)
        axes = axes_mm(
            figure,
            left=87 * j + 15,
            right=width - 87 * (j + 1) + 3,
            bottom=_CELL * (n_rows - 1 - i) + 12,
            top=_CELL * i + 13,
        )
        _draw_panel(axes, panel)
    return figure


def _draw_panel(axes: Axes, panel: ComponentPlot) -> None:
    for first, second in panel.pairs:
        x, y = [panel.x[first], panel.x[second]], [panel.y[first], panel.y[second]]
        axes.plot(x, y, color=RULE_GREY, linewidth=0.5, zorder=1)
    _draw_groups(axes, panel)
    middle = (min(panel.x) + max(panel.x)) / 2
    for x_value, y_value, name in zip(panel.x, panel.y, panel.named, strict=True):
        if not name:
            continue
        # towards the middle, where there is room for it
        away, side = (-4, "right") if x_value > middle else (4, "left")
        place: dict[str, Any] = {"textcoords": "offset points", "xytext": (away, 3), "ha": side, "fontsize": SMALL}
        axes.annotate(name, (x_value, y_value), **place)
    axes.margins(0.08)
    axes.set_xlabel(f"Component 1 ({panel.shares[0]} of variance)")
    axes.set_ylabel(f"Component 2 ({panel.shares[1]})")
    axes.text(0, 1.13, panel.title, transform=axes.transAxes, va="bottom", fontweight="bold")


def _draw_groups(axes: Axes, panel: ComponentPlot) -> None:
    """The samples of each group, and its name with its mark in the key above."""
    at = 0.0
    above: dict[str, Any] = {"transform": axes.transAxes}
    for k, name in enumerate(dict.fromkeys(panel.groups)):
        mine = [m for m, group in enumerate(panel.groups) if group == name]
        mark: dict[str, Any] = {"c": _COLOURS[k % len(_COLOURS)], "marker": _MARKS[k % len(_MARKS)]}
        x, y = [panel.x[m] for m in mine], [panel.y[m] for m in mine]
        axes.scatter(x, y, s=14, linewidths=0.3, edgecolors="white", zorder=2, **mark)
        axes.scatter([at], [1.055], s=12, clip_on=False, linewidths=0, **mark, **above)
        axes.text(at + 0.025, 1.05, name, fontsize=SMALL, va="center", color=INK, **above)
        at += (text_width_mm(name, SMALL) + 7) / 69
