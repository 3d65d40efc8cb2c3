"""A real survival data set through reading, deriving and analysing: the numbers of R, SAS and SPSS come out at the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from onearm.analyses import analyse
from onearm.derivations import derive
from onearm.protocol import parse_protocol
from onearm.run import read_trial_source

PROTOCOL = """
[trial]
id = "LUNG"
title = "Advanced lung cancer"
[sets]
ALL = ["enrolled"]
[endpoint.OS]
role = "primary"
set = "ALL"
event = ["death"]
censor = ["last_known_alive"]
[[subgroup]]
variable = "SEX"
levels = ["1", "2"]
[[subgroup]]
variable = "PH_ECOG"
[model.OS3]
endpoint = "OS"
covariates = ["SEX_NUMBER", "AGE", "PH_ECOG"]
[source.patients]
file = "{file}"
covariates = ["sex", "age", "ph_ecog", "sex_number"]
OS = {{ time = "time", unit = "days", status = "status", event = 1, censored = 0 }}
[conventions]
preset = "{preset}"
days_per_month = 1.0
"""


@pytest.fixture
def lung(shared_reference: Callable[[str], Path], tmp_path: Path) -> Callable[..., pl.DataFrame]:
    table = pl.read_csv(shared_reference("survival/lung.csv"), null_values="NA")
    table.with_columns(sex_number=pl.col("sex")).write_csv(tmp_path / "lung.csv")

    def results(preset: str = "r") -> pl.DataFrame:
        protocol = parse_protocol(PROTOCOL.format(file="lung.csv", preset=preset))
        return analyse(derive(read_trial_source(tmp_path, protocol), protocol).datasets, protocol)

    return results


@pytest.fixture(scope="session")
def expected(shared_reference: Callable[[str], Path]) -> dict[str, Any]:
    return dict(json.loads(shared_reference("survival/lung.json").read_text(encoding="utf-8")))


def value(results: pl.DataFrame, stat: str, **where: Any) -> float:
    found = results.filter(stat=stat, **where)
    assert found.height == 1, found
    return float(found["value"][0])


@pytest.mark.parametrize(("preset", "scale"), [("r", "log"), ("sas", "log-log")])
def test_medians_and_quartiles(
    lung: Callable[..., pl.DataFrame], expected: dict[str, Any], preset: str, scale: str
) -> None:
    results, quantiles = lung(preset), expected["km_overall"][scale]["quantile"]
    for i, stat in enumerate(("q1", "median", "q3")):
        found = [value(results, f"{stat}{end}", analysis="survival") for end in ("", "_low", "_high")]
        assert found == [quantiles[key][i] for key in ("estimate", "lower", "upper")]


def test_the_median_of_spss_has_its_symmetric_interval(
    lung: Callable[..., pl.DataFrame], expected: dict[str, Any]
) -> None:
    results, spss = lung("spss"), expected["km_overall"]["spss_median"]
    for stat, key in (("median", "median"), ("median_low", "lower"), ("median_high", "upper")):
        assert value(results, stat, analysis="survival") == pytest.approx(spss[key], rel=1e-9)


def test_follow_up_is_the_reverse_curve(lung: Callable[..., pl.DataFrame], expected: dict[str, Any]) -> None:
    found = lung()
    assert value(found, "median", analysis="follow_up") == expected["km_overall"]["reverse_km"]["log"]["estimate"][1]


def test_log_rank_over_the_levels_of_a_subgroup(lung: Callable[..., pl.DataFrame], expected: dict[str, Any]) -> None:
    results = lung()
    for variable, name in (("SEX", "sex"), ("PH_ECOG", "ph_ecog")):
        p = value(results, "p_value", analysis="subgroup_test", group1=variable)
        assert p == pytest.approx(expected["logrank"][name]["rho0"]["p"], rel=1e-9)


@pytest.mark.parametrize(("preset", "ties"), [("r", "efron"), ("sas", "breslow")])
def test_hazard_ratio_of_a_subgroup(
    lung: Callable[..., pl.DataFrame], expected: dict[str, Any], preset: str, ties: str
) -> None:
    results, model = lung(preset), expected["cox"]["sex"][ties]
    row = {"analysis": "subgroup", "group1": "SEX", "group1_level": "2"}
    for stat, key in (("hazard_ratio", "hr"), ("conf_low", "hr_lower"), ("conf_high", "hr_upper"), ("p_value", "p")):
        assert value(results, stat, **row) == pytest.approx(model[key], rel=1e-8)
    assert value(results, "hazard_ratio", analysis="subgroup", group1="SEX", group1_level="1") == 1


def test_multivariable_model_with_its_test_of_proportional_hazards(
    lung: Callable[..., pl.DataFrame], expected: dict[str, Any]
) -> None:
    results, model = lung(), expected["cox"]["sex+age+ph_ecog"]["efron"]
    for i, variable in enumerate(("SEX_NUMBER", "AGE", "PH_ECOG")):
        row = {"analysis": "model", "variable": variable}
        assert value(results, "hazard_ratio", **row) == pytest.approx(model["hr"][i], rel=1e-8)
        assert value(results, "p_value", **row) == pytest.approx(model["p"][i], rel=1e-7)
    zph = expected["cox_zph_km_transform"]["p"][-1]
    assert value(results, "p_value", analysis="model", variable="proportional hazards") == pytest.approx(zph, rel=1e-7)
    assert value(results, "n", analysis="model") == model["n"]


def test_few_events_for_each_covariate_are_a_warning(lung: Callable[..., pl.DataFrame]) -> None:
    row = lung().filter(analysis="model", stat="events_per_coefficient").row(0, named=True)
    assert (round(row["value"], 2), row["note"]) == (54.67, None)
