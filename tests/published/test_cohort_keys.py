"""What a cohort needs that a paper does not print: closed keys, every problem at once, and a page that lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from onearm.errors import DataError
from onearm.published.cohort_keys import COHORT_KEYS
from onearm.published.numbers import parse_meanings

ROOT = Path(__file__).parents[2]
STATED = "[cohort]\nn = 46\nfirst_start = 2022-03-16\nlast_start = 2022-09-24\n"


def test_a_cohort_with_the_needed_keys_is_read() -> None:
    assert parse_meanings(STATED).cohort["n"] == 46


def test_every_problem_comes_at_once_with_its_fix() -> None:
    with pytest.raises(DataError) as caught:
        parse_meanings('[cohort]\nn = "46"\nsights = 5\nfirst_start = 2022-03-16\nseek_ongoing = 1\n', name="r.toml")
    assert caught.value.problems == (
        "r.toml, cohort.n: found text, expected a whole number (patients in the analyses of efficacy).",
        "r.toml, cohort.sights: unknown key. Did you mean 'sites'?",
        "r.toml, cohort.seek_ongoing: found a whole number, expected true or false (whether the search sees to as many "
        "patients alive without progression as are on treatment).",
        "r.toml, cohort: 'last_start' is missing. It says: day on which the last patient started.",
    )


def test_without_a_cohort_nothing_is_missing() -> None:
    assert parse_meanings("schema = 1\n").cohort == {}


def test_every_key_that_is_read_is_known() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/onearm/run").glob("*.py"))
    used = set(re.findall(r'(?:builder|self)\.extra(?:\.get\(|\[)"(\w+)"', code))
    assert used
    assert used <= set(COHORT_KEYS)


def test_the_page_lists_every_key() -> None:
    page = (ROOT / "docs/reproduce.md").read_text(encoding="utf-8")
    for name, key in COHORT_KEYS.items():
        assert f"| `{name}` | {key.says}{'; needed' if key.is_required else ''} |" in page
