"""
Olink NPX: Target, Explore and Explore HT, as Parquet or CSV with one row per sample and protein.

Controls of samples and of the assay itself, the flags of both quality controls and the limit of detection are kept apart from
the proteins; the names of the columns changed from version to version, and all of them are known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data.assays.omics.matrix import FEATURES, MATRIX_SAMPLES, FeatureMatrix
from onearm.data.assays.omics.olink_lod import fixed_limits, negative_control_limits, place_limits
from onearm.data.findings import Findings
from onearm.data.read import read_table
from onearm.errors import DataError, suggest
from onearm.frames import conform

__all__ = ["COLUMNS", "OlinkOptions", "looks_like_olink", "read_olink"]

Floats = NDArray[np.float64]

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "SampleID": ("SampleID", "Sample_ID", "SampleName", "Sample"),
    "OlinkID": ("OlinkID", "Olink_ID", "OID"),
    "UniProt": ("UniProt", "Uniprot_ID", "UniProtID", "UniProt_ID"),
    "Assay": ("Assay", "AssayName", "Protein", "Gene"),
    "NPX": ("NPX", "NPX_value", "Quantified_value"),
    "PCNormalizedNPX": ("PCNormalizedNPX", "PC_Normalized_NPX"),
    "ExtNPX": ("ExtNPX", "Ext_NPX"),
    "Count": ("Count", "Counts"),
    "LOD": ("LOD", "Plate_LOD", "PlateLOD", "Max_LOD", "MaxLOD", "NCLOD", "FixedLOD"),
    "SampleQC": ("SampleQC", "Sample_QC", "QC_Warning", "QCWarning", "SampleBlockQC"),
    "AssayQC": ("AssayQC", "Assay_QC", "Assay_Warning", "AssayWarning", "AssayQCWarn"),
    "SampleType": ("SampleType", "Sample_Type"),
    "AssayType": ("AssayType", "Assay_Type"),
    "PlateID": ("PlateID", "Plate_ID", "Plate"),
    "WellID": ("WellID", "Well_ID", "Well"),
    "Panel": ("Panel", "PanelName"),
    "Block": ("Block", "BlockID"),
    "Normalization": ("Normalization", "Normalisation"),
    "DataAnalysisRefID": ("DataAnalysisRefID", "DAR_ID", "DataAnalysisReferenceID"),
    "MissingFreq": ("MissingFreq", "Missing_Freq"),
}
"""Column of Explore HT to all names that it has had; case, blanks and underscores do not matter."""
_NEEDED: Final = ("SampleID", "OlinkID", "Assay", "NPX")
_NUMBERS: Final = ("NPX", "PCNormalizedNPX", "ExtNPX", "Count", "LOD", "MissingFreq")
_ROLES: Final = {
    "SAMPLE": "sample", "SAMPLE_CONTROL": "qc", "CONTROL": "qc", "PLATE_CONTROL": "control", "CALIBRATOR": "control",
    "NEGATIVE_CONTROL": "blank", "NEGATIVE": "blank", "NC": "blank", "PC": "control", "SC": "qc", "IPC": "control",
}  # fmt: skip
_ASSAY_CONTROLS: Final = ("ext_ctrl", "inc_ctrl", "amp_ctrl", "control", "internal_control")
_VERDICTS: Final = {
    "pass": "PASS",
    "warn": "WARN",
    "warning": "WARN",
    "manual_warn": "WARN",
    "fail": "FAIL",
    "failed": "FAIL",
    "excluded": "FAIL",
    "exclude": "FAIL",
}


@dataclass(frozen=True)
class OlinkOptions:
    """
    How NPX are to be taken.

    Parameters
    ----------
    limit : str
        ``auto``: the column LOD where there is one, else the negative controls where there are ten; ``column``;
        ``negative_controls``; ``none``; or the path of Olink's file of fixed limits.
    warned : {"keep", "drop"}
        Whether values with a warning of the sample's or assay's quality control may be analysed. A failed control never may.
    """

    limit: str | Path = "auto"
    warned: Literal["keep", "drop"] = "keep"


def looks_like_olink(columns: list[str]) -> bool:
    """
    Tell whether a table is an NPX file by its columns.

    Parameters
    ----------
    columns : list of str
        Header.

    Returns
    -------
    bool
        Whether the four columns that it needs are there, under any of their names.
    """
    return set(_NEEDED) <= set(_renames(columns).values())


def _renames(columns: list[str]) -> dict[str, str]:
    plain = {re.sub(r"[\s_.]", "", column).casefold(): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for name, synonyms in COLUMNS.items():
        known = next((plain[key] for word in synonyms if (key := word.replace("_", "").casefold()) in plain), None)
        if known is not None and known not in found:
            found[known] = name
    return found


def read_olink(
    path: Path, findings: Findings, *, assay: str = "omics", options: OlinkOptions | None = None
) -> FeatureMatrix:
    """
    Read an NPX file.

    Parameters
    ----------
    path : Path
        ``.parquet``, or delimited text with comma or semicolon.
    findings : Findings
        Collects failed and warned quality controls, repeated samples, and what could not be placed.
    assay : str
        Name of the assay.
    options : OlinkOptions, optional
        Limits of detection, and what a warning means.

    Returns
    -------
    FeatureMatrix
        In NPX (log2). Features are named by their assay, with the Olink identifier behind it where a protein is measured by
        several; assay controls have ROLE ``control``. Sample controls are ``qc``, plate controls ``control``, negative
        controls ``blank``.

    Raises
    ------
    DataError
        Where needed columns are absent, or an option cannot be met.
    """
    options = options or OlinkOptions()
    table = _columns(read_table(path), path.name)
    table = _identify(table, path.name, findings, assay)
    samples, features = _samples(table), _features(table)
    place = _Place(table, samples, features)
    values = place.spread("NPX")
    failed = place.spread_flag((pl.col("SampleQC") == "FAIL") | (pl.col("AssayQC") == "FAIL"))
    warned = place.spread_flag((pl.col("SampleQC") == "WARN") | (pl.col("AssayQC") == "WARN"))
    is_valid = ~np.isnan(values) & ~failed
    if options.warned == "drop":
        is_valid &= ~warned
    limit, how = _limits(table, options, path.name)
    matrix = FeatureMatrix(
        values, is_valid, samples.drop("KEY"), features, _product(table),
        None if limit is None else place.spread_column(limit),
    )  # fmt: skip
    _report(matrix, failed, warned, findings, (assay, path.name, options.warned, how))
    return matrix


def _columns(typed: pl.DataFrame, file: str) -> pl.DataFrame:
    """Give the columns the names of Explore HT; numbers are numbers, verdicts are words."""
    renames = _renames(typed.columns)
    if lost := [name for name in _NEEDED if name not in renames.values()]:
        raise DataError(
            *(
                f"{file}: column '{name}' is missing.{suggest(name, typed.columns)} Fix: export NPX in long format."
                for name in lost
            )
        )
    table = typed.rename(renames).select(list(renames.values())).with_row_index("SRCROW", offset=1)
    for name in (name for name in COLUMNS if name not in table.columns):
        table = table.with_columns(pl.lit(None, dtype=pl.Float64 if name in _NUMBERS else pl.String).alias(name))
    numbers = []
    for name in _NUMBERS:
        column = pl.col(name)
        if table[name].dtype == pl.String:
            column = column.str.strip_chars().str.replace(",", ".", literal=True)
        numbers.append(column.cast(pl.Float64, strict=False).fill_nan(None))
    texts = [pl.col(name).cast(pl.String).str.strip_chars() for name in COLUMNS if name not in _NUMBERS]
    unreadable = [
        name for name, number in zip(_NUMBERS, table.select(numbers).iter_columns(), strict=True)
        if name == "NPX" and number.null_count() == table.height
    ]  # fmt: skip
    if unreadable:
        raise DataError(f"{file}: no value in the column NPX is a number.")
    verdict = pl.col("SampleQC", "AssayQC").str.to_lowercase().replace_strict(_VERDICTS, default=None)
    return table.select("SRCROW", *numbers, *texts).with_columns(verdict)


def _identify(table: pl.DataFrame, file: str, findings: Findings, assay: str) -> pl.DataFrame:
    """Give every row its sample, the role of the sample, and whether the protein is a control of the assay."""
    identifier = pl.col("SampleID").str.to_uppercase()
    by_name = (
        pl.when(identifier.str.contains(r"^(NEG|NC)[_ -]?(CTRL|CONTROL)?|NEGATIVE")).then(pl.lit("blank"))
        .when(identifier.str.contains(r"PLATE[_ -]?C|^IPC|^PC[_ -]?\d")).then(pl.lit("control"))
        .when(identifier.str.contains(r"^CONTROL|SAMPLE[_ -]?CONTROL|^SC[_ -]?\d|^CS[_ -]?\d")).then(pl.lit("qc"))
        .otherwise(pl.lit("sample"))
    )  # fmt: skip
    stated = pl.col("SampleType").str.to_uppercase().str.replace_all(r"[ -]", "_").replace_strict(_ROLES, default=None)
    control = pl.col("AssayType").str.to_lowercase().is_in(_ASSAY_CONTROLS)
    named = (
        pl.col("Assay")
        .str.to_lowercase()
        .str.contains(r"(incubation|extension|amplification|inc|ext|amp|det)[ _]*(control|ctrl)")
    )
    table = table.with_columns(
        ROLE=pl.coalesce(stated, by_name),
        IS_CONTROL=pl.when(pl.col("AssayType").is_not_null()).then(control).otherwise(named),
    ).filter(pl.col("SampleID").is_not_null() & pl.col("OlinkID").is_not_null())
    # a control stands on every plate under one name: each well is a sample of its own
    well = pl.concat_str(
        [pl.col("SampleID"), pl.col("PlateID").fill_null(""), pl.col("WellID").fill_null("")], separator="|"
    )
    table = table.with_columns(KEY=pl.when(pl.col("ROLE") == "sample").then("SampleID").otherwise(well))
    again = pl.int_range(pl.len()).over("KEY", "OlinkID")
    table = table.with_columns(AGAIN=again)
    repeated = table.filter((pl.col("AGAIN") > 0) & (pl.col("ROLE") == "sample"))
    for (name,), rows in repeated.group_by("SampleID", maintain_order=True):
        findings.add("OMICS-SAMPLE-REPEATED", domain=assay, file=file, row=int(rows["SRCROW"][0]), sample=name)
    key = pl.when(pl.col("AGAIN") > 0).then(pl.format("{} #{}", "KEY", pl.col("AGAIN") + 1)).otherwise("KEY")
    return table.with_columns(KEY=key)


def _samples(table: pl.DataFrame) -> pl.DataFrame:
    worst = pl.col("SampleQC").replace_strict({"PASS": 0, "WARN": 1, "FAIL": 2}, default=None).max()
    found = table.group_by("KEY", maintain_order=True).agg(
        SAMPLE=pl.col("SampleID").first(),
        ROLE=pl.col("ROLE").first(),
        PLATE=pl.col("PlateID").drop_nulls().first(),
        WELL=pl.col("WellID").drop_nulls().first(),
        NORMALISATION=pl.col("Normalization").drop_nulls().first(),
        WORST=worst,
    )
    qc = pl.col("WORST").replace_strict({0: "PASS", 1: "WARN", 2: "FAIL"}, default=None, return_dtype=pl.String)
    again = pl.col("KEY").str.extract(r"( #\d+)$").fill_null("")
    found = found.with_columns(
        QC=qc, SAMPLE=pl.when(pl.col("ROLE") == "sample").then(pl.col("SAMPLE") + again).otherwise("KEY")
    )
    first = conform(found.select([name for name in MATRIX_SAMPLES if name in found.columns]), MATRIX_SAMPLES)
    return pl.concat([first, found.select("WELL", "NORMALISATION", "KEY")], how="horizontal")


def _features(table: pl.DataFrame) -> pl.DataFrame:
    worst = pl.col("AssayQC").replace_strict({"PASS": 0, "WARN": 1, "FAIL": 2}, default=None).max()
    found = table.group_by("OlinkID", maintain_order=True).agg(
        pl.col("Assay").first(), pl.col("UniProt").first(), pl.col("Panel").first(), pl.col("Block").first(),
        pl.col("IS_CONTROL").first(), pl.col("MissingFreq").first(), SRCROW=pl.col("SRCROW").min().cast(pl.Int64), WORST=worst,
    )  # fmt: skip
    alone = pl.len().over("Assay") == 1
    found = found.with_columns(
        FEATURE=pl.when(alone & pl.col("Assay").is_not_null())
        .then("Assay")
        .otherwise(pl.format("{} ({})", pl.col("Assay").fill_null("?"), "OlinkID")),
        SYMBOL=pl.when(~pl.col("IS_CONTROL")).then("Assay"),
        UNIT=pl.lit("NPX"),
        ROLE=pl.when(pl.col("IS_CONTROL")).then(pl.lit("control")).otherwise(pl.lit("analyte")),
        QC=pl.col("WORST").replace_strict({0: "PASS", 1: "WARN", 2: "FAIL"}, default=None, return_dtype=pl.String),
    )
    first = conform(found.select([name for name in FEATURES if name in found.columns]), FEATURES)
    extra = found.select(OLINKID="OlinkID", UNIPROT="UniProt", PANEL="Panel", BLOCK="Block")
    return pl.concat([first, extra], how="horizontal")


class _Place:
    """Where each row of the file stands in the matrix."""

    def __init__(self, table: pl.DataFrame, samples: pl.DataFrame, features: pl.DataFrame) -> None:
        self.table = table
        self.shape = (samples.height, features.height)
        rows = {key: i for i, key in enumerate(samples["KEY"])}
        columns = {key: i for i, key in enumerate(features["OLINKID"])}
        self.row = table["KEY"].replace_strict(rows, return_dtype=pl.Int64).to_numpy()
        self.column = table["OlinkID"].replace_strict(columns, return_dtype=pl.Int64).to_numpy()

    def spread_column(self, column: pl.Series) -> Floats:
        """Put a column into the matrix."""
        matrix = np.full(self.shape, np.nan)
        matrix[self.row, self.column] = column.fill_null(float("nan")).to_numpy()
        return matrix

    def spread(self, name: str) -> Floats:
        """Put a column of the file into the matrix."""
        return self.spread_column(self.table[name])

    def spread_flag(self, flag: pl.Expr) -> NDArray[np.bool_]:
        """Put a condition into the matrix."""
        return np.asarray(
            self.spread_column(self.table.select(flag.fill_null(value=False).cast(pl.Float64)).to_series()) == 1
        )


def _limits(table: pl.DataFrame, options: OlinkOptions, file: str) -> tuple[pl.Series | None, str]:
    """Limit of detection of each row, and where it comes from."""
    wanted = str(options.limit)
    has_column = table["LOD"].null_count() < table.height
    if wanted == "none" or (wanted == "column" and not has_column):
        if wanted == "column":
            raise DataError(
                f"{file}: the limit of detection is to be read from the column LOD, which is absent or empty."
            )
        return None, "none"
    if wanted == "column" or (wanted == "auto" and has_column):
        return table["LOD"], "column"
    if wanted in ("auto", "negative_controls"):
        limits = negative_control_limits(table, file, is_required=wanted != "auto")
        return (None, "none") if limits is None else (place_limits(table, limits), "negative controls")
    return place_limits(table, fixed_limits(Path(wanted), table)), "fixed"


def _product(table: pl.DataFrame) -> str:
    has_counts = table["Count"].null_count() < table.height
    panels = table["Panel"].drop_nulls().str.to_uppercase()
    if has_counts and (panels.str.contains("HT").any() or table["DataAnalysisRefID"].null_count() < table.height):
        return "Olink Explore HT"
    return "Olink Explore" if panels.n_unique() > 1 or has_counts else "Olink"


def _report(
    matrix: FeatureMatrix,
    failed: NDArray[np.bool_],
    warned: NDArray[np.bool_],
    findings: Findings,
    about: tuple[str, str, str, str],
) -> None:
    assay, file, what, how = about
    rows = (matrix.samples["ROLE"] == "sample").to_numpy()
    columns = (matrix.features["ROLE"] == "analyte").to_numpy()
    own_failed, own_warned = failed[np.ix_(rows, columns)], warned[np.ix_(rows, columns)]
    for i in np.flatnonzero(failed[:, columns].any(axis=1) & rows):
        n = int(failed[i, columns].sum())
        findings.add("OMICS-QC-FAILED", domain=assay, file=file, sample=matrix.samples["SAMPLE"][int(i)], n=n)
    only_warned = own_warned & ~own_failed
    if only_warned.any():
        findings.add(
            "OMICS-QC-WARNED",
            domain=assay,
            file=file,
            n=int(only_warned.sum()),
            samples=int(only_warned.any(axis=1).sum()),
            done="left out" if what == "drop" else "kept",
        )
    if how == "none":
        findings.add("OMICS-LIMIT-UNKNOWN", domain=assay, file=file)
