"""Tables of adverse events: from random events to counts and back, and tables that contradict themselves."""

from __future__ import annotations

import numpy as np
import pytest

from onearm.reconstruction.adverse_events import solve_adverse_events
from onearm.reconstruction.count_targets import AdverseEventTargets, TermTargets


def _table(seed: int, *, is_complete: bool) -> AdverseEventTargets:
    """Count random events: the counts can hold together, because these events give them."""
    rng = np.random.default_rng(seed)
    n, n_terms = int(rng.integers(20, 80)), int(rng.integers(3, 25))
    grade = np.where(rng.random((n, n_terms)) < rng.uniform(0.02, 0.5, n_terms), rng.integers(1, 6, (n, n_terms)), 0)
    serious = (grade >= 3) & (rng.random((n, n_terms)) < 0.4)
    shown = range(n_terms if is_complete else n_terms // 2)
    terms = tuple(
        TermTargets(
            f"term {k}",
            any_grade=int((grade[:, k] > 0).sum()),
            grade_3=int((grade[:, k] >= 3).sum()),
            flags={"serious": int(serious[:, k].sum())},
        )
        for k in shown
    )
    worst = grade.max(axis=1)
    return AdverseEventTargets(
        n,
        terms,
        any_event=int((worst > 0).sum()),
        any_grade_3=int((worst >= 3).sum()),
        flags={"serious": int(serious.any(axis=1).sum())},
        is_complete=is_complete,
    )


@pytest.mark.parametrize("is_complete", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_counts_of_random_events_are_met_again(seed, is_complete):
    targets = _table(seed, is_complete=is_complete)
    solution = solve_adverse_events(targets, seed=seed)
    assert [check for check in solution.checks if not check.is_met] == []
    assert solution.conflicts == ()
    # counted once more, from the events alone
    for row in targets.terms:
        own = [event for event in solution.events if event.term == row.term]
        assert len({event.patient for event in own}) == len(own) == row.any_grade
        assert sum(event.grade >= 3 for event in own) == row.grade_3
    assert len({event.patient for event in solution.events}) == targets.any_event
    assert len({event.patient for event in solution.events if event.grade >= 3}) == targets.any_grade_3
    assert all(0 <= event.patient < targets.n and 1 <= event.grade <= 5 for event in solution.events)
    if is_complete:
        assert {event.term for event in solution.events} <= {row.term for row in targets.terms}


def test_patients_by_worst_grade_and_deaths():
    targets = AdverseEventTargets(
        30,
        (
            TermTargets("Bleeding", 10, 3, grades={5: 1}),
            TermTargets("Nausea", 15, 2),
            TermTargets("Fistula", 1, 0, {2: 1}),
        ),
        grades={1: 8, 2: 7, 3: 3, 4: 1, 5: 1},
    )
    solution = solve_adverse_events(targets)
    assert [check for check in solution.checks if not check.is_met] == []
    assert [event.grade for event in solution.events if event.term == "Fistula"] == [2]


@pytest.mark.parametrize(
    ("targets", "names"),
    [
        (AdverseEventTargets(10, (TermTargets("Rash", 3, 4),)), {"Rash.any grade", "Rash.grade 3"}),
        (AdverseEventTargets(10, (TermTargets("Rash", 6),), any_event=5), {"Rash.any grade", "any event"}),
        (
            AdverseEventTargets(10, (TermTargets("Rash", 6, 3),), any_grade_3=2),
            {"Rash.grade 3", "any event of grade 3"},
        ),
        (
            AdverseEventTargets(10, (TermTargets("Rash", 3),), any_event=5, is_complete=True),
            {"Rash.any grade", "any event"},
        ),
        (AdverseEventTargets(10, (), any_event=11), {"any event"}),
    ],
)
def test_tables_that_contradict_themselves_name_the_counts(targets, names):
    solution = solve_adverse_events(targets)
    assert [set(conflict.names) for conflict in solution.conflicts] == [names]
    assert all(conflict.is_proved and conflict.reason for conflict in solution.conflicts)
    assert any(not check.is_met for check in solution.checks)
