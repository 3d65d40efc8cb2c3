"""The score files of inForm: the thresholds that a reader set, for each field and marker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import polars as pl

from onearm.data.assays.cells.headers import COMPARTMENTS
from onearm.data.assays.cells.text import open_large
from onearm.errors import DataError

__all__ = ["THRESHOLD_SCHEMA", "read_scores"]

THRESHOLD_SCHEMA: Final[dict[str, Any]] = {
    "FIELD": pl.String,
    "MARKER": pl.String,
    "COMPARTMENT": pl.String,
    "THRESHOLD": pl.Float64,
}
"""One row per field and marker; a cell is positive above the threshold."""

_ORDER: Final = ("", "First ", "Second ", "Third ")


def read_scores(path: Path) -> pl.DataFrame:
    """
    Read the thresholds of a ``score_data`` file.

    Parameters
    ----------
    path : Path
        As inForm writes it; one or several markers.

    Returns
    -------
    polars.DataFrame
        `THRESHOLD_SCHEMA`.

    Raises
    ------
    DataError
        If the file names no marker with a threshold.
    """
    with open_large(path) as text:
        header, raw = text.header, text.read(dict.fromkeys(range(len(text.header)), pl.String))
    place = {name.strip(): i for i, name in enumerate(header)}
    rows: list[dict[str, Any]] = []
    for record in raw.rows():
        for order in _ORDER:
            at_part, at_stain = place.get(f"{order}Cell Compartment"), place.get(f"{order}Stain Component")
            if at_part is None or at_stain is None or record[at_stain] is None:
                continue
            stain = record[at_stain].strip()
            column = place.get(f"{stain} Threshold", place.get("Positivity Threshold"))
            if column is None or record[column] is None:
                continue
            rows.append(
                {
                    "FIELD": _field(path, record, place),
                    "MARKER": re.sub(r" \([^()]*\)$", "", stain),
                    "COMPARTMENT": COMPARTMENTS.get((record[at_part] or "").strip().lower(), "cell"),
                    "THRESHOLD": float(record[column].replace(",", ".")),
                }
            )
    if not rows:
        raise DataError(f"{path.name}: no marker with a threshold was found. Fix: give a score_data file of inForm.")
    return pl.DataFrame(rows, schema=THRESHOLD_SCHEMA).unique(maintain_order=True)


def _field(path: Path, record: tuple[Any, ...], place: dict[str, int]) -> str:
    """Name the field as the cell table does."""
    at = place.get("Sample Name")
    name = record[at] if at is not None and record[at] else path.name.removesuffix(".gz").replace("_score_data.txt", "")
    return re.sub(r"\.(im3|qptiff|tiff?)$", "", name)
