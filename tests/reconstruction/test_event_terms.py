"""Counts of patients by how their times ended."""

from __future__ import annotations

from onearm.reconstruction.cohort_targets import Cohort
from onearm.reconstruction.event_terms import event_terms
from onearm.reconstruction.terms import Patients

# day 100 with an event, 200 and 300 without; the second of those without dies
PATIENTS = Patients(3, {"PFS": [200, 401, 601], "OS": [241, 440, 701]})


def test_whoever_is_on_treatment_is_alive_without_progression() -> None:
    (one,) = event_terms(Cohort(3, {"SD": 3}, ongoing=1))
    (two,) = event_terms(Cohort(3, {"SD": 3}, ongoing=2))
    assert list(one.compute(PATIENTS)) == [1.0]
    assert one.loss(PATIENTS) == 0.0
    assert two.loss(PATIENTS) > 0.0
    assert not list(event_terms(Cohort(3, {"SD": 3})))
