"""The planned design, what it promises, and what its rule says about what was observed."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from onearm.analyses.population import Datasets, Population, populations
from onearm.analyses.response import response_rate
from onearm.protocol import Protocol
from onearm.protocol.design import Design, ExactDesign, SimonDesign
from onearm.results import Rows, concat_results
from onearm.stats.design.single_stage import find_single_stage
from onearm.stats.design.two_stage import TwoStageDesign, evaluate_two_stage, find_simon
from onearm.stats.design.two_stage_inference import infer_two_stage

__all__ = ["design", "resolve_design"]


def resolve_design(planned: Design) -> Design:
    """
    Fill in the boundaries of a design that the protocol leaves to be found.

    Parameters
    ----------
    planned : Design
        As typed.

    Returns
    -------
    Design
        With ``r1 n1 r n``; kinds that state all their numbers come back as they are.
    """
    if isinstance(planned, SimonDesign) and planned.n is None:
        found = _simon(planned)
        return planned.model_copy(update={"r1": found.r1, "n1": found.n1, "r": found.r, "n": found.n})
    if isinstance(planned, ExactDesign) and planned.n is None:
        exact = find_single_stage(planned.p0, planned.p1, alpha=planned.alpha, power=planned.power)
        return planned.model_copy(update={"r": exact.r, "n": exact.n})
    return planned


def _simon(planned: SimonDesign) -> TwoStageDesign:
    designs = find_simon(planned.p0, planned.p1, alpha=planned.alpha, power=planned.power)
    return designs.minimax if planned.criterion == "minimax" else designs.optimal


def design(datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """
    Describe the design and apply its rule.

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adrs``.
    protocol : Protocol
        ``[design]``, of the cohort where a cohort has its own.

    Returns
    -------
    polars.DataFrame
        Results: the numbers of the design, its exact operating characteristics, and the decision.
    """
    return concat_results(_one(*item, datasets, protocol) for item in _planned(datasets, protocol))


def _planned(datasets: Datasets, protocol: Protocol) -> Iterator[tuple[Population, Design]]:
    for population in populations(datasets, protocol, protocol.main_set):
        own = protocol.cohort[population.cohort].design if population.cohort else None
        yield population, own or protocol.design


def _one(population: Population, planned: Design, datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    rows = population.rows("design", "ADRS", getattr(planned, "endpoint", None))
    rows.add("text", text=planned.kind, variable="kind")
    if isinstance(planned, SimonDesign):
        _two_stage(rows, planned, population, datasets, protocol)
    elif isinstance(planned, ExactDesign):
        _one_stage(rows, planned, population, datasets, protocol)
    return rows.frame()


def _observed(
    planned: SimonDesign | ExactDesign, population: Population, datasets: Datasets, protocol: Protocol
) -> tuple[int, int]:
    rates = response_rate(datasets, protocol).filter(
        pl.col("paramcd").eq(planned.endpoint)
        & pl.col("group1_level").eq_missing(pl.lit(population.cohort, dtype=pl.String))
    )
    values = dict(rates.select("stat", "value").iter_rows())
    return int(values.get("n") or 0), int(values.get("N") or 0)


def _two_stage(
    rows: Rows, planned: SimonDesign, population: Population, datasets: Datasets, protocol: Protocol
) -> None:
    stated = resolve_design(planned)
    assert isinstance(stated, SimonDesign)
    r1, n1, r, n = (int(part or 0) for part in (stated.r1, stated.n1, stated.r, stated.n))
    true = evaluate_two_stage(r1, n1, r, n, p0=planned.p0, p1=planned.p1)
    for name, value in (("p0", planned.p0), ("p1", planned.p1)):
        rows.add("value", value, variable=name, unit="proportion")
    for name, count in (("r1", r1), ("n1", n1), ("r", r), ("n", n)):
        rows.add("value", count, variable=name, unit="count")
    for name, value in (("alpha", true.alpha), ("power", true.power), ("pet", true.pet0), ("en", true.en0)):
        rows.add(
            "value", value, variable=name, unit="patients" if name == "en" else "proportion", method="exact enumeration"
        )
    if true.alpha > planned.alpha or true.power < planned.power:
        rows.add(
            "text",
            text="differs",
            variable="claim",
            note="the stated boundaries do not keep the stated alpha and power",
        )
    if planned.endpoint in protocol.rates:
        x, total = _observed(planned, population, datasets, protocol)
        _decide(rows, x, total, r, n)
        _inference(rows, (r1, n1, r, n), x, total, planned)


def _inference(rows: Rows, boundaries: tuple[int, int, int, int], x: int, total: int, planned: SimonDesign) -> None:
    """Estimates that know of the interim look; only where the trial has its planned size."""
    r1, n1, r, n = boundaries
    method = "two-stage"
    if total != n or x <= r1:
        rows.add(
            "value", variable="umvue", method=method, note=f"{total} patients were analysed where {n} were planned"
        )
        return
    result = infer_two_stage(r1, n1, r, n, responders=x, p0=planned.p0)
    rows.add("value", result.umvue, variable="umvue", unit="proportion", method="UMVUE, Jung-Kim 2004")
    rows.add("value", result.median_unbiased, variable="median_unbiased", unit="proportion", method="median-unbiased")
    rows.add(
        "value",
        result.exact_low,
        variable="exact_low",
        unit="proportion",
        method="two-stage exact",
        conf_level=result.level,
    )
    rows.add(
        "value",
        result.exact_high,
        variable="exact_high",
        unit="proportion",
        method="two-stage exact",
        conf_level=result.level,
    )
    rows.add("value", result.p_value, variable="p_value", unit="proportion", method=f"two-stage, order {result.order}")


def _one_stage(
    rows: Rows, planned: ExactDesign, population: Population, datasets: Datasets, protocol: Protocol
) -> None:
    stated = resolve_design(planned)
    assert isinstance(stated, ExactDesign)
    for name, value in (("p0", planned.p0), ("p1", planned.p1)):
        rows.add("value", value, variable=name, unit="proportion")
    for name, count in (("r", stated.r), ("n", stated.n)):
        rows.add("value", count, variable=name, unit="count")
    if planned.endpoint in protocol.rates:
        x, total = _observed(planned, population, datasets, protocol)
        _decide(rows, x, total, int(stated.r or 0), int(stated.n or 0))


def _decide(rows: Rows, x: int, total: int, r: int, n: int) -> None:
    rows.add("value", x, variable="observed", unit="count")
    rows.add("value", total, variable="evaluated", unit="count")
    if x > r:
        text = f"H0 is rejected: {x} responses are more than {r}."
    elif total < n:
        text = f"No decision yet: {x} of {total} responded; {n} patients are planned."
    else:
        text = f"H0 is not rejected: {x} responses are not more than {r}."
    differs = total != n
    rows.add(
        "text",
        text=text,
        variable="decision",
        note=f"{total} patients were evaluated where {n} were planned" if differs else None,
    )
