"""Cross-type G and K against spatstat, landmarks against flowStats, clusters against their definition."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.stats.cross_k import cross_k
from onearm.stats.density_clusters import density_clusters
from onearm.stats.kernel_density import kernel_density
from onearm.stats.landmarks import find_landmarks, register
from onearm.stats.neighbours import nearest
from onearm.stats.slope_change import slope_change
from onearm.stats.windows import Window, border_distance, nearest_distribution, typical_distance

WINDOW = Window(0, 934, 0, 700)
Shared = Callable[[str], Path]


@pytest.fixture(scope="module")
def expected(shared_reference: Shared) -> dict[str, Any]:
    cases = json.loads(shared_reference("spatial/spatial_cases.json").read_text())["cases"]
    return {case["id"]: case["expected"] for case in cases}["spatstat_edge_correction"]


@pytest.fixture(scope="module")
def cells(shared_data: Shared) -> dict[str, np.ndarray]:
    path = shared_data("cell_tables") / "phenoptr" / "Set4_sample_cell_seg_data_trimmed.tsv.gz"
    table = pl.read_csv(io.BytesIO(gzip.decompress(path.read_bytes())), separator="\t", null_values=["#N/A"])
    return {
        str(name): part.select("Cell X Position", "Cell Y Position").to_numpy()
        for (name,), part in table.group_by("Phenotype")
    }


def test_nearest_distances_are_those_of_spatstat(expected: dict[str, Any], cells: dict[str, np.ndarray]) -> None:
    found = nearest(cells["CD8+"], cells["CK+"]).distance
    assert found.mean() == pytest.approx(expected["nncross_mean"], abs=1e-8)
    assert np.median(found) == pytest.approx(expected["nncross_median"], abs=1e-5)
    assert typical_distance(found) == (found.mean(), np.median(found))


@pytest.mark.parametrize("r", [10, 20, 30])
def test_g_is_that_of_spatstat(expected: dict[str, Any], cells: dict[str, np.ndarray], r: int) -> None:
    """spatstat's grid of 0.005 µm puts distances up to a step away; Hanisch is scaled there to 1 at the end of its grid."""
    distance = nearest(cells["CD8+"], cells["CK+"]).distance
    border = border_distance(cells["CD8+"], WINDOW)
    g = nearest_distribution(distance, border, [r, 40], window=WINDOW)
    want = expected["G"][str(r)]
    assert g.raw[0] == pytest.approx(want["raw"], abs=1e-8)
    assert g.reduced_sample[0] == pytest.approx(want["rs"], abs=1e-8)
    assert g.kaplan_meier[0] == pytest.approx(want["km"], abs=1e-8)
    assert g.hanisch[0] / g.hanisch[1] == pytest.approx(want["han"], abs=1e-6)


@pytest.mark.parametrize("r", [10, 20, 30])
def test_k_is_that_of_spatstat(expected: dict[str, Any], cells: dict[str, np.ndarray], r: int) -> None:
    """
    Positions lie on a grid of 0.5 µm, so some distances are r exactly; spatstat's histogram leaves them out.

    Of the border distances it has wider bins: a cell half a micron nearer to the border than r counts as well, 217 instead of
    216 cells at 20 µm. The same is done here with a window that is 0.6 µm larger on each side.
    """
    below = r * (1 - 1e-12)
    k, want = cross_k(cells["CD8+"], cells["CK+"], [below], window=WINDOW), expected["Kcross"][str(r)]
    assert k.uncorrected[0] == pytest.approx(want["un"], rel=1e-7)
    wider = Window(-0.6, 934.6, -0.6, 700.6)
    border = cross_k(cells["CD8+"], cells["CK+"], [below], window=wider).border[0] * WINDOW.area / wider.area
    assert border == pytest.approx(want["border"], rel=1e-7)
    assert k.translation[0] == pytest.approx(want["trans"], rel=1e-7)
    assert k.isotropic[0] == pytest.approx(want["iso"], rel=1e-7)


def test_the_border_correction_is_that_of_all_pairs(cells: dict[str, np.ndarray]) -> None:
    a, b = cells["CD8+"], cells["CK+"]
    distance = np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])
    far = np.minimum.reduce([a[:, 0], 934 - a[:, 0], a[:, 1], 700 - a[:, 1]]) >= 20
    by_hand = (distance[far] <= 20).sum() / far.sum() / (len(b) / WINDOW.area)
    assert cross_k(a, b, [20], window=WINDOW).border[0] == pytest.approx(by_hand, rel=1e-12)


def test_a_target_at_exactly_r_counts() -> None:
    k = cross_k([[50.0, 50.0]], [[56.0, 58.0]], [10.0], window=Window(0, 100, 0, 100))
    assert k.uncorrected.tolist() == [100.0 * 100.0]


def test_the_share_of_a_circle_is_that_of_points_on_it() -> None:
    """A circle about a point near a corner, against 200,000 points on it."""
    window, centre, r = Window(0, 50, 0, 40), np.array([[4.0, 7.0]]), 12.0
    angle = np.linspace(0, 2 * np.pi, 200_000, endpoint=False)
    x, y = centre[0, 0] + r * np.cos(angle), centre[0, 1] + r * np.sin(angle)
    share = ((x >= 0) & (x <= 50) & (y >= 0) & (y <= 40)).mean()
    on_it = centre + np.array([[r, 0.0]])
    k = cross_k(centre, on_it, [r], window=window)
    assert k.isotropic[0] == pytest.approx(k.uncorrected[0] / share, rel=1e-4)


def test_k_of_nothing_is_missing_and_of_too_much_refused() -> None:
    assert np.isnan(cross_k([], [[1.0, 1.0]], [1.0], window=Window(0, 10, 0, 10)).uncorrected).all()
    with pytest.raises(MethodError, match="half its shorter side"):
        cross_k([[1.0, 1.0]], [[1.0, 1.0]], [6.0], window=Window(0, 10, 0, 10))


def test_independent_points_have_k_of_a_circle() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.uniform(0, 1000, (3000, 2)), rng.uniform(0, 1000, (3000, 2))
    k = cross_k(a, b, [20.0, 40.0], window=Window(0, 1000, 0, 1000))
    for corrected in (k.border, k.translation, k.isotropic):
        assert corrected == pytest.approx(k.expected, rel=0.03)


def test_edge_corrected_distances_by_hand() -> None:
    """Distances 1, 2, 9 with borders 5, 1, 5: the second is censored at 1, the third at 5."""
    d, b = [1.0, 2.0, 9.0], [5.0, 1.0, 5.0]
    # Kaplan-Meier: S = 2/3 from 1 on, the two left are censored at 1 and 5; area up to 5: 1 + 4 * 2/3
    assert typical_distance(d, b, correction="kaplan-meier") == pytest.approx((1 + 4 * 2 / 3, np.nan), nan_ok=True)
    # reduced sample: steps at 1 (3 at risk, 1 within) and 2 (2 at risk, 1 within): S = 2/3, then 1/2
    assert typical_distance(d, b, correction="reduced sample") == pytest.approx((1 + 2 / 3, 2.0))
    g = nearest_distribution(d, b, [1.0, 2.0], window=Window(0, 20, 0, 20))
    assert g.reduced_sample.tolist() == [1 / 3, 1 / 2]
    with pytest.raises(MethodError, match="choose none"):
        typical_distance(d, correction="kaplan-meier")


@given(seed=st.integers(0, 1000))
def test_corrections_change_nothing_far_from_the_border(seed: int) -> None:
    d = np.random.default_rng(seed).exponential(5, 40)
    far = np.full(40, 1e6)
    for correction in ("kaplan-meier", "reduced sample"):
        mean, median = typical_distance(d, far, correction=correction)  # type: ignore[arg-type]
        assert mean == pytest.approx(d.mean())
        assert median == pytest.approx(np.sort(d)[19])


def test_registration_is_that_of_flowstats(shared_reference: Shared) -> None:
    case = json.loads(shared_reference("spatial/gaussnorm_case.json").read_text())
    made = register(case["input"])
    assert made.base == pytest.approx(case["base_landmarks"], abs=1e-12)
    for found, want in zip(made.landmarks, case["filtered_landmarks"], strict=True):
        assert found == pytest.approx(want, abs=1e-12)
    for found, want in zip(made.matched, case["matched"], strict=True):
        assert found.ravel() == pytest.approx(want, abs=1e-12)
    for found, want in zip(made.values, case["output"], strict=True):
        assert found == pytest.approx(np.array(want), abs=1e-12)
    assert made.confidence.tolist() == case["confidence"]


def test_registration_can_erase_a_real_change() -> None:
    """What docs/tissue.md warns of: a population that really is brighter is moved back to the others."""
    rng = np.random.default_rng(2)
    slides = [rng.normal(2.0 if i < 3 else 3.0, 0.3, 4000) for i in range(6)]
    made = register(slides, at_most=1)
    assert np.ptp([slide.mean() for slide in slides]) > 0.9
    assert np.ptp([slide.mean() for slide in made.values]) < 0.1
    assert max(abs(shift[0]) for shift in made.shift) > 0.4


def test_registration_keeps_missing_values_and_says_what_it_cannot() -> None:
    rng = np.random.default_rng(4)
    one = np.concatenate([rng.normal(0, 1, 300), rng.normal(9, 1, 300), [np.nan]])
    made = register([one, one + 1])
    assert np.isnan(made.values[0][-1])
    assert made.shift[0] == pytest.approx([0.5, 0.5], abs=1e-9)
    with pytest.raises(MethodError, match="no sample has 5 landmarks"):
        register([one, one + 1, one], at_most=5)
    with pytest.raises(MethodError, match="1 values"):
        find_landmarks([1.0, np.nan])


def test_density_is_that_of_r() -> None:
    """R 4.2: d <- density(c(1, 2, 4)); the bandwidth by hand: 0.9 * (1.5 / 1.34) * 3^-0.2, the sum of heights 1 / step."""
    d = kernel_density([1.0, 2.0, 4.0])
    assert d.bandwidth == pytest.approx(0.9 * 1.5 / 1.34 * 3**-0.2)
    assert (d.x[0], d.x[-1]) == pytest.approx((1 - 3 * d.bandwidth, 4 + 3 * d.bandwidth))
    exact = np.exp(-0.5 * ((d.x[:, None] - [1, 2, 4]) / d.bandwidth) ** 2).mean(axis=1) / (
        d.bandwidth * np.sqrt(2 * np.pi)
    )
    assert d.y == pytest.approx(exact, abs=5e-4)


def brute_clusters(xy: np.ndarray, radius: float, at_least: int) -> tuple[list[set[int]], set[int]]:
    """Clusters of cores by spreading from one to the next, and the points near no core."""
    near = np.hypot(xy[:, None, 0] - xy[None, :, 0], xy[:, None, 1] - xy[None, :, 1]) <= radius
    core = near.sum(axis=1) >= at_least
    left, found = set(np.flatnonzero(core).tolist()), []
    while left:
        cluster, edge = set(), {min(left)}
        while edge:
            cluster |= edge
            edge = {j for i in edge for j in np.flatnonzero(near[i] & core).tolist()} - cluster
        left -= cluster
        found.append(cluster)
    return found, {i for i in range(len(xy)) if not core[i] and not (near[i] & core).any()}


@given(seed=st.integers(0, 5000), at_least=st.integers(1, 6))
def test_clusters_are_those_of_the_definition(seed: int, at_least: int) -> None:
    xy = np.random.default_rng(seed).uniform(0, 12, (40, 2))
    labels = density_clusters(xy, radius=1.5, at_least=at_least)
    cores, noise = brute_clusters(xy, 1.5, at_least)
    assert set(np.flatnonzero(labels == -1).tolist()) == noise
    assert len(cores) == labels.max(initial=-1) + 1
    for cluster in cores:
        assert len({labels[i] for i in cluster}) == 1
    first_members = [int(np.flatnonzero(labels == k)[0]) for k in range(len(cores))]
    assert first_members == sorted(first_members)


def test_clusters_do_not_depend_on_the_order_and_refuse_nonsense() -> None:
    rng = np.random.default_rng(9)
    xy = rng.uniform(0, 20, (200, 2))
    order = rng.permutation(200)
    one, two = density_clusters(xy, radius=1.5, at_least=4), density_clusters(xy[order], radius=1.5, at_least=4)
    same = lambda labels: labels[:, None] == labels[None, :]  # noqa: E731
    assert np.array_equal(same(one)[np.ix_(order, order)], same(two))
    assert density_clusters([], radius=1, at_least=3).size == 0
    with pytest.raises(MethodError, match="positive radius"):
        density_clusters(xy, radius=0, at_least=3)


def test_the_slope_changes_where_two_lines_meet() -> None:
    """Ten patients one month apart, then five ten months apart: by hand the cut is at 10, and both slopes are exact."""
    time = [*range(1, 11), 25, 35, 45, 55, 65]
    event = [1] * 9 + [0] + [1, 0, 0, 0, 0]
    rng = np.random.default_rng(1)
    order = rng.permutation(15)
    split = slope_change(np.array(time)[order], np.array(event)[order])
    assert (split.cut, split.n_low, split.n_high, split.n_undecided) == (10, 10, 5, 1)
    assert (split.slope_low, split.slope_high) == pytest.approx((1, 10))
    assert split.explained == pytest.approx(1)
    assert np.array_equal(split.is_high, np.array(time)[order] > 10)


def test_the_slope_of_equal_times_does_not_change() -> None:
    with pytest.raises(MethodError, match="1 distinct times"):
        slope_change([5.0] * 8, [1] * 8)
    with pytest.raises(MethodError, match="none missing"):
        slope_change([5.0, np.nan], [1, 1])
