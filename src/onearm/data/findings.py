"""
The findings table: what is wrong or noteworthy in the data, one row per finding.

A finding separates the check, its message and its citation, as the open CDISC rules do. A message names file, row,
column and subject; it never holds another value of the patient, so that the table can be shown in a report.

========  ==========================================================================
column    meaning
========  ==========================================================================
severity  ``error``: a number is doubtful; ``warning``: may be; ``note``: for information
rule      identifier in `RULES`, such as ``DATA-DATE-IMPOSSIBLE``
domain    source table, such as ``tr``; missing where the finding concerns no table
file      name of the file
row       row of data in the file, 1 is the first below the header; missing where it concerns all
subject   USUBJID
column    column of the table
message   what was found and what was done with it
fix       what to do about it
========  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from onearm.errors import DataError, suggest
from onearm.frames import empty
from onearm.terms import Severity

__all__ = ["RULES", "SCHEMA", "FindingRule", "Findings", "concat_findings"]

SCHEMA: Final[dict[str, Any]] = {
    "severity": pl.String,
    "rule": pl.String,
    "domain": pl.String,
    "file": pl.String,
    "row": pl.Int64,
    "subject": pl.String,
    "column": pl.String,
    "message": pl.String,
    "fix": pl.String,
}

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

RULES: Final[dict[str, FindingRule]] = {
    "DATA-FILE-UNUSED": FindingRule(
        _NOTE,
        "the file was not read: its name is no domain and the protocol does not name it.",
        "Name it in [source.files], or rename it after its domain (dm, ex, tu, tr, rs, ae, ds, cm, lb, supp--).",
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
        "the date lies after the death of the subject in DM.",
        "Correct the date here or DTHDTC.",
        "nobody is assessed after death",
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
"""Every check of the data, by its identifier; ``docs/data.md`` lists them for people."""


@dataclass
class Findings:
    """
    Collects findings, a row or a frame of rows at a time.

    Parameters
    ----------
    frames : list of polars.DataFrame
        What has been collected; start without it.
    rules : mapping of str to FindingRule
        The checks that may be named; those of reading unless said otherwise.

    Examples
    --------
    >>> findings = Findings()
    >>> findings.add("DATA-DATE-IMPOSSIBLE", domain="rs", file="rs.csv", row=3, subject="001", column="RSDTC")
    >>> findings.frame().select("severity", "rule", "row").row(0)
    ('error', 'DATA-DATE-IMPOSSIBLE', 3)
    """

    frames: list[pl.DataFrame] = field(default_factory=list)
    rules: Mapping[str, FindingRule] = field(default_factory=lambda: RULES)

    def add(
        self,
        rule: str,
        *,
        domain: str | None = None,
        file: str | None = None,
        row: int | None = None,
        subject: str | None = None,
        column: str | None = None,
        **facts: object,
    ) -> None:
        """
        Add one finding.

        Parameters
        ----------
        rule : str
            Identifier in `RULES`.
        domain, file, subject, column : str or None
            Where it was found.
        row : int or None
            Row of data in the file.
        **facts : object
            What the braces of the message stand for; never a value of the patient.
        """
        rows = pl.DataFrame({"SRCROW": [row], "USUBJID": [subject]}, schema={"SRCROW": pl.Int64, "USUBJID": pl.String})
        self.add_rows(rule, rows, domain=domain, file=file, column=column, **facts)

    def add_rows(
        self,
        rule: str,
        rows: pl.DataFrame,
        *,
        domain: str | None = None,
        file: str | None = None,
        column: str | None = None,
        **facts: object,
    ) -> None:
        """
        Add one finding for each row of a frame.

        Parameters
        ----------
        rule : str
            Identifier in `RULES`.
        rows : polars.DataFrame
            The rows concerned, with SRCROW and, where it is known, USUBJID; nothing is added where it is empty.
        domain, file, column : str or None
            Where they were found.
        **facts : object
            What the braces of the message stand for; never a value of the patient.

        Raises
        ------
        DataError
            For a rule that is not registered.
        """
        if rule not in self.rules:
            raise DataError(f"findings: unknown rule '{rule}'.{suggest(rule, self.rules)}")
        if rows.is_empty():
            return
        known = self.rules[rule]
        subject = pl.col("USUBJID").cast(pl.String) if "USUBJID" in rows.columns else pl.lit(None, dtype=pl.String)
        said = {
            "severity": str(known.severity),
            "rule": rule,
            "domain": domain,
            "file": file,
            "column": column,
            "message": known.message.format(**facts),
            "fix": known.fix.format(**facts),
        }
        self.frames.append(
            rows.select(
                pl.col("SRCROW").cast(pl.Int64).alias("row"),
                subject.alias("subject"),
                *(pl.lit(value, dtype=pl.String).alias(name) for name, value in said.items()),
            ).select(list(SCHEMA))
        )

    def frame(self) -> pl.DataFrame:
        """
        Give what has been collected.

        Returns
        -------
        polars.DataFrame
            With `SCHEMA`; errors first, then warnings, then notes, each in the order found.
        """
        return concat_findings(self.frames)


def concat_findings(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """
    Put findings tables below one another, errors first.

    Parameters
    ----------
    frames : list of polars.DataFrame
        Each with `SCHEMA`.

    Returns
    -------
    polars.DataFrame
        With `SCHEMA`; equal severities keep their order.
    """
    if not frames:
        return empty(SCHEMA)
    rank = pl.col("severity").replace_strict({str(s): i for i, s in enumerate(Severity)}, return_dtype=pl.Int8)
    return pl.concat(frames).sort(rank, maintain_order=True)
