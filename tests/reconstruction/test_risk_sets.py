"""Numbers at risk at the events that give printed rates with their limits."""

from __future__ import annotations

import random

import numpy as np
import pytest

from onearm.reconstruction.printed import NOT_REACHED, printed
from onearm.reconstruction.risk_sets import draw_risk_sets, lay_out_days
from onearm.reconstruction.targets import Conventions, CurveTargets, Landmark, Schedule
from onearm.stats.kaplan_meier import kaplan_meier, survival_at

SIX = Landmark(6, printed("75.3"), printed("56.1"), printed("87.0"))
TWELVE = Landmark(12, printed("52.4"), printed("28.3"), printed("71.9"))
CURVE = CurveTargets(
    "OS", "OS", n=43, median=printed("15.1"), low=printed("7.2"), high=NOT_REACHED, landmarks=(SIX, TWELVE)
)


def test_drawn_patients_have_every_rate_with_its_limits() -> None:
    conventions = Conventions(interval="log-log")
    rng = random.Random(1)
    found = draw_risk_sets(CURVE, conventions, rng)
    assert found
    codes = lay_out_days(found[0], CURVE, conventions, Schedule(longest_follow_up=1114), rng)
    assert len(codes) == 43
    time, event = np.array(codes) // 2, np.array(codes) % 2 == 0
    curve = survival_at(kaplan_meier(time / 30.4375, event, interval="log-log"), [6, 12])
    # Toulmonde et al. (2025): 75.3 % (56.1 to 87.0) at six months, 52.4 % (28.3 to 71.9) at twelve
    assert (100 * curve.survival).round(1).tolist() == [75.3, 52.4]
    assert (100 * curve.low).round(1).tolist() == [56.1, 28.3]
    assert (100 * curve.high).round(1).tolist() == [87.0, 71.9]


@pytest.mark.parametrize("low", ["78.5", "60.0"])
def test_limits_that_no_order_gives_are_not_drawn(low: str) -> None:
    # of ten patients 70 % has the plain limits 41.6 and 98.4 without censoring, and wider ones with it
    mark = Landmark(6, printed("70.0"), printed(low), printed("98.4"))
    curve = CurveTargets("OS", "OS", n=10, landmarks=(mark,))
    assert draw_risk_sets(curve, Conventions(interval="plain"), random.Random(1)) == []


def test_a_rate_without_limits_needs_no_draw() -> None:
    curve = CurveTargets("OS", "OS", n=10, landmarks=(Landmark(6, printed("70.0")),))
    assert draw_risk_sets(curve, Conventions(), random.Random(1)) == []
