"""Kaplan-Meier curve with its confidence band, censorings, numbers at risk and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from onearm.outputs.figures.style import BLUE, DARK, Size, axes_mm, canvas_mm, new_figure, no_data, styled
from onearm.outputs.figures.text import FONT_SIZE, text_width_mm, wrap_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from onearm.outputs.lookup import Lookup

__all__ = ["KaplanMeier", "draw_kaplan_meier", "kaplan_meier_data"]

_CURVE = ("survival", "conf_low", "conf_high", "at_risk", "events", "censored")
_LINE_MM = 3.8


class KaplanMeier(NamedTuple):
    """
    What a Kaplan-Meier figure draws.

    Parameters
    ----------
    curve : polars.DataFrame
        ``time survival conf_low conf_high at_risk events censored``, one row per distinct time, from time 0.
    ticks : polars.DataFrame
        ``time at_risk events``, one row per tick of the time axis; events up to and including it.
    median : float or None
        In months.
    """

    curve: pl.DataFrame
    ticks: pl.DataFrame
    median: float | None


def kaplan_meier_data(lookup: Lookup, paramcd: str) -> KaplanMeier:
    """
    Take a curve from the results.

    Parameters
    ----------
    lookup : Lookup
        The results of a group.
    paramcd : str
        The endpoint.

    Returns
    -------
    KaplanMeier
        Without rows where the endpoint has no patients.
    """
    points = lookup.block("survival_curve", paramcd)
    rows = [
        {"time": float(level), **{name: points.stat(name, "time", level).value for name in _CURVE}}
        for level in points.levels("time")
        if level is not None
    ]
    curve = pl.DataFrame(rows, schema=dict.fromkeys(("time", *_CURVE), pl.Float64)).sort("time")
    if curve.height and curve["time"][0] > 0:
        n = lookup.block("survival", paramcd).stat("n").value
        start = pl.DataFrame([(0.0, 1.0, 1.0, 1.0, n, 0.0, 0.0)], schema=curve.schema, orient="row")
        curve = pl.concat([start, curve])
    risk = lookup.block("survival_at_risk", paramcd)
    ticks = [
        {
            "time": float(level),
            "at_risk": risk.stat("at_risk", "time", level).value,
            "events": risk.stat("events", "time", level).value,
        }
        for level in risk.levels("time")
        if level is not None
    ]
    table = pl.DataFrame(ticks, schema=dict.fromkeys(("time", "at_risk", "events"), pl.Float64)).sort("time")
    if table.height and table["events"].is_null().all():
        # Results without running totals: the curve's own events add up to them.
        so_far = [curve.filter(pl.col("time") <= t)["events"].sum() for t in table["time"]]
        table = table.with_columns(events=pl.Series(so_far, dtype=pl.Float64))
    return KaplanMeier(curve, table, lookup.block("survival", paramcd).stat("median").value)


@styled
def draw_kaplan_meier(
    data: KaplanMeier,
    *,
    y_label: str,
    x_label: str = "Time (months)",
    heading: Sequence[str] = (),
    size: Size | None = None,
    why_empty: str = "No patient entered this analysis.",
) -> Figure:
    """
    Draw a Kaplan-Meier curve.

    Parameters
    ----------
    data : KaplanMeier
        See `kaplan_meier_data`.
    y_label, x_label : str
        Axis labels.
    heading : sequence of str
        Printed lines above the plot: median, rates.
    size : Size, optional
        In mm; two columns of a journal where missing.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        The band stops where the bounds do; a tick marks each time with a censoring.
    """
    size = size or Size(height_mm=96)
    if not data.curve.height:
        return no_data(size, why_empty)
    figure = new_figure(size)
    lines = [part for line in heading for part in wrap_mm(line, size.width_mm - 45)]
    left = max(18.0, text_width_mm("No. at risk", FONT_SIZE) + 6)
    axes = axes_mm(figure, left=left, right=6, bottom=24, top=5 + _LINE_MM * len(lines))
    _draw_curve(axes, data)
    _set_axes(axes, data, y_label, x_label, room_mm=size.width_mm - left - 6)
    canvas = canvas_mm(figure)
    for number, line in enumerate(lines):
        canvas.text(left, size.height_mm - 2.5 - _LINE_MM * number, line, va="top")
    for number, label in enumerate(("No. at risk", "Events")):
        canvas.text(left - 5, 8.6 - _LINE_MM * number, label, ha="right", va="center_baseline")
    return figure


def _draw_curve(axes: Axes, data: KaplanMeier) -> None:
    curve = data.curve
    time, survival = curve["time"].to_numpy(), curve["survival"].to_numpy() * 100
    band = curve.drop_nulls(["conf_low", "conf_high"])
    axes.fill_between(
        band["time"].to_numpy(), band["conf_low"].to_numpy() * 100, band["conf_high"].to_numpy() * 100,
        step="post", color="#D6E6F2", linewidth=0,
    )  # fmt: skip
    axes.step(time, survival, where="post", color=BLUE, linewidth=1.4)
    lost = curve.filter(pl.col("censored") > 0)
    axes.plot(lost["time"], lost["survival"] * 100, "|", color=BLUE, markersize=6, markeredgewidth=0.9)
    if data.median is not None:
        axes.plot([0, data.median, data.median], [50, 50, 0], color=DARK, linewidth=0.7, linestyle=(0, (4, 3)))


def _set_axes(axes: Axes, data: KaplanMeier, y_label: str, x_label: str, *, room_mm: float) -> None:
    ticks = _thin(data.ticks, room_mm)
    last = max([float(data.curve["time"][-1]), *ticks["time"].to_list()])
    axes.set_xlim(0, max(last, 1e-9) * 1.02)
    axes.set_ylim(0, 102)
    axes.set_yticks(range(0, 101, 20))
    axes.set_xticks(ticks["time"].to_list(), [f"{t:g}" for t in ticks["time"]])
    axes.spines["left"].set_bounds(0, 100)
    axes.set_ylabel(y_label, rotation_mode="anchor", va="bottom")
    axes.set_xlabel(x_label)
    for t, at_risk, events in ticks.iter_rows():
        for offset, value in ((0, at_risk), (1, events)):
            text = "" if value is None else f"{value:.0f}"
            axes.annotate(
                text, (t, 0), xycoords=("data", "axes fraction"), xytext=(0, -(24 - 8.6 + 3.8 * offset) / 25.4 * 72),
                textcoords="offset points", ha="center", va="center_baseline", annotation_clip=False,
            )  # fmt: skip


def _thin(ticks: pl.DataFrame, room_mm: float) -> pl.DataFrame:
    widest = max((text_width_mm(f"{v:.0f}") for row in ticks.iter_rows() for v in row if v is not None), default=1.0)
    fits = max(2, int(room_mm / (widest + 3)))
    every = -(-ticks.height // fits) if ticks.height else 1
    return ticks.gather_every(every)
