"""Bayesian rules against the reference, scipy's distributions, and published designs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, betabinom

from onearm.errors import MethodError
from onearm.stats.design.bayes import MonitoringPlan, bayesian_rule, monitoring_probabilities
from onearm.stats.design.bayes_rules import (
    lee_liu_rule,
    predictive_probability,
    probability_above_standard,
    thall_simon_rule,
)
from onearm.stats.design.beta_posterior import posterior
from onearm.stats.design.bop2 import bop2_rule, find_bop2
from onearm.stats.design.looks import StoppingRule, operating_characteristics

REGOMUNE = tuple(range(10, 51, 5))
NAMES = {
    "posterior": "posterior",
    "predictive_next_cohort": "predictive to the next cohort",
    "predictive_to_N50": "predictive to the end",
}


@pytest.fixture(scope="module")
def cases(shared_reference: Callable[[str], Path]) -> dict[str, Any]:
    return json.loads(shared_reference("design/design_cases.json").read_text())


def test_boundaries_and_characteristics_of_regomune_meet_the_reference_in_every_reading(cases: dict[str, Any]) -> None:
    readings = [case for case in cases["bayesian_monitoring"] if "reading" in case["input"]]
    assert len(readings) == 3
    for case in readings:
        i, want = case["input"], case["expected"]
        plan = MonitoringPlan(
            tuple(i["looks"]), 0.10, 0.80, 0.25, 0.80, prior=tuple(i["prior"]), reading=NAMES[i["reading"]]
        )
        rule = bayesian_rule(plan)
        assert list(rule.futility) == want["stop_inefficacy_if_responses_le"]
        assert list(rule.efficacy) == want["stop_efficacy_if_responses_ge"]
        found = operating_characteristics(rule, [float(p) for p in want["oc"]])
        for k, row in enumerate(want["oc"].values()):
            assert found.futility[k] == pytest.approx(row["stop_inefficacy"], abs=1e-6)
            assert found.efficacy[k] == pytest.approx(row["stop_efficacy"], abs=1e-6)
            assert found.inconclusive[k] == pytest.approx(row["inconclusive"], abs=1e-6)
            assert found.expected_n[k] == pytest.approx(row["EN"], abs=1e-6)
            assert found.futility_at[k] == pytest.approx(row["fut_by_look"], abs=1e-5)
            assert found.efficacy_at[k] == pytest.approx(row["eff_by_look"], abs=1e-5)


def test_readings_of_one_sentence_stop_at_different_numbers() -> None:
    rules = [bayesian_rule(MonitoringPlan(REGOMUNE, 0.10, 0.80, 0.25, 0.80, reading=name)) for name in NAMES.values()]
    assert len({(rule.futility, rule.efficacy) for rule in rules}) == 3


def test_expected_posterior_probability_is_the_posterior_probability() -> None:
    """Why "predictive" adds nothing to the posterior reading: a martingale, summed with scipy."""
    x, n, more = 2, 15, 35
    y = np.arange(more + 1)
    later = beta.cdf(0.10, 1 + x + y, 1 + n - x + more - y)
    assert betabinom.pmf(y, more, 1 + x, 1 + n - x) @ later == pytest.approx(beta.cdf(0.10, 1 + x, 1 + n - x))


def test_no_stop_is_none_where_even_no_responder_is_not_enough() -> None:
    """At 10 patients without a response P(rate <= 10 %) is 1 - 0.9^11 = 0.686, below 0.80."""
    plan = MonitoringPlan(REGOMUNE, 0.10, 0.80, 0.25, 0.80)
    assert monitoring_probabilities(plan, 0, [0])[0][0] == pytest.approx(1 - 0.9**11)
    assert bayesian_rule(plan).futility[0] is None


def test_equality_convention_decides_a_tie() -> None:
    """Uniform prior, 1 patient without response: P(rate <= 0.5) = 1 - 0.5^2 = 0.75 exactly."""
    at_least = MonitoringPlan((1,), 0.5, 0.75, 0.9, 0.9)
    above = MonitoringPlan((1,), 0.5, 0.75, 0.9, 0.9, equality=">")
    assert bayesian_rule(at_least).futility == (0,)
    assert bayesian_rule(above).futility == (None,)


@pytest.mark.parametrize("reading", NAMES.values())
def test_a_rule_without_efficacy_stopping_never_stops_for_efficacy(reading: str) -> None:
    both = bayesian_rule(MonitoringPlan(REGOMUNE, 0.10, 0.80, 0.25, 0.80, reading=reading))
    futility = bayesian_rule(MonitoringPlan(REGOMUNE, 0.10, 0.80, reading=reading))
    assert futility.futility == both.futility
    assert futility.efficacy == (None,) * len(REGOMUNE)


def test_printed_posterior_of_regomune_is_4_of_43_with_a_uniform_prior(cases: dict[str, Any]) -> None:
    """The paper prints 11.0 % (4.0 to 22.0 %), whole percentages."""
    found = posterior(4, 43)
    assert [round(100 * value) for value in (found.mean, found.low, found.high)] == [11, 4, 22]
    for case in cases["posterior_summary"]:
        i, want = case["input"], case["expected"]
        found = posterior(i["x"], i["n"], prior=tuple(i["prior"]))
        assert found.mean == pytest.approx(want["mean"], abs=1e-9)
        assert found.median == pytest.approx(want["median"], abs=1e-8)
        assert found.sd == pytest.approx(want["sd"], abs=1e-8)
        assert (found.low, found.high) == pytest.approx(want["cri95"], abs=1e-8)
        for rate, value in want["P_le"].items():
            assert found.at_most(float(rate)) == pytest.approx(value, abs=1e-8)
        for rate, value in want["P_ge"].items():
            assert found.at_least(float(rate)) == pytest.approx(value, abs=1e-8)


def test_predictive_probabilities_meet_the_reference(cases: dict[str, Any]) -> None:
    for case in cases["predictive_probability"]:
        i, want = case["input"], case["expected"]
        found = predictive_probability(
            i["x"], i["n"], n_max=i["Nmax"], p0=i["p0"], threshold=i["theta_T"], prior=tuple(i["prior"])
        )
        assert found == pytest.approx(want["PP"], abs=1e-9)
        assert posterior(i["x"], i["n"], prior=tuple(i["prior"])).at_least(i["p0"]) == pytest.approx(
            want["posterior_P_gt_p0"], abs=1e-9
        )


def test_lee_liu_design_has_its_published_error_limits() -> None:
    """0.2 against 0.4 with up to 36 patients: alpha 0.088, power 0.906 (Lee and Liu 2008, table 2)."""
    rule = lee_liu_rule(range(10, 37), p0=0.2, threshold=0.90, low=0.001, prior=(0.2, 0.8))
    found = operating_characteristics(rule, [0.2, 0.4])
    assert found.efficacy.round(3).tolist() == [0.088, 0.906]


def test_probability_above_an_uncertain_standard_by_adaptive_quadrature() -> None:
    found = probability_above_standard([3, 9], 20, standard=(20, 80), prior=(0.4, 1.6), margin=0.15)
    for x, value in zip((3, 9), found, strict=True):
        want = quad(lambda s, x=x: beta.pdf(s, 20, 80) * beta.sf(s + 0.15, 0.4 + x, 1.6 + 20 - x), 0, 0.85, limit=200)[
            0
        ]
        assert value == pytest.approx(want, abs=1e-9)


def test_thall_simon_rule_is_where_the_probabilities_cross() -> None:
    rule = thall_simon_rule([10, 20], standard=(20, 80), margin=0.15, low=0.05, high=0.95, prior=(0.4, 1.6))
    for n, low, high in zip(rule.looks, rule.futility, rule.efficacy, strict=True):
        by_margin = probability_above_standard(range(n + 1), n, standard=(20, 80), prior=(0.4, 1.6), margin=0.15)
        at_all = probability_above_standard(range(n + 1), n, standard=(20, 80), prior=(0.4, 1.6))
        assert low is not None
        assert high is not None
        assert by_margin[low] <= 0.05 < by_margin[low + 1]
        assert at_all[high - 1] < 0.95 <= at_all[high]


def test_bop2_boundaries_and_exact_characteristics_meet_the_reference(cases: dict[str, Any]) -> None:
    case = next(c for c in cases["bayesian_monitoring"] if c["id"] == "bop2fe_readme_binary")
    i, want = case["input"], case["expected"]
    rule = bop2_rule(i["looks"], p0=i["p0"], lam=i["lam"], gamma=i["gamma"], eta=i["eta"], prior=tuple(i["prior"]))
    assert list(rule.futility) == want["stop_inefficacy_if_responses_le"]
    assert list(rule.efficacy) == want["stop_efficacy_if_responses_ge"]
    found = operating_characteristics(rule, [0.2, 0.4])
    for k, row in enumerate(want["exact_oc"].values()):
        assert found.futility[k] == pytest.approx(row["stop_inefficacy"], abs=1e-6)
        assert found.efficacy[k] == pytest.approx(row["stop_efficacy"], abs=1e-6)
        assert found.expected_n[k] == pytest.approx(row["EN"], abs=1e-5)


def test_bop2_calibration_finds_the_most_powerful_boundaries_on_its_grid() -> None:
    """A plain loop over the grid, with the posterior from scipy."""
    looks, p0, p1, alpha = [6, 12, 18], 0.2, 0.5, 0.10
    best = 0.0
    for lam in np.arange(0.50, 0.995, 0.01).round(2):
        for gamma in np.arange(0, 1.01, 0.05).round(2):
            futility = []
            for n in looks:
                x = np.arange(n + 1)
                above = beta.sf(p0, p0 + x, 1 - p0 + n - x)
                stops = np.flatnonzero(above < lam * (n / 18) ** gamma - 1e-12)
                futility.append(int(stops[-1]) if stops.size else None)
            last = futility[-1]
            if last is None or last == 18:
                continue
            oc = operating_characteristics(
                StoppingRule(tuple(looks), tuple(futility), (None, None, last + 1)), [p0, p1]
            )
            if oc.efficacy[0] <= alpha:
                best = max(best, oc.efficacy[1])
    found = find_bop2(looks, p0=p0, p1=p1, alpha=alpha)
    assert found.power == pytest.approx(best, abs=1e-12)
    assert found.alpha <= alpha


def test_bop2_with_efficacy_stopping_saves_patients_at_p1() -> None:
    plain = find_bop2([10, 20, 30], p0=0.2, p1=0.4, alpha=0.1)
    both = find_bop2([10, 20, 30], p0=0.2, p1=0.4, alpha=0.1, stops_for_efficacy=True)
    assert both.alpha <= 0.1
    assert both.en1 < plain.en1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: MonitoringPlan((10, 20), 0.1, 0.8, 0.25, 0.8, prior=(0, 0)), "(1, 1) for a uniform prior"),
        (lambda: MonitoringPlan((20, 10), 0.1, 0.8, 0.25, 0.8), "10 follows 20"),
        (lambda: MonitoringPlan((10,), 10, 0.8, 0.25, 0.8), "futility_rate is 10"),
        (lambda: MonitoringPlan((10,), 0.1, 0.8, 0.25, 0.8, reading="predictive to end"), "Did you mean"),
        (lambda: MonitoringPlan((10,), 0.1, 0.8, 0.25), "give both, or neither"),
        (lambda: posterior(5, 4), "5 responders among 4 patients; acceptable is 0 to 4"),
        (lambda: posterior(1, 4, prior=(1, 0)), "acceptable are two weights above 0"),
        (lambda: predictive_probability(3, 10, n_max=9, p0=0.1, threshold=0.9), "0 <= x <= n <= n_max"),
        (lambda: lee_liu_rule([10, 5], p0=0.2, threshold=0.9, low=0.01), "5 follows 10"),
        (lambda: thall_simon_rule([10], standard=(0, 1), margin=0.1, low=0.05, high=0.95), "standard is Beta(0, 1)"),
        (lambda: bop2_rule([10, 20], p0=0.2, lam=1.2, gamma=1), "0 < lam < 1"),
        (lambda: find_bop2([2, 3], p0=0.5, p1=0.6, alpha=0.001), "acceptable is a larger alpha"),
    ],
)
def test_bad_input_says_what_would_be_acceptable(call: Callable[[], object], words: str) -> None:
    with pytest.raises(MethodError) as caught:
        call()
    assert words in str(caught.value)
