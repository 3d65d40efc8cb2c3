"""The checks of samples and of assays of many features: identifier, severity, message, fix, and why each is checked."""

from __future__ import annotations

from typing import Final

from onearm.data.finding_rules import FindingRule
from onearm.terms import Severity

__all__ = ["ASSAY_RULES"]

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

ASSAY_RULES: Final[dict[str, FindingRule]] = {
    "ASSAY-FILE-ABSENT": FindingRule(
        _WARNING,
        "the assay's file is not there; its biomarkers are left out.",
        "Put the file into data/assays/, or take the assay out of the protocol.",
        "what was planned and not measured is said, not skipped",
    ),
    "ASSAY-SAMPLE-NOBODY": FindingRule(
        _ERROR,
        "the row of the sample sheet lacks the sample or the patient and was left out.",
        "Fill it in, or delete the row.",
        "a sample of nobody belongs to no patient",
    ),
    "ASSAY-SAMPLE-TWICE": FindingRule(
        _ERROR,
        "the sample stands twice in the sample sheet; its first row was used.",
        "Keep the row that is right, or give the samples names of their own.",
        "a sample is of one patient and one time",
    ),
    "ASSAY-DATE-UNREADABLE": FindingRule(
        _WARNING,
        "the date in {column} is not of the form 2024-02-29; it counts as missing.",
        "Export dates as YYYY-MM-DD.",
        "ISO 8601",
    ),
    "ASSAY-SAMPLE-NOT-MEASURED": FindingRule(
        _WARNING,
        "the sample of the sheet is not in the assay's file; it has no value.",
        "Check the spelling of the sample, or whether it was measured.",
        "a sample that is silently left out changes results",
    ),
    "ASSAY-SAMPLE-UNKNOWN": FindingRule(
        _ERROR,
        "{n} samples of the file are not in the sample sheet and were left out; the first is {first}.",
        "Add them to the sample sheet, or correct their spelling.",
        "a sample of nobody belongs to no patient",
    ),
    "ASSAY-SUBJECT-UNKNOWN": FindingRule(
        _ERROR,
        "the sample is of a patient whom the trial's data do not hold; it was left out.",
        "Correct the patient in the sample sheet, or export the patient.",
        "a marker is set against the outcome of the same patient",
    ),
    "ASSAY-VALUE-TEXT": FindingRule(
        _ERROR,
        "{n} values of {measure} are no numbers while most are; they count as missing.",
        "Correct them, or name the texts that mean missing in the assay's 'missing'.",
        "a text among numbers has no place on their scale",
    ),
    "ASSAY-MEASURE-EMPTY": FindingRule(
        _WARNING,
        "{measure} has no value in any sample.",
        "Check the file, or take the biomarker out of the protocol.",
        "an empty marker is no result",
    ),
    "ASSAY-BASELINE-LATE": FindingRule(
        _WARNING,
        "the baseline sample was taken after the first dose; it is used as a baseline sample.",
        "Correct the date or the timepoint of the sample.",
        "a baseline value lies before the treatment it predicts",
    ),
    "OMICS-GENE-DATE": FindingRule(
        _ERROR,
        "'{name}' is a date: a spreadsheet turned the name of a gene into it; the row was left out.",
        "Export the file again without opening it in a spreadsheet; 2-Sep was SEPTIN2, 1-Mar MARCHF1 or MTARC1.",
        "Ziemann et al. (2016), Genome Biol 17:177",
    ),
    "OMICS-FEATURE-TWICE": FindingRule(
        _WARNING,
        "'{name}' stands on several rows; of these the one with the highest mean was used, and this one was left out.",
        "Give the rows names of their own, or sum them before export.",
        "a name that stands twice has two values",
    ),
    "OMICS-FEATURE-NAMELESS": FindingRule(
        _WARNING,
        "the row has no name and was left out.",
        "Fill the name in, or delete the row.",
        "a value of nothing cannot be interpreted",
    ),
    "OMICS-FEATURE-EMPTY": FindingRule(
        _NOTE,
        "'{name}' has no value in any sample and was left out.",
        "Delete the row, or check the export.",
        "a feature that was never measured tests nothing",
    ),
    "OMICS-FEATURES-EMPTY": FindingRule(
        _NOTE,
        "{n} features have no value in any sample and were left out.",
        "Delete the rows, or check the export.",
        "a feature that was never measured tests nothing",
    ),
    "OMICS-SAMPLE-REPEATED": FindingRule(
        _WARNING,
        "the sample '{sample}' was measured more than once under one name; the further ones were numbered.",
        "Name them apart in the file and list the right one in the sample sheet.",
        "two measurements of one name cannot be told apart",
    ),
    "OMICS-QC-FAILED": FindingRule(
        _WARNING,
        "{n} values of the sample '{sample}' failed the quality control of the instrument and count as missing.",
        "Ask the core whether the sample can be measured again.",
        "a value that failed is no measurement",
    ),
    "OMICS-QC-WARNED": FindingRule(
        _NOTE,
        "{n} values in {samples} samples carry a warning of the quality control and were {done}.",
        'Set warned = "drop" or "keep" in the assay to choose.',
        "Olink advises to look at warned values, not to drop them blindly",
    ),
    "OMICS-LIMIT-UNKNOWN": FindingRule(
        _NOTE,
        "the file has no limit of detection, and too few negative controls to make one.",
        "Name Olink's file of fixed limits in the assay's limit.",
        "a protein below its limit is noise",
    ),
    "OMICS-ANALYTE-FLAGGED": FindingRule(
        _NOTE,
        "{n} analytes were flagged by the core (ColCheck) and are analysed.",
        "Look at them before a conclusion rests on one.",
        "SomaLogic: flagged analytes recovered outside 0.8 to 1.2 in the QC plasma",
    ),
    "OMICS-SAMPLE-FLAGGED": FindingRule(
        _WARNING,
        "the sample '{sample}' was flagged by the core (RowCheck) and is analysed.",
        "Look at its place among the components.",
        "SomaLogic: flagged samples were scaled outside 0.4 to 2.5",
    ),
    "OMICS-NOT-COUNTS": FindingRule(
        _WARNING,
        "DESeq2's model was planned, but {why} The moderated t test was made instead.",
        'Give raw or expected counts, or plan test = "moderated".',
        "Love et al. (2014), Genome Biol 15:550: the model is one of counts",
    ),
    "OMICS-PAIR-INCOMPLETE": FindingRule(
        _NOTE,
        "the patient has no sample at {timepoint} and takes no part in the paired comparison with it.",
        "Check the sample sheet if there should be one.",
        "a paired test needs both",
    ),
    "OMICS-OUTLIER": FindingRule(
        _NOTE,
        "the sample '{sample}' stands apart from the others ({why}); it is analysed.",
        "Look at the picture of the components; leave it out only for a reason that can be named.",
        "an outlier may be a mistake or the finding",
    ),
    "OMICS-SCORE-EMPTY": FindingRule(
        _WARNING,
        "no member of the set '{name}' was measured; it has no score.",
        "Check whether file and set name genes in the same way (symbols, Ensembl).",
        "a set without members scores nothing",
    ),
}
