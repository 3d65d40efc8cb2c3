"""
Two-stage designs that watch response and toxicity together (Bryant and Day 1995).

Both endpoints are counted as what one hopes for: responders, and patients *without* the toxicity. A trial goes on
after ``n1`` patients with more than ``r1`` responders and more than ``t1`` patients without toxicity, and accepts the
treatment at ``n`` with more than ``r`` and more than ``t``.

Designs are searched with response and toxicity independent within a patient (odds ratio 1), where the probability to
accept is a product; the exact properties under any odds ratio are computed from the joint distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.binomial import NOISE, check_proportion, pmf_table, tail_table

__all__ = ["BryantDayDesign", "JointCharacteristics", "evaluate_bryant_day", "find_bryant_day"]


@dataclass(frozen=True)
class BryantDayDesign(Framed):
    """
    A two-stage design for response and toxicity.

    Parameters
    ----------
    n1, r1, t1 : int
        Stop after ``n1`` patients with ``r1`` responders or fewer, or ``t1`` patients without toxicity or fewer.
    n, r, t : int
        Accept with more than ``r`` responders and more than ``t`` patients without toxicity.
    alpha_response : float
        Probability to accept with the response rate of no interest and acceptable toxicity.
    alpha_toxicity : float
        Probability to accept with the response rate of interest and unacceptable toxicity.
    power : float
        Probability to accept with both as hoped.
    en_response, en_toxicity : float
        Expected number of patients where only the response rate, or only the toxicity, is unacceptable.
    en_max : float
        The larger of the two, which the design minimises.
    """

    n1: int
    r1: int
    t1: int
    n: int
    r: int
    t: int
    alpha_response: float
    alpha_toxicity: float
    power: float
    en_response: float
    en_toxicity: float
    en_max: float


@dataclass(frozen=True)
class JointCharacteristics(Framed):
    """
    What a design does when response and toxicity have given rates and a given association.

    Parameters
    ----------
    accept : float
        Probability to accept the treatment.
    stop_early : float
        Probability to stop after stage 1.
    expected_n : float
        Expected number of patients.
    """

    accept: float
    stop_early: float
    expected_n: float


def find_bryant_day(
    *,
    response0: float,
    response1: float,
    safe0: float,
    safe1: float,
    alpha_response: float = 0.10,
    alpha_toxicity: float = 0.10,
    power: float = 0.85,
    n_max: int = 60,
) -> BryantDayDesign:
    """
    Find the optimal design of Bryant and Day.

    Parameters
    ----------
    response0, response1 : float
        Response rate of no interest, and the one worth finding.
    safe0, safe1 : float
        Rate of patients without toxicity that is unacceptable, and the one that is acceptable.
    alpha_response, alpha_toxicity : float, default 0.10
        Largest probability to accept a treatment with one of the two unacceptable.
    power : float, default 0.85
        Smallest probability to accept a treatment with both as hoped.
    n_max : int, default 60
        Largest ``n`` searched.

    Returns
    -------
    BryantDayDesign
        Minimises the larger of the two expected numbers; at a tie the smaller ``n``.

    Raises
    ------
    MethodError
        If the rates are not in order, or no design up to ``n_max`` keeps the limits.

    References
    ----------
    .. [1] Bryant J, Day R (1995), Biometrics 51(4):1372-1383.

    Examples
    --------
    >>> design = find_bryant_day(response0=0.3, response1=0.6, safe0=0.6, safe1=0.85, n_max=40)
    >>> (design.n1, design.r1, design.t1), (design.n, design.r, design.t)
    ((10, 3, 6), (23, 9, 16))
    """
    limits = (alpha_response, alpha_toxicity, power)
    _check(response0, response1, safe0, safe1, limits)
    tables = [
        (np.stack(single), np.stack([tail_table(table) for table in single]))
        for single in ([pmf_table(n_max, p) for p in pair] for pair in ((response0, response1), (safe0, safe1)))
    ]
    best: BryantDayDesign | None = None
    for n in range(2, n_max + 1):
        for n1 in range(1, n):
            if best is not None and n1 >= best.en_max:
                break
            found = _best_of_sizes(tables, n1, n, limits)
            if found is not None and (best is None or found.en_max < best.en_max - NOISE):
                best = found
    if best is None:
        raise MethodError(
            f"no design with up to {n_max} patients keeps alpha {alpha_response:g} and {alpha_toxicity:g} with power "
            f"{power:g}; acceptable is a larger n_max, rates further apart, larger alphas or a smaller power."
        )
    return best


def evaluate_bryant_day(
    n1: int, r1: int, t1: int, n: int, r: int, t: int, *, response: float, safe: float, odds_ratio: float = 1.0
) -> JointCharacteristics:
    """
    Exact properties of a design for associated response and toxicity.

    Parameters
    ----------
    n1, r1, t1, n, r, t : int
        The design.
    response, safe : float
        True rates of responders and of patients without toxicity.
    odds_ratio : float, default 1
        Of responding and being without toxicity, within a patient; 1 is independence, above 1 they go together.

    Returns
    -------
    JointCharacteristics
        From the bivariate binomial distribution.

    Raises
    ------
    MethodError
        If the odds ratio is not positive.

    Examples
    --------
    >>> joint = evaluate_bryant_day(10, 3, 6, 23, 9, 16, response=0.6, safe=0.85)
    >>> round(joint.accept, 4)
    0.8538
    """
    if not odds_ratio > 0:
        raise MethodError(f"odds ratio is {odds_ratio:g}; acceptable is any number above 0, 1 for independence.")
    cells = _cells(response, safe, odds_ratio)
    first, second = _bivariate(n1, cells), _bivariate(n - n1, cells)
    upper = np.zeros((n - n1 + 2, n - n1 + 2))
    upper[:-1, :-1] = np.cumsum(np.cumsum(second[::-1, ::-1], axis=0), axis=1)[::-1, ::-1]
    x, y = np.arange(r1 + 1, n1 + 1), np.arange(t1 + 1, n1 + 1)
    need_x, need_y = (np.clip(limit + 1 - seen, 0, n - n1 + 1) for limit, seen in ((r, x), (t, y)))
    going = first[np.ix_(x, y)]
    go_on = float(going.sum())
    return JointCharacteristics(float((going * upper[np.ix_(need_x, need_y)]).sum()), 1 - go_on, n1 + go_on * (n - n1))


def _cells(response: float, safe: float, odds_ratio: float) -> NDArray[np.float64]:
    """Joint probabilities [no response, response] x [toxic, safe] with given margins and odds ratio (Plackett)."""
    if odds_ratio == 1:
        both = response * safe
    else:
        s = 1 + (response + safe) * (odds_ratio - 1)
        both = (s - np.sqrt(s**2 - 4 * odds_ratio * (odds_ratio - 1) * response * safe)) / (2 * (odds_ratio - 1))
    return np.array([[1 - response - safe + both, safe - both], [response - both, both]])


def _bivariate(n: int, cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Joint distribution of responders (rows) and patients without toxicity (columns) among n."""
    table = np.zeros((n + 1, n + 1))
    table[0, 0] = 1.0
    for _ in range(n):
        grown = cells[0, 0] * table
        grown[1:, :] += cells[1, 0] * table[:-1, :]
        grown[:, 1:] += cells[0, 1] * table[:, :-1]
        grown[1:, 1:] += cells[1, 1] * table[:-1, :-1]
        table = grown
    return table


def _best_of_sizes(
    tables: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
    n1: int,
    n: int,
    limits: tuple[float, float, float],
) -> BryantDayDesign | None:
    """Design of given sizes with the smallest larger expected number."""
    response = _candidates(tables[0], n1, n, alpha=limits[0] / limits[2], power=limits[2])
    safe = _candidates(tables[1], n1, n, alpha=limits[1] / limits[2], power=limits[2])
    if response is None or safe is None:
        return None
    size_r = response.accept[0][:, None] * safe.accept[1][None, :]
    size_t = response.accept[1][:, None] * safe.accept[0][None, :]
    strength = response.accept[1][:, None] * safe.accept[1][None, :]
    en_r = n1 + (n - n1) * response.go_on[0][:, None] * safe.go_on[1][None, :]
    en_t = n1 + (n - n1) * response.go_on[1][:, None] * safe.go_on[0][None, :]
    kept = (size_r <= limits[0] + NOISE) & (size_t <= limits[1] + NOISE) & (strength >= limits[2] - NOISE)
    if not kept.any():
        return None
    worst = np.where(kept, np.maximum(en_r, en_t), np.inf)
    # among designs that differ only in the final boundaries the most powerful is taken
    ties = worst <= worst.min() + NOISE
    i, j = np.unravel_index(int(np.argmax(np.where(ties, strength, -1.0))), worst.shape)
    return BryantDayDesign(
        n1=n1,
        r1=int(response.first[i]),
        t1=int(safe.first[j]),
        n=n,
        r=int(response.final[i]),
        t=int(safe.final[j]),
        alpha_response=float(size_r[i, j]),
        alpha_toxicity=float(size_t[i, j]),
        power=float(strength[i, j]),
        en_response=float(en_r[i, j]),
        en_toxicity=float(en_t[i, j]),
        en_max=float(worst[i, j]),
    )


@dataclass(frozen=True)
class _Candidates:
    """Boundaries of one endpoint that can be part of a design; rows of `accept` and `go_on` are H0 and H1."""

    first: NDArray[np.int64]
    final: NDArray[np.int64]
    accept: NDArray[np.float64]
    go_on: NDArray[np.float64]


def _candidates(
    tables: tuple[NDArray[np.float64], NDArray[np.float64]], n1: int, n: int, *, alpha: float, power: float
) -> _Candidates | None:
    pmf, tail = tables
    # the other endpoint accepts with a probability between power and 1, which bounds this one
    x = np.arange(n1 + 1)
    high = int((tail[1, n] >= power - NOISE).sum()) - 2
    if high < 0:
        return None
    final = np.arange(high + 1)
    needed = np.clip(final[None, :] + 1 - x[:, None], 0, n - n1 + 1)
    joint = pmf[:, n1, : n1 + 1, None] * tail[:, n - n1][:, needed]
    beyond = np.cumsum(joint[:, ::-1], axis=1)[:, ::-1][:, 1:]  # row k: first-stage boundary k
    first = np.arange(n1)
    kept = (beyond[0] <= alpha + NOISE) & (beyond[1] >= power - NOISE) & (final[None, :] >= first[:, None])
    rows, columns = np.nonzero(kept)
    if not rows.size:
        return None
    return _Candidates(rows, columns, beyond[:, rows, columns], tail[:, n1, rows + 1])


def _check(response0: float, response1: float, safe0: float, safe1: float, limits: tuple[float, float, float]) -> None:
    named = {
        "response0": response0,
        "response1": response1,
        "safe0": safe0,
        "safe1": safe1,
        "alpha_response": limits[0],
        "alpha_toxicity": limits[1],
        "power": limits[2],
    }
    problems = [problem for name, value in named.items() for problem in check_proportion(name, value)]
    if response1 <= response0:
        problems.append(
            f"response1 ({response1:g}) is not above response0 ({response0:g}); acceptable is a larger one."
        )
    if safe1 <= safe0:
        problems.append(
            f"safe1 ({safe1:g}) is not above safe0 ({safe0:g}); both are rates of patients without toxicity, and the "
            f"acceptable one has to exceed {safe0:g}."
        )
    if problems:
        raise MethodError(*problems)
