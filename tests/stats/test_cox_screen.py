"""Screens of Cox models against R, and against one model at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.cox import cox
from onearm.stats.cox_firth import cox_firth
from onearm.stats.cox_screen import cox_screen
from onearm.stats.cox_tests import chi_squared


def read(path: Path) -> tuple[list[str], np.ndarray]:
    with path.open() as file:
        rows = list(csv.reader(file))
    return rows[0], np.array([[float(cell) for cell in row] for row in rows[1:]])


def test_screen_equals_r(shared_reference: Callable[[str], Path]) -> None:
    names, data = read(shared_reference("omics/cox_data.csv"))
    with shared_reference("omics/cox_R_coxph_univariate_efron.csv").open() as file:
        expected = {row[""]: row for row in csv.DictReader(file)}
    screen = cox_screen(data[:, 0], data[:, 1], data[:, 2:], names=names[2:])
    assert list(screen.names) == list(expected)
    columns = {"coef": "coef", "std_error": "se", "p_wald": "wald_p", "p_likelihood_ratio": "lrt_p"}
    for i, name in enumerate(screen.names):
        row = {key: float(value) for key, value in expected[name].items() if key}
        assert screen.p_score[i] == pytest.approx(row["score_p"], rel=1e-8)
        if screen.status[i] == "ok":
            for ours, theirs in columns.items():
                assert getattr(screen, ours)[i] == pytest.approx(row[theirs], rel=1e-8), (name, ours)
        else:
            # G00119: R prints a coefficient of -18.2 with standard error 3678
            assert (screen.status[i], screen.coef[i]) == ("separated", -np.inf)
            assert abs(row["coef"]) > 15
            assert screen.p_likelihood_ratio[i] == pytest.approx(row["lrt_p"], rel=1e-6)


def awkward(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = 40
    features = rng.normal(size=(n, 8))
    features[rng.random(features.shape) < 0.15] = np.nan
    features[:, 6] = rng.random(n) < 0.3
    time = np.ceil(rng.exponential(6, n))
    return time, rng.random(n) < 0.7, features, rng.integers(0, 2, n), rng.normal(size=(n, 2))


@pytest.mark.parametrize("is_adjusted", [False, True])
@pytest.mark.parametrize("is_stratified", [False, True])
def test_each_feature_is_the_model_by_itself(is_adjusted: bool, is_stratified: bool) -> None:
    time, event, features, strata, adjust = awkward(1)
    screen = cox_screen(
        time, event, features, strata=strata if is_stratified else None, adjust=adjust if is_adjusted else None
    )
    for j in range(features.shape[1]):
        known = ~np.isnan(features[:, j])
        groups = strata[known] if is_stratified else None
        x = features[known, j][:, None]
        model = cox(time[known], event[known], np.hstack([x, adjust[known]]) if is_adjusted else x, strata=groups)
        ratio = model.likelihood_ratio.statistic
        if is_adjusted:
            ratio -= cox(time[known], event[known], adjust[known], strata=groups).likelihood_ratio.statistic
        ours = [screen.coef[j], screen.std_error[j], screen.p_wald[j], screen.low[j]]
        theirs = [model.coef[0], model.std_error[0], model.p[0], model.low[0]]
        np.testing.assert_allclose(ours, theirs, rtol=1e-7)
        np.testing.assert_allclose(screen.p_likelihood_ratio[j], chi_squared(ratio, 1).p, rtol=1e-6)
        assert (screen.n[j], screen.n_events[j]) == (model.n, model.n_events)


@pytest.mark.parametrize("is_adjusted", [False, True])
def test_each_firth_feature_is_the_model_by_itself(is_adjusted: bool) -> None:
    time, event, features, strata, adjust = awkward(2)
    screen = cox_screen(time, event, features, strata=strata, adjust=adjust if is_adjusted else None, method="firth")
    for j in range(features.shape[1]):
        known = ~np.isnan(features[:, j])
        x = features[known, j][:, None]
        X = np.hstack([x, adjust[known]]) if is_adjusted else x
        model = cox_firth(time[known], event[known], X, strata=strata[known])
        ours = [screen.coef[j], screen.std_error[j], screen.p_likelihood_ratio[j], screen.firth_coef[j]]
        np.testing.assert_allclose(ours, [model.coef[0], model.std_error[0], model.p[0], model.coef[0]], rtol=1e-6)


def test_adjusted_score_test_is_the_slope_at_the_null() -> None:
    # the Wald, likelihood-ratio and score statistics of a null feature agree when its coefficient is tiny
    time, event, features, _, adjust = awkward(3)
    screen = cox_screen(time, event, features, adjust=adjust)
    small = np.abs(screen.coef / screen.std_error) < 0.3
    assert small.any()
    np.testing.assert_allclose(screen.p_score[small], screen.p_wald[small], rtol=0.02)


def test_what_cannot_be_estimated_has_a_status() -> None:
    time, event = np.arange(1.0, 11), np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
    separated, early = (np.arange(10) < 5).astype(float), np.full(10, np.nan)
    early[5:] = [1, 2, 3, 4, 5]
    missing, constant = np.full(10, np.nan), np.full(10, 7.0)
    adjust = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3])
    features = np.column_stack([separated, early, missing, constant, 2 * adjust + 1, [1, 9, 2, 8, 3, 7, 4, 6, 5, 5]])
    screen = cox_screen(time, event, features, adjust=adjust)
    assert screen.status == ("separated", "no event", "no event", "constant", "collinear", "ok")
    assert screen.coef[0] == np.inf
    assert np.isfinite(screen.firth_coef[0])
    assert np.isnan(screen.p[1:5]).all()
    assert np.isnan(screen.q[1:5]).all()
    # with two tests, the smaller p doubles unless the larger is smaller still
    p = screen.p[[0, 5]]
    np.testing.assert_allclose(screen.q[[0, 5]].min(), min(2 * p.min(), p.max()))


def test_batches_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    time, event, features, strata, adjust = awkward(4)
    whole = cox_screen(time, event, features, strata=strata, adjust=adjust)
    monkeypatch.setattr("onearm.stats.cox_screen.BLOCK", 90)
    parts = cox_screen(time, event, features, strata=strata, adjust=adjust)
    np.testing.assert_allclose(parts.coef, whole.coef, rtol=1e-12)
    np.testing.assert_array_equal(parts.status, whole.status)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": np.zeros(3)}, "features: have shape"),
        ({"features": [["a"], ["b"], ["c"]]}, "not numbers"),
        ({"features": [[1.0], [np.inf], [2.0]]}, "infinite, the first in row 1, column 0"),
        ({"names": ["a", "b"]}, "names: 2 for 1 features"),
        ({"method": "firht"}, "Did you mean 'firth'"),
        ({"test": "wlad"}, "Did you mean 'wald'"),
        ({"adjust": [1.0, np.nan, 2.0]}, "1 of 3 values missing"),
    ],
)
def test_refused(change: dict[str, object], message: str) -> None:
    arguments = {"time": [1, 2, 3], "event": [1, 0, 1], "features": [[1.0], [2.0], [4.0]]} | change
    with pytest.raises(MethodError, match=message):
        cox_screen(**arguments)
