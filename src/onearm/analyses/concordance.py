"""Do the assessors agree: best response, response at each assessment, and progression."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.results import Rows, concat_results
from onearm.stats.agreement import cohen_kappa, rating_table
from onearm.terms import BEST_RESPONSES, IMMUNE_BEST_RESPONSES

__all__ = ["concordance"]

_PARAMETERS = {
    "CBOR": BEST_RESPONSES,
    "BOR": BEST_RESPONSES,
    "OVR": BEST_RESPONSES,
    "ICBOR": IMMUNE_BEST_RESPONSES,
    "IBOR": IMMUNE_BEST_RESPONSES,
    "IOVR": IMMUNE_BEST_RESPONSES,
}
_PROGRESSIONS = ("PD", "IPD")


class _Pair(NamedTuple):
    """Responses of two readers in one population."""

    first: str
    second: str
    rows: pl.DataFrame
    population: Population
    protocol: Protocol

    def collect(self, paramcd: str) -> Rows:
        return self.population.rows("concordance", "ADRSR", paramcd).within("READERS", f"{self.first} | {self.second}")

    def joined(self, paramcd: str, key: list[str]) -> pl.DataFrame:
        mine = self.rows.filter(PARAMCD=paramcd).select("READER", *key, "AVALC", "ADT")
        first, second = (mine.filter(READER=name).drop("READER") for name in (self.first, self.second))
        return first.join(second, on=key, how="inner", suffix="_2", maintain_order="left")


def concordance(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Compare every pair of assessors and readers.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adrsr``.
    protocol : Protocol
        The set of the primary endpoint; ``tumour.agreement_within_days``.

    Returns
    -------
    polars.DataFrame
        Results for each pair: the table of the ratings, Cohen's kappa with its interval, and the agreement on
        progression. Assessments are paired by visit; the kappa over assessments takes those of one patient as
        independent. No rows where the trial has one reader.

    References
    ----------
    .. [1] Cohen J (1960), Educ Psychol Meas 20:37-46.
    .. [2] FDA (2018), Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics: independent review.
    """
    every = datasets.get("adrsr")
    if every is None or every.is_empty():
        return concat_results([])
    reader = pl.concat_str(["EVAL", "EVALID"], separator=", ", ignore_nulls=True)
    every = every.with_columns(READER=reader)
    who = every.select("READER", "EVAL", "EVALID").unique().sort("READER")
    return concat_results(
        part
        for population in populations(datasets, protocol, protocol.main_set)
        for (first, one, id1), (second, two, id2) in combinations(who.rows(), 2)
        # the accepted reading is one of those of the same assessor
        if not (one == two and "ACCEPTED" in (id1, id2))
        for part in _compare(_Pair(first, second, population.of(every), population, protocol))
    )


def _compare(pair: _Pair) -> Iterator[pl.DataFrame]:
    for paramcd, categories in _PARAMETERS.items():
        key = ["USUBJID", "AVISITN"] if paramcd.endswith("OVR") else ["USUBJID"]
        if pair.rows.filter(PARAMCD=paramcd).height:
            yield _ratings(pair, paramcd, pair.joined(paramcd, key), categories)
    for paramcd in _PROGRESSIONS:
        if pair.rows.filter(PARAMCD=paramcd).height:
            yield _progression(pair, paramcd)


def _ratings(pair: _Pair, paramcd: str, both: pl.DataFrame, categories: tuple[str, ...]) -> pl.DataFrame:
    rows = pair.collect(paramcd)
    # Not done and missing are not evaluable; a term beyond the usual ones has its own line.
    unknown = {"MISSING": "NE", "ND": "NE"}
    first, second = (both[name].replace(unknown).to_list() for name in ("AVALC", "AVALC_2"))
    terms = [*categories, *sorted({*first, *second} - set(categories))]
    table = rating_table(first, second, categories=terms)
    for i, row in enumerate(terms):
        for j, column in enumerate(terms):
            rows.add("n", int(table[i, j]), variable="table", level=f"{row} | {column}", unit="count")
    rows.add("N", both.height, variable="table", unit="count")
    if both.is_empty():
        rows.add("kappa", variable="kappa", note="no patient was assessed by both")
        return rows.frame()
    result = cohen_kappa(table, level=pair.protocol.conventions.level)
    note = "both use one and the same category throughout" if math.isnan(result.kappa) else None
    method, level = "cohen, unweighted", pair.protocol.conventions.level
    rows.add("agreement", result.agreement, variable="kappa", unit="proportion")
    rows.add("expected", result.expected, variable="kappa", unit="proportion")
    rows.add("kappa", result.kappa, variable="kappa", method=method, note=note)
    rows.add("conf_low", result.low, variable="kappa", method=method, conf_level=level, note=note)
    rows.add("conf_high", result.high, variable="kappa", method=method, conf_level=level, note=note)
    return rows.frame()


def _progression(pair: _Pair, paramcd: str) -> pl.DataFrame:
    rows, both = pair.collect(paramcd), pair.joined(paramcd, ["USUBJID"])
    days = pair.protocol.tumour.agreement_within_days
    first, second = pl.col("AVALC") == "Y", pl.col("AVALC_2") == "Y"
    near = (pl.col("ADT") - pl.col("ADT_2")).dt.total_days().abs() <= days
    counts = both.select(
        both=(first & second).sum(),
        neither=(~first & ~second).sum(),
        first_only=(first & ~second).sum(),
        second_only=(~first & second).sum(),
        same_day=(first & second & near.fill_null(False)).sum(),
    ).row(0, named=True)
    for level, n in counts.items():
        rows.add("n", n, variable="progression", level=level, unit="count")
    total = both.height
    agreeing = {
        "status": counts["both"] + counts["neither"],
        "status_and_date": counts["same_day"] + counts["neither"],
    }
    for level, n in agreeing.items():
        rows.add("n", n, variable="agreement", level=level, unit="count")
        rows.add("N", total, variable="agreement", level=level, unit="count")
        share, note = (n / total, None) if total else (None, "no patient was assessed by both")
        method = f"dates within {days} days" if level == "status_and_date" else None
        rows.add("p", share, variable="agreement", level=level, unit="proportion", method=method, note=note)
    return rows.frame()
