"""The protocol is kept: drugs, doses, days, durations, reductions, interruptions, scans, assessor."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import polars as pl
import pytest

from onearm.errors import ProtocolError
from onearm.protocol import parse_protocol
from onearm.simulation import simulate
from onearm.simulation.screening import plan_screening
from onearm.simulation.simulate import simulate_block


@pytest.fixture(scope="module")
def other(other_protocol, other_assumptions):
    return simulate(other_protocol, other_assumptions, n=1500, seed=2)


def days(table, start):
    first = table["RFSTDTC"].str.to_date()
    return (table[start].str.to_date() - first).dt.total_days()


def test_only_the_drugs_of_the_protocol_are_given_in_its_units_and_dose_levels(other, other_protocol):
    for drug in other_protocol.treatment:
        given = other["ex"].filter(pl.col("EXTRT") == drug.name)
        assert set(given["EXDOSE"].unique()) == set(drug.dose_levels)
        assert given["EXDOSU"].unique().to_list() == [drug.unit]
    assert set(other["ex"]["EXTRT"]) == {drug.name for drug in other_protocol.treatment}


def test_doses_only_fall_and_a_fall_follows_an_adverse_event(other, other_protocol):
    ex = other["ex"].with_columns(previous=pl.col("EXDOSE").shift(1).over("USUBJID", "EXTRT"))
    assert ex.filter(pl.col("EXDOSE") > pl.col("previous")).is_empty()
    fell = ex.filter(pl.col("EXDOSE") < pl.col("previous"))
    assert (fell["EXADJ"] == "ADVERSE EVENT").all()
    assert ex.filter(pl.col("EXDOSE") == pl.col("previous"))["EXADJ"].is_null().all()
    reduced = other["ae"].filter(pl.col("AEACN") == "DOSE REDUCED")
    reasons = fell.join(reduced, left_on=["USUBJID", "EXTRT"], right_on=["USUBJID", "AERELTRT"])
    before = reasons.filter(pl.col("AESTDTC") <= pl.col("EXSTDTC"))
    assert set(before.select("USUBJID", "EXTRT").rows()) == set(fell.select("USUBJID", "EXTRT").rows())


def test_a_drug_is_reduced_no_more_often_than_it_has_levels(other, other_protocol):
    reduced = other["ae"].filter(pl.col("AEACN") == "DOSE REDUCED").group_by("USUBJID", "AERELTRT").len()
    allowed = {drug.name: len(drug.dose_levels) - 1 for drug in other_protocol.treatment}
    most = {name: int(count) for name, count in reduced.group_by("AERELTRT").agg(pl.col("len").max()).iter_rows()}
    assert most == {name: count for name, count in allowed.items() if count}


def test_no_dose_after_the_drug_was_withdrawn(other):
    withdrawn = other["ae"].filter(pl.col("AEACN") == "DRUG WITHDRAWN").select("USUBJID", "AERELTRT", "AESTDTC")
    assert withdrawn.select("USUBJID", "AERELTRT").is_unique().all()
    later = other["ex"].join(withdrawn, left_on=["USUBJID", "EXTRT"], right_on=["USUBJID", "AERELTRT"])
    assert later.filter(pl.col("EXENDTC") >= pl.col("AESTDTC")).is_empty()


def test_no_dose_during_an_interruption(other):
    held = other["ae"].filter(pl.col("AEACN") == "DRUG INTERRUPTED").select("USUBJID", "AERELTRT", "AESTDTC")
    both = other["ex"].join(held, left_on=["USUBJID", "EXTRT"], right_on=["USUBJID", "AERELTRT"])
    # an interruption lasts at least a week, here and as assumed
    week = pl.col("AESTDTC").str.to_date() + pl.duration(days=6)
    inside = (pl.col("EXSTDTC").str.to_date() <= week) & (pl.col("EXENDTC") >= pl.col("AESTDTC"))
    assert both.filter(inside).is_empty()


def test_an_interruption_delays_no_longer_than_the_protocol_allows(other_protocol, other_assumptions):
    visits = other_assumptions.visits.model_copy(update={"late_cycles": 0.0})
    once = other_assumptions.toxicity.model_copy(
        update={"event": other_assumptions.toxicity.event[:1], "recurrence": 0.0}
    )
    tables = simulate(
        other_protocol, other_assumptions.model_copy(update={"visits": visits, "toxicity": once}), n=1500, seed=4
    )
    beta = tables["ex"].filter(pl.col("EXTRT") == "betamab").with_columns(pl.col("EXSTDTC").str.to_date())
    gap = beta.select((pl.col("EXSTDTC") - pl.col("EXSTDTC").shift(1).over("USUBJID")).dt.total_days()).drop_nulls()
    # one event, hence at most one interruption: a cycle of 14 days and at most 10 days more
    assert gap.to_series().min() == 14
    assert 14 < gap.to_series().max() <= 24


def test_drugs_end_at_their_longest_duration(other, other_protocol):
    for drug in other_protocol.treatment:
        if drug.max_duration_months is None:
            continue
        given = other["ex"].filter(pl.col("EXTRT") == drug.name).join(other["dm"], on="USUBJID")
        assert days(given, "EXENDTC").max() <= math.floor(drug.max_duration_months * 30.4375)


def test_dosing_days_of_a_cycle_are_kept(protocol, assumptions):
    calm = assumptions.toxicity.model_copy(update={"event": (), "medication": ()})
    visits = assumptions.visits.model_copy(update={"late_cycles": 0.0})
    tables = simulate(protocol, assumptions.model_copy(update={"toxicity": calm, "visits": visits}), n=100, seed=1)
    ex = tables["ex"].join(tables["dm"], on="USUBJID")
    ex = ex.with_columns(start=days(ex, "EXSTDTC"), end=days(ex, "EXENDTC"))
    assert (ex["start"] % 21 == 0).all()
    oral, infused = (ex.filter(pl.col("EXTRT") == name) for name in ("anlotinib", "benmelstobart"))
    assert (infused["start"] == infused["end"]).all()
    length = oral.select(
        pl.col("end") - pl.col("start") + 1, pl.col("start").rank("max", descending=True).over("USUBJID")
    )
    assert length["end"].max() == 14
    assert (length.filter(pl.col("start") > 1)["end"] == 14).all()  # only the last stretch may be cut short


def test_scans_follow_the_schedule_within_the_window(trial, protocol, assumptions):
    planned = {42, 84, 126, *range(189, 10_000, 63)}  # every 42 days to day 126, every 63 days after that
    scans = trial["tr"].filter(pl.col("VISITNUM") > 1).join(trial["dm"], on="USUBJID")
    assert set((scans["VISITNUM"] - 1).unique()) <= planned
    assert (days(scans, "TRDTC") - (scans["VISITNUM"] - 1)).abs().max() == assumptions.visits.window_days
    weeks = scans.select("VISIT", "VISITNUM").unique()
    assert all(name == f"WEEK {(number - 1) // 7}" for name, number in weeks.iter_rows())


def test_the_assessor_is_the_protocols(other, trial):
    assert other["tr"]["TREVAL"].unique().to_list() == ["INDEPENDENT ASSESSOR"]
    assert trial["tu"]["TUEVAL"].unique().to_list() == ["INVESTIGATOR"]


def test_the_cohort_of_the_paper_is_the_default_size(protocol, assumptions):
    tables = simulate(protocol, assumptions, n=assumptions.size.enrolled, seed=1)
    assert (tables["dm"].height, tables["ds"].filter(pl.col("DSDECOD") == "ENROLLED").height) == (53, 46)
    assert tables["dm"]["STUDYID"].unique().to_list() == ["NCT05038813-SYNTHETIC"]


def test_without_a_cutoff_follow_up_ends_when_assumed(other, other_assumptions):
    accrual = other_assumptions.accrual
    last = accrual.last_consent + dt.timedelta(days=accrual.screening_days[1] + accrual.dose_lag_days[1])
    assert other["ss"]["SSDTC"].str.to_date().max() <= last + dt.timedelta(days=accrual.follow_up_days)


def test_cohorts_are_filled_evenly(other_text, other_assumptions):
    text = other_text + '\n[cohort.A]\nvalue = "first"\n[cohort.B]\n'
    tables = simulate(parse_protocol(text), other_assumptions, n=40, seed=1)
    enrolled = tables["dm"].filter(pl.col("ARMCD") == "TREATED")
    assert dict(enrolled["COHORT"].value_counts().iter_rows()) == {"first": 20, "B": 20}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schedule = [{ every_days = 56, until_day = 168 }, { every_days = 84 }]", "", "tumour.schedule"),
        (
            'name = "alphanib"',
            'name = "alphanab"',
            "no drug of the protocol is called 'alphanib'. Did you mean 'alphanab'",
        ),
        ('id = "OTHER-1"', 'id = "OTHER-1"\ncutoff = 2022-06-01', "trial.cutoff: 2022-06-01 comes before"),
    ],
)
def test_a_protocol_that_cannot_be_simulated_is_refused(other_text, other_assumptions, old, new, message):
    with pytest.raises(ProtocolError, match=message):
        simulate(parse_protocol(other_text.replace(old, new)), other_assumptions, n=5, seed=1)


def test_without_a_scan_before_the_cutoff_there_is_the_baseline_only(other_text, other_assumptions):
    schedule = "schedule = [{ every_days = 56, until_day = 168 }, { every_days = 84 }]"
    never = parse_protocol(other_text.replace(schedule, "schedule = [{ every_days = 2000 }]"))
    tables = simulate(never, other_assumptions, n=30, seed=1)
    assert tables["tr"]["VISIT"].unique().to_list() == ["SCREENING"]


def test_without_drugs_nothing_is_given_and_patients_are_still_followed(other_text, other_assumptions):
    start, end = other_text.index("[[treatment]]"), other_text.index("[sets]")
    untreated = parse_protocol(other_text[:start] + other_text[end:])
    quiet = other_assumptions.toxicity.model_copy(update={"event": ()})
    tables = simulate(untreated, other_assumptions.model_copy(update={"toxicity": quiet}), n=30, seed=1)
    assert tables["ex"].height == tables["ae"].height == 0
    assert tables["tr"]["VISIT"].n_unique() > 1


def test_a_block_without_an_enrolled_patient_has_its_failures_only(protocol, assumptions):
    planned = plan_screening(protocol, assumptions, n=1, seed=1)
    nobody = replace(planned, is_enrolled=planned.is_enrolled & False)
    tables = simulate_block(protocol, assumptions, nobody, seed=1, block=0)
    assert tables["dm"]["ARMCD"].to_list() == ["SCRNFAIL"] * tables["dm"].height
    assert tables["tr"].height == 0
    whole = simulate(protocol, assumptions, n=1, seed=1)
    assert {name: table.schema for name, table in tables.items()} == {
        name: table.schema for name, table in whole.items()
    }
