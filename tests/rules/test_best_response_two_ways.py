"""The fast and the slow best response agree on random courses under random switches."""

from __future__ import annotations

import numpy as np
import pytest
from tests.rules.compare_best_response import differences, random_rules


@pytest.mark.parametrize("seed", range(40))
def test_fast_and_slow_agree_on_random_courses(seed):
    rng = np.random.default_rng(seed)
    assert differences(random_rules(rng), n_subjects=150, rng=rng) == []
