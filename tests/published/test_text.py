"""Statements from text: what is found, what is inferred, what is skipped, and that nothing crashes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.published import audit_published, audit_text, read_published

PAPERS = Path(__file__).resolve().parents[3] / "shared" / "papers"
TRIALS = Path(__file__).resolve().parents[2] / "src" / "onearm" / "trials"
ALARMS = {"cannot_be_right", "rounding_slip", "holds_under_another_method"}

EXPECTED = {
    "000": [("line 98", "21.4"), ("line 154", "21.4")],
    "001": [("line 58", "4 (11.4"), ("line 52", "flow of patients")],
    "002": [("Odynophagia", "2 (3.3)"), ("line 141", "36.3%"), ("line 76", "DCR was 90%"), ("line 11, line 74", "48.2%")],
    "003": [("line 54", "14 (38%)")],
    "004": [("line 138", "32 (70.6)"), ("line 141", "9 (29.6)"), ("line 153", "25 (54.4)"), ("line 168", "25 (54.4)"),
            ("line 233", "65.6% versus 11.1%"), ("line 106", "44–77")],
}  # fmt: skip
"""Every alarm in the five papers; each was checked by hand against the paper, see docs/audit.md."""


@pytest.mark.parametrize("number", EXPECTED)
def test_the_alarms_in_the_papers_are_those_checked_by_hand(number):
    papers = sorted(PAPERS.glob(f"{number}_*.txt"))
    if not papers:
        pytest.skip("the papers are absent: expected at ../shared/papers")
    found = [item for item in audit_text(papers[0].read_text(encoding="utf-8")) if item.verdict.value in ALARMS]
    for place, fragment in EXPECTED[number]:
        assert any(place in item.place and fragment in item.statement for item in found), (place, fragment)
    assert len(found) == len(EXPECTED[number])


@pytest.mark.parametrize(
    ("name", "impossible"),
    [
        ("regorafenib_sintilimab_crc", 3),
        ("regomune", 12),
        ("ai_ici_sarcoma", 9),
        ("benmelstobart_anlotinib_chemo_escc", 3),
        ("alter_e_003", 4),
    ],
)
def test_the_shipped_trials_keep_the_contradictions_of_their_papers(name, impossible):
    findings = audit_published(read_published(TRIALS / name))
    assert sum(finding.verdict.value == "cannot_be_right" for finding in findings) == impossible


@pytest.mark.parametrize(
    "text",
    [
        "The ORR was 56.5% (26/46; 95% Cl: 41.1–71.1).",
        "The ORR was 26/46 (56·5 %; 95 % CI 41·1–71·1).",
        "The ORR was 26/46 (56,5%; 95% CI 41,1–71,1).",
        "The ORR was 26/46 (56.\n5%; 95% CI 41.1 to 71.1).",
        "The ORR was 26/46 (56.5 %; 95 % confidence interval [CI], 41.1−71.1).",
    ],
)
def test_dashes_commas_and_misread_letters_change_nothing(text):
    [finding] = audit_text(text)
    assert (finding.verdict.value, finding.place) == ("holds", "line 1")
    assert finding.working.startswith("26/46 = 56.522%")


def test_an_inferred_denominator_is_marked():
    cells = (("A", 15, "32.6"), ("B", 31, "67.4"), ("C", 14, "30.4"), ("D", 19, "41.3"), ("E", 32, "70.6"))
    rows = "Characteristic\tAll (n = 46)\n" + "".join(f"{name}\t{k} ({p})\n" for name, k, p in cells)
    *fine, wrong = audit_text(rows)
    assert {finding.verdict.value for finding in fine} == {"holds"}
    assert all("inferred" in finding.working for finding in fine)
    assert (wrong.verdict.value, wrong.closest) == ("cannot_be_right", "69.6%")


def test_a_percentage_of_an_unknown_denominator_is_no_alarm():
    findings = audit_text("Of those, 17 (38.6%) were stable. Later 9 (81.8%) had it. Dose was 80 (50%) mg.")
    assert not [finding for finding in findings if finding.verdict.value in ALARMS]


def test_an_interval_broken_by_a_page_is_skipped_with_a_reason():
    [finding] = audit_text("The mOS was 12.4 months (95% CI: 15.2–23.2)\n\nCl: 11.0–13.9) in the others.")
    assert (finding.verdict.value, finding.working) == ("not_checkable", "the text breaks inside this interval")


def test_a_rate_is_derived_from_its_parts():
    text = "Of the 20 patients, 3 (15.0%) achieved CR, 5 (25.0%) achieved PR, and 8 (40.0%) achieved SD, so the DCR was 90%."
    derived = audit_text(text)[-1]
    assert (derived.verdict.value, derived.closest) == ("cannot_be_right", "80%")


def test_references_are_not_audited():
    body = "The ORR was 26/46 (56.5%). " * 30
    assert len(audit_text(body + "\n\n## References\n\n1. Other, 3/10 (99%), 2020.")) == len(audit_text(body))


PIECES = st.sampled_from(
    [
        "26/46",
        " (56.5%",
        "95% CI",
        "95% Cl:",
        " 41.1–71.1",
        ")",
        "[",
        "HR 0.5",
        "P = 0.0",
        "n = ",
        "46",
        "0",
        "%",
        "\t",
        "\n",
        "\n\n",
        "|",
        "median ",
        "months ",
        "Of the 5 patients, ",
        "fifteen (",
        "999999",
        "1e9",
        "NE",
        "−",
        ",",
        ".",
        "·",
        "100.0",
        "0/0 (0%)",
        "PFS rate ",
        "1-year",
    ]
)


@settings(max_examples=150)
@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=40).map("".join)))
def test_no_text_crashes_the_audit(text):
    for finding in audit_text(text):
        assert finding.place.startswith("line ")
        assert finding.working or finding.verdict.value == "not_checkable"
