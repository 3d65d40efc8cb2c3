"""Exact recursion of looks, against enumeration of every sequence of patients."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.stats.design.looks import (
    StoppingRule,
    conditional_characteristics,
    operating_characteristics,
    single_stage_rule,
    two_stage_rule,
)
from onearm.stats.design.two_stage import reject_probability


def play(rule: StoppingRule, sequence: tuple[int, ...]) -> tuple[str, int]:
    for k, n in enumerate(rule.looks):
        x = sum(sequence[:n])
        low, high = rule.futility[k], rule.efficacy[k]
        if low is not None and x <= low:
            return "futility", n
        if high is not None and x >= high:
            return "efficacy", n
    return "inconclusive", rule.looks[-1]


@pytest.mark.parametrize(
    "rule",
    [
        StoppingRule((3, 5, 9), (0, None, 3), (None, 4, 6)),
        StoppingRule((1, 2, 3, 4, 10), (None, None, 0, 0, 2), (None, 2, None, None, 5)),
        StoppingRule((11,), (None,), (5,)),
    ],
)
@pytest.mark.parametrize("p", [0.0, 0.15, 0.5, 1.0])
def test_recursion_is_the_sum_over_every_sequence_of_patients(rule: StoppingRule, p: float) -> None:
    want = {"futility": 0.0, "efficacy": 0.0, "inconclusive": 0.0}
    patients = 0.0
    for sequence in product((0, 1), repeat=rule.n):
        weight = p ** sum(sequence) * (1 - p) ** (rule.n - sum(sequence))
        end, n = play(rule, sequence)
        want[end] += weight
        patients += weight * n
    found = operating_characteristics(rule, [p])
    for end, value in want.items():
        assert getattr(found, end)[0] == pytest.approx(value, abs=1e-12)
    assert found.expected_n[0] == pytest.approx(patients, abs=1e-10)


def test_two_stage_design_is_a_rule() -> None:
    rates = np.linspace(0, 1, 21)
    found = operating_characteristics(two_stage_rule(5, 15, 18, 46), rates)
    reject, stop = reject_probability(5, 15, 18, 46, rates)
    np.testing.assert_allclose(found.efficacy, reject, atol=1e-13)
    np.testing.assert_allclose(found.futility_at[:, 0], stop, atol=1e-13)


def test_conditional_characteristics_average_to_the_unconditional_ones() -> None:
    rule = StoppingRule((4, 8, 12), (0, 2, 4), (None, 6, 5))
    whole = operating_characteristics(rule, [0.35])
    average = 0.0
    for sequence in product((0, 1), repeat=6):
        weight = 0.35 ** sum(sequence) * 0.65 ** (6 - sum(sequence))
        if sum(sequence[:4]) <= 0:
            continue
        rest = conditional_characteristics(rule, [0.35], n=6, responders=sum(sequence))
        average += weight * rest.efficacy[0]
    assert average == pytest.approx(whole.efficacy[0], abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(p=st.floats(0, 1), looks=st.lists(st.integers(1, 40), min_size=1, max_size=6, unique=True), data=st.data())
def test_ends_add_up_to_one(p: float, looks: list[int], data: st.DataObject) -> None:
    sizes = tuple(sorted(looks))
    low = tuple(data.draw(st.one_of(st.none(), st.integers(0, n // 2))) for n in sizes)
    high = tuple(data.draw(st.one_of(st.none(), st.integers(n // 2 + 1, n))) for n in sizes)
    found = operating_characteristics(StoppingRule(sizes, low, high), [p])
    assert found.futility[0] + found.efficacy[0] + found.inconclusive[0] == pytest.approx(1, abs=1e-9)
    assert sizes[0] - 1e-9 <= found.expected_n[0] <= sizes[-1] + 1e-9


def test_no_stop_is_none_and_not_zero() -> None:
    never = operating_characteristics(StoppingRule((10, 20), (None, 3), (None, 4)), [0.05])
    at_none = operating_characteristics(StoppingRule((10, 20), (0, 3), (None, 4)), [0.05])
    assert never.futility_at[0, 0] == 0
    assert at_none.futility_at[0, 0] == pytest.approx(0.95**10)


def test_single_stage_rule_has_one_look() -> None:
    assert single_stage_rule(16, 39) == StoppingRule((39,), (16,), (17,))


@pytest.mark.parametrize(
    ("looks", "low", "high", "words"),
    [
        ((10, 20, 15), (0, 1, 2), (5, 6, 7), "(15 follows 20)"),
        ((10, 10), (0, 1), (5, 6), "(10 follows 10)"),
        ((), (), (), "looks are missing"),
        ((10, 20), (0,), (5, 6), "one of each for every look"),
        ((10, 20), (0, 7), (5, 6), "acceptable is an efficacy boundary above 7"),
        ((10,), (11,), (None,), "futility boundary 11 at 10 patients"),
    ],
)
def test_bad_rules_say_what_would_be_acceptable(
    looks: tuple[int, ...], low: tuple[int, ...], high: tuple[int, ...], words: str
) -> None:
    with pytest.raises(MethodError) as caught:
        StoppingRule(looks, low, high)
    assert words in str(caught.value)


def test_more_responders_than_patients_are_refused() -> None:
    with pytest.raises(MethodError, match="11 responders among 10 patients; acceptable is 0 to 10"):
        conditional_characteristics(two_stage_rule(5, 15, 18, 46), [0.5], n=10, responders=11)
