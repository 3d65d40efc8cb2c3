"""What is measured in a tissue: the sentences that name a measure, and the choices that all measures of an assay share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast, get_args

import polars as pl

from onearm.errors import DataError
from onearm.stats.windows import EdgeCorrection

__all__ = ["SENTENCES", "Measure", "MeasureKind", "PdL1Plan", "Structures", "TissuePlan", "parse_measure"]

MeasureKind = Literal["density", "percent", "distance", "share", "count", "g", "k", "level", "structures", "tps", "cps"]
KCorrection = Literal["none", "border", "translation", "isotropic"]

_IN = r"(?: in (?P<tissue>[\w ]+?))?"
_FIELDS = r"(?P<fields>, mean of fields)?"
_EDGE = r"(?:, (?P<edge>kaplan-meier|reduced sample))?"
_PATTERNS: Final[dict[MeasureKind, str]] = {
    "density": rf"density of (?P<of>.+?){_IN}{_FIELDS}",
    "percent": rf"percent of (?P<of>.+?)(?: among (?P<to>.+?))?{_IN}{_FIELDS}",
    "distance": rf"(?P<middle>mean|median) distance from (?P<of>.+?) to (?P<to>.+?){_IN}{_EDGE}{_FIELDS}",
    "share": rf"share of (?P<of>.+?) within (?P<radius>[\d.]+) um of (?P<to>.+?){_IN}{_FIELDS}",
    "count": rf"count of (?P<to>.+?) within (?P<radius>[\d.]+) um of (?P<of>.+?){_IN}{_FIELDS}",
    "g": rf"G from (?P<of>.+?) to (?P<to>.+?) at (?P<radius>[\d.]+) um{_IN}{_EDGE}{_FIELDS}",
    "k": rf"K from (?P<of>.+?) to (?P<to>.+?) at (?P<radius>[\d.]+) um{_IN}"
    r"(?:, (?P<edge>border|translation|isotropic))?(?P<fields>, mean of fields)?",
    "level": rf"level of (?P<to>[\w./-]+) on (?P<of>.+?){_IN}{_FIELDS}",
    "structures": rf"(?P<of>mature )?tertiary lymphoid structures(?P<to> per mm2)?{_IN}",
    "tps": r"TPS",
    "cps": r"CPS",
}
SENTENCES: Final[dict[MeasureKind, str]] = {
    "density": "density of CD8+ [in tumour] [, mean of fields]",
    "percent": "percent of CD8+ [among CD3+] [in tumour]",
    "distance": "mean|median distance from CD8+ to CK+ [in tumour] [, kaplan-meier|reduced sample]",
    "share": "share of CD20+ within 10 um of CD3+",
    "count": "count of CD8+ within 25 um of CK+",
    "g": "G from CD8+ to CK+ at 20 um [, kaplan-meier|reduced sample]",
    "k": "K from CD8+ to CK+ at 20 um [, border|translation|isotropic]",
    "level": "level of PD1 on CD8+",
    "structures": "[mature] tertiary lymphoid structures [per mm2]",
    "tps": "TPS",
    "cps": "CPS",
}
"""One example of each kind of measure."""
UNITS: Final[dict[MeasureKind, str]] = {
    "density": "cells/mm²",
    "percent": "%",
    "distance": "µm",
    "share": "%",
    "count": "cells",
    "g": "",
    "k": "µm²",
    "level": "",
    "structures": "",
    "tps": "%",
    "cps": "",
}


@dataclass(frozen=True)
class Measure:
    """
    One measure.

    Attributes
    ----------
    text : str
        As typed.
    kind : str
        What is measured.
    of : str
        Cells whose density, distance or level is measured.
    to : str
        Cells they are compared with; a marker for ``level``.
    tissue : str
        Compartment that all cells are of; empty for the whole field.
    radius : float
        In microns; 0 where there is none.
    is_median : bool
        Of distances: the median instead of the mean.
    edge : str
        Edge correction; ``none`` without.
    by_field : bool
        The mean of the fields' values, each counting the same, instead of all cells together.
    """

    text: str
    kind: MeasureKind
    of: str = ""
    to: str = ""
    tissue: str = ""
    radius: float = 0.0
    is_median: bool = False
    edge: str = "none"
    by_field: bool = False

    @property
    def unit(self) -> str:
        """Unit of the value."""
        return "/mm²" if self.kind == "structures" and self.to else UNITS[self.kind]

    @property
    def edge_of_distance(self) -> EdgeCorrection:
        """The edge correction of a distance."""
        return cast("EdgeCorrection", self.edge)


@dataclass(frozen=True)
class Structures:
    """
    What is called a tertiary lymphoid structure: B cells that lie densely. No values are agreed on; they are printed with
    every result.

    Parameters
    ----------
    b_cells : str, default "CD20+"
        Phenotype of B cells.
    radius_um : float, default 30
        Neighbourhood of a B cell.
    neighbours : int, default 10
        B cells in the neighbourhood, itself included, that make it dense.
    least_cells : int, default 50
        B cells of a structure.
    mature : str, default "CD23+"
        Phenotype of the cells that make a structure mature (follicular dendritic cells).
    mature_least_cells : int, default 1
        Such cells within the radius of the structure's B cells.
    """

    b_cells: str = "CD20+"
    radius_um: float = 30.0
    neighbours: int = 10
    least_cells: int = 50
    mature: str = "CD23+"
    mature_least_cells: int = 1


@dataclass(frozen=True)
class PdL1Plan:
    """
    What the PD-L1 scores count.

    Parameters
    ----------
    clone : str
        The antibody.
    tumour, positive : str
        Phenotypes of tumour cells and of stained cells.
    immune : str
        Phenotype of lymphocytes and macrophages; empty where they were not read, then there is no combined score.
    denominator : {"tumour", "all"}
        As `onearm.rules.pd_l1.combined_positive_score`.
    least_cells : int
        Cells in the denominator that a specimen must have.
    """

    clone: str = "22C3"
    tumour: str = "CK+"
    positive: str = "PDL1+"
    immune: str = ""
    denominator: Literal["tumour", "all"] = "tumour"
    least_cells: int = 100


@dataclass(frozen=True)
class TissuePlan:
    """
    The choices that all measures of an assay share.

    Parameters
    ----------
    phenotypes : mapping of str to str
        Name and expression.
    thresholds : polars.DataFrame, optional
        ``MARKER COMPARTMENT THRESHOLD`` and, where they differ, ``FIELD``; a cell is positive above.
    tissues : mapping of str to str
        From a tissue in the file to the word the measures use.
    field_um : tuple of two float, optional
        Width and height of a field that begins at 0; else the box around its cells.
    least_cells : int, default 1
        Sources and targets that a field must have for distances and counts.
    coincident_is_self : bool, default False
        Take distance 0 for the cell itself, as phenoptr does.
    structures : Structures
        What is called a tertiary lymphoid structure.
    pd_l1 : PdL1Plan
        What the scores count.
    workers : int, default 2
        Threads.
    """

    phenotypes: Mapping[str, str] = field(default_factory=dict)
    thresholds: pl.DataFrame | None = None
    tissues: Mapping[str, str] = field(default_factory=dict)
    field_um: tuple[float, float] | None = None
    least_cells: int = 1
    coincident_is_self: bool = False
    structures: Structures = field(default_factory=Structures)
    pd_l1: PdL1Plan = field(default_factory=PdL1Plan)
    workers: int = 2


def parse_measure(text: str) -> Measure:
    """
    Read the sentence that names a measure.

    Parameters
    ----------
    text : str
        As typed, such as ``density of CD8+ in tumour``.

    Returns
    -------
    Measure
        What it asks for.

    Raises
    ------
    DataError
        With the sentences that are understood.

    Examples
    --------
    >>> parse_measure("median distance from CD8+ to CK+ in tumour, kaplan-meier").edge
    'kaplan-meier'
    """
    body = " ".join(text.split()).replace("µm", "um").replace("μm", "um")
    for kind in get_args(MeasureKind):
        match = re.fullmatch(_PATTERNS[kind], body, re.IGNORECASE)
        if match:
            found = match.groupdict()
            return Measure(
                text,
                kind,
                (found.get("of") or "").strip(),
                (found.get("to") or "").strip(),
                (found.get("tissue") or "").lower().strip(),
                float(found.get("radius") or 0),
                (found.get("middle") or "").lower() == "median",
                (found.get("edge") or "none").lower(),
                bool(found.get("fields")),
            )
    known = "; ".join(SENTENCES.values())
    raise DataError(f"measure '{text}' is not understood. Known: {known}.")
