"""Which events were judged to be immune-related: all printed counts at once, and no event that is not there."""

from __future__ import annotations

from collections import defaultdict

from onearm.reconstruction.count_targets import AdverseEventTargets, TermTargets
from onearm.reconstruction.judgement import IMMUNE, RELATED, ImmuneTargets, judge_events
from onearm.reconstruction.reconstruct import solve_event_sets
from onearm.reconstruction.solutions import AdverseEvent, AdverseEventSolution

# Table 3 of NCT05013697, rows of which events were judged to be immune-related: related events of 50 patients.
RELATED_EVENTS = AdverseEventTargets(
    50,
    (
        TermTargets("Fatigue", 19, 0),
        TermTargets("Anorexia", 25, 4),
        TermTargets("Diarrhea", 9, 2),
        TermTargets("Hypothyroidism", 9, 0),
        TermTargets("Neutropenia", 27, 22),
    ),
    any_event=46,
    any_grade_3=37,
)
ALL_EVENTS = AdverseEventTargets(
    50,
    (TermTargets("Fatigue", 22, 0), TermTargets("Diarrhea", 13, 2), TermTargets("Hypothyroidism", 10, 0)),
    any_event=46,
    any_grade_3=39,
)
PRINTED = ImmuneTargets(
    any_event=24,
    any_grade_3=3,
    terms={"Hypothyroidism": 9, "Diarrhea": 7, "Alanine aminotransferase increased": 5},
    further=("Fatigue", "Anorexia"),
    most_of_further=4,
)


def judged(solution: AdverseEventSolution) -> dict[str, set[int]]:
    """Patients by term of the events that were judged so."""
    found: dict[str, set[int]] = defaultdict(set)
    for event in solution.events:
        if IMMUNE in event.flags:
            found[event.term].add(event.patient)
    return found


def test_every_printed_count_holds_and_other_terms_stay_below_ten_percent() -> None:
    events, _ = solve_event_sets({"TRAE": RELATED_EVENTS, "TEAE": ALL_EVENTS}, 50, seed=1)
    solution = judge_events(events, PRINTED, seed=1)
    found = judged(solution)
    assert [check.is_met for check in solution.checks] == [True] * 5
    assert solution.conflicts == ()
    assert {term: len(patients) for term, patients in found.items() if term in PRINTED.terms} == PRINTED.terms
    assert len(set.union(*found.values())) == 24
    severe = {event.patient for event in solution.events if IMMUNE in event.flags and event.grade >= 3}
    assert len(severe) == 3
    assert all(len(found[term]) <= 4 for term in PRINTED.further)
    assert set(found) <= {*PRINTED.terms, *PRINTED.further}


def test_nobody_has_another_event_or_grade_than_before() -> None:
    events, _ = solve_event_sets({"TRAE": RELATED_EVENTS, "TEAE": ALL_EVENTS}, 50, seed=2)
    solution = judge_events(events, PRINTED, seed=2)
    before = [(event.patient, event.term, event.grade) for event in events]
    after = [(event.patient, event.term, event.grade) for event in solution.events]
    assert after[: len(before)] == before
    # what is added is a term that no row counts, mild, and in patients who had a related event
    added = solution.events[len(before) :]
    assert {event.term for event in added} == {"Alanine aminotransferase increased"}
    assert max(event.grade for event in added) <= 2
    assert {event.patient for event in added} <= {event.patient for event in events if RELATED in event.flags}


def test_an_event_of_another_cause_is_judged_so_only_where_no_related_one_is_left() -> None:
    """Two of three patients with rash: the one whose rash is not related is not among them."""
    events = [
        AdverseEvent(0, "Rash", 1),
        AdverseEvent(1, "Rash", 1, (RELATED,)),
        AdverseEvent(2, "Rash", 1, (RELATED,)),
    ]
    assert judged(judge_events(events, ImmuneTargets(terms={"Rash": 2})))["Rash"] == {1, 2}
    assert judged(judge_events(events, ImmuneTargets(terms={"Rash": 3})))["Rash"] == {0, 1, 2}


def test_counts_that_contradict_each_other_are_named_and_missed_by_as_little_as_possible() -> None:
    """Three patients with rash cannot be two patients with any immune-related event."""
    events = [AdverseEvent(i, "Rash", 1, (RELATED,)) for i in range(5)]
    solution = judge_events(events, ImmuneTargets(any_event=2, terms={"Rash": 3}))
    assert sum(check.is_met for check in solution.checks) == 1
    assert abs(len(judged(solution)["Rash"]) - 2.5) == 0.5
    (conflict,) = solution.conflicts
    assert conflict.is_proved
    assert len(conflict.names) == 1


def test_one_event_of_grade_3_may_be_the_only_severe_one() -> None:
    """Rash of grade 3 in patient 0 only; one patient with grade 3 and two with any: 0 and one other."""
    events = [AdverseEvent(0, "Rash", 3), AdverseEvent(1, "Rash", 2), AdverseEvent(2, "Rash", 1)]
    targets = ImmuneTargets(any_event=2, any_grade_3=1, terms={"Rash": 2}, severe_terms={"Rash": 1})
    assert 0 in judged(judge_events(events, targets))["Rash"]
