"""Spider: percent change of the sum of target diameters over time, one line per patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.patients import NOT_RECORDED, RESPONSE_ORDER, best_responses, largest, shown_subjects
from onearm.outputs.figures.style import (
    DARK,
    INK,
    RESPONSE_COLOURS,
    Size,
    axes_mm,
    canvas_mm,
    new_figure,
    no_data,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from onearm.outputs.figures.patients import Datasets
    from onearm.protocol import Protocol

__all__ = ["HIGHEST", "draw_spider", "spider_data"]

HIGHEST = 150.0
"""Points above are drawn here, as open triangles."""
_SCHEMA = {
    "USUBJID": pl.String,
    "months": pl.Float64,
    "change": pl.Float64,
    "response": pl.String,
    "new_lesion": pl.Boolean,
}


def spider_data(datasets: Datasets, protocol: Protocol, cohort: str | None = None) -> pl.DataFrame:
    """
    Take every measured change of tumour size with its time.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adtr adrs`` are read.
    protocol : Protocol
        Names the analysis set and the length of a month.
    cohort : str, optional
        Only this cohort.

    Returns
    -------
    polars.DataFrame
        ``USUBJID months change response new_lesion`` by patient and time; each patient begins with the change 0 at month 0.
        Assessments without a day or a number have no row.
    """
    subjects = shown_subjects(datasets, protocol, cohort).select("USUBJID")
    adtr, adrs = datasets["adtr"], datasets["adrs"]
    per_month = protocol.conventions.days_per_month
    new = adrs.filter((pl.col("PARAMCD") == "NEWLES") & (pl.col("AVALC") == "Y"))
    new = new.select("USUBJID", "ADY", new_lesion=pl.lit(True)).unique(["USUBJID", "ADY"])
    # Day 1 is the first dose and there is no day 0, so the day after the first dose lies one day after month 0.
    day = pl.col("ADY").cast(pl.Float64)
    rows = (
        adtr.filter((pl.col("PARAMCD") == "SUMDIAM") & pl.col("PCHG").is_not_null() & pl.col("ADY").is_not_null())
        .filter(pl.col("ABLFL").is_null() | (pl.col("ABLFL") != "Y"))
        .join(subjects, on="USUBJID", how="semi")
        .join(new, on=["USUBJID", "ADY"], how="left")
        .select(
            "USUBJID",
            months=pl.when(day > 0).then(day - 1).otherwise(day) / per_month,
            change=pl.col("PCHG").cast(pl.Float64),
            new_lesion=pl.col("new_lesion").fill_null(False),
        )
    )
    starts = rows.select("USUBJID").unique().with_columns(months=0.0, change=0.0, new_lesion=False)
    return (
        pl.concat([starts, rows])
        .join(best_responses(datasets), on="USUBJID", how="left")
        .with_columns(pl.col("response").fill_null(NOT_RECORDED))
        .sort("USUBJID", "months", maintain_order=True)
        .select(*_SCHEMA)
    )


@styled
def draw_spider(
    data: pl.DataFrame, *, size: Size | None = None, why_empty: str = "No patient has a measured change of tumour size."
) -> Figure:
    """
    Draw a spider plot.

    Parameters
    ----------
    data : polars.DataFrame
        See `spider_data`.
    size : Size, optional
        In mm; two columns of a journal where missing.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Lines at -30 and +20 %; changes above 150 % are drawn at 150 % as open triangles.
    """
    size = size or Size(height_mm=92)
    if not data.height:
        return no_data(size, why_empty)
    counts = dict(data.unique("USUBJID")["response"].value_counts().iter_rows())
    order = sorted(counts, key=lambda name: RESPONSE_ORDER.get(name, 9))
    entries = [KeyEntry(f"{name} ({counts[name]})", "line", RESPONSE_COLOURS.get(name, "#999999")) for name in order]
    if data["new_lesion"].any():
        entries.append(KeyEntry("New lesion", "D", INK))
    if (data["change"] > HIGHEST).any():
        entries.append(KeyEntry(f"Above {HIGHEST:g}%", "^", INK, "white"))
    key_width = size.width_mm - 20 - 30
    key = key_height_mm(entries, key_width)
    figure = new_figure(Size(size.width_mm, size.height_mm + key))
    axes = axes_mm(figure, left=18, right=14, bottom=13, top=5 + key)
    crowded = sum(counts.values()) > 100
    for (name,), rows in data.group_by("USUBJID", maintain_order=True):
        colour = RESPONSE_COLOURS.get(str(rows["response"][0]), "#999999")
        axes.plot(
            rows["months"], rows["change"].clip(upper_bound=HIGHEST), "-" if crowded else ".-", color=colour,
            linewidth=0.4 if crowded else 0.9, markersize=2.5, alpha=0.6 if crowded else 1, gid=f"patient {name}",
        )  # fmt: skip
    _mark(axes, data, size=1.3 if crowded else 2.6)
    _set_axes(axes, data)
    draw_key(canvas_mm(figure), entries, left=18, top=size.height_mm + key - 2, width=key_width)
    return figure


def _mark(axes: Axes, data: pl.DataFrame, *, size: float) -> None:
    new = data.filter(pl.col("new_lesion"))
    axes.plot(new["months"], new["change"].clip(upper_bound=HIGHEST), "D", color=INK, markersize=size, zorder=4)
    above = data.filter(pl.col("change") > HIGHEST)
    axes.plot(
        above["months"], [HIGHEST] * above.height, "^", color=INK, markerfacecolor="white", markersize=3.5, zorder=4
    )


def _set_axes(axes: Axes, data: pl.DataFrame) -> None:
    high = min(max(largest(data["change"]), 40.0), HIGHEST)
    axes.set_ylim(-105, high + 5)
    axes.set_yticks([t for t in (-100, -75, -50, -25, 0, 25, 50, 75, 100, 125, 150) if t <= high])
    last = max(largest(data["months"]), 1.0)
    first = -largest(-data["months"])
    axes.set_xlim(first, last * 1.02)
    step = next((s for s in (1, 2, 3, 6, 12, 24) if last / s <= 12), 60)
    axes.set_xticks([float(t) for t in range(0, int(last) + 1, step)])
    axes.set_xlabel("Time since first dose (months)")
    axes.set_ylabel("Change from baseline (%)", rotation_mode="anchor", va="bottom")
    axes.axhline(0, color=INK, linewidth=0.6, zorder=1)
    for level, name in ((20, "+20%"), (-30, "−30%")):
        axes.axhline(level, color=DARK, linewidth=0.6, linestyle=(0, (4, 3)), zorder=3)
        axes.annotate(
            name, (1, level), xycoords=("axes fraction", "data"), xytext=(3, 0), textcoords="offset points",
            va="center_baseline", annotation_clip=False,
        )  # fmt: skip
