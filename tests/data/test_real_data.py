"""The real sets: every file reads, with the rows that another program counts and identifiers as they are."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import polars as pl
import pytest

from onearm.data import FlagColumn, PatientsMapping, SizesMapping, TimeColumn, read_source, read_table

ONCO = (
    "ae", "dm", "ds", "ex", "rs_onco", "rs_onco_ca125", "rs_onco_imwg", "rs_onco_irecist", "rs_onco_lymphoma",
    "rs_onco_pcwg3", "rs_onco_recist", "supprs_onco_ca125", "supptr_onco", "tr_onco", "tr_onco_recist", "tu_onco",
    "tu_onco_recist",
)  # fmt: skip


def counted(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", ONCO)
def test_each_oncology_domain_reads_like_the_csv_module(shared_data, name):
    (path,) = shared_data("pharmaversesdtm_onco").glob(f"{name}.csv*")
    header, *rows = counted(path)
    table = read_table(path)
    assert table.columns == header
    assert table.rows() == [tuple(cell or None for cell in row) for row in rows]


@pytest.mark.parametrize(
    ("folder", "name", "n_rows"),
    [
        ("inspire_pembro", "pembrolizumab", 94),
        ("inspire_pembro", "ctDNA", 270),
        ("pancreatic_phase2", "pancreatic", 41),
        ("pancreatic_phase2", "pancreatic2", 41),
    ],
)
def test_each_table_of_patients_reads(shared_data, folder, name, n_rows):
    assert read_table(shared_data(folder) / f"{name}.csv").height == n_rows  # SOURCE.md


def test_the_lesion_level_files_are_a_source(shared_data, trial):
    folder = shared_data("pharmaversesdtm_onco")
    files = {"dm": "dm.csv", "tu": "tu_onco_recist.csv", "tr": "tr_onco_recist.csv", "rs": "rs_onco_recist.csv"}
    source = read_source(trial(), files={domain: folder / name for domain, name in files.items()})
    tr = source.tables["tr"]
    assert tr["USUBJID"].n_unique() == 8  # SOURCE.md
    assert tr.schema["TRSTRESN"] == pl.Float64
    assert tr.filter(TRTESTCD="LDIAM")["TRSTRESN"].null_count() == 0
    assert source.tables["rs"]["RSSEQ"].dtype == pl.Int64
    assert set(source.findings["rule"]) == {"DATA-DATE-PARTIAL"}


def test_the_assessed_responses_are_a_source(shared_data, trial):
    folder = shared_data("pharmaversesdtm_onco")
    names = {"dm": "dm.csv", "ex": "ex.csv", "ds": "ds.csv", "ae": "ae.csv", "rs": "rs_onco.csv", "tu": "tu_onco.csv"}
    names |= {"tr": "tr_onco.csv.gz", "supptr": "supptr_onco.csv.gz"}
    source = read_source(trial(), files={domain: folder / name for domain, name in names.items()})
    assert source.tables["dm"]["SITEID"].to_list()[:1] == ["701"]
    # SOURCE.md: 254 subjects with lesions, 205 of them with responses
    assert [source.tables[name]["USUBJID"].n_unique() for name in ("tu", "tr", "rs")] == [254, 254, 205]
    unknown = source.findings.filter(rule="DATA-RESPONSE-UNKNOWN")
    assert unknown.height == source.tables["rs"].filter(RSSTRESC="CHECK").height == 3  # SOURCE.md names the term
    not_done = source.tables["tr"].filter(pl.col("TRSTAT") == "NOT DONE")
    assert not_done.height > 0
    assert not source.findings["rule"].is_in(["DATA-DIAMETER-MISSING"]).any()


def test_inspire_is_a_source_of_patients(shared_data, trial):
    folder = shared_data("inspire_pembro")
    mapping = PatientsMapping(
        str(folder / "pembrolizumab.csv"),
        "id",
        times={
            "PFS": TimeColumn("pfs_time", "months", "pfs_status", ("1",)),
            "OS": TimeColumn("os_time", "months", "os_status", ("1",)),
        },
        flags={"ORR": FlagColumn("orr", ("CR/PR",), ("SD/PD",))},
        covariates=("age", "sex", "cohort", "pdl1", "tmb"),
        sizes=SizesMapping(str(folder / "ctDNA.csv"), "id", "time", "weeks", percent_change="size_change"),
    )
    source = read_source(trial(), patients=mapping)
    patients, sizes = source.tables["patients"], source.tables["sizes"]
    # SOURCE.md: ORR 16 of 94, 64 deaths, 82 progressions or deaths; 74 patients with 270 sizes, 8 of them missing
    assert patients.select(pl.col("ORR_FLAG").sum(), pl.col("OS_EVENT").sum(), pl.col("PFS_EVENT").sum()).row(0) == (
        16,
        64,
        82,
    )
    assert (sizes["USUBJID"].n_unique(), sizes.height, sizes["PCHG"].null_count()) == (74, 270, 8)
    assert source.findings["rule"].to_list() == ["DATA-SIZE-MISSING"] * 8


def test_pancreatic_dates_give_the_published_days(shared_data, trial):
    folder = shared_data("pancreatic_phase2")
    mapping = PatientsMapping(
        str(folder / "pancreatic.csv"),
        dates={"first_dose": "onstudy", "progression": "progression", "death": "death"},
        date_format="%m/%d/%Y",
        covariates=("stage",),
    )
    source = read_source(trial(), patients=mapping)
    day = {name: pl.col(f"{name}_DTC").str.to_date() for name in ("FIRST_DOSE", "PROGRESSION", "DEATH")}
    days = source.tables["patients"].select(
        pfs=(pl.min_horizontal(day["PROGRESSION"], day["DEATH"]) - day["FIRST_DOSE"]).dt.total_days(),
        os=(day["DEATH"] - day["FIRST_DOSE"]).dt.total_days(),
        stage=pl.col("STAGE"),
    )
    published = [(int(pfs), int(os), stage) for pfs, os, _, stage in counted(folder / "pancreatic2.csv")[1:]]
    assert days.rows() == published
    assert source.findings["rule"].to_list() == ["DATA-SUBJECT-FROM-ROW"]
