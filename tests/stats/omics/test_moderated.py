"""The moderated t test against limma: the shared numbers of 500 proteins, and every option of both versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from onearm.errors import MethodError
from onearm.stats.omics.linear_fits import LinearFits, fit_linear, paired_design
from onearm.stats.omics.lowess import lowess, weighted_lowess
from onearm.stats.omics.moderated import EBayes, moderate, paired_moderated_t, two_group_moderated_t

Reference = Callable[[str], Path]
Matrix = np.ndarray[Any, np.dtype[np.float64]]

WHO = list(range(8)) * 2
AFTER = [0] * 8 + [1] * 8
GROUP = [0, 1] * 8
FIELDS = ("effect", "t", "p", "log_odds", "df", "variance_prior", "df_prior")


def numbers(values: list[Any]) -> Matrix:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


@cache
def reference() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "reference" / "moderated.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def matrix(name: str) -> Matrix:
    key = "holes" if "holes" in name else "values"
    return np.array([numbers(row) for row in reference()[key]]).T


def fits(name: str) -> tuple[LinearFits, int]:
    values = matrix(name)
    match name.split(maxsplit=1)[0]:
        case "differences":
            return fit_linear(values[8:] - values[:8], np.ones((8, 1))), 0
        case "blocked":
            return fit_linear(values, paired_design(WHO, AFTER)), -1
        case "groups":
            return fit_linear(values, np.column_stack([np.ones(16), GROUP])), 1
        case _:
            design = np.column_stack([np.ones(16), AFTER])
            return fit_linear(values, design, block=WHO, correlation=0.4), 1


@pytest.mark.parametrize("robust", ["plain", "robust"])
@pytest.mark.parametrize("trend", ["flat", "trend"])
@pytest.mark.parametrize("version", ["legacy", "current"])
@pytest.mark.parametrize("holes", ["", " with holes"])
@pytest.mark.parametrize("design", ["differences", "blocked", "groups", "correlated"])
def test_every_option_is_limma_s(design: str, holes: str, version: Any, trend: str, robust: str) -> None:
    """limma 3.63.2 on synthetic values (tests/reference/moderated.R), to a relative difference of 1e-9."""
    fitted, coefficient = fits(design + holes)
    test = moderate(fitted, coefficient, how=EBayes(trend == "trend", robust == "robust", version))
    wanted = reference()["tests"][f"{design}{holes}/{version}/{trend}/{robust}"]
    shown = numbers(reference()["shown"]).astype(int) - 1
    for field in FIELDS:
        np.testing.assert_allclose(
            getattr(test, field)[shown], numbers(wanted[field]), rtol=1e-9, atol=1e-12, err_msg=field
        )


def proteins(folder: Path) -> tuple[Matrix, Matrix]:
    wide = pl.read_csv(folder / "npx_wide.csv", null_values=["NA", ""], infer_schema_length=None)
    values = wide.drop("OlinkID").to_numpy().T
    return values[:15], values[15:]


@pytest.mark.parametrize(
    ("file", "version"), [("npx_R_limma_diff.csv", "legacy"), ("npx_R_limma363_diff_std.csv", "current")]
)
def test_500_proteins_in_15_pairs_with_missing_values(shared_reference: Reference, file: str, version: Any) -> None:
    folder = shared_reference("omics")
    wanted = pl.read_csv(folder / file, infer_schema_length=None)
    test = paired_moderated_t(*proteins(folder), how=EBayes(hyperparameters=version))
    columns = {"logFC": "effect", "t": "t", "P.Value": "p", "adj.P.Val": "q", "B": "log_odds"}
    for column, field in {**columns, "df.prior": "df_prior", "s2.prior": "variance_prior"}.items():
        np.testing.assert_allclose(getattr(test, field), wanted[column].to_numpy(), rtol=1e-9, err_msg=column)
    if "CI.L" in wanted.columns:
        np.testing.assert_allclose(test.low, wanted["CI.L"].to_numpy(), rtol=1e-9)
        np.testing.assert_allclose(test.high, wanted["CI.R"].to_numpy(), rtol=1e-9)


def test_lowess_is_that_of_r_and_limma() -> None:
    wanted = reference()["lowess"]
    x, y, weight = (numbers(wanted[name]) for name in ("x", "y", "weight"))
    np.testing.assert_allclose(lowess(x, y, fraction=0.4), numbers(wanted["plain"]), rtol=1e-9)
    np.testing.assert_allclose(weighted_lowess(x, y, weight, span=0.4), numbers(wanted["weighted"]), rtol=1e-9)
    few = weighted_lowess(x[:60], y[:60], weight[:60], span=0.5)
    np.testing.assert_allclose(few, numbers(wanted["few"]), rtol=1e-9)


def test_complete_pairs_blocked_or_differenced_give_one_t() -> None:
    """The residual variance of the differences is twice that of the blocked model, and so is its prior."""
    values = matrix("values")
    differenced = moderate(fit_linear(values[8:] - values[:8], np.ones((8, 1))), 0)
    blocked = moderate(fit_linear(values, paired_design(WHO, AFTER)))
    np.testing.assert_allclose(differenced.t, blocked.t, rtol=1e-9)
    np.testing.assert_allclose(differenced.variance, 2 * blocked.variance, rtol=1e-9)


def test_a_feature_that_was_never_measured_is_missing_and_changes_nothing_else() -> None:
    values = matrix("values")
    without = two_group_moderated_t(values, GROUP)
    padded = np.column_stack([values, np.full(16, np.nan)])
    with_void = two_group_moderated_t(padded, GROUP)
    assert np.isnan([with_void.effect[-1], with_void.t[-1], with_void.p[-1], with_void.q[-1]]).all()
    assert with_void.n[-1] == 0
    np.testing.assert_allclose(with_void.q[:-1], without.q, rtol=1e-4)  # current: unequal df, other hyperparameters
    legacy = EBayes(hyperparameters="legacy")
    np.testing.assert_allclose(
        two_group_moderated_t(padded, GROUP, how=legacy).t[:-1], two_group_moderated_t(values, GROUP, how=legacy).t
    )


def test_order_of_samples_and_features_does_not_matter() -> None:
    values = matrix("holes")
    rng = np.random.default_rng(3)
    rows, columns = rng.permutation(16), rng.permutation(values.shape[1])
    plain = two_group_moderated_t(values, GROUP)
    moved = two_group_moderated_t(values[rows][:, columns], np.array(GROUP)[rows])
    np.testing.assert_allclose(moved.p, plain.p[columns], rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: paired_moderated_t(np.ones((3, 4)), np.ones((2, 4))), "one row for each pair"),
        (lambda: two_group_moderated_t(np.ones((3, 4)), [1, 1, 1]), "two groups"),
        (lambda: fit_linear([[np.inf, 1.0], [2.0, 3.0]], np.ones((2, 1))), "sample 0, feature 0"),
        (lambda: fit_linear(np.ones((3, 2)), np.ones((2, 1))), "design"),
        (lambda: fit_linear(np.ones((4, 2)), np.ones((4, 1)), block=[1, 1, 2, 2], correlation=-1.0), "impossible"),
        (lambda: paired_moderated_t(np.ones((1, 4)), np.zeros((1, 4))), "nothing can be tested"),
        (lambda: moderate(fits("groups")[0], how=EBayes(hyperparameters="new")), "Known: current, legacy"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_said(call: Callable[[], object], says: str) -> None:
    with pytest.raises(MethodError, match=says):
        call()
