"""What became of samples and features of an assay."""

from __future__ import annotations

import polars as pl

from onearm.analyses.omics.layout import each_assay
from onearm.analyses.population import Datasets
from onearm.protocol import Protocol
from onearm.results import concat_results

__all__ = ["feature_quality"]


def feature_quality(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Count samples and features, and those that were left out.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adfeaq`` and ``adsamq``.
    protocol : Protocol
        Assays of kind ``features``.

    Returns
    -------
    polars.DataFrame
        Analysis ``feature_quality``: variable ``samples`` by time, ``features`` by what became of them, ``components`` with the
        share of the variance, ``outlier`` with each sample that stands apart.
    """
    parts = []
    for name, _, population in each_assay(datasets, protocol):
        rows = population.rows("feature_quality", "ADFEAT", name)
        samples = population.of(datasets["adsamq"].filter(pl.col("ASSAY") == name))
        for time, part in samples.group_by("AVISIT", maintain_order=True):
            rows.add("n", part.height, variable="samples", level=str(time[0]), unit="count")
        fates = datasets["adfeaq"].filter(pl.col("ASSAY") == name)
        rows.add("n", fates.height, variable="features", level="in the file", unit="count")
        rows.add("n", fates.filter(pl.col("KEPTFL") == "Y").height, variable="features", level="analysed", unit="count")
        reasons = fates.drop_nulls("WHY").group_by("WHY", maintain_order=True).len().sort("len", descending=True)
        for why, n in reasons.iter_rows():
            rows.add("n", n, variable="features", level=why, unit="count")
        for k in range(1, 6):
            if samples.height and f"PC{k}SHARE" in samples.columns and samples[f"PC{k}SHARE"][0] is not None:
                rows.add(
                    "p",
                    samples[f"PC{k}SHARE"][0],
                    variable="components",
                    level=f"PC{k}",
                    unit="proportion",
                    method="singular values",
                )
        outliers = samples.filter(pl.col("OUTLFL") == "Y") if "OUTLFL" in samples.columns else samples.clear()
        rows.add(
            "n",
            outliers.height,
            variable="samples",
            level="standing apart",
            unit="count",
            method="beyond 5 robust standard deviations",
        )
        for sample in outliers["SAMPID"]:
            rows.add("text", text=sample, variable="outlier", level=sample)
        parts.append(rows.frame())
    return concat_results(parts)
