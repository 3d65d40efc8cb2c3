"""Gene sets among what differs: over-representation, preranked enrichment, and the network of the enriched ones."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from onearm.analyses.omics.comparisons import Comparison, Tested
from onearm.analyses.omics.layout import Layout, feature_rows
from onearm.analyses.population import Datasets, Population
from onearm.protocol.assays import FeaturesAssay
from onearm.stats.omics.enrichment import Enrichment, preranked
from onearm.stats.omics.over_representation import over_representation
from onearm.stats.omics.set_network import set_network

__all__ = ["gene_sets_of", "set_results"]

NETWORK_Q = 0.25
"""Sets with q up to this are drawn, as the authors of GSEA advise to look at them."""
MOST_IN_NETWORK = 60


class _Ranked(NamedTuple):
    """One statistic for each gene: that of its feature that differs most."""

    genes: list[str]
    statistic: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    called: np.ndarray[tuple[int, ...], np.dtype[np.int64]]  # 1 up, -1 down, 0 not called


def gene_sets_of(datasets: Datasets, assay: str) -> dict[str, tuple[str, ...]]:
    """
    Give the gene sets that an assay names.

    Parameters
    ----------
    datasets : Datasets
        With ``adgset``.
    assay : str
        Name of the assay.

    Returns
    -------
    dict of str to tuple of str
        Without the populations of MCP-counter, which are scored and not tested.
    """
    own = datasets["adgset"].filter((pl.col("ASSAY") == assay) & (pl.col("COLLECTION") != "MCP-counter"))
    return {str(s): tuple(g) for s, g in own.group_by("GENESET", maintain_order=True).agg("GENE").iter_rows()}


def set_results(
    assay: str,
    population: Population,
    section: FeaturesAssay,
    comparison: Comparison,
    found: tuple[Layout, Tested],
    sets: Mapping[str, tuple[str, ...]],
) -> list[pl.DataFrame]:
    """
    Look for gene sets among the features that differ.

    Parameters
    ----------
    assay : str
        Name of the assay.
    population : Population
        Who.
    section : FeaturesAssay
        What was planned.
    comparison : Comparison
        Between whom.
    found : tuple of Layout and Tested
        Every feature compared.
    sets : mapping of str to tuple of str
        Members of each set.

    Returns
    -------
    list of polars.DataFrame
        Analysis ``feature_sets`` (preranked; level the set; ``n``, ``score``, ``normalised_score``, ``p_value``, ``q_value``,
        ``q_gsea``, ``leading`` as text), ``feature_sets_up`` and ``feature_sets_down`` (over-representation; ``n``, ``N``,
        ``fold``, ``p_value``, ``q_value``, ``members``), and ``feature_network``: ``x``, ``y``, ``group`` of each set,
        ``overlap`` of each link, ``name`` of each group.
    """
    return _one(assay, population, section, comparison, _ranked(*found, section), sets)


def _ranked(layout: Layout, tested: Tested, section: FeaturesAssay) -> _Ranked:
    best: dict[str, int] = {}
    for i in np.argsort(-np.nan_to_num(np.abs(tested.statistic)), kind="stable"):
        symbol = layout.symbols[i]
        if symbol is not None and not np.isnan(tested.statistic[i]):
            best.setdefault(symbol, int(i))
    places = np.array(list(best.values()), dtype=np.int64)
    is_called = (tested.q[places] <= section.q) & (np.abs(tested.effect[places]) >= section.least_effect)
    return _Ranked(
        list(best), tested.statistic[places], np.where(is_called, np.sign(tested.effect[places]), 0).astype(np.int64)
    )


def _one(
    assay: str, population: Population, section: FeaturesAssay, comparison: Comparison, ranked: _Ranked,
    sets: Mapping[str, tuple[str, ...]],
) -> list[pl.DataFrame]:  # fmt: skip
    parts = [_over(assay, population, comparison, ranked, sets, way) for way in (1, -1)]
    rows = population.rows("feature_sets", "ADFEAT", assay)
    if importlib.util.find_spec("gseapy") is None:
        rows.add("p_value", variable=comparison.name, note='gseapy is not installed: pip install "onearm[omics]"')
        return [*parts, rows.frame()]
    found = preranked(ranked.statistic, ranked.genes, sets, permutations=section.permutations, seed=section.seed)
    method = f"preranked GSEA (gseapy), {found.permutations} permutations, seed {found.seed}"
    method += f", {found.n_tied} genes tied and ordered by name"
    stats = {
        "n": found.measured, "N": found.size, "score": found.score, "normalised_score": found.normalised,
        "p_value": found.p, "q_value": found.q, "q_gsea": found.q_gsea, "leading": [text or "-" for text in found.leading],
    }  # fmt: skip
    parts.append(feature_rows(rows, comparison.name, found.sets, stats, method=method))
    return [*parts, _network(assay, population, comparison, found)]


def _over(
    assay: str,
    population: Population,
    comparison: Comparison,
    ranked: _Ranked,
    sets: Mapping[str, tuple[str, ...]],
    way: int,
) -> pl.DataFrame:
    rows = population.rows(f"feature_sets_{'up' if way > 0 else 'down'}", "ADFEAT", assay)
    chosen = [gene for gene, called in zip(ranked.genes, ranked.called, strict=True) if called == way]
    if not chosen:
        rows.add("p_value", variable=comparison.name, note=f"no gene was called {'up' if way > 0 else 'down'}")
        return rows.frame()
    found = over_representation(chosen, ranked.genes, sets)
    stats = {
        "n": found.found, "N": found.measured, "fold": found.fold, "p_value": found.p, "q_value": found.q,
        "members": [text or "-" for text in found.members],
    }  # fmt: skip
    method = f"hypergeometric test; {found.n_chosen} chosen of {found.n_measured} measured genes"
    return feature_rows(rows, comparison.name, found.sets, stats, method=method)


def _network(assay: str, population: Population, comparison: Comparison, found: Enrichment) -> pl.DataFrame:
    rows = population.rows("feature_network", "ADFEAT", assay)
    order = [i for i in np.argsort(np.nan_to_num(found.q, nan=2.0), kind="stable") if found.q[i] <= NETWORK_Q]
    if len(order) < 2:
        rows.add("n", len(order), variable=comparison.name, note=f"fewer than two sets with q up to {NETWORK_Q:g}")
        return rows.frame()
    if importlib.util.find_spec("networkx") is None:
        rows.add("n", variable=comparison.name, note='networkx is not installed: pip install "onearm[omics]"')
        return rows.frame()
    members = {found.sets[i]: found.leading[i].split() for i in order[:MOST_IN_NETWORK]}
    network = set_network(members)
    method = "leading edges linked from Jaccard 0.25 on; Louvain communities; names by tf-idf"
    place = {"x": network.x, "y": network.y, "group": network.group.astype(np.float64)}
    rows.add("n", len(order), variable=comparison.name, unit="count", method=method)
    for number, title in enumerate(network.names):
        rows.add("name", number, text=title, variable=comparison.name, level=f"group {number}", method=method)
    for (i, j), weight in zip(network.links, network.weight, strict=True):
        link = f"{network.sets[i]} | {network.sets[j]}"
        rows.add("overlap", float(weight), variable=comparison.name, level=link, method=method)
    return pl.concat([rows.frame(), feature_rows(rows, comparison.name, network.sets, place, method=method)])
