"""Every synthetic trial is plain: no record contradicts another, whatever the seed."""

from __future__ import annotations

import polars as pl
import pytest

from onearm.simulation import simulate

DATES = {
    "dm": ["RFICDTC", "RFSTDTC", "RFENDTC", "DTHDTC", "RFPENDTC"],
    "ex": ["EXSTDTC", "EXENDTC"],
    "tu": ["TUDTC"],
    "tr": ["TRDTC"],
    "ae": ["AESTDTC", "AEENDTC"],
    "ds": ["DSSTDTC"],
    "ss": ["SSDTC"],
    "cm": ["CMSTDTC", "CMENDTC"],
    "lb": ["LBDTC"],
}


@pytest.fixture(scope="module", params=["shipped", "other"])
def cutoff_and_trials(request, protocol, assumptions, other_protocol, other_assumptions):
    planned = (protocol, assumptions) if request.param == "shipped" else (other_protocol, other_assumptions)
    return planned[0].trial.cutoff, [simulate(*planned, n=250, seed=seed) for seed in range(100, 106)]


@pytest.fixture(params=range(6))
def tables(request, cutoff_and_trials):
    return cutoff_and_trials[1][request.param]


def enrolled(tables):
    return tables["dm"].filter(pl.col("ARMCD") != "SCRNFAIL")


def test_dates_are_whole_days_between_consent_and_cutoff(tables, cutoff_and_trials):
    cutoff = cutoff_and_trials[0]
    consent = tables["dm"].select("USUBJID", pl.col("RFICDTC").str.to_date().alias("consent"))
    for name, columns in DATES.items():
        for column in columns:
            dated = tables[name].join(consent, on="USUBJID").filter(pl.col(column).is_not_null())
            day = dated[column].str.to_date(strict=True)
            assert (day >= dated["consent"]).all(), column
            if cutoff:
                assert (day <= cutoff).all(), column


def test_nothing_happens_after_death_or_after_leaving(tables):
    last = enrolled(tables).select("USUBJID", "DTHDTC", "RFPENDTC")
    for name, columns in DATES.items():
        for column in columns:
            dated = tables[name].join(last, on="USUBJID", suffix="_LAST").filter(pl.col(column).is_not_null())
            # survivors have no last day; ISO dates compare as text
            assert dated.filter(pl.col(column) > pl.col("RFPENDTC")).is_empty(), column
    dead = tables["tr"].join(last.filter(pl.col("DTHDTC").is_not_null()), on="USUBJID")
    assert dead.filter(pl.col("TRDTC") >= pl.col("DTHDTC")).is_empty()


def test_every_record_belongs_to_a_patient_and_has_a_number_of_its_own(tables):
    known, treated = tables["dm"]["USUBJID"], enrolled(tables)["USUBJID"]
    assert known.is_unique().all()
    for name, table in tables.items():
        subjects = known if name in ("dm", "ds") else treated
        if name.startswith("assays/"):
            continue  # test_assays.py
        assert table["USUBJID"].is_in(subjects.to_list()).all()
        assert (table["DOMAIN"] == name.upper()).all()
        if name != "dm":
            sequence = table.group_by("USUBJID").agg(pl.col(f"{name.upper()}SEQ"))[f"{name.upper()}SEQ"]
            assert all(numbers.to_list() == list(range(1, len(numbers) + 1)) for numbers in sequence)


def test_target_lesions_keep_to_recist(tables):
    # Eisenhauer et al. (2009), sections 3.1.1 and 3.2: at most five, two per organ, 10 mm, nodes 15 mm in short axis
    targets = tables["tu"].filter(pl.col("TUSTRESC") == "TARGET")
    assert targets["USUBJID"].n_unique() == enrolled(tables).height
    assert targets.group_by("USUBJID").len()["len"].max() <= 5
    assert targets.group_by("USUBJID", "TULOC").len()["len"].max() <= 2
    baseline = tables["tr"].filter(pl.col("VISIT") == "SCREENING", pl.col("TRGRPID") == "TARGET")
    assert baseline.height == targets.height
    by_test = baseline.group_by("TRTESTCD").agg(pl.col("TRSTRESN").min())
    assert all(least >= {"LDIAM": 10, "LPERP": 15}[test] for test, least in by_test.iter_rows())
    nodal = baseline.join(targets, left_on=["USUBJID", "TRLNKID"], right_on=["USUBJID", "TULNKID"])
    assert ((nodal["TULOC"] == "LYMPH NODE") == (nodal["TRTESTCD"] == "LPERP")).all()


def test_lesions_are_identified_before_they_are_measured_and_measured_at_every_scan(tables):
    tu, tr = tables["tu"], tables["tr"]
    assert tu.select("USUBJID", "TULNKID").is_unique().all()
    assert tr.select("USUBJID", "TRLNKID", "VISITNUM").is_unique().all()
    both = tr.join(tu, left_on=["USUBJID", "TRLNKID"], right_on=["USUBJID", "TULNKID"], how="left")
    assert both["TUDTC"].is_not_null().all()
    assert (both["TRDTC"] >= both["TUDTC"]).all()
    assert (both["TRGRPID"] == both["TUSTRESC"]).all()
    old = tr.filter(pl.col("TRGRPID") != "NEW").group_by("USUBJID", "VISITNUM").len()
    counts = old.group_by("USUBJID").agg(pl.col("len").n_unique())
    assert (counts["len"] == 1).all()
    measured = tr.filter(pl.col("TRGRPID") == "TARGET")
    assert (measured["TRSTRESN"] >= 0).all()
    assert (measured["TRSTRESU"] == "mm").all()
    assert (measured["TRORRES"].cast(pl.Float64) == measured["TRSTRESN"]).all()


def test_scans_stop_at_the_first_progression(tables):
    # worked out here by itself: a new lesion, unequivocal progression, or 20 % and 5 mm above the smallest sum
    visits = (
        tables["tr"]
        .group_by("USUBJID", "VISITNUM")
        .agg(
            total=pl.col("TRSTRESN").sum(),
            # targets that are all gone, or nodes below 10 mm, are a complete response whatever their sum does
            normal=((pl.col("TRSTRESN") == 0) | ((pl.col("TRTESTCD") == "LPERP") & (pl.col("TRSTRESN") < 10)))
            .filter(pl.col("TRGRPID") == "TARGET")
            .all(),
            other=((pl.col("TRGRPID") == "NEW") | (pl.col("TRSTRESC") == "UNEQUIVOCAL PROGRESSION")).any(),
        )
        .sort("USUBJID", "VISITNUM")
        .with_columns(nadir=pl.col("total").cum_min().shift(1).over("USUBJID"))
    )
    rise = pl.col("total") - pl.col("nadir")
    grown = (rise >= 5 - 1e-6) & (rise >= 0.2 * pl.col("nadir") - 1e-6) & ~pl.col("normal")
    progressed = visits.filter((pl.col("VISITNUM") > 1) & (pl.col("other") | grown))
    last = visits.group_by("USUBJID").agg(last=pl.col("VISITNUM").max())
    assert progressed["USUBJID"].is_unique().all()
    assert (progressed.join(last, on="USUBJID")["VISITNUM"] == progressed.join(last, on="USUBJID")["last"]).all()


def test_doses_do_not_overlap_and_end_with_treatment(tables):
    ex = tables["ex"].sort("USUBJID", "EXTRT", "EXSTDTC")
    assert (ex["EXENDTC"] >= ex["EXSTDTC"]).all()
    before = ex.with_columns(previous=pl.col("EXENDTC").shift(1).over("USUBJID", "EXTRT"))
    assert before.filter(pl.col("EXSTDTC") <= pl.col("previous")).is_empty()
    first = ex.group_by("USUBJID").agg(pl.col("EXSTDTC").min())
    assert (first.join(tables["dm"], on="USUBJID").select(pl.col("EXSTDTC") == pl.col("RFSTDTC")).to_series()).all()
    ended = tables["ds"].filter(pl.col("DSSCAT") == "TREATMENT").select("USUBJID", "DSSTDTC")
    assert ex.join(ended, on="USUBJID").filter(pl.col("EXENDTC") > pl.col("DSSTDTC")).is_empty()


def test_disposition_agrees_with_the_other_tables(tables):
    dm, ds = tables["dm"], tables["ds"]
    milestones = ds.filter(pl.col("DSCAT") == "PROTOCOL MILESTONE")
    assert milestones.filter(pl.col("DSDECOD") == "INFORMED CONSENT OBTAINED").height == dm.height
    assert set(milestones.filter(pl.col("DSDECOD") == "ENROLLED")["USUBJID"]) == set(enrolled(tables)["USUBJID"])
    failed = ds.filter(pl.col("DSDECOD") == "SCREEN FAILURE")
    assert set(failed["USUBJID"]) == set(dm.filter(pl.col("ARMCD") == "SCRNFAIL")["USUBJID"])
    died = set(dm.filter(pl.col("DTHFL") == "Y")["USUBJID"])
    study = ds.filter((pl.col("DSSCAT") == "STUDY") & (pl.col("DSDECOD") == "DEATH"))
    assert set(study["USUBJID"]) == died
    assert set(tables["ss"].filter(pl.col("SSSTRESC") == "DEAD")["USUBJID"]) == died
    progressed = set(ds.filter(pl.col("DSDECOD") == "PROGRESSIVE DISEASE")["USUBJID"])
    evidence = tables["tr"].group_by("USUBJID").agg(pl.col("TRDTC").max())
    dates = ds.filter(pl.col("DSDECOD") == "PROGRESSIVE DISEASE").join(evidence, on="USUBJID")
    assert (dates["DSSTDTC"] == dates["TRDTC"]).all()
    assert len(dates) == len(progressed)
    toxic = set(ds.filter((pl.col("DSSCAT") == "TREATMENT") & (pl.col("DSDECOD") == "ADVERSE EVENT"))["USUBJID"])
    assert toxic <= set(tables["ae"].filter(pl.col("AEACN") == "DRUG WITHDRAWN")["USUBJID"])


def test_reasons_are_terms_of_cdisc(tables):
    # CDISC codelist NCOMPLT, as far as the simulation needs it
    allowed = {
        "PROGRESSIVE DISEASE", "ADVERSE EVENT", "DEATH", "WITHDRAWAL BY SUBJECT", "COMPLETED", "LOST TO FOLLOW-UP",
        "SCREEN FAILURE",
    }  # fmt: skip
    events = tables["ds"].filter(pl.col("DSCAT") == "DISPOSITION EVENT")
    assert set(events["DSDECOD"]) <= allowed
    refused = events.filter(pl.col("DSTERM") == "REFUSAL OF FURTHER TREATMENT")
    assert set(refused["DSDECOD"]) <= {"WITHDRAWAL BY SUBJECT"}
    assert (refused["DSSCAT"] == "TREATMENT").all()


def test_survivors_have_a_day_on_which_they_were_last_known_alive(tables):
    alive = enrolled(tables).filter(pl.col("RFPENDTC").is_null())["USUBJID"]
    contacted = tables["ss"].filter(pl.col("SSSTRESC") == "ALIVE")["USUBJID"]
    assert set(alive) <= set(contacted)


def test_adverse_events_are_collected_until_30_days_after_the_last_dose(tables):
    last = tables["ex"].group_by("USUBJID").agg(first=pl.col("EXSTDTC").min(), last=pl.col("EXENDTC").max())
    ae = tables["ae"].join(last, on="USUBJID").with_columns(pl.col("AESTDTC", "AEENDTC", "first", "last").str.to_date())
    assert (ae["AESTDTC"] > ae["first"]).all()
    assert ((ae["AESTDTC"] - ae["last"]).dt.total_days() <= 30).all()
    assert (ae["AEENDTC"].is_null() == (ae["AEOUT"] == "NOT RECOVERED/NOT RESOLVED")).all()
    assert ae.filter(pl.col("AEENDTC") < pl.col("AESTDTC")).is_empty()
    assert (ae["AERELTRT"].is_null() == (ae["AEREL"] == "NOT RELATED")).all()


def test_later_therapy_begins_after_treatment_and_ends_the_scans(tables):
    later = tables["cm"].filter(pl.col("CMCAT") == "SUBSEQUENT ANTI-CANCER THERAPY").select("USUBJID", "CMSTDTC")
    assert later["USUBJID"].is_unique().all()
    ended = tables["ds"].filter(pl.col("DSSCAT") == "TREATMENT")
    assert (later.join(ended, on="USUBJID").height) == later.height
    assert later.join(ended, on="USUBJID").filter(pl.col("CMSTDTC") <= pl.col("DSSTDTC")).is_empty()
    assert later.join(tables["tr"], on="USUBJID").filter(pl.col("TRDTC") >= pl.col("CMSTDTC")).is_empty()


def test_no_table_tells_an_answer(trial):
    answers = {"rs", "PFS", "OS", "BOR", "AVAL", "CNSR"}
    columns = {column for table in trial.values() for column in table.columns}
    assert not answers & (columns | set(trial))
    assert "SUMDIAM" not in trial["tr"]["TRTESTCD"].unique().to_list()


def test_identifiers_keep_leading_zeros(trial):
    assert trial["dm"]["SITEID"].str.contains(r"^0\d$").all()
    assert trial["dm"]["SUBJID"].str.contains(r"^0\d-\d{4}$").all()


def test_the_order_of_records_is_the_order_of_time(trial):
    for name, column in (("tr", "TRDTC"), ("lb", "LBDTC"), ("ae", "AESTDTC"), ("ds", "DSSTDTC"), ("ss", "SSDTC")):
        later = trial[name].with_columns(previous=pl.col(column).shift(1).over("USUBJID"))
        assert later.filter(pl.col(column) < pl.col("previous")).is_empty(), name
