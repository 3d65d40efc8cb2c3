"""Fine-Gray models against ``cmprsk::crr``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.cox import cox
from onearm.stats.fine_gray import FineGrayModel, fine_gray

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "reference" / "cox.json").read_text())
DATA = {name: np.array(values) for name, values in REFERENCE["data"].items()}
XZ = np.column_stack([DATA["x"], DATA["z"]])


def models() -> dict[str, FineGrayModel]:
    time, cause = DATA["time"], DATA["cause"]
    return {
        "one": fine_gray(time, cause, DATA["x"]),
        "three": fine_gray(time, cause, np.column_stack([XZ, DATA["g"] == "b"])),
        "other_cause": fine_gray(time, cause, XZ, cause_of_interest=2),
        "untied": fine_gray(REFERENCE["untied_time"], cause, XZ),
        "by_site": fine_gray(time, cause, XZ, censoring_groups=DATA["site"]),
    }


@pytest.mark.parametrize("name", ["one", "three", "other_cause", "untied", "by_site"])
def test_equals_crr(name: str) -> None:
    expected, model = REFERENCE["fine_gray"][name], models()[name]
    np.testing.assert_allclose(model.coef, np.atleast_1d(expected["coef"]), rtol=1e-8)
    np.testing.assert_allclose(model.log_likelihood, expected["loglik"], rtol=1e-10)
    np.testing.assert_allclose(model.log_likelihood_null, expected["loglik_null"], rtol=1e-10)
    np.testing.assert_allclose(model.hazard, expected["hazard"], rtol=1e-8)
    if name != "by_site":
        # crr lets every censoring group pull on the weights of all groups; onearm keeps the groups apart
        np.testing.assert_allclose(model.covariance, expected["var"], rtol=1e-8, atol=1e-12)


def weighted_score(
    case: np.ndarray, coef: np.ndarray, time: np.ndarray, cause: np.ndarray, site: np.ndarray
) -> np.ndarray:
    """Score with case weights, subject by subject; a change of weights moves the censoring hazard of the own site."""
    score = np.zeros(2)
    weight_at = {}
    for group in np.unique(site):
        own = site == group
        points = np.sort(time[own & (cause == 0)])
        at_risk = np.array([np.sum(case[own & (time >= u)]) for u in points])
        plain = np.array([np.sum(own & (time >= u)) for u in points])
        leaving = np.array([np.sum(case[own & (cause == 0) & (time == u)]) for u in points])
        moved = leaving / at_risk - 1 / plain
        weight_at[group] = lambda t, u=points, y=plain, m=moved: np.prod(1 - 1 / y[u < t]) * np.exp(-m[u < t].sum())
    last = {group: time[site == group].max() for group in np.unique(site)}
    for i in np.flatnonzero(cause == 1):
        t = time[i]
        share = np.zeros(time.size)
        for j in range(time.size):
            if time[j] >= t:
                share[j] = case[j]
            elif cause[j] == 2 and t <= last[site[j]]:
                share[j] = case[j] * weight_at[site[j]](t) / weight_at[site[j]](time[j])
        share = share * np.exp(XZ @ coef)
        score += case[i] * (XZ[i] - share @ XZ / share.sum())
    return score


def test_covariance_with_censoring_groups_is_the_infinitesimal_jackknife() -> None:
    time, cause, site = np.array(REFERENCE["untied_time"]), DATA["cause"], DATA["site"]
    model = fine_gray(time, cause, XZ, censoring_groups=site)
    n, h = time.size, 1e-5

    def shifted(shift: np.ndarray, coef: np.ndarray) -> np.ndarray:
        return weighted_score(np.ones(n) + shift, coef, time, cause, site)

    np.testing.assert_allclose(shifted(np.zeros(n), model.coef), 0, atol=1e-7)
    influence = np.array([(shifted(h * e, model.coef) - shifted(-h * e, model.coef)) / (2 * h) for e in np.eye(n)])
    still = np.zeros(n)
    slope = np.array([shifted(still, model.coef - h * e) - shifted(still, model.coef + h * e) for e in np.eye(2)])
    bread = np.linalg.inv(slope / (2 * h))
    np.testing.assert_allclose(model.covariance, bread @ influence.T @ influence @ bread.T, rtol=1e-6)


def test_without_competing_events_the_estimate_is_that_of_cox() -> None:
    event = DATA["event"]
    model = fine_gray(DATA["time"], event, XZ)
    np.testing.assert_allclose(model.coef, cox(DATA["time"], event, XZ, ties="breslow").coef, rtol=1e-7)
    assert "no competing event" in model.notes[0]


@pytest.mark.parametrize(
    ("cause", "message"),
    [([0, 2, 2, 0], "no event of kind 1"), ([0, 1, np.nan, 1], "without missing"), (["a", "b", "a", "b"], "numbers")],
)
def test_bad_causes_are_refused(cause: list[Any], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        fine_gray([1, 2, 3, 4], cause, [0, 1, 0, 1])


def test_separation_is_refused() -> None:
    with pytest.raises(MethodError, match="separation"):
        fine_gray([1, 2, 3, 4, 5, 6], [1, 1, 2, 0, 0, 0], [1, 1, 0, 0, 0, 0])
