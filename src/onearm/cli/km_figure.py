"""The figure of ``onearm km``: survival curves of several groups with their numbers at risk."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Final

from onearm.data import write_bytes
from onearm.outputs.figures.style import Size, axes_mm, canvas_mm, new_figure, styled, to_png, to_svg
from onearm.outputs.figures.text import FONT_SIZE, short_labels, text_width_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from onearm.stats.kaplan_meier import KaplanMeier

__all__ = ["draw_curves", "write_figure"]

# Okabe and Ito's colours, with a line style each, so that a print in grey can still be read
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1a1a1a")
STYLES: Final = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1, 2)))
_MOST_BANDS: Final = 2
"""More bands hide each other."""
_ROW_MM: Final = 4.2
_RIGHT_MM: Final = 6.0
_KEY_LINE_MM: Final = 8.0


def write_figure(curves: Mapping[str, KaplanMeier], path: Path, *, time_label: str) -> None:
    """
    Draw curves into a file.

    Parameters
    ----------
    curves : mapping of str to KaplanMeier
        By group.
    path : Path
        Ends in .svg or .png.
    time_label : str
        Label of the time axis.
    """
    figure = draw_curves(curves, time_label=time_label)
    write_bytes(to_png(figure) if path.suffix.lower() == ".png" else to_svg(figure), path)


@styled
def draw_curves(curves: Mapping[str, KaplanMeier], *, time_label: str) -> Figure:
    """
    Draw survival curves with bands, censoring marks and numbers at risk.

    Parameters
    ----------
    curves : mapping of str to KaplanMeier
        By group, in the order of the key.
    time_label : str
        Label of the time axis.

    Returns
    -------
    matplotlib.figure.Figure
        In the style of the reports; bands only for up to two groups, since more hide each other.
    """
    names = dict(zip(curves, short_labels(list(curves), longest=24), strict=True))
    looks = dict(zip(curves, zip(cycle(COLOURS), cycle(STYLES)), strict=False))
    first, has_band = next(iter(curves.values())), len(curves) <= _MOST_BANDS
    rows = len(curves) + 1 if len(curves) > 1 else 1
    # a number at risk is centred below time 0 and must not touch what stands to its left
    gap = max(text_width_mm(f"{curve.at_risk[0]:g}") for curve in curves.values()) / 2 + 2.5
    left = max(18.0, max(text_width_mm(name) for name in ("No. at risk", *names.values())) + gap + 2)
    width = Size().width_mm - left - _RIGHT_MM
    key = _place_key(names, width) if len(curves) > 1 else {}
    key_height = _ROW_MM * (1 + max((row for row, _ in key.values()), default=0))
    bottom = 13 + _ROW_MM * rows
    size = Size(height_mm=68 + bottom + key_height)
    figure = new_figure(size)
    axes = axes_mm(figure, left=left, right=_RIGHT_MM, bottom=bottom, top=4 + key_height)
    for name, curve in curves.items():
        _draw_curve(axes, curve, *looks[name], has_band=has_band)
    last = max(float(curve.time[-1]) for curve in curves.values())
    axes.set_xlim(0, last * 1.02 or 1)
    axes.set_ylim(0, 102)
    axes.set_yticks(range(0, 101, 20))
    axes.spines["left"].set_bounds(0, 100)
    axes.set_ylabel("Survival (%)")
    axes.set_xlabel(time_label)
    canvas = canvas_mm(figure)
    for name, (row, offset) in key.items():
        x, y, (colour, style) = left + offset, size.height_mm - 4 - _ROW_MM * row, looks[name]
        canvas.plot([x, x + _KEY_LINE_MM], [y, y], color=colour, linestyle=style, linewidth=1.4)
        canvas.text(x + _KEY_LINE_MM + 1.5, y, names[name], va="center_baseline")
    _write_at_risk(axes, canvas, curves, names, left=left, gap=gap, top=bottom - 13)
    if has_band:
        what = f"{100 * first.level:g}% limits, {first.interval} scale"
        right = size.width_mm - _RIGHT_MM
        canvas.text(right, size.height_mm - 4, what, ha="right", va="center_baseline", fontsize=FONT_SIZE - 1)
    return figure


def _place_key(names: Mapping[str, str], width: float) -> dict[str, tuple[int, float]]:
    """Place the entries of the key: its row, and how far from the left in mm."""
    places, row, used = {}, 0, 0.0
    for name, label in names.items():
        needs = _KEY_LINE_MM + 1.5 + text_width_mm(label) + 5
        if used and used + needs > width:
            row, used = row + 1, 0.0
        places[name] = (row, used)
        used += needs
    return places


def _draw_curve(axes: Axes, curve: KaplanMeier, colour: str, style: object, *, has_band: bool) -> None:
    """Draw one step function from 1 at time 0."""
    import numpy as np

    time, survival = np.append(0.0, curve.time), np.append(1.0, curve.survival) * 100
    if has_band:
        low, high = np.append(1.0, curve.low) * 100, np.append(1.0, curve.high) * 100
        axes.fill_between(time, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
    axes.step(time, survival, where="post", color=colour, linestyle=style, linewidth=1.4)
    lost = np.append(0.0, curve.censored) > 0
    axes.plot(time[lost], survival[lost], "|", color=colour, markersize=6, markeredgewidth=0.9)


def _write_at_risk(
    axes: Axes,
    canvas: Axes,
    curves: Mapping[str, KaplanMeier],
    names: Mapping[str, str],
    *,
    left: float,
    gap: float,
    top: float,
) -> None:
    """Write the numbers at risk below the ticks of the time axis."""
    from onearm.stats.kaplan_meier import survival_at

    low, high = axes.get_xlim()
    ticks = [float(tick) for tick in axes.get_xticks() if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    width = canvas.get_xlim()[1] - left - _RIGHT_MM
    canvas.text(left - gap, top, "No. at risk", ha="right", va="center_baseline")
    for row, (name, curve) in enumerate(curves.items(), start=min(1, len(curves) - 1)):
        y = top - _ROW_MM * row
        if len(curves) > 1:
            canvas.text(left - gap, y, names[name], ha="right", va="center_baseline")
        for tick, at_risk in zip(ticks, survival_at(curve, ticks, extend=True).at_risk, strict=True):
            x = left + width * (tick - low) / (high - low)
            canvas.text(x, y, f"{at_risk:g}", ha="center", va="center_baseline")
