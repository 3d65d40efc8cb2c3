"""published.toml against the papers, both ways: nothing that is not printed, and nothing printed that is missing."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from pathlib import Path

import pytest

from onearm.published import read_published
from onearm.published.model import Published

TRIALS = resources.files("onearm").joinpath("trials")
PAPERS = Path(__file__).parents[3] / "shared" / "papers"
PAPER_OF = {
    "regorafenib_sintilimab_crc": "000",
    "regomune": "001",
    "ai_ici_sarcoma": "002",
    "benmelstobart_anlotinib_chemo_escc": "003",
    "alter_e_003": "004",
}

# Numbers with a decimal that stand before the discussion and are none of the trial's patients.
ELSEWHERE = {
    "regorafenib_sintilimab_crc": {
        "1.9", "15.6", "18.0", "57.5", "2.4", "15.9", "23.8", "8.2", "47.2", "5.7", "32.7", "15.4", "30.0",  # cited studies
        "23.95", "5.05",  # reads matched by the sequencer
    },
    "regomune": {"1.1", "1.33"},  # RECIST, the threshold of the growth modulation index
    "ai_ici_sarcoma": set(),
    "benmelstobart_anlotinib_chemo_escc": {"27.5", "33.3", "1.1", "5.0"},  # cited studies, RECIST, CTCAE
    "alter_e_003": {"4.0", "34.6", "33.3", "1.1", "5.0", "0.05", "0.2", "30.0"},  # licence, cited studies, alpha, beta
}  # fmt: skip


@cache
def paper(name: str) -> str:
    files = sorted(PAPERS.glob(f"{PAPER_OF[name]}_*.txt"))
    if not files:
        pytest.skip("the papers are absent: expected at ../shared/papers")
    return files[0].read_text(encoding="utf-8")


def numbers(published: Published) -> list[tuple[str, str]]:
    """Place and number of everything that was printed with its decimals."""
    return [
        (f"{s.place}, {s.label}", str(number))
        for s in published.statements
        for number in (s.percent, s.value, s.low, s.high, s.p.number if s.p else None)
        if number is not None
    ]


@pytest.mark.parametrize("name", list(PAPER_OF))
def test_every_number_is_printed_so_in_the_paper(name: str) -> None:
    text = paper(name)
    found = {number for _, number in numbers(read_published(TRIALS / name))}
    words = {"2": "two"}
    absent = {
        number
        for number in found
        if not re.search(rf"(?<![\d.]){re.escape(number)}(?!\d|\.\d)", text) and words.get(number, number) not in text
    }
    assert absent == set()


@pytest.mark.parametrize("name", list(PAPER_OF))
def test_every_number_that_is_printed_before_the_discussion_is_there(name: str) -> None:
    text = paper(name)
    before = text[: re.search(r"\n[#* ]*discussion", text, flags=re.IGNORECASE).start()]
    printed = {m.group() for m in re.finditer(r"(?<![\w./])\d{1,3}\.\d+(?!\w|\.\d)", before)}
    published = read_published(TRIALS / name)
    assert printed - {number for _, number in numbers(published)} - ELSEWHERE[name] == {"10.1038"} & printed


@pytest.mark.parametrize("name", list(PAPER_OF))
def test_every_table_row_is_there_with_its_counts(name: str) -> None:
    cells = re.findall(r"^[^\t\n]+((?:\t *\d+ \(\d+(?:\.\d+)?%?\))+)", paper(name), flags=re.MULTILINE)
    shares = [pair for row in cells for pair in re.findall(r"(\d+) \((\d+(?:\.\d+)?)%?\)", row)]
    published = read_published(TRIALS / name)
    known = {(str(s.count), str(s.percent)) for s in published.statements}
    assert [pair for pair in shares if pair not in known] == []
    if name not in ("regorafenib_sintilimab_crc", "regomune"):  # counts and percentages in two columns; no table
        assert len(shares) >= 20


@pytest.mark.parametrize("name", list(PAPER_OF))
def test_every_number_says_where_it_stands_and_can_be_named(name: str) -> None:
    published = read_published(TRIALS / name)
    assert all(statement.place and statement.label for statement in published.statements)
    assert len(published.statements) >= 85


def test_a_median_that_was_not_reached_is_kept_as_such() -> None:
    (found,) = (s for s in read_published(TRIALS / "benmelstobart_anlotinib_chemo_escc").statements if s.id == "OS")
    assert (found.value, str(found.low), found.open_limits) == (None, "13.2", "value high")
    assert "NR months" not in found.shown
    assert "NR" in found.shown
