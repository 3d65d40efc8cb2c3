"""Doses of every patient: one panel for each drug, one line for each patient, coloured by dose level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.patients import largest, months_since, shown_subjects
from onearm.outputs.figures.style import INK, TWO_COLUMNS_MM, Size, axes_mm, canvas_mm, new_figure, no_data, styled
from onearm.outputs.figures.text import SMALL, short_labels, text_width_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from onearm.outputs.figures.patients import Datasets
    from onearm.protocol import Protocol, Treatment

__all__ = ["LEVEL_COLOURS", "Dosing", "dosing_data", "draw_dosing", "level_colour"]

LEVEL_COLOURS: Final = ("#0072B2", "#56B4E9", "#E69F00", "#F0E442")
"""Starting dose, then each reduction; further ones have the last colour."""
_OTHER: Final = "#D55E00"
_MOST_LABELS: Final = 75
_ROW_MM: Final = 3.0
_TALLEST_MM: Final = 215.0


class Dosing(NamedTuple):
    """
    What the figure of doses draws.

    Parameters
    ----------
    bars : polars.DataFrame
        ``USUBJID drug start end level`` in months from the first dose; level -1 is no level of the protocol.
    omitted : polars.DataFrame
        ``USUBJID drug months``, records of dose 0.
    ends : polars.DataFrame
        ``USUBJID drug months``, drugs that were still given at the cut-off (``EOTSTT`` of ADEX).
    subjects : list of str
        In drawing order.
    drugs : list of Treatment
        Those that anybody received.
    """

    bars: pl.DataFrame
    omitted: pl.DataFrame
    ends: pl.DataFrame
    subjects: list[str]
    drugs: list[Treatment]


def level_colour(level: int) -> str:
    """
    Give the colour of a dose level.

    Parameters
    ----------
    level : int
        0 is the starting dose; below 0: no level of the protocol.

    Returns
    -------
    str
        Hexadecimal.

    Examples
    --------
    >>> level_colour(0), level_colour(-1)
    ('#0072B2', '#D55E00')
    """
    return _OTHER if level < 0 else LEVEL_COLOURS[min(level, len(LEVEL_COLOURS) - 1)]


def dosing_data(datasets: Datasets, protocol: Protocol, cohort: str | None = None) -> Dosing:
    """
    Take every dose, each lasting to the day on which the next one was planned.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adex`` are read.
    protocol : Protocol
        Drugs, cycles and the length of a month.
    cohort : str, optional
        Only this cohort.

    Returns
    -------
    Dosing
        Longest treatment first. What is between two bars of a drug is time without it beyond the planned pause.
    """
    per_month = protocol.conventions.days_per_month
    adsl = shown_subjects(datasets, protocol, cohort).select("USUBJID", "TRTSDT")
    doses = datasets["adex"].join(adsl, on="USUBJID", how="inner", maintain_order="left")
    doses = doses.filter(pl.col("ASTDT").is_not_null() & pl.col("TRTSDT").is_not_null())
    bars, omitted, ends, drugs = [], [], [], []
    for drug in protocol.treatment:
        mine = doses.filter(pl.col("EXTRT").str.to_lowercase() == drug.name.lower()).with_columns(
            drug=pl.lit(drug.name)
        )
        given = mine.filter((pl.col("EXDOSE") != 0).fill_null(True)).sort("USUBJID", "ASTDT")
        if given.is_empty():
            continue
        drugs.append(drug)
        following = pl.col("ASTDT").shift(-1).over("USUBJID")
        due = pl.col("AENDT") + pl.duration(days=drug.pause_days + 1)
        last = pl.when(following.is_null()).then(pl.col("AENDT") + pl.duration(days=1)).otherwise(due)
        given = given.with_columns(_until=pl.min_horizontal(last, following))
        bars.append(
            given.select(
                "USUBJID",
                "drug",
                start=months_since("ASTDT", "TRTSDT", per_month),
                end=months_since("_until", "TRTSDT", per_month),
                level=pl.col("DOSELVL").fill_null(-1),
            )
        )
        zero = mine.filter(pl.col("EXDOSE") == 0)
        omitted.append(zero.select("USUBJID", "drug", months=months_since("ASTDT", "TRTSDT", per_month)))
        still = given.filter((pl.col("EOTSTT") == "ONGOING").fill_null(False)).group_by("USUBJID", "drug").agg(
            pl.col("_until").max(), pl.col("TRTSDT").first()
        )  # fmt: skip
        ends.append(still.select("USUBJID", "drug", months=months_since("_until", "TRTSDT", per_month)))
    if not bars:
        none = pl.DataFrame(schema={"USUBJID": pl.String, "drug": pl.String, "months": pl.Float64})
        return Dosing(none.with_columns(start="months", end="months", level=pl.lit(0)), none, none, [], [])
    table = _joined(pl.concat(bars))
    order = table.group_by("USUBJID").agg(pl.col("end").max()).sort("end", "USUBJID", descending=[True, False])
    return Dosing(table, pl.concat(omitted), pl.concat(ends), order["USUBJID"].to_list(), drugs)


def _joined(bars: pl.DataFrame) -> pl.DataFrame:
    """Make one bar of those that follow each other without a break at one level; seams would look like breaks."""
    lane = ("USUBJID", "drug")
    ordered = bars.sort(*lane, "start", maintain_order=True)
    begins = (pl.col("start") > pl.col("end").shift(1) + 1e-9) | (pl.col("level") != pl.col("level").shift(1))
    numbered = ordered.with_columns(_bar=begins.fill_null(True).cum_sum().over(lane))
    whole = numbered.group_by(*lane, "_bar", maintain_order=True).agg(
        pl.col("start").min(), pl.col("end").max(), pl.col("level").first()
    )
    return whole.drop("_bar")


@styled
def draw_dosing(data: Dosing, *, size: Size | None = None) -> Figure:
    """
    Draw the doses of every patient.

    Parameters
    ----------
    data : Dosing
        See `dosing_data`.
    size : Size, optional
        In mm; the height follows the number of patients, up to a page.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each drug. Identifiers for up to 75 patients.
    """
    width = size.width_mm if size else TWO_COLUMNS_MM
    if not data.subjects:
        return no_data(size or Size(), "No dose of a drug of the protocol is on record.")
    count = len(data.subjects)
    labels = short_labels(data.subjects) if count <= _MOST_LABELS else []
    entries = _key(data)
    left = 8 + max((text_width_mm(label, SMALL) for label in labels), default=4.0)
    key = key_height_mm(entries, width - left - 5)
    plot = min(max(_ROW_MM * count, 15.0), _TALLEST_MM)
    figure = new_figure(Size(width, plot + key + 24))
    gap = 5.0
    panel = (width - left - 5 - gap * (len(data.drugs) - 1)) / len(data.drugs)
    last = max(largest(data.bars["end"]), largest(data.omitted["months"]), 1.0)
    for number, drug in enumerate(data.drugs):
        begin = left + number * (panel + gap)
        axes = axes_mm(figure, left=begin, right=width - begin - panel, bottom=13, top=key + 11)
        _draw_panel(axes, data, drug, plot / max(count, 4))
        _set_axes(axes, count, last, panel)
        axes.set_title(drug.name.capitalize(), fontsize=8, pad=3)
        axes.set_yticks(range(len(labels)) if number == 0 else [], labels if number == 0 else [], fontsize=SMALL)
        if number == 0 and not labels:
            axes.set_ylabel(f"{count} patients, one line each", rotation_mode="anchor", va="bottom")
    canvas = canvas_mm(figure)
    canvas.text(left + (width - left - 5) / 2, 3, "Time since first dose (months)", ha="center", va="bottom")
    draw_key(canvas, entries, left=left, top=plot + key + 20, width=width - left - 5)
    return figure


def _key(data: Dosing) -> list[KeyEntry]:
    entries = []
    used = set(data.bars["level"].to_list())
    for level in sorted(used - {-1}):
        doses = [f"{drug.dose_levels[level]:g} {drug.unit}" for drug in data.drugs if level < len(drug.dose_levels)]
        name = "Starting dose" if level == 0 else f"Reduction {level}"
        entries.append(KeyEntry(f"{name} ({', '.join(doses)})", "bar", level_colour(level)))
    if -1 in used:
        entries.append(KeyEntry("Another dose", "bar", _OTHER))
    if data.omitted.height:
        entries.append(KeyEntry("Dose omitted", "o", INK, "white"))
    if data.ends.height:
        entries.append(KeyEntry("Still given at the cut-off", ">", INK))
    return entries


def _draw_panel(axes: Axes, data: Dosing, drug: Treatment, row_mm: float) -> None:
    position = {name: number for number, name in enumerate(data.subjects)}
    mine = data.bars.filter(pl.col("drug") == drug.name)
    points = row_mm / 25.4 * 72
    for level in sorted(set(mine["level"].to_list())):
        part = mine.filter(pl.col("level") == level)
        lanes = [position[name] for name in part["USUBJID"]]
        axes.barh(
            lanes, part["end"] - part["start"], left=part["start"], height=0.72 if row_mm > 1.2 else 1.0,
            color=level_colour(level), linewidth=0, gid=f"{drug.name} level {level}", zorder=2,
        )  # fmt: skip
    size = min(4.0, max(0.8, points * 0.5))
    for table, marker, face in ((data.omitted, "o", "white"), (data.ends, ">", INK)):
        part = table.filter(pl.col("drug") == drug.name)
        lanes = [position[name] for name in part["USUBJID"]]
        (line,) = axes.plot(
            part["months"], lanes, marker, color=INK, markerfacecolor=face, markersize=size,
            markeredgewidth=min(0.6, points * 0.13), clip_on=False, zorder=3,
        )  # fmt: skip
        if marker == ">":
            from matplotlib.transforms import ScaledTranslation

            # Beside the bar, however narrow the panel is; black on dark blue is hardly seen.
            line.set_transform(
                line.get_transform() + ScaledTranslation((size / 2 + 1) / 72, 0, axes.figure.dpi_scale_trans)
            )


def _set_axes(axes: Axes, count: int, last: float, panel_mm: float) -> None:
    axes.set_xlim(0, last * 1.04)
    step = next((s for s in (1, 2, 3, 6, 12, 24) if last / s <= panel_mm / 8), 60)
    axes.set_xticks([float(t) for t in range(0, int(last) + 1, step)])
    axes.set_ylim(max(count, 4) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.6)
