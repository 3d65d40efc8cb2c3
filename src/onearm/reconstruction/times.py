"""
Event and censoring times of one endpoint that give its printed numbers.

The days that a printed number can stand for are few: with two decimals of a month, one day or none. A search over all days
would hardly hit them, so moves prefer the days that some printed number names.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from onearm.errors import MethodError
from onearm.reconstruction.anneal import Move, anneal
from onearm.reconstruction.check import check_terms
from onearm.reconstruction.curve_terms import curve_term, follow_up_term, lost_term
from onearm.reconstruction.printed import Printed
from onearm.reconstruction.ranks import Bound, rank_times
from onearm.reconstruction.risk_sets import draw_risk_sets, lay_out_days
from onearm.reconstruction.solutions import TimeSolution
from onearm.reconstruction.targets import Conventions, CurveTargets, FollowUpTargets, Schedule
from onearm.reconstruction.terms import Patients, Term

__all__ = ["Bound", "named_days", "new_day", "solve_times"]

_STEPS: Final = 8_000
_TRIES: Final = 14
_KEPT: Final = 2
_COOL: Final = 0.25
_WARM: Final = 0.4
"""Temperature of the search in days, which begins near the solution."""


def solve_times(
    target: CurveTargets,
    conventions: Conventions,
    schedule: Schedule | None = None,
    *,
    follow_up: Sequence[FollowUpTargets] = (),
    bounds: Sequence[Bound] = (),
    seed: int = 0,
    steps: int = _STEPS,
) -> TimeSolution:
    """
    Look for times of one endpoint that give every printed number.

    Parameters
    ----------
    target : CurveTargets
        Printed numbers of the curve; `n` must be known, `events` need not be.
    conventions : Conventions
        How the paper made its numbers.
    schedule : Schedule, optional
        Longest and shortest observation; none by default.
    follow_up : sequence of FollowUpTargets
        Of the same endpoint.
    bounds : sequence of Bound
        Days between which others must leave; the search begins with such times and may leave them.
    seed : int
        The same seed gives the same times.
    steps : int
        Moves of each of a few searches; the first that meets everything ends them.

    Returns
    -------
    TimeSolution
        Each printed number beside the one that the times give.

    Raises
    ------
    MethodError
        If the number of patients is not known.

    Examples
    --------
    >>> from onearm.reconstruction.printed import printed
    >>> from onearm.reconstruction.targets import Landmark
    >>> target = CurveTargets(
    ...     "PFS", "PFS", n=30, events=20, median=printed("6.2"), low=printed("4.1"), high=printed("8.7"),
    ...     landmarks=(Landmark(6, printed("53.3")),),
    ... )
    >>> solution = solve_times(target, Conventions())
    >>> all(check.is_met for check in solution.checks), int(solution.event.sum())
    (True, 20)
    """
    if target.n is None or target.n < 1:
        raise MethodError(f"{target.name}.n: the number of patients must be known to look for their times.")
    target = dataclasses.replace(target, among=())  # the patients looked for are those of the group and no others
    plan = schedule or Schedule()
    terms = [curve_term(target, conventions), *(follow_up_term(one, conventions) for one in follow_up)]
    if plan.lost is not None:
        terms.append(lost_term(target.endpoint, plan))
    days = named_days(terms, conventions)
    draws = []
    best: tuple[float, Patients] | None = None
    for attempt in range(_TRIES):
        rng = random.Random(1000 * seed + attempt)
        supposed = target if target.events is not None else dataclasses.replace(target, events=_suppose(target, rng))
        codes, rough = rank_times(supposed, conventions, plan, follow_up, rng, bounds=bounds)
        draws.append((rough, attempt, codes))
        if rough > 0.0:
            continue
        best = _polish(target, terms, codes, days, plan, rng, steps)
        if best[0] == 0.0:
            break
    if best is None or best[0] > 0.0:
        best = min(
            (
                _polish(target, terms, codes, days, plan, random.Random(attempt), steps)
                for _, attempt, codes in sorted(draws)[:_KEPT]
            ),
            key=lambda found: found[0],
        )
    if best[0] > 0.0:
        best = min(
            (best, *_from_risk_sets(target, terms, days, conventions, plan, seed, steps)), key=lambda one: one[0]
        )
    patients = best[1]
    found = np.array(sorted(patients.codes[target.endpoint]), dtype=np.int64)
    checks = check_terms(terms, patients, reason="no times were found that give this number together with the others")
    return TimeSolution(found // 2, found % 2 == 0, checks)


def _from_risk_sets(
    target: CurveTargets,
    terms: Sequence[Term],
    days: Sequence[int],
    conventions: Conventions,
    schedule: Schedule,
    seed: int,
    steps: int,
) -> Iterator[tuple[float, Patients]]:
    """Begin with orders that give all rates with their limits, until the other numbers are met as well."""
    rng = random.Random(seed)
    for found in draw_risk_sets(target, conventions, rng)[:_TRIES]:
        codes = lay_out_days(found, target, conventions, schedule, rng)
        patients = Patients(len(codes), {target.endpoint: codes})
        loss = anneal(
            patients, terms, _Moves(target.endpoint, days, schedule, target.events), rng, steps=steps, hot=_COOL
        )
        yield loss, patients
        if loss == 0.0:
            return


def _suppose(target: CurveTargets, rng: random.Random) -> int:
    """Draw a number of events where none was printed: not fewer than the lowest printed rate asks for."""
    n = target.n or 0
    heights = [mark.rate.value / 100 for mark in target.landmarks if mark.rate is not None]
    if target.median is not None and not math.isinf(target.median.value):
        heights.append(0.5)
    fewest = math.floor(0.9 * n * (1 - min(heights, default=0.6)))
    return min(n, fewest + math.floor(rng.random() * 0.6 * (n - fewest)))


def _polish(
    target: CurveTargets,
    terms: Sequence[Term],
    codes: list[int],
    days: Sequence[int],
    schedule: Schedule,
    rng: random.Random,
    steps: int,
) -> tuple[float, Patients]:
    """Move days until every printed number is met, or nearly."""
    patients = Patients(len(codes), {target.endpoint: list(codes)})
    moves = _Moves(target.endpoint, days, schedule, target.events)
    return anneal(patients, terms, moves, rng, steps=steps, hot=_WARM), patients


def named_days(terms: Sequence[Term], conventions: Conventions) -> list[int]:
    """
    Collect the days that printed medians, limits and quartiles can stand for.

    Parameters
    ----------
    terms : sequence of Term
        What was printed.
    conventions : Conventions
        Days in a month.

    Returns
    -------
    list of int
        Ascending; for numbers that no whole day gives, the days around them, whose middle may.
    """
    days: set[int] = set()
    for term in terms:
        for name, shown in zip(term.names, term.printed, strict=True):
            if name.rpartition(".")[2] in _DAY_PARTS and not math.isinf(shown.value):
                days |= _days_of(shown, conventions.days_per_month)
    return sorted(day for day in days if day > 0)


_DAY_PARTS: Final = frozenset({"median", "low", "high", "shortest", "longest"})


def _days_of(shown: Printed, month: float) -> set[int]:
    low, high = (bound * month for bound in shown.bounds())
    inside = set(range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1))
    return inside or {math.floor(low), math.ceil(high)}


def new_day(day: int, named: Sequence[int], longest: int, rng: random.Random) -> int:
    """
    Draw another day for a patient.

    Parameters
    ----------
    day : int
        The day so far.
    named : sequence of int
        Days that printed numbers name.
    longest : int
        Last possible day.
    rng : random.Random
        Source of chance.

    Returns
    -------
    int
        A named day, a day not far away, or any day.
    """
    kind = rng.random()
    if kind < 0.4 and named:
        return rng.choice(named)
    if kind < 0.85:
        reach = 4 ** rng.randint(0, 4)
        return min(max(1, day + rng.randint(-reach, reach)), longest)
    return rng.randint(1, longest)


class _Moves:
    """Moves of one endpoint: another day, another ending, or two patients who change endings."""

    def __init__(self, endpoint: str, named: Sequence[int], schedule: Schedule, events: int | None) -> None:
        self.endpoint, self.named, self.events = endpoint, named, events
        self.longest = schedule.longest_follow_up
        self.touched = frozenset([endpoint])

    def __call__(self, patients: Patients, rng: random.Random) -> Move | None:
        """Change one or two patients."""
        codes = patients.codes[self.endpoint]
        i = rng.randrange(patients.n)
        before = codes[i]
        kind = rng.random()
        if kind < 0.15 and self.named:
            day = rng.choice(self.named)
            i = min(
                (i for i in range(patients.n) if not codes[i] & 1), key=lambda i: abs((codes[i] >> 1) - day), default=i
            )
            before, codes[i] = codes[i], 2 * day + (codes[i] & 1)
            return Move(self.touched, lambda: codes.__setitem__(i, before))
        if kind < 0.75:
            after = 2 * new_day(before >> 1, self.named, self.longest, rng) + (before & 1)
            if after == before:
                return None
            codes[i] = after
            return Move(self.touched, lambda: codes.__setitem__(i, before))
        if self.events is None and rng.random() < 0.5:
            codes[i] = before ^ 1
            return Move(self.touched, lambda: codes.__setitem__(i, before))
        j = rng.randrange(patients.n)
        other = codes[j]
        if (before ^ other) & 1 == 0:
            return None
        codes[i], codes[j] = before ^ 1, other ^ 1

        def undo() -> None:
            codes[i], codes[j] = before, other

        return Move(self.touched, undo)
