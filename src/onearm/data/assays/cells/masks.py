"""Compartments drawn by hand: the pixels of an image say which tissue a cell lies in, and how large the tissue is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data.assays.cells.table import AREA_SCHEMA, CellTable
from onearm.errors import DataError
from onearm.frames import conform

__all__ = ["assign_tissue", "grow_mask", "read_mask"]

Mask = NDArray[np.bool_]


def read_mask(path: Path) -> Mask:
    """
    Read a drawn mask.

    Parameters
    ----------
    path : Path
        TIFF or PNG; a pixel belongs to the mask where it has a colour, whatever its opacity.

    Returns
    -------
    ndarray of bool, shape (height, width)
        The first row is the top of the image.

    Raises
    ------
    DataError
        If the file is no image, or nothing is drawn in it.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image)
    except UnidentifiedImageError as error:
        raise DataError(f"{path.name}: the file is not an image. Fix: export the mask as TIFF or PNG.") from error
    mask = pixels > 0 if pixels.ndim == 2 else pixels[..., : min(3, pixels.shape[2])].max(axis=2) > 0
    if not mask.any():
        raise DataError(f"{path.name}: nothing is drawn in the mask. Fix: export it with the drawing on it.")
    return np.asarray(mask)


def grow_mask(mask: Mask, distance: float) -> Mask:
    """
    Grow a line into a margin on both sides.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        The line.
    distance : float
        In pixels; a pixel belongs to the margin up to this distance from the line.

    Returns
    -------
    ndarray of bool, shape (height, width)
        The margin, the line included.

    Examples
    --------
    >>> line = np.zeros((1, 7), dtype=bool)
    >>> line[0, 3] = True
    >>> grow_mask(line, 2)[0].astype(int).tolist()
    [0, 1, 1, 1, 1, 1, 0]
    """
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(~mask) <= distance)


def assign_tissue(
    table: CellTable, masks: Mapping[str, Mask], *, um_per_pixel: float, first_pixel: int = 1
) -> CellTable:
    """
    Say in which compartment each cell of one field lies, and how large the compartments are.

    Parameters
    ----------
    table : CellTable
        Cells of one field.
    masks : mapping of str to ndarray of bool
        Compartments by name, of one shape; where they overlap the first has the pixel.
    um_per_pixel : float
        Scale of the masks.
    first_pixel : int, default 1
        Number of the first pixel of a row in the positions of the cells; inForm counts from 1.

    Returns
    -------
    CellTable
        TISSUE named by the masks, missing outside all of them; their areas added.

    Raises
    ------
    DataError
        If there is more than one field, or the masks are not of one shape.
    """
    cells = table.cells
    if cells.select(pl.struct("SLIDE", "FIELD").n_unique()).item() > 1 or len({m.shape for m in masks.values()}) != 1:
        raise DataError("masks: give the cells of one field and masks of one shape.")
    shape = next(iter(masks.values())).shape
    names, code = list(masks), np.full(shape, -1, dtype=np.int16)
    for i, mask in reversed(list(enumerate(masks.values()))):
        code[mask] = i
    column = np.rint(cells["X_UM"].to_numpy() / um_per_pixel).astype(np.int64) - first_pixel
    row = np.rint(cells["Y_UM"].to_numpy() / um_per_pixel).astype(np.int64) - first_pixel
    inside = (column >= 0) & (row >= 0) & (column < shape[1]) & (row < shape[0])
    found = np.full(cells.height, -1)
    found[inside] = code[row[inside], column[inside]]
    tissue = pl.Series("TISSUE", [names[i] if i >= 0 else None for i in found.tolist()], dtype=pl.String)
    pixels = np.bincount(code[code >= 0].ravel(), minlength=len(names))
    areas = (
        cells.select("SAMPLE", "SLIDE", "FIELD")
        .head(1)
        .join(pl.DataFrame({"TISSUE": names, "AREA_MM2": pixels * um_per_pixel**2 * 1e-6}), how="cross")
    )
    return CellTable(
        cells.with_columns(tissue),
        pl.concat([table.areas, conform(areas, AREA_SCHEMA)]),
        table.findings,
        table.software,
        table.um_per_pixel,
    )
