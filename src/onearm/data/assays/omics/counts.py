"""Expression as cores deliver it: RSEM and HTSeq folders, featureCounts tables, and plain matrices."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data.assays.omics.identifiers import check_counts, keep_features
from onearm.data.assays.omics.matrix import FEATURES, MATRIX_SAMPLES, FeatureMatrix, number_matrix
from onearm.data.findings import Findings
from onearm.data.read import read_table
from onearm.errors import DataError
from onearm.frames import conform

__all__ = ["read_feature_counts", "read_htseq", "read_matrix", "read_rsem"]

Floats = NDArray[np.float64]

_RSEM_ENDINGS: Final = (".genes.results", ".isoforms.results", ".genes.results.gz", ".isoforms.results.gz")
_FEATURE_COUNTS: Final = ("Geneid", "Chr", "Start", "End", "Strand", "Length")
_SYMBOL_COLUMNS: Final = (
    "gene_name",
    "symbol",
    "gene_symbol",
    "hgnc_symbol",
    "hugo_symbol",
    "gene symbol",
    "genesymbol",
)
_OTHER_COLUMNS: Final = (
    "description",
    "gene_type",
    "gene_biotype",
    "biotype",
    "length",
    "entrezid",
    "entrez_gene_id",
    "chr",
    "chromosome",
)


def read_rsem(folder: Path, findings: Findings, *, assay: str = "omics") -> FeatureMatrix:
    """
    Read a folder of RSEM results.

    Parameters
    ----------
    folder : Path
        Files named ``<sample>.genes.results``.
    findings : Findings
        Collects what is wrong with rows.
    assay : str
        Name of the assay.

    Returns
    -------
    FeatureMatrix
        Expected counts. The symbol is what follows the first underscore of ``gene_id``, where RSEM was given both.

    Raises
    ------
    DataError
        Where there is no such file, a column is absent, or two files list different genes.
    """
    paths = _samples_of(folder, _RSEM_ENDINGS, "<sample>.genes.results")
    ids: list[str] | None = None
    columns, problems = [], []
    for name, path in paths.items():
        table = _tabbed(path)
        if lost := [c for c in ("gene_id", "expected_count") if c not in table.columns]:
            problems.append(f"{path.name}: column '{lost[0]}' is missing; it is no result of RSEM for genes.")
            continue
        own = table["gene_id"].to_list()
        ids = ids or own
        if own != ids:
            problems.append(
                f"{path.name}: lists other genes than {next(iter(paths.values())).name}, so they are of two references."
            )
            continue
        columns.append(number_matrix(table, ["expected_count"], where=path.name)[:, 0])
        check_counts(_numbered(own), [name], columns[-1][:, None], file=path.name)
    if problems:
        raise DataError(*problems)
    assert ids is not None
    symbols = [name.split("_", 1)[1] if name.startswith("ENS") and "_" in name else None for name in ids]
    features = _numbered(ids).with_columns(SYMBOL=pl.Series(symbols, dtype=pl.String), UNIT=pl.lit("counts"))
    return _matrix(features, list(paths), np.column_stack(columns), findings, (assay, folder.name, "RSEM"))


def read_htseq(folder: Path, findings: Findings, *, assay: str = "omics") -> FeatureMatrix:
    """
    Read a folder of HTSeq counts.

    Parameters
    ----------
    folder : Path
        Files ``<sample>.counts``, ``.htseq``, ``.txt`` or ``.tsv``, also gzipped: a gene and its count in each line, no header.
    findings : Findings
        Collects what is wrong with rows.
    assay : str
        Name of the assay.

    Returns
    -------
    FeatureMatrix
        Counts; the lines that begin with two underscores count reads without a gene and are no features.

    Raises
    ------
    DataError
        Where there is no such file, a line has not two fields, or two files list different genes.
    """
    paths = _samples_of(
        folder, (".htseq.counts", ".counts", ".htseq", ".txt", ".tsv"), "<sample>.counts", is_gzipped=True
    )
    ids: list[str] | None = None
    columns, problems = [], []
    for name, path in paths.items():
        lines = [line.split("\t") for line in _text(path).splitlines() if line.strip() and not line.startswith("__")]
        if short := [i for i, fields in enumerate(lines, start=1) if len(fields) < 2]:
            problems.append(f"{path.name}, row {short[0]}: a gene and its count parted by a tab are needed.")
            continue
        own = [fields[0] for fields in lines]
        ids = ids or own
        if own != ids:
            problems.append(f"{path.name}: lists other genes than {next(iter(paths.values())).name}.")
            continue
        table = pl.DataFrame({"count": [fields[-1] for fields in lines]})
        columns.append(number_matrix(table, ["count"], where=path.name)[:, 0])
        check_counts(_numbered(own), [name], columns[-1][:, None], file=path.name)
    if problems:
        raise DataError(*problems)
    assert ids is not None
    features = _numbered(ids).with_columns(UNIT=pl.lit("counts"))
    return _matrix(features, list(paths), np.column_stack(columns), findings, (assay, folder.name, "HTSeq"))


def read_feature_counts(path: Path, findings: Findings, *, assay: str = "omics") -> FeatureMatrix:
    """
    Read a table of featureCounts.

    Parameters
    ----------
    path : Path
        ``Geneid Chr Start End Strand Length`` and one column per alignment, below a line with the command.
    findings : Findings
        Collects what is wrong with rows.
    assay : str
        Name of the assay.

    Returns
    -------
    FeatureMatrix
        Counts; a sample has the name of its alignment without folder and ``.bam``.

    Raises
    ------
    DataError
        Where columns are absent or counts negative.
    """
    text = _text(path)
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    table = _parse(body, path.name)
    if lost := [column for column in _FEATURE_COUNTS if column not in table.columns]:
        raise DataError(f"{path.name}: column '{lost[0]}' is missing; it is no table of featureCounts.")
    extra = [c for c in table.columns if c.casefold() in _SYMBOL_COLUMNS]
    columns = [c for c in table.columns if c not in _FEATURE_COUNTS and c not in extra]
    names = [Path(c).name.removesuffix(".bam").removesuffix(".sam") for c in columns]
    values = number_matrix(table, columns, where=path.name)
    features = _numbered(table["Geneid"].to_list()).with_columns(
        UNIT=pl.lit("counts"),
        SYMBOL=table[extra[0]] if extra else pl.lit(None, dtype=pl.String),
        LENGTH=table["Length"].cast(pl.Float64, strict=False),
    )
    check_counts(features, names, values, file=path.name)
    return _matrix(features, names, values, findings, (assay, path.name, "featureCounts"))


def read_matrix(
    path: Path, findings: Findings, *, assay: str = "omics", unit: str | None = None, sheet: str | None = None
) -> FeatureMatrix:
    """
    Read a plain matrix: features in rows, samples in columns, the first column names the features.

    Parameters
    ----------
    path : Path
        Any table format.
    findings : Findings
        Collects what is wrong with rows.
    assay : str
        Name of the assay.
    unit : str, optional
        Unit of the values; where left out it is ``counts`` if all are whole numbers and none is negative, ``log2`` if some
        are negative or none exceeds 60, else ``intensity``.
    sheet : str, optional
        Of a workbook.

    Returns
    -------
    FeatureMatrix
        Columns with a usual name of gene symbols, descriptions or lengths describe the features and are no samples.

    Raises
    ------
    DataError
        For cells that hold no number, a repeated sample, and negative values where the unit is counts.
    """
    table = read_table(path, sheet=sheet)
    if table.width < 2 or not table.height:
        raise DataError(
            f"{path.name}: a column of names and one for each sample are needed; found {table.width} columns."
        )
    low = {column: column.casefold().strip() for column in table.columns}
    symbol = next((c for c in table.columns[1:] if low[c] in _SYMBOL_COLUMNS), None)
    described = [c for c in table.columns[1:] if low[c] in _OTHER_COLUMNS]
    columns = [c for c in table.columns[1:] if c != symbol and c not in described]
    values = number_matrix(table, columns, where=path.name)
    unit = unit or _unit(values)
    features = _numbered(table[table.columns[0]].cast(pl.String).to_list()).with_columns(
        UNIT=pl.lit(unit), SYMBOL=table[symbol].cast(pl.String) if symbol else pl.lit(None, dtype=pl.String)
    )
    if unit == "counts":
        check_counts(features, columns, values, file=path.name)
    return _matrix(features, columns, values, findings, (assay, path.name, "matrix"))


def _unit(values: Floats) -> str:
    known = values[~np.isnan(values)]
    if not known.size:
        return "intensity"
    is_whole = bool((known == np.rint(known)).all())
    if is_whole and float(known.max()) > 60:
        # whole numbers of which few are negative are counts with a mistake in them, which is named
        return "counts" if (known < 0).mean() < 0.01 else "log2"
    if is_whole and float(known.min()) >= 0:
        return "counts"
    return "log2" if float(known.min()) < 0 or float(known.max()) < 60 else "intensity"


def _numbered(names: Sequence[str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"FEATURE": list(names), "SRCROW": range(1, len(names) + 1)}, schema={"FEATURE": pl.String, "SRCROW": pl.Int64}
    )


def _matrix(
    features: pl.DataFrame, samples: list[str], values: Floats, findings: Findings, place: tuple[str, str, str]
) -> FeatureMatrix:
    """Keep the rows that are features, samples in rows."""
    assay, file, source = place
    kept = keep_features(features, values, findings, assay=assay, file=file)
    if not kept.any():
        raise DataError(f"{file}: no row has a name and a value.")
    own = features.filter(pl.Series(kept)).with_columns(
        FEATURE=pl.col("FEATURE").str.strip_chars(), ROLE=pl.lit("analyte")
    )
    extra = [column for column in own.columns if column not in FEATURES]
    own = pl.concat([conform(own.drop(extra), FEATURES), own.select(extra)], how="horizontal")
    own = own.with_columns(SYMBOL=pl.coalesce("SYMBOL", "FEATURE"))
    sheet = conform(pl.DataFrame({"SAMPLE": samples, "ROLE": ["sample"] * len(samples)}), MATRIX_SAMPLES)
    numbers = values[kept].T.copy()
    return FeatureMatrix(numbers, ~np.isnan(numbers), sheet, own, source)


def _samples_of(folder: Path, endings: Sequence[str], wanted: str, *, is_gzipped: bool = False) -> dict[str, Path]:
    """Files of a folder by the name of their sample."""
    if not folder.is_dir():
        raise DataError(f"{folder.name}: no such folder; one with a file {wanted} for each sample is needed.")
    known = [*endings, *(f"{ending}.gz" for ending in endings)] if is_gzipped else list(endings)
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        ending = next((e for e in sorted(known, key=len, reverse=True) if path.name.endswith(e)), None)
        if ending is not None and path.is_file():
            found[path.name.removesuffix(ending)] = path
    if not found:
        raise DataError(f"{folder.name}: no file {wanted} in this folder.")
    return found


def _text(path: Path) -> str:
    """Text of a file, through gzip where its name says so."""
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name}: the file cannot be read as text ({type(error).__name__}). Fix: copy it again."
        ) from error


def _tabbed(path: Path) -> pl.DataFrame:
    return _parse(_text(path), path.name)


def _parse(text: str, name: str) -> pl.DataFrame:
    """Table parted by tabs, everything as text; a row that is too short or too long is refused."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise DataError(f"{name}: the file has no rows below its header.")
    width = lines[0].count("\t")
    if wrong := [i for i, line in enumerate(lines[1:], start=1) if line.count("\t") != width]:
        raise DataError(f"{name}, row {wrong[0]}: has not as many fields as the header. Fix: copy the file again.")
    try:
        return pl.read_csv("\n".join(lines).encode(), separator="\t", infer_schema=False, quote_char=None)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{name}: the text cannot be split into columns ({type(error).__name__}).") from error
