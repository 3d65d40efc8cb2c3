"""
Classes of variants: the words of a MAF, which of them change the protein, and the terms of the Sequence Ontology.

The words are those of the Mutation Annotation Format of the Genomic Data Commons. Variant callers annotate with terms
of the Sequence Ontology; the most severe term of a variant decides its class, and the length of an insertion or
deletion whether the reading frame shifts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from onearm.errors import MethodError, suggest
from onearm.terms import VARIANT_CLASS_SETS

__all__ = ["CLASSES", "CONSEQUENCES", "class_of", "classes_of", "severity_of"]

_ONCOTATOR: Final[dict[str, str]] = {
    "Start_Codon_SNP": "Translation_Start_Site",
    "Start_Codon_Del": "Translation_Start_Site",
    "Start_Codon_Ins": "Translation_Start_Site",
    "De_novo_Start": "5'UTR",
    "De_novo_Start_InFrame": "5'UTR",
    "De_novo_Start_OutOfFrame": "5'UTR",
    "Stop_Codon_Del": "Nonstop_Mutation",
    "Stop_Codon_Ins": "Nonstop_Mutation",
    "Splice_Site_SNP": "Splice_Site",
    "Splice_Site_Del": "Splice_Site",
    "Splice_Site_Ins": "Splice_Site",
    "Read-through": "Nonstop_Mutation",
    "lincRNA": "RNA",
}
"""Words of Oncotator and Funcotator for the classes of the Genomic Data Commons."""

CLASSES: Final[dict[str, str]] = {name: name for name in VARIANT_CLASS_SETS["all"]} | _ONCOTATOR
"""Every word that stands for a class, and the class it stands for."""

CONSEQUENCES: Final[tuple[tuple[str, str], ...]] = (
    ("transcript_ablation", "Splice_Site"),
    ("exon_loss_variant", "Splice_Site"),
    ("splice_acceptor_variant", "Splice_Site"),
    ("splice_donor_variant", "Splice_Site"),
    ("stop_gained", "Nonsense_Mutation"),
    ("frameshift_variant", "Frame_Shift"),
    ("stop_lost", "Nonstop_Mutation"),
    ("start_lost", "Translation_Start_Site"),
    ("initiator_codon_variant", "Translation_Start_Site"),
    ("disruptive_inframe_insertion", "In_Frame_Ins"),
    ("disruptive_inframe_deletion", "In_Frame_Del"),
    ("conservative_inframe_insertion", "In_Frame_Ins"),
    ("conservative_inframe_deletion", "In_Frame_Del"),
    ("inframe_insertion", "In_Frame_Ins"),
    ("inframe_deletion", "In_Frame_Del"),
    ("missense_variant", "Missense_Mutation"),
    ("rare_amino_acid_variant", "Missense_Mutation"),
    ("protein_altering_variant", "Missense_Mutation"),
    ("coding_sequence_variant", "Missense_Mutation"),
    ("splice_donor_5th_base_variant", "Splice_Region"),
    ("splice_region_variant", "Splice_Region"),
    ("splice_donor_region_variant", "Splice_Region"),
    ("splice_polypyrimidine_tract_variant", "Splice_Region"),
    ("incomplete_terminal_codon_variant", "Silent"),
    ("start_retained_variant", "Silent"),
    ("stop_retained_variant", "Silent"),
    ("synonymous_variant", "Silent"),
    ("mature_miRNA_variant", "RNA"),
    ("5_prime_UTR_premature_start_codon_gain_variant", "5'UTR"),
    ("5_prime_UTR_variant", "5'UTR"),
    ("3_prime_UTR_variant", "3'UTR"),
    ("non_coding_transcript_exon_variant", "RNA"),
    ("non_coding_transcript_variant", "RNA"),
    ("intron_variant", "Intron"),
    ("NMD_transcript_variant", "Silent"),
    ("upstream_gene_variant", "5'Flank"),
    ("downstream_gene_variant", "3'Flank"),
    ("TF_binding_site_variant", "Targeted_Region"),
    ("regulatory_region_variant", "Targeted_Region"),
    ("intragenic_variant", "Intron"),
    ("intergenic_region", "IGR"),
    ("intergenic_variant", "IGR"),
)
"""Terms of the Sequence Ontology, most severe first as Ensembl ranks them, and the class of each."""

_RANK: Final[dict[str, int]] = {term: rank for rank, (term, _) in enumerate(CONSEQUENCES)}
_CLASS: Final[dict[str, str]] = dict(CONSEQUENCES)


def severity_of(terms: Iterable[str]) -> int:
    """
    Rank of the most severe of some terms.

    Parameters
    ----------
    terms : iterable of str
        Terms of the Sequence Ontology.

    Returns
    -------
    int
        0 is the most severe; terms that are not known come last.

    Examples
    --------
    >>> severity_of(["intron_variant"]) > severity_of(["missense_variant", "splice_region_variant"])
    True
    """
    return min((_RANK.get(term, len(_RANK)) for term in terms), default=len(_RANK))


def class_of(terms: Iterable[str], reference: str, alternative: str) -> str:
    """
    Class of a variant from its terms and its alleles.

    Parameters
    ----------
    terms : iterable of str
        Terms of the Sequence Ontology, in any order.
    reference, alternative : str
        Alleles, as in a VCF.

    Returns
    -------
    str
        A word of `CLASSES`; ``Unknown`` for terms that are not known. A protein altering variant whose alleles differ
        by a multiple of three bases is an insertion or deletion in frame, by another number one that shifts it.

    References
    ----------
    .. [1] McLaren W et al. (2016), Genome Biol 17:122, the order of severity.
    .. [2] Kandoth C, vcf2maf, the classes.

    Examples
    --------
    >>> class_of(["missense_variant", "splice_region_variant"], "C", "T")
    'Missense_Mutation'
    >>> class_of(["frameshift_variant"], "CA", "C")
    'Frame_Shift_Del'
    """
    found = sorted(set(terms), key=lambda term: _RANK.get(term, len(_RANK)))
    if not found or found[0] not in _CLASS:
        return "Unknown"
    word, change = _CLASS[found[0]], len(alternative) - len(reference)
    if word == "Frame_Shift":
        return "Frame_Shift_Ins" if change > 0 else "Frame_Shift_Del"
    if found[0] in ("protein_altering_variant", "coding_sequence_variant") and change:
        kind = "Ins" if change > 0 else "Del"
        return f"{'Frame_Shift' if change % 3 else 'In_Frame'}_{kind}"
    return word


def classes_of(name: str | Iterable[str], *, where: str = "classes") -> tuple[str, ...]:
    """
    Resolve a named set of classes, or check a list of them.

    Parameters
    ----------
    name : str or iterable of str
        A name of `VARIANT_CLASS_SETS`, or words of `CLASSES`.
    where : str
        What names them, for the message.

    Returns
    -------
    tuple of str
        The classes, each once.

    Raises
    ------
    MethodError
        Naming each word that is not known, with the nearest one.

    Examples
    --------
    >>> classes_of(["Missense_Mutation", "Start_Codon_SNP"])
    ('Missense_Mutation', 'Translation_Start_Site')
    """
    if isinstance(name, str):
        if name in VARIANT_CLASS_SETS:
            return VARIANT_CLASS_SETS[name]
        name = (name,)
    words = tuple(name)
    known: Mapping[str, str] = CLASSES
    wrong = [word for word in words if word not in known]
    if wrong or not words:
        told = [
            f"{where}: unknown class of variants '{word}'.{suggest(word, [*VARIANT_CLASS_SETS, *known])}"
            for word in wrong
        ]
        raise MethodError(*(told or [f"{where}: no class of variants is named."]))
    return tuple(dict.fromkeys(known[word] for word in words))
