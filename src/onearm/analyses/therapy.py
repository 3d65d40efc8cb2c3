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
        ``variable = "any"``, levels ``none``, ``of those off treatment`` and ``of the progressed``; classes, agents and
        lines of these two stand under ``variable = "agent of the progressed"`` and so on. ``PRIOR`` and ``SUBSEQUENT`` also
        ``variable = "lines"``: levels 0, 1, 2 and ``3 or more``, and the median with its range; lines of subsequent therapy
        count from 1 after the study treatment. Kinds of therapy that nobody has on record have no rows.
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
    everybody = population.subjects.select("USUBJID")
    rows.add_share(mine["USUBJID"].n_unique(), population.n, variable="any", level="any")
    if kind != "SUBSEQUENT":
        if kind == "PRIOR":
            _lines(rows, mine, everybody, protocol, column="LINE")
        _named(rows, mine, population.n)
        return rows.frame()
    rows.add_share(population.n - mine["USUBJID"].n_unique(), population.n, variable="any", level="none")
    _lines(rows, mine, everybody, protocol, column="LATERLN")
    _named(rows, mine, population.n)
    off = population.subjects.filter(pl.col("EOTSTT").is_in(["DISCONTINUED", "COMPLETED"])).select("USUBJID")
    for of, members in {
        "of those off treatment": off,
        "of the progressed": everybody.join(progressions, on="USUBJID", how="semi"),
    }.items():
        theirs = mine.join(members, on="USUBJID", how="semi")
        rows.add_share(theirs["USUBJID"].n_unique(), members.height, variable="any", level=of)
        _lines(rows, theirs, members, protocol, column="LATERLN", of=of)
        _named(rows, theirs, members.height, of=of)
    return rows.frame()


def _named(rows: Rows, mine: pl.DataFrame, total: int, *, of: str = "") -> None:
    """Patients by class and agent; `of` names the denominator where it is not the whole set."""
    for variable, column in (("class", "CMCLAS"), ("agent", "CMDECOD")):
        if column == "CMCLAS" and mine[column].null_count() == mine.height:
            continue
        counts = (
            mine.group_by(pl.col(column).fill_null(_NOT_CODED).alias("level"))
            .agg(pl.col("USUBJID").n_unique().alias("n"))
            .sort("n", "level", descending=[True, False])
        )
        for level, n in counts.iter_rows():
            rows.add_share(n, total, variable=f"{variable} {of}".strip(), level=level)


def _lines(
    rows: Rows, mine: pl.DataFrame, members: pl.DataFrame, protocol: Protocol, *, column: str, of: str = ""
) -> None:
    """Lines of therapy of each member, where the data number them; 0 for who has none."""
    if mine.height and mine[column].null_count() == mine.height:
        return
    variable = f"lines {of}".strip()
    lines = mine.group_by("USUBJID").agg(pl.col(column).drop_nulls().n_unique())
    counts = members.join(lines, on="USUBJID", how="left")[column].fill_null(0)
    for number in range(_MOST_LINES):
        rows.add_share(int((counts == number).sum()), members.height, variable=variable, level=str(number))
    most = int((counts >= _MOST_LINES).sum())
    rows.add_share(most, members.height, variable=variable, level=f"{_MOST_LINES} or more")
    values, convention = counts.to_numpy().astype(float), protocol.conventions.quantile
    for stat, share in (("min", 0.0), ("median", 0.5), ("max", 1.0)) if values.size else ():
        value = float(quantile(values, share, convention=convention))
        rows.add(stat, value, variable=variable, unit="lines", method=f"quantile, {convention}")
