"""Biomarkers from a table in a trial folder to the report, worked out by hand, and what may be wrong with them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import PROTOCOL, write_small_trial

from onearm.errors import DataError, ProtocolError
from onearm.protocol import describe_protocol, parse_protocol
from onearm.run import check_trial, run_trial

MARKER = """
[assay.blood]
file = "blood.csv"
subject = "patient"
timepoint = "visit"
date = "day"

[biomarker.X]
assay = "blood"
measure = "x"
label = "Marker X"
unit = "pg/ml"
against = ["response", "PFS", "change"]
"""
BLOOD = """patient,visit,day,x
001,Baseline,2022-12-28,10
001,C2D1,2023-01-23,30
002,screening,2022-12-29,2
002,C2D1,2023-01-23,1
003,baseline,2022-12-30,4
003,baseline,2022-12-31,8
"""
SHEET = """
[assay.blood]
file = "blood.csv"
sample = "s"
[assay.blood.samples]
file = "samples.csv"
[biomarker.X]
assay = "blood"
measure = "x"
"""


def trial(folder: Path, *, plan: str = MARKER, blood: str = BLOOD, samples: str | None = None) -> Path:
    write_small_trial(folder, protocol=PROTOCOL + plan)
    (folder / "data" / "assays").mkdir()
    (folder / "data" / "assays" / "blood.csv").write_text(blood, encoding="utf-8")
    if samples is not None:
        (folder / "data" / "assays" / "samples.csv").write_text(samples, encoding="utf-8")
    return folder


def rules(folder: Path) -> list[str]:
    return [rule for rule in check_trial(folder).findings["rule"] if rule.startswith("ASSAY-")]


def test_one_row_per_patient_and_time_is_analysed(tmp_path: Path) -> None:
    adbm = check_trial(trial(tmp_path)).derived.datasets["adbm"]
    analysed = adbm.filter(ANL01FL="Y").select("USUBJID", "AVISIT", "AVAL", "RULE").sort("USUBJID", "AVISIT").rows()
    assert analysed == [
        ("001", "C2D1", 30.0, "BIOMARKER-AS-RECORDED"),
        ("001", "baseline", 10.0, "BIOMARKER-AS-RECORDED"),
        ("002", "C2D1", 1.0, "BIOMARKER-AS-RECORDED"),
        ("002", "baseline", 2.0, "BIOMARKER-AS-RECORDED"),
        ("003", "baseline", 6.0, "BIOMARKER-MEAN"),  # of 4 and 8, both kept as rows of their own
    ]
    assert adbm.filter(USUBJID="003").height == 3
    assert rules(tmp_path) == []


def test_groups_by_the_median_count_a_tie_as_low_and_hold_later(tmp_path: Path) -> None:
    """Baseline 10, 2 and 6 have the median 6: only 10 is above it; 30 and 1 are judged by the same limit."""
    adbm = check_trial(trial(tmp_path)).derived.datasets["adbm"].filter(ANL01FL="Y")
    groups = {(row["USUBJID"], row["AVISIT"]): row["ANLGRP"] for row in adbm.iter_rows(named=True)}
    assert groups[("001", "baseline")] == "high"
    assert groups[("002", "baseline")] == groups[("003", "baseline")] == groups[("002", "C2D1")] == "low"
    assert groups[("001", "C2D1")] == "high"


def test_responders_are_those_of_the_rate(tmp_path: Path) -> None:
    adbm = check_trial(trial(tmp_path)).derived.datasets["adbm"]
    flags = dict(adbm.select("USUBJID", "RSPFL").unique().rows())
    assert flags == {"001": "Y", "002": "N", "003": "N"}


def test_nobody_outside_the_denominator_of_the_rate_is_a_responder_or_none(tmp_path: Path) -> None:
    """Two months: 001 is PR on day 84, of 002 nothing is known at that time, 003 died before (tests/derivations/test_rates)."""
    kept = '[endpoint.PFR2]\nset = "ITT"\nprogression_free_at_months = 2\nwithout_assessment = "exclude"\n'
    marker = MARKER.replace("label =", 'response_endpoint = "PFR2"\nlabel =')
    adbm = check_trial(trial(tmp_path, plan=f"\n{kept}{marker}")).derived.datasets["adbm"]
    flags = dict(adbm.select("USUBJID", "RSPFL").unique().rows())
    assert flags == {"001": "Y", "002": None, "003": "N"}


def test_results_by_hand(tmp_path: Path) -> None:
    """Responder 10 against 2 and 6: shifts 8 and 4, Hodges-Lehmann 6; W = 2 of 2 pairs; exact p = 2/3."""
    results = run_trial(trial(tmp_path)).results.filter(paramcd="X")
    mine = results.filter(pl.col("variable_level").is_null(), analysis="biomarker_response")
    found = dict(mine.select("stat", "value").rows())
    assert (found["estimate"], found["auc"]) == (6.0, 1.0)
    assert found["p_value"] == pytest.approx(2 / 3)
    change = results.filter(analysis="biomarker_change", variable_level="C2D1")
    assert dict(change.select("stat", "value").rows())["n"] == 2.0
    assert dict(change.select("stat", "value").rows())["median"] == pytest.approx((20 - 1) / 2)


def test_the_report_shows_them(tmp_path: Path) -> None:
    run = run_trial(trial(tmp_path))
    page = run.report.read_text(encoding="utf-8")
    assert "Marker X (pg/ml)" in page
    names = {path.name for path in (run.folder / "figures").glob("biomarker*.svg")}
    assert names == {"biomarkers_response.svg", "biomarkers_change.svg", "biomarker_x_pfs.svg"}
    assert "blood.csv" in (run.folder / "manifest.json").read_text(encoding="utf-8")


def test_the_plan_says_what_they_are_set_against() -> None:
    text = describe_protocol(parse_protocol(PROTOCOL + MARKER))
    section = text.split("## Biomarkers")[1].split("## ")[0]
    assert "**Marker X** (blood: x, pg/ml; baseline)" in section
    assert "split at the median" in section
    for word in ("rank-sum test", "signed-rank test", "It is set against PFS by Cox models"):
        assert word in section
    assert "## Biomarkers" not in describe_protocol(parse_protocol(PROTOCOL))


def test_a_trial_without_biomarkers_has_no_such_section(tmp_path: Path) -> None:
    page = run_trial(write_small_trial(tmp_path)).report.read_text(encoding="utf-8")
    assert 'id="biomarkers"' not in page


def test_samples_are_looked_up_in_their_sheet(tmp_path: Path) -> None:
    folder = trial(
        tmp_path,
        plan=SHEET,
        blood="s,x\nA1,5\nA2,6\nA9,7\n",
        samples="sample,usubjid,timepoint\nA1,001,baseline\nA2,999,baseline\nA3,002,baseline\nA1,003,baseline\n,002,x\n",
    )
    checked = check_trial(folder)
    assert checked.derived.datasets["adbm"].select("USUBJID", "AVAL").rows() == [("001", 5.0)]
    found = set(checked.findings["rule"])
    assert {
        "ASSAY-SUBJECT-UNKNOWN",  # 999
        "ASSAY-SAMPLE-NOT-MEASURED",  # A3
        "ASSAY-SAMPLE-UNKNOWN",  # A9
        "ASSAY-SAMPLE-TWICE",  # A1
        "ASSAY-SAMPLE-NOBODY",  # the row without a sample
    } <= found


def test_texts_among_numbers_are_a_finding(tmp_path: Path) -> None:
    folder = trial(tmp_path, blood=BLOOD.replace("2023-01-23,1\n", "2023-01-23,high\n"))
    assert rules(folder) == ["ASSAY-VALUE-TEXT"]
    assert check_trial(folder).derived.datasets["adbm"]["AVAL"].null_count() == 1


def test_a_late_baseline_is_a_finding(tmp_path: Path) -> None:
    folder = trial(tmp_path, blood=BLOOD.replace("2022-12-28", "2023-01-05"))
    assert rules(folder) == ["ASSAY-BASELINE-LATE"]


def test_a_date_that_is_none_is_a_finding(tmp_path: Path) -> None:
    folder = trial(tmp_path, blood=BLOOD.replace("2022-12-28", "28/12/2022"))
    assert rules(folder) == ["ASSAY-DATE-UNREADABLE"]


def test_an_unknown_measure_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"biomarker\.X\.measure: the assay 'blood' has no 'xx'\. Did you mean 'x'\?"):
        check_trial(trial(tmp_path, plan=MARKER.replace('measure = "x"', 'measure = "xx"')))


def test_a_missing_file_names_the_assay(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"assay\.blood: blod\.csv: no such file"):
        check_trial(trial(tmp_path, plan=MARKER.replace("blood.csv", "blod.csv")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'assay = "blood"',
            'assay = "blod"',
            r"biomarker\.X\.assay: no assay of that name: 'blod'\. Did you mean 'blood'",
        ),
        ('"PFS"', '"PFSS"', r"biomarker\.X\.against\[2\]: neither .* Did you mean 'PFS'"),
        ('unit = "pg/ml"', 'timepoint = "C2D1"', r"landmark_months: a marker measured after baseline needs a landmark"),
        ('unit = "pg/ml"', "cutoffs = [3, 1]", r"cutoffs: should increase"),
        ('unit = "pg/ml"', 'split = "cutoffs"', r"'cutoffs' needs cutoffs"),
        ('unit = "pg/ml"', 'response_endpoint = "PFS"', r"no rate of that name: 'PFS'"),
        ('unit = "pg/ml"', 'set = "ITTT"', r"biomarker\.X\.set: no set of that name: 'ITTT'\. Did you mean 'ITT'"),
        ('subject = "patient"', "", r"assay\.blood\.subject: name the column of the patient"),
        ('subject = "patient"', 'sample = "s"', r"assay\.blood\.samples: a sample needs a sheet"),
        ('subject = "patient"', 'subject = "p"\nmeasure = "m"', r"assay\.blood\.value: one row per measure needs both"),
    ],
)
def test_contradictions_of_the_plan_are_errors(old: str, new: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        parse_protocol(PROTOCOL + MARKER.replace(old, new, 1))


def test_a_landmark_counts_from_there_among_those_without_the_event(tmp_path: Path) -> None:
    plan = MARKER.replace('unit = "pg/ml"', 'timepoint = "C2D1"\nlandmark_months = 1')
    results = run_trial(trial(tmp_path, plan=plan)).results
    mine = results.filter(analysis="biomarker_survival", paramcd="X", stat="n")
    assert mine["value"].to_list() == [2.0]  # 003 died on day 19 and has no later sample either


def test_a_pending_assay_without_its_file_is_a_finding_and_the_trial_goes_on(tmp_path: Path) -> None:
    folder = trial(tmp_path, plan=MARKER + '\n[source]\npending_assays = ["blood"]\n')
    (folder / "data" / "assays" / "blood.csv").unlink()
    assert rules(folder) == ["ASSAY-FILE-ABSENT"]
    finished = run_trial(folder)
    assert finished.results.filter(pl.col("analysis") == "response_rate").height > 0
    shown = finished.results.filter(pl.col("analysis").str.starts_with("biomarker") & pl.col("value").is_not_null())
    assert (shown["value"] == 0).all()  # counts of nobody


def test_a_pending_assay_whose_file_is_there_is_read(tmp_path: Path) -> None:
    folder = trial(tmp_path, plan=MARKER + '\n[source]\npending_assays = ["blood"]\n')
    assert rules(folder) == []
    assert check_trial(folder).derived.datasets["adbm"].height > 0
