"""Quantiles of the times as they were observed, whether they ended with the event or not."""

from __future__ import annotations

import polars as pl

from onearm.analyses.population import Datasets, populations
from onearm.analyses.survival import months
from onearm.protocol import Protocol
from onearm.results import Rows, concat_results
from onearm.stats.descriptive import quantile

__all__ = ["observed_times"]

_SHARES = (("min", 0.0), ("q1", 0.25), ("median", 0.5), ("q3", 0.75), ("max", 1.0))


def observed_times(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Describe observed times by sample quantiles.

    Many papers print the median of all observed times as the follow-up, and sample quartiles of the times to response. They
    are no estimates of follow-up [1]_ or of time to response under censoring; they stand beside those, so that a reader can
    tell which of the two was printed.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adtte``.
    protocol : Protocol
        Endpoints and the definition of a quantile.

    Returns
    -------
    polars.DataFrame
        Analysis ``observed_time`` by endpoint, in months.

    References
    ----------
    .. [1] Schemper M, Smith TL (1996), Control Clin Trials 17:343-346.
    """
    adtte = months(datasets["adtte"], protocol)
    tables = []
    for name, endpoint in protocol.times.items():
        for population in populations(datasets, protocol, endpoint.set):
            mine = population.of(adtte.filter(pl.col("PARAMCD") == name))
            rows = population.rows("observed_time", "ADTTE", name)
            _describe(rows, mine, protocol)
            tables.append(rows.frame())
    return concat_results(tables)


def _describe(rows: Rows, table: pl.DataFrame, protocol: Protocol) -> None:
    values = table["MONTHS"].drop_nulls().to_numpy()
    rows.add("n", values.size, unit="count")
    if not values.size:
        rows.add("median", unit="months", note="no patient has this time")
        return
    convention = protocol.conventions.quantile
    for stat, share in _SHARES:
        value = float(quantile(values, share, convention=convention))
        rows.add(stat, value, unit="months", method=f"quantile, {convention}")
