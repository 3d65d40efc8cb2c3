"""Gene sets: the foremost by their normalised score, and the network of the enriched ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from onearm.outputs.figures.style import (
    DARK,
    GREY,
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
from onearm.outputs.figures.text import SMALL, text_width_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Network", "SetScore", "draw_network", "draw_set_scores", "pretty_set"]

_COLLECTIONS: Final = (
    "HALLMARK_",
    "REACTOME_",
    "KEGG_MEDICUS_",
    "KEGG_",
    "GOBP_",
    "GOCC_",
    "GOMF_",
    "WP_",
    "BIOCARTA_",
    "PID_",
)
_ROW_MM: Final = 4.6


@dataclass(frozen=True)
class SetScore:
    """
    One set.

    Parameters
    ----------
    name : str
        As in the file.
    score : float
        Normalised enrichment score.
    is_called : bool
        Whether its Q is small enough.
    q_text : str
        Q as printed.
    n : int
        Measured members.
    """

    name: str
    score: float
    is_called: bool
    q_text: str
    n: int


@dataclass(frozen=True)
class Network:
    """
    Sets to be drawn as a network.

    Parameters
    ----------
    names : sequence of str
        Sets.
    x, y : sequence of float
        Where they lie, 0 to 1.
    group : sequence of int
        Community of each.
    titles : sequence of str
        Name of each community.
    scores : sequence of float
        Normalised enrichment scores, for the colour.
    sizes : sequence of int
        Genes in the leading edge, for the area.
    links : sequence of (int, int, float)
        Pairs and their overlap.
    """

    names: Sequence[str]
    x: Sequence[float]
    y: Sequence[float]
    group: Sequence[int]
    titles: Sequence[str]
    scores: Sequence[float]
    sizes: Sequence[int]
    links: Sequence[tuple[int, int, float]]


def pretty_set(name: str) -> str:
    """
    Print the name of a set as people read it.

    Parameters
    ----------
    name : str
        Such as ``HALLMARK_IL6_JAK_STAT3_SIGNALING``.

    Returns
    -------
    str
        Without the collection and the underscores; words of letters alone in lower case unless they are short.

    Examples
    --------
    >>> pretty_set("HALLMARK_IL6_JAK_STAT3_SIGNALING")
    'IL6 JAK STAT3 signaling'
    """
    for collection in _COLLECTIONS:
        if name.startswith(collection):
            name = name.removeprefix(collection)
            break
    else:
        if "_" not in name:
            return name
    words = [w.lower() if w.isalpha() and len(w) > 3 else w for w in name.split("_")]
    small = {"VIA", "AND", "THE", "FOR", "OF", "IN", "TO", "BY", "UP", "OUT"}
    words = [w.lower() if w in small else w for w in words]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


@styled
def draw_set_scores(scores: Sequence[SetScore], *, first: str = "", second: str = "") -> Figure:
    """
    Draw the normalised scores of sets.

    Parameters
    ----------
    scores : sequence of SetScore
        In the order of the picture, highest first.
    first, second : str
        What negative and positive scores mean.

    Returns
    -------
    matplotlib.figure.Figure
        One dot for each set, its area by its members, filled where Q is small enough.
    """
    if not scores:
        return no_data(Size(height_mm=40), "No gene set could be tested.")
    labels = [_fit(pretty_set(s.name), 66) for s in scores]
    left = max(text_width_mm(label, SMALL) for label in labels) + 5
    figure = new_figure(Size(left + 92, len(scores) * _ROW_MM + 24))
    axes = axes_mm(figure, left=left, right=22, bottom=12, top=9)
    reach = max(abs(s.score) for s in scores) * 1.15
    for i, (score, label) in enumerate(zip(scores, labels, strict=True)):
        y = len(scores) - 1 - i
        colour = "#D55E00" if score.score > 0 else "#0072B2"
        axes.plot([0, score.score], [y, y], color=RULE_GREY, linewidth=0.8, zorder=1)
        axes.scatter(
            [score.score],
            [y],
            s=8 + 28 * np.sqrt(score.n / 200),
            facecolors=colour if score.is_called else "white",
            edgecolors=colour,
            linewidths=0.9,
            zorder=2,
        )
        axes.text(-reach - 0.03 * reach, y, label, ha="right", va="center", fontsize=SMALL, clip_on=False)
        axes.text(
            reach * 1.05,
            y,
            score.q_text,
            ha="left",
            va="center",
            fontsize=SMALL,
            color=INK if score.is_called else GREY,
            clip_on=False,
        )
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-0.7, len(scores) - 0.3)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.6)
    axes.set_xlabel("Normalised enrichment score")
    for at, align, text, colour in ((0.0, "left", f"← {first}", "#0072B2"), (1.0, "right", f"{second} →", "#D55E00")):
        if text.strip("← →"):
            axes.text(at, 1.01, text, transform=axes.transAxes, ha=align, va="bottom", fontsize=SMALL, color=colour)
    return figure


def _fit(text: str, room_mm: float) -> str:
    while text_width_mm(text, SMALL) > room_mm and len(text) > 4:
        text = text[:-2].rstrip(" …") + "…"
    return text


@styled
def draw_network(network: Network) -> Figure:
    """
    Draw enriched sets as a network.

    Parameters
    ----------
    network : Network
        What to show.

    Returns
    -------
    matplotlib.figure.Figure
        Nodes coloured by the direction of their score, lines as wide as the overlap, each community on a pale ground under its
        name.
    """
    if not network.names:
        return no_data(Size(height_mm=40), "No gene set is enriched.")
    x, y = np.asarray(network.x, dtype=float), np.asarray(network.y, dtype=float)
    span = max(float(np.ptp(x)), float(np.ptp(y)), 1e-9)
    inner = min(TWO_COLUMNS_MM - 56, 34 * np.sqrt(len(network.names)))  # mm that the longer side takes
    width = max(inner * float(np.ptp(x)) / span + 56, 110.0)
    height = inner * float(np.ptp(y)) / span + 38
    figure = new_figure(Size(width, height))
    canvas = canvas_mm(figure)
    px = (width - inner * float(np.ptp(x)) / span) / 2 + inner * (x - x.min()) / span
    py = 17 + inner * (y - y.min()) / span
    reach = max(max((abs(s) for s in network.scores), default=1.0), 1.0)
    for i, j, weight in network.links:
        canvas.plot(
            [px[i], px[j]],
            [py[i], py[j]],
            color=GREY,
            linewidth=0.4 + 2.2 * weight,
            alpha=0.55,
            solid_capstyle="round",
            zorder=2,
        )
    taken: list[tuple[float, float, float, float]] = []
    for number, title in enumerate(network.titles):
        mine = np.flatnonzero(np.asarray(network.group) == number)
        if not mine.size:
            continue
        inside = [(i, j) for i, j, _ in network.links if i in set(mine.tolist()) and j in set(mine.tolist())]
        _ground(canvas, px, py, mine, inside)
        _title(canvas, title, px[mine], py[mine], taken, width)
    colours = [_colour(score / reach) for score in network.scores]
    canvas.scatter(
        px, py, s=[18 + 2.2 * n for n in network.sizes], c=colours, edgecolors=GREY, linewidths=0.5, zorder=3
    )
    _key(canvas, width)
    return figure


def _colour(value: float) -> Any:
    import matplotlib as mpl

    return mpl.colormaps["RdBu_r"](0.5 + 0.45 * float(np.clip(value, -1, 1)))


def _ground(canvas: Axes, x: Any, y: Any, nodes: Any, links: list[tuple[int, int]]) -> None:
    """Pale ground beneath the nodes of a community and the links between them."""
    pale = "#efeee6"
    canvas.scatter(x[nodes], y[nodes], s=620, c=pale, linewidths=0, zorder=0)
    for i, j in links:
        canvas.plot([x[i], x[j]], [y[i], y[j]], color=pale, linewidth=24.9, solid_capstyle="round", zorder=0)


def _title(
    canvas: Axes, title: str, x: Any, y: Any, taken: list[tuple[float, float, float, float]], width: float
) -> None:
    """Write the name of a community above it, moved up until it is clear of those before it."""
    text = _fit(title, 52)
    half = text_width_mm(text, SMALL, "bold") / 2 + 1.2
    at = float(np.clip(x.mean(), half + 1, width - half - 1))
    up = float(y.max()) + 6.6
    for _ in range(12):
        box = (at - half, up - 1.6, at + half, up + 1.6)
        if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            break
        up += 3.3
    taken.append((at - half, up - 1.6, at + half, up + 1.6))
    canvas.text(at, up, text, ha="center", va="center", fontsize=SMALL, color=DARK, fontweight="bold", zorder=4)


def _key(canvas: Axes, width: float) -> None:
    gradient = np.linspace(-1, 1, 61)[None, :]
    limits = canvas.get_xlim(), canvas.get_ylim()
    canvas.imshow(
        0.45 * gradient,
        cmap="RdBu_r",
        vmin=-0.5,
        vmax=0.5,
        extent=(width - 52, width - 28, 4, 6.5),
        aspect="auto",
        zorder=2,
    )
    canvas.set_xlim(*limits[0])
    canvas.set_ylim(*limits[1])
    canvas.text(width - 53, 5.2, "lower", ha="right", va="center", fontsize=SMALL)
    canvas.text(width - 27, 5.2, "higher", ha="left", va="center", fontsize=SMALL)
