"""Last doses that give the printed median and quartiles of the time on a drug."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from onearm.protocol.treatment import Treatment
from onearm.reconstruction.exposure_days import end_exactly, fit_durations
from onearm.reconstruction.patients import Dose

REGORAFENIB = Treatment(name="regorafenib", unit="mg", dose_levels=(80, 40), cycle_days=28, dosing_days="1-21")
SINTILIMAB = Treatment(name="sintilimab", unit="mg", dose_levels=(200,), cycle_days=21, dosing_days="1")


def test_the_patients_at_the_quartiles_have_the_printed_days() -> None:
    usual = [10 * (i + 1) for i in range(9)]
    # nine patients, type 6 of SPSS: the quartiles are the means of the 2nd and 3rd and of the 7th and 8th
    knots = [(1, 15), (2, 15), (4, 40), (6, 66), (7, 66)]
    assert fit_durations(usual, [day + 20 for day in usual], knots) == [10, 15, 15, 28, 40, 53, 66, 66, 90]


def test_nobody_is_treated_for_longer_than_the_course_allows() -> None:
    assert fit_durations([10, 20, 30], [12, 22, 32], [(1, 25)]) == [10, 22, 30]


def test_whose_treatment_goes_on_keeps_it() -> None:
    assert fit_durations([10, 20, 30], [10, 20, 30], [(1, 15)], fixed={1}) == [10, 20, 30]


@given(st.lists(st.integers(1, 900), min_size=5, max_size=60))
def test_a_median_that_all_could_have_is_had(days: list[int]) -> None:
    middle = (len(days) - 1) // 2
    wanted = min(sorted(days)[middle], 100)
    fitted = fit_durations(days, days, [(middle, wanted)])
    assert np.partition(fitted, middle)[middle] == wanted
    assert all(after <= before for before, after in zip(days, fitted, strict=True))


def test_a_last_cycle_is_delayed_until_its_last_dose_lies_on_the_day() -> None:
    given_doses = [Dose("regorafenib", 0, 0, 20), Dose("regorafenib", 0, 28, 48)]
    assert end_exactly(given_doses, REGORAFENIB, 53)[-1] == Dose("regorafenib", 0, 33, 53)


def test_infusions_are_three_days_early_at_most() -> None:
    doses = [Dose("sintilimab", 0, day, day) for day in (0, 21)]
    # a third infusion on day 36 would come six days early: the second is late instead
    assert [dose.start for dose in end_exactly(doses, SINTILIMAB, 30)] == [0, 30]
    assert [dose.start for dose in end_exactly(doses, SINTILIMAB, 37)] == [0, 18, 37]


def test_what_begins_treatment_is_on_its_day() -> None:
    assert end_exactly([Dose("sintilimab", 0, 0, 0)], SINTILIMAB, 9) == [Dose("sintilimab", 0, 0, 0)]
