"""
One row per patient: the spreadsheet that most investigators have, mapped to columns with fixed names.

A value that the mapping does not know is a finding and becomes missing, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from onearm.data.coerce import Place, number_column, parsed_number, plain_text, subject_text
from onearm.data.dates import date_state
from onearm.data.files import find_file
from onearm.data.findings import Findings
from onearm.data.mapping import FlagColumn, PatientsMapping, ResponseColumn, SizesMapping, TimeColumn, mapping_problems
from onearm.data.read import read_table
from onearm.errors import DataError, suggest

__all__ = ["read_patients"]


def read_patients(folder: Path, mapping: PatientsMapping, findings: Findings) -> dict[str, tuple[Path, pl.DataFrame]]:
    """
    Read the file of patients, and that of tumour sizes.

    Parameters
    ----------
    folder : Path
        The trial folder.
    mapping : PatientsMapping
        What the columns mean.
    findings : Findings
        Receives every value that cannot be used, by row and column.

    Returns
    -------
    dict of str to (Path, polars.DataFrame)
        ``patients``: USUBJID (text), SRCROW, then BOR, <endpoint>_TIME (Float64, in its unit), <endpoint>_UNIT,
        <endpoint>_EVENT (Boolean), <DATE>_DTC (ISO 8601 text), <FLAG>_FLAG (Boolean) and covariates as mapped.
        ``sizes``, if mapped: USUBJID, SRCROW, TIME, UNIT, PCHG (percent), DIAMETER (mm).

    Raises
    ------
    DataError
        For unreadable files, columns that are not there, and unknown terms, units or date names in the mapping.
    """
    problems = mapping_problems(mapping)
    tables: dict[str, tuple[Path, pl.DataFrame]] = {}
    try:
        path = find_file(folder, mapping.file)
        tables["patients"] = (path, _patients(path, mapping, findings))
    except DataError as error:
        problems.extend(error.problems)
    if mapping.sizes is not None:
        try:
            path = find_file(folder, mapping.sizes.file)
            tables["sizes"] = (path, _sizes(path, mapping.sizes, mapping.missing, findings))
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(*problems)
    return tables


def _check_columns(frame: pl.DataFrame, wanted: Mapping[str, str], file: str) -> None:
    """Refuse a mapping to columns that are not in the file."""
    missing = {key: column for key, column in wanted.items() if column not in frame.columns}
    if missing:
        raise DataError(
            *(
                f"{file}: column '{column}' is missing (named by {key}).{suggest(column, frame.columns)}"
                for key, column in missing.items()
            )
        )


def _named_columns(mapping: PatientsMapping) -> dict[str, str]:
    """List every column that the mapping names, by the key that names it."""
    wanted = {"subject": mapping.subject} if mapping.subject else {}
    if mapping.best_response:
        wanted["best_response"] = mapping.best_response.column
    for name, column in mapping.times.items():
        wanted |= {f"{name}.time": column.time, f"{name}.status": column.status}
    wanted |= {f"dates.{name}": column for name, column in mapping.dates.items()}
    wanted |= {f"flags.{name}": flag.column for name, flag in mapping.flags.items()}
    return wanted | {f"covariates[{i}]": column for i, column in enumerate(mapping.covariates)}


def _rows(
    frame: pl.DataFrame, subject: str | None, missing: tuple[str, ...], place: Place, findings: Findings
) -> pl.DataFrame:
    """Number the rows, name the subject, blank out what means missing, and drop rows without values."""
    known = subject_text(frame, subject) if subject else pl.int_range(1, pl.len() + 1).cast(pl.String)
    frame = frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("__row"), known.alias("__subject"))
    frame = plain_text(frame, (*missing, ""))
    data = [name for name in frame.columns if name not in ("__row", "__subject")]
    frame = frame.filter(~pl.all_horizontal(pl.col(data).is_null()))
    frame = frame.rename({name: f"={name}" for name in data}).rename({"__row": "SRCROW", "__subject": "USUBJID"})
    if frame.is_empty():
        findings.add("DATA-TABLE-EMPTY", domain=place.domain, file=place.file)
    if subject is None:
        findings.add("DATA-SUBJECT-FROM-ROW", domain=place.domain, file=place.file)
    without = frame.filter(pl.col("USUBJID").is_null())
    findings.add_rows("DATA-SUBJECT-MISSING", without, domain=place.domain, file=place.file, column=subject)
    return frame.filter(pl.col("USUBJID").is_not_null())


def _patients(path: Path, mapping: PatientsMapping, findings: Findings) -> pl.DataFrame:
    """Read and map the file of patients. Columns of the file stand behind ``=`` until they are mapped."""
    place = Place("patients", path.name)
    frame = read_table(path, sheet=mapping.sheet)
    _check_columns(frame, _named_columns(mapping), path.name)
    frame = _rows(frame, mapping.subject, mapping.missing, place, findings)
    twice = frame.filter(pl.col("USUBJID").is_duplicated()) if frame.height else frame
    findings.add_rows(
        "DATA-KEY-DUPLICATED", twice, domain=place.domain, file=place.file, column=mapping.subject, key="USUBJID"
    )
    if mapping.best_response is not None:
        frame = _best_response(frame, mapping.best_response, place, findings)
    for name, column in mapping.times.items():
        frame = _time(frame, name, column, place, findings)
    for name, source in mapping.dates.items():
        frame = _date(frame, name, source, date_format=mapping.date_format, place=place, findings=findings)
    for name, flag in mapping.flags.items():
        frame = _flag(frame, name, flag, place, findings)
    for source in mapping.covariates:
        frame = _covariate(frame, source)
    kept = [name for name in frame.columns if not name.startswith("=") and name not in ("USUBJID", "SRCROW")]
    return frame.select("USUBJID", "SRCROW", *kept)


def _code(column: pl.Expr) -> pl.Expr:
    """Bring codes to one spelling: numbers by value, words in lower case."""
    number = parsed_number(column)
    return pl.when(number.is_not_null()).then(number.cast(pl.String)).otherwise(column.str.to_lowercase())


def _codes(values: tuple[str, ...]) -> list[str]:
    """Bring the values of a mapping to the spelling of `_code`."""
    series = pl.Series("value", [str(value).strip() for value in values], dtype=pl.String)
    return series.to_frame().select(_code(pl.col("value")))["value"].to_list()


def _as_text(frame: pl.DataFrame, column: str) -> pl.Expr:
    """Give a column of the file as text, Booleans as true and false."""
    if frame.schema[column] == pl.Boolean:
        return pl.col(column).cast(pl.String)
    return subject_text(frame, column)


def _best_response(frame: pl.DataFrame, mapping: ResponseColumn, place: Place, findings: Findings) -> pl.DataFrame:
    """Map the best response; a value without a mapping is a finding."""
    source = f"={mapping.column}"
    terms = dict(zip(_codes(tuple(mapping.values)), mapping.values.values(), strict=True))
    code = _code(_as_text(frame, source))
    frame = frame.with_columns(code.replace_strict(terms, default=None, return_dtype=pl.String).alias("BOR"))
    where = {"domain": place.domain, "file": place.file, "column": mapping.column}
    unmapped = frame.filter(pl.col("BOR").is_null() & pl.col(source).is_not_null())
    findings.add_rows("DATA-VALUE-UNMAPPED", unmapped, **where, known=", ".join(mapping.values))
    findings.add_rows("DATA-RESPONSE-MISSING", frame.filter(pl.col(source).is_null()), **where)
    return frame


def _time(frame: pl.DataFrame, name: str, mapping: TimeColumn, place: Place, findings: Findings) -> pl.DataFrame:
    """Map a time and its status."""
    source, status = f"={mapping.time}", f"={mapping.status}"
    file = {"domain": place.domain, "file": place.file}
    missing = frame.filter(pl.col(source).is_null())
    findings.add_rows("DATA-TIME-MISSING", missing, **file, column=mapping.time, endpoint=name)
    frame = _numbers(frame, source, mapping.time, place, findings)
    negative = frame.filter(pl.col(source) < 0)
    findings.add_rows("DATA-TIME-NEGATIVE", negative, **file, column=mapping.time, endpoint=name)
    code = _code(_as_text(frame, status))
    events, censored = _codes(mapping.event), _codes(mapping.censored)
    is_event = code.is_in(events)
    if censored:
        is_event = pl.when(is_event | code.is_in(censored)).then(is_event)
        unmapped = frame.filter(code.is_not_null() & ~code.is_in(events + censored))
        known = ", ".join((*mapping.event, *mapping.censored))
        findings.add_rows("DATA-VALUE-UNMAPPED", unmapped, **file, column=mapping.status, known=known)
    unknown = frame.filter(pl.col(status).is_null())
    findings.add_rows("DATA-STATUS-MISSING", unknown, **file, column=mapping.status, endpoint=name)
    frame = frame.with_columns(
        pl.when(pl.col(source) >= 0).then(pl.col(source)).alias(f"{name}_TIME"),
        pl.lit(mapping.unit).alias(f"{name}_UNIT"),
        is_event.alias(f"{name}_EVENT"),
    )
    if frame.height and not frame[f"{name}_EVENT"].any():
        findings.add("DATA-EVENT-NEVER", domain=place.domain, file=place.file, column=mapping.status, endpoint=name)
    return frame


def _numbers(frame: pl.DataFrame, source: str, column: str, place: Place, findings: Findings) -> pl.DataFrame:
    """Parse a column of the file as numbers, naming it in findings as the file does."""
    found = Findings()
    frame = number_column(frame, source, place, found)
    findings.frames.extend(rows.with_columns(pl.lit(column).alias("column")) for rows in found.frames)
    return frame


def _date(
    frame: pl.DataFrame, name: str, column: str, *, date_format: str | None, place: Place, findings: Findings
) -> pl.DataFrame:
    """Map a date to ISO 8601 text; with a format, what does not match it is a finding."""
    source, target = f"={column}", f"{name.upper()}_DTC"
    text = _as_text(frame, source)
    where = {"domain": place.domain, "file": place.file, "column": column}
    if date_format is not None:
        day = text.str.to_date(date_format, strict=False).dt.to_string("%Y-%m-%d")
        # a cell that a spreadsheet stored as a date is ISO 8601 already
        iso = pl.when(date_state(text) == "complete").then(text)
        frame = frame.with_columns(pl.coalesce(day, iso).alias(target))
        findings.add_rows(
            "DATA-DATE-UNREAD",
            frame.filter(text.is_not_null() & pl.col(target).is_null()),
            **where,
            date_format=date_format,
        )
        return frame
    frame = frame.with_columns(text.alias(target), date_state(text).alias("__state"))
    for state, rule in (
        ("impossible", "DATA-DATE-IMPOSSIBLE"),
        ("format", "DATA-DATE-FORMAT"),
        ("partial", "DATA-DATE-PARTIAL"),
    ):
        findings.add_rows(rule, frame.filter(pl.col("__state") == state), **where)
    usable = pl.col("__state").is_in(["complete", "partial"])
    return frame.with_columns(pl.when(usable).then(pl.col(target)).alias(target)).drop("__state")


def _flag(frame: pl.DataFrame, name: str, mapping: FlagColumn, place: Place, findings: Findings) -> pl.DataFrame:
    """Map yes and no."""
    code = _code(_as_text(frame, f"={mapping.column}"))
    yes, no = _codes(mapping.yes), _codes(mapping.no)
    value = pl.when(code.is_in(yes)).then(True).when(code.is_in(no)).then(False)
    frame = frame.with_columns(value.alias(f"{name}_FLAG"))
    where = {"domain": place.domain, "file": place.file, "column": mapping.column}
    unmapped = frame.filter(code.is_not_null() & pl.col(f"{name}_FLAG").is_null())
    findings.add_rows("DATA-VALUE-UNMAPPED", unmapped, **where, known=", ".join((*mapping.yes, *mapping.no)))
    findings.add_rows("DATA-VALUE-MISSING", frame.filter(code.is_null()), **where)
    return frame


def _covariate(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Keep a column, as numbers where every value is one and none begins with a needless zero."""
    source, target = f"={column}", column.upper()
    if frame.schema[source] != pl.String:
        return frame.with_columns(pl.col(source).alias(target))
    text = pl.col(source)
    numeric = parsed_number(text).is_not_null() & ~text.str.contains(r"^0\d")
    stated = frame.filter(text.is_not_null())
    if stated.height and stated.select(numeric.all()).item():
        return frame.with_columns(parsed_number(text).alias(target))
    return frame.with_columns(text.alias(target))


def _sizes(path: Path, mapping: SizesMapping, missing: tuple[str, ...], findings: Findings) -> pl.DataFrame:
    """Read and map the table of tumour sizes."""
    place = Place("sizes", path.name)
    frame = read_table(path, sheet=mapping.sheet)
    values = {"PCHG": mapping.percent_change, "DIAMETER": mapping.diameter}
    wanted = {target: column for target, column in values.items() if column is not None}
    _check_columns(frame, {"sizes.subject": mapping.subject, "sizes.time": mapping.time, **wanted}, path.name)
    frame = _rows(frame, mapping.subject, missing, place, findings)
    where = {"domain": place.domain, "file": place.file}
    for column in (mapping.time, *wanted.values()):
        empty = frame.filter(pl.col(f"={column}").is_null())
        rule = "DATA-VALUE-MISSING" if column == mapping.time else "DATA-SIZE-MISSING"
        findings.add_rows(rule, empty, **where, column=column)
        frame = _numbers(frame, f"={column}", column, place, findings)
    if mapping.diameter is not None:
        negative = frame.filter(pl.col(f"={mapping.diameter}") < 0)
        findings.add_rows("DATA-DIAMETER-NEGATIVE", negative, **where, column=mapping.diameter)
    diameter = pl.col(f"={mapping.diameter}") if mapping.diameter else pl.lit(None, dtype=pl.Float64)
    change = pl.col(f"={mapping.percent_change}") if mapping.percent_change else pl.lit(None, dtype=pl.Float64)
    return frame.select(
        "USUBJID",
        "SRCROW",
        pl.col(f"={mapping.time}").alias("TIME"),
        pl.lit(mapping.unit).alias("UNIT"),
        change.alias("PCHG"),
        pl.when(diameter >= 0).then(diameter).alias("DIAMETER"),
    )
