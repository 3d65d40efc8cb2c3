"""Printed curves, follow-up and times to response as terms of the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from onearm.reconstruction.curve_numbers import (
    CurveRecipe,
    Steps,
    curve_recipe,
    limits_at,
    quantile_of,
    sample_quantile,
    steps_of,
)
from onearm.reconstruction.printed import Printed
from onearm.reconstruction.targets import (
    Conventions,
    CurveTargets,
    FollowUpTargets,
    ResponseTimes,
    Schedule,
)
from onearm.reconstruction.terms import Patients, Term

__all__ = ["ReachTerm", "curve_term", "follow_up_term", "lost_term", "response_time_term"]

_SLOPE: Final = 15.0


def curve_term(target: CurveTargets, conventions: Conventions) -> Term:
    """
    Write a curve as a term.

    Parameters
    ----------
    target : CurveTargets
        What was printed.
    conventions : Conventions
        How the numbers are made.

    Returns
    -------
    Term
        Without the numbers that were not printed.
    """
    recipe = curve_recipe(conventions)
    names, shown, readers = [], [], []
    for part, value, reader in _curve_parts(target, recipe):
        if value is not None:
            names.append(f"{target.name}.{part}")
            shown.append(value)
            readers.append(reader)

    def compute(patients: Patients) -> list[float]:
        steps = steps_of(patients.times(target.endpoint, target.among))
        found: dict[str, tuple[float, float, float]] = {}
        return [reader(steps, found) for reader in readers]

    touches = frozenset([target.endpoint, *(variable for variable, _ in target.among)])
    return Term(tuple(names), tuple(shown), compute, touches, target.among)


class ReachTerm(Term):
    """
    How far a curve is from coming down to one half where it was printed to, or from staying above it.

    A median or a limit that does not exist tells a search nothing about which way to go; this does.
    """

    def __init__(self, target: CurveTargets, conventions: Conventions) -> None:
        touches = frozenset([target.endpoint, *(variable for variable, _ in target.among)])
        super().__init__((), (), lambda _: (), touches, target.among)
        object.__setattr__(self, "_target", target)
        object.__setattr__(self, "_recipe", curve_recipe(conventions))

    def loss(self, patients: Patients) -> float:
        """
        Measure the distance of S and of its upper limit from one half.

        Parameters
        ----------
        patients : Patients
            As they are.

        Returns
        -------
        float
            Zero where median and upper limit exist as they were printed to.
        """
        target: CurveTargets = self._target  # type: ignore[attr-defined]  # set on a frozen object
        recipe: CurveRecipe = self._recipe  # type: ignore[attr-defined]  # as above
        steps = steps_of(patients.times(target.endpoint, target.among))
        if not steps.survival:
            return 0.0
        lowest = steps.survival[-1]
        total = _reach(target.median, lowest)
        if target.high is not None and recipe.rule.limits != "density":
            rows = zip(steps.survival, steps.variance, strict=True)
            limits = [recipe.limits(s, recipe.z * s * math.sqrt(v))[1] for s, v in rows if s > 0]
            total += _reach(target.high, min(limits, default=1.0))
        return total


def _reach(shown: Printed | None, lowest: float) -> float:
    if shown is None:
        return 0.0
    return _SLOPE * max(0.0, 0.5 - lowest if math.isinf(shown.value) else lowest - 0.5)


_Reader = Callable[[Steps, dict[str, tuple[float, float, float]]], float]


def _curve_parts(target: CurveTargets, recipe: CurveRecipe) -> Iterator[tuple[str, Printed | None, _Reader]]:
    """Give every number of a curve with its name, what was printed, and how it is read."""
    with_limits = target.low is not None or target.high is not None

    def median(i: int) -> _Reader:
        def read(steps: Steps, found: dict[str, tuple[float, float, float]]) -> float:
            if "median" not in found:
                found["median"] = quantile_of(steps, 0.5, recipe, with_limits=with_limits)
            return found["median"][i]

        return read

    def rate(months: float, i: int) -> _Reader:
        def read(steps: Steps, found: dict[str, tuple[float, float, float]]) -> float:
            if (key := f"{months:g}") not in found:
                found[key] = limits_at(steps, months, recipe)
            return 100 * found[key][i]

        return read

    month = recipe.days_per_month
    yield "n", _count(target.n), lambda steps, _: float(steps.n)
    yield "events", _count(target.events), lambda steps, _: float(steps.events)
    yield "median", target.median, median(0)
    yield "low", target.low, median(1)
    yield "high", target.high, median(2)
    for mark in target.landmarks:
        for i, (suffix, value) in enumerate((("", mark.rate), (" low", mark.low), (" high", mark.high))):
            yield f"at {mark.months:g}{suffix}", value, rate(mark.months, i)
    yield "shortest", target.shortest, lambda steps, _: steps.first / month
    yield "longest", target.longest, lambda steps, _: steps.last / month


def _count(number: int | None) -> Printed | None:
    return None if number is None else Printed(float(number), 0)


def follow_up_term(target: FollowUpTargets, conventions: Conventions) -> Term:
    """
    Write the length of follow-up as a term.

    Parameters
    ----------
    target : FollowUpTargets
        What was printed.
    conventions : Conventions
        How the numbers are made.

    Returns
    -------
    Term
        Median and limits.
    """
    recipe, month = curve_recipe(conventions), conventions.days_per_month

    def reverse(codes: list[int]) -> tuple[float, float, float]:
        steps = steps_of(sorted(code ^ 1 for code in codes))
        middle = quantile_of(steps, 0.5, recipe, with_limits=target.spread == "ci")
        if target.spread == "ci":
            return middle
        if target.spread == "range":
            return middle[0], steps.first / month, steps.last / month
        low, high = (quantile_of(steps, p, recipe, with_limits=False)[0] for p in (0.25, 0.75))
        return middle[0], low, high

    def observed(codes: list[int]) -> tuple[float, float, float]:
        kept = [code >> 1 for code in codes if target.definition == "all" or code & 1]
        return _spread(kept, target.spread, conventions)

    def compute(patients: Patients) -> list[float]:
        codes = patients.times(target.endpoint)
        numbers = reverse(codes) if target.definition == "reverse" else observed(codes)
        return [number for number, keep in zip(numbers, kept_parts, strict=True) if keep]

    parts = {"median": target.median, "low": target.low, "high": target.high}
    kept_parts = [value is not None for value in parts.values()]
    names = tuple(f"{target.name}.{part}" for part, value in parts.items() if value is not None)
    shown = tuple(value for value in parts.values() if value is not None)
    return Term(names, shown, compute, frozenset([target.endpoint]))


def response_time_term(target: ResponseTimes, conventions: Conventions) -> Term:
    """
    Write times to response as a term.

    Parameters
    ----------
    target : ResponseTimes
        What was printed.
    conventions : Conventions
        How the numbers are made.

    Returns
    -------
    Term
        Median and limits.
    """
    parts = {"median": target.median, "low": target.low, "high": target.high}
    kept = [value is not None for value in parts.values()]

    def compute(patients: Patients) -> list[float]:
        days = [code >> 1 for code in patients.times("TTR")]
        return [n for n, keep in zip(_spread(days, target.spread, conventions), kept, strict=True) if keep]

    names = tuple(f"{target.name}.{part}" for part, value in parts.items() if value is not None)
    return Term(names, tuple(value for value in parts.values() if value is not None), compute, frozenset(["TTR"]))


def _spread(days: list[int], spread: str, conventions: Conventions) -> tuple[float, float, float]:
    """Median and quartiles or range of ascending days, in months."""
    month, program = conventions.days_per_month, conventions.quartiles
    if not days:
        return math.nan, math.nan, math.nan
    middle = sample_quantile(days, 0.5, program) / month
    if spread == "range":
        return middle, days[0] / month, days[-1] / month
    return middle, sample_quantile(days, 0.25, program) / month, sample_quantile(days, 0.75, program) / month


def lost_term(endpoint: str, schedule: Schedule) -> Term:
    """
    Write the shortest follow-up to the cut-off as a term.

    Parameters
    ----------
    endpoint : str
        Whose times; the time of survival.
    schedule : Schedule
        With the number of patients who may be lost.

    Returns
    -------
    Term
        The number of patients censored before the cut-off, printed as "not more than".
    """
    allowed = schedule.lost or 0

    def compute(patients: Patients) -> Iterable[float]:
        early = [code for code in patients.codes[endpoint] if code & 1 and 0 <= code >> 1 < schedule.shortest_follow_up]
        return [float(len(early))]

    return Term((f"{endpoint}.lost",), (Printed(allowed + 0.5, 1, "<"),), compute, frozenset([endpoint]))  # type: ignore[arg-type]
