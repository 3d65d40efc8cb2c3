"""Cell tables of a trial, with their areas and thresholds, as an assay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import polars as pl

from onearm.data.assays.assay import Assay
from onearm.data.assays.cells.areas import read_areas
from onearm.data.assays.cells.read import read_many_cells
from onearm.data.assays.cells.scores import THRESHOLD_SCHEMA, read_scores
from onearm.data.assays.cells.table import AREA_SCHEMA, CellOptions
from onearm.data.assays.samples import SampleOptions, match_samples, own_samples, read_samples
from onearm.data.files import ASSAY_FOLDER, DATA_FOLDER, FileRecord, find_file, record_file
from onearm.data.findings import Findings
from onearm.errors import DataError
from onearm.frames import conform, empty

__all__ = ["CellFiles", "find_files", "read_cells_assay"]

_SAMPLE: Final = {"sample": "SAMPLE", "slide": "SLIDE", "field": "FIELD"}


@dataclass(frozen=True)
class CellFiles:
    """
    Which files make a cell assay, and how they are read.

    Parameters
    ----------
    files, areas, scores : tuple of str
        Names or patterns, relative to the trial folder, its ``data/`` or ``data/assays/``.
    options : CellOptions
        How cell tables are read.
    thresholds : tuple of tuple
        Marker, compartment or None, threshold: those of the protocol.
    sample_is : {"sample", "slide", "field"}, default "slide"
        What of a cell table the sample sheet calls a sample.
    samples : SampleOptions, optional
        The sample sheet; the samples are the patients without it.
    """

    files: tuple[str, ...]
    areas: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    options: CellOptions = field(default_factory=CellOptions)
    thresholds: tuple[tuple[str, str | None, float], ...] = ()
    sample_is: Literal["sample", "slide", "field"] = "slide"
    samples: SampleOptions | None = None


def find_files(folder: Path, names: Sequence[str]) -> list[Path]:
    """
    Find the files that names and patterns mean.

    Parameters
    ----------
    folder : Path
        The trial folder.
    names : sequence of str
        A name that is there is taken as it stands, brackets included; any other is a pattern.

    Returns
    -------
    list of Path
        In the order of the names, those of one pattern sorted; each once.

    Raises
    ------
    DataError
        Naming every name and pattern that finds nothing.
    """
    found: dict[Path, None] = {}
    problems = []
    for name in names:
        direct = find_file(folder, name)
        bases = (folder, folder / DATA_FOLDER, folder / DATA_FOLDER / ASSAY_FOLDER)
        # a pattern cannot be absolute, and where it is the name is no pattern
        several = [] if direct.is_file() or Path(name).is_absolute() else [sorted(base.glob(name)) for base in bases]
        mine = [direct] if direct.is_file() else next((paths for paths in several if paths), [])
        if not mine:
            problems.append(f"'{name}': no such file in the trial folder, its data/ or data/assays/.")
        found |= dict.fromkeys(mine)
    if problems:
        raise DataError(*problems)
    return list(found)


def read_cells_assay(folder: Path, name: str, plan: CellFiles, findings: Findings) -> Assay:
    """
    Read the cell tables of a trial.

    Parameters
    ----------
    folder : Path
        The trial folder.
    name : str
        Of the assay.
    plan : CellFiles
        Files and options.
    findings : Findings
        Collects what is noteworthy.

    Returns
    -------
    Assay
        Tables ``samples``, ``cells`` (SAMPLE filled), ``areas`` and ``thresholds``.

    Raises
    ------
    DataError
        With the problems of all files.
    """
    paths = find_files(folder, plan.files)
    table = read_many_cells(paths, plan.options)
    findings.frames.append(table.findings.with_columns(domain=pl.lit(name)))
    records = [record_file(name, path, 0, "delimited") for path in paths]
    areas = [empty(AREA_SCHEMA)]
    for path in find_files(folder, plan.areas):
        part, found = read_areas(path, plan.options)
        findings.frames.append(found.with_columns(domain=pl.lit(name)))
        areas.append(part)
        records.append(record_file(name, path, part.height, "delimited"))
    limits = [_stated(plan)]
    for path in find_files(folder, plan.scores):
        part = read_scores(path)
        limits.append(part.filter(~pl.col("MARKER").is_in([marker for marker, _, _ in plan.thresholds])))
        records.append(record_file(name, path, part.height, "delimited"))
    cells = table.cells.with_columns(SAMPLE=pl.col(_SAMPLE[plan.sample_is]))
    sheet, sheet_file = _samples(folder, plan, cells["SAMPLE"], findings)
    matched = match_samples(sheet, cells["SAMPLE"], findings, assay=name, file=paths[0].name)
    known = cells.filter(pl.col("SAMPLE").is_in(matched["SAMPLE"].implode()))
    tables = {"samples": matched, "cells": known, "areas": pl.concat(areas), "thresholds": pl.concat(limits)}
    return Assay(name, "cells", tables, tuple([*records, *sheet_file]))


def _stated(plan: CellFiles) -> pl.DataFrame:
    """Lay out the thresholds of the protocol; they hold in every field."""
    rows = [{"MARKER": m, "COMPARTMENT": c, "THRESHOLD": t} for m, c, t in plan.thresholds]
    schema = {"MARKER": pl.String, "COMPARTMENT": pl.String, "THRESHOLD": pl.Float64}
    return conform(pl.DataFrame(rows, schema=schema), THRESHOLD_SCHEMA)


def _samples(
    folder: Path, plan: CellFiles, found: pl.Series, findings: Findings
) -> tuple[pl.DataFrame, list[FileRecord]]:
    if plan.samples is None:
        return own_samples(found), []
    sheet, record = read_samples(folder, plan.samples, findings)
    return sheet, [record]
