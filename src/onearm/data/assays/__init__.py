"""What was measured in samples: a reader for each kind of assay, all to tables keyed by sample or patient."""

from onearm.data.assays.assay import Assay
from onearm.data.assays.cells import CellFiles, CellOptions, find_files, read_cells_assay
from onearm.data.assays.samples import BASELINE, SAMPLES, SampleOptions, match_samples, own_samples, read_samples
from onearm.data.assays.table import TableOptions, read_table_assay

__all__ = [
    "BASELINE",
    "SAMPLES",
    "Assay",
    "CellFiles",
    "CellOptions",
    "SampleOptions",
    "TableOptions",
    "find_files",
    "match_samples",
    "own_samples",
    "read_cells_assay",
    "read_samples",
    "read_table_assay",
]
