"""The records that are reconstructed for NCT05013697, against what its paper prints and the pipeline derives."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from onearm.run import Checked, check_trial
from onearm.run.reproduce import read_shipped, reconstruct_trial


@pytest.fixture(scope="module", params=[1, 2])
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """With the seed that ships and with another one, which gives other events, days and lesions."""
    folder = tmp_path_factory.mktemp("benmelstobart")
    shipped = read_shipped("benmelstobart_anlotinib_chemo_escc")
    solution = shipped.solution.replace('"seed": 1', f'"seed": {request.param}')
    reconstruct_trial(replace(shipped, solution=solution), folder, seed=request.param)
    return check_trial(folder)


def patients(events: pl.DataFrame) -> int:
    return events["USUBJID"].n_unique()


def test_immune_related_events_as_printed(checked: Checked) -> None:
    """24 patients, 3 with grade 3 or more; hypothyroidism 9, diarrhea 7, raised ALT 5 and no other in 10 % or more."""
    events = checked.derived.datasets["adae"].filter(IRAEFL="Y", TRTEMFL="Y")
    assert (patients(events), patients(events.filter(pl.col("ATOXGRN") >= 3))) == (24, 3)
    terms = {str(term): patients(part) for (term,), part in events.group_by("AEDECOD")}
    named = {"Hypothyroidism": 9, "Diarrhea": 7, "Alanine aminotransferase increased": 5}
    assert {term: terms.pop(term) for term in named} == named
    assert all(count < 5 for count in terms.values())
    # what is immune-related is related to the treatment of the trial
    assert set(events["RELFL"]) == {"Y"}


def test_one_patient_of_the_progressed_had_a_third_line_and_six_an_anti_pd_1_antibody(checked: Checked) -> None:
    """13 patients progressed, 7 of them were treated later, 6 with anti-PD-1 therapy, one underwent third-line therapy."""
    datasets = checked.derived.datasets
    progressed = datasets["adrs"].filter(PARAMCD="PD", AVALC="Y")
    later = datasets["adcm"].filter(ACAT="SUBSEQUENT").join(progressed.select("USUBJID"), on="USUBJID", how="semi")
    assert (patients(progressed), patients(later)) == (13, 7)
    assert patients(later.filter(CMDECOD="ANTI-PD-1 ANTIBODY")) == 6
    assert later.filter(pl.col("LATERLN") == 2).height == 1
    assert later["LATERLN"].max() == 2


def test_twelve_progressed_in_one_or_two_sites_and_one_in_more(checked: Checked) -> None:
    extent = checked.derived.datasets["adrs"].filter(PARAMCD="PDEXT")
    assert dict(extent.group_by("AVALC").len().rows()) == {"OLIGO": 12, "SYSTEMIC": 1}


def test_the_investigator_said_something_of_every_event(checked: Checked) -> None:
    assert checked.findings.filter(pl.col("rule").str.starts_with("SAFETY-IMMUNE")).is_empty()
