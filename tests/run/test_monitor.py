"""``onearm monitor``: who counts as evaluable, in which order, and what the design decides."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import typer
from small_trial import PROTOCOL, write_small_trial
from typer.testing import CliRunner

from onearm.analyses import check_claims, monitor_trial
from onearm.cli import monitor
from onearm.errors import ProtocolError
from onearm.protocol import Protocol, read_protocol
from onearm.run import check_trial

REGOMUNE = """kind = "bayes"
p0 = 0.10
p1 = 0.25
n = 50
first_look = 10
every = 5
stop_above = 0.80
efficacy_above = 0.80
"""


def protocol_with(tmp_path: Path, design: str) -> Protocol:
    text = PROTOCOL.replace('kind = "simon"\np0 = 0.3\np1 = 0.5\n', design)
    assert design in text
    (tmp_path / "protocol.toml").write_text(text, encoding="utf-8")
    return read_protocol(tmp_path)


def datasets(
    best: list[str | None], *, died: tuple[int, ...] = (), entered: list[int] | None = None
) -> dict[str, pl.DataFrame]:
    n = len(best)
    days = entered or list(range(1, n + 1))
    adsl = pl.DataFrame(
        {
            "USUBJID": [f"{k:03}" for k in range(n)],
            "ITTFL": ["Y"] * n,
            "COHORT": [None] * n,
            "ENRLDT": [date(2023, 1, day) for day in days],
            "TRTSDT": [None] * n,
            "DTHDT": [date(2023, 6, 1) if k in died else None for k in range(n)],
            "EOTSTT": ["ONGOING"] * n,
        },
        schema_overrides={"COHORT": pl.String, "TRTSDT": pl.Date, "DTHDT": pl.Date},
    )
    rows = [(f"{k:03}", "CBOR", value) for k, value in enumerate(best) if value is not None]
    adrs = pl.DataFrame(rows, schema=["USUBJID", "PARAMCD", "AVALC"], orient="row")
    return {"adsl": adsl, "adrs": adrs}


def test_first_stage_of_simon_counts_the_first_patients_enrolled(tmp_path: Path) -> None:
    """5 responders among the first 15 by date of entry stop the trial; the sixth responder entered 16th."""
    protocol = protocol_with(tmp_path, 'kind = "simon"\np0 = 0.3\np1 = 0.5\n')
    best: list[str | None] = ["PR"] * 6 + ["SD"] * 10
    entered = [16, 1, 2, 3, 4, 5, *range(6, 16)]
    (found,) = monitor_trial(datasets(best, entered=entered), protocol)
    assert (found.state.decision, found.state.look, found.state.responders_at_look) == ("futility", 15, 5)
    assert found.state.responders == 6


def test_who_is_evaluable(tmp_path: Path) -> None:
    """Not yet assessed, or not evaluable, does not count; death without an assessment counts as no response."""
    protocol = protocol_with(tmp_path, REGOMUNE)
    (found,) = monitor_trial(datasets(["PR", None, "NE", "SD", None], died=(4,)), protocol)
    assert found.enrolled == 5
    assert found.state.path_responders.tolist() == [0, 1, 1, 1]
    assert found.state.decision == "before the first look"


def test_bayesian_rule_of_the_protocol_is_regomunes(tmp_path: Path) -> None:
    protocol = protocol_with(tmp_path, REGOMUNE)
    best: list[str | None] = ["SD"] * 15
    (found,) = monitor_trial(datasets(best), protocol)
    assert found.state.futility == (None, 0, 0, 0, 1, 1, 1, 2, 2)
    assert found.state.efficacy == (4, 5, 7, 8, 10, 11, 13, 14, 15)
    assert found.state.decision == "futility"
    assert found.state.probability_futility == pytest.approx(1 - 0.9**16)


def test_a_design_without_a_count_of_responders_is_refused(tmp_path: Path) -> None:
    protocol = protocol_with(tmp_path, 'kind = "none"\n')
    with pytest.raises(ProtocolError, match="acceptable for monitoring are simon, exact and bayes"):
        monitor_trial(datasets(["PR"]), protocol)


@pytest.mark.parametrize(
    ("design", "words"),
    [
        ('kind = "simon"\np0 = 0.3\np1 = 0.5\nr1 = 5\nn1 = 15\nr = 18\nn = 46\n', None),
        (
            'kind = "simon"\np0 = 0.3\np1 = 0.5\nr1 = 5\nn1 = 15\nr = 17\nn = 46\n',
            "alpha 0.0795, above the stated 0.05",
        ),
        ('kind = "simon"\np0 = 0.3\np1 = 0.5\nr1 = 6\nn1 = 19\nr = 16\nn = 39\n', "is not optimal"),
        ('kind = "exact"\np0 = 0.3\np1 = 0.5\nr = 16\nn = 39\n', None),
        ('kind = "exact"\np0 = 0.3\np1 = 0.5\nr = 16\nn = 36\n', "power 0.6911, below the stated 0.8"),
        (REGOMUNE, None),
        (REGOMUNE.replace("stop_above = 0.80", "stop_above = 0.9999"), "no number of responders stops"),
    ],
)
def test_claims_of_a_design_are_checked(tmp_path: Path, design: str, words: str | None) -> None:
    found = check_claims(protocol_with(tmp_path, design))
    assert (words is None and not found) or (words is not None and words in found[0])


def test_a_false_claim_is_a_finding_of_check(tmp_path: Path) -> None:
    write_small_trial(tmp_path)
    protocol_with(tmp_path, 'kind = "simon"\np0 = 0.3\np1 = 0.5\nr1 = 5\nn1 = 15\nr = 17\nn = 46\n')
    found = check_trial(tmp_path).findings.filter(pl.col("rule") == "DESIGN-CLAIM")
    assert found["severity"].to_list() == ["warning", "warning"]
    assert "5/15, 17/46 has alpha 0.0795" in found["message"][0]


def test_command_prints_decision_boundary_and_picture(tmp_path: Path) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    monitor.register(app)
    write_small_trial(tmp_path)
    shown = CliRunner().invoke(app, ["monitor", str(tmp_path)], catch_exceptions=False)
    assert shown.exit_code == 0
    text = " ".join(shown.output.split())
    assert "patients are evaluable for ORR" in text
    assert "Decision: before the first look." in text
    assert "At 15 patients the trial stops for futility with 5 responders or fewer" in text
    assert (tmp_path / "out" / "monitor.png").stat().st_size > 5000
    as_json = CliRunner().invoke(app, ["monitor", str(tmp_path), "--json"], catch_exceptions=False)
    state = json.loads(as_json.output)["cohorts"][0]["state"]
    assert state["looks"] == [15, 46]
    assert state["decision"] == "before the first look"
