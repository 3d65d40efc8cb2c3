"""An assay of many features as part of a trial: its matrix, sample sheet, gene sets and compounds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from onearm.data.assays.assay import Assay
from onearm.data.assays.omics.gene_sets import mcp_counter, read_gene_sets
from onearm.data.assays.omics.matrix import FeatureMatrix
from onearm.data.assays.omics.olink import OlinkOptions
from onearm.data.assays.omics.open import OmicsOptions, read_omics
from onearm.data.assays.samples import SampleOptions, match_samples, own_samples, read_samples
from onearm.data.files import FileRecord, find_file, record_file
from onearm.data.findings import Findings
from onearm.data.formats import extension_of, format_of
from onearm.data.read import read_table
from onearm.errors import DataError, suggest

__all__ = ["FeatureOptions", "assay_matrix", "read_features_assay"]

_ROLES = ("sample", "qc", "blank", "control")


@dataclass(frozen=True)
class FeatureOptions:
    """
    How an assay of many features is to be read.

    Parameters
    ----------
    file : str
        File or folder, relative to the trial folder, its ``data/`` or ``data/assays/``.
    format, sheet, unit, limit, warned : str or None
        As in `OmicsOptions` and `OlinkOptions`; a limit that is a file is looked up like ``file``.
    runs : str, optional
        Table ``SAMPLE ROLE BATCH ORDER`` of every run.
    gene_sets : tuple of str
        Files of gene sets.
    has_mcp_counter : bool
        Whether the markers of MCP-counter are sets too.
    compounds : str, optional
        Table of metabolites.
    samples : SampleOptions, optional
        The sample sheet.
    """

    file: str
    format: str = "auto"
    sheet: str | None = None
    unit: str | None = None
    limit: str = "auto"
    warned: Literal["keep", "drop"] = "keep"
    runs: str | None = None
    gene_sets: tuple[str, ...] = ()
    has_mcp_counter: bool = False
    compounds: str | None = None
    samples: SampleOptions | None = None


def read_features_assay(folder: Path, name: str, options: FeatureOptions, findings: Findings) -> Assay:
    """
    Read an assay of many features.

    Parameters
    ----------
    folder : Path
        The trial folder.
    name : str
        Name of the assay.
    options : FeatureOptions
        Files.
    findings : Findings
        Collects what is wrong with rows and samples.

    Returns
    -------
    Assay
        Tables ``samples`` (the sheet), ``runs`` (samples of the file), ``features``, ``values`` and ``valid`` (one row per
        run, one column per feature by its number), ``limits`` where they are known, ``sets`` (``COLLECTION GENESET GENE``) and
        ``compounds``.

    Raises
    ------
    DataError
        Where a file cannot be used.
    """
    path = find_file(folder, options.file)
    limit: str | Path = options.limit
    if options.limit not in ("auto", "column", "negative_controls", "none"):
        limit = find_file(folder, options.limit)
    how = OmicsOptions(options.format, options.unit, options.sheet, OlinkOptions(limit, options.warned))
    matrix = read_omics(path, findings, assay=name, options=how)
    files = [_record(name, path, matrix.samples.height, matrix.source)]
    if options.runs is not None:
        matrix, record = _with_runs(matrix, find_file(folder, options.runs), findings, name)
        files.append(record)
    own = matrix.samples.filter(pl.col("ROLE") == "sample")["SAMPLE"]
    if options.samples is None:
        samples = own_samples(own)
    else:
        sheet, record = read_samples(folder, options.samples, findings)
        files.append(record)
        samples = match_samples(sheet, own, findings, assay=name, file=path.name)
    tables = {"samples": samples, "runs": matrix.samples, "features": matrix.features}
    tables |= {"values": _wide(matrix.values), "valid": _wide(matrix.is_valid)}
    if matrix.limit is not None:
        tables["limits"] = _wide(matrix.limit)
    sets, records = _sets(folder, options)
    tables["sets"] = sets
    if options.compounds is not None:
        compounds = find_file(folder, options.compounds)
        tables["compounds"] = read_table(compounds)
        records.append(record_file(name, compounds, tables["compounds"].height, format_of(compounds).name))
    return Assay(name, "features", tables, (*files, *records))


def _wide(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> pl.DataFrame:
    return pl.DataFrame(values, schema=[str(i) for i in range(values.shape[1])], orient="row")


def assay_matrix(assay: Assay) -> FeatureMatrix:
    """
    Give the matrix of an assay.

    Parameters
    ----------
    assay : Assay
        Read by `read_features_assay`.

    Returns
    -------
    FeatureMatrix
        Every run, every feature.
    """
    tables = assay.tables
    limits = tables.get("limits")
    return FeatureMatrix(
        tables["values"].to_numpy(),
        tables["valid"].to_numpy(),
        tables["runs"],
        tables["features"],
        assay.files[0].format,
        None if limits is None else limits.to_numpy(),
    )


def _record(name: str, path: Path, n_rows: int, source: str) -> FileRecord:
    if path.is_file():
        return record_file(name, path, n_rows, source)
    digest = hashlib.sha256()
    for part in sorted(other for other in path.iterdir() if other.is_file()):
        digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return FileRecord(name, path, digest.hexdigest(), n_rows, source)


def _with_runs(matrix: FeatureMatrix, path: Path, findings: Findings, assay: str) -> tuple[FeatureMatrix, FileRecord]:
    """Take role, batch and order of injection from a table of runs."""
    typed = read_table(path)
    low = {column.casefold(): column for column in typed.columns}
    if "sample" not in low:
        raise DataError(f"{path.name}: column 'SAMPLE' is missing.{suggest('SAMPLE', typed.columns)}")
    text = typed.select(
        pl.col(low[name]).cast(pl.String).str.strip_chars().alias(name.upper())
        for name in ("sample", "role", "batch", "order")
        if name in low
    )
    for name in ("ROLE", "BATCH", "ORDER"):
        if name not in text.columns:
            text = text.with_columns(pl.lit(None, dtype=pl.String).alias(name))
    wrong = text["ROLE"].drop_nulls().str.to_lowercase().unique().to_list()
    if unknown := [role for role in wrong if role not in _ROLES]:
        raise DataError(f"{path.name}: unknown role '{unknown[0]}'.{suggest(unknown[0], _ROLES)}")
    absent = text.filter(~pl.col("SAMPLE").is_in(matrix.samples["SAMPLE"].implode()))
    if absent.height:
        findings.add("ASSAY-SAMPLE-UNKNOWN", domain=assay, file=path.name, n=absent.height, first=absent["SAMPLE"][0])
    joined = matrix.samples.join(text.unique("SAMPLE"), on="SAMPLE", how="left", maintain_order="left", suffix="_RUN")
    runs = joined.with_columns(
        ROLE=pl.coalesce(pl.col("ROLE_RUN").str.to_lowercase(), "ROLE"),
        PLATE=pl.coalesce("BATCH", "PLATE"),
        ORDER=pl.coalesce(pl.col("ORDER_RUN").cast(pl.Float64, strict=False), "ORDER"),
    ).drop("ROLE_RUN", "ORDER_RUN", "BATCH")
    return replace(matrix, samples=runs), record_file(assay, path, typed.height, format_of(path).name)


def _sets(folder: Path, options: FeatureOptions) -> tuple[pl.DataFrame, list[FileRecord]]:
    paths = [find_file(folder, name) for name in options.gene_sets]
    if lost := [path.name for path in paths if not path.is_file()]:
        raise DataError(*(f"{name}: no such file; it is named in gene_sets." for name in lost))
    groups = {path.name.removesuffix(extension_of(path)): read_gene_sets(path) for path in paths}
    if options.has_mcp_counter:
        groups["MCP-counter"] = mcp_counter()
    rows = [(group, name, gene) for group, sets in groups.items() for name, genes in sets.items() for gene in genes]
    table = pl.DataFrame(rows, schema={"COLLECTION": pl.String, "GENESET": pl.String, "GENE": pl.String}, orient="row")
    return table, [record_file("gene sets", path, 0, "gene sets") for path in paths]
