"""Every kind of bad input: a clear error with file, row, subject and fix, or a finding; never a silent number."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from small_trial import AE, DM, EX, PROTOCOL, TR, write_small_trial

from onearm.errors import DataError, OnearmError, ProtocolError
from onearm.run import check_trial, run_trial

RS = "USUBJID,RSSEQ,RSTESTCD,RSSTRESC,RSEVAL,VISITNUM,VISIT,RSDTC\n"


def findings(folder: Path, rule: str) -> pl.DataFrame:
    return check_trial(folder).findings.filter(rule=rule)


def test_unknown_key(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"protocol.toml, trial.cutof: unknown key. Did you mean 'cutoff'"):
        run_trial(write_small_trial(tmp_path, protocol=PROTOCOL.replace("cutoff", "cutof")))
    assert not (tmp_path / "out").exists()


def test_missing_file(tmp_path: Path) -> None:
    protocol = PROTOCOL + '[source.files]\nlb = "labs.csv"\n'
    with pytest.raises(DataError, match=r"labs\.csv"):
        run_trial(write_small_trial(tmp_path, protocol=protocol))


def test_missing_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tr\.csv: column 'TRDTC' is missing.*Did you mean 'TRDATE'"):
        run_trial(write_small_trial(tmp_path, tr=TR.replace("TRDTC", "TRDATE")))


def test_several_problems_come_together(tmp_path: Path) -> None:
    broken = {"tr": TR.replace("TRDTC", "TRDATE"), "ex": EX.replace("EXTRT", "DRUG")}
    with pytest.raises(DataError) as error:
        run_trial(write_small_trial(tmp_path, **broken))
    assert len(error.value.problems) == 2


def test_duplicated_key(tmp_path: Path) -> None:
    found = findings(
        write_small_trial(tmp_path, ae=AE + "001,1,nausea,Nausea,2023-01-05,2023-01-08\n"), "DATA-KEY-DUPLICATED"
    )
    assert found.select("severity", "subject", "row").rows() == [("error", "001", 1), ("error", "001", 4)]


def test_subject_that_dm_does_not_know(tmp_path: Path) -> None:
    found = findings(
        write_small_trial(tmp_path, rs=RS + "999,1,OVRLRESP,PR,INVESTIGATOR,2,WEEK 6,2023-02-13\n"),
        "DATA-SUBJECT-UNKNOWN",
    )
    assert found.select("severity", "domain", "subject").row(0) == ("error", "rs", "999")


def test_impossible_date(tmp_path: Path) -> None:
    found = findings(write_small_trial(tmp_path, ae=AE.replace("2023-01-05", "2023-02-30")), "DATA-DATE-IMPOSSIBLE")
    assert found.select("severity", "file", "row", "subject", "column").row(0) == (
        "error",
        "ae.csv",
        1,
        "001",
        "AESTDTC",
    )
    assert "2023-02-30" not in found["message"][0]


def test_negative_diameter(tmp_path: Path) -> None:
    folder = write_small_trial(tmp_path, tr=TR.replace("LDIAM,18,mm", "LDIAM,-18,mm"))
    assert findings(folder, "DATA-DIAMETER-NEGATIVE").select("row", "subject").row(0) == (4, "001")
    adrs = check_trial(folder).derived.datasets["adrs"]
    assert adrs.filter(PARAMCD="OVR", USUBJID="001", AVISIT="WEEK 6")["AVALC"].to_list() == ["NE"]


def test_missing_diameter(tmp_path: Path) -> None:
    folder = write_small_trial(tmp_path, tr=TR.replace("LDIAM,18,mm", "LDIAM,,mm"))
    assert findings(folder, "DATA-DIAMETER-MISSING").height == 1
    assert check_trial(folder).derived.datasets["adtr"].filter(USUBJID="001", PARAMCD="SUMDIAM")["NMISS"].to_list() == [
        0,
        1,
        0,
        0,
    ]


def test_assessment_after_death(tmp_path: Path) -> None:
    found = findings(write_small_trial(tmp_path, dm=DM.replace("2023-10-01", "2023-05-01")), "DATA-AFTER-DEATH")
    assert set(found["subject"]) == {"001"}


def test_response_after_progression(tmp_path: Path) -> None:
    rest = "mm,INVESTIGATOR,5,WEEK 24,2023-06-19"
    more = f"001,10,T1,TARGET,LDIAM,10,{rest}\n001,11,T2,TARGET,LPERP,10,{rest}\n"
    folder = write_small_trial(tmp_path, tr=TR + more)
    assert findings(folder, "DERIVE-RESPONSE-AFTER-PD")["subject"].to_list() == ["001"]
    adrs = check_trial(folder).derived.datasets["adrs"]
    assert adrs.filter(PARAMCD="CBOR", USUBJID="001")["AVALC"].to_list() == ["PR"]


def test_cutoff_before_first_dose(tmp_path: Path) -> None:
    found = findings(
        write_small_trial(tmp_path, protocol=PROTOCOL.replace("2023-12-31", "2022-12-31")), "DATA-CUTOFF-BEFORE-START"
    )
    assert (found["severity"].unique().to_list(), found.height) == (["error"], 3)


def test_empty_data_folder(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("dm", "ex", "tu", "tr", "ae", "ds"))
    with pytest.raises(DataError, match=r"no data. Fix: put one file per domain"):
        run_trial(write_small_trial(tmp_path, **nothing))


def test_neither_subjects_nor_patients(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither a dm table nor"):
        run_trial(write_small_trial(tmp_path, dm=None))


def test_truncated_transport_file(tmp_path: Path) -> None:
    from onearm.data import write_table

    folder = write_small_trial(tmp_path, ae=None)
    table = pl.DataFrame({"USUBJID": ["001"] * 50, "AESEQ": list(range(50)), "AEDECOD": ["Rash"] * 50})
    write_table(table, folder / "data" / "ae.xpt")
    whole = (folder / "data" / "ae.xpt").read_bytes()
    (folder / "data" / "ae.xpt").write_bytes(whole[: len(whole) - 100])
    with pytest.raises(DataError, match=r"ae\.xpt"):
        run_trial(folder)


def test_no_message_holds_another_value_of_the_patient(tmp_path: Path) -> None:
    folder = write_small_trial(tmp_path, dm=DM.replace(",60,M", ",sixty,M"), ae=AE.replace("2023-01-07", "secret"))
    shown = check_trial(folder).findings.select("message", "fix").write_csv()
    assert "sixty" not in shown
    assert "secret" not in shown


def test_no_patient_at_all_still_makes_a_report(tmp_path: Path) -> None:
    only_failures = "STUDYID,USUBJID,ARMCD,RFSTDTC,DTHDTC,AGE,SEX\nSMALL,004,SCRNFAIL,,,71,M\n"
    head = {name: text.splitlines()[0] + "\n" for name, text in (("ex", EX), ("tr", TR), ("ae", AE))}
    run = run_trial(write_small_trial(tmp_path, dm=only_failures, tu=None, ds=None, **head))
    rate = run.results.filter(analysis="response_rate", paramcd="ORR", stat="p")
    assert rate.select("value", "note").row(0) == (None, "no patient in the set")
    assert run.report.is_file()


@pytest.mark.parametrize("cut", [10, 200, 400])
def test_a_cut_off_protocol_is_no_stack_trace(tmp_path: Path, cut: int) -> None:
    with pytest.raises(OnearmError):
        run_trial(write_small_trial(tmp_path, protocol=PROTOCOL[:cut]))


def test_a_disposition_without_reasons_in_words_gives_the_coded_ones(tmp_path: Path) -> None:
    ds = "USUBJID,DSSEQ,DSDECOD,DSCAT,DSSTDTC\n004,1,SCREEN FAILURE,DISPOSITION EVENT,2022-12-20\n"
    adsl = check_trial(write_small_trial(tmp_path, ds=ds)).derived.datasets["adsl"]
    assert adsl.filter(USUBJID="004")["SCRFREAS"].to_list() == ["SCREEN FAILURE"]
