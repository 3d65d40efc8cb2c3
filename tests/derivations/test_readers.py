"""Investigator and two central readers with adjudication, worked out by hand; 003 died before any assessment."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from small_trial import PROTOCOL, write_small_trial

from onearm.analyses import analyse
from onearm.run import Checked, check_trial

# by visit: 13 February, 27 March, 8 May; R2 dates the progression of 002 to 30 March
COURSES = {
    ("001", "INVESTIGATOR", "", ""): ["PR", "PR", "PD"],
    ("002", "INVESTIGATOR", "", ""): ["SD", "PD"],
    ("001", "CENTRAL", "R1", "Y"): ["PR", "PR", "PR"],
    ("002", "CENTRAL", "R1", ""): ["SD", "PD"],
    ("001", "CENTRAL", "R2", ""): ["SD", "SD", "PD"],
    ("002", "CENTRAL", "R2", "Y"): ["SD", "PD"],
}
DAYS = ("2023-02-13", "2023-03-27", "2023-05-08")


def rs() -> str:
    lines = ["USUBJID,RSSEQ,RSTESTCD,RSSTRESC,RSEVAL,RSEVALID,RSACPTFL,VISITNUM,VISIT,RSDTC"]
    number = 0
    for (subject, who, reader, accepted), words in COURSES.items():
        for visit, (word, day) in enumerate(zip(words, DAYS, strict=False), start=2):
            number += 1
            seen = "2023-03-30" if (reader, subject, visit) == ("R2", "002", 3) else day
            lines.append(f"{subject},{number},OVRLRESP,{word},{who},{reader},{accepted},{visit},V{visit},{seen}")
    return "\n".join(lines) + "\n"


CENTRAL = """
[endpoint.ORRC]
set = "ITT"
success = ["CR", "PR"]
assessor = "CENTRAL"

[endpoint.ORR2]
set = "ITT"
success = ["CR", "PR"]
assessor = "central"
reader = "R2"

[endpoint.PFSC]
set = "ITT"
event = ["progression", "death"]
censor = ["last_adequate_assessment"]
assessor = "CENTRAL"
"""


@pytest.fixture
def found(tmp_path: Path) -> Checked:
    return check_trial(write_small_trial(tmp_path, protocol=PROTOCOL + CENTRAL, tr=None, tu=None, rs=rs()))


def test_an_endpoint_may_name_its_own_reader(found: Checked) -> None:
    """Accepted are R1 of 001, who saw a response, and R2 of 002; R2 saw none."""
    results = analyse(found.derived.datasets, found.protocol).filter(analysis="response_rate", stat="n")
    assert dict(results.select("paramcd", "value").rows()) == {"ORR": 1, "ORRC": 1, "ORR2": 0}
    adrs = found.derived.datasets["adrs"]
    assert adrs.filter(PARAMCD="ORR2")["EVALID"].unique().to_list() == ["R2"]
    assert adrs.filter(PARAMCD="BOR")["EVAL"].unique().to_list() == ["INVESTIGATOR"]


def test_a_time_may_name_its_own_reader(found: Checked) -> None:
    """8 May is day 127, 27 March 85, 30 March 88; by R1, 001 had not progressed when it died on 1 October, day 273."""
    adtte = found.derived.datasets["adtte"]
    times = {name: adtte.filter(PARAMCD=name).select("AVAL", "CNSR").rows()[:2] for name in ("PFS", "PFSC")}
    assert times == {"PFS": [(127, 0), (85, 0)], "PFSC": [(273, 0), (88, 0)]}


def test_every_reader_stands_in_one_dataset(found: Checked) -> None:
    best = found.derived.datasets["adrsr"].filter(PARAMCD="CBOR", USUBJID="001")
    assert dict(zip(best["EVALID"].to_list(), best["AVALC"].to_list(), strict=True)) == {
        "ACCEPTED": "PR",
        "R1": "PR",
        "R2": "SD",
        None: "PR",
    }
    day = found.derived.datasets["adrsr"].filter(PARAMCD="PD", USUBJID="002", EVALID="ACCEPTED")["ADT"].item()
    assert day == dt.date(2023, 3, 30)


def pair(found: Checked, first: str, second: str, paramcd: str, variable: str) -> dict[tuple[str | None, str], float]:
    rows = analyse(found.derived.datasets, found.protocol).filter(
        analysis="concordance", group1_level=f"{first} | {second}", paramcd=paramcd, variable=variable
    )
    return {(level, stat): value for level, stat, value in rows.select("variable_level", "stat", "value").rows()}


def test_kappa_of_best_response(found: Checked) -> None:
    """R2 and the investigator: SD|PR, SD|SD, NE|NE. Agreement 2/3, by chance 1/3, so kappa 1/2."""
    table = pair(found, "CENTRAL, R2", "INVESTIGATOR", "CBOR", "table")
    seen = {level: n for (level, stat), n in table.items() if stat == "n" and n}
    assert (seen, table[None, "N"]) == ({"SD | PR": 1, "SD | SD": 1, "NE | NE": 1}, 3)
    kappa = pair(found, "CENTRAL, R2", "INVESTIGATOR", "CBOR", "kappa")
    shares = [kappa[None, stat] for stat in ("agreement", "expected", "kappa")]
    assert shares == pytest.approx([2 / 3, 1 / 3, 1 / 2])
    assert kappa[None, "conf_low"] < 0.5 < kappa[None, "conf_high"]


def test_assessments_are_paired_by_visit(found: Checked) -> None:
    """R2 and the investigator: SD|PR twice, PD|PD twice, SD|SD once."""
    table = pair(found, "CENTRAL, R2", "INVESTIGATOR", "OVR", "table")
    seen = {level: n for (level, stat), n in table.items() if stat == "n" and n}
    assert seen == {"SD | PR": 2, "PD | PD": 2, "SD | SD": 1}


def test_agreement_on_progression(found: Checked) -> None:
    """R1 sees no progression of 001; R2 dates that of 002 three days later than the investigator."""
    first = pair(found, "CENTRAL, R1", "INVESTIGATOR", "PD", "progression")
    assert [first[level, "n"] for level in ("both", "neither", "first_only", "second_only")] == [1, 1, 0, 1]
    second = pair(found, "CENTRAL, R2", "INVESTIGATOR", "PD", "agreement")
    assert (second["status", "n"], second["status_and_date", "n"], second["status", "N"]) == (3, 3, 3)


def test_how_near_two_dates_must_be_is_a_key(tmp_path: Path) -> None:
    protocol = PROTOCOL + "[tumour]\nagreement_within_days = 2\n"
    found = check_trial(write_small_trial(tmp_path, protocol=protocol, tr=None, tu=None, rs=rs()))
    agreement = pair(found, "CENTRAL, R2", "INVESTIGATOR", "PD", "agreement")
    assert (agreement["status", "n"], agreement["status_and_date", "n"]) == (3, 2)


def test_the_accepted_reading_is_not_compared_with_its_own_readers(found: Checked) -> None:
    rows = analyse(found.derived.datasets, found.protocol).filter(analysis="concordance")
    assert sorted(rows["group1_level"].unique()) == [
        "CENTRAL, ACCEPTED | INVESTIGATOR",
        "CENTRAL, R1 | CENTRAL, R2",
        "CENTRAL, R1 | INVESTIGATOR",
        "CENTRAL, R2 | INVESTIGATOR",
    ]


def test_one_reader_has_nobody_to_agree_with(tmp_path: Path) -> None:
    found = check_trial(write_small_trial(tmp_path))
    assert found.derived.datasets["adrsr"].is_empty()
    assert analyse(found.derived.datasets, found.protocol).filter(analysis="concordance").is_empty()


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ('assessor = "CENTRE"', "DERIVE-NO-ASSESSOR"),
        ('assessor = "CENTRAL"\nreader = "R3"', "DERIVE-NO-READER"),
    ],
)
def test_a_reader_that_the_data_lack_is_an_error(tmp_path: Path, keys: str, rule: str) -> None:
    protocol = f'{PROTOCOL}\n[endpoint.NEW]\nset = "ITT"\nsuccess = ["CR"]\n{keys}\n'
    found = check_trial(write_small_trial(tmp_path, protocol=protocol, tr=None, tu=None, rs=rs()))
    assert found.findings.filter(rule=rule)["severity"].to_list() == ["error"]
