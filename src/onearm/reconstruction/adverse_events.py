"""
Adverse events of patients that give a printed table: patients by term and grade, with any event, with any of grade 3 or more.

Who has at least one event is chosen first, and who of them one of grade 3 or more; then each term is dealt to the patients who
have had least so far until all of them have one, and by chance after that. That meets every count whenever no row is larger
than its total and the rows, with events outside the table where there are such, fill it: both are needed as well.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from onearm.reconstruction.count_targets import AdverseEventTargets, TermTargets
from onearm.reconstruction.solutions import AdverseEvent, AdverseEventSolution, Check, Conflict

__all__ = ["solve_adverse_events"]

_SEVERE: Final = 3
_MILD: Final = 0
"""Grade 1 or 2, to be decided."""
_OPEN: Final = -1
"""Grade 3 or more, to be decided."""
_TRIES: Final = 20


def solve_adverse_events(targets: AdverseEventTargets, *, seed: int = 0) -> AdverseEventSolution:
    """
    Deal adverse events to patients so that a table comes out as printed.

    Parameters
    ----------
    targets : AdverseEventTargets
        The table.
    seed : int
        The same seed gives the same events.

    Returns
    -------
    AdverseEventSolution
        One event for each patient and term, at its worst grade; every printed count beside the one they give; and the
        counts that cannot hold together, shown by counting.

    Examples
    --------
    >>> table = AdverseEventTargets(
    ...     10, (TermTargets("Nausea", 6, 2), TermTargets("Rash", 4, 1)), any_event=8, any_grade_3=3, is_complete=True
    ... )
    >>> solution = solve_adverse_events(table)
    >>> all(check.is_met for check in solution.checks), len({event.patient for event in solution.events})
    (True, 8)
    """
    best: tuple[int, list[AdverseEvent], tuple[Check, ...]] | None = None
    for attempt in range(_TRIES):
        events = _deal(targets, random.Random(1000 * seed + attempt))
        checks = _checks(targets, events)
        missed = sum(not check.is_met for check in checks)
        if best is None or missed < best[0]:
            best = (missed, events, checks)
        if not missed:
            break
    assert best is not None
    return AdverseEventSolution(tuple(best[1]), best[2], tuple(_conflicts(targets)))


def _deal(targets: AdverseEventTargets, rng: random.Random) -> list[AdverseEvent]:
    """Deal terms, then grades, then flags."""
    with_any = _number_with_any(targets)
    patients = rng.sample(range(targets.n), with_any)
    severe_number = min(_number_severe(targets), with_any)
    worst = _worst_grades(targets, patients, severe_number, rng)
    severe, fatal = patients[:severe_number], [p for p in patients if worst.get(p) == 5]
    load: Counter[int] = Counter()
    heavy: Counter[int] = Counter()
    grades: dict[tuple[int, str], int] = {}
    for row in sorted(targets.terms, key=lambda row: -(row.any_grade or 0)):
        for grade in _row_grades(row):
            if grade == _MILD or 0 < grade < _SEVERE:
                continue
            able = (fatal or severe) if grade == 5 else severe
            chosen = _least(able, heavy, row.term, grades, rng)
            if chosen is not None:
                grades[chosen, row.term] = grade
                heavy[chosen] += 1
                load[chosen] += 1
    for row in sorted(targets.terms, key=lambda row: row.any_grade or 0):
        for grade in _row_grades(row):
            if grade == _MILD or 0 < grade < _SEVERE:
                chosen = _least(patients, load, row.term, grades, rng)
                if chosen is not None:
                    grades[chosen, row.term] = grade
                    load[chosen] += 1
    if not targets.is_complete:
        grades |= {(p, targets.other_term): _OPEN for p in severe if not heavy[p]}
        grades |= {(p, targets.other_term): _MILD for p in patients[severe_number:] if not load[p]}
    decided = _decide(grades, worst, rng)
    flags = _flag(targets, decided, set(severe), rng)
    return [AdverseEvent(p, term, grade, tuple(sorted(flags[p, term]))) for (p, term), grade in sorted(decided.items())]


def _number_with_any(targets: AdverseEventTargets) -> int:
    if targets.any_event is not None:
        return min(targets.any_event, targets.n)
    if targets.grades:
        return min(sum(targets.grades.values()), targets.n)
    largest = max((row.any_grade or 0 for row in targets.terms), default=0)
    every = sum(row.any_grade or 0 for row in targets.terms)
    return min(targets.n, every, max(largest, (largest + targets.n) // 2))


def _number_severe(targets: AdverseEventTargets) -> int:
    if targets.any_grade_3 is not None:
        return targets.any_grade_3
    if graded := [count for grade, count in targets.grades.items() if grade >= _SEVERE]:
        return sum(graded)
    counts = [sum(_is_severe(grade) for grade in _row_grades(row)) for row in targets.terms]
    return min(sum(counts), max(max(counts, default=0), round(0.7 * sum(counts))))


def _is_severe(grade: int) -> bool:
    return grade == _OPEN or grade >= _SEVERE


def _row_grades(row: TermTargets) -> list[int]:
    """List the grades of the patients of a row, as far as they are printed."""
    grades = [grade for grade, count in sorted(row.grades.items(), reverse=True) for _ in range(count)]
    severe = sum(grade >= _SEVERE for grade in grades)
    grades += [_OPEN] * max(0, (row.grade_3 or 0) - severe)
    return grades + [_MILD] * max(0, (row.any_grade or 0) - len(grades))


def _worst_grades(
    targets: AdverseEventTargets, patients: Sequence[int], severe: int, rng: random.Random
) -> dict[int, int]:
    """Give patients the worst grade that is printed for so many of them."""
    high = [grade for grade, count in sorted(targets.grades.items(), reverse=True) for _ in range(count)]
    low = [grade for grade in high if grade < _SEVERE]
    high = [grade for grade in high if grade >= _SEVERE]
    own = dict(zip(patients[:severe], high, strict=False))
    rest = list(patients[severe:])
    rng.shuffle(rest)
    return own | dict(zip(rest, low, strict=False))


def _least(
    able: Sequence[int],
    load: Mapping[int, int],
    term: str,
    grades: Mapping[tuple[int, str], int],
    rng: random.Random,
) -> int | None:
    """Choose who has nothing yet, else anybody without the term."""
    free = [p for p in able if (p, term) not in grades]
    if not free:
        return None
    return rng.choice([p for p in free if not load[p]] or free)


def _decide(
    grades: Mapping[tuple[int, str], int], worst: Mapping[int, int], rng: random.Random
) -> dict[tuple[int, str], int]:
    """Decide the grades that were not printed, so that each patient's worst is the one printed for so many."""
    by_patient: dict[int, list[str]] = defaultdict(list)
    for patient, term in grades:
        by_patient[patient].append(term)
    decided = {}
    for patient, terms in by_patient.items():
        bound = worst.get(patient)
        for open_grade, default in ((_OPEN, _SEVERE), (_MILD, 0)):
            rows = [term for term in terms if grades[patient, term] == open_grade]
            rng.shuffle(rows)
            for k, term in enumerate(rows):
                grade = default or (rng.choice((1, 1, 2)) if bound is None or bound > 2 else 1)
                if k == 0 and bound is not None and (bound >= _SEVERE) == (open_grade == _OPEN):
                    grade = bound if bound != 5 else grade
                decided[patient, term] = grade
        decided |= {(patient, term): grades[patient, term] for term in terms if grades[patient, term] > 0}
    return decided


def _flag(
    targets: AdverseEventTargets, grades: dict[tuple[int, str], int], severe: set[int], rng: random.Random
) -> dict[tuple[int, str], set[str]]:
    """Put flags on events, on events outside the table too: as many patients of each term, and at all, as printed."""
    flags: dict[tuple[int, str], set[str]] = defaultdict(set)
    rows = {row.term: row for row in targets.terms}
    for flag in sorted({*targets.flags, *(flag for row in targets.terms for flag in row.flags)}):
        total = targets.flags.get(flag)
        flagged: set[int] = set()
        for term, row in rows.items():
            able = [p for p, other in grades if other == term]
            rng.shuffle(able)
            for _ in range(row.flags.get(flag, 0)):
                is_full = total is not None and len(flagged) >= total
                able.sort(key=lambda p: ((p in flagged) != is_full, p not in severe))
                if able:
                    chosen = able.pop(0)
                    flags[chosen, term].add(flag)
                    flagged.add(chosen)
        able = sorted({p for p, _ in grades} - flagged)
        others = [(p, term) for p, term in grades if p not in flagged and flag not in _printed_flags(rows, term)]
        rng.shuffle(others)
        if not targets.is_complete:
            others += [(p, targets.other_term) for p in rng.sample(able, len(able))]
        others.sort(key=lambda key: (key not in grades, key[0] not in severe))
        for patient, term in others:
            if total is None or len(flagged) >= total:
                break
            if patient not in flagged:
                grades.setdefault((patient, term), _SEVERE if patient in severe else 1)
                flags[patient, term].add(flag)
                flagged.add(patient)
    return flags


def _printed_flags(rows: Mapping[str, TermTargets], term: str) -> Mapping[str, int]:
    return rows[term].flags if term in rows else {}


def _checks(targets: AdverseEventTargets, events: Sequence[AdverseEvent]) -> tuple[Check, ...]:
    """Count again and compare."""
    found: list[tuple[str, int | None, int]] = []
    for row in targets.terms:
        own = [event for event in events if event.term == row.term]
        found.append((f"{row.term}.any grade", row.any_grade, len(own)))
        found.append((f"{row.term}.grade 3", row.grade_3, sum(event.grade >= _SEVERE for event in own)))
        found += [(f"{row.term}.grade {g}", c, sum(event.grade == g for event in own)) for g, c in row.grades.items()]
        found += [(f"{row.term}.{flag}", c, sum(flag in event.flags for event in own)) for flag, c in row.flags.items()]
    worst: dict[int, int] = {}
    for event in events:
        worst[event.patient] = max(worst.get(event.patient, 0), event.grade)
    found.append(("any event", targets.any_event, len(worst)))
    found.append(("any event of grade 3", targets.any_grade_3, sum(grade >= _SEVERE for grade in worst.values())))
    found += [(f"worst grade {g}", c, sum(grade == g for grade in worst.values())) for g, c in targets.grades.items()]
    found += [
        (f"any {flag}", c, len({event.patient for event in events if flag in event.flags}))
        for flag, c in targets.flags.items()
    ]
    return tuple(
        Check(
            name, str(shown), float(count), count == shown, "" if count == shown else "see the conflicts of the table"
        )
        for name, shown, count in found
        if shown is not None
    )


def _conflicts(targets: AdverseEventTargets) -> Iterator[Conflict]:
    """Find the counts that stand against each other by counting alone."""
    yield from _row_conflicts(targets)
    yield from _total_conflicts(targets)


def _row_conflicts(targets: AdverseEventTargets) -> Iterator[Conflict]:
    for row in targets.terms:
        grades = _row_grades(row)
        if row.any_grade is not None and len(grades) > row.any_grade:
            names = (f"{row.term}.any grade", f"{row.term}.grade 3", *(f"{row.term}.grade {g}" for g in row.grades))
            yield Conflict(names, f"{len(grades)} patients by grade, {row.any_grade} at all", is_proved=True)
        if targets.any_event is not None and len(grades) > targets.any_event:
            reason = f"{len(grades)} patients with this term, {targets.any_event} with any"
            yield Conflict((f"{row.term}.any grade", "any event"), reason, is_proved=True)
        severe = sum(_is_severe(grade) for grade in grades)
        if targets.any_grade_3 is not None and severe > targets.any_grade_3:
            reason = f"{severe} patients with this term at grade 3 or more, {targets.any_grade_3} with any"
            yield Conflict((f"{row.term}.grade 3", "any event of grade 3"), reason, is_proved=True)
        for flag, count in row.flags.items():
            if count > len(grades) or count > targets.flags.get(flag, count):
                reason = (
                    f"{count} patients of {len(grades)} with the term, {targets.flags.get(flag, '?')} with any term"
                )
                yield Conflict((f"{row.term}.{flag}", f"{row.term}.any grade", f"any {flag}"), reason, is_proved=True)


def _total_conflicts(targets: AdverseEventTargets) -> Iterator[Conflict]:
    every = sum(len(_row_grades(row)) for row in targets.terms)
    severe = sum(_is_severe(grade) for row in targets.terms for grade in _row_grades(row))
    if targets.is_complete and targets.any_event is not None and every < targets.any_event:
        names = tuple(f"{row.term}.any grade" for row in targets.terms)
        yield Conflict((*names, "any event"), f"{every} in all rows, {targets.any_event} patients", is_proved=True)
    if targets.is_complete and targets.any_grade_3 is not None and severe < targets.any_grade_3:
        names = tuple(f"{row.term}.grade 3" for row in targets.terms)
        reason = f"{severe} of grade 3 or more in all rows, {targets.any_grade_3} patients"
        yield Conflict((*names, "any event of grade 3"), reason, is_proved=True)
    if None not in (targets.any_event, targets.any_grade_3) and (targets.any_grade_3 or 0) > (targets.any_event or 0):
        yield Conflict(("any event of grade 3", "any event"), "more of grade 3 than at all", is_proved=True)
    if targets.any_event is not None and targets.any_event > targets.n:
        yield Conflict(("any event",), f"{targets.any_event} of {targets.n} patients", is_proved=True)
