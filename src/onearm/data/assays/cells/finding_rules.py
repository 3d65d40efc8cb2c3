"""The checks of cell tables: identifier, severity, message, fix, and why it is checked."""

from __future__ import annotations

from typing import Final

from onearm.data.finding_rules import FindingRule
from onearm.terms import Severity

__all__ = ["CELL_RULES"]

_UNITS: Final = "a distance in pixels read as microns is wrong by a factor of two, an area by four"

CELL_RULES: Final[dict[str, FindingRule]] = {
    "CELL-POSITION-MISSING": FindingRule(
        Severity.WARNING,
        "{n} cells have no position and were left out.",
        "Export the positions of all cells.",
        "a cell without position is in no density and no distance",
    ),
    "CELL-DUPLICATED": FindingRule(
        Severity.ERROR,
        "{n} cells stand more than once with the same field, identifier and position; one of each was kept.",
        "Export each field once.",
        "a merged file that is read beside its parts doubles every density",
    ),
    "CELL-COINCIDENT": FindingRule(
        Severity.NOTE,
        "{n} cells lie exactly where another cell of the same field lies; they are neighbours at distance 0.",
        "Look at the segmentation of these fields.",
        "phenoptr takes distance 0 for the cell itself; two cells at one point are then never neighbours",
    ),
    "CELL-SCALE-DETECTED": FindingRule(
        Severity.NOTE,
        "positions are in pixels; {scale} microns per pixel were taken from the areas, which are whole numbers of pixels.",
        "Give um_per_pixel if it is known.",
        _UNITS,
    ),
    "CELL-SCALE-DISAGREES": FindingRule(
        Severity.ERROR,
        "positions and areas cannot both be true: {what}.",
        "Check um_per_pixel, and the units in which the table was exported.",
        _UNITS,
    ),
    "CELL-AREA-ZERO": FindingRule(
        Severity.ERROR,
        "{n} areas are zero, negative or missing; densities that need them are missing.",
        "Export the areas of the tissue again.",
        "a count divided by an area of zero is not a density",
    ),
    "CELL-AREA-DISAGREES": FindingRule(
        Severity.ERROR,
        "{n} areas in square microns and in square millimetres are not the same area.",
        "Check the units in which the summary was exported.",
        _UNITS,
    ),
    "CELL-NONE": FindingRule(
        Severity.ERROR,
        "the file has no cells.",
        "Export it again.",
        "a field without cells is no field without immune cells",
    ),
}
