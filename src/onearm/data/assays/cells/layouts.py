"""Where each program puts positions, names, intensities and calls: one layout for each program."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from onearm.data.assays.cells.headers import Measurement, clean_name, find_columns, name_key, parse_measurement
from onearm.data.assays.cells.table import CellOptions, Software
from onearm.errors import DataError, suggest

__all__ = ["Layout", "find_layout", "recognise"]

Unit = Literal["um", "px", "unknown"]

_TEXT: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "inform": {
        "SLIDE": ("slide id",),
        "FIELD": ("sample name", "annotation id"),
        "CELL": ("cell id",),
        "TISSUE": ("tissue category",),
        "PHENOTYPE": ("phenotype",),
    },
    "qupath": {
        "SLIDE": ("image",),
        "FIELD": ("tma core", "roi name"),
        "CELL": ("object id", "id"),
        "TISSUE": ("parent",),
        "PHENOTYPE": ("classification", "class"),
    },
    "halo": {
        "SLIDE": ("image location", "image file name", "image tag"),
        "FIELD": ("analysis region", "tma spot", "region"),
        "CELL": ("object id",),
        "TISSUE": ("classifier label",),
    },
    "cellprofiler": {
        "SLIDE": ("metadata slide",),
        "FIELD": ("imagenumber", "image number"),
        "CELL": ("objectnumber", "object number", "number object number"),
    },
    "plain": {
        "SAMPLE": ("sample", "sample id", "sample xtile ytile"),
        "SLIDE": ("slide", "slide id", "image", "image id"),
        "FIELD": ("field", "fov", "field id", "roi"),
        "CELL": ("cell", "cell id", "id"),
        "TISSUE": ("tissue", "tissue category", "compartment"),
        "PHENOTYPE": ("phenotype", "cell type", "celltype", "class", "imaging phenotype cluster id"),
    },
}
_POSITION: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "inform": (("cell x position",), ("cell y position",)),
    "qupath": (("centroid x um", "centroid x px"), ("centroid y um", "centroid y px")),
    "cellprofiler": (
        ("location center x", "areashape center x", "cells location center x", "nuclei location center x"),
        ("location center y", "areashape center y", "cells location center y", "nuclei location center y"),
    ),
    "plain": (
        ("x um", "x", "cell x position", "x x", "centroid x", "x px"),
        ("y um", "y", "cell y position", "y y", "centroid y", "y px"),
    ),
}
_AREA: Final[dict[str, tuple[str, ...]]] = {
    "inform": (
        "entire cell area sq microns",
        "nucleus area sq microns",
        "entire cell area pixels",
        "nucleus area pixels",
    ),
    "qupath": ("cell area um2", "area um2", "nucleus area um2", "cell area", "nucleus area"),
    "halo": ("cell area um2", "cell area m", "cell area"),
    "cellprofiler": ("areashape area",),
    "plain": (),
}


@dataclass(frozen=True)
class Layout:
    """
    Where the columns of one file are.

    Attributes
    ----------
    software : str
        The program.
    x, y : tuple of int
        One column, or two whose middle is the position.
    unit : str
        Of x and y: ``um``, ``px``, or ``unknown`` where the header does not say.
    text : dict of str to int
        Columns of the cell table and their positions.
    measures : dict of Measurement to int
        Intensities.
    calls : dict of str to int
        Markers called by the program.
    area : int or None
        Area of the cell.
    """

    software: Software
    x: tuple[int, ...]
    y: tuple[int, ...]
    unit: Unit
    text: dict[str, int]
    measures: dict[Measurement, int]
    calls: dict[str, int]
    area: int | None


def recognise(header: Sequence[str]) -> Software:
    """
    Recognise the program by the header.

    Parameters
    ----------
    header : sequence of str
        Column names as they stand in the file.

    Returns
    -------
    str
        ``plain`` where no program is recognised.

    Examples
    --------
    >>> recognise(["Image", "Object ID", "Centroid X µm", "Centroid Y µm"])
    'qupath'
    """
    keys = {name_key(name) for name in header}
    if {"cell x position", "cell y position"} <= keys and any("cell id" in key for key in keys):
        return "inform"
    if any(key.startswith("centroid x ") for key in keys):
        return "qupath"
    if {"xmin", "xmax", "ymin", "ymax"} <= keys:
        return "halo"
    if {"imagenumber", "objectnumber"} <= keys or any(key.startswith("location center x") for key in keys):
        return "cellprofiler"
    return "plain"


def find_layout(header: Sequence[str], options: CellOptions, *, where: str) -> Layout:
    """
    Find the columns of a cell table.

    Parameters
    ----------
    header : sequence of str
        Column names as they stand in the file.
    options : CellOptions
        The program where it is said, statistics and markers wanted, columns named by hand.
    where : str
        Name of the file, for messages.

    Returns
    -------
    Layout
        Positions of all columns.

    Raises
    ------
    DataError
        If no columns of x and y are found, or a column named by hand is absent.
    """
    software = options.software or recognise(header)
    named = _named_by_hand(header, options, where)
    x, y = _position(header, software, named, where)
    text = {column: found[0] for column, wanted in _TEXT[software].items() if (found := find_columns(header, *wanted))}
    text.update({key.upper(): place for key, place in named.items() if key not in ("x", "y")})
    measures = _measures(header, software, options)
    area = find_columns(header, *_AREA[software])
    said = options.columns.get("unit")
    unit: Unit = "um" if said == "um" else "px" if said == "px" else _unit(header, software, x)
    return Layout(
        software,
        x,
        y,
        unit,
        text,
        measures,
        _calls(header, software, options),
        area[0] if area else None,
    )


def _named_by_hand(header: Sequence[str], options: CellOptions, where: str) -> dict[str, int]:
    """Find the columns that the options name; all that are absent are reported at once."""
    place = {name: i for i, name in reversed(list(enumerate(header)))}
    place |= {clean_name(name): i for i, name in enumerate(header) if clean_name(name) not in place}
    wanted = {key: name for key, name in options.columns.items() if key != "unit"}
    absent = [name for name in wanted.values() if name not in place]
    if absent:
        raise DataError(*(f"{where}: column '{name}' is missing.{suggest(name, header)}" for name in absent))
    return {key: place[name] for key, name in wanted.items()}


def _position(
    header: Sequence[str], software: Software, named: dict[str, int], where: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if "x" in named and "y" in named:
        return (named["x"],), (named["y"],)
    if software == "halo":
        found = find_columns(header, "xmin", "xmax", "ymin", "ymax")
        if len(found) == 4:
            return (found[0], found[1]), (found[2], found[3])
    else:
        xs, ys = (find_columns(header, *wanted)[:1] for wanted in _POSITION[software])
        if xs and ys:
            return tuple(xs), tuple(ys)
    raise DataError(
        f"{where}: no columns of x and y were found. Fix: name them with columns = {{ x = …, y = … }}; the file has "
        f"{', '.join(header[:12])}."
    )


def _unit(header: Sequence[str], software: Software, x: tuple[int, ...]) -> Unit:
    """Say in which unit positions are, as far as the header does."""
    key = name_key(header[x[0]])
    if key.endswith((" um", " px")):
        return "um" if key.endswith("um") else "px"
    if software == "inform":
        keys = [clean_name(name).lower() for name in header]
        if any("microns)" in name for name in keys):
            return "um"
        return "px" if any("(pixels)" in name for name in keys) else "unknown"
    return "px" if software in ("cellprofiler", "halo") else "unknown"


def _measures(header: Sequence[str], software: Software, options: CellOptions) -> dict[Measurement, int]:
    found: dict[Measurement, int] = {}
    for i, name in enumerate(header):
        one = parse_measurement(name, software)
        if software == "plain" and clean_name(name) in (options.markers or ()):
            one = Measurement(clean_name(name), "cell", "mean")
        wanted = one is not None and one.statistic in options.statistics
        if one is not None and wanted and (options.markers is None or one.marker in options.markers):
            found.setdefault(one, i)
    return found


def _calls(header: Sequence[str], software: Software, options: CellOptions) -> dict[str, int]:
    """Find the program's own calls: HALO's columns of 0 and 1, inForm's consolidated phenotypes."""
    read: dict[str, Callable[[str], str | None]] = {"halo": _halo_call, "inform": _inform_call}
    calls: dict[str, int] = {}
    for i, name in enumerate(header):
        marker = read[software](clean_name(name)) if software in read else None
        if marker is not None and (options.markers is None or marker in options.markers):
            calls.setdefault(marker, i)
    return calls


def _halo_call(name: str) -> str | None:
    match = re.fullmatch(r"(.+?)(?: \([^()]*\))? Positive(?: Classification)?", name)
    if match:
        return match[1]
    return name if re.fullmatch(r"\S+[+-](?: \S+[+-])+", name) else None


def _inform_call(name: str) -> str | None:
    match = re.fullmatch(r"Phenotype (.+)", name)
    return match[1] if match else None
