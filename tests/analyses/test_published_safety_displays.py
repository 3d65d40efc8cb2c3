"""Adverse event summaries of the CDISC pilot study, held to the 1,524 results that CDISC publishes for them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from onearm.analyses.adverse_events import adverse_events
from onearm.derivations.schemas import ADAE
from onearm.protocol import parse_protocol

PROTOCOL = """
[trial]
id = "CDISCPILOT01"
title = "CDISC pilot"
[sets]
SAF = ["treated"]
[endpoint.ORR]
set = "SAF"
success = ["CR"]
[safety]
related_values = ["POSSIBLE", "PROBABLE"]
[cohort."Placebo"]
[cohort."Xanomeline Low Dose"]
[cohort."Xanomeline High Dose"]
"""
LEVELS = {
    "An07_01": ("TEAE", "any"),
    "An07_02": ("TRAE", "any"),
    "An07_03": ("TEAE", "serious"),
    "An07_04": ("TRAE", "serious"),
    "An07_05": ("TEAE", "fatal"),
    "An07_06": ("TRAE", "fatal"),
    "An07_07": ("TEAE", "leading to reduction or interruption"),
    "An07_08": ("TEAE", "leading to discontinuation"),
}


def _pilot() -> dict[str, pl.DataFrame]:
    """The analysis data of the pilot, which the package rtflite carries and csrlite uses, as our datasets."""
    spec = find_spec("rtflite")
    if spec is None or spec.origin is None:
        pytest.skip("the package csrlite (with rtflite, which carries the CDISC pilot data) is not installed")
    folder = Path(spec.origin).parent / "data"
    adsl = pl.read_parquet(folder / "adsl.parquet").filter(pl.col("SAFFL") == "Y")
    adae = pl.read_parquet(folder / "adae.parquet")
    dates = {name: pl.lit(None, dtype=pl.Date) for name in ("DTHDT", "LSTALVDT", "CUTOFFDT")}
    subjects = adsl.with_columns(COHORT="TRT01A", SAFFL=pl.lit("Y"), **dates)
    related = pl.col("AEREL").is_in(["POSSIBLE", "PROBABLE"])
    none = [pl.lit(None, dtype=kind).alias(name) for name, kind in ADAE.items() if name not in adae.columns]
    events = adae.with_columns(*none).with_columns(
        RELFL=pl.when(related).then(pl.lit("Y")).otherwise(pl.lit("N")),
        FATALFL="AESDTH",
        ATOXGRN=pl.col("AESEV").replace_strict({"MILD": 1, "MODERATE": 2, "SEVERE": 3}, return_dtype=pl.Int64),
    )
    return {"adsl": subjects, "adae": events.select(list(ADAE))}


def _groupings(ars: dict[str, Any]) -> dict[str, str]:
    """Value of each group of the standard's analysis groupings, by its identifier."""
    return {
        group["id"]: group["condition"]["value"][0]
        for grouping in ars["analysisGroupings"]
        for group in grouping.get("groups", [])
        if "condition" in group
    }


def _expected(ars: dict[str, Any]) -> list[tuple[tuple[str, str, str, str, str], str]]:
    names, rows = _groupings(ars), []
    for analysis in ars["analyses"]:
        if analysis.get("methodId") != "Mth01_CatVar_Summ_ByGrp" or analysis["dataset"] != "ADAE":
            continue
        for result in analysis["results"]:
            groups = [names.get(g.get("groupId", ""), g.get("groupValue")) for g in result["resultGroups"]]
            if len(groups) == 1:
                paramcd, level = LEVELS[analysis["id"][:7]]
                key = (paramcd, groups[0], "overview", level)
            elif len(groups) == 2:
                key = ("TEAE", groups[0], "class", groups[1])
            else:
                key = ("TEAE", groups[0], f"class:{groups[1]}", groups[2])
            stat = "n" if result["operationId"].endswith("_n") else "p"
            rows.append(((*key, stat), result["rawValue"]))
    return rows


def test_every_published_adverse_event_result_is_met(shared_reference: Callable[[str], Path]) -> None:
    path = shared_reference("ars") / "common_safety_displays.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        expected = _expected(json.load(file))
    results = adverse_events(_pilot(), parse_protocol(PROTOCOL))
    keys = ("paramcd", "group1_level", "variable", "variable_level", "stat")
    found = {tuple(row[k] for k in keys): row["value"] for row in results.iter_rows(named=True)}
    wrong = []
    for key, printed in expected:
        ours = found.get(key, 0.0) * (100 if key[-1] == "p" else 1)
        digits = len(printed.partition(".")[2])
        # Half a unit of the last digit that is published, and what a float of that size cannot tell.
        if abs(ours - float(printed)) > 0.5 * 10.0**-digits + 1e-12:
            wrong.append((key, printed, ours))
    # Any event, each class and each term, as count and percentage, in three groups: 1,524; and 42 of the overview.
    assert len([key for key, _ in expected if key[2] != "overview" or key[:1] + key[3:4] == ("TEAE", "any")]) == 1524
    assert len(expected) == 1566
    assert wrong == []
