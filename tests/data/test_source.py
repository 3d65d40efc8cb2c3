"""A trial folder becomes typed tables, or one error that names everything that is wrong."""

from __future__ import annotations

import hashlib

import polars as pl
import pytest
import xlsxwriter

from onearm.data import PatientsMapping, read_source, write_table
from onearm.errors import DataError


def broken(*args, **options) -> list[str]:
    with pytest.raises(DataError) as caught:
        read_source(*args, **options)
    return list(caught.value.problems)


def test_tables_are_typed_by_their_domain_and_traceable(trial):
    folder = trial(
        dm="usubjid,age,siteid,Extra\n 001 ,61,007,04\n,,,\n002,NA,.,05\n",
        ex="USUBJID,EXTRT,EXSTDTC,EXDOSE,EXSTDY\n001,A,2024-01-01,12,1\n001,A,2024-01-22,10,22\n002,A,2024-01-01,12,1\n",
    )
    source = read_source(folder)
    dm, ex = source.tables["dm"], source.tables["ex"]
    assert dm.to_dict(as_series=False) == {
        "SRCROW": [1, 3],
        "USUBJID": ["001", "002"],
        "AGE": [61.0, None],
        "SITEID": ["007", None],
        "EXTRA": ["04", "05"],
    }
    assert ex["EXSEQ"].to_list() == [1, 2, 1]
    assert ex.schema["EXSTDY"] == pl.Int64
    assert ex["EXDOSE"].to_list() == [12.0, 10.0, 12.0]
    assert ex["EXSTDTC"].to_list() == ["2024-01-01", "2024-01-22", "2024-01-01"]


def test_the_same_data_in_every_format_give_the_same_table(tmp_path, trial):
    frame = pl.DataFrame(
        {
            "USUBJID": ["001", "001", "002"],
            "TRSEQ": [1, 2, 1],
            "TRLNKID": ["T01", "T02", "01"],
            "TRTESTCD": ["LDIAM", "LPERP", "LDIAM"],
            "TRSTRESN": [12.5, None, 30.0],
            "TRSTRESU": ["mm", None, "mm"],
            "TRSTAT": [None, "NOT DONE", None],
            "TRDTC": ["2024-01-01", "2024-01", "2024-02-01"],
            "VISITNUM": [1.0, 1.0, 2.0],
        }
    )
    tables = {}
    for extension in (".csv", ".xpt", ".parquet", ".json", ".ndjson", ".dsjc", ".xlsx"):
        path = tmp_path / f"tr{extension}"
        write_table(frame, path)
        tables[extension] = read_source(trial(), files={"tr": path}).tables["tr"]
    first = tables[".csv"]
    assert first["TRSTRESN"].to_list() == [12.5, None, 30.0]
    assert all(table.equals(first) for table in tables.values())


def test_a_numeric_identifier_of_a_typed_format_becomes_text(tmp_path, trial):
    write_table(pl.DataFrame({"USUBJID": [101.0, 102.0], "SITEID": [7.0, None]}), tmp_path / "dm.parquet")
    dm = read_source(trial(), files={"dm": tmp_path / "dm.parquet"}).tables["dm"]
    assert dm.select("USUBJID", "SITEID").rows() == [("101", "7"), ("102", None)]


def test_files_are_recorded_with_their_hash(trial):
    text = "USUBJID\n001\n"
    (record,) = read_source(trial(dm=text)).files
    assert (record.domain, record.path.name, record.n_rows, record.format) == ("dm", "dm.csv", 1, "delimited text")
    assert record.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_the_protocol_names_files_within_data_beside_it_and_elsewhere(trial, tmp_path):
    folder = trial(dm="USUBJID\n1\n", onco="USUBJID,AETERM\n1,COUGH\n")
    (tmp_path / "elsewhere.csv").write_text("USUBJID,EXTRT,EXSTDTC\n1,A,2024-01-01\n")
    (folder / "tumours.csv").write_text("USUBJID,TULNKID,TUORRES\n1,T01,TARGET\n")
    source = read_source(folder, files={"ae": "onco.csv", "EX": "../elsewhere.csv", "tu": "tumours.csv"})
    assert list(source.tables) == ["dm", "ex", "tu", "ae"]


def test_of_several_files_for_a_domain_one_has_to_be_named(trial):
    folder = trial(dm="USUBJID\n1\n", ae_a="USUBJID,AETERM\n1,COUGH\n", ae_b="USUBJID,AETERM\n1,COUGH\n")
    assert broken(folder) == [
        "trial/data: 2 files could be ae: ae_a.csv, ae_b.csv. Fix: name the one to read in the protocol, "
        '[source.files] ae = "ae_a.csv".'
    ]
    source = read_source(folder, files={"ae": "ae_b.csv"})
    assert source.findings.filter(rule="DATA-FILE-UNUSED")["file"].to_list() == ["ae_a.csv"]


def test_all_problems_of_all_files_are_said_at_once(trial):
    folder = trial(
        dm="SUBJECT,AGE\n1,61\n",
        rs="USUBJID,RSTESTCD,RSORRES,RSDAT\n1,OVRLRESP,PD,2024-01-01\n",
        ae="USUBJID,AETERM\n1,COUGH,MILD\n",
        tr="",
    )
    assert broken(folder, files={"ex": "exposure.csv", "zz": "a.csv"}) == [
        "[source.files] zz: unknown domain. Known: ae, cm, dd, dm, ds, dv, eg, ex, lb, mh, pe, rs, ss, tr, tu, vs.",
        "dm.csv: column 'USUBJID' is missing. Did you mean 'SUBJECT'? "
        "Fix: rename or export it (demographics, one row per subject).",
        f"exposure.csv: no such file in {folder}.",
        "tr.csv: the file is empty. Fix: export it again.",
        "rs.csv: column 'RSDTC' is missing. Did you mean 'RSDAT'? Fix: rename or export it (responses assessed).",
        "ae.csv, row 1: 3 fields, but the header has 2. Fix: put quotation marks around text that holds the delimiter.",
    ]


def test_of_alternative_columns_one_is_enough(trial):
    assert broken(trial(rs="USUBJID,RSTESTCD,RSDTC\n1,OVRLRESP,2024-01-01\n")) == [
        "rs.csv: column 'RSSTRESC' or 'RSORRES' is missing. Did you mean 'RSTESTCD'? "
        "Fix: rename or export it (responses assessed)."
    ]


def test_columns_that_differ_in_case_only_are_refused(trial):
    assert broken(trial(dm="USUBJID,Age,AGE\n1,2,3\n")) == [
        "dm.csv: column 'AGE' stands twice, in upper and lower case."
    ]


@pytest.mark.parametrize("name", ["trial", "nowhere"])
def test_an_empty_data_folder_is_refused(trial, tmp_path, name):
    trial()
    assert broken(tmp_path / name) == [
        f"{name}: no data. Fix: put one file per domain "
        "(dm, ex, tu, tr, rs, ae, ds, cm, lb, vs, eg, pe, mh, dv, ss, dd) "
        f"into '{name}/data', or name them in [source.files] or [source.patients] of the protocol."
    ]


def test_hidden_files_and_the_assays_are_not_called_unused(trial):
    folder = trial(dm="USUBJID\n1\n")
    (folder / "data" / ".DS_Store").write_text("x")
    (folder / "data" / "assays").mkdir()
    (folder / "data" / "SOURCE.md").write_text("x")
    assert read_source(folder).findings["file"].to_list() == ["SOURCE.md"]


def test_progress_is_told(trial):
    steps = []
    read_source(trial(dm="USUBJID\n1\n", ae="USUBJID,AETERM\n1,X\n"), progress=lambda *step: steps.append(step))
    assert steps == [("dm.csv", 0, 3), ("ae.csv", 1, 3), ("checks", 3, 3)]


def test_problems_of_domains_and_patients_come_together(trial):
    folder = trial(dm="X\n1\n", p="id\n1\n")
    assert [problem.split(":")[0] for problem in broken(folder, patients=PatientsMapping("p.csv", "ID"))] == [
        "dm.csv",
        "p.csv",
    ]


def test_a_source_says_what_it_holds(trial):
    assert repr(read_source(trial(dm="USUBJID\n1\n"))) == "Source(dm 1; 0 findings)"


def test_a_file_that_may_not_be_read_is_an_error_like_any_other(trial, monkeypatch):
    folder = trial(dm="USUBJID\n1\n")

    def refused(self, *_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "open", refused)
    assert broken(folder) == ["dm.csv: the file cannot be opened (Permission denied)."]


def test_files_that_no_domain_claims_are_named_where_nothing_else_is_there(trial):
    (problem,) = broken(trial(subjects="USUBJID\n1\n", visits="USUBJID\n1\n"))
    assert problem.startswith(
        "trial: no data. None of the files there is named after a domain: subjects.csv, visits.csv. Fix:"
    )


def test_one_workbook_may_hold_every_domain_as_a_sheet(trial, tmp_path):
    with xlsxwriter.Workbook(tmp_path / "all.xlsx") as book:
        for name, rows in {
            "DM": [["USUBJID"], ["001"]],
            "Ae": [["USUBJID", "AETERM"], ["001", "COUGH"]],
            "notes": [],
        }.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, row)
    path = tmp_path / "all.xlsx"
    source = read_source(trial(), files={"dm": path, "ae": path})
    assert [source.tables[name].height for name in ("dm", "ae")] == [1, 1]
    assert broken(trial(), files={"ex": path}) == [
        "all.xlsx: the workbook has 3 sheets. Fix: say which. Known: DM, Ae, notes."
    ]
