"""Genes and composite signatures set against outcome."""

from onearm.analyses.genomes.genes import gene_association
from onearm.analyses.genomes.signatures import signatures

__all__ = ["gene_association", "signatures"]
