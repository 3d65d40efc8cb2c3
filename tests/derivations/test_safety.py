"""Adverse events and laboratory values from the files up: which window, which grade, and what is found wrong."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import PROTOCOL, write_small_trial

from onearm.derivations.safety_checks import RULES
from onearm.run import Checked, check_trial
from onearm.run.trial import run_trial

AE = "USUBJID,AESEQ,AETERM,AEDECOD,AEBODSYS,AETOXGR,AESER,AEREL,AEACN,AEOUT,AESTDTC,AEENDTC\n"
LB = "USUBJID,LBSEQ,LBTESTCD,LBTEST,LBSTRESN,LBSTRESU,LBSTNRLO,LBSTNRHI,LBBLFL,LBDTC\n"


def _event(
    start: str, end: str = "", grade: str = "2", subject: str = "002", seq: int = 1, term: str = "Rash", more: str = "N"
) -> str:
    return f"{subject},{seq},{term},{term},Skin,{grade},{more},RELATED,DOSE NOT CHANGED,RECOVERED,{start},{end}\n"


def _check(folder: Path, safety: str = "", **tables: str) -> Checked:
    return check_trial(write_small_trial(folder, protocol=f"{PROTOCOL}\n{safety}", **tables))


@pytest.mark.parametrize(
    ("start", "end", "emergent", "rule"),
    [
        # Patient 003: one dosing record, 2 to 15 January; died on the 20th, so treatment ended.
        ("2023-01-01", "2023-01-03", "N", "AE-BEFORE-TREATMENT"),
        ("2023-01-02", "", "Y", "AE-EMERGENT"),
        ("2023-02-14", "", "Y", "AE-EMERGENT"),  # 30 days after 15 January
        ("2023-02-15", "", "N", "AE-AFTER-WINDOW"),
        ("2023-01", "", "Y", "AE-EMERGENT-PARTIAL-START"),
        ("2022-12", "", "N", "AE-BEFORE-TREATMENT"),
        ("2023", "", "Y", "AE-EMERGENT-PARTIAL-START"),
        ("2022", "", "N", "AE-BEFORE-TREATMENT"),
        ("", "", "Y", "AE-EMERGENT-NO-START"),
        ("", "2023-01-01", "N", "AE-BEFORE-TREATMENT"),
    ],
)
def test_an_event_is_emergent_unless_its_dates_rule_it_out(
    tmp_path: Path, start: str, end: str, emergent: str, rule: str
) -> None:
    checked = _check(tmp_path, ae=AE + _event(start, end, subject="003"))
    row = checked.derived.datasets["adae"].row(0, named=True)
    assert (row["TRTEMFL"], row["RULE"]) == (emergent, rule)


def test_related_events_may_count_for_longer(tmp_path: Path) -> None:
    checked = _check(tmp_path, "[safety]\nrelated_days = 90", ae=AE + _event("2023-03-01", subject="003"))
    assert checked.derived.datasets["adae"]["TRTEMFL"].to_list() == ["Y"]


@pytest.mark.parametrize(
    ("column", "text", "grade"),
    [
        ("AETOXGR", "3", 3),
        ("AETOXGR", "GRADE 4", 4),
        ("AETOXGR", "0", None),
        ("AETOXGR", "6", None),
        ("AESEV", "SEVERE", 3),
        ("AESEV", "mild", 1),
    ],
)
def test_grade_is_read_from_the_column_there_is(tmp_path: Path, column: str, text: str, grade: int | None) -> None:
    checked = _check(tmp_path, ae=AE.replace("AETOXGR", column) + _event("2023-01-05", grade=text))
    assert checked.derived.datasets["adae"]["ATOXGRN"].to_list() == [grade]


def _rules(checked: Checked) -> set[str]:
    return set(checked.findings["rule"])


def test_bad_adverse_events_are_findings_and_stay_in_the_data(tmp_path: Path) -> None:
    events = [
        _event("2023-01-05", grade="0"),
        _event("2023-01-05", grade="6", seq=2),
        _event("", seq=3),
        _event("2023-01-08", "2023-01-05", seq=4),
        _event("2023-01-08", grade="", seq=5),
    ]
    checked = _check(tmp_path, ae=AE + "".join(events))
    assert checked.derived.datasets["adae"].height == 5
    expected = {"SAFETY-GRADE-INVALID", "SAFETY-NO-START", "DATA-END-BEFORE-START", "SAFETY-GRADE-MISSING"}
    assert expected <= _rules(checked)
    invalid = checked.findings.filter(pl.col("rule") == "SAFETY-GRADE-INVALID")
    assert invalid["row"].to_list() == [1, 2]


def test_bad_doses_are_findings(tmp_path: Path) -> None:
    ex = (
        "USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n001,1,drug,12,mg,2023-01-02,2023-01-15\n"
        "001,2,drug,12,mg,2023-01-10,2023-01-20\n002,1,drug,12,tablets,2023-01-02,2023-01-15\n"
        "003,1,other,1,mg,2023-01-02,2023-01-02\n"
    )
    checked = _check(tmp_path, ex=ex)
    found = checked.findings.filter(pl.col("domain") == "ex").select("rule", "row").rows()
    assert set(found) >= {("SAFETY-DOSES-OVERLAP", 2), ("SAFETY-DOSE-UNIT", 3), ("DERIVE-DRUG-UNKNOWN", 4)}


LABS = LB + (
    "002,1,ALT,Alanine aminotransferase,80,U/L,5,40,Y,2023-01-01\n"
    "002,2,ALT,Alanine aminotransferase,130,U/L,5,40,,2023-01-10\n"
    "002,3,ALT,Alanine aminotransferase,500,U/L,5,40,,2023-01-20\n"
    "002,4,AST,Aspartate aminotransferase,500,U/L,,,,2023-01-20\n"
    "002,5,K,Potassium,2.4,mmol/L,3.5,5.1,,2023-01-20\n"
)


def test_laboratory_values_have_a_baseline_and_a_grade_relative_to_it(tmp_path: Path) -> None:
    adlb = _check(tmp_path, lb=LABS).derived.datasets["adlb"].filter(pl.col("PARAMCD") == "ALT")
    # Baseline 80 is twice the limit: 130 is 1.6 times it (grade 1), 500 is 6.25 times (grade 3). Baseline by the limit: 1.
    assert adlb["BASE"].to_list() == [80.0, 80.0, 80.0]
    assert adlb["ATOXGRH"].to_list()[1:] == [1, 3]
    assert adlb["ONTRTFL"].to_list() == [None, "Y", "Y"]


def test_values_that_cannot_be_graded_or_disagree_are_findings(tmp_path: Path) -> None:
    events = AE + _event("2023-01-15", "2023-01-25", grade="1", term="Alanine aminotransferase increased")
    checked = _check(tmp_path, lb=LABS, ae=events)
    assert {"SAFETY-LAB-NO-LIMIT", "SAFETY-GRADE-DISAGREES", "SAFETY-LAB-NOT-REPORTED"} <= _rules(checked)
    messages = checked.findings["message"].to_list()
    assert any("'Alanine aminotransferase increased' is lower" in text for text in messages)
    assert any("'Hypokalemia'" in text for text in messages)


def test_counts_by_hand(tmp_path: Path) -> None:
    """Patient 002 has rash twice (grades 1, 3); 003 nausea without a grade; two of three patients treated."""
    events = (
        _event("2023-01-05", "2023-01-08", grade="1")
        + _event("2023-01-12", grade="3", seq=2, more="Y")
        + _event("2023-01-04", grade="", subject="003", term="Nausea")
    )
    group = '[safety]\nimmune_terms = ["RASH"]\n[safety.group."Skin or gut"]\nterms = ["rash", "nausea"]\n'
    folder = write_small_trial(tmp_path, protocol=f"{PROTOCOL}\n{group}", ae=AE + events)
    run = run_trial(folder)
    rows = run.results.filter((pl.col("analysis") == "adverse_events") & (pl.col("paramcd") == "TEAE"))
    rows = rows.filter(~pl.col("variable").str.starts_with("immune_"))
    value = {(r["variable_level"], r["stat"]): r["value"] for r in rows.iter_rows(named=True)}
    assert [value[level, "n"] for level in ("any", "Rash", "Nausea", "Immune-related", "Skin or gut")] == [
        2,
        1,
        1,
        1,
        2,
    ]
    assert value["Rash", "n_grade_3_or_more"] == 1
    assert value["Rash", "n_grade_3"] == 1
    assert ("Rash", "n_grade_1") not in value
    assert value["Rash", "events"] == 2
    assert value["serious", "n"] == 1
    assert value["fatal", "n"] == 0
    assert value["any", "N"] == 2  # patient 001 has no safety record in this data, so the safety set leaves it out
    # First rash on 5 January is day 4 from 2 January; nausea on 4 January is day 3: median 3.5 in either convention.
    assert value["Skin or gut", "onset_median"] == 3.5
    assert value["Skin or gut", "duration_median"] == 4  # only one event ended: 5 to 8 January
    assert value["Skin or gut", "ongoing"] == 2
    report = run.report.read_text(encoding="utf-8")
    assert "Adverse events by preferred term" in report
    assert "Adverse events of special interest" in report


def test_shift_from_baseline_to_worst_by_hand(tmp_path: Path) -> None:
    folder = write_small_trial(tmp_path, lb=LABS)
    run = run_trial(folder)
    rows = (
        run.results.filter(pl.col("analysis") == "laboratory")
        .select("paramcd", "variable_level", "stat", "value")
        .rows()
    )
    # ALT of patient 002: at baseline above normal (grade 1), at worst 6.25 times the abnormal baseline (grade 3).
    assert ("Alanine aminotransferase increased", "1 to 3", "n", 1.0) in rows
    # Potassium has no baseline; AST cannot be graded without its upper limit and has no row.
    assert ("Hypokalemia", "unknown to 4", "n", 1.0) in rows
    assert not [row for row in rows if row[0].startswith("Aspartate")]
    assert "worst grade under treatment" in run.report.read_text(encoding="utf-8")


def test_deviations_stand_in_the_dataset_the_findings_and_the_report(tmp_path: Path) -> None:
    """001 lags 7 days behind (a planned pause), 002 is 70; a limit of 65 makes 002 (and 003, 66) ineligible."""
    ex = (
        "USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n001,1,drug,12,mg,2023-01-02,2023-01-15\n"
        "001,2,drug,7,mg,2023-01-23,2023-02-05\n002,1,drug,12,mg,2023-01-02,2023-01-15\n"
    )
    limit = '[[eligibility]]\nvariable = "AGE"\nlabel = "Age"\nat_least = 18\nat_most = 65\n'
    run = run_trial(write_small_trial(tmp_path, protocol=f"{PROTOCOL}\n{limit}", ex=ex))
    addv = pl.read_parquet(run.folder / "datasets" / "addv.parquet")
    assert addv.select("USUBJID", "RULE", "SRCSEQ").rows() == [
        ("001", "DOSE-NOT-A-LEVEL", 2),
        ("002", "ELIGIBILITY-AGE", None),
        ("003", "ELIGIBILITY-AGE", None),
    ]
    assert addv["WHY"][1] == "Age is 70; at least 18, at most 65 is asked for."
    assert {"PROTOCOL-DOSING", "PROTOCOL-ELIGIBILITY"} <= set(run.findings["rule"])
    assert "Deviations from the protocol" in run.report.read_text(encoding="utf-8")


def test_every_finding_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "safety.md").read_text(encoding="utf-8")
    assert [rule for rule in RULES if f"`{rule}`" not in text] == []


def test_a_limit_on_a_column_that_the_data_lack_is_a_finding(tmp_path):
    protocol = PROTOCOL + '[[eligibility]]\nvariable = "ECOG"\nat_most = 1\n'
    found = check_trial(write_small_trial(tmp_path, protocol=protocol)).findings
    assert found.filter(rule="PROTOCOL-ELIGIBILITY-UNKNOWN")["column"].to_list() == ["ECOG"]


TWO = """
[[treatment]]
name = "antibody"
unit = "mg"
dose_levels = [1200]
cycle_days = 21
dosing_days = "1"
"""


def test_events_are_attributed_to_each_of_two_drugs_with_what_came_of_them(tmp_path: Path) -> None:
    """002: rash by the drug, reduced; colitis by both, antibody stopped, on day 60 after the last dose of the related window."""
    head = "USUBJID,AESEQ,AETERM,AEDECOD,AEBODSYS,AETOXGR,AESER,AEREL,AERELTRT,AEACN,AEOUT,AESTDTC,AEENDTC\n"
    events = (
        "003,1,Rash,Rash,Skin,2,N,RELATED,drug,DOSE REDUCED,RECOVERED,2023-01-05,2023-01-09\n"
        "003,2,Colitis,Colitis,Gut,3,Y,RELATED,drug; antibody,DRUG WITHDRAWN,RECOVERED,2023-03-16,\n"
        "003,3,Fall,Fall,Injury,1,N,NOT RELATED,,DOSE NOT CHANGED,RECOVERED,2023-03-16,\n"
        "003,4,Itch,Itch,Skin,1,N,RELATED,antibody,DRUG INTERRUPTED,RECOVERED,2023-01-06,\n"
    )
    ex = (
        "USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n003,1,drug,12,mg,2023-01-02,2023-01-15\n"
        "003,2,antibody,1200,mg,2023-01-02,2023-01-02\n"
    )
    text = PROTOCOL.replace("[design]", f"{TWO}\n[design]", 1) + "\n[safety]\nemergent_days = 30\nrelated_days = 90\n"
    run = run_trial(write_small_trial(tmp_path, protocol=text, ae=head + events, ex=ex))
    rows = run.results.filter((pl.col("analysis") == "adverse_events") & (pl.col("variable") == "overview"))
    n = {
        (r["paramcd"], r["variable_level"]): r["value"]
        for r in rows.filter(pl.col("stat") == "n").iter_rows(named=True)
    }
    events_of = {r["paramcd"]: r["value"] for r in rows.filter(
        (pl.col("stat") == "events") & (pl.col("variable_level") == "any")).iter_rows(named=True)}  # fmt: skip
    # The fall of 16 March is 60 days after the last dose: outside 30 days; the related colitis is within 90.
    assert events_of == {"TEAE": 3, "TRAE": 3, "TRAE drug": 2, "TRAE antibody": 2}
    assert n["TRAE drug", "leading to dose reduction"] == 1
    assert n["TRAE antibody", "leading to dose reduction"] == 0
    assert n["TRAE antibody", "leading to interruption"] == 1
    assert n["TRAE antibody", "leading to discontinuation"] == n["TRAE drug", "leading to discontinuation"] == 1
    assert n["TEAE", "serious"] == n["TEAE", "grade 3 or more"] == 1
    report = run.report.read_text(encoding="utf-8")
    assert "Related to antibody" in report


@pytest.mark.parametrize(("version", "neutrophils", "glucose"), [("5.0", 3, None), ("6.0", 2, 2)])
def test_the_protocol_says_which_version_of_the_criteria_grades(
    tmp_path: Path, version: str, neutrophils: int, glucose: int | None
) -> None:
    """Neutrophils of 0.9: grade 3 by version 5.0 and 2 by 6.0; fasting glucose of 9.5 is graded by version 6.0 only."""
    labs = "USUBJID,LBSEQ,LBTESTCD,LBSTRESN,LBSTRESU,LBSTNRLO,LBSTNRHI,LBFAST,LBDTC\n" + (
        "002,1,NEUT,0.9,10^9/L,2,7,,2023-01-20\n002,2,GLUC,9.5,mmol/L,3.9,5.6,Y,2023-01-20\n"
    )
    adlb = _check(tmp_path, f'[safety]\nctcae = "{version}"', lb=labs).derived.datasets["adlb"]
    assert adlb.filter(pl.col("PARAMCD") == "NEUT")["ATOXGRL"].to_list() == [neutrophils]
    assert adlb.filter(pl.col("PARAMCD") == "GLUC")["ATOXGRH"].to_list() == [glucose]


IMMUNE_AE = AE.replace("AEENDTC", "AEENDTC,AEIRAE")


def _judged(start: str, said: str, **more: object) -> str:
    return f"{_event(start, **more).rstrip()},{said}\n"  # type: ignore[arg-type]


def test_the_investigator_says_which_events_are_immune_related_by_hand(tmp_path: Path) -> None:
    """002: rash judged so (grade 1), a later rash judged not (grade 3); 003: colitis (4, so), thyroid by the list only."""
    events = (
        _judged("2023-01-05", "y", grade="1")
        + _judged("2023-01-12", "N", grade="3", seq=2)
        + _judged("2023-01-06", "Y", grade="4", subject="003", term="Colitis").replace(
            "DOSE NOT CHANGED", "DRUG WITHDRAWN"
        )
        + _judged("2023-01-07", "N", grade="2", subject="003", seq=2, term="Hypothyroidism")
        + _judged("2023-01-08", "", grade="3", subject="003", seq=3, term="Nausea")
    )
    key = '[safety]\nimmune_related_column = "aeirae"\n'
    folder = write_small_trial(tmp_path, protocol=f"{PROTOCOL}\n{key}", ae=IMMUNE_AE + events)
    run = run_trial(folder)
    adae = pl.read_parquet(run.folder / "datasets" / "adae.parquet")
    assert adae.select("USUBJID", "SRCSEQ", "IRAEFL").sort("USUBJID", "SRCSEQ").rows() == [
        ("002", 1, "Y"),
        ("002", 2, "N"),
        ("003", 1, "Y"),
        ("003", 2, "N"),
        ("003", 3, "N"),
    ]
    rows = run.results.filter((pl.col("analysis") == "adverse_events") & (pl.col("paramcd") == "TEAE"))
    value = {(r["variable"], r["variable_level"], r["stat"]): r["value"] for r in rows.iter_rows(named=True)}
    assert value["group", "Immune-related", "n"] == value["immune_overview", "any", "n"] == 2
    assert value["group", "Immune-related", "n_grade_3_or_more"] == 1
    assert value["immune_overview", "grade 3 or more", "n"] == 1
    assert value["immune_overview", "leading to discontinuation", "n"] == 1
    # The rash of grade 3 is not immune-related, so the term's worst immune-related grade is 1; overall it is 3.
    assert value["immune_term", "Rash", "n_grade_1"] == value["immune_term", "Rash", "events"] == 1
    assert value["immune_term", "Rash", "n_grade_3_or_more"] == 0
    assert value["term", "Rash", "n_grade_3_or_more"] == 1
    assert value["immune_term", "Colitis", "n_grade_4"] == 1
    assert ("immune_term", "Hypothyroidism", "n") not in value
    report = run.report.read_text(encoding="utf-8")
    assert "Immune-related adverse events" in report
    assert "the investigator judged so" in report


def test_terms_of_the_protocol_are_added_to_what_the_investigator_says(tmp_path: Path) -> None:
    events = (
        _judged("2023-01-05", "N", term="Hypothyroidism")
        + _judged("2023-01-06", "Y", seq=2)
        + _judged("2023-01-06", "N", seq=3, term="Fall")
    )
    key = '[safety]\nimmune_related_column = "AEIRAE"\nimmune_terms = ["hypothyroidism"]'
    found = _check(tmp_path, key, ae=IMMUNE_AE + events).derived.datasets["adae"].sort("SRCSEQ")
    assert found["IRAEFL"].to_list() == ["Y", "Y", "N"]


def test_the_judgement_may_be_a_supplemental_qualifier(tmp_path: Path) -> None:
    """Linked by the sequence number; that of event 9 belongs to nothing."""
    events = AE + _event("2023-01-05") + _event("2023-01-06", seq=2) + _event("2023-01-06", subject="003")
    supp = (
        "RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QLABEL,QVAL\nAE,002,AESEQ,2,IRAEFL,Immune-related,Y\n"
        "AE,003,AESEQ,1,IRAEFL,Immune-related,N\nAE,003,AESEQ,9,IRAEFL,Immune-related,Y\nAE,002,AESEQ,1,OTHER,Other,Y\n"
    )
    checked = _check(tmp_path, '[safety]\nimmune_related_column = "IRAEFL"', ae=events, suppae=supp)
    found = checked.derived.datasets["adae"].sort("USUBJID", "SRCSEQ")
    assert found["IRAEFL"].to_list() == ["N", "Y", "N"]
    lost = checked.findings.filter(pl.col("rule") == "SAFETY-IMMUNE-NO-EVENT")
    assert lost.select("domain", "row", "subject").rows() == [("suppae", 3, "003")]


def test_a_judgement_that_is_neither_yes_nor_no_is_a_finding(tmp_path: Path) -> None:
    events = (
        _judged("2023-01-05", "maybe") + _judged("2023-01-05", "", seq=2) + _judged("2023-01-06", "Y", subject="003")
    )
    checked = _check(tmp_path, '[safety]\nimmune_related_column = "AEIRAE"', ae=IMMUNE_AE + events)
    found = checked.findings.filter(pl.col("rule") == "SAFETY-IMMUNE-VALUE")
    assert found.select("column", "row").rows() == [("AEIRAE", 1)]
    assert checked.derived.datasets["adae"]["IRAEFL"].to_list() == ["N", "N", "Y"]


def test_a_judgement_that_the_data_do_not_hold_is_a_finding(tmp_path: Path) -> None:
    checked = _check(tmp_path, '[safety]\nimmune_related_column = "AEIRAE"', ae=AE + _event("2023-01-05"))
    found = checked.findings.filter(pl.col("rule") == "SAFETY-IMMUNE-UNKNOWN")
    assert found["column"].to_list() == ["AEIRAE"]
