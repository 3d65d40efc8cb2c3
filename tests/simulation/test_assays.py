"""Simulated assays: samples, values, and their links with response and survival."""

from __future__ import annotations

from importlib import resources

import numpy as np
import polars as pl
import pytest

from onearm.errors import ProtocolError
from onearm.protocol import Protocol, parse_protocol
from onearm.simulation import Assumptions, parse_assumptions, simulate

ASSAY = """
[assay.blood]
file = "blood.csv"
sample = "TUBE"
samples = { file = "tubes.csv", sample = "TUBE" }
[biomarker.X]
assay = "blood"
measure = "X"
"""
SAMPLES = """
[assay.blood]
available = 0.8
later = { C2D1 = 28 }
paired = 0.9
batches = 2
batch_sd = 0.5
tissue = "PLASMA"
[[assay.blood.measure]]
names = ["X", "Y"]
median = 10
sd = 0.5
zero = 0.3
digits = 3
with_resistance = -0.6
with_frailty = 0.3
change = 2.0
change_sd = 0.2
[[assay.blood.measure]]
names = ["KIND"]
levels = { LOW = 3, HIGH = 1 }
with_resistance = 0.5
"""


def text(name: str) -> str:
    return resources.files("onearm").joinpath("trials", "alter_e_003", name).read_text(encoding="utf-8")


def without_assays(toml: str) -> str:
    """The shipped file without its own assays and biomarkers."""
    kept, keep = [], True
    for line in toml.splitlines(keepends=True):
        if line.startswith("["):
            keep = not line.lstrip("[").startswith(("assay.", "biomarker.", "source"))
        kept += [line] if keep else []
    return "".join(kept)


@pytest.fixture(scope="module")
def plan() -> tuple[Protocol, Assumptions]:
    return (
        parse_protocol(without_assays(text("protocol.toml")) + ASSAY),
        parse_assumptions(without_assays(text("assumptions.toml")) + SAMPLES),
    )


@pytest.fixture(scope="module")
def tables(plan) -> dict[str, pl.DataFrame]:
    return simulate(*plan, n=6000, seed=3)


def joined(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return tables["assays/blood"].join(tables["assays/blood samples"], on="TUBE")


def test_every_sample_is_in_the_sheet_once_and_of_an_enrolled_patient(tables) -> None:
    sheet = tables["assays/blood samples"]
    assert sheet["TUBE"].is_unique().all()
    assert sheet["TUBE"].to_list() == tables["assays/blood"]["TUBE"].to_list()
    enrolled = tables["dm"].filter(pl.col("ARMCD") == "TREATED")["USUBJID"]
    assert sheet["USUBJID"].is_in(enrolled.implode()).all()
    assert sheet["TUBE"].str.contains("-SYNTHETIC-").all()
    assert sheet["TISSUE"].unique().to_list() == ["PLASMA"]


def test_baseline_samples_precede_treatment_and_later_ones_fall_on_their_day(tables) -> None:
    days = tables["assays/blood samples"].join(tables["dm"].select("USUBJID", "RFSTDTC"), on="USUBJID")
    days = days.with_columns(day=(pl.col("DATE").str.to_date() - pl.col("RFSTDTC").str.to_date()).dt.total_days())
    assert days.filter(pl.col("TIMEPOINT") == "baseline")["day"].max() <= 0
    assert days.filter(pl.col("TIMEPOINT") == "C2D1")["day"].unique().to_list() == [28]


def test_shares_of_samples_are_those_assumed(tables) -> None:
    sheet = tables["assays/blood samples"]
    first = sheet.filter(pl.col("TIMEPOINT") == "baseline")
    assert first.height / 6000 == pytest.approx(0.8, abs=0.02)
    ended = tables["ds"].filter(pl.col("DSSCAT") == "TREATMENT").select("USUBJID", "DSSTDTC")
    start = tables["dm"].select("USUBJID", "RFSTDTC")
    early = ended.join(start, on="USUBJID").filter(
        (pl.col("DSSTDTC").str.to_date() - pl.col("RFSTDTC").str.to_date()).dt.total_days() < 28
    )["USUBJID"]
    able = first.filter(~pl.col("USUBJID").is_in(early.implode()))
    later = sheet.filter(pl.col("TIMEPOINT") == "C2D1")
    assert not later["USUBJID"].is_in(early.implode()).any()
    assert later.height / able.height == pytest.approx(0.9, abs=0.02)


def test_values_follow_their_law_and_change_as_assumed(tables) -> None:
    both = joined(tables).pivot("TIMEPOINT", index=["USUBJID", "BATCH"], values="X")
    first = both["baseline"].to_numpy()
    assert (first == 0).mean() == pytest.approx(0.3, abs=0.02)
    positive = both.filter((pl.col("baseline") > 0) & pl.col("C2D1").is_not_null())
    ratio = np.log((positive["C2D1"] / positive["baseline"]).to_numpy())
    assert ratio.mean() == pytest.approx(np.log(2), abs=0.02)
    assert ratio.std() == pytest.approx(0.2, abs=0.02)
    assert both["BATCH"].n_unique() == 2


def test_levels_are_as_frequent_as_assumed(tables) -> None:
    kinds = joined(tables).filter(pl.col("TIMEPOINT") == "baseline")["KIND"]
    assert (kinds == "HIGH").mean() == pytest.approx(0.25, abs=0.02)


def test_a_linked_marker_goes_with_shrinkage_and_one_that_is_not_does_not(plan, tables) -> None:
    protocol, assumptions = plan
    size = tables["tr"].filter(pl.col("TRTESTCD") == "LDIAM", pl.col("VISIT").is_in(["SCREENING", "WEEK 12"]))
    sums = (
        size.group_by("USUBJID", "VISIT")
        .agg(pl.col("TRSTRESN").sum())
        .pivot("VISIT", index="USUBJID", values="TRSTRESN")
    )
    left = sums.drop_nulls().select("USUBJID", left=pl.col("WEEK 12") / pl.col("SCREENING"))
    marked = joined(tables).filter(pl.col("TIMEPOINT") == "baseline").join(left, on="USUBJID")
    # ranks, as the law of the marker has a mass at 0
    linked = marked.select(pl.corr("X", "left", method="spearman")).item()
    assert -0.65 < linked < -0.4
    sections = assumptions.assay["blood"]
    free = tuple(m.model_copy(update={"with_resistance": 0.0, "with_frailty": 0.0}) for m in sections.measure)
    unlinked = assumptions.model_copy(update={"assay": {"blood": sections.model_copy(update={"measure": free})}})
    other = simulate(protocol, unlinked, n=6000, seed=3)
    marked = joined(other).filter(pl.col("TIMEPOINT") == "baseline").join(left, on="USUBJID")
    assert abs(marked.select(pl.corr("X", "left", method="spearman")).item()) < 0.06


def test_assays_change_no_other_table(plan, tables) -> None:
    protocol, assumptions = plan
    without = simulate(protocol, assumptions.model_copy(update={"assay": {}}), n=6000, seed=3)
    assert all(without[name].equals(tables[name]) for name in without)


def test_a_table_may_be_long_and_name_patients_itself(plan) -> None:
    protocol, assumptions = plan
    section = protocol.assay["blood"].model_copy(
        update={
            "sample": None,
            "samples": None,
            "subject": "patient",
            "timepoint": "visit",
            "measure": "what",
            "value": "how",
        }
    )
    long = protocol.model_copy(update={"assay": {"blood": section}})
    table = simulate(long, assumptions, n=50, seed=1)["assays/blood"]
    assert table.columns == ["patient", "visit", "what", "how"]
    assert set(table["what"]) == {"X", "Y", "KIND"}


def test_an_assay_that_the_protocol_lacks_is_refused(plan) -> None:
    protocol, assumptions = plan
    renamed = assumptions.model_copy(update={"assay": {"blod": assumptions.assay["blood"]}})
    with pytest.raises(
        ProtocolError, match=r"assay\.blod: the protocol has no table of that name\. Did you mean 'blood'"
    ):
        simulate(protocol, renamed, n=5, seed=1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("median = 10", "", "exactly one of median, of and levels"),
        ("with_frailty = 0.3", "with_frailty = 0.9", "at most 1"),
    ],
)
def test_impossible_measures_are_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        parse_assumptions(without_assays(text("assumptions.toml")) + SAMPLES.replace(old, new))
