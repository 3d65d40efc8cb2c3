"""The shipped examples run without a finding, and the two shapes of the same patients give the same numbers."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from onearm.analyses import analyse
from onearm.run import check_trial

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/protocol.toml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_example_has_no_finding_of_weight(folder: Path) -> None:
    findings = check_trial(folder).findings
    assert findings.filter(pl.col("severity") != "note").rows() == []


def test_domains_and_one_row_per_patient_agree() -> None:
    results = []
    for name in ("simon_two_stage", "one_row_per_patient"):
        checked = check_trial(EXAMPLES / name)
        table = analyse(checked.derived.datasets, checked.protocol)
        events = table.filter(pl.col("stat").is_in(["n", "N", "events"]), analysis="survival").drop_nulls("value")
        rate = table.filter(pl.col("stat").is_in(["n", "N"]), analysis="response_rate", paramcd="ORR")
        both = pl.concat([events.filter(pl.col("paramcd").is_in(["PFS", "OS"])), rate])
        results.append(both.select("paramcd", "stat", "value").rows())
    assert sorted(results[0]) == sorted(results[1])
