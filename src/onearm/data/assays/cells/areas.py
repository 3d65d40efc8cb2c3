"""Areas of fields and tissues: inForm and HALO summaries, QuPath annotations, tables with named columns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import polars as pl

from onearm.data.assays.cells.finding_rules import CELL_RULES
from onearm.data.assays.cells.headers import clean_name, find_columns, name_key
from onearm.data.assays.cells.table import AREA_SCHEMA, CellOptions
from onearm.data.assays.cells.text import LargeText, open_large
from onearm.data.findings import Findings
from onearm.errors import DataError
from onearm.frames import conform

__all__ = ["read_areas"]

_WHOLE: Final = ("all", "any", "total")
"""What programs write where they mean the whole field."""
_PARTS: Final = ("nucleus", "cytoplasm", "membrane", "entire cell", "cell")
"""Whose area is that of a cell, not of a tissue."""
_SAME: Final = 0.001
"""By how much two statements of one area may differ."""
_TEXT: Final[dict[str, tuple[str, ...]]] = {
    "SAMPLE": ("sample", "sample id"),
    "SLIDE": ("slide id", "slide", "image", "image location", "image file name", "image tag", "deidentified sample"),
    "FIELD": ("sample name", "field", "analysis region", "tma core", "fov"),
    "TISSUE": ("tissue category", "tissue", "classification", "classifier label", "class", "compartment"),
}


def read_areas(path: Path, options: CellOptions | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """
    Read the areas that densities are divided by.

    Parameters
    ----------
    path : Path
        A ``cell_seg_data_summary`` of inForm, a summary of HALO, annotations of QuPath, or a table with a column
        ``area_mm2`` or ``area_um2`` beside ``slide``, ``field``, ``tissue``.
    options : CellOptions, optional
        ``um_per_pixel`` for areas in pixels; columns named by hand.

    Returns
    -------
    areas : polars.DataFrame
        One row per field and tissue, `AREA_SCHEMA`; a missing TISSUE is the whole field. An area of zero is missing.
    findings : polars.DataFrame
        Areas that are zero or missing, and areas that disagree with themselves.

    Raises
    ------
    DataError
        If the file has no column of areas, or areas are in pixels and no scale is given.
    """
    chosen = options or CellOptions()
    findings = Findings(rules=CELL_RULES)
    with open_large(path) as text:
        kinds = _area_columns(text, chosen, path.name)
        names = {column: found[0] for column, wanted in _TEXT.items() if (found := find_columns(text.header, *wanted))}
        names |= {
            key.upper(): text.header.index(name)
            for key, name in chosen.columns.items()
            if name in text.header and key.upper() in AREA_SCHEMA
        }
        whole = {**dict.fromkeys(names.values(), pl.String), **{place: pl.Float64 for place, _, _ in kinds}}
        raw = text.read(whole)
    parts = [_rows(raw, names, kind, path) for kind in kinds]
    stated = pl.concat(parts).unique(maintain_order=True)
    return _one_area_each(stated, findings, path.name), findings.frame()


def _area_columns(text: LargeText, options: CellOptions, name: str) -> list[tuple[int, float, str | None]]:
    """Find the columns of areas, what makes square millimetres of them, and the tissue that their name holds."""
    found: list[tuple[int, float, str | None]] = []
    for place, raw in enumerate(text.header):
        label = clean_name(raw)
        match = re.fullmatch(
            r"(?:(.*?) ?)?(?:Area Analyzed|Tissue Category Area|Area)\s*(?:\(?([a-z0-9 ]+)\)?)?", label, re.IGNORECASE
        )
        key = name_key(raw)
        if match is None and key not in ("area mm2", "area um2"):
            continue
        if match is not None and (match[1] or "").lower() in _PARTS:
            continue
        unit = key.rsplit("area", 1)[-1].replace("analyzed", "").strip()
        factor = _factor(unit, options, name)
        tissue = (match[1] if match else None) or None
        if factor is not None:
            found.append((place, factor, None if tissue in ("Tissue Category", "") else tissue))
    if not found:
        raise DataError(
            f"{name}: no column of areas was found. Fix: name one area_mm2 or area_um2; the file has "
            f"{', '.join(text.header[:8])}."
        )
    return found


def _factor(unit: str, options: CellOptions, name: str) -> float | None:
    """Say what makes square millimetres of a unit; None for a column that is no area (a percentage, say)."""
    if unit in ("mm2", "mm", "sq mm", "square mm"):
        return 1.0
    if unit in ("um2", "um", "m", "sq microns", "square microns", "sq um"):
        return 1e-6
    if unit in ("pixels", "px", "px2"):
        if options.um_per_pixel is None:
            raise DataError(
                f"{name}: areas are in pixels, and the file does not say how large a pixel is. Fix: give um_per_pixel."
            )
        return options.um_per_pixel**2 * 1e-6
    return None


def _rows(raw: pl.DataFrame, names: dict[str, int], kind: tuple[int, float, str | None], path: Path) -> pl.DataFrame:
    """Lay one column of areas out as rows of the area table."""
    place, factor, tissue = kind
    text = {column: pl.col(f"c{i}").str.strip_chars() for column, i in names.items()}
    field = re.sub(r"_cell_seg_data_summary\.txt(\.gz)?$", "", path.name)
    made = {"FIELD": pl.lit(field), "TISSUE": pl.lit(tissue, dtype=pl.String), **text}
    if tissue is not None:
        made["TISSUE"] = pl.lit(tissue)
    made["FIELD"] = made["FIELD"].str.replace(r"\.(im3|qptiff|tif|tiff)$", "")
    made["TISSUE"] = pl.when(made["TISSUE"].str.to_lowercase().is_in(list(_WHOLE))).then(None).otherwise(made["TISSUE"])
    if "FIELD" not in names and "SLIDE" in names:
        made["FIELD"] = pl.lit(None, dtype=pl.String)
    if "SLIDE" in made:
        made["SLIDE"] = made["SLIDE"].str.replace(r"^.*[\\/]", "")
    made["AREA_MM2"] = pl.col(f"c{place}") * factor
    return conform(raw.select(expr.alias(name) for name, expr in made.items()), AREA_SCHEMA)


def _one_area_each(stated: pl.DataFrame, findings: Findings, name: str) -> pl.DataFrame:
    """Give one area for each field and tissue; say where there is none, or where two statements differ."""
    key = [column for column in AREA_SCHEMA if column != "AREA_MM2"]
    usable = pl.col("AREA_MM2").is_finite() & (pl.col("AREA_MM2") > 0)
    grouped = stated.group_by(key, maintain_order=True).agg(
        pl.col("AREA_MM2").filter(usable).first().alias("AREA_MM2"),
        pl.col("AREA_MM2").filter(usable).max().alias("HIGH"),
        pl.col("AREA_MM2").filter(usable).min().alias("LOW"),
    )
    if lacking := grouped["AREA_MM2"].null_count():
        findings.add("CELL-AREA-ZERO", file=name, n=lacking)
    differ = grouped.filter(pl.col("HIGH") > pl.col("LOW") * (1 + _SAME))
    if differ.height:
        findings.add("CELL-AREA-DISAGREES", file=name, n=differ.height)
    clash = pl.col("HIGH") > pl.col("LOW") * (1 + _SAME)
    return grouped.with_columns(pl.when(clash).then(None).otherwise("AREA_MM2").alias("AREA_MM2")).drop("HIGH", "LOW")
