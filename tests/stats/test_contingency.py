"""Tables of counts: against R, against other exact definitions, and the properties they must have."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from onearm.errors import MethodError
from onearm.stats.contingency import chi_squared, fisher_exact, mcnemar
from onearm.stats.fisher_tables import fisher_monte_carlo, freeman_halton
from onearm.stats.odds_ratio import conditional_odds_ratio, conditional_odds_ratio_r
from onearm.stats.unconditional import barnard, boschloo

MADE = json.loads((Path(__file__).parents[1] / "reference" / "categorical.json").read_text())
untimed = settings(deadline=None, max_examples=40)
small_tables = arrays(int, (2, 2), elements=st.integers(0, 12))
SHARED_2X2 = ["a", "b", "c", "d", "e", "f", "g", "k", "inspire_orr_by_ctdna_change"]


def _number(value):
    return {"Inf": math.inf, "NaN": math.nan, "NA": math.nan}.get(value, value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def r_tables(shared_reference):
    cases = json.loads(shared_reference("tests/contingency.json").read_text())["tables"]
    return {
        name: (np.array(list(case["table_by_row"].values())), {k: _number(v) for k, v in case.items()})
        for name, case in cases.items()
    }


@pytest.mark.parametrize("name", [*SHARED_2X2, "h", "i"])
def test_p_values_equal_r(r_tables, name):
    table, expected = r_tables[name]
    exact, asymptotic = fisher_exact(table), chi_squared(table)
    found = {
        "p_two_sided": exact.p_two_sided,
        "chisq": asymptotic.statistic,
        "chisq_df": asymptotic.df,
        "chisq_p": asymptotic.p,
    }
    if table.shape == (2, 2):
        paired = mcnemar(table)
        found |= {
            "p_greater": exact.p_greater,
            "p_less": exact.p_less,
            "midp_two_sided": exact.p_mid,
            "chisq_yates": asymptotic.corrected_statistic,
            "chisq_yates_p": asymptotic.corrected_p,
            "mcnemar_cc_p": paired.corrected_p,
            "mcnemar_exact_p": paired.p_exact,
            "mcnemar_midp": paired.p_mid,
        }
    for key, value in found.items():
        assert value == pytest.approx(expected[key], rel=1e-9, abs=0, nan_ok=True), key


@pytest.mark.parametrize("name", SHARED_2X2)
def test_the_odds_ratio_as_r_prints_it(r_tables, name):
    table, expected = r_tables[name]
    found = conditional_odds_ratio_r(table)
    assert found.estimate == pytest.approx(expected["conditional_or"], rel=1e-9)
    assert found.low == pytest.approx(expected["or_lower"], rel=1e-9)
    assert found.high == pytest.approx(expected["or_upper"], rel=1e-9)


@pytest.mark.parametrize("case", MADE["odds"], ids=lambda c: str(c["table"]))
def test_the_exact_odds_ratio_solves_its_definition(case):
    found = conditional_odds_ratio(case["table"])
    for name in ("estimate", "low", "high"):
        assert getattr(found, name) == pytest.approx(_number(case[name]), rel=1e-9), name
    printed = conditional_odds_ratio_r(case["table"])
    for name in ("estimate", "low", "high"):
        assert getattr(printed, name) == pytest.approx(float(case[f"r_{name}"]), rel=1e-9), name


@untimed
@given(table=small_tables)
def test_turning_a_table_over_changes_no_p_value(table):
    plain = fisher_exact(table)
    for other in (table.T, table[::-1, ::-1]):
        turned = fisher_exact(other)
        assert turned.p_two_sided == pytest.approx(plain.p_two_sided, rel=1e-9)
        assert turned.p_greater == pytest.approx(plain.p_greater, rel=1e-9)
        assert turned.odds_ratio == pytest.approx(plain.odds_ratio, rel=1e-9)
    swapped = fisher_exact(table[::-1])
    assert swapped.p_two_sided == pytest.approx(plain.p_two_sided, rel=1e-9)
    assert swapped.p_less == pytest.approx(plain.p_greater, rel=1e-9)


@untimed
@given(table=small_tables)
def test_the_odds_ratio_lies_in_its_interval_which_agrees_with_the_one_sided_tests(table):
    found = fisher_exact(table)
    assert found.odds_ratio_low <= found.odds_ratio <= found.odds_ratio_high
    assume(not found.note and abs(found.p_greater - 0.025) > 1e-9 and abs(found.p_less - 0.025) > 1e-9)
    assert (found.odds_ratio_low > 1) == (found.p_greater < 0.025)
    assert (found.odds_ratio_high < 1) == (found.p_less < 0.025)


@untimed
@given(table=small_tables)
def test_fisher_equals_scipy(table):
    assert fisher_exact(table).p_two_sided == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)


@pytest.mark.parametrize("case", MADE["larger"], ids=lambda c: str(c["table"]))
def test_larger_tables_equal_r(case):
    assert fisher_exact(case["table"]).p_two_sided == pytest.approx(case["p"], rel=1e-9)


@pytest.mark.parametrize("case", MADE["larger"][:3], ids=lambda c: str(c["table"]))
def test_the_likelihood_ratio_equals_its_definition_in_r(case):
    assert chi_squared(case["table"]).likelihood_ratio == pytest.approx(case["g"], rel=1e-9)


@untimed
@given(table=arrays(int, (3, 3), elements=st.integers(0, 3)))
def test_larger_tables_equal_the_sum_over_every_table(table):
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    total = 0.0
    every = 0.0
    seen = _weight(table)
    for a in range(min(rows[0], columns[0]) + 1):
        for b in range(min(rows[0] - a, columns[1]) + 1):
            for c in range(min(rows[1], columns[0] - a) + 1):
                for d in range(min(rows[1] - c, columns[1] - b) + 1):
                    top = np.array([[a, b, rows[0] - a - b], [c, d, rows[1] - c - d]])
                    whole = np.vstack([top, columns - top.sum(axis=0)])
                    if whole.min() >= 0:
                        weight = _weight(whole)
                        every += weight
                        total += weight if weight <= seen * (1 + 1e-7) else 0
    assert fisher_exact(table).p_two_sided == pytest.approx(total / every, rel=1e-9)


def _weight(table):
    return 1 / math.prod(math.factorial(int(cell)) for cell in table.ravel())


@untimed
@given(table=small_tables)
def test_the_way_for_larger_tables_gives_fishers_p_for_small_ones(table):
    assert freeman_halton(table)[0] == pytest.approx(fisher_exact(table).p_two_sided, rel=1e-9)


def test_a_table_beyond_enumeration_is_refused_with_the_way_out():
    table = np.array(
        [[20, 11, 17, 13, 9], [12, 19, 8, 15, 21], [14, 16, 22, 10, 18], [9, 13, 11, 24, 12], [17, 8, 15, 11, 20]]
    )
    with pytest.raises(MethodError, match="fisher_monte_carlo"):
        fisher_exact(table)
    p, error = fisher_monte_carlo(table, tables=2000, seed=3)
    assert abs(p - chi_squared(table).p) < 5 * error + 0.02


def test_the_same_seed_gives_the_same_p_value():
    table = np.array([[4, 1, 0], [2, 5, 3], [0, 2, 6]])
    assert fisher_monte_carlo(table, tables=500, seed=9) == fisher_monte_carlo(table, tables=500, seed=9)


@pytest.mark.parametrize("case", MADE["mcnemar"], ids=lambda c: str(c["table"]))
def test_mcnemar_equals_r(case):
    found = mcnemar(case["table"])
    for name in ("statistic", "p", "corrected_statistic", "corrected_p", "p_exact"):
        assert getattr(found, name) == pytest.approx(case[name], rel=1e-9), name


def test_without_discordant_pairs_mcnemar_says_nothing():
    found = mcnemar([[5, 0], [0, 7]])
    assert math.isnan(found.p_exact)
    assert math.isnan(found.p)


@pytest.mark.parametrize("case", MADE["unconditional"], ids=lambda c: str(c["table"]))
@pytest.mark.parametrize("name", ["barnard", "boschloo"])
def test_unconditional_tests_equal_enumeration_in_r(case, name):
    found = {"barnard": barnard, "boschloo": boschloo}[name](case["table"])
    assert [found.p_two_sided, found.p_greater, found.p_less] == pytest.approx(case[name], rel=1e-9)


@settings(deadline=None, max_examples=15)
@given(table=small_tables)
def test_boschloo_never_exceeds_fisher_and_barnard_is_never_below_scipy(table):
    assume((table.sum(axis=1) > 0).all() and (table.sum(axis=0) > 0).all())
    fisher, unconditional = fisher_exact(table), boschloo(table)
    assert unconditional.p_two_sided <= fisher.p_two_sided * (1 + 1e-9)
    assert unconditional.p_greater <= fisher.p_greater * (1 + 1e-9)
    # scipy takes columns as groups; it stops short of the supremum, and rounding makes it miss tables that are tied.
    assert barnard(table).p_two_sided >= stats.barnard_exact(table.T, n=64).pvalue * (1 - 1e-9)


def test_equal_proportions_are_no_evidence():
    assert barnard([[5, 5], [5, 5]]).p_two_sided == pytest.approx(1.0)
    assert chi_squared([[5, 5], [5, 5]]).corrected_statistic == 0


@pytest.mark.parametrize(
    "table", [[[1, 2, 3]], [[1, -2], [3, 4]], [[1.5, 2], [3, 4]], [[float("nan"), 2], [3, 4]], [1, 2]]
)
def test_a_table_that_cannot_be_is_refused(table):
    for function in (fisher_exact, chi_squared):
        with pytest.raises(MethodError, match="table: "):
            function(table)


def test_an_empty_margin_is_noted():
    assert fisher_exact([[0, 5], [0, 7]]).note
    assert chi_squared([[0, 5], [0, 7]]).note
    assert fisher_exact([[0, 5], [0, 7]]).p_two_sided == 1


def test_a_group_without_subjects_cannot_be_compared():
    with pytest.raises(MethodError, match="empty row"):
        barnard([[0, 0], [3, 4]])
