"""The fields that are drawn: their cells, what they are, and the nearest tumour cell of each source."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from onearm.derivations.tissue.fields import Fields
from onearm.derivations.tissue.signs import phenotype_column
from onearm.frames import conform, empty
from onearm.protocol.assay_tissue import CellsAssay
from onearm.stats.neighbours import nearest

__all__ = ["ADCELL", "drawn_cells"]

ADCELL: Final[dict[str, Any]] = {
    "ASSAY": pl.String,
    "USUBJID": pl.String,
    "SAMPID": pl.String,
    "SLIDE": pl.String,
    "FIELD": pl.String,
    "CELL": pl.String,
    "XUM": pl.Float64,
    "YUM": pl.Float64,
    "TISSUE": pl.String,
    "KIND": pl.String,
    "NEARX": pl.Float64,
    "NEARY": pl.Float64,
    "NEARUM": pl.Float64,
}
"""One row per cell of a field that is drawn. KIND is its phenotype, missing for others; NEAR… the nearest tumour cell."""
_OTHER_KINDS: Final = 4
"""Phenotypes drawn besides sources and tumour cells."""
_MOST_CELLS: Final = 20_000
"""Cells of a field beyond which a map would be a blot: a square of the middle is drawn."""


def drawn_cells(layout: Fields, section: CellsAssay, owners: pl.DataFrame) -> pl.DataFrame:
    """
    Choose fields to draw, and say what is drawn.

    Parameters
    ----------
    layout : Fields
        The cells with the phenotypes that were measured.
    section : CellsAssay
        Sources, tumour cells and number of maps.
    owners : polars.DataFrame
        ``SAMPLE USUBJID``.

    Returns
    -------
    polars.DataFrame
        `ADCELL`: fields spread evenly from the shortest to the longest mean distance; no rows where the sources or the
        tumour cells were not measured.
    """
    known = layout.phenotypes
    if section.draw_from not in known or section.draw_to not in known or not section.draw or not layout.n:
        return empty(ADCELL)
    sources, targets = (np.flatnonzero(known[text][0]) for text in (section.draw_from, section.draw_to))
    found = nearest(layout.xy[sources], layout.xy[targets], groups=(layout.code[sources], layout.code[targets]))
    has = np.isfinite(found.distance)
    if not has.any():
        return empty(ADCELL)
    sources, index, distance = sources[has], found.index[has], found.distance[has]
    n = np.bincount(layout.code[sources], minlength=layout.n)
    mean = np.bincount(layout.code[sources], weights=distance, minlength=layout.n) / np.maximum(n, 1)
    candidates = np.flatnonzero(n)[np.argsort(mean[np.flatnonzero(n)], kind="stable")]
    places = np.unique(np.linspace(0, candidates.size - 1, min(section.draw, candidates.size)).round().astype(int))
    near = {name: np.full(layout.code.size, np.nan) for name in ("NEARX", "NEARY", "NEARUM")}
    near["NEARX"][sources], near["NEARY"][sources] = layout.xy[targets[index]].T
    near["NEARUM"][sources] = distance
    kinds = [section.draw_from, section.draw_to]
    kinds += [text for text in known if text not in kinds][:_OTHER_KINDS]
    kind = pl.coalesce(
        pl.when(pl.col(phenotype_column(text)).fill_null(value=False)).then(pl.lit(text)) for text in kinds
    )
    cells = layout.cells.with_columns(
        KIND=kind, CODE=pl.Series(layout.code), **{k: pl.Series(v) for k, v in near.items()}
    )
    parts = [_middle(cells.filter(pl.col("CODE") == code)) for code in candidates[places].tolist()]
    drawn = pl.concat(parts).join(owners, on="SAMPLE", how="left", maintain_order="left").fill_nan(None)
    return conform(
        drawn.select(
            "USUBJID", "SLIDE", "FIELD", "CELL", "TISSUE", "KIND", "NEARX", "NEARY", "NEARUM",
            SAMPID="SAMPLE", XUM="X_UM", YUM="Y_UM",
        ),
        ADCELL,
    )  # fmt: skip


def _middle(cells: pl.DataFrame) -> pl.DataFrame:
    """Keep the middle of a field with too many cells."""
    if cells.height <= _MOST_CELLS:
        return cells
    share = float(np.sqrt(_MOST_CELLS / cells.height)) / 2
    x, y = (cells[name].quantile(0.5 - share) for name in ("X_UM", "Y_UM"))
    right, top = (cells[name].quantile(0.5 + share) for name in ("X_UM", "Y_UM"))
    return cells.filter(pl.col("X_UM").is_between(x, right) & pl.col("Y_UM").is_between(y, top))
