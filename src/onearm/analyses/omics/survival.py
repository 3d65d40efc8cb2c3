"""Every feature and every score against times."""

from __future__ import annotations

import numpy as np
import polars as pl

from onearm.analyses.omics.layout import Layout, each_assay, feature_rows, lay_out
from onearm.analyses.population import Datasets, Population
from onearm.analyses.survival import months
from onearm.protocol import Protocol
from onearm.protocol.assays import FeaturesAssay
from onearm.results import concat_results
from onearm.stats.cox_screen import cox_screen

__all__ = ["feature_survival"]


def feature_survival(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Fit one Cox model for each feature and each score.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adtte`` and ``adfeat``.
    protocol : Protocol
        Assays set against times.

    Returns
    -------
    polars.DataFrame
        Analysis ``feature_survival`` (features, per doubling) and ``feature_score_survival`` (scores, per standard
        deviation): variable the time; ``n``, ``events``, ``hazard_ratio`` with its interval, ``p_value`` by the likelihood
        ratio and ``q_value``.
    """
    parts = []
    for name, section, population in each_assay(datasets, protocol):
        targets = [target for target in section.against if target in protocol.times]
        for target in targets:
            tables = [("feature_survival", "adfeat")] + [("feature_score_survival", "adscor")] * bool(section.scores)
            for analysis, dataset in tables:
                layout = lay_out(datasets[dataset], name, population)
                parts.append(_one(analysis, name, layout, (section, population, target), datasets, protocol))
    return concat_results(parts)


def _one(
    analysis: str,
    assay: str,
    layout: Layout,
    plan: tuple[FeaturesAssay, Population, str],
    datasets: Datasets,
    protocol: Protocol,
) -> pl.DataFrame:
    section, population, target = plan
    rows = population.rows(analysis, "ADSCOR" if analysis.startswith("feature_score") else "ADFEAT", assay)
    at = layout.rows_at(section.timepoint)
    table = months(datasets["adtte"].filter(pl.col("PARAMCD") == target), protocol).select("USUBJID", "MONTHS", "EVENT")
    known = pl.DataFrame({"USUBJID": layout.subjects(at), "AT": at}).join(
        table.drop_nulls(), on="USUBJID", how="inner", maintain_order="left"
    )
    if known.height < 3 or not known["EVENT"].any():
        rows.add("p_value", variable=target, note=f"{known.height} patients with {int(known['EVENT'].sum())} events")
        return rows.frame()
    values = layout.values[known["AT"].to_numpy()]
    unit = f"per {layout.unit} unit"
    if analysis == "feature_score_survival":
        spread = np.nanstd(values, axis=0, ddof=1)
        values = values / np.where(spread > 0, spread, 1.0)
        unit = "per standard deviation"
    found = cox_screen(
        known["MONTHS"].to_numpy(),
        known["EVENT"].to_numpy(),
        values,
        names=layout.names,
        level=protocol.conventions.level,
    )
    separated = np.isinf(found.coef)
    stats = {
        "n": found.n, "events": found.n_events, "hazard_ratio": np.where(separated, np.nan, found.hazard_ratio),
        "conf_low": found.low, "conf_high": found.high, "p_value": found.p, "q_value": found.q,
    }  # fmt: skip
    method = "cox, efron, one model per feature; likelihood ratio"
    return feature_rows(
        rows, target, layout.names, stats, method=method, unit=unit, conf_level=protocol.conventions.level
    )
