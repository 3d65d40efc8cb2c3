"""Figures of adverse events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from onearm.outputs import figures as draw
from onearm.outputs.album.picture import Picture, Trial, make_picture
from onearm.outputs.tables.adverse_events import shown_terms

if TYPE_CHECKING:
    from onearm.outputs.lookup import Lookup

__all__ = ["adverse_events"]

_MOST_TERMS: Final = 30


def adverse_events(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the most frequent adverse events as a butterfly.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        None where there is nothing to draw.
    """
    block = lookup.block("adverse_events", "TEAE")
    terms = shown_terms(block, trial.protocol)[:_MOST_TERMS]
    if not terms:
        return
    data = draw.adverse_events_data(lookup, terms)
    first = data.row(0, named=True)
    yield make_picture(
        trial,
        draw.draw_adverse_events(data),
        name="adverse_events",
        section="safety",
        title="Adverse events by preferred term",
        notes=[
            f"{block.population}; the {len(terms)} most frequent terms of the table. Bars: patients with any grade, of these "
            "with grade 3 or more; left: all treatment-emergent events, right: those related to treatment."
        ],
        alt=f"Bars of {len(terms)} preferred terms; the most frequent is {first['term']}, "
        f"{trial.printer.percent(first['any_grade'] / 100, sign=True)} of patients.",
        group=lookup.group,
        sources=["adverse_events TEAE", "adverse_events TRAE"],
    )
