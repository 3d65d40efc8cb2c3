"""Hy's law: peak transaminase against peak bilirubin, both in multiples of the upper limit of normal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.style import (
    DARK,
    INK,
    RULE_GREY,
    TWO_COLUMNS_MM,
    Size,
    axes_mm,
    canvas_mm,
    new_figure,
    no_data,
    styled,
)
from onearm.outputs.figures.text import SMALL, short_labels, text_width_mm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from onearm.protocol import Protocol

__all__ = ["draw_hys_law", "hys_law_data"]

LIMITS: Final = (3.0, 2.0)
"""Transaminase and bilirubin from which Hy's law counts."""
_ALP_LIMIT: Final = 2.0
_PLAIN: Final = "#56B4E9"
_ALP_HIGH: Final = "#E69F00"
_MOST_NAMED: Final = 12
_POINT_MM: Final = 0.9
"""Half of what a patient takes."""
_NEAR_MM: Final = 2.5
"""From a patient to the middle of its name above; a name further off has a line to its patient."""


def hys_law_data(datasets: Mapping[str, pl.DataFrame], protocol: Protocol, cohort: str | None = None) -> pl.DataFrame:
    """
    Take the peaks of the patients of the safety set.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl adhy`` are read.
    protocol : Protocol
        Names the safety set.
    cohort : str, optional
        Only this cohort.

    Returns
    -------
    polars.DataFrame
        ``USUBJID transaminase bilirubin alkaline quadrant``, one row per patient with a peak of both.
    """
    adsl, adhy = datasets["adsl"], datasets.get("adhy")
    if adhy is None:
        return pl.DataFrame(schema=dict.fromkeys(("USUBJID", "transaminase", "bilirubin", "alkaline", "quadrant")))
    flag = f"{protocol.safety_set}FL"
    members = adsl.filter(pl.col(flag) == "Y") if flag in adsl.columns else adsl
    members = members if cohort is None else members.filter(pl.col("COHORT") == cohort)
    return (
        adhy.filter(pl.col("QUADRANT").is_not_null())
        .join(members.select("USUBJID"), on="USUBJID", how="semi", maintain_order="left")
        .select("USUBJID", transaminase="TRANSA", bilirubin="BILI", alkaline="ALP", quadrant="QUADRANT")
    )


class _Box(NamedTuple):
    """A rectangle of the figure, in mm."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: _Box) -> bool:
        """Whether the two overlap."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )


@styled
def draw_hys_law(data: pl.DataFrame, *, size: Size | None = None) -> Figure:
    """
    Draw the plot of drug-induced serious hepatotoxicity.

    Parameters
    ----------
    data : polars.DataFrame
        See `hys_law_data`.
    size : Size, optional
        In mm.

    Returns
    -------
    matplotlib.figure.Figure
        Log-log, with the limits of 3 and 2; the patients in the range of Hy's law are named, up to twelve.
    """
    size = size or Size(TWO_COLUMNS_MM, 105)
    if data.is_empty():
        return no_data(size, "No patient has both a transaminase and a bilirubin with its upper limit of normal.")
    entries = _key(data)
    left, right = 17.0, 8.0
    key = key_height_mm(entries, size.width_mm - left - right)
    figure = new_figure(size)
    axes = axes_mm(figure, left=left, right=right, bottom=13, top=key + 7)
    _set_axes(axes, data)
    _draw_points(axes, data)
    _name_cases(axes, data)
    draw_key(canvas_mm(figure), entries, left=left, top=size.height_mm - 5, width=size.width_mm - left - right)
    return figure


def _is_high(data: pl.DataFrame) -> pl.Series:
    return (data["alkaline"] >= _ALP_LIMIT).fill_null(False)


def _key(data: pl.DataFrame) -> list[KeyEntry]:
    entries = [KeyEntry("ALP below 2 × ULN, or not known", "o", INK, _PLAIN)]
    if _is_high(data).any():
        entries.append(KeyEntry("ALP 2 × ULN or more", "s", INK, _ALP_HIGH))
    return [*entries, KeyEntry("Limits: ALT or AST 3 × ULN, bilirubin 2 × ULN", "line", DARK, None, (0, (4, 2)))]


def _set_axes(axes: Axes, data: pl.DataFrame) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for name, limit, set_limits, ticks in (
        ("transaminase", LIMITS[0], axes.set_xlim, axes.set_xticks),
        ("bilirubin", LIMITS[1], axes.set_ylim, axes.set_yticks),
    ):
        values = data[name].filter(data[name] > 0)
        low = min(float(values.min() or 0.1), 0.5)  # type: ignore[arg-type]  # a column of floats
        high = max(float(values.max() or 1.0), limit * 3)  # type: ignore[arg-type]  # a column of floats
        # The corners hold words: no patient stands in the outer parts of the axis.
        low, high = low * (low / high) ** 0.08, high * (high / low) ** 0.14
        set_limits(low, high)
        marks = [t for t in (0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 50, 100) if low <= t <= high]
        ticks(marks, [f"{t:g}" for t in marks])
    axes.minorticks_off()
    axes.set_xlabel("Peak ALT or AST (× upper limit of normal)")
    axes.set_ylabel("Peak bilirubin (× upper limit of normal)")
    axes.axvline(LIMITS[0], color=DARK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    axes.axhline(LIMITS[1], color=DARK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    for value, draw in ((1.0, axes.axvline), (1.0, axes.axhline)):
        draw(value, color=RULE_GREY, linewidth=0.6, zorder=0)
    style: dict[str, Any] = {"fontsize": SMALL, "color": DARK, "transform": axes.transAxes}
    axes.text(0.99, 0.985, "Hy's law range", ha="right", va="top", **style)
    axes.text(0.99, 0.015, "Temple's corollary range", ha="right", va="bottom", **style)
    axes.text(0.01, 0.985, "Hyperbilirubinemia", ha="left", va="top", **style)


def _draw_points(axes: Axes, data: pl.DataFrame) -> None:
    crowded = data.height > 150
    high = _is_high(data)
    for chosen, marker, face in ((~high, "o", _PLAIN), (high, "s", _ALP_HIGH)):
        part = data.filter(chosen)
        axes.plot(
            part["transaminase"], part["bilirubin"], marker, color=INK, markerfacecolor=face,
            markersize=2.8 if crowded else 4.2, markeredgewidth=0.35 if crowded else 0.5, alpha=0.75 if crowded else 1,
            gid="patients", zorder=3,
        )  # fmt: skip


def _name_cases(axes: Axes, data: pl.DataFrame) -> None:
    """Write the identifiers beside the patients in the range of Hy's law, each where no other one stands."""
    labels = dict(zip(data["USUBJID"], short_labels(data["USUBJID"].to_list()), strict=True))
    cases = data.filter((pl.col("transaminase") >= LIMITS[0]) & (pl.col("bilirubin") > LIMITS[1]))
    if not 0 < cases.height <= _MOST_NAMED:
        return
    cases = cases.sort("bilirubin", "transaminase", descending=True)
    places = axes.transData.transform(cases.select("transaminase", "bilirubin").to_numpy()) / axes.figure.dpi * 25.4
    taken = [_Box(x - _POINT_MM, y - _POINT_MM, x + _POINT_MM, y + _POINT_MM) for x, y in places.tolist()]
    for (x, y), row in zip(places.tolist(), cases.iter_rows(named=True), strict=True):
        name = labels[row["USUBJID"]]
        half = text_width_mm(name, SMALL) / 2 + 0.4
        spots = [_Box(x + dx - half, y + dy - 1.4, x + dx + half, y + dy + 1.4) for dx, dy in _offsets(half)]
        box = next((spot for spot in spots if not any(spot.meets(other) for other in taken)), spots[0])
        taken.append(box)
        dx, dy = (box.left + box.right) / 2 - x, (box.bottom + box.top) / 2 - y
        axes.annotate(
            name, (row["transaminase"], row["bilirubin"]), xytext=(dx * 72 / 25.4, dy * 72 / 25.4), textcoords="offset points",
            ha="center", va="center", fontsize=SMALL, zorder=2, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.2},
            arrowprops={"arrowstyle": "-", "color": DARK, "linewidth": 0.4} if abs(dy) > _NEAR_MM else None,
        )  # fmt: skip


def _offsets(half: float) -> Iterator[tuple[float, float]]:
    """Where a name may stand, in mm from its patient: above, below, beside, and then further away in rings."""
    beside = half + 1.2
    yield from ((0, _NEAR_MM), (0, -_NEAR_MM), (beside, 0), (-beside, 0))
    for ring in range(1, 6):
        height = _NEAR_MM + 2.8 * ring
        yield from ((dx, dy) for dy in (height, -height) for dx in (0.0, beside, -beside))
