"""Counts that bind the courses of patients: early responses, lasting stable disease, changes of dose."""

from __future__ import annotations

import datetime as dt

from onearm.reconstruction.cohort_targets import Cohort
from onearm.reconstruction.count_targets import LastingStable, Reached
from onearm.reconstruction.course import Way
from onearm.reconstruction.event_terms import event_terms
from onearm.reconstruction.patients import Event
from onearm.reconstruction.setting import Action, Setting
from onearm.reconstruction.targets import Among, Schedule
from onearm.reconstruction.terms import Patients
from onearm.reconstruction.treatment import change_doses

SCANS = Schedule(scan_days=tuple(range(56, 600, 56)))


def computed(cohort: Cohort, patients: Patients) -> dict[str, float]:
    return {
        name: value
        for term in event_terms(cohort)
        for name, value in zip(term.names, term.compute(patients), strict=True)
    }


def test_a_response_counts_up_to_the_last_day_of_its_month() -> None:
    # six months are 182.6 days
    patients = Patients(3, {"TTR": [2 * 182, 2 * 183, -1]})
    cohort = Cohort(3, {"PR": 2, "PD": 1}, reached=(Reached("TTR", 6, 1),))
    assert computed(cohort, patients) == {"TTR.by 6": 1.0}


def test_stable_disease_lasts_where_an_assessment_after_six_months_still_shows_it() -> None:
    # scans on days 168 and 224: progression on day 230 hides the second, one on day 280 does not
    codes = [2 * 230, 2 * 280, 2 * 200 + 1, 2 * 180 + 1, 2 * 400]
    labels = {"BOR": ["SD", "SD", "SD", "SD", "PR"], "HISTOLOGY": ["A", "A", "B", "B", "A"]}
    among = (Among("HISTOLOGY", "A"),)
    cohort = Cohort(5, {"SD": 4, "PR": 1}, schedule=SCANS, stable=(LastingStable(6, 2), LastingStable(6, 1, among)))
    assert computed(cohort, Patients(5, {"PFS": codes}, labels)) == {"SD.lasting 6": 2.0, "SD A.lasting 6": 1.0}


def test_changes_of_dose_fall_on_as_many_patients_as_were_printed() -> None:
    ways = [Way("SD", "progression", 200, None, 400, is_dead=False, stop_day=205) for _ in range(10)]
    lists = [[Event("Rash", 2, 10, 20, "drug"), Event("Fatigue", 1, 30, 40, "drug")] for _ in ways]
    day = dt.date(2024, 1, 1)
    actions = (Action("DRUG INTERRUPTED", 6, "drug"), Action("DOSE REDUCED", 4, "drug"))
    setting = Setting(day, day, day, actions=actions, modified={"drug": 7})
    done = change_doses(lists, ways, setting)
    having = {
        action: {i for i, one in enumerate(done) if any(event.action == action for event in one)}
        for action in ("DRUG INTERRUPTED", "DOSE REDUCED")
    }
    assert [len(patients) for patients in having.values()] == [6, 4]
    assert len(set.union(*having.values())) == 7
