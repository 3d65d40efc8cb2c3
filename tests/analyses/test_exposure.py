"""Exposure by hand: doses, cycles, and their intensity relative to the plan."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import PROTOCOL, write_small_trial

from onearm.analyses.exposure import exposure
from onearm.run import Checked, check_trial

HEAD = "USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n"


def _values(folder: Path, ex: str) -> dict[tuple[str | None, str], float | None]:
    checked = check_trial(write_small_trial(folder, ex=HEAD + ex))
    results = exposure(checked.derived.datasets, checked.protocol)
    return {(r["variable_level"], r["stat"]): r["value"] for r in results.iter_rows(named=True)}


def test_full_doses_on_time_are_the_whole_plan(tmp_path: Path) -> None:
    found = _values(tmp_path, "001,1,drug,12,mg,2023-01-02,2023-01-15\n001,2,drug,12,mg,2023-01-23,2023-02-05\n")
    assert found[None, "cumulative_dose_median"] == 2 * 14 * 12
    assert found[None, "cycles_median"] == 2
    # 2 x 14 x 12 = 336 mg in 35 days and the pause of 7: 6 weeks.
    assert found[None, "dose_intensity_median"] == pytest.approx(56)
    assert found[None, "relative_dose_intensity_median"] == pytest.approx(100)


def test_a_reduction_and_a_delay_lower_the_intensity(tmp_path: Path) -> None:
    # Second cycle at 10 mg and a week late: 14 x 12 + 14 x 10 = 308 mg in 49 days, of 12 x 14 / 3 = 56 mg per week.
    found = _values(tmp_path, "001,1,drug,12,mg,2023-01-02,2023-01-15\n001,2,drug,10,mg,2023-01-30,2023-02-12\n")
    assert found[None, "relative_dose_intensity_median"] == pytest.approx(100 * 308 / 7 / 56)
    assert found["reduced to 10 mg", "n"] == 1


def test_a_dose_in_another_unit_makes_the_total_unknown(tmp_path: Path) -> None:
    checked = check_trial(write_small_trial(tmp_path, ex=HEAD + "001,1,drug,12,tablets,2023-01-02,2023-01-15\n"))
    results = exposure(checked.derived.datasets, checked.protocol)
    row = results.filter(pl.col("stat") == "cumulative_dose_median").row(0, named=True)
    assert (row["value"], row["note"]) == (None, "no dose is in the unit of the protocol")


def test_a_dose_in_another_unit_of_mass_is_converted(tmp_path: Path) -> None:
    found = _values(tmp_path, "001,1,drug,0.012,g,2023-01-02,2023-01-15\n001,2,drug,12000,ug,2023-01-23,2023-02-05\n")
    assert found[None, "cumulative_dose_median"] == pytest.approx(2 * 14 * 12)


def test_interruptions_omissions_and_reasons_by_hand(tmp_path: Path) -> None:
    """001: a break of 18 days (7 planned), then a dose omitted; it stopped for progression, 003 died, 002 goes on."""
    found = _values(
        tmp_path,
        "001,1,drug,12,mg,2023-01-02,2023-01-15\n001,2,drug,10,mg,2023-02-03,2023-02-16\n"
        "001,3,drug,0,mg,2023-02-24,2023-02-24\n001,4,drug,10,mg,2023-03-17,2023-03-30\n"
        "002,1,drug,12,mg,2023-01-02,2023-01-15\n002,2,drug,7,mg,2023-01-23,2023-02-05\n"
        "003,1,drug,12,mg,2023-01-02,2023-01-15\n",
    )
    assert found["interrupted", "n"] == 1
    assert found[None, "interruptions_max"] == 2
    assert found["doses omitted", "n"] == 1
    assert found["a dose that is no level", "n"] == 1
    assert found["on treatment at cut-off", "n"] == 1
    assert found["discontinued: PROGRESSIVE DISEASE", "n"] == 1
    assert found["discontinued: DEATH", "p"] == pytest.approx(1 / 3)


VS = (
    "USUBJID,VSSEQ,VSTESTCD,VSSTRESN,VSSTRESU,VSDTC\n001,1,WEIGHT,60,kg,2023-01-01\n001,2,HEIGHT,160,cm,2023-01-01\n"
    "001,3,WEIGHT,50,kg,2023-01-23\n002,1,WEIGHT,176.37,lb,2023-01-01\n"
)


def _relative(folder: Path, unit: str, level: str, ex: str, vs: str | None = VS) -> Checked:
    text = PROTOCOL.replace('unit = "mg"', f'unit = "{unit}"').replace("[12, 10]", f"[{level}]")
    text = text.replace('dosing_days = "1-14"', 'dosing_days = "1"')
    return check_trial(write_small_trial(folder, protocol=text, ex=HEAD + ex, vs=vs))


def test_an_amount_is_divided_by_the_weight_on_the_day(tmp_path: Path) -> None:
    # 600 mg at 60 kg, 500 mg at 50 kg and 800 mg at 176.37 lb (80 kg) are all 10 mg/kg; 450 mg at 50 kg are 9, within 10 %.
    ex = (
        "001,1,drug,600,mg,2023-01-02,2023-01-02\n001,2,drug,500,mg,2023-01-23,2023-01-23\n"
        "001,3,drug,450,mg,2023-02-13,2023-02-13\n002,1,drug,800,mg,2023-01-02,2023-01-02\n"
        "003,1,drug,10,mg/kg,2023-01-02,2023-01-02\n"
    )
    checked = _relative(tmp_path, "mg/kg", "10", ex)
    adex = checked.derived.datasets["adex"]
    assert adex["AVAL"].to_list() == pytest.approx([10, 10, 9, 10, 10], abs=1e-3)
    assert adex["DOSELVL"].to_list() == [0, 0, 0, 0, 0]
    results = exposure(checked.derived.datasets, checked.protocol)
    value = {r["stat"]: r["value"] for r in results.iter_rows(named=True) if r["variable_level"] is None}
    # 001: 29 mg/kg in 63 days (43 and the planned pause of 20) against 10 every 21 days.
    assert value["relative_dose_intensity_min"] == pytest.approx(100 * 29 / 30)
    assert value["cumulative_dose_max"] == pytest.approx(29, abs=1e-3)


def test_body_surface_area_is_that_of_mosteller(tmp_path: Path) -> None:
    # sqrt(160 x 60 / 3600) = 1.632993 m2, so that 220.454 mg are 135 mg/m2.
    checked = _relative(tmp_path, "mg/m2", "135", "001,1,drug,220.454,mg,2023-01-02,2023-01-02\n")
    row = checked.derived.datasets["adex"].row(0, named=True)
    assert row["BSA"] == pytest.approx(1.632993, abs=1e-6)
    assert row["AVAL"] == pytest.approx(135, abs=1e-3)


def test_without_a_weight_the_dose_is_unknown_and_a_finding(tmp_path: Path) -> None:
    checked = _relative(tmp_path, "mg/kg", "10", "001,1,drug,600,mg,2023-01-02,2023-01-02\n", vs=None)
    assert checked.derived.datasets["adex"]["AVAL"].to_list() == [None]
    found = checked.findings.filter(pl.col("rule") == "SAFETY-NO-BODY-SIZE")
    assert found["subject"].to_list() == ["001"]


def test_each_drug_has_its_own_end_where_the_disposition_names_it(tmp_path: Path) -> None:
    two = PROTOCOL.replace(
        "[design]",
        '[[treatment]]\nname = "other"\nunit = "mg"\ndose_levels = [5]\ncycle_days = 21\ndosing_days = "1"\n[design]',
        1,
    )
    ex = "".join(
        f"{s},{n},{d},{dose},mg,2023-01-02,2023-01-02\n"
        for s in ("001", "002")
        for n, d, dose in ((1, "drug", 12), (2, "other", 5))
    )
    ds = (
        "USUBJID,DSSEQ,DSDECOD,DSTERM,DSCAT,DSSCAT,DSSTDTC\n"
        "001,1,ADVERSE EVENT,RASH,DISPOSITION EVENT,DRUG,2023-03-01\n"
        "002,1,ADVERSE EVENT,RASH,DISPOSITION EVENT,DRUG,2023-03-01\n"
        "002,2,PROGRESSIVE DISEASE,PD,DISPOSITION EVENT,OTHER,2023-05-01\n"
    )
    checked = check_trial(write_small_trial(tmp_path, protocol=two, ex=HEAD + ex, ds=ds))
    ends = checked.derived.datasets["adex"].select("USUBJID", "EXTRT", "EOTSTT", "DCTREAS").rows()
    assert ends == [
        ("001", "drug", "DISCONTINUED", "ADVERSE EVENT"),
        ("001", "other", "ONGOING", None),
        ("002", "drug", "DISCONTINUED", "ADVERSE EVENT"),
        ("002", "other", "DISCONTINUED", "PROGRESSIVE DISEASE"),
    ]
    whole = checked.derived.datasets["adsl"].select("USUBJID", "EOTSTT").rows()
    assert whole[:2] == [("001", "ONGOING"), ("002", "DISCONTINUED")]
