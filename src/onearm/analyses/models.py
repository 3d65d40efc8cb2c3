"""The multivariable Cox models that the protocol names."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from scipy.stats import chi2

from onearm.analyses.population import Datasets, Population, populations
from onearm.analyses.survival import months
from onearm.errors import MethodError
from onearm.protocol import CoxModelPlan, Protocol
from onearm.results import Rows, concat_results
from onearm.stats.cox import CoxModel, cox
from onearm.stats.cox_diagnostics import proportional_hazards
from onearm.stats.factors import Design, design_matrix

__all__ = ["EVENTS_PER_COVARIATE", "models"]

EVENTS_PER_COVARIATE = 10
"""Fewer events for each coefficient make a model unreliable (Peduzzi P et al. (1995), J Clin Epidemiol 48:1503-1510)."""


def models(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Fit every multivariable Cox model of the protocol.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adtte``.
    protocol : Protocol
        ``[model.NAME]``.

    Returns
    -------
    polars.DataFrame
        Analysis ``model``, split by ``MODEL``: hazard ratios by term, the test of proportional hazards, p-values of
        interactions, and the events for each coefficient with a warning where they are few.
    """
    return concat_results(
        _fit(name, plan, population, datasets, protocol)
        for name, plan in protocol.model.items()
        for population in populations(datasets, protocol, protocol.times[plan.endpoint].set)
    )


def _fit(name: str, plan: CoxModelPlan, population: Population, datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    rows = population.rows("model", "ADTTE", plan.endpoint).within("MODEL", name)
    absent = [v for v in (*plan.covariates, *plan.strata) if v not in population.subjects.columns]
    if absent:
        rows.add("hazard_ratio", note=f"the data have no column {', '.join(absent)}")
        return rows.frame()
    times = months(datasets["adtte"].filter(pl.col("PARAMCD") == plan.endpoint), protocol)
    table = population.subjects.select("USUBJID", *dict.fromkeys((*plan.covariates, *plan.strata))).join(
        times.select("USUBJID", "MONTHS", "EVENT"), on="USUBJID", how="inner", maintain_order="left"
    )
    try:
        design = design_matrix({v: _values(table[v]) for v in plan.covariates}, references=dict(plan.references))
        model = _cox(table, design.X, design.names, design.complete, plan, protocol)
    except MethodError as error:
        rows.add("hazard_ratio", note=str(error))
        return rows.frame()
    _coefficients(rows, model, design, protocol)
    _quality(rows, model, design)
    for pair in plan.interactions:
        _interaction(rows, pair, table, design, model, plan, protocol)
    return rows.frame()


def _values(column: pl.Series) -> np.ndarray:
    return column.to_numpy() if column.dtype.is_numeric() else np.array(column.to_list(), dtype=object)


def _cox(
    table: pl.DataFrame,
    X: np.ndarray,
    names: tuple[str, ...],
    complete: np.ndarray,
    plan: CoxModelPlan,
    protocol: Protocol,
) -> CoxModel:
    strata = None
    if plan.strata:
        strata = (
            table.select(pl.concat_str(plan.strata, separator="/", ignore_nulls=True)).to_series().to_numpy()[complete]
        )
    return cox(
        table["MONTHS"].to_numpy()[complete],
        table["EVENT"].to_numpy()[complete],
        X,
        names=names,
        strata=strata,
        ties=protocol.conventions.ties,
        level=protocol.conventions.level,
    )


def _coefficients(rows: Rows, model: CoxModel, design: Design, protocol: Protocol) -> None:
    method, level = f"cox, {protocol.conventions.ties}", protocol.conventions.level
    for i, (term, column) in enumerate(zip(design.terms, design.names, strict=True)):
        part = None if column == term else column.removeprefix(f"{term}[").removesuffix("]")
        separated = not math.isfinite(model.coef[i])
        note = "separated: no finite hazard ratio exists" if separated else None
        ratio = None if separated else float(model.hazard_ratio[i])
        rows.add("hazard_ratio", ratio, variable=term, level=part, unit="ratio", method=method, note=note)
        if not separated:
            wald = f"{method}, wald"
            rows.add("conf_low", model.low[i], variable=term, level=part, unit="ratio", method=wald, conf_level=level)
            rows.add("conf_high", model.high[i], variable=term, level=part, unit="ratio", method=wald, conf_level=level)
            rows.add("p_value", model.p[i], variable=term, level=part, method=wald)
    for term, reference in design.references.items():
        rows.add("reference", text=reference, variable=term)


def _quality(rows: Rows, model: CoxModel, design: Design) -> None:
    rows.add("n", model.n, unit="count", note="; ".join((*design.notes, *model.notes)) or None)
    rows.add("events", model.n_events, unit="count")
    ratio = model.n_events / len(model.names)
    few = f"fewer than {EVENTS_PER_COVARIATE} events for each coefficient: read with caution"
    rows.add("events_per_coefficient", ratio, unit="count", note=few if ratio < EVENTS_PER_COVARIATE else None)
    rows.add("p_value", model.likelihood_ratio.p, variable="whole model", method="likelihood ratio")
    try:
        test = proportional_hazards(model)
    except MethodError as error:
        rows.add("p_value", variable="proportional hazards", method="cox.zph, km", note=str(error))
        return
    rows.add("p_value", float(test.p[-1]), variable="proportional hazards", method="cox.zph, km", note=None)


def _interaction(
    rows: Rows,
    pair: tuple[str, str],
    table: pl.DataFrame,
    design: Design,
    model: CoxModel,
    plan: CoxModelPlan,
    protocol: Protocol,
) -> None:
    """Likelihood-ratio test of the products of two covariates' columns."""
    first, second = (design.groups[name] for name in pair)
    products = [design.X[:, i] * design.X[:, j] for i in first for j in second]
    kept = [column for column in products if np.ptp(column) > 0]
    label = " x ".join(pair)
    if not kept:
        rows.add("p_interaction", variable=label, note="the two covariates never occur together")
        return
    names = (*design.names, *(f"{label}[{i}]" for i in range(len(kept))))
    try:
        larger = _cox(table, np.column_stack([design.X, *kept]), names, design.complete, plan, protocol)
    except MethodError as error:
        rows.add("p_interaction", variable=label, note=str(error))
        return
    statistic = max(0.0, 2 * (larger.log_likelihood - model.log_likelihood))
    rows.add("p_interaction", float(chi2.sf(statistic, len(kept))), variable=label, method="likelihood ratio")
