"""iRECIST beside RECIST 1.1: three courses worked out by hand with Seymour 2017, Tables 1 to 3."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from small_trial import PROTOCOL, write_small_trial

from onearm.analyses import analyse
from onearm.errors import ProtocolError
from onearm.protocol import parse_protocol
from onearm.run import Checked, check_trial

DM = """STUDYID,USUBJID,ARMCD,RFSTDTC,DTHDTC,AGE,SEX,SITES
SMALL,001,A,2023-01-02,2023-10-01,60,M,LIVER
SMALL,002,A,2023-01-02,,70,F,LUNG
SMALL,003,A,2023-01-02,,66,F,LUNG
"""
# 001 grows, shrinks again and responds; 002 grows twice; 003 has a new lesion that is recorded once
TR = """USUBJID,TRSEQ,TRLNKID,TRGRPID,TRTESTCD,TRSTRESN,TRSTRESU,TREVAL,VISITNUM,VISIT,TRDTC
001,1,T1,TARGET,LDIAM,50,mm,INVESTIGATOR,1,SCREENING,2022-12-28
001,2,T1,TARGET,LDIAM,62,mm,INVESTIGATOR,2,WEEK 6,2023-02-13
001,3,T1,TARGET,LDIAM,40,mm,INVESTIGATOR,3,WEEK 12,2023-03-27
001,4,T1,TARGET,LDIAM,30,mm,INVESTIGATOR,4,WEEK 18,2023-05-08
002,1,T1,TARGET,LDIAM,25,mm,INVESTIGATOR,1,SCREENING,2022-12-28
002,2,T1,TARGET,LDIAM,31,mm,INVESTIGATOR,2,WEEK 6,2023-02-13
002,3,T1,TARGET,LDIAM,37,mm,INVESTIGATOR,3,WEEK 12,2023-03-27
003,1,T1,TARGET,LDIAM,25,mm,INVESTIGATOR,1,SCREENING,2022-12-28
003,2,T1,TARGET,LDIAM,25,mm,INVESTIGATOR,2,WEEK 6,2023-02-13
003,3,T1,TARGET,LDIAM,25,mm,INVESTIGATOR,3,WEEK 12,2023-03-27
"""
TU = """USUBJID,TUSEQ,TULNKID,TUTESTCD,TUSTRESC,TULOC,TUEVAL,VISITNUM,VISIT,TUDTC
001,1,T1,TUMIDENT,TARGET,LIVER,INVESTIGATOR,1,SCREENING,2022-12-28
002,1,T1,TUMIDENT,TARGET,LUNG,INVESTIGATOR,1,SCREENING,2022-12-28
003,1,T1,TUMIDENT,TARGET,LUNG,INVESTIGATOR,1,SCREENING,2022-12-28
003,2,N1,TUMIDENT,NEW,BRAIN,INVESTIGATOR,2,WEEK 6,2023-02-13
"""
IMMUNE = (
    PROTOCOL
    + """
[endpoint.IORR]
set = "ITT"
of = "unconfirmed"
success = ["iCR", "iPR"]

[endpoint.IPFS]
set = "ITT"
event = ["immune_progression", "death"]
censor = ["last_adequate_assessment"]

[tumour]
criteria = "iRECIST"
"""
)


def checked(folder: Path, protocol: str = IMMUNE, **tables: str | None) -> Checked:
    given = {"dm": DM, "tr": TR, "tu": TU, "ae": None, "ds": None}
    return check_trial(write_small_trial(folder, protocol=protocol, **{**given, **tables}))


def course(found: Checked, subject: str, paramcd: str) -> list[str]:
    return found.derived.datasets["adrs"].filter(USUBJID=subject, PARAMCD=paramcd)["AVALC"].to_list()


@pytest.mark.parametrize(
    ("subject", "plain", "immune", "best", "confirmed"),
    [
        # +24 % and 12 mm at week 6; then -20 % and -40 % against the same baseline: the bar is reset
        ("001", ["PD", "SD", "PR"], ["iUPD", "iSD", "iPR"], "iPR", "iSD"),
        # +24 % and 6 mm, then 6 mm more 42 days later
        ("002", ["PD", "PD"], ["iUPD", "iCPD"], "iCPD", "iCPD"),
        # the new lesion of week 6 is still there at week 12, where nothing is said of it
        ("003", ["PD", "SD"], ["iUPD", "iUPD"], "iUPD", "iUPD"),
    ],
)
def test_both_tracks_side_by_side(
    tmp_path: Path, subject: str, plain: list[str], immune: list[str], best: str, confirmed: str
) -> None:
    found = checked(tmp_path)
    assert course(found, subject, "OVR") == plain
    assert course(found, subject, "IOVR") == immune
    assert (course(found, subject, "IBOR"), course(found, subject, "ICBOR")) == ([best], [confirmed])
    assert course(found, subject, "CBOR") == ["PD"]


def test_progression_is_dated_to_the_first_iupd_of_the_one_that_counts(tmp_path: Path) -> None:
    adrs = checked(tmp_path).derived.datasets["adrs"].filter(PARAMCD="IPD")
    week_6 = dt.date(2023, 2, 13)
    assert adrs.select("USUBJID", "AVALC", "ADT", "RULE").rows() == [
        ("001", "N", None, "iRECIST-PD-NONE"),
        ("002", "Y", week_6, "iRECIST-PD-CONFIRMED"),
        ("003", "Y", week_6, "iRECIST-PD-OPEN"),
    ]


def times(found: Checked, paramcd: str) -> dict[str, tuple[float, int, str]]:
    rows = found.derived.datasets["adtte"].filter(PARAMCD=paramcd)
    said = rows.with_columns(SAID=pl.coalesce("EVNTDESC", "CNSDTDSC"))
    return {key: (days, cnsr, text) for key, days, cnsr, text in said.select("USUBJID", "AVAL", "CNSR", "SAID").rows()}


def test_times_by_both_criteria(tmp_path: Path) -> None:
    """Week 6 is day 43. By iRECIST patient 001 did not progress and died on 1 October, day 273."""
    found = checked(tmp_path)
    assert times(found, "PFS") == dict.fromkeys(["001", "002", "003"], (43, 0, "Disease progression"))
    assert times(found, "IPFS") == {
        "001": (273, 0, "Death"),
        "002": (43, 0, "Disease progression by iRECIST"),
        "003": (43, 0, "Disease progression by iRECIST"),
    }
    rule = found.derived.datasets["adtte"].filter(PARAMCD="IPFS", USUBJID="002")
    assert rule.select("RULE", "WHY", "SRCVAR").row(0) == (
        "TTE-EVENT-IMMUNE-PROGRESSION",
        "Disease progression by iRECIST on 2023-02-13.",
        "IPD",
    )


def test_an_open_progression_may_be_no_event(tmp_path: Path) -> None:
    """003 is then censored at week 12, day 85, the last assessment."""
    found = checked(tmp_path, IMMUNE + '[tumour.irecist]\nopen_progression = "ignore"\n')
    assert times(found, "IPFS")["003"] == (85, 1, "Last adequate tumour assessment")


def test_a_new_lesion_that_is_not_mentioned_may_have_gone(tmp_path: Path) -> None:
    found = checked(tmp_path, IMMUNE + "[tumour.irecist]\ncarry_new_lesions = false\n")
    assert course(found, "003", "IOVR") == ["iUPD", "iSD"]
    assert course(found, "003", "IPD") == ["N"]


def test_the_days_to_confirmation_are_a_key(tmp_path: Path) -> None:
    found = checked(tmp_path, IMMUNE + "[tumour.irecist]\nconfirm_after_days = 43\n")
    assert course(found, "002", "IOVR") == ["iUPD", "iUPD"]


def test_a_measured_new_lesion_that_grows_confirms(tmp_path: Path) -> None:
    """Seymour 2017, Table 2: new lesions that are measured and grow by 5 mm in sum."""
    grown = (
        "003,4,N1,NEW,LDIAM,12,mm,INVESTIGATOR,2,WEEK 6,2023-02-13\n"
        "003,5,N1,NEW,LDIAM,{mm},mm,INVESTIGATOR,3,WEEK 12,2023-03-27\n"
    )
    for mm, expected in ((16, "iUPD"), (17, "iCPD")):
        found = checked(tmp_path / str(mm), tr=TR + grown.format(mm=mm))
        assert course(found, "003", "IOVR") == ["iUPD", expected]


def test_rates_by_irecist_read_the_immune_track(tmp_path: Path) -> None:
    found = checked(tmp_path)
    results = analyse(found.derived.datasets, found.protocol)
    rates = results.filter(analysis="response_rate", stat="n").select("paramcd", "value").rows()
    assert dict(rates) == {"ORR": 0, "IORR": 1}
    best = results.filter(analysis="best_response", paramcd="IBOR", stat="n").filter(pl.col("value") > 0)
    assert dict(best.select("variable_level", "value").rows()) == {"iPR": 1, "iCPD": 1, "iUPD": 1}


RS = """USUBJID,RSSEQ,RSTESTCD,RSCAT,RSSTRESC,RSEVAL,VISITNUM,VISIT,RSDTC
001,1,OVRLRESP,iRECIST,iUPD,INVESTIGATOR,2,WEEK 6,2023-02-13
001,2,OVRLRESP,iRECIST,iPR,INVESTIGATOR,3,WEEK 12,2023-03-27
001,3,OVRLRESP,iRECIST,iPR,INVESTIGATOR,4,WEEK 18,2023-05-08
002,1,OVRLRESP,iRECIST,iPR,INVESTIGATOR,2,WEEK 6,2023-02-13
002,2,OVRLRESP,RECIST 1.1,SD,INVESTIGATOR,2,WEEK 6,2023-02-13
"""


def test_assessed_responses_of_both_criteria_stay_apart(tmp_path: Path) -> None:
    found = checked(tmp_path, tr=None, tu=None, rs=RS)
    assert (course(found, "002", "OVR"), course(found, "002", "IOVR")) == (["SD"], ["iPR"])
    # assessed by iRECIST alone: to the first iUPD, which is PD, RECIST 1.1 says the same
    assert (course(found, "001", "OVR"), course(found, "001", "IOVR")) == (["PD"], ["iUPD", "iPR", "iPR"])
    assert (course(found, "001", "BOR"), course(found, "001", "ICBOR")) == (["PD"], ["iPR"])


def test_without_irecist_there_is_no_immune_track(tmp_path: Path) -> None:
    adrs = checked(tmp_path, PROTOCOL).derived.datasets["adrs"]
    assert set(adrs["PARAMCD"]).isdisjoint({"IOVR", "IOVRA", "IPD", "IBOR", "ICBOR"})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({'criteria = "iRECIST"': ""}, "endpoint.IORR.success: 'iCR' needs tumour.criteria = \"iRECIST\"."),
        ({'criteria = "iRECIST"': ""}, 'endpoint.IPFS.event: immune_progression needs tumour.criteria = "iRECIST".'),
        ({'["iCR", "iPR"]': '["iCR", "PR"]'}, "'PR' is of RECIST 1.1 and 'iCR' of iRECIST; make two endpoints."),
        ({'["immune_progression",': '["immune_progression", "progression",'}, "are of two criteria"),
    ],
)
def test_the_criteria_must_fit_the_endpoints(change: dict[str, Any], problem: str) -> None:
    text = IMMUNE
    for old, new in change.items():
        text = text.replace(old, new)
    with pytest.raises(ProtocolError) as error:
        parse_protocol(text)
    assert any(problem in line for line in error.value.problems)
