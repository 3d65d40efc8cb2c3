"""Survival curves, quantiles, means and log-rank tests against R survival 3.5-3, to a relative difference of 1e-9."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from onearm.stats.follow_up import reverse_kaplan_meier
from onearm.stats.kaplan_meier import KaplanMeier, kaplan_meier, survival_at
from onearm.stats.log_rank import LogRank, log_rank
from onearm.stats.quantiles import survival_quantile
from onearm.stats.restricted_mean import restricted_mean

Reference = Callable[[str], Path]

DATA_SETS = ("aml", "lung", "ovarian", "veteran")
SCALES = {"plain": "plain", "log": "log", "log-log": "log-log", "logit": "logit", "arcsin": "arcsine"}
ONE_SAMPLE = (
    "all_censored",
    "all_events_one_time",
    "tie_event_censor",
    "n1_event",
    "n1_censored",
    "n2_event_censored",
    "zero_time_event",
    "zero_time_censored",
    "never_half",
    "flat_half_n4",
    "flat_half_n20_roundoff",
    "flat_half_to_last_censor_CAMIS",
    "flat_half_last_event_CAMIS",
    "flat_half_with_censor_inside",
    "ci_flat_half",
    "upper_NA",
    "last_event_to_zero",
    "float_near_ties",
    "heavy_ties",
    "half_day_scale",
    "integer_weights",
    "integer_weights_replicated",
    "fractional_weights",
    "large_times",
    "fractional_weights_robust_FALSE",
    "fractional_weights_robust_TRUE",
)
TWO_GROUPS = (
    "separation_zero_events_in_group",
    "separation_reversed",
    "no_events",
    "one_event",
    "single_member_group",
    "identical_groups",
    "all_tied",
    "heavy_ties",
    "crossing",
    "complete_order",
    "stratified",
    "continuous_perfect",
    "float_near_ties",
)


@cache
def read(path: Path) -> dict[str, Any]:
    """Read a reference file once."""
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def numbers(values: Any) -> np.ndarray:
    """Turn JSON into floats; R's NA and NaN, written as text, become NaN."""
    return np.array([np.nan if value in ("NA", "NaN") else value for value in np.atleast_1d(values)], dtype=float)


def agree(found: Any, expected: Any, what: str) -> None:
    """Compare at the tolerance that the reference was set at; 1e-14 stands for zero."""
    np.testing.assert_allclose(np.atleast_1d(found), numbers(expected), rtol=1e-9, atol=1e-14, err_msg=what)


def agree_on_curve(curve: KaplanMeier, expected: dict[str, Any]) -> None:
    """Compare every column of a curve."""
    agree(curve.time, expected["time"], "time")
    agree(curve.at_risk, expected["n_risk"], "at risk")
    agree(curve.events, expected["n_event"], "events")
    agree(curve.censored, expected["n_censor"], "censored")
    agree(curve.survival, expected["surv"], "survival")
    # survfit keeps the robust standard error on the scale of S already, so the script's product with S is not one
    agree(curve.std_error, expected["se_log_surv" if curve.variance == "robust" else "greenwood_se"], "standard error")
    agree(curve.low, expected["lower"], "low")
    agree(curve.high, expected["upper"], "high")


def agree_on_times(curve: KaplanMeier, expected: dict[str, Any]) -> None:
    """Compare the values at given times, carried on beyond the last observation as the reference did."""
    found = survival_at(curve, expected["time"], extend=True)
    agree(found.survival, expected["surv"], "survival")
    agree(found.std_error, expected["se"], "standard error")
    agree(found.low, expected["lower"], "low")
    agree(found.high, expected["upper"], "high")
    agree(found.at_risk, expected["n_risk"], "at risk")
    agree(np.diff(found.events, prepend=0), expected["n_event_in_interval"], "events")


def agree_on_quantiles(curve: KaplanMeier, expected: dict[str, Any]) -> None:
    """Compare the quartiles and their limits."""
    found = [survival_quantile(curve, p) for p in (0.25, 0.5, 0.75)]
    agree([q.estimate for q in found], expected["estimate"], "quartiles")
    agree([q.low for q in found], expected["lower"], "lower limits of the quartiles")
    agree([q.high for q in found], expected["upper"], "upper limits of the quartiles")


def agree_on_means(curve: KaplanMeier, expected: dict[str, Any]) -> None:
    """Compare restricted means and their standard errors."""
    if "rmean_to_last_obs" in expected:
        mean = restricted_mean(curve)
        agree([mean.estimate, mean.std_error], list(expected["rmean_to_last_obs"].values()), "mean")
    for part in expected.get("rmst", {}).values():
        mean = restricted_mean(curve, part["tau"])
        agree([mean.estimate, mean.std_error], [part["rmst"], part["se"]], f"mean up to {part['tau']}")


def agree_on_reverse(time: Any, event: Any, weights: Any, expected: dict[str, Any]) -> None:
    """Compare the quartiles of follow-up."""
    for scale, part in expected.get("reverse_km", {}).items():
        agree_on_quantiles(reverse_kaplan_meier(time, event, weights=weights, interval=SCALES[scale]), part)


def agree_on_spss(curve: KaplanMeier, expected: dict[str, Any]) -> None:
    """Compare the median with the formula of SPSS."""
    found = survival_quantile(curve, convention="spss")
    agree(
        [found.estimate, found.std_error, found.low, found.high],
        [expected[name] for name in ("median", "se", "lower", "upper")],
        "SPSS median",
    )


def agree_on_test(found: LogRank, expected: dict[str, Any]) -> None:
    """Compare a log-rank test, its groups found by label."""
    labels = [label.split("=")[1].strip() for label in expected["group"]]
    order = [[str(level) for level in found.group].index(label) for label in labels]
    agree(found.n[order], expected["n"], "n")
    agree(found.observed[order], expected["observed"], "observed")
    agree(found.expected[order], expected["expected"], "expected")
    np.testing.assert_allclose(found.variance[np.ix_(order, order)], expected["variance"], rtol=1e-9, atol=1e-14)
    agree(found.chi_squared, expected["chisq"], "chi-squared")
    agree(found.p, expected["p"], "p")
    assert found.df == max(expected["df"], 0)


@pytest.mark.parametrize("name", ONE_SAMPLE)
def test_one_sample_case(shared_reference: Reference, name: str) -> None:
    case = read(shared_reference("survival/nasty_km.json"))["cases"][name]
    time, event = np.atleast_1d(case["data"]["time"]), np.atleast_1d(case["data"]["status"])
    weights = None if case["data"]["weight"] == "NA" else case["data"]["weight"]
    if name == "float_near_ties":
        time = np.array([0.1 + 0.2, 0.3, 0.5, 0.7])  # JSON wrote the first as 0.3
    variance = {"fractional_weights_robust_FALSE": "greenwood", "fractional_weights_robust_TRUE": "robust"}.get(name)
    for scale in ("plain", "log", "log-log"):
        expected = case["expected"][scale]
        curve = kaplan_meier(time, event, weights=weights, interval=SCALES[scale], variance=variance)
        agree_on_curve(curve, expected["curve"])
        agree_on_quantiles(curve, expected["quantile"])
        if "at" in expected:
            agree_on_times(curve, expected["at"])
    agree_on_means(curve, case["expected"])
    agree_on_reverse(time, event, weights, case["expected"])
    if "spss_median" in case["expected"] and curve.variance == "greenwood":
        # the script multiplies the robust error by S once more; SPSS itself knows no robust error
        agree_on_spss(curve, case["expected"]["spss_median"])


def test_every_one_sample_case_is_tested(shared_reference: Reference) -> None:
    cases = read(shared_reference("survival/nasty_km.json"))["cases"]
    assert set(cases) == {*ONE_SAMPLE, "behaviour"}  # bad input: test_times.py


@pytest.mark.parametrize("name", TWO_GROUPS)
def test_two_group_case(shared_reference: Reference, name: str) -> None:
    case = read(shared_reference("survival/nasty_two_group.json"))["cases"][name]
    data = case["data"]
    time, group = np.array(data["time"], dtype=float), np.array(data["g"])
    event = np.broadcast_to(data["status"], time.shape)
    if name == "float_near_ties":
        time[0] = 0.1 + 0.2
    agree_on_test(log_rank(time, event, group), case["expected"]["logrank"])
    agree_on_test(log_rank(time, event, group, rho=1), case["expected"]["peto"])
    if "logrank_stratified" in case["expected"]:
        agree_on_test(log_rank(time, event, group, strata=data["site"]), case["expected"]["logrank_stratified"])


def test_every_two_group_case_is_tested(shared_reference: Reference) -> None:
    assert set(read(shared_reference("survival/nasty_two_group.json"))["cases"]) == set(TWO_GROUPS)


@pytest.fixture(params=DATA_SETS)
def data_set(request: pytest.FixtureRequest, shared_reference: Reference) -> tuple[pl.DataFrame, dict[str, Any]]:
    folder = shared_reference("survival")
    reference = read(folder / f"{request.param}.json")
    table = pl.read_csv(folder / f"{request.param}.csv")
    return table.rename({reference["time"]: "t", reference["status"]: "e"}), reference


def test_curve_of_a_data_set(data_set: tuple[pl.DataFrame, dict[str, Any]]) -> None:
    table, reference = data_set
    for theirs, ours in SCALES.items():
        expected = reference["km_overall"][theirs]
        curve = kaplan_meier(table["t"], table["e"], interval=ours)
        agree_on_curve(curve, expected["curve"])
        agree_on_quantiles(curve, expected["quantile"])
        agree_on_times(curve, expected["at"])
    agree_on_means(curve, reference["km_overall"])
    agree_on_reverse(table["t"], table["e"], None, reference["km_overall"])
    agree_on_spss(curve, reference["km_overall"]["spss_median"])


def test_curves_by_group_of_a_data_set(data_set: tuple[pl.DataFrame, dict[str, Any]]) -> None:
    table, reference = data_set
    compared = 0
    for group, levels in reference["km_by"].items():
        for level, expected in levels.items():
            part = table.filter(pl.col(group).cast(pl.String) == level)
            for theirs, ours in SCALES.items():
                curve = kaplan_meier(part["t"], part["e"], interval=ours)
                agree_on_quantiles(curve, expected[theirs]["quantile"])
                agree_on_times(curve, expected[theirs]["at"])
            assert (curve.n, curve.n_events) == (expected["n"], expected["events"])
            agree_on_means(curve, expected)
            agree_on_reverse(part["t"], part["e"], None, expected)
            agree_on_spss(curve, expected["spss_median"])
            compared += 1
    assert compared >= 2


def test_log_rank_of_a_data_set(data_set: tuple[pl.DataFrame, dict[str, Any]]) -> None:
    table, reference = data_set
    for group, expected in reference["logrank"].items():
        part = table.drop_nulls(group)
        agree_on_test(log_rank(part["t"], part["e"], part[group]), expected["rho0"])
        agree_on_test(log_rank(part["t"], part["e"], part[group], rho=1), expected["rho1"])
    for pair, expected in reference.get("logrank_stratified", {}).items():
        group, stratum = pair.split("|")
        part = table.drop_nulls([group, stratum])
        agree_on_test(log_rank(part["t"], part["e"], part[group], strata=part[stratum]), expected)
