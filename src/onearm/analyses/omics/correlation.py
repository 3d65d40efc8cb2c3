"""The features that differ most against the scores of gene sets: rank correlation, and high against low groups."""

from __future__ import annotations

import numpy as np
import polars as pl

from onearm.analyses.omics.comparisons import Tested
from onearm.analyses.omics.layout import Layout
from onearm.analyses.population import Population
from onearm.protocol.assays import FeaturesAssay
from onearm.results import SCHEMA, Rows
from onearm.stats.multiplicity import adjust_p
from onearm.stats.omics.screens import rank_sum_screen, spearman_screen

__all__ = ["correlation_results"]

TOP = 20
"""Features that are set against the scores."""


def correlation_results(
    assay: str, population: Population, section: FeaturesAssay, found: tuple[Layout, Tested], scores: Layout
) -> list[pl.DataFrame]:
    """
    Set the features that differ most against every score of the same assay.

    Parameters
    ----------
    assay : str
        Name of the assay.
    population : Population
        Who.
    section : FeaturesAssay
        Its timepoint.
    found : tuple of Layout and Tested
        Every feature compared.
    scores : Layout
        Patients by scores.

    Returns
    -------
    list of polars.DataFrame
        Analysis ``feature_correlation``: variable the score, level the feature; ``n``, Spearman's ``rho``, ``p_value`` and
        ``q_value`` over all pairs of an assay, and ``p_high_low``: the score in patients above the median of the feature
        against the others. None with fewer than four patients.
    """
    layout, tested = found
    top = np.argsort(np.nan_to_num(tested.p, nan=2.0), kind="stable")[:TOP]
    at = layout.rows_at(section.timepoint)
    return [_one(assay, population, layout, scores, (at, top))] if at.size >= 4 else []


def _one(
    assay: str, population: Population, layout: Layout, scores: Layout,
    chosen: tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], np.ndarray[tuple[int, ...], np.dtype[np.int64]]],
) -> pl.DataFrame:  # fmt: skip
    at, top = chosen
    rows: Rows = population.rows("feature_correlation", "ADFEAT", assay)
    found = []
    for i in top:
        feature = layout.values[at, i]
        screen = spearman_screen(scores.values[at], feature)
        high = feature > np.nanmedian(feature)
        known = ~np.isnan(feature)
        apart = None
        if 0 < (high & known).sum() < known.sum():
            apart = rank_sum_screen(scores.values[at][known], high[known]).p
        for j, score in enumerate(scores.names):
            p_groups = float("nan") if apart is None else float(apart[j])
            found.append((score, layout.names[i], int(screen.n[j]), float(screen.rho[j]), float(screen.p[j]), p_groups))
    q = adjust_p([line[4] for line in found])
    for (score, feature_name, n, rho, p, groups), adjusted in zip(found, q, strict=True):
        if np.isnan(rho):
            continue
        say = {"variable": score, "level": feature_name}
        rows.add("n", n, unit="count", **say)
        rows.add("rho", rho, method="spearman", **say)
        rows.add("p_value", p, method="spearman, t", note="could not be tested" if np.isnan(p) else None, **say)
        note = "not tested" if np.isnan(adjusted) else None
        rows.add("q_value", float(adjusted), method="benjamini-hochberg", note=note, **say)
        if not np.isnan(groups):
            rows.add("p_high_low", groups, method="rank-sum, above the median against the others", **say)
    return rows.frame().select(list(SCHEMA))
