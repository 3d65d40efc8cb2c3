"""Figures of doses, of one patient and of Hy's law, as the data that they draw and the marks that they make."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from matplotlib.text import Annotation, Text
from small_trial import PROTOCOL, write_small_trial

from onearm.outputs import figures as draw
from onearm.outputs.figures.dosing import level_colour
from onearm.run import Checked, check_trial

HEAD = "USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC\n"
EX = HEAD + (
    "001,1,drug,12,mg,2023-01-02,2023-01-15\n001,2,drug,10,mg,2023-01-23,2023-02-05\n"
    "001,3,drug,0,mg,2023-02-13,2023-02-13\n001,4,drug,7,mg,2023-03-27,2023-04-09\n"
    "002,1,drug,12,mg,2023-01-02,2023-01-15\n"
)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    text = PROTOCOL.replace('dosing_days = "1-14"', 'dosing_days = "1-14"\nmax_delay_days = 14')
    text = text.replace("[design]", "[tumour]\nschedule = [{ every_days = 42 }]\n[design]", 1)
    lb = "USUBJID,LBSEQ,LBTESTCD,LBSTRESN,LBSTRESU,LBSTNRLO,LBSTNRHI,LBDTC\n" + (
        "001,1,ALT,200,U/L,5,40,2023-01-10\n001,2,BILI,50,umol/L,3,20,2023-01-15\n"
        "002,1,AST,20,U/L,5,40,2023-01-10\n002,2,BILI,10,umol/L,3,20,2023-01-10\n002,3,ALP,300,U/L,40,120,2023-01-10\n"
        "003,1,ALT,20,U/L,5,40,2023-01-10\n"
    )
    return check_trial(write_small_trial(tmp_path_factory.mktemp("trial"), protocol=text, ex=EX, lb=lb))


def test_a_bar_lasts_until_the_next_dose_was_due(checked: Checked) -> None:
    data = draw.dosing_data(checked.derived.datasets, checked.protocol)
    mine = data.bars.filter(pl.col("USUBJID") == "001").with_columns(pl.col("start", "end") * 30.4375)
    # Days from the first dose: 0 to 21 (given to day 14, pause of 7), 21 to 42, and after the break 84 to 98.
    assert [(round(s), round(e), level) for s, e, level in mine.select("start", "end", "level").rows()] == [
        (0, 21, 0),
        (21, 42, 1),
        (84, 98, -1),
    ]
    assert data.omitted.select("USUBJID", (pl.col("months") * 30.4375).round(6)).rows() == [("001", 42.0)]
    assert data.ends["USUBJID"].to_list() == []
    assert data.subjects == ["001", "002"]


def test_the_arrow_marks_who_had_the_drug_up_to_the_cut_off(tmp_path: Path) -> None:
    """002 is ongoing by the disposition; its first record alone lies 350 days before the cut-off of 31 December."""
    late = check_trial(write_small_trial(tmp_path, ex=EX + "002,2,drug,12,mg,2023-12-18,2023-12-31\n"))
    data = draw.dosing_data(late.derived.datasets, late.protocol)
    assert data.ends["USUBJID"].to_list() == ["002"]


def test_doses_are_drawn_in_the_colour_of_their_level(checked: Checked) -> None:
    figure = draw.draw_dosing(draw.dosing_data(checked.derived.datasets, checked.protocol))
    drawn = {bar.get_gid(): bar.get_facecolor() for axes in figure.axes for bar in axes.patches if bar.get_gid()}
    assert set(drawn) == {"drug level 0", "drug level 1", "drug level -1"}
    assert drawn["drug level 0"] != drawn["drug level 1"]
    assert level_colour(7) == level_colour(3)


def test_the_plan_of_a_patient_stands_above_what_was_given(checked: Checked) -> None:
    data = draw.timeline_data(checked.derived.datasets, checked.protocol, "001")
    planned = data.planned.filter(pl.col("row") == "drug").select("start", "end").rows()
    assert planned[:3] == [(1, 14), (22, 35), (43, 56)]
    assert data.planned.filter(pl.col("row") == "scan")["start"].to_list() == [43, 85, 127]
    given = data.given.filter(pl.col("row") == "drug").select("start", "end", "level", "dose").rows()
    assert given == [(1, 14, 0, "12 mg"), (22, 35, 1, "10 mg"), (43, 43, -2, "0 mg"), (85, 98, -1, "7 mg")]
    dosing = data.deviations.filter(pl.col("row") == "drug").select("day", "rule").rows()
    assert dosing == [(85, "DOSE-DELAY-TOO-LONG"), (85, "DOSE-NOT-A-LEVEL")]
    # Progression on 8 May 2023 is day 127; death on 1 October is day 273.
    assert dict(data.events.rows())["progression"] == 127
    assert dict(data.events.rows())["death"] == 273


def test_a_patient_who_was_never_treated_has_an_empty_picture(checked: Checked) -> None:
    data = draw.timeline_data(checked.derived.datasets, checked.protocol, "004")
    assert data.rows == []
    assert draw.draw_timeline(data).axes


def test_hys_law_draws_the_patients_with_both_tests(checked: Checked) -> None:
    data = draw.hys_law_data(checked.derived.datasets, checked.protocol)
    assert data.select("USUBJID", "transaminase", "bilirubin", "alkaline").rows() == [
        ("001", 5.0, 2.5, None),
        ("002", 0.5, 0.5, 2.5),
    ]
    figure = draw.draw_hys_law(data)
    points = [line for line in figure.axes[0].lines if line.get_gid() == "patients"]
    assert [len(line.get_xdata()) for line in points] == [1, 1]
    assert [text.get_text() for text in figure.axes[0].texts if text.get_text() == "001"] == ["001"]


def test_the_report_holds_the_pictures(tmp_path: Path) -> None:
    from onearm.run import run_trial

    text = PROTOCOL.replace('dosing_days = "1-14"', 'dosing_days = "1-14"\nmax_delay_days = 14')
    run = run_trial(write_small_trial(tmp_path, protocol=text, ex=EX))
    names = {path.name for path in (run.folder / "figures").iterdir()}
    assert {"doses.svg", "timeline_001.svg"} <= names
    assert "Planned and given treatment of 001" in run.report.read_text(encoding="utf-8")


def test_names_of_near_patients_in_the_range_of_hys_law_do_not_overlap() -> None:
    near = {"transaminase": [3.2, 3.3, 3.4, 3.3], "bilirubin": [2.2, 2.25, 2.3, 2.2], "alkaline": [1.0] * 4}
    data = pl.DataFrame({"USUBJID": [f"01-00{i}" for i in range(4)], **near, "quadrant": ["HY"] * 4})
    figure = draw.draw_hys_law(data)
    figure.canvas.draw()
    axes = figure.axes[0]
    texts = [text for text in axes.texts if isinstance(text, Annotation)]
    # the words alone: an annotation counts the line to its patient too
    boxes = [Text.get_window_extent(text) for text in texts]
    assert len(boxes) == 4
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_an_interval_beyond_the_axis_of_a_forest_ends_in_an_arrow() -> None:
    """The axis of ratios ends at 50; the second interval goes on to 751."""
    rows = {"variable": ["SEX", "SEX"], "subgroup": ["Sex", "Sex"], "level": ["F", "M"], "n": [20.0, 2.0]}
    rows |= {
        "events": [9.0, 1.0],
        "estimate": [1.5, 47.0],
        "low": [0.7, 2.9],
        "high": [3.2, 751.0],
        "note": [None, None],
    }
    figure = draw.draw_forest(pl.DataFrame(rows), printed=["a", "b"], heading="HR", x_label="HR", log=True)
    arrows = [line for axes in figure.axes for line in axes.lines if line.get_gid() == "beyond the axis"]
    assert [(line.get_xdata()[0], line.get_marker()) for line in arrows] == [(50.0, ">")]
