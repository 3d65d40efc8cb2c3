"""Restricted means: hand calculations, left truncation against R, properties."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import MethodError
from onearm.stats.kaplan_meier import kaplan_meier
from onearm.stats.restricted_mean import restricted_mean

EXTRA = json.loads((Path(__file__).parents[1] / "reference" / "survival_extra.json").read_text())


def test_kaplan_and_meier_with_their_factor_by_hand() -> None:
    # events at 1, 3, 4, a censoring at 2: S = 3/4, then 3/8, then 0; area 1 + 3/4 * 2 + 3/8 * 1 = 2.875
    curve = kaplan_meier([1, 2, 3, 4], [1, 0, 1, 1])
    plain = restricted_mean(curve)
    variance = (3 / 4 * 2 + 3 / 8) ** 2 / (4 * 3) + (3 / 8) ** 2 / (2 * 1)
    assert math.isclose(plain.estimate, 2.875)
    assert math.isclose(plain.std_error, math.sqrt(variance))
    corrected = restricted_mean(curve, "last event", small_sample_factor=True)
    assert math.isclose(corrected.std_error, math.sqrt(variance * 3 / 2))


def test_the_mean_of_sas_ends_at_the_last_event() -> None:
    curve = kaplan_meier([1, 3, 9], [1, 1, 0])
    assert restricted_mean(curve).tau == 9
    found = restricted_mean(curve, "last event")
    assert (found.tau, found.estimate) == (3, 1 + 2 / 3 * 2)


def test_left_truncation_as_r() -> None:
    data = EXTRA["left_truncation"]
    found = restricted_mean(kaplan_meier(data["stop"], data["status"], entry=data["start"]), 30)
    np.testing.assert_allclose([found.estimate, found.std_error], data["rmst30"], rtol=1e-9)


def test_without_censoring_it_is_the_mean_of_the_shortened_times() -> None:
    time = np.array([2.0, 5.0, 5.0, 7.0, 11.0, 13.0])
    found = restricted_mean(kaplan_meier(time, np.ones(6)), 8)
    shortened = np.minimum(time, 8)
    assert math.isclose(found.estimate, shortened.mean())
    # and its variance the one of a sample mean with divisor n
    assert math.isclose(found.std_error, shortened.std() / math.sqrt(6))


def test_a_horizon_beyond_the_observation_is_said() -> None:
    found = restricted_mean(kaplan_meier([1, 2], [1, 0]), 4)
    assert found.estimate == 1 + 3 * 0.5
    assert "no one was observed beyond 2" in found.note
    assert not restricted_mean(kaplan_meier([1, 2], [1, 1]), 4).note


@pytest.mark.parametrize("tau", [0, -1, math.inf, math.nan, "last"])
def test_a_horizon_must_be_one(tau: float) -> None:
    with pytest.raises(MethodError, match="tau: must be a positive number"):
        restricted_mean(kaplan_meier([1, 2], [1, 1]), tau)


def test_no_last_event_without_an_event() -> None:
    with pytest.raises(MethodError, match="there is no event"):
        restricted_mean(kaplan_meier([1, 2], [0, 0]), "last event")


@given(st.lists(st.tuples(st.integers(1, 25), st.booleans()), min_size=1, max_size=40), st.floats(0.5, 25))
def test_it_lies_between_zero_and_the_horizon(rows: list[tuple[int, bool]], tau: float) -> None:
    time, event = zip(*rows, strict=True)
    found = restricted_mean(kaplan_meier(time, event), tau)
    assert 0 < found.estimate <= tau * (1 + 1e-12)
    assert found.low <= found.estimate <= found.high
    assert math.isclose(found.estimate + found.lost, tau)
