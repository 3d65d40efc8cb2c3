"""``[assay.NAME]`` of kind ``cells``: cell tables of stained tissue, their phenotypes and what is measured in them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onearm.protocol.assay_section import AssaySection
from onearm.protocol.base import Name, Positive, Section

__all__ = ["CellsAssay", "Lymphoid", "PdL1", "Registration", "Threshold"]

Count = Annotated[int, Field(ge=1)]


class Threshold(Section):
    """``[assay.NAME.thresholds]``: above which intensity a cell is positive for a marker."""

    above: float
    compartment: Literal["nucleus", "cytoplasm", "membrane", "cell"] | None = None
    """Where the intensity is measured; the whole cell where missing, or the only compartment there is."""


class Registration(Section):
    """``[assay.NAME.normalise]``: alignment of the slides' intensities by landmarks (gaussNorm)."""

    markers: Annotated[tuple[Name, ...], Field(min_length=1)]
    transform: Literal["none", "log10", "arcsinh"] = "log10"
    """Scale on which populations are peaks; ``log10`` of 1 more than the intensity. Thresholds stay on the scale of the file."""
    landmarks: Count = 2
    """Peaks of each slide that are aligned."""


class Lymphoid(Section):
    """``[assay.NAME.structures]``: what is called a tertiary lymphoid structure. No values are agreed on: say yours."""

    b_cells: Name = "CD20+"
    radius_um: Positive = 30.0
    """Neighbourhood of a B cell."""
    neighbours: Count = 10
    """B cells in it, itself included, that make it dense."""
    least_cells: Count = 50
    """B cells of a structure."""
    mature: Name = "CD23+"
    """Phenotype of the cells that make a structure mature."""
    mature_least_cells: Count = 1


class PdL1(Section):
    """``[assay.NAME.pd_l1]``: what TPS and CPS count."""

    clone: Name = "22C3"
    tumour: Name = "CK+"
    positive: Name = "PDL1+"
    immune: str = ""
    """Phenotype of lymphocytes and macrophages; without it there is no CPS, whatever the share of tumour cells."""
    denominator: Literal["tumour", "all"] = "tumour"
    """CPS is over viable tumour cells; NCT05013697 divides by all viable cells."""
    least_cells: Count = 100
    """Cells in the denominator that a specimen must have."""


class CellsAssay(AssaySection):
    """Cells with positions, as inForm, QuPath, HALO and CellProfiler export them: one row per cell."""

    kind: Literal["cells"] = "cells"
    slope_change: bool = True
    """As in every assay; here by default."""
    files: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Files or patterns such as ``cells/*_cell_seg_data.txt``."""
    areas: tuple[Name, ...] = ()
    """Summaries with the areas of fields and tissues; densities need them."""
    scores: tuple[Name, ...] = ()
    """Score files of inForm, whose thresholds are used where ``thresholds`` has none."""
    software: Literal["inform", "qupath", "halo", "cellprofiler", "plain"] | None = None
    """Recognised by the header where missing."""
    um_per_pixel: Positive | None = None
    """For files in pixels; checked against the areas of cells where the file has both."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Columns that take the place of the usual ones: sample, slide, field, cell, x, y, tissue, phenotype, unit."""
    sample_is: Literal["sample", "slide", "field"] = "slide"
    """What of the cell table the sample sheet calls a sample."""
    statistic: Literal["mean", "median"] = "mean"
    """Which statistic of an intensity is compared with a threshold."""
    blank_class_is_negative: bool = False
    """QuPath leaves the class of a cell empty where no classifier called it: missing unless this says negative."""
    tissues: dict[str, str] = Field(default_factory=dict)
    """From a tissue in the file to the word that measures use: ``{ "Tumor center" = "tumour" }``."""
    thresholds: dict[str, Threshold] = Field(default_factory=dict)
    phenotypes: dict[str, Name] = Field(default_factory=dict)
    """Name and expression: ``{ helper = "CD3+ AND CD4+ AND NOT FOXP3+" }``."""
    normalise: Registration | None = None
    field_um: tuple[Positive, Positive] | None = None
    """Width and height of a field that begins at 0; the box around its cells where missing. Edge corrections need it."""
    least_cells: Count = 1
    """Cells of each kind that a field must have for distances and counts of neighbours."""
    coincident_is_self: bool = False
    """Take distance 0 for the cell itself, as phenoptr does."""
    structures: Lymphoid = Lymphoid()
    pd_l1: PdL1 = PdL1()
    draw_from: Name = "CD8+"
    """Cells whose lines to the nearest tumour cell are drawn."""
    draw_to: Name = "CK+"
    """Tumour cells of the field maps."""
    draw: Annotated[int, Field(ge=0)] = 2
    """Field maps: the fields with the shortest and the longest distance, and those between."""
