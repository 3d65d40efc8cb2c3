"""Simon's designs against the reference, against a search that shares no code, and against the printed trial."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from onearm.errors import MethodError
from onearm.stats.design.monitor import check_design
from onearm.stats.design.two_stage import (
    TwoStageDesign,
    evaluate_two_stage,
    find_feasible,
    find_simon,
    reject_probability,
)


@pytest.fixture(scope="module")
def cases(shared_reference: Callable[[str], Path]) -> dict[str, Any]:
    return json.loads(shared_reference("design/design_cases.json").read_text())


def numbers(design: TwoStageDesign) -> tuple[int, int, int, int]:
    return design.r1, design.n1, design.r, design.n


def as_stated(case: dict[str, Any]) -> tuple[int, int, int, int]:
    return case["r1"], case["n1"], case["r"], case["n"]


def test_optimal_minimax_and_admissible_designs_meet_the_reference(cases: dict[str, Any]) -> None:
    for case in cases["simon_two_stage"]:
        given_, expected = case["input"], case["expected"]
        found = find_simon(given_["p0"], given_["p1"], alpha=given_["alpha"], power=1 - given_["beta"])
        for name in ("optimal", "minimax"):
            design, want = getattr(found, name), expected[name]
            assert numbers(design) == as_stated(want), case["id"]
            assert design.en0 == pytest.approx(want["EN0"], abs=1e-6)
            assert design.pet0 == pytest.approx(want["PET0"], abs=1e-6)
            assert design.alpha == pytest.approx(want["alpha"], abs=1e-8)
            assert design.power == pytest.approx(want["power"], abs=1e-8)
            assert list(design.other_r) == want["other_feasible_r"]
        assert [numbers(d) for d in found.admissible] == [as_stated(d) for d in expected["admissible"]], case["id"]


def test_operating_characteristics_meet_the_reference(cases: dict[str, Any]) -> None:
    for case in cases["simon_oc"]:
        i, want = case["input"], case["expected"]
        reject, stop = reject_probability(i["r1"], i["n1"], i["r"], i["n"], i["p"])
        assert reject[0] == pytest.approx(want["reject"], abs=1e-8)
        assert stop[0] == pytest.approx(want["pet"], abs=1e-8)
        assert i["n"] - stop[0] * (i["n"] - i["n1"]) == pytest.approx(want["en"], abs=1e-6)


def brute_force(p0: float, p1: float, alpha: float, power: float, n_max: int) -> list[tuple[Any, ...]]:
    """Every (r1, n1, r, n) that keeps both limits, by three plain loops over scipy's binomial."""
    found = []
    for n in range(2, n_max + 1):
        for n1 in range(1, n):
            x1 = np.arange(n1 + 1)
            first = [binom.pmf(x1, n1, p) for p in (p0, p1)]
            for r in range(n):
                second = [binom.sf(r - x1, n - n1, p) for p in (p0, p1)]
                joint = [a * b for a, b in zip(first, second, strict=True)]
                for r1 in range(min(n1, r + 1)):
                    size, strength = (part[r1 + 1 :].sum() for part in joint)
                    if size <= alpha and strength >= power:
                        stop = binom.cdf(r1, n1, p0)
                        found.append((n - stop * (n - n1), r1, n1, r, n))
    return found


@pytest.mark.parametrize(
    ("p0", "p1", "alpha", "power", "n_max"),
    [(0.1, 0.4, 0.10, 0.80, 18), (0.2, 0.5, 0.05, 0.80, 24), (0.5, 0.8, 0.10, 0.85, 22), (0.3, 0.6, 0.10, 0.80, 20)],
)
def test_search_finds_what_plain_loops_find(p0: float, p1: float, alpha: float, power: float, n_max: int) -> None:
    every = brute_force(p0, p1, alpha, power, n_max)
    found = find_simon(p0, p1, alpha=alpha, power=power, n_max=n_max)
    assert found.optimal.en0 == pytest.approx(min(every)[0], abs=1e-9)
    smallest = min(design[4] for design in every)
    assert found.minimax.n == smallest
    assert found.minimax.en0 == pytest.approx(min(d[0] for d in every if d[4] == smallest), abs=1e-9)
    feasible = find_feasible(p0, p1, alpha=alpha, power=power, n_max=n_max)
    listed = set(zip(feasible.r1.tolist(), feasible.n1.tolist(), feasible.n.tolist(), strict=True))
    assert listed == {(r1, n1, n) for _, r1, n1, _, n in every}
    smallest_r = {key: min(r for _, r1, n1, r, n in every if (r1, n1, n) == key) for key in listed}
    found_r = dict(
        zip(
            zip(feasible.r1.tolist(), feasible.n1.tolist(), feasible.n.tolist(), strict=True),
            feasible.r.tolist(),
            strict=True,
        )
    )
    assert found_r == smallest_r


def test_alpha_of_alter_e_003_is_exact_to_the_last_fraction() -> None:
    """Sum over all outcomes in rational arithmetic, p0 = 3/10."""
    p = Fraction(3, 10)

    def probability(n: int, x: int) -> Fraction:
        return comb(n, x) * p**x * (1 - p) ** (n - x)

    exact = sum(probability(15, a) * probability(31, b) for a, b in product(range(6, 16), range(32)) if a + b > 18)
    assert evaluate_two_stage(5, 15, 18, 46, p0=0.3, p1=0.5).alpha == pytest.approx(float(exact), rel=1e-12)


def test_printed_design_of_alter_e_003_is_the_optimal_one() -> None:
    check = check_design(5, 15, 18, 46, p0=0.30, p1=0.50, alpha=0.05, power=0.80, criterion="optimal")
    assert check.findings == ()
    assert check.criterion == "optimal and admissible"


def test_search_ends_with_a_proof_before_its_cap() -> None:
    found = find_simon(0.3, 0.5)
    assert found.is_proven
    assert found.searched_to < 300
    beyond = find_feasible(0.3, 0.5, n_max=110)
    assert found.optimal.en0 == pytest.approx(beyond.en0.min(), abs=1e-9)


def test_a_cap_below_the_proof_is_said() -> None:
    assert not find_simon(0.3, 0.5, n_max=47).is_proven


def test_weights_of_admissible_designs_cover_zero_to_one() -> None:
    found = find_simon(0.2, 0.35)
    assert found.weight_high[0] == 1
    assert found.weight_low[-1] == 0
    assert found.weight_high[1:] == found.weight_low[:-1]
    for design, low, high in zip(found.admissible, found.weight_low, found.weight_high, strict=True):
        w = (low + high) / 2
        losses = [w * other.n + (1 - w) * other.en0 for other in found.admissible]
        assert w * design.n + (1 - w) * design.en0 == pytest.approx(min(losses))


@settings(max_examples=40, deadline=None)
@given(
    n1=st.integers(2, 20),
    n2=st.integers(1, 20),
    r1=st.integers(0, 19),
    extra=st.integers(0, 30),
    p=st.floats(0.02, 0.98),
)
def test_more_responders_are_never_less_likely_to_reject(n1: int, n2: int, r1: int, extra: int, p: float) -> None:
    r1, n = min(r1, n1 - 1), n1 + n2
    r = min(r1 + extra, n - 1)
    reject, stop = reject_probability(r1, n1, r, n, np.array([p, min(p + 0.02, 1.0)]))
    assert reject[1] >= reject[0] - 1e-12
    assert stop[1] <= stop[0] + 1e-12
    assert (reject + stop <= 1 + 1e-12).all()


def test_to_frame_names_each_criterion() -> None:
    frame = find_simon(0.3, 0.5).to_frame()
    assert frame["criterion"].to_list() == ["minimax", "admissible", "optimal"]
    assert frame["n"].to_list() == [39, 42, 46]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"p0": 0.5, "p1": 0.3}, "p1 (0.3) is not above p0 (0.5)"),
        ({"p0": 0.3, "p1": 0.3}, "has to exceed 0.3"),
        ({"p0": 0.3, "p1": 0.5, "alpha": 5}, "alpha is 5; acceptable is a proportion"),
        ({"p0": 0.3, "p1": 0.31, "n_max": 60}, "raise n_max above that"),
    ],
)
def test_bad_input_says_what_would_be_acceptable(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(MethodError) as caught:
        find_simon(**arguments)
    assert words in str(caught.value)


def test_all_problems_of_the_input_are_reported_at_once() -> None:
    with pytest.raises(MethodError) as caught:
        find_simon(0, 1.2, alpha=0.05, power=80)
    assert len(caught.value.problems) == 3


def test_boundaries_out_of_order_are_refused() -> None:
    with pytest.raises(MethodError) as caught:
        evaluate_two_stage(15, 15, 14, 10, p0=0.3, p1=0.5)
    assert len(caught.value.problems) == 3


def test_a_wrong_claim_is_found() -> None:
    check = check_design(5, 15, 18, 46, p0=0.30, p1=0.50, alpha=0.05, power=0.85, criterion="minimax")
    assert not check.holds_power
    assert check.holds_alpha
    assert "below the stated 0.85" in check.findings[0]
    assert "is not minimax" in check.findings[1]
