"""Sentences ready for a protocol or a paper, each with its reference and the exact numbers."""

from __future__ import annotations

import math
from itertools import pairwise

from onearm.stats.design.basket import BasketPosterior
from onearm.stats.design.bayes import MonitoringPlan
from onearm.stats.design.bop2 import Bop2Design
from onearm.stats.design.bryant_day import BryantDayDesign
from onearm.stats.design.looks import StoppingRule
from onearm.stats.design.monitor import DesignCheck
from onearm.stats.design.single_stage import SingleStageDesign
from onearm.stats.design.survival_design import SurvivalPlan
from onearm.stats.design.survival_two_stage import TwoStageSurvival
from onearm.stats.design.three_stage import ThreeStageDesign
from onearm.stats.design.two_sided import TwoSidedDesign
from onearm.stats.design.two_stage import TwoStageDesign
from onearm.stats.design.two_stage_inference import ChangedStage, TwoStageInference

__all__ = [
    "say_baskets",
    "say_bayesian",
    "say_bop2",
    "say_bryant_day",
    "say_changed_stage",
    "say_check",
    "say_inference",
    "say_single_stage",
    "say_survival",
    "say_survival_two_stage",
    "say_three_stage",
    "say_two_sided",
    "say_two_stage",
]


def say_two_stage(design: TwoStageDesign, criterion: str, *, alpha: float, power: float) -> str:
    """
    Describe a two-stage design.

    Parameters
    ----------
    design : TwoStageDesign
        The design.
    criterion : str
        ``optimal``, ``minimax`` or ``admissible``.
    alpha, power : float
        The limits it was chosen for.

    Returns
    -------
    str
        For the protocol.

    Examples
    --------
    >>> from onearm.stats.design.two_stage import evaluate_two_stage
    >>> text = say_two_stage(evaluate_two_stage(5, 15, 18, 46, p0=0.3, p1=0.5), "optimal", alpha=0.05, power=0.8)
    >>> text[:87]
    "Simon's optimal two-stage design tests a response rate of 30% against 50% with a one-si"
    """
    reference = "Jung et al. 2004" if criterion == "admissible" else "Simon 1989"
    return (
        f"Simon's {criterion} two-stage design tests a response rate of {_pct(design.p0)} against {_pct(design.p1)} "
        "with a "
        f"one-sided type I error of at most {alpha:g} and a power of at least {_pct(power)}. After {design.n1} "
        "patients the "
        f"trial stops with {_count(design.r1)} or fewer; otherwise {design.n - design.n1} more patients are "
        f"treated, and the treatment is considered worth pursuing with more than {design.r} responders among "
        f"{design.n}. The exact type I error is {design.alpha:.4f} and the exact power {design.power:.4f}; at "
        f"{_pct(design.p0)} the probability of early termination is {design.pet0:.3f} and the expected number of "
        "patients "
        f"{design.en0:.1f} ({reference})."
    )


def say_inference(result: TwoStageInference) -> str:
    """
    Describe the result of a two-stage trial.

    Parameters
    ----------
    result : TwoStageInference
        The inference.

    Returns
    -------
    str
        For the paper.
    """
    estimate = (
        f"the uniformly minimum variance unbiased estimate {_pct1(result.umvue)}"
        if math.isfinite(result.umvue)
        else f"the median-unbiased estimate {_pct1(result.median_unbiased)}"
    )
    return (
        f"Of {result.n} patients {result.responders} responded ({_pct1(result.mle)}); allowing for the two-stage "
        "design, "
        f"{estimate}, {_pct(result.level)} exact confidence interval {_pct1(result.exact_low)} to "
        f"{_pct1(result.exact_high)}, one-sided p = {_p(result.p_value)} against {_pct(result.p0)} (outcomes ordered "
        "by "
        f"stage and {'total' if result.order == 'total' else 'conditional p-value'}; Jung and Kim 2004, Koyama and "
        "Chen "
        "2008)."
    )


def say_check(check: DesignCheck) -> tuple[str, ...]:
    """
    Describe what is true of a claimed design.

    Parameters
    ----------
    check : DesignCheck
        The check.

    Returns
    -------
    tuple of str
        The exact properties, then one sentence for each claim that does not hold.
    """
    return (f"{check.design}; it is {check.criterion}.", *(check.findings or ("Every claim holds.",)))


def say_changed_stage(change: ChangedStage, *, planned: int) -> str:
    """
    Describe the boundary of a second stage that was not as planned.

    Parameters
    ----------
    change : ChangedStage
        The boundary.
    planned : int
        Patients planned for the second stage.

    Returns
    -------
    str
        For the protocol's amendment or the paper.
    """
    return (
        f"With {change.n2} patients in stage 2 instead of {planned}, the null hypothesis is rejected with more than "
        f"{change.r2} responders in stage 2: this spends {change.attained:.4f} of the conditional error of "
        f"{change.conditional_error:.4f} that the plan leaves after stage 1 (Koyama and Chen 2008)."
    )


def say_single_stage(design: SingleStageDesign) -> str:
    """
    Describe a single-stage design.

    Parameters
    ----------
    design : SingleStageDesign
        The design.

    Returns
    -------
    str
        For the protocol.
    """
    reference = "A'Hern 2001" if design.method.startswith("A'Hern") else "Fleming 1982"
    return (
        f"In a single stage of {design.n} patients the null hypothesis of a response rate of {_pct(design.p0)} is "
        "rejected "
        f"with more than {design.r} responders; the exact type I error is {design.alpha:.4f} and the exact power at "
        f"{_pct(design.p1)} is {design.power:.4f} ({reference})."
    )


def say_three_stage(design: ThreeStageDesign, criterion: str) -> str:
    """
    Describe a three-stage design.

    Parameters
    ----------
    design : ThreeStageDesign
        The design.
    criterion : str
        ``optimal`` or ``minimax``.

    Returns
    -------
    str
        For the protocol.
    """
    return (
        f"The {criterion} three-stage design tests a response rate of {_pct(design.p0)} against {_pct(design.p1)}: "
        "the trial "
        f"stops with {_count(design.r1)} or fewer among {design.n1} patients or {design.r2} or fewer among "
        f"{design.n2}, and "
        f"the null hypothesis is rejected with more than {design.r} among {design.n}. The exact type I error is "
        f"{design.alpha:.4f}, the exact power {design.power:.4f}, the expected number of patients at {_pct(design.p0)} "
        f"{design.en0:.1f} (Chen 1997)."
    )


def say_two_sided(design: TwoSidedDesign) -> str:
    """
    Describe a two-stage design with stopping on both sides.

    Parameters
    ----------
    design : TwoSidedDesign
        The design.

    Returns
    -------
    str
        For the protocol.
    """
    return (
        f"After {design.n1} patients the trial stops for futility with {_count(design.r1)} or fewer and for efficacy "
        "with "
        f"{design.e1} or more; otherwise {design.n - design.n1} more patients are treated, and the null hypothesis of "
        "a "
        f"response rate of {_pct(design.p0)} is rejected with more than {design.r} responders among {design.n}. The "
        "exact "
        f"type I error is {design.alpha:.4f}, the exact power at {_pct(design.p1)} {design.power:.4f}; the expected "
        "number "
        f"of patients is {design.en0:.1f} and {design.en1:.1f} (Mander and Thompson 2010)."
    )


def say_bryant_day(design: BryantDayDesign) -> str:
    """
    Describe a design for response and toxicity.

    Parameters
    ----------
    design : BryantDayDesign
        The design.

    Returns
    -------
    str
        For the protocol.
    """
    toxic1, toxic = design.n1 - design.t1, design.n - design.t
    return (
        f"After {design.n1} patients the trial stops with {_count(design.r1)} or fewer, or {toxic1} or more patients "
        "with "
        f"toxicity; among {design.n} patients the treatment is accepted with more than {design.r} responders and "
        "fewer than "
        f"{toxic} patients with toxicity. It is accepted with probability {design.alpha_response:.4f} if only the "
        "response "
        f"rate is unacceptable, {design.alpha_toxicity:.4f} if only the toxicity is, and {design.power:.4f} if both "
        "are as "
        "hoped (Bryant and Day 1995; response and toxicity independent)."
    )


def say_bayesian(plan: MonitoringPlan, rule: StoppingRule) -> str:
    """
    Describe a Bayesian stopping rule with its conventions.

    Parameters
    ----------
    plan : MonitoringPlan
        The plan.
    rule : StoppingRule
        Its boundaries.

    Returns
    -------
    str
        For the protocol.
    """
    reached = "is at least" if plan.equality == ">=" else "exceeds"
    what = {
        "posterior": "the posterior probability",
        "predictive to the end": f"the predictive probability (cut-off {plan.predictive_cutoff:g}) that at the end the "
        "posterior probability",
        "predictive to the next cohort": f"the predictive probability (cut-off {plan.predictive_cutoff:g}) that at "
        "the next "
        "look the posterior probability",
    }[plan.reading]
    first = next((n for n, low in zip(rule.looks, rule.futility, strict=True) if low is not None), None)
    never = [n for n, low in zip(rule.looks, rule.futility, strict=True) if low is None]
    earliest = f" No number of responders stops the trial for futility at {_list(never)} patients." if never else ""
    if first is None:
        earliest = " No number of responders stops the trial for futility at any look."
    efficacy = ""
    if plan.efficacy_rate is not None and plan.efficacy_probability is not None:
        efficacy = (
            f", and for efficacy if that of a rate of at least {_pct(plan.efficacy_rate)} {reached} "
            f"{plan.efficacy_probability:g}"
        )
    return (
        f"With a Beta({plan.prior[0]:g}, {plan.prior[1]:g}) prior, looks are made at {_list(list(plan.looks))} "
        f"evaluable patients. The trial stops for futility if {what} that the response rate is at most "
        f"{_pct(plan.futility_rate)} {reached} {plan.futility_probability:g}{efficacy}.{earliest} Operating "
        "characteristics are exact (beta-binomial model; Zohar, Teramukai and Zhou 2008)."
    )


def say_bop2(design: Bop2Design) -> str:
    """
    Describe a calibrated BOP2 design.

    Parameters
    ----------
    design : Bop2Design
        The design.

    Returns
    -------
    str
        For the protocol.
    """
    efficacy = ""
    if design.eta is not None:
        efficacy = f", and for efficacy if it exceeds 1 - {1 - design.lam:.2g} (n/{design.looks[-1]})^{design.eta:g}"
    return (
        f"The Bayesian optimal phase II design looks at {_list(list(design.looks))} patients with a Beta("
        f"{design.prior[0]:g}, {design.prior[1]:g}) prior: the trial stops for futility if the posterior probability "
        "of a "
        f"response rate above {_pct(design.p0)} falls below {design.lam:g} (n/{design.looks[-1]})^{design.gamma:g}"
        f"{efficacy}. The exact type I error is {design.alpha:.4f} and the exact "
        "power at "
        f"{_pct(design.p1)} {design.power:.4f} (Zhou, Lee and Yuan 2017)."
    )


def say_survival(plan: SurvivalPlan, *, alpha: float, sides: int, power: float) -> str:
    """
    Describe the size of a survival trial with its formula and rounding.

    Parameters
    ----------
    plan : SurvivalPlan
        The plan.
    alpha, sides, power : float, int, float
        Limits of the test.

    Returns
    -------
    str
        For the protocol.
    """
    dropout = (
        f" With {_pct(plan.dropout)} dropouts, {plan.enrolled.formula} gives {plan.enrolled.unrounded:.2f}, "
        f"rounded {plan.enrolled.rounding} to {plan.enrolled.value} patients."
        if plan.dropout
        else ""
    )
    return (
        f"A one-sample log-rank test against the historical control with a {_sides(sides)} type I error of {alpha:g} "
        "and a "
        f"power of {_pct(power)} at a hazard ratio of {plan.hr:.3f} needs {plan.events.unrounded:.2f}, rounded "
        f"{plan.events.rounding} to {plan.events.value} events by {plan.events.formula}. With an event in "
        f"{_pct1(plan.event_rate)} of patients ({plan.patients.formula} = {plan.patients.unrounded:.2f}, rounded "
        f"{plan.patients.rounding}) this takes {plan.patients.value} patients.{dropout} At {plan.events.value} events "
        "the "
        f"exact power of the test with the normal critical value is {plan.exact.power:.3f} and its exact one-sided "
        "size "
        f"{plan.exact.size:.4f} ({plan.events.reference})."
    )


def say_survival_two_stage(design: TwoStageSurvival) -> str:
    """
    Describe a two-stage survival design.

    Parameters
    ----------
    design : TwoStageSurvival
        The design.

    Returns
    -------
    str
        For the protocol.
    """
    return (
        f"At time {design.t1:.2f}, when about {design.n1} of {design.n} patients have entered, the trial stops for "
        "futility "
        f"if the one-sample log-rank statistic (E - O)/sqrt(E) is at most {design.c1:.3f}; at the end, time "
        f"{design.duration:.2f}, the historical control is rejected if it exceeds {design.c:.3f}. The type I error is "
        f"{design.alpha:g}, the power {design.power:.3f}, the probability to stop under the null hypothesis "
        f"{design.stop0:.3f} and the expected number of patients {design.expected0:.1f} (asymptotic; Kwak and Jung "
        "2014, Wu "
        "et al. 2020, with the exact covariance of the two looks)."
    )


def say_baskets(result: BasketPosterior) -> str:
    """
    Describe the analysis of several cohorts.

    Parameters
    ----------
    result : BasketPosterior
        The posterior.

    Returns
    -------
    str
        For the paper.
    """
    how = {
        "independent": "each cohort by itself (beta-binomial model)",
        "pooled": "all cohorts as one (beta-binomial model)",
        "hierarchical": "a Bayesian hierarchical model by quadrature (Berry et al. 2013)",
    }[result.model]
    parts = "; ".join(
        f"cohort {j + 1} ({y}/{n}) {_pct1(mean)}, P(rate > {_pct(result.threshold)}) = {above:.3f}"
        for j, (y, n, mean, above) in enumerate(
            zip(result.responders, result.n, result.mean, result.above, strict=True)
        )
    )
    return f"Posterior mean response rates, {how}: {parts}."


def _pct(value: float) -> str:
    return f"{100 * value:.10g}%"


def _pct1(value: float) -> str:
    return f"{100 * value:.1f}%"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else f"{value:.2g}"


def _count(responders: int) -> str:
    return "1 responder" if responders == 1 else f"{responders} responders"


def _sides(sides: int) -> str:
    return "one-sided" if sides == 1 else "two-sided"


def _list(numbers: list[int]) -> str:
    steps = {b - a for a, b in pairwise(numbers)}
    if len(numbers) > 3 and len(steps) == 1:
        return f"{numbers[0]}, {numbers[1]}, ... {numbers[-1]}"
    if len(numbers) > 3 and len({b - a for a, b in pairwise(numbers[1:])}) == 1:
        return f"{numbers[0]}, then every {numbers[2] - numbers[1]} from {numbers[1]} to {numbers[-1]}"
    return ", ".join(map(str, numbers[:-1])) + (" and " if len(numbers) > 1 else "") + str(numbers[-1])
