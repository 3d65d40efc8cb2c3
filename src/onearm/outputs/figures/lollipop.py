"""Lollipop of one gene: where along the protein it is changed, and in how many patients."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.oncoprint import KINDS
from onearm.outputs.figures.style import (
    DARK,
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
    from matplotlib.figure import Figure

__all__ = ["Change", "codon_of", "draw_lollipop"]

_CODON: Final = re.compile(r"^p\.[A-Z*]+?(\d+)")
_MOST_LABELS: Final = 12
_PLOT_MM: Final = 46.0


@dataclass(frozen=True)
class Change:
    """
    One change of the protein.

    Parameters
    ----------
    codon : int
        Its place.
    label : str
        As written, without ``p.``.
    kind : str
        A key of `onearm.outputs.figures.oncoprint.KINDS`.
    patients : int
        Patients with it.
    """

    codon: int
    label: str
    kind: str
    patients: int


def codon_of(text: str | None) -> int | None:
    """
    Read the codon of a change.

    Parameters
    ----------
    text : str or None
        Such as ``p.R248Q`` or ``p.E746_A750del``.

    Returns
    -------
    int or None
        The first codon; None where the text tells none, as for splice sites.

    Examples
    --------
    >>> codon_of("p.R248Q"), codon_of("p.E746_A750del"), codon_of("p.splice site")
    (248, 746, None)
    """
    found = _CODON.match(text or "")
    return int(found[1]) if found else None


@styled
def draw_lollipop(
    gene: str, changes: Sequence[Change], *, why_empty: str = "No change of the protein is told."
) -> Figure:
    """
    Draw the changes of one gene along its protein.

    Parameters
    ----------
    gene : str
        Printed below.
    changes : sequence of Change
        One for each change.
    why_empty : str
        Said where there is nothing to draw.

    Returns
    -------
    matplotlib.figure.Figure
        The commonest changes are named. The protein is drawn to its last change: its length is not known.
    """
    if not changes:
        return no_data(Size(height_mm=40), why_empty)
    key = [
        KeyEntry(kind.capitalize(), "o", colour) for kind, colour in KINDS.items() if kind in {c.kind for c in changes}
    ]
    key_mm = key_height_mm(key, TWO_COLUMNS_MM - 20) + 2
    labels = sorted(changes, key=lambda c: (-c.patients, c.codon))[:_MOST_LABELS]
    above = max(text_width_mm(change.label, SMALL) for change in labels) + 5
    height = key_mm + above + _PLOT_MM + 12
    figure = new_figure(Size(TWO_COLUMNS_MM, height))
    axes = axes_mm(figure, left=14, right=6, bottom=12, top=key_mm + above)
    last, most = max(c.codon for c in changes), max(c.patients for c in changes)
    axes.set_xlim(-0.01 * last, last * 1.02)
    axes.set_ylim(-0.14 * most, most * 1.05)
    axes.fill_between([0, last], -0.11 * most, -0.03 * most, color=RULE_GREY, linewidth=0)
    for change in sorted(changes, key=lambda c: c.patients):
        axes.plot([change.codon] * 2, [-0.03 * most, change.patients], color=DARK, linewidth=0.5, zorder=1)
    for kind, colour in KINDS.items():
        mine = [c for c in changes if c.kind == kind]
        axes.scatter(
            [c.codon for c in mine],
            [c.patients for c in mine],
            s=16,
            color=colour,
            edgecolors="white",
            linewidths=0.4,
            zorder=3,
        )
    places = _spread([c.codon for c in labels], 0.022 * last)
    for change, x in zip(labels, places, strict=True):
        axes.plot(
            [change.codon, x],
            [change.patients + 0.04 * most, 1.09 * most],
            color=RULE_GREY,
            linewidth=0.4,
            clip_on=False,
        )
        axes.text(x, 1.11 * most, change.label, rotation=90, ha="center", va="bottom", fontsize=SMALL)
    axes.set_yticks(sorted({0, most, *(most // 2 for _ in [0] if most >= 4)}))
    axes.set_ylabel("Patients")
    axes.set_xlabel(f"Codon of {gene}")
    draw_key(canvas_mm(figure), key, left=14, top=height - 1, width=TWO_COLUMNS_MM - 20)
    return figure


def _spread(places: Sequence[float], least: float) -> list[float]:
    """Move places apart until neighbours are far enough for their labels, in order."""
    order = np.argsort(places, kind="stable")
    moved = np.array([places[i] for i in order], dtype=float)
    for _ in range(200):
        gaps = np.diff(moved)
        close = np.flatnonzero(gaps < least * 0.999)
        if not close.size:
            break
        for i in close:
            push = (least - (moved[i + 1] - moved[i])) / 2
            if push > 0:
                moved[i] -= push
                moved[i + 1] += push
    back = np.empty_like(moved)
    back[order] = moved
    return [float(x) for x in back]
