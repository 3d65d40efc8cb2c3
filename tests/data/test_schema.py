"""The domains: names of files, kinds of columns, and what is required."""

from __future__ import annotations

import pytest

from onearm.data.schema import DOMAINS, column_kind, domain_of, known_domain


@pytest.mark.parametrize(
    ("file", "domain"),
    [
        ("dm.csv", "dm"),
        ("DM.XPT", "dm"),
        ("tr_onco.csv.gz", "tr"),
        ("rs-irecist.ndjson", "rs"),
        ("lb 2024.xlsx", "lb"),
        ("supptr_onco.csv.gz", "supptr"),
        ("suppzz.csv", None),
        ("drugs.csv", None),
        ("trial.csv", None),
        ("patients.xlsx", None),
    ],
)
def test_a_file_name_says_its_domain(file, domain):
    assert domain_of(file) == domain


def test_the_domains_of_the_design_are_there():
    assert list(DOMAINS)[:9] == ["dm", "ex", "tu", "tr", "rs", "ae", "ds", "cm", "lb"]


def test_every_domain_but_dm_and_supplements_has_its_sequence():
    assert {name: domain.sequence for name, domain in DOMAINS.items() if name != "dm"} == {
        name: f"{name.upper()}SEQ" for name in DOMAINS if name != "dm"
    }
    assert known_domain("dm").sequence is None
    assert known_domain("suppae").sequence is None


def test_what_is_required_has_a_type():
    for domain in DOMAINS.values():
        for name in (name for group in domain.required for name in group):
            assert column_kind(domain, name) != "as read", name


@pytest.mark.parametrize(
    ("domain", "column", "kind"),
    [
        ("dm", "AGE", "number"),
        ("dm", "SITEID", "text"),
        ("ex", "EXDOSE", "number"),
        ("ex", "EXSTDTC", "date"),
        ("ex", "EXSTDY", "integer"),
        ("tr", "VISITNUM", "number"),
        ("ae", "AETOXGR", "text"),
        ("ae", "AEBDSYCD", "as read"),
        ("lb", "LBSTNRHI", "number"),
    ],
)
def test_each_column_has_its_kind(domain, column, kind):
    assert column_kind(DOMAINS[domain], column) == kind
