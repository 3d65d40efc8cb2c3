"""Log-rank tests beyond the shared reference: other weights, pairs, hand calculations, properties, bad input."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.stats.log_rank import log_rank, pairwise_log_rank

VETERAN = json.loads((Path(__file__).parents[1] / "reference" / "survival_extra.json").read_text())["log_rank"]


def test_a_weight_between_as_r() -> None:
    found = log_rank(VETERAN["time"], VETERAN["status"], VETERAN["celltype"], rho=0.5)
    expected = VETERAN["rho_half"]
    order = [found.group.index(label) for label in expected["group"]]
    assert math.isclose(found.chi_squared, expected["chisq"], rel_tol=1e-9)
    np.testing.assert_allclose(found.observed[order], expected["observed"], rtol=1e-9)
    np.testing.assert_allclose(found.expected[order], expected["expected"], rtol=1e-9)


def test_pairs_as_r() -> None:
    found = pairwise_log_rank(VETERAN["time"], VETERAN["status"], VETERAN["celltype"])
    pairs = {frozenset(pair): value for *pair, value in zip(*VETERAN["pairs"].values(), strict=True)}
    for first, second, chi_squared in zip(found.first, found.second, found.chi_squared, strict=True):
        assert math.isclose(chi_squared, pairs[frozenset((first, second))], rel_tol=1e-9)
    np.testing.assert_array_equal(found.p_adjusted, found.p)


def test_pairs_are_adjusted_by_what_is_passed() -> None:
    found = pairwise_log_rank(
        VETERAN["time"], VETERAN["status"], VETERAN["celltype"], adjust=lambda p: np.minimum(1, 6 * p)
    )
    np.testing.assert_allclose(found.p_adjusted, np.minimum(1, 6 * found.p))
    assert found.to_frame().height == 6


def test_freireich_by_hand() -> None:
    # 6-MP against placebo, Freireich (1963): 9 events observed, 19.25 expected, chi-squared 16.79 (Collett, table 2.6)
    drug = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    drug_event = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    found = log_rank(drug + placebo, drug_event + [1] * 21, ["6-MP"] * 21 + ["placebo"] * 21)
    assert found.observed.tolist() == [9, 21]
    assert round(float(found.expected[0]), 2) == 19.25
    assert round(found.chi_squared, 2) == 16.79
    assert found.z < 0  # fewer events than expected with the drug


@pytest.mark.parametrize(
    ("time", "event", "group", "note"),
    [
        ([1, 2, 3, 4], [0, 0, 0, 0], "aabb", "no event"),
        ([1, 2, 3, 4], [0, 0, 1, 1], "aabb", "only one group was at risk at any event"),
        ([1, 2, 3, 4], [1, 0, 1, 0], "aabb", ""),
    ],
)
def test_what_cannot_be_tested_is_said(time: list[int], event: list[int], group: str, note: str) -> None:
    found = log_rank(time, event, list(group))
    assert found.note == note
    assert math.isnan(found.p) == bool(note)


def test_a_group_without_expected_events_is_left_out() -> None:
    # c is censored before anything happens
    with_c = log_rank([1, 2, 3, 4, 0.5], [1, 0, 1, 1, 0], list("aabbc"))
    without = log_rank([1, 2, 3, 4], [1, 0, 1, 1], list("aabb"))
    assert (with_c.df, with_c.chi_squared) == (1, without.chi_squared)
    assert "left out" in with_c.note


def test_groups_that_never_meet_cost_a_degree_of_freedom() -> None:
    time, event = [1, 2, 3, 4, 1, 2, 3, 5], [1, 1, 1, 1, 1, 1, 1, 1]
    found = log_rank(time, event, list("abababab")[:4] + list("cdcd"), strata=[1] * 4 + [2] * 4)
    first = log_rank(time[:4], event[:4], list("abab"))
    second = log_rank(time[4:], event[4:], list("cdcd"))
    assert found.df == 2
    assert math.isclose(found.chi_squared, first.chi_squared + second.chi_squared)


def test_rounding_is_no_degree_of_freedom() -> None:
    # the 2 x 2 covariance is singular by construction; here rounding makes it seem regular
    time, event, group = [1, 1, 1, 2, 2, 3, 4], [0, 0, 1, 1, 1, 1, 1], list("ccacccc")
    found = log_rank(time, event, group)
    assert (found.df, found.note) == (1, "")
    assert math.isclose(found.chi_squared, (1 - 1 / 7) ** 2 / (1 / 7 * 6 / 7))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"group": list("aaaa")}, "only one group"),
        ({"group": ["a", "b", None, "a"]}, "missing for 1 of 4 subjects, the first at index 2"),
        ({"group": [1.0, 2.0, math.nan, 1.0]}, "missing for 1 of 4 subjects, the first at index 2"),
        ({"group": ["a", "b"]}, "2 labels beside 4 subjects"),
        ({"group": np.array(["a", 1, "b", 2], dtype=object)}, "several kinds"),
        ({"group": list("aabb"), "rho": -1}, "rho: must be"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        log_rank([1, 2, 3, 4], [1, 1, 0, 1], **arguments)


rows = st.lists(st.tuples(st.integers(1, 20), st.booleans(), st.sampled_from("abc")), min_size=4, max_size=40).filter(
    lambda sample: len({group for *_, group in sample}) > 1
)


@given(rows, st.sampled_from([0.0, 1.0]))
def test_observed_minus_expected_adds_up_to_zero(sample: list[tuple[int, bool, str]], rho: float) -> None:
    found = log_rank(*zip(*sample, strict=True), rho=rho)
    assert math.isclose(found.observed.sum(), found.expected.sum(), abs_tol=1e-9)
    np.testing.assert_allclose(found.variance.sum(axis=0), 0, atol=1e-9)


@given(rows, st.randoms(use_true_random=False))
def test_neither_order_nor_names_nor_units_matter(sample: list[tuple[int, bool, str]], random: Any) -> None:
    before = log_rank(*zip(*sample, strict=True))
    random.shuffle(sample)
    time, event, group = zip(*sample, strict=True)
    after = log_rank(np.array(time) * 30.4375, event, [{"a": "z", "b": "y", "c": "x"}[name] for name in group])
    assert math.isclose(before.chi_squared, after.chi_squared, rel_tol=1e-9, abs_tol=1e-9)
    assert before.df == after.df
