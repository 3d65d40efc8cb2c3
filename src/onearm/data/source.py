"""
Read everything that a trial collected: find the files, type their columns, check them, report all problems at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from onearm.data.assays import Assay
from onearm.data.checks import check_required_dates, check_source, check_table
from onearm.data.coerce import Place, plain_text, subject_text, type_columns
from onearm.data.excel import sheet_names
from onearm.data.files import DATA_FOLDER, FileRecord, find_file, record_file
from onearm.data.findings import Findings
from onearm.data.formats import FORMATS, extension_of
from onearm.data.mapping import PatientsMapping
from onearm.data.patients import read_patients
from onearm.data.read import read_table
from onearm.data.schema import DOMAINS, Domain, domain_of, known_domain
from onearm.data.tumours import complete_results
from onearm.errors import DataError, suggest

__all__ = ["FileRecord", "Progress", "Source", "read_source"]

Progress = Callable[[str, int, int], None]
"""Called with what is being read, how many steps are done, and how many there are."""


@dataclass(frozen=True, eq=False)  # tables cannot be compared by ==
class Source:
    """
    What a trial collected.

    Parameters
    ----------
    tables : dict of str to polars.DataFrame
        By domain, lower case (``dm ex tu tr rs ae ds cm lb supptr …``, ``patients``, ``sizes``); each with SRCROW, the
        row of data in its file.
    findings : polars.DataFrame
        What is wrong or noteworthy, `onearm.data.findings.SCHEMA`.
    files : tuple of FileRecord
        What was read.
    assays : mapping of str to Assay
        What was measured in samples, by the protocol's names.
    """

    tables: dict[str, pl.DataFrame]
    findings: pl.DataFrame
    files: tuple[FileRecord, ...]
    assays: Mapping[str, Assay] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Name the tables with their rows, and count the findings."""
        tables = ", ".join(f"{name} {table.height}" for name, table in self.tables.items())
        return f"Source({tables}; {self.findings.height} findings)"


def read_source(
    folder: str | Path,
    *,
    files: Mapping[str, str | Path] | None = None,
    patients: PatientsMapping | None = None,
    elsewhere: Collection[str] = (),
    cutoff: date | None = None,
    progress: Progress | None = None,
) -> Source:
    """
    Read and check the data of a trial.

    Parameters
    ----------
    folder : str or Path
        The trial folder; its files lie in ``data/`` below it.
    files : mapping of str to path, optional
        File of a domain, where its name does not say so; relative to the trial folder or its ``data/``.
    patients : PatientsMapping, optional
        How to read a file with one row per patient.
    elsewhere : collection of str
        Files that are read as assays, so that they are not noted as unused.
    cutoff : datetime.date, optional
        Data cut-off; what lies after it is noted.
    progress : callable, optional
        Called with the name of each file before it is read, the number done and the number in all.

    Returns
    -------
    Source
        Tables, findings and the files they came from.

    Raises
    ------
    DataError
        With all problems of all files: no data at all, missing or unreadable files, missing columns.
    """
    folder = Path(folder)
    findings = Findings()
    problems: list[str] = []
    taken = [*elsewhere, *(patients.files() if patients is not None else ())]
    paths = _find_files(folder, files or {}, taken, findings, problems)
    if not paths and patients is None and not problems:
        problems.append(_no_data(folder))
    told = progress or _tell_nobody
    steps = len(paths) + (patients is not None) + 1
    read: dict[str, tuple[Path, pl.DataFrame]] = {}
    for done, (domain, path) in enumerate(paths.items()):
        told(path.name, done, steps)
        try:
            read[domain] = (path, _read_domain(domain, path, findings))
        except DataError as error:
            problems.extend(error.problems)
    if patients is not None:
        told(Path(patients.file).name, len(paths), steps)
        try:
            read |= read_patients(folder, patients, findings)
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise DataError(*problems)
    tables = {name: table for name, (_, table) in read.items()}
    check_source(tables, {name: path.name for name, (path, _) in read.items()}, findings, cutoff=cutoff)
    records = tuple(
        record_file(name, path, table.height, FORMATS[extension_of(path)].name) for name, (path, table) in read.items()
    )
    told("checks", steps, steps)
    return Source(tables, findings.frame(), records)


def _tell_nobody(_what: str, _done: int, _steps: int) -> None:
    """Progress that nobody wants to see."""


def _no_data(folder: Path) -> str:
    """Say where data should be, and which files there are not understood."""
    others = [path.name for path in sorted((folder / DATA_FOLDER).glob("*")) if path.is_file()]
    found = f" None of the files there is named after a domain: {', '.join(others)}." if others else ""
    return (
        f"{folder.name}: no data.{found} Fix: put one file per domain ({', '.join(DOMAINS)}) into "
        f"'{folder.name}/{DATA_FOLDER}', or name them in [source.files] or [source.patients] of the protocol."
    )


def _find_files(
    folder: Path,
    named: Mapping[str, str | Path],
    taken: Collection[str | Path],
    findings: Findings,
    problems: list[str],
) -> dict[str, Path]:
    """Choose one file for each domain, in the order of the domains; note the files that nothing asks for."""
    paths: dict[str, Path] = {}
    for key, file in named.items():
        domain = key.lower()
        if known_domain(domain) is None:
            problems.append(f"[source.files] {key}: unknown domain.{suggest(domain, DOMAINS)}")
        else:
            paths[domain] = find_file(folder, file)
    used = {path.resolve() for path in paths.values()}
    used |= {find_file(folder, file).resolve() for file in taken}
    found: dict[str, list[Path]] = {}
    for path in sorted((folder / DATA_FOLDER).glob("*")):
        if not path.is_file() or path.name.startswith(".") or path.resolve() in used:
            continue
        domain_name = domain_of(path.name)
        if domain_name is None or domain_name in paths or extension_of(path) not in FORMATS:
            findings.add("DATA-FILE-UNUSED", file=path.name)
        else:
            found.setdefault(domain_name, []).append(path)
    for domain, candidates in found.items():
        if len(candidates) == 1:
            paths[domain] = candidates[0]
        else:
            names = ", ".join(path.name for path in candidates)
            problems.append(
                f"{folder.name}/{DATA_FOLDER}: {len(candidates)} files could be {domain}: {names}. "
                f'Fix: name the one to read in the protocol, [source.files] {domain} = "{candidates[0].name}".'
            )
    order = {name: i for i, name in enumerate(DOMAINS)}
    return dict(sorted(paths.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def _read_domain(domain: str, path: Path, findings: Findings) -> pl.DataFrame:
    """Read, name, type and check the table of one domain."""
    known = known_domain(domain)
    assert known is not None  # _find_files lets only known domains through
    place = Place(domain, path.name)
    frame = _upper_case(read_table(path, sheet=_sheet(domain, path)), path.name)
    _check_required(frame, known, path.name)
    frame = frame.with_row_index("SRCROW", offset=1).with_columns(
        pl.col("SRCROW").cast(pl.Int64), subject_text(frame, "USUBJID").alias("USUBJID")
    )
    frame = plain_text(frame)
    data = [name for name in frame.columns if name != "SRCROW"]
    frame = frame.filter(~pl.all_horizontal(pl.col(data).is_null()))
    if frame.is_empty():
        findings.add("DATA-TABLE-EMPTY", domain=domain, file=path.name)
    findings.add_rows(
        "DATA-SUBJECT-MISSING",
        frame.filter(pl.col("USUBJID").is_null()),
        domain=domain,
        file=path.name,
        column="USUBJID",
    )
    frame = frame.filter(pl.col("USUBJID").is_not_null())
    check_required_dates(frame, known, place, findings)
    frame = type_columns(frame, known, place, findings)
    frame = _with_sequence(frame, known, place, findings)
    frame = complete_results(frame, place, findings)
    check_table(frame, known, place, findings)
    return frame


def _sheet(domain: str, path: Path) -> str | None:
    """Choose the sheet that is named like the domain, so that one workbook can hold them all."""
    if extension_of(path) != ".xlsx" or not path.is_file():
        return None
    return next((name for name in sheet_names(path) if name.strip().lower() == domain), None)


def _upper_case(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """Give all columns upper-case names."""
    names = [name.strip().upper() for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(*(f"{file}: column '{name}' stands twice, in upper and lower case." for name in twice))
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def _check_required(frame: pl.DataFrame, domain: Domain, file: str) -> None:
    """Refuse a table without the columns that its domain needs."""
    problems = []
    for group in domain.required:
        if not any(name in frame.columns for name in group):
            wanted = "' or '".join(group)
            problems.append(
                f"{file}: column '{wanted}' is missing.{suggest(group[0], frame.columns)} "
                f"Fix: rename or export it ({domain.label})."
            )
    if problems:
        raise DataError(*problems)


def _with_sequence(frame: pl.DataFrame, domain: Domain, place: Place, findings: Findings) -> pl.DataFrame:
    """Number the records of each subject where the sequence number is absent."""
    name = domain.sequence
    if name is None or name in frame.columns:
        return frame
    findings.add("DATA-SEQ-MADE", domain=place.domain, file=place.file, column=name)
    return frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("USUBJID").alias(name))
