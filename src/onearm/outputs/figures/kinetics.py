"""Modelled tumour size: the fitted median and quartiles over the measured courses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.patients import largest, shown_subjects
from onearm.outputs.figures.style import (
    INK,
    Size,
    axes_mm,
    canvas_mm,
    new_figure,
    no_data,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from onearm.outputs.figures.patients import Datasets
    from onearm.protocol import Protocol

__all__ = ["draw_kinetics", "kinetics_data", "measured_sizes"]

_BLUE: Final = "#0072B2"
_GREY: Final = "#999999"
_HIGHEST: Final = 150.0
"""Measured changes above are drawn here."""


def kinetics_data(results: pl.DataFrame, cohort: str | None = None) -> pl.DataFrame:
    """
    Take the fitted size at each month.

    Parameters
    ----------
    results : polars.DataFrame
        A results table; analysis ``tumour_size_curve`` is read.
    cohort : str, optional
        Only this cohort.

    Returns
    -------
    polars.DataFrame
        ``months n q1 median q3``, in per cent of change from baseline, by month; no rows without a size model.
    """
    rows = results.filter(pl.col("analysis") == "tumour_size_curve")
    if cohort is not None:
        rows = rows.filter(pl.col("group1_level") == cohort)
    wide = rows.with_columns(months=pl.col("variable_level").cast(pl.Float64))
    columns = [
        pl.col("value").filter(pl.col("stat") == stat).first().alias(stat) for stat in ("n", "q1", "median", "q3")
    ]
    return wide.group_by("months").agg(columns).sort("months")


def measured_sizes(datasets: Datasets, protocol: Protocol, cohort: str | None = None) -> pl.DataFrame:
    """
    Take every measured size with its time since baseline.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adtr`` are read.
    protocol : Protocol
        Names the analysis set and the length of a month.
    cohort : str, optional
        Only this cohort.

    Returns
    -------
    polars.DataFrame
        ``USUBJID months change`` by patient and time, from the marked baseline, or the earliest sum, on.
    """
    subjects = shown_subjects(datasets, protocol, cohort).select("USUBJID")
    day = pl.coalesce(pl.col("ADT").cast(pl.Date).dt.epoch("d").cast(pl.Int64), pl.col("ADY"))
    sums = datasets["adtr"].filter((pl.col("PARAMCD") == "SUMDIAM") & pl.col("AVAL").is_not_null())
    sums = sums.join(subjects, on="USUBJID", how="semi").with_columns(_day=day, _mark=pl.col("ABLFL") == "Y")
    order = sums.sort("USUBJID", ~pl.col("_mark").fill_null(False), "_day", maintain_order=True)
    base = order.unique("USUBJID", keep="first", maintain_order=True).select("USUBJID", _first="_day", _base="AVAL")
    known = sums.join(base, on="USUBJID").filter((pl.col("_day") >= pl.col("_first")) & (pl.col("_base") > 0))
    return known.select(
        "USUBJID",
        months=(pl.col("_day") - pl.col("_first")) / protocol.conventions.days_per_month,
        change=100 * (pl.col("AVAL") / pl.col("_base") - 1),
    ).sort("USUBJID", "months", maintain_order=True)


@styled
def draw_kinetics(
    curve: pl.DataFrame,
    measured: pl.DataFrame,
    *,
    size: Size | None = None,
    why_empty: str = "No size model was fitted.",
) -> Figure:
    """
    Draw the fitted size over the measured ones.

    Parameters
    ----------
    curve : polars.DataFrame
        See `kinetics_data`.
    measured : polars.DataFrame
        See `measured_sizes`.
    size : Size, optional
        In mm; two columns of a journal where missing.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Grey lines are patients, the line the median and the band the quartiles of the fitted sizes. Measured changes
        above 150 % are drawn at 150 %.
    """
    size = size or Size(height_mm=92)
    if not curve.height:
        return no_data(size, why_empty)
    entries = [KeyEntry("Measured", "line", _GREY), KeyEntry("Fitted median, quartiles", "line", _BLUE)]
    width = size.width_mm - 20 - 30
    key = key_height_mm(entries, width)
    figure = new_figure(Size(size.width_mm, size.height_mm + key))
    axes = axes_mm(figure, left=18, right=6, bottom=13, top=5 + key)
    crowded = measured["USUBJID"].n_unique() > 100
    for (name,), rows in measured.group_by("USUBJID", maintain_order=True):
        axes.plot(
            rows["months"], rows["change"].clip(upper_bound=_HIGHEST), "-", color=_GREY, gid=f"patient {name}",
            linewidth=0.3 if crowded else 0.7, alpha=0.3 if crowded else 0.7,
        )  # fmt: skip
    axes.fill_between(curve["months"], curve["q1"], curve["q3"], color=_BLUE, alpha=0.25, linewidth=0, zorder=3)
    axes.plot(curve["months"], curve["median"], "-", color=_BLUE, linewidth=1.6, zorder=4, gid="fitted median")
    axes.axhline(0, color=INK, linewidth=0.6, zorder=1)
    axes.set_ylim(-105, _HIGHEST + 5)
    axes.set_yticks([-100, -50, 0, 50, 100, 150])
    axes.set_xlim(0, max(largest(curve["months"]), 1.0) * 1.02)
    axes.set_xlabel("Time since baseline (months)")
    axes.set_ylabel("Change from baseline (%)", rotation_mode="anchor", va="bottom")
    draw_key(canvas_mm(figure), entries, left=18, top=size.height_mm + key - 2, width=width)
    return figure
