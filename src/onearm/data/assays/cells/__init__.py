"""Readers of cell tables: inForm, QuPath, HALO, CellProfiler, and tables with named columns."""

from onearm.data.assays.cells.areas import read_areas
from onearm.data.assays.cells.assay import CellFiles, find_files, read_cells_assay
from onearm.data.assays.cells.read import read_cells, read_many_cells
from onearm.data.assays.cells.scores import read_scores
from onearm.data.assays.cells.table import CellOptions, CellTable

__all__ = [
    "CellFiles",
    "CellOptions",
    "CellTable",
    "find_files",
    "read_areas",
    "read_cells",
    "read_cells_assay",
    "read_many_cells",
    "read_scores",
]
