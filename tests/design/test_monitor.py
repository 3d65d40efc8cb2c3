"""Decisions while a trial runs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, binom

from onearm.stats.design.bayes import MonitoringPlan
from onearm.stats.design.looks import StoppingRule, two_stage_rule
from onearm.stats.design.monitor import monitor

PLAN = MonitoringPlan(tuple(range(10, 51, 5)), 0.10, 0.80, 0.25, 0.80)


def patients(n: int, *responders: int) -> list[bool]:
    return [k in responders for k in range(1, n + 1)]


def test_alter_e_003_goes_on_after_stage_1_and_ends_for_efficacy() -> None:
    stage1 = monitor(two_stage_rule(5, 15, 18, 46), patients(15, *range(1, 9)), rates=(0.3, 0.5))
    assert stage1.decision == "continue"
    assert stage1.chance_efficacy == pytest.approx(binom.sf(10, 31, [0.3, 0.5]), abs=1e-12)
    end = monitor(two_stage_rule(5, 15, 18, 46), patients(46, *range(1, 27)), rates=(0.5,))
    assert end.decision == "efficacy"
    assert end.next_look is None
    assert end.chance_efficacy.tolist() == [1.0]
    assert end.changes == ("At 46 patients 18 responders instead of 26 would not have been enough.",)


def test_bayesian_probabilities_are_those_of_the_last_look() -> None:
    state = monitor(PLAN, patients(13, 2, 12), rates=(0.1,))
    assert (state.look, state.responders_at_look, state.responders) == (10, 1, 2)
    assert state.probability_futility == pytest.approx(beta.cdf(0.10, 2, 10))
    assert state.probability_efficacy == pytest.approx(beta.sf(0.25, 2, 10))
    assert state.next_look == 15


def test_before_the_first_look_nothing_is_decided() -> None:
    state = monitor(PLAN, patients(4))
    assert state.decision == "before the first look"
    assert state.look is None
    assert state.next_look == 10
    assert np.isnan(state.probability_futility)
    assert state.changes[1] == "At 10 patients no number of responders stops the trial for futility."


def test_no_patients_at_all() -> None:
    state = monitor(PLAN, [])
    assert state.evaluable == 0
    assert state.path_n.tolist() == [0]


def test_the_first_boundary_crossed_decides_whatever_came_after() -> None:
    state = monitor(PLAN, patients(20, 16, 17, 18, 19, 20))
    assert (state.decision, state.look) == ("futility", 15)


def test_last_look_between_the_boundaries_is_inconclusive() -> None:
    state = monitor(PLAN, patients(50, 3, 20, 21, 22), rates=(0.1,))
    assert state.decision == "inconclusive"
    assert state.chance_inconclusive.tolist() == [1.0]
    assert "2 or fewer for futility, 15 or more for efficacy" in state.changes[0]


def test_sentences_say_what_is_certain_reached_or_out_of_reach() -> None:
    rule = StoppingRule((5, 10), (0, 8), (None, 9))
    assert monitor(rule, patients(7, 1)).changes == (
        "At 10 patients the trial ends for efficacy with 9 responders or more: out of reach.",
        "At 10 patients the trial ends for futility with 8 responders or fewer: certain.",
    )
    assert "already reached" in monitor(StoppingRule((5, 10), (0, 1), (None, 2)), patients(7, 1, 2)).changes[0]
    assert "none among the next 2" in monitor(StoppingRule((5, 9), (0, 2), (None, 3)), patients(7, 1, 2)).changes[1]


def test_path_is_cumulative_and_patients_beyond_the_last_look_do_not_decide() -> None:
    state = monitor(two_stage_rule(0, 2, 1, 4), patients(6, 1, 5, 6))
    assert state.path_responders.tolist() == [0, 1, 1, 1, 1, 2, 3]
    assert state.decision == "futility"
    assert state.look == 4
