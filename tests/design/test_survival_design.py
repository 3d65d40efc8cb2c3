"""Survival designs: reference, closed integrals, exact gamma arithmetic, simulated trials, two printed designs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from onearm.errors import MethodError
from onearm.stats.design.size_rules import rounded
from onearm.stats.design.survival_design import add_dropout, patients_for_events, patients_needed, plan_survival
from onearm.stats.design.survival_events import EVENT_FORMULAS, Size, event_driven_power, events_exact, events_needed
from onearm.stats.design.survival_model import (
    SurvivalModel,
    covariance_of_looks,
    event_probability,
    hazard_ratio,
    moments,
)
from onearm.stats.design.survival_two_stage import evaluate_two_stage_survival, find_two_stage_survival

IN_REFERENCE = {
    "event_driven_OSLR": "event-driven",
    "log_hazard": "log-hazard",
    "KwakJung_D1": "kwak-jung",
    "KwakJung_E0": "kwak-jung, null hazard",
    "null_variance_E0": "null variance",
    "mean_O_E_variance": "mean variance",
    "hazard_scale": "hazard",
    "sqrt_hazard": "square-root hazard",
    "cube_root_hazard": "cube-root hazard",
}


@pytest.fixture(scope="module")
def cases(shared_reference: Callable[[str], Path]) -> dict[str, Any]:
    rows = json.loads(shared_reference("design/design_cases.json").read_text())["one_sample_logrank"]
    return {row["id"]: row for row in rows}


def test_every_event_formula_meets_the_reference(cases: dict[str, Any]) -> None:
    for name in ("event_formulas_HR_0.6519", "event_formulas_HR_0.5000"):
        i, want = cases[name]["input"], cases[name]["expected"]
        assert len(want) == len(EVENT_FORMULAS)
        for text, value in want.items():
            formula = IN_REFERENCE[text.split("=")[0]]
            found = events_needed(i["HR"], formula=formula, alpha=i["alpha_two_sided"], power=i["power"])
            assert found.unrounded == pytest.approx(value, abs=5.1e-5), formula
            assert found.value == math.ceil(value)


def test_exact_event_driven_power_meets_the_reference(cases: dict[str, Any]) -> None:
    for name in ("event_driven_exact_43", "event_driven_exact_48"):
        i, want = cases[name]["input"], cases[name]["expected"]
        found = event_driven_power(i["events"], i["HR"], alpha=i["alpha_two_sided"])
        assert found.power == pytest.approx(want["power"], abs=1e-8)
        assert found.size == pytest.approx(want["one_sided_size"], abs=1e-7)
        assert found.gamma_power == pytest.approx(want["exact_gamma_test_power"], abs=1e-8)


def test_exact_power_by_simulated_cumulative_hazards() -> None:
    """The null hazard gathered up to the d-th event, drawn event by event."""
    rng = np.random.default_rng(7)
    gathered = (rng.standard_exponential((200_000, 43)) / 0.65).sum(axis=1)
    share = float(((43 - gathered) / np.sqrt(gathered) <= -1.959964).mean())
    assert share == pytest.approx(event_driven_power(43, 0.65).power, abs=4 * math.sqrt(0.79 * 0.21 / 200_000))


def test_patients_by_accrual_meet_the_reference(cases: dict[str, Any]) -> None:
    for name in ("oslr_8.8_13.5_24_12_2", "oslr_6_9_18_12_1"):
        i, want = cases[name]["input"], cases[name]["expected"]
        model = SurvivalModel(i["m0"], hazard_ratio(i["m0"], i["m1"]), i["accrual"], i["followup"], shape=i["shape"])
        found = moments(model)
        assert found.expected == pytest.approx(want["p0"], abs=1e-8)
        assert found.observed == pytest.approx(want["p1_event_prob"], abs=1e-7)
        assert found.p00 == pytest.approx(want["p00"], abs=1e-8)
        assert found.p01 == pytest.approx(want["p01"], abs=1e-8)
        for formula, key in (
            ("wu 2015", "wu2015_n"),
            ("kwak-jung", "kwak_jung_n"),
            ("null variance", "null_variance_n"),
        ):
            size = patients_needed(model, formula=formula, alpha=i["alpha"], sides=i["sides"], power=i["power"])
            assert size.unrounded == pytest.approx(want[key], abs=5.1e-5)
    i, want = cases["wu2015_example"]["input"], cases["wu2015_example"]["expected"]
    model = SurvivalModel(i["m0"], i["HR"], i["accrual"], i["followup"], shape=i["weibull_shape"])
    size = patients_needed(model, alpha=i["alpha_one_sided"], sides=1, power=i["power"])
    assert size.unrounded == pytest.approx(want["n_unrounded"], abs=5.1e-5)
    assert size.value == want["n"]


def test_event_probability_of_an_exponential_is_the_closed_form() -> None:
    """1 - (exp(-l f) - exp(-l (a + f))) / (l a)."""
    rate = math.log(2) / 9.8
    closed = 1 - (math.exp(-12 * rate) - math.exp(-24 * rate)) / (12 * rate)
    assert event_probability(SurvivalModel(5.7, 5.7 / 9.8, 12, 12)) == pytest.approx(closed, rel=1e-12)


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.3])
@pytest.mark.parametrize("restricted", [True, False])
def test_moments_by_adaptive_quadrature(shape: float, restricted: bool) -> None:
    model = SurvivalModel(5.0, 0.6, 10.0, 4.0, shape=shape, loss=0.03, is_restricted=restricted)

    def integrand(t: float, power: int) -> float:
        lam = math.log(2) * (t / 5.0) ** shape
        hazard = math.log(2) * shape / 5.0 * (t / 5.0) ** (shape - 1)
        followed = 1.0 if t <= 4 or restricted else (14 - t) / 10
        return math.exp(-0.6 * lam) * hazard * followed * math.exp(-0.03 * t) * lam**power

    end = 4.0 if restricted else 14.0
    want = [
        quad(integrand, 0, 4.0, args=(k,), limit=200)[0] + quad(integrand, 4.0, end, args=(k,), limit=200)[0]
        for k in (0, 1)
    ]
    found = moments(model)
    assert found.expected == pytest.approx(want[0], abs=1e-7)
    assert found.p00 == pytest.approx(want[1], abs=1e-7)


@pytest.mark.parametrize("restricted", [True, False])
def test_variances_and_covariance_of_two_looks_by_simulated_patients(restricted: bool) -> None:
    model = SurvivalModel(5.0, 0.5, 10.0, 4.0, shape=1.3, is_restricted=restricted)
    rng = np.random.default_rng(3)
    entry = rng.random(1_500_000) * 10
    death = model.median1 * (rng.standard_exponential(entry.size) / math.log(2)) ** (1 / 1.3)

    def difference(now: float) -> np.ndarray:
        seen = np.clip(now - entry, 0, 4.0 if restricted else None)
        return (death <= seen) - model.cumulative(np.minimum(death, seen))

    early, late = difference(6.0), difference(14.0)
    assert moments(model, at=6.0).variance == pytest.approx(early.var(), rel=0.01)
    assert moments(model).variance == pytest.approx(late.var(), rel=0.01)
    assert covariance_of_looks(model, 6.0) == pytest.approx(float(np.cov(early, late)[0, 1]), rel=0.01)


def test_colorectal_trial_is_the_event_driven_formula_at_the_rounded_hazard_ratio() -> None:
    """Printed: 48 events, 68 patients, 82 with 20 % dropouts; at 60 % events 80 and 96."""
    plan = plan_survival(0.65, 0.70, rounding="nearest", dropout=0.20, dropout_rule="multiply")
    assert [step.value for step in plan.steps] == [48, 68, 82]
    assert [step.value for step in plan.at_event_rate(0.60).steps] == [48, 80, 96]
    by_formula = {name: events_needed(0.65, formula=name).value for name in EVENT_FORMULAS}
    assert [name for name, events in by_formula.items() if events == 48] == ["event-driven"]
    down = plan_survival(0.65, 0.70, rounding="down", from_unrounded=False, dropout=0.2, dropout_rule="multiply")
    assert [step.value for step in down.steps] == [48, 68, 82]
    assert plan_survival(0.65, 0.70, rounding="up").patients.value == 69
    assert events_needed(8.8 / 13.5).value == 49


def test_chemo_immunotherapy_trial_is_the_log_hazard_formula() -> None:
    """Printed: 27 events in 38 patients, 48 with 20 % dropouts; accrual and follow-up 12 months each."""
    hr = hazard_ratio(5.7, 9.8)
    share = event_probability(SurvivalModel(5.7, hr, 12, 12))
    plan = plan_survival(hr, share, formula="log-hazard", dropout=0.20, dropout_rule="divide")
    assert [step.value for step in plan.steps] == [27, 38, 48]
    others = {name: plan_survival(hr, share, formula=name) for name in EVENT_FORMULAS}
    assert [name for name, p in others.items() if (p.events.value, p.patients.value) == (27, 38)] == ["log-hazard"]
    assert add_dropout(plan.patients, 0.20, rule="multiply").value == 46


def test_wu_formula_gives_the_same_38_patients_and_27_expected_events() -> None:
    model = SurvivalModel(5.7, hazard_ratio(5.7, 9.8), 12, 12)
    size = patients_needed(model, formula="wu 2015")
    assert size.value == 38
    assert round(size.value * event_probability(model)) == 27


def test_published_two_stage_design_has_its_critical_value_and_expected_size(cases: dict[str, Any]) -> None:
    case = cases["oneArm2stage_doc_two_stage"]
    i, want = case["input"], case["expected"]
    median0 = i["x0"] * math.log(2) / -math.log(i["S0"])
    model = SurvivalModel(median0, i["HR"], want["n"] / i["rate"], i["x"], is_restricted=True)
    found = evaluate_two_stage_survival(model, n=want["n"], t1=want["t1"], c1=want["c1"], alpha=i["alpha"])
    assert found.n1 == want["n1"]
    assert found.c == pytest.approx(want["c"], abs=5e-4)
    assert found.stop0 == pytest.approx(want["PS"], abs=5.1e-5)
    assert found.expected0 == pytest.approx(want["ES"], abs=2e-3)
    assert found.duration == pytest.approx(want["MTSL"])


def played(model: SurvivalModel, n: int, t1: float, c1: float, c: float, hr: float, trials: int) -> float:
    """Share of simulated trials that reject, patient by patient, sharing no code with the design."""
    rng = np.random.default_rng(11)
    entry = rng.random((trials, n)) * model.accrual
    death = model.median0 / hr * rng.standard_exponential((trials, n)) / math.log(2)

    def statistic(now: float) -> np.ndarray:
        seen = np.clip(now - entry, 0, model.followup)
        expected = math.log(2) / model.median0 * np.minimum(death, seen).sum(axis=1)
        return (expected - ((death <= seen) & (seen > 0)).sum(axis=1)) / np.sqrt(np.maximum(expected, 1e-12))

    return float(((statistic(t1) > c1) & (statistic(model.accrual + model.followup) > c)).mean())


def test_power_of_two_stages_is_that_of_simulated_trials_where_the_normal_law_is_good() -> None:
    model = SurvivalModel(3.0, 0.8, 8.0, 2.0, is_restricted=True)
    found = evaluate_two_stage_survival(model, n=400, t1=5.0, c1=0.2)
    share = played(model, 400, 5.0, 0.2, found.c, 0.8, 20_000)
    assert share == pytest.approx(found.power, abs=0.012)


def test_published_two_stage_design_is_more_powerful_than_said_and_a_smaller_one_is_enough() -> None:
    """Said to have power 0.80 by scaling the early drift with the patients entered; simulated, it has 0.83."""
    median0 = 2 * math.log(2) / -math.log(0.62)
    model = SurvivalModel(median0, 0.467, 46 / 5, 2, is_restricted=True)
    published = evaluate_two_stage_survival(model, n=46, t1=5.0946, c1=0.1349)
    assert published.power > 0.82
    assert played(model, 46, 5.0946, 0.1349, published.c, 0.467, 40_000) > 0.82
    best = find_two_stage_survival(model, rate=5)
    assert best.power == pytest.approx(0.80, abs=1e-6)
    assert best.expected0 < published.expected0 - 4
    again = SurvivalModel(median0, 0.467, best.n / 5, 2, is_restricted=True)
    assert played(again, best.n, best.t1, best.c1, best.c, 0.467, 40_000) > 0.80


def test_two_stages_spend_alpha_exactly() -> None:
    model = SurvivalModel(3.0, 0.6, 8.0, 4.0)
    found = evaluate_two_stage_survival(model, n=60, t1=4.0, c1=-8.0)
    assert found.c == pytest.approx(1.6448536, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(hr=st.floats(0.3, 0.85), power=st.floats(0.6, 0.95))
def test_more_power_needs_more_events(hr: float, power: float) -> None:
    for name in EVENT_FORMULAS:
        less, more = (events_needed(hr, formula=name, power=p).unrounded for p in (power, power + 0.03))
        assert more > less
    assert events_exact(hr, power=power).value <= events_exact(hr, power=power + 0.03).value


def test_smallest_exact_number_of_events_is_smallest() -> None:
    found = events_exact(0.65, test="score").value
    assert event_driven_power(found, 0.65).power >= 0.80 > event_driven_power(found - 1, 0.65).power


def test_rounding_rules() -> None:
    assert [rounded(68.5, rule) for rule in ("up", "nearest", "down")] == [69, 69, 68]
    assert rounded(80 + 1e-12, "up") == 80


def test_answers_carry_formula_unrounded_value_and_rounding() -> None:
    size = events_needed(0.65)
    assert isinstance(size, Size)
    assert str(size).startswith("48 events (47.87")
    assert "rounded up" in str(size)
    assert set(size.to_frame().columns) >= {"value", "unrounded", "rounding", "formula", "reference"}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: events_needed(0.65, formula="log hazard"), "Did you mean 'log-hazard'"),
        (lambda: events_needed(1.2), "acceptable is above 0 and below 1"),
        (lambda: events_needed(0.65, sides=3), "acceptable is 1 or 2"),
        (lambda: hazard_ratio(10, 8), "has to have a longer median"),
        (lambda: SurvivalModel(10, 1.1, 12, 12), "better than the historical control"),
        (lambda: SurvivalModel(10, 0.5, -1, 12), "acceptable are times of 0 or more"),
        (lambda: add_dropout(events_needed(0.65), 0.2, rule="times"), "unknown dropout rule 'times'"),
        (lambda: patients_for_events(events_needed(0.65), 1.5), "event_rate is 1.5"),
        (lambda: rounded(3.2, "ceil"), "unknown rounding rule 'ceil'"),
        (lambda: event_driven_power(0, 0.65), "1 event or more"),
        (lambda: patients_needed(SurvivalModel(5, 0.6, 12, 12), formula="wu"), "Did you mean 'wu 2015'"),
        (
            lambda: evaluate_two_stage_survival(SurvivalModel(5, 0.6, 12, 12), n=40, t1=30, c1=0),
            "below the duration 24",
        ),
        (lambda: find_two_stage_survival(SurvivalModel(5, 0.6, 12, 12), rate=0), "patients per unit of time above 0"),
    ],
)
def test_bad_input_says_what_would_be_acceptable(call: Callable[[], object], words: str) -> None:
    with pytest.raises(MethodError) as caught:
        call()
    assert words in str(caught.value)
