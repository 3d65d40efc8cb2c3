"""What is proved impossible is impossible: every curve of few patients is tried."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from onearm.reconstruction.conflicts import find_conflicts
from onearm.reconstruction.printed import printed
from onearm.reconstruction.proofs import is_landmark_possible, landmark_conflicts
from onearm.reconstruction.targets import Conventions, CurveTargets, Landmark
from onearm.stats.kaplan_meier import kaplan_meier


def _all_curves(n: int, interval: str) -> set[tuple[str, str, str]]:
    """Print S and its limits for every order of events and censorings of n patients, at every time."""
    found = set()
    for happened in itertools.product((0, 1), repeat=n):
        curve = kaplan_meier(np.arange(1, n + 1), happened, interval=interval)
        for s, low, high in zip(curve.survival, curve.low, curve.high, strict=True):
            if 0 < s < 1 and np.isfinite(low):
                found.add((f"{100 * s:.1f}", f"{100 * low:.1f}", f"{100 * high:.1f}"))
    return found


@pytest.mark.parametrize("interval", ["plain", "log", "log-log"])
def test_nothing_that_a_curve_of_nine_patients_prints_is_called_impossible(interval):
    conventions = Conventions(interval=interval)
    for rate, low, high in sorted(_all_curves(9, interval))[::7]:
        mark = Landmark(6, printed(rate), printed(low), printed(high))
        assert is_landmark_possible(mark, 9, conventions), (rate, low, high)


@pytest.mark.parametrize("interval", ["plain", "log", "log-log"])
def test_limits_that_are_much_too_near_are_impossible(interval):
    mark = Landmark(6, printed("60.0"), printed("58.0"), printed("62.0"))
    assert not is_landmark_possible(mark, 40, Conventions(interval=interval))


def test_six_month_survival_of_the_colorectal_trial_cannot_have_its_limits():
    """
    S = 85.4 % (78.5 to 92.4) of 103 patients.

    By hand: 15 events without any censoring give 88/103 = 85.44 %, SE = sqrt(0.8544 * 0.1456 / 103) = 3.476 and 78.6 to 92.2;
    more censoring lowers S below 85.35 %. 14 events at like numbers at risk, the least variance, give
    0.854 * 1.96 * sqrt(14 * (log 0.854 / 14)^2) = 7.06: 78.3 to 92.5.
    """
    mark = Landmark(6, printed("85.4"), printed("78.5"), printed("92.4"))
    (conflict,) = landmark_conflicts(CurveTargets("OS", "OS", landmarks=(mark,)), 103, Conventions(interval="plain"))
    assert conflict.names == ("OS.at 6", "OS.at 6 low", "OS.at 6 high")
    assert conflict.is_proved
    assert is_landmark_possible(
        Landmark(6, printed("85.4"), printed("78.6"), printed("92.2")), 103, Conventions("plain")
    )


def test_numbers_that_can_be_met_are_no_conflict_and_proofs_need_no_search():
    curve = CurveTargets("PFS", "PFS", n=30, events=20, median=printed("6.2"), low=printed("4.1"), high=printed("8.7"))
    assert find_conflicts(curve, Conventions()) == []
    mark = Landmark(6, printed("85.4"), printed("78.5"), printed("92.4"))
    (conflict,) = find_conflicts(CurveTargets("OS", "OS", n=103, landmarks=(mark,)), Conventions(interval="plain"))
    assert conflict.is_proved
