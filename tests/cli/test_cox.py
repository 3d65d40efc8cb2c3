"""``onearm cox``: what it prints, and what it says to bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from onearm.cli import cox
from onearm.errors import DataError, MethodError

TRIAL = """id,months,status,age,sex,ecog,arm
1,2,1,61,M,1,a
2,3,1,54,F,0,a
3,5,0,70,M,1,b
4,8,1,66,F,0,b
5,9,1,49,M,0,a
6,4,1,58,F,1,b
7,6,0,,M,0,a
8,10,1,63,F,1,b
9,,1,55,M,0,a
10,11,0,59,M,1,b
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    cox.register(app)
    (tmp_path / "trial.csv").write_text(TRIAL)

    def invoke(*arguments: str, file: str = "trial.csv") -> Result:
        path = tmp_path / file
        return CliRunner().invoke(app, ["cox", str(path), "--time", "months", "--event", "status=1", *arguments])

    return invoke


def record(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.exception
    return json.loads(result.output)


def test_the_shared_lung_data_give_the_numbers_of_r(shared_reference: Callable[[str], Path]) -> None:
    folder = shared_reference("survival")
    reference = json.loads((folder / "lung.json").read_text())
    expected = reference["cox"]["factor(ph_ecog)"]
    app = typer.Typer()
    app.callback()(lambda: None)
    cox.register(app)
    base = ["cox", str(folder / "lung.csv"), "-t", "time", "-e", "status=1", "-c", "ph_ecog[ref=0]", "--json"]
    for preset, ties in {"r": "efron", "sas": "breslow", "spss": "breslow"}.items():
        found = record(CliRunner().invoke(app, [*base, "--preset", preset]))
        theirs = expected[ties]
        assert [row["name"] for row in found["covariates"]] == ["ph_ecog[1]", "ph_ecog[2]", "ph_ecog[3]"]
        assert [row["coef"] for row in found["covariates"]] == pytest.approx(theirs["coef"], rel=1e-8)
        assert [row["low"] for row in found["covariates"]] == pytest.approx(theirs["hr_lower"], rel=1e-8)
        assert found["tests"]["score"]["p"] == pytest.approx(theirs["score_p"], rel=1e-8)
        assert found["concordance"]["std_error"] == pytest.approx(theirs["concordance_se"], rel=1e-8)
        assert found["notes"] == ["1 of 228 subjects left out: missing ph_ecog in 1."]
    three = [*base[:-2], "sex,age,ph_ecog", "--json"]
    found, zph = record(CliRunner().invoke(app, three)), reference["cox_zph_km_transform"]
    assert [row["p"] for row in found["proportional_hazards"]] == pytest.approx(zph["p"], rel=1e-8)


def test_text_names_factors_tests_and_rows_left_out(run: Callable[..., Result]) -> None:
    output = run("--covariates", "age,sex[ref=M]").output
    assert "Cox model, efron ties: 8 subjects, 6 events" in output
    for part in ("sex[F]", "hazard ratio", "Likelihood ratio test", "Concordance", "GLOBAL"):
        assert part in output
    assert "1 of 10 rows left out: months, status missing." in output
    assert "1 of 9 subjects left out: missing age in 1." in output


def test_profile_intervals_strata_and_ties(run: Callable[..., Result]) -> None:
    found = record(run("-c", "age", "--strata", "arm", "--ties", "exact", "--interval", "profile", "--json"))
    assert (found["ties"], found["interval"], found["n"]) == ("exact", "profile", 8)
    row = found["covariates"][0]
    assert row["low"] < row["hazard_ratio"] < row["high"]


def test_separation_is_said_and_never_a_huge_number(run: Callable[..., Result], tmp_path: Path) -> None:
    rows = ["months,status,mutated"] + [
        f"{t},{e},{g}" for t, e, g in zip(range(1, 9), [1] * 4 + [0] * 4, "nnnnyyyy", strict=True)
    ]
    (tmp_path / "separated.csv").write_text("\n".join(rows) + "\n")
    text = run("-c", "mutated[ref=n]", file="separated.csv").output
    assert "mutated[y]: separation, the hazard ratio tends to zero" in text
    assert "Firth" in text
    found = record(run("-c", "mutated[ref=n]", "--json", file="separated.csv"))
    assert found["covariates"][0]["coef"] == "-Infinity"
    assert found["covariates"][0]["p"] is None
    assert found["separation"][0]["likelihood_ratio"]["p"] < 0.05
    assert 0 < found["firth"][0]["hazard_ratio"] < 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("-c", "aeg"), DataError, "column 'aeg' is missing. Did you mean 'age'?"),
        (("-c", "age", "--preset", "stata"), MethodError, "--preset stata: unknown."),
        (("-c", "age", "--ties", "efrom"), MethodError, "ties: unknown 'efrom'. Did you mean 'efron'?"),
        (("-c", "sex[ref=X]"), MethodError, "sex: unknown reference 'X'."),
        (("-c", "sex[M"), MethodError, "cannot read"),
        (("-c", "age", "--event", "status"), DataError, "say which value means event"),
        (("-c", "age", "--time", "sex"), DataError, "are no numbers"),
        (("-c", "age", "--level", "95"), MethodError, "Did you mean 0.95?"),
    ],
)
def test_bad_input(
    run: Callable[..., Result], arguments: tuple[str, ...], error: type[Exception], message: str
) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
