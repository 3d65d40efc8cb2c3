"""Cox models against the numbers of R's survival package."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.stats.cox import CoxModel, cox
from onearm.stats.cox_diagnostics import concordance, proportional_hazards
from onearm.stats.factors import Design, design_matrix

TOLERANCE = 1e-8
REFERENCES = {"factor(ph_ecog)": {"ph_ecog": 0}, "celltype": {"celltype": "squamous"}}
MODELS = [
    ("aml", "x"),
    *(("lung", model) for model in ("sex", "age", "factor(ph_ecog)", "sex+strata(ph_ecog)", "sex+age+ph_ecog")),
    *(("ovarian", model) for model in ("rx", "age", "rx+strata(resid.ds)", "rx+age")),
    *(("veteran", m) for m in ("trt", "celltype", "karno", "trt+strata(celltype)", "trt+celltype+karno+age")),
]


def columns(path: Path) -> dict[str, np.ndarray]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    table = {}
    for name in rows[0]:
        text = [row[name] for row in rows]
        try:
            table[name] = np.array([float(value) if value else np.nan for value in text])
        except ValueError:
            table[name] = np.array(text)
    return table


def fit(folder: Path, name: str, formula: str, ties: str) -> tuple[CoxModel, Design, dict[str, Any]]:
    """Fit the model of an R formula to a data set of the reference folder."""
    expected = json.loads((folder / f"{name}.json").read_text())
    table = columns(folder / f"{name}.csv")
    terms = formula.split("+")
    strata = next((term[7:-1] for term in terms if term.startswith("strata(")), None)
    names = {term: term.removeprefix("factor(").rstrip(")") for term in terms if not term.startswith("strata(")}
    reference = {key: value for term in names for key, value in REFERENCES.get(term, {}).items()}
    # R keeps the levels of celltype in the order of the data
    levels = {"celltype": ["squamous", "smallcell", "adeno", "large"]} if "celltype" in names.values() else {}
    design = design_matrix({v: table[v] for v in names.values()}, references=reference, levels=levels)
    keep = design.complete.copy()
    if strata:
        keep &= np.array([value == value for value in table[strata]])
    model = cox(
        table[expected["time"]][keep],
        table[expected["status"]][keep],
        design.X[keep[design.complete]],
        names=design.names,
        strata=table[strata][keep] if strata else None,
        ties=ties,
    )
    return model, design, expected


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize(("name", "formula"), MODELS)
def test_models_equal_r(shared_reference: Callable[[str], Path], name: str, formula: str, ties: str) -> None:
    model, _, reference = fit(shared_reference("survival"), name, formula, ties)
    expected = reference["cox"][formula][ties]
    assert (model.n, model.n_events) == (expected["n"], expected["events"])
    for ours, theirs in {
        "coef": "coef",
        "std_error": "se",
        "z": "z",
        "p": "p",
        "hazard_ratio": "hr",
        "low": "hr_lower",
        "high": "hr_upper",
    }.items():
        np.testing.assert_allclose(getattr(model, ours), np.atleast_1d(expected[theirs]), rtol=TOLERANCE, err_msg=ours)
    np.testing.assert_allclose([model.log_likelihood_null, model.log_likelihood], expected["loglik"], rtol=TOLERANCE)
    np.testing.assert_allclose(
        model.likelihood_ratio, [expected[k] for k in ("lr_chisq", "lr_df", "lr_p")], rtol=TOLERANCE
    )
    np.testing.assert_allclose(
        [model.score.statistic, model.score.p], [expected["score_chisq"], expected["score_p"]], rtol=TOLERANCE
    )
    np.testing.assert_allclose(model.wald.p, expected["wald_p"], rtol=1e-7)  # R rounds the statistic; p moves with it
    assert round(model.wald.statistic, 2) == expected["wald_chisq"]
    found = concordance(model)
    np.testing.assert_allclose(
        [found.estimate, found.std_error], [expected["concordance"], expected["concordance_se"]], rtol=TOLERANCE
    )


@pytest.mark.parametrize("name", ["aml", "lung", "ovarian", "veteran"])
def test_proportional_hazards_equal_cox_zph(shared_reference: Callable[[str], Path], name: str) -> None:
    folder = shared_reference("survival")
    expected = json.loads((folder / f"{name}.json").read_text())["cox_zph_km_transform"]
    model, design, _ = fit(folder, name, expected["model"], "efron")
    test = proportional_hazards(model, terms=design.groups)
    assert list(test.names) == expected["term"]
    np.testing.assert_allclose(test.statistic, expected["chisq"], rtol=TOLERANCE)
    np.testing.assert_array_equal(test.df, expected["df"])
    np.testing.assert_allclose(test.p, expected["p"], rtol=TOLERANCE)


def nasty(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "nasty_two_group.json").read_text())["cases"]


FINITE = ["identical_groups", "all_tied", "heavy_ties", "crossing", "stratified", "float_near_ties"]
SEPARATED = {
    "separation_zero_events_in_group": -1,
    "separation_reversed": 1,
    "one_event": -1,
    "single_member_group": -1,
    "complete_order": -1,
    "continuous_perfect": 1,
}
LIMITS = {
    "separation_zero_events_in_group": -np.log(120),
    "separation_reversed": -np.log(120),
    "one_event": -np.log(2),
    "single_member_group": -np.log(60),
    "complete_order": -2 * np.log(24),
    "continuous_perfect": 0.0,
}


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("case", FINITE)
def test_nasty_finite_cases_equal_r(shared_reference: Callable[[str], Path], case: str, ties: str) -> None:
    entry = nasty(shared_reference("survival"))[case]
    data, expected = entry["data"], entry["expected"]["cox"][ties]
    model = cox(data["time"], data["status"], data["g"], ties=ties)
    pairs = {
        "coef": (model.coef[0], expected["coef"]),
        "std_error": (model.std_error[0], expected["se"]),
        "low": (model.low[0], expected["hr_lower"]),
        "high": (model.high[0], expected["hr_upper"]),
        "likelihood ratio": (model.likelihood_ratio.statistic, expected["lr_chisq"]),
        "score": (model.score.p, expected["score_p"]),
    }
    for what, (ours, theirs) in pairs.items():
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=1e-12, err_msg=what)
    assert model.separation is None


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize(("case", "sign"), SEPARATED.items())
def test_nasty_separated_cases_are_reported_as_such(
    shared_reference: Callable[[str], Path], case: str, sign: int, ties: str
) -> None:
    entry = nasty(shared_reference("survival"))[case]
    data, expected = entry["data"], entry["expected"]["cox"][ties]
    model = cox(data["time"], data["status"], data["g"], ties=ties, names=["g"])
    assert model.separation is not None
    assert model.separation.signs == (sign,)
    assert model.coef[0] == sign * np.inf
    assert model.hazard_ratio[0] == (np.inf if sign > 0 else 0.0)
    assert np.isnan([model.std_error[0], model.z[0], model.p[0], model.low[0], model.high[0], model.wald.p]).all()
    # by hand: at the limit each death competes only with those that share its value of the covariate
    statistic = 2 * (LIMITS[case] - expected["loglik"][0])
    assert model.separation.likelihood_ratio[0].statistic == pytest.approx(statistic, rel=1e-12)
    # R stops short of the limit, by up to 6e-8
    assert model.separation.likelihood_ratio[0].statistic == pytest.approx(expected["lr_chisq"], abs=1e-7)
    assert model.score.p == pytest.approx(expected["score_p"], rel=TOLERANCE)
    firth = model.separation.firth
    assert 0 < firth.low[0] < firth.hazard_ratio[0] < firth.high[0] < np.inf
    assert (firth.coef[0] > 0) == (sign > 0)
    assert "g: separation" in repr(model)
    assert "e+" not in repr(model).split("Note")[0]


def test_no_event_is_refused(shared_reference: Callable[[str], Path]) -> None:
    data = nasty(shared_reference("survival"))["no_events"]["data"]
    with pytest.raises(MethodError, match="event: none among 6 subjects"):
        cox(data["time"], data["status"], data["g"])


def test_stratum_without_events_is_noted(shared_reference: Callable[[str], Path]) -> None:
    case = nasty(shared_reference("survival"))["stratified"]
    data, expected = case["data"], case["expected"]["logrank_stratified"]
    model = cox(data["time"], data["status"], data["g"], strata=data["site"])
    assert model.score.statistic == pytest.approx(expected["chisq"], rel=1e-12)
    assert "stratum 'c' has no event" in " ".join(model.notes)
