"""A synthetic Explore HT file: controls, flags, both paths of the limit of detection, old names of columns."""

from __future__ import annotations

import statistics
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from simulated_omics import LOT, explore_ht

from onearm.data.assays.omics import FeatureMatrix, OlinkOptions, OmicsOptions, read_omics
from onearm.data.findings import Findings
from onearm.errors import DataError


def read(table: pl.DataFrame, path: Path, **options: Any) -> tuple[FeatureMatrix, Findings]:
    if path.suffix == ".parquet":
        table.write_parquet(path)
    else:
        table.write_csv(path, separator=";")
    findings = Findings()
    return read_omics(path, findings, options=OmicsOptions(olink=OlinkOptions(**options))), findings


def slow_limit(rows: list[dict[str, Any]], row: dict[str, Any]) -> float | None:
    """The limit of one value, written out as Olink describes it."""
    if row["NPX"] is None:
        return None
    same = [r for r in rows if r["OlinkID"] == row["OlinkID"]]
    on_plate = [r for r in same if r["PlateID"] == row["PlateID"]]
    controls = [r for r in same if r["SampleType"] == "NEGATIVE_CONTROL" and r["SampleQC"] == "PASS"]
    npx = [r["PCNormalizedNPX"] for r in controls]
    most = max(r["Count"] for r in controls)
    if most > 150:
        limit = statistics.median(npx) + max(0.2, 3 * statistics.stdev(npx))
    else:
        place = ("SampleID", "PlateID", "WellID", "Block")
        extension = next(
            r["Count"] for r in rows if r["AssayType"] == "ext_ctrl" and all(r[k] == row[k] for k in place)
        )
        plate = [r["ExtNPX"] for r in on_plate if r["SampleType"] == "PLATE_CONTROL"]
        limit = log2(max(150, 2 * most) / extension) - statistics.median(plate)
    if row["Normalization"] == "Intensity":
        limit -= statistics.median(r["PCNormalizedNPX"] for r in on_plate if r["SampleType"] == "SAMPLE")
    return limit


@pytest.mark.parametrize("normalisation", ["Plate control", "Intensity"])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_limits_from_negative_controls_are_those_written_out(tmp_path: Path, normalisation: str, suffix: str) -> None:
    table = explore_ht(normalisation=normalisation)
    matrix, _ = read(table, tmp_path / f"npx{suffix}")
    assert matrix.limit is not None
    rows = table.to_dicts()
    place = {name: i for i, name in enumerate(matrix.samples["SAMPLE"])}
    column = {name: i for i, name in enumerate(matrix.features["OLINKID"])}
    checked = [r for r in rows if r["SampleID"] in ("S00", "S03", "S13") and r["AssayType"] == "assay"]
    assert len(checked) == 120
    for row in checked:
        wanted = slow_limit(rows, row)
        found = matrix.limit[place[row["SampleID"]], column[row["OlinkID"]]]
        assert np.isnan(found) if wanted is None else found == pytest.approx(wanted, abs=1e-9)


def test_roles_of_samples_and_assays(tmp_path: Path) -> None:
    matrix, _ = read(explore_ht(), tmp_path / "npx.parquet")
    assert matrix.source == "Olink Explore HT"
    roles = {"sample": 24, "blank": 12, "control": 10, "qc": 4}
    assert dict(matrix.samples["ROLE"].value_counts().iter_rows()) == roles
    assert dict(matrix.features["ROLE"].value_counts().iter_rows()) == {"analyte": 40, "control": 6}
    own = matrix.of_role()
    assert own.values.shape == (24, 40)
    assert set(own.features["UNIT"]) == {"NPX"}
    assert [name for name in own.names if name.startswith("TWIN")] == ["TWIN (OID45010)", "TWIN (OID45013)"]


def test_flags_become_the_mask_and_findings(tmp_path: Path) -> None:
    matrix, findings = read(explore_ht(), tmp_path / "npx.parquet")
    own = matrix.of_role()
    place = {name: i for i, name in enumerate(own.samples["SAMPLE"])}
    block = (own.features["BLOCK"] == "2").to_numpy()
    assert not own.is_valid[place["S03"], block].any()
    assert own.is_valid[place["S03"], ~block].all()
    assert own.is_valid[place["S05"]].all()
    table = findings.frame()
    assert table.filter(rule="OMICS-QC-FAILED")["message"].to_list() == [
        "20 values of the sample 'S03' failed the quality control of the instrument and count as missing."
    ]
    # S05 in block 1 (20 values), the warned assay 7 in block 2 in all samples but the one that failed there
    assert "43 values in 23 samples" in table.filter(rule="OMICS-QC-WARNED")["message"][0]


def test_warned_values_can_be_dropped(tmp_path: Path) -> None:
    matrix, findings = read(explore_ht(), tmp_path / "npx.parquet", warned="drop")
    own = matrix.of_role()
    assert (~own.is_valid).sum() == 20 + 43
    assert "left out" in findings.frame().filter(rule="OMICS-QC-WARNED")["message"][0]


def test_fixed_limits_by_npx_and_by_count(tmp_path: Path) -> None:
    limits = pl.DataFrame(
        {"OlinkID": ["OID45000", "OID45001"], "DataAnalysisRefID": [LOT] * 2, "LODNPX": [-1.5, -2.5], "LODCount": [300, 300],
         "LODMethod": ["lod_npx", "lod_count"]}
    )  # fmt: skip
    limits.write_csv(tmp_path / "fixed.csv", separator=";")
    table = explore_ht()
    matrix, _ = read(table, tmp_path / "npx.parquet", limit=tmp_path / "fixed.csv")
    assert matrix.limit is not None
    column = {name: i for i, name in enumerate(matrix.features["OLINKID"])}
    assert matrix.limit[0, column["OID45000"]] == -1.5
    extension = table.filter(SampleID="S00", AssayType="ext_ctrl", Block="2")["Count"][0]
    plate = table.filter(SampleType="PLATE_CONTROL", OlinkID="OID45001", PlateID="P1")["ExtNPX"].to_list()
    wanted = log2(300 / extension) - statistics.median(plate)
    assert matrix.limit[0, column["OID45001"]] == pytest.approx(wanted)


def test_target_file_with_old_names(tmp_path: Path) -> None:
    names = ["A", "B", "CONTROL_SAMPLE_AS 1", "Neg_Ctrl_1"]
    old = pl.DataFrame(
        {
            "SampleID": names * 2,
            "Index": [1, 2, 3, 4] * 2,
            "OlinkID": ["OID00471"] * 4 + ["OID00472"] * 4,
            "UniProt": ["P1"] * 4 + ["P2"] * 4,
            "Assay": ["IL8"] * 4 + ["Inc Ctrl 1"] * 4,
            "MissingFreq": [0.0] * 8,
            "Panel_Version": ["v.1201"] * 8,
            "Plate_ID": ["X"] * 8,
            "QC_Warning": ["Pass", "Warning", "Pass", "Pass"] * 2,
            "Plate_LOD": [0.5] * 8,
            "NPX": ["3,25", "4", "5", "0", "1", "1", "1", "1"],
        }
    )
    matrix, _ = read(old, tmp_path / "target.csv")
    assert matrix.samples["ROLE"].to_list() == ["sample", "sample", "qc", "blank"]
    assert matrix.features["ROLE"].to_list() == ["analyte", "control"]
    assert matrix.values[0, 0] == 3.25
    assert matrix.samples["QC"].to_list() == ["PASS", "WARN", "PASS", "PASS"]
    assert matrix.limit is not None
    assert matrix.limit[0, 0] == 0.5


def test_a_sample_measured_twice_is_numbered_and_named(tmp_path: Path) -> None:
    table = explore_ht()
    again = table.filter(pl.col("SampleID") == "S00").with_columns(PlateID=pl.lit("P2"), WellID=pl.lit("H12"))
    matrix, findings = read(pl.concat([table, again]), tmp_path / "npx.parquet")
    assert "S00 #2" in matrix.samples["SAMPLE"].to_list()
    assert findings.frame().filter(rule="OMICS-SAMPLE-REPEATED").height == 1


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        (lambda t: t.drop("NPX", "Assay"), {}, "column 'NPX' is missing"),
        (lambda t: t.filter(pl.col("SampleType") != "NEGATIVE_CONTROL"), {"limit": "negative_controls"}, "found 0"),
        (lambda t: t, {"limit": "column"}, "absent or empty"),
    ],
)
def test_what_is_lacking_is_said(tmp_path: Path, change: Any, options: dict[str, Any], says: str) -> None:
    change(explore_ht()).write_parquet(tmp_path / "npx.parquet")
    how = OmicsOptions(format="olink", olink=OlinkOptions(**options))
    with pytest.raises(DataError, match=says):
        read_omics(tmp_path / "npx.parquet", Findings(), options=how)
