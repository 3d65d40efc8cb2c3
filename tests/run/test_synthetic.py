"""Every file of a run on synthetic records says so, and says it where the file is taken out of its folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from PIL import Image
from small_trial import PROTOCOL, write_small_trial

from onearm.data import read_table
from onearm.data.parquet import read_marks
from onearm.run import Run, run_trial

MARKER = """
[assay.blood]
file = "blood.csv"
subject = "patient"

[biomarker.X]
assay = "blood"
measure = "x"
against = ["response", "PFS"]
"""
SYNTHETIC = PROTOCOL.replace("[trial]\n", "[trial]\nsynthetic = true\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = write_small_trial(tmp_path_factory.mktemp("synthetic"), protocol=SYNTHETIC + MARKER)
    (folder / "data" / "assays").mkdir()
    (folder / "data" / "assays" / "blood.csv").write_text("patient,x\n001,10\n002,2\n003,4\n", encoding="utf-8")
    return run_trial(folder)


def in_every_line(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    # A heading between rows is a label and nothing else.
    lines = [row for row in rows[1:] if any(row[1:])]
    return rows[0][-1] == "data" and bool(lines) and all(row[-1] == "synthetic" for row in lines)


def in_every_sheet(path: Path) -> bool:
    sheets = pl.read_excel(path, sheet_id=0, has_header=False, drop_empty_rows=False)
    text = "Synthetic data: these patients are simulated."
    return all(text in sheet.to_series(0).to_list() for sheet in sheets.values())


def in_json(path: Path) -> bool:
    found = json.loads(path.read_text(encoding="utf-8"))
    return (found["synthetic"] if path.name == "manifest.json" else found["trial"]["synthetic"]) is True


def in_png(path: Path) -> bool:
    with Image.open(path) as image:
        return bool(image.info["Title"] == "Synthetic data")


SAYS_SO: dict[str, Callable[[Path], bool]] = {
    ".csv": in_every_line,
    ".xlsx": in_every_sheet,
    ".json": in_json,
    ".html": lambda path: "Synthetic data: these patients are simulated." in path.read_text(encoding="utf-8"),
    ".svg": lambda path: "Synthetic data" in path.read_text(encoding="utf-8"),
    ".png": in_png,
    ".parquet": lambda path: read_marks(path) == {"onearm.trial": "SMALL", "onearm.synthetic": "true"},
}


def test_every_file_says_that_it_is_synthetic(made: Run) -> None:
    files = sorted(path for path in made.folder.rglob("*") if path.is_file())
    assert {path.suffix for path in files} == set(SAYS_SO)
    assert [path.name for path in files if not SAYS_SO[path.suffix](path)] == []


def test_a_real_run_does_not_say_it(tmp_path: Path) -> None:
    run = run_trial(write_small_trial(tmp_path))
    assert read_marks(run.folder / "results.parquet")["onearm.synthetic"] == "false"
    assert "Synthetic data" not in run.report.read_text(encoding="utf-8")


def test_marks_change_nothing_of_the_table(made: Run) -> None:
    read = read_table(made.folder / "results.parquet")
    assert read.columns == made.results.columns
    assert read.height == made.results.height
