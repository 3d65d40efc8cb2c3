"""Each check of the data: one small trial that has the flaw, the finding it gives, and what became of the value."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from onearm.data import RULES, Findings, read_source
from onearm.data.findings import SCHEMA
from onearm.errors import DataError

DM = "USUBJID,RFSTDTC,DTHDTC\n001,2024-01-01,\n002,2024-01-01,2024-06-01\n"
TU = "USUBJID,TULNKID,TUORRES\n001,T01,TARGET\n002,T01,TARGET\n"
TR_HEAD = "USUBJID,TRLNKID,TRTESTCD,TRORRES,TRORRESU,TRSTAT,TRDTC\n"


def found(folder, **options) -> list[tuple]:
    findings = read_source(folder, **options).findings
    assert findings.schema == SCHEMA
    return findings.select("rule", "file", "row", "subject", "column").rows()


def tr(*rows: str) -> str:
    return TR_HEAD + "".join(row + "\n" for row in rows)


GOOD_TR = "001,T01,LDIAM,20,mm,,2024-01-01"


def test_clean_data_have_no_findings_but_the_numbering(trial):
    folder = trial(dm=DM, tu=TU, tr=tr(GOOD_TR))
    assert found(folder) == [
        ("DATA-SEQ-MADE", "tu.csv", None, None, "TUSEQ"),
        ("DATA-SEQ-MADE", "tr.csv", None, None, "TRSEQ"),
    ]


@pytest.mark.parametrize(
    ("files", "finding"),
    [
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n009,1,OVRLRESP,2024-02-01,PD\n009,2,OVRLRESP,2024-03-01,PD\n"},
         [("DATA-SUBJECT-UNKNOWN", "rs.csv", 1, "009", "USUBJID")]),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n1,1,OVRLRESP,2024-02-01,PD\n"},
         [("DATA-SUBJECT-UNKNOWN", "rs.csv", 1, "1", "USUBJID")]),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n001,1,OVRLRESP,2024-02-30,PD\n"},
         [("DATA-DATE-IMPOSSIBLE", "rs.csv", 1, "001", "RSDTC")]),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n001,1,OVRLRESP,29FEB2024,PD\n"},
         [("DATA-DATE-FORMAT", "rs.csv", 1, "001", "RSDTC")]),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n001,1,OVRLRESP,2024-02,PD\n"},
         [("DATA-DATE-PARTIAL", "rs.csv", 1, "001", "RSDTC")]),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n001,1,OVRLRESP,,PD\n"},
         [("DATA-DATE-MISSING", "rs.csv", 1, "001", "RSDTC")]),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES,RSSTAT\n001,1,OVRLRESP,,,not done\n"}, []),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n001,1,OVRLRESP,2024-02-01,CHECK\n"},
         [("DATA-RESPONSE-UNKNOWN", "rs.csv", 1, "001", "RSSTRESC")]),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n001,1,OVRLRESP,2024-02-01,PD\n001,1,OVRLRESP,2024-03-01,PD\n"},
         [("DATA-KEY-DUPLICATED", "rs.csv", 1, "001", "RSSEQ"), ("DATA-KEY-DUPLICATED", "rs.csv", 2, "001", "RSSEQ")]),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n002,1,OVRLRESP,2024-06-02,PD\n"},
         [("DATA-AFTER-DEATH", "rs.csv", 1, "002", "RSDTC")]),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n,1,OVRLRESP,2024-03-02,PD\n"},
         [("DATA-SUBJECT-MISSING", "rs.csv", 1, None, "USUBJID")]),
        ({"rs": "USUBJID,DOMAIN,RSSEQ,RSTESTCD,RSDTC,RSORRES\n001,AE,1,OVRLRESP,2024-03-02,PD\n"},
         [("DATA-DOMAIN-OTHER", "rs.csv", 1, None, "DOMAIN")]),
        ({"rs": "USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n"}, [("DATA-TABLE-EMPTY", "rs.csv", None, None, None)]),
        ({"ae": "USUBJID,AESEQ,AETERM,AESTDTC,AEENDTC\n001,1,COUGH,2024-03-02,2024-03-01\n"},
         [("DATA-END-BEFORE-START", "ae.csv", 1, "001", "AEENDTC")]),
        ({"ae": "USUBJID,AESEQ,AETERM,AESTDTC,AEENDTC\n001,1,COUGH,2024-03-02,2024-02\n"},
         [("DATA-END-BEFORE-START", "ae.csv", 1, "001", "AEENDTC"),
          ("DATA-DATE-PARTIAL", "ae.csv", 1, "001", "AEENDTC")]),
        ({"dm": "USUBJID\n001\n001\n002\n"},
         [("DATA-KEY-DUPLICATED", "dm.csv", 1, "001", "USUBJID"),
          ("DATA-KEY-DUPLICATED", "dm.csv", 2, "001", "USUBJID")]),
        ({"dm": "USUBJID,AGE\n001,61\n002,sixty\n"}, [("DATA-NUMBER-INVALID", "dm.csv", 2, "002", "AGE")]),
        ({"lb": "USUBJID,LBSEQ,LBTESTCD,LBSTRESN\n001,1.5,ALT,20\n"},
         [("DATA-NUMBER-INVALID", "lb.csv", 1, "001", "LBSEQ")]),
        ({"lb": 'USUBJID,LBSEQ,LBTESTCD,LBSTRESN\n001,1,ALT,"1,234"\n'},
         [("DATA-NUMBER-AMBIGUOUS", "lb.csv", 1, "001", "LBSTRESN")]),
        ({"tr": tr("001,T01,LDIAM,-5,mm,,2024-01-01")}, [("DATA-DIAMETER-NEGATIVE", "tr.csv", 1, "001", "TRSTRESN")]),
        ({"tr": tr("001,T01,LDIAM,,mm,,2024-01-01")}, [("DATA-DIAMETER-MISSING", "tr.csv", 1, "001", "TRSTRESN")]),
        ({"tr": tr("001,T01,LDIAM,,mm,NOT DONE,2024-01-01")}, []),
        ({"tr": tr("001,T01,LDIAM,small,mm,,2024-01-01")}, [("DATA-NUMBER-INVALID", "tr.csv", 1, "001", "TRSTRESC")]),
        ({"tr": tr("001,T01,LDIAM,2,cm,,2024-01-01")}, [("DATA-DIAMETER-UNIT-CM", "tr.csv", 1, "001", "TRSTRESU")]),
        ({"tr": tr("001,T01,LDIAM,2,inch,,2024-01-01")},
         [("DATA-DIAMETER-UNIT-UNKNOWN", "tr.csv", 1, "001", "TRSTRESU")]),
        ({"tr": tr("001,T01,LDIAM,2,,,2024-01-01")},
         [("DATA-DIAMETER-UNIT-MISSING", "tr.csv", None, None, "TRSTRESU")]),
        ({"tr": tr(GOOD_TR, GOOD_TR.replace("20", "21", 1))},
         [("DATA-MEASUREMENT-REPEATED", "tr.csv", 1, "001", "TRLNKID"),
          ("DATA-MEASUREMENT-REPEATED", "tr.csv", 2, "001", "TRLNKID")]),
        ({"tr": tr("001,T02,LDIAM,20,mm,,2024-01-01", "001,T02,LDIAM,20,mm,,2024-02-01")},
         [("DATA-LESION-UNKNOWN", "tr.csv", 1, "001", "TRLNKID")]),
        ({"notes": "free text\n"}, [("DATA-FILE-UNUSED", "notes.csv", None, None, None)]),
    ],
)  # fmt: skip
def test_each_flaw_is_found(trial, files, finding):
    rows = found(trial(**{"dm": DM, "tu": TU, "tr": tr(GOOD_TR), **files}))
    assert [row for row in rows if row[0] != "DATA-SEQ-MADE"] == finding


def test_the_cut_off_is_compared_with_complete_dates_and_first_doses(trial):
    ex = "USUBJID,EXSEQ,EXTRT,EXSTDTC\n001,1,A,2024-03-01\n001,2,A,2024-03-22\n002,1,A,2024-01-02\n002,2,A,2024-03\n"
    rows = found(trial(dm=DM, ex=ex), cutoff=dt.date(2024, 2, 29))
    assert rows == [
        ("DATA-CUTOFF-BEFORE-START", "ex.csv", 1, "001", "EXSTDTC"),
        ("DATA-DATE-PARTIAL", "ex.csv", 4, "002", "EXSTDTC"),
        ("DATA-AFTER-CUTOFF", "dm.csv", 2, "002", "DTHDTC"),
        ("DATA-AFTER-CUTOFF", "ex.csv", 1, "001", "EXSTDTC"),
        ("DATA-AFTER-CUTOFF", "ex.csv", 2, "001", "EXSTDTC"),
    ]


def test_what_cannot_be_used_becomes_missing_and_what_is_kept_is_right(trial):
    source = read_source(
        trial(
            dm=DM,
            tr=tr(
                "001,T01,LDIAM,2.5,CM,,2024-01-01",
                "001,T02,LDIAM,-5,mm,,2024-02-30",
                '001,T03,LDIAM,"7,5",mm,,2024-01',
                "001,T04,LDIAM,0,mm,,2024-01-01",
                "001,T05,LDIAM,3,furlong,,2024-01-01",
                "001,NT1,TUMSTATE,PRESENT,,,2024-01-01",
            ),
        )
    )
    table = source.tables["tr"]
    assert table["TRSTRESN"].to_list() == [25.0, None, 7.5, 0.0, None, None]
    assert table["TRSTRESU"].to_list() == ["mm", "mm", "mm", "mm", "mm", None]
    assert table["TRDTC"].to_list() == ["2024-01-01", None, "2024-01", "2024-01-01", "2024-01-01", "2024-01-01"]
    assert table["TRSTRESC"].to_list()[-1] == "PRESENT"


def test_a_standard_result_without_unit_is_not_scaled_by_the_unit_of_the_collected_one(trial):
    text = "USUBJID,TRSEQ,TRLNKID,TRTESTCD,TRORRES,TRORRESU,TRSTRESN,TRDTC\n"
    text += "001,1,T01,LDIAM,2.5,cm,25,2024-01-01\n001,2,T02,LDIAM,2.5,cm,2.5,2024-01-01\n"
    assert read_source(trial(tr=text)).tables["tr"]["TRSTRESN"].to_list() == [25.0, 25.0]


def test_responses_of_other_criteria_are_left_alone_and_case_is_mended(trial):
    rs = "USUBJID,RSSEQ,RSTESTCD,RSCAT,RSDTC,RSSTRESC\n"
    rs += "001,1,OVRLRESP,IMWG,2024-02-01,VGPR\n001,2,OVRLRESP,RECIST 1.1,2024-02-01,pr\n"
    rs += "001,3,OVRLRESP,iRECIST,2024-02-01,IUPD\n001,4,NEWLPROG,RECIST 1.1,2024-02-01,EQUIVOCAL\n"
    source = read_source(trial(dm=DM, rs=rs))
    assert source.findings.is_empty()
    assert source.tables["rs"]["RSSTRESC"].to_list() == ["VGPR", "PR", "iUPD", "EQUIVOCAL"]


def test_errors_come_first():
    findings = Findings()
    findings.add("DATA-DATE-PARTIAL")
    findings.add("DATA-DIAMETER-MISSING")
    findings.add("DATA-DATE-IMPOSSIBLE")
    assert findings.frame()["severity"].to_list() == ["error", "warning", "note"]


def test_an_unknown_rule_is_refused():
    with pytest.raises(DataError, match=r"unknown rule 'DATA-DATE-IMPOSIBLE'. Did you mean 'DATA-DATE-IMPOSSIBLE'"):
        Findings().add("DATA-DATE-IMPOSIBLE")


def test_no_findings_are_an_empty_table():
    assert Findings().frame().schema == SCHEMA


def test_every_rule_has_words_for_all_it_needs():
    facts = dict.fromkeys(
        (
            *("key", "n", "start", "cutoff", "terms", "known", "endpoint", "reference", "expected", "date_format"),
            *("done", "first", "measure", "name", "sample", "samples", "timepoint", "why"),
        ),
        "?",
    )
    for identifier, rule in RULES.items():
        assert identifier.startswith(("DATA-", "ASSAY-", "OMICS-"))
        assert rule.message.format(column="?", **facts).endswith(".")
        assert rule.fix.format(column="?", **facts).endswith(".")
        assert rule.reference


def test_messages_never_hold_a_value_of_the_patient(trial):
    secret = "1947-13-77"
    folder = trial(
        dm=f"USUBJID,BRTHDTC,AGE\n001,{secret},{secret}\n",
        rs=f"USUBJID,RSSEQ,RSTESTCD,RSDTC,RSORRES\n001,1,OVRLRESP,{secret},{secret}\n",
        tr=tr(f"001,{secret},LDIAM,{secret},{secret},,{secret}"),
    )
    findings = read_source(folder).findings
    assert findings.height > 5
    assert (
        not findings.select(pl.any_horizontal(pl.col(pl.String).str.contains(secret, literal=True))).to_series().any()
    )
