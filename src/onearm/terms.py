"""Controlled terms: responses, severities, units. Each is spelled once, here."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = [
    "BEST_RESPONSES",
    "DAYS_PER_MONTH",
    "DAYS_PER_YEAR",
    "IMMUNE_BEST_RESPONSES",
    "RESPONSES",
    "VARIANT_CLASS_SETS",
    "Response",
    "Severity",
]

DAYS_PER_YEAR: Final = 365.25
DAYS_PER_MONTH: Final = DAYS_PER_YEAR / 12
"""30.4375 days, the default month of every time in months."""


class Response(StrEnum):
    """Responses of RECIST 1.1 and iRECIST, in the controlled terms of CDISC (codelist ONCRSR)."""

    CR = "CR"
    PR = "PR"
    SD = "SD"
    NON_CR_NON_PD = "NON-CR/NON-PD"
    PD = "PD"
    NE = "NE"
    ND = "ND"
    NED = "NED"
    MISSING = "MISSING"
    ICR = "iCR"
    IPR = "iPR"
    ISD = "iSD"
    NON_ICR_NON_IUPD = "NON-iCR/NON-iUPD"
    IUPD = "iUPD"
    ICPD = "iCPD"


RESPONSES: Final[tuple[str, ...]] = tuple(Response)
BEST_RESPONSES: Final[tuple[str, ...]] = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")
"""Categories of a best overall response, best first; tables print them in this order."""
IMMUNE_BEST_RESPONSES: Final[tuple[str, ...]] = ("iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "iCPD", "iUPD", "NE")
"""The same by iRECIST."""


class Severity(StrEnum):
    """Severity of a finding in the data: an error makes a number doubtful, a warning may, a note only informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class SetRule(StrEnum):
    """Names of the rules that an analysis set is made of; each is implemented in ``derivations.sources``."""

    ENROLLED = "enrolled"
    TREATED = "treated"
    HAS_SAFETY_RECORD = "has_safety_record"
    HAS_BASELINE_ASSESSMENT = "has_baseline_assessment"
    HAS_POSTBASELINE_ASSESSMENT = "has_postbaseline_assessment"
    HAS_MEASURABLE_DISEASE = "has_measurable_disease"
    EVALUABLE_FOR_RESPONSE = "evaluable_for_response"
    NO_MAJOR_DEVIATION = "no_major_deviation"


class StartRule(StrEnum):
    """Dates from which a time is counted."""

    FIRST_DOSE = "first_dose"
    ENROLMENT = "enrolment"
    FIRST_RESPONSE = "first_response"
    FIRST_CONFIRMED_RESPONSE = "first_confirmed_response"


class EventRule(StrEnum):
    """Names of what ends a time as an event."""

    PROGRESSION = "progression"
    IMMUNE_PROGRESSION = "immune_progression"
    DEATH = "death"
    NEW_ANTICANCER_THERAPY = "new_anticancer_therapy"
    RESPONSE = "response"
    CONFIRMED_RESPONSE = "confirmed_response"
    TREATMENT_STOP = "treatment_stop"


class CensorRule(StrEnum):
    """Names of what ends a time without an event."""

    LAST_ADEQUATE_ASSESSMENT = "last_adequate_assessment"
    LAST_KNOWN_ALIVE = "last_known_alive"
    NEW_ANTICANCER_THERAPY = "new_anticancer_therapy"
    TREATMENT_STOP = "treatment_stop"
    MISSED_ASSESSMENTS = "missed_assessments"
    NO_BASELINE = "no_baseline"


ROLES: Final = ("primary", "secondary", "exploratory")

_NONSYNONYMOUS: Final[tuple[str, ...]] = (
    "Frame_Shift_Del",
    "Frame_Shift_Ins",
    "Splice_Site",
    "Translation_Start_Site",
    "Nonsense_Mutation",
    "Nonstop_Mutation",
    "In_Frame_Del",
    "In_Frame_Ins",
    "Missense_Mutation",
)
VARIANT_CLASS_SETS: Final[dict[str, tuple[str, ...]]] = {
    "nonsynonymous": _NONSYNONYMOUS,
    "coding": (*_NONSYNONYMOUS, "Silent"),
    "all": (
        *_NONSYNONYMOUS,
        *("Silent", "Splice_Region", "RNA", "Intron", "3'UTR", "5'UTR", "3'Flank", "5'Flank", "IGR"),
        *("Targeted_Region", "Unknown"),
    ),
}
"""
Named sets of the classes of variants of a MAF: what changes the protein, as maftools (Mayakonda 2018) counts it; with
synonymous changes, as FoundationOne counts its burden; everything that was called.
"""
