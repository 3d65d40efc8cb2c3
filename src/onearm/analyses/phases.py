"""The phases of treatment, each by itself: who began and completed it, why others did not, and what was given in it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from onearm.analyses.exposure import add_exposure, add_quantiles
from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol, Treatment
from onearm.results import concat_results

__all__ = ["phase_disposition", "phase_exposure"]


def phase_disposition(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Count the patients at each step of every phase of treatment.

    Parameters
    ----------
    datasets : Datasets
        With ``adds`` where the protocol has phases.
    protocol : Protocol
        Phases and cohorts.

    Returns
    -------
    polars.DataFrame
        Results, ``paramcd`` the phase: ``step`` ``started completed discontinued ongoing`` and ``reason:discontinued``, of
        everybody with a dose of the phase.

    References
    ----------
    .. [1] Hopewell S et al. (2025), CONSORT 2025 statement, BMJ 388:e081123.
    """
    adsl = datasets["adsl"]
    groups = [Population("ALL", adsl)]
    if protocol.cohort:
        groups = [Population("ALL", adsl.filter(pl.col("COHORT") == name), name) for name in protocol.cohort]
    return concat_results(
        _steps(group, begun, phase) for group in groups for phase, begun in _begun(group, datasets, protocol)
    )


def _begun(group: Population, datasets: Datasets, protocol: Protocol) -> Iterator[tuple[str, pl.DataFrame]]:
    """Phases that anybody began, with those who did."""
    if "adds" in datasets:
        adds = group.of(datasets["adds"])
        parts = ((phase.name, adds.filter(pl.col("APHASE") == phase.name)) for phase in protocol.phase)
        yield from ((name, part) for name, part in parts if part.height)


def _steps(group: Population, begun: pl.DataFrame, phase: str) -> pl.DataFrame:
    rows = group.rows("phase_disposition", "ADDS", phase)
    rows.add("n", begun.height, variable="step", level="started", unit="count")
    for step in ("completed", "discontinued", "ongoing"):
        rows.add("n", int((begun["EOPSTT"] == step.upper()).sum()), variable="step", level=step, unit="count")
    left = begun.filter(pl.col("EOPSTT") == "DISCONTINUED")
    reasons = left.group_by(pl.col("DCPREAS").fill_null("Not recorded")).len()
    for reason, n in reasons.sort("len", "DCPREAS", descending=[True, False]).iter_rows():
        rows.add("n", n, variable="reason:discontinued", level=reason, unit="count")
    return rows.frame()


def phase_exposure(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Describe the exposure to every drug within each phase of treatment.

    Parameters
    ----------
    datasets : Datasets
        With ``adex``, and ``adds`` where the protocol has phases.
    protocol : Protocol
        Phases, drugs and cycles.

    Returns
    -------
    polars.DataFrame
        Results as those of `onearm.analyses.exposure.exposure`, ``paramcd`` the phase, without how a drug ended; without a
        variable: patients with any dose of the phase, the time from its first dose to its last, and its cycles.

    Notes
    -----
    The cycles of the phase are those of the drug of which the patient had the most: one that is left out for a while does not
    make them fewer, nor two that are late by different days more.
    """
    return concat_results(
        _exposed(population, begun, phase, datasets["adex"], protocol)
        for population in populations(datasets, protocol, protocol.main_set)
        for phase, begun in _begun(population, datasets, protocol)
    )


def _exposed(
    population: Population, begun: pl.DataFrame, phase: str, adex: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    rows = population.rows("phase_exposure", "ADEX", phase)
    rows.add("n", begun.height, unit="count")
    rows.add("N", population.n, unit="count")
    days = (begun["AENDT"] - begun["ASTDT"]).dt.total_days().to_numpy().astype(float) + 1
    add_quantiles(rows, None, "duration", days / protocol.conventions.days_per_month, "months", protocol)
    mine = adex.filter(pl.col("APHASE") == phase)
    drugs = population.rows("phase_exposure", "ADEX", phase)
    spans = [add_exposure(drugs, population, mine, drug, protocol) for drug in _given_in(mine, protocol)]
    cycles = [span.select("USUBJID", "cycles") for span in spans if not span.is_empty()]
    if cycles:
        most = pl.concat(cycles).group_by("USUBJID").agg(pl.col("cycles").max())["cycles"]
        add_quantiles(rows, None, "cycles", most.to_numpy().astype(float), "cycles", protocol)
    return pl.concat([rows.frame(), drugs.frame()])


def _given_in(doses: pl.DataFrame, protocol: Protocol) -> list[Treatment]:
    names = set(doses["EXTRT"].str.to_lowercase().to_list())
    return [drug for drug in protocol.treatment if drug.name.lower() in names]
