"""Growth and decay: rates that are known are found again, and SciPy's least squares finds no better ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from onearm.errors import MethodError
from onearm.stats.tumour_size import fit_tumour_size, predict_tumour_size

TIMES = np.array([1.5, 3.0, 4.5, 6.0, 9.0, 12.0])


def fit(*sizes: np.ndarray, times: np.ndarray = TIMES):
    which = np.repeat(np.arange(len(sizes)), times.size)
    return fit_tumour_size(which, np.tile(times, len(sizes)), np.concatenate(sizes), len(sizes))


@pytest.mark.parametrize(("growth", "decay"), [(0.05, 0.4), (0.2, 0.0), (0.0, 0.3), (0.0, 0.0), (0.02, 1.5)])
def test_known_rates_are_found_again(growth: float, decay: float) -> None:
    found = fit(predict_tumour_size(TIMES, growth, decay))
    assert found.growth[0] == pytest.approx(growth, abs=1e-4)
    assert found.decay[0] == pytest.approx(decay, abs=1e-4)


def test_the_curve_is_that_of_stein() -> None:
    """exp(-0.5) + exp(0.1) - 1 at one month, by hand: 0.60653 + 1.10517 - 1."""
    assert float(predict_tumour_size(1.0, 0.1, 0.5)) == pytest.approx(0.71170, abs=1e-5)


def test_scipy_finds_nothing_better() -> None:
    """300 noisy series; SciPy starts from the truth and from four other points."""
    rng = np.random.default_rng(20240607)
    growth, decay = rng.uniform(0, 0.3, 300), rng.uniform(0, 1.0, 300)
    sizes = [
        np.maximum(predict_tumour_size(TIMES, g, d) + rng.normal(0, 0.1, TIMES.size), 0)
        for g, d in zip(growth, decay, strict=True)
    ]
    found = fit(*sizes)
    assert (found.note == "").all()
    for i in range(0, 300, 6):
        best = min(
            float(
                2
                * least_squares(
                    lambda p, y=sizes[i]: predict_tumour_size(TIMES, p[0], p[1]) - y, start, bounds=([0, 0], [10, 10])
                ).cost
            )
            for start in [(growth[i], decay[i]), (0.01, 0.01), (0.3, 0.01), (0.01, 1.0), (0.3, 1.0)]
        )
        assert found.residual[i] <= best * (1 + 1e-5) + 1e-9


def test_series_do_not_disturb_each_other() -> None:
    one, two = predict_tumour_size(TIMES, 0.1, 0.3) + 0.02, predict_tumour_size(TIMES, 0.0, 0.8)
    both = fit(one, two)
    assert both.growth[0] == pytest.approx(fit(one).growth[0])
    assert both.decay[1] == pytest.approx(fit(two).decay[0])


def test_what_cannot_be_fitted_says_why() -> None:
    found = fit_tumour_size([0, 1, 1], [1.0, 1.0, 2.0], [0.5, 0.8, 0.6], 3)
    assert found.note.tolist() == [
        "fewer than two measurements after the start",
        "",
        "fewer than two measurements after the start",
    ]
    assert np.isnan(found.growth).tolist() == [True, False, True]


def test_measurements_before_the_start_and_missing_ones_are_not_used() -> None:
    found = fit_tumour_size([0] * 4, [-1.0, 1.0, 2.0, np.nan], [3.0, 0.8, 0.6, 0.5], 1)
    assert found.n_points.tolist() == [2]


def test_a_series_must_exist() -> None:
    with pytest.raises(MethodError, match="from 0 to 0"):
        fit_tumour_size([1], [1.0], [1.0], 1)
