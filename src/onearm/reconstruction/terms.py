"""
Printed numbers as terms of a loss: each term computes a few numbers from the patients and knows what was printed for them.

The loss of a number is zero where it rounds to what was printed and grows with the logarithm of the miss, counted in halves of
the last printed place: a search then closes in on a median from months away as well as from the neighbouring day.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from onearm.reconstruction.curve_numbers import (
    CurveRecipe,
    Steps,
    curve_recipe,
    limits_at,
    quantile_of,
    sample_quantile,
    steps_of,
)
from onearm.reconstruction.hazard_numbers import hazard_numbers, log_rank_p, pattern_hazard, tables_of
from onearm.reconstruction.targets import (
    Among,
    Comparison,
    Conventions,
    Cross,
    CurveTargets,
    FollowUpTargets,
    Printed,
    ResponseTimes,
    Schedule,
)

__all__ = [
    "Patients",
    "ReachTerm",
    "Term",
    "comparison_term",
    "count_term",
    "curve_term",
    "follow_up_term",
    "lost_term",
    "response_time_term",
]

_SLOPE: Final = 15.0
_NO_NUMBER: Final = 8.0
"""Loss where a number does not exist that was printed, or the other way round."""


@dataclass
class Patients:
    """
    The patients of a search: changed in place.

    Parameters
    ----------
    n : int
        Patients.
    codes : dict of str to list of int
        Times by endpoint (`onearm.reconstruction.curve_numbers.code_of`); -1 for patients who do not have one.
    labels : dict of str to list of str
        Levels by characteristic.
    sorted_times : dict
        What `times` has collected since the last change; whoever changes times or labels clears it.
    """

    n: int
    codes: dict[str, list[int]] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    sorted_times: dict[tuple[str, tuple[Among, ...]], list[int]] = field(default_factory=dict)

    def members(self, among: Sequence[tuple[list[str], frozenset[str]]]) -> Iterator[int]:
        """
        Find the patients with all of several levels.

        Parameters
        ----------
        among : sequence of (list of str, frozenset of str)
            Labels of all patients and the levels wanted.

        Yields
        ------
        int
            Index of a patient.
        """
        if len(among) == 1:
            labels, levels = among[0]
            return (i for i, label in enumerate(labels) if label in levels)
        return (i for i in range(self.n) if all(labels[i] in levels for labels, levels in among))

    def restored(self) -> None:
        """Bring up to date what is derived from times and labels, after all of them were put back."""

    def times(self, endpoint: str, among: Sequence[Among] = ()) -> list[int]:
        """
        Collect the times of some patients.

        Parameters
        ----------
        endpoint : str
            Whose times.
        among : sequence of Among
            Of whom; empty for all.

        Returns
        -------
        list of int
            Ascending codes of those who have the endpoint.
        """
        key = (endpoint, tuple(among))
        if key not in self.sorted_times:
            self.sorted_times[key] = self._collect(endpoint, among)
        return self.sorted_times[key]

    def _collect(self, endpoint: str, among: Sequence[Among]) -> list[int]:
        codes = self.codes[endpoint]
        if not among:
            return sorted([code for code in codes if code >= 0])
        if len(among) == 1:
            variable, level = among[0]
            levels = _levels(level)
            return sorted(
                [
                    code
                    for code, label in zip(codes, self.labels[variable], strict=True)
                    if code >= 0 and label in levels
                ]
            )
        wanted = [(self.labels[variable], _levels(level)) for variable, level in among]
        return sorted(codes[i] for i in self.members(wanted) if codes[i] >= 0)


_LEVELS: Final[dict[str, frozenset[str]]] = {}


def _levels(level: str) -> frozenset[str]:
    """Split levels that count as one."""
    if level not in _LEVELS:
        _LEVELS[level] = frozenset(level.split("|"))
    return _LEVELS[level]


@dataclass(frozen=True)
class Term:
    """
    Printed numbers that come from one computation.

    Parameters
    ----------
    names : tuple of str
        Of the numbers.
    printed : tuple of Printed
        What was printed for them.
    compute : callable
        Gives the numbers from the patients, NaN where they do not exist.
    touches : frozenset of str
        Endpoints and characteristics that the numbers depend on.
    among : tuple of Among
        Of whose times; empty for all.
    is_slow : bool
        Whether the numbers come from a model of several covariates.
    """

    names: tuple[str, ...]
    printed: tuple[Printed, ...]
    compute: Callable[[Patients], Sequence[float]]
    touches: frozenset[str]
    among: tuple[Among, ...] = ()
    is_slow: bool = False

    def concerns(self, patients: Patients, changed: Sequence[int]) -> bool:
        """
        Say whether new times of some patients can change the numbers.

        Parameters
        ----------
        patients : Patients
            As they are.
        changed : sequence of int
            Whose times are new; empty where labels changed.

        Returns
        -------
        bool
            False only if none of them is among those the numbers are about.
        """
        if not self.among or not changed:
            return True
        wanted = [(patients.labels[variable], _levels(level)) for variable, level in self.among]
        return any(all(labels[i] in levels for labels, levels in wanted) for i in changed)

    def loss(self, patients: Patients) -> float:
        """
        Add up the losses of the numbers.

        Parameters
        ----------
        patients : Patients
            As they are.

        Returns
        -------
        float
            Zero where all numbers round to what was printed.
        """
        return sum(_loss(shown, exact) for shown, exact in zip(self.printed, self.compute(patients), strict=True))


def _loss(shown: Printed, exact: float) -> float:
    miss = shown.miss(exact)
    if miss == 0.0:
        return 0.0
    return _NO_NUMBER if math.isinf(miss) else 0.5 + math.log1p(miss / shown.half_unit)


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


def comparison_term(target: Comparison, conventions: Conventions) -> Term:
    """
    Write a comparison of two groups as a term.

    Parameters
    ----------
    target : Comparison
        What was printed.
    conventions : Conventions
        How the numbers are made.

    Returns
    -------
    Term
        Hazard ratio, limits and p values.
    """
    z = curve_recipe(conventions).z
    parts = {
        "HR": target.hazard_ratio,
        "HR low": target.low,
        "HR high": target.high,
        "p": target.p_wald,
        "p log-rank": target.p_log_rank,
    }
    kept = [value is not None for value in parts.values()]
    covariates = (Among(target.variable, target.level), *target.adjusted_for)
    reference = Among(target.variable, target.reference)

    def compute(patients: Patients) -> list[float]:
        tables = []
        if not target.adjusted_for or kept[-1]:
            groups = [patients.times(target.endpoint, [one]) for one in (covariates[0], reference)]
            tables = tables_of(*groups)
        if target.adjusted_for:
            found = pattern_hazard(
                *_patterns(patients, target.endpoint, covariates, reference), ties=conventions.ties, z=z
            )
        elif any(kept[:-1]):
            found = hazard_numbers(tables, ties=conventions.ties, z=z)
        else:
            return [log_rank_p(tables)]
        numbers = (*found, log_rank_p(tables) if kept[-1] else math.nan)
        return [number for number, keep in zip(numbers, kept, strict=True) if keep]

    names = tuple(f"{target.name}.{part}" for part, value in parts.items() if value is not None)
    shown = tuple(value for value in parts.values() if value is not None)
    touches = frozenset([target.endpoint, *(variable for variable, _ in covariates)])
    return Term(names, shown, compute, touches, is_slow=bool(target.adjusted_for))


def _patterns(
    patients: Patients, endpoint: str, covariates: Sequence[Among], reference: Among
) -> tuple[list[list[int]], np.ndarray]:
    """Sort the patients of a model by their covariates."""
    codes = patients.codes[endpoint]
    wanted = [(patients.labels[variable], _levels(level)) for variable, level in covariates]
    variable, level = reference
    own = (patients.labels[variable], _levels(level))
    patterns = list(itertools.product((0.0, 1.0), repeat=len(covariates)))
    groups: dict[tuple[float, ...], list[int]] = {pattern: [] for pattern in patterns}
    for i, code in enumerate(codes):
        key = tuple(float(labels[i] in levels) for labels, levels in wanted)
        if code >= 0 and (key[0] or own[0][i] in own[1]):
            groups[key].append(code)
    return [groups[pattern] for pattern in patterns], np.array(patterns)


def count_term(target: Cross) -> Term:
    """
    Write a count of patients with several levels as a term.

    Parameters
    ----------
    target : Cross
        What was printed.

    Returns
    -------
    Term
        One number.
    """

    def compute(patients: Patients) -> list[float]:
        wanted = [(patients.labels[variable], _levels(level)) for variable, level in target.among]
        return [float(sum(1 for _ in patients.members(wanted)))]

    touches = frozenset(variable for variable, _ in target.among)
    return Term((target.name,), (Printed(float(target.count), 0),), compute, touches)


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
