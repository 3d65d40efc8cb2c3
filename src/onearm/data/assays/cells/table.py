"""The cell table that every reader gives, the table of areas beside it, and the options of reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import polars as pl

__all__ = ["AREA_SCHEMA", "CELL_COLUMNS", "CellOptions", "CellTable", "Software"]

Software = Literal["inform", "qupath", "halo", "cellprofiler", "plain"]

CELL_COLUMNS: Final[dict[str, Any]] = {
    "SAMPLE": pl.String,
    "SLIDE": pl.String,
    "FIELD": pl.String,
    "CELL": pl.String,
    "X_UM": pl.Float64,
    "Y_UM": pl.Float64,
    "TISSUE": pl.String,
    "PHENOTYPE": pl.String,
}
"""Columns of every cell table; intensities (``CD8|nucleus|mean``) and the program's own calls (``CD8|call``) follow."""

AREA_SCHEMA: Final[dict[str, Any]] = {
    "SAMPLE": pl.String,
    "SLIDE": pl.String,
    "FIELD": pl.String,
    "TISSUE": pl.String,
    "AREA_MM2": pl.Float64,
}
"""Columns of the area table; a missing TISSUE means the whole field."""


@dataclass(frozen=True)
class CellOptions:
    """
    How a cell table is read.

    Parameters
    ----------
    software : str, optional
        ``inform``, ``qupath``, ``halo``, ``cellprofiler`` or ``plain``; recognised by the header without it.
    um_per_pixel : float, optional
        Microns per pixel, for files in pixels that do not say it.
    statistics : tuple of str, default ("mean",)
        Which statistics of an intensity are read.
    markers : tuple of str, optional
        Which markers are read; all without it.
    columns : mapping of str to str
        Columns of the file that take the place of those the program usually has: keys ``sample slide field cell x y tissue
        phenotype`` and the unit of x and y, ``unit`` (``um`` or ``px``).
    blank_class_is_negative : bool, default False
        QuPath leaves the class of a cell empty where no classifier called it; by default such a class is missing.
    """

    software: Software | None = None
    um_per_pixel: float | None = None
    statistics: tuple[str, ...] = ("mean",)
    markers: tuple[str, ...] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    blank_class_is_negative: bool = False


@dataclass(frozen=True)
class CellTable:
    """
    Cells with their positions in microns, and what was found while reading them.

    Attributes
    ----------
    cells : polars.DataFrame
        One row per cell: `CELL_COLUMNS`, then intensities named ``<marker>|<compartment>|<statistic>`` (Float64) and calls of
        the program named ``<marker>|call`` (Boolean).
    areas : polars.DataFrame
        `AREA_SCHEMA`; may have no rows.
    findings : polars.DataFrame
        What is noteworthy, as in `onearm.data.findings`.
    software : str
        The program that wrote the file.
    um_per_pixel : float or None
        The scale that was used; None where the file is in microns.
    """

    cells: pl.DataFrame
    areas: pl.DataFrame
    findings: pl.DataFrame
    software: str
    um_per_pixel: float | None
