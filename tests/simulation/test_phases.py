"""Simulated trials with phases of treatment: which dose is of which, and how each phase ended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from onearm.run import Checked, check_trial
from onearm.simulation.dosing import Doses
from onearm.simulation.folder import simulate_trial_folder
from onearm.simulation.phases import last_days


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    place = tmp_path_factory.mktemp("phases")
    simulate_trial_folder("benmelstobart_anlotinib_chemo_escc", place, n=60, seed=3)
    return check_trial(place)


def test_every_phase_has_patients_and_nothing_to_find(checked: Checked) -> None:
    adds = checked.derived.datasets["adds"]
    assert set(adds["APHASE"]) == {"initial", "maintenance"}
    assert checked.findings["message"].to_list() == []


def test_maintenance_follows_initial_therapy_that_was_completed(checked: Checked) -> None:
    adds = checked.derived.datasets["adds"]
    spans = adds.pivot(on="APHASE", index="USUBJID", values=["ASTDT", "AENDT", "EOPSTT"]).drop_nulls(
        "ASTDT_maintenance"
    )
    assert spans.height > 0
    assert (spans["AENDT_initial"] < spans["ASTDT_maintenance"]).all()
    assert set(spans["EOPSTT_initial"]) == {"COMPLETED"}


def test_chemotherapy_is_of_initial_therapy_only(checked: Checked) -> None:
    adex = checked.derived.datasets["adex"]
    assert set(adex.filter(pl.col("EXTRT") == "paclitaxel")["APHASE"]) == {"initial"}
    assert adex["APHASE"].null_count() == 0


def test_a_protocol_without_phases_has_no_epoch(tmp_path: Path) -> None:
    simulate_trial_folder("alter_e_003", tmp_path, n=10, seed=1)
    for domain in ("ex", "ds"):
        assert "EPOCH" not in (tmp_path / "data" / f"{domain}.csv").read_text(encoding="utf-8").splitlines()[0]


def test_the_last_day_of_each_phase_by_hand() -> None:
    # One patient, two drugs: the first on days 0 and 21, the second on days 0 to 13 and 30 to 43; the next phase from day 30.
    one = Doses(np.array([[0, 21]]), np.array([[0, 21]]), np.zeros((1, 2), dtype=np.int64), np.array([[True, True]]))
    two = Doses(np.array([[0, 30]]), np.array([[13, 43]]), np.zeros((1, 2), dtype=np.int64), np.array([[True, True]]))
    assert last_days((one, two), np.array([[30]])).tolist() == [[21, 43]]
