"""The figures of a trial: drawn, captioned and described for those who cannot see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from onearm.outputs import figures as draw
from onearm.outputs.album.biomarkers import biomarker_boxes, biomarker_curves, biomarker_pairs
from onearm.outputs.album.course import flow, modelled_size, spider, swimmer, waterfall
from onearm.outputs.album.forest import forest
from onearm.outputs.album.genomes import lollipops, oncoprints, signature_curves
from onearm.outputs.album.omics import (
    feature_components,
    feature_heatmaps,
    feature_networks,
    feature_sets,
    feature_volcanoes,
)
from onearm.outputs.album.picture import Picture, Trial
from onearm.outputs.album.safety import adverse_events
from onearm.outputs.album.survival import survival
from onearm.outputs.album.tissue import field_maps
from onearm.outputs.album.treatment import doses, hys_law, timelines
from onearm.outputs.figures.style import Size

if TYPE_CHECKING:
    import polars as pl

    from onearm.outputs.format import Printer
    from onearm.outputs.lookup import Lookup
    from onearm.protocol import Protocol

__all__ = ["MAKERS", "MOST_WIDE", "Picture", "compose_pictures", "count_pictures"]

MOST_WIDE: Final = 3
"""Groups up to which figures are two columns wide."""
MAKERS: Final[tuple[Callable[[Trial, Lookup], Iterator[Picture]], ...]] = (
    flow,
    waterfall,
    spider,
    modelled_size,
    swimmer,
    survival,
    forest,
    doses,
    timelines,
    adverse_events,
    hys_law,
    biomarker_boxes,
    biomarker_pairs,
    biomarker_curves,
    oncoprints,
    lollipops,
    signature_curves,
    field_maps,
    feature_components,
    feature_volcanoes,
    feature_heatmaps,
    feature_sets,
    feature_networks,
)
"""What draws the figures, in the order of the report; each gives none where there is nothing to draw."""


def compose_pictures(
    results: pl.DataFrame,
    datasets: Mapping[str, pl.DataFrame],
    protocol: Protocol,
    printer: Printer,
    lookups: Sequence[Lookup],
) -> Iterator[Picture]:
    """
    Draw every figure of a trial, one at a time.

    Parameters
    ----------
    results : polars.DataFrame
        The results table.
    datasets : mapping of str to polars.DataFrame
        ``adsl adtr adrs``.
    protocol : Protocol
        The trial.
    printer : Printer
        How numbers are printed.
    lookups : sequence of Lookup
        The results of each group.

    Yields
    ------
    Picture
        For each group: flow chart, waterfall, spider, swimmer, a curve for each time endpoint, forest plots, adverse
        events, biomarkers. With more than `MOST_WIDE` groups the figures are one column wide and can stand side by side.
    """
    size = Size(draw.ONE_COLUMN_MM, 78) if len(lookups) > MOST_WIDE else None
    trial = Trial(results, datasets, protocol, printer, size)
    for make in MAKERS:
        for lookup in lookups:
            yield from make(trial, lookup)


def count_pictures(lookups: Sequence[Lookup]) -> int:
    """
    Say how many figures `compose_pictures` will draw, forest plots and adverse events aside.

    Parameters
    ----------
    lookups : sequence of Lookup
        The results of each group.

    Returns
    -------
    int
        Number of figures.
    """
    return sum(4 + len(lookup.parameters("survival")) for lookup in lookups)
