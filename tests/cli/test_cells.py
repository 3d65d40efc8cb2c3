"""``onearm cells``: what it prints, and what it says to bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from onearm.cli import cells
from onearm.errors import DataError

TABLE = """slide,field,cell,x_um,y_um,tissue,phenotype,PD1
s,f,1,0,0,Tumor,CK+,1
s,f,2,3,4,Tumor,CD8+,5
s,f,3,0,20,Stroma,CD8+,2
s,f,4,50,50,Stroma,other,1
"""
AREAS = "slide,field,tissue,area_mm2\ns,f,,0.5\ns,f,Tumor,0.2\n"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    cells.register(app)
    (tmp_path / "cells.csv").write_text(TABLE)
    (tmp_path / "areas.csv").write_text(AREAS)

    def invoke(*arguments: str) -> Result:
        placed = [str(tmp_path / a) if a.endswith(".csv") else a for a in arguments]
        return CliRunner().invoke(app, ["cells", str(tmp_path / "cells.csv"), "--um-per-pixel", "1", *placed])

    return invoke


def test_without_a_measure_it_says_what_the_table_holds(run: Callable[..., Result]) -> None:
    said = run().output
    assert "4 cells in 1 field (plain, positions in microns)" in said
    assert "CD8+ 2" in said
    assert "Tissues:" in said


def test_phenotypes_get_percent_density_and_distance(run: Callable[..., Result]) -> None:
    """By hand: distances 5 and 20, mean and median 12.5; 2 of 4 cells; 2 in 0.5 mm²."""
    said = run("-p", "CD8+", "--to", "CK+", "--areas", "areas.csv").output
    for part in ("50 %", "4 cells/mm²", "mean distance from CD8+ to CK+", "12.5 µm", "2 cells against 1 in 1 field"):
        assert part in said


def test_json_has_samples_fields_and_findings(run: Callable[..., Result]) -> None:
    found = json.loads(run("-m", "density of CD8+ in tumour", "--areas", "areas.csv", "--json").output)
    assert [row["VALUE"] for row in found["samples"]] == [5.0]
    assert found["fields"][0]["N_CELLS"] == 1
    assert found["findings"] == []


def test_every_field_can_be_printed(run: Callable[..., Result]) -> None:
    assert "s, f" in run("-m", "percent of CD8+", "--by-field").output


def test_a_name_with_an_expression(run: Callable[..., Result]) -> None:
    said = run("-p", "none=NOT (CD8+ OR CK+)").output
    assert "percent of none  25 %" in " ".join(said.split(" ")).replace("   ", "  ")


def test_an_unknown_phenotype_is_missing_and_said(run: Callable[..., Result]) -> None:
    said = run("-p", "CD88+").output
    assert "missing" in said
    assert "Did you mean 'CD8'" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-m", "thickness of CD8+"), "not understood"),
        (("-t", "PD1=much"), "'much' is not a number"),
        (("-t", "PD1"), "write it as KEY=VALUE"),
        (("--software", "halos"), "Did you mean 'halo'"),
        (("--column", "x=XX"), "column 'XX' is missing"),
    ],
)
def test_bad_input_is_said(run: Callable[..., Result], arguments: tuple[str, ...], message: str) -> None:
    error = run(*arguments).exception
    assert isinstance(error, DataError)
    assert message in str(error)
