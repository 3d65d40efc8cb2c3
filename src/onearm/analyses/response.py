"""Best overall response and response rates."""

from __future__ import annotations

import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.protocol.endpoints import RateEndpoint
from onearm.results import concat_results
from onearm.rules.successes import rate_successes, without_answer
from onearm.stats.binomial import binomial_interval
from onearm.stats.design.beta_posterior import posterior
from onearm.terms import BEST_RESPONSES, IMMUNE_BEST_RESPONSES

__all__ = [
    "best_response",
    "judged_members",
    "progression_extents",
    "response_rate",
    "successes",
]

_LEVELS = {
    "CBOR": BEST_RESPONSES,
    "BOR": BEST_RESPONSES,
    "ICBOR": IMMUNE_BEST_RESPONSES,
    "IBOR": IMMUNE_BEST_RESPONSES,
}


def best_response(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Count the best overall responses, confirmed and unconfirmed.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adrs``.
    protocol : Protocol
        The set of the primary endpoint is described.

    Returns
    -------
    polars.DataFrame
        Results. A member without any assessment is counted as not evaluable.
    """
    return concat_results(
        _distribution(population, datasets["adrs"], paramcd)
        for paramcd in _LEVELS
        if datasets["adrs"]["PARAMCD"].eq(paramcd).any()
        for population in populations(datasets, protocol, protocol.main_set)
    )


def _distribution(population: Population, adrs: pl.DataFrame, paramcd: str) -> pl.DataFrame:
    rows = population.rows("best_response", "ADRS", paramcd)
    best = population.of(adrs).filter(pl.col("PARAMCD") == paramcd)
    counts = dict(best["AVALC"].value_counts().iter_rows())
    counts["NE"] = counts.get("NE", 0) + counts.pop("MISSING", 0) + counts.pop("ND", 0) + population.n - best.height
    levels = _LEVELS[paramcd]
    for level in [*levels, *sorted(set(counts) - set(levels))]:
        rows.add_share(counts.get(level, 0), population.n, variable="response", level=level)
    return rows.frame()


def response_rate(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Estimate every rate of the protocol with its interval.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adrs``.
    protocol : Protocol
        Rates.

    Returns
    -------
    polars.DataFrame
        Results ``n N p conf_low conf_high``. A member without a response counts as a failure. With a prior also
        ``posterior_mean posterior_low posterior_high``.
    """
    return concat_results(
        _rate(population, datasets["adrs"], name, endpoint, protocol)
        for name, endpoint in protocol.rates.items()
        for population in populations(datasets, protocol, endpoint.set)
    )


def _rate(
    population: Population, adrs: pl.DataFrame, name: str, endpoint: RateEndpoint, protocol: Protocol
) -> pl.DataFrame:
    rows = population.rows("response_rate", "ADRS", name)
    method = endpoint.interval or protocol.conventions.proportion_interval
    level = endpoint.level or protocol.conventions.level
    judged = judged_members(population.subjects, adrs, name)
    n, total = population.of(successes(adrs, name, endpoint)).height, judged.height
    rows.add("n", n, unit="count")
    rows.add("N", total, unit="count")
    if total == 0:
        for stat in ("p", "conf_low", "conf_high"):
            note = "no patient in the set" if population.n == 0 else "no patient of the set can be judged"
            rows.add(stat, unit="proportion", method=method, note=note)
        return rows.frame()
    interval = binomial_interval(n, total, method=method, level=level)
    rows.add("p", n / total, unit="proportion")
    rows.add("conf_low", interval.low, unit="proportion", method=method, conf_level=level)
    rows.add("conf_high", interval.high, unit="proportion", method=method, conf_level=level)
    if endpoint.prior is not None:
        beta = posterior(n, total, prior=endpoint.prior, level=level)
        with_prior = "posterior, Beta({:g}, {:g}) prior".format(*endpoint.prior)
        for stat, value in (("mean", beta.mean), ("low", beta.low), ("high", beta.high)):
            rows.add(f"posterior_{stat}", value, unit="proportion", method=with_prior, conf_level=level)
    return rows.frame()


def successes(adrs: pl.DataFrame, name: str, endpoint: RateEndpoint) -> pl.DataFrame:
    """
    Find the patients that are a success of a rate.

    Parameters
    ----------
    adrs : polars.DataFrame
        Response dataset.
    name : str
        Name of the endpoint; where the dataset has rows of that name, they say who is a success.
    endpoint : RateEndpoint
        Otherwise the best overall response decides: that by iRECIST where the successes are terms of iRECIST.

    Returns
    -------
    polars.DataFrame
        ``USUBJID``, one row per success.
    """
    rows = adrs.select(subject="USUBJID", parameter="PARAMCD", answer="AVALC")
    return rate_successes(rows, name, success=endpoint.success, of=endpoint.of).rename({"subject": "USUBJID"})


def judged_members(members: pl.DataFrame, adrs: pl.DataFrame, name: str) -> pl.DataFrame:
    """
    Leave out the members of whom a rate says that nothing is known of them.

    Parameters
    ----------
    members : polars.DataFrame
        With ``USUBJID``.
    adrs : polars.DataFrame
        Response dataset.
    name : str
        Name of the rate.

    Returns
    -------
    polars.DataFrame
        The denominator; all members, unless the protocol excludes those without an assessment.
    """
    unknown = without_answer(adrs.select(subject="USUBJID", parameter="PARAMCD", rule="RULE"), name)
    return members.join(unknown, left_on="USUBJID", right_on="subject", how="anti", maintain_order="left")


def progression_extents(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Count first progressions in few sites and in many.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adrs``.
    protocol : Protocol
        The set of the primary endpoint is described.

    Returns
    -------
    polars.DataFrame
        Analysis ``progression_extent``: ``n N p`` of ``OLIGO`` and ``SYSTEMIC`` among the progressions whose sites are
        known, and how many are not. No rows where no site is known.
    """
    if not datasets["adrs"]["PARAMCD"].eq("PDEXT").any():
        return concat_results([])
    return concat_results(
        _extent(population, datasets["adrs"]) for population in populations(datasets, protocol, protocol.main_set)
    )


def _extent(population: Population, adrs: pl.DataFrame) -> pl.DataFrame:
    rows = population.rows("progression_extent", "ADRS", "PDEXT")
    mine = population.of(adrs)
    known = mine.filter(pl.col("PARAMCD") == "PDEXT")["AVALC"]
    progressed = mine.filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y")).height
    for level in ("OLIGO", "SYSTEMIC"):
        n = int((known == level).sum())
        rows.add("n", n, variable="extent", level=level, unit="count")
        rows.add("N", known.len(), variable="extent", level=level, unit="count")
        note = None if known.len() else "no progression whose sites are known"
        share = n / known.len() if known.len() else None
        rows.add("p", share, variable="extent", level=level, unit="proportion", note=note)
    rows.add("n", progressed - known.len(), variable="extent", level="missing", unit="count")
    return rows.frame()
