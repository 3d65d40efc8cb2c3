"""Forest plot: an estimate with its interval in each subgroup."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import polars as pl

from onearm.outputs.figures.style import BLUE, DARK, Size, axes_mm, canvas_mm, new_figure, no_data, styled
from onearm.outputs.figures.text import SMALL, clean, text_width_mm, wrap_mm
from onearm.outputs.labels import category_label, variable_label
from onearm.outputs.lookup import Group, subgroup_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_forest", "forest_data"]

_ESTIMATES: Final = ("hazard_ratio", "odds_ratio", "estimate", "p", "rate", "median")
_SCHEMA: Final = {
    "variable": pl.String,
    "subgroup": pl.String,
    "level": pl.String,
    "n": pl.Float64,
    "events": pl.Float64,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "note": pl.String,
}
_ROW_MM: Final = 4.6
_BELOW_MM: Final = 13.0
_ABOVE_MM: Final = 9.0


def forest_data(
    results: pl.DataFrame,
    paramcd: str,
    group: Group,
    *,
    analysis: str = "subgroup",
) -> pl.DataFrame:
    """
    Take the estimates of the subgroups of an endpoint.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    paramcd : str
        The endpoint.
    group : Group
        Everybody, or a cohort.
    analysis : str, default "subgroup"
        Name of the analysis.

    Returns
    -------
    polars.DataFrame
        ``variable subgroup level n events estimate low high note`` in the order of the results; a subgroup that could not
        be estimated has a row without an estimate, and one that others are compared with the note "reference".
    """
    chosen = subgroup_rows(results, group).filter((pl.col("analysis") == analysis) & (pl.col("paramcd") == paramcd))
    rows = []
    for (name, level), part in chosen.group_by(["subgroup", "subgroup_level"], maintain_order=True):
        stats = dict(part.select("stat", "value").iter_rows())
        notes = dict(part.select("stat", "note").iter_rows())
        used = next((s for s in _ESTIMATES if s in stats), "")
        row = {
            "variable": str(name),
            "subgroup": variable_label(str(name)),
            "level": category_label(str(name), str(level)),
            "n": stats.get("N", stats.get("n")),
            "events": stats.get("events"),
            "estimate": stats.get(used),
            "low": stats.get("conf_low"),
            "high": stats.get("conf_high"),
            "note": notes.get(used),
        }
        rows.append(row)
    return pl.DataFrame(rows, schema=_SCHEMA)


@styled
def draw_forest(
    data: pl.DataFrame,
    *,
    printed: list[str],
    heading: str,
    x_label: str,
    reference: float | None = None,
    log: bool = False,
    size: Size | None = None,
    why_empty: str = "No subgroup was analysed.",
) -> Figure:
    """
    Draw a forest plot.

    Parameters
    ----------
    data : polars.DataFrame
        See `forest_data`.
    printed : list of str
        The estimates as printed, one for each row.
    heading : str
        Head of the printed estimates.
    x_label : str
        Axis label.
    reference : float, optional
        Where a vertical line stands: 1 for a ratio, the whole population's estimate for a rate.
    log : bool, default False
        Whether the axis is logarithmic.
    size : Size, optional
        Its width counts; the height follows the number of rows.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        The area of a square follows the number of patients.
    """
    size = size or Size()
    if not data.height:
        return no_data(size, why_empty)
    lanes = _lanes(data)
    left = 6 + min(60.0, max(text_width_mm(clean(text)[:38]) for text, _ in lanes) + 3)
    counts = [_count(row) for row in data.iter_rows(named=True)]
    counted = "Patients" if data["events"].is_null().all() else "Events/patients"
    count_width = max(text_width_mm(text) for text in [*counts, counted]) + 5
    right = 6 + max(text_width_mm(text) for text in [*printed, heading])
    height = _ROW_MM * (len(lanes) + 1) + _BELOW_MM + _ABOVE_MM
    figure = new_figure(Size(size.width_mm, height))
    axes = axes_mm(figure, left=left + count_width, right=right + 4, bottom=_BELOW_MM, top=_ABOVE_MM)
    canvas = canvas_mm(figure)
    rows = list(data.iter_rows(named=True))
    bottom, span = _BELOW_MM, height - _BELOW_MM - _ABOVE_MM
    _draw_header(canvas, (left + count_width - 4, size.width_mm - right + 2), height, counted, heading)
    largest = max([n for n in data["n"] if n is not None], default=1.0)
    for lane, (text, number) in enumerate(lanes):
        y = bottom + span * (1 - (lane + 1) / (len(lanes) + 1))
        (label, *_) = wrap_mm(text, left - 6)
        canvas.text(
            4 if number is None else 7,
            y,
            label,
            va="center_baseline",
            fontweight="bold" if number is None else "normal",
        )
        if number is not None:
            canvas.text(left + count_width - 4, y, counts[number], ha="right", va="center_baseline")
            canvas.text(size.width_mm - right + 2, y, printed[number], va="center_baseline")
            _draw_estimate(axes, rows[number], 1 - (lane + 1) / (len(lanes) + 1), largest)
    _set_axes(axes, data, x_label=x_label, reference=reference, log=log)
    _point_beyond(
        axes, [(rows[n], 1 - (lane + 1) / (len(lanes) + 1)) for lane, (_, n) in enumerate(lanes) if n is not None]
    )
    return figure


def _lanes(data: pl.DataFrame) -> list[tuple[str, int | None]]:
    lanes: list[tuple[str, int | None]] = []
    last = None
    for number, row in enumerate(data.iter_rows(named=True)):
        if row["subgroup"] != last:
            lanes.append((row["subgroup"], None))
            last = row["subgroup"]
        lanes.append((row["level"], number))
    return lanes


def _count(row: dict[str, float | None]) -> str:
    n, events = row["n"], row["events"]
    if n is None:
        return ""
    return f"{n:.0f}" if events is None else f"{events:.0f}/{n:.0f}"


def _draw_header(canvas: Axes, at: tuple[float, float], height: float, counted: str, heading: str) -> None:
    count_at, estimate_at = at
    canvas.text(count_at, height - 7, counted, ha="right", va="center_baseline", fontsize=SMALL, color=DARK)
    canvas.text(estimate_at, height - 7, heading, va="center_baseline", fontsize=SMALL, color=DARK)


def _draw_estimate(axes: Axes, row: dict[str, float | None], y: float, largest: float) -> None:
    low, high, estimate = row["low"], row["high"], row["estimate"]
    if low is not None and high is not None and math.isfinite(low) and math.isfinite(high):
        axes.plot([low, high], [y, y], color=BLUE, linewidth=0.9)
    if estimate is not None and math.isfinite(estimate):
        size = 2.2 + 4.2 * math.sqrt((row["n"] or 0.0) / largest)
        axes.plot([estimate], [y], "s", color=BLUE, markersize=size)


def _point_beyond(axes: Axes, rows: list[tuple[dict[str, float | None], float]]) -> None:
    """An arrow where an interval goes on beyond the axis; a line that only stops there would look like a limit."""
    first, last = axes.get_xlim()
    for row, y in rows:
        low, high = row["low"], row["high"]
        for value, edge, marker in ((low, first, "<"), (high, last, ">")):
            is_beyond = value is not None and math.isfinite(value) and (value < first or value > last)
            if is_beyond:
                axes.plot([edge], [y], marker, color=BLUE, markersize=3.4, clip_on=False, gid="beyond the axis")


def _set_axes(axes: Axes, data: pl.DataFrame, *, x_label: str, reference: float | None, log: bool) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(x_label)
    values = [v for name in ("estimate", "low", "high") for v in data[name] if v is not None and math.isfinite(v)]
    if log:
        axes.set_xscale("log")
        inside = [v for v in values if v > 0] or [1.0]
        low, high = max(min([*inside, 0.5]) * 0.9, 0.02), min(max([*inside, 2.0]) * 1.1, 50.0)
        axes.set_xlim(low, high)
        marks = [m for m in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0) if low <= m <= high]
        axes.xaxis.set_major_locator(FixedLocator(marks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([f"{m:g}" for m in marks])
    elif values and max(values) <= 1 and min(values) >= 0:
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    if reference is not None and math.isfinite(reference):
        axes.axvline(reference, color=DARK, linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
