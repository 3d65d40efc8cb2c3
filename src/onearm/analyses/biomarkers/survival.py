"""Biomarkers against times: hazard ratio per unit, and the groups by cut-off, median or level."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import polars as pl

from onearm.analyses.biomarkers.members import analysed_values, each_biomarker, group_levels, with_q_values
from onearm.analyses.population import Datasets, Population
from onearm.analyses.survival import months
from onearm.errors import MethodError
from onearm.protocol import Protocol
from onearm.protocol.assays import Biomarker
from onearm.protocol.endpoints import TimeEndpoint
from onearm.results import Rows, concat_results
from onearm.stats.cox import CoxModel, cox
from onearm.stats.kaplan_meier import KaplanMeier, kaplan_meier
from onearm.stats.log_rank import log_rank
from onearm.stats.quantiles import survival_quantile

__all__ = ["biomarker_survival"]

_SEPARATED = "separated: no finite hazard ratio exists"


class _Against(NamedTuple):
    """One biomarker against one time in one population."""

    name: str
    marker: Biomarker
    endpoint: TimeEndpoint
    target: str
    population: Population
    table: pl.DataFrame
    protocol: Protocol

    def rows(self, analysis: str) -> Rows:
        return self.population.rows(analysis, "ADBM", self.name)

    def curve(self, table: pl.DataFrame) -> KaplanMeier:
        conventions = self.protocol.conventions
        scale = self.endpoint.interval or conventions.survival_interval
        return kaplan_meier(
            table["MONTHS"].to_numpy(), table["EVENT"].to_numpy(), interval=scale, level=conventions.level
        )


def biomarker_survival(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Set biomarkers against the times that the protocol names.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adtte`` and ``adbm``.
    protocol : Protocol
        Biomarkers set against a time.

    Returns
    -------
    polars.DataFrame
        Analysis ``biomarker_survival``: variable the endpoint; without level the hazard ratio per unit of the (transformed)
        marker. Analysis ``biomarker_groups``: level the group, its median and the hazard ratio against the first group; the
        log-rank test without level. Analysis ``biomarker_curve``: the curve of each group. A marker measured after baseline
        counts times from its landmark, among those still without the event.
    """
    parts: list[pl.DataFrame] = []
    for target, endpoint in protocol.times.items():
        adtte = months(datasets["adtte"].filter(pl.col("PARAMCD") == target), protocol)
        times = adtte.select("USUBJID", "MONTHS", "EVENT")
        for name, marker, population, rows in each_biomarker(datasets, protocol, target):
            table = analysed_values(rows, marker).join(times, on="USUBJID", how="inner", maintain_order="left")
            against = _Against(name, marker, endpoint, target, population, _from_landmark(table, marker), protocol)
            parts += [_per_unit(against), *_groups(against)]
    return with_q_values(concat_results(parts), protocol)


def _from_landmark(table: pl.DataFrame, marker: Biomarker) -> pl.DataFrame:
    if marker.landmark_months is None:
        return table
    later = table.filter(pl.col("MONTHS") > marker.landmark_months)
    return later.with_columns(pl.col("MONTHS") - marker.landmark_months)


def _per_unit(against: _Against) -> pl.DataFrame:
    out = against.rows("biomarker_survival")
    numbers = against.table.drop_nulls("AVAL")
    if numbers.is_empty() and against.table.drop_nulls("AVALC").height:
        return out.frame()
    out.add("n", numbers.height, variable=against.target, unit="count")
    out.add("events", int(numbers["EVENT"].sum()), variable=against.target, unit="count")
    model, why = _cox(numbers, numbers["AVAL"].to_numpy()[:, None], ("marker",), against.protocol)
    _ratio(out, model, 0, why, variable=against.target, level=None, protocol=against.protocol)
    return out.frame()


def _cox(table: pl.DataFrame, X: np.ndarray, names: tuple[str, ...], protocol: Protocol) -> tuple[CoxModel | None, str]:
    conventions = protocol.conventions
    if table.is_empty():
        return None, "no patient has both marker and time"
    try:
        model = cox(
            table["MONTHS"].to_numpy(),
            table["EVENT"].to_numpy(),
            X,
            names=names,
            ties=conventions.ties,
            level=conventions.level,
        )
    except MethodError as error:
        return None, str(error)
    return model, ""


def _ratio(
    out: Rows, model: CoxModel | None, i: int, why: str, *, variable: str, level: str | None, protocol: Protocol
) -> None:
    method, coverage = f"cox, {protocol.conventions.ties}", protocol.conventions.level
    if model is None or not math.isfinite(model.coef[i]):
        out.add("hazard_ratio", variable=variable, level=level, method=method, note=why or _SEPARATED)
        return
    wald = f"{method}, wald"
    out.add("hazard_ratio", model.hazard_ratio[i], variable=variable, level=level, unit="ratio", method=method)
    for stat, bound in (("conf_low", model.low[i]), ("conf_high", model.high[i])):
        out.add(stat, bound, variable=variable, level=level, unit="ratio", method=wald, conf_level=coverage)
    out.add("p_value", model.p[i], variable=variable, level=level, method=wald)


def _groups(against: _Against) -> list[pl.DataFrame]:
    table = against.table.drop_nulls("ANLGRP")
    levels = group_levels(table["ANLGRP"], against.marker)
    out = against.rows("biomarker_groups")
    if not levels:
        return []
    model, why = None, "fewer than two groups"
    if len(levels) > 1:
        X = np.column_stack([(table["ANLGRP"] == level).to_numpy().astype(float) for level in levels[1:]])
        model, why = _cox(table, X, tuple(levels[1:]), against.protocol)
    curves = []
    for position, level in enumerate(levels):
        mine = table.filter(pl.col("ANLGRP") == level)
        curve = against.curve(mine)
        _median(out, curve, mine, level, against)
        if position:
            _ratio(out, model, position - 1, why, variable=against.target, level=level, protocol=against.protocol)
        elif len(levels) > 1:
            out.add("hazard_ratio", 1.0, variable=against.target, level=level, unit="ratio", note="reference")
        curves.append(_curve(against, level, curve))
    _test(out, table, levels, against)
    return [out.frame(), *curves]


def _median(out: Rows, curve: KaplanMeier, mine: pl.DataFrame, level: str, against: _Against) -> None:
    conventions = against.protocol.conventions
    scale = against.endpoint.interval or conventions.survival_interval
    out.add("n", mine.height, variable=against.target, level=level, unit="count")
    out.add("events", int(mine["EVENT"].sum()), variable=against.target, level=level, unit="count")
    found = survival_quantile(curve, 0.5, convention=conventions.median)
    for stat, value in (("median", found.estimate), ("median_low", found.low), ("median_high", found.high)):
        out.add(
            stat,
            value,
            variable=against.target,
            level=level,
            unit="months",
            method=f"kaplan-meier, {scale}, {conventions.median}",
            conf_level=None if stat == "median" else conventions.level,
            note="not reached" if math.isnan(value) else None,
        )


def _test(out: Rows, table: pl.DataFrame, levels: list[str], against: _Against) -> None:
    if len(levels) < 2:
        out.add("p_log_rank", variable=against.target, method="log-rank", note="fewer than two groups")
        return
    test = log_rank(table["MONTHS"].to_numpy(), table["EVENT"].to_numpy(), table["ANLGRP"].to_numpy())
    note = test.note or ("not estimable" if math.isnan(test.p) else None)
    out.add("p_log_rank", test.p, variable=against.target, method="log-rank", note=note)


def _curve(against: _Against, level: str, curve: KaplanMeier) -> pl.DataFrame:
    """The steps of one group, of the marker and time named in ``paramcd``."""
    rows = against.population.rows("biomarker_curve", "ADBM", f"{against.name} · {against.target}")
    out = rows.within("BIOMARKER", level)
    for i, time in enumerate(curve.time):
        for stat, values, unit in (
            ("survival", curve.survival, "proportion"),
            ("at_risk", curve.at_risk, "count"),
            ("events", curve.events, "count"),
            ("censored", curve.censored, "count"),
        ):
            out.add(stat, values[i], variable="time", level=f"{time:.6f}", unit=unit, method="kaplan-meier")
    return out.frame()
