"""A synthetic trial on disk: readable, marked as synthetic, and never written over real data."""

from __future__ import annotations

import tomllib

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from onearm.cli.simulate import register
from onearm.errors import DataError, ProtocolError
from onearm.protocol import read_protocol
from onearm.simulation import folder as folder_module
from onearm.simulation import simulate_trial_folder
from onearm.simulation.folder import mark_synthetic


@pytest.fixture
def made(tmp_path):
    return simulate_trial_folder("alter_e_003", tmp_path / "demo", seed=4)


def test_the_folder_holds_a_trial(made):
    names = sorted(path.relative_to(made.path).as_posix() for path in made.path.rglob("*") if path.is_file())
    tables = [f"data/{name}.csv" for name in ("dm", "ex", "tu", "tr", "ae", "ds", "ss", "cm", "lb")]
    assays = [f"data/assays/{name}{sheet}.csv" for name in ("wes", "pdl1", "mihc") for sheet in ("", "_samples")]
    assert names == sorted(["README.txt", "assumptions.toml", *tables, *assays, "protocol.toml"])
    assert made.n == 46
    for name, rows in made.rows.items():
        file = made.path / "data" / f"{name.replace(' ', '_')}.csv"
        assert pl.read_csv(file, infer_schema=False).height == rows


def test_protocol_and_readme_say_that_it_is_synthetic(made, protocol):
    copy = read_protocol(made.path)
    assert copy.trial.synthetic
    assert copy.trial.model_copy(update={"synthetic": False}) == protocol.trial
    assert copy.model_copy(update={"trial": protocol.trial}) == protocol
    text = (made.path / "protocol.toml").read_text(encoding="utf-8")
    assert "# every two cycles for the first six cycles, every three cycles thereafter" in text
    readme = (made.path / "README.txt").read_text(encoding="utf-8")
    assert "SYNTHETIC" in readme
    assert "46 patients, seed 4" in readme


@pytest.mark.parametrize(
    "text",
    [
        '[trial]\nid = "A"\n[sets]\n',
        '[trial]\nsynthetic = false # once\nid = "A"\n',
        '# top\n[ trial ] # what\nid = "A"',
        'schema = 1\n[trial]\nid = "A"\n\n[[treatment]]\nsynthetic = "no key of the trial"\n',
    ],
)
def test_marking_changes_one_key_only(text):
    before, after = tomllib.loads(text), tomllib.loads(mark_synthetic(text))
    assert after["trial"].pop("synthetic") is True
    before["trial"].pop("synthetic", None)
    assert after == before
    assert mark_synthetic(mark_synthetic(text)) == mark_synthetic(text)


def test_marking_needs_a_header():
    with pytest.raises(ProtocolError, match=r"\[trial\] header"):
        mark_synthetic('trial = { id = "A" }')


def test_a_second_run_replaces_the_first_and_leaves_the_rest(made):
    (made.path / "out").mkdir()
    (made.path / "out" / "report.html").write_text("kept")
    before = (made.path / "data" / "tr.csv").read_bytes()
    simulate_trial_folder(made.path, made.path, seed=5)
    assert (made.path / "data" / "tr.csv").read_bytes() != before
    assert (made.path / "out" / "report.html").read_text() == "kept"
    assert not list(made.path.glob(".simulate-*"))


def test_a_larger_trial_replaces_csv_by_parquet(made, monkeypatch):
    monkeypatch.setattr(folder_module, "LARGEST_CSV", 100)
    simulate_trial_folder("alter_e_003", made.path, n=150, seed=4)
    assert {path.suffix for path in (made.path / "data").rglob("*") if path.is_file()} == {".parquet"}
    assert 'file = "wes.parquet"' in (made.path / "protocol.toml").read_text(encoding="utf-8")


def test_csv_and_parquet_hold_the_same(tmp_path, monkeypatch, protocol, assumptions):
    simulate_trial_folder("alter_e_003", tmp_path / "csv", n=150, seed=4)
    monkeypatch.setattr(folder_module, "LARGEST_CSV", 100)
    simulate_trial_folder("alter_e_003", tmp_path / "parquet", n=150, seed=4)
    for path in (tmp_path / "csv" / "data").rglob("*.csv"):
        file = tmp_path / "parquet" / path.relative_to(tmp_path / "csv")
        table = pl.read_parquet(file.with_suffix(".parquet"))
        assert pl.read_csv(path, schema=table.schema).equals(table)


def test_real_data_are_never_written_over(tmp_path, made):
    text = (made.path / "protocol.toml").read_text(encoding="utf-8").replace("synthetic = true ", "synthetic = false ")
    (made.path / "protocol.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="not synthetic"):
        simulate_trial_folder("alter_e_003", made.path)
    (tmp_path / "mine" / "data").mkdir(parents=True)
    (tmp_path / "mine" / "data" / "dm.csv").write_text("USUBJID\n001\n")
    with pytest.raises(DataError, match="not synthetic"):
        simulate_trial_folder("alter_e_003", tmp_path / "mine")


def test_a_failed_run_leaves_the_old_trial(made, monkeypatch):
    before = {path: path.read_bytes() for path in made.path.rglob("*") if path.is_file()}
    with pytest.raises(ProtocolError):
        simulate_trial_folder("alter_e_003", made.path, assumptions=made.path / "none.toml")
    assert {path: path.read_bytes() for path in made.path.rglob("*") if path.is_file()} == before


def test_unknown_trials_are_named(tmp_path):
    with pytest.raises(ProtocolError, match="Did you mean 'alter_e_003'"):
        simulate_trial_folder("alter_e_03", tmp_path / "demo")
    (tmp_path / "protocol.toml").write_text('[trial]\nid = "A"\n', encoding="utf-8")
    with pytest.raises(ProtocolError, match="title"):
        simulate_trial_folder(tmp_path, tmp_path / "demo")


def test_the_command(tmp_path):
    app = typer.Typer()
    register(app)
    run = CliRunner().invoke(app, ["alter_e_003", "--patients", "20", "--seed", "3", "--out", str(tmp_path / "demo")])
    assert run.exit_code == 0, run.output
    assert "a synthetic trial of 20 patients, seed 3" in " ".join(run.output.split())
    assert (tmp_path / "demo" / "data" / "dm.csv").exists()
