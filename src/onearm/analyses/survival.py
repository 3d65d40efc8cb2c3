"""Times to an event: medians, rates at landmarks, curves, numbers at risk, follow-up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np
import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.protocol.endpoints import TimeEndpoint
from onearm.results import Rows, concat_results
from onearm.stats.follow_up import reverse_kaplan_meier
from onearm.stats.kaplan_meier import KaplanMeier, kaplan_meier, survival_at
from onearm.stats.quantiles import Quantile, survival_quantile
from onearm.terms import DAYS_PER_YEAR

__all__ = ["follow_up", "months", "survival", "survival_curve", "survival_rate"]

_QUARTERS = (("q1", 0.25), ("median", 0.5), ("q3", 0.75))
_TICKS = 7
"""About as many numbers at risk stand below a curve."""


def months(adtte: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Add the time in months and whether the event was seen.

    Parameters
    ----------
    adtte : polars.DataFrame
        With ``AVAL AVALU CNSR``.
    protocol : Protocol
        Days in a month.

    Returns
    -------
    polars.DataFrame
        With ``MONTHS`` and ``EVENT``; a month stays a month and is never taken through days.
    """
    month = protocol.conventions.days_per_month
    factor = {"DAYS": 1 / month, "WEEKS": 7 / month, "MONTHS": 1.0, "YEARS": DAYS_PER_YEAR / month}
    unit = pl.col("AVALU").replace_strict(factor, return_dtype=pl.Float64)
    # Division where the factor is a fraction: 61 / 30.4375 is the nearest number, 61 * (1 / 30.4375) need not be.
    value = pl.when(pl.col("AVALU") == "DAYS").then(pl.col("AVAL") / month).otherwise(pl.col("AVAL") * unit)
    return adtte.with_columns(MONTHS=value, EVENT=(pl.col("CNSR") == 0))


def _each(datasets: Datasets, protocol: Protocol) -> Iterator[tuple[str, TimeEndpoint, Population, pl.DataFrame]]:
    adtte = months(datasets["adtte"], protocol)
    for name, endpoint in protocol.times.items():
        rows = adtte.filter(pl.col("PARAMCD") == name)
        for population in populations(datasets, protocol, endpoint.set):
            yield name, endpoint, population, population.of(rows)


def _curve(table: pl.DataFrame, endpoint: TimeEndpoint, protocol: Protocol) -> KaplanMeier:
    scale = endpoint.interval or protocol.conventions.survival_interval
    return kaplan_meier(
        table["MONTHS"].to_numpy(), table["EVENT"].to_numpy(), interval=scale, level=protocol.conventions.level
    )


def _method(endpoint: TimeEndpoint, protocol: Protocol) -> str:
    scale = endpoint.interval or protocol.conventions.survival_interval
    return f"kaplan-meier, {scale}"


def survival(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Estimate the median and the quartiles of every time endpoint.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adtte``.
    protocol : Protocol
        Endpoints and conventions.

    Returns
    -------
    polars.DataFrame
        Results in months. What is not reached has no value and a note.
    """
    return concat_results(_summary(*item, protocol) for item in _each(datasets, protocol))


def _summary(
    name: str, endpoint: TimeEndpoint, population: Population, table: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    rows = population.rows("survival", "ADTTE", name)
    rows.add("n", table.height, unit="count")
    rows.add("events", int(table["EVENT"].sum()), unit="count")
    rows.add("censored", int((~table["EVENT"]).sum()), unit="count")
    if table.is_empty():
        rows.add("median", unit="months", note="no patient has this time")
        return rows.frame()
    rows.add("min", table["MONTHS"].min(), unit="months")  # type: ignore[arg-type]  # a Float64 column
    rows.add("max", table["MONTHS"].max(), unit="months")  # type: ignore[arg-type]  # a Float64 column
    curve = _curve(table, endpoint, protocol)
    convention = protocol.conventions.median
    for stat, share in _QUARTERS:
        quantile = survival_quantile(curve, share, convention=convention)
        _add_quantile(rows, stat, quantile, f"{_method(endpoint, protocol)}, {convention}", protocol)
    return rows.frame()


def _add_quantile(rows: Rows, stat: str, quantile: Quantile, method: str, protocol: Protocol) -> None:
    level = protocol.conventions.level
    for suffix, value in (("", quantile.estimate), ("_low", quantile.low), ("_high", quantile.high)):
        missing = math.isnan(value)
        rows.add(
            f"{stat}{suffix}",
            value,
            unit="months",
            method=method,
            conf_level=level if suffix else None,
            note="not reached" if missing else None,
        )


def survival_rate(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Estimate the share without the event at the landmarks.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adtte``.
    protocol : Protocol
        Landmarks of each endpoint.

    Returns
    -------
    polars.DataFrame
        Results ``rate rate_low rate_high at_risk`` for each landmark.
    """
    return concat_results(_rates(*item, protocol) for item in _each(datasets, protocol))


def _rates(
    name: str, endpoint: TimeEndpoint, population: Population, table: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    rows = population.rows("survival_rate", "ADTTE", name)
    if not endpoint.landmarks_months or table.is_empty():
        return rows.frame()
    at = survival_at(_curve(table, endpoint, protocol), endpoint.landmarks_months)
    method, level = _method(endpoint, protocol), protocol.conventions.level
    for i, month in enumerate(endpoint.landmarks_months):
        at_month = partial(rows.add, variable="time", level=f"{month:g}")
        note = "no patient is followed as long" if math.isnan(at.survival[i]) else None
        limit = note or ("not estimable" if math.isnan(at.low[i]) else None)
        at_month("rate", at.survival[i], unit="proportion", method=method, note=note)
        at_month("rate_low", at.low[i], unit="proportion", method=method, conf_level=level, note=limit)
        at_month("rate_high", at.high[i], unit="proportion", method=method, conf_level=level, note=limit)
        at_month("at_risk", at.at_risk[i], unit="count", note=note)
    return rows.frame()


def survival_curve(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Give every step of every curve, and the numbers at risk below it.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adtte``.
    protocol : Protocol
        Endpoints.

    Returns
    -------
    polars.DataFrame
        Analyses ``survival_curve`` (one group of rows per distinct time) and ``survival_at_risk`` (per tick).
    """
    return concat_results(
        part
        for name, endpoint, population, table in _each(datasets, protocol)
        if table.height
        for part in _points(name, population, _curve(table, endpoint, protocol), _method(endpoint, protocol))
    )


def _points(name: str, population: Population, curve: KaplanMeier, method: str) -> Iterator[pl.DataFrame]:
    rows = population.rows("survival_curve", "ADTTE", name)
    columns = {
        "survival": (curve.survival, "proportion"),
        "conf_low": (curve.low, "proportion"),
        "conf_high": (curve.high, "proportion"),
        "at_risk": (curve.at_risk, "count"),
        "events": (curve.events, "count"),
        "censored": (curve.censored, "count"),
    }
    for i, time in enumerate(curve.time):
        for stat, (values, unit) in columns.items():
            note = "not estimable" if math.isnan(values[i]) else None
            rows.add(stat, values[i], variable="time", level=f"{time:.6f}", unit=unit, method=method, note=note)
    yield rows.frame()
    risk = population.rows("survival_at_risk", "ADTTE", name)
    for tick in _ticks(float(curve.time[-1])):
        index = int(np.searchsorted(curve.time, tick, side="left"))
        left = curve.at_risk[index] if index < curve.time.size else 0.0
        risk.add("at_risk", left, variable="time", level=f"{tick:g}", unit="count")
        seen = float(curve.events[curve.time <= tick].sum())
        risk.add("events", seen, variable="time", level=f"{tick:g}", unit="count")
    yield risk.frame()


def _ticks(last: float) -> list[float]:
    """Round months from 0 to the last observation."""
    step = next((s for s in (1, 2, 3, 6, 12, 24, 36, 60) if last / s <= _TICKS), 120)
    return [float(tick) for tick in np.arange(0, last + step, step)]


def follow_up(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Estimate the follow-up of every time endpoint by the reverse Kaplan-Meier method.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adtte``.
    protocol : Protocol
        Endpoints and conventions.

    Returns
    -------
    polars.DataFrame
        Results in months; where everyone had the event, follow-up cannot be estimated and a note says so.

    References
    ----------
    .. [1] Schemper M, Smith TL (1996), Control Clin Trials 17:343-346.
    """
    return concat_results(_followed(*item, protocol) for item in _each(datasets, protocol))


def _followed(
    name: str, endpoint: TimeEndpoint, population: Population, table: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    rows = population.rows("follow_up", "ADTTE", name)
    if endpoint.among != "all":
        return rows.frame()
    method = f"reverse {_method(endpoint, protocol)}, {protocol.conventions.median}"
    if table.is_empty() or bool(table["EVENT"].all()):
        why = "no patient has this time" if table.is_empty() else "every patient had the event; none is censored"
        rows.add("median", unit="months", method=method, note=why)
        return rows.frame()
    scale = endpoint.interval or protocol.conventions.survival_interval
    curve = reverse_kaplan_meier(
        table["MONTHS"].to_numpy(), table["EVENT"].to_numpy(), interval=scale, level=protocol.conventions.level
    )
    for stat, share in _QUARTERS:
        quantile = survival_quantile(curve, share, convention=protocol.conventions.median)
        if stat == "median":
            _add_quantile(rows, stat, quantile, method, protocol)
        else:
            note = "not reached" if math.isnan(quantile.estimate) else None
            rows.add(stat, quantile.estimate, unit="months", method=method, note=note)
    rows.add("min", table["MONTHS"].min(), unit="months", method="observed time")  # type: ignore[arg-type]  # a Float64 column
    rows.add("max", table["MONTHS"].max(), unit="months", method="observed time")  # type: ignore[arg-type]  # a Float64 column
    return rows.frame()
