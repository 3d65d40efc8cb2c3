"""The analysed values of a biomarker in a population, and what several analyses of biomarkers share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.protocol.assays import Biomarker
from onearm.results import SCHEMA, Rows
from onearm.stats.descriptive import quantile
from onearm.stats.multiplicity import adjust_p
from onearm.stats.ranks import RankTest

__all__ = [
    "QUARTILES",
    "add_quartiles",
    "analysed_values",
    "each_biomarker",
    "group_levels",
    "rank_p",
    "with_q_values",
]

QUARTILES = (("min", 0.0), ("q1", 0.25), ("median", 0.5), ("q3", 0.75), ("max", 1.0))
_P = "p_value"


def each_biomarker(
    datasets: Datasets, protocol: Protocol, target: str
) -> Iterator[tuple[str, Biomarker, Population, pl.DataFrame]]:
    """
    Go through the biomarkers that are set against something.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adbm``.
    protocol : Protocol
        ``[biomarker.NAME]``.
    target : str
        ``response``, ``change``, the name of a time, or empty for every biomarker.

    Yields
    ------
    tuple
        Name, plan, population, and its analysed rows of ADBM at all times.
    """
    rows = datasets["adbm"].filter(pl.col("ANL01FL") == "Y")
    for name, marker in protocol.biomarker.items():
        if target and target not in marker.against:
            continue
        rate = protocol.responders_of(marker)
        own = protocol.times[target].set if target in protocol.times else None
        chosen = marker.set or own or (protocol.rates[rate].set if target == "response" and rate else protocol.main_set)
        for population in populations(datasets, protocol, chosen):
            yield name, marker, population, population.of(rows.filter(pl.col("PARAMCD") == name))


def analysed_values(rows: pl.DataFrame, marker: Biomarker) -> pl.DataFrame:
    """
    Take the rows at the time that a biomarker is set against outcomes.

    Parameters
    ----------
    rows : polars.DataFrame
        Analysed rows of ADBM.
    marker : Biomarker
        Its timepoint.

    Returns
    -------
    polars.DataFrame
        One row per patient.
    """
    return rows.filter(pl.col("AVISIT").str.to_lowercase() == marker.timepoint.lower())


def group_levels(values: pl.Series, marker: Biomarker) -> list[str]:
    """
    Order the groups that occur.

    Parameters
    ----------
    values : polars.Series
        ``ANLGRP``.
    marker : Biomarker
        Its levels.

    Returns
    -------
    list of str
        Lowest first for a number; as planned, then alphabetical, for a text.
    """
    found = values.drop_nulls().unique().to_list()
    if set(found) <= {"low", "high"}:
        return [level for level in ("low", "high") if level in found]
    if marker.cutoffs:
        return sorted(found, key=_rank)
    return [*(level for level in marker.levels if level in found), *sorted(set(found) - set(marker.levels))]


def _rank(level: str) -> float:
    if level.startswith("< "):
        return -math.inf
    return float(level.removeprefix("≥ ").split(" to ")[0])


def add_quartiles(
    rows: Rows, values: np.ndarray, *, variable: str, level: str | None, unit: str | None, protocol: Protocol
) -> None:
    """
    Add number, extremes and quartiles.

    Parameters
    ----------
    rows : Rows
        Collects the results.
    values : numpy.ndarray, shape (n,)
        Without missing values.
    variable, level : str or None
        What is described.
    unit : str or None
        Of the values.
    protocol : Protocol
        Convention of quantiles.
    """
    rows.add("n", values.size, variable=variable, level=level, unit="count")
    convention = protocol.conventions.quantile
    for stat, share in QUARTILES if values.size else ():
        value = float(quantile(values, share, convention=convention))
        rows.add(stat, value, variable=variable, level=level, unit=unit, method=f"quantile, {convention}")


def rank_p(test: RankTest, protocol: Protocol) -> tuple[float, str]:
    """
    Choose the p value of a rank test.

    Parameters
    ----------
    test : RankTest
        All its p values.
    protocol : Protocol
        ``conventions.rank_test``.

    Returns
    -------
    tuple of float and str
        The p value and its name.
    """
    chosen = protocol.conventions.rank_test
    if chosen == "r":
        return test.p_r, "exact" if test.is_exact_in_r else "normal, corrected"
    if chosen == "exact" and not math.isnan(test.p_exact):
        return test.p_exact, "exact"
    return (test.p_normal, "normal") if chosen == "normal" else (test.p_corrected, "normal, corrected")


def with_q_values(results: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Add Benjamini and Hochberg's q value beside each p value of a family.

    Parameters
    ----------
    results : polars.DataFrame
        Results of biomarkers; ``paramcd`` is the biomarker, ``variable`` what it is set against.
    protocol : Protocol
        Families.

    Returns
    -------
    polars.DataFrame
        The p values of one family, analysis, target and population are adjusted together; a family of one has none.
    """
    families: Mapping[str, str] = {name: marker.family for name, marker in protocol.biomarker.items()}
    p = results.filter((pl.col("stat") == _P) & pl.col("value").is_not_null())
    p = p.with_columns(_FAMILY=pl.col("paramcd").replace_strict(families, default=None, return_dtype=pl.String))
    made = []
    keys = ["analysis", "_FAMILY", "variable", "variable_level", "population", "group1_level"]
    for _, part in p.group_by(keys, maintain_order=True):
        if part.height < 2:
            continue
        q = adjust_p(part["value"].to_numpy(), method="bh")
        note = f"adjusted for {part.height} biomarkers"
        made.append(
            part.with_columns(
                stat=pl.lit("q_value"), value=pl.Series(q), method=pl.lit("benjamini-hochberg"), note=pl.lit(note)
            )
        )
    return pl.concat([results, *(part.select(list(SCHEMA)) for part in made)])
