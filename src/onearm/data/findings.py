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

from onearm.data.assay_finding_rules import ASSAY_RULES
from onearm.data.finding_rules import SOURCE_RULES, FindingRule
from onearm.errors import DataError, suggest
from onearm.frames import empty
from onearm.terms import Severity

__all__ = ["RULES", "SCHEMA", "Findings", "concat_findings"]

RULES: Final = SOURCE_RULES | ASSAY_RULES
"""The checks of what is read."""

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
            "message": known.message.format(column=column, **facts),
            "fix": known.fix.format(column=column, **facts),
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
