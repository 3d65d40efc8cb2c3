"""The growth modulation index: the time on study against that on the previous line of the same patient."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.analyses.population import Datasets, Population, populations
from onearm.analyses.survival import months
from onearm.protocol import Protocol
from onearm.protocol.endpoints import PreviousLine
from onearm.results import Rows, concat_results
from onearm.rules.kinetics import GrowthModulation, growth_modulation_index
from onearm.stats.binomial import binomial_interval
from onearm.stats.kaplan_meier import kaplan_meier, survival_at
from onearm.stats.quantiles import survival_quantile
from onearm.terms import DAYS_PER_YEAR

__all__ = ["growth_modulation"]

_JUST_BELOW = 1 - 1e-6
"""The curve gives the share above a ratio; just below the threshold it is the share at or above it. Far enough below not
to be taken for the same time."""


def growth_modulation(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Compare each patient's time with that on the line before.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adtte``.
    protocol : Protocol
        Times with ``previous_line``.

    Returns
    -------
    polars.DataFrame
        Results ``n missing``; ``reached``: ``n N p conf_low conf_high`` of the patients whose ratio is known to reach the
        threshold or not, and ``unknown``, those censored before; ``ratio``: median and share at the threshold by
        Kaplan-Meier, which uses the censored too.

    References
    ----------
    .. [1] Von Hoff DD (1998), Clin Cancer Res 4:1079-1086.
    .. [2] Penel N et al. (2013), Ann Oncol 24:537-542.
    """
    adtte = months(datasets["adtte"], protocol)
    return concat_results(
        _index(name, endpoint.previous_line, population, adtte.filter(pl.col("PARAMCD") == name), protocol)
        for name, endpoint in protocol.times.items()
        if endpoint.previous_line is not None
        for population in populations(datasets, protocol, endpoint.set)
    )


def _index(
    name: str, line: PreviousLine, population: Population, times: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    rows = population.rows("growth_modulation", "ADTTE", name)
    if line.column not in population.subjects.columns:
        rows.add("n", note=f"the data have no column {line.column}")
        return rows.frame()
    month = protocol.conventions.days_per_month
    factor = {"days": 1 / month, "weeks": 7 / month, "months": 1.0, "years": DAYS_PER_YEAR / month}[line.unit]
    previous = population.subjects.select("USUBJID", BEFORE=pl.col(line.column).cast(pl.Float64, strict=False) * factor)
    known = population.of(times).join(previous, on="USUBJID", how="inner").filter(pl.col("BEFORE") > 0)
    rows.add("n", known.height, unit="count")
    rows.add("missing", population.n - known.height, unit="count")
    if known.is_empty():
        rows.add("p", variable="reached", level=f"{line.threshold:g}", note="no patient has both times")
        return rows.frame()
    index = growth_modulation_index(
        known["MONTHS"].to_numpy(), known["EVENT"].to_numpy(), known["BEFORE"].to_numpy(), threshold=line.threshold
    )
    _reached(rows, index, line, protocol)
    _curve(rows, index, known["EVENT"].to_numpy(), line, protocol)
    return rows.frame()


def _reached(rows: Rows, index: GrowthModulation, line: PreviousLine, protocol: Protocol) -> None:
    variable, level = "reached", f"{line.threshold:g}"
    seen = index.is_at_least[~np.isnan(index.is_at_least)]
    n, total = int(seen.sum()), int(seen.size)
    rows.add("n", n, variable=variable, level=level, unit="count")
    rows.add("N", total, variable=variable, level=level, unit="count")
    rows.add("unknown", index.is_at_least.size - total, variable=variable, level=level, unit="count")
    if total == 0:
        rows.add("p", variable=variable, level=level, note="every patient was censored before the threshold")
        return
    method, coverage = protocol.conventions.proportion_interval, protocol.conventions.level
    interval = binomial_interval(n, total, method=method, level=coverage)
    rows.add("p", n / total, variable=variable, level=level, unit="proportion")
    for stat, value in (("conf_low", interval.low), ("conf_high", interval.high)):
        rows.add(stat, value, variable=variable, level=level, unit="proportion", method=method, conf_level=coverage)


def _curve(
    rows: Rows, index: GrowthModulation, event: NDArray[np.bool_], line: PreviousLine, protocol: Protocol
) -> None:
    conventions = protocol.conventions
    scale, coverage = conventions.survival_interval, conventions.level
    curve = kaplan_meier(index.ratio, event, interval=scale, level=coverage)
    median = survival_quantile(curve, 0.5, convention=conventions.median)
    for stat, value in (("median", median.estimate), ("median_low", median.low), ("median_high", median.high)):
        note = "not reached" if math.isnan(value) else None
        method = f"kaplan-meier, {scale}, {conventions.median}"
        rows.add(stat, value, variable="ratio", unit="ratio", method=method, note=note)
    at = survival_at(curve, (line.threshold * _JUST_BELOW,))
    for stat, value in (("rate", at.survival[0]), ("rate_low", at.low[0]), ("rate_high", at.high[0])):
        note = "not estimable" if math.isnan(value) else None
        level = f"{line.threshold:g}"
        rows.add(
            stat, value, variable="ratio", level=level, unit="proportion", method=f"kaplan-meier, {scale}", note=note
        )
