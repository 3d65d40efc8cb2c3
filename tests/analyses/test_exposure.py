"""Exposure by hand: doses, cycles, and their intensity relative to the plan."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import PROTOCOL, write_small_trial

from onearm.analyses.exposure import exposure
from onearm.outputs.figures.dosing import dosing_data
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
    """001: a break of 18 days (7 planned), then a dose omitted; it stopped for progression, 003 died.

    002 goes on by the disposition, but had its last dose on 5 February, 329 days before the cut-off.
    """
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
    assert found["on treatment at cut-off", "n"] == 0
    assert found["discontinued: NOT RECORDED", "n"] == 1
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


OTHER = '[[treatment]]\nname = "other"\nunit = "mg"\ndose_levels = [5]\ncycle_days = 21\ndosing_days = "1"\n'
AE = "USUBJID,AESEQ,AEDECOD,AEREL,AERELTRT,AEACN,AESTDTC\n"
PROGRESSED = "USUBJID,DSSEQ,DSDECOD,DSTERM,DSCAT,DSSTDTC\n002,1,PROGRESSIVE DISEASE,PD,DISPOSITION EVENT,2023-12-22\n"


def _two(folder: Path, ex: str, *, key: str = "", **tables: str) -> Checked:
    """Patient 002, who is ongoing unless the disposition says otherwise; a second drug every 21 days; cut-off 31 December."""
    protocol = PROTOCOL.replace("[design]", f"{OTHER}{key}\n[design]", 1)
    tables = {
        "ds": "USUBJID,DSSEQ,DSDECOD,DSTERM,DSCAT,DSSTDTC\n001,1,DEATH,DEATH,DISPOSITION EVENT,2023-10-01\n",
        **tables,
    }
    return check_trial(write_small_trial(folder, protocol=protocol, ex=HEAD + ex, **tables))


def _other(*days: str) -> str:
    return "".join(f"002,{n},other,5,mg,{day},{day}\n" for n, day in enumerate(days, start=11))


def _drug(last: str) -> str:
    return f"002,1,drug,12,mg,2023-01-02,2023-01-15\n002,2,drug,12,mg,{last},{last}\n"


def _ends(checked: Checked) -> dict[str, tuple[str, str | None, str]]:
    rows = checked.derived.datasets["adex"].select("EXTRT", "EOTSTT", "DCTREAS", "EOTRULE").unique().rows()
    assert len(rows) == len({row[0] for row in rows})
    return {drug: (status, reason, rule) for drug, status, reason, rule in rows}


GOES_ON = ("ONGOING", None, "END-BY-PATIENT")
NOT_AGAIN = ("DISCONTINUED", "NOT RECORDED", "END-NOT-GIVEN-AGAIN")


@pytest.mark.parametrize(
    ("key", "last", "end"),
    [
        # From 1 June: a cycle of 21 days and 28 of interruption are over after 20 July, 21 and 14 after 6 July.
        ("", "2023-07-20", GOES_ON),
        ("", "2023-07-21", NOT_AGAIN),
        ("max_interruption_days = 14", "2023-07-06", GOES_ON),
        ("max_interruption_days = 14", "2023-07-07", NOT_AGAIN),
    ],
)
def test_a_drug_stopped_while_the_other_goes_on_is_not_on_treatment(
    tmp_path: Path, key: str, last: str, end: tuple[str, str | None, str]
) -> None:
    checked = _two(tmp_path, _other("2023-05-11", "2023-06-01") + _drug(last), key=key)
    assert _ends(checked) == {"other": end, "drug": GOES_ON}
    still = dosing_data(checked.derived.datasets, checked.protocol).ends["drug"].to_list()
    assert still == (["drug"] if end == NOT_AGAIN else ["drug", "other"])
    results = exposure(checked.derived.datasets, checked.protocol).filter(pl.col("stat") == "n")
    shown = {(r["variable"], r["variable_level"]): r["value"] for r in results.iter_rows(named=True)}
    assert shown["other", "on treatment at cut-off"] == (0 if end == NOT_AGAIN else 1)
    assert shown.get(("other", "discontinued: NOT RECORDED"), 0) == (1 if end == NOT_AGAIN else 0)


def test_a_record_of_dose_0_does_not_carry_a_drug_on(tmp_path: Path) -> None:
    omitted = "002,19,other,0,mg,2023-07-10,2023-07-10\n"
    assert _ends(_two(tmp_path, _other("2023-06-01") + omitted + _drug("2023-07-21")))["other"] == NOT_AGAIN


@pytest.mark.parametrize(("last", "end"), [("2023-11-12", GOES_ON), ("2023-11-11", NOT_AGAIN)])
def test_one_drug_is_held_against_the_cut_off(tmp_path: Path, last: str, end: tuple[str, str | None, str]) -> None:
    # 12 November is 49 days before 31 December.
    assert _ends(_two(tmp_path, _drug(last))) == {"drug": end}


def test_an_open_record_of_a_continuous_drug_goes_on(tmp_path: Path) -> None:
    """Days 1 to 14 without an end: still given. The other, given on one day, ended with that day."""
    ex = "002,1,drug,12,mg,2023-01-02,\n002,2,other,5,mg,2023-01-02,\n"
    assert _ends(_two(tmp_path, ex)) == {"drug": GOES_ON, "other": NOT_AGAIN}


def test_a_drug_that_an_adverse_event_withdrew_has_that_reason(tmp_path: Path) -> None:
    ex = _other("2023-06-01") + _drug("2023-12-20")
    ae = AE + "002,1,Rash,RELATED,Other,DRUG WITHDRAWN,2023-06-15\n"
    withdrawn = ("DISCONTINUED", "ADVERSE EVENT", "END-WITHDRAWN")
    assert _ends(_two(tmp_path / "a", ex, ae=ae)) == {"other": withdrawn, "drug": GOES_ON}
    of_patient = ("DISCONTINUED", "PROGRESSIVE DISEASE", "END-BY-PATIENT")
    assert _ends(_two(tmp_path / "b", ex, ae=ae, ds=PROGRESSED)) == {"other": withdrawn, "drug": of_patient}
    # Both are named, but the one was given for half a year after the event.
    both = ae.replace("Other", "drug; other")
    assert _ends(_two(tmp_path / "c", ex, ae=both)) == {"other": withdrawn, "drug": GOES_ON}
    # Nobody names a drug of two: the reason stays unknown.
    assert _ends(_two(tmp_path / "d", ex, ae=ae.replace("Other", "")))["other"] == NOT_AGAIN


@pytest.mark.parametrize(
    ("key", "days", "is_completed"),
    [
        ("max_cycles = 2", ["2023-06-01", "2023-06-22"], True),
        ("max_cycles = 3", ["2023-06-01", "2023-06-22"], False),
        # A third cycle would begin on day 42, after one month; a second on day 21, within it.
        ("max_duration_months = 1", ["2023-06-01", "2023-06-22"], True),
        ("max_duration_months = 1", ["2023-06-01"], False),
    ],
)
def test_a_drug_given_as_long_as_planned_is_completed(
    tmp_path: Path, key: str, days: list[str], is_completed: bool
) -> None:
    completed = ("COMPLETED", None, "END-PLAN-COMPLETED")
    ex = _other(*days) + _drug("2023-12-20")
    assert _ends(_two(tmp_path / "a", ex, key=key))["other"] == (completed if is_completed else NOT_AGAIN)
    of_patient = ("DISCONTINUED", "PROGRESSIVE DISEASE", "END-BY-PATIENT")
    after = _ends(_two(tmp_path / "b", ex, key=key, ds=PROGRESSED))
    assert after == {"other": completed if is_completed else of_patient, "drug": of_patient}


def test_the_last_planned_cycle_is_not_completed_in_its_middle(tmp_path: Path) -> None:
    """One cycle of 14 days planned, begun on 20 December: its last day would be 2 January, after the cut-off."""
    protocol = PROTOCOL.replace('dosing_days = "1-14"', 'dosing_days = "1-14"\nmax_cycles = 1', 1)
    ends = []
    for name, start in (("a", "2023-12-20"), ("b", "2023-12-18")):
        ex = HEAD + f"002,1,drug,12,mg,{start},2023-12-31\n"
        checked = check_trial(write_small_trial(tmp_path / name, protocol=protocol, ex=ex))
        ends.append(checked.derived.datasets["adex"]["EOTSTT"].to_list())
    assert ends == [["ONGOING"], ["COMPLETED"]]
