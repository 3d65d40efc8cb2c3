"""What can be wrong with cells once phenotypes are asked for: identifier, severity, message, fix, and why it is checked."""

from __future__ import annotations

from typing import Final

from onearm.data.finding_rules import FindingRule
from onearm.terms import Severity

__all__ = ["TISSUE_RULES"]

TISSUE_RULES: Final[dict[str, FindingRule]] = {
    "TISSUE-PHENOTYPE-UNKNOWN": FindingRule(
        Severity.ERROR,
        "{what} Measures that need it are missing.",
        "Correct the phenotype or its threshold.",
        "a phenotype that no cell can have has a density of 0, which reads like a result",
    ),
    "TISSUE-AREA-MISSING": FindingRule(
        Severity.WARNING,
        "{n} fields have no area for '{tissue}'; they are in no density.",
        "Give the summary file or a table of areas.",
        "cells without area have no density",
    ),
    "TISSUE-NO-TARGET": FindingRule(
        Severity.WARNING,
        "{n} of {fields} fields have fewer than {least} cells '{what}'; they are in no '{measure}'.",
        "Look at these fields; a distance to cells that are not there is missing, not large.",
        "a field without tumour cells has no distance to tumour cells",
    ),
    "TISSUE-SIGN-MISSING": FindingRule(
        Severity.NOTE,
        "{n} cells are neither '{what}' nor not, because a marker is missing; they are left out.",
        "Look at the intensities of these cells.",
        "a missing marker is not a negative one",
    ),
    "TISSUE-MARKER-SHIFTED": FindingRule(
        Severity.NOTE,
        "'{marker}' was aligned; slides were shifted by {low} to {high} ({transform}). Results without alignment stand beside.",
        "Compare both: alignment can erase a real change.",
        "Hahne F et al. (2010), Cytometry A 77A:121-131",
    ),
    "TISSUE-MARKER-NOT-SHIFTED": FindingRule(
        Severity.WARNING,
        "'{marker}' could not be aligned: {why}",
        "Ask for fewer landmarks, or leave the marker out.",
        "Hahne F et al. (2010), Cytometry A 77A:121-131",
    ),
}
