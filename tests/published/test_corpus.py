"""False alarms and sensitivity on a generated corpus; `verification/audit.py` runs the large one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from verification.audit import measure


@pytest.fixture(scope="module")
def measured():
    return measure(500, seed=3)


def test_consistent_statements_raise_no_alarm(measured):
    false, false_in_text, _ = measured
    assert false == []
    assert false_in_text == []


@pytest.mark.parametrize(
    ("error", "least"),
    [("digits swapped", 0.9), ("wrong denominator", 0.9), ("wrong method", 0.9), ("shifted limit", 0.6)],
)
def test_planted_errors_are_found(measured, error, least):
    pairs = [pair for (name, _), pair in measured[2].items() if name == error]
    hits, every = sum(hit for hit, _ in pairs), sum(number for _, number in pairs)
    assert every >= 50
    assert hits / every >= least
