"""
The order of events and censorings of one curve, before any of them has a day.

A Kaplan-Meier curve depends on days only through their order: which of the patients, from the first to leave to the last, left
with the event. So the search is for a row of events and censorings, and for how many of them lie before each landmark; printed
medians, limits and quartiles then say on which day somebody of a certain rank left, and all that is asked of these days is that
they ascend. Days follow at the end, between those that are named.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from onearm.reconstruction.curve_numbers import Steps, curve_recipe, limits_at, quantile_of, steps_of
from onearm.reconstruction.printed import Printed
from onearm.reconstruction.targets import Conventions, CurveTargets, FollowUpTargets, Landmark, Schedule
from onearm.stats.bands import pointwise_limits

__all__ = ["Bound", "rank_times"]

_STEPS: Final = 25_000
_HOT: Final = 0.8
_COLD: Final = 0.1
_EXCHANGES: Final = 700
_LOOKED_AT: Final = 300
_QUARTILES: Final = {"median": 0.5, "low": 0.25, "high": 0.75}


class Bound(NamedTuple):
    """
    Days between which somebody must leave.

    Attributes
    ----------
    who : {"event", "censored", "any"}
        Among whom is counted.
    rank : int
        How many of them leave earlier.
    first, last : int
        Days.
    """

    who: str
    rank: int
    first: int
    last: int


class _Anchor(NamedTuple):
    """Somebody of a certain rank, counted from 0 and perhaps between two patients, leaves between two days."""

    rank: float
    first: int
    last: int


@dataclass
class _Row:
    """Events and censorings in the order of their days, and how many lie at or before each landmark."""

    happened: list[int]
    marks: list[int]


def rank_times(
    target: CurveTargets,
    conventions: Conventions,
    schedule: Schedule,
    follow_up: Sequence[FollowUpTargets],
    rng: random.Random,
    *,
    bounds: Sequence[Bound] = (),
    steps: int = _STEPS,
) -> tuple[list[int], float]:
    """
    Look for an order of events and censorings that gives the printed numbers, and give it days.

    Parameters
    ----------
    target : CurveTargets
        Printed numbers of the curve, with the number of events.
    conventions : Conventions
        How they were made.
    schedule : Schedule
        Longest and shortest observation.
    follow_up : sequence of FollowUpTargets
        Of the same endpoint.
    rng : random.Random
        Source of chance.
    bounds : sequence of Bound
        Days between which others must leave.
    steps : int
        Moves at most.

    Returns
    -------
    tuple of list of int and float
        Codes (`onearm.reconstruction.curve_numbers.code_of`), one for each patient, ascending, and the loss that is left;
        where it is zero the days nearly always meet everything, but only `onearm.reconstruction.terms` tells.
    """
    problem = _Problem(target, conventions, schedule, follow_up, bounds)
    row = problem.begin(rng)
    loss = best = problem.loss(row)
    kept = _Row(list(row.happened), list(row.marks))
    for step in range(steps):
        if loss == 0.0:
            break
        temperature = _HOT * (_COLD / _HOT) ** (step / steps)
        undo = _change(row, rng)
        if undo is None:
            continue
        after = problem.loss(row)
        if after > loss - temperature * math.log(1.0 - rng.random()):
            undo()
            continue
        loss = after
        if loss < best:
            best, kept = loss, _Row(list(row.happened), list(row.marks))
    if best > 0.0 and problem.landmarks:
        kept, best = problem.finish(kept, best, rng)
    return problem.days(kept, rng), best


def _change(row: _Row, rng: random.Random) -> Callable[[], None] | None:
    """Change the row a little."""
    kind, n, happened = rng.random(), len(row.happened), row.happened
    if kind < 0.2 and row.marks:
        k = rng.randrange(len(row.marks))
        before = row.marks[k]
        row.marks[k] = min(max(before + rng.choice((-2, -1, 1, 2)), 0), n)
        return lambda: row.marks.__setitem__(k, before)
    i = rng.randrange(n)
    j = rng.randrange(n) if kind < 0.6 else min(max(i + rng.choice((-3, -2, -1, 1, 2, 3)), 0), n - 1)
    if happened[i] == happened[j]:
        return None
    happened[i], happened[j] = happened[j], happened[i]

    def undo() -> None:
        happened[i], happened[j] = happened[j], happened[i]

    return undo


def _miss(shown: Printed | None, exact: float) -> float:
    if shown is None or (miss := shown.miss(exact)) == 0.0:
        return 0.0
    return 8.0 if math.isinf(miss) else 0.5 * math.log1p(miss / shown.half_unit)


class _Problem:
    """What was printed, in ranks."""

    def __init__(
        self,
        target: CurveTargets,
        conventions: Conventions,
        schedule: Schedule,
        follow_up: Sequence[FollowUpTargets],
        bounds: Sequence[Bound],
    ) -> None:
        self.bounds = bounds
        self.target, self.schedule, self.follow_up = target, schedule, follow_up
        self.n = target.n or 0
        self.month, self.quartiles = conventions.days_per_month, conventions.quartiles
        self.interval, self.level = conventions.interval, conventions.level
        self.recipe = curve_recipe(conventions)._replace(days_per_month=1.0)
        self.landmarks: list[Landmark] = sorted(target.landmarks, key=lambda mark: mark.months)
        self.has_limits = target.low is not None or target.high is not None
        self.by_density = self.recipe.rule.limits == "density"

    def begin(self, rng: random.Random) -> _Row:
        """Draw a row in which censorings come late."""
        events = self.target.events if self.target.events is not None else round(0.55 * self.n)
        order = sorted(range(self.n), key=lambda i: rng.random() + (0.6 if i >= events else 0.0))
        happened = [int(i < events) for i in order]
        marks = []
        for mark in self.landmarks:
            share = 1 - mark.rate.value / 100 if mark.rate is not None else 0.5
            marks.append(min(self.n - 1, round(share * self.n)))
        return _Row(happened, marks)

    def loss(self, row: _Row) -> float:
        """Add up what is missed."""
        steps = steps_of([2 * i + 1 - x for i, x in enumerate(row.happened)])
        total = 0.0
        for mark, place in zip(self.landmarks, row.marks, strict=True):
            rate, low, high = limits_at(steps, place - 0.5, self.recipe)
            total += _miss(mark.rate, 100 * rate) + _miss(mark.low, 100 * low) + _miss(mark.high, 100 * high)
        anchors, missing = self.anchors(row, steps)
        return total + missing + _disorder(anchors)

    def finish(self, row: _Row, loss: float, rng: random.Random) -> tuple[_Row, float]:
        """
        Try all pairs of exchanges at once.

        log S and its variance at a landmark are sums over the events before it, so what two exchanges do to them is the sum
        of what each does: of some hundred thousand pairs those that hit every printed rate are found by adding arrays.
        """
        happened = np.array(row.happened)
        moves = [(int(i), int(j)) for i in np.flatnonzero(happened) for j in np.flatnonzero(happened == 0)]
        rng.shuffle(moves)
        pairs = np.array(moves[: _EXCHANGES - 1], dtype=np.intp).reshape(-1, 2)
        at_risk = self.n - np.arange(self.n, dtype=np.float64)
        with np.errstate(divide="ignore"):
            hazard, variance = -np.log1p(-1 / at_risk), 1 / (at_risk * (at_risk - 1))
        first, second = np.triu_indices(len(pairs) + 1, k=1)
        miss = np.zeros(first.size)
        for mark, place in zip(self.landmarks, row.marks, strict=True):
            before = np.arange(self.n) < min(place, self.n - 1)
            change = np.where(before, 1 - 2 * happened, 0)
            sums = []
            for weight in (np.where(before, hazard, 0.0), np.where(before, variance, 0.0)):
                single = weight * change
                delta = single[pairs[:, 0]] + single[pairs[:, 1]]
                delta = np.append(delta, 0.0)
                sums.append(weight @ happened + delta[first] + delta[second])
            survival = np.exp(-sums[0])
            band = pointwise_limits(
                survival, survival * np.sqrt(np.maximum(sums[1], 0.0)), interval=self.interval, level=self.level
            )
            for shown, exact in ((mark.rate, survival), (mark.low, band.low), (mark.high, band.high)):
                if shown is not None:
                    off = np.maximum(np.abs(100 * exact - shown.value) - shown.half_unit, 0.0)
                    miss += np.log1p(np.nan_to_num(off, nan=1e3) / shown.half_unit)
        best = row
        for k in np.argsort(miss, kind="stable")[:_LOOKED_AT]:
            other = _Row(list(row.happened), list(row.marks))
            for chosen in (first[k], second[k]):
                for i in {int(i) for i in pairs[chosen]} if chosen < len(pairs) else ():
                    other.happened[i] ^= 1
            if (after := self.loss(other)) < loss and sum(other.happened) == sum(row.happened):
                best, loss = other, after
        return best, loss

    def anchors(self, row: _Row, steps: Steps) -> tuple[list[_Anchor], float]:
        """Who leaves between which days, and a loss for printed numbers that do not exist in this row."""
        n, last_day = self.n, self.schedule.longest_follow_up
        anchors = []
        for mark, place in zip(self.landmarks, row.marks, strict=True):
            day = int(mark.months * self.month + 1e-6)
            anchors += [_Anchor(place - 1, 1, day)] if place else []
            anchors += [_Anchor(place, day + 1, last_day)] if place < n else []
        found, missing = self._curve_anchors(steps)
        anchors += found
        for target in self.follow_up:
            more, loss = self._follow_up_anchors(row, target)
            anchors += more
            missing += loss
        if self.schedule.lost is not None:
            censored = [i for i, x in enumerate(row.happened) if not x]
            if len(censored) > self.schedule.lost:
                anchors.append(_Anchor(censored[self.schedule.lost], self.schedule.shortest_follow_up, last_day))
        for who, rank, first, last in self.bounds:
            ranks = [i for i, x in enumerate(row.happened) if who == "any" or x == (who == "event")]
            anchors += [_Anchor(ranks[rank], first, last)] if rank < len(ranks) else []
        return anchors, missing

    def _curve_anchors(self, steps: Steps) -> tuple[list[_Anchor], float]:
        target = self.target
        wanted: list[tuple[Printed | None, float]] = []
        middle = quantile_of(steps, 0.5, self.recipe, with_limits=self.has_limits and not self.by_density)
        wanted.append((target.median, middle[0]))
        if not self.by_density:
            wanted += [(target.low, middle[1]), (target.high, middle[2])]
        wanted += [(target.shortest, 0.0), (target.longest, self.n - 1.0)]
        anchors, missing = self._named(wanted)
        if target.high is not None and math.isnan(middle[2]) and not math.isinf(target.high.value) and steps.survival:
            s, v = next(
                ((s, v) for s, v in zip(reversed(steps.survival), reversed(steps.variance), strict=True) if s > 0),
                (1.0, 0.0),
            )
            if s < 1 and not self.by_density:
                missing += 20 * max(0.0, self.recipe.limits(s, self.recipe.z * s * math.sqrt(v))[1] - 0.5)
        return anchors, missing

    def _follow_up_anchors(self, row: _Row, target: FollowUpTargets) -> tuple[list[_Anchor], float]:
        if target.definition == "reverse":
            codes = sorted(2 * i + x for i, x in enumerate(row.happened))
            steps = steps_of(codes)
            middle = quantile_of(steps, 0.5, self.recipe, with_limits=target.spread == "ci")
            low, high = middle[1], middle[2]
            if target.spread == "iqr":
                low, high = (quantile_of(steps, p, self.recipe, with_limits=False)[0] for p in (0.25, 0.75))
            elif target.spread == "range":
                low, high = 0.0, self.n - 1.0
            return self._named([(target.median, middle[0]), (target.low, low), (target.high, high)])
        ranks = [i for i, x in enumerate(row.happened) if target.definition == "all" or not x]
        if not ranks:
            return [], 8.0
        anchors = []
        for part, p in _QUARTILES.items():
            shown: Printed | None = getattr(target, part)
            if shown is None:
                continue
            share = p if target.spread == "iqr" or part == "median" else 2 * p - 0.5
            position = {"r": (len(ranks) - 1) * share, "spss": (len(ranks) + 1) * share - 1}.get(
                self.quartiles, len(ranks) * share - 0.5
            )
            position = min(max(position, 0.0), len(ranks) - 1.0)
            for rank in {ranks[math.floor(position)], ranks[math.ceil(position)]}:
                anchors.append(_Anchor(rank, *_window(shown, self.month)))
        return anchors, 0.0

    def _named(self, wanted: Sequence[tuple[Printed | None, float]]) -> tuple[list[_Anchor], float]:
        """Give each printed time the rank that it belongs to."""
        anchors, missing = [], 0.0
        for shown, rank in wanted:
            if shown is None:
                continue
            if math.isnan(rank) or math.isinf(shown.value):
                missing += 0.0 if math.isnan(rank) == math.isinf(shown.value) else 4.0
                continue
            first, last = _window(shown, self.month)
            if rank == math.floor(rank):
                anchors.append(_Anchor(rank, first, last))
            else:  # the middle of a flat step: two patients leave around the printed time, as far before it as after
                missing += 0.5
                anchors.append(_Anchor(rank, first, last))
        return anchors, missing

    def days(self, row: _Row, rng: random.Random) -> list[int]:
        """Give every rank a day: named ones theirs, the others days between."""
        lowest, highest = [1] * self.n, [self.schedule.longest_follow_up] * self.n
        steps = steps_of([2 * i + 1 - x for i, x in enumerate(row.happened)])
        for rank, first, last in self.anchors(row, steps)[0]:
            for i in {math.floor(rank), math.ceil(rank)}:
                lowest[i], highest[i] = max(lowest[i], first), min(highest[i], last)
        for i in range(self.n - 2, -1, -1):
            highest[i] = min(highest[i], highest[i + 1])
        days: list[int] = []
        floor = 1
        fixed = [i for i in range(self.n) if lowest[i] > 1] + [self.n]
        for i in range(self.n):
            floor = max(floor, lowest[i])
            following = next((k for k in fixed if k > i), self.n)
            ceiling = max(floor, highest[i])
            until = min(ceiling, floor + 2 * max(1, (ceiling - floor) // max(1, following - i)))
            day = floor if lowest[i] == highest[i] else rng.randint(floor, max(floor, until))
            days.append(day)
            floor = day
        return [2 * day + 1 - x for day, x in zip(days, row.happened, strict=True)]


def _window(shown: Printed, month: float) -> tuple[int, int]:
    """Days that round to a printed time; where none does, those around it."""
    low, high = (bound * month for bound in shown.bounds())
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    return (max(first, 1), last) if first <= last else (max(math.floor(low), 1), math.ceil(high))


def _disorder(anchors: Sequence[_Anchor]) -> float:
    """Measure by how many ranks patients who must leave earlier come after those who must leave later."""
    total, earliest, at = 0.0, 0, 0.0
    for rank, first, last in sorted(anchors):
        if last < earliest:
            total += 0.5 + math.log1p(rank - at)
        if first > earliest:
            earliest, at = first, rank
    return total
