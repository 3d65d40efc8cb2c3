"""Screens of genes: against R, against one test at a time, and the permutation against all permutations."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.concordance import concordance_index
from onearm.stats.log_rank import log_rank
from onearm.stats.log_rank_screen import hazard_residuals, log_rank_screen
from onearm.stats.multiplicity import max_t
from onearm.stats.rule_search import search_rules
from onearm.stats.score_screen import response_screen, survival_screen
from onearm.stats.selection_bootstrap import response_optimism, survival_optimism
from onearm.stats.times import check_times

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "genomes.json").read_text())


def trial(n=40, m=12, seed=1):
    generator = np.random.default_rng(seed)
    features = (generator.random((n, m)) < generator.uniform(0.1, 0.6, m)).astype(float)
    return np.ceil(generator.exponential(10, n)), generator.random(n) < 0.7, generator.random(n) < 0.4, features


def test_log_rank_of_every_feature_is_that_of_one_at_a_time():
    time, event, _, features = trial()
    features[3, ::2] = np.nan
    features[7:9, 5] = np.nan
    screen = log_rank_screen(time, event, features)
    for j, column in enumerate(features.T):
        known = ~np.isnan(column)
        one = log_rank(time[known], event[known], column[known])
        assert screen.p[j] == pytest.approx(one.p, rel=1e-10)
        assert screen.observed[j] == pytest.approx(one.observed[1])
        assert screen.expected[j] == pytest.approx(one.expected[1])


def test_statistics_are_those_of_the_permutation_distribution():
    """All 720 permutations of six subjects, without the matrix product."""
    time, event = np.array([3.0, 1, 4, 1, 5, 9]), np.array([1, 1, 0, 1, 1, 0], dtype=bool)
    carriers = np.array([1.0, 1, 0, 1, 0, 0])
    scores = hazard_residuals(np.array([[1, 0, 2, 0, 3, 4]]), event[None, :])[0]
    sums = np.array([scores[list(order)] @ carriers for order in permutations(range(6))])
    expected = (scores @ carriers - sums.mean()) / sums.std()
    assert survival_screen(time, event, carriers[:, None], variance="permutation", seed=1).statistic[
        0
    ] == pytest.approx(expected)


def test_with_its_own_variance_the_statistic_is_the_log_rank_test_and_every_permutation_is_one():
    time, event, _, features = trial(n=25, m=5, seed=3)
    features[:4, 2] = np.nan
    screen = survival_screen(time, event, features, permutations=200, variance="log-rank", seed=7)
    np.testing.assert_allclose(screen.statistic, log_rank_screen(time, event, features).z)
    generator, identity = np.random.default_rng(7), np.arange(25)[None, :]
    orders = generator.permuted(np.repeat(identity, 199, axis=0), axis=1)
    largest = [np.nanmax(np.abs(log_rank_screen(time[order], event[order], features).z)) for order in orders]
    expected = [(1 + np.sum(np.array(largest) >= abs(z) * (1 - 1e-9))) / 200 for z in screen.statistic]
    np.testing.assert_allclose(screen.p_single_step, expected)


def test_permutation_p_of_one_feature_is_exact():
    """Two of five carriers among three responders: P(both) both ways by counting 10 pairs."""
    screen = response_screen([1, 1, 1, 0, 0], [[1], [1], [0], [0], [0]], permutations=20_000, seed=2)
    # |z| is largest for both or neither responder-carriers; z of 2 of 2: exp 1.2; 0: 1.2 away as well, 2: 0.8, 1: 0.2
    assert screen.p[0] == pytest.approx((3 + 1) / 10, abs=0.012)


def test_statistics_equal_r():
    wanted = REFERENCE["permutation"]
    time, event = [5, 8, 2, 9, 4, 7, 3, 6, 1, 10, 5.5, 2.5], [1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 0]
    carriers = np.array([1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0.0])[:, None]
    response = [1, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0]
    # coin multiplies its statistic by n / (n - 1) to print Pearson's; under permutation the factor is common to all
    chi_squared = response_screen(response, carriers, seed=1).statistic[0] ** 2 * 12 / 11
    assert chi_squared == pytest.approx(wanted["response_chisq"])
    assert abs(survival_screen(time, event, carriers, variance="permutation", seed=1).statistic[0]) == pytest.approx(
        wanted["logrank_z"]
    )


def test_max_t_agrees_with_the_general_one_on_numbers():
    """Another program for the same adjustment: Welch's t of 0 and 1 is not this statistic, but ranks alike here."""
    _, _, response, features = trial(n=60, m=8, seed=4)
    ours = response_screen(response, features, permutations=4000, seed=1)
    theirs = max_t(features, response, permutations=4000, seed=1)
    assert np.abs(ours.p - theirs.p).max() < 0.06
    assert np.all(np.diff(ours.p_step_down[np.argsort(-np.abs(ours.statistic))]) >= 0)
    assert np.all(ours.p_step_down <= ours.p_single_step + 1e-12)
    assert np.all(ours.p <= ours.p_step_down + 1e-12)


def test_copies_of_a_feature_cost_nothing_and_independent_ones_do():
    _, _, response, features = trial(n=50, m=1, seed=5)
    alone = response_screen(response, features, permutations=2000, seed=3)
    copied = response_screen(response, np.repeat(features, 50, axis=1), permutations=2000, seed=3)
    assert copied.p_single_step[0] == alone.p[0]
    many = np.hstack([features, trial(n=50, m=50, seed=6)[3]])
    assert response_screen(response, many, permutations=2000, seed=3).p_single_step[0] > alone.p[0]


def test_p_values_hold_their_level_under_the_null():
    generator = np.random.default_rng(8)
    hits = 0
    for _ in range(200):
        time, event = generator.exponential(10, 30), generator.random(30) < 0.7
        features = (generator.random((30, 15)) < 0.3).astype(float)
        hits += (
            np.nanmin(survival_screen(time, event, features, least=3, permutations=100, seed=1).p_single_step) <= 0.05
        )
    assert hits <= 20  # 10 expected, sd 3.1


def test_a_search_is_the_single_step_of_the_screen():
    time, event, response, features = trial(n=40, m=30, seed=13)
    screen = response_screen(response, features, permutations=300, seed=5)
    found = search_rules(response, features > 0, permutations=300, seed=5)
    np.testing.assert_allclose(found.statistic, screen.statistic)
    np.testing.assert_allclose(found.p, screen.p_single_step)
    codes = np.unique(time, return_inverse=True)[1]
    scores = hazard_residuals(codes[None, :], event[None, :])[0]
    screen = survival_screen(time, event, features, variance="permutation", permutations=300, seed=5)
    np.testing.assert_allclose(search_rules(scores, features > 0, permutations=300, seed=5).p, screen.p_single_step)


def test_features_known_in_some_are_tested_in_those():
    time, event, response, features = trial(n=40, m=3)
    features[:10, 1] = np.nan
    screen = response_screen(response, features, seed=1)
    alone = response_screen(response[10:], features[10:, 1:2], seed=1)
    assert screen.statistic[1] == pytest.approx(alone.statistic[0])
    assert screen.n.tolist() == [40, 30, 40]
    screen, alone = (
        survival_screen(time, event, features, seed=1),
        survival_screen(time[10:], event[10:], features[10:, 1:2], seed=1),
    )
    assert screen.statistic[1] == pytest.approx(alone.statistic[0])


def test_rare_and_constant_features_are_not_tested():
    features = np.array([[1, 1, 1], [0, 1, 1], [0, 1, 0], [0, 1, 0]])
    screen = response_screen([1, 0, 1, 0], features, least=2, seed=1)
    assert np.isnan(screen.p).tolist() == [True, True, False]


def test_bad_input_is_refused():
    with pytest.raises(MethodError, match="only 0, 1 and NaN"):
        response_screen([1, 0], [[2], [1]], seed=1)
    with pytest.raises(MethodError, match="one True or False"):
        response_screen([1, np.nan], [[0], [1]], seed=1)
    with pytest.raises(MethodError, match="give one row for each subject"):
        survival_screen([1, 2], [1, 1], [[0], [1], [1]], seed=1)
    with pytest.raises(MethodError, match="two at least"):
        response_screen([1, 0], [[0], [1]], permutations=1, seed=1)


def test_the_optimism_of_a_search_in_noise_takes_the_performance_back_to_chance():
    generator = np.random.default_rng(11)
    corrected = []
    for seed in range(12):
        rules = (generator.random((40, 300)) < 0.3).astype(float)
        found = response_optimism(generator.random(40) < 0.5, rules, resamples=100, seed=seed)
        assert found.apparent > 0.62
        corrected.append(found.corrected)
    # the corrected area scatters around 0.5; what is left above it is the known pessimism of 100 resamples
    assert np.mean(corrected) < 0.60


def test_a_true_signature_survives_its_validation():
    generator = np.random.default_rng(12)
    rules = (generator.random((120, 50)) < 0.4).astype(float)
    time = generator.exponential(np.where(rules[:, 7] > 0, 4.0, 20.0))
    found = survival_optimism(time, np.ones(120, dtype=bool), rules, resamples=100, seed=1)
    assert found.chosen == 7
    assert found.same > 0.95
    assert abs(found.optimism) < 0.02


def test_concordance_of_the_chosen_rule_is_harrells():
    time, event, _, features = trial(n=35, m=6, seed=9)
    found = survival_optimism(time, event, features, resamples=5, seed=1)
    risk = features[:, found.chosen]
    value = concordance_index(check_times(time, event), risk).estimate
    assert found.apparent == pytest.approx(max(value, 1 - value))
