"""Three real data sets through the whole pipeline; each is skipped by name where the data are absent."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from onearm.analyses import analyse
from onearm.derivations import derive
from onearm.protocol import parse_protocol
from onearm.run import Checked, check_trial, read_trial_source

HERE = Path(__file__).parent
SharedData = Callable[[str], Path]


def value(results: pl.DataFrame, analysis: str, paramcd: str, stat: str) -> float:
    found = results.filter(analysis=analysis, paramcd=paramcd, stat=stat)
    assert found.height == 1
    return float(found["value"][0])


@pytest.fixture
def inspire(shared_data: SharedData) -> Checked:
    shared_data("inspire_pembro")
    return check_trial(HERE / "inspire_pembro")


@pytest.fixture
def pancreatic(shared_data: SharedData) -> Checked:
    shared_data("pancreatic_phase2")
    return check_trial(HERE / "pancreatic_phase2")


def test_inspire_has_the_published_rates_and_medians(inspire: Checked) -> None:
    """ORR 16/94, Clopper-Pearson 10.05-26.16; medians and log intervals as R's survfit gives them (SOURCE.md)."""
    results = analyse(inspire.derived.datasets, inspire.protocol)
    rate = [value(results, "response_rate", "ORR", stat) for stat in ("n", "N", "conf_low", "conf_high")]
    assert rate[:2] == [16, 94]
    assert [round(100 * x, 2) for x in rate[2:]] == [10.05, 26.16]
    survival = {
        name: [value(results, "survival", name, stat) for stat in ("events", "median", "median_low", "median_high")]
        for name in ("OS", "PFS")
    }
    assert [round(x, 3) for x in survival["OS"]] == [64, 13.963, 9.002, 20.140]
    assert [round(x, 3) for x in survival["PFS"]] == [82, 1.938, 1.906, 2.300]


def test_inspire_sizes_are_all_there(inspire: Checked) -> None:
    adtr = inspire.derived.datasets["adtr"]
    assert adtr.height == 270
    assert adtr["PCHG"].null_count() == 8
    assert adtr["USUBJID"].n_unique() == 74


def test_pancreatic_days_equal_those_derived_by_its_authors(pancreatic: Checked, shared_data: SharedData) -> None:
    with (shared_data("pancreatic_phase2") / "pancreatic2.csv").open(encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    adtte = pancreatic.derived.datasets["adtte"].with_columns(ROW=pl.col("USUBJID").cast(pl.Int64)).sort("ROW")
    for name, column in (("PFS", "pfs"), ("OS", "os")):
        mine = adtte.filter(PARAMCD=name)
        assert mine["AVAL"].to_list() == [float(row[column]) for row in expected]
        assert mine["CNSR"].to_list() == [0] * 41


def test_pancreatic_follow_up_is_said_to_be_undefined(pancreatic: Checked) -> None:
    results = analyse(pancreatic.derived.datasets, pancreatic.protocol).filter(analysis="follow_up")
    assert results["value"].to_list() == [None, None]
    assert results["note"].to_list() == ["every patient had the event; none is censored"] * 2


READERS = [("INVESTIGATOR", None), ("INDEPENDENT ASSESSOR", "RADIOLOGIST 1"), ("INDEPENDENT ASSESSOR", "RADIOLOGIST 2")]


@pytest.mark.parametrize(("assessor", "reader"), READERS)
def test_every_published_timepoint_response_is_rederived(
    assessor: str, reader: str | None, shared_data: SharedData
) -> None:
    """Eight patients, three readers: 22 assessed responses each, and not one that the lesions do not give."""
    shared_data("pharmaversesdtm_onco")
    folder = HERE / "pharmaversesdtm_recist"
    text = (folder / "protocol.toml").read_text(encoding="utf-8")
    line = f'assessor = "{assessor}"' + (f'\nreader = "{reader}"' if reader else "")
    protocol = parse_protocol(text.replace('assessor = "INVESTIGATOR"', line))
    derived = derive(read_trial_source(folder, protocol), protocol)
    adrs = derived.datasets["adrs"]
    assessed = adrs.filter(PARAMCD="OVRA").select("USUBJID", "AVISIT", ASSESSED="AVALC")
    mine = adrs.filter(PARAMCD="OVR").select("USUBJID", "AVISIT", DERIVED="AVALC", RULE="RULE")
    both = assessed.join(mine, on=["USUBJID", "AVISIT"], how="left")
    assert both.height == 22
    assert both["RULE"].str.starts_with("RECIST1.1-TP-").all()
    assert both.filter(pl.col("ASSESSED").ne_missing(pl.col("DERIVED"))).rows() == []
    assert derived.findings.filter(rule="DERIVE-RESPONSE-DIFFERS").height == 0


def test_the_one_response_that_rests_on_a_switch(shared_data: SharedData) -> None:
    """
    Radiologist 2 reads 01-701-1133 as CR at week 6 and, with one lesion back at 4.95 mm, as PR at week 9.

    By the 5 mm rule that is no progression, so PR; Radiologist 1 has 5.15 mm there and says PD. By Schwartz 2016
    (section 4.3) a lesion that is back after CR is PD at any size, which is onearm's default and differs here.
    """
    shared_data("pharmaversesdtm_onco")
    folder = HERE / "pharmaversesdtm_recist"
    text = (folder / "protocol.toml").read_text(encoding="utf-8").replace('reappearance = "sum"', 'reappearance = "PD"')
    line = 'assessor = "INDEPENDENT ASSESSOR"\nreader = "RADIOLOGIST 2"'
    protocol = parse_protocol(text.replace('assessor = "INVESTIGATOR"', line))
    found = derive(read_trial_source(folder, protocol), protocol).findings.filter(rule="DERIVE-RESPONSE-DIFFERS")
    assert found["subject"].to_list() == ["01-701-1133"]
    assert "WEEK 9" in found["message"][0]


def test_partial_dates_and_unscheduled_visits_of_the_pilot(shared_data: SharedData) -> None:
    """254 treated of 306 screened; three responses are CHECK, which RECIST does not have; partial dates are noted."""
    shared_data("pharmaversesdtm_onco")
    checked = check_trial(HERE / "pharmaversesdtm_onco")
    adsl, adrs = checked.derived.datasets["adsl"], checked.derived.datasets["adrs"]
    assert (adsl.height, adsl.filter(pl.col("ITTFL") == "Y").height) == (306, 254)
    assert checked.findings.filter(rule="DATA-RESPONSE-UNKNOWN").height == 3
    assert checked.findings.filter(rule="DATA-DATE-PARTIAL").height > 0
    assert adrs.filter(PARAMCD="OVR", RULE="RESPONSE-AS-ASSESSED").height == adrs.filter(PARAMCD="OVR").height
    assert adrs.filter(PARAMCD="OVR")["ADT"].null_count() == 0
    assert adrs.filter(PARAMCD="OVR").filter(pl.col("AVISIT").str.starts_with("UNSCHEDULED")).height > 0


IMMUNE_BEST = {
    "iCR": "1119 1130 1153 1211 1239 1275 1345 1363 1415",
    "iPR": "1086 1133 1148 1203 1287 1383",
    "iSD": "1034 1118 1302 1076",
    "iCPD": "1028 1082",
    "iUPD": "1015 1115 1146 1294",
    "NE": "1097",
}
IMMUNE_PROGRESSION = {
    "1015": "2014-02-12",
    "1028": "2013-08-01",  # recorded as 2013-08; confirmed at week 12
    "1115": "2013-01-10",
    "1118": "2014-08-27",  # the iUPD of week 6 was reset
    "1130": "2014-08-02",
    "1133": "2013-04-18",
    "1146": "2013-06-30",
    "1148": "2014-02-08",
    "1287": "2014-07-12",
    "1294": "2013-05-08",  # then not evaluable, which resets nothing
    "1363": "2013-11-13",
    "1383": "2013-07-30",
    "1082": "2013-09-06",  # confirmed at week 12
}


def test_irecist_of_26_patients_read_by_hand(shared_data: SharedData) -> None:
    """Best response and the day of progression, read off the assessed responses with Seymour 2017, Table 3."""
    shared_data("pharmaversesdtm_onco")
    checked = check_trial(HERE / "pharmaversesdtm_irecist")
    adrs = checked.derived.datasets["adrs"].with_columns(ID=pl.col("USUBJID").str.slice(-4))
    assessed = adrs.filter(PARAMCD="IOVRA")["USUBJID"].unique().to_list()
    best = adrs.filter((pl.col("PARAMCD") == "IBOR") & pl.col("USUBJID").is_in(assessed))
    expected = {name[-4:]: term for term, names in IMMUNE_BEST.items() for name in names.split()}
    assert dict(best.select("ID", "AVALC").rows()) == expected
    progressed = adrs.filter(PARAMCD="IPD", AVALC="Y").with_columns(pl.col("ADT").cast(pl.String))
    assert dict(progressed.select("ID", "ADT").rows()) == IMMUNE_PROGRESSION
    # to the first iUPD, which is PD, RECIST 1.1 says the same
    overall = adrs.filter(PARAMCD="OVR")
    assert overall.filter(ID="1363")["AVALC"].to_list() == ["CR", "PD"]
    assert set(overall["RULE"]) == {"RESPONSE-FROM-IRECIST"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("INDEPENDENT ASSESSOR, RADIOLOGIST 1", "INDEPENDENT ASSESSOR, RADIOLOGIST 2"),
        ("INDEPENDENT ASSESSOR, RADIOLOGIST 1", "INVESTIGATOR"),
        ("INDEPENDENT ASSESSOR, RADIOLOGIST 2", "INVESTIGATOR"),
    ],
)
def test_three_readers_agree_as_their_published_responses_do(first: str, second: str, shared_data: SharedData) -> None:
    """Kappa over the 22 published assessments, counted here from the file and by its definition."""
    with (shared_data("pharmaversesdtm_onco") / "rs_onco_recist.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    said: dict[str, dict[tuple[str, str], str]] = {}
    for row in rows:
        reader = row["RSEVAL"] + ("" if row["RSEVALID"] == "NA" else f", {row['RSEVALID']}")
        said.setdefault(reader, {})[row["USUBJID"], row["VISIT"]] = row["RSSTRESC"]
    pairs = [(said[first][key], said[second][key]) for key in said[first] if key in said[second]]
    n = len(pairs)
    agreement = sum(a == b for a, b in pairs) / n
    terms = {word for pair in pairs for word in pair}
    chance = sum(sum(a == t for a, _ in pairs) * sum(b == t for _, b in pairs) for t in terms) / n**2
    checked = check_trial(HERE / "pharmaversesdtm_recist")
    results = analyse(checked.derived.datasets, checked.protocol).filter(
        analysis="concordance", group1_level=f"{first} | {second}", paramcd="OVR", variable="kappa"
    )
    found = dict(results.select("stat", "value").rows())
    assert n == 22
    assert found["agreement"] == pytest.approx(agreement)
    assert found["kappa"] == pytest.approx((agreement - chance) / (1 - chance))


def test_tumour_growth_of_1461_courses(tmp_path: Path, shared_data: SharedData) -> None:
    """The growth rate by its formula, counted here from the file; every course but those said to fail is fitted."""
    rows = pl.read_csv(
        shared_data("laleh_lesion_diameters") / "flat_patient_data.csv", schema_overrides={"Lesion_diam": pl.Float64}
    )
    rows.unique("Pt_hashID", keep="first", maintain_order=True).select("Pt_hashID", "response").write_csv(
        tmp_path / "patients.csv"
    )
    rows.select("Pt_hashID", "T_days", "Lesion_diam").write_csv(tmp_path / "sizes.csv")
    (tmp_path / "protocol.toml").write_text((HERE / "laleh" / "protocol.toml").read_text(encoding="utf-8"))
    checked = check_trial(tmp_path)
    results = analyse(checked.derived.datasets, checked.protocol)
    found = results.filter(analysis="tumour_kinetics")

    courses: dict[str, list[tuple[int, float]]] = {}
    for name, day, mm in rows.select("Pt_hashID", "T_days", "Lesion_diam").rows():
        courses.setdefault(name, []).append((day, mm))
    rates, fittable, without = [], 0, 0
    for course in courses.values():
        (day0, mm0), *rest = sorted(course, key=lambda point: point[0])
        later = [(day, mm) for day, mm in rest if day > day0]
        if mm0 > 0 and later and later[0][1] > 0:
            day1, mm1 = later[0]
            rates.append(100 * ((mm1 / mm0) ** (3 * 30.4375 / (day1 - day0)) - 1))
        fittable += mm0 > 0 and len(later) >= 2
        without += not (mm0 > 0 and len(later) >= 2)
    growth = dict(found.filter(variable="growth_rate").select("stat", "value").rows())
    assert len(courses) == 1461
    assert growth["n"] == len(rates)
    assert growth["median"] == pytest.approx(statistics.median(rates))
    fitted = dict(found.filter(variable="size_model").select("variable_level", "value").rows())
    assert fitted.pop("fitted") == fittable
    assert sum(fitted.values()) == without
    curve = results.filter(analysis="tumour_size_curve", variable_level="0", stat="median")
    assert curve["value"].to_list() == [0.0]
