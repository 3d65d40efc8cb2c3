"""Adverse events handed out so that the rows of a table and its totals are the printed ones."""

from __future__ import annotations

import numpy as np

from onearm.reconstruction.solutions import AdverseEvent, AdverseEventSolution, Check, Conflict
from onearm.reconstruction.targets import AdverseEventTargets, TermTargets

__all__ = ["hand_out_events"]


def hand_out_events(targets: AdverseEventTargets, *, seed: int) -> AdverseEventSolution:
    """
    Give patients adverse events.

    Severe events go to as many patients as had any severe one, each to those with the fewest so far, so that all of them
    are reached; then the others in the same way. What the rows of the table leave open stands in the term `other_term`.

    Parameters
    ----------
    targets : AdverseEventTargets
        Rows and totals.
    seed : int
        Of the order of patients.

    Returns
    -------
    AdverseEventSolution
        One event for each patient and term; a total smaller than one of its rows is a conflict.

    Examples
    --------
    >>> table = AdverseEventTargets(10, (TermTargets("Rash", 4, 1), TermTargets("Fever", 5, 0)), any_event=7, any_grade_3=2)
    >>> solution = hand_out_events(table, seed=1)
    >>> len({event.patient for event in solution.events}), all(check.is_met for check in solution.checks)
    (7, True)
    """
    rng = np.random.default_rng([seed, 7])
    order = [int(i) for i in rng.permutation(targets.n)]
    n_any = targets.n if targets.any_event is None else targets.any_event
    n_severe = n_any if targets.any_grade_3 is None else targets.any_grade_3
    pool, severe = order[:n_any], order[:n_severe]
    conflicts = _conflicts(targets, n_any, n_severe)
    events: dict[tuple[int, str], int] = {}
    load = dict.fromkeys(order, 0)
    severe_load = dict.fromkeys(order, 0)
    rows = sorted(targets.terms, key=lambda row: -(row.any_grade or 0))
    for row in rows:
        for i in _least(severe, severe_load, order, _severe(row)):
            events[i, row.term] = next((grade for grade in row.grades if grade >= 3), 3)
            severe_load[i] += 1
            load[i] += 1
    for row in rows:
        free = [i for i in pool if (i, row.term) not in events]
        mild = [grade for grade, count in row.grades.items() if grade < 3 for _ in range(count)]
        missing = _any(row) - _severe(row)
        for number, i in enumerate(_least(free, load, [k for k in order if k not in pool], missing)):
            events[i, row.term] = mild[number] if number < len(mild) else int(rng.integers(1, 3))
            load[i] += 1
    for i in severe:
        if targets.any_grade_3 is not None and severe_load[i] == 0:
            events[i, targets.other_term] = 3
            load[i] += 1
    for i in pool:
        if targets.any_event is not None and load[i] == 0:
            events[i, targets.other_term] = int(rng.integers(1, 3))
    found = _flagged(events, targets)
    return AdverseEventSolution(tuple(found), _checks(found, targets), tuple(conflicts))


def _severe(row: TermTargets) -> int:
    return row.grade_3 if row.grade_3 is not None else sum(count for grade, count in row.grades.items() if grade >= 3)


def _any(row: TermTargets) -> int:
    return max(row.any_grade if row.any_grade is not None else sum(row.grades.values()), _severe(row))


def _least(first: list[int], load: dict[int, int], rest: list[int], count: int) -> list[int]:
    """The patients with the fewest events so far; others only where there are not enough."""
    chosen = sorted(first, key=lambda i: load[i])[:count]
    return chosen + [i for i in rest if i not in first][: count - len(chosen)]


def _conflicts(targets: AdverseEventTargets, n_any: int, n_severe: int) -> list[Conflict]:
    found = []
    for row in targets.terms:
        if _any(row) > n_any:
            reason = f"{_any(row)} patients with '{row.term}' are more than the {n_any} with any event"
            found.append(Conflict((row.term, "any event"), reason, is_proved=True))
        if _severe(row) > n_severe:
            reason = (
                f"{_severe(row)} patients with severe '{row.term}' are more than the {n_severe} with any severe event"
            )
            found.append(Conflict((row.term, "any grade 3"), reason, is_proved=True))
    return found


def _flagged(events: dict[tuple[int, str], int], targets: AdverseEventTargets) -> list[AdverseEvent]:
    """A flag goes to the gravest event of as many patients as printed."""
    flags: dict[tuple[int, str], list[str]] = {key: [] for key in events}
    gravest: dict[int, tuple[int, str]] = {}
    for key, grade in sorted(events.items(), key=lambda item: item[1]):
        gravest[key[0]] = key
        del grade
    ranked = sorted(gravest.values(), key=lambda key: -events[key])
    for flag, count in targets.flags.items():
        for key in ranked[:count]:
            flags[key].append(flag)
    return [AdverseEvent(i, term, grade, tuple(flags[i, term])) for (i, term), grade in sorted(events.items())]


def _checks(events: list[AdverseEvent], targets: AdverseEventTargets) -> tuple[Check, ...]:
    def check(name: str, printed: int | None, patients: set[int]) -> list[Check]:
        if printed is None:
            return []
        reason = "" if len(patients) == printed else "the rows of the table do not allow it"
        return [Check(name, str(printed), float(len(patients)), len(patients) == printed, reason)]

    found = check("any event", targets.any_event, {event.patient for event in events})
    found += check("any grade 3", targets.any_grade_3, {event.patient for event in events if event.grade >= 3})
    for row in targets.terms:
        mine = [event for event in events if event.term == row.term]
        found += check(row.term, row.any_grade, {event.patient for event in mine})
        found += check(f"{row.term}, grade 3", row.grade_3, {event.patient for event in mine if event.grade >= 3})
    return tuple(found)
