"""
Markers of cell populations: the table of MCP-counter, as it is published under CC0.

The score of a population is the mean of its markers on a logarithmic scale. In the published file one symbol of the
endothelial markers is cut to "C"; its Entrez and Ensembl identifiers are those of CAVIN2, which stands here.

References
----------
.. [1] Becht E, Giraldo NA, Lacroix L et al. (2016), Genome Biol 17:218, additional file 1.
"""

from __future__ import annotations

from typing import Final

__all__ = ["MCP_COUNTER"]

MCP_COUNTER: Final[dict[str, tuple[str, ...]]] = {
    "T cells": (
        "CD28", "CD3D", "CD3G", "CD5", "CD6", "CHRM3-AS2", "CTLA4", "FLT3LG", "ICOS", "MAL", "MGC40069",
        "PBX4", "SIRPG", "THEMIS", "TNFRSF25", "TRAT1",
    ),
    "CD8 T cells": (
        "CD8B",
    ),
    "Cytotoxic lymphocytes": (
        "CD8A", "EOMES", "FGFBP2", "GNLY", "KLRC3", "KLRC4", "KLRD1",
    ),
    "B lineage": (
        "BANK1", "CD19", "CD22", "CD79A", "CR2", "FCRL2", "IGKC", "MS4A1", "PAX5",
    ),
    "NK cells": (
        "CD160", "KIR2DL1", "KIR2DL3", "KIR2DL4", "KIR3DL1", "KIR3DS1", "NCR1", "PTGDR", "SH2D1B",
    ),
    "Monocytic lineage": (
        "ADAP2", "CSF1R", "FPR3", "KYNU", "PLA2G7", "RASSF4", "TFEC",
    ),
    "Myeloid dendritic cells": (
        "CD1A", "CD1B", "CD1E", "CLEC10A", "CLIC2", "WFDC21P",
    ),
    "Neutrophils": (
        "CA4", "CEACAM3", "CXCR1", "CXCR2", "CYP4F3", "FCGR3B", "HAL", "KCNJ15", "MEGF9", "SLC25A37",
        "STEAP4", "TECPR2", "TLE3", "TNFRSF10C", "VNN3",
    ),
    "Endothelial cells": (
        "ACVRL1", "APLN", "BCL6B", "BMP6", "BMX", "CDH5", "CLEC14A", "DIPK2B", "EDN1", "ADGRL4", "EMCN",
        "ESAM", "ESM1", "FAM124B", "HECW2", "HHIP", "KDR", "MMRN1", "MMRN2", "MYCT1", "PALMD", "PEAR1", "PGF",
        "PLXNA2", "PTPRB", "ROBO4", "CAVIN2", "SHANK3", "SHE", "TEK", "TIE1", "VEPH1", "VWF",
    ),
    "Fibroblasts": (
        "COL1A1", "COL3A1", "COL6A1", "COL6A2", "DCN", "GREM1", "PAMR1", "TAGLN",
    ),
}  # fmt: skip
"""Cell population to its markers."""
