"""The page of a reproduced trial says that it is synthetic, escapes the paper, and tells verdicts by sign."""

from __future__ import annotations

from pathlib import Path

from onearm.outputs.reproduction_page import render_reproduction_page, write_reproduction_page

ROW = {
    "place": "Table 2, row <ORR>",
    "statistic": "ORR",
    "printed": "26",
    "computed": "25",
    "verdict": "differs",
    "note": "",
}


def test_the_page_says_that_no_patient_exists_and_loads_nothing() -> None:
    page = render_reproduction_page("A trial", "A paper", [ROW], [])
    assert "Synthetic: no patient behind these numbers exists" in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_paper_is_escaped_and_the_verdict_has_a_sign() -> None:
    page = render_reproduction_page("A trial", "A paper", [ROW], [])
    assert "&lt;ORR&gt;" in page
    assert "✕ Differs" in page
    assert "Table 2: 0 of 1 met" in page


def test_the_page_names_a_figure_that_was_not_drawn(tmp_path: Path) -> None:
    (tmp_path / "waterfall.svg").write_text("<svg/>", encoding="utf-8")
    figures = [
        {"file": name, "title": name, "place": "Figure 1", "says": "It falls."} for name in ("waterfall", "spider")
    ]
    file = tmp_path / "page.html"
    write_reproduction_page(file, title="T", reference="R", rows=[ROW], figures=figures, drawn=tmp_path)
    page = file.read_text(encoding="utf-8")
    assert page.count("<img") == 1
    assert "No such figure: spider" in page
    assert 'alt="waterfall, from synthetic records"' in page
