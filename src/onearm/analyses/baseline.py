"""The baseline table: numbers by median with quartiles or range, categories by count and share."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Baseline, Protocol
from onearm.results import Rows, concat_results
from onearm.stats.descriptive import quantile

__all__ = ["FEW_VALUES", "baseline"]

FEW_VALUES = 6
"""A number with at most this many distinct values is a code (ECOG 0, 1, 2) and is counted."""


def baseline(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Describe the patients at baseline.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``.
    protocol : Protocol
        ``[[baseline]]``; without it, age, sex and every covariate of the patient table.

    Returns
    -------
    polars.DataFrame
        Results. A variable that the data do not have is a row that says so. Shares are of the patients with a known
        value; the number of missing ones is a row of its own.
    """
    lines = protocol.baseline or _default(datasets["adsl"], protocol)
    return concat_results(
        _describe(population, line, protocol)
        for name in dict.fromkeys(line.set or protocol.main_set for line in lines)
        for population in populations(datasets, protocol, name)
        for line in lines
        if (line.set or protocol.main_set) == name
    )


def _default(adsl: pl.DataFrame, protocol: Protocol) -> tuple[Baseline, ...]:
    section = protocol.source.patients
    named = [name.upper() for name in section.covariates] if section else ["AGE", "SEX"]
    return tuple(Baseline(variable=name) for name in named if name in adsl.columns)


def _describe(population: Population, line: Baseline, protocol: Protocol) -> pl.DataFrame:
    rows = population.rows("baseline", "ADSL")
    if line.variable not in population.subjects.columns:
        rows.add("n", variable=line.variable, note=f"the data have no column {line.variable}")
        return rows.frame()
    values = population.subjects[line.variable]
    if _is_number(values, line):
        _number(rows, values, line, protocol)
    else:
        _categories(rows, values, line)
    return rows.frame()


def _is_number(values: pl.Series, line: Baseline) -> bool:
    if not values.dtype.is_numeric() or line.summary == "count":
        return False
    return line.summary != "auto" or bool(line.cuts) or values.drop_nulls().n_unique() > FEW_VALUES


def _number(rows: Rows, values: pl.Series, line: Baseline, protocol: Protocol) -> None:
    known = values.drop_nulls().to_numpy().astype(float)
    convention = protocol.conventions.quantile
    variable, unit = line.variable, line.unit
    rows.add("n", known.size, variable=variable, unit="count")
    rows.add("missing", values.null_count(), variable=variable, unit="count")
    if known.size == 0:
        rows.add("median", variable=variable, note="no patient has a value")
        return
    rows.add("mean", float(known.mean()), variable=variable, unit=unit)
    sd = float(known.std(ddof=1)) if known.size > 1 else None
    rows.add("sd", sd, variable=variable, unit=unit, note=None if known.size > 1 else "one value has no spread")
    for stat, share in (("q1", 0.25), ("median", 0.5), ("q3", 0.75)):
        rows.add(
            stat,
            float(quantile(known, share, convention=convention)),
            variable=variable,
            unit=unit,
            method=f"quantile, {convention}",
        )
    rows.add("min", float(known.min()), variable=variable, unit=unit)
    rows.add("max", float(known.max()), variable=variable, unit=unit)
    for level, member in _classes(known, line.cuts):
        rows.add_share(int(member.sum()), known.size, variable=variable, level=level)


def _classes(known: np.ndarray, cuts: tuple[float, ...]) -> list[tuple[str, np.ndarray]]:
    """Below the first limit, from each limit to the next, from the last on."""
    if not cuts:
        return []
    inner = [(f"{a:g} to < {b:g}", (known >= a) & (known < b)) for a, b in pairwise(cuts)]
    return [(f"< {cuts[0]:g}", known < cuts[0]), *inner, (f"≥ {cuts[-1]:g}", known >= cuts[-1])]


def _categories(rows: Rows, values: pl.Series, line: Baseline) -> None:
    known = values.drop_nulls()
    text = (
        known.cast(pl.String)
        if not known.dtype.is_float()
        else pl.Series([f"{value:g}" for value in known], dtype=pl.String)
    )
    if line.separator is not None:
        # One patient may have several categories, each once.
        parts = text.str.split(line.separator).list.eval(pl.element().str.strip_chars()).list.unique().explode()
        parts = parts.filter(parts != "")
    else:
        parts = text
    counts = dict(parts.value_counts().iter_rows())
    order = [*line.levels, *sorted(set(counts) - set(line.levels))]
    for level in order:
        rows.add_share(counts.get(level, 0), known.len(), variable=line.variable, level=level)
    rows.add("missing", values.null_count(), variable=line.variable, unit="count")
