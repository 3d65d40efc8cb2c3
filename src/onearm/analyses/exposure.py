"""How long each drug was given, and at which dose levels."""

from __future__ import annotations

import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol, Treatment
from onearm.results import concat_results
from onearm.stats.descriptive import quantile

__all__ = ["exposure"]


def exposure(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Describe the exposure to every drug of the protocol.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adex``.
    protocol : Protocol
        Drugs and cycles.

    Returns
    -------
    polars.DataFrame
        Results by drug: patients treated, days from first to last dose, share with a dose below the starting one.
    """
    return concat_results(
        _drug(population, datasets["adex"], drug, protocol)
        for population in populations(datasets, protocol, protocol.main_set)
        for drug in protocol.treatment
        if datasets["adex"].height
    )


def _drug(population: Population, adex: pl.DataFrame, drug: Treatment, protocol: Protocol) -> pl.DataFrame:
    rows = population.rows("exposure", "ADEX")
    mine = population.of(adex).filter(
        (pl.col("EXTRT").str.to_lowercase() == drug.name.lower()) & (pl.col("EXDOSE") > 0)
    )
    rows.add("n", mine["USUBJID"].n_unique(), variable=drug.name, unit="count")
    rows.add("N", population.n, variable=drug.name, unit="count")
    if mine.is_empty():
        return rows.frame()
    span = mine.group_by("USUBJID").agg(
        days=(pl.col("AENDT").max() - pl.col("ASTDT").min()).dt.total_days() + 1, level=pl.col("DOSELVL").max()
    )
    days = span["days"].to_numpy().astype(float)
    convention = protocol.conventions.quantile
    for stat, share in (("min", 0.0), ("q1", 0.25), ("median", 0.5), ("q3", 0.75), ("max", 1.0)):
        value = float(quantile(days, share, convention=convention)) / protocol.conventions.days_per_month
        rows.add(f"duration_{stat}", value, variable=drug.name, unit="months", method=f"quantile, {convention}")
    for level, dose in enumerate(drug.dose_levels[1:], start=1):
        reached = int((span["level"] >= level).sum())
        rows.add("n", reached, variable=drug.name, level=f"reduced to {dose:g} {drug.unit}", unit="count")
        rows.add(
            "p", reached / span.height, variable=drug.name, level=f"reduced to {dose:g} {drug.unit}", unit="proportion"
        )
    return rows.frame()
