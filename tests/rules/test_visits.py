"""Visits against their plan: one case at each side of each limit."""

from __future__ import annotations

import polars as pl
import pytest

from onearm.rules.visits import compare_visits

PLANNED = [43, 85, 127]


def _statuses(days: list[int], until: int) -> list[tuple[int, int | None, str]]:
    visits = pl.DataFrame(
        {"subject": ["1"] * len(days), "day": days, "seq": list(range(len(days)))},
        schema={"subject": pl.String, "day": pl.Int64, "seq": pl.Int64},
    )
    followed = pl.DataFrame({"subject": ["1"], "until": [until]})
    found = compare_visits(visits, followed, PLANNED, window_days=7)
    return [(row["planned"], row["actual"], row["status"]) for row in found.iter_rows(named=True)]


@pytest.mark.parametrize(
    ("days", "until", "expected"),
    [
        ([43, 85, 127], 200, [(43, 43, "kept"), (85, 85, "kept"), (127, 127, "kept")]),
        ([50, 78], 92, [(43, 50, "kept"), (85, 78, "kept")]),
        ([51, 77], 92, [(43, 51, "outside"), (85, 77, "outside")]),
        # The window of day 85 ends on day 92: until then nothing is missed.
        ([43], 91, [(43, 43, "kept")]),
        ([43], 92, [(43, 43, "kept"), (85, None, "missed")]),
        # Day 64 is as near to day 43 as to day 85: it belongs to the earlier one.
        ([64], 92, [(43, 64, "outside"), (85, None, "missed")]),
        # The visit before treatment and the one on day 20 are no visit of day 43.
        ([-5, 20], 60, [(43, None, "missed")]),
        # Of two visits the nearer one counts.
        ([40, 46, 45], 60, [(43, 45, "kept")]),
        ([], 60, [(43, None, "missed")]),
    ],
)
def test_the_nearest_visit_within_the_window_keeps_the_plan(
    days: list[int], until: int, expected: list[tuple[int, int | None, str]]
) -> None:
    assert _statuses(days, until) == expected


def test_nothing_is_due_without_a_plan() -> None:
    visits = pl.DataFrame({"subject": ["1"], "day": [10], "seq": [1]})
    followed = pl.DataFrame({"subject": ["1"], "until": [100]})
    assert compare_visits(visits, followed, [], window_days=7).is_empty()
