"""Therapy before, with and after the study treatment: how many patients had which."""

from __future__ import annotations

from typing import Final

import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.results import Rows, concat_results
from onearm.stats.descriptive import quantile

__all__ = ["therapy"]

_KINDS: Final = {"PRIOR": "prior", "CONCOMITANT": "concomitant", "SUBSEQUENT": "subsequent"}
_NOT_CODED: Final = "Not named"
_MOST_LINES: Final = 3


def therapy(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Count the patients with other therapy.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adrs`` and ``adcm``.
    protocol : Protocol
        The main set (prior and subsequent therapy) and the safety set (concomitant medication).

    Returns
    -------
    polars.DataFrame
        Results by ``paramcd``, ``PRIOR``, ``CONCOMITANT`` and ``SUBSEQUENT``: ``variable = "any"``, ``"class"`` (CMCLAS, where
        there is one) and ``"agent"`` (CMDECOD): ``n N p``; a patient counts once in each line. ``SUBSEQUENT`` also
        ``variable = "any"``, levels ``none``,
        ``of those off treatment`` and ``of the progressed``. ``PRIOR`` also ``variable = "lines"``: levels 0, 1, 2 and
        ``3 or more``, and the median with its range. Kinds of therapy that nobody has on record have no rows.
    """
    adcm = datasets.get("adcm")
    if adcm is None or adcm.is_empty():
        return concat_results(())
    parts = []
    adrs = datasets["adrs"]
    progressions = adrs.filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y")).select("USUBJID")
    for kind in _KINDS:
        rows = adcm.filter(pl.col("ACAT") == kind)
        chosen = protocol.safety_set if kind == "CONCOMITANT" else protocol.main_set
        if rows.height:
            parts += [
                _kind(population, rows, progressions, kind, protocol)
                for population in populations(datasets, protocol, chosen)
            ]
    return concat_results(parts)


def _kind(
    population: Population, adcm: pl.DataFrame, progressions: pl.DataFrame, kind: str, protocol: Protocol
) -> pl.DataFrame:
    rows, mine = population.rows("therapy", "ADCM", kind), population.of(adcm)
    rows.add_share(mine["USUBJID"].n_unique(), population.n, variable="any", level="any")
    if kind == "SUBSEQUENT":
        off = population.subjects.filter(pl.col("EOTSTT").is_in(["DISCONTINUED", "COMPLETED"]))
        later = mine.join(off.select("USUBJID"), on="USUBJID", how="semi")["USUBJID"].n_unique()
        rows.add_share(later, off.height, variable="any", level="of those off treatment")
        rows.add_share(population.n - mine["USUBJID"].n_unique(), population.n, variable="any", level="none")
        progressed = population.subjects.select("USUBJID").join(progressions, on="USUBJID", how="semi")
        later = mine.join(progressed, on="USUBJID", how="semi")["USUBJID"].n_unique()
        rows.add_share(later, progressed.height, variable="any", level="of the progressed")
    if kind == "PRIOR":
        _lines(rows, mine, population, protocol)
    for variable, column in (("class", "CMCLAS"), ("agent", "CMDECOD")):
        if column == "CMCLAS" and mine[column].null_count() == mine.height:
            continue
        counts = (
            mine.group_by(pl.col(column).fill_null(_NOT_CODED).alias("level"))
            .agg(pl.col("USUBJID").n_unique().alias("n"))
            .sort("n", "level", descending=[True, False])
        )
        for level, n in counts.iter_rows():
            rows.add_share(n, population.n, variable=variable, level=level)
    return rows.frame()


def _lines(rows: Rows, mine: pl.DataFrame, population: Population, protocol: Protocol) -> None:
    """Lines of prior therapy, where the data number them."""
    if mine["LINE"].null_count() == mine.height:
        return
    lines = mine.group_by("USUBJID").agg(pl.col("LINE").n_unique() - pl.col("LINE").is_null().any().cast(pl.Int64))
    counts = population.subjects.select("USUBJID").join(lines, on="USUBJID", how="left")["LINE"].fill_null(0)
    for number in range(_MOST_LINES):
        rows.add_share(int((counts == number).sum()), population.n, variable="lines", level=str(number))
    rows.add_share(int((counts >= _MOST_LINES).sum()), population.n, variable="lines", level=f"{_MOST_LINES} or more")
    values, convention = counts.to_numpy().astype(float), protocol.conventions.quantile
    for stat, share in (("min", 0.0), ("median", 0.5), ("max", 1.0)) if values.size else ():
        value = float(quantile(values, share, convention=convention))
        rows.add(stat, value, variable="lines", unit="lines", method=f"quantile, {convention}")
