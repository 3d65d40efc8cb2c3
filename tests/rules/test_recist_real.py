"""The lesions of eight patients and three readers of pharmaversesdtm give the published timepoint responses."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from onearm.rules.dates import impute_dates
from onearm.rules.recist import RecistRules
from onearm.rules.recist_lesions import check_target_lesions
from onearm.rules.recist_non_target import non_target_response
from onearm.rules.recist_target import sum_of_diameters, target_response
from onearm.rules.recist_timepoint import timepoint_response

# (patient, reader, visit): (published, derived)
DIFFERENT = {
    # all disease had gone at week 6, and one target of 4.95 mm is back: PD after an overall CR, but less than 5 mm
    ("01-701-1133", "RADIOLOGIST 2", 4): ("PR", "PD"),
}


def _read(folder: Path, name: str) -> pl.DataFrame:
    frame = pl.read_csv(folder / name, infer_schema=False, null_values="NA")
    domain = name[:2].upper()
    return frame.with_columns(
        reader=pl.coalesce(f"{domain}EVALID", f"{domain}EVAL"), visit=pl.col("VISITNUM").cast(pl.Int64)
    )


def _lesions(folder: Path) -> pl.DataFrame:
    identified = _read(folder, "tu_onco_recist.csv").select(
        "USUBJID", "reader", lesion="TULNKID", organ="TULOC", is_node=pl.col("TULOC") == "LYMPH NODE"
    )
    results = _read(folder, "tr_onco_recist.csv")
    dates = impute_dates(results["TRDTC"], rule="mid")
    return (
        results.with_columns(day=dates["date"])
        .rename({"TRLNKID": "lesion"})
        .join(identified, on=["USUBJID", "reader", "lesion"], how="left")
        .with_columns(subject=pl.concat_str("USUBJID", "reader", separator="|"))
    )


def _targets(folder: Path) -> pl.DataFrame:
    axis = pl.when("is_node").then(pl.lit("LPERP")).otherwise(pl.lit("LDIAM"))
    rows = _lesions(folder).filter((pl.col("TRGRPID") == "TARGET") & (pl.col("TRTESTCD") == axis))
    return rows.select(
        *("subject", "visit", "day", "lesion", "organ", "is_node"),
        diameter_mm=pl.col("TRSTRESC").cast(pl.Float64),
        state=pl.lit("measured"),
    )


def _differences(folder: Path, rules: RecistRules) -> dict[tuple[str, str, int], tuple[str, str]]:
    target = target_response(sum_of_diameters(_targets(folder), rules), rules)
    rows = _lesions(folder).filter(pl.col("TRGRPID") == "NON-TARGET")
    # each state is recorded twice in the file
    states = rows.select("subject", "visit", "day", "lesion", state=pl.col("TRSTRESC").str.to_lowercase()).unique()
    derived = timepoint_response(target, non_target_response(states, rules), rules=rules)
    published = _read(folder, "rs_onco_recist.csv").select(
        "RSSTRESC", "USUBJID", "reader", "visit", subject=pl.concat_str("USUBJID", "reader", separator="|")
    )
    both = published.join(derived, on=["subject", "visit"], how="full", coalesce=True)
    assert both.height == 66
    return {
        (row["USUBJID"], row["reader"], row["visit"]): (row["RSSTRESC"], row["response"])
        for row in both.filter(pl.col("RSSTRESC").ne_missing(pl.col("response"))).iter_rows(named=True)
    }


def test_published_timepoint_responses(shared_data):
    assert _differences(shared_data("pharmaversesdtm_onco"), RecistRules()) == DIFFERENT


def test_all_published_responses_where_a_lesion_that_is_back_is_judged_by_the_sum(shared_data):
    assert _differences(shared_data("pharmaversesdtm_onco"), RecistRules(reappearance="sum")) == {}


def test_the_targets_are_those_that_recist_allows(shared_data):
    assert check_target_lesions(_targets(shared_data("pharmaversesdtm_onco"))).is_empty()
