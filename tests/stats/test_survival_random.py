"""Quantiles in both ways of R, log-rank and Gray's test on 200 small random samples with many ties."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onearm.stats.gray import gray_test
from onearm.stats.kaplan_meier import kaplan_meier
from onearm.stats.log_rank import log_rank
from onearm.stats.quantiles import survival_quantile

SAMPLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "reference" / "survival_random.json").read_text()
)


def numbers(values: list[Any]) -> list[float]:
    return [math.nan if value in ("NA", "NaN") else value for value in values]


@pytest.mark.parametrize("scale", ["plain", "log", "log-log", "logit", "arcsin"])
def test_quantiles_and_printed_medians(scale: str) -> None:
    for number, sample in enumerate(SAMPLES):
        interval: Any = scale.replace("arcsin", "arcsine")
        curve = kaplan_meier(sample["time"], sample["event"], interval=interval)
        found = [survival_quantile(curve, p) for p in (0.25, 0.5, 0.75)]
        found.append(survival_quantile(curve, convention="r-print"))
        expected = sample["limits"][scale]
        np.testing.assert_allclose(
            [[q.estimate, q.low, q.high] for q in found],
            [numbers(expected[name]) for name in ("q25", "q50", "q75", "print")],
            err_msg=f"sample {number}",
        )


def known(name: str) -> Iterator[tuple[dict[str, Any], float]]:
    return ((sample, sample[name]) for sample in SAMPLES if not isinstance(sample[name], str))


def test_stratified_log_rank() -> None:
    compared = 0
    for sample, expected in known("log_rank"):
        found = log_rank(sample["time"], sample["event"], sample["group"], strata=sample["stratum"])
        assert math.isclose(found.chi_squared, expected, rel_tol=1e-9, abs_tol=1e-9)
        compared += 1
    assert compared > 150


def test_gray() -> None:
    compared = 0
    for sample, expected in known("gray"):
        found = gray_test(sample["time"], sample["cause"], sample["group"])
        assert math.isclose(found.chi_squared, expected, rel_tol=1e-8, abs_tol=1e-9)
        compared += 1
    assert compared > 150
