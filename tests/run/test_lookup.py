"""Where a printed number stands in the results: by phase of treatment, and beside the whole trial."""

from __future__ import annotations

import pytest

from onearm.published.model import Statement
from onearm.published.numbers import Meaning
from onearm.results import Rows, concat_results
from onearm.run.lookup import Index, find_number, index_results


@pytest.fixture(scope="module")
def index() -> Index:
    whole, part = Rows("disposition"), Rows("phase_disposition", paramcd="initial")
    whole.add("n", 50, variable="step", level="enrolled")
    whole.add("n", 30, variable="step", level="discontinued")
    part.add("n", 40, variable="step", level="started")
    part.add("n", 14, variable="step", level="discontinued")
    for reason, n in (("DEATH", 2), ("LOST TO FOLLOW-UP", 1)):
        part.add("n", n, variable="reason:discontinued", level=reason)
    given = Rows("phase_exposure", paramcd="initial")
    given.add("cycles_median", 5)
    for stat, value in (("mean", 2.9), ("median", 3.2), ("min", 0.03)):
        given.add(f"duration_{stat}", value, variable="drug")
    return index_results(concat_results(rows.frame() for rows in (whole, part, given)))


RATE = Statement("Results", "rate", count=14, total=50)
RANGE = Statement("Results", "range", interval="range")


@pytest.mark.parametrize(
    ("meaning", "part", "value"),
    [
        (Meaning("flow", "discontinued"), "count", 30),
        (Meaning("flow", "discontinued", phase="initial"), "count", 14),
        (Meaning("flow", "discontinued", phase="initial"), "total", 50),
        (Meaning("flow", "discontinued", phase="initial"), "percent", 28),
        (Meaning("flow", "discontinued", phase="initial", of="started"), "total", 40),
        (Meaning("flow", "discontinued", phase="initial", of="started"), "percent", 35),
        (Meaning("reason", "discontinued", phase="initial", level="DEATH"), "count", 2),
        (Meaning("reason", "discontinued", phase="initial", level="DEATH + LOST TO FOLLOW-UP"), "count", 3),
        (Meaning("reason", "discontinued", phase="initial", level="DEATH + LOST TO FOLLOW-UP"), "percent", 6),
    ],
)
def test_steps_and_reasons_of_a_phase(index: Index, meaning: Meaning, part: str, value: float) -> None:
    found = find_number(index, meaning, RATE, part)
    assert found is not None
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("meaning", "part", "value"),
    [
        (Meaning("exposure", "drug", variable="duration", phase="initial", of="mean"), "value", 2.9),
        (Meaning("exposure", "drug", variable="duration", phase="initial"), "value", 3.2),
        (Meaning("exposure", "drug", variable="duration", phase="initial", of="mean"), "low", 0.03),
        (Meaning("exposure", "any", variable="cycles", phase="initial"), "value", 5),
    ],
)
def test_exposure_within_a_phase(index: Index, meaning: Meaning, part: str, value: float) -> None:
    found = find_number(index, meaning, RANGE, part)
    assert found is not None
    assert found.value == value


def test_a_phase_that_the_run_does_not_know_has_no_number(index: Index) -> None:
    assert find_number(index, Meaning("flow", "discontinued", phase="other"), RATE, "percent") is None
    assert find_number(index, Meaning("reason", "discontinued", phase="initial", level="X"), RATE, "percent") is None
