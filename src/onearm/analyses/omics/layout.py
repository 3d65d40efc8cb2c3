"""ADFEAT and ADSCOR laid out as matrices, one row per patient and time, and rows of results for thousands of features at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.analyses.population import Datasets, Population, populations
from onearm.protocol import Protocol
from onearm.protocol.assays import FeaturesAssay
from onearm.results import SCHEMA, Rows

__all__ = ["NORMAL", "Layout", "each_assay", "feature_rows", "lay_out"]

Floats = NDArray[np.float64]

NORMAL = ("normal", "adjacent", "para", "healthy", "nat")
"""How the TISSUE of a sample that is no tumour begins."""


@dataclass(frozen=True, eq=False)
class Layout:
    """
    A matrix of patients by features at the times they were sampled.

    Parameters
    ----------
    samples : polars.DataFrame
        ``USUBJID AVISIT NORMAL``, one row per patient, time and kind of tissue.
    names : tuple of str
        Features.
    symbols : tuple of str or None
        Their genes.
    values, raw : numpy.ndarray, shape (n_samples, n_features)
        On the scale of the analysis, and as in the file; several samples of one time were averaged, their counts added.
    unit : str
        Of the values.
    """

    samples: pl.DataFrame
    names: tuple[str, ...]
    symbols: tuple[str | None, ...]
    values: Floats
    raw: Floats
    unit: str

    def rows_at(self, time: str, *, is_normal: bool = False) -> NDArray[np.int64]:
        """
        Find the samples of a time.

        Parameters
        ----------
        time : str
            Upper and lower case are the same.
        is_normal : bool, default False
            Whether normal tissue is wanted.

        Returns
        -------
        numpy.ndarray of int
            Rows.
        """
        chosen = (self.samples["AVISIT"].str.to_lowercase() == time.lower()) & (self.samples["NORMAL"] == is_normal)
        return np.flatnonzero(chosen.to_numpy())

    def subjects(self, rows: NDArray[np.int64]) -> list[str]:
        """
        Name the patients of some rows.

        Parameters
        ----------
        rows : numpy.ndarray of int
            Rows.

        Returns
        -------
        list of str
            USUBJID.
        """
        return self.samples["USUBJID"].gather(rows.tolist()).to_list()


def each_assay(
    datasets: Datasets, protocol: Protocol, chosen: str | None = None
) -> Iterator[tuple[str, FeaturesAssay, Population]]:
    """
    Go through the assays of many features and the populations they are analysed in.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adfeat``.
    protocol : Protocol
        Plans.
    chosen : str, optional
        Set to use where the assay names none; the main set where left out.

    Yields
    ------
    tuple
        Name, plan and population.
    """
    if "adfeat" not in datasets:
        return
    for name, section in protocol.assay.items():
        if isinstance(section, FeaturesAssay):
            for population in populations(datasets, protocol, section.set or chosen or protocol.main_set):
                yield name, section, population


def lay_out(table: pl.DataFrame, assay: str, population: Population) -> Layout:
    """
    Lay the rows of an assay out as a matrix.

    Parameters
    ----------
    table : polars.DataFrame
        ADFEAT or ADSCOR.
    assay : str
        Name of the assay.
    population : Population
        Whose rows.

    Returns
    -------
    Layout
        In the order of the dataset.
    """
    rows = table.filter(pl.col("ASSAY") == assay)
    names = rows["FEATURE"].head(rows["FEATURE"].n_unique())
    p = len(names)
    n = rows.height // p if p else 0
    symbols = rows["SYMBOL"].head(p).to_list() if "SYMBOL" in rows.columns else [None] * p
    values = rows["AVAL"].fill_null(float("nan")).to_numpy().reshape(n, p)
    raw = rows["RAW"].fill_null(float("nan")).to_numpy().reshape(n, p) if "RAW" in rows.columns else values
    heads = rows.gather_every(max(p, 1)) if p else rows
    tissue = pl.col("TISSUE").str.to_lowercase().str.contains(f"^({'|'.join(NORMAL)})").fill_null(value=False)
    samples = heads.select("USUBJID", "AVISIT", NORMAL=tissue).with_row_index("AT")
    mine = population.of(samples)
    grouped = mine.group_by("USUBJID", "AVISIT", "NORMAL", maintain_order=True).agg("AT")
    unit = str(rows["AVALU"][0]) if rows.height else ""
    at = [np.array(places, dtype=np.int64) for places in grouped["AT"].to_list()]
    if all(len(places) == 1 for places in at):
        order = np.array([int(places[0]) for places in at], dtype=np.int64)
        values, raw = values[order], raw[order]
    else:
        known = [~np.isnan(values[places]) for places in at]
        with np.errstate(invalid="ignore"):
            values = np.array([np.nansum(values[i], axis=0) / k.sum(axis=0) for i, k in zip(at, known, strict=True)])
        raw = np.array([np.nansum(raw[i], axis=0) for i in at])
    return Layout(grouped.drop("AT"), tuple(names), tuple(symbols), values, raw, unit)


def feature_rows(
    rows: Rows, variable: str, names: Sequence[str], stats: Mapping[str, Any], **shared: str | float | None
) -> pl.DataFrame:
    """
    Make rows of results, one for each feature and statistic.

    Parameters
    ----------
    rows : Rows
        Analysis, dataset, assay, population and cohort.
    variable : str
        The comparison.
    names : sequence of str
        Features.
    stats : mapping of str to array_like
        Statistic to its values; a missing one gives no row, but for ``p_value``, which gives a row that says so. Texts go to
        ``text``.
    **shared : str or float
        ``method``, ``unit``, ``conf_level`` of the bounds.

    Returns
    -------
    polars.DataFrame
        With the columns of the results table.
    """
    level = pl.Series("variable_level", list(names), dtype=pl.String)
    bounds = shared.pop("conf_level", None)
    parts = []
    for stat, column in stats.items():
        is_text = len(column) > 0 and isinstance(column[0], str)
        value = (
            pl.Series([None] * len(level), dtype=pl.Float64)
            if is_text
            else pl.Series(np.asarray(column, dtype=np.float64)).fill_nan(None)
        )
        text = pl.Series(list(column), dtype=pl.String) if is_text else pl.Series([None] * len(level), dtype=pl.String)
        part = pl.DataFrame({"variable_level": level, "value": value, "text": text}).with_columns(
            stat=pl.lit(stat),
            conf_level=pl.lit(bounds if stat in ("conf_low", "conf_high") else None, dtype=pl.Float64),
        )
        untested = pl.col("value").is_null() & pl.col("text").is_null()
        note = (
            pl.when(untested).then(pl.lit("could not be tested"))
            if stat == "p_value"
            else pl.lit(None, dtype=pl.String)
        )
        parts.append(
            part.with_columns(note=note) if stat == "p_value" else part.filter(~untested).with_columns(note=note)
        )
    table = pl.concat(parts)
    said = {
        "analysis": rows.analysis, "dataset": rows.dataset, "paramcd": rows.paramcd, "population": rows.population,
        "group1": rows.group1, "group1_level": rows.group1_level, "group2": rows.group2, "group2_level": rows.group2_level,
        "variable": variable, "unit": shared.get("unit"), "method": shared.get("method"),
    }  # fmt: skip
    return table.with_columns(pl.lit(v, dtype=pl.String).alias(k) for k, v in said.items()).select(list(SCHEMA))
