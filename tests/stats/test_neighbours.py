"""Nearest neighbours and counts against a table of all distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.stats import neighbours
from onearm.stats.neighbours import count_within, nearest


def all_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])


@pytest.fixture
def small_stripes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the roads that only large fields take short enough to be compared with a table of all distances."""
    monkeypatch.setattr(neighbours, "_STRIPES_FROM", 10)
    monkeypatch.setattr(neighbours, "_SORTED_FROM", 10)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_nearest_is_that_of_all_distances(workers: int) -> None:
    rng = np.random.default_rng(workers)
    a, b = rng.uniform(0, 100, (400, 2)), rng.uniform(0, 100, (700, 2))
    table = all_distances(a, b)
    found = nearest(a, b, workers=workers)
    assert np.allclose(found.distance, table.min(axis=1), rtol=1e-14, atol=0)
    assert np.array_equal(found.index, table.argmin(axis=1))
    assert np.array_equal(count_within(a, b, 7.5, workers=workers), (table <= 7.5).sum(axis=1))


@pytest.mark.usefixtures("small_stripes")
@given(seed=st.integers(0, 10_000), workers=st.integers(2, 4), reach=st.sampled_from([np.inf, 3.0, 40.0]))
def test_stripes_give_what_one_tree_gives(seed: int, workers: int, reach: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0, 30, (60, 2)).round(1), rng.normal(20, 30, (80, 2)).round(1)
    table = all_distances(a, b).min(axis=1)
    found = nearest(a, b, workers=workers, reach=reach)
    assert np.allclose(found.distance, np.where(table <= reach, table, np.nan), equal_nan=True)
    assert np.array_equal(found.index >= 0, table <= reach)


def test_only_the_own_field_is_looked_at() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.uniform(0, 50, (300, 2)), rng.uniform(0, 50, (200, 2))
    of_a, of_b = rng.integers(0, 12, 300), rng.integers(0, 11, 200)  # field 11 has no target
    found, counts = nearest(a, b, groups=(of_a, of_b)), count_within(a, b, 10, groups=(of_a, of_b))
    table = np.where(of_a[:, None] == of_b[None, :], all_distances(a, b), np.inf)
    expected = table.min(axis=1)
    assert np.array_equal(np.isnan(found.distance), np.isinf(expected))
    assert np.allclose(found.distance[np.isfinite(expected)], expected[np.isfinite(expected)])
    assert np.array_equal(counts, (table <= 10).sum(axis=1))


def test_a_cell_is_not_its_own_neighbour_but_a_coincident_cell_is() -> None:
    xy = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]])
    own = np.arange(3)
    assert nearest(xy, xy, own=own).distance.tolist() == [0.0, 0.0, 5.0]
    assert count_within(xy, xy, 5, own=own).tolist() == [2, 2, 2]
    assert nearest(xy, xy, own=own, positive_only=True).distance.tolist() == [5.0, 5.0, 5.0]


def test_one_cell_has_no_neighbour() -> None:
    found = nearest([[1.0, 1.0]], [[1.0, 1.0]], own=[0])
    assert np.isnan(found.distance).all()
    assert found.index.tolist() == [-1]


def test_no_target_is_missing_not_infinite() -> None:
    assert np.isnan(nearest([[1.0, 1.0]], np.empty((0, 2))).distance).all()
    assert count_within([[1.0, 1.0]], [], 5).tolist() == [0]
    assert nearest([], [[1.0, 1.0]], groups=([], [1])).distance.size == 0


def test_reach_and_radius_include_their_own_distance() -> None:
    assert nearest([[0, 0]], [[6, 8]], reach=10).distance.tolist() == [10.0]
    assert np.isnan(nearest([[0, 0]], [[6, 8]], reach=9.99).distance[0])
    assert count_within([[0, 0]], [[6, 8]], 10).tolist() == [1]


@pytest.mark.parametrize(
    ("row", "first"),
    [
        ([1, 2], 0),
        ([2, 1], 1),
        ([0, 2], 1),
        ([2, 0], 0),
        ([None, 2], 1),
        ([0, None], -1),
        ([0, 0], -1),
        ([5, 4, 0], 1),
        ([0, 4, 0], 1),
        ([0, 0, 0], -1),
    ],
)
def test_phenoptr_takes_distance_zero_for_itself(row: list[float | None], first: int) -> None:
    """The table of which_min_positive in phenoptr's tests, case phenoptr_row_min of the reference."""
    there = [i for i, d in enumerate(row) if d is not None]
    found = nearest([[0.0, 0.0]], [[row[i], 0.0] for i in there], positive_only=True)
    assert (there[found.index[0]] if found.index[0] >= 0 else -1) == first


def test_many_coincident_targets_before_the_first_positive() -> None:
    targets = np.vstack([np.zeros((40, 2)), [[0, 7.0]]])
    assert nearest([[0.0, 0.0]], targets, positive_only=True).distance.tolist() == [7.0]


@pytest.mark.parametrize("bad", [[[1.0, np.nan]], [[1.0, np.inf]]])
def test_a_position_that_is_missing_is_refused(bad: list[list[float]]) -> None:
    with pytest.raises(MethodError, match="1 points have no position"):
        nearest(bad, [[0.0, 0.0]])


def test_shapes_and_radii_that_do_not_fit_are_refused() -> None:
    with pytest.raises(MethodError, match="shape"):
        nearest([1.0, 2.0, 3.0], [[0.0, 0.0]])
    with pytest.raises(MethodError, match="2 and 1 codes"):
        nearest([[0.0, 0.0]], [[0.0, 0.0]], groups=([1, 2], [1]))
    with pytest.raises(MethodError, match="positive distance"):
        count_within([[0.0, 0.0]], [[0.0, 0.0]], 0)
