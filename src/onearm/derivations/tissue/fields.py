"""The cells of one assay, laid out for measuring: fields as codes, positions as arrays, phenotypes as masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.stats.windows import Window

__all__ = ["Fields", "lay_out", "tissue_word"]

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fields:
    """
    Cells by field.

    Attributes
    ----------
    frame : polars.DataFrame
        One row per field: ``CODE SAMPLE SLIDE FIELD``.
    code : ndarray of int, shape (n_cells,)
        The field of each cell.
    xy : ndarray of float, shape (n_cells, 2)
        Positions in microns.
    tissue : polars.Series
        The tissue of each cell, in the words of the measures.
    areas : mapping of str to ndarray of float, shape (n_fields,)
        Area in square millimetres by tissue, ``""`` for the whole field; NaN where it is not known.
    phenotypes : mapping of str to tuple of two ndarray of bool
        By text: which cells are of the phenotype, and of which that is known.
    windows : list of Window
        Of each field.
    cells : polars.DataFrame
        The cell table, in the same order.
    """

    frame: pl.DataFrame
    code: NDArray[np.int64]
    xy: Floats
    tissue: pl.Series
    areas: Mapping[str, Floats]
    phenotypes: Mapping[str, tuple[Mask, Mask]]
    windows: list[Window]
    cells: pl.DataFrame

    @property
    def n(self) -> int:
        """Number of fields."""
        return self.frame.height

    def count(self, chosen: Mask) -> NDArray[np.int64]:
        """
        Count cells by field.

        Parameters
        ----------
        chosen : ndarray of bool, shape (n_cells,)
            Cells that count.

        Returns
        -------
        ndarray of int, shape (n_fields,)
            0 where a field has none.
        """
        return np.bincount(self.code[chosen], minlength=self.n)

    def within(self, tissue: str) -> Mask:
        """
        Select the cells of a tissue.

        Parameters
        ----------
        tissue : str
            In the words of the measures; empty for all.

        Returns
        -------
        ndarray of bool, shape (n_cells,)
            False where the tissue of a cell is not known.
        """
        if not tissue:
            return np.ones(self.code.size, dtype=bool)
        return (self.tissue == tissue_word(tissue)).fill_null(value=False).to_numpy()


def tissue_word(word: str) -> str:
    """
    Write the name of a tissue in one way.

    Parameters
    ----------
    word : str
        As it stands in a file or a measure.

    Returns
    -------
    str
        Lower case; ``tumor`` is ``tumour``.

    Examples
    --------
    >>> tissue_word("Tumor"), tissue_word("STROMA")
    ('tumour', 'stroma')
    """
    lower = word.strip().lower()
    return "tumour" if lower == "tumor" else lower


def lay_out(
    cells: pl.DataFrame,
    areas: pl.DataFrame,
    *,
    tissues: Mapping[str, str],
    field_um: tuple[float, float] | None = None,
) -> Fields:
    """
    Lay out a cell table with its flags of phenotypes.

    Parameters
    ----------
    cells : polars.DataFrame
        A cell table with columns ``IS:…``; SAMPLE is filled.
    areas : polars.DataFrame
        Area table; a field is looked up by slide and field, by field where the slide is missing there, else by slide.
    tissues : mapping of str to str
        From a tissue in the file to the word of the measures.
    field_um : tuple of two float, optional
        Width and height of the window of every field; the box around its cells without it.

    Returns
    -------
    Fields
        Sorted by sample, slide and field.
    """
    key = ["SAMPLE", "SLIDE", "FIELD"]
    ordered = cells.sort(key, maintain_order=True)
    frame = (
        ordered.select(key)
        .unique(maintain_order=True)
        .with_row_index("CODE")
        .with_columns(pl.col("CODE").cast(pl.Int64))
    )
    code = (
        ordered.select(key).join(frame, on=key, how="left", nulls_equal=True, maintain_order="left")["CODE"].to_numpy()
    )
    words = {**{word: tissue_word(word) for word in ordered["TISSUE"].drop_nulls().unique().to_list()}}
    words |= {name: tissue_word(word) for name, word in tissues.items()}
    return Fields(
        frame,
        code,
        ordered.select("X_UM", "Y_UM").to_numpy(),
        ordered["TISSUE"].replace_strict(words, default=pl.col("TISSUE"), return_dtype=pl.String)
        if words
        else ordered["TISSUE"],
        _areas_by_field(frame, areas, tissues),
        {
            name.removeprefix("IS:"): (
                ordered[name].fill_null(value=False).to_numpy(),
                ordered[name].is_not_null().to_numpy(),
            )
            for name in ordered.columns
            if name.startswith("IS:")
        },
        _windows(ordered, frame.height, code, field_um),
        ordered,
    )


def _areas_by_field(frame: pl.DataFrame, areas: pl.DataFrame, tissues: Mapping[str, str]) -> dict[str, Floats]:
    """Look the areas of each field up, by tissue."""
    found: dict[str, Floats] = {}
    if areas.is_empty():
        return {"": np.full(frame.height, np.nan)}
    words = {name: tissue_word(word) for name, word in tissues.items()}
    rows: dict[tuple[str | None, str | None, str], float | None] = {}
    for row in areas.iter_rows(named=True):
        tissue = words.get(row["TISSUE"], tissue_word(row["TISSUE"])) if row["TISSUE"] else ""
        rows[row["SLIDE"], row["FIELD"], tissue] = row["AREA_MM2"]
    one_field = frame["SLIDE"].is_unique().to_list()
    for tissue in {"", *(key[2] for key in rows)}:
        values = []
        for slide, name, alone in zip(frame["SLIDE"], frame["FIELD"], one_field, strict=True):
            keys = [(slide, name, tissue), (None, name, tissue), *([(slide, None, tissue)] if alone else [])]
            values.append(next((rows[key] for key in keys if key in rows), None))
        found[tissue] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return found


def _windows(
    cells: pl.DataFrame, n: int, code: NDArray[np.int64], field_um: tuple[float, float] | None
) -> list[Window]:
    if field_um is not None:
        return [Window(0.0, field_um[0], 0.0, field_um[1])] * n
    boxes = (
        cells.with_columns(CODE=pl.Series(code))
        .group_by("CODE")
        .agg(A=pl.col("X_UM").min(), B=pl.col("X_UM").max(), C=pl.col("Y_UM").min(), D=pl.col("Y_UM").max())
        .sort("CODE")
    )
    return [Window(*row) for row in boxes.select("A", "B", "C", "D").iter_rows()]
