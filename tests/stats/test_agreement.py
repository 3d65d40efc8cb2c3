"""Kappa against a delta method in R and the example of the SAS manual."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from onearm.errors import MethodError
from onearm.stats.agreement import cohen_kappa, rating_table

MADE = json.loads((Path(__file__).parents[1] / "reference" / "categorical.json").read_text())
SKIN = [[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]]


@pytest.mark.parametrize("case", MADE["kappa"], ids=lambda c: f"{c['weights']} {c['table']}")
def test_kappa_and_its_error_equal_the_delta_method(case):
    found = cohen_kappa(case["table"], weights=case["weights"])
    assert found.kappa == pytest.approx(case["kappa"], rel=1e-12)
    assert found.se == pytest.approx(case["se"], rel=1e-7)  # the reference differentiates numerically


@pytest.mark.parametrize(
    # SAS/STAT User's Guide, PROC FREQ, Example "Cochran-Mantel-Haenszel"/"Agreement": two dermatologists, 88 patients.
    ("weights", "expected"),
    [("identity", (0.3449, 0.0724, 0.2030, 0.4868)), ("linear", (0.5082, 0.0655, 0.3798, 0.6366))],
)
def test_kappa_equals_sas(weights, expected):
    found = cohen_kappa(SKIN, weights=weights)
    assert tuple(round(v, 4) for v in (found.kappa, found.se, found.low, found.high)) == expected


def test_quadratic_kappa_is_a_correlation_where_the_margins_agree():
    # Fleiss and Cohen (1973): with equal margins it is Pearson's correlation of the scores.
    table = [[5, 2, 1], [2, 6, 2], [1, 2, 7]]
    pairs = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    n = len(pairs)
    mean = sum(i for i, _ in pairs) / n
    r = sum((i - mean) * (j - mean) for i, j in pairs) / sum((i - mean) ** 2 for i, _ in pairs)
    assert cohen_kappa(table, weights="quadratic").kappa == pytest.approx(r, rel=1e-12)


def test_perfect_agreement_and_a_single_category():
    assert cohen_kappa([[7, 0], [0, 9]]).kappa == 1
    assert math.isnan(cohen_kappa([[7, 0], [0, 0]]).kappa)


def test_ratings_are_counted_in_the_order_given():
    table = rating_table(["PR", "SD", "PD", "PR"], ["PR", "PR", "PD", "SD"], categories=["PR", "SD", "PD"])
    assert table.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_ratings_that_do_not_fit_are_refused():
    with pytest.raises(MethodError, match="one rating for each"):
        rating_table(["PR"], [], categories=["PR"])
    with pytest.raises(MethodError, match="unknown category 'pr'"):
        rating_table(["pr"], ["PR"], categories=["PR", "SD"])
    with pytest.raises(MethodError, match="as many rows as columns"):
        cohen_kappa([[1, 2, 3], [4, 5, 6]])
    with pytest.raises(MethodError, match="no subject"):
        cohen_kappa([[0, 0], [0, 0]])
