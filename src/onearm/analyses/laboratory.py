"""Laboratory values: from the grade at baseline to the worst grade under treatment."""

from __future__ import annotations

import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.results import concat_results

__all__ = ["laboratory"]

_NOT_KNOWN = "unknown"


def laboratory(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Count the shifts from the grade at baseline to the worst grade after it.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adlb``.
    protocol : Protocol
        ``[safety]``: the analysis set.

    Returns
    -------
    polars.DataFrame
        ``paramcd`` the term of the criteria; ``variable = "shift"`` with level ``<baseline> to <worst>`` (grades 0 to 4 or
        ``unknown``): ``n``; ``variable = "worst"``, level the worst grade: ``n N p`` of patients with a graded value under
        treatment; ``variable = "worsened"``: to a higher grade than at baseline, and to grade 3 or more.

    References
    ----------
    .. [1] National Cancer Institute (2017), Common Terminology Criteria for Adverse Events (CTCAE), version 5.0.
    """
    adlb = datasets.get("adlb")
    if adlb is None or adlb.is_empty():
        return concat_results(())
    return concat_results(
        _term(population, str(term), rows)
        for population in populations(datasets, protocol, protocol.safety_set)
        for (term,), rows in _worst(population.of(adlb)).group_by("term", maintain_order=True)
    )


def _worst(adlb: pl.DataFrame) -> pl.DataFrame:
    """One row per term and patient with a graded value under treatment: grade at baseline and worst grade."""
    sides = [
        adlb.filter(pl.col(f"ATOXDSC{side}").is_not_null()).select(
            "USUBJID", "ONTRTFL", term=f"ATOXDSC{side}", grade=f"ATOXGR{side}", baseline=f"BTOXGR{side}"
        )
        for side in "LH"
    ]
    under = pl.concat(sides).filter((pl.col("ONTRTFL") == "Y") & pl.col("grade").is_not_null())
    return (
        under.group_by("term", "USUBJID").agg(pl.col("grade").max(), pl.col("baseline").first()).sort("term", "USUBJID")
    )


def _term(population: Population, term: str, worst: pl.DataFrame) -> pl.DataFrame:
    rows = population.rows("laboratory", "ADLB", term)
    shifts = worst.group_by("baseline", "grade").len().sort("baseline", "grade", nulls_last=True)
    for baseline, grade, n in shifts.iter_rows():
        start = _NOT_KNOWN if baseline is None else baseline
        rows.add("n", n, variable="shift", level=f"{start} to {grade}", unit="count")
    total = worst.height
    for grade, n in worst.group_by("grade").len().sort("grade").iter_rows():
        rows.add_share(n, total, variable="worst", level=str(grade))
    before = pl.col("baseline").fill_null(0)
    worse = worst.filter(pl.col("grade") > before)
    rows.add_share(worse.height, total, variable="worsened", level="any")
    rows.add_share(worse.filter(pl.col("grade") >= 3).height, total, variable="worsened", level="grade 3 or more")
    return rows.frame()
