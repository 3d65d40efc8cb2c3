"""Biomarkers of a published trial against R: tests/reference/biomarkers.R makes the numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from onearm.analyses import analyse
from onearm.run import check_trial

HERE = Path(__file__).parent
REFERENCE: dict[str, Any] = json.loads((HERE.parent / "reference" / "biomarkers.json").read_text(encoding="utf-8"))
NAMES = ("PDL1", "TMB")


@pytest.fixture(scope="module")
def results() -> pl.DataFrame:
    if not (HERE.parents[2] / "shared" / "data" / "inspire_pembro").is_dir():
        pytest.skip("shared/data/inspire_pembro is absent")
    checked = check_trial(HERE / "inspire_biomarkers")
    return analyse(checked.derived.datasets, checked.protocol)


def value(results: pl.DataFrame, analysis: str, name: str, stat: str, variable: str, level: str | None = None) -> float:
    found = results.filter(
        pl.col("variable_level").eq_missing(pl.lit(level)),
        analysis=analysis,
        paramcd=name,
        stat=stat,
        variable=variable,
    )
    assert found.height == 1
    return float(found["value"][0])


@pytest.mark.parametrize("name", NAMES)
def test_responders_against_the_others(results: pl.DataFrame, name: str) -> None:
    expected = REFERENCE["response"][name]
    for level, key in (("responders", "yes"), ("non-responders", "no")):
        assert value(results, "biomarker_response", name, "n", "response", level) == expected[f"n_{key}"]
        median = value(results, "biomarker_response", name, "median", "response", level)
        assert median == pytest.approx(expected[f"median_{key}"], rel=1e-12)
    assert value(results, "biomarker_response", name, "p_value", "response") == pytest.approx(expected["p"], rel=1e-9)
    auc = expected["statistic"] / (expected["n_yes"] * expected["n_no"])
    assert value(results, "biomarker_response", name, "auc", "response") == pytest.approx(auc, rel=1e-12)


def test_q_values_of_the_family(results: pl.DataFrame) -> None:
    q = [value(results, "biomarker_response", name, "q_value", "response") for name in NAMES]
    assert q == pytest.approx(REFERENCE["q"], rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_hazard_ratio_per_unit(results: pl.DataFrame, name: str) -> None:
    expected = REFERENCE["OS"][name]
    stats = {"n": "n", "events": "events", "hr": "hazard_ratio", "low": "conf_low", "high": "conf_high", "p": "p_value"}
    for key, stat in stats.items():
        found = value(results, "biomarker_survival", name, stat, "OS")
        assert found == pytest.approx(expected[key], rel=1e-7)  # R stops its iteration at 1e-9 of the likelihood


@pytest.mark.parametrize(("name", "levels"), [("PDL1", ("< 1", "≥ 1")), ("TMB", ("low", "high"))])
def test_groups_by_cut_off_and_by_median(results: pl.DataFrame, name: str, levels: tuple[str, str]) -> None:
    expected = REFERENCE["OS_groups"][name]
    for level, n, events, median in zip(levels, expected["n"], expected["events"], expected["median"], strict=True):
        assert value(results, "biomarker_groups", name, "n", "OS", level) == n
        assert value(results, "biomarker_groups", name, "events", "OS", level) == events
        assert value(results, "biomarker_groups", name, "median", "OS", level) == pytest.approx(median, rel=1e-12)
    ratio = value(results, "biomarker_groups", name, "hazard_ratio", "OS", levels[1])
    assert ratio == pytest.approx(expected["hr"], rel=1e-7)
    p = value(results, "biomarker_groups", name, "p_log_rank", "OS")
    assert p == pytest.approx(expected["p_log_rank"], rel=1e-9)


def test_response_by_group(results: pl.DataFrame) -> None:
    p = value(results, "biomarker_response_rate", "PDL1", "p_value", "group")
    assert p == pytest.approx(REFERENCE["fisher_pdl1"], rel=1e-9)
