"""Controlled terms: responses, severities, units. Each is spelled once, here."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["BEST_RESPONSES", "DAYS_PER_MONTH", "DAYS_PER_YEAR", "RESPONSES", "Response", "Severity"]

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


class Severity(StrEnum):
    """Severity of a finding in the data: an error makes a number doubtful, a warning may, a note only informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
