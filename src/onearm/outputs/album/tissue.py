"""Figures of tissue: fields with their cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from onearm.outputs.album.picture import Picture, Trial, file_name, make_picture
from onearm.outputs.figures.field_map import draw_field_maps, field_map_data
from onearm.protocol.assay_tissue import CellsAssay

if TYPE_CHECKING:
    from onearm.outputs.lookup import Lookup

__all__ = ["field_maps"]


def field_maps(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw fields of each cell assay: cells by phenotype, lines to the nearest tumour cell.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for each cell assay whose fields are drawn.
    """
    adcell = trial.datasets.get("adcell")
    if adcell is None or adcell.is_empty():
        return
    if lookup.group.level is not None:
        mine = trial.datasets["adsl"].filter(pl.col("COHORT") == lookup.group.level).select("USUBJID")
        adcell = adcell.join(mine, on="USUBJID", how="semi")
    for name, section in trial.protocol.assay.items():
        cells = adcell.filter(pl.col("ASSAY") == name)
        if not isinstance(section, CellsAssay) or cells.is_empty():
            continue
        maps = field_map_data(cells, sources=section.draw_from, targets=section.draw_to)
        yield make_picture(
            trial,
            draw_field_maps(maps),
            name=f"fields_{file_name(name)}",
            section="biomarkers",
            title=f"Fields of {section.label or name}",
            notes=[
                "Of all fields, those are shown whose mean distance is shortest, longest and spread between. "
                f"Lines: from each {section.draw_from} to its nearest {section.draw_to}."
            ],
            alt="; ".join(f"{one.title}: {one.note}" for one in maps) + ".",
            group=lookup.group,
            sources=["adcell XUM YUM KIND NEARUM"],
        )
