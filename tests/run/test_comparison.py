"""Paper beside onearm: the verdict of each printed number."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import polars as pl
import pytest
from small_trial import PROTOCOL

from onearm.protocol import parse_protocol
from onearm.published.numbers import parse_meanings
from onearm.published.read import parse_published
from onearm.reconstruction.solutions import Conflict
from onearm.results import Rows, concat_results
from onearm.run.comparison import compare_numbers
from onearm.run.reproduce import Reproduction, number_rows
from onearm.run.trial import Run

PAPER = """
[[statement]]
place = "Results, sentence 1"
statistic = "rate"
id = "ORR"
label = "ORR"
count = 26
total = 46
percent = 56.5
low = 41.1
high = 71.1
[[statement]]
place = "Table 1, row 1"
statistic = "rate"
id = "ECOG 1"
label = "1"
group = "ECOG"
count = 32
total = 46
percent = 70.6
[[statement]]
place = "Results, sentence 2"
statistic = "median"
id = "OS"
label = "OS"
value = 20.57
low = 14.65
high = "NE"
[[statement]]
place = "Results, sentence 3"
statistic = "rate"
id = "marker"
label = "marker"
percent = 12.0
[[statement]]
place = "Methods"
statistic = "count"
id = "genes"
label = "genes"
count = 100
"""
MEANINGS = """
[numbers]
"ORR" = { rate = "ORR" }
"ECOG 1" = { baseline = "ECOG", level = "1" }
"OS" = { time = "OS" }
"marker" = { baseline = "MARKER", level = "Y" }
[outside]
"genes" = "assays are not reconstructed"
"""


def results() -> pl.DataFrame:
    rate = Rows("response_rate", "ADRS", "ORR", "ITT")
    for stat, value in (("n", 26), ("N", 46), ("p", 26 / 46), ("conf_low", 0.41107), ("conf_high", 0.71069)):
        rate.add(stat, value)
    ecog = Rows("baseline", "ADSL", None, "ITT")
    ecog.add_share(32, 46, variable="ECOG", level="1")
    time = Rows("survival", "ADTTE", "OS", "ITT")
    time.add("median", 20.0)
    time.add("median_low", 14.653)
    time.add("median_high", note="not reached")
    return concat_results([rate.frame(), ecog.frame(), time.frame()])


def verdicts() -> dict[str, str]:
    numbers = compare_numbers("t", parse_published(PAPER), parse_meanings(MEANINGS), results())
    return {number.statistic: number.verdict.value for number in numbers}


def test_a_number_that_rounds_to_the_printed_one_is_met() -> None:
    found = verdicts()
    assert [found[f"ORR, {part}"] for part in ("count", "total", "percent", "lower limit", "upper limit")] == [
        "met"
    ] * 5
    assert found["OS, lower limit"] == "met"


def test_a_limit_printed_as_not_estimable_is_met_by_one_that_does_not_exist() -> None:
    assert verdicts()["OS, upper limit"] == "met"


def test_another_number_differs() -> None:
    assert verdicts()["OS, value"] == "differs"


def test_a_percentage_that_no_count_gives_cannot_be_met_and_stops_nothing() -> None:
    numbers = compare_numbers("t", parse_published(PAPER), parse_meanings(MEANINGS), results())
    wrong = next(number for number in numbers if number.printed == "70.6%")
    assert wrong.verdict.value == "cannot_be_met"
    assert "32/46 = 69.565%" in wrong.note
    assert next(number for number in numbers if number.printed == "32").verdict.value == "met"


def test_what_no_result_says_is_not_computable() -> None:
    found = verdicts()
    assert found["marker, percent"] == "not_computable"
    assert found["genes, count"] == "not_computable"


def test_a_figure_that_was_not_drawn_is_named(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "waterfall_01.svg").write_text("<svg/>", encoding="utf-8")
    figures = '[[figure]]\nfile = "{}"\ntitle = "T"\nplace = "Figure 1"\nsays = "It falls."\n'
    run = Run(tmp_path, tmp_path / "report.html", parse_protocol(PROTOCOL), results(), pl.DataFrame())
    meanings = parse_meanings(figures.format("waterfall_STS") + figures.format("waterfall_01") + MEANINGS)
    made = Reproduction("t", tmp_path, run, (), parse_published(PAPER), meanings)
    said = "reconstruction.toml, figure: no such figure: waterfall_STS. Did you mean 'waterfall_01'?"
    assert made.missing_figures == (said,)


def test_json_has_one_object_for_each_number_that_says_it_is_synthetic() -> None:
    numbers = compare_numbers("t", parse_published(PAPER), parse_meanings(MEANINGS), results())
    keys = ["trial", "place", "statistic", "printed", "computed", "verdict", "note"]
    assert all(list(number.as_row()) == keys for number in numbers)
    made = Reproduction(
        "t", Path(), cast("Run", None), tuple(numbers), parse_published(PAPER), parse_meanings(MEANINGS)
    )
    assert all(list(row) == [*keys, "data"] and row["data"] == "synthetic" for row in number_rows(made))
    # ORR 5, ECOG 2 (a table prints its denominator once, in its head), OS 3, marker 1, genes 1
    assert len(numbers) == 12


SIX_MONTHS = """
[[statement]]
place = "Results, sentence 5"
statistic = "landmark"
id = "OS at 6"
label = "OS"
time = 6
percent = 85.4
low = 78.5
high = 92.4
"""


@pytest.mark.parametrize(("is_proved", "verdict"), [(True, "cannot_be_met"), (False, "differs")])
def test_only_a_proof_excuses_a_number(is_proved: bool, verdict: str) -> None:
    rows = Rows("survival_rate", dataset="ADTTE", paramcd="OS")
    for stat, value in (("rate", 0.8544), ("rate_low", 0.7852), ("rate_high", 0.9222)):
        rows.add(stat, value, variable="time", level="6")
    paper = parse_published(SIX_MONTHS)
    meanings = parse_meanings('[numbers]\n"OS at 6" = { time = "OS" }')
    conflict = Conflict(("OS.at 6", "OS.at 6 low", "OS.at 6 high"), "no number of events gives them", is_proved)
    numbers = compare_numbers("trial", paper, meanings, rows.frame(), conflicts=[conflict])
    assert [(one.printed, one.verdict.value) for one in numbers] == [
        ("85.4%", "met"),
        ("78.5", "met"),
        ("92.4", verdict),
    ]


POSTERIOR = """
[[statement]]
place = "Results, sentence 2"
statistic = "rate"
id = "ORR"
label = "ORR, posterior mean"
count = 4
total = 43
percent = 11.0
low = 4.0
high = 22.0
interval = "credible"
rounded_to = 1
"""


def posterior_numbers(paper: str, meanings: str = "") -> list[tuple[str, str, str]]:
    """4 of 43 with a uniform prior: Beta(5, 40), mean 5/45, limits 3.79 and 21.67 % (docs/audit.md)."""
    rows = Rows("response_rate", "ADRS", "ORR", "EFF")
    for stat, value in (("n", 4), ("N", 43), ("p", 4 / 43), ("conf_low", 0.026), ("conf_high", 0.221)):
        rows.add(stat, value)
    for stat, value in (("mean", 5 / 45), ("low", 0.0379), ("high", 0.2167)):
        rows.add(f"posterior_{stat}", value)
    said = parse_meanings('[numbers]\n"ORR" = { rate = "ORR" }\n' + meanings)
    numbers = compare_numbers("trial", parse_published(paper), said, rows.frame())
    return [(one.printed, one.verdict.value, one.note) for one in numbers]


def test_a_credible_interval_is_compared_with_the_posterior_in_the_unit_it_was_rounded_to() -> None:
    note = "rounded to 1 before it was printed"
    assert posterior_numbers(POSTERIOR) == [
        ("4", "met", ""),
        ("43", "met", ""),
        ("11.0%", "met", note),
        ("4.0", "met", note),
        ("22.0", "met", note),
    ]


def test_without_that_unit_a_padded_number_is_not_met() -> None:
    found = posterior_numbers(POSTERIOR.replace("rounded_to = 1\n", ""))
    assert [verdict for _, verdict, _ in found] == ["met", "met", *["cannot_be_met"] * 3]


def test_one_part_of_a_statement_may_be_what_cannot_be_met() -> None:
    paper = """
[[statement]]
place = "Results, sentence 6"
statistic = "rate"
id = "ORR"
label = "ORR"
count = 4
percent = 52.1
"""
    found = posterior_numbers(paper, '[unmet]\n"ORR, percent" = "it is a share of others"')
    assert found == [("4", "met", ""), ("52.1%", "cannot_be_met", "it is a share of others")]


def test_later_therapy_is_looked_up_with_its_denominator() -> None:
    """6 of 50 patients, and 6 of the 13 who progressed, had one agent; one of the 13 had two lines, none more."""
    rows = Rows("therapy", "ADCM", "SUBSEQUENT", population="ITT")
    for of, total in (("", 50), ("of the progressed", 13)):
        rows.add_share(6, total, variable=f"agent {of}".strip(), level="ANTI-PD-1 ANTIBODY")
        for level, n in (("0", total - 7), ("1", 6), ("2", 1), ("3 or more", 0)):
            rows.add_share(n, total, variable=f"lines {of}".strip(), level=level)
    paper = "".join(
        f'[[statement]]\nplace = "Results"\nstatistic = "rate"\nid = "{name}"\nlabel = "{name}"\n'
        f"count = {count}\ntotal = {total}\npercent = {percent}\n"
        for name, count, total, percent in (("all", 6, 50, 12), ("agent", 6, 13, 46.2), ("third", 1, 13, 7.7))
    )
    meanings = parse_meanings(
        """[numbers]
"all" = { later_therapy = "ANTI-PD-1 ANTIBODY", of = "any" }
"agent" = { later_therapy = "ANTI-PD-1 ANTIBODY", of = "of the progressed" }
"third" = { later_therapy = "lines", level = "2 + 3 or more", of = "of the progressed" }
"""
    )
    numbers = compare_numbers("trial", parse_published(paper), meanings, rows.frame())
    assert [number.verdict for number in numbers] == ["met"] * 9
