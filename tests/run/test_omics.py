"""A synthetic study with three assays of many features, from its files to the report: the truth put in comes out."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from simulated_omics import STUDY, study_genes, write_study

from onearm.errors import DataError, ProtocolError
from onearm.run import Run, check_trial, run_trial

GENES = 320


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("omics") / "study", n_genes=GENES, n_proteins=60)


@pytest.fixture(scope="module")
def run(study: Path) -> Run:
    return run_trial(study)


def copy(study: Path, tmp_path: Path) -> Path:
    shutil.copytree(study, tmp_path / "copy", ignore=shutil.ignore_patterns("out"))
    return tmp_path / "copy"


def called(run: Run, assay: str, variable: str) -> set[str]:
    rows = run.results.filter(analysis="feature_difference", paramcd=assay, variable=variable, stat="q_value")
    return set(rows.filter(pl.col("value") <= 0.05)["variable_level"])


def test_genes_that_were_made_to_differ_are_called(run: Run) -> None:
    """25 genes and 5 markers are higher in responders by 2.2 on the log2 scale, 20 lower by 2."""
    names = study_genes(GENES)
    truth = {"CD8A", "EOMES", "GNLY", "KLRD1", "FGFBP2"} | set(names[120:145]) | set(names[150:170])
    fates = pl.read_parquet(run.folder / "datasets" / "adfeaq.parquet").filter(ASSAY="rna")
    truth &= set(fates.filter(KEPTFL="Y")["FEATURE"])  # a few have hardly any counts
    found = called(run, "rna", "response")
    assert len(truth) > 40
    assert len(truth - found) <= 3
    assert len(found - truth) <= 0.15 * len(found)
    up = run.results.filter(
        analysis="feature_difference", paramcd="rna", variable="response", stat="estimate", variable_level="CD8A"
    )
    assert up["value"][0] == pytest.approx(2.2, abs=0.8)
    assert "DESeq2" in up["method"][0]


def test_tumour_against_normal_is_within_patients_where_both_were_taken(run: Run) -> None:
    sizes = run.results.filter(analysis="feature_comparison", paramcd="rna", variable="tissue", stat="n")
    assert sizes.filter(pl.col("variable_level").is_in(["normal", "tumour"]))["value"].to_list() == [6, 6]
    truth = set(study_genes(GENES)[200:260])
    assert len(called(run, "rna", "tissue") & truth) > 20


def test_proteins_that_rise_on_treatment_are_called_and_the_lone_sample_is_named(run: Run) -> None:
    truth = {"CD274", *(f"PROT{i}" for i in range(1, 10))}
    found = called(run, "plasma", "change: C2D1")
    assert truth <= found
    assert len(found - truth) <= 2
    lone = run.findings.filter(rule="OMICS-PAIR-INCOMPLETE", domain="plasma")
    assert lone.select("subject", "row").rows() == [("P20", 39)]
    n = run.results.filter(analysis="feature_difference", paramcd="plasma", variable="change: C2D1", stat="n")
    assert set(n["value"]) == {19.0}


def test_a_gene_that_became_a_date_is_named_with_its_row(run: Run) -> None:
    found = run.findings.filter(rule="OMICS-GENE-DATE")
    assert found.select("severity", "file", "row").rows() == [("error", "counts.csv", GENES + 1)]


def test_tryptophan_falls_and_kynurenine_over_tryptophan_rises(run: Run) -> None:
    """The worked example of docs/omics.md: -0.6 and +0.7 on the log2 scale make a ratio of +1.3."""
    features = run.results.filter(analysis="feature_difference", paramcd="metabolome", stat="estimate")
    fates = pl.read_parquet(run.folder / "datasets" / "adfeaq.parquet")
    adfeat = pl.read_parquet(run.folder / "datasets" / "adfeat.parquet").filter(ASSAY="metabolome")
    names = dict(adfeat.select("SYMBOL", "FEATURE").drop_nulls().unique().iter_rows())
    assert features.filter(variable_level=names["tryptophan"])["value"][0] == pytest.approx(-0.6, abs=0.25)
    assert features.filter(variable_level=names["kynurenine"])["value"][0] == pytest.approx(0.7, abs=0.25)
    assert "leucine" not in names  # an isomer is there too: the match stays ambiguous
    ratio = run.results.filter(analysis="biomarker_change", paramcd="KT", stat="estimate")
    assert ratio["value"][0] == pytest.approx(1.3, abs=0.3)
    assert fates.filter(ASSAY="metabolome", WHY="no more than in blanks").height == 4


def test_ratio_is_the_difference_of_the_two_features(run: Run) -> None:
    adfeat = pl.read_parquet(run.folder / "datasets" / "adfeat.parquet").filter(ASSAY="metabolome")
    wide = adfeat.filter(pl.col("SYMBOL").is_in(["kynurenine", "tryptophan"])).pivot(
        "SYMBOL", index="SAMPID", values="AVAL"
    )
    adbm = pl.read_parquet(run.folder / "datasets" / "adbm.parquet").filter(PARAMCD="KT")
    both = adbm.join(wide, left_on="SAMPID", right_on="SAMPID")
    assert both.height == 40
    np.testing.assert_allclose(both["AVAL"].to_numpy(), (both["kynurenine"] - both["tryptophan"]).to_numpy())


def test_sets_are_found_every_set_is_listed_and_linked_ones_are_one_community(run: Run) -> None:
    rows = run.results.filter(analysis="feature_sets", paramcd="rna", variable="response")
    q = dict(rows.filter(stat="q_value").select("variable_level", "value").iter_rows())
    score = dict(rows.filter(stat="normalised_score").select("variable_level", "value").iter_rows())
    assert len(set(rows["variable_level"])) == 17
    assert q["HALLMARK_SYN_UP"] < 0.05
    assert q["HALLMARK_SYN_DOWN"] < 0.05
    assert score["HALLMARK_SYN_UP"] > 0 > score["HALLMARK_SYN_DOWN"]
    assert "seed 1" in rows["method"][0]
    over = run.results.filter(
        analysis="feature_sets_up", paramcd="rna", variable="response", stat="p_value", variable_level="HALLMARK_SYN_UP"
    )
    assert over["value"][0] < 1e-6
    groups = dict(
        run.results.filter(analysis="feature_network", variable="response", stat="group")
        .select("variable_level", "value")
        .iter_rows()
    )
    assert groups["HALLMARK_SYN_UP"] == groups["REACTOME_SYN_UP_IMMUNE"] != groups["HALLMARK_SYN_DOWN"]


def test_scores_features_and_times_have_q_values(run: Run) -> None:
    score = run.results.filter(
        analysis="feature_score", paramcd="rna", variable="response", variable_level="ssGSEA: HALLMARK_SYN_UP"
    )
    values = dict(score.select("stat", "value").iter_rows())
    assert values["auc"] == 1.0  # the truth is strong
    assert values["q_value"] < 0.01
    for target in ("PFS", "OS"):
        rows = run.results.filter(analysis="feature_survival", paramcd="rna", variable=target)
        p, q = (rows.filter(pl.col("stat") == name)["value"].drop_nulls() for name in ("p_value", "q_value"))
        assert p.len() == q.len() > 250
        assert (q >= p).all()
    rho = run.results.filter(analysis="feature_correlation", paramcd="rna")
    assert set(rho["stat"]) == {"n", "rho", "p_value", "q_value", "p_high_low"}


def test_the_biomarker_is_the_mean_of_the_markers(run: Run) -> None:
    adfeat = pl.read_parquet(run.folder / "datasets" / "adfeat.parquet").filter(ASSAY="rna")
    markers = ["CD8A", "EOMES", "FGFBP2", "GNLY", "KLRC3", "KLRC4", "KLRD1"]
    mean = adfeat.filter(pl.col("SYMBOL").is_in(markers)).group_by("SAMPID").agg(pl.col("AVAL").mean().alias("MEAN"))
    both = pl.read_parquet(run.folder / "datasets" / "adbm.parquet").filter(PARAMCD="CD8").join(mean, on="SAMPID")
    np.testing.assert_allclose(both["AVAL"].to_numpy(), both["MEAN"].to_numpy(), rtol=1e-12)


def test_every_picture_and_table_is_there(run: Run) -> None:
    figures = {path.stem for path in (run.folder / "figures").glob("omics_*.png")}
    assert {
        "omics_components", "omics_volcano_rna_response", "omics_volcano_plasma_change__c2d1", "omics_heatmap_rna_response",
        "omics_sets_rna_response", "omics_network_rna_response", "omics_volcano_metabolome_change__c2d1",
    } <= figures  # fmt: skip
    report = run.report.read_text(encoding="utf-8")
    for text in (
        "Tumour transcriptome, responders against others",
        "Soluble PD-L1",
        "Plasma metabolome, change to C2D1",
    ):
        assert text in report
    table = pl.read_csv(next((run.folder / "tables").glob("omics_plasma_change_c2d1.csv")), infer_schema=False)
    assert table.height >= 20
    assert not any(text in ("NE", "–") for text in table.row(0))
    assert "kynurenine" in report
    fates = pl.read_parquet(run.folder / "datasets" / "adfeaq.parquet")
    assert fates.filter((pl.col("KEPTFL") == "N") & pl.col("WHY").is_null()).height == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('against = ["response", "tissue", "PFS", "OS"]', 'against = ["response", "PSF"]', "Did you mean 'PFS'"),
        ('normalise = ["quotients", "drift"]\n', 'normalise = ["drfit"]\n', "assay.metabolome"),
        ('runs = "runs.csv"\n', "", "name the table of all runs"),
        ('gene_sets = ["sets.gmt"]\n', "", "'ssgsea' needs gene sets"),
    ],
)
def test_what_is_wrong_with_the_plan_is_said(study: Path, tmp_path: Path, old: str, new: str, says: str) -> None:
    folder = copy(study, tmp_path)
    (folder / "protocol.toml").write_text(STUDY.replace(old, new), encoding="utf-8")
    with pytest.raises(ProtocolError, match=says):
        check_trial(folder)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'measure = "CD274"',
            'measure = "CD247"',
            r"biomarker\.PDL1\.measure: no feature is called 'CD247'\. Did you mean 'CD274'",
        ),
        ('measure = "mcp_counter:Cytotoxic lymphocytes"', 'measure = "ssgsea:HALLMARK_SYN"', "no gene set is called"),
        ('measure = "ratio:kynurenine/tryptophan"', 'measure = "ratio:kynurenine"', "write ratio:A/B"),
        ('compounds = "compounds.csv"', 'compounds = "patients.csv"', "assay.metabolome"),
    ],
)
def test_measures_that_are_not_there_are_said(study: Path, tmp_path: Path, old: str, new: str, says: str) -> None:
    folder = copy(study, tmp_path)
    (folder / "protocol.toml").write_text(STUDY.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=says):
        check_trial(folder)


def test_normalised_values_are_tested_by_the_moderated_t_and_said_to_be(study: Path, tmp_path: Path) -> None:
    folder = copy(study, tmp_path)
    path = folder / "data" / "assays" / "counts.csv"
    counts = pl.read_csv(path)
    counts.with_columns(pl.selectors.numeric() * 1.37 + 0.013).write_csv(path)
    plan = STUDY[: STUDY.index("[assay.plasma]")].replace(
        'against = ["response", "tissue", "PFS", "OS"]', 'against = ["response"]\ntest = "deseq2"'
    )
    plan = plan.replace('gene_sets = ["sets.gmt"]\nscores = ["ssgsea", "mcp_counter"]\n', "")
    (folder / "protocol.toml").write_text(plan, encoding="utf-8")
    checked = check_trial(folder)
    found = checked.findings.filter(rule="OMICS-NOT-COUNTS")
    assert found["severity"].to_list() == ["warning"]
    assert "TCGA" in found["message"][0]
    from onearm.analyses.omics import feature_difference

    results = feature_difference(checked.derived.datasets, checked.protocol)
    assert "moderated t" in results.filter(analysis="feature_difference", stat="p_value")["method"][0]


def test_samples_in_the_sheet_and_not_in_the_matrix_are_named(study: Path, tmp_path: Path) -> None:
    folder = copy(study, tmp_path)
    with (folder / "data" / "assays" / "rna_samples.csv").open("a", encoding="utf-8") as stream:
        stream.write("T_P99,P05,tumour\n")
    found = check_trial(folder).findings.filter(rule="ASSAY-SAMPLE-NOT-MEASURED")
    assert found.select("row", "subject").rows() == [(27, "P05")]


def test_one_pair_is_not_tested_but_said(study: Path, tmp_path: Path) -> None:
    folder = copy(study, tmp_path)
    sheet = folder / "data" / "assays" / "plasma_samples.csv"
    pl.read_csv(sheet).filter((pl.col("TIMEPOINT") == "baseline") | (pl.col("USUBJID") == "P01")).write_csv(sheet)
    from onearm.analyses.omics import feature_difference

    checked = check_trial(folder)
    plan = STUDY.replace("[assay.rna]", "[assay.rna]").replace(
        'against = ["response", "tissue", "PFS", "OS"]', "against = []"
    )
    (folder / "protocol.toml").write_text(plan, encoding="utf-8")
    checked = check_trial(folder)
    rows = feature_difference(checked.derived.datasets, checked.protocol)
    said = rows.filter(analysis="feature_comparison", paramcd="plasma", variable="change: C2D1")
    assert said["note"].to_list() == ["1 pairs; 2 at least are needed"]
    assert checked.findings.filter(rule="OMICS-PAIR-INCOMPLETE", domain="plasma").height == 19
