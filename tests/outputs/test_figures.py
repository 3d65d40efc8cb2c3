"""Figures can be drawn for any number of patients, and no text lies on another."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator

import polars as pl
import pytest
from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from outputs.sample import Sample, make_sample

from onearm.outputs.figures import (
    ONE_COLUMN_MM,
    Size,
    consort_data,
    draw_consort,
    draw_forest,
    draw_kaplan_meier,
    draw_spider,
    draw_swimmer,
    draw_waterfall,
    kaplan_meier_data,
    spider_data,
    swimmer_data,
    to_png,
    to_svg,
    waterfall_data,
)
from onearm.outputs.figures.style import stamp_synthetic
from onearm.outputs.figures.text import clean, short_labels, text_width_mm, wrap_mm
from onearm.outputs.lookup import Group, Lookup

ALL = Group(None, "All patients", "")


def _consort(sample: Sample, size: Size | None) -> Figure:
    return draw_consort(consort_data(Lookup(sample.results, ALL)), size=size)


def _kaplan_meier(sample: Sample, size: Size | None) -> Figure:
    heading = ["Median 15.74 months (95% CI 9.03–21.91); 21 events in 46 patients", "12 months: 58.8% (41.0–72.9)"]
    data = kaplan_meier_data(Lookup(sample.results, ALL), "PFS")
    return draw_kaplan_meier(data, y_label="Progression-free survival (%)", heading=heading, size=size)


DRAWN: dict[str, Callable[[Sample, Size | None], Figure]] = {
    "consort": _consort,
    "waterfall": lambda s, size: draw_waterfall(waterfall_data(s.datasets, s.protocol), size=size),
    "spider": lambda s, size: draw_spider(spider_data(s.datasets, s.protocol), size=size),
    "swimmer": lambda s, size: draw_swimmer(swimmer_data(s.datasets, s.protocol), size=size),
    "kaplan_meier": _kaplan_meier,
}


def _texts(figure: Figure) -> Iterator[tuple[str, Bbox]]:
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]  # an Agg canvas has one
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent(renderer)
            if box.width > 0:
                yield text.get_text(), box


def _overlaps(figure: Figure) -> list[tuple[str, str]]:
    boxes = [(name, box.padded(-0.5)) for name, box in _texts(figure)]
    return [(a, b) for (a, box), (b, other) in itertools.combinations(boxes, 2) if box.overlaps(other)]


@pytest.mark.parametrize("n", [0, 1, 5, 50, 500])
@pytest.mark.parametrize("kind", DRAWN)
def test_no_text_lies_on_another_or_leaves_the_figure(kind: str, n: int) -> None:
    figure = stamp_synthetic(DRAWN[kind](make_sample(n), None))
    assert _overlaps(figure) == []
    page = figure.bbox.padded(1)
    outside = [
        text for text, box in _texts(figure) if not page.contains(box.x0, box.y0) or not page.contains(box.x1, box.y1)
    ]
    assert outside == []


@pytest.mark.parametrize("kind", DRAWN)
def test_long_identifiers_fit(kind: str) -> None:
    names = [
        f"A-very-long-study-identifier-of-site-{i:02d}/subject number {i * 7919 % 1000:04d} of many" for i in range(30)
    ]
    assert _overlaps(DRAWN[kind](make_sample(30, subjects=names), None)) == []


@pytest.mark.parametrize("kind", ["waterfall", "spider", "swimmer", "kaplan_meier"])
def test_one_column_of_a_journal_is_wide_enough(kind: str) -> None:
    figure = DRAWN[kind](make_sample(20), Size(ONE_COLUMN_MM, 80))
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(ONE_COLUMN_MM)
    assert _overlaps(figure) == []


@pytest.mark.parametrize("kind", DRAWN)
def test_without_patients_the_figure_says_why(kind: str) -> None:
    words = " ".join(text for text, _ in _texts(DRAWN[kind](make_sample(0), None)))
    expected = {"consort": "Screened for eligibility (n = 0)"}.get(kind, "No data")
    assert expected in words.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("kind", ["waterfall", "spider"])
def test_without_measurements_the_figure_says_why(kind: str) -> None:
    words = " ".join(text for text, _ in _texts(DRAWN[kind](make_sample(8, measured=False), None)))
    assert "No patient has a measured change of tumour size." in words


@pytest.mark.parametrize("kind", DRAWN)
def test_the_same_data_give_the_same_bytes(kind: str) -> None:
    first, second = (DRAWN[kind](make_sample(12), None) for _ in range(2))
    assert to_svg(first) == to_svg(second)
    assert to_png(first) == to_png(second)


def test_svg_has_no_date_and_is_well_formed() -> None:
    svg = to_svg(DRAWN["waterfall"](make_sample(5), None))
    ET.fromstring(svg)
    assert b"<dc:date>" not in svg
    assert b"Matplotlib v" not in svg


def test_markup_and_formulas_in_an_identifier_are_text() -> None:
    names = ["<script>alert(1)</script>", "a$x^2$b", "control\x00\x1b", "患者"]
    svg = to_svg(DRAWN["swimmer"](make_sample(4, subjects=names), None)).decode()
    ET.fromstring(svg)
    assert "<script" not in svg
    assert "\x00" not in svg
    assert "a$x^2$b" in svg
    assert "患者" in svg


def test_drawing_leaves_no_trace_in_matplotlib() -> None:
    before = dict(rcParams)
    to_svg(DRAWN["kaplan_meier"](make_sample(5), None))
    assert dict(rcParams) == before


def test_settings_of_the_user_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = to_svg(DRAWN["waterfall"](make_sample(5), None))
    for name, value in (("font.size", 30.0), ("axes.grid", True), ("svg.fonttype", "path"), ("text.usetex", True)):
        monkeypatch.setitem(rcParams, name, value)
    assert to_svg(DRAWN["waterfall"](make_sample(5), None)) == expected


def test_bars_above_the_limit_are_cut_and_labelled() -> None:
    columns = ("USUBJID", "change", "response", "new_lesion", "non_target")
    rows = [
        ("a", 250.0, "PD", True, False),
        ("b", 20.0, "PD", False, True),
        ("c", 0.0, "SD", False, False),
        ("d", -100.0, "CR", False, False),
    ]
    figure = draw_waterfall(pl.DataFrame(rows, schema=columns, orient="row"))
    bars = [patch.get_height() for patch in figure.axes[0].patches]
    assert bars[0] == 100
    assert bars[1] == 20
    assert bars[2] != 0  # a change of zero is still seen
    assert bars[3] == -100
    assert "250" in [text for text, _ in _texts(figure)]
    assert _overlaps(figure) == []


def test_drawn_curve_is_the_curve_of_the_results() -> None:
    sample = make_sample(46)
    data = kaplan_meier_data(Lookup(sample.results, ALL), "OS")
    figure = draw_kaplan_meier(data, y_label="Overall survival (%)")
    line = figure.axes[0].lines[0]
    assert list(line.get_xdata()) == data.curve["time"].to_list()
    assert list(line.get_ydata()) == [100 * s for s in data.curve["survival"]]
    lost = data.curve.filter(pl.col("censored") > 0)
    assert list(figure.axes[0].lines[1].get_xdata()) == lost["time"].to_list()
    words = [text for text, _ in _texts(figure)]
    for tick in data.ticks.iter_rows(named=True):
        assert f"{tick['at_risk']:.0f}" in words
        assert f"{tick['events']:.0f}" in words


def test_forest_plot() -> None:
    columns = ("subgroup", "level", "n", "events", "estimate", "low", "high", "note")
    rows = [
        ("Sex", "Male", 31.0, 15.0, 0.9, 0.5, 1.5, None),
        ("Sex", "Female", 15.0, 6.0, 1.2, 0.5, 3.0, None),
        ("Liver metastases with a rather long name", "Yes", 7.0, 6.0, 3.0, 1.1, 90.0, None),
        ("Liver metastases with a rather long name", "No", 0.0, 0.0, None, None, None, None),
    ]
    printed = ["0.90 (0.50–1.50)", "1.20 (0.50–3.00)", "3.00 (1.10–90.00)", "NE"]
    data = pl.DataFrame(rows, schema=columns, orient="row")
    figure = stamp_synthetic(
        draw_forest(data, printed=printed, heading="HR (95% CI)", x_label="Hazard ratio", reference=1.0, log=True)
    )
    words = [text for text, _ in _texts(figure)]
    assert {"Male", "15/31", *printed} <= set(words)
    assert _overlaps(figure) == []
    assert draw_forest(data.clear(), printed=[], heading="", x_label="").axes


def test_text_is_measured_as_it_is_drawn() -> None:
    figure = _consort(make_sample(3), None)
    figure.set_dpi(600)
    figure.canvas.draw()
    for text in figure.findobj(Text):
        if text.get_text():
            drawn = text.get_window_extent().width / figure.dpi * 25.4
            assert text_width_mm(text.get_text(), weight=text.get_weight()) == pytest.approx(drawn, rel=0.02)


def test_wrapped_lines_fit_and_lose_no_word() -> None:
    text = (
        "Did not meet the eligibility criteria because of an uncontrolled hypertension_of_the_second_degree_or_higher"
    )
    lines = wrap_mm(text, 40)
    assert all(text_width_mm(line) <= 40 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_short_labels_still_tell_patients_apart() -> None:
    assert short_labels(["S-01-001", "S-01-002", "S-02-001"]) == ["01-001", "01-002", "02-001"]
    assert short_labels(["only"]) == ["only"]
    assert short_labels([]) == []
    assert short_labels(["same", "same"]) == ["same", "same"]


def test_only_what_xml_forbids_is_replaced() -> None:
    assert clean("a\x00b\ud800") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"
    assert clean("a\tb\nc") == "a b c"
    assert clean("é 患者\u3000\u200d\N{NO-BREAK SPACE}") == "é 患者\u3000\u200d\N{NO-BREAK SPACE}"
