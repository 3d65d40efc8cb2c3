"""Adverse events and laboratory values: grades agree, doses of drugs against events follow their events."""

from __future__ import annotations

from importlib import resources

import polars as pl
import pytest

from onearm.protocol import parse_protocol
from onearm.simulation import shipped_assumptions, simulate

# CTCAE 5.0, grade to least and largest value that has it, in the units of the simulated laboratory (limits of normal:
# hemoglobin 115 g/L, leukocytes 4.0, neutrophils 2.0 and platelets 125 x 10^9/L, alanine aminotransferase 40 U/L)
GRADES = {
    ("HGB", "Anemia"): {1: (100, 115), 2: (80, 100), 3: (0, 80)},
    ("WBC", "White blood cell decreased"): {1: (3.0, 4.0), 2: (2.0, 3.0), 3: (1.0, 2.0), 4: (0, 1.0)},
    ("NEUT", "Neutrophil count decreased"): {1: (1.5, 2.0), 2: (1.0, 1.5), 3: (0.5, 1.0), 4: (0, 0.5)},
    ("PLAT", "Platelet count decreased"): {1: (75, 125), 2: (50, 75), 3: (25, 50), 4: (0, 25)},
    ("ALT", "Alanine aminotransferase increased"): {1: (40, 120), 2: (120, 200), 3: (200, 800), 4: (800, 10_000)},
}


def during(trial, code, term):
    """Values with the worst grade of the event that was going on, 0 for none."""
    events = trial["ae"].filter(pl.col("AETERM") == term).select("USUBJID", "AESTDTC", "AEENDTC", "AETOXGR")
    values = trial["lb"].filter(pl.col("LBTESTCD") == code)
    both = values.join(events, on="USUBJID", how="left")
    is_on = (pl.col("AESTDTC") <= pl.col("LBDTC")) & (
        pl.col("AEENDTC").is_null() | (pl.col("LBDTC") < pl.col("AEENDTC"))
    )
    grade = pl.when(is_on).then(pl.col("AETOXGR").cast(pl.Int64)).otherwise(0).fill_null(0).max()
    return both.group_by("USUBJID", "LBSEQ").agg(
        grade=grade, value=pl.col("LBSTRESN").first(), normal=(pl.col("LBNRIND").first() == "NORMAL")
    )


@pytest.mark.parametrize(("code", "term"), list(GRADES))
def test_a_value_lies_in_the_range_of_the_grade_of_its_event(trial, code, term):
    seen = during(trial, code, term)
    assert seen.filter(pl.col("grade") == 0)["normal"].all()
    for grade, (least, largest) in GRADES[code, term].items():
        values = seen.filter(pl.col("grade") == grade)["value"]
        assert values.is_between(least, largest).all(), grade
    assert seen.filter(pl.col("grade") == 1).height > 0
    assert seen.filter(pl.col("grade") == 2).height > 0


def test_every_value_has_unit_range_and_flag(trial):
    lb = trial["lb"]
    assert (
        lb.select("LBSTRESN", "LBSTRESU", "LBSTNRLO", "LBSTNRHI", "LBNRIND").null_count().sum_horizontal().item() == 0
    )
    flag = pl.when(pl.col("LBSTRESN") < pl.col("LBSTNRLO")).then(pl.lit("LOW"))
    flag = flag.when(pl.col("LBSTRESN") > pl.col("LBSTNRHI")).then(pl.lit("HIGH")).otherwise(pl.lit("NORMAL"))
    assert lb.select((flag == pl.col("LBNRIND")).all()).item()
    assert (lb["LBORRES"].cast(pl.Float64) == lb["LBSTRESN"]).all()
    baseline = lb.filter(pl.col("LBBLFL") == "Y").group_by("USUBJID").len()
    assert (baseline["len"] == 5).all()
    assert baseline.height == 3000


def test_laboratory_visits_and_scans_share_names_for_days(trial):
    named = pl.concat([trial[table].select("VISITNUM", "VISIT") for table in ("tu", "tr", "lb")]).unique()
    assert named["VISIT"].is_unique().all()
    assert named["VISITNUM"].is_unique().all()


def test_medication_accompanies_the_event_it_is_for(trial):
    drugs = trial["cm"].filter(pl.col("CMCAT") == "CONCOMITANT MEDICATION")
    events = trial["ae"].select("USUBJID", "AETERM", "AESTDTC", "AEENDTC")
    both = drugs.join(
        events,
        left_on=["USUBJID", "CMINDC", "CMSTDTC", "CMENDTC"],
        right_on=["USUBJID", "AETERM", "AESTDTC", "AEENDTC"],
        how="semi",
        nulls_equal=True,
    )
    assert both.height == drugs.height > 0
    assert set(drugs.select("CMINDC", "CMTRT").unique().rows()) == {
        ("Hypertension", "AMLODIPINE"),
        ("Hypothyroidism", "LEVOTHYROXINE SODIUM"),
        ("Hypokalemia", "POTASSIUM CHLORIDE"),
        ("Diarrhea", "LOPERAMIDE"),
    }


def test_unrelated_events_change_no_dose(trial):
    assert set(trial["ae"].filter(pl.col("AEREL") == "NOT RELATED")["AEACN"]) == {"DOSE NOT CHANGED", "NOT APPLICABLE"}


def test_a_return_of_an_event_is_never_graver_and_comes_after_its_end(trial):
    events = (
        trial["ae"]
        .sort("USUBJID", "AETERM", "AESTDTC")
        .with_columns(
            grade_before=pl.col("AETOXGR").shift(1).over("USUBJID", "AETERM"),
            end_before=pl.col("AEENDTC").shift(1).over("USUBJID", "AETERM"),
        )
    )
    returns = events.filter(pl.col("grade_before").is_not_null())
    assert returns.height > 0
    assert (returns["AETOXGR"] <= returns["grade_before"]).all()
    assert (returns["AESTDTC"] > returns["end_before"]).all()


def test_incidence_of_table_3_is_that_of_a_large_cohort(trial):
    # Table 3 of the paper, patients of 46; 3,000 patients, hence standard errors below 0.01
    related = trial["ae"].filter(pl.col("AEREL") == "RELATED")
    assert related["USUBJID"].n_unique() / 3000 == pytest.approx(43 / 46, abs=0.035)
    severe = related.filter(pl.col("AETOXGR") >= "3")
    assert severe["USUBJID"].n_unique() / 3000 == pytest.approx(13 / 46, abs=0.035)
    for term, count in {"Hypertension": 22, "Hypothyroidism": 17, "Anemia": 15, "Diarrhea": 5, "Toothache": 2}.items():
        patients = related.filter(pl.col("AETERM") == term)["USUBJID"].n_unique()
        assert patients / 3000 == pytest.approx(count / 46, abs=0.035)


def test_events_are_judged_where_the_protocol_names_a_column() -> None:
    """Hypothyroidism is always judged to be immune-related, diarrhea in 7 of 9, what is not related never."""
    name = "benmelstobart_anlotinib_chemo_escc"
    text = resources.files("onearm").joinpath("trials", name, "protocol.toml").read_text(encoding="utf-8")
    protocol, assumptions = parse_protocol(text), shipped_assumptions(name)
    ae = simulate(protocol, assumptions, n=2000, seed=3)["ae"]
    assert set(ae["AEIRAE"]) == {"Y", "N"}
    assert set(ae.filter(AEIRAE="Y")["AEREL"]) == {"RELATED"}
    assert set(ae.filter(AEDECOD="Hypothyroidism")["AEIRAE"]) == {"Y"}
    assert set(ae.filter(AEDECOD="Nausea")["AEIRAE"]) == {"N"}
    patients = (
        ae.filter(AEDECOD="Diarrhea").group_by("USUBJID").agg(pl.col("AEIRAE").n_unique(), said=pl.first("AEIRAE"))
    )
    assert patients["AEIRAE"].max() == 1
    assert (patients["said"] == "Y").mean() == pytest.approx(7 / 9, abs=0.06)
    silent = parse_protocol(text.replace("immune_related_column", "# immune_related_column"))
    without = simulate(silent, assumptions, n=2000, seed=3)["ae"]
    assert without.equals(ae.drop("AEIRAE"))
