"""Therapy before, with and after the study treatment, and Hy's law, from the files up."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import PROTOCOL, write_small_trial

from onearm.run import check_trial
from onearm.run.trial import run_trial

CM = "USUBJID,CMSEQ,CMTRT,CMDECOD,CMCAT,CMLINE,CMSTDTC,CMENDTC\n"


@pytest.mark.parametrize(
    ("category", "start", "end", "kind", "rule"),
    [
        # Patient 003: treated on 2 to 15 January, window of 30 days to 14 February.
        ("CONCOMITANT MEDICATION", "2023-01-02", "", "CONCOMITANT", "CM-CONCOMITANT"),
        ("CONCOMITANT MEDICATION", "2022-12-01", "2023-01-02", "CONCOMITANT", "CM-CONCOMITANT"),
        ("CONCOMITANT MEDICATION", "2022-12-01", "2023-01-01", None, "CM-BEFORE"),
        ("CONCOMITANT MEDICATION", "2023-02-14", "", "CONCOMITANT", "CM-CONCOMITANT"),
        ("CONCOMITANT MEDICATION", "2023-02-15", "", None, "CM-AFTER"),
        ("CONCOMITANT MEDICATION", "", "", "CONCOMITANT", "CM-NO-DATE"),
        ("PRIOR ANTICANCER THERAPY", "2022-01-01", "2022-03-01", "PRIOR", "CM-PRIOR"),
        ("PRIOR SYSTEMIC THERAPY", "", "", "PRIOR", "CM-PRIOR"),
        ("SUBSEQUENT ANTI-CANCER THERAPY", "2023-01-20", "", "SUBSEQUENT", "CM-SUBSEQUENT"),
    ],
)
def test_a_therapy_is_placed_by_its_category_and_its_dates(
    tmp_path: Path, category: str, start: str, end: str, kind: str | None, rule: str
) -> None:
    cm = f"{CM}003,1,aspirin,ASPIRIN,{category},,{start},{end}\n"
    row = check_trial(write_small_trial(tmp_path, cm=cm)).derived.datasets["adcm"].row(0, named=True)
    assert (row["ACAT"], row["RULE"]) == (kind, rule)


def test_therapy_counts_by_hand(tmp_path: Path) -> None:
    """001 had two lines before, one agent twice; 002 had one and a later therapy; 003 had none. 001 and 003 went off."""
    cm = CM + (
        "001,1,x,CISPLATIN,PRIOR ANTICANCER THERAPY,1,2021-01-01,2021-03-01\n"
        "001,2,x,CISPLATIN,PRIOR ANTICANCER THERAPY,2,2022-01-01,2022-03-01\n"
        "002,1,x,PACLITAXEL,PRIOR ANTICANCER THERAPY,1,2021-01-01,2021-03-01\n"
        "001,3,x,DOCETAXEL,SUBSEQUENT ANTI-CANCER THERAPY,,2023-06-01,\n"
    )
    run = run_trial(write_small_trial(tmp_path, cm=cm))
    rows = run.results.filter(pl.col("analysis") == "therapy")
    value = {
        (r["paramcd"], r["variable"], r["variable_level"], r["stat"]): r["value"] for r in rows.iter_rows(named=True)
    }
    assert value["PRIOR", "any", "any", "n"] == 2
    assert value["PRIOR", "agent", "CISPLATIN", "n"] == 1
    assert [value["PRIOR", "lines", level, "n"] for level in ("0", "1", "2", "3 or more")] == [1, 1, 1, 0]
    assert value["PRIOR", "lines", None, "median"] == 1
    assert value["SUBSEQUENT", "any", "any", "p"] == pytest.approx(1 / 3)
    assert value["SUBSEQUENT", "any", "of those off treatment", "p"] == pytest.approx(1 / 2)
    report = run.report.read_text(encoding="utf-8")
    assert "Prior anticancer therapy" in report
    assert "Subsequent anticancer therapy" in report


LATER = "SUBSEQUENT ANTI-CANCER THERAPY"


@pytest.mark.parametrize(
    ("key", "lines"),
    [
        # 001: all numbered, the second and third line of the disease; 002: only one of two; days 0, 20 and 60 of 003
        ("", {"001": [1, 2], "002": [1, 2], "003": [1, 1, 2]}),
        ('later_lines = "dates"', {"001": [1, 1], "002": [1, 2], "003": [1, 1, 2]}),
        ('later_lines = "recorded"', {"001": [1, 2], "002": [1, None], "003": [None, None, None]}),
        ("same_line_within_days = 90", {"001": [1, 2], "002": [1, 2], "003": [1, 1, 1]}),
        ("same_line_within_days = 10", {"001": [1, 2], "002": [1, 2], "003": [1, 2, 3]}),
    ],
)
def test_later_lines_by_number_and_by_date(tmp_path: Path, key: str, lines: dict[str, list[int | None]]) -> None:
    cm = CM + (
        f"001,1,x,DOCETAXEL,{LATER},2,2023-06-01,\n001,2,x,IRINOTECAN,{LATER},3,2023-06-15,\n"
        f"002,1,x,DOCETAXEL,{LATER},2,2023-06-01,\n002,2,x,IRINOTECAN,{LATER},,2023-10-01,\n"
        f"003,1,x,DOCETAXEL,{LATER},,2023-06-01,\n003,2,x,RAMUCIRUMAB,{LATER},,2023-06-21,\n"
        f"003,3,x,IRINOTECAN,{LATER},,2023-07-31,\n003,4,x,CISPLATIN,PRIOR CHEMOTHERAPY,,2021-01-01,\n"
    )
    text = PROTOCOL + (f"\n[therapy]\n{key}\n" if key else "")
    adcm = check_trial(write_small_trial(tmp_path, protocol=text, cm=cm)).derived.datasets["adcm"]
    later = adcm.filter(pl.col("ACAT") == "SUBSEQUENT").sort("USUBJID", "SRCSEQ")
    assert {one: later.filter(pl.col("USUBJID") == one)["LATERLN"].to_list() for one in lines} == lines
    assert adcm.filter(pl.col("ACAT") == "PRIOR")["LATERLN"].to_list() == [None]


def test_agents_and_lines_of_those_off_treatment_and_of_the_progressed(tmp_path: Path) -> None:
    """
    Two of three are off treatment, 001 and 003; only 001 progressed, and had docetaxel, later irinotecan. 002 had docetaxel.

    Of all 3: docetaxel 2, irinotecan 1; lines 0, 1 and 2 in one each. Of the 2 off treatment: docetaxel 1; lines 0 and 2.
    Of the one who progressed: docetaxel 1, two lines.
    """
    cm = CM + (
        f"001,1,x,DOCETAXEL,{LATER},,2023-06-01,\n001,2,x,IRINOTECAN,{LATER},,2023-09-01,\n"
        f"002,1,x,DOCETAXEL,{LATER},,2023-06-01,\n"
    )
    rs = (
        "USUBJID,RSSEQ,RSTESTCD,RSSTRESC,RSEVAL,VISITNUM,VISIT,RSDTC\n"
        "001,1,OVRLRESP,PD,INVESTIGATOR,2,V2,2023-02-13\n002,1,OVRLRESP,SD,INVESTIGATOR,2,V2,2023-02-20\n"
    )
    run = run_trial(write_small_trial(tmp_path, cm=cm, rs=rs, tu=None, tr=None))
    rows = run.results.filter((pl.col("analysis") == "therapy") & (pl.col("paramcd") == "SUBSEQUENT"))
    value = {(r["variable"], r["variable_level"], r["stat"]): r["value"] for r in rows.iter_rows(named=True)}
    off, progressed = "of those off treatment", "of the progressed"
    assert [value["agent", name, "n"] for name in ("DOCETAXEL", "IRINOTECAN")] == [2, 1]
    assert [value[f"agent {off}", "DOCETAXEL", stat] for stat in ("n", "N", "p")] == [1, 2, 0.5]
    assert [value[f"agent {progressed}", "IRINOTECAN", stat] for stat in ("n", "N", "p")] == [1, 1, 1.0]
    lines = {
        of: [value[f"lines {of}".strip(), level, "n"] for level in ("0", "1", "2", "3 or more")]
        for of in ("", off, progressed)
    }
    assert lines == {"": [1, 1, 1, 0], off: [1, 0, 1, 0], progressed: [0, 0, 1, 0]}
    assert value["lines", None, "median"] == 1
    assert "Number of lines, of the progressed" in run.report.read_text(encoding="utf-8")


LIMITS = """
[[eligibility]]
meets = "has_measurable_disease"
[[eligibility]]
no_prior = ["cisplatin"]
label = "no platinum"
[[eligibility]]
variable = "RELAPSEMO"
at_least = 6
if_known = true
[[visit]]
name = "Laboratory"
domain = "lb"
every_days = 21
window_days = 3
"""


def test_lesions_earlier_therapy_and_visits_are_checked(tmp_path: Path) -> None:
    """003 has no target lesion; 001 had cisplatin; 002 relapsed after 4 months; the laboratory of 001 came once, late."""
    dm = (
        "STUDYID,USUBJID,ARMCD,RFSTDTC,AGE,SEX,RELAPSEMO\nSMALL,001,A,2023-01-02,60,M,\n"
        "SMALL,002,A,2023-01-02,70,F,4\nSMALL,003,A,2023-01-02,66,F,6\n"
    )
    tu = (
        "USUBJID,TUSEQ,TULNKID,TUTESTCD,TUSTRESC,TULOC,TUEVAL,VISITNUM,VISIT,TUDTC\n"
        "001,1,T1,TUMIDENT,TARGET,LIVER,INVESTIGATOR,1,SCREENING,2022-12-28\n"
        "002,1,T1,TUMIDENT,TARGET,LUNG,INVESTIGATOR,1,SCREENING,2022-12-28\n"
    )
    tr = (
        "USUBJID,TRSEQ,TRLNKID,TRGRPID,TRTESTCD,TRSTRESN,TRSTRESU,TREVAL,VISITNUM,VISIT,TRDTC\n"
        "001,1,T1,TARGET,LDIAM,30,mm,INVESTIGATOR,1,SCREENING,2022-12-28\n"
        "002,1,T1,TARGET,LDIAM,25,mm,INVESTIGATOR,1,SCREENING,2022-12-28\n"
    )
    ex = (
        "USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n001,1,drug,12,mg,2023-01-02,2023-01-15\n"
        "001,2,drug,12,mg,2023-01-23,2023-03-05\n"
    )
    lb = "USUBJID,LBSEQ,LBTESTCD,LBSTRESN,LBDTC\n001,1,ALT,20,2023-01-27\n"
    ds = "USUBJID,DSSEQ,DSDECOD,DSTERM,DSCAT,DSSTDTC\n001,1,ADVERSE EVENT,RASH,DISPOSITION EVENT,2023-03-05\n"
    cm = CM + "001,1,x,CISPLATIN,PRIOR CHEMOTHERAPY,,2021-01-01,2021-03-01\n"
    folder = write_small_trial(
        tmp_path, protocol=PROTOCOL + LIMITS, dm=dm, tu=tu, tr=tr, ex=ex, lb=lb, cm=cm, ds=ds, ae=None
    )
    checked = check_trial(folder)
    addv = checked.derived.datasets["addv"]
    by_rule = {rule: addv.filter(pl.col("RULE") == rule)["USUBJID"].to_list() for rule in addv["RULE"].unique()}
    assert by_rule["ELIGIBILITY-HAS-MEASURABLE-DISEASE"] == ["003"]
    assert by_rule["ELIGIBILITY-PRIOR-THERAPY"] == ["001"]
    assert by_rule["ELIGIBILITY-RELAPSEMO"] == ["002"]
    # Day 1 is 2 January: due on days 22, 43 and, as the last dose is of day 63, no later. 27 January is day 26.
    assert by_rule["VISIT-OUTSIDE-WINDOW"] == ["001"]
    assert by_rule["VISIT-MISSED"] == ["001"]
    why = dict(addv.filter(pl.col("DVCAT") == "SCHEDULE").select("RULE", "WHY").rows())
    assert why["VISIT-OUTSIDE-WINDOW"].startswith("Laboratory planned for day 22 was on day 26")
    assert why["VISIT-MISSED"] == "Laboratory planned for day 43 did not take place."
    assert set(checked.findings["rule"]) >= {"PROTOCOL-SCHEDULE", "PROTOCOL-ELIGIBILITY"}


def test_what_the_data_cannot_answer_is_said(tmp_path: Path) -> None:
    found = check_trial(write_small_trial(tmp_path, protocol=PROTOCOL + LIMITS)).findings
    assert found.filter(pl.col("rule") == "PROTOCOL-ELIGIBILITY-UNKNOWN")["domain"].to_list() == ["cm"]
    assert found.filter(pl.col("rule") == "PROTOCOL-ELIGIBILITY-NOT-RECORDED")["column"].to_list() == ["RELAPSEMO"]
    assert found.filter(pl.col("rule") == "PROTOCOL-VISIT-UNKNOWN").height == 1


@pytest.mark.parametrize(
    ("allowed", "second", "found"),
    [
        ("false", "PD", True),
        ('"until_confirmed"', "SD", False),
        ('"until_confirmed"', "PD", True),
        ("true", "PD", False),
    ],
)
def test_treatment_may_go_on_until_progression_is_confirmed(
    tmp_path: Path, allowed: str, second: str, found: bool
) -> None:
    text = PROTOCOL.replace('dosing_days = "1-14"', f'dosing_days = "1-14"\ntreatment_beyond_progression = {allowed}')
    rs = "USUBJID,RSSEQ,RSTESTCD,RSSTRESC,RSEVAL,VISITNUM,VISIT,RSDTC\n" + "".join(
        f"001,{n},OVRLRESP,{value},INVESTIGATOR,{n},V{n},{day}\n"
        for n, value, day in ((1, "PD", "2023-02-13"), (2, second, "2023-03-27"))
    )
    ex = "USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n" + "".join(
        f"001,{n},drug,12,mg,{day},{day}\n" for n, day in ((1, "2023-01-02"), (2, "2023-02-20"), (3, "2023-04-03"))
    )
    checked = check_trial(write_small_trial(tmp_path, protocol=text, rs=rs, ex=ex, tr=None, tu=None))
    rules = checked.derived.datasets["addv"].filter(pl.col("DVCAT") == "DOSING")["RULE"].to_list()
    assert ("DOSE-AFTER-PROGRESSION" in rules) is found


def test_a_drug_that_joins_later_may_not_come_early(tmp_path: Path) -> None:
    late = (
        '[[treatment]]\nname = "late"\nunit = "mg"\ndose_levels = [5]\ncycle_days = 14\n'
        'dosing_days = "1"\nfirst_day = 15\n'
    )
    text = PROTOCOL.replace("[design]", f"{late}[design]", 1)
    ex = (
        "USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n001,1,drug,12,mg,2023-01-02,2023-01-15\n"
        "001,2,late,5,mg,2023-01-16,2023-01-16\n002,1,drug,12,mg,2023-01-02,2023-01-15\n002,2,late,5,mg,2023-01-15,2023-01-15\n"
    )
    addv = check_trial(write_small_trial(tmp_path, protocol=text, ex=ex)).derived.datasets["addv"]
    assert addv.filter(pl.col("RULE") == "DOSE-BEFORE-PLANNED-START")["USUBJID"].to_list() == ["002"]


LIVER = "USUBJID,LBSEQ,LBTESTCD,LBSTRESN,LBSTRESU,LBSTNRLO,LBSTNRHI,LBDTC\n"


def test_hys_law_from_the_files_up(tmp_path: Path) -> None:
    lb = LIVER + (
        "001,1,ALT,200,U/L,5,40,2023-01-10\n001,2,BILI,50,umol/L,3,20,2023-01-15\n001,3,ALP,100,U/L,40,120,2023-01-10\n"
        "002,1,AST,160,U/L,5,40,2023-01-10\n002,2,BILI,20,umol/L,3,20,2023-01-10\n"
    )
    run = run_trial(write_small_trial(tmp_path, lb=lb))
    rows = run.results.filter(pl.col("analysis") == "liver")
    value = {(r["variable_level"], r["stat"]): r["value"] for r in rows.iter_rows(named=True)}
    assert value["Hy's law range", "n"] == 1
    assert value["Temple's corollary range", "n"] == 1
    assert value["below both limits", "N"] == 2
    assert value["without cholestasis", "n"] == 1
    assert value["ALT or AST", "max"] == pytest.approx(5)
    assert run.findings.filter(pl.col("rule") == "SAFETY-HYS-LAW")["subject"].to_list() == ["001"]
    assert "Hy&#39;s law" in run.report.read_text(encoding="utf-8")
