"""Simulated trials against exact numbers; the same numbers wherever they are computed."""

from __future__ import annotations

import dataclasses
import math
from functools import partial

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.design.chunks import run_chunks
from onearm.stats.design.looks import StoppingRule, operating_characteristics, two_stage_rule
from onearm.stats.design.simulate_response import ResponseTrial, simulate_response
from onearm.stats.design.simulate_survival import SurvivalTrial, simulate_survival
from onearm.stats.design.simulate_two_stage import simulate_two_stage
from onearm.stats.design.two_stage import evaluate_two_stage

RULE = two_stage_rule(5, 15, 18, 46)
TRIAL = SurvivalTrial(n=38, accrual=12, followup=12, median0=5.7, median=9.8, alpha=0.025)


def close(found: float, error: float, want: float) -> bool:
    return abs(found - want) < 4.5 * error


def test_simulated_two_stage_trials_agree_with_the_exact_design() -> None:
    exact = evaluate_two_stage(5, 15, 18, 46, p0=0.3, p1=0.5)
    for p, reject, stop, patients in (
        (0.3, exact.alpha, exact.pet0, exact.en0),
        (0.5, exact.power, exact.pet1, exact.en1),
    ):
        found = simulate_two_stage(5, 15, 18, 46, p, 200_000, seed=4)
        assert close(found.reject, found.reject_error, reject)
        assert close(found.stop_early, found.stop_early_error, stop)
        assert close(found.expected_n, found.expected_n_error, patients)
        assert set(np.unique(found.n)) == {15, 46}


def test_two_stage_simulation_repeats_with_its_seed() -> None:
    one, two, other = (simulate_two_stage(5, 15, 18, 46, 0.4, 1000, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.responders, two.responders)
    assert (one.responders != other.responders).any()


def test_survival_trials_have_the_events_and_survival_of_the_closed_forms() -> None:
    found = simulate_survival(TRIAL, 20_000, seed=5, workers=1)
    rate = math.log(2) / 9.8
    probability = 1 - (math.exp(-12 * rate) - math.exp(-24 * rate)) / (12 * rate)
    assert close(found.events, found.events_error, 38 * probability)
    assert close(found.survival, found.survival_error, math.exp(-rate * 5.7))


def test_size_of_the_log_rank_test_is_below_its_nominal_level_in_small_trials() -> None:
    found = simulate_survival(dataclasses.replace(TRIAL, median=5.7), 40_000, seed=6, workers=1)
    assert found.reject < 0.025
    assert found.reject > 0.010


def test_kaplan_meier_and_log_rank_of_a_chunk_by_plain_loops() -> None:
    from onearm.stats.design.simulate_survival import _kaplan_meier, _statistic

    rng = np.random.default_rng(8)
    time = rng.exponential(5, (6, 11))
    event = rng.random((6, 11)) < 0.7
    survival, median = _kaplan_meier(time, event, 4.0)
    z = _statistic(TRIAL, time, event)
    for k in range(6):
        curve, at_landmark, middle = 1.0, 1.0, math.inf
        for t in sorted(time[k]):
            at_risk = (time[k] >= t).sum()
            if event[k][time[k] == t][0]:
                curve *= 1 - 1 / at_risk
            if t <= 4.0:
                at_landmark = curve
            if curve <= 0.5 + 1e-12 and math.isinf(middle):
                middle = t
        assert survival[k] == pytest.approx(at_landmark, abs=1e-12)
        assert median[k] == pytest.approx(middle, rel=1e-12)
        expected = sum(math.log(2) * t / 5.7 for t in time[k])
        assert z[k] == pytest.approx((expected - event[k].sum()) / math.sqrt(expected))


def test_a_look_stops_trials_and_saves_patients() -> None:
    null = dataclasses.replace(TRIAL, median=5.7, look=8.0, look_boundary=0.0)
    found = simulate_survival(null, 10_000, seed=9, workers=1)
    assert 0.4 < found.stop < 0.65
    assert found.patients < 38


def test_loss_to_follow_up_costs_events_and_power() -> None:
    whole = simulate_survival(TRIAL, 10_000, seed=10, workers=1)
    lossy = simulate_survival(dataclasses.replace(TRIAL, loss=0.05), 10_000, seed=10, workers=1)
    assert lossy.events < whole.events - 3
    assert lossy.reject < whole.reject


def test_response_trials_without_delay_are_the_exact_recursion() -> None:
    rule = StoppingRule((10, 20, 30), (0, 3, 7), (6, 9, 8))
    exact = operating_characteristics(rule, [0.3])
    found = simulate_response(ResponseTrial(rule, 0.3, 2.0), 60_000, seed=11, workers=1)
    for end in ("efficacy", "futility", "inconclusive"):
        assert close(getattr(found, end), getattr(found, f"{end}_error") + 1e-12, float(getattr(exact, end)[0]))
    assert close(found.decided_on, found.decided_on_error, float(exact.expected_n[0]))
    assert found.enrolled == found.decided_on


def test_confirmation_and_dropout_lower_the_rate_by_what_they_say() -> None:
    """One assessment interval to confirmation: exp(-(dropout 2 t + loss t)) of responders remain, at t = 2."""
    trial = ResponseTrial(
        StoppingRule((40,), (0,), (1,)),
        0.6,
        4.0,
        assess_every=2.0,
        window=100.0,
        is_confirmed=True,
        confirm_after=1.5,
        dropout=0.05,
        loss_of_response=0.1,
    )
    found = simulate_response(trial, 20_000, seed=12, workers=1)
    assert close(found.counted_rate, found.counted_rate_error, 0.6 * math.exp(-0.05 * 4) * math.exp(-0.1 * 4))


def test_delayed_response_within_a_window_is_exponential() -> None:
    trial = ResponseTrial(StoppingRule((20,), (0,), (1,)), 0.5, 1e9, window=4.0, median_response_time=2.0)
    found = simulate_response(trial, 40_000, seed=13, workers=1)
    assert close(found.counted_rate, found.counted_rate_error, 0.5 * 0.75)


def test_patients_come_while_the_look_is_awaited() -> None:
    trial = ResponseTrial(StoppingRule((10, 40), (10, 39), (None, 40)), 0.3, 3.0, window=4.0)
    found = simulate_response(trial, 20_000, seed=14, workers=1)
    assert found.decided_on == 10
    assert close(found.enrolled, found.enrolled_error, 10 + 12)


def test_toxicity_has_its_margin_and_stops_trials() -> None:
    """Every trial of one patient stops if that patient has the toxicity: the margin, whatever the odds ratio."""
    for ratio in (1.0, 4.0):
        trial = ResponseTrial(
            StoppingRule((1,), (None,), (1,)),
            0.4,
            1.0,
            toxicity_rate=0.3,
            toxicity_odds_ratio=ratio,
            toxicity_stop=(1,),
        )
        found = simulate_response(trial, 40_000, seed=15, workers=1)
        assert close(found.toxicity, found.toxicity_error, 0.3)


def draw(rng: np.random.Generator, size: int) -> float:
    return float(rng.random(size).sum())


def test_chunks_give_the_same_numbers_on_one_core_and_on_two() -> None:
    alone = simulate_survival(TRIAL, 12_000, seed=16, workers=1)
    shared = simulate_survival(TRIAL, 12_000, seed=16, workers=2)
    by_itself = simulate_survival(TRIAL, 12_000, seed=16)
    assert alone == shared == by_itself


def test_chunks_give_the_same_numbers_on_a_cluster() -> None:
    distributed = pytest.importorskip("distributed", reason="dask is absent: install onearm[cluster]")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        far = simulate_survival(TRIAL, 12_000, seed=16, cluster=cluster.scheduler_address)
        responses = simulate_response(ResponseTrial(RULE, 0.5, 3.0), 12_000, seed=17, cluster=cluster.scheduler_address)
    assert far == simulate_survival(TRIAL, 12_000, seed=16, workers=1)
    assert responses == simulate_response(ResponseTrial(RULE, 0.5, 3.0), 12_000, seed=17, workers=1)


def test_a_cluster_without_dask_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("onearm.stats.design.chunks.import_module", absent)
    with pytest.raises(MethodError, match=r"install onearm\[cluster\]"):
        run_chunks(draw, 10, seed=1, cluster="tcp://127.0.0.1:1")


def test_every_chunk_draws_from_its_own_child() -> None:
    parts = run_chunks(draw, 30, seed=1, chunk=10, workers=1)
    assert len(set(parts)) == 3
    assert run_chunks(draw, 20, seed=1, chunk=10, workers=1) == parts[:2]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (partial(simulate_two_stage, 5, 15, 18, 46, 1.5, 100, seed=1), "a rate from 0 to 1"),
        (partial(simulate_survival, TRIAL, 1, seed=1), "acceptable are 2 or more"),
        (partial(dataclasses.replace, TRIAL, look=99.0), "a time before 24"),
        (partial(dataclasses.replace, TRIAL, n=1), "2 patients or more"),
        (partial(ResponseTrial, RULE, 1.4, 1.0), "response_rate is 1.4; acceptable is 0 to 1"),
        (partial(ResponseTrial, RULE, 0.4, 0.0), "have to be above 0"),
        (partial(ResponseTrial, RULE, 0.4, 1.0, toxicity_stop=(1,)), "1 toxicity boundaries for 2 looks"),
        (partial(run_chunks, draw, 0, seed=1), "acceptable are 1 or more"),
    ],
)
def test_bad_input_says_what_would_be_acceptable(call: partial[object], words: str) -> None:
    with pytest.raises(MethodError) as caught:
        call()
    assert words in str(caught.value)
