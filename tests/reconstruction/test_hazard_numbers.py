"""The fast comparisons equal those of the statistics room, which are held to R."""

from __future__ import annotations

import math

import numpy as np
import pytest

from onearm.reconstruction.curve_numbers import code_of
from onearm.reconstruction.hazard_numbers import hazard_numbers, log_rank_p, pattern_hazard, tables_of
from onearm.stats.cox import cox
from onearm.stats.log_rank import log_rank


def _cohort(seed: int, n: int, longest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(1, longest, n), rng.random(n) < 0.6, rng.random((n, 3)) < 0.4


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("longest", [12, 700])  # with many ties and with few
@pytest.mark.parametrize("seed", range(8))
def test_hazard_ratio_and_p_values(seed, longest, ties):
    day, event, X = _cohort(seed, 60, longest)
    first = X[:, 0]
    codes = np.array([code_of(int(d), bool(e)) for d, e in zip(day, event, strict=True)])
    tables = tables_of(sorted(codes[first].tolist()), sorted(codes[~first].tolist()))
    model = cox(day, event, first.astype(float), ties=ties)
    found = hazard_numbers(tables, ties=ties)
    expected = (model.hazard_ratio[0], model.low[0], model.high[0], model.p[0])
    assert found == pytest.approx(tuple(float(x) for x in expected), rel=1e-6)
    assert log_rank_p(tables) == pytest.approx(log_rank(day, event, first).p, rel=1e-9)

    several = cox(day, event, X.astype(float), ties=ties)
    patterns = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)], dtype=float)
    groups = [codes[(pattern.astype(bool) == X).all(axis=1)].tolist() for pattern in patterns]
    expected = (several.hazard_ratio[0], several.low[0], several.high[0], several.p[0])
    assert pattern_hazard(groups, patterns, ties=ties) == pytest.approx(tuple(float(x) for x in expected), rel=1e-5)


def test_a_group_without_events_has_no_hazard_ratio():
    assert math.isnan(hazard_numbers(tables_of([11, 13], [4, 6])).ratio)
