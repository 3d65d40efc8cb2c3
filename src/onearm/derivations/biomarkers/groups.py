"""The group of a patient by a biomarker: below or above cut-offs, below or above the median, or its level."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from onearm.protocol import Protocol
from onearm.protocol.assays import Biomarker

__all__ = ["group_names", "with_groups"]


def with_groups(adbm: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Add the group of every analysed row.

    Parameters
    ----------
    adbm : polars.DataFrame
        With ``PARAMCD AVISIT AVAL AVALC ANL01FL``.
    protocol : Protocol
        Cut-offs.

    Returns
    -------
    polars.DataFrame
        With ``ANLGRP``. The median is that of the analysed rows at the biomarker's own timepoint, so that a later value is
        judged by the same limit; a value equal to the median is not above it and is low. A text is its own group.
    """
    limits = {name: _limits(adbm, name, marker) for name, marker in protocol.biomarker.items()}
    group = pl.lit(None, dtype=pl.String)
    for name, marker in protocol.biomarker.items():
        cuts = limits[name]
        numeric = pl.lit(None, dtype=pl.String)
        if cuts:
            numeric = _numeric(cuts, group_names(marker, cuts), is_median=marker.splits_at == "median")
        own = pl.when(pl.col("AVAL").is_not_null()).then(numeric).otherwise("AVALC")
        group = pl.when(pl.col("PARAMCD") == name).then(own).otherwise(group)
    return adbm.with_columns(ANLGRP=pl.when(pl.col("ANL01FL") == "Y").then(group))


def _limits(adbm: pl.DataFrame, name: str, marker: Biomarker) -> tuple[float, ...]:
    if marker.splits_at != "median":
        return marker.cutoffs if marker.splits_at == "cutoffs" else ()
    at = adbm.filter((pl.col("PARAMCD") == name) & (pl.col("ANL01FL") == "Y") & (pl.col("AVISIT") == marker.timepoint))
    middle = at["AVAL"].median()
    return () if not isinstance(middle, (int, float)) else (float(middle),)


def group_names(marker: Biomarker, cuts: tuple[float, ...]) -> list[str]:
    """
    Name the groups of a number, lowest first.

    Parameters
    ----------
    marker : Biomarker
        How it is split.
    cuts : tuple of float
        Limits.

    Returns
    -------
    list of str
        One more than there are limits.
    """
    if marker.splits_at == "median":
        return ["low", "high"]
    return [f"< {cuts[0]:g}", *(f"{a:g} to < {b:g}" for a, b in pairwise(cuts)), f"≥ {cuts[-1]:g}"]


def _numeric(cuts: tuple[float, ...], names: list[str], *, is_median: bool) -> pl.Expr:
    value = pl.col("AVAL")
    chosen = pl.lit(names[0])
    for cut, name in zip(cuts, names[1:], strict=True):
        chosen = pl.when(value > cut if is_median else value >= cut).then(pl.lit(name)).otherwise(chosen)
    return chosen
