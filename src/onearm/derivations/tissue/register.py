"""Alignment of the slides' intensities, with the shift of each slide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data import Findings
from onearm.derivations.tissue.finding_rules import TISSUE_RULES
from onearm.errors import MethodError
from onearm.protocol.assay_tissue import Registration as Plan
from onearm.stats.landmarks import register

__all__ = ["Shifts", "register_markers"]

Floats = NDArray[np.float64]

_SCALES: Final[Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    "none": (lambda x: x, lambda x: x),
    "log10": (lambda x: np.log10(1 + np.maximum(x, 0)), lambda x: 10**x - 1),
    "arcsinh": (np.arcsinh, np.sinh),
}
"""A scale and the way back; intensities below 0 are taken for 0 on a logarithm."""


@dataclass(frozen=True)
class Shifts:
    """
    Cells with aligned intensities.

    Attributes
    ----------
    cells : polars.DataFrame
        The cell table; the markers named are aligned, on the scale of the file.
    table : polars.DataFrame
        ``SLIDE MARKER LANDMARK BASE SHIFT CONFID``, one row per slide, intensity and landmark, on the scale of alignment.
    findings : polars.DataFrame
        How far markers were shifted, and which could not be.
    """

    cells: pl.DataFrame
    table: pl.DataFrame
    findings: pl.DataFrame


def register_markers(cells: pl.DataFrame, plan: Plan) -> Shifts:
    """
    Align the intensities of some markers between slides.

    Parameters
    ----------
    cells : polars.DataFrame
        A cell table.
    plan : Registration
        Markers, scale and number of landmarks.

    Returns
    -------
    Shifts
        All intensities of the markers named; a marker that cannot be aligned is left as it is, with a finding.
    """
    findings = Findings(rules=TISSUE_RULES)
    ordered = cells.sort("SLIDE", maintain_order=True)
    slides = ordered["SLIDE"].unique(maintain_order=True).to_list()
    ends = np.cumsum(ordered.group_by("SLIDE", maintain_order=True).len()["len"].to_numpy())[:-1]
    rows: list[dict[str, object]] = []
    changed: list[pl.Series] = []
    for marker in plan.markers:
        columns = [name for name in cells.columns if name.split("|")[0] == marker and not name.endswith("|call")]
        if not columns:
            findings.add(
                "TISSUE-MARKER-NOT-SHIFTED", column=marker, marker=marker, why="the cells have no such intensity."
            )
        for column in columns:
            forth, back = _SCALES[plan.transform]
            parts = np.split(forth(ordered[column].to_numpy()), ends)
            try:
                made = register(parts, at_most=plan.landmarks)
            except MethodError as error:
                findings.add("TISSUE-MARKER-NOT-SHIFTED", column=column, marker=column, why=str(error))
                continue
            changed.append(pl.Series(column, back(np.concatenate(made.values))).fill_nan(None))
            mine = [
                {
                    "SLIDE": slide,
                    "MARKER": column,
                    "LANDMARK": pair[0],
                    "BASE": pair[1],
                    "SHIFT": pair[1] - pair[0],
                    "CONFID": sure,
                }
                for slide, pairs, sure in zip(slides, made.matched, made.confidence.tolist(), strict=True)
                for pair in pairs.tolist()
            ]
            rows += mine
            shifts = np.array([row["SHIFT"] for row in mine], dtype=np.float64)
            if shifts.size:
                findings.add(
                    "TISSUE-MARKER-SHIFTED",
                    column=column,
                    marker=column,
                    low=f"{shifts.min():.3g}",
                    high=f"{shifts.max():.3g}",
                    transform=plan.transform,
                )
    schema = {
        "SLIDE": pl.String,
        "MARKER": pl.String,
        **dict.fromkeys(("LANDMARK", "BASE", "SHIFT", "CONFID"), pl.Float64),
    }
    return Shifts(ordered.with_columns(changed), pl.DataFrame(rows, schema=schema), findings.frame())
