"""Expression, plasma proteins and metabolites, from the files that cores deliver to one matrix of samples by features."""

from onearm.data.assays.omics.assay import FeatureOptions, assay_matrix, read_features_assay
from onearm.data.assays.omics.gene_sets import mcp_counter, read_gene_sets
from onearm.data.assays.omics.matrix import FEATURES, MATRIX_SAMPLES, FeatureMatrix, find_feature
from onearm.data.assays.omics.mzml import IonChromatogram, extract_ion, read_spectra
from onearm.data.assays.omics.olink import OlinkOptions
from onearm.data.assays.omics.open import FORMATS, OmicsOptions, read_omics

__all__ = [
    "FEATURES",
    "FORMATS",
    "MATRIX_SAMPLES",
    "FeatureMatrix",
    "FeatureOptions",
    "IonChromatogram",
    "OlinkOptions",
    "OmicsOptions",
    "assay_matrix",
    "extract_ion",
    "find_feature",
    "mcp_counter",
    "read_features_assay",
    "read_gene_sets",
    "read_omics",
    "read_spectra",
]
