"""
The headers of cell tables: byte order marks, two kinds of mu, names mangled by R, and what a measurement column measures.

Each program names its intensities differently; all become `Measurement`: marker, compartment, statistic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["Measurement", "clean_name", "find_columns", "name_key", "parse_measurement"]

COMPARTMENTS: Final = {
    "nucleus": "nucleus",
    "nuclei": "nucleus",
    "cytoplasm": "cytoplasm",
    "membrane": "membrane",
    "cell": "cell",
    "cells": "cell",
    "entire cell": "cell",
}
"""What programs call a compartment, and what it is called here."""
STATISTICS: Final = {
    "mean": "mean",
    "median": "median",
    "min": "min",
    "max": "max",
    "std dev": "sd",
    "std.dev.": "sd",
    "std": "sd",
    "sum": "sum",
    "total": "sum",
    "integrated": "sum",
    "variance": "variance",
    "range": "range",
}
"""What programs call a statistic, and what it is called here."""

_PARTS = "Nucleus|Cytoplasm|Membrane|Cell"
_STATS = r"Mean|Median|Min|Max|Std\.? ?Dev\.?|Variance|Sum|Range"
_PATTERNS: Final = {
    "inform": (
        re.compile(
            r"(?P<part>Nucleus|Cytoplasm|Membrane|Entire Cell) (?P<marker>.+?)(?: \((?P<dye>[^()]*)\))? "
            r"(?P<stat>Min|Mean|Max|Std Dev|Total)(?: \([^()]*\))?"
        ),
    ),
    "qupath": (
        re.compile(rf"(?P<part>{_PARTS}): (?P<marker>[^:]+?):? (?P<stat>{_STATS})", re.IGNORECASE),
        re.compile(rf"(?P<marker>[^:]+): (?P<part>{_PARTS}): (?P<stat>{_STATS})", re.IGNORECASE),
        re.compile(rf"ROI: [\d.]+ (?:um|px) per pixel: (?P<marker>[^:]+): (?P<stat>{_STATS})", re.IGNORECASE),
        re.compile(rf"(?P<marker>[^:]+): (?P<stat>{_STATS})", re.IGNORECASE),
    ),
    "halo": (
        re.compile(r"(?P<marker>.+?)(?: \((?P<dye>[^()]*)\))? (?P<part>Nucleus|Cytoplasm|Membrane|Cell) Intensity"),
    ),
    "cellprofiler": (
        re.compile(
            r"(?:(?P<part>Nuclei|Cells|Cytoplasm)_)?Intensity_(?P<stat>Mean|Median|Min|Max|Std)Intensity_(?P<marker>.+)"
        ),
        re.compile(r"(?:(?P<part>Nuclei|Cells|Cytoplasm)_)?Intensity_(?P<stat>Integrated)Intensity_(?P<marker>.+)"),
    ),
}


class Measurement(NamedTuple):
    """
    What a column of intensities measures.

    Attributes
    ----------
    marker : str
        As the program names it, without its dye.
    compartment : str
        ``nucleus``, ``cytoplasm``, ``membrane`` or ``cell``.
    statistic : str
        ``mean``, ``median``, ``min``, ``max``, ``sd``, ``sum``, ``variance`` or ``range``.
    """

    marker: str
    compartment: str
    statistic: str

    @property
    def column(self) -> str:
        """Name of the column in the cell table."""
        return f"{self.marker}|{self.compartment}|{self.statistic}"


def clean_name(name: str) -> str:
    """
    Write a column name in one way.

    Parameters
    ----------
    name : str
        As it stands in the file.

    Returns
    -------
    str
        Without byte order mark and surrounding blanks, micro sign and Greek mu as ``u``, superscript two as ``2``, and
        names that R's ``make.names`` filled with points put back as far as that is possible.

    Examples
    --------
    >>> clean_name("\\ufeffCell Area (μm²)"), clean_name("CD8..Opal.520..Positive"), clean_name("Centroid X µm")
    ('Cell Area (um2)', 'CD8 (Opal 520) Positive', 'Centroid X um')
    """
    text = name.replace("\ufeff", "").strip().strip('"').strip()
    text = text.replace("\u00b5", "u").replace("\u03bc", "u").replace("²", "2").replace("um^2", "um2")
    if " " not in text and ":" not in text and re.search(r"[A-Za-z]\.+[A-Za-z0-9(]", text):
        text = re.sub(r"\.\.(.+?)\.\.", r" (\1) ", text)
        text = re.sub(r"\.+", " ", text).strip()
    return re.sub(r"\s+", " ", text)


def name_key(name: str) -> str:
    """
    Reduce a column name to letters and digits, for comparison.

    Parameters
    ----------
    name : str
        Any column name.

    Returns
    -------
    str
        Lower case, everything else a blank.

    Examples
    --------
    >>> name_key("Cell X Position"), name_key("Location_Center_X")
    ('cell x position', 'location center x')
    """
    return " ".join(re.sub(r"[^a-z0-9%]+", " ", clean_name(name).lower()).split())


def find_columns(header: Iterable[str], *wanted: str) -> list[int]:
    """
    Find the positions of columns by their reduced names.

    Parameters
    ----------
    header : iterable of str
        Column names in their order.
    *wanted : str
        Reduced names, the preferred one first.

    Returns
    -------
    list of int
        Positions, in the order of ``wanted``.

    Examples
    --------
    >>> find_columns(["Cell ID", "Cell X Position"], "x", "cell x position")
    [1]
    """
    place: dict[str, int] = {}
    for i, name in enumerate(header):
        place.setdefault(name_key(name), i)
    return [place[name] for name in wanted if name in place]


def parse_measurement(name: str, software: str) -> Measurement | None:
    """
    Say what a column of intensities measures.

    Parameters
    ----------
    name : str
        Column name as it stands in the file.
    software : str
        ``inform``, ``qupath``, ``halo`` or ``cellprofiler``.

    Returns
    -------
    Measurement or None
        None where the column holds no intensity.

    Notes
    -----
    QuPath names intensities in three ways: ``Nucleus: CD8 mean`` (cell detection), ``CD8: Nucleus: Mean`` or ``CD8: Mean``
    (object measurements) and ``ROI: 0.50 µm per pixel: CD8: Mean`` (intensity features).

    Examples
    --------
    >>> parse_measurement("Nucleus PD-1 (Opal 540) Mean (Normalized Counts, Total Weighting)", "inform")
    Measurement(marker='PD-1', compartment='nucleus', statistic='mean')
    >>> parse_measurement("CD8: Nucleus: Std.Dev.", "qupath")
    Measurement(marker='CD8', compartment='nucleus', statistic='sd')
    """
    text = clean_name(name)
    for pattern in _PATTERNS.get(software, ()):
        if match := pattern.fullmatch(text):
            found = match.groupdict()
            part = COMPARTMENTS[(found.get("part") or "cell").lower()]
            stat = re.sub(r"^std\.? ?dev\.?$", "std dev", (found.get("stat") or "mean").lower())
            if found["marker"].lower() in _SHAPES:
                return None
            return Measurement(found["marker"].strip(), part, STATISTICS[stat])
    return None


_SHAPES: Final = frozenset({"area", "perimeter", "circularity", "length", "solidity", "max diameter", "min diameter"})
"""First words of measurements of shape, which are no markers."""
