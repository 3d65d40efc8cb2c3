"""Fine-Gray models against ``cmprsk::crr``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.cox import cox
from onearm.stats.fine_gray import FineGrayModel, fine_gray

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "reference" / "cox.json").read_text())
DATA = {name: np.array(values) for name, values in REFERENCE["data"].items()}
XZ = np.column_stack([DATA["x"], DATA["z"]])


def models() -> dict[str, FineGrayModel]:
    time, cause = DATA["time"], DATA["cause"]
    return {
        "one": fine_gray(time, cause, DATA["x"]),
        "three": fine_gray(time, cause, np.column_stack([XZ, DATA["g"] == "b"])),
        "other_cause": fine_gray(time, cause, XZ, cause_of_interest=2),
        "untied": fine_gray(REFERENCE["untied_time"], cause, XZ),
        "by_site": fine_gray(time, cause, XZ, censoring_groups=DATA["site"]),
    }


@pytest.mark.parametrize("name", ["one", "three", "other_cause", "untied", "by_site"])
def test_equals_crr(name: str) -> None:
    expected, model = REFERENCE["fine_gray"][name], models()[name]
    np.testing.assert_allclose(model.coef, np.atleast_1d(expected["coef"]), rtol=1e-8)
    np.testing.assert_allclose(model.log_likelihood, expected["loglik"], rtol=1e-10)
    np.testing.assert_allclose(model.log_likelihood_null, expected["loglik_null"], rtol=1e-10)
    np.testing.assert_allclose(model.hazard, expected["hazard"], rtol=1e-8)
    np.testing.assert_allclose(model.covariance, expected["var"], rtol=1e-8, atol=1e-12)


def test_without_competing_events_the_estimate_is_that_of_cox() -> None:
    event = DATA["event"]
    model = fine_gray(DATA["time"], event, XZ)
    np.testing.assert_allclose(model.coef, cox(DATA["time"], event, XZ, ties="breslow").coef, rtol=1e-7)
    assert "no competing event" in model.notes[0]


@pytest.mark.parametrize(
    ("cause", "message"),
    [([0, 2, 2, 0], "no event of kind 1"), ([0, 1, np.nan, 1], "without missing"), (["a", "b", "a", "b"], "numbers")],
)
def test_bad_causes_are_refused(cause: list[Any], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        fine_gray([1, 2, 3, 4], cause, [0, 1, 0, 1])


def test_separation_is_refused() -> None:
    with pytest.raises(MethodError, match="separation"):
        fine_gray([1, 2, 3, 4, 5, 6], [1, 1, 2, 0, 0, 0], [1, 1, 0, 0, 0, 0])
