"""Single-stage, three-stage, two-sided and response-toxicity designs against plain loops and published numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from onearm.errors import MethodError
from onearm.stats.design.bryant_day import evaluate_bryant_day, find_bryant_day
from onearm.stats.design.looks import StoppingRule, operating_characteristics
from onearm.stats.design.single_stage import find_single_stage, fleming_single_stage, fleming_stages
from onearm.stats.design.three_stage import evaluate_three_stage, find_three_stage
from onearm.stats.design.two_sided import find_two_sided


def test_single_stage_designs_meet_the_reference(shared_reference: Callable[[str], Path]) -> None:
    for case in json.loads(shared_reference("design/design_cases.json").read_text())["single_stage_exact"]:
        i, want = case["input"], case["expected"]
        found = find_single_stage(i["p0"], i["p1"], alpha=i["alpha"], power=1 - i["beta"])
        assert (found.n, found.r + 1) == (want["n"], want["reject_if_at_least"])
        assert found.alpha == pytest.approx(want["alpha"], abs=1e-8)
        assert found.power == pytest.approx(want["power"], abs=1e-8)
        assert found.conservative_n == want["conservative_n"]
        assert found.conservative_r + 1 == want["conservative_reject_if_at_least"]


def test_conservative_size_holds_for_every_larger_trial_by_scipy() -> None:
    found = find_single_stage(0.2, 0.4, alpha=0.05, power=0.90)
    for n in range(found.conservative_n, 400):
        r = int(binom.isf(0.05, n, 0.2))
        assert binom.sf(r, n, 0.4) >= 0.90
    before = found.conservative_n - 1
    assert binom.sf(int(binom.isf(0.05, before, 0.2)), before, 0.4) < 0.90


def test_fleming_size_by_hand() -> None:
    """((1.644854 sqrt(0.21) + 0.841621 sqrt(0.25)) / 0.2)^2 = 34.49; r = round(10.5 + 1.644854 sqrt(7.35)) = 15."""
    found = fleming_single_stage(0.3, 0.5)
    assert found.unrounded_n == pytest.approx(((1.6448536 * 0.21**0.5 + 0.8416212 * 0.5) / 0.2) ** 2, rel=1e-6)
    assert (found.n, found.r) == (35, 15)
    assert found.power == pytest.approx(float(binom.sf(15, 35, 0.5)), abs=1e-12)


def test_fleming_stages_meet_a_published_example() -> None:
    """p0 = 0.2, 15 then 25 patients: accept at 3, reject at 7; then 8 and 9 (Fleming 1982, worked example)."""
    assert fleming_stages([15, 25], 0.2) == StoppingRule((15, 25), (3, 8), (7, 9))


def test_fleming_futility_below_zero_is_no_stop() -> None:
    assert fleming_stages([3, 30], 0.05).futility[0] is None


@pytest.mark.parametrize(("p0", "p1", "alpha", "power", "n_max"), [(0.1, 0.5, 0.1, 0.8, 11), (0.3, 0.7, 0.1, 0.8, 12)])
def test_three_stage_search_finds_what_plain_loops_find(
    p0: float, p1: float, alpha: float, power: float, n_max: int
) -> None:
    best, smallest = np.inf, (np.inf, np.inf)
    for n in range(3, n_max + 1):
        for n1, n2 in product(range(1, n), range(2, n)):
            if not n1 < n2 < n:
                continue
            for r1, r2, r in product(range(n1), range(n2), range(n)):
                if not r1 <= r2 <= r:
                    continue
                rule = StoppingRule((n1, n2, n), (r1, r2, r), (None, None, r + 1))
                oc = operating_characteristics(rule, [p0, p1])
                if oc.efficacy[0] <= alpha and oc.efficacy[1] >= power:
                    best = min(best, oc.expected_n[0])
                    smallest = min(smallest, (n, oc.expected_n[0]))
    found = find_three_stage(p0, p1, alpha=alpha, power=power, n_max=n_max)
    assert found.optimal.en0 == pytest.approx(best, abs=1e-9)
    assert found.minimax.n == smallest[0]
    assert found.minimax.en0 == pytest.approx(smallest[1], abs=1e-9)


def test_a_third_stage_never_costs_patients() -> None:
    """A two-stage design is a three-stage design whose second look changes nothing."""
    from onearm.stats.design.two_stage import find_simon

    assert find_three_stage(0.1, 0.3, n_max=36).optimal.en0 <= find_simon(0.1, 0.3).optimal.en0


def test_three_stage_properties_by_hand() -> None:
    """0/2, 1/3, 1/4 at p = 1/2: 1 - P(stop at 2) - P(exactly 1 of 3, not 0 of 2) by counting 16 sequences."""
    found = evaluate_three_stage(0, 2, 1, 3, 1, 4, p0=0.5, p1=0.6)
    sequences = list(product((0, 1), repeat=4))
    rejects = [s for s in sequences if sum(s[:2]) > 0 and sum(s[:3]) > 1 and sum(s) > 1]
    assert found.alpha == pytest.approx(len(rejects) / 16)


@pytest.mark.parametrize("criterion", ["null", "alternative", "minimax"])
def test_two_sided_search_finds_what_plain_loops_find(criterion: str) -> None:
    p0, p1, alpha, power, n_max = 0.2, 0.6, 0.1, 0.8, 13
    best = (np.inf, np.inf)
    for n in range(2, n_max + 1):
        for n1 in range(1, n):
            for r1, e1, r in product(range(n1), range(2, n1 + 1), range(n)):
                if e1 < r1 + 2 or r <= r1:
                    continue
                oc = operating_characteristics(StoppingRule((n1, n), (r1, r), (e1, r + 1)), [p0, p1])
                if oc.efficacy[0] <= alpha and oc.efficacy[1] >= power:
                    value = {"null": (oc.expected_n[0], 0), "alternative": (oc.expected_n[1], 0)}
                    best = min(best, value.get(criterion, (n, oc.expected_n[0])))
    found = find_two_sided(p0, p1, alpha=alpha, power=power, criterion=criterion, n_max=n_max)
    got = {"null": (found.en0, 0), "alternative": (found.en1, 0)}.get(criterion, (found.n, found.en0))
    assert got == pytest.approx(best, abs=1e-9)


def test_bryant_day_search_finds_what_plain_loops_find() -> None:
    rates = {"response0": 0.2, "response1": 0.6, "safe0": 0.5, "safe1": 0.9}
    limits = {"alpha_response": 0.15, "alpha_toxicity": 0.15, "power": 0.75}
    n_max, best = 13, np.inf

    def tables(p: float, n1: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        x = np.arange(n1 + 1)
        joint = binom.pmf(x, n1, p)[:, None] * binom.sf(np.arange(n)[None, :] - x[:, None], n - n1, p)
        accept = np.array([joint[r1 + 1 :].sum(axis=0) for r1 in range(n1)])
        return accept, binom.sf(np.arange(n1), n1, p)

    for n in range(2, n_max + 1):
        for n1 in range(1, n):
            r0, r1, s0, s1 = (tables(rates[name], n1, n) for name in ("response0", "response1", "safe0", "safe1"))
            for a, b, c, d in product(range(n1), range(n), range(n1), range(n)):
                if b < a or d < c:
                    continue
                if (
                    r0[0][a, b] * s1[0][c, d] <= limits["alpha_response"]
                    and r1[0][a, b] * s0[0][c, d] <= limits["alpha_toxicity"]
                    and r1[0][a, b] * s1[0][c, d] >= limits["power"]
                ):
                    best = min(best, n1 + (n - n1) * max(r0[1][a] * s1[1][c], r1[1][a] * s0[1][c]))
    assert find_bryant_day(**rates, **limits, n_max=n_max).en_max == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("odds_ratio", [0.2, 1.0, 5.0])
def test_joint_properties_are_the_sum_over_every_patient(odds_ratio: float) -> None:
    """Six patients, each in one of four cells; the cells have the margins and the odds ratio asked for."""
    response, safe = 0.4, 0.7
    low, high = max(0.0, response + safe - 1), min(response, safe)
    for _ in range(200):
        both = (low + high) / 2
        ratio = both * (1 - response - safe + both) / ((response - both) * (safe - both))
        low, high = (both, high) if ratio < odds_ratio else (low, both)
    cells = {(1, 1): both, (1, 0): response - both, (0, 1): safe - both, (0, 0): 1 - response - safe + both}
    n1, r1, t1, n, r, t = 2, 0, 0, 6, 2, 3
    accept = stop = 0.0
    for patients in product(cells, repeat=n):
        weight = float(np.prod([cells[cell] for cell in patients]))
        x1, y1 = (sum(cell[k] for cell in patients[:n1]) for k in (0, 1))
        x, y = (sum(cell[k] for cell in patients) for k in (0, 1))
        if x1 <= r1 or y1 <= t1:
            stop += weight
        elif x > r and y > t:
            accept += weight
    found = evaluate_bryant_day(n1, r1, t1, n, r, t, response=response, safe=safe, odds_ratio=odds_ratio)
    assert found.accept == pytest.approx(accept, abs=1e-10)
    assert found.stop_early == pytest.approx(stop, abs=1e-10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: find_single_stage(0.3, 0.31, n_max=100), "patients are needed"),
        (lambda: find_three_stage(0.3, 0.4, n_max=20), "acceptable is a larger n_max"),
        (lambda: find_two_sided(0.3, 0.4, n_max=20), "acceptable is a larger n_max"),
        (lambda: find_two_sided(0.3, 0.5, criterion="nul"), "Did you mean 'null'"),
        (lambda: find_bryant_day(response0=0.3, response1=0.2, safe0=0.8, safe1=0.6), "safe1 (0.6) is not above"),
        (lambda: find_bryant_day(response0=0.3, response1=0.35, safe0=0.6, safe1=0.65, n_max=10), "larger n_max"),
        (lambda: fleming_stages([20, 10], 0.2), "10 follows 20"),
        (lambda: evaluate_bryant_day(2, 0, 0, 6, 2, 3, response=0.3, safe=0.5, odds_ratio=0), "1 for independence"),
    ],
)
def test_bad_input_says_what_would_be_acceptable(call: Callable[[], object], words: str) -> None:
    with pytest.raises(MethodError) as caught:
        call()
    assert words in str(caught.value)
