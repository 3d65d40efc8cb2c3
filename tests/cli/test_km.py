"""``onearm km``: what it prints, what it draws, and what it says to bad input."""

from __future__ import annotations

import json
import math
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from onearm.cli import km
from onearm.cli.columns import number_series, parse_event, survival_columns
from onearm.cli.km_figure import draw_curves
from onearm.errors import DataError, MethodError
from onearm.stats.kaplan_meier import kaplan_meier

AML = """time,status,arm
9,1,M\n13,1,M\n13,0,M\n18,1,M\n23,1,M\n28,0,M\n31,1,M\n34,1,M\n45,0,M\n48,1,M\n161,0,M
5,1,N\n5,1,N\n8,1,N\n8,1,N\n12,1,N\n16,0,N\n23,1,N\n27,1,N\n30,1,N\n33,1,N\n43,1,N\n45,1,N
"""


@pytest.fixture
def aml(tmp_path):
    path = tmp_path / "aml.csv"
    path.write_text(AML)
    return path


@pytest.fixture
def run():
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    km.register(app)

    def invoke(*arguments):
        return CliRunner().invoke(app, ["km", *map(str, arguments)])

    return invoke


@pytest.fixture
def record(run, aml):
    def invoke(*arguments):
        result = run(aml, "--time", "time", "--event", "status=1", "--json", *arguments)
        assert result.exit_code == 0, result.exception
        return json.loads(result.output)

    return invoke


def test_the_table_says_what_r_prints(run, aml):
    # print(survfit(Surv(time, status) ~ x, aml)): medians 31 (18 to NA) and 23 (8 to NA); survdiff: 3.4, p = 0.0653;
    # quantile(survfit(Surv(time, 1 - status) ~ 1)) for follow-up: 103 and none
    output = run(aml, "--time", "time", "--event", "status=1", "--by", "arm", "--at", "12,24").output
    lines = [line.split() for line in output.splitlines()]
    assert ["M", "11", "7", "31", "18", "NE", "18", "48", "103"] in lines
    assert ["N", "12", "11", "23", "8", "NE", "8", "33", "NE"] in lines
    assert "log-rank: chi-squared 3.39639, df 1, p = 0.0653393" in output
    assert "upper limit not reached" in output


@pytest.mark.parametrize(
    ("preset", "interval", "low", "high"),
    [("r", "log", 18, 48), ("sas", "log-log", 13, 34), ("spss", "plain", 14.5189705333341, 39.4810294666659)],
)
def test_a_preset_sets_every_convention(record, preset, interval, low, high):
    # the whole of aml: shared reference aml.json, km_overall
    found = record("--preset", preset)
    median = found["groups"][0]["quantiles"][1]
    assert (found["preset"], found["interval"], median["estimate"]) == (preset, interval, 27)
    assert math.isclose(median["low"], low, rel_tol=1e-9)
    assert math.isclose(median["high"], high, rel_tol=1e-9)


def test_json_holds_every_field_and_no_nan(record):
    found = record("--by", "arm", "--at", "12,24,400", "--level", "0.9")
    first = found["groups"][0]
    assert [group["group"] for group in found["groups"]] == ["M", "N"]
    assert set(first) == {"group", "n", "n_events", "quantiles", "follow_up", "at", "curve"}
    assert set(first["curve"]) >= {"time", "at_risk", "events", "censored", "survival", "std_error", "low", "high"}
    assert first["at"]["survival"][2] is None
    assert first["at"]["note"][2] == "no one was observed beyond 161"
    assert found["groups"][1]["at"]["survival"][2] == 0
    assert found["log_rank"]["df"] == 1
    assert found["level"] == 0.9


def test_one_scale_can_be_chosen_by_itself(record):
    assert record("--preset", "sas", "--interval", "plain")["interval"] == "plain"


@pytest.mark.parametrize("event", ["status=1", "status=1.0", "status=01"])
def test_one_code_is_one_code_however_written(run, aml, event):
    assert json.loads(run(aml, "-t", "time", "-e", event, "--json").output)["groups"][0]["n_events"] == 18


def test_reversed_codes_must_be_said_and_are_heeded(record, run, aml):
    turned = json.loads(run(aml, "-t", "time", "-e", "status=0", "--json").output)
    assert turned["groups"][0]["n_events"] == 5


def test_several_values_may_mean_event():
    table = pl.DataFrame({"t": ["1", "2", "3"], "s": ["death", "relapse", "alive"]})
    found = survival_columns(table, time="t", event=parse_event("s=death, relapse"), where="x")
    assert found.table["event"].to_list() == [True, True, False]


def test_rows_that_lack_something_are_left_out_and_counted(run, tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_text("t;s;g\n1,5;1;a\n2;0;a\n;1;a\n3;NA;b\n4;1;\n5;1;b\n6;0;b\n")
    result = run(path, "--time", "t", "--event", "s=1", "--by", "g")
    assert "4 patients; 3 rows left out, in which something is missing" in result.output
    taken = survival_columns(
        pl.read_csv(path, separator=";", infer_schema=False), time="t", event=parse_event("s=1"), by="g", where="x"
    )
    assert taken.table["time"].to_list() == [1.5, 2, 5, 6]


def test_groups_that_are_numbers_are_sorted_as_numbers(run, tmp_path):
    path = tmp_path / "g.csv"
    path.write_text("t,s,dose\n" + "\n".join(f"{i},1,{d}" for i, d in enumerate([8, 10, 12] * 2, start=1)))
    found = json.loads(run(path, "-t", "t", "-e", "s=1", "-b", "dose", "--json").output)
    assert [group["group"] for group in found["groups"]] == ["8", "10", "12"]


@pytest.mark.parametrize("suffix", [".svg", ".png", ".PNG"])
def test_a_plot_is_drawn(run, aml, tmp_path, suffix):
    path = tmp_path / f"curves{suffix}"
    assert run(aml, "-t", "time", "-e", "status=1", "-b", "arm", "--plot", path).exit_code == 0
    start = path.read_bytes()[:200]
    assert start.startswith(b"\x89PNG") if suffix != ".svg" else b"<svg" in path.read_bytes()[:1000]


def test_the_figure_draws_the_curves_and_the_numbers_at_risk():
    curves = {"a": kaplan_meier([2, 4, 4, 8], [1, 1, 0, 0]), "b": kaplan_meier([1, 3, 9], [1, 0, 1])}
    figure = draw_curves(curves, time_label="months")
    axes, canvas = figure.axes
    steps = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    heights = [line.get_ydata().round(9).tolist() for line in steps]
    assert heights == [[100, 75, 50, 50], [100, 66.666666667, 66.666666667, 0]]
    texts = [text.get_text() for text in canvas.texts]
    assert {"a", "b", "No. at risk", "95% limits, log scale"} <= set(texts)
    at_risk = [text for text in texts if text.isdigit()]
    assert at_risk[:3] == ["4", "4", "3"]  # at 0, 2 and 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--time", "tme", "--event", "status=1"], "column 'tme' is missing. Did you mean 'time'"),
        (["--time", "time", "--event", "status"], "say which value means event"),
        (["--time", "time", "--event", "arm=X"], "no row has the event value 'X'"),
        (["--time", "arm", "--event", "status=1"], "column 'arm': 23 values are no numbers, the first in row 1"),
        (["--time", "time", "--event", "time=9"], "only one value can mean censored"),
        (["--time", "time", "--event", "status=1", "--preset", "stata"], "--preset stata: unknown. Did you mean 'sas'"),
        (["--time", "time", "--event", "status=1", "--at", "six"], "--at six: give numbers"),
        (["--time", "time", "--event", "status=1", "--plot", "x.pdf"], "must end in .svg or .png"),
        (["--time", "time", "--event", "status=1", "--interval", "loglog"], "Did you mean 'log-log'"),
    ],
)
def test_bad_input_is_named(run, aml, arguments, message):
    error = run(aml, *arguments).exception
    assert isinstance(error, (DataError, MethodError))
    assert message in str(error)


def test_no_event_yet_is_no_mistake(run, tmp_path):
    path = tmp_path / "early.csv"
    path.write_text("t,s\n3,0\n5,0\n")
    result = run(path, "-t", "t", "-e", "s=1")
    assert result.exit_code == 0
    assert "no event" in result.output


def test_a_table_without_a_complete_row_is_refused():
    with pytest.raises(DataError, match="no row has everything"):
        survival_columns(pl.DataFrame({"t": [None], "s": ["1"]}), time="t", event=parse_event("s=1"), where="x")


def test_negative_times_are_refused(run, tmp_path):
    path = tmp_path / "negative.csv"
    path.write_text("t,s\n-3,0\n5,1\n")
    assert "1 value is negative" in str(run(path, "-t", "t", "-e", "s=1").exception)


def test_numbers_keep_their_types():
    assert number_series(pl.Series("t", [1, None, 3]), where="x").to_list() == [1.0, None, 3.0]
    with pytest.raises(DataError, match="1 values are no numbers, the first in row 2"):
        number_series(pl.Series("t", ["1", "nan"]), where="x")


def test_the_command_imports_what_it_needs_only_when_it_runs():
    source = Path(km.__file__).read_text()
    heavy = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert not any(
        name in line for line in heavy for name in ("numpy", "polars", "matplotlib", "scipy", "onearm.stats")
    )
