"""One row per patient: columns by the mapping, codes by what is stated, and every value that cannot be used."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from onearm.data import FlagColumn, PatientsMapping, ResponseColumn, SizesMapping, TimeColumn, read_source
from onearm.errors import DataError

PFS = TimeColumn("pfs_months", "months", "pfs_status", ("1",))
BOR = ResponseColumn("BOR", {"complete": "CR", "partial": "PR", "stable": "SD", "progression": "PD"})


def read(folder, mapping, **options):
    return read_source(folder, patients=mapping, **options)


def found(source) -> list[tuple]:
    return source.findings.select("rule", "row", "subject", "column").rows()


def test_columns_get_fixed_names_and_types(trial):
    text = 'id,age,sex,centre,BOR,pfs_months,pfs_status\n001,61,F,01,partial,2.5,1\n002,NA,M,02,stable,"7,25",0\n'
    mapping = PatientsMapping("p.csv", "id", best_response=BOR, times={"PFS": PFS}, covariates=("age", "sex", "centre"))
    source = read(trial(p=text), mapping)
    assert source.tables["patients"].to_dict(as_series=False) == {
        "USUBJID": ["001", "002"],
        "SRCROW": [1, 2],
        "BOR": ["PR", "SD"],
        "PFS_TIME": [2.5, 7.25],
        "PFS_UNIT": ["months", "months"],
        "PFS_EVENT": [True, False],
        "AGE": [61.0, None],
        "SEX": ["F", "M"],
        "CENTRE": ["01", "02"],
    }
    assert source.findings.is_empty()


@pytest.mark.parametrize(
    ("values", "event", "expected"),
    [
        (["1", "0", "1"], ("1",), [True, False, True]),
        (["1", "0", "1"], ("0",), [False, True, False]),  # the reversed code of a column named like a censoring flag
        (["1.0", "0.0", "01"], ("1",), [True, False, True]),
        (["Dead", "alive", "DEAD "], ("dead",), [True, False, True]),
        (["progressed", "died", "ongoing"], ("progressed", "died"), [True, True, False]),
    ],
)
def test_what_means_event_is_what_is_stated(trial, values, event, expected):
    text = "id,t,s\n" + "".join(f"{i},{i + 1},{value}\n" for i, value in enumerate(values))
    source = read(trial(p=text), PatientsMapping("p.csv", "id", times={"OS": TimeColumn("t", "days", "s", event)}))
    assert source.tables["patients"]["OS_EVENT"].to_list() == expected


def test_a_status_outside_the_stated_values_is_a_finding(trial):
    column = TimeColumn("t", "days", "s", ("1",), censored=("0",))
    source = read(trial(p="id,t,s\n1,5,1\n2,5,0\n3,5,9\n"), PatientsMapping("p.csv", "id", times={"OS": column}))
    assert source.tables["patients"]["OS_EVENT"].to_list() == [True, False, None]
    assert found(source) == [("DATA-VALUE-UNMAPPED", 3, "3", "s")]
    assert "(1, 0)" in source.findings["message"][0]


def test_missing_negative_and_unreadable_times_are_findings(trial):
    text = "id,pfs_months,pfs_status\n1,,1\n2,-3,1\n3,soon,0\n4,5,\n5,6,1\n"
    source = read(trial(p=text), PatientsMapping("p.csv", "id", times={"PFS": PFS}))
    assert source.tables["patients"].select("PFS_TIME", "PFS_EVENT").rows() == [
        (None, True), (None, True), (None, False), (5.0, None), (6.0, True)
    ]  # fmt: skip
    assert found(source) == [
        ("DATA-TIME-MISSING", 1, "1", "pfs_months"),
        ("DATA-NUMBER-INVALID", 3, "3", "pfs_months"),
        ("DATA-TIME-NEGATIVE", 2, "2", "pfs_months"),
        ("DATA-STATUS-MISSING", 4, "4", "pfs_status"),
    ]


def test_a_code_that_never_means_event_is_doubted(trial):
    source = read(
        trial(p="id,pfs_months,pfs_status\n1,2,2\n2,3,0\n"), PatientsMapping("p.csv", "id", times={"PFS": PFS})
    )
    assert found(source) == [("DATA-EVENT-NEVER", None, None, "pfs_status")]


def test_an_unmapped_or_missing_response_is_a_finding(trial):
    source = read(trial(p="id,BOR\n1,Partial\n2,uPR\n3,\n"), PatientsMapping("p.csv", "id", best_response=BOR))
    assert source.tables["patients"]["BOR"].to_list() == ["PR", None, None]
    assert found(source) == [("DATA-VALUE-UNMAPPED", 2, "2", "BOR"), ("DATA-RESPONSE-MISSING", 3, "3", "BOR")]
    assert not source.findings["message"].str.contains("uPR").any()


def test_flags_are_true_false_or_a_finding(trial):
    mapping = PatientsMapping("p.csv", "id", flags={"ORR": FlagColumn("orr", ("CR/PR",), ("SD/PD",))})
    source = read(trial(p="id,orr\n1,CR/PR\n2,SD/PD\n3,?\n4,NA\n"), mapping)
    assert source.tables["patients"]["ORR_FLAG"].to_list() == [True, False, None, None]
    assert found(source) == [("DATA-VALUE-UNMAPPED", 3, "3", "orr"), ("DATA-VALUE-MISSING", 4, "4", "orr")]


def test_dates_of_another_form_become_iso(trial):
    mapping = PatientsMapping(
        "p.csv", None, dates={"first_dose": "on", "progression": "prog", "death": "dead"}, date_format="%m/%d/%Y"
    )
    source = read(trial(p="on,prog,dead\n1/6/2006,.,4/19/2006\n12/16/2005,2/30/2006,10/19/2006\n"), mapping)
    assert source.tables["patients"].drop("SRCROW").rows() == [
        ("1", "2006-01-06", None, "2006-04-19"),
        ("2", "2005-12-16", None, "2006-10-19"),
    ]
    assert found(source) == [
        ("DATA-DATE-UNREAD", 2, "2", "prog"),
        ("DATA-SUBJECT-FROM-ROW", None, None, None),
    ]


def test_iso_dates_may_be_partial_and_are_ordered(trial):
    mapping = PatientsMapping("p.csv", "id", dates={"first_dose": "on", "progression": "prog", "death": "dead"})
    text = "id,on,prog,dead\n1,2024-02-01,2024-01-31,2024-03\n2,2024-01-01,2024-05-02,2024-05-01\n"
    text += "3,2024-03-01,2024-13-01,x\n"
    source = read(trial(p=text), mapping, cutoff=dt.date(2024, 2, 29))
    assert source.tables["patients"]["PROGRESSION_DTC"].to_list() == ["2024-01-31", "2024-05-02", None]
    assert [row for row in found(source) if row[0] != "DATA-AFTER-CUTOFF"] == [
        ("DATA-DATE-IMPOSSIBLE", 3, "3", "prog"),
        ("DATA-DATE-FORMAT", 3, "3", "dead"),
        ("DATA-BEFORE-START", 1, "1", "PROGRESSION_DTC"),
        ("DATA-AFTER-DEATH", 2, "2", "PROGRESSION_DTC"),
        ("DATA-CUTOFF-BEFORE-START", 3, "3", "FIRST_DOSE_DTC"),
        ("DATA-DATE-PARTIAL", 1, "1", "dead"),
    ]


def test_repeated_and_missing_subjects_are_findings(trial):
    source = read(trial(p="id,x\n1,a\n1,b\n,c\n"), PatientsMapping("p.csv", "id", covariates=("x",)))
    assert source.tables["patients"]["USUBJID"].to_list() == ["1", "1"]
    assert found(source) == [
        ("DATA-SUBJECT-MISSING", 3, None, "id"),
        ("DATA-KEY-DUPLICATED", 1, "1", "id"),
        ("DATA-KEY-DUPLICATED", 2, "1", "id"),
    ]


def test_sizes_are_read_beside_the_patients(trial):
    sizes = SizesMapping("s.csv", "id", "week", "weeks", percent_change="change", diameter="mm")
    mapping = PatientsMapping("p.csv", "id", sizes=sizes)
    source = read(trial(p="id\n1\n2\n", s="id,week,change,mm\n1,8,-30,14\n2,8,,-1\n9,8,5,20\n1,,0,20\n"), mapping)
    assert source.tables["sizes"].to_dict(as_series=False) == {
        "USUBJID": ["1", "2", "9", "1"],
        "SRCROW": [1, 2, 3, 4],
        "TIME": [8.0, 8.0, 8.0, None],
        "UNIT": ["weeks"] * 4,
        "PCHG": [-30.0, None, 5.0, 0.0],
        "DIAMETER": [14.0, None, 20.0, 20.0],
    }
    assert found(source) == [
        ("DATA-DIAMETER-NEGATIVE", 2, "2", "mm"),
        ("DATA-SUBJECT-UNKNOWN", 3, "9", "USUBJID"),
        ("DATA-VALUE-MISSING", 4, "1", "week"),
        ("DATA-SIZE-MISSING", 2, "2", "change"),
    ]
    assert [record.domain for record in source.files] == ["patients", "sizes"]


def test_all_problems_of_a_mapping_are_said_at_once(trial):
    mapping = PatientsMapping(
        "p.csv",
        "ID",
        best_response=ResponseColumn("bor", {"complete": "cr"}),
        times={"OS": TimeColumn("os_month", "month", "dead", ())},
        dates={"first_does": "on"},
        covariates=("bor", "age", "Age"),
        sizes=SizesMapping("s.csv", "id", "week", "weeks"),
    )
    with pytest.raises(DataError) as caught:
        read(trial(p="id,BOR,os_months,dead,on,age,Age\n1,a,b,c,d,e,f\n"), mapping)
    assert caught.value.problems == (
        "[source.patients] best_response: unknown response 'cr'. Did you mean 'CR'?",
        "[source.patients] dates: unknown name 'first_does'. Did you mean 'first_dose'?",
        "[source.sizes]: neither percent_change nor diameter is named.",
        "[source.patients] OS: unknown unit 'month'. Did you mean 'months'?",
        "[source.patients] OS: no value means event. Fix: state it.",
        "[source.patients] covariates: 'bor' becomes a column that exists already. Fix: rename it in the file.",
        "[source.patients] covariates: 'age' becomes a column that exists already. Fix: rename it in the file.",
        "[source.patients] covariates: 'Age' becomes a column that exists already. Fix: rename it in the file.",
        "p.csv: column 'ID' is missing (named by subject). Did you mean 'id'?",
        "p.csv: column 'bor' is missing (named by best_response). Did you mean 'BOR'?",
        "p.csv: column 'os_month' is missing (named by OS.time). Did you mean 'os_months'?",
        "p.csv: column 'bor' is missing (named by covariates[0]). Did you mean 'BOR'?",
        f"s.csv: no such file in {caught.value.problems[-1].split(' in ')[1]}",
    )


def test_a_workbook_of_patients_is_read(tmp_path, trial):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "p.xlsx") as book:
        notes, sheet = book.add_worksheet("notes"), book.add_worksheet("patients")
        notes.write(0, 0, "x")
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        for i, row in enumerate([["id", "BOR", "start", "pfs_months", "pfs_status"], [1, "partial", None, 2.5, 1]]):
            sheet.write_row(i, 0, row)
        sheet.write_datetime(1, 2, dt.datetime(2024, 2, 29), day)
    mapping = PatientsMapping(
        str(tmp_path / "p.xlsx"), "id", "patients", BOR, {"PFS": PFS}, {"first_dose": "start"}, "%d/%m/%Y"
    )
    source = read(trial(), mapping)
    assert source.tables["patients"].rows() == [("1", 1, "PR", 2.5, "months", True, "2024-02-29")]
    assert source.findings.is_empty()


def test_covariates_are_numbers_only_where_all_are(trial):
    mapping = PatientsMapping("p.csv", "id", covariates=("a", "b", "c", "d"))
    table = read(trial(p='id,a,b,c,d\n1,1,1,01,\n2,"2,5",x,02,\n'), mapping).tables["patients"]
    assert {name: table.schema[name] for name in "ABCD"} == {
        "A": pl.Float64, "B": pl.String, "C": pl.String, "D": pl.String
    }  # fmt: skip


def test_progress_names_the_file_of_patients(trial):
    steps = []
    read(trial(p="id\n1\n"), PatientsMapping("p.csv", "id"), progress=lambda *step: steps.append(step))
    assert steps == [("p.csv", 0, 2), ("checks", 2, 2)]
