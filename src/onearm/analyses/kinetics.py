"""Tumour kinetics: the growth rate to the first scan, and growth and decay of the size over the whole course."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.results import Rows, concat_results
from onearm.rules.kinetics import tumour_growth_rate
from onearm.stats.tumour_size import TumourSizeFit, fit_tumour_size, predict_tumour_size

__all__ = ["kinetics"]

_QUARTERS: Final = (("min", 0.0), ("q1", 0.25), ("median", 0.5), ("q3", 0.75), ("max", 1.0))
_MODEL: Final = "exp(-decay t) + exp(growth t) - 1, least squares"


def kinetics(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Estimate how fast the tumours grow and shrink.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adtr``.
    protocol : Protocol
        The set of the primary endpoint is described; ``tumour.size_model``.

    Returns
    -------
    polars.DataFrame
        Analysis ``tumour_kinetics``: the tumour growth rate from baseline to the first sum after it, and, with a size
        model, the rates of growth and decay and how many patients could not be fitted. Analysis ``tumour_size_curve``:
        the fitted size over time. No rows where no size was measured.

    References
    ----------
    .. [1] Ferte C et al. (2014), Clin Cancer Res 20:246-252.
    .. [2] Stein WD et al. (2011), Clin Cancer Res 17:907-917.
    """
    sums = _sums(datasets["adtr"])
    if sums.is_empty():
        return concat_results([])
    return concat_results(
        part
        for population in populations(datasets, protocol, protocol.main_set)
        for part in _described(population, population.of(sums), protocol)
    )


def _sums(adtr: pl.DataFrame) -> pl.DataFrame:
    """Sums with their day and what they were at baseline: the marked one, or the earliest where none is marked."""
    day = pl.coalesce(pl.col("ADT").dt.epoch("d").cast(pl.Int64), pl.col("ADY"))
    rows = adtr.filter((pl.col("PARAMCD") == "SUMDIAM") & pl.col("AVAL").is_not_null()).select(
        "USUBJID", mm="AVAL", day=day, mark=pl.col("ABLFL") == "Y"
    )
    rows = rows.drop_nulls("day").sort("USUBJID", "day", maintain_order=True)
    first = rows.sort("USUBJID", ~pl.col("mark").fill_null(False), "day", maintain_order=True)
    base = first.unique("USUBJID", keep="first", maintain_order=True)
    return rows.drop("mark").join(
        base.select("USUBJID", base_mm="mm", base_day="day"), on="USUBJID", how="left", maintain_order="left"
    )


def _described(population: Population, sums: pl.DataFrame, protocol: Protocol) -> Iterator[pl.DataFrame]:
    rows = population.rows("tumour_kinetics", "ADTR", "SUMDIAM")
    after = sums.filter(pl.col("day") > pl.col("base_day"))
    first = after.unique("USUBJID", keep="first", maintain_order=True)
    rates = tumour_growth_rate(
        first["base_mm"].to_numpy(), first["mm"].to_numpy(), (first["day"] - first["base_day"]).to_numpy()
    )
    known = rates[np.isfinite(rates)]
    _spread(rows, "growth_rate", known, "percent of volume per month", "Ferte 2014")
    rows.add("missing", population.n - known.size, variable="growth_rate", unit="count")
    if protocol.tumour.size_model == "none":
        yield rows.frame()
        return
    who = sums["USUBJID"].unique(maintain_order=True)
    measured = after.filter(pl.col("base_mm") > 0)
    month = protocol.conventions.days_per_month
    number = {name: place for place, name in enumerate(who)}
    series = measured["USUBJID"].replace_strict(number, return_dtype=pl.Int64).to_numpy()
    months = ((measured["day"] - measured["base_day"]) / month).to_numpy()
    fit = fit_tumour_size(series, months, (measured["mm"] / measured["base_mm"]).to_numpy(), len(who))
    fitted = fit.note == ""
    _spread(rows, "growth", fit.growth[fitted], "per month", _MODEL)
    _spread(rows, "decay", fit.decay[fitted], "per month", _MODEL)
    rows.add("n", int(fitted.sum()), variable="size_model", level="fitted", unit="count")
    for reason in sorted(set(fit.note[~fitted].tolist())):
        rows.add("n", int((fit.note == reason).sum()), variable="size_model", level=reason, unit="count")
    rows.add("n", population.n - len(who), variable="size_model", level="no size was measured", unit="count")
    yield rows.frame()
    last = np.zeros(len(who))
    np.maximum.at(last, series, months)
    yield _curve(population, fit, last)


def _spread(rows: Rows, variable: str, values: NDArray[np.float64], unit: str, method: str) -> None:
    rows.add("n", values.size, variable=variable, unit="count")
    if not values.size:
        rows.add("median", variable=variable, unit=unit, note="no patient has a size at baseline and enough after it")
        return
    for stat, share in _QUARTERS:
        rows.add(stat, float(np.quantile(values, share)), variable=variable, unit=unit, method=method)


def _curve(population: Population, fit: TumourSizeFit, last: NDArray[np.float64]) -> pl.DataFrame:
    """Quartiles of the fitted size at each month, among the patients that were still measured then or later."""
    rows = population.rows("tumour_size_curve", "ADTR", "SUMDIAM")
    fitted = fit.note == ""
    longest = int(last[fitted].max()) if fitted.any() else -1
    for month in range(longest + 1):
        here = fitted & (last >= month)
        sizes = predict_tumour_size(float(month), fit.growth[here], fit.decay[here])
        level = f"{month}"
        rows.add("n", int(here.sum()), variable="time", level=level, unit="count")
        for stat, share in (("q1", 0.25), ("median", 0.5), ("q3", 0.75)):
            value = 100 * (float(np.quantile(sizes, share)) - 1)
            rows.add(stat, value, variable="time", level=level, unit="percent of baseline", method=_MODEL)
    return rows.frame()
