"""Where a trial under way stands against its design, and whether the design is what it claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from onearm.analyses.design import resolve_design
from onearm.analyses.population import Datasets, Population, populations
from onearm.analyses.response import successes
from onearm.errors import ProtocolError, suggest
from onearm.protocol import Protocol
from onearm.protocol.design import BayesDesign, Design, ExactDesign, SimonDesign, SurvivalDesign
from onearm.stats.design.bayes import MonitoringPlan, bayesian_rule
from onearm.stats.design.binomial import tail
from onearm.stats.design.looks import StoppingRule, single_stage_rule, two_stage_rule
from onearm.stats.design.monitor import Monitoring, check_design, monitor
from onearm.stats.design.survival_design import add_dropout, patients_needed
from onearm.stats.design.survival_model import SurvivalModel, hazard_ratio

__all__ = ["CohortMonitoring", "check_claims", "monitor_trial", "stopping_rule"]

_UNDECIDED = ("NE", "ND", "MISSING")
_OVER = ("DISCONTINUED", "COMPLETED", "NOT TREATED")


@dataclass(frozen=True)
class CohortMonitoring:
    """
    Where one cohort stands.

    Parameters
    ----------
    cohort : str or None
        Name; None where the trial has no cohorts.
    endpoint : str
        The rate that the design counts.
    enrolled : int
        Members of the endpoint's analysis set.
    state : Monitoring
        Decision, chances, what would change it, boundary and path.
    """

    cohort: str | None
    endpoint: str
    enrolled: int
    state: Monitoring


def monitor_trial(datasets: Datasets, protocol: Protocol) -> tuple[CohortMonitoring, ...]:
    """
    Count who is evaluable and apply the design's rule, cohort by cohort.

    A member of the endpoint's set is evaluable once there is a best response other than not evaluable, or a response,
    or nothing more can come: death, no treatment, or its end without an assessment, which count as no response. Patients
    count in the order of enrolment (else of the first dose).

    Parameters
    ----------
    datasets : Datasets
        With ``adsl`` and ``adrs``.
    protocol : Protocol
        ``[design]``, of the cohort where a cohort has its own.

    Returns
    -------
    tuple of CohortMonitoring
        One per cohort; one where there are none.

    Raises
    ------
    ProtocolError
        If a design does not count responders, or its endpoint is no rate of the protocol.
    """
    return tuple(_one(*item, datasets, protocol) for item in _planned(datasets, protocol))


def _planned(datasets: Datasets, protocol: Protocol) -> Iterator[tuple[Population, Design, str]]:
    names: list[str | None] = list(protocol.cohort) or [None]
    for name in names:
        own = protocol.cohort[name].design if name is not None else None
        planned = own or protocol.design
        where = f"cohort.{name}.design" if own is not None else "design"
        endpoint = getattr(planned, "endpoint", "")
        if not isinstance(planned, SimonDesign | ExactDesign | BayesDesign):
            raise ProtocolError(
                f"protocol.toml, {where}.kind: '{planned.kind}' has no boundary on a number of responders; acceptable "
                "for "
                "monitoring are simon, exact and bayes."
            )
        if endpoint not in protocol.rates:
            raise ProtocolError(
                f"protocol.toml, {where}.endpoint: no rate '{endpoint}'.{suggest(endpoint, protocol.rates)}"
            )
        for population in populations(datasets, protocol, protocol.rates[endpoint].set):
            if population.cohort == name:
                yield population, planned, endpoint


def _one(
    population: Population, planned: Design, endpoint: str, datasets: Datasets, protocol: Protocol
) -> CohortMonitoring:
    order = _evaluable(population, endpoint, datasets, protocol)
    rule, rates = stopping_rule(planned)
    state = monitor(rule, order["responds"].to_numpy(), rates=rates)
    return CohortMonitoring(population.cohort, endpoint, population.n, state)


def stopping_rule(planned: Design) -> tuple[StoppingRule | MonitoringPlan, tuple[float, float]]:
    """
    Turn a planned design into its rule, with the two rates it is about.

    Parameters
    ----------
    planned : Design
        A design of a response rate.

    Returns
    -------
    tuple
        The rule, or the Bayesian plan; and ``p0`` and ``p1``.

    Raises
    ------
    ProtocolError
        For a design that does not count responders.
    """
    found = resolve_design(planned)
    if isinstance(found, SimonDesign):
        numbers = (found.r1, found.n1, found.r, found.n)
        return two_stage_rule(*(int(number or 0) for number in numbers)), (found.p0, found.p1)
    if isinstance(found, ExactDesign):
        return single_stage_rule(int(found.r or 0), int(found.n or 0)), (found.p0, found.p1)
    if isinstance(found, BayesDesign):
        looks = sorted({*range(found.first_look, found.n + 1, found.every), found.n})
        return MonitoringPlan(
            tuple(looks),
            found.p0,
            found.stop_above,
            found.p1 if found.efficacy_above is not None else None,
            found.efficacy_above,
            prior=found.prior,
            reading=found.reading,
            predictive_cutoff=found.predictive_cutoff,
            equality=found.equality,
        ), (found.p0, found.p1)
    raise ProtocolError(f"protocol.toml, design.kind: '{planned.kind}' has no boundary on a number of responders.")


def _evaluable(population: Population, endpoint: str, datasets: Datasets, protocol: Protocol) -> pl.DataFrame:
    """Evaluable members in order, with ``responds``."""
    adrs, rate = datasets["adrs"], protocol.rates[endpoint]
    assessed = adrs.filter(
        pl.col("PARAMCD").is_in(["BOR", "CBOR"]) & pl.col("AVALC").is_not_null() & ~pl.col("AVALC").is_in(_UNDECIDED)
    )
    responders = successes(adrs, endpoint, rate)["USUBJID"].implode()
    is_over = pl.col("DTHDT").is_not_null() | pl.col("EOTSTT").is_in(_OVER)
    return (
        population.subjects.with_columns(
            responds=pl.col("USUBJID").is_in(responders),
            entered=pl.coalesce("ENRLDT", "TRTSDT"),
        )
        .filter(pl.col("responds") | pl.col("USUBJID").is_in(assessed["USUBJID"].implode()) | is_over)
        .sort("entered", "USUBJID", nulls_last=True)
        .select("USUBJID", "entered", "responds")
    )


def check_claims(protocol: Protocol) -> tuple[str, ...]:
    """
    Compare every design of a protocol with what it claims.

    Parameters
    ----------
    protocol : Protocol
        ``[design]`` and those of the cohorts.

    Returns
    -------
    tuple of str
        One sentence for each claim that is not true, with its key; empty where all are.
    """
    own = {f"cohort.{name}.design": cohort.design for name, cohort in protocol.cohort.items() if cohort.design}
    designs: dict[str, Design] = {"design": protocol.design, **own}
    return tuple(f"{where}: {problem}" for where, planned in designs.items() for problem in _untrue(planned))


def _untrue(planned: Design) -> Iterator[str]:
    if isinstance(planned, SimonDesign) and planned.n is not None:
        numbers = (int(number or 0) for number in (planned.r1, planned.n1, planned.r, planned.n))
        yield from check_design(
            *numbers,
            p0=planned.p0,
            p1=planned.p1,
            alpha=planned.alpha,
            power=planned.power,
            criterion=None if planned.criterion == "stated" else planned.criterion,
        ).findings
    elif isinstance(planned, ExactDesign) and planned.n is not None:
        yield from _untrue_exact(planned, int(planned.r or 0), planned.n)
    elif isinstance(planned, BayesDesign):
        rule, _ = stopping_rule(planned)
        if isinstance(rule, MonitoringPlan) and all(bound is None for bound in bayesian_rule(rule).futility):
            yield "no number of responders stops the trial for futility at any look."
    elif isinstance(planned, SurvivalDesign) and planned.n is not None:
        yield from _untrue_survival(planned, planned.n)


def _untrue_exact(planned: ExactDesign, r: int, n: int) -> Iterator[str]:
    alpha, power = (float(tail(n, [p])[0, min(r + 1, n + 1)]) for p in (planned.p0, planned.p1))
    if alpha > planned.alpha + 1e-12:
        yield f"{r}/{n} has alpha {alpha:.4f}, above the stated {planned.alpha:g}."
    if power < planned.power - 1e-12:
        yield f"{r}/{n} has power {power:.4f}, below the stated {planned.power:g}."


def _untrue_survival(planned: SurvivalDesign, n: int) -> Iterator[str]:
    hr = hazard_ratio(planned.median0_months, planned.median1_months)
    model = SurvivalModel(planned.median0_months, hr, planned.accrual_months, planned.follow_up_months)
    size = patients_needed(model, alpha=planned.alpha, sides=planned.sided, power=planned.power)
    needed = add_dropout(size, planned.dropout, rule="divide")
    if n < needed.value:
        yield (
            f"{n} patients are stated; the one-sample log-rank test needs {size.value} (Wu 2015, {size.unrounded:.2f} "
            f"rounded up), {needed.value} with {planned.dropout:.0%} dropouts by n/(1 - q)."
        )
