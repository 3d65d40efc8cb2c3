"""Every endpoint over the levels of the subgroups that the protocol names."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.analyses.response import judged_members, successes
from onearm.analyses.survival import months
from onearm.errors import MethodError
from onearm.protocol import Protocol, Subgroup
from onearm.protocol.endpoints import RateEndpoint, TimeEndpoint
from onearm.results import Rows, concat_results
from onearm.stats.binomial import binomial_interval
from onearm.stats.contingency import fisher_exact
from onearm.stats.cox import CoxModel, cox
from onearm.stats.kaplan_meier import kaplan_meier
from onearm.stats.log_rank import log_rank
from onearm.stats.quantiles import survival_quantile
from onearm.terms import StartRule

__all__ = ["levels_of", "subgroups"]


_FROM_RESPONSE = (StartRule.FIRST_RESPONSE, StartRule.FIRST_CONFIRMED_RESPONSE)


class _Split(NamedTuple):
    """Members of a population by the level of a subgroup, for one endpoint."""

    name: str
    subgroup: Subgroup
    members: pl.DataFrame
    levels: list[str]
    population: Population
    datasets: Datasets
    protocol: Protocol

    def rows(self, dataset: str, level: str) -> Rows:
        return self.population.rows("subgroup", dataset, self.name).within(self.subgroup.variable, level)


def subgroups(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Repeat every endpoint within each level of each subgroup, and compare the levels.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adrs`` and ``adtte``.
    protocol : Protocol
        ``[[subgroup]]``.

    Returns
    -------
    polars.DataFrame
        Analysis ``subgroup``: rates with intervals; medians, and hazard ratios against the first level. Analysis
        ``subgroup_test``: Fisher's test of rates, log-rank test of times. Both exploratory, without adjustment.
    """
    return concat_results(
        part
        for subgroup in protocol.subgroup
        for name, endpoint in protocol.endpoint.items()
        if _is_repeated(subgroup, name, endpoint)
        for population in populations(datasets, protocol, endpoint.set)
        for part in _one(subgroup, name, endpoint, population, datasets, protocol)
    )


def _is_repeated(subgroup: Subgroup, name: str, endpoint: RateEndpoint | TimeEndpoint) -> bool:
    if subgroup.endpoints:
        return name in subgroup.endpoints
    return isinstance(endpoint, RateEndpoint) or (endpoint.among == "all" and endpoint.start not in _FROM_RESPONSE)


def levels_of(values: pl.Series, subgroup: Subgroup) -> pl.Series:
    """
    Put each patient into a level of a subgroup.

    Parameters
    ----------
    values : polars.Series
        The characteristic.
    subgroup : Subgroup
        Its limits or the order of its levels.

    Returns
    -------
    polars.Series
        An ordered ``polars.Enum``; missing where the characteristic is.
    """
    if subgroup.cuts and values.dtype.is_numeric():
        cuts = list(subgroup.cuts)
        names = [f"< {cuts[0]:g}", *(f"{a:g} to < {b:g}" for a, b in pairwise(cuts)), f"≥ {cuts[-1]:g}"]
        classes = np.searchsorted(cuts, values.cast(pl.Float64).fill_null(0.0).to_numpy(), side="right")
        level = pl.Series(classes).replace_strict(dict(enumerate(names)), return_dtype=pl.Enum(names))
        return pl.select(pl.when(values.is_not_null()).then(level)).to_series()
    text = (
        values.cast(pl.String)
        if not values.dtype.is_float()
        else pl.Series([None if v is None else f"{v:g}" for v in values])
    )
    found = text.drop_nulls().unique().to_list()
    order = [*(level for level in subgroup.levels if level in found), *sorted(set(found) - set(subgroup.levels))]
    return text.cast(pl.Enum(order))


def _categories(levels: pl.Series) -> list[str]:
    kind = levels.dtype
    return kind.categories.to_list() if isinstance(kind, pl.Enum) else []


def _one(
    subgroup: Subgroup,
    name: str,
    endpoint: RateEndpoint | TimeEndpoint,
    population: Population,
    datasets: Datasets,
    protocol: Protocol,
) -> Iterator[pl.DataFrame]:
    dataset = "ADRS" if isinstance(endpoint, RateEndpoint) else "ADTTE"
    tests = population.rows("subgroup_test", dataset, name).within(subgroup.variable, "")
    if subgroup.variable not in population.subjects.columns:
        tests.add("p_value", note=f"the data have no column {subgroup.variable}")
        yield tests.frame()
        return
    if subgroup.landmark_months is not None and isinstance(endpoint, RateEndpoint):
        tests.add("p_value", note="known only after baseline, so it cannot explain a rate from the start")
        yield tests.frame()
        return
    levels = levels_of(population.subjects[subgroup.variable], subgroup)
    members = population.subjects.select("USUBJID").with_columns(LEVEL=levels).drop_nulls()
    named = [str(level) for level in _categories(levels) if (members["LEVEL"] == level).any()]
    split = _Split(name, subgroup, members, named, population, datasets, protocol)
    if isinstance(endpoint, RateEndpoint):
        yield from _rates(split, endpoint, tests)
    else:
        yield from _times(split, endpoint, tests)


def _rates(split: _Split, endpoint: RateEndpoint, tests: Rows) -> Iterator[pl.DataFrame]:
    method = endpoint.interval or split.protocol.conventions.proportion_interval
    level = endpoint.level or split.protocol.conventions.level
    responders = successes(split.datasets["adrs"], split.name, endpoint)
    members = judged_members(split.members, split.datasets["adrs"], split.name)
    counts = []
    for group in split.levels:
        rows = split.rows("ADRS", group)
        mine = members.filter(pl.col("LEVEL") == group)
        if mine.is_empty():
            rows.add("p", unit="proportion", note="no patient of this level can be judged")
            yield rows.frame()
            continue
        n, total = mine.join(responders, on="USUBJID", how="semi").height, mine.height
        counts.append([n, total - n])
        interval = binomial_interval(n, total, method=method, level=level)
        rows.add("n", n, unit="count")
        rows.add("N", total, unit="count")
        rows.add("p", n / total, unit="proportion")
        rows.add("conf_low", interval.low, unit="proportion", method=method, conf_level=level)
        rows.add("conf_high", interval.high, unit="proportion", method=method, conf_level=level)
        yield rows.frame()
    if len(counts) > 1:
        tests.add("p_value", fisher_exact(np.array(counts)).p_two_sided, method="fisher, two-sided")
    else:
        tests.add("p_value", note="fewer than two levels")
    yield tests.frame()


def _times(split: _Split, endpoint: TimeEndpoint, tests: Rows) -> Iterator[pl.DataFrame]:
    mine = months(split.datasets["adtte"].filter(pl.col("PARAMCD") == split.name), split.protocol)
    table = _from_landmark(mine.join(split.members, on="USUBJID", how="inner"), split.subgroup)
    present = [group for group in split.levels if (table["LEVEL"] == group).any()]
    model, why = _model(table, present, split.protocol)
    for position, group in enumerate(present):
        rows = split.rows("ADTTE", group)
        _median(rows, table.filter(pl.col("LEVEL") == group), endpoint, split.protocol)
        _hazard_ratio(rows, model, why, position, split.protocol)
        yield rows.frame()
    if len(present) > 1:
        test = log_rank(
            table["MONTHS"].to_numpy(), table["EVENT"].to_numpy(), table["LEVEL"].cast(pl.String).to_numpy()
        )
        tests.add(
            "p_value", test.p, method="log-rank", note=test.note or ("not estimable" if math.isnan(test.p) else None)
        )
    else:
        tests.add("p_value", note="fewer than two levels")
    yield tests.frame()


def _from_landmark(table: pl.DataFrame, subgroup: Subgroup) -> pl.DataFrame:
    """
    Count times from the landmark, among those still under observation without the event then.

    Who has lived to have the marker measured cannot have died before: without a landmark that time would be credited
    to the marker (Anderson JR, Cain KC, Gelber RD (1983), J Clin Oncol 1:710-719).
    """
    if subgroup.landmark_months is None:
        return table
    later = table.filter(pl.col("MONTHS") > subgroup.landmark_months)
    return later.with_columns(pl.col("MONTHS") - subgroup.landmark_months)


def _median(rows: Rows, table: pl.DataFrame, endpoint: TimeEndpoint, protocol: Protocol) -> None:
    conventions = protocol.conventions
    scale = endpoint.interval or conventions.survival_interval
    curve = kaplan_meier(table["MONTHS"].to_numpy(), table["EVENT"].to_numpy(), interval=scale, level=conventions.level)
    median = survival_quantile(curve, 0.5, convention=conventions.median)
    rows.add("n", table.height, unit="count")
    rows.add("events", int(table["EVENT"].sum()), unit="count")
    for stat, value in (("median", median.estimate), ("median_low", median.low), ("median_high", median.high)):
        note = "not reached" if math.isnan(value) else None
        rows.add(stat, value, unit="months", method=f"kaplan-meier, {scale}, {conventions.median}", note=note)


def _model(table: pl.DataFrame, present: list[str], protocol: Protocol) -> tuple[CoxModel | None, str]:
    """One univariable Cox model with an indicator for each level but the first."""
    if len(present) < 2:
        return None, "fewer than two levels"
    groups = table["LEVEL"].cast(pl.String).to_numpy()
    X = np.column_stack([(groups == level).astype(float) for level in present[1:]])
    try:
        model = cox(
            table["MONTHS"].to_numpy(),
            table["EVENT"].to_numpy(),
            X,
            names=present[1:],
            ties=protocol.conventions.ties,
            level=protocol.conventions.level,
        )
    except MethodError as error:
        return None, str(error)
    return model, ""


def _hazard_ratio(rows: Rows, model: CoxModel | None, why: str, position: int, protocol: Protocol) -> None:
    method = f"cox, {protocol.conventions.ties}"
    if model is None:
        rows.add("hazard_ratio", method=method, note=why)
        return
    if position == 0:
        rows.add("hazard_ratio", 1.0, unit="ratio", method=method, note="reference")
        return
    i, level = position - 1, protocol.conventions.level
    if not math.isfinite(model.coef[i]):
        rows.add("hazard_ratio", method=method, note="separated: one level has no events, so no hazard ratio exists")
        return
    rows.add("hazard_ratio", model.hazard_ratio[i], unit="ratio", method=method)
    rows.add("conf_low", model.low[i], unit="ratio", method=f"{method}, wald", conf_level=level)
    rows.add("conf_high", model.high[i], unit="ratio", method=f"{method}, wald", conf_level=level)
    rows.add("p_value", model.p[i], method=f"{method}, wald")
