"""From targets to source tables: solve the times and characteristics, solve the adverse events, write patients down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from onearm.protocol import Protocol
from onearm.reconstruction.adverse_events import solve_adverse_events
from onearm.reconstruction.assemble import assemble_patients
from onearm.reconstruction.cohort import solve_cohort
from onearm.reconstruction.cohort_targets import Cohort
from onearm.reconstruction.count_targets import AdverseEventTargets
from onearm.reconstruction.identify import reconstruct_tables
from onearm.reconstruction.judgement import ImmuneTargets, judge_events
from onearm.reconstruction.patients import Patient
from onearm.reconstruction.setting import Setting
from onearm.reconstruction.solutions import AdverseEvent, AdverseEventSolution, Check, CohortSolution, Conflict

__all__ = ["Reconstruction", "reconstruct"]


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """
    A reconstructed trial.

    Parameters
    ----------
    tables : mapping of str to polars.DataFrame
        Source tables by domain.
    patients : tuple of Patient
        The enrolled.
    solution : CohortSolution
        Times and characteristics as they were found.
    checks : tuple of Check
        What the solvers say about every target; the pipeline computes all of them again.
    conflicts : tuple of Conflict
        Targets that cannot be met together.
    """

    tables: Mapping[str, pl.DataFrame]
    patients: tuple[Patient, ...]
    solution: CohortSolution
    checks: tuple[Check, ...]
    conflicts: tuple[Conflict, ...]


def reconstruct(
    cohort: Cohort,
    events: Mapping[str, AdverseEventTargets],
    setting: Setting,
    protocol: Protocol,
    *,
    immune: ImmuneTargets | None = None,
    solution: CohortSolution | None = None,
    search: Mapping[str, Any] = MappingProxyType({}),
    seed: int = 1,
) -> Reconstruction:
    """
    Reconstruct the records of a trial.

    Parameters
    ----------
    cohort : Cohort
        What times, responses and characteristics must give.
    events : mapping of str to AdverseEventTargets
        ``TRAE``: events related to treatment; ``TEAE``: all of them.
    setting : Setting
        Everything else.
    protocol : Protocol
        Drugs, schedule, conventions.
    immune : ImmuneTargets, optional
        Events that the investigators judged to be immune-related.
    solution : CohortSolution, optional
        Found before; searched for where missing.
    search : mapping of str to number
        ``seed``, ``steps``, ``tries`` and ``faults`` of that search; the defaults of `solve_cohort` where missing.
    seed : int
        Of whatever is left open.

    Returns
    -------
    Reconstruction
        Tables and checks.
    """
    found = solve_cohort(cohort, **{"seed": seed, **search}) if solution is None else solution
    solution = found
    if setting.ends_at_last_visit:
        solution = _end_at_last_visit(solution)
    happened, solved = solve_event_sets(events, cohort.n, seed=seed)
    if immune is not None:
        judged = judge_events(happened, immune, seed=seed)
        happened, solved = list(judged.events), [*solved, judged]
    patients = assemble_patients(solution, happened, setting, protocol, seed=seed)
    tables = reconstruct_tables(patients, setting, protocol, seed=seed)
    parts: list[CohortSolution | AdverseEventSolution] = [solution, *solved]
    return Reconstruction(
        tables,
        tuple(patients),
        found,
        tuple(check for part in parts for check in part.checks),
        tuple(conflict for part in parts for conflict in part.conflicts),
    )


def _end_at_last_visit(solution: CohortSolution) -> CohortSolution:
    """Nothing is known of anybody after progression-free survival ended: overall survival ends on the same day."""
    day = {**solution.day, "OS": solution.day["PFS"]}
    event = {**solution.event, "OS": solution.event["PFS"] & solution.is_death}
    return replace(solution, day=day, event=event)


def solve_event_sets(
    events: Mapping[str, AdverseEventTargets], n: int, *, seed: int
) -> tuple[list[AdverseEvent], list[AdverseEventSolution]]:
    """
    Solve the related events, then add those of other causes that all events need beyond them.

    Parameters
    ----------
    events : mapping of str to AdverseEventTargets
        ``TRAE`` and ``TEAE``, as far as they were printed.
    n : int
        Patients.
    seed : int
        Of the random numbers.

    Returns
    -------
    tuple
        The events, related ones with the flag ``RELATED``; and what the solver says.
    """
    related = solve_adverse_events(events["TRAE"], seed=seed) if "TRAE" in events else None
    found = [] if related is None else [replace(one, flags=(*one.flags, "RELATED")) for one in related.events]
    solved = [] if related is None else [related]
    if "TEAE" in events and related is None:
        whole = solve_adverse_events(events["TEAE"], seed=seed)
        return list(whole.events), [whole]
    if "TEAE" in events:
        found += _others(events["TEAE"], found, n, np.random.default_rng([seed, 2]))
        found = _more_flags(found, events["TEAE"])
    return found, solved


def _more_flags(events: list[AdverseEvent], targets: AdverseEventTargets) -> list[AdverseEvent]:
    """Flag the gravest events of further patients, until as many have the flag as were printed."""
    done = list(events)
    for flag, count in targets.flags.items():
        having = {one.patient for one in done if flag in one.flags}
        for place in sorted(range(len(done)), key=lambda k: -done[k].grade):
            if len(having) < count and done[place].patient not in having:
                done[place] = replace(done[place], flags=(*done[place].flags, flag))
                having.add(done[place].patient)
    return done


def _others(
    targets: AdverseEventTargets, related: list[AdverseEvent], n: int, rng: np.random.Generator
) -> list[AdverseEvent]:
    """Events of other causes: for each term the patients, and the higher grades, that the related events do not give."""
    with_any = {one.patient for one in related}
    severe = {one.patient for one in related if one.grade >= 3}
    most_severe = targets.any_grade_3 if targets.any_grade_3 is not None else n
    most_any = targets.any_event if targets.any_event is not None else n
    found: list[AdverseEvent] = []
    further = dict.fromkeys(range(n), 0)
    for row in targets.terms:
        mine = {one.patient: one.grade for one in related if one.term == row.term}
        free = [int(i) for i in rng.permutation(n) if i not in mine]
        is_full = len(with_any) >= most_any
        free.sort(key=lambda i: ((i in with_any) != is_full, further[i]))
        known = row.any_grade if row.any_grade is not None else sum(row.grades.values()) or row.grade_3 or 0
        more = max(0, known - len(mine))
        graver = max(0, (row.grade_3 or 0) - sum(grade >= 3 for grade in mine.values()))
        # grade 3 goes first to patients who already have one, so that no more patients than printed have any
        free.sort(key=lambda i: len(severe) >= most_severe and graver > 0 and i not in severe)
        for number, i in enumerate(free[:more]):
            grade = 3 if number < graver else next(iter(row.grades), int(rng.integers(1, 3)))
            found.append(AdverseEvent(i, row.term, grade))
            further[i] += 1
            with_any.add(i)
            if grade == 3:
                severe.add(i)
        for i in [patient for patient, grade in mine.items() if grade < 3][: max(0, graver - more)]:
            found.append(AdverseEvent(i, row.term, 3))
            severe.add(i)
    fresh = [int(i) for i in rng.permutation(n) if i not in with_any]
    found += [AdverseEvent(i, targets.other_term, 1) for i in fresh[: max(0, (targets.any_event or 0) - len(with_any))]]
    calm = sorted((int(i) for i in rng.permutation(n) if i not in severe), key=lambda i: i not in with_any)
    needed = max(0, (targets.any_grade_3 or 0) - len(severe))
    found += [AdverseEvent(i, targets.other_term, 3) for i in calm[:needed]]
    return found
