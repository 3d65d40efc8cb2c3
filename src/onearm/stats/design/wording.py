"""Sentences ready for a protocol or a paper, each with its reference and the exact numbers."""

from __future__ import annotations

import math

from onearm.stats.design.bryant_day import BryantDayDesign
from onearm.stats.design.monitor import DesignCheck
from onearm.stats.design.phrases import say_percent, say_percent_1, say_probability, say_responders
from onearm.stats.design.single_stage import SingleStageDesign
from onearm.stats.design.three_stage import ThreeStageDesign
from onearm.stats.design.two_sided import TwoSidedDesign
from onearm.stats.design.two_stage import TwoStageDesign
from onearm.stats.design.two_stage_inference import ChangedStage, TwoStageInference

__all__ = [
    "say_bryant_day",
    "say_changed_stage",
    "say_check",
    "say_inference",
    "say_single_stage",
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
        f"Simon's {criterion} two-stage design tests a response rate of {say_percent(design.p0)} against "
        f"{say_percent(design.p1)} with a "
        f"one-sided type I error of at most {alpha:g} and a power of at least {say_percent(power)}. After {design.n1} "
        "patients the "
        f"trial stops with {say_responders(design.r1)} or fewer; otherwise {design.n - design.n1} more patients are "
        f"treated, and the treatment is considered worth pursuing with more than {design.r} responders among "
        f"{design.n}. The exact type I error is {design.alpha:.4f} and the exact power {design.power:.4f}; at "
        f"{say_percent(design.p0)} the probability of early termination is {design.pet0:.3f} and the expected number of "
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
        f"the uniformly minimum variance unbiased estimate {say_percent_1(result.umvue)}"
        if math.isfinite(result.umvue)
        else f"the median-unbiased estimate {say_percent_1(result.median_unbiased)}"
    )
    return (
        f"Of {result.n} patients {result.responders} responded ({say_percent_1(result.mle)}); allowing for the two-stage "
        "design, "
        f"{estimate}, {say_percent(result.level)} exact confidence interval {say_percent_1(result.exact_low)} to "
        f"{say_percent_1(result.exact_high)}, one-sided p = {say_probability(result.p_value)} against "
        f"{say_percent(result.p0)} (outcomes ordered by "
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
        f"In a single stage of {design.n} patients the null hypothesis of a response rate of {say_percent(design.p0)} is "
        "rejected "
        f"with more than {design.r} responders; the exact type I error is {design.alpha:.4f} and the exact power at "
        f"{say_percent(design.p1)} is {design.power:.4f} ({reference})."
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
        f"The {criterion} three-stage design tests a response rate of {say_percent(design.p0)} against {say_percent(design.p1)}: "
        "the trial "
        f"stops with {say_responders(design.r1)} or fewer among {design.n1} patients or {design.r2} or fewer among "
        f"{design.n2}, and "
        f"the null hypothesis is rejected with more than {design.r} among {design.n}. The exact type I error is "
        f"{design.alpha:.4f}, the exact power {design.power:.4f}, the expected number of patients at {say_percent(design.p0)} "
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
        f"After {design.n1} patients the trial stops for futility with {say_responders(design.r1)} or fewer and for efficacy "
        "with "
        f"{design.e1} or more; otherwise {design.n - design.n1} more patients are treated, and the null hypothesis of "
        "a "
        f"response rate of {say_percent(design.p0)} is rejected with more than {design.r} responders among {design.n}. The "
        "exact "
        f"type I error is {design.alpha:.4f}, the exact power at {say_percent(design.p1)} {design.power:.4f}; the expected "
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
        f"After {design.n1} patients the trial stops with {say_responders(design.r1)} or fewer, or {toxic1} or more patients "
        "with "
        f"toxicity; among {design.n} patients the treatment is accepted with more than {design.r} responders and "
        "fewer than "
        f"{toxic} patients with toxicity. It is accepted with probability {design.alpha_response:.4f} if only the "
        "response "
        f"rate is unacceptable, {design.alpha_toxicity:.4f} if only the toxicity is, and {design.power:.4f} if both "
        "are as "
        "hoped (Bryant and Day 1995; response and toxicity independent)."
    )
