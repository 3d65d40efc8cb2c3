"""Best and first change of the tumour size: how many tumours became smaller, and by how much."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.results import Rows, concat_results
from onearm.terms import BEST_RESPONSES

__all__ = ["tumour_change"]

_DEPTHS: Final = (30, 50, 75, 100)
"""Per cent by which the sum shrank at least; 30 is that of a partial response."""
_WHOLE_SET: Final = "any, of the whole set"


def tumour_change(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Summarise the change of tumour size from baseline.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adtr`` and ``adrs``.
    protocol : Protocol
        The set of the primary endpoint is described.

    Returns
    -------
    polars.DataFrame
        Results of the best percent change, and how many shrank: ``variable = "shrinkage"`` by the best change,
        ``"initial_shrinkage"`` at the first assessment after baseline. Levels ``any``, of the patients with a measured
        change, and ``any, of the whole set``. ``"shrinkage by CBOR"`` and so on: the same by best overall response, confirmed
        or not, each of the patients with that response and a measured change. ``"depth"``: by so many per cent or more.
    """
    sums = datasets["adtr"].filter(pl.col("ANL01FL") == "Y").sort("USUBJID", "ADT", "ADY", maintain_order=True)
    changes = sums.group_by("USUBJID", maintain_order=True).agg(
        shrinkage=pl.col("PCHG").min(), initial_shrinkage=pl.col("PCHG").first()
    )
    adrs = datasets["adrs"].filter(pl.col("PARAMCD").is_in(["BOR", "CBOR"]))
    return concat_results(
        _change(population, changes, adrs) for population in populations(datasets, protocol, protocol.main_set)
    )


def _change(population: Population, changes: pl.DataFrame, adrs: pl.DataFrame) -> pl.DataFrame:
    rows = population.rows("tumour_change", "ADTR", "SUMDIAM")
    mine = population.of(changes)
    best = mine["shrinkage"]
    rows.add("n", best.len(), variable="best_change", unit="count")
    if best.len() == 0:
        rows.add("median", variable="best_change", note="no patient has a measured change")
        return rows.frame()
    for stat, share in (("min", 0.0), ("q1", 0.25), ("median", 0.5), ("q3", 0.75), ("max", 1.0)):
        rows.add(
            stat,
            best.quantile(share, interpolation="linear"),
            variable="best_change",
            unit="percent",
            method="quantile, r",
        )
    for variable in ("shrinkage", "initial_shrinkage"):
        shrunk = int((mine[variable] < 0).sum())
        rows.add_share(shrunk, best.len(), variable=variable, level="any")
        rows.add_share(shrunk, population.n, variable=variable, level=_WHOLE_SET)
    for depth in _DEPTHS:
        rows.add_share(int((best <= -depth).sum()), best.len(), variable="depth", level=f"{depth}")
    for (paramcd,), part in adrs.sort("PARAMCD").group_by("PARAMCD", maintain_order=True):
        _by_response(rows, mine.join(part.select("USUBJID", "AVALC"), on="USUBJID"), str(paramcd))
    return rows.frame()


def _by_response(rows: Rows, mine: pl.DataFrame, paramcd: str) -> None:
    """Of the patients with each best response and a measured change, how many shrank."""
    for variable in ("shrinkage", "initial_shrinkage"):
        for response in BEST_RESPONSES:
            values = mine.filter(pl.col("AVALC") == response)[variable]
            if values.len():
                rows.add_share(
                    int((values < 0).sum()), values.len(), variable=f"{variable} by {paramcd}", level=response
                )
