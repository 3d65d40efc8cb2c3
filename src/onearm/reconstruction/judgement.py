"""
Which adverse events the investigators judged to be immune-related, so that the printed counts of such events come out.

An exact integer program: one unknown for each event that may be judged so. No event is changed, taken away or given
another grade. Only a term that no printed row counts, and that some patients must have had, is added, at grade 1 or 2
and to patients who have an event already, so that every other count stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from onearm.reconstruction.solutions import AdverseEvent, AdverseEventSolution, Check, Conflict

__all__ = ["IMMUNE", "RELATED", "ImmuneTargets", "judge_events"]

IMMUNE: Final = "IMMUNE"
"""Flag of an event that was judged to be immune-related."""
RELATED: Final = "RELATED"
"""Flag of an event that is related to treatment."""
_SEVERE: Final = 3
_UNRELATED: Final = 10.0
"""Cost of judging an event that is not related to treatment: done only where the counts leave no other way."""
_MISSED: Final = 10_000.0
"""Cost of each patient by which a count is missed."""
_SECONDS: Final = 60.0


@dataclass(frozen=True)
class ImmuneTargets:
    """
    What is printed about immune-related events.

    Parameters
    ----------
    any_event, any_grade_3 : int, optional
        Patients with any such event, and with any of grade 3 or more.
    terms, severe_terms : dict of str to int
        Patients by term, and those of them with grade 3 or more.
    further : tuple of str
        Terms besides those that may have been judged so.
    most_of_further : int, optional
        Most patients with any one of `further`: what a paper lists "in at least 10 %" leaves fewer to all others.
    """

    any_event: int | None = None
    any_grade_3: int | None = None
    terms: dict[str, int] = field(default_factory=dict)
    severe_terms: dict[str, int] = field(default_factory=dict)
    further: tuple[str, ...] = ()
    most_of_further: int | None = None


class _Row(NamedTuple):
    """Bounds of a sum of unknowns, given as pairs of unknown and factor."""

    parts: list[tuple[int, float]]
    least: float
    most: float


class _Count(NamedTuple):
    """A printed count of patients, and who counts: by an event, for a count of a term by its term."""

    name: str
    printed: int
    counts: Callable[[AdverseEvent], bool]


def judge_events(events: Sequence[AdverseEvent], targets: ImmuneTargets, *, seed: int = 0) -> AdverseEventSolution:
    """
    Say which events were judged to be immune-related.

    Parameters
    ----------
    events : sequence of AdverseEvent
        Everything that happened.
    targets : ImmuneTargets
        What was printed.
    seed : int
        Of the choice among all allocations that give the counts.

    Returns
    -------
    AdverseEventSolution
        The events in their order, those judged so with the flag `IMMUNE`, and after them events of terms that no row
        of the paper counts; every printed count beside the one they give. A count that cannot be met with the others is
        missed by as few patients as possible, and proved impossible beside them.

    Examples
    --------
    >>> happened = [AdverseEvent(0, "Rash", 3, ("RELATED",)), AdverseEvent(1, "Rash", 1), AdverseEvent(2, "Fever", 1)]
    >>> solution = judge_events(happened, ImmuneTargets(any_event=1, any_grade_3=1, terms={"Rash": 1}))
    >>> [event.patient for event in solution.events if "IMMUNE" in event.flags]
    [0]
    """
    added = _possible(events, targets)
    named = {*targets.terms, *targets.severe_terms, *targets.further}
    able = [k for k, event in enumerate(events) if event.term in named]
    unknown = [*(events[k] for k in able), *added]
    counts = list(_counts(targets))
    chosen, is_proved = _solve(unknown, counts, targets, np.random.default_rng([seed, 3]))
    done = list(events)
    for k, is_judged in zip(able, chosen, strict=False):
        if is_judged:
            done[k] = replace(done[k], flags=(*done[k].flags, IMMUNE))
    done += [
        replace(one, flags=(*one.flags, IMMUNE))
        for one, is_new in zip(added, chosen[len(able) :], strict=True)
        if is_new
    ]
    checks = tuple(_check(count, done) for count in counts)
    missed = tuple(check.name for check in checks if not check.is_met)
    reason = "no choice among the events gives these counts together with the others"
    return AdverseEventSolution(tuple(done), checks, (Conflict(missed, reason, is_proved=is_proved),) if missed else ())


def _possible(events: Sequence[AdverseEvent], targets: ImmuneTargets) -> list[AdverseEvent]:
    """Give an event of each term that nobody has, mild, to everybody who has an event related to treatment."""
    known = {event.term for event in events}
    treated = [event for event in events if RELATED in event.flags]
    flags = (RELATED,) if treated else ()
    patients = sorted({event.patient for event in treated or events})
    return [
        AdverseEvent(patient, term, 1 + (patient + k) % 2, flags)
        for k, term in enumerate(targets.terms)
        if term not in known
        for patient in patients
    ]


def _counts(targets: ImmuneTargets) -> Iterator[_Count]:
    if targets.any_event is not None:
        yield _Count("immune-related.any event", targets.any_event, _is_of(None, 0))
    if targets.any_grade_3 is not None:
        yield _Count("immune-related.any event of grade 3", targets.any_grade_3, _is_of(None, _SEVERE))
    for term, count in targets.terms.items():
        yield _Count(f"immune-related.{term}.any grade", count, _is_of(term, 0))
    for term, count in targets.severe_terms.items():
        yield _Count(f"immune-related.{term}.grade 3", count, _is_of(term, _SEVERE))


def _is_of(term: str | None, grade: int) -> Callable[[AdverseEvent], bool]:
    return lambda event: term in {None, event.term} and event.grade >= grade


def _check(count: _Count, events: Sequence[AdverseEvent]) -> Check:
    found = len({event.patient for event in events if IMMUNE in event.flags and count.counts(event)})
    is_met = found == count.printed
    return Check(count.name, str(count.printed), float(found), is_met, "" if is_met else "see the conflicts")


def _solve(
    unknown: Sequence[AdverseEvent], counts: Sequence[_Count], targets: ImmuneTargets, rng: np.random.Generator
) -> tuple[list[bool], bool]:
    """
    Say of each event whether it was judged so, and of all whether no other choice misses less.

    The unknowns are the events; then, for each count, its patients and by how many it is missed either way.
    """
    rows: list[_Row] = []
    size = len(unknown)
    for count in counts:
        mine: dict[int, list[int]] = {}
        for k, event in enumerate(unknown):
            if count.counts(event):
                mine.setdefault(event.patient, []).append(k)
        patients = list(range(size, size + len(mine)))
        size += len(mine)
        for patient, members in zip(patients, mine.values(), strict=True):
            # a patient counts if, and only if, one of the events was judged so
            rows += [_Row([(patient, 1.0), (k, -1.0)], 0.0, 1.0) for k in members]
            rows.append(_Row([(patient, 1.0), *((k, -1.0) for k in members)], -float(len(members)), 0.0))
        rows.append(_Row([*((p, 1.0) for p in patients), (size, 1.0), (size + 1, -1.0)], count.printed, count.printed))
        size += 2
    if targets.most_of_further is not None:
        rows += [
            _Row([(k, 1.0) for k, event in enumerate(unknown) if event.term == term], 0.0, targets.most_of_further)
            for term in targets.further
        ]
    return _choose(rows, _costs(unknown, counts, rng), len(unknown), size)


def _costs(unknown: Sequence[AdverseEvent], counts: Sequence[_Count], rng: np.random.Generator) -> np.ndarray:
    """Chance chooses among the allocations that give the counts, most of them with one or two events a patient."""
    every_related = not any(RELATED in event.flags for event in unknown)
    costs = [
        float(rng.uniform(-0.25, 1.0)) + (0.0 if every_related or RELATED in event.flags else _UNRELATED)
        for event in unknown
    ]
    for count in counts:
        costs += [0.0] * len({event.patient for event in unknown if count.counts(event)}) + [_MISSED, _MISSED]
    return np.array(costs)


def _choose(rows: Sequence[_Row], costs: np.ndarray, n_events: int, size: int) -> tuple[list[bool], bool]:
    rows = [row for row in rows if row.parts]
    at = [(k, i, factor) for k, row in enumerate(rows) for i, factor in row.parts]
    matrix = coo_array(
        ([factor for *_, factor in at], ([k for k, *_ in at], [i for _, i, _ in at])), shape=(len(rows), size)
    ).tocsr()
    result = milp(
        costs,
        constraints=LinearConstraint(matrix, [row.least for row in rows], [row.most for row in rows]),
        integrality=np.ones(size, dtype=np.int64),
        bounds=Bounds(0, np.where(costs == _MISSED, np.inf, 1.0)),
        options={"time_limit": _SECONDS},
    )
    if result.x is None:
        return [False] * n_events, False
    return [value > 0.5 for value in result.x[:n_events]], result.status == 0
