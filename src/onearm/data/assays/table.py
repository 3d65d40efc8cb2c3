"""Values of biomarkers as they stand in a table: PD-L1 scores, a burden from a report, a concentration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from onearm.data.assays.assay import Assay
from onearm.data.assays.samples import (
    BASELINE,
    SAMPLES,
    SampleOptions,
    match_samples,
    name_timepoint,
    read_samples,
    sheet_column,
)
from onearm.data.files import FileRecord, find_file, record_file
from onearm.data.findings import Findings
from onearm.data.formats import format_of
from onearm.data.read import read_table
from onearm.errors import DataError, suggest
from onearm.frames import conform

__all__ = ["VALUES", "TableOptions", "read_table_assay"]

VALUES: Final[dict[str, Any]] = {"SAMPLE": pl.String, "MEASURE": pl.String, "TEXT": pl.String, "SRCROW": pl.Int64}
"""One row per sample and measure: what stands in the file, as text."""
_MISSING: Final = ("", "NA", "N/A", ".", "NaN", "nan", "null")


@dataclass(frozen=True)
class TableOptions:
    """
    How a table of values is to be read.

    Parameters
    ----------
    file : str
        Relative to the trial folder, its ``data/`` or ``data/assays/``.
    sheet : str, optional
        Of a workbook.
    samples : SampleOptions, optional
        The sample sheet.
    sample, subject, timepoint, date : str, optional
        Columns of the table; with ``subject`` it names patients itself.
    measure, value : str, optional
        Columns of the measure's name and value, where there is one row for each.
    missing : tuple of str
        Further texts that mean missing.
    """

    file: str
    sheet: str | None = None
    samples: SampleOptions | None = None
    sample: str | None = None
    subject: str | None = None
    timepoint: str | None = None
    date: str | None = None
    measure: str | None = None
    value: str | None = None
    missing: tuple[str, ...] = ()


def read_table_assay(folder: Path, name: str, options: TableOptions, findings: Findings) -> Assay:
    """
    Read a table of values.

    Parameters
    ----------
    folder : Path
        The trial folder.
    name : str
        Name of the assay.
    options : TableOptions
        File and columns.
    findings : Findings
        Collects samples without counterpart.

    Returns
    -------
    Assay
        Tables ``samples`` (`SAMPLES`) and ``values`` (`VALUES`); a column that names no sample is a measure.

    Raises
    ------
    DataError
        Where the file or a named column is absent.
    """
    path = find_file(folder, options.file)
    typed = read_table(path, sheet=options.sheet)
    _check_columns(typed, options, path.name)
    files: list[FileRecord] = [record_file(name, path, typed.height, format_of(path).name)]
    named = {key: sheet_column(typed, column) for key, column in _keys(options).items()}
    identified = typed.with_row_index("SRCROW", offset=1).with_columns(pl.col("SRCROW").cast(pl.Int64))
    if options.subject is not None:
        samples, rows = _of_patients(identified, named, findings, name, path.name)
    else:
        assert options.samples is not None  # the protocol asks for a sheet where samples are named
        sheet, record = read_samples(folder, options.samples, findings)
        files.append(record)
        rows = identified.rename({str(named["sample"]): "SAMPLE"}).with_columns(_clean("SAMPLE"))
        samples = match_samples(sheet, rows["SAMPLE"], findings, assay=name, file=path.name)
        rows = rows.join(samples.select("SAMPLE"), on="SAMPLE", how="semi", maintain_order="left")
    return Assay(name, "table", {"samples": samples, "values": _values(rows, options, named)}, tuple(files))


def _keys(options: TableOptions) -> dict[str, str]:
    names = ("sample", "subject", "timepoint", "date", "measure", "value")
    return {name: column for name in names if (column := getattr(options, name)) is not None}


def _check_columns(typed: pl.DataFrame, options: TableOptions, file: str) -> None:
    problems = [
        f"{file}: column '{column}' is missing.{suggest(column, typed.columns)} Fix: correct the assay's '{key}'."
        for key, column in _keys(options).items()
        if sheet_column(typed, column) is None
    ]
    if problems:
        raise DataError(*problems)


def _clean(column: str) -> pl.Expr:
    text = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(text.str.len_chars() > 0).then(text).alias(column)


def _of_patients(
    rows: pl.DataFrame, named: dict[str, str | None], findings: Findings, assay: str, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make a sample of each patient and time."""
    rows = rows.rename({str(named["subject"]): "USUBJID"}).with_columns(_clean("USUBJID"))
    time = named.get("timepoint")
    rows = rows.with_columns(TIMEPOINT=_clean(time) if time else pl.lit(None, dtype=pl.String))
    rows = rows.with_columns(TIMEPOINT=name_timepoint("TIMEPOINT", {}))
    day = named.get("date")
    date = pl.col(day).cast(pl.String).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False) if day else None
    rows = rows.with_columns(DATE=pl.lit(None, dtype=pl.Date) if date is None else date)
    if day:
        wrong = rows.filter(_clean(day).is_not_null() & pl.col("DATE").is_null())
        findings.add_rows("ASSAY-DATE-UNREADABLE", wrong, domain=assay, file=file, column=day)
    findings.add_rows("ASSAY-SAMPLE-NOBODY", rows.filter(pl.col("USUBJID").is_null()), domain=assay, file=file)
    rows = rows.filter(pl.col("USUBJID").is_not_null())
    own = named.get("sample")
    first = pl.col("TIMEPOINT") == BASELINE
    made = pl.when(first).then("USUBJID").otherwise(pl.concat_str("USUBJID", "TIMEPOINT", separator=" "))
    if own:
        rows = rows.rename({own: "SAMPLE"}).with_columns(_clean("SAMPLE"))
    elif not named.get("measure"):
        again = pl.int_range(pl.len()).over("USUBJID", "TIMEPOINT")
        rows = rows.with_columns(SAMPLE=pl.when(again == 0).then(made).otherwise(pl.format("{} #{}", made, again + 1)))
    else:
        rows = rows.with_columns(SAMPLE=made)
    samples = rows.unique("SAMPLE", keep="first", maintain_order=True).select(
        "SAMPLE", "USUBJID", "TIMEPOINT", "DATE", "SRCROW"
    )
    return conform(samples, SAMPLES), rows


def _values(rows: pl.DataFrame, options: TableOptions, named: dict[str, str | None]) -> pl.DataFrame:
    measure, value = named.get("measure"), named.get("value")
    if measure and value:
        long = rows.select(
            "SAMPLE", "SRCROW", MEASURE=pl.col(measure).cast(pl.String), TEXT=pl.col(value).cast(pl.String)
        )
    else:
        keys = {"SAMPLE", "USUBJID", "TIMEPOINT", "DATE", "SRCROW", *(c for c in named.values() if c)}
        columns = [column for column in rows.columns if column not in keys]
        long = rows.select("SAMPLE", "SRCROW", *(pl.col(column).cast(pl.String) for column in columns)).unpivot(
            index=["SAMPLE", "SRCROW"], variable_name="MEASURE", value_name="TEXT"
        )
    text = pl.col("TEXT").str.strip_chars()
    return long.with_columns(TEXT=pl.when(~text.is_in([*_MISSING, *options.missing])).then(text)).select(list(VALUES))
