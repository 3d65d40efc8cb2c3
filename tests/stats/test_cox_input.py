"""What Cox models say to bad input, and what they note."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.cox import cox
from onearm.stats.cox_diagnostics import concordance, proportional_hazards
from onearm.stats.cox_residuals import baseline_hazard, martingale_residuals

TIME, EVENT = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1, 1, 0, 1, 1, 0]
X = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": [-1.0, 2, 3, 4, 5, 6]}, "time: 1 value is negative"),
        ({"time": [np.nan, 2, 3, 4, 5, 6]}, "time: 1 value is missing"),
        ({"event": [1, 2, 1, 2, 1, 2]}, "event: 3 values are neither 0 nor 1"),
        ({"event": [0, 0, 0, 0, 0, 0]}, "event: none among 6 subjects"),
        ({"X": [np.nan, 1, 1, 0, 1, 0]}, "x1: 1 of 6 values missing or infinite, the first at index 0"),
        ({"X": [np.inf, 1, 1, 0, 1, 0]}, "x1: 1 of 6 values missing or infinite"),
        ({"X": [1, 1, 1, 1, 1, 1]}, "x1: does not vary"),
        ({"X": [0, 0, 0, 0, 1, 2], "strata": list("aaaabc")}, "x1: does not vary"),
        ({"X": np.column_stack([X, np.multiply(X, -2) + 3])}, "x2: is a linear combination"),
        ({"X": [["a"], ["b"]] * 3}, "values that are not numbers"),
        ({"X": X[:5]}, "X: has shape"),
        ({"names": ["a", "b"]}, "names: 2 for 1 covariates"),
        ({"strata": ["a", "b", None, "a", "b", "a"]}, "strata: 1 missing, the first at index 2"),
        ({"strata": ["a"]}, "strata: 1 values beside 6 times"),
        ({"entry": [0, 2, 0, 0, 0, 0]}, "entry: 1 value is not before the time"),
        ({"entry": [0, 2 - 1e-12, 0, 0, 0, 0]}, "no length once floating-point noise"),
        ({"weights": [1, 1, 0, 1, 1, 1]}, "weights: 1 value is not a positive number"),
        ({"weights": [1, 1, 2, 1, 1, 1], "ties": "exact"}, "weights: not possible with exact ties"),
        ({"level": 95}, "Did you mean 0.95"),
        ({"ties": "efrom"}, "Did you mean 'efron'"),
        ({"interval": "prof"}, "Did you mean 'profile'"),
    ],
)
def test_refused(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"time": TIME, "event": EVENT, "X": X} | change
    with pytest.raises(MethodError) as caught:
        cox(**arguments)
    assert message in str(caught.value)


def test_all_problems_of_the_times_are_listed() -> None:
    with pytest.raises(MethodError) as caught:
        cox([-1, 2, 3], [1, 2, 0], [1, 2, 3])
    assert len(caught.value.problems) == 2


def test_fewer_events_than_covariates_is_noted() -> None:
    rng = np.random.default_rng(1)
    model = cox(np.arange(1.0, 9), [0, 1, 0, 1, 0, 0, 0, 0], rng.normal(size=(8, 3)))
    assert "2 events for 3 covariates" in " ".join(model.notes)


def test_weights_are_noted() -> None:
    assert "number of identical subjects" in cox(TIME, EVENT, X, weights=[1, 2, 1, 2, 1, 2]).notes[0]


def test_diagnostics_of_a_separated_model_are_refused() -> None:
    model = cox([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0], names=["g"])
    for function in (concordance, proportional_hazards, baseline_hazard, martingale_residuals):
        with pytest.raises(MethodError, match="g: separated"):
            function(model)


def test_one_covariate_separated_beside_one_that_is_not() -> None:
    # the deaths are all of g = 0; among these, z is estimated as if those with g = 1 were not there
    time = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    event = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    z = [1, 0, 1, 1, 0, 0, 1, 0, 1, 0]
    g = [0, 0, 0, 0, 0, 1, 0, 1, 0, 1]
    model = cox(time, event, np.column_stack([z, g]), names=["z", "g"], ties="breslow")
    kept = [i for i in range(10) if g[i] == 0]
    alone = cox([time[i] for i in kept], [event[i] for i in kept], [z[i] for i in kept], ties="breslow")
    assert model.separation is not None
    assert model.separation.names == ("g",)
    assert model.coef[1] == -np.inf
    np.testing.assert_allclose([model.coef[0], model.std_error[0]], [alone.coef[0], alone.std_error[0]], rtol=1e-6)
    assert model.log_likelihood == pytest.approx(alone.log_likelihood, rel=1e-9)


def test_exact_ties_separated_along_two_directions() -> None:
    # two deaths among five; in the limit no other pair is as likely, so that the likelihood tends to 1
    X = [[0, 0], [0, 0], [0, -1], [-1, 3], [2, -3]]
    model = cox([2] * 5, [0, 0, 1, 1, 0], X, ties="exact")
    assert model.separation is not None
    assert model.log_likelihood == pytest.approx(0.0, abs=1e-9)
    assert model.likelihood_ratio.statistic == pytest.approx(2 * np.log(10), rel=1e-9)


def test_frame_has_one_row_per_covariate() -> None:
    frame = cox(TIME, EVENT, np.column_stack([X, [3, 1, 4, 1, 5, 9]]), names=["a", "b"]).to_frame()
    assert frame["name"].to_list() == ["a", "b"]
    assert frame.columns == [
        *("name", "coef", "hazard_ratio", "std_error", "low", "high", "z", "p", "level", "interval", "ties")
    ]


def test_units_and_origin_of_a_covariate_do_not_matter() -> None:
    one, other = cox(TIME, EVENT, X), cox(TIME, EVENT, 1e6 + 1e-3 * np.array(X))
    assert other.coef[0] * 1e-3 == pytest.approx(one.coef[0], rel=1e-6)
    assert other.p[0] == pytest.approx(one.p[0], rel=1e-6)
