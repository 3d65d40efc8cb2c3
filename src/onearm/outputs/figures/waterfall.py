"""Waterfall: each patient's best percent change of the sum of target diameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.patients import (
    NOT_RECORDED,
    RESPONSE_ORDER,
    best_responses,
    largest,
    shown_subjects,
    usable_sizes,
)
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
from onearm.outputs.figures.text import SMALL, short_labels, text_width_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from onearm.outputs.figures.patients import Datasets
    from onearm.protocol import Protocol

__all__ = ["HIGHEST", "draw_waterfall", "waterfall_data"]

HIGHEST = 100.0
"""Bars above are cut, with their value printed on them."""
_MOST_LABELS = 60
_LEAST_BAR = 1.2
_SCHEMA = {
    "USUBJID": pl.String,
    "change": pl.Float64,
    "response": pl.String,
    "new_lesion": pl.Boolean,
    "non_target": pl.Boolean,
}


def waterfall_data(datasets: Datasets, protocol: Protocol, cohort: str | None = None) -> pl.DataFrame:
    """
    Take each patient's best percent change and how progression came.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adtr adrs`` are read.
    protocol : Protocol
        Names the analysis set.
    cohort : str, optional
        Only this cohort.

    Returns
    -------
    polars.DataFrame
        ``USUBJID change response new_lesion non_target``, largest growth first, ties by best response and identifier;
        patients without a measured change have no row.
    """
    subjects = shown_subjects(datasets, protocol, cohort).select("USUBJID")
    change = usable_sizes(datasets).group_by("USUBJID").agg(change=pl.col("PCHG").min())
    new = _with(datasets["adrs"], "NEWLES", "Y")
    other = _with(datasets["adrs"], "NTRGRESP", "PD")
    return (
        subjects.join(change, on="USUBJID", how="inner")
        .join(best_responses(datasets), on="USUBJID", how="left")
        .with_columns(
            pl.col("change").cast(pl.Float64),
            pl.col("response").fill_null(NOT_RECORDED),
            new_lesion=pl.col("USUBJID").is_in(new.implode()),
            non_target=pl.col("USUBJID").is_in(other.implode()),
            _rank=pl.col("response").replace_strict(RESPONSE_ORDER, default=9, return_dtype=pl.Int64).fill_null(9),
        )
        .sort("change", "_rank", "USUBJID", descending=[True, True, False])
        .select(*_SCHEMA)
    )


def _with(adrs: pl.DataFrame, code: str, value: str) -> pl.Series:
    """Subjects with a value at an assessment that a best response may use: none after the first progression."""
    timepoint = (pl.col("PARAMCD") == "OVR") & (pl.col("ANL01FL") == "Y")
    usable = adrs.filter(timepoint).select("USUBJID", "ADT").unique()
    found = adrs.filter((pl.col("PARAMCD") == code) & (pl.col("AVALC") == value))
    return found.join(usable, on=["USUBJID", "ADT"], how="semi", nulls_equal=True)["USUBJID"].unique()


@styled
def draw_waterfall(
    data: pl.DataFrame, *, size: Size | None = None, why_empty: str = "No patient has a measured change of tumour size."
) -> Figure:
    """
    Draw a waterfall.

    Parameters
    ----------
    data : polars.DataFrame
        See `waterfall_data`.
    size : Size, optional
        In mm; two columns of a journal where missing.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Lines at -30 and +20 %; identifiers below the bars for up to 60 patients.
    """
    size = size or Size(height_mm=92)
    if not data.height:
        return no_data(size, why_empty)
    labels = short_labels(data["USUBJID"].to_list()) if data.height <= _MOST_LABELS else []
    entries = _key(data)
    key_width = size.width_mm - 20 - 30
    key = key_height_mm(entries, key_width)
    below = 3 + max((text_width_mm(label, SMALL) for label in labels), default=3.0) + 5
    figure = new_figure(Size(size.width_mm, size.height_mm + below + key))
    axes = axes_mm(figure, left=18, right=14, bottom=below, top=5 + key)
    _draw_bars(axes, data, bar_mm=(size.width_mm - 32) / data.height)
    _set_axes(axes, data, labels)
    draw_key(canvas_mm(figure), entries, left=18, top=size.height_mm + below + key - 2, width=key_width)
    return figure


def _key(data: pl.DataFrame) -> list[KeyEntry]:
    counts = dict(data["response"].value_counts().iter_rows())
    order = sorted(counts, key=lambda name: RESPONSE_ORDER.get(name, 9))
    entries = [KeyEntry(f"{name} ({counts[name]})", "bar", RESPONSE_COLOURS.get(name, "#999999")) for name in order]
    if data["new_lesion"].any():
        entries.append(KeyEntry("New lesion", "D", INK))
    if data["non_target"].any():
        entries.append(KeyEntry("Non-target progression", "^", INK, "white"))
    return entries


def _draw_bars(axes: Axes, data: pl.DataFrame, *, bar_mm: float) -> None:
    change = data["change"].to_numpy().clip(-100, HIGHEST)
    shown = [c if abs(c) >= _LEAST_BAR else (-_LEAST_BAR / 2 if c < 0 else _LEAST_BAR / 2) for c in change]
    colours = [RESPONSE_COLOURS.get(name, "#999999") for name in data["response"]]
    axes.bar(
        range(data.height),
        shown,
        width=0.82 if data.height <= 120 else 1.0,
        color=colours,
        edgecolor=colours,
        linewidth=0.25 if data.height > 120 else 0,
    )
    size = min(3.4, max(1.2, bar_mm / 25.4 * 72 * 0.7))
    for column, marker, face, step in (("new_lesion", "D", INK, 4), ("non_target", "^", "white", 10)):
        at = [i for i, has in enumerate(data[column]) if has]
        ends = [shown[i] + (step if change[i] >= 0 else -step) for i in at]
        axes.plot(
            at, ends, marker, color=INK, markerfacecolor=face, markersize=size, markeredgewidth=0.6, clip_on=False
        )
    for i, value in enumerate(data["change"]):
        if value > HIGHEST and bar_mm > 1.2:
            axes.annotate(
                f"{value:.0f}", (i, HIGHEST), xytext=(0, 12), textcoords="offset points", rotation=90,
                ha="center", va="bottom", fontsize=SMALL, annotation_clip=False,
            )  # fmt: skip


def _set_axes(axes: Axes, data: pl.DataFrame, labels: list[str]) -> None:
    high = min(max(largest(data["change"]), 40.0), HIGHEST)
    is_cut = (data["change"] > HIGHEST).any()
    axes.set_ylim(-114, high + (32 if is_cut else 14))
    axes.spines["left"].set_bounds(-114, high + 14)
    axes.set_xlim(-0.9, max(data.height, 5) - 0.1)
    axes.set_yticks([t for t in (-100, -75, -50, -25, 0, 25, 50, 75, 100) if t <= high])
    axes.set_ylabel("Best change from baseline (%)", rotation_mode="anchor", va="bottom")
    axes.axhline(0, color=INK, linewidth=0.6)
    for level, name in ((20, "+20%"), (-30, "−30%")):
        axes.axhline(level, color=DARK, linewidth=0.6, linestyle=(0, (4, 3)), zorder=3)
        axes.annotate(
            name, (1, level), xycoords=("axes fraction", "data"), xytext=(3, 0), textcoords="offset points",
            va="center_baseline", annotation_clip=False,
        )  # fmt: skip
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", length=0)
    if labels:
        axes.set_xticks(range(data.height), labels, rotation=90, fontsize=SMALL)
    else:
        axes.set_xticks([])
        axes.set_xlabel(f"{data.height} patients")
