"""Read any omics file or folder: the format is recognised, or named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from onearm.data.assays.omics.adat import read_adat
from onearm.data.assays.omics.counts import read_feature_counts, read_htseq, read_matrix, read_rsem
from onearm.data.assays.omics.lcms import looks_like_lcms, read_lcms
from onearm.data.assays.omics.matrix import FeatureMatrix
from onearm.data.assays.omics.olink import OlinkOptions, looks_like_olink, read_olink
from onearm.data.findings import Findings
from onearm.errors import DataError, suggest

__all__ = ["FORMATS", "OmicsOptions", "read_omics"]


@dataclass(frozen=True)
class OmicsOptions:
    """
    How an omics file is to be read.

    Parameters
    ----------
    format : str
        A name in `FORMATS`, or ``auto``.
    unit : str, optional
        Unit of a plain matrix.
    sheet : str, optional
        Of a workbook.
    olink : OlinkOptions
        For NPX.
    """

    format: str = "auto"
    unit: str | None = None
    sheet: str | None = None
    olink: OlinkOptions = field(default_factory=OlinkOptions)


def _matrix(path: Path, findings: Findings, assay: str, options: OmicsOptions) -> FeatureMatrix:
    return read_matrix(path, findings, assay=assay, unit=options.unit, sheet=options.sheet)


def _olink(path: Path, findings: Findings, assay: str, options: OmicsOptions) -> FeatureMatrix:
    return read_olink(path, findings, assay=assay, options=options.olink)


FORMATS: Final[dict[str, Callable[[Path, Findings, str, OmicsOptions], FeatureMatrix]]] = {
    "matrix": _matrix,
    "rsem": lambda path, findings, assay, _: read_rsem(path, findings, assay=assay),
    "htseq": lambda path, findings, assay, _: read_htseq(path, findings, assay=assay),
    "featurecounts": lambda path, findings, assay, _: read_feature_counts(path, findings, assay=assay),
    "olink": _olink,
    "adat": lambda path, findings, assay, _: read_adat(path, findings, assay=assay),
    "lcms": lambda path, findings, assay, _: read_lcms(path, findings, assay=assay),
}
"""Name of a format to its reader."""


def read_omics(
    path: Path, findings: Findings, *, assay: str = "omics", options: OmicsOptions | None = None
) -> FeatureMatrix:
    """
    Read expression, plasma proteins or metabolites.

    Parameters
    ----------
    path : Path
        A file, or a folder of RSEM or HTSeq files.
    findings : Findings
        Collects what is wrong with rows and samples.
    assay : str
        Name of the assay.
    options : OmicsOptions, optional
        Format and unit.

    Returns
    -------
    FeatureMatrix
        Samples by features.

    Raises
    ------
    DataError
        Where there is no such file, the format is unknown, or the content does not fit it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "counts.csv"
    ...     _ = file.write_text("gene,S1,S2\\nTP53,5,900\\nEGFR,0,12\\n")
    ...     read_omics(file, Findings())
    FeatureMatrix(2 samples x 2 features, counts, 100.0% usable; matrix)
    """
    options = options or OmicsOptions()
    if not path.exists():
        beside = [other.name for other in path.parent.glob("*")] if path.parent.is_dir() else []
        raise DataError(f"{path.name}: no such file or folder in {path.parent}.{suggest(path.name, beside)}")
    wanted = _recognise(path) if options.format == "auto" else options.format
    if wanted not in FORMATS:
        raise DataError(f"{path.name}: unknown format '{wanted}'.{suggest(wanted, ['auto', *FORMATS])}")
    return FORMATS[wanted](path, findings, assay, options)


def _recognise(path: Path) -> str:
    """Tell the format by the names of files and the header."""
    if path.is_dir():
        return "rsem" if any(".results" in other.name for other in path.iterdir()) else "htseq"
    kind = path.suffix.casefold()
    if kind == ".parquet":
        return "olink" if looks_like_olink(list(pl.read_parquet_schema(path))) else "matrix"
    if kind in (".csv", ".tsv", ".txt", ".consensus", ".adat"):
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            return _by_lines([stream.readline() for _ in range(20)])
    return "matrix"


def _by_lines(lines: list[str]) -> str:
    """Tell the format of a text by its first lines."""
    if lines[0].startswith(("^", "!AdatId")):
        return "adat"
    if any(line.startswith("#CONSENSUS") for line in lines):
        return "lcms"
    head = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    if head.startswith("Geneid\tChr\tStart"):
        return "featurecounts"
    headers = [[cell.strip().strip('"') for cell in head.split(delimiter)] for delimiter in (";", ",", "\t", "|")]
    if any(map(looks_like_olink, headers)):
        return "olink"
    return "lcms" if any(map(looks_like_lcms, headers)) else "matrix"
