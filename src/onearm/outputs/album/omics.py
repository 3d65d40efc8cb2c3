"""Figures of assays of many features: components, volcanoes, heat maps, gene sets and their network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from onearm.outputs.album.picture import Picture, Trial, file_name, make_picture
from onearm.outputs.features import assay_label, comparison_label, feature_labels, of_group, top_levels
from onearm.outputs.figures.components import ComponentPlot, draw_components
from onearm.outputs.figures.gene_sets import Network, SetScore, draw_network, draw_set_scores, pretty_set
from onearm.outputs.figures.heatmap import draw_heatmap, heatmap_data
from onearm.outputs.figures.volcano import Volcano, draw_volcano, volcano_data
from onearm.outputs.format import say_p_value
from onearm.protocol.assays import FeaturesAssay

if TYPE_CHECKING:
    from onearm.outputs.lookup import Lookup

__all__ = ["feature_components", "feature_heatmaps", "feature_networks", "feature_sets", "feature_volcanoes"]

_MOST_ROWS: Final = 40
_MOST_SETS: Final = 24
_NORMAL: Final = r"^(normal|adjacent|para|healthy|nat)"


def _assays(trial: Trial) -> list[tuple[str, FeaturesAssay]]:
    return [(name, section) for name, section in trial.protocol.assay.items() if isinstance(section, FeaturesAssay)]


def _members(trial: Trial, lookup: Lookup, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the patients of a group."""
    subjects = trial.datasets["adsl"]
    if lookup.group.level is not None:
        subjects = subjects.filter(pl.col("COHORT") == lookup.group.level)
    return rows.join(subjects.select("USUBJID"), on="USUBJID", how="semi", maintain_order="left")


def _each(trial: Trial, lookup: Lookup, analysis: str) -> Iterator[tuple[str, FeaturesAssay, str, pl.DataFrame]]:
    """Assays, plans and comparisons of an analysis, with their results."""
    rows = of_group(trial.results.filter(pl.col("analysis") == analysis), lookup.group)
    plans = dict(_assays(trial))
    for (assay, variable), part in rows.group_by("paramcd", "variable", maintain_order=True):
        yield str(assay), plans[str(assay)], str(variable), part


def _title(trial: Trial, assay: str, variable: str) -> str:
    return f"{assay_label(trial.protocol, assay)}, {comparison_label(trial.protocol, variable)}"


def _sides(variable: str, section: FeaturesAssay) -> tuple[str, str]:
    """What lies to the left and to the right of no difference."""
    if variable.startswith("change: "):
        return section.timepoint, variable.removeprefix("change: ")
    return {"response": ("others", "responders"), "tissue": ("normal", "tumour")}[variable]


def feature_components(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the samples of every assay by their components.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One; none without such an assay.
    """
    panels = []
    for name, section in _assays(trial):
        rows = _members(trial, lookup, trial.datasets["adsamq"].filter(pl.col("ASSAY") == name))
        if not rows.height or "PC2" not in rows.columns or rows["PC2"].null_count() == rows.height:
            continue
        is_first = pl.col("AVISIT").str.to_lowercase() == section.timepoint.lower()
        is_normal = pl.col("TISSUE").str.to_lowercase().str.contains(_NORMAL).fill_null(value=False)
        # What other pictures draw at the left has the first colour here too.
        rows = rows.drop_nulls(["PC1", "PC2"]).sort(~is_first, ~is_normal, maintain_order=True)
        panels.append(_panel(trial, name, rows))
    if not panels:
        return
    yield make_picture(
        trial,
        draw_components(panels),
        name="omics_components",
        section="biomarkers",
        title="Samples by their principal components",
        notes=["Lines join samples of one patient. Named: samples beyond 5 robust standard deviations."],
        alt="; ".join(f"{p.title}: {len(p.x)} samples, {sum(map(bool, p.named))} stand apart" for p in panels) + ".",
        group=lookup.group,
        sources=["adsamq PC1 PC2", "feature_quality"],
    )


def _panel(trial: Trial, name: str, rows: pl.DataFrame) -> ComponentPlot:
    tissue = rows["TISSUE"].fill_null("").str.to_lowercase().to_list()
    times = rows["AVISIT"].to_list()
    batches = rows["BATCH"].fill_null("").to_list()
    groups = (
        times
        if len(set(times)) > 1
        else tissue
        if len(set(tissue)) > 1
        else batches
        if len(set(batches)) > 1
        else times
    )
    first: dict[str, int] = {}
    pairs = []
    for i, who in enumerate(rows["USUBJID"]):
        if who in first:
            pairs.append((first[who], i))
        else:
            first[who] = i
    named = [sample if flag == "Y" else "" for sample, flag in zip(rows["SAMPID"], rows["OUTLFL"], strict=True)]
    shares = [trial.printer.percent(rows[f"PC{k}SHARE"][0], sign=True) for k in (1, 2)]
    return ComponentPlot(
        assay_label(trial.protocol, name),
        rows["PC1"].to_list(),
        rows["PC2"].to_list(),
        groups,
        named,
        (shares[0], shares[1]),
        pairs,
    )


def feature_volcanoes(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw a volcano of each comparison.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for each assay and comparison.
    """
    for assay, section, variable, part in _each(trial, lookup, "feature_difference"):
        labels = feature_labels(trial.datasets, assay)
        table = volcano_data(part, labels, q=section.q, least_effect=section.least_effect)
        first, second = _sides(variable, section)
        unit = next(iter(part["unit"].drop_nulls()), "difference")
        unit = unit.replace("log2", "log₂")
        volcano = Volcano(table, first, second, unit[:1].upper() + unit[1:], section.q, section.least_effect)
        called = table.filter(pl.col("WAY") != 0)
        methods = part["method"].drop_nulls().unique().to_list()
        foremost = ", ".join(called["LABEL"].head(5).to_list())
        least = f" and a fold change of at least {section.least_effect:g} (log₂)" if section.least_effect else ""
        yield make_picture(
            trial,
            draw_volcano(volcano),
            name=f"omics_volcano_{file_name(assay)}_{file_name(variable)}",
            section="biomarkers",
            title=_title(trial, assay, variable),
            notes=[f"In colour: Q ≤ {section.q:g}{least}. Named: the foremost on each side. {'; '.join(methods)}."],
            alt=f"{table.height} features, {called.height} called{f'; foremost {foremost}' if foremost else ''}.",
            group=lookup.group,
            sources=[f"feature_difference {assay} {variable}"],
        )


def feature_heatmaps(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the features that differ most in every sample that was compared.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for each assay and comparison in which a feature was called.
    """
    for assay, section, variable, part in _each(trial, lookup, "feature_difference"):
        called = part.filter((pl.col("stat") == "q_value") & (pl.col("value") <= section.q))["variable_level"]
        chosen = [name for name in top_levels(part, n=_MOST_ROWS) if name in set(called)]
        if len(chosen) < 2:
            continue
        samples = _compared(trial, lookup, assay, section, variable)
        rows = trial.datasets["adfeat"].filter((pl.col("ASSAY") == assay) & pl.col("FEATURE").is_in(chosen))
        wide = rows.join(samples, on="SAMPID", how="inner", maintain_order="left").pivot(
            "FEATURE", index=["SAMPID", "GROUP"], values="AVAL"
        )
        if wide.height < 2:
            continue
        labels = dict(feature_labels(trial.datasets, assay).iter_rows())
        values = wide.select(chosen).to_numpy().T.astype(np.float64)
        heatmap = heatmap_data(
            values,
            [labels.get(name, name) for name in chosen],
            wide["SAMPID"].to_list(),
            wide["GROUP"].to_list(),
            sides=_sides(variable, section),
        )
        yield make_picture(
            trial,
            draw_heatmap(heatmap),
            name=f"omics_heatmap_{file_name(assay)}_{file_name(variable)}",
            section="biomarkers",
            title=f"{_title(trial, assay, variable)}: the features that differ most",
            notes=[
                f"The {len(chosen)} called features with the smallest P, each standardised over the samples. Trees by average "
                "linkage: features by correlation, samples by Euclidean distance. They were chosen by this difference, so that "
                "the groups part here is no evidence of its own. White: missing."
            ],
            alt=f"{len(chosen)} features in {wide.height} samples.",
            group=lookup.group,
            sources=["adfeat AVAL", f"feature_difference {assay} {variable}"],
        )


def _compared(trial: Trial, lookup: Lookup, assay: str, section: FeaturesAssay, variable: str) -> pl.DataFrame:
    """Samples of a comparison with their group."""
    rows = _members(trial, lookup, trial.datasets["adsamq"].filter(pl.col("ASSAY") == assay))
    is_normal = pl.col("TISSUE").str.to_lowercase().str.contains(_NORMAL).fill_null(value=False)
    rows = rows.with_columns(NORMAL=is_normal)
    first, second = _sides(variable, section)
    at = pl.col("AVISIT").str.to_lowercase() == section.timepoint.lower()
    if variable.startswith("change: "):
        kept = rows.filter(~pl.col("NORMAL") & (at | (pl.col("AVISIT") == second)))
        both = kept.group_by("USUBJID").agg(pl.col("AVISIT").n_unique()).filter(pl.col("AVISIT") == 2)
        return kept.join(both.select("USUBJID"), on="USUBJID", how="semi", maintain_order="left").select(
            "SAMPID", GROUP="AVISIT"
        )
    if variable == "tissue":
        return rows.filter(at).select("SAMPID", GROUP=pl.when("NORMAL").then(pl.lit(first)).otherwise(pl.lit(second)))
    judged = rows.filter(at & ~pl.col("NORMAL") & pl.col("RSPFL").is_not_null())
    is_good = pl.col("RSPFL") == "Y"
    return judged.select("SAMPID", GROUP=pl.when(is_good).then(pl.lit(second)).otherwise(pl.lit(first)))


def feature_sets(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the gene sets with the smallest P values by their normalised score.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for each assay and comparison with gene sets.
    """
    for assay, section, variable, part in _each(trial, lookup, "feature_sets"):
        chosen = top_levels(part, n=_MOST_SETS)
        if not chosen:
            continue
        wide = part.filter(pl.col("variable_level").is_in(chosen) & pl.col("value").is_not_null()).pivot(
            "stat", index="variable_level", values="value"
        )
        scores = [
            SetScore(
                r["variable_level"],
                r["normalised_score"],
                r["q_value"] <= section.q,
                say_p_value("Q", r["q_value"]),
                int(r["n"]),
            )
            for r in wide.sort("normalised_score", descending=True).iter_rows(named=True)
        ]
        first, second = _sides(variable, section)
        methods = part["method"].drop_nulls().unique().to_list()
        yield make_picture(
            trial,
            draw_set_scores(scores, first=f"lower in {second}", second=f"higher in {second}"),
            name=f"omics_sets_{file_name(assay)}_{file_name(variable)}",
            section="biomarkers",
            title=f"{_title(trial, assay, variable)}: gene sets",
            notes=[
                f"The {len(scores)} sets with the smallest P. Filled: Q ≤ {section.q:g}. Area: measured genes.",
                f"{'; '.join(methods)}.",
            ],
            alt="; ".join(f"{pretty_set(s.name)} {trial.printer.number(s.score, 2)}" for s in scores[:6])
            + f"; {first} against {second}.",
            group=lookup.group,
            sources=[f"feature_sets {assay} {variable}"],
        )


def feature_networks(trial: Trial, lookup: Lookup) -> Iterator[Picture]:
    """
    Draw the enriched sets of each comparison as a network.

    Parameters
    ----------
    trial : Trial
        Results, datasets and protocol.
    lookup : Lookup
        The results of a group.

    Yields
    ------
    Picture
        One for each assay and comparison with at least two enriched sets.
    """
    for assay, section, variable, part in _each(trial, lookup, "feature_network"):
        nodes = part.filter(pl.col("stat").is_in(["x", "y", "group"])).pivot(
            "stat", index="variable_level", values="value"
        )
        if not nodes.height:
            continue
        names = nodes["variable_level"].to_list()
        sets = of_group(
            trial.results.filter(
                (pl.col("analysis") == "feature_sets") & (pl.col("paramcd") == assay) & (pl.col("variable") == variable)
            ),
            lookup.group,
        )
        score = dict(sets.filter(stat="normalised_score").select("variable_level", "value").iter_rows())
        leading = dict(sets.filter(stat="leading").select("variable_level", "text").iter_rows())
        titles = part.filter(stat="name").sort("value")["text"].to_list()
        place = {name: i for i, name in enumerate(names)}
        links = []
        for level, weight in part.filter(stat="overlap").select("variable_level", "value").iter_rows():
            one, other = level.split(" | ", 1)
            links.append((place[one], place[other], weight))
        sizes = [len(str(leading.get(name, "")).split()) for name in names]
        network = Network(
            names,
            nodes["x"].to_list(),
            nodes["y"].to_list(),
            [int(g) for g in nodes["group"]],
            titles,
            [score[name] for name in names],
            sizes,
            links,
        )
        _, second = _sides(variable, section)
        yield make_picture(
            trial,
            draw_network(network),
            name=f"omics_network_{file_name(assay)}_{file_name(variable)}",
            section="biomarkers",
            title=f"{_title(trial, assay, variable)}: network of the enriched gene sets",
            notes=[
                f"Every dot a set with Q ≤ 0.25, red where it is higher in {second}; area: genes in the leading edge; lines: "
                "shared leading edges (Jaccard from 0.25 on). Communities by the Louvain method, named by their most telling "
                "words."
            ],
            alt=f"{len(names)} sets in {len(titles)} communities: {', '.join(titles[:6])}.",
            group=lookup.group,
            sources=[f"feature_network {assay} {variable}", f"feature_sets {assay} {variable}"],
        )
