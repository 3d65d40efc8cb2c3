"""Reconstructed phases of treatment: who stops where, and how late cycles are."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from onearm.errors import DataError
from onearm.protocol import Protocol, parse_protocol
from onearm.reconstruction.course import DEATH, PROGRESSION, WITHDRAWAL, Way
from onearm.reconstruction.patients import PhaseEnd
from onearm.reconstruction.phase_days import spread_days
from onearm.reconstruction.phase_doses import dose_phases, phase_ends
from onearm.reconstruction.phase_ends import end_in_phases
from onearm.reconstruction.printed import printed
from onearm.reconstruction.setting import Irregular, PhaseCourse, PhaseDuration, Setting

TEXT = """
schema = 1
[trial]
id = "T"
title = "T"
[[treatment]]
name = "a"
unit = "mg"
dose_levels = [10, 8]
cycle_days = 21
dosing_days = "1-14"
[[treatment]]
name = "b"
unit = "mg"
dose_levels = [100]
cycle_days = 21
dosing_days = "1"
[[phase]]
name = "initial"
epoch = "INDUCTION TREATMENT"
max_cycles = 4
[[phase]]
name = "later"
epoch = "MAINTENANCE TREATMENT"
[sets]
ITT = ["enrolled"]
[endpoint.ORR]
role = "primary"
set = "ITT"
success = ["CR", "PR"]
"""


def _protocol() -> Protocol:
    return parse_protocol(TEXT)


def _setting(*phases: PhaseCourse) -> Setting:
    day = dt.date(2022, 1, 1)
    return Setting(day, day, dt.date(2024, 1, 1), phases=phases)


def _ways() -> list[Way]:
    return [
        Way("NE", "censored", 0, None, 300, is_dead=False, stop_day=5, stop_reason=WITHDRAWAL),
        Way("NE", "death", 50, None, 50, is_dead=True, stop_day=45, stop_reason=DEATH),
        Way("PR", "progression", 300, 40, 400, is_dead=False, stop_day=305, stop_reason=PROGRESSION),
        Way("PR", "death", 290, 40, 290, is_dead=True, stop_day=285, stop_reason=DEATH),
        Way("SD", "progression", 100, None, 200, is_dead=False, stop_day=104, stop_reason=PROGRESSION),
        Way("PR", "censored", 500, 40, 510, is_dead=False),
    ]


def _courses(**changed: object) -> tuple[PhaseCourse, PhaseCourse]:
    initial = PhaseCourse(
        "initial", reasons={WITHDRAWAL: 1, DEATH: 1, "ADVERSE EVENT": 1}, cycles={3: 1, 4: 2}, **changed
    )
    return initial, PhaseCourse("later", reasons={PROGRESSION: 1, DEATH: 1}, drugs=("a",))


def test_everybody_stops_where_the_course_allows_it() -> None:
    ways = end_in_phases(_ways(), _setting(*_courses()), _protocol(), np.random.default_rng(1))
    assert [(way.phase, way.stop_reason) for way in ways] == [
        ("initial", WITHDRAWAL),
        ("initial", DEATH),
        ("later", PROGRESSION),
        ("later", DEATH),
        ("initial", "ADVERSE EVENT"),
        ("later", ""),
    ]
    # Whoever stopped for an adverse event stopped before the progression that follows, and before the fourth cycle.
    stopped = ways[4].stop_day
    assert stopped is not None
    assert stopped < 63
    assert ways[5].stop_day is None


def test_without_phases_nobody_moves() -> None:
    assert end_in_phases(_ways(), _setting(), _protocol(), np.random.default_rng(1)) == _ways()


def _dosed(setting: Setting) -> tuple[list[Way], list[dict[str, list[tuple[int, int, int]]]]]:
    rng = np.random.default_rng(1)
    ways = end_in_phases(_ways(), setting, _protocol(), rng)
    given = dose_phases(ways, [()] * len(ways), setting, _protocol(), rng)
    by_drug = [
        {
            f"{dose.drug} {dose.epoch[:1]}": [
                (one.start, one.end, one.level) for one in doses if (one.drug, one.epoch) == (dose.drug, dose.epoch)
            ]
            for dose in doses
        }
        for doses in given
    ]
    return ways, by_drug


def test_cycles_follow_one_another_and_the_next_phase_follows_the_last_of_them() -> None:
    _, given = _dosed(_setting(*_courses()))
    # The first withdrew on day 5, within the first cycle.
    assert given[0] == {"a I": [(0, 5, 0)], "b I": [(0, 0, 0)]}
    # Of those who go on, the one with least time had three cycles: 0, 21, 42, then the next phase without b.
    assert [start for start, _, _ in given[3]["b I"]] == [0, 21, 42]
    assert given[3]["a M"][0] == (63, 76, 0)
    assert "b M" not in given[3]
    assert given[3]["a M"][-1][1] <= 285
    assert [start for start, _, _ in given[5]["b I"]] == [0, 21, 42, 63]


def test_the_mean_and_the_range_of_the_days_on_a_drug_come_out() -> None:
    shown = PhaseDuration("b", mean=printed("1.4"), low=printed("0.1"), high=printed("2.5"))
    _, given = _dosed(_setting(*_courses(durations=(shown,))))
    days = sorted(one["b I"][-1][1] - one["b I"][0][0] + 1 for one in given)
    # 0.1 and 2.5 months are 3 and 76 days; six patients at 1.4 months have 256 days in all.
    assert (days[0], days[-1]) == (3, 76)
    assert sum(days) == 256
    assert all(
        late[0] - early[0] >= 21 for one in given for early, late in zip(one["b I"], one["b I"][1:], strict=False)
    )


def test_an_irregular_course_skips_reduces_and_misses_what_it_says() -> None:
    odd = Irregular(4, every_days=28, skipped={"b": (2, 3)}, reduced={"a": 2}, missed={"a": 2})
    _, given = _dosed(_setting(*_courses(irregular=(odd,))))
    longest = given[5]
    assert [start for start, _, _ in longest["b I"]] == [0, 84]
    # The last stretch of 14 days, from day 84, lacks two days in its middle.
    assert longest["a I"] == [(0, 13, 0), (28, 41, 0), (56, 69, 0), (84, 89, 1), (92, 97, 1)]


def test_cycles_of_another_number_of_patients_are_refused_with_their_fix() -> None:
    first, *others = _courses()
    short = replace(first, cycles={4: 1})
    with pytest.raises(DataError, match=r"cohort.phase.initial.cycles: 1 patients have cycles, but \d go on"):
        _dosed(_setting(short, *others))


def test_the_end_of_every_phase_is_recorded() -> None:
    setting = _setting(*_courses())
    rng = np.random.default_rng(1)
    ways = end_in_phases(_ways(), setting, _protocol(), rng)
    doses = dose_phases(ways, [()] * len(ways), setting, _protocol(), rng)
    assert phase_ends(ways[0], doses[0], setting, _protocol()) == (PhaseEnd("INDUCTION TREATMENT", 5, WITHDRAWAL),)
    assert phase_ends(ways[3], doses[3], setting, _protocol()) == (
        PhaseEnd("INDUCTION TREATMENT", 55, "COMPLETED"),
        PhaseEnd("MAINTENANCE TREATMENT", 285, DEATH),
    )
    assert [end.reason for end in phase_ends(ways[5], doses[5], setting, _protocol())] == ["COMPLETED"]


@pytest.mark.parametrize(("total", "added"), [(30, 0), (25, 0), (40, 10), (99, 12)])
def test_days_are_added_up_to_what_there_is_room_for(total: int, added: int) -> None:
    assert sum(spread_days([10, 10, 10], [0, 6, 6], total, np.random.default_rng(2))) == added
