"""Hy's law: how high transaminases and bilirubin rose together under treatment."""

from __future__ import annotations

import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.results import concat_results
from onearm.rules.liver import QUADRANTS

__all__ = ["liver"]


def liver(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Count the patients in each quadrant of the plot of drug-induced serious hepatotoxicity.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adhy``.
    protocol : Protocol
        ``[safety]``: the analysis set.

    Returns
    -------
    polars.DataFrame
        ``variable = "quadrant"``, level one of `onearm.rules.liver.QUADRANTS`: ``n N p`` of the patients with a peak of both;
        ``variable = "hys_law"``: of those in the first quadrant ``without cholestasis`` and ``within 30 days``;
        ``variable = "peak"``, level the test: ``max`` in multiples of the upper limit of normal. No rows without values.

    References
    ----------
    .. [1] U.S. Food and Drug Administration (2009), Guidance for industry. Drug-induced liver injury: premarketing clinical
       evaluation.
    """
    adhy = datasets.get("adhy")
    if adhy is None or adhy.is_empty():
        return concat_results(())
    return concat_results(
        _quadrants(population, adhy) for population in populations(datasets, protocol, protocol.safety_set)
    )


def _quadrants(population: Population, adhy: pl.DataFrame) -> pl.DataFrame:
    peaks = population.of(adhy)
    rows = population.rows("liver", "ADHY", "HYSLAW")
    known = peaks.filter(pl.col("QUADRANT").is_not_null())
    for quadrant in QUADRANTS:
        mine = known.filter(pl.col("QUADRANT") == quadrant)
        rows.add_share(mine.height, known.height, variable="quadrant", level=quadrant)
    cases = known.filter(pl.col("QUADRANT") == QUADRANTS[0])
    for level, column in (("without cholestasis", "NOCHOLFL"), ("within 30 days", "W30FL")):
        rows.add("n", cases.filter(pl.col(column) == "Y").height, variable="hys_law", level=level, unit="count")
    for test, column in (("ALT or AST", "TRANSA"), ("bilirubin", "BILI")):
        highest = peaks[column].max()
        value = float(highest) if isinstance(highest, float) else None
        note = None if value is not None else "no value with an upper limit of normal"
        rows.add("max", value, variable="peak", level=test, unit="x ULN", note=note)
    return rows.frame()
