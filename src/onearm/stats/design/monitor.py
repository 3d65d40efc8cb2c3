"""
Decisions while a trial runs, and what its design truly is.

`monitor` takes the patients in the order in which they became evaluable and says what the rule decides at this look,
how probable the outcomes are from here, and what would have to happen to change the decision. `check_design` says what
a claimed two-stage design truly has for error limits, and in what sense it is best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.bayes import MonitoringPlan, bayesian_rule, monitoring_probabilities
from onearm.stats.design.binomial import NOISE
from onearm.stats.design.looks import StoppingRule, conditional_characteristics
from onearm.stats.design.two_stage import SimonDesigns, TwoStageDesign, evaluate_two_stage, find_simon

__all__ = ["DesignCheck", "Monitoring", "check_design", "monitor"]


@dataclass(frozen=True)
class Monitoring(Framed):
    """
    Where a trial stands.

    Parameters
    ----------
    evaluable, responders : int
        Patients so far and responders among them.
    look : int or None
        Number of patients at the look that was decided last; None before the first.
    responders_at_look : int or None
        Responders among those patients.
    decision : str
        ``futility``, ``efficacy``, ``continue``, ``inconclusive`` (last look, no boundary crossed), or ``before the
        first look``. The first look whose boundary was crossed decides; what came after it does not undo it.
    probability_futility, probability_efficacy : float
        Under a Bayesian plan, the probabilities that are compared with its limits at that look; else NaN.
    next_look : int or None
        Number of patients at the next look; None where the trial is over.
    rates : ndarray, shape (n_rates,)
        Response rates for the three rows below.
    chance_efficacy, chance_futility, chance_inconclusive : ndarray, shape (n_rates,)
        Probability of each end from here, if the patients to come respond at that rate.
    changes : tuple of str
        What would have to happen to change the decision, one sentence each.
    looks, futility, efficacy : tuple
        The boundary, for the picture.
    path_n, path_responders : ndarray of int, shape (n_evaluable + 1,)
        The path so far, from 0 patients.
    """

    evaluable: int
    responders: int
    look: int | None
    responders_at_look: int | None
    decision: str
    probability_futility: float
    probability_efficacy: float
    next_look: int | None
    rates: NDArray[np.float64]
    chance_efficacy: NDArray[np.float64]
    chance_futility: NDArray[np.float64]
    chance_inconclusive: NDArray[np.float64]
    changes: tuple[str, ...]
    looks: tuple[int, ...]
    futility: tuple[int | None, ...]
    efficacy: tuple[int | None, ...]
    path_n: NDArray[np.int64]
    path_responders: NDArray[np.int64]


def monitor(rule: StoppingRule | MonitoringPlan, is_responder: ArrayLike, *, rates: Sequence[float] = ()) -> Monitoring:
    """
    Say what a rule decides for the patients seen so far.

    Parameters
    ----------
    rule : StoppingRule or MonitoringPlan
        The rule; a Bayesian plan adds its probabilities.
    is_responder : array_like of bool, shape (n_evaluable,)
        One entry per evaluable patient, in the order in which they count.
    rates : sequence of float, optional
        Response rates for which the chances from here are given, such as ``p0`` and ``p1``.

    Returns
    -------
    Monitoring
        Decision, chances, what would change it, boundary and path.

    Notes
    -----
    Patients beyond the last look stay on the path and do not change the decision; `infer_two_stage` can use them.

    Examples
    --------
    ALTER-E-003 after 15 patients with 8 responders.

    >>> from onearm.stats.design.looks import two_stage_rule
    >>> state = monitor(two_stage_rule(5, 15, 18, 46), [True] * 8 + [False] * 7, rates=(0.3, 0.5))
    >>> state.decision, state.next_look, state.chance_efficacy.round(4).tolist()
    ('continue', 46, [0.3121, 0.9646])
    >>> state.changes[0]
    'At 46 patients the trial ends for efficacy with 19 responders or more: 11 among the next 31.'
    """
    boundary = rule if isinstance(rule, StoppingRule) else bayesian_rule(rule)
    responses = np.atleast_1d(np.asarray(is_responder, dtype=bool))
    n = int(responses.size)
    path = np.concatenate([[0], np.cumsum(responses)]).astype(np.int64)
    index, decision = _decide(boundary, path)
    low, high = float("nan"), float("nan")
    if index is not None and isinstance(rule, MonitoringPlan):
        pair = monitoring_probabilities(rule, index, [path[rule.looks[index]]])
        low, high = float(pair[0][0]), float(pair[1][0])
    is_over = decision not in ("continue", "before the first look")
    following = None if is_over else next(size for size in boundary.looks if size > n)
    chances = _chances(boundary, decision, following, path, np.asarray(rates, dtype=float))
    return Monitoring(
        evaluable=n,
        responders=int(path[-1]),
        look=None if index is None else boundary.looks[index],
        responders_at_look=None if index is None else int(path[boundary.looks[index]]),
        decision=decision,
        probability_futility=low,
        probability_efficacy=high,
        next_look=following,
        rates=np.asarray(rates, dtype=float),
        chance_efficacy=chances[0],
        chance_futility=chances[1],
        chance_inconclusive=chances[2],
        changes=_changes(boundary, decision, index, path),
        looks=boundary.looks,
        futility=boundary.futility,
        efficacy=boundary.efficacy,
        path_n=np.arange(n + 1),
        path_responders=path,
    )


def _decide(rule: StoppingRule, path: NDArray[np.int64]) -> tuple[int | None, str]:
    """Index of the deciding look and its decision: the first that stops, else the last that was reached."""
    reached = [k for k, size in enumerate(rule.looks) if size < path.size]
    for k in reached:
        decision = rule.decide(k, int(path[rule.looks[k]]))
        if decision in ("futility", "efficacy"):
            return k, decision
    if not reached:
        return None, "before the first look"
    return reached[-1], rule.decide(reached[-1], int(path[rule.looks[reached[-1]]]))


def _chances(
    rule: StoppingRule, decision: str, following: int | None, path: NDArray[np.int64], rates: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    if following is None:
        efficacy, futility, neither = (
            np.full(rates.size, float(decision == name)) for name in ("efficacy", "futility", "inconclusive")
        )
        return efficacy, futility, neither
    if not rates.size:
        return rates, rates, rates
    rest = conditional_characteristics(rule, rates, n=path.size - 1, responders=int(path[-1]))
    return rest.efficacy, rest.futility, rest.inconclusive


def _changes(rule: StoppingRule, decision: str, index: int | None, path: NDArray[np.int64]) -> tuple[str, ...]:
    """Sentences for the next look, or for the look that decided."""
    n, seen = path.size - 1, int(path[-1])
    if decision in ("futility", "efficacy", "inconclusive"):
        assert index is not None
        return _at_decision(rule, decision, index, int(path[rule.looks[index]]))
    k = next(k for k, size in enumerate(rule.looks) if size > n)
    size, low, high = rule.looks[k], rule.futility[k], rule.efficacy[k]
    left, verb = size - n, "ends" if k == len(rule.looks) - 1 else "stops"
    sentences = []
    if high is not None:
        need = high - seen
        how = "already reached" if need <= 0 else "out of reach" if need > left else f"{need} among the next {left}"
        sentences.append(f"At {size} patients the trial {verb} for efficacy with {high} responders or more: {how}.")
    else:
        sentences.append(f"At {size} patients no number of responders stops the trial for efficacy.")
    if low is not None:
        room = low - seen
        how = (
            "out of reach"
            if room < 0
            else "certain"
            if room >= left
            else f"{'none' if room == 0 else f'at most {room}'} among the next {left}"
        )
        sentences.append(f"At {size} patients the trial {verb} for futility with {low} responders or fewer: {how}.")
    else:
        sentences.append(f"At {size} patients no number of responders stops the trial for futility.")
    return tuple(sentences)


def _at_decision(rule: StoppingRule, decision: str, index: int, seen: int) -> tuple[str, ...]:
    size, low, high = rule.looks[index], rule.futility[index], rule.efficacy[index]
    if decision == "futility" and low is not None:
        return (f"At {size} patients {low + 1} responders instead of {seen} would not have stopped the trial.",)
    if decision == "efficacy" and high is not None:
        return (f"At {size} patients {high - 1} responders instead of {seen} would not have been enough.",)
    limits = [f"{low} or fewer for futility"] if low is not None else []
    limits += [f"{high} or more for efficacy"] if high is not None else []
    return (f"At the last look, {size} patients, {seen} responders lie between the boundaries: {', '.join(limits)}.",)


@dataclass(frozen=True)
class DesignCheck(Framed):
    """
    A claimed two-stage design and what is true of it.

    Parameters
    ----------
    design : TwoStageDesign
        With exact properties.
    holds_alpha, holds_power : bool
        Whether the exact error limits keep the claimed ones.
    criterion : str
        ``optimal``, ``minimax``, ``admissible`` or ``none of them``, among designs that keep the claimed limits.
    best : SimonDesigns or None
        What the search found; None where the claimed limits cannot be met.
    findings : tuple of str
        One sentence for each claim that is not true; empty where all are.
    """

    design: TwoStageDesign
    holds_alpha: bool
    holds_power: bool
    criterion: str
    best: SimonDesigns | None
    findings: tuple[str, ...]


def check_design(
    r1: int,
    n1: int,
    r: int,
    n: int,
    *,
    p0: float,
    p1: float,
    alpha: float,
    power: float,
    criterion: str | None = None,
) -> DesignCheck:
    """
    Check a claimed two-stage design against what it claims.

    Parameters
    ----------
    r1, n1, r, n : int
        The design as stated.
    p0, p1, alpha, power : float
        What it is said to be for.
    criterion : str, optional
        ``optimal``, ``minimax`` or ``admissible``, if it is said to be.

    Returns
    -------
    DesignCheck
        Exact properties, and a finding for each claim that does not hold.

    Examples
    --------
    >>> check_design(5, 15, 18, 46, p0=0.3, p1=0.5, alpha=0.05, power=0.8, criterion="optimal").findings
    ()
    >>> check = check_design(5, 15, 17, 46, p0=0.3, p1=0.5, alpha=0.05, power=0.8)
    >>> check.findings[0]
    '5/15, 17/46 has alpha 0.0795, above the stated 0.05.'
    """
    design = evaluate_two_stage(r1, n1, r, n, p0=p0, p1=p1)
    holds_alpha, holds_power = design.alpha <= alpha + NOISE, design.power >= power - NOISE
    label = f"{r1}/{n1}, {r}/{n}"
    findings = []
    if not holds_alpha:
        findings.append(f"{label} has alpha {design.alpha:.4f}, above the stated {alpha:g}.")
    if not holds_power:
        findings.append(f"{label} has power {design.power:.4f}, below the stated {power:g}.")
    try:
        best: SimonDesigns | None = find_simon(p0, p1, alpha=alpha, power=power)
    except MethodError as error:
        best = None
        findings.append(str(error))
    names = _criteria((r1, n1, r, n), best)
    if criterion is not None and criterion not in names and best is not None:
        wanted = {"optimal": best.optimal, "minimax": best.minimax}.get(criterion)
        instead = f" The {criterion} design is {wanted}." if wanted is not None else ""
        findings.append(f"{label} is not {criterion} for these rates and limits.{instead}")
    return DesignCheck(design, holds_alpha, holds_power, " and ".join(names) or "none of them", best, tuple(findings))


def _criteria(numbers: tuple[int, int, int, int], best: SimonDesigns | None) -> list[str]:
    if best is None:
        return []
    named = (("optimal", [best.optimal]), ("minimax", [best.minimax]), ("admissible", list(best.admissible)))
    return [name for name, designs in named if numbers in [(d.r1, d.n1, d.r, d.n) for d in designs]]
