"""The butterfly of adverse events draws the shares of the results table, in the order of the table."""

from __future__ import annotations

from onearm.outputs.figures import adverse_events_data, draw_adverse_events
from onearm.outputs.lookup import Group, Lookup
from onearm.results import Rows, concat_results


def _lookup() -> Lookup:
    tables = []
    for name, shares in (("TEAE", {"Rash": (0.4, 0.1), "Nausea": (0.2, 0.0)}), ("TRAE", {"Rash": (0.3, 0.1)})):
        rows = Rows("adverse_events", "ADAE", name, "SS")
        for term, (any_grade, severe) in shares.items():
            rows.add("p", any_grade, variable="term", level=term)
            rows.add("p_grade_3_or_more", severe, variable="term", level=term)
        tables.append(rows.frame())
    return Lookup(concat_results(tables), Group(None, "All patients", ""))


def test_data_are_percentages_with_zero_where_nobody_had_the_term() -> None:
    data = adverse_events_data(_lookup(), ["Rash", "Nausea"])
    assert data.rows() == [
        ("TEAE", "Rash", 40, 10),
        ("TEAE", "Nausea", 20, 0),
        ("TRAE", "Rash", 30, 10),
        ("TRAE", "Nausea", 0, 0),
    ]


def test_bars_have_the_lengths_of_the_data() -> None:
    figure = draw_adverse_events(adverse_events_data(_lookup(), ["Rash", "Nausea"]))
    left, right = figure.axes[:2]
    assert [bar.get_width() for bar in left.patches] == [40, 20, 10, 0]
    assert [bar.get_width() for bar in right.patches] == [30, 0, 10, 0]


def test_without_terms_the_figure_says_why() -> None:
    figure = draw_adverse_events(adverse_events_data(_lookup(), []))
    assert any("No adverse event" in text.get_text() for axes in figure.axes for text in axes.texts)
