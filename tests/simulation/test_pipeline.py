"""A synthetic trial goes through the pipeline as a plain one would: no finding, and the progressions that were meant."""

from __future__ import annotations

import polars as pl
import pytest

from onearm.run import check_trial
from onearm.simulation import simulate_trial_folder
from onearm.simulation.folder import read_planned


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trial")
    simulate_trial_folder("alter_e_003", folder, n=600, seed=21)
    return check_trial(folder)


@pytest.mark.parametrize("seed", range(4))
def test_there_is_nothing_to_find(tmp_path, seed):
    simulate_trial_folder("alter_e_003", tmp_path, seed=seed)
    assert check_trial(tmp_path).findings.height == 0


def test_there_is_nothing_to_find_in_many_patients(checked):
    assert checked.findings.height == 0


def test_missed_scans_are_about_those_that_were_simulated(tmp_path):
    planned = read_planned("alter_e_003")
    text = planned.assumptions_text.replace("missed = 0.0 ", "missed = 0.02 ")
    (tmp_path / "assumptions.toml").write_text(text, encoding="utf-8")
    simulate_trial_folder("alter_e_003", tmp_path / "out", n=600, seed=21, assumptions=tmp_path / "assumptions.toml")
    datasets = check_trial(tmp_path / "out").derived.datasets
    scans = datasets["adrs"].filter((pl.col("PARAMCD") == "OVR") & (pl.col("ADY") > 1)).height
    missed = datasets["addv"].filter(pl.col("RULE") == "SCAN-MISSED").height
    assert 0.01 < missed / (missed + scans) < 0.03  # 2 % are
    assert datasets["addv"].filter(pl.col("RULE") == "SCAN-OUTSIDE-WINDOW").height == 0


def test_treatment_ends_at_the_progression_that_the_lesions_show(checked):
    # the simulation decides on progression by logic of its own; the rules must come to the same day from the records
    stopped = checked.source.tables["ds"].filter(pl.col("DSDECOD") == "PROGRESSIVE DISEASE")
    derived = checked.derived.datasets["adrs"].filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y"))
    both = stopped.join(derived, on="USUBJID", how="left")
    assert stopped.height > 100
    assert (both["DSSTDTC"].str.to_date() == both["ADT"]).all()


def test_no_scan_follows_the_progression_that_the_lesions_show(checked):
    derived = checked.derived.datasets["adrs"].filter((pl.col("PARAMCD") == "PD") & (pl.col("AVALC") == "Y"))
    later = checked.source.tables["tr"].join(derived.select("USUBJID", "ADT"), on="USUBJID")
    assert later.filter(pl.col("TRDTC").str.to_date() > pl.col("ADT")).is_empty()


def test_survivors_are_known_alive_until_shortly_before_the_cutoff(checked):
    adsl = checked.derived.datasets["adsl"]
    alive = set(adsl.filter(pl.col("DTHDT").is_null() & pl.col("TRTSDT").is_not_null())["USUBJID"])
    left = set(checked.source.tables["ds"].filter(pl.col("DSSCAT") == "STUDY")["USUBJID"])
    known = adsl.filter(pl.col("USUBJID").is_in(list(alive - left)))
    assert known.height > 100
    assert (known["CUTOFFDT"] - known["LSTALVDT"]).dt.total_days().max() <= 30
