"""Characteristics: from random cohorts to counts and back, and counts that cannot hold together."""

from __future__ import annotations

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.reconstruction.count_targets import Cross, Margin, Measure, Quantity
from onearm.reconstruction.cross_program import conflicting_counts, is_possible
from onearm.reconstruction.margins import assign_margins
from onearm.reconstruction.printed import printed
from onearm.reconstruction.targets import Among


@pytest.mark.parametrize("seed", range(6))
def test_counts_of_a_random_cohort_are_met_again(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 90))
    labels = {f"V{k}": rng.choice(list("abc"), n, p=[0.5, 0.3, 0.2]) for k in range(6)}
    responder = rng.choice(["Y", "N"], n)
    margins = [Margin(name, {level: int((x == level).sum()) for level in "abc"}) for name, x in labels.items()]
    crosses = [
        Cross(
            f"{name} {level}",
            (Among(name, level), Among("RESPONDER", "Y")),
            int(((x == level) & (responder == "Y")).sum()),
        )
        for name, x in labels.items()
        for level in "ab"
    ]
    both = (labels["V0"] == "a") & (labels["V1"] == "b") & (responder == "Y")
    several = Cross("three", (Among("V0", "a"), Among("V1", "b"), Among("RESPONDER", "Y")), int(both.sum()))
    joined = Cross(
        "joined", (Among("V2", "b|c"), Among("V3", "a")), int(((labels["V2"] != "a") & (labels["V3"] == "a")).sum())
    )
    given = {"RESPONDER": sorted(responder.tolist())}
    solution = assign_margins(n, margins, [*crosses, several, joined], given=given, seed=seed)
    assert [check for check in solution.checks if not check.is_met] == []
    found = solution.labels
    assert int(((found["V2"] != "a") & (found["V3"] == "a")).sum()) == joined.count
    assert all(int((found[m.variable] == level).sum()) == count for m in margins for level, count in m.counts.items())
    assert found["RESPONDER"].tolist() == given["RESPONDER"]


def test_age_of_alter_e_003():
    """Median 67, range 44 to 77, 15 younger than 65: all at once."""
    age = Measure(
        "AGE",
        quantities=(Quantity("age", printed("67"), low=printed("44"), high=printed("77")),),
        groups={"< 65": (44, 64), "≥ 65": (65, 77)},
        lowest=44,
        highest=77,
    )
    solution = assign_margins(46, [Margin("AGE_GROUP", {"< 65": 15, "≥ 65": 31})], measures=[age])
    values = solution.values["AGE"]
    assert all(check.is_met for check in solution.checks)
    assert (np.median(values), values.min(), values.max(), (values < 65).sum()) == (67, 44, 77, 15)


def test_mean_and_standard_deviation():
    size = Measure("SIZE", decimals=1, quantities=(Quantity("size", mean=printed("52.3"), sd=printed("11.8")),))
    values = assign_margins(40, [], measures=[size]).values["SIZE"]
    assert round(float(values.mean()), 1) == 52.3
    assert round(float(values.std(ddof=1)), 1) == 11.8


def test_a_conflict_names_only_counts_that_are_needed_for_it():
    """Three women respond and there are two; how many smoke has nothing to do with it."""
    given = {"RESPONDER": ["Y"] * 4 + ["N"] * 6}
    sex, smoking = Margin("SEX", {"M": 8, "F": 2}), Margin("SMOKING", {"Y": 5, "N": 5})
    women = Cross("women responding", (Among("SEX", "F"), Among("RESPONDER", "Y")), 3)
    smokers = Cross("smokers responding", (Among("SMOKING", "Y"), Among("RESPONDER", "Y")), 2)
    solution = assign_margins(10, [sex, smoking], [women, smokers], given=given)
    (conflict,) = solution.conflicts
    assert conflict.is_proved
    assert set(conflict.names) == {"women responding", "SEX = M", "SEX = F"}
    assert {check.name: check.is_met for check in solution.checks}["smokers responding"]


def test_more_patients_than_there_are():
    (conflict,) = assign_margins(10, [Margin("SEX", {"M": 8, "F": 3})]).conflicts
    assert conflict.names == ("SEX = M", "SEX = F")


def test_the_program_agrees_with_counting():
    given = {"RESPONDER": ["Y"] * 4 + ["N"] * 6}
    sex = Margin("SEX", {"M": 8, "F": 2})
    for count in range(11):
        cross = Cross("x", (Among("SEX", "M"), Among("RESPONDER", "Y")), count)
        assert is_possible(10, [sex], [cross], given) is (2 <= count <= 4)
        assert bool(conflicting_counts(10, [sex], [cross], given)) is not (2 <= count <= 4)


def test_a_cross_over_an_unknown_characteristic_is_refused():
    with pytest.raises(MethodError, match="GENE"):
        assign_margins(10, [], [Cross("x", (Among("GENE", "Y"),), 3)])
