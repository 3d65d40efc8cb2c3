"""Sentences about Bayesian designs, survival designs and baskets, each with its reference and the exact numbers."""

from __future__ import annotations

from onearm.stats.design.basket import BasketPosterior
from onearm.stats.design.bayes import MonitoringPlan
from onearm.stats.design.bop2 import Bop2Design
from onearm.stats.design.looks import StoppingRule
from onearm.stats.design.phrases import say_list, say_percent, say_percent_1, say_sides
from onearm.stats.design.survival_design import SurvivalPlan
from onearm.stats.design.survival_two_stage import TwoStageSurvival

__all__ = ["say_baskets", "say_bayesian", "say_bop2", "say_survival", "say_survival_two_stage"]


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
    earliest = f" No number of responders stops the trial for futility at {say_list(never)} patients." if never else ""
    if first is None:
        earliest = " No number of responders stops the trial for futility at any look."
    efficacy = ""
    if plan.efficacy_rate is not None and plan.efficacy_probability is not None:
        efficacy = (
            f", and for efficacy if that of a rate of at least {say_percent(plan.efficacy_rate)} {reached} "
            f"{plan.efficacy_probability:g}"
        )
    return (
        f"With a Beta({plan.prior[0]:g}, {plan.prior[1]:g}) prior, looks are made at {say_list(list(plan.looks))} "
        f"evaluable patients. The trial stops for futility if {what} that the response rate is at most "
        f"{say_percent(plan.futility_rate)} {reached} {plan.futility_probability:g}{efficacy}.{earliest} Operating "
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
        f"The Bayesian optimal phase II design looks at {say_list(list(design.looks))} patients with a Beta("
        f"{design.prior[0]:g}, {design.prior[1]:g}) prior: the trial stops for futility if the posterior probability "
        "of a "
        f"response rate above {say_percent(design.p0)} falls below {design.lam:g} (n/{design.looks[-1]})^{design.gamma:g}"
        f"{efficacy}. The exact type I error is {design.alpha:.4f} and the exact "
        "power at "
        f"{say_percent(design.p1)} {design.power:.4f} (Zhou, Lee and Yuan 2017)."
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
        f" With {say_percent(plan.dropout)} dropouts, {plan.enrolled.formula} gives {plan.enrolled.unrounded:.2f}, "
        f"rounded {plan.enrolled.rounding} to {plan.enrolled.value} patients."
        if plan.dropout
        else ""
    )
    return (
        f"A one-sample log-rank test against the historical control with a {say_sides(sides)} type I error of {alpha:g} "
        "and a "
        f"power of {say_percent(power)} at a hazard ratio of {plan.hr:.3f} needs {plan.events.unrounded:.2f}, rounded "
        f"{plan.events.rounding} to {plan.events.value} events by {plan.events.formula}. With an event in "
        f"{say_percent_1(plan.event_rate)} of patients ({plan.patients.formula} = {plan.patients.unrounded:.2f}, rounded "
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
        f"cohort {j + 1} ({y}/{n}) {say_percent_1(mean)}, P(rate > {say_percent(result.threshold)}) = {above:.3f}"
        for j, (y, n, mean, above) in enumerate(
            zip(result.responders, result.n, result.mean, result.above, strict=True)
        )
    )
    return f"Posterior mean response rates, {how}: {parts}."
