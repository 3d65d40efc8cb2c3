"""``onearm audit``: table, JSON, page, exit codes."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from onearm.cli import audit
from onearm.errors import DataError

KEYS = ["place", "statement", "verdict", "method", "working", "closest", "severity"]


@pytest.fixture
def run():
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    audit.register(app)
    return lambda *arguments: CliRunner().invoke(app, ["audit", *map(str, arguments)])


@pytest.fixture
def paper(tmp_path):
    path = tmp_path / "paper.txt"
    path.write_text("The ORR was 26/46 (56.5%; 95% CI 41.1–71.1) <b>. It fell in 32/46 (70.6%).", encoding="utf-8")
    return path


def test_json_is_a_list_with_one_object_per_statement(run, paper):
    rows = json.loads(run(paper, "--json").output)
    assert [list(row) for row in rows] == [KEYS, KEYS]
    assert [row["verdict"] for row in rows] == ["holds", "cannot_be_right"]


def test_the_table_lists_alarms_and_counts_the_rest(run, paper):
    output = run(paper).output
    assert "69.6%" in output
    assert "2 statements: 1 cannot be right, 1 holds." in output


def test_strict_exits_with_one_where_a_number_cannot_be_right(run, paper):
    assert run(paper).exit_code == 0
    assert run(paper, "--strict").exit_code == 1


def test_the_page_shows_the_sentence_escaped(run, paper, tmp_path):
    page = tmp_path / "sub" / "audit.html"
    assert run(paper, "--html", page).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "<mark>26/46 (56.5%; 95% CI 41.1–71.1)</mark>" in text
    assert "<b>" not in text


def test_a_missing_file_is_named(run, tmp_path):
    for name in ("no.toml", "no.txt"):
        assert isinstance(run(tmp_path / name).exception, DataError)
