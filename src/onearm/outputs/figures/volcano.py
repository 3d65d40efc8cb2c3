"""Volcano: the effect of every feature against its P value, with the foremost named at the sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from onearm.outputs.figures.style import GREY, INK, RULE_GREY, Size, axes_mm, new_figure, no_data, styled
from onearm.outputs.figures.text import SMALL, text_width_mm

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["DOWN", "UP", "Volcano", "draw_volcano", "volcano_data"]

UP: Final = "#D55E00"
DOWN: Final = "#0072B2"
_NAMED: Final = 12
_LINE_MM: Final = 3.4
_MARGIN_MM: Final = 27.0


@dataclass(frozen=True)
class Volcano:
    """
    What a volcano shows.

    Parameters
    ----------
    table : polars.DataFrame
        ``LABEL EFFECT P Q WAY``; WAY is 1 (called, up), -1 (called, down) or 0.
    first, second : str
        What lies to the left and to the right.
    x_label : str
        Scale of the effect.
    q : float
        Limit of the call.
    least_effect : float
        Smallest effect of a call; 0 for none.
    """

    table: pl.DataFrame
    first: str
    second: str
    x_label: str
    q: float
    least_effect: float = 0.0


def volcano_data(rows: pl.DataFrame, labels: pl.DataFrame, *, q: float, least_effect: float) -> pl.DataFrame:
    """
    Lay the results of a comparison out for a volcano.

    Parameters
    ----------
    rows : polars.DataFrame
        Results of ``feature_difference`` of one comparison.
    labels : polars.DataFrame
        ``FEATURE LABEL``: what is printed for each.
    q, least_effect : float
        Limits of a call.

    Returns
    -------
    polars.DataFrame
        ``LABEL EFFECT P Q WAY``, smallest P first; features that could not be tested are left out.
    """
    import polars as pl

    wide = rows.filter(pl.col("stat").is_in(["estimate", "p_value", "q_value"])).pivot(
        "stat", index="variable_level", values="value"
    )
    for name in ("estimate", "p_value", "q_value"):
        if name not in wide.columns:
            wide = wide.with_columns(pl.lit(None, dtype=pl.Float64).alias(name))
    called = (pl.col("q_value") <= q) & (pl.col("estimate").abs() >= least_effect)
    return (
        wide.join(labels, left_on="variable_level", right_on="FEATURE", how="left", maintain_order="left")
        .filter(pl.col("estimate").is_not_null() & pl.col("p_value").is_not_null())
        .select(
            LABEL=pl.coalesce("LABEL", "variable_level"),
            EFFECT="estimate",
            P="p_value",
            Q="q_value",
            WAY=pl.when(called).then(pl.col("estimate").sign()).otherwise(0.0).cast(pl.Int64),
        )
        .sort("P", pl.col("EFFECT").abs() * -1)
    )


@styled
def draw_volcano(volcano: Volcano, *, size: Size | None = None) -> Figure:
    """
    Draw a volcano.

    Parameters
    ----------
    volcano : Volcano
        What to show.
    size : Size, optional
        In mm.

    Returns
    -------
    matplotlib.figure.Figure
        Called features in colour; the foremost of each side are named in the margin, joined to their points by lines.
    """
    size = size or Size(150, 92)
    table = volcano.table
    if not table.height:
        return no_data(size, "No feature could be compared.")
    figure = new_figure(size)
    axes = axes_mm(figure, left=14, right=3, bottom=13, top=9)
    x = table["EFFECT"].to_numpy()
    y = -np.log10(np.maximum(table["P"].to_numpy(), 1e-300))
    way = table["WAY"].to_numpy()
    reach = float(np.abs(x).max()) * 1.06 or 1.0
    top = float(y.max()) * 1.05 or 1.0
    many = table.height > 3000
    for value, colour, front in ((0, RULE_GREY, 1), (-1, DOWN, 2), (1, UP, 2)):
        mine = way == value
        axes.scatter(
            x[mine],
            y[mine],
            s=4 if many else 9,
            c=colour,
            linewidths=0,
            alpha=0.85 if value else 0.6,
            zorder=front,
            rasterized=many,
        )
    # names stand inside the axes, in a margin beyond the points on each side
    beyond = reach * (1 + 2 * _MARGIN_MM / (size.width_mm - 17 - 2 * _MARGIN_MM))
    axes.set_xlim(-beyond, beyond)
    ticks = [tick for tick in MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]).tick_values(-reach, reach) if abs(tick) <= reach]
    axes.set_xticks(ticks)
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.axvline(0, color=RULE_GREY, linewidth=0.5, zorder=0)
    if volcano.least_effect > 0:
        for side in (-1, 1):
            axes.axvline(side * volcano.least_effect, color=GREY, linewidth=0.5, linestyle=(0, (3, 3)), zorder=0)
    if (way != 0).any():
        axes.axhline(float(y[way != 0].min()), color=GREY, linewidth=0.5, linestyle=(0, (3, 3)), zorder=0)
    axes.set_xlabel(volcano.x_label)
    axes.set_ylabel("−log₁₀ P")
    _heads(axes, volcano, int((way < 0).sum()), int((way > 0).sum()))
    height = size.height_mm - 22
    for side in (-1, 1):
        mine = np.flatnonzero(way == side)[: min(_NAMED, int(height / _LINE_MM))]
        _name(axes, [(table["LABEL"][int(i)], x[i], y[i]) for i in mine], side * reach, height)
    return figure


def _heads(axes: Axes, volcano: Volcano, n_down: int, n_up: int) -> None:
    for at, align, text, colour in (
        (0.0, "left", f"← higher in {volcano.first}: {n_down}", DOWN),
        (1.0, "right", f"higher in {volcano.second}: {n_up} →", UP),
    ):
        axes.text(at, 1.02, text, transform=axes.transAxes, ha=align, va="bottom", fontsize=SMALL, color=colour)


def _name(axes: Axes, points: list[tuple[str, float, float]], edge: float, height_mm: float) -> None:
    """Write names into the margin in the order of their points, no two over one another."""
    if not points:
        return
    top = axes.get_ylim()[1]
    room = top * _LINE_MM / height_mm
    points = sorted(points, key=lambda point: point[2])
    places = [point[2] for point in points]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + room)
    over = places[-1] - (top - room / 2)
    if over > 0:
        places[-1] -= over
        for i in range(len(places) - 2, -1, -1):
            places[i] = min(places[i], places[i + 1] - room)
    for (label, x, y), place in zip(points, places, strict=True):
        start = (0.0 if edge > 0 else 1.0, 0.5)  # of the text, so that no line crosses it
        line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.35, "shrinkA": 0, "shrinkB": 1.5, "relpos": start}
        axes.annotate(
            _shorten(label), xy=(x, y), xytext=(edge * 1.05, place), ha="left" if edge > 0 else "right", va="center",
            fontsize=SMALL, color=INK, arrowprops=line, annotation_clip=False,
        )  # fmt: skip


def _shorten(label: str) -> str:
    while text_width_mm(label, SMALL) > _MARGIN_MM - 4 and len(label) > 4:
        label = label[:-2].rstrip(" …") + "…"
    return label
