"""
Estimates, p-value and intervals after a two-stage design.

The plain proportion and its textbook interval ignore that the trial might have stopped. Here the design is respected:
outcomes are ordered by stage, then by number of responders (Jung and Kim 2004); the p-value, the median-unbiased
estimate and both intervals follow from this one order.

Two intervals are given. Koyama and Chen (2008) take as upper limit the rate at which the p-value is ``1 - alpha/2``;
since the p-value counts the observed outcome itself, this limit is too low and covers less than it claims. The exact
interval takes the rate at which the observed outcome *or a worse one* has probability ``alpha/2``, and keeps its level.

When the second stage did not have the planned size, the conditional order of Koyama and Chen is used: an outcome is as
extreme as its p-value given the responders of stage 1. It needs the responders of each stage. Which order was used
stands in the result; the conditional one can be asked for after a trial that went to plan as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betaincinv, comb

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.design.binomial import check_proportion, pmf, tail
from onearm.stats.design.two_stage import check_boundaries

__all__ = ["KOYAMA_CHEN_WARNING", "ChangedStage", "TwoStageInference", "changed_stage", "infer_two_stage"]

KOYAMA_CHEN_WARNING = (
    "The upper limit of Koyama and Chen counts the observed outcome on the wrong side and covers less than its level; "
    "the exact interval in the same order keeps it."
)


@dataclass(frozen=True)
class TwoStageInference(Framed):
    """
    What a two-stage trial says about the response rate.

    Parameters
    ----------
    stage : int
        Stage after which the trial ended.
    responders, n : int
        Observed responders, and patients treated.
    mle : float
        Plain proportion.
    umvue : float
        Uniformly minimum variance unbiased estimate; of the planned second stage (missing, NaN, where it changed).
    median_unbiased : float
        Rate at which the p-value is one half.
    bias_adjusted : float
        Rate whose expected plain proportion is the observed one (Whitehead); NaN where the second stage changed.
    p0 : float
        Rate tested.
    p_value : float
        Probability at ``p0`` of the outcome or a better one, under the design.
    rejects : bool or None
        Decision of the design; None where the trial was changed, see `changed_stage`.
    order : str
        ``total`` (stage, then responders in all) or ``conditional`` (given the responders of stage 1).
    level : float
        Two-sided level of the intervals.
    exact_low, exact_high : float
        Interval that keeps its level.
    koyama_chen_low, koyama_chen_high : float
        Interval of Koyama and Chen (2008); NaN without any responder, where it is not defined.
    naive_low, naive_high : float
        Clopper-Pearson interval, which ignores the design; for comparison.
    warning : str
        What to know about the interval of Koyama and Chen.
    """

    stage: int
    responders: int
    n: int
    mle: float
    umvue: float
    median_unbiased: float
    bias_adjusted: float
    p0: float
    p_value: float
    rejects: bool | None
    order: str
    level: float
    exact_low: float
    exact_high: float
    koyama_chen_low: float
    koyama_chen_high: float
    naive_low: float
    naive_high: float
    warning: str = KOYAMA_CHEN_WARNING


@dataclass(frozen=True)
class ChangedStage(Framed):
    """
    What a second stage of another size has to show.

    Parameters
    ----------
    conditional_error : float
        Probability at ``p0``, given the responders of stage 1, that the planned design would have rejected.
    n2 : int
        Patients of the second stage as it was.
    r2 : int
        Reject H0 with more than this many responders in the second stage; ``n2`` where nothing can reject.
    attained : float
        Conditional error of that boundary; never above ``conditional_error``, so alpha holds whatever the change.
    conditional_power : float
        Probability at ``p1`` to exceed the boundary; NaN without ``p1``.
    """

    conditional_error: float
    n2: int
    r2: int
    attained: float
    conditional_power: float


def infer_two_stage(
    r1: int,
    n1: int,
    r: int,
    n: int,
    *,
    responders: int,
    p0: float,
    stage: int | None = None,
    level: float = 0.95,
    responders_stage1: int | None = None,
    n2: int | None = None,
    order: Literal["total", "conditional"] | None = None,
) -> TwoStageInference:
    """
    Estimate the response rate after a two-stage trial.

    Parameters
    ----------
    r1, n1, r, n : int
        The design as planned.
    responders : int
        Responders in all.
    p0 : float
        Response rate of no interest.
    stage : int, optional
        Stage after which the trial ended; without it, 1 if ``responders <= r1``, else 2.
    level : float, default 0.95
        Two-sided level.
    responders_stage1 : int, optional
        Responders among the first ``n1``; needed only where the second stage changed.
    n2 : int, optional
        Patients of the second stage, where it was not ``n - n1``.
    order : {"total", "conditional"}, optional
        Order of the outcomes of stage 2; without it, ``total`` where the trial went to plan and ``conditional`` where
        the second stage had another size, which no order by the total can compare.

    Returns
    -------
    TwoStageInference
        Estimates, p-value of the design, and intervals.

    Raises
    ------
    MethodError
        If the numbers contradict the design.

    References
    ----------
    .. [1] Jung SH, Kim KM (2004), Statistics in Medicine 23(6):881-896 (order, UMVUE).
    .. [2] Koyama T, Chen H (2008), Statistics in Medicine 27(16):3145-3154.
    .. [3] Whitehead J (1986), Biometrika 73(3):573-581 (bias adjustment).

    Examples
    --------
    ALTER-E-003: 26 responders among 46.

    >>> result = infer_two_stage(5, 15, 18, 46, responders=26, p0=0.3)
    >>> round(result.p_value, 8), round(result.umvue, 4)
    (0.00015993, 0.5727)
    >>> round(result.exact_low, 4), round(result.exact_high, 4)
    (0.4117, 0.7123)
    """
    check_boundaries(r1, n1, r, n)
    ended = stage if stage is not None else (1 if responders <= r1 else 2)
    planned = n - n1
    treated = n1 if ended == 1 else n1 + (planned if n2 is None else n2)
    _check_observed(r1, n1, treated, responders=responders, stage=ended, stage1=responders_stage1)
    if problems := check_proportion("p0", p0) + check_proportion("level", level):
        raise MethodError(*problems)
    changed = ended == 2 and n2 is not None and n2 != planned
    used = _order(order, changed, responders_stage1)
    outcome = _Outcome(r1, n1, r, n, responders, ended, responders_stage1 if used != "total" else None, treated - n1)
    tail_error = (1 - level) / 2
    low = _root(lambda p: outcome.at_least(p) - tail_error)
    return TwoStageInference(
        stage=ended,
        responders=responders,
        n=treated,
        mle=responders / treated,
        umvue=float("nan") if changed else _umvue(r1, n1, n, responders, ended),
        median_unbiased=_root(lambda p: outcome.at_least(p) - 0.5),
        bias_adjusted=float("nan") if changed else _bias_adjusted(r1, n1, n, responders / treated),
        p0=p0,
        p_value=outcome.at_least(p0),
        rejects=None if changed else ended == 2 and responders > r,
        order=used,
        level=level,
        exact_low=low,
        exact_high=_root(lambda p: tail_error - outcome.at_most(p)),
        koyama_chen_low=low if responders else float("nan"),
        koyama_chen_high=_root(lambda p: outcome.at_least(p) - (1 - tail_error)) if responders else float("nan"),
        naive_low=float(betaincinv(responders, treated - responders + 1, tail_error)) if responders else 0.0,
        naive_high=float(betaincinv(responders + 1, treated - responders, 1 - tail_error))
        if responders < treated
        else 1.0,
    )


def _order(order: str | None, changed: bool, stage1: int | None) -> str:
    """Name the order that is used, or say why it cannot be."""
    used = order or ("conditional" if changed else "total")
    if used not in ("total", "conditional"):
        raise MethodError(f"unknown order '{used}'.{suggest(used, ('total', 'conditional'))}")
    if used == "total" and changed:
        raise MethodError(
            "the second stage did not have the planned size, so totals cannot be ordered; acceptable is conditional."
        )
    if used == "conditional" and stage1 is None:
        raise MethodError(
            "the conditional order judges stage 2 given stage 1; acceptable is to give responders_stage1."
        )
    return used


def changed_stage(
    r1: int, n1: int, r: int, n: int, *, responders_stage1: int, n2: int, p0: float, p1: float | None = None
) -> ChangedStage:
    """
    Find the boundary for a second stage whose size differs from the plan.

    Parameters
    ----------
    r1, n1, r, n : int
        The design as planned.
    responders_stage1 : int
        Responders among the first ``n1``; more than ``r1``.
    n2 : int
        Patients of the second stage as it was, or as it is now meant to be.
    p0 : float
        Response rate of no interest.
    p1 : float, optional
        Response rate worth finding, for the conditional power.

    Returns
    -------
    ChangedStage
        The smallest boundary that spends no more than the conditional error of the plan.

    Raises
    ------
    MethodError
        If the trial should have stopped, or ``n2`` is below 1.

    References
    ----------
    .. [1] Koyama T, Chen H (2008), Statistics in Medicine 27(16):3145-3154, section 4.
    .. [2] Muller HH, Schafer H (2004), Statistics in Medicine 23(16):2497-2508.

    Examples
    --------
    >>> change = changed_stage(5, 15, 18, 46, responders_stage1=8, n2=25, p0=0.3)
    >>> round(change.conditional_error, 4), change.r2, round(change.attained, 4)
    (0.3121, 9, 0.1894)
    """
    check_boundaries(r1, n1, r, n)
    if not r1 < responders_stage1 <= n1 or n2 < 1:
        raise MethodError(
            f"{responders_stage1} responders in stage 1 and {n2} patients in stage 2; acceptable are {r1 + 1} to {n1} "
            "responders (with fewer the trial stops) and at least 1 patient."
        )
    error = float(tail(n - n1, [p0])[0, min(max(r + 1 - responders_stage1, 0), n - n1 + 1)])
    tails = tail(n2, [p0])[0]
    boundary = int(np.argmax(tails <= error + 1e-15))
    power = float(tail(n2, [p1])[0, boundary]) if p1 is not None else float("nan")
    return ChangedStage(error, n2, boundary - 1, float(tails[boundary]), power)


@dataclass(frozen=True)
class _Outcome:
    """An observed outcome and its place in the order."""

    r1: int
    n1: int
    r: int
    n: int
    responders: int
    stage: int
    stage1: int | None
    n2: int

    def at_least(self, p: float) -> float:
        """Probability at rate p of this outcome or a better one."""
        return self._beyond(p, self.responders)

    def at_most(self, p: float) -> float:
        """Probability at rate p of this outcome or a worse one."""
        if self.stage == 1:
            return float(pmf(self.n1, [p])[0, : self.responders + 1].sum())
        return 1.0 - self._beyond(p, self.responders + 1)

    def _beyond(self, p: float, responders: int) -> float:
        if self.stage == 1:
            return float(tail(self.n1, [p])[0, responders])
        first = pmf(self.n1, [p])[0]
        x1 = np.arange(self.r1 + 1, self.n1 + 1)
        if self.stage1 is None:
            needed = np.clip(responders - x1, 0, self.n2 + 1)
            return float(first[x1] @ tail(self.n2, [p])[0, needed])
        return float(first[x1] @ self._planned_tail(p, self.stage1, responders - self.stage1, x1))

    def _planned_tail(self, p: float, stage1: int, stage2: int, x1: NDArray[np.int64]) -> NDArray[np.float64]:
        """
        Probability of as extreme a stage 2 after each outcome of stage 1, at the rate where the observed pair has it.

        Koyama and Chen compare pairs by the conditional error of the plan, P(X2 > r - x1): at the rate where it equals
        the conditional p-value of what was seen. It compares nothing where stage 1 alone decides. Such pairs stand apart:
        those that reject whatever comes are above all others, those that cannot reject any more below, and within each
        of the two groups the same comparison is made with a threshold that its second stage can still reach.
        """
        planned = self.n - self.n1
        conditional = float(tail(self.n2, [p])[0, max(stage2, 0)]) if stage2 <= self.n2 else 0.0
        groups = np.where(x1 > self.r, 2, np.where(self.r + 1 - x1 > planned, 0, 1))
        group = int(groups[stage1 - self.r1 - 1])
        threshold = (self.r + 1 - planned, self.r + 1, self.n1 + 1)[group]
        size = (max(planned, threshold - self.r1 - 1), planned, max(planned, self.n1 - self.r))[group]
        needed = threshold - stage1
        # P(X >= k) is a regularised incomplete beta function of the rate
        rate = float(betaincinv(needed, size - needed + 1, conditional))
        own = tail(size, [rate])[0, np.clip(threshold - x1, 0, size + 1)]
        return np.where(groups == group, own, (groups > group).astype(float))


def _root(function: Callable[[float], float]) -> float:
    """Rate at which an increasing function crosses 0; 0 or 1 where it does not cross."""
    if function(0.0) >= 0:
        return 0.0
    if function(1.0) <= 0:
        return 1.0
    return float(brentq(function, 0.0, 1.0, xtol=1e-13, rtol=1e-13))


def _umvue(r1: int, n1: int, n: int, responders: int, stage: int) -> float:
    if stage == 1:
        return responders / n1
    n2 = n - n1
    x1 = np.arange(max(r1 + 1, responders - n2), min(n1, responders) + 1)
    ways = comb(n2, responders - x1, exact=False)
    return float((comb(n1 - 1, x1 - 1) * ways).sum() / (comb(n1, x1) * ways).sum())


def _bias_adjusted(r1: int, n1: int, n: int, observed: float) -> float:
    def expected(p: float) -> float:
        first = pmf(n1, [p])[0]
        x1 = np.arange(n1 + 1)
        value = np.where(x1 <= r1, x1 / n1, (x1 + (n - n1) * p) / n)
        return float(first @ value)

    return _root(lambda p: expected(p) - observed)


def _check_observed(r1: int, n1: int, treated: int, *, responders: int, stage: int, stage1: int | None) -> None:
    problems = []
    if stage not in (1, 2):
        problems.append(f"stage is {stage}; acceptable is 1 or 2.")
    if not 0 <= responders <= treated:
        problems.append(f"{responders} responders among {treated} patients; acceptable is 0 to {treated}.")
    if stage == 1 and responders > r1:
        problems.append(
            f"the trial ended after stage 1 with {responders} responders, but stops only with {r1} or fewer; "
            "acceptable is stage 2, with n2 where the second stage was cut short."
        )
    if stage == 2 and responders <= r1:
        problems.append(f"{responders} responders after stage 2, but stage 1 stops with {r1} or fewer of {n1}.")
    if stage1 is not None and not (r1 < stage1 <= min(n1, responders)) and stage == 2:
        problems.append(
            f"{stage1} responders in stage 1; acceptable is {r1 + 1} to {min(n1, responders)} of {responders} in all."
        )
    if problems:
        raise MethodError(*problems)
