"""Commands on a trial folder, as a person would type them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_trial import AE, PROTOCOL, write_small_trial

ROOT = Path(__file__).parents[2]


def onearm(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "onearm", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )


def test_run_prints_the_primary_result_and_where_the_report_is(tmp_path: Path) -> None:
    done = onearm("run", write_small_trial(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "33.3% (1 of 3 patients" in done.stdout
    assert Path(done.stdout.split("Report: ")[1].strip()).is_file()


def test_exit_codes(tmp_path: Path) -> None:
    """0 done, 1 findings of severity error with --strict, 2 unusable input, and never a stack trace."""
    good = write_small_trial(tmp_path / "good")
    doubtful = write_small_trial(tmp_path / "doubtful", ae=AE.replace("2023-01-05", "2023-02-30"))
    broken = write_small_trial(tmp_path / "broken", protocol=PROTOCOL.replace("cutoff", "cutof"))
    assert onearm("check", good, "--strict").returncode == 0
    assert onearm("check", doubtful).returncode == 0
    assert onearm("check", doubtful, "--strict").returncode == 1
    refused = onearm("check", broken)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "protocol.toml, trial.cutof: unknown key. Did you mean 'cutoff'?\n"
    assert onearm("check", tmp_path / "nowhere").returncode == 2
    assert onearm("run", good, "--unknown").returncode == 2


def test_check_lists_findings_with_row_and_fix(tmp_path: Path) -> None:
    folder = write_small_trial(tmp_path, ae=AE.replace("2023-01-05", "2023-02-30"))
    shown = onearm("check", folder).stdout
    assert "DATA-DATE-IMPOSSIBLE (1x) ae.csv AESTDTC" in shown
    assert "001 (row 1)" in shown
    assert "Fix: Correct the date at its source." in shown
    found = json.loads(onearm("check", folder, "--json").stdout)
    assert found[0]["kind"] == "finding"
    assert {"severity", "rule", "file", "row", "subject", "column", "message", "fix"} <= set(found[0])


def test_new_writes_a_template_that_checks(tmp_path: Path) -> None:
    template = onearm("new", "simon").stdout
    (tmp_path / "protocol.toml").write_text(template, encoding="utf-8")
    assert onearm("explain", tmp_path).stdout.startswith("# Drug A plus drug B in disease C")
    unknown = onearm("new", "simn")
    assert (unknown.returncode, unknown.stderr) == (2, "no template 'simn'. Did you mean 'simon'?\n")


def test_explain_finds_the_design_that_the_protocol_leaves_open(tmp_path: Path) -> None:
    """Simon 1989: the optimal design for 0.30 against 0.50."""
    plan = onearm("explain", write_small_trial(tmp_path)).stdout
    assert (
        "15 patients are enrolled in stage 1. If more than 5 of them respond, 31 more are enrolled in stage 2." in plan
    )
    assert "more than 18 of 46 patients respond" in plan


def test_check_lists_every_deviation_with_patient_date_rule_and_evidence(tmp_path: Path) -> None:
    limit = '[[eligibility]]\nvariable = "AGE"\nlabel = "Age"\nat_most = 65\n'
    shown = onearm("check", write_small_trial(tmp_path, protocol=f"{PROTOCOL}\n{limit}")).stdout
    assert "ELIGIBILITY-AGE (2x)" in shown
    assert "002  2023-01-02  Age is 70; at most 65 is asked for." in shown
    rows = json.loads(onearm("check", tmp_path, "--json").stdout)
    assert [row["subject"] for row in rows if row["kind"] == "deviation"] == ["002", "003"]
    assert rows[-2] == {
        "kind": "deviation",
        "rule": "ELIGIBILITY-AGE",
        "subject": "002",
        "date": "2023-01-02",
        "category": "ELIGIBILITY",
        "evidence": "Age is 70; at most 65 is asked for.",
        "domain": "DM",
        "sequence": None,
    }


def test_explain_patient_tells_each_scan(tmp_path: Path) -> None:
    folder = write_small_trial(tmp_path)
    story = onearm("explain-patient", folder, "001").stdout
    assert "sum 36 mm, -28.0 % from baseline, +28.6 % from the smallest sum before" in story
    assert "RECIST1.1-TL-PD-20" in story
    assert "Best overall response, confirmed: PR" in story
    assert "127 days" in story
    picture = tmp_path / "one.png"
    assert f"Picture: {picture}" in onearm("explain-patient", folder, "001", "--picture", picture).stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert onearm("explain-patient", folder, "001", "--picture", tmp_path / "one.gif").returncode == 2
    assert onearm("explain-patient", folder, "777").returncode == 2


def test_diff_lists_what_changed(tmp_path: Path) -> None:
    folder = write_small_trial(tmp_path)
    first = onearm("run", folder).stdout.split("Report: ")[1].strip()
    onearm(
        "run", write_small_trial(tmp_path, protocol=PROTOCOL.replace("success = [", 'of = "unconfirmed"\nsuccess = ['))
    )
    same = onearm("diff", folder, folder).stdout
    assert same == "No result differs.\n"
    onearm("run", write_small_trial(tmp_path, protocol=PROTOCOL.replace('title = "Drug', 'title = "Another drug')))
    changed = onearm("diff", Path(first).parent, folder).stdout
    assert "Drug in disease -> Another drug in disease" in changed


def test_sensitivity_prints_the_grid(tmp_path: Path) -> None:
    plain = onearm("sensitivity", write_small_trial(tmp_path))
    assert plain.returncode == 2
    assert "no alternative is named" in plain.stderr
    grid = '[sensitivity.none]\nlabel = "Unconfirmed"\nchange = { "endpoint.ORR.of" = "unconfirmed" }\n'
    shown = onearm("sensitivity", write_small_trial(tmp_path, protocol=PROTOCOL + grid)).stdout
    assert "as planned" in shown
    assert "Unconfirmed" in shown


@pytest.mark.parametrize(
    "command", ["run", "check", "explain", "explain-patient", "new", "diff", "sensitivity", "simulate"]
)
def test_every_command_has_help_and_is_documented(command: str) -> None:
    done = onearm(command, "--help")
    assert done.returncode == 0
    assert f"onearm {command}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_help_loads_nothing_heavy() -> None:
    heavy = "polars numpy scipy matplotlib pydantic rich jinja2"
    code = f"import sys; from onearm.cli.app import build; build(); print(sorted(set(sys.modules) & set('{heavy}'.split())))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_public_names_are_all_there() -> None:
    import onearm

    assert [name for name in onearm.__all__ if not callable(getattr(onearm, name))] == []
    assert sorted(onearm.__all__) == sorted(onearm._HOMES)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = onearm.nothing
