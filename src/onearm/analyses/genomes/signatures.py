"""Composite signatures against response and times, and how much of that is the search that found them."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from onearm.analyses.genomes.outcomes import Outcome, outcomes
from onearm.analyses.genomes.search import add_search
from onearm.analyses.models import EVENTS_PER_COVARIATE
from onearm.analyses.population import Datasets
from onearm.errors import MethodError
from onearm.protocol import Protocol
from onearm.protocol.assay_genomes import Signature
from onearm.results import Rows, concat_results
from onearm.stats.binomial import binomial_interval
from onearm.stats.contingency import fisher_exact
from onearm.stats.cox import cox
from onearm.stats.factors import design_matrix
from onearm.stats.kaplan_meier import kaplan_meier
from onearm.stats.log_rank import log_rank
from onearm.stats.quantiles import survival_quantile

__all__ = ["signatures"]

LEVELS = ("positive", "negative")


def signatures(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Set composite signatures against outcome.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl``, ``adrs``, ``adtte``, ``adgene`` and ``adsig``.
    protocol : Protocol
        ``[signature.NAME]``.

    Returns
    -------
    polars.DataFrame
        Analysis ``signature``, ``paramcd`` its name. Variable ``response``: the rate with its interval by level, and
        Fisher's test. Variable a time: median by level, hazard ratio of positive against negative (with Firth's penalty
        where it would be infinite), log-rank test. Variable ``TIME, adjusted``: the multivariable Cox model, level the
        term, with the events for each coefficient. Variable ``TARGET, search``: the best composite of its form, its P
        and that of the signature adjusted for the search, and performance corrected for optimism. Analysis
        ``signature_curve``: the curves.
    """
    parts: list[pl.DataFrame] = []
    for name, plan in protocol.signature.items():
        if "adsig" not in datasets:
            continue
        status = datasets["adsig"].filter(pl.col("PARAMCD") == name).select("USUBJID", "AVALC")
        for outcome in outcomes(datasets, protocol, plan):
            out = outcome.population.rows("signature", "ADSIG", name)
            everyone = outcome.table.join(status, on="USUBJID", how="left", maintain_order="left")
            table = everyone.drop_nulls("AVALC")
            unknown = everyone.height - table.height
            out.add("unknown", unknown, variable=outcome.target, unit="count")
            if table["AVALC"].n_unique() < len(LEVELS):
                out.add("p_value", variable=outcome.target, note="every patient has the same status")
                parts.append(out.frame())
                continue
            known = Outcome(outcome.target, outcome.population, table)
            if outcome.is_response:
                _response(out, known, protocol)
            else:
                parts += _survival(out, known, name, protocol)
                _adjusted(out, known, name, plan, protocol)
            add_search(out, known, plan, datasets["adgene"])
            parts.append(out.frame())
    return concat_results(parts)


def _response(out: Rows, outcome: Outcome, protocol: Protocol) -> None:
    method, level = protocol.conventions.proportion_interval, protocol.conventions.level
    counts = []
    for status in LEVELS:
        mine = outcome.table.filter(pl.col("AVALC") == status)
        n, total = int(mine["RESPONSE"].sum()), mine.height
        counts.append([n, total - n])
        out.add_share(n, total, variable="response", level=status)
        interval = binomial_interval(n, total, method=method, level=level)
        for stat, bound in (("conf_low", interval.low), ("conf_high", interval.high)):
            out.add(stat, bound, variable="response", level=status, unit="proportion", method=method, conf_level=level)
    test = fisher_exact(counts, level=level)
    out.add(
        "odds_ratio", test.odds_ratio, variable="response", unit="ratio", method="conditional", note=test.note or None
    )
    for stat, bound in (("odds_low", test.odds_ratio_low), ("odds_high", test.odds_ratio_high)):
        out.add(stat, bound, variable="response", unit="ratio", method="conditional", conf_level=level)
    out.add("p_value", test.p_two_sided, variable="response", method="fisher, two-sided")


def _survival(out: Rows, outcome: Outcome, name: str, protocol: Protocol) -> list[pl.DataFrame]:
    conventions, target = protocol.conventions, outcome.target
    scale = protocol.times[target].interval or conventions.survival_interval
    curves = []
    for status in LEVELS:
        mine = outcome.table.filter(pl.col("AVALC") == status)
        curve = kaplan_meier(
            mine["MONTHS"].to_numpy(), mine["EVENT"].to_numpy(), interval=scale, level=conventions.level
        )
        out.add("n", mine.height, variable=target, level=status, unit="count")
        out.add("events", int(mine["EVENT"].sum()), variable=target, level=status, unit="count")
        found = survival_quantile(curve, 0.5, convention=conventions.median)
        for stat, value in (("median", found.estimate), ("median_low", found.low), ("median_high", found.high)):
            note = "not reached" if math.isnan(value) else None
            conf = None if stat == "median" else conventions.level
            how = f"kaplan-meier, {scale}, {conventions.median}"
            out.add(stat, value, variable=target, level=status, unit="months", method=how, conf_level=conf, note=note)
        steps = outcome.population.rows("signature_curve", "ADSIG", f"{name} · {target}").within("SIGNATURE", status)
        for i, time in enumerate(curve.time):
            for stat, values, unit in (
                ("survival", curve.survival, "proportion"),
                ("at_risk", curve.at_risk, "count"),
                ("events", curve.events, "count"),
                ("censored", curve.censored, "count"),
            ):
                steps.add(stat, values[i], variable="time", level=f"{time:.6f}", unit=unit, method="kaplan-meier")
        curves.append(steps.frame())
    test = log_rank(outcome.time, outcome.event, outcome.table["AVALC"].to_numpy())
    note = test.note or ("not estimable" if math.isnan(test.p) else None)
    out.add("p_log_rank", test.p, variable=target, method="log-rank", note=note)
    positive = (outcome.table["AVALC"] == "positive").to_numpy().astype(np.float64)
    _hazard(out, outcome, positive[:, None], ("positive",), target, protocol)
    return curves


def _hazard(
    out: Rows, outcome: Outcome, X: np.ndarray, names: tuple[str, ...], variable: str, protocol: Protocol,
    levels: tuple[str | None, ...] = (None,),
) -> int | None:  # fmt: skip
    """Add a Cox model; give its events, or None where it cannot be fitted."""
    conventions = protocol.conventions
    try:
        model = cox(outcome.time, outcome.event, X, names=names, ties=conventions.ties, level=conventions.level)
    except MethodError as error:
        out.add("hazard_ratio", variable=variable, note=str(error))
        return None
    firth = model.separation.firth if model.separation is not None else None
    for i, level in enumerate(levels):
        plain = firth is None
        source = model if firth is None else firth
        method = f"cox, {conventions.ties}, wald" if plain else "cox, firth, profile"
        note = None if plain else "a covariate separates the events: with Firth's penalty"
        out.add(
            "hazard_ratio",
            source.hazard_ratio[i],
            variable=variable,
            level=level,
            unit="ratio",
            method=method,
            note=note,
        )
        for stat, bound in (("conf_low", source.low[i]), ("conf_high", source.high[i])):
            out.add(
                stat, bound, variable=variable, level=level, unit="ratio", method=method, conf_level=conventions.level
            )
        out.add("p_value", source.p[i], variable=variable, level=level, method=method)
    return model.n_events


def _adjusted(out: Rows, outcome: Outcome, name: str, plan: Signature, protocol: Protocol) -> None:
    """The multivariable model with the covariates that the plan names."""
    if not plan.covariates:
        return
    variable = f"{outcome.target}, adjusted"
    subjects = outcome.population.subjects
    absent = [word for word in plan.covariates if word not in subjects.columns]
    if absent:
        out.add("hazard_ratio", variable=variable, note=f"the data have no column {', '.join(absent)}")
        return
    table = outcome.table.join(
        subjects.select("USUBJID", *plan.covariates), on="USUBJID", how="left", maintain_order="left"
    )
    columns = {name: table["AVALC"].to_list(), **{word: _values(table[word]) for word in plan.covariates}}
    try:
        design = design_matrix(columns, references={name: "negative"})
    except MethodError as error:
        out.add("hazard_ratio", variable=variable, note=str(error))
        return
    kept = Outcome(outcome.target, outcome.population, table.filter(pl.Series(design.complete)))
    events = _hazard(out, kept, design.X, design.names, variable, protocol, levels=design.names)
    out.add("n", kept.table.height, variable=variable, unit="count", note="; ".join(design.notes) or None)
    if events is not None:
        ratio = events / len(design.names)
        few = f"fewer than {EVENTS_PER_COVARIATE} events for each coefficient: read with caution"
        out.add(
            "events_per_coefficient",
            ratio,
            variable=variable,
            unit="count",
            note=few if ratio < EVENTS_PER_COVARIATE else None,
        )


def _values(column: pl.Series) -> list[object]:
    return (
        column.to_list() if not column.dtype.is_numeric() else column.cast(pl.Float64).fill_null(float("nan")).to_list()
    )
