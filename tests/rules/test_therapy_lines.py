"""Lines of therapy, by the first days of their agents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.rules.therapy_lines import number_lines


@pytest.mark.parametrize(
    ("days", "within", "lines"),
    [
        ([], 28, []),
        ([5], 28, [1]),
        # day 28 after the first agent still belongs to its line, day 29 does not
        ([0, 28], 28, [1, 1]),
        ([0, 29], 28, [1, 2]),
        # the first agent of the line counts, not the one before: 40 is 40 days after 0 and begins a line; 60 belongs to it
        ([0, 20, 40, 60], 28, [1, 1, 2, 2]),
        ([60, 0, 100], 0, [2, 1, 3]),
        ([7, 7], 0, [1, 1]),
        # an agent without a day says no more than that there was therapy
        ([None, 0, 100, None], 28, [1, 1, 2, 1]),
        ([None, None], 28, [1, 1]),
        ([-100, 0], 28, [1, 2]),
    ],
)
def test_lines_by_hand(days: list[int | None], within: int, lines: list[int]) -> None:
    assert number_lines(days, within_days=within) == lines


@given(st.lists(st.integers(0, 1000), max_size=8), st.integers(0, 200))
def test_a_wider_window_never_gives_more_lines(days: list[int], within: int) -> None:
    narrow, wide = (max(number_lines(days, within_days=w), default=0) for w in (within, within + 10))
    assert wide <= narrow
