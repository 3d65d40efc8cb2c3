"""Logistic regression against R's glm, its exact profile, and tables where the answer is known."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
from scipy import stats

from onearm.errors import MethodError
from onearm.stats.logistic import logistic_regression, logistic_regression_r


@pytest.fixture(scope="module")
def responders(shared_data):
    with (shared_data("inspire_pembro") / "pembrolizumab.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [float(r["orr"] == "CR/PR") for r in rows], [[float(r["tmb"]), float(r["l_size"])] for r in rows]


def test_the_digits_of_r(shared_reference, responders):
    case = json.loads(shared_reference("tests/misc_tests.json").read_text())["other"]["logistic_inspire_orr"]
    found = logistic_regression_r(*responders, names=["tmb", "l_size"])
    for field, key in {
        "coefficient": "coef",
        "se": "se",
        "z": "z",
        "p": "p",
        "wald_low": "wald_lower",
        "wald_high": "wald_upper",
    }.items():
        np.testing.assert_allclose(getattr(found, field), case[key], rtol=1e-9, err_msg=field)
    assert found.deviance == pytest.approx(case["deviance"], rel=1e-9)
    assert found.null_deviance == pytest.approx(case["null_deviance"], rel=1e-9)
    # R interpolates the profile with a spline; its bounds agree to the third digit only.
    np.testing.assert_allclose(found.profile_low, case["profile_lower"], rtol=5e-4)
    np.testing.assert_allclose(found.profile_high, case["profile_upper"], rtol=5e-4)


def test_the_maximum_of_the_likelihood_and_its_exact_profile(responders):
    found = logistic_regression(*responders)
    # R: glm(y ~ tmb + l_size, binomial, control = list(epsilon = 1e-15)), the information at its coefficients, and
    # uniroot(tol = 1e-13) on the deviance of the model with the coefficient as an offset.
    expected = [-2.6257051594446, 1.3021727369712, -0.0064657310057]
    np.testing.assert_allclose(found.coefficient, expected, rtol=1e-9)
    np.testing.assert_allclose(found.se, [0.726199819850209, 0.369032142166946, 0.006417820342534], rtol=1e-9)
    np.testing.assert_allclose(found.profile_low[1:], [0.64637461627724, -0.02060686472975], rtol=1e-9)
    np.testing.assert_allclose(found.profile_high[1:], [2.10846794505002, 0.00499518351481], rtol=1e-9)


def test_one_yes_no_covariate_is_the_sample_odds_ratio():
    # 12 of 19 against 5 of 14: log odds ratio log(12*9 / (7*5)), standard error sqrt(1/12 + 1/7 + 1/5 + 1/9).
    outcome = [1] * 12 + [0] * 7 + [1] * 5 + [0] * 9
    found = logistic_regression(outcome, [[1]] * 19 + [[0]] * 14)
    assert found.coefficient[1] == pytest.approx(math.log(12 * 9 / (7 * 5)), rel=1e-10)
    assert found.se[1] == pytest.approx(math.sqrt(1 / 12 + 1 / 7 + 1 / 5 + 1 / 9), rel=1e-10)
    g = stats.chi2_contingency([[12, 7], [5, 9]], correction=False, lambda_="log-likelihood").pvalue
    assert found.likelihood_ratio_p[1] == pytest.approx(g, rel=1e-9)


def test_separation_is_said_and_the_likelihood_still_speaks():
    found = logistic_regression([0, 0, 0, 0, 1, 1, 1, 0], [[0], [0], [0], [0], [1], [1], [1], [1]])
    assert "separate" in found.note
    assert np.isnan(found.coefficient).all()
    g = stats.chi2_contingency([[4, 0], [1, 3]], correction=False, lambda_="log-likelihood").pvalue
    assert found.likelihood_ratio_p[1] == pytest.approx(g, rel=1e-6)
    assert math.isfinite(found.profile_low[1])
    assert found.profile_high[1] == math.inf


def test_the_unit_of_a_covariate_changes_only_its_coefficient(responders):
    outcome, covariates = responders
    scaled = np.array(covariates) * [1000, 1e-3] + [1e5, -3]
    plain, other = logistic_regression(outcome, covariates), logistic_regression(outcome, scaled)
    np.testing.assert_allclose(other.z[1:], plain.z[1:], rtol=1e-6)
    np.testing.assert_allclose(other.profile_low[1:] * [1000, 1e-3], plain.profile_low[1:], rtol=1e-6)


def test_subjects_with_missing_values_are_left_out():
    outcome, covariates = [0, 0, 1, 0, 1, 1], [[1], [2], [3], [4], [5], [6]]
    more = logistic_regression([*outcome, 1, math.nan], [*covariates, [math.nan], [2]])
    assert more.n == 6
    np.testing.assert_array_equal(more.coefficient, logistic_regression(outcome, covariates).coefficient)


@pytest.mark.parametrize(
    ("outcome", "covariates", "words"),
    [
        ([0, 1, 2], [[1], [2], [3]], "both 0 and 1"),
        ([1, 1, 1], [[1], [2], [3]], "both 0 and 1"),
        ([0, 1, 1], [[1], [1], [1]], "constant or a combination"),
        ([0, 1], [[1], [2], [3]], "one row per subject"),
        ([0, 1, 1], [[1], [2], [math.inf]], "finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(outcome, covariates, words):
    with pytest.raises(MethodError, match=words):
        logistic_regression(outcome, covariates)
