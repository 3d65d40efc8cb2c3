"""Milestones and mean comparisons against R, a published vignette and hand calculations."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.kaplan_meier import KaplanMeier, kaplan_meier
from onearm.stats.milestone import compare_milestone, compare_restricted_means, milestone_against

EXTRA = json.loads((Path(__file__).parents[1] / "reference" / "survival_extra.json").read_text())


def arm(which: int) -> KaplanMeier:
    data = {name: np.array(values) for name, values in EXTRA["pbc"].items()}
    mine = data["arm"] == which
    return kaplan_meier(data["time"][mine], data["status"][mine])


def test_restricted_means_as_the_vignette_of_survrm2_prints_them() -> None:
    # Uno H, vignette of the R package survRM2, rmst2(time, status, arm, tau = 10)
    found = compare_restricted_means(arm(1), arm(0), 10)
    assert [round(found.first, 3), round(found.second, 3)] == [7.146, 7.283]
    printed = {
        "difference": (-0.137, -0.939, 0.665, 0.738),
        "ratio": (0.981, 0.878, 1.096, 0.738),
        "lost_ratio": (1.050, 0.787, 1.402, 0.738),
    }
    for name, values in printed.items():
        got = [getattr(found, name + end) for end in ("", "_low", "_high", "_p")]
        assert [round(value, 3) for value in got] == list(values)


@pytest.mark.parametrize("scale", ["plain", "log", "log-log", "logit", "arcsine"])
def test_milestone_chi_squared_as_r(scale: Any) -> None:
    expected = EXTRA["milestone"]
    found = compare_milestone(arm(1), arm(0), expected["time"], scale=scale)
    assert math.isclose(found.first, expected["surv1"], rel_tol=1e-9)
    assert math.isclose(found.z**2, expected["chisq"][scale], rel_tol=1e-8)
    assert math.isclose(found.std_error, math.hypot(expected["se1"], expected["se0"]), rel_tol=1e-9)
    assert found.z < 0  # the first arm has the lower survival on every scale


@pytest.mark.parametrize("scale", ["plain", "log", "log-log", "logit", "arcsine"])
def test_one_arm_against_a_value_agrees_with_its_limits(scale: Any) -> None:
    # a value at the edge of the 95% limits on a scale has p = 0.05 on that scale
    time, event = [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 0, 1, 0, 1, 0, 0]
    curve = kaplan_meier(time, event, interval=scale)
    row = int(np.searchsorted(curve.time, 4))
    found = milestone_against(curve, 4, float(curve.low[row]), scale=scale)
    assert math.isclose(found.p, 0.05, rel_tol=1e-9)
    assert math.isclose(found.p_better, 0.025, rel_tol=1e-9)


def test_what_cannot_be_tested_is_said() -> None:
    alive, short = kaplan_meier([5, 6], [0, 0]), kaplan_meier([1, 2], [1, 0])
    found = compare_milestone(alive, short, 3)
    assert math.isnan(found.p)
    assert found.note == (
        "first arm: S is 1 there, without a standard error that a test could use; "
        "second arm: no one was observed beyond 2"
    )
    assert math.isnan(milestone_against(alive, 3, 0.5).p)


def test_bad_choices_are_named() -> None:
    curve = kaplan_meier([1, 2], [1, 0])
    with pytest.raises(MethodError, match="Did you mean 'log-log'"):
        compare_milestone(curve, curve, 1, scale="loglog")  # type: ignore[arg-type]  # what is tested
    with pytest.raises(MethodError, match="reference: must lie between 0 and 1"):
        milestone_against(curve, 1, 50)


def test_without_variation_a_mean_has_no_p() -> None:
    found = compare_restricted_means(kaplan_meier([5, 6], [0, 0]), kaplan_meier([5, 6], [0, 0]), 4)
    assert found.difference == 0
    assert math.isnan(found.difference_p)
    assert math.isnan(found.lost_ratio)
