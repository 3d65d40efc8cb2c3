"""``[assay.NAME]`` with ``kind = "features"``: expression, plasma proteins or metabolites, thousands of features at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onearm.protocol.assay_section import AssaySection
from onearm.protocol.base import Name

__all__ = ["FeaturesAssay"]

Part = Annotated[float, Field(ge=0, le=1)]


class FeaturesAssay(AssaySection):
    """Expression, plasma proteins or metabolites: how they are read, what is analysed, and what they are set against."""

    kind: Literal["features"] = "features"
    file: Name
    """File or folder."""
    format: Literal["auto", "matrix", "rsem", "htseq", "featurecounts", "olink", "adat", "lcms"] = "auto"
    sheet: str | None = None
    unit: str | None = None
    """Unit of a plain matrix: ``counts``, ``log2``, ``intensity`` or any other; missing: judged by the values."""
    limit: Name = "auto"
    """Olink: ``auto``, ``column``, ``negative_controls``, ``none``, or the file of fixed limits."""
    warned: Literal["keep", "drop"] = "keep"
    """Olink: whether values with a warning of the quality control are analysed."""
    runs: Name | None = None
    """Table of every run, QC samples and blanks too: ``SAMPLE ROLE BATCH ORDER``."""
    normalise: tuple[Literal["quotients", "batches", "drift", "plates"], ...] = ()
    """Besides the scale itself (log2 counts per million, log2): quotients, batches or drift by QC samples, medians of plates."""
    least_known: Part = 0.5
    """Part of the samples in which a feature must have a value."""
    least_detected: Part = 0.0
    """Part of the samples in which it must exceed its limit of detection."""
    most_qc_spread: Annotated[float, Field(gt=0)] = 0.3
    """LC-MS: largest relative standard deviation over the QC samples, where there are three of them."""
    blank_ratio: Annotated[float, Field(gt=0)] = 3.0
    """LC-MS: how many times the blanks a feature must be."""
    against: tuple[Name, ...] = ("response",)
    """``response``, ``change`` (every other time against ``timepoint``), ``tissue`` (tumour against normal) or times."""
    timepoint: Name = "baseline"
    response_endpoint: Name | None = None
    set: Name | None = None
    test: Literal["auto", "deseq2", "moderated", "wilcoxon"] = "auto"
    """``auto``: DESeq2's model for counts (needs ``onearm[omics]``), else the moderated t test."""
    trend: bool = False
    robust: bool = False
    hyperparameters: Literal["current", "legacy"] = "current"
    """Of the moderated t test: as limma since 3.61, or as before."""
    q: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Features with q up to this are called."""
    least_effect: Annotated[float, Field(ge=0)] = 0.0
    """And with at least this log2 fold change."""
    gene_sets: tuple[Name, ...] = ()
    """GMT files, or tables of sets and genes."""
    scores: tuple[Literal["ssgsea", "mcp_counter"], ...] = ()
    """Scores of the gene sets, or of MCP-counter's populations, set against the same."""
    permutations: Annotated[int, Field(ge=100)] = 1000
    seed: int = 1
    compounds: Name | None = None
    """Table of metabolites with a name and a ``formula`` or ``mass``, and perhaps ``rt`` in seconds."""
    adducts: tuple[Name, ...] = ("[M+H]+", "[M+Na]+", "[M+NH4]+")
    ppm: Annotated[float, Field(gt=0)] = 5.0
    rt_window: Annotated[float, Field(gt=0)] = 30.0
    """Seconds by which retention times may differ, where both are known."""
