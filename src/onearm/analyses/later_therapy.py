"""Anticancer therapy after that of the trial."""

from __future__ import annotations

import polars as pl

from onearm.analyses.population import Datasets, populations
from onearm.protocol import Protocol
from onearm.results import Rows, concat_results

__all__ = ["later_therapy"]


def later_therapy(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Count who had which anticancer therapy after the trial's own.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``.
    protocol : Protocol
        The main analysis set.

    Returns
    -------
    polars.DataFrame
        Analysis ``later_therapy``: ``variable`` is ``therapy``, of those who stopped treatment, ``therapy of all`` or ``therapy of the progressed``;
        ``variable_level`` is ``any``, ``none`` or the name of a therapy. A patient counts once for each therapy.
    """
    tables = []
    for population in populations(datasets, protocol, protocol.main_set):
        rows = population.rows("later_therapy", "ADSL")
        stopped = population.subjects.filter(pl.col("EOTSTT").is_in(["DISCONTINUED", "COMPLETED"]))
        if population.subjects["NTRTDT"].null_count() < population.n:
            _count(rows, stopped, "therapy")
            _count(rows, population.subjects, "therapy of all")
            adrs = datasets["adrs"].filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y"))
            progressed = population.subjects.join(adrs.select("USUBJID").unique(), on="USUBJID", how="semi")
            _count(rows, progressed, "therapy of the progressed")
        tables.append(rows.frame())
    return concat_results(tables)


def _count(rows: Rows, subjects: pl.DataFrame, variable: str) -> None:
    treated = subjects.filter(pl.col("NTRTDT").is_not_null())
    rows.add_share(treated.height, subjects.height, variable=variable, level="any")
    rows.add_share(subjects.height - treated.height, subjects.height, variable=variable, level="none")
    if "NTRT" not in subjects.columns:
        return
    names = treated["NTRT"].drop_nulls().str.split("; ").list.unique().explode().drop_nulls()
    counts = names.value_counts().sort(["count", "NTRT"], descending=[True, False])
    for name, n in counts.iter_rows():
        rows.add_share(n, subjects.height, variable=variable, level=name)
