"""Every switch stands in docs/response.md with its default."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from onearm.rules.best_response_rules import BestResponseRules
from onearm.rules.censoring import TimeToEventRules
from onearm.rules.irecist import IRecistRules
from onearm.rules.recist import RecistRules

PAGE = Path(__file__).resolve().parents[2] / "docs" / "response.md"


def _table(name: str) -> dict[str, list[str]]:
    """Cells of the table in the section of a dataclass, by switch."""
    section = PAGE.read_text(encoding="utf-8").split(f"`{name}`\n", 1)[1].split("\n## ", 1)[0]
    rows = [re.split(r"\s*\|\s*", line.strip())[1:-1] for line in section.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in rows}


@pytest.mark.parametrize("rules", [RecistRules, BestResponseRules, IRecistRules, TimeToEventRules])
def test_every_switch_is_documented_with_its_default_and_source(rules):
    documented = _table(rules.__name__)
    defaults = {field.name: field.default for field in dataclasses.fields(rules)}
    assert list(documented) == list(defaults)
    for name, (default, source, _) in documented.items():
        assert default.replace('"', "'") == repr(defaults[name]), name
        assert source, name


@pytest.mark.parametrize("rules", [RecistRules, BestResponseRules, IRecistRules, TimeToEventRules])
def test_every_switch_is_in_the_docstring(rules):
    described = re.findall(r"^    (\w+) : ", rules.__doc__, flags=re.MULTILINE)
    assert described == [field.name for field in dataclasses.fields(rules)]
