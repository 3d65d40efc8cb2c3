"""Oncoprint: genes by patients, with the burden, markers and the response of each patient above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.collections import PolyCollection

from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.style import (
    DARK,
    GREY,
    INK,
    RESPONSE_COLOURS,
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
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["KINDS", "Oncoprint", "Track", "draw_oncoprint", "kind_of_class", "order_patients"]

KINDS: Final[dict[str, str]] = {
    "missense": "#0072B2",
    "truncating": "#1a1a1a",
    "splice site": "#CC79A7",
    "in frame": "#009E73",
    "other": "#8c8c8c",
    "several": "#E69F00",
}
"""Colour of a mutation by its kind."""
_KIND_OF: Final = {
    "Missense_Mutation": "missense",
    "Nonsense_Mutation": "truncating",
    "Frame_Shift_Del": "truncating",
    "Frame_Shift_Ins": "truncating",
    "Nonstop_Mutation": "truncating",
    "Translation_Start_Site": "truncating",
    "Splice_Site": "splice site",
    "In_Frame_Del": "in frame",
    "In_Frame_Ins": "in frame",
}
AMPLIFIED: Final = "#D55E00"
DELETED: Final = "#56B4E9"
_WILD: Final = "#e9e9e9"
_ROW_MM: Final = 4.6
_TRACK_MM: Final = 13.0
_STRIP_MM: Final = 3.6
_WIDEST_MM: Final = 6.0
_LABELLED_MM: Final = 2.6


@dataclass(frozen=True)
class Track:
    """
    A number of each patient, drawn as bars.

    Parameters
    ----------
    label : str
        What it is, with its unit.
    values : sequence of float or None
        One for each patient; None where not known, which is marked.
    """

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Oncoprint:
    """
    What an oncoprint shows.

    Parameters
    ----------
    patients : sequence of str
        Columns, in order.
    genes : sequence of str
        Rows, in order.
    kinds : sequence of sequence of str or None
        For each gene and patient the kind of its mutation (`KINDS`), empty for wild type, None for not profiled.
    calls : sequence of sequence of int
        For each gene and patient the call of its copy number; 2 and -2 are drawn.
    tracks : sequence of Track
        Bars above, such as the burden and a PD-L1 score.
    responses : sequence of str or None
        Best response of each patient; empty where the trial has none.
    """

    patients: Sequence[str]
    genes: Sequence[str]
    kinds: Sequence[Sequence[str | None]]
    calls: Sequence[Sequence[int]]
    tracks: Sequence[Track] = ()
    responses: Sequence[str | None] = field(default=())


def kind_of_class(words: Sequence[str]) -> str:
    """
    Say how the mutations of a gene in a patient are drawn.

    Parameters
    ----------
    words : sequence of str
        Classes of its variants.

    Returns
    -------
    str
        A key of `KINDS`: that of all, or ``several`` where they differ.

    Examples
    --------
    >>> kind_of_class(["Nonsense_Mutation", "Frame_Shift_Del"]), kind_of_class(["Missense_Mutation", "Splice_Site"])
    ('truncating', 'several')
    """
    kinds = {_KIND_OF.get(word, "other") for word in words}
    return kinds.pop() if len(kinds) == 1 else "several"


def order_patients(altered: np.ndarray) -> list[int]:
    """
    Order patients so that those with the same altered genes lie together, the most frequent gene first.

    Parameters
    ----------
    altered : numpy.ndarray of bool, shape (n_genes, n_patients)
        Genes from the most frequent on.

    Returns
    -------
    list of int
        Positions of the patients.

    Examples
    --------
    >>> order_patients(np.array([[False, True, True], [True, False, True]]))
    [2, 1, 0]
    """
    return [int(i) for i in np.lexsort((~altered)[::-1])]


@styled
def draw_oncoprint(data: Oncoprint, *, why_empty: str = "No gene is altered.") -> Figure:
    """
    Draw an oncoprint.

    Parameters
    ----------
    data : Oncoprint
        Genes, patients, tracks.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Columns are as wide as fits, at most 6 mm; patients are named where there is room for their names.
    """
    n = len(data.patients)
    if not n or not data.genes:
        return no_data(Size(height_mm=40), why_empty)
    left = max(text_width_mm(text) for text in [*data.genes, "Best response"]) + 4
    lines = [line for track in data.tracks for line in track.label.split("\n")]
    left = max([left, *(text_width_mm(line, SMALL) + 11 for line in lines)])
    right = 22.0
    room = TWO_COLUMNS_MM - left - right
    step = min(_WIDEST_MM, room / n)
    width = step * n
    is_named = step >= _LABELLED_MM
    names = short_labels(list(data.patients)) if is_named else []
    below = max((text_width_mm(name, SMALL) for name in names), default=0.0) + 3
    key, responses = _key(data)
    key_mm = key_height_mm(key, TWO_COLUMNS_MM - 6) + (4.5 if responses else 0) + 3
    strip = _STRIP_MM + 1.2 if data.responses else 0.0
    tracks = (_TRACK_MM + 3) * len(data.tracks)
    rows = _ROW_MM * len(data.genes)
    height = 5 + tracks + strip + rows + below + key_mm
    figure = new_figure(Size(TWO_COLUMNS_MM, height))
    spare = TWO_COLUMNS_MM - left - width
    top = 5.0
    for track in data.tracks:
        axes = axes_mm(figure, left=left, right=spare, top=top, bottom=height - top - _TRACK_MM)
        _draw_track(axes, track, n)
        top += _TRACK_MM + 3
    if data.responses:
        axes = axes_mm(figure, left=left, right=spare, top=top, bottom=height - top - _STRIP_MM)
        _draw_responses(axes, data.responses)
        top += strip
    axes = axes_mm(figure, left=left, right=spare, top=top, bottom=height - top - rows)
    _draw_cells(axes, data, gap=0.12 if step > 0.9 else 0.0)
    if is_named:
        axes.set_xticks(np.arange(n) + 0.5, names, rotation=90, fontsize=SMALL)
    _draw_shares(figure, data, left=left + width + 1.5, right=2.0, top=top, bottom=height - top - rows)
    canvas = canvas_mm(figure)
    draw_key(canvas, key, left=3, top=key_mm - 1.5, width=TWO_COLUMNS_MM - 6)
    if responses:
        # the colours of responses are those of every figure, so they stand in a line of their own
        lead = text_width_mm("Best response") + 3
        canvas.text(3, 4.4, "Best response", va="center_baseline")
        draw_key(canvas, responses, left=3 + lead, top=6.5, width=TWO_COLUMNS_MM - 6 - lead)
    return figure


def _bare(axes: Axes, n: float, m: float) -> None:
    axes.set_xlim(0, n)
    axes.set_ylim(0, m)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0)
    axes.set_xticks([])


def _boxes(
    axes: Axes, boxes: Sequence[tuple[float, float, float, float]], colour: str, *, z: float, hatch: str = ""
) -> None:
    """Draw many rectangles (x, y, width, height) of one colour at once."""
    if boxes:
        corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for x, y, w, h in boxes]
        edge = GREY if hatch else "none"
        axes.add_collection(
            PolyCollection(corners, facecolors=colour, edgecolors=edge, linewidths=0, hatch=hatch or None, zorder=z)
        )


def _draw_cells(axes: Axes, data: Oncoprint, *, gap: float) -> None:
    n, m = len(data.patients), len(data.genes)
    _bare(axes, n, m)
    axes.set_yticks([m - i - 0.5 for i in range(m)], list(data.genes))
    for label in axes.get_yticklabels():
        label.set_fontstyle("italic")
    layers: dict[str, list[tuple[float, float, float, float]]] = {}
    for i, (kinds, calls) in enumerate(zip(data.kinds, data.calls, strict=True)):
        y = m - i - 1 + 0.06
        for j, (kind, call) in enumerate(zip(kinds, calls, strict=True)):
            x, w = j + gap / 2, 1 - gap
            ground = "unknown" if kind is None and abs(call) < 2 else "wild"
            ground = "amplified" if call >= 2 else "deleted" if call <= -2 else ground
            layers.setdefault(ground, []).append((x, y, w, 0.88))
            if kind:
                layers.setdefault(kind, []).append((x, y + 0.27, w, 0.34))
    _boxes(axes, layers.get("wild", []), _WILD, z=1)
    _boxes(axes, layers.get("unknown", []), "white", z=1, hatch="//////")
    _boxes(axes, layers.get("amplified", []), AMPLIFIED, z=2)
    _boxes(axes, layers.get("deleted", []), DELETED, z=2)
    for kind, colour in KINDS.items():
        _boxes(axes, layers.get(kind, []), colour, z=3)


def _draw_track(axes: Axes, track: Track, n: int) -> None:
    values = np.array([np.nan if value is None else value for value in track.values], dtype=float)
    known = values[~np.isnan(values)]
    top = float(known.max()) if known.size and known.max() > 0 else 1.0
    low = min(0.0, float(known.min())) if known.size else 0.0
    # one tumour far above all others would flatten them: the axis ends where the others end, and its bar is marked
    limit = float(np.quantile(known, 0.9)) * 3 if known.size > 10 else top
    is_cut = top > limit > 0
    top = limit if is_cut else top
    _bare(axes, n, top)
    axes.set_ylim(low, top * 1.12)
    gap = 0.12 if n <= 150 else 0.0
    boxes = [(j + gap / 2, 0.0, 1 - gap, min(v, top)) for j, v in enumerate(values) if v == v and v != 0]  # noqa: PLR0124 - NaN
    _boxes(axes, boxes, DARK, z=2)
    for j, value in enumerate(values):
        if np.isnan(value):
            axes.plot([j + 0.5], [top * 0.04], marker="x", markersize=min(3.0, 300 / n), color=GREY, linewidth=0.5)
        elif is_cut and value > top:
            axes.plot([j + 0.5], [top * 1.06], marker="^", markersize=3, color=DARK, clip_on=False)
    axes.spines["left"].set_visible(True)
    axes.tick_params(axis="y", length=2)
    axes.set_yticks([low, top], [f"{low:.3g}", f"{top:.3g}"], fontsize=SMALL)
    axes.annotate(track.label, (0, 0.5), xycoords="axes fraction", xytext=(-21, 0), textcoords="offset points",
                  rotation=0, ha="right", va="center", fontsize=SMALL)  # fmt: skip


def _draw_responses(axes: Axes, responses: Sequence[str | None]) -> None:
    _bare(axes, len(responses), 1)
    gap = 0.12 if len(responses) <= 150 else 0.0
    layers: dict[str, list[tuple[float, float, float, float]]] = {}
    for j, response in enumerate(responses):
        colour = RESPONSE_COLOURS.get(response or "NE", RESPONSE_COLOURS["NE"])
        layers.setdefault(colour, []).append((j + gap / 2, 0, 1 - gap, 1))
    for colour, boxes in layers.items():
        _boxes(axes, boxes, colour, z=1)
    axes.set_yticks([0.5], ["Best response"])


def _draw_shares(figure: Figure, data: Oncoprint, *, left: float, right: float, top: float, bottom: float) -> None:
    """Share of the profiled patients in whom each gene is altered."""
    m = len(data.genes)
    axes = axes_mm(figure, left=left, right=TWO_COLUMNS_MM - left - 18 + right - 2, top=top, bottom=bottom)
    _bare(axes, 1, m)
    axes.set_yticks([])
    for i, (kinds, calls) in enumerate(zip(data.kinds, data.calls, strict=True)):
        known = [(k, c) for k, c in zip(kinds, calls, strict=True) if k is not None or abs(c) >= 2]
        n = sum(bool(k) or abs(c) >= 2 for k, c in known)
        share = f"{100 * n / len(known):.0f}%" if known else "–"
        axes.text(0.0, m - i - 0.5, share, va="center", fontsize=SMALL, color=INK)


def _key(data: Oncoprint) -> tuple[list[KeyEntry], list[KeyEntry]]:
    kinds = {kind for row in data.kinds for kind in row if kind}
    calls = {call for row in data.calls for call in row}
    entries = [KeyEntry(kind.capitalize(), "bar", colour) for kind, colour in KINDS.items() if kind in kinds]
    entries += [KeyEntry("Amplification", "bar", AMPLIFIED)] if max(calls, default=0) >= 2 else []
    entries += [KeyEntry("Homozygous deletion", "bar", DELETED)] if min(calls, default=0) <= -2 else []
    entries.append(KeyEntry("Wild type", "bar", _WILD))
    if any(kind is None for row in data.kinds for kind in row):
        entries.append(KeyEntry("Hatched: not profiled", "bar", "#c9c9c9"))
    found = {response or "NE" for response in data.responses}
    responses = [KeyEntry(name, "bar", colour) for name, colour in RESPONSE_COLOURS.items() if name in found]
    return entries, responses


def track_of(label: str, values: Mapping[str, float], patients: Sequence[str]) -> Track:
    """
    Make a track of the values that are known.

    Parameters
    ----------
    label : str
        What it is.
    values : mapping of str to float
        By patient.
    patients : sequence of str
        Columns.

    Returns
    -------
    Track
        None where a patient has no value.
    """
    return Track(label, [values.get(patient) for patient in patients])
