"""Butterfly of adverse events: all to the left, related to the right, grade 3 or more darker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

from onearm.outputs.figures.key import KeyEntry, draw_key, key_height_mm
from onearm.outputs.figures.style import INK, TWO_COLUMNS_MM, Size, axes_mm, canvas_mm, new_figure, no_data, styled
from onearm.outputs.figures.text import text_width_mm, wrap_mm

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from onearm.outputs.lookup import Lookup

__all__ = ["adverse_events_data", "draw_adverse_events"]

_ANY: Final = "#56B4E9"
_SEVERE: Final = "#D55E00"
_SCHEMA: Final = {"set": pl.String, "term": pl.String, "any_grade": pl.Float64, "grade_3_or_more": pl.Float64}


def adverse_events_data(lookup: Lookup, terms: Sequence[str]) -> pl.DataFrame:
    """
    Take the incidences of some terms.

    Parameters
    ----------
    lookup : Lookup
        The results of a group.
    terms : sequence of str
        Preferred terms in the order in which they are drawn.

    Returns
    -------
    polars.DataFrame
        ``set`` (``TEAE``, ``TRAE``), ``term``, ``any_grade`` and ``grade_3_or_more`` in percent; 0 where nobody had it.
    """
    rows = []
    for name in ("TEAE", "TRAE"):
        block = lookup.block("adverse_events", name)
        for term in terms:
            shares = [block.stat(stat, "term", term).value or 0.0 for stat in ("p", "p_grade_3_or_more")]
            rows.append((name, term, *(100 * share for share in shares)))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


@styled
def draw_adverse_events(data: pl.DataFrame) -> Figure:
    """
    Draw a butterfly of adverse events.

    Parameters
    ----------
    data : polars.DataFrame
        See `adverse_events_data`.

    Returns
    -------
    matplotlib.figure.Figure
        Two columns of a journal wide, as high as its terms need.
    """
    terms = data["term"].unique(maintain_order=True).to_list()
    if not terms:
        return no_data(Size(height_mm=40), "No adverse event reaches the limits of the protocol.")
    labels = ["\n".join(wrap_mm(term, 56)[:2]) for term in terms]
    middle = max(text_width_mm(line) for label in labels for line in label.split("\n")) + 4
    step = 6.4 if any("\n" in label for label in labels) else 4.6
    entries = [KeyEntry("Any grade", "bar", _ANY), KeyEntry("Grade 3 or more", "bar", _SEVERE)]
    key = key_height_mm(entries, 120)
    height = step * len(terms) + 20 + key
    figure = new_figure(Size(TWO_COLUMNS_MM, height))
    wing = (TWO_COLUMNS_MM - middle - 14) / 2
    furthest = max(float(data["any_grade"].max() or 0), 1.0)  # type: ignore[arg-type]  # a column of floats
    places = range(len(terms))
    for name, left, head in (("TEAE", 7.0, "Treatment-emergent"), ("TRAE", 7 + wing + middle, "Related to treatment")):
        axes = axes_mm(figure, left=left, right=TWO_COLUMNS_MM - left - wing, bottom=12, top=8 + key)
        mine = data.filter(pl.col("set") == name)
        axes.barh(places, mine["any_grade"], height=0.72, color=_ANY, gid=f"{name} any grade")
        axes.barh(places, mine["grade_3_or_more"], height=0.72, color=_SEVERE, gid=f"{name} grade 3 or more")
        axes.set_ylim(len(terms) - 0.4, -0.6)
        axes.set_xlim(*((furthest * 1.05, 0) if name == "TEAE" else (0, furthest * 1.05)))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.axvline(0, color=INK, linewidth=0.6)
        axes.set_xlabel("Patients (%)")
        axes.set_title(head, fontsize=8)
    canvas = canvas_mm(figure)
    for place, label in enumerate(labels):
        y = height - 8 - key - (place + 0.6) / (len(terms) + 0.2) * (height - 20 - key)
        canvas.text(7 + wing + middle / 2, y, label, ha="center", va="center_baseline", linespacing=1.0)
    draw_key(canvas, entries, left=7, top=height - 1, width=120)
    return figure
