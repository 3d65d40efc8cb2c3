"""The protocols that ship: each resolves, and says what its paper says was planned."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from typer.testing import CliRunner

from onearm.cli.app import build
from onearm.protocol import Protocol, parse_protocol
from onearm.stats.binomial import BINOMIAL_INTERVALS

TRIALS = resources.files("onearm").joinpath("trials")
NAMES = sorted(folder.name for folder in TRIALS.iterdir() if folder.joinpath("published.toml").is_file())
TRIAL_OF = {
    "ai_ici_sarcoma": "AI-ICI-STS",
    "alter_e_003": "NCT05038813",
    "benmelstobart_anlotinib_chemo_escc": "NCT05013697",
    "regomune": "NCT03475953",
    "regorafenib_sintilimab_crc": "NCT04745130",
}


def shipped(name: str) -> Protocol:
    return parse_protocol(TRIALS.joinpath(name, "protocol.toml").read_text(encoding="utf-8"))


def test_five_trials_ship_with_protocol_and_published_numbers() -> None:
    assert {name: shipped(name).trial.id for name in NAMES} == TRIAL_OF


@pytest.mark.parametrize("name", NAMES)
def test_the_plan_can_be_told_as_prose(name: str) -> None:
    told = CliRunner().invoke(build(), ["explain", str(TRIALS.joinpath(name))])
    assert told.exit_code == 0, told.output
    for heading in ("Sample size", "Analysis sets", "Tumour assessment", "Endpoints", "Statistical methods"):
        assert f"## {heading}" in told.output


@pytest.mark.parametrize("name", NAMES)
def test_every_rate_names_an_interval_that_there_is(name: str) -> None:
    protocol = shipped(name)
    changed = [alternative.change for alternative in protocol.sensitivity.values()]
    used = {rate.interval for rate in protocol.rates.values()} - {None}
    used |= {
        value for change in changed for key, value in change.items() if re.fullmatch(r"endpoint\.\w+\.interval", key)
    }
    assert used <= {*BINOMIAL_INTERVALS, "plain", "log", "log-log", "logit", "arcsine"}


@pytest.mark.parametrize(
    ("name", "preset", "primary", "start"),
    [
        ("regorafenib_sintilimab_crc", "spss", "OS", "first_dose"),
        ("regomune", "sas", "ORR", "first_dose"),
        ("ai_ici_sarcoma", "spss", "ORR", "first_dose"),
        ("benmelstobart_anlotinib_chemo_escc", "sas", "PFS", "enrolment"),
        ("alter_e_003", "r", "ORR", "first_dose"),
    ],
)
def test_program_primary_endpoint_and_start_are_the_papers(name: str, preset: str, primary: str, start: str) -> None:
    protocol = shipped(name)
    assert protocol.conventions.preset == preset
    assert [key for key, one in protocol.endpoint.items() if one.role == "primary"] == [primary]
    assert protocol.times["PFS"].start == start


@pytest.mark.parametrize(
    ("name", "drug", "levels", "cycle", "days"),
    [
        ("regorafenib_sintilimab_crc", "regorafenib", (80, 40), 28, range(1, 22)),
        ("regorafenib_sintilimab_crc", "sintilimab", (200,), 21, [1]),
        ("regomune", "regorafenib", (160, 120, 80), 28, range(1, 22)),
        ("regomune", "avelumab", (10,), 14, [1]),
        ("benmelstobart_anlotinib_chemo_escc", "benmelstobart", (1200,), 21, [1]),
        ("benmelstobart_anlotinib_chemo_escc", "anlotinib", (10, 8), 21, range(1, 15)),
        ("benmelstobart_anlotinib_chemo_escc", "paclitaxel", (135, 108), 21, [1]),
        ("benmelstobart_anlotinib_chemo_escc", "cisplatin", (25, 20), 21, [1, 2, 3]),
    ],
)
def test_drugs_are_given_as_the_papers_say(name: str, drug: str, levels: tuple[float, ...], cycle: int, days) -> None:
    (found,) = (one for one in shipped(name).treatment if one.name == drug)
    assert (found.dose_levels, found.cycle_days, found.days) == (levels, cycle, tuple(days))


def test_rules_that_stop_a_drug_are_the_papers() -> None:
    crc, regomune, escc = (
        {drug.name: drug for drug in shipped(name).treatment}
        for name in ("regorafenib_sintilimab_crc", "regomune", "benmelstobart_anlotinib_chemo_escc")
    )
    assert (crc["regorafenib"].max_interruption_days, crc["sintilimab"].max_duration_months) == (28, 24)
    assert (regomune["regorafenib"].max_interruption_days, regomune["avelumab"].omissions_stop) == (28, 2)
    assert regomune["avelumab"].first_day == 15
    assert escc["benmelstobart"].max_interruption_days == 12 * 7
    assert escc["anlotinib"].max_delay_days == 14
    six_cycles, seventh_begins = 5 * 21, 6 * 21
    assert six_cycles < escc["paclitaxel"].max_duration_months * 30.4375 < seventh_begins


def test_the_retrospective_cohort_is_one_row_per_patient() -> None:
    protocol = shipped("ai_ici_sarcoma")
    assert protocol.design.kind == "none"
    assert protocol.source.patients is not None
    assert protocol.treatment == ()
    assert {protocol.endpoint[name].set for name in ("ORR", "DCR")} == {"EVALUABLE"}


def test_regomune_counts_responses_of_the_first_six_months_by_central_review() -> None:
    protocol = shipped("regomune")
    assert protocol.rates["ORR"].by_months == 6
    assert protocol.tumour.assessor == "INDEPENDENT ASSESSOR"
    assert protocol.tumour.schedule[0].every_days == 56
    assert list(protocol.cohort) == ["STS"]
