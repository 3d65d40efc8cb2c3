"""What is not documented fails here: every format, domain, date name and finding stands in docs/data.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from onearm.data import RULES
from onearm.data.formats import FORMATS
from onearm.data.mapping import DATE_NAMES
from onearm.data.schema import DOMAINS

TEXT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


def test_the_findings_table_is_the_registry():
    rows = re.findall(r"^\| `([A-Z]+-[A-Z-]+)` \| (\w+) \| (.+) \|$", TEXT, flags=re.MULTILINE)
    assert rows == [
        (name, str(rule.severity), rule.message[0].upper() + rule.message[1:]) for name, rule in RULES.items()
    ]


@pytest.mark.parametrize("extension", FORMATS)
def test_each_format_is_documented(extension):
    assert f"`{extension}`" in TEXT


@pytest.mark.parametrize("name", DOMAINS)
def test_each_domain_is_documented_with_what_it_requires(name):
    required = ", ".join(" or ".join(group) for group in DOMAINS[name].required)
    assert f"| `{name}` | {DOMAINS[name].label} | {required} |" in TEXT


@pytest.mark.parametrize("name", DATE_NAMES)
def test_each_date_is_documented(name):
    assert f"`{name}`" in TEXT
