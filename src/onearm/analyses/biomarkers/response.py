"""Biomarkers against response: responders beside the others, and the rate in each group."""

from __future__ import annotations

import numpy as np
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
from onearm.stats.binomial import binomial_interval
from onearm.stats.contingency import fisher_exact
from onearm.stats.location import location_shift
from onearm.stats.ranks import rank_sum

__all__ = ["NON_RESPONDERS", "RESPONDERS", "biomarker_response"]

RESPONDERS, NON_RESPONDERS = "responders", "non-responders"


def biomarker_response(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Set biomarkers against response.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adbm``.
    protocol : Protocol
        Biomarkers set against ``response``.

    Returns
    -------
    polars.DataFrame
        Analysis ``biomarker_response``: variable ``response``, level ``responders`` and ``non-responders`` (quartiles), and
        without level the shift with its exact interval, the area under the ROC curve and the rank-sum test. Analysis
        ``biomarker_response_rate``: variable ``group``, the rate in each group with its interval, and Fisher's test.
    """
    parts = [
        part
        for name, marker, population, rows in each_biomarker(datasets, protocol, "response")
        for part in _one(name, marker, population, analysed_values(rows, marker), protocol)
    ]
    return with_q_values(concat_results(parts), protocol)


def _one(
    name: str, marker: Biomarker, population: Population, rows: pl.DataFrame, protocol: Protocol
) -> list[pl.DataFrame]:
    known = rows.filter(pl.col("RSPFL").is_not_null())
    values = population.rows("biomarker_response", "ADBM", name)
    numbers = known.drop_nulls("AVAL")
    if numbers.height or known.is_empty():
        _values(values, numbers, marker, protocol)
    rates = population.rows("biomarker_response_rate", "ADBM", name)
    _rates(rates, known.drop_nulls("ANLGRP"), marker, protocol)
    return [values.frame(), rates.frame()]


def _values(out: Rows, numbers: pl.DataFrame, marker: Biomarker, protocol: Protocol) -> None:
    first, second = (numbers.filter(pl.col("RSPFL") == flag)["AVAL"].to_numpy() for flag in ("Y", "N"))
    for level, group in ((RESPONDERS, first), (NON_RESPONDERS, second)):
        add_quartiles(out, group, variable="response", level=level, unit=marker.unit, protocol=protocol)
    if not first.size or not second.size:
        why = "no responder has a value" if not first.size else "no patient without response has a value"
        out.add("p_value", variable="response", method="rank-sum", note=why)
        return
    coverage = protocol.conventions.level
    shift = location_shift(first, second, level=coverage)
    test = rank_sum(first, second)
    p, how = rank_p(test, protocol)
    out.add("estimate", shift.estimate, variable="response", unit=marker.unit, method=shift.method)
    for stat, bound in (("conf_low", shift.low), ("conf_high", shift.high)):
        note = shift.note or ("not reached with so few patients" if np.isnan(bound) else None)
        out.add(stat, bound, variable="response", unit=marker.unit, method=shift.method, conf_level=coverage, note=note)
    out.add("auc", test.statistic / (first.size * second.size), variable="response", method="mann-whitney")
    same = "all values are equal" if np.isnan(p) else None
    out.add("p_value", p, variable="response", method=f"rank-sum, {how}", note=same)


def _rates(out: Rows, known: pl.DataFrame, marker: Biomarker, protocol: Protocol) -> None:
    method, level = protocol.conventions.proportion_interval, protocol.conventions.level
    counts = []
    for group in group_levels(known["ANLGRP"], marker):
        mine = known.filter(pl.col("ANLGRP") == group)
        n, total = int((mine["RSPFL"] == "Y").sum()), mine.height
        counts.append([n, total - n])
        out.add_share(n, total, variable="group", level=group)
        interval = binomial_interval(n, total, method=method, level=level)
        for stat, bound in (("conf_low", interval.low), ("conf_high", interval.high)):
            out.add(stat, bound, variable="group", level=group, unit="proportion", method=method, conf_level=level)
    if len(counts) > 1:
        out.add("p_value", fisher_exact(np.array(counts)).p_two_sided, variable="group", method="fisher, two-sided")
    elif marker.splits_at != "none":
        out.add("p_value", variable="group", method="fisher, two-sided", note="fewer than two groups")
