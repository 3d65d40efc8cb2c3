"""Design matrices: references, levels, missing values."""

from __future__ import annotations

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.factors import design_matrix


def test_reference_and_order_of_levels() -> None:
    design = design_matrix(
        {"grade": ["low", "high", "mid", "low"], "age": [50, 60, 70, 80]},
        references={"grade": "mid"},
        levels={"grade": ["low", "mid", "high"]},
    )
    assert design.names == ("grade[low]", "grade[high]", "age")
    assert design.references == {"grade": "mid"}
    assert design.groups == {"grade": [0, 1], "age": [2]}
    np.testing.assert_array_equal(design.X, [[1, 0, 50], [0, 1, 60], [0, 0, 70], [1, 0, 80]])


def test_numbers_become_levels_where_a_reference_is_named() -> None:
    design = design_matrix({"ecog": [0.0, 10.0, 2.0, 0.0]}, references={"ecog": 0})
    assert design.names == ("ecog[2]", "ecog[10]")


def test_missing_values_leave_the_subject_out_and_are_counted() -> None:
    design = design_matrix({"age": [50, np.nan, 70, 80], "sex": ["F", "M", None, "M"], "arm": ["a", "b", "a", ""]})
    np.testing.assert_array_equal(design.complete, [True, False, False, False])
    assert design.notes[0] == "3 of 4 subjects left out: missing age in 1, sex in 1, arm in 1."
    assert "sex: nobody with all covariates has level 'M'" in design.notes[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"covariates": {}}, "none given"),
        ({"covariates": {"age": [1, 2]}, "references": {"aeg": 1}}, "Did you mean 'age'"),
        ({"covariates": {"sex": ["F", "M"]}, "references": {"sex": "X"}}, "unknown reference 'X'"),
        ({"covariates": {"sex": ["F", "F"]}}, "single level 'F'"),
        ({"covariates": {"sex": ["F", "X"]}, "levels": {"sex": ["F", "M"]}}, "not among those given: X"),
        ({"covariates": {"a": [1, 2], "b": [1, 2, 3]}}, "different lengths"),
        ({"covariates": {"a": [np.nan, 1.0], "b": [1.0, np.nan]}}, "no subject has all"),
    ],
)
def test_refused(arguments: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        design_matrix(**arguments)
