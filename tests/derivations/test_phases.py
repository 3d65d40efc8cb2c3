"""Phases of treatment by hand: two drugs, two phases, a patient who stops in the first one."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import PROTOCOL, write_small_trial

from onearm.analyses.phases import phase_disposition, phase_exposure
from onearm.errors import ProtocolError
from onearm.protocol import parse_protocol
from onearm.run import Checked, check_trial

SECOND = """
[[treatment]]
name = "infusion"
unit = "mg"
dose_levels = [100]
cycle_days = 21
dosing_days = "1"
"""
PHASES = """
[[phase]]
name = "initial"
epoch = "INDUCTION TREATMENT"
[[phase]]
name = "maintenance"
epoch = "Maintenance treatment"
"""
TWO = PROTOCOL.replace("[design]", f"{SECOND}{PHASES}[design]", 1)
INITIAL, LATER = "INDUCTION TREATMENT", "MAINTENANCE TREATMENT"

# 001 has two initial cycles, then maintenance with the drug alone, and goes on.
# 002 has one initial cycle and a second one a week late, without the infusion; it withdraws.
# 003 has two initial cycles and two of maintenance, and dies.
EX = f"""USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EPOCH,EXSTDTC,EXENDTC
001,1,drug,12,mg,{INITIAL},2023-01-02,2023-01-15
001,2,infusion,100,mg,{INITIAL},2023-01-02,2023-01-02
001,3,drug,12,mg,{INITIAL},2023-01-23,2023-02-05
001,4,infusion,100,mg,{INITIAL},2023-01-23,2023-01-23
001,5,drug,10,mg,{LATER},2023-02-13,2023-02-26
002,1,drug,12,mg,{INITIAL},2023-01-02,2023-01-15
002,2,infusion,100,mg,{INITIAL},2023-01-02,2023-01-02
002,3,drug,12,mg,{INITIAL},2023-01-30,2023-02-12
003,1,drug,12,mg,{INITIAL},2023-01-02,2023-01-15
003,2,infusion,100,mg,{INITIAL},2023-01-02,2023-01-02
003,3,drug,12,mg,{INITIAL},2023-01-23,2023-02-05
003,4,infusion,100,mg,{INITIAL},2023-01-24,2023-01-24
003,5,drug,12,mg,{LATER},2023-02-13,2023-02-26
003,6,drug,12,mg,{LATER},2023-03-06,2023-03-10
"""
HEAD = "USUBJID,DSSEQ,DSDECOD,DSTERM,DSCAT,DSSCAT,EPOCH,DSSTDTC\n"
DS = (
    f"{HEAD}001,1,COMPLETED,COMPLETED,DISPOSITION EVENT,TREATMENT,{INITIAL},2023-02-05\n"
    f"002,1,WITHDRAWAL BY SUBJECT,REFUSED,DISPOSITION EVENT,TREATMENT,{INITIAL},2023-02-12\n"
    f"003,1,COMPLETED,COMPLETED,DISPOSITION EVENT,TREATMENT,{INITIAL},2023-02-05\n"
    f"003,2,DEATH,DEATH,DISPOSITION EVENT,TREATMENT,{LATER},2023-03-10\n"
)


def _checked(folder: Path, *, protocol: str = TWO, ex: str = EX, ds: str = DS) -> Checked:
    return check_trial(write_small_trial(folder, protocol=protocol, ex=ex, ds=ds))


def _rules(checked: Checked) -> set[tuple[str, str | None, int | None]]:
    found = checked.findings.filter(pl.col("rule").str.starts_with("DERIVE-PHASE"))
    return {(row["rule"], row["subject"], row["row"]) for row in found.iter_rows(named=True)}


def test_each_phase_has_its_starts_its_ends_and_their_reasons(tmp_path: Path) -> None:
    checked = _checked(tmp_path)
    adds = checked.derived.datasets["adds"].select("USUBJID", "APHASE", "EOPSTT", "DCPREAS", "RULE").rows()
    assert adds == [
        ("001", "initial", "COMPLETED", None, "PHASE-BY-DISPOSITION"),
        ("001", "maintenance", "ONGOING", None, "PHASE-BY-PATIENT"),
        ("002", "initial", "DISCONTINUED", "WITHDRAWAL BY SUBJECT", "PHASE-BY-DISPOSITION"),
        ("003", "initial", "COMPLETED", None, "PHASE-BY-DISPOSITION"),
        ("003", "maintenance", "DISCONTINUED", "DEATH", "PHASE-BY-DISPOSITION"),
    ]
    results = phase_disposition(checked.derived.datasets, checked.protocol)
    counts = {(r["paramcd"], r["variable_level"]): r["value"] for r in results.iter_rows(named=True)}
    assert counts == {
        ("initial", "started"): 3,
        ("initial", "completed"): 2,
        ("initial", "discontinued"): 1,
        ("initial", "ongoing"): 0,
        ("initial", "WITHDRAWAL BY SUBJECT"): 1,
        ("maintenance", "started"): 2,
        ("maintenance", "completed"): 0,
        ("maintenance", "discontinued"): 1,
        ("maintenance", "ongoing"): 1,
        ("maintenance", "DEATH"): 1,
    }
    assert _rules(checked) == set()


def test_the_completion_of_a_phase_is_not_the_end_of_treatment(tmp_path: Path) -> None:
    adsl = _checked(tmp_path).derived.datasets["adsl"]
    assert adsl.select("USUBJID", "EOTSTT", "DCTREAS").rows() == [
        ("001", "ONGOING", None),
        ("002", "DISCONTINUED", "WITHDRAWAL BY SUBJECT"),
        ("003", "DISCONTINUED", "DEATH"),
        ("004", "NOT TREATED", None),
    ]


def test_a_drug_of_a_completed_phase_is_completed(tmp_path: Path) -> None:
    """003 died in maintenance, which has no infusion; 002 withdrew in the phase of the infusion."""
    adex = _checked(tmp_path).derived.datasets["adex"]
    ends = adex.select("USUBJID", "EXTRT", "EOTSTT", "DCTREAS", "EOTRULE").unique().sort("USUBJID", "EXTRT").rows()
    assert [row for row in ends if row[0] != "001"] == [
        ("002", "drug", "DISCONTINUED", "WITHDRAWAL BY SUBJECT", "END-BY-PATIENT"),
        ("002", "infusion", "DISCONTINUED", "WITHDRAWAL BY SUBJECT", "END-BY-PATIENT"),
        ("003", "drug", "DISCONTINUED", "DEATH", "END-BY-PATIENT"),
        ("003", "infusion", "COMPLETED", None, "END-PHASE-COMPLETED"),
    ]


def test_a_phase_without_a_record_of_its_end_is_completed_once_the_next_began(tmp_path: Path) -> None:
    ds = f"{HEAD}003,1,DEATH,DEATH,DISPOSITION EVENT,TREATMENT,,2023-03-10\n"
    adds = _checked(tmp_path, ds=ds).derived.datasets["adds"].filter(pl.col("USUBJID") == "003")
    assert adds.select("APHASE", "EOPSTT", "DCPREAS", "RULE").rows() == [
        ("initial", "COMPLETED", None, "PHASE-FOLLOWED"),
        ("maintenance", "DISCONTINUED", "DEATH", "PHASE-BY-PATIENT"),
    ]


def test_exposure_within_a_phase_by_hand(tmp_path: Path) -> None:
    checked = _checked(tmp_path)
    results = phase_exposure(checked.derived.datasets, checked.protocol)
    found = {
        (r["paramcd"], r["variable"], r["stat"]): r["value"]
        for r in results.filter(pl.col("variable_level").is_null()).iter_rows(named=True)
    }
    # Days from the first dose to the last: the drug 35, 42, 35; the infusion 22, 1, 23.
    assert found["initial", "drug", "duration_mean"] == pytest.approx((35 + 42 + 35) / 3 / 30.4375)
    assert found["initial", "infusion", "duration_mean"] == pytest.approx((22 + 1 + 23) / 3 / 30.4375)
    assert found["initial", "infusion", "duration_min"] == pytest.approx(1 / 30.4375)
    # Standard deviation of 35, 42, 35: sqrt((2 x 2.3333^2 + 4.6667^2) / 2) = 4.0415.
    assert found["initial", "drug", "duration_sd"] == pytest.approx(4.041452 / 30.4375, rel=1e-6)
    # 002: 28 doses of 12 mg in 42 days and the pause of 7, 7 weeks: 48 mg a week of 56.
    assert found["initial", "drug", "relative_dose_intensity_min"] == pytest.approx(100 * 48 / 56)
    assert found["initial", "drug", "relative_dose_intensity_median"] == pytest.approx(100)
    assert found["initial", None, "cycles_median"] == 2
    assert (found["initial", None, "n"], found["maintenance", None, "n"]) == (3, 2)
    # Maintenance: 001 has 14 days at 10 mg of 12; 003 has 19 doses of 12 mg in 26 days and the pause of 7.
    assert found["maintenance", "drug", "relative_dose_intensity_min"] == pytest.approx(100 * 10 / 12)
    assert found["maintenance", "drug", "relative_dose_intensity_max"] == pytest.approx(100 * (19 * 12 / 33 * 7) / 56)
    assert ("maintenance", "infusion", "n") not in found
    assert [found["maintenance", None, f"cycles_{stat}"] for stat in ("min", "max")] == [1, 2]


def test_the_planned_doses_are_those_of_the_calendar_up_to_the_last_dose(tmp_path: Path) -> None:
    text = TWO.replace("[conventions]\n", '[conventions]\nrelative_dose_intensity = "planned_doses"\n')
    if text == TWO:
        text = f'{TWO}\n[conventions]\nrelative_dose_intensity = "planned_doses"\n'
    checked = _checked(tmp_path, protocol=text)
    results = phase_exposure(checked.derived.datasets, checked.protocol)
    found = {
        (r["paramcd"], r["stat"]): r["value"]
        for r in results.filter((pl.col("variable") == "drug") & pl.col("variable_level").is_null()).iter_rows(
            named=True
        )
    }
    # 002: days 1 to 14 and 29 to 42; the plan has 14 + 14 doses up to day 42, all given.
    assert found["initial", "relative_dose_intensity_min"] == pytest.approx(100)
    # 003 stops on the fifth day of its second cycle: 14 + 5 of 14 + 5.
    assert found["maintenance", "relative_dose_intensity_max"] == pytest.approx(100)
    assert found["maintenance", "relative_dose_intensity_min"] == pytest.approx(100 * 10 / 12)


def test_a_dose_of_no_phase_is_a_finding_and_counts_in_none(tmp_path: Path) -> None:
    ex = EX.replace(f"001,5,drug,10,mg,{LATER}", "001,5,drug,10,mg,FOLLOW-UP").replace(
        f"003,6,drug,12,mg,{LATER}", "003,6,drug,12,mg,"
    )
    checked = _checked(tmp_path, ex=ex)
    assert _rules(checked) == {("DERIVE-PHASE-UNKNOWN", "001", 5), ("DERIVE-PHASE-UNKNOWN", "003", 14)}
    adds = checked.derived.datasets["adds"]
    assert adds.filter(pl.col("APHASE") == "maintenance")["USUBJID"].to_list() == ["003"]


def test_phases_without_records_are_findings_and_no_crash(tmp_path: Path) -> None:
    ex = "USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n001,1,drug,12,mg,2023-01-02,2023-01-15\n"
    checked = _checked(tmp_path, ex=ex)
    assert {rule for rule, _, _ in _rules(checked)} == {"DERIVE-PHASE-EMPTY", "DERIVE-PHASE-NOT-BEGUN"}
    assert phase_exposure(checked.derived.datasets, checked.protocol).is_empty()
    assert phase_disposition(checked.derived.datasets, checked.protocol).is_empty()


def test_an_end_of_a_phase_that_was_not_begun_is_a_finding(tmp_path: Path) -> None:
    ds = f"{DS}002,2,ADVERSE EVENT,RASH,DISPOSITION EVENT,TREATMENT,{LATER},2023-03-10\n"
    assert _rules(_checked(tmp_path, ds=ds)) == {("DERIVE-PHASE-NOT-BEGUN", "002", 5)}


def test_two_phases_of_one_epoch_are_refused() -> None:
    text = TWO.replace('epoch = "Maintenance treatment"', 'epoch = "Induction Treatment"')
    with pytest.raises(ProtocolError, match=r"phase\[2\].epoch: 'Induction Treatment' stands twice"):
        parse_protocol(text)
