"""Late entry, weights, exact ties, profile limits, residuals: against numbers made by ``tests/reference/cox.R``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onearm.stats.cox import CoxModel, cox
from onearm.stats.cox_diagnostics import concordance, proportional_hazards
from onearm.stats.cox_residuals import baseline_hazard, martingale_residuals, schoenfeld_residuals
from onearm.stats.factors import design_matrix

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "reference" / "cox.json").read_text())
DATA = {name: np.array(values) for name, values in REFERENCE["data"].items()}
DESIGN = design_matrix({"x": DATA["x"], "z": DATA["z"], "g": DATA["g"]})
XZ = DESIGN.X[:, :2]


def close(ours: Any, theirs: Any, rtol: float = 1e-8, atol: float = 0.0) -> None:
    np.testing.assert_allclose(np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=rtol, atol=atol)


def fit(kind: str, ties: str) -> CoxModel:
    time, event = DATA["time"], DATA["event"]
    if kind == "truncated":
        return cox(time, event, DESIGN.X, names=DESIGN.names, entry=DATA["entry"], ties=ties)
    if kind == "truncated_strata":
        return cox(time, event, XZ, names=["x", "z"], entry=DATA["entry"], strata=DATA["site"], ties=ties)
    return cox(time, event, XZ, names=["x", "z"], weights=DATA["weight"], ties=ties)


def check_fit(model: CoxModel, expected: dict[str, Any]) -> None:
    close(model.coef, expected["coef"])
    close(model.std_error, expected["se"])
    close([model.log_likelihood_null, model.log_likelihood], expected["loglik"])
    close(model.likelihood_ratio, expected["lr"])
    close(model.score, expected["score"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("kind", ["truncated", "truncated_strata", "weighted"])
def test_late_entry_strata_and_weights(kind: str, ties: str) -> None:
    expected, model = REFERENCE["models"][f"{kind}_{ties}"], fit(kind, ties)
    check_fit(model, expected)
    close(model.wald.statistic, expected["wald"])
    found = concordance(model)
    close([found.estimate, found.std_error], [expected["concordance"], expected["concordance_se"]])
    close(martingale_residuals(model), expected["martingale"], rtol=1e-7, atol=1e-9)
    terms = DESIGN.groups if kind == "truncated" else None
    for transform, table in expected["zph"].items():
        test = proportional_hazards(model, terms=terms, transform=transform)
        assert list(test.names) == table["term"]
        close(test.statistic, table["chisq"])
        close(test.df, table["df"])
        close(test.p, table["p"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_baseline_hazard(ties: str) -> None:
    expected, found = REFERENCE["models"][f"truncated_{ties}"]["basehaz"], baseline_hazard(fit("truncated", ties))
    hazard = dict(zip(expected["time"], expected["hazard"], strict=True))
    close(found.cumulative_hazard, [hazard[time] for time in found.time])


def test_schoenfeld_residuals() -> None:
    expected = REFERENCE["schoenfeld"]
    time, residuals = schoenfeld_residuals(cox(DATA["time"], DATA["event"], XZ))
    order = np.lexsort((residuals[:, 0], time))
    theirs = np.lexsort((expected["x"], expected["time"]))
    close(time[order], np.array(expected["time"])[theirs])
    close(residuals[order, 0], np.array(expected["x"])[theirs], rtol=1e-7, atol=1e-9)
    close(residuals[order, 1], np.array(expected["z"])[theirs], rtol=1e-7, atol=1e-9)
    close(residuals.sum(axis=0), [0, 0], atol=1e-6)


def test_exact_ties() -> None:
    time, event = DATA["time"], DATA["event"]
    check_fit(cox(time, event, XZ, ties="exact"), REFERENCE["models"]["exact"])
    check_fit(cox(time, event, XZ, ties="exact", strata=DATA["site"]), REFERENCE["models"]["exact_strata"])


def test_cause_specific() -> None:
    check_fit(cox(DATA["time"], DATA["cause"] == 1, XZ), REFERENCE["models"]["cause_specific"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_profile_limits(ties: str) -> None:
    model = cox(DATA["time"], DATA["event"], XZ, ties=ties, interval="profile")
    for i, name in enumerate(["x", "z"]):
        # the fit stops where coxph stops; the limits were made from a fit to convergence
        close(np.log([model.low[i], model.high[i]]), REFERENCE["profile"][ties][name])


def test_profile_limits_under_separation() -> None:
    time, group = [2, 3, 5, 8, 9, 4, 6, 10, 11, 12], [0] * 5 + [1] * 5
    model = cox(time, [1] * 5 + [0] * 5, group, interval="profile")
    assert model.low[0] == 0.0
    close(np.log(model.high[0]), REFERENCE["profile_one_sided"])
