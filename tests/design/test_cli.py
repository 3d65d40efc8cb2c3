"""The design commands: tables, sentences, JSON with every field, pictures, errors without a stack trace."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from onearm.cli import design
from onearm.errors import MethodError
from onearm.stats.design.two_stage_inference import TwoStageInference


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    application.callback()(lambda: None)
    design.register(application)
    return application


def run(app: typer.Typer, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["design", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def run_json(app: typer.Typer, *arguments: str) -> Any:
    return json.loads(run(app, *arguments, "--json"))


SIMON = ("simon", "--p0", "0.3", "--p1", "0.5", "--alpha", "0.05", "--power", "0.8")


def test_simon_prints_the_table_the_sentence_and_the_inference_of_alter_e_003(app: typer.Typer) -> None:
    text = " ".join(run(app, *SIMON, "--observed", "26").split())
    assert "optimal 5/15 18/46 0.0499 0.8032 0.7216 23.63 41.32" in text
    assert "After 15 patients the trial stops with 5 responders or fewer" in text
    assert "(Simon 1989)" in text
    assert "exact 95% interval 0.4117 to 0.7123" in text
    assert "Koyama-Chen interval 0.4117 to 0.6942" in text
    assert "covers less than its level" in text


def test_json_of_the_inference_carries_every_field(app: typer.Typer) -> None:
    found = run_json(app, *SIMON, "--observed", "26")
    assert set(found["inference"]) == {field.name for field in dataclasses.fields(TwoStageInference)}
    assert found["inference"]["umvue"] == pytest.approx(0.5726638589)
    assert found["designs"]["admissible"][1]["n"] == 42
    assert found["claim"] is None


def test_numbers_that_do_not_exist_are_null_in_json(app: typer.Typer) -> None:
    assert run_json(app, *SIMON, "--observed", "0")["inference"]["koyama_chen_high"] is None


def test_a_claimed_design_is_checked(app: typer.Typer) -> None:
    assert "has alpha 0.0795, above the stated 0.05" in " ".join(run(app, *SIMON, "--claimed", "5/15,17/46").split())
    assert "Every claim holds." in run(app, *SIMON, "--claimed", "5/15, 18/46")


def test_a_changed_second_stage_gets_its_boundary(app: typer.Typer) -> None:
    text = run(app, *SIMON, "--observed", "20", "--observed-stage1", "8", "--n2", "25")
    assert "With 25 patients in stage 2 instead of 31" in text


def test_exact_gives_single_stage_designs_and_evaluates_any_looks(app: typer.Typer) -> None:
    assert "A'Hern (exact)                            16  39" in run(app, "exact", "--p0", "0.3", "--p1", "0.5")
    looks = ("exact", "--p0", "0.3", "--p1", "0.5", "--looks", "15,46", "--futility", "5,18", "--efficacy=-,19")
    found = run_json(app, *looks)
    assert found["characteristics"]["efficacy"] == pytest.approx([0.04986500749, 0.80320599367])
    assert "no stop" in run(app, *looks)


def test_bayes_is_regomune_by_default_and_says_where_no_stop_is_possible(app: typer.Typer) -> None:
    text = " ".join(run(app, "bayes", "--observed", "4/43").split())
    assert "10 no stop 4 15 0 5" in text
    assert "No number of responders stops the trial for futility at 10 patients" in text
    assert "posterior mean is 11.1% (95% credible interval 3.8% to 21.7%)" in text
    found = run_json(app, "bayes", "--reading", "predictive to the next cohort")
    assert found["rule"]["futility"] == [None, None, 0, 0, 0, 0, 1, 1, 2]
    assert found["plan"]["equality"] == ">="


def test_survival_reproduces_both_papers(app: typer.Typer) -> None:
    first = ("survival", "--median0", "8.8", "--hr", "0.65", "--event-rate", "0.7", "--new-event-rate", "0.6")
    found = run_json(app, *first, "--rounding", "nearest", "--dropout", "0.2", "--dropout-rule", "multiply")
    assert [found["plan"][step]["value"] for step in ("events", "patients", "enrolled")] == [48, 68, 82]
    assert found["at_new_event_rate"]["enrolled"]["value"] == 96
    second = ("survival", "--median0", "5.7", "--median1", "9.8", "--accrual", "12", "--followup", "12")
    found = run_json(app, *second, "--formula", "log-hazard", "--dropout", "0.2", "--simulate", "2000", "--rate", "4")
    assert [found["plan"][step]["value"] for step in ("events", "patients", "enrolled")] == [27, 38, 48]
    assert found["plan"]["events"]["formula"] == "(z_a + z_b)^2 / (ln HR)^2"
    assert found["plan"]["events"]["unrounded"] == pytest.approx(26.727, abs=1e-3)
    assert 0.75 < found["simulated"]["reject"] < 0.9
    assert found["two_stage"]["power"] == pytest.approx(0.8, abs=1e-6)
    text = " ".join(run(app, *second, "--formula", "log-hazard", "--dropout", "0.2").split())
    assert "rounded up to 27 events by (z_a + z_b)^2 / (ln HR)^2" in text
    assert "n / (1 - 0.2) gives 47.50, rounded up to 48 patients" in text


def test_basket_prints_each_model_and_its_scenarios(app: typer.Typer) -> None:
    arguments = ("basket", "--n", "8,8", "--threshold", "0.1", "--responders", "4,0", "--scenario", "0.1,0.4")
    text = run(app, *arguments, "--cutoff", "0.9", "--simulate", "500")
    for name in ("independent", "pooled", "hierarchical"):
        assert f"{name}: cohort" in text
        assert f"{name}: true rates" in text
    found = run_json(app, *arguments, "--model", "independent", "--cutoff", "0.9")
    assert list(found["posteriors"]) == ["independent"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("three-stage", "--p0", "0.1", "--p1", "0.3", "--n-max", "30"), "0/6   2/17  5/29"),
        (("two-sided", "--p0", "0.1", "--p1", "0.3", "--n-max", "30"), "Mander and Thompson 2010"),
        (
            ("toxicity", "--response0", "0.3", "--response1", "0.6", "--toxicity0", "0.4", "--toxicity1", "0.15"),
            "Bryant and Day 1995",
        ),
        (("bop2", "--p0", "0.2", "--p1", "0.4", "--looks", "10,20,30"), "Zhou, Lee and Yuan 2017"),
        (("lee-liu", "--looks", "10,20,36", "--p0", "0.2", "--threshold", "0.9", "--low", "0.001"), "Lee and Liu 2008"),
        (("thall-simon", "--looks", "10,20", "--standard", "20,80", "--margin", "0.15"), "Thall and Simon 1994"),
        (
            (
                *("simulate", "--rate", "0.3,0.5", "--looks", "15,46", "--futility", "5,18", "--efficacy=-,19"),
                *("--accrual-rate", "3", "--confirm-after", "1", "--assess-every", "1.5", "--window", "4"),
                *("--simulate", "500"),
            ),
            "mean (Monte-Carlo error)",
        ),
    ],
)
def test_every_other_command_speaks_and_has_json(app: typer.Typer, arguments: tuple[str, ...], words: str) -> None:
    assert " ".join(words.split()) in " ".join(run(app, *arguments).split())
    assert isinstance(run_json(app, *arguments), (dict, list))


@pytest.mark.parametrize(
    "arguments",
    [
        SIMON,
        ("exact", "--p0", "0.3", "--p1", "0.5"),
        ("bayes",),
        ("survival", "--median0", "8.8", "--hr", "0.65", "--event-rate", "0.7"),
        ("basket", "--n", "6,6", "--threshold", "0.1", "--responders", "1,2", "--cutoff", "0.9"),
        ("toxicity", "--response0", "0.3", "--response1", "0.6", "--toxicity0", "0.4", "--toxicity1", "0.15"),
    ],
)
def test_a_power_curve_is_written_on_request(app: typer.Typer, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run(app, *arguments, "--plot", str(tmp_path / "power.svg"))
    picture = (tmp_path / "power.svg").read_text()
    assert picture.startswith("<?xml")
    assert "</svg>" in picture


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("simon", "--p0", "0.5", "--p1", "0.3"), "has to exceed 0.5"),
        ((*SIMON, "--observed", "50"), "acceptable is 0 to 46"),
        ((*SIMON, "--claimed", "5-15"), "such as 5/15,18/46"),
        ((*SIMON, "--criterion", "optmal"), "Did you mean 'optimal'"),
        (("exact", "--p0", "0.3", "--p1", "0.5", "--looks", "15,46"), "'-' for no stop"),
        (
            ("exact", "--p0", "0.3", "--p1", "0.5", "--looks", "15,x", "--futility", "5,18", "--efficacy=-,19"),
            "10:50:5",
        ),
        (("bayes", "--looks", "10,20,15"), "15 follows 20"),
        (("bayes", "--prior", "0,0"), "two weights above 0"),
        (("bayes", "--prior", "1"), "acceptable are 2 numbers"),
        (("bayes", "--equality", "="), "acceptable is '>=' or '>'"),
        (("survival", "--median0", "8.8", "--event-rate", "0.7"), "either --median1 or --hr"),
        (("survival", "--median0", "8.8", "--hr", "0.65"), "--accrual and --followup"),
        (
            ("survival", "--median0", "8.8", "--hr", "0.65", "--event-rate", "0.7", "--rounding", "ceil"),
            "rounding rule",
        ),
        (("basket", "--n", "10,10", "--threshold", "0.1"), "--responders for an analysis"),
        (("basket", "--n", "10,10", "--threshold", "0.1", "--model", "pool"), "Did you mean 'pooled'"),
    ],
)
def test_bad_input_is_an_error_that_says_what_would_be_acceptable(
    app: typer.Typer, arguments: tuple[str, ...], words: str
) -> None:
    with pytest.raises(MethodError) as caught:
        CliRunner().invoke(app, ["design", *arguments], catch_exceptions=False)
    assert words in str(caught.value)


def test_help_imports_no_statistics() -> None:
    """`onearm --help` has to stay fast: building the commands loads neither NumPy nor SciPy."""
    import subprocess
    import sys

    code = (
        "import sys, typer; from onearm.cli import design; design.register(typer.Typer());"
        "print(sorted(set(sys.modules) & {'numpy', 'scipy', 'matplotlib', 'polars', 'rich'}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
