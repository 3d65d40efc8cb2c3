"""
Exact operating characteristics of any sequence of looks at a response rate.

A rule says at which numbers of patients one looks, with how many responders or fewer the trial stops for futility, and
with how many or more it stops for efficacy. `None` says that no number of responders stops the trial at that look;
it is not the same as 0, which stops a trial without a single responder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.binomial import pmf

__all__ = [
    "OperatingCharacteristics",
    "StoppingRule",
    "check_looks",
    "conditional_characteristics",
    "operating_characteristics",
    "single_stage_rule",
    "two_stage_rule",
]


@dataclass(frozen=True)
class StoppingRule(Framed):
    """
    When a trial stops.

    Parameters
    ----------
    looks : tuple of int
        Numbers of evaluable patients at which one looks, increasing; the last is the largest size of the trial.
    futility : tuple of (int or None)
        Stop if this many responders or fewer; None where no number stops.
    efficacy : tuple of (int or None)
        Stop if this many responders or more; None where no number stops.

    Raises
    ------
    MethodError
        If the looks do not increase, the lengths differ, or both boundaries could be crossed at once.

    Examples
    --------
    >>> StoppingRule((15, 46), (5, 18), (None, 19))
    StoppingRule(looks=(15, 46), futility=(5, 18), efficacy=(None, 19))
    """

    looks: tuple[int, ...]
    futility: tuple[int | None, ...]
    efficacy: tuple[int | None, ...]

    def __post_init__(self) -> None:
        """Check the looks and the boundaries, and report all problems."""
        problems = check_looks(self.looks)
        if not len(self.looks) == len(self.futility) == len(self.efficacy):
            problems.append(
                f"{len(self.looks)} looks, {len(self.futility)} futility and {len(self.efficacy)} efficacy boundaries; "
                "acceptable is one of each for every look, None where there is no stop."
            )
        for n, low, high in zip(self.looks, self.futility, self.efficacy, strict=False):
            problems += _check_pair(n, low, high)
        if problems:
            raise MethodError(*problems)

    @property
    def n(self) -> int:
        """Largest number of patients."""
        return self.looks[-1]

    def decide(self, look: int, responders: int) -> str:
        """
        Decision at a look.

        Parameters
        ----------
        look : int
            Index of the look, from 0.
        responders : int
            Number of responders among the patients of that look.

        Returns
        -------
        str
            ``futility``, ``efficacy``, ``continue``, or at the last look ``inconclusive``.
        """
        low, high = self.futility[look], self.efficacy[look]
        if low is not None and responders <= low:
            return "futility"
        if high is not None and responders >= high:
            return "efficacy"
        return "inconclusive" if look == len(self.looks) - 1 else "continue"


def check_looks(looks: Sequence[int]) -> list[str]:
    """
    Say what is wrong with a sequence of looks.

    Parameters
    ----------
    looks : sequence of int
        Numbers of patients.

    Returns
    -------
    list of str
        Empty, or the problems.

    Examples
    --------
    >>> check_looks([10, 20, 15])
    ['looks are 10, 20, 15; acceptable are whole numbers of patients, each larger than the one before (15 follows 20).']
    """
    rule = "acceptable are whole numbers of patients, each larger than the one before"
    if not looks or looks[0] < 1:
        return [f"looks are {', '.join(map(str, looks)) or 'missing'}; {rule}, the first at least 1."]
    for before, after in pairwise(looks):
        if after <= before:
            return [f"looks are {', '.join(map(str, looks))}; {rule} ({after} follows {before})."]
    return []


def _check_pair(n: int, low: int | None, high: int | None) -> list[str]:
    problems = []
    if low is not None and not 0 <= low <= n:
        problems.append(f"futility boundary {low} at {n} patients; acceptable is 0 to {n}, or None for no stop.")
    if high is not None and not 0 <= high <= n:
        problems.append(f"efficacy boundary {high} at {n} patients; acceptable is 0 to {n}, or None for no stop.")
    if low is not None and high is not None and high <= low:
        problems.append(
            f"at {n} patients the trial would stop for futility with {low} responders or fewer and for efficacy with "
            f"{high} or more; acceptable is an efficacy boundary above {low}."
        )
    return problems


def two_stage_rule(r1: int, n1: int, r: int, n: int) -> StoppingRule:
    """
    Write a two-stage design as a rule.

    Parameters
    ----------
    r1, n1, r, n : int
        As in Simon (1989).

    Returns
    -------
    StoppingRule
        Two looks; efficacy (rejection of H0) only at the second.
    """
    return StoppingRule((n1, n), (r1, r), (None, r + 1))


def single_stage_rule(r: int, n: int) -> StoppingRule:
    """
    Write a single-stage design as a rule.

    Parameters
    ----------
    r, n : int
        Reject H0 with more than ``r`` responders among ``n``.

    Returns
    -------
    StoppingRule
        One look.
    """
    return StoppingRule((n,), (r,), (r + 1,))


@dataclass(frozen=True)
class OperatingCharacteristics(Framed):
    """
    What a rule does at each true response rate.

    Parameters
    ----------
    p : ndarray, shape (n_rates,)
        True response rates.
    futility, efficacy, inconclusive : ndarray, shape (n_rates,)
        Probability to end for futility, for efficacy, or with neither at the last look; they add up to 1.
    expected_n : ndarray, shape (n_rates,)
        Expected number of patients.
    futility_at, efficacy_at : ndarray, shape (n_rates, n_looks)
        Probability to stop at each look.
    looks : tuple of int
        The looks.
    """

    p: NDArray[np.float64]
    futility: NDArray[np.float64]
    efficacy: NDArray[np.float64]
    inconclusive: NDArray[np.float64]
    expected_n: NDArray[np.float64]
    futility_at: NDArray[np.float64]
    efficacy_at: NDArray[np.float64]
    looks: tuple[int, ...]


def operating_characteristics(rule: StoppingRule, p: ArrayLike) -> OperatingCharacteristics:
    """
    Exact operating characteristics by recursion over the looks.

    The distribution of the number of responders among trials still running is carried from look to look; nothing is
    simulated and nothing is approximated.

    Parameters
    ----------
    rule : StoppingRule
        Any rule.
    p : array_like, shape (n_rates,)
        True response rates, 0 to 1.

    Returns
    -------
    OperatingCharacteristics
        Exact to rounding.

    References
    ----------
    .. [1] Schultz JR, Nichol FR, Elfring GL, Weed SD (1973), Biometrics 29(2):293-300.

    Examples
    --------
    >>> oc = operating_characteristics(two_stage_rule(5, 15, 18, 46), [0.3, 0.5])
    >>> oc.efficacy.round(6).tolist(), oc.expected_n.round(4).tolist()
    ([0.049865, 0.803206], [23.6297, 41.3228])
    """
    return conditional_characteristics(rule, p, n=0, responders=0)


def conditional_characteristics(
    rule: StoppingRule, p: ArrayLike, *, n: int, responders: int
) -> OperatingCharacteristics:
    """
    Exact operating characteristics of the rest of a trial that is under way.

    Parameters
    ----------
    rule : StoppingRule
        Any rule.
    p : array_like, shape (n_rates,)
        True response rates of the patients still to come.
    n, responders : int
        Evaluable patients so far and responders among them. Looks at ``n`` patients or fewer are over and do not stop
        the trial any more.

    Returns
    -------
    OperatingCharacteristics
        ``expected_n`` includes the patients so far.

    Raises
    ------
    MethodError
        If there are more responders than patients, or all looks are over.

    Examples
    --------
    >>> rest = conditional_characteristics(two_stage_rule(5, 15, 18, 46), [0.5], n=15, responders=8)
    >>> round(float(rest.efficacy[0]), 4)
    0.9646
    """
    rates = np.atleast_1d(np.asarray(p, dtype=float))
    problems = []
    if ((rates < 0) | (rates > 1)).any():
        problems.append(f"true response rates are {rates.tolist()}; acceptable are proportions from 0 to 1.")
    if not 0 <= responders <= n:
        problems.append(f"{responders} responders among {n} patients; acceptable is 0 to {n}.")
    if n >= rule.n:
        problems.append(f"{n} patients have been seen and the last look is at {rule.n}; acceptable is fewer.")
    if problems:
        raise MethodError(*problems)
    start, seen = n, n
    running = np.zeros((rates.size, n + 1))
    running[:, responders] = 1.0
    futility = np.zeros((rates.size, len(rule.looks)))
    efficacy = np.zeros_like(futility)
    expected = np.full(rates.size, float(n))
    for k, size in enumerate(rule.looks):
        if size <= start:
            continue
        step = pmf(size - seen, rates)
        grown = np.zeros((rates.size, size + 1))
        for x in range(size - seen + 1):
            grown[:, x : x + seen + 1] += running * step[:, x, None]
        expected += (size - seen) * running.sum(axis=1)
        low, high = rule.futility[k], rule.efficacy[k]
        if low is not None:
            futility[:, k] = grown[:, : low + 1].sum(axis=1)
            grown[:, : low + 1] = 0
        if high is not None:
            efficacy[:, k] = grown[:, high:].sum(axis=1)
            grown[:, high:] = 0
        running, seen = grown, size
    return OperatingCharacteristics(
        p=rates,
        futility=futility.sum(axis=1),
        efficacy=efficacy.sum(axis=1),
        inconclusive=running.sum(axis=1),
        expected_n=expected,
        futility_at=futility,
        efficacy_at=efficacy,
        looks=rule.looks,
    )
