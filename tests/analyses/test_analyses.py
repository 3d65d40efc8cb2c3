"""Analyses on small tables that can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import DM, PROTOCOL, write_small_trial

from onearm.analyses import ANALYSES, analyse
from onearm.results import KEY
from onearm.run import analyse_sensitivity, check_trial

SENSITIVITY = """
[sensitivity.earlier]
label = "First day not counted"
change = { "conventions.count_start_day" = false }
[sensitivity.unconfirmed]
change = { "endpoint.ORR.of" = "unconfirmed" }
"""


def results_of(folder: Path, protocol: str = PROTOCOL, **tables: str | None) -> pl.DataFrame:
    checked = check_trial(write_small_trial(folder, protocol=protocol, **tables))
    return analyse(checked.derived.datasets, checked.protocol)


def test_every_registered_statistic_and_analysis_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    assert [name for name in ANALYSES if f"`{name}`" not in text] == []


def test_the_key_is_unique_over_all_analyses(tmp_path: Path) -> None:
    results = results_of(tmp_path)
    assert not results.select(KEY).is_duplicated().any()


def test_categories_may_overlap_and_add_up_to_more(tmp_path: Path) -> None:
    """LIVER;LUNG and LUNG and nothing: one liver, two lungs of two patients with a known site."""
    protocol = PROTOCOL + '[[baseline]]\nvariable = "SITES"\nseparator = ";"\n'
    rows = results_of(tmp_path, protocol).filter(analysis="baseline", variable="SITES")
    counts = rows.filter(stat="n").select("variable_level", "value").rows()
    assert counts == [("LIVER", 1.0), ("LUNG", 2.0)]
    assert rows.filter(stat="N")["value"].unique().to_list() == [2.0]
    assert rows.filter(stat="missing")["value"].to_list() == [1.0]


def test_a_variable_that_the_data_lack_says_so(tmp_path: Path) -> None:
    rows = results_of(tmp_path, PROTOCOL + '[[baseline]]\nvariable = "ECOG"\n').filter(variable="ECOG")
    assert rows["note"].to_list() == ["the data have no column ECOG"]


def test_a_code_is_counted_and_a_number_is_summarised(tmp_path: Path) -> None:
    rows = results_of(tmp_path).filter(analysis="baseline", variable="AGE")
    whole = rows.filter(pl.col("variable_level").is_null())
    assert whole.filter(stat="median")["value"].to_list() == [66.0]
    assert whole.filter(stat="q1")["value"].to_list() == [63.0]


def test_cohorts_are_analysed_by_themselves(tmp_path: Path) -> None:
    cohorts = DM.replace("SITES", "COHORT").replace("LIVER;LUNG", "A").replace("F,LUNG", "F,B").replace("F,\n", "F,B\n")
    protocol = PROTOCOL + '[cohort.first]\nvalue = "A"\n[cohort.second]\nvalue = "B"\n'
    rates = results_of(tmp_path, protocol, dm=cohorts).filter(analysis="response_rate", paramcd="ORR")
    counts = rates.filter(pl.col("stat").is_in(["n", "N"])).select("group1", "group1_level", "stat", "value").rows()
    assert counts == [
        ("COHORT", "first", "n", 1.0),
        ("COHORT", "first", "N", 1.0),
        ("COHORT", "second", "n", 0.0),
        ("COHORT", "second", "N", 2.0),
    ]


def test_the_design_is_found_and_its_rule_applied(tmp_path: Path) -> None:
    """Simon 1989, Table 1: p0 = 0.30, p1 = 0.50, alpha 0.05, power 0.80: 5/15, 18/46, EN 23.6, PET 0.72."""
    rows = results_of(tmp_path).filter(analysis="design")
    numbers = dict(rows.filter(stat="value").select("variable", "value").iter_rows())
    assert [numbers[name] for name in ("r1", "n1", "r", "n")] == [5, 15, 18, 46]
    assert (round(numbers["en"], 1), round(numbers["pet"], 2)) == (23.6, 0.72)
    assert rows.filter(variable="decision")["text"].to_list() == [
        "No decision yet: 1 of 3 responded; 46 patients are planned."
    ]


def test_sensitivity_repeats_the_headline_numbers(tmp_path: Path) -> None:
    """PFS of 127, 85 and 19 days: the median is 85 days, or 84 without the first day."""
    checked = check_trial(write_small_trial(tmp_path, protocol=PROTOCOL + SENSITIVITY))
    grid = analyse_sensitivity(checked, analyse(checked.derived.datasets, checked.protocol))
    medians = grid.filter(paramcd="PFS", stat="median").select("group1_level", "value").rows()
    assert [name for name, _ in medians] == ["as planned", "First day not counted", "unconfirmed"]
    assert [value for _, value in medians] == pytest.approx([85 / 30.4375, 84 / 30.4375, 85 / 30.4375])


def test_sensitivity_to_a_key_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    from onearm.errors import ProtocolError

    bad = PROTOCOL + '[sensitivity.x]\nchange = { "endpoint.ORR.off" = "unconfirmed" }\n'
    with pytest.raises(ProtocolError, match=r"sensitivity\.x\.change: no key 'endpoint\.ORR\.off'.*Did you mean 'of'"):
        check_trial(write_small_trial(tmp_path, protocol=bad))


def test_a_prior_gives_the_posterior_beside_the_proportion(tmp_path: Path) -> None:
    """One of three with a uniform prior is Beta(2, 3): mean 2/5; its quantiles solve 6x² - 8x³ + 3x⁴ = 0.025 and 0.975."""
    protocol = PROTOCOL.replace('success = ["CR", "PR"]\n', 'success = ["CR", "PR"]\nprior = [1, 1]\n', 1)
    rows = results_of(tmp_path, protocol).filter(analysis="response_rate", paramcd="ORR")
    found = dict(rows.select("stat", "value").iter_rows())
    names = ("posterior_mean", "posterior_low", "posterior_high")
    assert [round(found[name], 4) for name in names] == [0.4, 0.0676, 0.8059]
    assert rows.filter(stat="posterior_mean")["method"].to_list() == ["posterior, Beta(1, 1) prior"]
    assert "posterior_mean" not in results_of(tmp_path)["stat"].to_list()


def test_the_flow_says_which_rule_of_a_set_is_not_met(tmp_path: Path) -> None:
    """Patient 003 died before any scan after baseline; 004 was never enrolled and is no matter of the set."""
    protocol = PROTOCOL.replace("[sets]\n", '[sets]\nEFF = ["enrolled", "treated", "evaluable_for_response"]\n')
    rows = results_of(tmp_path, protocol).filter(analysis="disposition", variable="reason:EFF")
    assert rows.select("variable_level", "value").rows() == [("not met: evaluable for response", 1.0)]
