"""The checks of single records: identifier, severity, message, fix, and why each is checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from onearm.terms import Severity

__all__ = ["SOURCE_RULES", "FindingRule"]

SDTMIG: Final = "CDISC SDTMIG 3.4"
RECIST: Final = "Eisenhauer et al. (2009), Eur J Cancer 45:228-247"


@dataclass(frozen=True)
class FindingRule:
    """
    One check of the data.

    Parameters
    ----------
    severity : Severity
        How much it matters.
    message : str
        What was found and what was done with it; facts such as ``{n}`` stand in braces.
    fix : str
        What to do about it.
    reference : str
        Why it is checked.
    """

    severity: Severity
    message: str
    fix: str
    reference: str


_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

SOURCE_RULES: Final[dict[str, FindingRule]] = {
    "DATA-FILE-UNUSED": FindingRule(
        _NOTE,
        "the file was not read: its name is no domain and the protocol does not name it.",
        "Name it in [source.files], or rename it after its domain, such as tr.csv.",
        "a file that is silently left out changes results",
    ),
    "DATA-TABLE-EMPTY": FindingRule(
        _WARNING,
        "the table has a header and no rows.",
        "Export it again if there should be records.",
        "an empty export looks like a trial without events",
    ),
    "DATA-SEQ-MADE": FindingRule(
        _NOTE,
        "the column is absent; records were numbered within the subject in the order of the file.",
        "Export the sequence number if records have to be traced to the clinical database.",
        f"{SDTMIG}, 4.1.5: --SEQ identifies a record within a subject",
    ),
    "DATA-DOMAIN-OTHER": FindingRule(
        _ERROR,
        "{n} rows say in {column} that they belong to another domain than {expected}.",
        "Check that the file is the one meant, and name the right one in [source.files].",
        f"{SDTMIG}, 3.2.1: DOMAIN names the domain of the record",
    ),
    "DATA-SUBJECT-MISSING": FindingRule(
        _ERROR,
        "the row has no subject and was left out.",
        "Fill in the subject, or delete the row.",
        f"{SDTMIG}: USUBJID is required in every domain about subjects",
    ),
    "DATA-SUBJECT-FROM-ROW": FindingRule(
        _NOTE,
        "no subject column is named; subjects are numbered by their row in the file.",
        "Name the column in [source.patients] subject, if the file has one.",
        "row numbers do not survive sorting the file",
    ),
    "DATA-KEY-DUPLICATED": FindingRule(
        _ERROR,
        "the key {key} stands on more than one row.",
        "Keep one of the rows, or correct the key.",
        f"{SDTMIG}, 3.2.1.1: the key identifies one record",
    ),
    "DATA-SUBJECT-UNKNOWN": FindingRule(
        _ERROR,
        "the subject has records here but none in {reference}.",
        "Add the subject to {reference}, or correct the identifier (leading zeros, blanks).",
        f"{SDTMIG}, 5.2: every subject with records has one in DM",
    ),
    "DATA-NUMBER-INVALID": FindingRule(
        _ERROR,
        "the value is not a number and was taken as missing.",
        "Write a number with a decimal point or comma and no thousands separator.",
        "text in a numeric column cannot be analysed",
    ),
    "DATA-NUMBER-AMBIGUOUS": FindingRule(
        _WARNING,
        "the comma could separate decimals or thousands; it was read as the decimal mark.",
        "Write the column with a decimal point.",
        "1,234 is one thousand in one country and about one in another",
    ),
    "DATA-DATE-IMPOSSIBLE": FindingRule(
        _ERROR,
        "the date does not exist in the calendar and was taken as missing.",
        "Correct the date at its source.",
        "ISO 8601-1:2019",
    ),
    "DATA-DATE-FORMAT": FindingRule(
        _ERROR,
        "the text is not a date in ISO 8601 and was taken as missing.",
        "Write YYYY-MM-DD; leave out what is not known (YYYY-MM, YYYY).",
        f"{SDTMIG}, 4.4.1: --DTC is ISO 8601 text",
    ),
    "DATA-DATE-UNREAD": FindingRule(
        _ERROR,
        "the text is no date of the form {date_format} and was taken as missing.",
        "Correct the date, or date_format in [source.patients].",
        "a date read by the wrong form is another day",
    ),
    "DATA-DATE-MISSING": FindingRule(
        _WARNING,
        "the date is missing; the record cannot be placed in time.",
        "Fill in the date if it is known.",
        f"{SDTMIG}, 4.4.1",
    ),
    "DATA-DATE-PARTIAL": FindingRule(
        _NOTE,
        "the date is partial; where it is needed, it is imputed by the rule of the protocol.",
        "Complete the date if it is known.",
        f"{SDTMIG}, 4.4.2: date precision",
    ),
    "DATA-END-BEFORE-START": FindingRule(
        _ERROR,
        "the end lies before the start in {start}.",
        "Correct one of the two dates.",
        "a period cannot end before it starts",
    ),
    "DATA-AFTER-CUTOFF": FindingRule(
        _NOTE,
        "the date lies after the data cut-off of {cutoff}.",
        "None is needed: analyses use what lies on or before the cut-off.",
        "a cut-off fixes what was known when",
    ),
    "DATA-CUTOFF-BEFORE-START": FindingRule(
        _ERROR,
        "the data cut-off of {cutoff} lies before the first dose of the subject.",
        "Check trial.cutoff in the protocol and the date of first dose.",
        "a subject cannot be followed to a day before the start",
    ),
    "DATA-AFTER-DEATH": FindingRule(
        _ERROR,
        "the date lies after the death of the subject.",
        "Correct the date or the date of death.",
        "nobody is assessed after death",
    ),
    "DATA-BEFORE-START": FindingRule(
        _ERROR,
        "the date lies before the start of the patient in {start}.",
        "Correct one of the two dates.",
        "what follows treatment cannot come before it",
    ),
    "DATA-DIAMETER-NEGATIVE": FindingRule(
        _ERROR,
        "the diameter is negative and was taken as missing.",
        "Correct the measurement; a lesion that has disappeared measures 0 mm.",
        f"{RECIST}, 3.1: diameters are lengths",
    ),
    "DATA-DIAMETER-MISSING": FindingRule(
        _WARNING,
        "the diameter is missing and the record does not say NOT DONE.",
        "Fill in the measurement, or set the status to NOT DONE with its reason.",
        f"{RECIST}, 4.4.1: all target lesions are measured at each assessment",
    ),
    "DATA-DIAMETER-UNIT-CM": FindingRule(
        _WARNING,
        "the diameter is in cm; it was multiplied by 10 and its unit set to mm.",
        "Export diameters in mm.",
        f"{RECIST}, 3.1: measurements are recorded in metric notation; thresholds are in mm",
    ),
    "DATA-DIAMETER-UNIT-UNKNOWN": FindingRule(
        _ERROR,
        "the unit of the diameter is neither mm nor cm; the diameter was taken as missing.",
        "Give the diameter in mm.",
        f"{RECIST}, 3.1",
    ),
    "DATA-DIAMETER-UNIT-MISSING": FindingRule(
        _NOTE,
        "{n} diameters have no unit; they were taken as mm.",
        "Export the unit.",
        f"{RECIST}, 3.1",
    ),
    "DATA-MEASUREMENT-REPEATED": FindingRule(
        _WARNING,
        "the same lesion is measured more than once by the same test, assessor, visit and date.",
        "Keep the measurement that counts.",
        f"{SDTMIG}, 6.3.11: one record per lesion, test, assessor and visit",
    ),
    "DATA-LESION-UNKNOWN": FindingRule(
        _WARNING,
        "the lesion is measured in TR and not identified in TU by the same subject.",
        "Add the lesion to TU, or correct TRLNKID.",
        f"{SDTMIG}, 6.3.11: TR relates to TU by --LNKID",
    ),
    "DATA-RESPONSE-UNKNOWN": FindingRule(
        _ERROR,
        "the response is no term of RECIST 1.1 or iRECIST.",
        "Use one of {terms}.",
        "CDISC controlled terminology, codelist ONCRSR",
    ),
    "DATA-RESPONSE-MISSING": FindingRule(
        _WARNING,
        "the patient has no best response and counts as not evaluable.",
        "Fill in the response if it was assessed.",
        f"{RECIST}, 4.8: patients without an assessment stay in the denominator",
    ),
    "DATA-VALUE-UNMAPPED": FindingRule(
        _ERROR,
        "the value is not among those that the protocol maps ({known}) and was taken as missing.",
        "Add it to the mapping in [source.patients], or correct the file.",
        "what a code means is said, never guessed",
    ),
    "DATA-VALUE-MISSING": FindingRule(
        _WARNING,
        "the value is missing.",
        "Fill it in if it is known.",
        "a patient without it cannot count in the analyses that need it",
    ),
    "DATA-TIME-MISSING": FindingRule(
        _ERROR,
        "the time of {endpoint} is missing; the patient cannot count in it.",
        "Fill in the time to the event or to the last follow-up.",
        "survival needs a time and a status for each patient",
    ),
    "DATA-TIME-NEGATIVE": FindingRule(
        _ERROR,
        "the time of {endpoint} is negative and was taken as missing.",
        "Correct the time.",
        "a time to an event runs from the start",
    ),
    "DATA-STATUS-MISSING": FindingRule(
        _ERROR,
        "the status of {endpoint} is missing; the patient cannot count in it.",
        "Fill in whether the event was seen.",
        "survival needs a time and a status for each patient",
    ),
    "DATA-EVENT-NEVER": FindingRule(
        _WARNING,
        "no patient has a status that means event for {endpoint}.",
        "Check {endpoint}.event in [source.patients]: some files code the event as 0.",
        "real files reverse the code",
    ),
    "DATA-SIZE-MISSING": FindingRule(
        _NOTE,
        "the tumour size is missing; the row was kept without it.",
        "Fill in the size if it was measured.",
        f"{RECIST}, 4.4.1",
    ),
}
