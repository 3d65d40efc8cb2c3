"""The shipped reconstructions: everything that a paper printed has a meaning, and nothing else is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from onearm.published.numbers import statement_key
from onearm.run.paper_targets import paper_targets
from onearm.run.reproduce import read_shipped, reconstruct_trial, shipped_trials

TRIALS = shipped_trials()


def test_all_five_trials_can_be_reproduced() -> None:
    assert len(TRIALS) == 5


@pytest.mark.parametrize("trial", TRIALS)
def test_every_printed_number_is_said_to_be_a_number_of_something(trial: str) -> None:
    shipped = read_shipped(trial)
    meanings = shipped.meanings
    silent = [
        statement_key(statement)
        for statement in shipped.published.statements
        if meanings.of(statement) is None
        and not (meanings.why_outside(statement) or meanings.why_uncomputed(statement) or meanings.why_unmet(statement))
    ]
    assert silent == []


@pytest.mark.parametrize("trial", TRIALS)
def test_the_names_of_endpoints_are_those_of_the_protocol(trial: str) -> None:
    shipped = read_shipped(trial)
    for _, meaning in shipped.meanings.statements(shipped.published, "rate"):
        assert meaning.name in shipped.protocol.rates
    for _, meaning in shipped.meanings.statements(shipped.published, "time", "follow_up"):
        assert meaning.name in shipped.protocol.times


@pytest.mark.parametrize("trial", TRIALS)
def test_the_targets_of_a_paper_add_up(trial: str) -> None:
    shipped = read_shipped(trial)
    targets = paper_targets(shipped.published, shipped.meanings, shipped.protocol)
    assert sum(targets.cohort.responses.values()) == targets.cohort.n
    assert all(sum(margin.counts.values()) <= targets.cohort.n for margin in targets.cohort.margins)


@pytest.mark.parametrize("trial", TRIALS)
def test_the_records_of_a_trial_are_those_of_its_patients(trial: str, tmp_path: Path) -> None:
    shipped = read_shipped(trial)
    made = reconstruct_trial(shipped, tmp_path)
    assert len(made.patients) >= paper_targets(shipped.published, shipped.meanings, shipped.protocol).cohort.n
    assert {file.stem for file in (tmp_path / "data").iterdir()} == set(made.tables)
