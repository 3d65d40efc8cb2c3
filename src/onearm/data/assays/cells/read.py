"""Read one cell table, whatever program wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from onearm.data.assays.cells.finding_rules import CELL_RULES
from onearm.data.assays.cells.layouts import Layout, find_layout
from onearm.data.assays.cells.table import AREA_SCHEMA, CELL_COLUMNS, CellOptions, CellTable
from onearm.data.assays.cells.text import LargeText, open_large
from onearm.data.assays.cells.units import check_scale
from onearm.data.findings import Findings, concat_findings
from onearm.errors import DataError
from onearm.frames import empty

__all__ = ["read_cells", "read_many_cells"]

_CHECKED: Final = 20_000
"""Cells whose areas are looked at for the scale."""
_CORNER: Final = re.compile(r"_?\[\d+,\d+\]")
"""The place of a field on its slide, which inForm writes into the name of the field."""


def read_cells(path: Path, options: CellOptions | None = None) -> CellTable:
    """
    Read a table with one row per cell.

    Parameters
    ----------
    path : Path
        Delimited text, plain or gzipped.
    options : CellOptions, optional
        How to read it; everything is recognised by the header without it.

    Returns
    -------
    CellTable
        Positions in microns, intensities and calls, findings.

    Raises
    ------
    DataError
        If the file cannot be used: no columns of x and y, positions in pixels without a scale, text among numbers.
    """
    chosen = options or CellOptions()
    findings = Findings(rules=CELL_RULES)
    with open_large(path) as text:
        layout = find_layout(text.header, chosen, where=path.name)
        types = _types(text, layout)
        scale = _scale(text.read(types, rows=_CHECKED), layout, chosen, (findings, path.name))
        cells = text.read(types, _columns(layout, chosen, scale or 1.0, _field_of(path)))
    return CellTable(_checked(cells, findings, path.name), empty(AREA_SCHEMA), findings.frame(), layout.software, scale)


def read_many_cells(paths: Sequence[Path], options: CellOptions | None = None) -> CellTable:
    """
    Read several cell tables of one export into one.

    Parameters
    ----------
    paths : sequence of Path
        At least one file, all of one program.
    options : CellOptions, optional
        As in `read_cells`.

    Returns
    -------
    CellTable
        The cells of all files; an intensity that a file lacks is missing there.

    Raises
    ------
    DataError
        With the problems of all files at once.
    """
    tables: list[CellTable] = []
    problems: list[str] = []
    for path in paths:
        try:
            tables.append(read_cells(path, options))
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(*problems)
    findings = Findings(rules=CELL_RULES)
    cells = pl.concat([table.cells for table in tables], how="diagonal", rechunk=False)
    if len(tables) > 1:
        cells = _without_repeats(cells, findings, "all files")
    return CellTable(
        cells,
        empty(AREA_SCHEMA),
        concat_findings([*(table.findings for table in tables), findings.frame()]),
        tables[0].software,
        tables[0].um_per_pixel,
    )


def _types(text: LargeText, layout: Layout) -> dict[int, Any]:
    """Say which columns are read, and as what."""
    numbers = [*layout.x, *layout.y, *layout.measures.values(), *([] if layout.area is None else [layout.area])]
    types: dict[int, Any] = dict.fromkeys(layout.text.values(), pl.String)
    calls = pl.String if layout.software == "inform" else pl.Float64
    types.update(dict.fromkeys(layout.calls.values(), calls))
    types.update(dict.fromkeys(numbers, pl.Float64))
    return {place: types[place] for place in sorted(types) if place < len(text.header)}


def _scale(raw: pl.DataFrame, layout: Layout, options: CellOptions, report: tuple[Findings, str]) -> float | None:
    """Find the microns per pixel: stated, detected from areas, or not needed; say what cannot be true."""
    findings, name = report
    if layout.unit == "um":
        return None
    areas = raw[f"c{layout.area}"].to_numpy() if layout.area is not None else np.empty(0)
    if layout.software == "halo":
        boxes = [np.ptp(raw.select(f"c{i}" for i in pair).to_numpy(), axis=1) for pair in (layout.x, layout.y)]
        check = check_scale(areas, (boxes[0], boxes[1]), options.um_per_pixel)
        if check.problem:
            findings.add("CELL-SCALE-DISAGREES", file=name, what=check.problem)
        elif options.um_per_pixel is None and check.um_per_pixel is not None:
            findings.add("CELL-SCALE-DETECTED", file=name, scale=f"{check.um_per_pixel:.4g}")
            return check.um_per_pixel
    if options.um_per_pixel is not None:
        return options.um_per_pixel
    if layout.unit == "px":
        raise DataError(
            f"{name}: positions are in pixels, and the file does not say how large a pixel is. Fix: give um_per_pixel, "
            "such as 0.496 for a Vectra at 20 x; the scanner's metadata has it."
        )
    raise DataError(
        f"{name}: the header does not say whether positions are in pixels or microns. Fix: give um_per_pixel; 1 for microns."
    )


def _columns(layout: Layout, options: CellOptions, scale: float, field: str) -> list[pl.Expr]:
    """Say how the columns of the file become those of a cell table."""
    text = {name: pl.col(f"c{place}").str.strip_chars() for name, place in layout.text.items()}
    made = {
        **dict.fromkeys(("SAMPLE", "SLIDE", "FIELD", "CELL", "TISSUE", "PHENOTYPE"), pl.lit(None, dtype=pl.String)),
        **text,
        "X_UM": pl.mean_horizontal(f"c{i}" for i in layout.x) * scale,
        "Y_UM": pl.mean_horizontal(f"c{i}" for i in layout.y) * scale,
    }
    made["FIELD"] = pl.coalesce(made["FIELD"].str.replace(r"\.(im3|qptiff|tif|tiff)$", ""), pl.lit(field))
    made["SLIDE"] = pl.coalesce(
        made["SLIDE"].str.replace(r"^.*[\\/]", ""), made["FIELD"].str.replace(_CORNER.pattern, "")
    )
    if layout.software == "qupath":
        made["TISSUE"] = made["TISSUE"].str.replace(r"^Root object.*$", "").replace("", None)
        if options.blank_class_is_negative:
            made["PHENOTYPE"] = made["PHENOTYPE"].fill_null("")
    call = _inform_call if layout.software == "inform" else _number_call
    return [
        *(made[name].cast(dtype).alias(name) for name, dtype in CELL_COLUMNS.items()),
        *(pl.col(f"c{place}").alias(one.column) for one, place in layout.measures.items()),
        *(call(pl.col(f"c{place}")).alias(f"{marker}|call") for marker, place in layout.calls.items()),
    ]


def _inform_call(text: pl.Expr) -> pl.Expr:
    """Read ``CD8+`` and ``CD8-``; an empty phenotype is missing."""
    sign = text.str.strip_chars().str.slice(-1)
    return pl.when(sign == "+").then(statement=True).when(sign == "-").then(statement=False)


def _number_call(number: pl.Expr) -> pl.Expr:
    return number > 0


def _field_of(path: Path) -> str:
    """Name a field after its file."""
    name = path.name.removesuffix(".gz")
    return re.sub(r"(_cell_seg_data)?(\.ome)?(\.tiff?)?\.(txt|csv|tsv)$", "", name)


def _checked(cells: pl.DataFrame, findings: Findings, name: str) -> pl.DataFrame:
    """Leave out cells without position and repeats; say where cells coincide."""
    if not cells.height:
        findings.add("CELL-NONE", file=name)
        return cells
    placed = cells.filter(pl.col("X_UM").is_finite() & pl.col("Y_UM").is_finite())
    if placed.height < cells.height:
        findings.add("CELL-POSITION-MISSING", file=name, n=cells.height - placed.height)
    # only cells that share a position can be the same; a hash of it takes an eighth of the memory of the cell
    shared = placed.select((pl.col("X_UM").hash(0) ^ pl.col("Y_UM").hash(1)).is_duplicated()).to_series()
    if not shared.any():
        return placed
    numbered = placed.with_row_index("ORDER")
    among = numbered.filter(shared)
    kept = _without_repeats(among, findings, name)
    spots = kept.select(pl.struct("SLIDE", "FIELD", "X_UM", "Y_UM").n_unique()).item()
    if spots < kept.height:
        findings.add("CELL-COINCIDENT", file=name, n=kept.height - spots)
    gone = among.join(kept, on="ORDER", how="anti")
    return numbered.join(gone, on="ORDER", how="anti", maintain_order="left").drop("ORDER") if gone.height else placed


def _without_repeats(cells: pl.DataFrame, findings: Findings, name: str) -> pl.DataFrame:
    """Keep one of each cell that stands more than once with the same identifier and position in the same field."""
    key = ["SLIDE", "FIELD", "CELL", "X_UM", "Y_UM"]
    if cells["CELL"].null_count():
        return cells
    first = cells.select(pl.struct(key).is_first_distinct()).to_series()
    if not first.all():
        findings.add("CELL-DUPLICATED", file=name, n=int((~first).sum()))
        return cells.filter(first)
    return cells
