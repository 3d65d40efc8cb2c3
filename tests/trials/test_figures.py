"""The figures that a reproduced trial shows beside the paper are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from onearm.run.reproduce import reproduce_trial, shipped_trials


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped_trials())
def test_every_figure_that_is_named_is_drawn(name: str, tmp_path: Path) -> None:
    assert reproduce_trial(name, tmp_path / name).missing_figures == ()
