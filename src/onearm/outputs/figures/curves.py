"""Kaplan-Meier curves of groups in one plot, with the numbers at risk of each below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from onearm.outputs.figures.boxes import GROUP_COLOURS
from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.style import Size, axes_mm, canvas_mm, new_figure, no_data, styled
from onearm.outputs.figures.text import FONT_SIZE, text_width_mm, wrap_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves_data", "draw_curves"]

_STYLES: Final = ("-", (0, (5, 1.6)), (0, (1.4, 1.4)), (0, (6, 1.5, 1.2, 1.5)), (0, (3, 1)), "-")
_LINE_MM: Final = 3.8
_SCHEMA: Final = dict.fromkeys(("time", "survival", "at_risk", "events", "censored"), pl.Float64)


def curves_data(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Take the curves of groups from the results.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows of the results table of one analysis with a column ``subgroup_level``, the group.

    Returns
    -------
    polars.DataFrame
        ``group time survival at_risk events censored``, one row per group and distinct time, from time 0 on.
    """
    points = rows.filter(pl.col("variable") == "time").select(
        group="subgroup_level", time=pl.col("variable_level").cast(pl.Float64), stat="stat", value="value"
    )
    parts = []
    for (group,), part in points.group_by("group", maintain_order=True):
        wide = part.pivot("stat", index="time", values="value", maintain_order=True).sort("time")
        wide = wide.select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items())
        if wide["time"][0] > 0:
            start = pl.DataFrame([(0.0, 1.0, wide["at_risk"][0], 0.0, 0.0)], schema=_SCHEMA, orient="row")
            wide = pl.concat([start, wide])
        parts.append(wide.select(pl.lit(str(group)).alias("group"), *_SCHEMA))
    return pl.concat(parts) if parts else pl.DataFrame(schema={"group": pl.String, **_SCHEMA})


@styled
def draw_curves(
    data: pl.DataFrame, *, y_label: str, x_label: str, heading: Sequence[str] = (), size: Size | None = None
) -> Figure:
    """
    Draw the curves of groups.

    Parameters
    ----------
    data : polars.DataFrame
        See `curves_data`.
    y_label, x_label : str
        Axis labels.
    heading : sequence of str
        Printed lines above the plot: hazard ratio, P value.
    size : Size, optional
        In mm; two columns of a journal where missing. It grows with the number of groups.

    Returns
    -------
    matplotlib.figure.Figure
        Groups differ in colour and in line style; ticks are censored patients.
    """
    groups = data["group"].unique(maintain_order=True).to_list()
    size = size or Size(height_mm=92)
    if not groups:
        return no_data(size, "No patient has both the marker and the time.")
    entries = [KeyEntry(name, "line", GROUP_COLOURS[i % 6], style=_STYLES[i % 6]) for i, name in enumerate(groups)]
    left = max(18.0, max(text_width_mm(name, FONT_SIZE) for name in groups) + 9, text_width_mm("No. at risk") + 6)
    left = min(left, 45.0)
    lines = [part for line in heading for part in wrap_mm(line, size.width_mm - left - 6)]
    below = 20.0 + _LINE_MM * len(groups)
    above = 4 + _LINE_MM * len(lines) + key_height_mm(entries, size.width_mm - left - 6)
    figure = new_figure(Size(size.width_mm, size.height_mm + _LINE_MM * (len(groups) - 1)))
    height = size.height_mm + _LINE_MM * (len(groups) - 1)
    axes = axes_mm(figure, left=left, right=6, bottom=below, top=above)
    for number, name in enumerate(groups):
        _draw_curve(axes, data.filter(pl.col("group") == name), number)
    ticks = _set_axes(axes, data, y_label, x_label)
    canvas = canvas_mm(figure)
    for number, line in enumerate(lines):
        canvas.text(left, height - 2.5 - _LINE_MM * number, line, va="top")
    draw_key(canvas, entries, left=left, top=height - 2.5 - _LINE_MM * len(lines), width=size.width_mm - left - 6)
    canvas.text(left - 5, below - 11.5, "No. at risk", ha="right", va="center_baseline")
    for number, name in enumerate(groups):
        y = below - 11.5 - _LINE_MM * (number + 1)
        canvas.text(
            left - 5, y, wrap_mm(name, left - 6)[0], ha="right", va="center_baseline", color=GROUP_COLOURS[number % 6]
        )
        _write_risk(axes, data.filter(pl.col("group") == name), ticks, -(below - y) / 25.4 * 72)
    return figure


def _draw_curve(axes: Axes, curve: pl.DataFrame, number: int) -> None:
    colour = GROUP_COLOURS[number % 6]
    axes.step(
        curve["time"], curve["survival"] * 100, where="post", color=colour, linewidth=1.4, linestyle=_STYLES[number % 6]
    )
    lost = curve.filter(pl.col("censored") > 0)
    axes.plot(lost["time"], lost["survival"] * 100, "|", color=colour, markersize=5, markeredgewidth=0.9)


def _set_axes(axes: Axes, data: pl.DataFrame, y_label: str, x_label: str) -> np.ndarray:
    last = max(float(data["time"].max() or 0.0), 1e-9)  # type: ignore[arg-type]  # a column of floats
    step = next((s for s in (1, 2, 3, 6, 12, 24, 36, 60) if last / s <= 10), 120)
    ticks = np.arange(0, last + step, step, dtype=float)
    axes.set_xlim(0, max(float(ticks[-1]), last) * 1.02)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_ylim(0, 102)
    axes.set_yticks(range(0, 101, 20))
    axes.spines["left"].set_bounds(0, 100)
    axes.set_ylabel(y_label, rotation_mode="anchor", va="bottom")
    axes.set_xlabel(x_label)
    return ticks


def _write_risk(axes: Axes, curve: pl.DataFrame, ticks: np.ndarray, offset: float) -> None:
    time, at_risk = curve["time"].to_numpy(), curve["at_risk"].to_numpy()
    for tick in ticks:
        i = int(np.searchsorted(time, tick, side="left"))
        axes.annotate(
            f"{at_risk[i] if i < time.size else 0:.0f}", (tick, 0), xycoords=("data", "axes fraction"), xytext=(0, offset),
            textcoords="offset points", ha="center", va="center_baseline", annotation_clip=False,
        )  # fmt: skip
