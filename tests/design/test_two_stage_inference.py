"""Inference after two stages: the reference, enumeration of every outcome, and coverage."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from onearm.errors import MethodError
from onearm.stats.design.two_stage_inference import changed_stage, infer_two_stage

R1, N1, R, N = 1, 10, 5, 29


@pytest.fixture(scope="module")
def cases(shared_reference: Callable[[str], Path]) -> list[dict[str, Any]]:
    return json.loads(shared_reference("design/design_cases.json").read_text())["two_stage_inference"]


def outcomes(r1: int, n1: int, n: int) -> list[tuple[int, int]]:
    return [(1, x) for x in range(r1 + 1)] + [(2, x) for x in range(r1 + 1, n + 1)]


def probability(outcome: tuple[int, int], r1: int, n1: int, n: int, p: float) -> float:
    stage, x = outcome
    if stage == 1:
        return float(binom.pmf(x, n1, p))
    return float(sum(binom.pmf(a, n1, p) * binom.pmf(x - a, n - n1, p) for a in range(r1 + 1, min(n1, x) + 1)))


def test_reference_with_the_order_by_total(cases: list[dict[str, Any]]) -> None:
    for case in cases:
        i, want = case["input"], case["expected"]
        if "total_responses" not in i or i["stage"] != 2:
            continue
        design = (i["r1"], i["n1"], i["r"], i["n"])
        found = infer_two_stage(*design, responders=i["total_responses"], p0=i["p0"])
        at90 = infer_two_stage(*design, responders=i["total_responses"], p0=i["p0"], level=0.90)
        assert found.p_value == pytest.approx(want["p_value"], abs=1e-10)
        assert (found.koyama_chen_low, found.koyama_chen_high) == pytest.approx(want["ci95"], abs=1e-8)
        assert (at90.koyama_chen_low, at90.koyama_chen_high) == pytest.approx(want["ci90"], abs=1e-8)
        assert (found.exact_low, found.exact_high) == pytest.approx(want["exact_ci95_conservative_upper"], abs=1e-8)
        assert (found.naive_low, found.naive_high) == pytest.approx(want["naive_clopper_pearson95"], abs=1e-8)
        assert found.median_unbiased == pytest.approx(want["median_unbiased"], abs=1e-8)
        assert found.umvue == pytest.approx(want["umvue"], abs=1e-9)
        assert found.mle == pytest.approx(want["mle"], abs=1e-8)
        assert found.bias_adjusted == pytest.approx(want["bias_adjusted_whitehead"], abs=1e-8)
        assert found.rejects == (i["total_responses"] > i["r"])


def test_reference_after_stage_1(cases: list[dict[str, Any]]) -> None:
    case = next(c for c in cases if c["id"] == "twostage_inf_stage1_0_10")
    i, want = case["input"], case["expected"]
    found = infer_two_stage(i["r1"], i["n1"], 5, i["n"], responders=0, p0=i["p0"])
    assert found.stage == 1
    assert found.p_value == want["p_value"]
    assert found.umvue == want["umvue"]
    assert (found.exact_low, found.exact_high) == pytest.approx(want["exact_ci95_conservative_upper"], abs=1e-8)
    assert np.isnan(found.koyama_chen_high)


def test_reference_with_the_conditional_order(cases: list[dict[str, Any]]) -> None:
    """Numbers of Koyama and Chen's own function."""
    for case in (c for c in cases if c["id"].startswith("koyama_chen_published")):
        i, want = case["input"], case["expected"]
        kwargs: dict[str, Any] = {
            "responders": i["x1"] + i["x2"],
            "p0": i["p0"],
            "responders_stage1": i["x1"],
            "n2": i["m2_actual_stage2"],
            "order": "conditional",
        }
        design = (i["R1"] - 1, i["n1"], i["RT"] - 1, i["nT"])
        found, at90 = infer_two_stage(*design, **kwargs), infer_two_stage(*design, **kwargs, level=0.90)
        assert found.p_value == pytest.approx(want["p_value"], abs=1e-9)
        assert (found.koyama_chen_low, found.koyama_chen_high) == pytest.approx(want["ci95"], abs=1e-8)
        assert (at90.koyama_chen_low, at90.koyama_chen_high) == pytest.approx(want["ci90"], abs=1e-7)
        assert found.median_unbiased == pytest.approx(want["median_estimate"], abs=1e-7)


@pytest.mark.parametrize("p", [0.05, 0.2, 0.37, 0.8])
def test_umvue_is_unbiased_and_the_plain_proportion_is_not(p: float) -> None:
    expected, plain = 0.0, 0.0
    for outcome in outcomes(R1, N1, N):
        found = infer_two_stage(R1, N1, R, N, responders=outcome[1], stage=outcome[0], p0=0.1)
        weight = probability(outcome, R1, N1, N, p)
        expected += weight * found.umvue
        plain += weight * found.mle
    assert expected == pytest.approx(p, abs=1e-10)
    assert plain < p - 1e-6


def test_bias_adjusted_rate_has_the_observed_proportion_as_expectation() -> None:
    found = infer_two_stage(5, 15, 18, 46, responders=26, p0=0.3)
    expected = sum(
        probability(o, 5, 15, 46, found.bias_adjusted) * o[1] / (15 if o[0] == 1 else 46) for o in outcomes(5, 15, 46)
    )
    assert expected == pytest.approx(26 / 46, abs=1e-9)


def test_p_value_is_the_enumerated_tail() -> None:
    """Every better or equal outcome, added up with binomials of scipy."""
    for stage, x in ((1, 0), (1, 1), (2, 2), (2, 6), (2, 29)):
        ordered = outcomes(R1, N1, N)
        better = ordered[ordered.index((stage, x)) :]
        want = sum(probability(o, R1, N1, N, 0.1) for o in better)
        assert infer_two_stage(R1, N1, R, N, responders=x, stage=stage, p0=0.1).p_value == pytest.approx(
            want, abs=1e-12
        )


def test_umvue_is_the_conditional_expectation_of_the_first_patient() -> None:
    """Count the paths: responders among the first patient, given the total."""
    x, r1, n1, n = 6, R1, N1, N
    paths = {a: comb(n1, a) * comb(n - n1, x - a) for a in range(r1 + 1, x + 1)}
    first = {a: comb(n1 - 1, a - 1) * comb(n - n1, x - a) for a in range(r1 + 1, x + 1)}
    want = sum(first.values()) / sum(paths.values())
    assert infer_two_stage(r1, n1, R, n, responders=x, p0=0.1).umvue == pytest.approx(want, rel=1e-12)


def coverage(level: float, p: float, which: str) -> float:
    total = 0.0
    for outcome in outcomes(R1, N1, N):
        found = infer_two_stage(R1, N1, R, N, responders=outcome[1], stage=outcome[0], p0=0.1, level=level)
        low, high = getattr(found, f"{which}_low"), getattr(found, f"{which}_high")
        total += probability(outcome, R1, N1, N, p) * (low <= p <= high)
    return total


@pytest.mark.parametrize("p", [0.03, 0.1, 0.2, 0.3, 0.447, 0.6, 0.9])
def test_exact_interval_keeps_its_level(p: float) -> None:
    assert coverage(0.90, p, "exact") >= 0.90 - 1e-9


def test_upper_limit_of_koyama_and_chen_misses_more_often_than_it_says() -> None:
    """Its 5 % on that side are exceeded at some rate; the exact limit's are at none."""
    found = {x: infer_two_stage(R1, N1, R, N, responders=x, p0=0.1, level=0.90) for x in range(R1 + 1, N + 1)}
    worst = {"koyama_chen": 0.0, "exact": 0.0}
    for p in np.linspace(0.3, 0.9, 61):
        weights = {x: probability((2, x), R1, N1, N, p) for x in found}
        for which, so_far in worst.items():
            missed = sum(weights[x] for x, result in found.items() if getattr(result, f"{which}_high") < p)
            worst[which] = max(so_far, missed)
    assert worst["koyama_chen"] > 0.08
    assert worst["exact"] <= 0.05


def misses_of_the_conditional_order(design: tuple[int, int, int, int], n2: int, p: float) -> np.ndarray:
    """Probability that the 90 % interval lies above p, and below p, with a second stage of n2 patients."""
    r1, n1, r, n = design
    total = np.zeros(2)
    for x1 in range(n1 + 1):
        if x1 <= r1:
            found = infer_two_stage(r1, n1, r, n, responders=x1, stage=1, p0=0.1, level=0.90)
            total += binom.pmf(x1, n1, p) * np.array([found.exact_low > p, found.exact_high < p])
            continue
        for x2 in range(n2 + 1):
            weight = binom.pmf(x1, n1, p) * binom.pmf(x2, n2, p)
            if weight < 1e-7:
                continue
            found = infer_two_stage(
                r1, n1, r, n, responders=x1 + x2, p0=0.1, level=0.90, responders_stage1=x1, n2=n2, order="conditional"
            )
            total += weight * np.array([found.exact_low > p, found.exact_high < p])
    return total


@pytest.mark.parametrize("n2", [12, 19, 26])
@pytest.mark.parametrize("p", [0.1, 0.3, 0.6, 0.85])
def test_conditional_exact_interval_keeps_its_level_on_each_side_whatever_stage_2_was(n2: int, p: float) -> None:
    """Up to five of ten responders in stage 1 leave the decision open; more decide it alone."""
    assert (misses_of_the_conditional_order((R1, N1, R, N), n2, p) <= 0.05 + 1e-6).all()


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_conditional_exact_interval_keeps_its_level_where_stage_2_cannot_reach_the_boundary(p: float) -> None:
    """2/10, 8/14: after 3 or 4 responders four more patients cannot make nine."""
    assert (misses_of_the_conditional_order((2, 10, 8, 14), 6, p) <= 0.05 + 1e-6).all()


def test_conditional_interval_holds_what_was_seen_where_stage_1_alone_decided() -> None:
    found = infer_two_stage(R1, N1, R, N, responders=23, p0=0.1, responders_stage1=8, n2=19, order="conditional")
    assert found.exact_low < 23 / 29 < found.exact_high
    assert found.exact_high - found.exact_low < 0.45
    assert found.p_value < infer_two_stage(R1, N1, R, N, responders=6, p0=0.1).p_value


def test_changed_second_stage_keeps_alpha_whatever_its_size_depends_on() -> None:
    """Stage 2 chosen by the responders of stage 1 in the worst way: the total error stays within the plan's."""
    plan = float(sum(binom.pmf(a, N1, 0.1) * binom.sf(R - a, N - N1, 0.1) for a in range(R1 + 1, N1 + 1)))
    worst = 0.0
    for x1 in range(R1 + 1, N1 + 1):
        spent = [changed_stage(R1, N1, R, N, responders_stage1=x1, n2=m, p0=0.1).attained for m in range(1, 41)]
        worst += binom.pmf(x1, N1, 0.1) * max(spent)
    assert worst <= plan + 1e-12


def test_changed_second_stage_of_the_planned_size_has_the_planned_boundary() -> None:
    change = changed_stage(5, 15, 18, 46, responders_stage1=8, n2=31, p0=0.3, p1=0.5)
    assert change.r2 == 10
    assert change.attained == pytest.approx(change.conditional_error, abs=1e-14)
    assert change.conditional_power == pytest.approx(float(binom.sf(10, 31, 0.5)), abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"responders": 50}, "50 responders among 46 patients; acceptable is 0 to 46"),
        ({"responders": 8, "stage": 1}, "stops only with 5 or fewer"),
        ({"responders": 3, "stage": 2}, "stage 1 stops with 5 or fewer"),
        ({"responders": 20, "n2": 20}, "give responders_stage1"),
        ({"responders": 20, "n2": 20, "responders_stage1": 4}, "acceptable is 6 to 15"),
        ({"responders": 20, "p0": 0.0}, "p0 is 0; acceptable is a proportion"),
        ({"responders": 20, "order": "totl"}, "Did you mean 'total'"),
        ({"responders": 20, "n2": 20, "responders_stage1": 8, "order": "total"}, "acceptable is conditional"),
    ],
)
def test_bad_input_says_what_would_be_acceptable(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(MethodError) as caught:
        infer_two_stage(5, 15, 18, 46, **{"p0": 0.3, **arguments})
    assert words in str(caught.value)
