"""``onearm ci``: what it prints, and what it says to bad input."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from onearm.cli import ci
from onearm.errors import MethodError
from onearm.stats.binomial import BINOMIAL_INTERVALS


@pytest.fixture
def run():
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    ci.register(app)

    def invoke(*arguments):
        return CliRunner().invoke(app, ["ci", *arguments])

    return invoke


def test_the_interval_is_printed_as_in_a_paper_with_every_digit(run):
    result = run("26", "46")
    assert result.exit_code == 0
    # R: binom.test(26, 46)$conf.int is 0.4110714 to 0.7106567
    assert result.output.startswith("26/46 = 56.5% (95% CI, 41.1–71.1%)\n")
    assert "low       0.41107" in result.output
    assert "Clopper CJ, Pearson ES (1934)" in result.output


def test_every_method_stands_in_the_table(run):
    lines = run("26", "46", "--method", "all").output.splitlines()
    assert [line.split()[0] for line in lines[3:]] == list(BINOMIAL_INTERVALS)
    assert len({len(line) for line in lines[2:]}) == 1


def test_json_holds_every_field(run):
    record = json.loads(run("26", "46", "--method", "wilson", "--level", "0.9", "--json").output)
    assert set(record) == {
        "x", "n", "estimate", "low", "high", "level", "method", "title", "is_exact", "reference", "note",
    }  # fmt: skip
    assert (record["x"], record["n"], record["level"], record["method"]) == (26, 46, 0.9, "wilson")
    assert len(json.loads(run("26", "46", "--method", "all", "--json").output)) == len(BINOMIAL_INTERVALS)


def test_a_bound_that_does_not_exist_is_null_in_json(run):
    record = json.loads(run("1", "1", "--method", "student-t", "--json").output)
    assert record["low"] is None
    assert record["note"] == "one subject has no variance"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("50", "46"), "there cannot be more successes than subjects; found 50 of n = 46"),
        (("0", "0"), "a whole number from 1; found 0"),
        (("26", "46", "--level", "95"), "strictly between 0 and 1, such as 0.95; found 95. Did you mean 0.95?"),
        (("26", "46", "--method", "exact"), "unknown interval 'exact'. Known: "),
    ],
)
def test_bad_input_is_told_what_would_be_acceptable(run, arguments, words):
    error = run(*arguments).exception
    assert isinstance(error, MethodError)
    assert words in str(error)
