"""``[assay.NAME]`` of kind ``mutations``, its gene-by-gene association, and ``[signature.NAME]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onearm.protocol.assay_section import AssaySection
from onearm.protocol.base import Name, Positive, Section

__all__ = ["GeneAssociation", "MutationAssay", "Signature"]

AtLeastOne = Annotated[int, Field(ge=1)]


class GeneAssociation(Section):
    """``[assay.NAME.association]``: every gene altered often enough, against outcome."""

    against: Annotated[tuple[Name, ...], Field(min_length=1)] = ("response",)
    """``response`` (``response_endpoint``) and times of this protocol."""
    response_endpoint: Name | None = None
    """The rate whose successes are the responders; the first rate where missing."""
    set: Name | None = None
    """Analysis set; that of each endpoint where missing."""
    min_patients: AtLeastOne = 3
    """Patients with the gene altered, and without, that a gene needs to be tested."""
    alterations: Literal["mutations", "any"] = "mutations"
    """``any`` counts amplifications and homozygous deletions too."""
    genes: tuple[Name, ...] = ()
    """Genes that are tested; all that are altered often enough where missing."""
    permutations: Annotated[int, Field(ge=100)] = 1000
    seed: int = 20240229


class MutationAssay(AssaySection):
    """Sequencing: somatic variants, and copy numbers, purity and segments where there are some."""

    kind: Literal["mutations"]
    files: Annotated[tuple[Name, ...], Field(min_length=1)]
    """MAFs, VCFs (one per tumour), long tables of a panel laboratory, or one study folder of cBioPortal."""
    format: Literal["maf", "vcf", "long", "cbioportal"] | None = None
    """Missing: ``.vcf`` and ``.vcf.gz`` are VCFs, ``.csv`` long tables, a folder a study, everything else a MAF."""
    columns: dict[str, Name] = Field(default_factory=dict)
    """Columns of a MAF by meaning, where they have unusual names: ``{ VAF = "tumour_fraction" }``."""
    profiled: Name | None = None
    """List of the samples that were sequenced, with a column ``PANEL`` where there are several panels. A sample on the list
    without calls is wild type; one that is not on it is missing."""
    panels: dict[str, Name] = Field(default_factory=dict)
    """Gene lists by panel; a gene off the panel is missing, never wild type. A panel without a list covers every gene."""
    unaltered_genes: tuple[Name, ...] = ()
    """Genes that were sequenced without a list, and in which nobody carries a variant; composites may name them then."""
    size_mb: Positive | None = None
    """Megabases in which variants were called; the burden per megabase needs it."""
    panel_size_mb: dict[str, Positive] = Field(default_factory=dict)
    """The same by panel, where there are several."""
    burden_classes: tuple[Name, ...] = ("nonsynonymous",)
    """Classes of variants that the burden counts: ``nonsynonymous``, ``coding``, ``all``, or words of a MAF."""
    gene_classes: tuple[Name, ...] = ("nonsynonymous",)
    """Classes that make a gene mutated."""
    min_vaf: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Smallest fraction of reads; variants without one are kept."""
    min_depth: Annotated[int, Field(ge=0)] = 0
    barcode_prefix: bool = True
    """Without a sample sheet, a barcode belongs to the patient with whose identifier it begins."""
    purity: Name | None = None
    """Table of FACETS or ABSOLUTE: purity, ploidy, doublings of the genome."""
    segments: tuple[Name, ...] = ()
    """``.seg``, ``.cns``, or a table of segments of FACETS or ABSOLUTE."""
    gene_places: Name | None = None
    """Where genes lie (BED or table): with ``segments`` gives the number of copies of each."""
    fasta: Name | None = None
    """Reference of the build of the calls, unpacked: gives the bases around each substitution."""
    signatures: Name | None = None
    """Signatures to be fitted: a table with the 96 channels in the first column and one column for each signature."""
    apobec_q: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Tumours with a larger adjusted P of the enrichment have no mutation attributed to APOBEC (Roberts et al. 2013)."""
    association: GeneAssociation | None = None
    oncoprint: tuple[Name, ...] = ()
    """Genes of the oncoprint; the most often altered ones where missing."""
    oncoprint_markers: tuple[Name, ...] = ()
    """Biomarkers that stand as bars above it, such as a PD-L1 score."""
    lollipop: tuple[Name, ...] = ()
    """Genes of which each protein change is drawn."""

    def named_files(self) -> list[str]:
        """Every file that it names, the sample sheet aside."""
        single = (self.profiled, self.purity, self.gene_places, self.fasta, self.signatures)
        return [*self.files, *(name for name in single if name), *self.panels.values(), *self.segments]


class Signature(Section):
    """``[signature.NAME]``: a composite of genes, set against outcome and against every composite of its form."""

    assay: Name
    composite: Name
    """Genes joined by ``and``, ``or``, ``not`` and brackets: ``(TP53 or FAT1) and not NOTCH3``."""
    label: str | None = None
    against: Annotated[tuple[Name, ...], Field(min_length=1)] = ("response",)
    """``response`` (``response_endpoint``) and times of this protocol."""
    response_endpoint: Name | None = None
    set: Name | None = None
    """Analysis set; that of each endpoint where missing."""
    covariates: tuple[Name, ...] = ()
    """Columns of the subject-level data set, or biomarkers, beside the signature in a multivariable Cox model."""
    alterations: Literal["mutations", "any"] = "mutations"
    min_patients: AtLeastOne = 3
    """The search takes genes altered in so many patients, and composites true and false in so many."""
    search_genes: tuple[Name, ...] = ()
    """Genes the search takes; all that are altered often enough where missing."""
    permutations: Annotated[int, Field(ge=100)] = 1000
    resamples: Annotated[int, Field(ge=50)] = 200
    """Bootstrap samples of the internal validation."""
    seed: int = 20240229
