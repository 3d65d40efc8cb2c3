"""Hy's law: one case at each side of each limit."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from onearm.rules.liver import liver_peaks

DAY = dt.date(2024, 1, 1)


def _peaks(*values: tuple[int, str, float]) -> dict[str, object]:
    table = pl.DataFrame(
        [("1", DAY + dt.timedelta(days=day), test, multiple) for day, test, multiple in values],
        schema={"subject": pl.String, "day": pl.Date, "test": pl.String, "multiple": pl.Float64},
        orient="row",
    )
    return liver_peaks(table).row(0, named=True)


@pytest.mark.parametrize(
    ("alt", "bilirubin", "quadrant"),
    [
        (2.99, 2.0, "below both limits"),
        (3.0, 2.0, "Temple's corollary range"),
        (2.99, 2.01, "hyperbilirubinemia range"),
        (3.0, 2.01, "Hy's law range"),
    ],
)
def test_three_times_for_transaminases_and_more_than_two_for_bilirubin(
    alt: float, bilirubin: float, quadrant: str
) -> None:
    assert _peaks((1, "ALT", alt), (1, "BILI", bilirubin))["quadrant"] == quadrant


def test_the_higher_of_alt_and_ast_counts() -> None:
    assert _peaks((1, "ALT", 1.0), (2, "AST", 5.0), (3, "BILI", 1.0))["transaminase"] == 5.0


@pytest.mark.parametrize(("day", "within"), [(0, False), (1, True), (31, True), (32, False)])
def test_bilirubin_counts_up_to_30_days_after_the_rise(day: int, within: bool) -> None:
    assert _peaks((1, "ALT", 4.0), (day, "BILI", 3.0))["is_within_30_days"] is within


@pytest.mark.parametrize(("day", "alkaline", "without"), [(1, 1.99, True), (1, 2.0, False), (2, 5.0, None)])
def test_cholestasis_counts_up_to_the_rise(day: int, alkaline: float, without: bool | None) -> None:
    found = _peaks((1, "ALT", 4.0), (1, "BILI", 3.0), (day, "ALP", alkaline))
    assert found["is_without_cholestasis"] is without


def test_without_a_bilirubin_there_is_no_quadrant() -> None:
    assert _peaks((1, "ALT", 4.0))["quadrant"] is None
