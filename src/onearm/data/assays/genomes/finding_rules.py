"""The checks of sequencing results: identifier, severity, message, fix, and why it is checked."""

from __future__ import annotations

from typing import Final

from onearm.data.finding_rules import FindingRule
from onearm.terms import Severity

__all__ = ["GENOME_RULES"]

_MAF: Final = "NCI Genomic Data Commons, MAF format 1.0.0"

GENOME_RULES: Final[dict[str, FindingRule]] = {
    "GENOME-GENE-DATE": FindingRule(
        Severity.WARNING,
        "{n} rows name the gene {found}, a date that a spreadsheet made of a symbol; it was read as {symbol}.",
        "Export the calls again without passing through a spreadsheet, and check the symbol.",
        "Ziemann M, Eren Y, El-Osta A (2016), Genome Biol 17:177",
    ),
    "GENOME-GENE-DATE-AMBIGUOUS": FindingRule(
        Severity.ERROR,
        "{n} rows name the gene {found}, a date that a spreadsheet made of one of {symbol}; they were left out.",
        "Export the calls again without passing through a spreadsheet.",
        "Ziemann M, Eren Y, El-Osta A (2016), Genome Biol 17:177",
    ),
    "GENOME-BUILD-MIXED": FindingRule(
        Severity.ERROR,
        "the rows are on {n} genome builds ({builds}); positions of one are not those of another.",
        "Lift all calls to one build; contexts, panel regions and lollipops are wrong until then.",
        _MAF,
    ),
    "GENOME-SAMPLE-UNMATCHED": FindingRule(
        Severity.ERROR,
        "sample {sample} matches no patient; its {n} rows were left out.",
        "Correct the barcode, or say in a sample sheet whose sample it is.",
        "a barcode that matches nobody is a patient who looks unmutated",
    ),
    "GENOME-SAMPLE-DUPLICATE": FindingRule(
        Severity.WARNING,
        "the patient has {n} samples ({samples}); {kept} was used.",
        "Name the sample to be used in a sample sheet.",
        "counting two samples of a patient doubles the burden",
    ),
    "GENOME-ROW-DUPLICATE": FindingRule(
        Severity.WARNING,
        "{n} rows repeat the same change in the same sample and were counted once.",
        "Remove the repeated rows (several callers or transcripts in one file).",
        "a change that stands twice is counted twice in the burden",
    ),
    "GENOME-SAMPLE-MISSING": FindingRule(
        Severity.ERROR,
        "{n} rows have no sample and were left out.",
        "Fill in the tumour barcode.",
        _MAF,
    ),
    "GENOME-GENE-MISSING": FindingRule(
        Severity.NOTE,
        "{n} rows have no gene; they count in the burden and in no gene.",
        "Annotate the calls if they lie in genes.",
        _MAF,
    ),
    "GENOME-CLASS-UNKNOWN": FindingRule(
        Severity.WARNING,
        "{n} rows are of the class '{found}', which is not known; they count as no class.",
        "Write the class as the Genomic Data Commons does.",
        _MAF,
    ),
    "GENOME-CLASS-NO-SNV": FindingRule(
        Severity.NOTE,
        "{n} rows have no reference or changed base; they have no substitution and no context.",
        "Export reference and tumour allele.",
        _MAF,
    ),
    "GENOME-NUMBER-INVALID": FindingRule(
        Severity.ERROR,
        "{n} values of {column} are no numbers and were taken as missing.",
        "Write numbers with a decimal point.",
        "text in a numeric column cannot be analysed",
    ),
    "GENOME-CALL-UNREAD": FindingRule(
        Severity.WARNING,
        "{n} calls could not be taken apart into change, allele fraction and depth; the alteration was kept.",
        "Write c.CHANGE_p.CHANGE(FRACTION,DEPTH).",
        "an alteration whose details are lost is still an alteration",
    ),
    "GENOME-GENE-OFF-PANEL": FindingRule(
        Severity.WARNING,
        "{n} rows name genes that are not on the panel of their sample ({genes}); they were kept as found.",
        "Check which panel was used.",
        "a call outside the panel says that the panel is another one",
    ),
    "GENOME-SAMPLE-NO-PANEL": FindingRule(
        Severity.WARNING,
        "sample {sample} is on no panel list; it was taken as profiled because it has calls.",
        "Add the sample to the list of profiled samples.",
        "who was profiled cannot be learnt from calls alone",
    ),
    "GENOME-PROFILE-GUESSED": FindingRule(
        Severity.WARNING,
        "nothing says who was profiled; the {n} samples with calls were taken as profiled, all others as not.",
        "Give a list of profiled samples: a sample without any call is a zero, not missing.",
        "a tumour without mutation leaves no row in a MAF",
    ),
    "GENOME-REFERENCE-MISMATCH": FindingRule(
        Severity.ERROR,
        "{n} of {total} substitutions have another reference base than the FASTA; they have no context.",
        "Give the FASTA of the build of the calls.",
        "a wrong build gives wrong contexts without a message",
    ),
    "GENOME-CONTEXT-MISMATCH": FindingRule(
        Severity.ERROR,
        "{n} contexts do not have the reference base in their middle and were left out.",
        "Export the context centred on the changed base, on the strand of the reference allele.",
        "a context off by one base is another context",
    ),
    "GENOME-VCF-UNANNOTATED": FindingRule(
        Severity.ERROR,
        "the file has neither ANN (SnpEff) nor CSQ (VEP); its {n} variants have no gene and no class.",
        "Annotate the calls with SnpEff or VEP.",
        "a burden needs the class of each variant",
    ),
    "GENOME-VCF-FILTERED": FindingRule(
        Severity.NOTE,
        "{n} variants did not pass the filters of the caller and were left out.",
        "Nothing to do, if the filters are meant.",
        "VCF 4.3, FILTER",
    ),
    "GENOME-PURITY-RANGE": FindingRule(
        Severity.ERROR,
        "{n} values of {column} lie outside {range} and were taken as missing.",
        "Correct the table.",
        "purity is a share, ploidy a number of copies",
    ),
}
"""Every check of sequencing results, by its identifier; ``docs/genomes.md`` lists them for people."""
