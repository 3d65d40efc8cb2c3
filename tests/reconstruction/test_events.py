"""Tables of adverse events: rows and totals at once, and what cannot be met."""

from __future__ import annotations

from onearm.reconstruction.count_targets import AdverseEventTargets, TermTargets
from onearm.reconstruction.reconstruct import solve_event_sets


def patients(events: list, term: str, grade: int = 1) -> int:
    return len({one.patient for one in events if one.term == term and one.grade >= grade})


def test_events_of_other_causes_come_on_top_of_the_related_ones() -> None:
    # Table 3 of NCT05013697: leukopenia in 32 patients, in 31 of them related; of grade 3 in 12
    related = AdverseEventTargets(50, (TermTargets("Leukopenia", 31, 12), TermTargets("Cough", 4, 0)), any_event=46)
    every = AdverseEventTargets(50, (TermTargets("Leukopenia", 32, 12), TermTargets("Cough", 11, 2)), any_event=46)
    events, _ = solve_event_sets({"TRAE": related, "TEAE": every}, 50, seed=3)
    mine = [one for one in events if "RELATED" in one.flags]
    assert (patients(mine, "Leukopenia"), patients(events, "Leukopenia")) == (31, 32)
    assert (patients(events, "Leukopenia", 3), patients(events, "Cough", 3)) == (12, 2)
    assert (patients(mine, "Cough"), patients(events, "Cough")) == (4, 11)
    assert len({one.patient for one in mine}) == len({one.patient for one in events}) == 46


def test_a_row_larger_than_its_total_is_a_conflict_and_stops_nothing() -> None:
    table = AdverseEventTargets(20, (TermTargets("Rash", 9, 0), TermTargets("Fever", 3, 0)), any_event=8)
    events, solved = solve_event_sets({"TRAE": table}, 20, seed=1)
    assert patients(events, "Fever") == 3
    assert any("Rash.any grade" in conflict.names for conflict in solved[0].conflicts)
