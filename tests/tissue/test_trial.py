"""A trial with cell tables, from the files to the report; what cannot be measured is missing and said."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_trial import PROTOCOL as TRIAL
from small_trial import write_small_trial

from onearm.analyses import analyse
from onearm.errors import DataError
from onearm.run import Checked, check_trial, run_trial
from onearm.stats.neighbours import nearest
from onearm.stats.ranks import rank_sum

_SPEC = importlib.util.spec_from_file_location("synthetic_cells", Path(__file__).with_name("synthetic.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
synthetic = importlib.util.module_from_spec(_SPEC)
sys.modules["synthetic_cells"] = synthetic
_SPEC.loader.exec_module(synthetic)

PATIENTS = ("001", "002", "003")


def write(folder: Path, extra: str = "", replace: tuple[str, str] = ("", "")) -> Path:
    cells = synthetic.PROTOCOL.replace(*replace) if replace[0] else synthetic.PROTOCOL
    write_small_trial(folder, protocol=TRIAL + cells + extra)
    synthetic.write_cells(folder, PATIENTS, responders=["001"])
    return folder


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return check_trial(write(tmp_path_factory.mktemp("tissue")))


def test_each_sample_has_the_density_of_its_files(checked: Checked, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Counted here from the written text: CD8+ of both fields over two fields of 600 x 450 µm."""
    folder = write(tmp_path_factory.mktemp("again"))
    adbm = checked.derived.datasets["adbm"].filter(PARAMCD="CD8", AVISIT="baseline")
    assert adbm.height == len(PATIENTS)
    for row in adbm.iter_rows(named=True):
        text = "".join(p.read_text() for p in folder.glob(f"data/assays/{row['SAMPID']}*cell_seg_data.txt"))
        count = sum(line.split("\t")[3] == "CD8+" for line in text.splitlines())
        assert row["AVAL"] == pytest.approx(count / (2 * 0.6 * 0.45))
        assert row["RULE"] == "TISSUE-DENSITY"
        assert row["WHY"] == f"density of CD8+: {count} cells in 0.54 mm² of 2 fields."


def test_distances_and_shares_are_those_of_all_pairs(
    checked: Checked, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = write(tmp_path_factory.mktemp("pairs"))
    values = checked.derived.datasets["adbm"].filter(USUBJID="002", AVISIT="baseline")
    distances, near = [], []
    for path in sorted(folder.glob("data/assays/S002-B_*_cell_seg_data.txt")):
        table = pl.read_csv(path.read_bytes(), separator="\t")
        xy = {
            k: table.filter(Phenotype=k).select("Cell X Position", "Cell Y Position").to_numpy()
            for k in ("CD8+", "CK+", "CD20+")
        }
        distances += nearest(xy["CD8+"], xy["CK+"]).distance.tolist()
        pairs = np.hypot(*(xy["CD20+"][:, None] - xy["CD8+"][None]).transpose(2, 0, 1))
        near += (pairs.min(axis=1) <= 10).tolist()
    found = dict(values.select("PARAMCD", "AVAL").rows())
    assert found["CD8DIST"] == pytest.approx(np.mean(distances))
    assert found["BNEART"] == pytest.approx(100 * np.mean(near))


def test_fields_stand_beside_samples(checked: Checked) -> None:
    adtis = checked.derived.datasets["adtis"]
    assert adtis.height == 7 * 2 * 2 * len(PATIENTS)
    pooled = checked.derived.datasets["adbm"].filter(PARAMCD="CD8", AVISIT="baseline", USUBJID="001")["AVAL"][0]
    assert adtis.filter(PARAMCD="CD8", SAMPID="S001-B")["AVAL"].mean() == pytest.approx(pooled)


def test_only_a_planned_number_of_fields_is_drawn(checked: Checked) -> None:
    adcell = checked.derived.datasets["adcell"]
    assert adcell["FIELD"].n_unique() == 2
    lines = adcell.filter(pl.col("NEARUM").is_not_null())
    assert (lines["KIND"] == "CD8+").all()
    length = ((lines["XUM"] - lines["NEARX"]) ** 2 + (lines["YUM"] - lines["NEARY"]) ** 2).sqrt()
    assert np.allclose(length, lines["NEARUM"])


def test_the_report_holds_fields_tables_and_both_groups(tmp_path: Path) -> None:
    run = run_trial(write(tmp_path))
    report = (run.folder / "report.html").read_text(encoding="utf-8")
    for text in (
        "Fields of Multiplex immunofluorescence",
        "Biomarkers by response",
        "Biomarkers at two times",
        "CD8+ density",
    ):
        assert text in report
    assert (run.folder / "figures" / "fields_mif.svg").is_file()


def test_alignment_says_its_shifts_and_keeps_the_value_without(tmp_path: Path) -> None:
    folder = write(tmp_path, '\n[assay.mif.normalise]\nmarkers = ["PD1", "CD99"]\nlandmarks = 1\n')
    done = check_trial(folder)
    sets = done.derived.datasets
    assert sets["adshift"].filter(MARKER="PD1|nucleus|mean")["SLIDE"].n_unique() == 6
    fields = sets["adtis"].filter(PARAMCD="PD1CD8")
    assert (fields["AVAL"] != fields["AVALRAW"]).any()
    assert sets["adbm"].filter(PARAMCD="PD1CD8")["WHY"].str.contains("Without normalisation").all()
    raw = check_trial(write(tmp_path / "raw")).derived.datasets["adtis"].filter(PARAMCD="PD1CD8")
    assert fields["AVALRAW"].to_list() == raw["AVAL"].to_list()
    rules = set(done.findings["rule"])
    assert {"TISSUE-MARKER-SHIFTED", "TISSUE-MARKER-NOT-SHIFTED"} <= rules
    results = analyse(sets, done.protocol).filter(analysis="tissue_alignment")
    assert set(results["variable_level"].drop_nulls()) >= {"aligned", "as recorded"}
    shift = results.filter(stat="shift", variable="PD1|nucleus|mean")["value"]
    assert shift.sort().to_list() == pytest.approx(sets["adshift"]["SHIFT"].sort().to_list())


def test_the_slope_split_is_the_papers_test_and_its_alternative(checked: Checked) -> None:
    """Three patients cannot be split into sides of three: a row with a note, no exception."""
    results = analyse(checked.derived.datasets, checked.protocol).filter(analysis="slope_change")
    assert set(results["stat"]) == {"cut"}
    assert results["note"].str.contains("both sides need 3").all()


def test_the_slope_split_of_many(checked: Checked) -> None:
    rng = np.random.default_rng(5)
    n = 24
    months = np.concatenate([np.arange(1, 15), 15 + 8 * np.arange(1, 11)]).astype(float)
    value = rng.normal(10, 2, n) + (months > 14) * 3
    adtte = pl.DataFrame(
        {
            "USUBJID": [f"{i:03}" for i in range(n)],
            "PARAMCD": "PFS",
            "AVAL": months,
            "AVALU": "MONTHS",
            "CNSR": [0, 1] * 12,
        }
    )
    adsl = pl.DataFrame({"USUBJID": adtte["USUBJID"], "COHORT": None, "ITTFL": "Y"})
    rows = {"ANL01FL": "Y", "AVISIT": "baseline", "AVALC": None, "ANLGRP": None, "RSPFL": None}
    adbm = pl.concat([
        pl.DataFrame({"USUBJID": adtte["USUBJID"], "PARAMCD": name, "AVAL": value, **rows}) for name in ("CD8", "CD8TUM", "CPS")
    ])  # fmt: skip
    from onearm.analyses.tissue import slope_change_groups

    found = slope_change_groups({"adsl": adsl, "adtte": adtte, "adbm": adbm}, checked.protocol).filter(paramcd="CD8")
    read = {(r["stat"], r["variable_level"]): r["value"] for r in found.iter_rows(named=True)}
    assert read["cut", None] == 14
    assert (read["n", "low"], read["n", "high"], read["undecided", None]) == (14, 10, 7)
    assert read["p_value", None] == pytest.approx(rank_sum(value[14:], value[:14]).p_r)
    assert 0 < read["hazard_ratio", "marker"] < 1
    assert read["conf_low", "marker"] < read["hazard_ratio", "marker"] < read["conf_high", "marker"]


def test_a_patient_without_tumour_cells_has_a_density_and_no_distance(tmp_path: Path) -> None:
    folder = write(tmp_path)
    for path in folder.glob("data/assays/S001-B*_cell_seg_data.txt"):
        path.write_text(path.read_text().replace("\tCK+\t", "\tother\t"))
    done = check_trial(folder)
    rows = done.derived.datasets["adbm"].filter(USUBJID="001", AVISIT="baseline")
    found = {row["PARAMCD"]: row for row in rows.iter_rows(named=True)}
    assert found["CD8"]["AVAL"] > 0
    assert found["CD8DIST"]["AVAL"] is None
    assert found["CD8DIST"]["WHY"] == "mean distance from CD8+ to CK+: no 'CK+' in any field."
    assert found["CPS"]["AVAL"] is None
    assert "at least 100 are needed" in found["CPS"]["WHY"]
    assert "TISSUE-NO-TARGET" in done.findings["rule"].to_list()


def test_an_unknown_phenotype_is_missing_not_zero(tmp_path: Path) -> None:
    done = check_trial(write(tmp_path, replace=("density of CD8+ in tumour", "density of CD88+ in tumour")))
    rows = done.derived.datasets["adbm"].filter(PARAMCD="CD8TUM")
    assert rows["AVAL"].null_count() == rows.height
    assert rows["WHY"].str.contains("'CD88\\+' cannot be known").all()
    message = done.findings.filter(rule="TISSUE-PHENOTYPE-UNKNOWN")["message"][0]
    assert "Did you mean 'CD8'" in message


def test_fields_without_area_have_no_density(tmp_path: Path) -> None:
    folder = write(tmp_path)
    for path in folder.glob("data/assays/S002*summary.txt"):
        path.unlink()
    for path in folder.glob("data/assays/S003*summary.txt"):
        lines = [line.split("\t") for line in path.read_text().splitlines()]
        path.write_text(
            "\n".join("\t".join([*f[:6], f[6] if i == 0 else "0", *f[7:]]) for i, f in enumerate(lines)) + "\n"
        )
    done = check_trial(folder)
    rows = done.derived.datasets["adbm"].filter(PARAMCD="CD8")
    for patient in ("002", "003"):
        mine = rows.filter(USUBJID=patient)
        assert mine["AVAL"].null_count() == mine.height
        assert mine["WHY"].str.contains("no field has an area").all()
    assert rows.filter(USUBJID="001")["AVAL"].null_count() == 0
    assert {"TISSUE-AREA-MISSING", "CELL-AREA-ZERO"} <= set(done.findings["rule"])


def test_a_score_without_immune_cells_is_refused_with_its_reason(tmp_path: Path) -> None:
    done = check_trial(write(tmp_path, replace=('immune = "CD68+"', 'clone = "SP263"')))
    rows = done.derived.datasets["adbm"].filter(PARAMCD="CPS")
    assert rows["AVAL"].null_count() == rows.height
    assert rows["WHY"].str.contains("SP263").all()


@pytest.mark.parametrize(
    ("replace", "message"),
    [
        (
            ("density of CD8+ in tumour", "thickness of CD8+"),
            "biomarker.CD8TUM: measure 'thickness of CD8\\+' is not understood",
        ),
        (('"*_cell_seg_data.txt"', '"*_cells.txt"'), "'\\*_cells.txt': no such file"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_key(tmp_path: Path, replace: tuple[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_trial(write(tmp_path, replace=replace))


def test_pending_tissue_is_left_out_and_said(tmp_path: Path) -> None:
    folder = write(tmp_path, '\n[source]\npending_assays = ["mif"]\n')
    for path in folder.glob("data/assays/*cell_seg_data.txt"):
        path.unlink()
    done = check_trial(folder)
    assert done.findings.filter(rule="ASSAY-FILE-ABSENT")["domain"].to_list() == ["mif"]
    assert done.derived.datasets["adbm"].is_empty()
