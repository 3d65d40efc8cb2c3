"""IBOR and immune progression: Table 3 of Seymour 2017, and the assessments of pharmaversesdtm."""

from __future__ import annotations

import json

import polars as pl
import pytest

from onearm.rules.best_response import BestResponseRules
from onearm.rules.irecist import immune_timepoint_response
from onearm.rules.irecist_best import confirmed_immune_best_response, immune_best_response, immune_progression
from onearm.rules.recist import RecistRules


def _frames(words: list[str], every: int = 56) -> tuple[pl.DataFrame, pl.DataFrame]:
    days = [every * (number + 1) for number in range(len(words))]
    assessments = pl.DataFrame({"subject": ["1"] * len(words), "day": days, "response": words})
    return assessments, pl.DataFrame({"subject": ["1"], "reference_day": [0]})


@pytest.mark.parametrize("name", [f"E{number}" for number in range(1, 9)])
def test_best_response_of_the_examples_of_seymour(name, shared_reference):
    cases = json.loads(shared_reference("response/irecist_ibor_cases.json").read_text())["cases"]
    case = next(case for case in cases if case["id"] == name)
    assert immune_best_response(*_frames(case["concrete_path"]))["response"].item() == case["expected_ibor"]


@pytest.mark.parametrize("name", [f"E{number}" for number in range(1, 9)])
def test_every_path_that_the_examples_allow(name, shared_reference):
    cases = json.loads(shared_reference("response/irecist_ibor_cases.json").read_text())["cases"]
    case = next(case for case in cases if case["id"] == name)
    anything = ["iCR", "iPR", "iSD", "iUPD", "NE"]
    choices = [anything if word == "any" else word.split("|") for word in case["timepoints"]]
    paths: list[list[str]] = [[]]
    for words in choices:
        paths = [[*path, word] for path in paths for word in words]
    parts = [
        pl.DataFrame(
            {"subject": [str(n)] * len(path), "day": [56 * (i + 1) for i in range(len(path))], "response": path}
        )
        for n, path in enumerate(paths)
    ]
    subjects = pl.DataFrame({"subject": [str(n) for n in range(len(paths))], "reference_day": [0] * len(paths)})
    assert immune_best_response(pl.concat(parts), subjects)["response"].unique().to_list() == [case["expected_ibor"]]


def test_words_and_rules_are_those_of_irecist():
    row = confirmed_immune_best_response(*_frames(["iPR", "iPR", "iCPD"])).row(0, named=True)
    assert row["rule"] == "iRECIST-ICBOR-PR"
    assert row["why"] == "iPR: iPR on day 56, confirmed by iPR on day 112, 56 days later."


def test_an_unconfirmed_progression_between_forbids_confirmation():
    assert confirmed_immune_best_response(*_frames(["iPR", "iUPD", "iPR"]))["response"].item() == "iSD"


def test_less_than_complete_after_icr_is_not_progression():
    rules = BestResponseRules(after_complete="progression")
    # as a PD the iPR would end the course; as it is, the later iCR confirms it
    assert confirmed_immune_best_response(*_frames(["iCR", "iPR", "iCR"]), rules)["response"].item() == "iPR"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["iUPD", "iCPD"], [(56, True)]),
        (["iUPD", "iUPD", "iCPD"], [(56, True)]),
        (["iUPD", "NE", "iCPD"], [(56, True)]),
        (["iUPD", "iSD", "iUPD", "iCPD"], [(168, True)]),
        (["iUPD", "iSD"], []),
        (["iSD", "iUPD"], [(112, False)]),
        (["iUPD", "NE"], [(56, False)]),
        (["iUPD", "iCPD", "iPR"], [(56, True)]),
        (["iCPD"], [(56, True)]),
    ],
)
def test_day_of_immune_progression(words, expected):
    found = immune_progression(_frames(words)[0])
    assert found.select("day", "is_confirmed").rows() == expected


def test_an_open_progression_may_be_ignored():
    assert immune_progression(_frames(["iSD", "iUPD"])[0], unconfirmed="ignore").is_empty()


# the published overall response, and what follows from the published components, where the two differ
DIFFERENT = {
    # iCPD at week 12; afterwards the published responses go on, here they stay iCPD (Seymour 2017, Table 3)
    ("01-701-1028", "WEEK 18"): ("iSD", "iCPD"),
    # overall and non-target response are exchanged in the file
    ("01-701-1034", "WEEK 18"): ("NON-iCR/NON-iUPD", "iSD"),
    ("01-701-1148", "WEEK 18 (T)"): ("NON-iCR/NON-iUPD", "iPR"),
    ("01-701-1345", "WEEK 18 (T)"): ("NON-iCR/NON-iUPD", "iSD"),
    # a new lesion is progression, whatever the targets are (Eisenhauer 2009, Table 1)
    ("01-701-1097", "WEEK 6"): ("NE", "iUPD"),
    ("01-701-1302", "WEEK 6"): ("iSD", "iUPD"),
    # the target response is iSD and non-target NE, which together are iSD (Eisenhauer 2009, Table 1)
    ("01-701-1415", "WEEK 24"): ("NE", "iSD"),
}


def test_published_components_give_the_published_responses(shared_data):
    path = shared_data("pharmaversesdtm_onco") / "rs_onco_irecist.csv"
    rows = pl.read_csv(path, infer_schema=False, null_values="NA")
    wide = rows.pivot("RSTESTCD", index=["USUBJID", "VISITNUM", "VISIT"], values="RSSTRESC", aggregate_function="first")
    days = rows.group_by("USUBJID", "VISITNUM").agg(
        day=pl.col("RSDTC").filter(pl.col("RSDTC").str.len_chars() == 10).min().str.to_date()
    )
    wide = wide.join(days, on=["USUBJID", "VISITNUM"])
    plain = {
        "iCR": "CR",
        "iPR": "PR",
        "iSD": "SD",
        "iUPD": "PD",
        "iCPD": "PD",
        "NON-iCR/NON-iUPD": "NON-CR/NON-PD",
    }
    key = wide.select("day", subject="USUBJID", visit="VISITNUM")
    # the file has no diameters: a published iCPD of the targets stands for a further increase
    target = key.with_columns(
        target=wide["TRGRESP"].replace(plain),
        measured_mm=pl.when(wide["TRGRESP"] == "iCPD").then(60.0).otherwise(50.0),
    )
    # a response of the targets, iSD or iPR, that stands among the non-targets is one of the exchanged rows
    swapped = {"SD": "NON-CR/NON-PD", "PR": "NON-CR/NON-PD"}
    non_target = key.with_columns(non_target=wide["NTRGRESP"].replace(plain).replace(swapped), n_increased=pl.lit(0))
    is_equivocal = (wide["NEWLPROG"] == "EQUIVOCAL").fill_null(False)
    is_new = wide["NEWLIND"] == "Y"
    new_lesion = key.with_columns(
        new_lesion=pl.when(is_new & is_equivocal)
        .then(pl.lit("equivocal"))
        .when(is_new)
        .then(pl.lit("yes"))
        .otherwise(pl.lit("no")),
        n_new=is_new.cast(pl.Int64),
        n_increased=pl.lit(0),
        new_mm=pl.lit(0.0),
    )
    # its authors call what is back after iCR iPR or iSD
    found = immune_timepoint_response(target, non_target, new_lesion, recist=RecistRules(reappearance="sum"))
    both = wide.select("OVRLRESP", "VISIT", subject="USUBJID", visit="VISITNUM").join(found, on=["subject", "visit"])
    assert both.height == 75
    different = {
        (row["subject"], row["VISIT"]): (row["OVRLRESP"], row["i_response"])
        for row in both.filter(pl.col("OVRLRESP") != pl.col("i_response")).iter_rows(named=True)
    }
    assert different == DIFFERENT
