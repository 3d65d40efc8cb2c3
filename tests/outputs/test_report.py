"""The report is complete, inert and the same every time."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from outputs.sample import PROTOCOL, Sample, make_sample

from onearm.outputs import present
from onearm.protocol import parse_protocol
from onearm.results import Rows, concat_results

EVIL = "<script>alert(1)</script>"


def _present(sample: Sample, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    written = present(sample.results, sample.datasets, sample.findings, sample.protocol, sample.manifest, folder)
    assert written[0] == folder / "report.html"
    assert all(path.is_file() for path in written)
    assert {p for p in folder.rglob("*") if p.is_file()} == set(written)
    return written[0].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _present(make_sample(46), tmp_path_factory.mktemp("report"))


class _Page(HTMLParser):
    """Elements, ids, links and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._inside_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._inside_style = False

    def handle_data(self, data: str) -> None:
        if not self._inside_style:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_all_parts_are_there(page: str) -> None:
    parsed = _Page(page)
    ids = {str(attributes["id"]) for _, attributes in parsed.elements if attributes.get("id")}
    expected = {"top", "flow", "baseline", "response", "change", "course", "survival", "design", "findings", "conventions",
                "plan", "patients", "trace", "provenance"}  # fmt: skip
    assert expected <= ids
    targets = {str(a["href"]).removeprefix("#") for a in parsed.all("a") if str(a.get("href", "")).startswith("#")}
    assert targets <= ids
    assert len(parsed.all("img")) == 7  # flow, waterfall, spider, swimmer, three curves


def test_ids_are_unique(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_synthetic_data_are_marked(page: str, tmp_path: Path) -> None:
    assert "Synthetic data: these patients are simulated." in page
    images = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert all(b"Synthetic data" in base64.b64decode(image) for image in images)
    sample = make_sample(5)
    real = parse_protocol(PROTOCOL.replace("synthetic = true", "synthetic = false"))
    other = _present(replace(sample, protocol=real), tmp_path / "real")
    assert "ynthetic" not in _Page(other).text
    for path in (tmp_path / "real" / "figures").glob("*.svg"):
        assert b"Synthetic" not in path.read_bytes()


def test_nothing_is_fetched_and_nothing_runs(page: str) -> None:
    parsed = _Page(page)
    assert not {tag for tag, _ in parsed.elements} & {"script", "iframe", "link", "object", "embed", "base", "form"}
    for tag, attributes in parsed.elements:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("style", "srcset", "background")
        ], tag
        for name in ("src", "href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/svg+xml;base64,"))
    assert "@import" not in page
    assert "url(" not in page


def test_policy_allows_the_style_sheet_and_images_only(page: str) -> None:
    policies = [a["content"] for a in _Page(page).all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    ]
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_pictures_refer_to_nothing_outside(page: str) -> None:
    for image in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page):
        svg = base64.b64decode(image).decode()
        links = re.findall(r'(?:xlink:href|href|src)="([^"]*)"', svg)
        assert all(link.startswith("#") for link in links)
        assert "<script" not in svg


def test_everything_typed_is_inert(tmp_path: Path) -> None:
    names = [EVIL, "a\"b'c", "{{ 7 * 7 }}", "{% raise %}"]
    title = "Title </style><script>alert(2)</script> & more"
    evil = PROTOCOL.replace("Drug A plus drug B, first line, advanced squamous cell carcinoma", title)
    evil = evil.replace('label = "Objective response rate"', f'label = "{EVIL}"').replace(
        'label = "Sex"', f'label = "{EVIL}"'
    )
    sample = make_sample(4, subjects=names, protocol=evil)
    findings = sample.findings.with_columns(message=pl.lit(f"See {EVIL} & <b>"))
    manifest = {"inputs": {EVIL: EVIL}, "note": "</style>", "list": [EVIL, {"file": EVIL}]}
    page = _present(replace(sample, findings=findings, manifest=manifest), tmp_path)
    parsed = _Page(page)
    assert "script" not in {tag for tag, _ in parsed.elements}
    assert page.count("</style>") == 1
    assert EVIL in parsed.text
    assert "{{ 7 * 7 }}" in parsed.text
    assert "49" not in [word.strip() for word in parsed.words]
    assert title in parsed.text
    for path in (tmp_path / "figures").glob("*.svg"):
        assert b"<script" not in path.read_bytes()


def test_cohort_names_are_inert_and_name_no_file(tmp_path: Path) -> None:
    sample = make_sample(6, cohorts=("../../up", EVIL))
    page = _present(sample, tmp_path / "out")
    assert "script" not in {tag for tag, _ in _Page(page).elements}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    names = sorted(path.name for path in (tmp_path / "out" / "figures").glob("waterfall*.svg"))
    assert names == ["waterfall_01.svg", "waterfall_02.svg"]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        _present(make_sample(12), tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    differing = [str(f) for f in files if (tmp_path / "a" / f).read_bytes() != (tmp_path / "b" / f).read_bytes()]
    assert differing == []


@pytest.mark.parametrize("n", [0, 1, 5, 500])
def test_any_number_of_patients(n: int, tmp_path: Path) -> None:
    parsed = _Page(_present(make_sample(n), tmp_path))
    assert "Provenance" in parsed.text
    if n == 500:
        assert "300 more patients in tables/patients.csv" in parsed.text.replace(" .", ".")


def test_all_sizes_missing(tmp_path: Path) -> None:
    parsed = _Page(_present(make_sample(6, measured=False), tmp_path))
    assert "Waterfall plot without data." in [a["alt"] for a in parsed.all("img")]


def test_without_results_and_datasets_the_report_still_says_so(tmp_path: Path) -> None:
    sample = make_sample(0)
    empty = replace(sample, results=sample.results.clear(), findings=pl.DataFrame(), manifest={})
    parsed = _Page(_present(empty, tmp_path))
    assert "The primary endpoint has no result." in parsed.text
    assert "The checks of the data found nothing." in parsed.text
    assert "The run has no manifest." in parsed.text


def test_accessible(page: str) -> None:
    parsed = _Page(page)
    assert parsed.all("html") == [{"lang": "en"}]
    assert all(a.get("alt") and re.search(r"\d", str(a["alt"])) for a in parsed.all("img"))
    assert all(a.get("scope") in ("col", "row", "rowgroup") for a in parsed.all("th"))
    assert len(parsed.all("h1")) == 1
    assert all(a.get("aria-label") for a in parsed.all("nav"))


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", ["ink", "soft", "accent"])
def test_text_has_enough_contrast(page: str, name: str) -> None:
    """WCAG 2.1, success criterion 1.4.3: at least 4.5 to 1, also on the tinted ground."""
    variables: dict[str, Any] = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", page))
    for ground in ("#ffffff", variables["tint"]):
        light, dark = _luminance(ground), _luminance(variables[name])
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_every_table_and_figure_names_its_source(page: str) -> None:
    assert page.count('class="table"') == page.count("Results: ")
    assert page.count("<figure") == page.count("Drawn from: ")


def test_tables_are_written_beside_the_report(tmp_path: Path) -> None:
    _present(make_sample(5), tmp_path)
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert {"baseline.csv", "response.csv", "survival.csv", "disposition.csv", "design.csv", "patients.csv",
            "findings_warning.csv", "tables.xlsx"} <= names  # fmt: skip
    assert {p.stem for p in (tmp_path / "figures").glob("*.svg")} == {
        p.stem for p in (tmp_path / "figures").glob("*.png")
    }


def test_progress_is_told(tmp_path: Path) -> None:
    sample, told = make_sample(2), []
    present(
        sample.results,
        sample.datasets,
        sample.findings,
        sample.protocol,
        sample.manifest,
        tmp_path,
        progress=told.append,
    )
    assert told[:2] == ["figure 1 of 7", "figure 2 of 7"]
    assert told[-1] == "report"


def test_long_hashes_are_shortened_and_kept_in_full(page: str) -> None:
    whole = "a1" * 32
    assert f'<td title="{whole}">a1a1a1a1a1a1…</td>' in page


def test_many_findings_are_cut_and_counted(tmp_path: Path) -> None:
    sample = make_sample(1)
    many = pl.DataFrame(
        {"severity": ["warning"] * 250, "rule": ["X"] * 250, "message": [f"finding {i}" for i in range(250)]}
    )
    parsed = _Page(_present(replace(sample, findings=many), tmp_path))
    assert "finding 199" in parsed.text
    assert "finding 200" not in parsed.text
    assert "50 more in tables/findings_warning.csv" in re.sub(r"\s+([.])", r"\1", parsed.text)
    assert len((tmp_path / "tables" / "findings_warning.csv").read_text().splitlines()) == 251


def test_many_cohorts_are_a_table_and_small_figures(tmp_path: Path) -> None:
    names = ("A", "B", "C", "D")
    page = _present(make_sample(8, cohorts=names), tmp_path)
    parsed = _Page(page)
    assert page.count('class="headline"') == 0
    assert all(f"Flow of patients: {name}" in parsed.text for name in names)
    assert page.count('class="half"') == 4 * 7
    assert "8 in 4 cohorts" in parsed.text


def test_few_cohorts_have_a_headline_each(tmp_path: Path) -> None:
    page = _present(make_sample(6, cohorts=("A", "B")), tmp_path)
    assert page.count('class="headline"') == 2
    assert page.count('class="half"') == 0
    assert "A: 3; B: 3" in _Page(page).text


def test_a_heading_may_hold_a_number(tmp_path: Path) -> None:
    sample = make_sample(6)
    protocol = parse_protocol(PROTOCOL + '[[subgroup]]\nvariable = "SEX"\nlabel = "Sex at birth"\n')
    parts = []
    for level, p in (("F", 0.25), ("M", 0.75)):
        rows = Rows("subgroup", "ADRS", "ORR", "ITT").within("SEX", level)
        for stat, value in (("n", 4 * p), ("N", 4), ("p", p), ("conf_low", p / 2), ("conf_high", 0.9)):
            rows.add(stat, value)
        parts.append(rows.frame())
    test = Rows("subgroup_test", "ADRS", "ORR", "ITT").within("SEX", "")
    test.add("p_value", 0.0123, method="fisher")
    results = concat_results(
        [sample.results, *parts, test.frame().with_columns(group1_level=pl.lit(None, dtype=pl.String))]
    )
    parsed = _Page(_present(replace(sample, results=results, protocol=protocol), tmp_path))
    assert "0.012" in parsed.text
    assert "Sex at birth" in parsed.text
    svg = (tmp_path / "figures" / "forest_orr.svg").read_text(encoding="utf-8")
    assert "Sex at birth" in svg
