"""What was measured in samples: a reader for each kind of assay, all to tables keyed by sample or patient."""

from onearm.data.assays.assay import Assay
from onearm.data.assays.samples import BASELINE, SAMPLES, SampleOptions, match_samples, own_samples, read_samples
from onearm.data.assays.table import TableOptions, read_table_assay

__all__ = [
    "BASELINE",
    "SAMPLES",
    "Assay",
    "SampleOptions",
    "TableOptions",
    "match_samples",
    "own_samples",
    "read_samples",
    "read_table_assay",
]
