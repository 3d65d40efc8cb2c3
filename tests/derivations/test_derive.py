"""Four patients worked out by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from small_trial import DM, PROTOCOL, TR, write_small_trial

from onearm.run import Checked, check_trial


@pytest.fixture
def small(tmp_path: Path) -> Checked:
    return check_trial(write_small_trial(tmp_path))


def one(table: pl.DataFrame, **where: Any) -> dict[str, Any]:
    found = table.filter(**where)
    assert found.height == 1, found
    return found.row(0, named=True)


def test_nothing_is_found_in_clean_data(small: Checked) -> None:
    assert small.findings.filter(pl.col("severity") != "note").rows() == []


def test_subjects_have_dates_disposition_and_sets(small: Checked) -> None:
    adsl = small.derived.datasets["adsl"]
    first = one(adsl, USUBJID="001")
    assert (first["TRTSDT"], first["TRTEDT"]) == (dt.date(2023, 1, 2), dt.date(2023, 2, 5))
    assert (first["EOTSTT"], first["DCTREAS"]) == ("DISCONTINUED", "PROGRESSIVE DISEASE")
    assert (first["DTHFL"], first["LSTALVDT"]) == ("Y", dt.date(2023, 10, 1))
    second = one(adsl, USUBJID="002")
    assert (second["EOTSTT"], second["TRTEDT"]) == ("ONGOING", None)
    assert second["LSTALVDT"] == dt.date(2023, 3, 27)
    assert adsl["ITTFL"].to_list() == ["Y", "Y", "Y", "N"]
    assert (one(adsl, USUBJID="004")["SCRFREAS"], one(adsl, USUBJID="004")["SSFL"]) == ("AGE ABOVE LIMIT", "N")


def test_a_node_is_measured_by_its_short_axis(small: Checked) -> None:
    """RECIST 1.1, 4.3.1: 30 + 20 mm, although the node is 40 mm long."""
    sums = small.derived.datasets["adtr"].filter(USUBJID="001", PARAMCD="SUMDIAM")
    assert sums["AVAL"].to_list() == [50.0, 30.0, 28.0, 36.0]
    assert sums["PCHG"].to_list() == pytest.approx([None, -40.0, -44.0, -28.0])
    assert sums["NADIR"].to_list() == [None, 50.0, 30.0, 28.0]
    assert sums["ABLFL"].to_list() == ["Y", None, None, None]
    assert sums["ADY"].to_list() == [-5, 43, 85, 127]


def test_responses_at_each_assessment(small: Checked) -> None:
    """001: -40 %, -44 %, then 36 mm from a nadir of 28 mm (+29 %, +8 mm). 002: stable, then a new lesion."""
    adrs = small.derived.datasets["adrs"]
    overall = adrs.filter(PARAMCD="OVR")
    assert overall.filter(USUBJID="001")["AVALC"].to_list() == ["PR", "PR", "PD"]
    assert overall.filter(USUBJID="002")["AVALC"].to_list() == ["SD", "PD"]
    new = one(overall, USUBJID="002", AVALC="PD")
    assert (new["RULE"], one(adrs, USUBJID="002", PARAMCD="NEWLES", AVALC="Y")["ADT"]) == (
        "RECIST1.1-TP-PD-NL",
        dt.date(2023, 3, 27),
    )
    assert adrs.filter(pl.col("RULE").is_null() | pl.col("WHY").is_null()).rows() == []


def test_best_response_progression_and_first_response(small: Checked) -> None:
    adrs = small.derived.datasets["adrs"]
    best = dict(adrs.filter(PARAMCD="CBOR").select("USUBJID", "AVALC").iter_rows())
    assert best == {"001": "PR", "002": "SD", "003": "NE"}
    assert one(adrs, USUBJID="001", PARAMCD="PD")["ADT"] == dt.date(2023, 5, 8)
    assert one(adrs, USUBJID="001", PARAMCD="CRSP")["ADT"] == dt.date(2023, 2, 13)
    assert one(adrs, USUBJID="003", PARAMCD="PD")["AVALC"] == "N"


@pytest.mark.parametrize(
    ("paramcd", "subject", "days", "censored", "said"),
    [
        ("PFS", "001", 127, 0, "Disease progression"),
        ("PFS", "002", 85, 0, "Disease progression"),
        ("PFS", "003", 19, 0, "Death"),
        ("OS", "001", 273, 0, "Death"),
        ("OS", "002", 85, 1, "Last known alive"),
        ("OS", "003", 19, 0, "Death"),
        ("DOR", "001", 85, 0, "Disease progression"),
        ("TTR", "001", 43, 0, "Response"),
    ],
)
def test_times_count_their_first_day(
    small: Checked, paramcd: str, subject: str, days: float, censored: int, said: str
) -> None:
    """2 January to 8 May is 126 days, 127 with the first; 13 February to 8 May 84, 85 with the first."""
    row = one(small.derived.datasets["adtte"], PARAMCD=paramcd, USUBJID=subject)
    assert (row["AVAL"], row["CNSR"], row["EVNTDESC"] or row["CNSDTDSC"]) == (days, censored, said)


def test_only_responders_have_a_duration_of_response(small: Checked) -> None:
    assert small.derived.datasets["adtte"].filter(PARAMCD="DOR")["USUBJID"].to_list() == ["001"]


def test_days_need_not_count_the_first(tmp_path: Path) -> None:
    protocol = PROTOCOL + "[conventions]\ncount_start_day = false\n"
    adtte = check_trial(write_small_trial(tmp_path, protocol=protocol)).derived.datasets["adtte"]
    assert one(adtte, PARAMCD="PFS", USUBJID="001")["AVAL"] == 126


def test_dose_levels_are_those_of_the_protocol(small: Checked) -> None:
    assert small.derived.datasets["adex"].filter(USUBJID="001")["DOSELVL"].to_list() == [0, 1]


def test_a_new_therapy_ends_follow_up_only_if_the_protocol_says_so(tmp_path: Path) -> None:
    """New therapy on 1 April, progression on 8 May: an event, or censored at the scan of 27 March (day 85)."""
    therapy = "USUBJID,CMSEQ,CMTRT,CMCAT,CMSTDTC\n001,1,x,SUBSEQUENT ANTICANCER THERAPY,2023-04-01\n"
    plain = check_trial(write_small_trial(tmp_path / "a", cm=therapy)).derived.datasets["adtte"]
    assert one(plain, PARAMCD="PFS", USUBJID="001")["CNSR"] == 0
    censor = 'censor = ["last_adequate_assessment", "new_anticancer_therapy"]\nlandmarks'
    protocol = PROTOCOL.replace('censor = ["last_adequate_assessment"]\nlandmarks', censor)
    stopped = check_trial(write_small_trial(tmp_path / "b", protocol=protocol, cm=therapy)).derived.datasets["adtte"]
    row = one(stopped, PARAMCD="PFS", USUBJID="001")
    assert (row["AVAL"], row["CNSR"]) == (85, 1)
    assert row["WHY"] == "New anticancer therapy began on 2023-04-01 before any event, so it is censored on 2023-03-27."


def test_what_lies_after_the_cutoff_had_not_happened(tmp_path: Path) -> None:
    """Cut at 30 April: the progression of 8 May and the death of 1 October are not known yet."""
    protocol = PROTOCOL.replace("2023-12-31", "2023-04-30")
    datasets = check_trial(write_small_trial(tmp_path, protocol=protocol)).derived.datasets
    assert one(datasets["adsl"], USUBJID="001")["DTHDT"] is None
    row = one(datasets["adtte"], PARAMCD="PFS", USUBJID="001")
    assert (row["CNSR"], row["ADT"]) == (1, dt.date(2023, 3, 27))


def test_a_measured_response_that_was_assessed_otherwise_is_a_finding(tmp_path: Path) -> None:
    rs = "USUBJID,RSSEQ,RSTESTCD,RSSTRESC,RSEVAL,VISITNUM,VISIT,RSDTC\n001,1,OVRLRESP,SD,INVESTIGATOR,2,WEEK 6,2023-02-13\n"
    checked = check_trial(write_small_trial(tmp_path, rs=rs))
    found = one(checked.findings, rule="DERIVE-RESPONSE-DIFFERS")
    assert (found["severity"], found["subject"]) == ("warning", "001")
    assert one(checked.derived.datasets["adrs"], USUBJID="001", PARAMCD="OVR", AVISIT="WEEK 6")["AVALC"] == "PR"


def test_assessed_responses_serve_where_there_are_no_lesions(tmp_path: Path) -> None:
    rs = (
        "USUBJID,RSSEQ,RSTESTCD,RSSTRESC,RSEVAL,VISITNUM,VISIT,RSDTC\n"
        "001,1,OVRLRESP,PR,INVESTIGATOR,2,WEEK 6,2023-02-13\n001,2,OVRLRESP,PR,INVESTIGATOR,3,WEEK 12,2023-03-27\n"
    )
    checked = check_trial(write_small_trial(tmp_path, rs=rs, tr=None, tu=None))
    adrs = checked.derived.datasets["adrs"]
    assert one(adrs, USUBJID="001", PARAMCD="CBOR")["AVALC"] == "PR"
    assert adrs.filter(PARAMCD="OVR")["RULE"].unique().to_list() == ["RESPONSE-AS-ASSESSED"]


def test_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    def backwards(text: str) -> str:
        head, *rows = text.strip().split("\n")
        return "\n".join([head, *reversed(rows)]) + "\n"

    forward = check_trial(write_small_trial(tmp_path / "a")).derived.datasets
    mixed = check_trial(write_small_trial(tmp_path / "b", dm=backwards(DM), tr=backwards(TR))).derived.datasets
    for name, table in forward.items():
        assert table.equals(mixed[name]), name


def test_derivation_is_the_same_every_time(tmp_path: Path) -> None:
    folder = write_small_trial(tmp_path)
    first, second = (check_trial(folder).derived.datasets for _ in range(2))
    assert all(first[name].equals(second[name]) for name in first)
