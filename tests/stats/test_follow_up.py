"""Follow-up by each definition; the reverse curve itself is compared in test_survival_reference.py."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.follow_up import (
    QuartileRule,
    follow_up_of_all,
    follow_up_of_censored,
    reverse_follow_up,
    reverse_kaplan_meier,
)

QUARTILES = json.loads((Path(__file__).parents[1] / "reference" / "survival_extra.json").read_text())["quartiles"]


def test_events_and_censorings_change_places() -> None:
    # at 4 a death and a censoring: the dead is still at risk of being censored, so 1 of 4, then 1 of 2, then 1 of 1
    curve = reverse_kaplan_meier([4, 4, 6, 9], [1, 0, 0, 0])
    np.testing.assert_allclose(curve.survival, [3 / 4, 3 / 8, 0])
    assert curve.n_events == 3


def test_early_deaths_shorten_observed_but_not_reverse_follow_up() -> None:
    time, event = [1, 2, 3, 20, 21, 22], [1, 1, 1, 0, 0, 0]
    assert follow_up_of_all(time, event).median == 11.5
    assert follow_up_of_censored(time, event).median == 21
    assert reverse_follow_up(time, event).median == 21


def test_the_reverse_median_has_an_interval_and_quartiles() -> None:
    found = reverse_follow_up(range(1, 21), [0] * 20)
    assert (found.first_quartile, found.median, found.third_quartile) == (5.5, 10.5, 15.5)
    assert found.low < found.median < found.high
    assert (found.shortest, found.longest, found.n) == (1, 20, 20)
    assert "95%" in repr(found)


@pytest.mark.parametrize("rule", ["r", "sas", "spss"])
def test_quartiles_as_in_each_program(rule: QuartileRule) -> None:
    found = follow_up_of_all(QUARTILES["values"], [0] * 8, quartiles=rule)
    np.testing.assert_allclose([found.first_quartile, found.median, found.third_quartile], QUARTILES[rule])


def test_where_everyone_died_there_is_no_time_of_the_living() -> None:
    found = follow_up_of_censored([1, 2], [1, 1])
    assert math.isnan(found.median)
    assert (found.n, found.note) == (0, "everyone had the event")


def test_where_no_one_is_censored_the_reverse_median_is_missing() -> None:
    found = reverse_follow_up([1, 2], [1, 1])
    assert math.isnan(found.median)
    assert found.note == "everyone had the event"


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(MethodError, match="Did you mean 'spss'"):
        follow_up_of_all([1, 2], [0, 0], quartiles="SPSS")  # type: ignore[arg-type]  # what is tested
