"""Growth of the small trial by hand, and what the figure is drawn from."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_trial import PROTOCOL, write_small_trial

from onearm.analyses import analyse
from onearm.outputs.figures.kinetics import draw_kinetics, kinetics_data, measured_sizes
from onearm.run import check_trial

MODEL = PROTOCOL + '[tumour]\nsize_model = "stein"\n'


def test_growth_rate_to_the_first_scan(tmp_path: Path) -> None:
    """47 days: 50 to 30 mm and 25 to 24 mm; volume goes with the third power. 003 has no scan after baseline."""
    found = check_trial(write_small_trial(tmp_path))
    rows = analyse(found.derived.datasets, found.protocol).filter(analysis="tumour_kinetics", variable="growth_rate")
    values = dict(rows.select("stat", "value").rows())
    low, high = (100 * ((later / first) ** (3 * 30.4375 / 47) - 1) for first, later in ((50, 30), (25, 24)))
    assert [values[stat] for stat in ("n", "missing", "min", "max")] == [2, 1, pytest.approx(low), pytest.approx(high)]


def test_a_model_is_fitted_only_where_the_protocol_asks_for_it(tmp_path: Path) -> None:
    """001 and 002 have two sums or more after baseline; 003 has none."""
    plain = check_trial(write_small_trial(tmp_path / "a"))
    assert analyse(plain.derived.datasets, plain.protocol).filter(variable="size_model").is_empty()
    found = check_trial(write_small_trial(tmp_path / "b", protocol=MODEL))
    rows = analyse(found.derived.datasets, found.protocol).filter(variable="size_model")
    assert dict(rows.select("variable_level", "value").rows()) == {
        "fitted": 2,
        "fewer than two measurements after the start": 1,
        "no size was measured": 0,
    }


def test_the_figure_draws_the_fitted_median_over_the_patients(tmp_path: Path) -> None:
    found = check_trial(write_small_trial(tmp_path, protocol=MODEL))
    results = analyse(found.derived.datasets, found.protocol)
    curve = kinetics_data(results)
    # 001 is measured for 131 days, so month 4 is the last; 002 for 89
    assert curve.select("months", "n").rows() == [(0, 2), (1, 2), (2, 2), (3, 1), (4, 1)]
    assert curve["median"][0] == 0
    figure = draw_kinetics(curve, measured_sizes(found.derived.datasets, found.protocol))
    lines = {line.get_gid() for axes in figure.axes for line in axes.lines}
    assert {"fitted median", "patient 001", "patient 002"} <= lines


def test_without_a_model_the_figure_says_so(tmp_path: Path) -> None:
    found = check_trial(write_small_trial(tmp_path))
    results = analyse(found.derived.datasets, found.protocol)
    figure = draw_kinetics(kinetics_data(results), measured_sizes(found.derived.datasets, found.protocol))
    assert not any(axes.lines for axes in figure.axes)


def test_measured_sizes_begin_at_baseline(tmp_path: Path) -> None:
    """28 December to 13 February is 47 days; 50 mm become 30."""
    found = check_trial(write_small_trial(tmp_path))
    rows = measured_sizes(found.derived.datasets, found.protocol).filter(USUBJID="001").head(2)
    assert rows["months"].to_list() == pytest.approx([0, 47 / 30.4375])
    assert rows["change"].to_list() == pytest.approx([0, -40])
