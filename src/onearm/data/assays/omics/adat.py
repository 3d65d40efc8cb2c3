"""SomaScan ADAT: a text file with a header, a block of analytes laid across, and a row of RFU for each sample."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from onearm.data.assays.omics.matrix import FEATURES, MATRIX_SAMPLES, FeatureMatrix, number_matrix
from onearm.data.findings import Findings
from onearm.errors import DataError
from onearm.frames import conform

__all__ = ["read_adat"]

_ROLES: Final = {"Sample": "sample", "QC": "qc", "Calibrator": "control", "Buffer": "blank", "QC_CHECK": "qc"}
_MARKS: Final = ("^HEADER", "^COL_DATA", "^ROW_DATA", "^TABLE_BEGIN")


def read_adat(path: Path, findings: Findings, *, assay: str = "omics") -> FeatureMatrix:
    """
    Read an ADAT file.

    Parameters
    ----------
    path : Path
        ``.adat``.
    findings : Findings
        Collects flagged samples and analytes, and samples that stand twice.
    assay : str
        Name of the assay.

    Returns
    -------
    FeatureMatrix
        In RFU. Features are SOMAmers by their SeqId; those against proteins that are not human, and those that control the
        hybridisation, have ROLE ``control``. QC plasma is ``qc``, calibrators ``control``, buffer ``blank``.

    Raises
    ------
    DataError
        Where the file is no ADAT, is truncated, or a cell of the table holds no number.

    References
    ----------
    .. [1] SomaLogic, SomaDataIO: ADAT file specification.
    """
    lines = [line.rstrip("\r").split("\t") for line in path.read_text(encoding="utf-8-sig").split("\n") if line.strip()]
    marks = {fields[0]: i for i, fields in enumerate(lines) if fields[0] in _MARKS}
    if "^TABLE_BEGIN" not in marks:
        raise DataError(f"{path.name}: is no ADAT file, or is truncated: the line ^TABLE_BEGIN is absent.")
    row_names = _declared(lines, marks.get("^ROW_DATA"))
    body = lines[marks["^TABLE_BEGIN"] + 1 :]
    head = next((i for i, fields in enumerate(body) if fields[0].strip()), None)
    if head is None or not head:
        raise DataError(f"{path.name}: the table has no rows of samples, or no block of analytes.")
    offset = next((j for j, cell in enumerate(body[0]) if cell.strip()), 0)
    width = len(body[head])
    if short := [i for i, fields in enumerate(body[head + 1 :], start=1) if len(fields) != width]:
        raise DataError(
            f"{path.name}, row {short[0]}: has not as many fields as its header; the file is truncated or damaged."
        )
    about = [name.strip() for name in body[head][:offset]]
    if missing := [name for name in ("SampleId", "SampleType") if name not in (about or row_names)]:
        raise DataError(f"{path.name}: column '{missing[0]}' is missing from the rows of samples.")
    samples = pl.DataFrame(
        {name: [fields[j].strip() or None for fields in body[head + 1 :]] for j, name in enumerate(about) if name},
        schema={name: pl.String for name in about if name},
    )
    features = _features(body[:head], offset, width)
    table = pl.DataFrame(
        {f"{row}": fields[offset + 1 :] for row, fields in enumerate(body[head + 1 :])},
        schema_overrides=None,
        strict=False,
    )
    values = number_matrix(table, table.columns, where=path.name).T.copy()
    matrix = FeatureMatrix(
        values, ~np.isnan(values), _samples(samples, findings, assay, path.name), features, "SomaScan ADAT"
    )
    _report(matrix, findings, assay, path.name)
    return matrix


def _declared(lines: list[list[str]], mark: int | None) -> list[str]:
    """Names that a block of the header declares."""
    return [] if mark is None or mark + 1 >= len(lines) else [cell for cell in lines[mark + 1][1:] if cell]


def _features(block: list[list[str]], offset: int, width: int) -> pl.DataFrame:
    """Turn the block that lies across into one row per analyte."""
    rows = {fields[offset].strip(): [*fields[offset + 1 :], *[""] * (width - len(fields))] for fields in block}
    n = width - offset - 1
    text = {name: [cell.strip() or None for cell in cells[:n]] for name, cells in rows.items() if name}
    known = pl.DataFrame(text, schema=dict.fromkeys(text, pl.String))
    for name in (
        "SeqId",
        "EntrezGeneSymbol",
        "TargetFullName",
        "Units",
        "Type",
        "Organism",
        "ColCheck",
        "UniProt",
        "Target",
    ):
        if name not in known.columns:
            known = known.with_columns(pl.lit(None, dtype=pl.String).alias(name))
    is_protein = (pl.col("Type").fill_null("Protein") == "Protein") & (pl.col("Organism").fill_null("Human") == "Human")
    named = known.with_columns(
        FEATURE="SeqId",
        SYMBOL=pl.col("EntrezGeneSymbol").str.split(" ").list.first(),
        NAME="TargetFullName",
        UNIT=pl.col("Units").fill_null("RFU"),
        ROLE=pl.when(is_protein).then(pl.lit("analyte")).otherwise(pl.lit("control")),
        QC=pl.col("ColCheck").replace_strict({"PASS": "PASS", "FLAG": "WARN"}, default=None),
        SRCROW=pl.int_range(1, n + 1, eager=False).cast(pl.Int64),
    )
    first = conform(named.select(list(FEATURES)), FEATURES)
    extra = named.select(TARGET="Target", UNIPROT="UniProt", GENES="EntrezGeneSymbol", ORGANISM="Organism", TYPE="Type")
    return pl.concat([first, extra], how="horizontal")


def _samples(found: pl.DataFrame, findings: Findings, assay: str, file: str) -> pl.DataFrame:
    names = found["SampleId"].fill_null("")
    again = pl.DataFrame({"S": names}).select(pl.int_range(pl.len()).over("S")).to_series()
    role = found["SampleType"].replace_strict(_ROLES, default="control", return_dtype=pl.String)
    for i in ((again > 0) & (role == "sample")).arg_true().to_list():
        findings.add("OMICS-SAMPLE-REPEATED", domain=assay, file=file, row=i + 1, sample=names[i])
    unique = [name if not k else f"{name} #{k + 1}" for name, k in zip(names, again, strict=True)]
    check = found["RowCheck"] if "RowCheck" in found.columns else pl.Series([None] * found.height, dtype=pl.String)
    plate = found["PlateId"] if "PlateId" in found.columns else pl.Series([None] * found.height, dtype=pl.String)
    own = pl.DataFrame(
        {
            "SAMPLE": unique,
            "ROLE": role,
            "PLATE": plate,
            "QC": check.replace_strict({"PASS": "PASS", "FLAG": "WARN"}, default=None, return_dtype=pl.String),
        }
    )
    extra = [
        name for name in ("SampleGroup", "TimePoint", "SiteId", "Subject_ID", "Age", "Sex") if name in found.columns
    ]
    return pl.concat(
        [conform(own, MATRIX_SAMPLES), found.select(pl.col(name).alias(name.upper()) for name in extra)],
        how="horizontal",
    )


def _report(matrix: FeatureMatrix, findings: Findings, assay: str, file: str) -> None:
    own = matrix.of_role()
    n = int((own.features["QC"] == "WARN").sum())
    if n:
        findings.add("OMICS-ANALYTE-FLAGGED", domain=assay, file=file, n=n)
    for i in (own.samples["QC"] == "WARN").arg_true().to_list():
        findings.add("OMICS-SAMPLE-FLAGGED", domain=assay, file=file, sample=own.samples["SAMPLE"][i])
