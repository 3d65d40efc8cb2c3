"""A trial folder becomes a run: whole or not at all, versioned, comparable."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from small_trial import PROTOCOL, write_small_trial

import onearm.outputs
from onearm.errors import DataError
from onearm.results import check_results, compare_results
from onearm.run import read_results, run_trial


def test_a_run_holds_everything_and_latest_points_to_it(tmp_path: Path) -> None:
    run = run_trial(write_small_trial(tmp_path))
    assert run.report.is_file()
    assert (tmp_path / "out" / "latest").resolve() == run.folder.resolve()
    names = {path.name for path in run.folder.iterdir()}
    assert {
        "datasets",
        "figures",
        "tables",
        "report.html",
        "results.parquet",
        "manifest.json",
        "protocol.json",
    } <= names
    assert check_results(pl.read_parquet(run.folder / "results.parquet")).equals(run.results)
    manifest = json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))
    assert {record["file"] for record in manifest["inputs"]} >= {"dm.csv", "tr.csv"}
    assert manifest["cutoff"] == "2023-12-31"


def test_a_killed_run_leaves_the_old_one_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run_trial(write_small_trial(tmp_path))
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))

    def die(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(onearm.outputs, "present", die)
    with pytest.raises(KeyboardInterrupt):
        run_trial(tmp_path)
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
    assert (tmp_path / "out" / "latest").resolve() == first.folder.resolve()


def test_two_runs_of_the_same_folder_have_the_same_results(tmp_path: Path) -> None:
    first, second = (run_trial(write_small_trial(tmp_path)) for _ in range(2))
    assert first.folder != second.folder
    assert compare_results(first.results, second.results).height == 0


def test_diff_lists_what_a_changed_switch_changed(tmp_path: Path) -> None:
    first = run_trial(write_small_trial(tmp_path))
    protocol = PROTOCOL.replace("success = [", 'interval = "wilson"\nsuccess = [')
    second = run_trial(write_small_trial(tmp_path, protocol=protocol))
    changed = compare_results(first.results, second.results)
    assert set(changed["stat"]) == {"conf_low", "conf_high"}
    assert set(changed["paramcd"]) == {"ORR"}
    assert set(changed["method_new"]) == {"wilson"}


def test_results_are_found_by_trial_or_run(tmp_path: Path) -> None:
    run = run_trial(write_small_trial(tmp_path))
    assert read_results(tmp_path).equals(read_results(run.folder))
    with pytest.raises(DataError, match="no run there"):
        read_results(tmp_path / "data")


def test_the_results_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    """One responder of three: at each Clopper-Pearson limit the tail of the binomial holds 2.5 %."""
    results = run_trial(write_small_trial(tmp_path)).results
    rate = dict(results.filter(analysis="response_rate", paramcd="ORR").select("stat", "value").iter_rows())
    assert (rate["n"], rate["N"]) == (1, 3)
    low, high = rate["conf_low"], rate["conf_high"]
    assert 1 - (1 - low) ** 3 == pytest.approx(0.025, rel=1e-12)
    assert (1 - high) ** 3 + 3 * high * (1 - high) ** 2 == pytest.approx(0.025, rel=1e-12)
    flow = results.filter(analysis="disposition", variable="step")
    assert dict(flow.select("variable_level", "value").iter_rows()) == {
        "screened": 4,
        "not_enrolled": 1,
        "enrolled": 3,
        "not_treated": 0,
        "treated": 3,
        "ongoing": 1,
        "discontinued": 2,
        "completed": 0,
        "ITT": 3,
        "SS": 3,
    }
    age = dict(
        results.filter(analysis="baseline", variable="AGE", stat="n").select("variable_level", "value").iter_rows()
    )
    assert age == {None: 3, "< 65": 1, "≥ 65": 2}
