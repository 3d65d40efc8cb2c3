"""Swimmer: each patient's time on treatment and in follow-up, with responses, progression and death."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.patients import (
    NOT_RECORDED,
    RESPONSE_ORDER,
    best_responses,
    largest,
    months_since,
    shown_subjects,
)
from onearm.outputs.figures.style import (
    INK,
    RESPONSE_COLOURS,
    RULE_GREY,
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

__all__ = ["Swimmer", "draw_swimmer", "swimmer_data"]

_MOST_LABELS: Final = 75
_ROW_MM: Final = 3.3
_TALLEST_MM: Final = 225.0
_MARKS: Final = {
    "CR": ("First CR", "o", "white"),
    "PR": ("First PR", "^", "white"),
    "PD": ("Progression", "x", INK),
    "death": ("Death", "s", INK),
    "new therapy": ("New anticancer therapy", "D", "#F0E442"),
    "ongoing": ("Treatment ongoing", ">", INK),
}


class Swimmer(NamedTuple):
    """
    What a swimmer plot draws.

    Parameters
    ----------
    lanes : polars.DataFrame
        ``USUBJID treated followed ongoing response``, one row per patient in drawing order, times in months.
    marks : polars.DataFrame
        ``USUBJID mark months``, one row per event.
    """

    lanes: pl.DataFrame
    marks: pl.DataFrame


def swimmer_data(datasets: Datasets, protocol: Protocol, cohort: str | None = None) -> Swimmer:
    """
    Take each patient's treatment, follow-up and events, in months from the first dose.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adrs`` are read.
    protocol : Protocol
        Names the analysis set and the length of a month.
    cohort : str, optional
        Only this cohort.

    Returns
    -------
    Swimmer
        ``lanes``: ``USUBJID treated followed ongoing response``, longest treatment first; ``marks``: ``USUBJID mark months``.
        A patient without a first dose has no lane. A treatment without a last dose lasts to the cut-off, or to the last
        date known where there is none.
    """
    per_month = protocol.conventions.days_per_month
    adsl = shown_subjects(datasets, protocol, cohort).filter(pl.col("TRTSDT").is_not_null())
    is_ongoing = pl.col("EOTSTT") == "ONGOING"
    end = (
        pl.when(pl.col("TRTEDT").is_not_null() & ~is_ongoing.fill_null(False))
        .then("TRTEDT")
        .otherwise(pl.min_horizontal("CUTOFFDT", "DTHDT"))
    )
    base = adsl.with_columns(_end=pl.coalesce(end, "TRTEDT", "LSTALVDT", "TRTSDT"))
    lanes = (
        base.with_columns(
            treated=months_since("_end", "TRTSDT", per_month),
            followed=pl.max_horizontal(
                months_since("LSTALVDT", "TRTSDT", per_month),
                months_since("DTHDT", "TRTSDT", per_month),
                months_since("_end", "TRTSDT", per_month),
            ),
            ongoing=is_ongoing.fill_null(False),
        )
        .join(best_responses(datasets), on="USUBJID", how="left")
        .with_columns(pl.col("response").fill_null(NOT_RECORDED))
        .sort("treated", "followed", "USUBJID", descending=[True, True, False])
        .select("USUBJID", "treated", "followed", "ongoing", "response")
    )
    return Swimmer(lanes, _marks(datasets, base, lanes, per_month))


def _marks(datasets: Datasets, base: pl.DataFrame, lanes: pl.DataFrame, per_month: float) -> pl.DataFrame:
    adrs = datasets["adrs"].filter(pl.col("ADT").is_not_null())
    over = adrs.filter((pl.col("PARAMCD") == "OVR") & pl.col("AVALC").is_in(["CR", "PR"]))
    if over["ANL01FL"].is_not_null().any():
        over = over.filter(pl.col("ANL01FL") == "Y")
    response = over.group_by("USUBJID", mark=pl.col("AVALC")).agg(date=pl.col("ADT").min())
    progression = adrs.filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y"))
    dates = [
        response.select("USUBJID", "mark", "date"),
        progression.select("USUBJID", pl.lit("PD").alias("mark"), date="ADT"),
        base.select("USUBJID", pl.lit("death").alias("mark"), date="DTHDT"),
        base.select("USUBJID", pl.lit("new therapy").alias("mark"), date="NTRTDT"),
    ]
    events = (
        pl.concat(dates)
        .drop_nulls("date")
        .join(base.select("USUBJID", "TRTSDT"), on="USUBJID", how="inner")
        .select("USUBJID", "mark", months=months_since("date", "TRTSDT", per_month))
    )
    still = lanes.filter("ongoing").select("USUBJID", pl.lit("ongoing").alias("mark"), months="treated")
    order = {name: rank for rank, name in enumerate(_MARKS)}
    return (
        pl.concat([events, still])
        .with_columns(_rank=pl.col("mark").replace_strict(order, return_dtype=pl.Int64))
        .sort("USUBJID", "_rank", "months")
        .drop("_rank")
    )


@styled
def draw_swimmer(
    data: Swimmer, *, size: Size | None = None, why_empty: str = "No patient has a date of first dose."
) -> Figure:
    """
    Draw a swimmer plot.

    Parameters
    ----------
    data : Swimmer
        See `swimmer_data`.
    size : Size, optional
        In mm; the height follows the number of patients, up to a page.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Bars: treatment, by best response; thin lines: follow-up. Identifiers for up to 75 patients.
    """
    lanes = data.lanes
    width = size.width_mm if size else Size().width_mm
    if not lanes.height:
        return no_data(size or Size(), why_empty)
    labels = short_labels(lanes["USUBJID"].to_list()) if lanes.height <= _MOST_LABELS else []
    entries = _key(data)
    left = 8 + max((text_width_mm(label, SMALL) for label in labels), default=4.0)
    key = key_height_mm(entries, width - left - 6)
    plot = min(max(_ROW_MM * lanes.height, 12.0), _TALLEST_MM)
    height = plot + 13 + key + 7
    figure = new_figure(Size(width, height))
    axes = axes_mm(figure, left=left, right=6, bottom=13, top=key + 7)
    row_mm = plot / max(lanes.height, 4)
    _draw_lanes(axes, data, row_mm)
    _set_axes(axes, data, labels)
    draw_key(canvas_mm(figure), entries, left=left, top=height - 5, width=width - left - 6)
    return figure


def _key(data: Swimmer) -> list[KeyEntry]:
    counts = dict(data.lanes["response"].value_counts().iter_rows())
    order = sorted(counts, key=lambda name: RESPONSE_ORDER.get(name, 9))
    entries = [KeyEntry(f"{name} ({counts[name]})", "bar", RESPONSE_COLOURS.get(name, "#999999")) for name in order]
    used = set(data.marks["mark"])
    entries += [KeyEntry(text, kind, INK, face) for name, (text, kind, face) in _MARKS.items() if name in used]
    return [*entries, KeyEntry("Follow-up after treatment", "line", RULE_GREY)]


def _draw_lanes(axes: Axes, data: Swimmer, row_mm: float) -> None:
    lanes = data.lanes
    position = {name: i for i, name in enumerate(lanes["USUBJID"])}
    colours = [RESPONSE_COLOURS.get(name, "#999999") for name in lanes["response"]]
    points = row_mm / 25.4 * 72
    axes.hlines(range(lanes.height), 0, lanes["followed"], color=RULE_GREY, linewidth=min(1.4, points * 0.3), zorder=1)
    axes.barh(range(lanes.height), lanes["treated"], height=0.7, color=colours, linewidth=0, zorder=2)
    longest = max(largest(lanes["followed"]), 0.5)
    for name, (_, marker, face) in _MARKS.items():
        chosen = data.marks.filter(pl.col("mark") == name)
        x = chosen["months"] + (longest * 0.012 if name == "ongoing" else 0)
        edge = min(1.1 if marker == "x" else 0.6, points * 0.13)
        lane = [position[subject] for subject in chosen["USUBJID"]]
        axes.plot(
            x, lane, marker, color=INK, markerfacecolor=face, markersize=min(4.6, max(0.8, points * 0.52)),
            markeredgewidth=edge, clip_on=False, zorder=3,
        )  # fmt: skip


def _set_axes(axes: Axes, data: Swimmer, labels: list[str]) -> None:
    last = max(largest(data.lanes["followed"]), largest(data.marks["months"]), 1.0)
    axes.set_xlim(0, last * 1.03)
    step = next((s for s in (1, 2, 3, 6, 12, 24) if last / s <= 12), 60)
    axes.set_xticks([float(t) for t in range(0, int(last) + 1, step)])
    axes.set_ylim(max(data.lanes.height, 4) - 0.4, -0.6)
    axes.set_xlabel("Time since first dose (months)")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.6)
    axes.set_yticks(range(len(labels)), labels, fontsize=SMALL)
    if not labels:
        axes.set_ylabel(f"{data.lanes.height} patients, one line each", rotation_mode="anchor", va="bottom")
