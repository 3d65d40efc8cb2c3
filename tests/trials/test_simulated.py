"""Every trial that ships can be simulated: nothing to find, nothing that is not called synthetic, near what was printed."""

from __future__ import annotations

import json
import zipfile
from importlib import resources
from pathlib import Path

import polars as pl
import pytest

from onearm.run import check_trial, run_trial
from onearm.simulation import folder as folders
from onearm.simulation import shipped_assumptions, simulate_trial_folder

TRIALS = resources.files("onearm").joinpath("trials")
NAMES = sorted(item.name for item in TRIALS.iterdir() if item.joinpath("protocol.toml").is_file())
LARGE = 1500


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    made = {}
    for name in NAMES:
        place = tmp_path_factory.mktemp(name)
        simulate_trial_folder(name, place, n=LARGE, seed=7)
        made[name] = (place, check_trial(place))
    return made


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_cohort_of_the_paper_has_nothing_to_find(name: str, seed: int, tmp_path: Path) -> None:
    made = simulate_trial_folder(name, tmp_path, seed=seed)
    assert made.n == shipped_assumptions(name).size.enrolled
    found = check_trial(tmp_path)
    assert found.findings["message"].to_list() == []
    assert found.derived.datasets["addv"].height == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_large_cohort_has_nothing_to_find(name: str, checked) -> None:
    _, found = checked[name]
    assert found.findings["message"].to_list() == []
    assert found.derived.datasets["addv"].height == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_baseline_line_and_subgroup_of_the_protocol_is_in_the_data(name: str, checked) -> None:
    _, found = checked[name]
    adsl, protocol = found.derived.datasets["adsl"], found.protocol
    asked = {one.variable for one in (*protocol.baseline, *protocol.subgroup, *protocol.eligibility)} - {None}
    assert asked <= set(adsl.columns)
    enrolled = adsl.filter(pl.col("SCRFFL").is_null())
    for one in protocol.baseline:
        shown = enrolled[one.variable].drop_nulls().cast(pl.String).str.replace(r"\.0$", "")
        if one.levels:
            said = shown.str.split(one.separator).explode() if one.separator else shown
            assert set(one.levels) <= set(said), one.variable


@pytest.mark.parametrize("name", NAMES)
def test_files_and_identifiers_say_synthetic(name: str, checked) -> None:
    place, found = checked[name]
    assert found.protocol.trial.synthetic
    assert "SYNTHETIC" in (place / "README.txt").read_text(encoding="utf-8")
    for table in ("dm", "patients", "ae"):
        if table in found.source.tables:
            assert found.source.tables[table]["USUBJID"].str.contains("-SYNTHETIC-").all()


# What the papers print, and how far a cohort of 1,500 may lie from it: the interval of the paper is wider than each of these.
PRINTED = {
    "regorafenib_sintilimab_crc": {"CBOR": 21.4, "PFS": 4.1, "OS": 14.1},
    "regomune": {"BOR": 9.3, "PFS": 1.8, "OS": 15.1},
    "ai_ici_sarcoma": {"BOR": 48.1, "PFS": 8.9},
    "benmelstobart_anlotinib_chemo_escc": {"CBOR": 72.0, "PFS": 14.9},
    "alter_e_003": {"CBOR": 56.5, "PFS": 15.74, "OS": 20.57},
}


@pytest.mark.parametrize("name", NAMES)
def test_response_and_medians_are_near_the_printed_ones(name: str, checked) -> None:
    _, found = checked[name]
    datasets = found.derived.datasets
    for paramcd, printed in PRINTED[name].items():
        if paramcd.endswith("BOR"):
            best = datasets["adrs"].filter((pl.col("PARAMCD") == paramcd) & (pl.col("AVALC") != "NE"))
            everybody = datasets["adsl"].filter(pl.col("SCRFFL").is_null()).height
            of = best.height if name == "ai_ici_sarcoma" else everybody
            rate = 100 * best["AVALC"].is_in(["CR", "PR"]).sum() / of
            assert rate == pytest.approx(printed, abs=6.0)
        else:
            assert _median(datasets["adtte"].filter(pl.col("PARAMCD") == paramcd)) == pytest.approx(printed, rel=0.2)


def _median(rows: pl.DataFrame) -> float:
    """Kaplan-Meier by hand: the first time at which no more than half are left."""
    left, survival = rows.height, 1.0
    for (time,), at in rows.sort("AVAL").group_by("AVAL", maintain_order=True):
        survival *= 1 - (at["CNSR"] == 0).sum() / left
        left -= at.height
        if survival <= 0.5:
            return float(time) / 30.4375
    return float("nan")


def test_the_retrospective_cohort_is_a_sheet_of_patients_and_their_adverse_events(checked) -> None:
    place, _ = checked["ai_ici_sarcoma"]
    assert sorted(file.name for file in (place / "data").iterdir()) == ["ae.csv", "cm.csv", "patients.csv", "sizes.csv"]
    patients = pl.read_csv(place / "data" / "patients.csv", infer_schema=False)
    assert patients.height == LARGE
    assert set(patients["BEST_RESPONSE"]) == {"CR", "PR", "SD", "PD", "NE"}
    # a response has a date, and comes before the progression
    responded = patients.filter(pl.col("BEST_RESPONSE").is_in(["CR", "PR"]))
    assert responded["RESPONSE_DATE"].null_count() == 0
    both = responded.filter(pl.col("PROGRESSION_DATE").is_not_null())
    assert (both["RESPONSE_DATE"] < both["PROGRESSION_DATE"]).all()
    assert patients.filter(pl.col("BEST_RESPONSE") == "PD")["PROGRESSION_DATE"].null_count() == 0


def test_the_best_response_of_the_sheet_is_what_the_rules_make_of_the_lesions(tmp_path: Path) -> None:
    # the same patients, once as a sheet and once as domains: the physician and the rules have to agree
    text = TRIALS.joinpath("ai_ici_sarcoma", "protocol.toml").read_text(encoding="utf-8")
    as_domains = "".join(
        block for block in _blocks(text) if not block.startswith(("[source", "[[subgroup", "[sensitivity"))
    )
    (tmp_path / "protocol.toml").write_text(as_domains, encoding="utf-8")
    source = TRIALS.joinpath("ai_ici_sarcoma", "assumptions.toml").read_text(encoding="utf-8")
    (tmp_path / "assumptions.toml").write_text(source, encoding="utf-8")
    simulate_trial_folder("ai_ici_sarcoma", tmp_path / "sheet", n=800, seed=3)
    simulate_trial_folder(tmp_path, tmp_path / "domains", n=800, seed=3)
    said, derived = (
        check_trial(tmp_path / kind)
        .derived.datasets["adrs"]
        .filter(pl.col("PARAMCD") == "BOR")
        .select("USUBJID", "AVALC")
        for kind in ("sheet", "domains")
    )
    both = said.join(derived, on="USUBJID")
    assert both.height == 800
    assert both.filter(pl.col("AVALC") != pl.col("AVALC_right")).rows() == []


def _blocks(text: str) -> list[str]:
    """Tables of a TOML file, each with its header."""
    blocks = [""]
    for line in text.splitlines(keepends=True):
        if line.startswith("["):
            blocks.append("")
        blocks[-1] += line
    return blocks


def test_a_large_sheet_is_parquet_and_the_protocol_names_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(folders, "LARGEST_CSV", 100)
    made = simulate_trial_folder("ai_ici_sarcoma", tmp_path, n=300, seed=1)
    assert sorted(file.name for file in (made.path / "data").iterdir()) == [
        "ae.parquet",
        "cm.parquet",
        "patients.parquet",
        "sizes.parquet",
    ]
    assert check_trial(tmp_path).findings.height == 0


def test_avelumab_begins_on_day_15_and_chemotherapy_ends_after_six_cycles(checked) -> None:
    avelumab = _first_days(checked["regomune"][1], "avelumab")
    assert avelumab.min() == 14
    escc = checked["benmelstobart_anlotinib_chemo_escc"][1].source.tables
    given = escc["ex"].filter(pl.col("EXTRT") == "paclitaxel").group_by("USUBJID").len()
    assert given["len"].max() == 6
    cisplatin = escc["ex"].filter(pl.col("EXTRT") == "cisplatin")
    days = (cisplatin["EXENDTC"].str.to_date() - cisplatin["EXSTDTC"].str.to_date()).dt.total_days()
    assert days.max() == 2


def _first_days(found, drug: str) -> pl.Series:
    ex = found.source.tables["ex"]
    start = ex.group_by("USUBJID").agg(start=pl.col("EXSTDTC").min())
    first = (
        ex.filter(pl.col("EXTRT") == drug)
        .group_by("USUBJID")
        .agg(first=pl.col("EXSTDTC").min())
        .join(start, on="USUBJID")
    )
    return (first["first"].str.to_date() - first["start"].str.to_date()).dt.total_days()


def test_later_therapies_stand_in_the_baseline_table_of_the_colorectal_trial(checked) -> None:
    tables = checked["regorafenib_sintilimab_crc"][1].source.tables
    later = tables["cm"].filter(pl.col("CMCAT").str.starts_with("SUBSEQUENT")).select("USUBJID", "CMTRT")
    said = tables["dm"].filter(pl.col("SUBSEQTX") != "NONE").select("USUBJID", "SUBSEQTX")
    assert said.sort("USUBJID").rows() == later.sort("USUBJID").rows()


def test_flags_and_counts_of_sites_follow_from_the_list(checked) -> None:
    dm = checked["benmelstobart_anlotinib_chemo_escc"][1].source.tables["dm"].filter(pl.col("METSITES").is_not_null())
    assert (dm["METSITES"].str.contains("LIVER") == (dm["LIVERMET"] == "Y")).all()
    counted = dm["METSITES"].str.split(";").list.len()
    expected = pl.select(pl.when(counted > 2).then(pl.lit(">2")).otherwise(counted.cast(pl.String))).to_series()
    assert (dm["NMETSITE"] == expected).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [1, 2])
def test_ten_patients_have_nothing_to_find(name: str, seed: int, tmp_path: Path) -> None:
    simulate_trial_folder(name, tmp_path, n=10, seed=seed)
    assert check_trial(tmp_path).findings["message"].to_list() == []


@pytest.mark.parametrize("name", ["regomune", "ai_ici_sarcoma"])
def test_every_table_figure_and_page_of_a_run_says_synthetic(name: str, tmp_path: Path) -> None:
    simulate_trial_folder(name, tmp_path, seed=2)
    run = run_trial(tmp_path)
    assert json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))["synthetic"] is True
    tables = list((run.folder / "tables").glob("*.csv"))
    assert len(tables) > 5
    for file in tables:
        rows = pl.read_csv(file, infer_schema=False)
        assert rows.columns[-1] == "data"
        assert set(rows["data"]) == {"synthetic"}
    with zipfile.ZipFile(run.folder / "tables" / "tables.xlsx") as book:
        assert b"Synthetic data: these patients are simulated." in book.read("xl/sharedStrings.xml")
    figures = list((run.folder / "figures").glob("*.svg"))
    assert len(figures) > 5
    assert all("Synthetic data" in file.read_text(encoding="utf-8") for file in figures)
    assert "Synthetic data: these patients are simulated." in run.report.read_text(encoding="utf-8")
    for file in (run.folder / "datasets").glob("*.parquet"):
        dataset = pl.read_parquet(file)
        assert dataset["USUBJID"].str.contains("-SYNTHETIC-").all(), file.name


def test_tumours_do_not_outgrow_a_patient(checked) -> None:
    # REGOMUNE has the fastest; 35 cm, and the error of measurement
    tr = checked["regomune"][1].source.tables["tr"].filter(pl.col("TRTESTCD") == "LDIAM")
    assert tr["TRSTRESN"].cast(pl.Float64).max() < 350 * 1.25
