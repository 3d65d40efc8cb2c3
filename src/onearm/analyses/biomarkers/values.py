"""What biomarkers are at each time, and how they change."""

from __future__ import annotations

import polars as pl

from onearm.analyses.biomarkers.members import (
    add_quartiles,
    analysed_values,
    each_biomarker,
    group_levels,
    rank_p,
    with_q_values,
)
from onearm.analyses.population import Datasets, Population
from onearm.protocol import Protocol
from onearm.protocol.assays import Biomarker
from onearm.results import Rows, concat_results
from onearm.stats.location import pseudomedian
from onearm.stats.ranks import signed_rank

__all__ = ["biomarker_change", "biomarker_summary"]


def biomarker_summary(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Describe every biomarker at every time.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adbm``.
    protocol : Protocol
        ``[biomarker.NAME]``.

    Returns
    -------
    polars.DataFrame
        Analysis ``biomarker_summary``: quartiles of numbers (variable ``timepoint``), counts of groups (variable the
        timepoint, level the group), and how many of the population have no value.
    """
    return concat_results(
        _summary(name, marker, population, rows, protocol)
        for name, marker, population, rows in each_biomarker(datasets, protocol, "")
    )


def _summary(
    name: str, marker: Biomarker, population: Population, rows: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    out = population.rows("biomarker_summary", "ADBM", name)
    if rows.is_empty():
        out.add("n", 0, variable="timepoint", level=marker.timepoint, unit="count", note="no patient has a value")
    for time in _times(rows, marker):
        part = rows.filter(pl.col("AVISIT") == time)
        values = part["AVAL"].drop_nulls().to_numpy()
        if values.size:
            add_quartiles(out, values, variable="timepoint", level=time, unit=marker.unit, protocol=protocol)
        else:
            out.add("n", part.height, variable="timepoint", level=time, unit="count")
        out.add("missing", population.n - part.height, variable="timepoint", level=time, unit="count")
        for level in group_levels(part["ANLGRP"], marker):
            out.add_share(int((part["ANLGRP"] == level).sum()), part.height, variable=f"group at {time}", level=level)
    return out.frame()


def _times(rows: pl.DataFrame, marker: Biomarker) -> list[str]:
    """The biomarker's own time first, the others by the day they were taken."""
    found = (
        rows.group_by("AVISIT", maintain_order=True)
        .agg(pl.col("ADY").median())
        .sort(pl.col("AVISIT") != marker.timepoint, "ADY", "AVISIT", nulls_last=True)
    )
    return found["AVISIT"].to_list()


def biomarker_change(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Compare each later time with the biomarker's own, within patients.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adbm``.
    protocol : Protocol
        Biomarkers set against ``change``.

    Returns
    -------
    polars.DataFrame
        Analysis ``biomarker_change``, variable ``change``, level the later time: pairs, quartiles of the difference,
        its pseudomedian with an exact interval, and the signed-rank test.
    """
    parts = [
        _change(name, marker, population, rows, protocol)
        for name, marker, population, rows in each_biomarker(datasets, protocol, "change")
    ]
    return with_q_values(concat_results(parts), protocol)


def _change(
    name: str, marker: Biomarker, population: Population, rows: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    out = population.rows("biomarker_change", "ADBM", name)
    first = analysed_values(rows, marker).select("USUBJID", BEFORE="AVAL").drop_nulls()
    later = [time for time in _times(rows, marker) if time.lower() != marker.timepoint.lower()]
    if not later:
        out.add("n", 0, variable="change", unit="count", note="no patient has a value at another time")
    for time in later:
        pairs = first.join(
            rows.filter(pl.col("AVISIT") == time).select("USUBJID", AFTER="AVAL").drop_nulls(), on="USUBJID"
        )
        _compare(out, pairs, time, marker, protocol)
    return out.frame()


def _compare(out: Rows, pairs: pl.DataFrame, time: str, marker: Biomarker, protocol: Protocol) -> None:
    before, after = pairs["BEFORE"].to_numpy(), pairs["AFTER"].to_numpy()
    add_quartiles(out, after - before, variable="change", level=time, unit=marker.unit, protocol=protocol)
    if pairs.height < 2 or not (after != before).any():
        why = "fewer than two patients have both values" if pairs.height < 2 else "no patient's value changed"
        out.add("p_value", variable="change", level=time, method="signed-rank", note=why)
        return
    level = protocol.conventions.level
    centre = pseudomedian(after, before, level=level)
    out.add("estimate", centre.estimate, variable="change", level=time, unit=marker.unit, method=centre.method)
    for stat, bound in (("conf_low", centre.low), ("conf_high", centre.high)):
        note = centre.note or ("not reached with so few patients" if bound != bound else None)  # noqa: PLR0124 - NaN
        out.add(
            stat,
            bound,
            variable="change",
            level=time,
            unit=marker.unit,
            method=centre.method,
            conf_level=level,
            note=note,
        )
    p, how = rank_p(signed_rank(after, before), protocol)
    out.add("p_value", p, variable="change", level=time, method=f"signed-rank, {how}")
