"""The same seed gives the same trial, however it is cut into pieces."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from onearm.errors import MethodError
from onearm.simulation import folder, screening, simulate, simulate_blocks, simulate_trial_folder
from onearm.simulation.simulate import simulate_block

BLOCK_SIZE = 200
"""Of these tests; it is part of what a seed means, so that the real one does not change lightly."""

DOMAINS = ["dm", "ex", "tu", "tr", "ae", "ds", "ss", "cm", "lb"]
ASSAYS = [f"assays/{name}{sheet}" for name in ("wes", "pdl1", "mihc") for sheet in ("", " samples")]
TABLES = [*DOMAINS, *ASSAYS]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(screening, "BLOCK_SIZE", BLOCK_SIZE)
    monkeypatch.setattr(folder, "LARGEST_CSV", 100)


def test_the_same_seed_gives_the_same_tables(protocol, assumptions):
    first, second = (simulate(protocol, assumptions, n=60, seed=5) for _ in range(2))
    assert list(first) == TABLES
    for name in TABLES:
        assert_frame_equal(first[name], second[name])


def test_another_seed_gives_another_trial(protocol, assumptions):
    first, second = (simulate(protocol, assumptions, n=60, seed=seed) for seed in (5, 6))
    assert not first["tr"].equals(second["tr"])
    assert not first["dm"].equals(second["dm"])


def test_blocks_do_not_depend_on_each_other(protocol, assumptions):
    n = BLOCK_SIZE + 50
    planned = screening.plan_screening(protocol, assumptions, n=n, seed=3)
    assert planned.n_blocks == 2
    last_first = [simulate_block(protocol, assumptions, planned.block(block), seed=3, block=block) for block in (1, 0)]
    in_order = simulate(protocol, assumptions, n=n, seed=3)
    for name in TABLES:
        assert_frame_equal(pl.concat([last_first[1][name], last_first[0][name]]), in_order[name])


def test_blocks_together_are_the_trial(protocol, assumptions):
    n = BLOCK_SIZE + 50
    blocks = list(simulate_blocks(protocol, assumptions, n=n, seed=3))
    assert sum(block["dm"].filter(pl.col("ARMCD") == "TREATED").height for block in blocks) == n
    subjects = pl.concat([block["dm"]["USUBJID"] for block in blocks])
    assert subjects.is_unique().all()
    assert subjects.str.len_chars().n_unique() == 1


def test_blocks_have_random_numbers_of_their_own(protocol, assumptions):
    first, second = list(simulate_blocks(protocol, assumptions, n=2 * BLOCK_SIZE, seed=3))[:2]
    ages = [block["dm"]["AGE"].head(150).to_numpy() for block in (first, second)]
    assert not np.array_equal(*ages)


def test_files_do_not_depend_on_the_number_of_workers(tmp_path):
    n = 3 * BLOCK_SIZE
    for workers in (1, 3):
        simulate_trial_folder("alter_e_003", tmp_path / str(workers), n=n, seed=9, workers=workers)
    for name in TABLES:
        file = f"{name.replace(' ', '_')}.parquet"
        one, two = (tmp_path / str(workers) / "data" / file for workers in (1, 3))
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(("n", "seed"), [(0, 1), (10, -1)])
def test_impossible_sizes_and_seeds_are_refused(protocol, assumptions, n, seed):
    with pytest.raises(MethodError, match="n should be at least 1 and seed at least 0"):
        simulate(protocol, assumptions, n=n, seed=seed)


@pytest.mark.parametrize("n", [1, 2, 10])
def test_tiny_trials_have_every_table(protocol, assumptions, n):
    for seed in range(5):
        tables = simulate(protocol, assumptions, n=n, seed=seed)
        assert list(tables) == TABLES
        assert tables["dm"].filter(pl.col("ARMCD") == "TREATED").height == n
