"""The sample sheet: which sample is whose, when it was taken, and in which batch it was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from onearm.data.files import FileRecord, find_file, record_file
from onearm.data.findings import Findings
from onearm.data.formats import format_of
from onearm.data.read import read_table
from onearm.errors import DataError, suggest
from onearm.frames import conform

__all__ = [
    "BASELINE",
    "SAMPLES",
    "SampleOptions",
    "match_samples",
    "name_timepoint",
    "own_samples",
    "read_samples",
    "sheet_column",
]

BASELINE: Final = "baseline"
SAMPLES: Final[dict[str, Any]] = {
    "SAMPLE": pl.String,
    "USUBJID": pl.String,
    "TIMEPOINT": pl.String,
    "DATE": pl.Date,
    "BATCH": pl.String,
    "TISSUE": pl.String,
    "SRCROW": pl.Int64,
}
"""One row per sample. TIMEPOINT is ``baseline`` where nothing else is said; DATE, BATCH and TISSUE may be missing."""


@dataclass(frozen=True)
class SampleOptions:
    """
    How a sample sheet is to be read.

    Parameters
    ----------
    file : str
        Relative to the trial folder, its ``data/`` or ``data/assays/``.
    sheet : str, optional
        Of a workbook.
    sample, subject, timepoint, date, batch, tissue : str or None
        Names of columns; sample and subject are required, the others are used where they exist.
    timepoints : mapping of str to str
        From a timepoint in the file to the protocol's word for it.
    """

    file: str
    sheet: str | None = None
    sample: str = "SAMPLE"
    subject: str = "USUBJID"
    timepoint: str | None = "TIMEPOINT"
    date: str | None = "DATE"
    batch: str | None = "BATCH"
    tissue: str | None = "TISSUE"
    timepoints: Mapping[str, str] = field(default_factory=dict)


def read_samples(folder: Path, options: SampleOptions, findings: Findings) -> tuple[pl.DataFrame, FileRecord]:
    """
    Read a sample sheet.

    Parameters
    ----------
    folder : Path
        The trial folder.
    options : SampleOptions
        File and columns.
    findings : Findings
        Collects rows without sample or patient, and samples that stand twice.

    Returns
    -------
    tuple of polars.DataFrame and FileRecord
        With the columns of `SAMPLES`.

    Raises
    ------
    DataError
        Where the file or a required column is absent.
    """
    path = find_file(folder, options.file)
    typed = read_table(path, sheet=options.sheet).with_row_index("SRCROW", offset=1)
    problems = [
        f"{path.name}: column '{name}' is missing.{suggest(name, typed.columns)} "
        f"Fix: name the {what} column in the assay's samples."
        for what, name in (("sample", options.sample), ("subject", options.subject))
        if sheet_column(typed, name) is None
    ]
    if problems:
        raise DataError(*problems)
    optional = {"TIMEPOINT": options.timepoint, "DATE": options.date, "BATCH": options.batch, "TISSUE": options.tissue}
    sheet = typed.select(
        SAMPLE=_text(typed, options.sample),
        USUBJID=_text(typed, options.subject),
        SRCROW=pl.col("SRCROW").cast(pl.Int64),
        **{name: _text(typed, column) for name, column in optional.items()},
    ).with_columns(_DAY=pl.col("DATE").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False))
    sheet = sheet.with_columns(TIMEPOINT=name_timepoint("TIMEPOINT", options.timepoints))
    unreadable = pl.col("DATE").is_not_null() & pl.col("_DAY").is_null()
    known = pl.col("SAMPLE").is_not_null() & pl.col("USUBJID").is_not_null()
    again = known & ~pl.col("SAMPLE").is_first_distinct()
    for rule, which in (
        ("ASSAY-DATE-UNREADABLE", unreadable),
        ("ASSAY-SAMPLE-NOBODY", ~known),
        ("ASSAY-SAMPLE-TWICE", again),
    ):
        findings.add_rows(rule, sheet.filter(which), domain="samples", file=path.name, column=options.date)
    sheet = sheet.filter(known & ~again).with_columns(DATE=pl.col("_DAY"))
    return sheet.select(list(SAMPLES)), record_file("samples", path, typed.height, format_of(path).name)


def own_samples(names: pl.Series) -> pl.DataFrame:
    """
    Take the identifiers of an assay for those of the patients, where there is no sample sheet.

    Parameters
    ----------
    names : polars.Series
        Identifiers in the assay's file, with repetitions.

    Returns
    -------
    polars.DataFrame
        With the columns of `SAMPLES`; every sample is a baseline sample.
    """
    found = names.drop_nulls().cast(pl.String).unique(maintain_order=True)
    sheet = pl.DataFrame({"SAMPLE": found, "USUBJID": found}).with_columns(TIMEPOINT=pl.lit(BASELINE))
    return conform(sheet, SAMPLES)


def match_samples(
    samples: pl.DataFrame, found: pl.Series, findings: Findings, *, assay: str, file: str
) -> pl.DataFrame:
    """
    Keep the samples that were measured; say which of the sheet and of the file have no counterpart.

    Parameters
    ----------
    samples : polars.DataFrame
        The sheet, `SAMPLES`.
    found : polars.Series
        Samples of the assay's file, with repetitions.
    findings : Findings
        Collects what has no counterpart.
    assay, file : str
        Where.

    Returns
    -------
    polars.DataFrame
        Rows of the sheet whose sample was measured, in the order of the sheet.
    """
    measured = found.drop_nulls().cast(pl.String).unique(maintain_order=True)
    absent = samples.filter(~pl.col("SAMPLE").is_in(measured.implode()))
    findings.add_rows("ASSAY-SAMPLE-NOT-MEASURED", absent, domain=assay, file=file)
    strangers = measured.filter(~measured.is_in(samples["SAMPLE"].implode()))
    if strangers.len():
        findings.add("ASSAY-SAMPLE-UNKNOWN", domain=assay, file=file, n=strangers.len(), first=strangers[0])
    return samples.filter(pl.col("SAMPLE").is_in(measured.implode()))


def name_timepoint(column: str, names: Mapping[str, str]) -> pl.Expr:
    """
    Give a timepoint the protocol's word.

    Parameters
    ----------
    column : str
        Its column; missing counts as baseline.
    names : mapping of str to str
        From the word in the file; upper and lower case are the same.

    Returns
    -------
    polars.Expr
        Text; ``Baseline`` and ``SCREENING`` are the baseline too.
    """
    known = {word.casefold(): name for word, name in names.items()}
    usual = dict.fromkeys(("baseline", "screening", "pre-treatment", "pretreatment"), BASELINE)
    word = pl.col(column).str.strip_chars().str.to_lowercase()
    return pl.coalesce(
        word.replace_strict({**usual, **known}, default=None, return_dtype=pl.String), pl.col(column), pl.lit(BASELINE)
    )


def _text(frame: pl.DataFrame, column: str | None) -> pl.Expr:
    found = None if column is None else sheet_column(frame, column)
    if found is None:
        return pl.lit(None, dtype=pl.String)
    text = pl.col(found).cast(pl.String).str.strip_chars()
    return pl.when(text.str.len_chars() > 0).then(text)


def sheet_column(frame: pl.DataFrame, name: str) -> str | None:
    """
    Find a column whatever its case.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table.
    name : str
        The column wanted.

    Returns
    -------
    str or None
        As the table spells it; None where it has none.
    """
    if name in frame.columns:
        return name
    return next((column for column in frame.columns if column.casefold() == name.casefold()), None)
