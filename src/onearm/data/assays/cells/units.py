"""Pixels or microns: what a table says about itself, and whether two things it says can both be true."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["ScaleCheck", "box_fill", "check_scale", "pixel_area"]

Floats = NDArray[np.float64]

_FILL: Final = (0.35, 1.0)
"""Share of its bounding box that a cell can fill; an ellipse fills 0.785, and few cells are thinner than half of that."""
_ROUGH: Final = 0.03
"""How far from whole numbers areas may be, in pixels; a tenth of the areas may be further away."""


class ScaleCheck(NamedTuple):
    """
    What the areas of cells say about the scale of their positions.

    Attributes
    ----------
    um_per_pixel : float or None
        From areas that are whole numbers of pixels; None where they are not.
    fill : float
        Median share of the bounding box that a cell fills, positions taken as microns; NaN where there are no boxes.
    problem : str
        What cannot be true, empty where nothing was found.
    """

    um_per_pixel: float | None
    fill: float
    problem: str


def pixel_area(areas: ArrayLike) -> float | None:
    """
    Find the area of one pixel where all areas are whole numbers of pixels.

    Parameters
    ----------
    areas : array_like, shape (n_cells,)
        Areas of cells, in square microns.

    Returns
    -------
    float or None
        In square microns; None where there are too few areas, or they are not whole multiples of the smallest step between
        them.

    Examples
    --------
    >>> round(pixel_area([25.0, 24.75, 31.5, 40.25, 40.5]), 6)
    0.25
    """
    known = np.asarray(areas, dtype=np.float64)
    known = np.unique(known[np.isfinite(known) & (known > 0)])
    if known.size < 5:
        return None
    steps = np.diff(known)
    steps = steps[steps > 1e-5 * known[-1]]
    if not steps.size:
        return None
    # many steps are of one pixel; their mean has lost most of the rounding that each of them has
    candidate = float(steps[steps < 1.5 * steps.min()].mean())
    for _ in range(3):  # each round counts the pixels of large areas better than the one before
        whole = np.rint(known / candidate)
        candidate = float((known * whole).sum() / (whole * whole).sum())
    away = np.abs(known / candidate - np.rint(known / candidate))
    return candidate if np.quantile(away, 0.9) < _ROUGH else None


def box_fill(areas: ArrayLike, widths: ArrayLike, heights: ArrayLike) -> float:
    """
    Say what share of its bounding box a cell fills.

    Parameters
    ----------
    areas, widths, heights : array_like, shape (n_cells,)
        Areas in square microns, sides of the boxes in the unit of the positions.

    Returns
    -------
    float
        The median; about 0.7 where both are in microns, and the square of the scale times that where boxes are in pixels.

    Examples
    --------
    >>> box_fill([3.14], [2.0], [2.0])
    0.785
    """
    area, box = (
        np.asarray(areas, dtype=np.float64),
        np.asarray(widths, dtype=np.float64) * np.asarray(heights, dtype=float),
    )
    usable = np.isfinite(area) & (area > 0) & (box > 0)
    return float(np.median(area[usable] / box[usable])) if usable.any() else np.nan


def check_scale(areas: ArrayLike, boxes: tuple[ArrayLike, ArrayLike] | None, stated: float | None) -> ScaleCheck:
    """
    Hold areas in square microns against bounding boxes in pixels.

    Parameters
    ----------
    areas : array_like, shape (n_cells,)
        In square microns.
    boxes : tuple of two array_like, optional
        Widths and heights in pixels.
    stated : float, optional
        Microns per pixel as the user says.

    Returns
    -------
    ScaleCheck
        The scale the areas show, and what cannot be true.

    Examples
    --------
    >>> cells = np.arange(300, 340) * 0.25
    >>> check_scale(cells, (np.full(40, 21.0), np.full(40, 21.0)), 0.5).problem
    ''
    >>> check_scale(cells, (np.full(40, 21.0), np.full(40, 21.0)), 1.0).problem[:32]
    'at 1 microns per pixel a cell fi'
    """
    lattice = pixel_area(areas)
    scale = None if lattice is None else float(np.sqrt(lattice))
    fill = np.nan if boxes is None else box_fill(areas, *boxes)
    used = stated or scale
    if used is None or np.isnan(fill):
        return ScaleCheck(scale, fill, "")
    filled = fill / used**2
    if not _FILL[0] <= filled <= _FILL[1]:
        return ScaleCheck(
            None if stated is None else scale,
            fill,
            f"at {used:.4g} microns per pixel a cell fills {100 * filled:.0f}% of its bounding box",
        )
    if stated and scale and abs(scale / stated - 1) > 0.02:
        return ScaleCheck(
            scale, fill, f"{stated:.4g} microns per pixel are stated, but areas are whole multiples of {scale:.4g}²"
        )
    return ScaleCheck(scale, fill, "")
