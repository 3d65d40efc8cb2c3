"""Every feature and every score compared as planned."""

from __future__ import annotations

import numpy as np
import polars as pl

from onearm.analyses.omics.comparisons import Comparison, Tested, compare, comparisons
from onearm.analyses.omics.correlation import correlation_results
from onearm.analyses.omics.layout import Layout, each_assay, feature_rows, lay_out
from onearm.analyses.omics.sets import gene_sets_of, set_results
from onearm.analyses.population import Datasets
from onearm.protocol import Protocol
from onearm.protocol.assays import FeaturesAssay
from onearm.results import Rows, concat_results
from onearm.stats.omics.screens import rank_sum_screen, signed_rank_screen

__all__ = ["feature_difference", "feature_score"]


def feature_difference(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Compare every feature between responders and others, two times, tumour and normal tissue.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adrs`` and ``adfeat``.
    protocol : Protocol
        Assays of kind ``features``.

    Returns
    -------
    polars.DataFrame
        Analysis ``feature_difference``: paramcd the assay, variable the comparison, level the feature; ``n``, ``estimate``
        with its interval, ``statistic``, ``p_value`` and ``q_value``. Analysis ``feature_comparison``: how many were compared
        and called. Then those of `onearm.analyses.omics.sets` and `onearm.analyses.omics.correlation`.
    """
    parts = []
    for name, section, population in each_assay(datasets, protocol):
        layout = lay_out(datasets["adfeat"], name, population)
        sets = gene_sets_of(datasets, name) if section.gene_sets else {}
        scores = lay_out(datasets["adscor"], name, population) if section.scores else None
        for comparison in comparisons(layout, section, population, datasets, protocol):
            whole = population.rows("feature_comparison", "ADFEAT", name)
            if comparison.problem is not None:
                whole.add("p_value", variable=comparison.name, note=comparison.problem)
                parts.append(whole.frame())
                continue
            level = protocol.conventions.level
            tested = compare(layout, comparison, section, level=level)
            _count(whole, comparison, tested, section, layout)
            each = population.rows("feature_difference", "ADFEAT", name)
            parts += [whole.frame(), _rows(each, comparison, tested, layout, level)]
            if sets:
                parts += set_results(name, population, section, comparison, (layout, tested), sets)
            if scores is not None:  # of the first comparison only
                parts += correlation_results(name, population, section, (layout, tested), scores)
                scores = None
    return concat_results(parts)


def _rows(rows: Rows, comparison: Comparison, tested: Tested, layout: Layout, level: float) -> pl.DataFrame:
    stats = {
        "n": tested.n, "estimate": tested.effect, "conf_low": tested.low, "conf_high": tested.high,
        "statistic": tested.statistic, "p_value": tested.p, "q_value": tested.q,
    }  # fmt: skip
    return feature_rows(
        rows, comparison.name, layout.names, stats, method=tested.method, unit=_unit(layout), conf_level=level
    )


def _unit(layout: Layout) -> str:
    """Differences of logarithms are log2 fold changes."""
    return (
        "log2 fold change"
        if layout.unit in ("NPX", "log2", "log2 CPM") or layout.unit.startswith("log2 ")
        else layout.unit
    )


def _count(rows: Rows, comparison: Comparison, tested: Tested, section: FeaturesAssay, layout: Layout) -> None:
    """Say how many samples and features were compared, and how many called, up and down."""
    name, method = comparison.name, tested.method
    rows.add("n", comparison.first_rows.size, variable=name, level=comparison.first, unit="count")
    rows.add("n", comparison.second_rows.size, variable=name, level=comparison.second, unit="count")
    called = (tested.q <= section.q) & (np.abs(tested.effect) >= section.least_effect)
    tests = int((~np.isnan(tested.p)).sum())
    rows.add("N", tests, variable=name, level="tested", unit="count", method=method)
    for way, mine in (("up", called & (tested.effect > 0)), ("down", called & (tested.effect < 0))):
        rows.add("n", int(mine.sum()), variable=name, level=way, unit="count", method=method)
    rows.add(
        "text", text=_unit(layout), variable=name, level="scale", method=method, note="; ".join(tested.notes) or None
    )


def feature_score(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Compare the scores of gene sets by rank tests.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adrs`` and ``adscor``.
    protocol : Protocol
        Assays with ``scores``.

    Returns
    -------
    polars.DataFrame
        Analysis ``feature_score``: level the score; ``n``, medians of both groups, ``estimate``, ``auc``, ``p_value`` and
        ``q_value`` over the scores of an assay.
    """
    parts = []
    for name, section, population in each_assay(datasets, protocol):
        if not section.scores or "adscor" not in datasets:
            continue
        layout = lay_out(datasets["adscor"], name, population)
        for comparison in comparisons(layout, section, population, datasets, protocol):
            if comparison.problem is not None:
                continue
            first, second = layout.values[comparison.first_rows], layout.values[comparison.second_rows]
            if comparison.is_paired:
                found = signed_rank_screen(first, second, names=layout.names)
            else:
                is_second = np.r_[np.zeros(len(first), bool), np.ones(len(second), bool)]
                found = rank_sum_screen(np.vstack([first, second]), is_second, names=layout.names)
            middle = _medians(first), _medians(second)
            rows = population.rows("feature_score", "ADSCOR", name)
            stats = {
                "n": found.n, "median_first": middle[0], "median_second": middle[1], "estimate": found.effect,
                "auc": found.auc, "p_value": found.p, "q_value": found.q,
            }  # fmt: skip
            parts.append(feature_rows(rows, comparison.name, layout.names, stats, method=found.method, unit="score"))
    return concat_results(parts)


def _medians(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    result = np.full(values.shape[1], np.nan)
    some = (~np.isnan(values)).any(axis=0)
    if some.any():
        result[some] = np.nanmedian(values[:, some], axis=0)
    return result
