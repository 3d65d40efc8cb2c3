"""Quantiles against R's types and hand calculations."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onearm.errors import MethodError
from onearm.stats.descriptive import QUANTILE_CONVENTIONS, describe, quantile

untimed = settings(deadline=None, max_examples=50)
samples = arrays(float, st.integers(1, 40), elements=st.floats(-1e6, 1e6, allow_nan=False))


@pytest.mark.parametrize(("convention", "key"), [("r", "type7"), ("sas", "type2"), ("spss", "type6")])
def test_quantiles_equal_r(shared_reference, convention, key):
    case = json.loads(shared_reference("tests/misc_tests.json").read_text())["other"]
    found = quantile(case["quantile_x"], [0.1, 0.25, 0.5, 0.75, 0.9], convention=convention)
    np.testing.assert_allclose(found, case["quantile_types"][key], rtol=1e-12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # Tukey (1977): depth of the hinge = ([depth of the median] + 1) / 2, counted from either end.
        ([1, 2, 3, 4], [1.5, 2.5, 3.5]),
        ([1, 2, 3, 4, 5], [2, 3, 4]),
        ([1, 2, 3, 4, 5, 6], [2, 3.5, 5]),
        ([1, 2, 3, 4, 5, 6, 7], [2.5, 4, 5.5]),
        ([9], [9, 9, 9]),
    ],
)
def test_hinges_are_the_medians_of_the_halves(values, expected):
    assert quantile(values, [0.25, 0.5, 0.75], convention="tukey").tolist() == expected


def test_hinges_exist_for_quartiles_only():
    with pytest.raises(MethodError, match="Tukey's hinges"):
        quantile([1, 2, 3], 0.1, convention="tukey")


@pytest.mark.parametrize("convention", ["r", "sas", "spss"])
@untimed
@given(values=samples, p=st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_quantiles_rise_with_p_and_stay_in_the_range(convention, values, p):
    found = quantile(values, sorted(p), convention=convention)
    slack = 1e-9 * max(1.0, float(np.abs(values).max()))
    assert np.all(np.diff(found) >= -slack)
    assert found[0] >= values.min() - slack
    assert found[-1] <= values.max() + slack


@pytest.mark.parametrize("convention", sorted(QUANTILE_CONVENTIONS))
@untimed
@given(values=samples)
def test_every_convention_has_the_same_median(convention, values):
    assert quantile(values, 0.5, convention=convention) == pytest.approx(np.median(values), rel=1e-12, abs=1e-9)


def test_a_position_that_misses_a_whole_number_by_rounding_is_that_number():
    # 100 * 0.29 is 28.999999999999996: SAS averages the 29th and the 30th observation.
    assert quantile(np.arange(1, 101), 0.29, convention="sas") == 29.5


def test_an_infinite_neighbour_without_weight_does_not_matter():
    assert quantile([1, 2, 3, 4, np.inf], 0.75) == 4


def test_a_description_counts_what_is_missing():
    about = describe([2, 4, np.nan, 9])
    assert (about.n, about.n_missing, about.mean, about.sd) == (3, 1, 5, pytest.approx(13**0.5))
    assert (about.minimum, about.q1, about.median, about.q3, about.maximum) == (2, 3, 4, 6.5, 9)


def test_nothing_observed_gives_nothing():
    about = describe([np.nan])
    assert about.n == 0
    assert np.isnan([about.mean, about.sd, about.median, about.maximum]).all()


def test_one_value_has_no_standard_deviation():
    assert np.isnan(describe([3.0]).sd)


def test_what_is_wrong_is_reported_together():
    with pytest.raises(MethodError) as error:
        quantile([1, 2], 25, convention="sass")
    assert len(error.value.problems) == 2
    assert "Did you mean 'sas'?" in error.value.problems[0]
