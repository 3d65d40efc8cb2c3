"""A small trial that differs from the shipped one in every rule of its protocol, and the shipped one."""

from __future__ import annotations

from importlib import resources

import polars as pl
import pytest

from onearm.protocol import Protocol, parse_protocol
from onearm.simulation import Assumptions, parse_assumptions, simulate

TRIALS = resources.files("onearm").joinpath("trials")

OTHER_PROTOCOL = """
schema = 1
[trial]
id = "OTHER-1"
title = "Three drugs, two cycles, a longest duration, no cut-off"
[[treatment]]
name = "alphanib"
unit = "mg"
dose_levels = [400, 300]
cycle_days = 28
dosing_days = "1-21"
[[treatment]]
name = "betamab"
unit = "mg/kg"
dose_levels = [10]
cycle_days = 14
dosing_days = "1"
max_interruption_days = 10
max_duration_months = 6
[[treatment]]
name = "gammacin"
unit = "mg/m2"
dose_levels = [80, 60, 40]
cycle_days = 21
dosing_days = "2,8"
max_duration_months = 4
[sets]
ALL = ["enrolled"]
[tumour]
assessor = "INDEPENDENT ASSESSOR"
schedule = [{ every_days = 56, until_day = 168 }, { every_days = 84 }]
[endpoint.ORR]
set = "ALL"
success = ["CR", "PR"]
"""


def text_of(name: str) -> str:
    return TRIALS.joinpath("alter_e_003", name).read_text(encoding="utf-8")


def changed(assumptions: Assumptions, **sections: dict[str, object]) -> Assumptions:
    """Assumptions with single values replaced: ``changed(a, death={"frailty_sd": 0.0})``."""
    return assumptions.model_copy(
        update={name: getattr(assumptions, name).model_copy(update=values) for name, values in sections.items()}
    )


def toxic(assumptions: Assumptions, drugs: tuple[str, ...]) -> Assumptions:
    """Assumptions under which every dose rule is met often, for any drugs."""
    harsh = {"reduced": 0.5, "interrupted": 0.3, "withdrawn": 0.05}
    grades = {
        f"grade_{g}": getattr(assumptions.toxicity.actions, f"grade_{g}").model_copy(update=harsh) for g in (1, 2, 3, 4)
    }
    events = tuple(e.model_copy(update={"drugs": drugs if e.drugs else ()}) for e in assumptions.toxicity.event)
    return changed(
        assumptions.model_copy(update={"dose": (), "assay": {}}),
        toxicity={
            "event": events,
            "medication": (),
            "actions": assumptions.toxicity.actions.model_copy(update=grades),
        },
    )


@pytest.fixture(scope="session")
def protocol() -> Protocol:
    return parse_protocol(text_of("protocol.toml"))


@pytest.fixture(scope="session")
def assumptions() -> Assumptions:
    return parse_assumptions(text_of("assumptions.toml"))


@pytest.fixture(scope="session")
def other_text() -> str:
    return OTHER_PROTOCOL


@pytest.fixture(scope="session")
def other_protocol(other_text: str) -> Protocol:
    return parse_protocol(other_text)


@pytest.fixture(scope="session")
def other_assumptions(assumptions: Assumptions, other_protocol: Protocol) -> Assumptions:
    return toxic(assumptions, tuple(drug.name for drug in other_protocol.treatment))


@pytest.fixture(scope="session")
def trial(protocol: Protocol, assumptions: Assumptions) -> dict[str, pl.DataFrame]:
    """A trial large enough to hold every kind of record."""
    return simulate(protocol, assumptions, n=3000, seed=11)
