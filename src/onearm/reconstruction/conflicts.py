"""
Printed numbers of one curve that cannot be met together, found by leaving out one after another.

What `proofs` shows is proved. What only a search shows is not, and says so: no times were found that give all of these numbers,
and times were found as soon as any one of them was left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from onearm.reconstruction.proofs import landmark_conflicts
from onearm.reconstruction.solutions import Conflict
from onearm.reconstruction.targets import Conventions, CurveTargets, FollowUpTargets, Landmark, Schedule
from onearm.reconstruction.times import solve_times

__all__ = ["find_conflicts"]

_PARTS = ("events", "median", "low", "high", "shortest", "longest")
_RATES = ("rate", "low", "high")


def find_conflicts(
    target: CurveTargets,
    conventions: Conventions,
    schedule: Schedule | None = None,
    *,
    follow_up: Sequence[FollowUpTargets] = (),
    seed: int = 0,
) -> list[Conflict]:
    """
    Find numbers of a curve that cannot be met together.

    Parameters
    ----------
    target : CurveTargets
        Printed numbers of the curve, with the number of patients.
    conventions : Conventions
        How they were made.
    schedule : Schedule, optional
        Longest and shortest observation.
    follow_up : sequence of FollowUpTargets
        Of the same endpoint.
    seed : int
        Of the searches.

    Returns
    -------
    list of Conflict
        What is proved; else, if a search does not meet all numbers, the numbers that are all needed for its failure; empty
        where times are found that give every number.

    Examples
    --------
    The last of five patients leaves after 11 months, so half of them at 12 months cannot be:

    >>> from onearm.reconstruction.printed import printed
    >>> half = Landmark(12, printed("50.0"))
    >>> curve = CurveTargets("OS", "OS", n=5, longest=printed("11.0"), landmarks=(half,))
    >>> [conflict.names for conflict in find_conflicts(curve, Conventions())]
    [('OS.longest', 'OS.at 12')]
    """
    proved = landmark_conflicts(target, target.n or 0, conventions)
    if proved:
        return proved

    def fails(candidate: CurveTargets, lengths: Sequence[FollowUpTargets]) -> bool:
        found = solve_times(candidate, conventions, schedule, follow_up=lengths, seed=seed)
        return not all(check.is_met for check in found.checks)

    lengths = list(follow_up)
    if not fails(target, lengths):
        return []
    for one in list(lengths):
        fewer = [other for other in lengths if other is not one]
        if fails(target, fewer):
            lengths = fewer
    for candidate in _each_left_out(target):
        current = _without(target, candidate)
        if fails(current, lengths):
            target = current
    names = (*(name for name, _ in _names(target)), *(one.name for one in lengths))
    reason = "no times were found that give all of them, and times were found that give all but any one"
    return [Conflict(names, reason, is_proved=False)]


def _names(target: CurveTargets) -> Iterator[tuple[str, tuple[str, float]]]:
    """Name every printed number of a curve, with where it stands."""
    for part in _PARTS:
        if getattr(target, part) is not None:
            yield f"{target.name}.{part}", (part, -1.0)
    for mark in target.landmarks:
        for part in _RATES:
            if getattr(mark, part) is not None:
                suffix = "" if part == "rate" else f" {part}"
                yield f"{target.name}.at {mark.months:g}{suffix}", (part, mark.months)


def _each_left_out(target: CurveTargets) -> list[tuple[str, float]]:
    return [place for _, place in _names(target)]


def _without(target: CurveTargets, place: tuple[str, float]) -> CurveTargets:
    """Leave one number out."""
    part, months = place
    if months < 0:
        return dataclasses.replace(target, **{part: None})  # type: ignore[arg-type]  # every part may be None
    marks = [
        dataclasses.replace(mark, **{part: None}) if mark.months == months else mark  # type: ignore[arg-type]  # as above
        for mark in target.landmarks
    ]
    return dataclasses.replace(target, landmarks=tuple(mark for mark in marks if mark != Landmark(mark.months)))
