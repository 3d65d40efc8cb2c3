"""LC-MS feature tables of XCMS, MZmine and OpenMS."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data.assays.omics.matrix import FEATURES, MATRIX_SAMPLES, FeatureMatrix, number_matrix
from onearm.data.findings import Findings
from onearm.data.read import read_table
from onearm.errors import DataError
from onearm.frames import conform

__all__ = ["looks_like_lcms", "read_lcms"]

Floats = NDArray[np.float64]

_MZ: Final = ("mz", "mzmed", "row m/z", "m/z", "mz_cf", "mass over charge")
_RT: Final = ("rt", "rtmed", "row retention time", "retention time", "rt_cf", "row retention time (min)")
_ABOUT: Final = frozenset(
    (
        "", "id", "name", "feature", "featureid", "row id", "mzmin", "mzmax", "rtmin", "rtmax", "npeaks", "peakidx",
        "ms_level", "isotopes", "adduct", "pcgroup", "charge", "quality", "width", "sequence",
        "row number of detected peaks", "row identity (main id)", "row comment", "correlation group id",
        "annotation network number", "best ion", "fold", "tstat", "pvalue", "anova", "maxint", "metlin", "x",
        "fragment_scans", "height", "area", "intensity_cf", "charge_cf", "width_cf", "quality_cf", "ion_mobility",
        "ccs", "feature_group", "polarity",
    )
)  # fmt: skip
"""Columns that describe a feature; those with a colon do too."""
_MZMINE: Final = re.compile(
    r"^(?:datafile:)?(?P<name>.+?\.(?:mzml|mzxml|raw|d|cdf|wiff|mzdata))(?:[ :](?:peak )?(?P<what>area|height|intensity))?$",
    re.IGNORECASE,
)
_DATA_FILE: Final = re.compile(r"\.(mzml|mzxml|raw|d|cdf|wiff|mzdata|featurexml)$", re.IGNORECASE)
_ROLES: Final = (
    ("blank", re.compile(r"(^|[^a-z])(blank|blk|solvent)", re.IGNORECASE)),
    ("qc", re.compile(r"(^|[^a-z])(qc|pool)", re.IGNORECASE)),
)
_MINUTES_BELOW: Final = 120.0
"""A run whose last feature elutes before this is in minutes: one of two minutes has no more than a handful of features."""


def looks_like_lcms(columns: list[str]) -> bool:
    """
    Tell whether a table holds LC-MS features.

    Parameters
    ----------
    columns : list of str
        Header.

    Returns
    -------
    bool
        Whether there is a mass over charge and a retention time.
    """
    low = {column.casefold().strip() for column in columns}
    return bool(low & set(_MZ)) and bool(low & set(_RT))


def read_lcms(path: Path, findings: Findings, *, assay: str = "omics") -> FeatureMatrix:
    """
    Read a table of LC-MS features.

    Parameters
    ----------
    path : Path
        XCMS (feature definitions beside values, or a diffreport), MZmine 2 to 4 (its CSV exports), or OpenMS
        (TextExporter of a consensus map, or a data frame of one).
    findings : Findings
        Collects rows without a value.
    assay : str
        Name of the assay.

    Returns
    -------
    FeatureMatrix
        Intensities, areas before heights; zero and empty are not detected. Features are named by m/z and seconds, which
        also stand in the columns MZ and RT. Samples whose names speak of blanks, QC or pools have that role.

    Raises
    ------
    DataError
        Where m/z, retention time or samples are absent, or a cell holds no number.
    """
    head = (
        path.read_bytes()[:20_000].decode("utf-8", errors="replace")
        if path.suffix.lower() in (".csv", ".tsv", ".txt", ".consensus")
        else ""
    )
    if "#CONSENSUS" in head:
        return _matrix(*_openms(path), "OpenMS", findings, (assay, path.name))
    table = read_table(path)
    low = {column.casefold().strip(): column for column in reversed(table.columns)}
    mz, rt = (next((low[name] for name in names if name in low), None) for names in (_MZ, _RT))
    if mz is None or rt is None:
        raise DataError(
            f"{path.name}: no column of {'m/z' if mz is None else 'retention times'}; it is no table of LC-MS features."
        )
    columns, source = _sample_columns(table, {mz, rt}, path.name)
    values = number_matrix(table, list(columns.values()), where=path.name)
    place = number_matrix(table, [mz, rt], where=path.name)
    is_minutes = source.startswith("MZmine") or float(np.nanmax(place[:, 1])) < _MINUTES_BELOW
    about = pl.DataFrame({"MZ": place[:, 0], "RT": place[:, 1] * (60 if is_minutes else 1)})
    return _matrix(about, list(columns), values, source, findings, (assay, path.name))


def _sample_columns(table: pl.DataFrame, place: set[str], file: str) -> tuple[dict[str, str], str]:
    """Name of each sample to its column, and the program."""
    named = {column: _MZMINE.match(column.strip()) for column in table.columns}
    kinds: dict[str, dict[str, str]] = {}
    for column, match in named.items():
        if match is not None:
            kinds.setdefault((match["what"] or "").casefold(), {})[_bare(match["name"])] = column
    for what in ("area", "height", "intensity"):
        if what in kinds:
            return kinds[what], "MZmine"
    rest = [
        c for c in table.columns
        if c not in place and c.casefold().strip() not in _ABOUT and ":" not in c and not c.startswith("COLUMN_")
    ]  # fmt: skip
    numeric = [c for c in rest if table[c].dtype != pl.String or _is_numeric(table[c])]
    if not numeric:
        raise DataError(f"{file}: no column holds the intensities of a sample.")
    program = "OpenMS" if "quality" in {c.casefold() for c in table.columns} else "XCMS"
    return {_bare(c): c for c in numeric}, program


def _is_numeric(values: pl.Series) -> bool:
    known = values.drop_nulls().str.strip_chars()
    known = known.filter(~known.str.to_lowercase().is_in(["", "na", "nan"]))
    return known.cast(pl.Float64, strict=False).null_count() <= known.len() / 2


def _bare(name: str) -> str:
    return _DATA_FILE.sub("", name.strip().replace("\\", "/").rsplit("/", 1)[-1])


def _openms(path: Path) -> tuple[pl.DataFrame, list[str], Floats]:
    """Consensus features as the TextExporter writes them: rows marked by their first field."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    head = next(line for line in lines if line.startswith("#CONSENSUS"))
    parted = "\t" if "\t" in head else ("," if "," in head else " ")
    names = head.lstrip("#").split(parted)
    rows = [line.split(parted) for line in lines if line.startswith("CONSENSUS" + parted)]
    if not rows or any(len(row) != len(names) for row in rows):
        raise DataError(f"{path.name}: has no consensus features, or rows that do not fit their header.")
    table = pl.DataFrame(rows, schema=names, orient="row", schema_overrides=dict.fromkeys(names, pl.String))
    files = {
        row[1]: _bare(row[2])
        for line in lines
        if line.startswith("MAP" + parted) and len(row := line.split(parted)) > 2
    }
    columns = [name for name in names if re.fullmatch(r"intensity_\d+", name)]
    samples = [files.get(name.rsplit("_", 1)[1], f"map_{name.rsplit('_', 1)[1]}") for name in columns]
    if not columns:
        raise DataError(f"{path.name}: no column holds the intensities of a map.")
    place = number_matrix(table, ["mz_cf", "rt_cf"], where=path.name)
    return pl.DataFrame({"MZ": place[:, 0], "RT": place[:, 1]}), samples, number_matrix(table, columns, where=path.name)


def _matrix(
    about: pl.DataFrame, samples: list[str], values: Floats, source: str, findings: Findings, place: tuple[str, str]
) -> FeatureMatrix:
    assay, file = place
    detected = np.where(values > 0, values, np.nan)
    kept = (~np.isnan(detected)).any(axis=1)
    if (~kept).any():
        findings.add("OMICS-FEATURES-EMPTY", domain=assay, file=file, n=int((~kept).sum()))
    base = pl.format("M{}T{}", pl.col("MZ").round(4), pl.col("RT").round(0).cast(pl.Int64))
    named = about.with_row_index("SRCROW", offset=1).filter(pl.Series(kept)).with_columns(FEATURE=base)
    again = pl.int_range(pl.len()).over("FEATURE")
    named = named.with_columns(
        FEATURE=pl.when(again > 0).then(pl.format("{}_{}", "FEATURE", again + 1)).otherwise("FEATURE"),
        UNIT=pl.lit("intensity"), ROLE=pl.lit("analyte"),
    )  # fmt: skip
    first = conform(named.select([name for name in FEATURES if name in named.columns]), FEATURES)
    features = pl.concat([first, named.select("MZ", "RT")], how="horizontal")
    roles = [next((role for role, pattern in _ROLES if pattern.search(name)), "sample") for name in samples]
    sheet = conform(pl.DataFrame({"SAMPLE": samples, "ROLE": roles}), MATRIX_SAMPLES)
    numbers = detected[kept].T.copy()
    return FeatureMatrix(numbers, ~np.isnan(numbers), sheet, features, source)
