"""assumptions.toml: closed keys, all problems at once, and what the shipped file is built on."""

from __future__ import annotations

import re
from importlib import resources

import polars as pl
import pytest

from onearm.errors import ProtocolError
from onearm.simulation import parse_assumptions, read_assumptions, shipped_assumptions, simulate

TEXT = resources.files("onearm").joinpath("trials", "alter_e_003", "assumptions.toml").read_text(encoding="utf-8")


def edited(old, new):
    assert old in TEXT
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("frailty_sd", "frailty", "death.frailty: unknown key. Did you mean 'frailty_sd'?"),
        ("grow_sd = 1.1", "", "growth.grow_sd: this key is required and missing."),
        ("missed = 0.0 ", "missed = 2 ", "visits.missed: should be less than or equal to 1; found 2"),
        ("enrolled = 46", 'enrolled = "46"', "size.enrolled: should be a valid integer; found '46'."),
        ("screened = 53", "screened = 40", "size: screened should be at least enrolled."),
        ('fallback = "LYMPH NODE"', 'fallback = "NODE"', "lesions: fallback should be the name of one of the sites."),
        ("organs = { LIVER = 1 }", "organs = { LUNG = 1 }", "lesions: an organ should belong to one site only"),
        ("last_consent = 2022-09-23", "last_consent = 2021-09-23", "accrual: last_consent should not be before"),
        ("screening_days = [1, 14]", "screening_days = [14, 1]", "accrual: screening_days should not decrease."),
        ("weights = [1.0] ", "weights = [0.0] ", "accrual: at least one weight should be above 0."),
        ("withdrawn = 0.10 }", "withdrawn = 0.90 }", "toxicity.actions.grade_3: reduced, interrupted and withdrawn"),
        ("grade_3_or_more = 0.1087", "grade_3_or_more = 0.6", "toxicity.event[1]: grade_3_or_more should not be above"),
        (
            'on = "death"',
            'on = "birth"',
            "effect[3].on: should be 'progression', 'death', 'growth' or 'resistance'; found 'birth'",
        ),
        ("[growth]", "[growth", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_problem_names_its_key(old, new, message):
    with pytest.raises(ProtocolError, match=re.escape(message)):
        parse_assumptions(edited(old, new))


def test_all_problems_are_reported_at_once():
    text = edited("frailty_sd", "frailty").replace("missed = 0.0 ", "missed = 2 ")
    with pytest.raises(ProtocolError) as caught:
        parse_assumptions(text)
    assert len(caught.value.problems) == 3  # the unknown key, the one that is missing for it, the wrong value


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('column = "ECOG"\nlevel', 'column = "ECOGG"\nlevel', "nothing is called 'ECOGG'. Did you mean 'ECOG'?"),
        ('column = "ECOG"\nlevel = "0"', 'column = "ECOG"\nlevel = "7"', "nothing is called '7'. Known: 0, 1."),
        ('by = "PRIORSURG"', 'by = "PRIOR"', "no category is called 'PRIOR'. Did you mean 'PRIORSURG'?"),
        ("probability = { Y = 0.0, N = 1.0 }", "probability = { N = 1.0 }", "probability lacks PRIORSURG = Y."),
    ],
)  # fmt: skip
def test_names_that_fit_nothing_are_refused(protocol, old, new, message):
    with pytest.raises(ProtocolError, match=re.escape(message)):
        simulate(protocol, parse_assumptions(edited(old, new)), n=5, seed=1)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(ProtocolError, match="no such file"):
        read_assumptions(tmp_path)
    with pytest.raises(ProtocolError, match="alter_e_003"):
        shipped_assumptions("alter_e_004")


def test_a_folder_or_a_file_may_be_named(tmp_path):
    (tmp_path / "assumptions.toml").write_text(TEXT, encoding="utf-8")
    assert read_assumptions(tmp_path) == read_assumptions(tmp_path / "assumptions.toml") == shipped_assumptions()


def test_every_number_of_the_shipped_file_says_where_it_comes_from():
    # a line with a number has a source in square brackets, or stands below a line that has one for its whole table
    kinds = r"\[(T1|T2|T3|text|fitted|assumed)"
    covered = False
    bare = []
    for line in TEXT.splitlines()[8:]:
        if line.startswith("["):
            covered = re.search(kinds, line.split("#", 1)[-1]) is not None if "#" in line else False
            if re.match(r"\[\[(toxicity\.event|laboratory\.parameter|dose)\]\]", line):
                covered = True  # the comment above the first of them is about all
        elif (
            re.match(r"[^#]*=[^#]*\d", line) and not covered and not re.search(rf"#.*({kinds}|\d+/\d+|same|AJCC)", line)
        ):
            bare.append(line)
    allowed = (
        "first_target = 0.0",
        "second_lesion = 0.0",
        "non_target = 1.0",
        "organs =",
        "low =",
        "high =",
        "probability = { Y",
    )
    assert [line for line in bare if not line.startswith(allowed)] == []


def test_margins_of_table_1_are_those_of_a_large_cohort(trial):
    # Table 1 of the paper; 3,000 patients, hence standard errors below 0.01
    dm = trial["dm"].filter(pl.col("ARMCD") == "TREATED")
    share = {
        "SEX": ("M", 31 / 46), "ECOG": ("0", 14 / 46), "STAGE": ("IVB", 36 / 46), "PRIORSURG": ("Y", 19 / 46),
    }  # fmt: skip
    for column, (level, expected) in share.items():
        assert abs((dm[column] == level).mean() - expected) < 0.035
    for site, count in {"LUNG": 15, "LIVER": 7, "LYMPH NODE": 25, "OTHER": 27}.items():
        assert abs(dm["METSITES"].str.split(";").list.contains(site).mean() - count / 46) < 0.035
    assert dm["AGE"].median() == 67
    assert (dm["AGE"].min() >= 44) & (dm["AGE"].max() <= 77)
    assert abs((dm["AGE"] >= 65).mean() - 31 / 46) < 0.035
