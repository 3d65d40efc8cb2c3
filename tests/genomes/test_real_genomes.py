"""Real sequencing results: TCGA AML as maftools ships it, and FoundationOne calls of IMvigor210, against R."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from onearm.data import Findings
from onearm.data.assays.genomes.finding_rules import GENOME_RULES
from onearm.data.assays.genomes.long_table import read_long_tables
from onearm.data.assays.genomes.maf import read_maf
from onearm.data.assays.genomes.profile import Profile, gene_status
from onearm.data.assays.genomes.variant_classes import classes_of
from onearm.stats.cox_screen import cox_screen
from onearm.stats.log_rank_screen import log_rank_screen
from onearm.stats.ranks import rank_sum
from onearm.stats.score_screen import survival_screen

SharedData = Callable[[str], Path]
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "genomes.json").read_text())


@pytest.fixture
def findings() -> Findings:
    return Findings(rules=GENOME_RULES)


def test_aml_has_193_patients_with_variants_of_200_and_every_gene_survives_as_in_r(
    shared_data: SharedData, findings
) -> None:
    folder = shared_data("maftools_laml")
    variants = read_maf(folder / "tcga_laml.maf.gz", findings)
    annotation = pl.read_csv(folder / "tcga_laml_annot.tsv", separator="\t", infer_schema=False)
    patients = annotation["Tumor_Sample_Barcode"].to_list()
    assert (variants.height, variants["SAMPLE"].n_unique(), len(patients)) == (2207, 193, 200)
    status = gene_status(variants, Profile(dict.fromkeys(patients, "exome"), {}), classes=classes_of("nonsynonymous"))
    # FLT3, DNMT3A and NPM1 in 52, 48 and 33 of 193: the summary that maftools prints for this file
    counts = dict(zip(status.genes, np.nansum(status.status, axis=0).astype(int), strict=True))
    assert (counts["FLT3"], counts["DNMT3A"], counts["NPM1"]) == (52, 48, 33)
    time = annotation.sort("Tumor_Sample_Barcode")["days_to_last_followup"].cast(pl.Float64).to_numpy()
    death = annotation.sort("Tumor_Sample_Barcode")["Overall_Survival_Status"].to_numpy() == "1"
    known = np.isfinite(time)
    assert (known.sum(), death[known].sum()) == (REFERENCE["laml"]["n"], REFERENCE["laml"]["events"])
    matrix = status.status[known]
    enough = matrix.sum(axis=0) >= 8
    names = [gene for gene, kept in zip(status.genes, enough, strict=True) if kept]
    test, cox = (
        log_rank_screen(time[known], death[known], matrix[:, enough]),
        cox_screen(time[known], death[known], matrix[:, enough]),
    )
    permuted = survival_screen(time[known], death[known], matrix[:, enough], variance="permutation", seed=1)
    wanted = {row["gene"]: row for row in REFERENCE["laml"]["genes"]}
    assert set(names) == set(wanted)
    for i, gene in enumerate(names):
        row = wanted[gene]
        assert test.n_carriers[i] == row["n"]
        assert test.z[i] ** 2 == pytest.approx(row["chisq"], rel=1e-9)
        assert test.p[i] == pytest.approx(row["p"], rel=1e-9)
        assert (cox.coef[i], cox.low[i], cox.high[i]) == pytest.approx((row["coef"], row["low"], row["high"]), rel=1e-7)
        assert permuted.statistic[i] == pytest.approx(row["z"], rel=1e-9)
    best = int(np.argmax(np.abs(permuted.statistic)))
    assert names[best] == "TP53"
    assert permuted.p_single_step[best] < 0.05
    own = survival_screen(time[known], death[known], matrix[:, enough], seed=1)
    assert own.variance == "log-rank"
    assert own.statistic[best] ** 2 == pytest.approx(wanted["TP53"]["chisq"], rel=1e-9)
    assert own.p_single_step[best] <= permuted.p_single_step[best]


def test_imvigor_calls_are_all_read(shared_data: SharedData, findings) -> None:
    folder = shared_data("imvigor210")
    short, copies = read_long_tables(sorted(folder.glob("fmone_*_long.csv")), findings)
    assert short["SAMPLE"].n_unique() == REFERENCE["imvigor210_calls"]["samples"]
    assert short["SRCROW"].n_unique() <= short.height
    # 1249 cells; some hold several alterations, parted by semicolons
    cells = pl.concat([pl.read_csv(folder / f"fmone_{kind}_short_long.csv") for kind in ("known", "likely")])
    assert cells.height == REFERENCE["imvigor210_calls"]["rows"]
    assert short.height == cells["value"].str.count_matches("; ").sum() + cells.height
    assert short["VAF"].null_count() == 0
    assert copies["COPIES"].null_count() == 0
    assert copies.height == 364 + 43 + 104
    assert findings.frame().is_empty()


def test_imvigor_burden_against_response_as_in_r(shared_data: SharedData) -> None:
    patients = pl.read_csv(
        shared_data("imvigor210") / "pData_IMvigor210.csv", null_values="NA", infer_schema_length=None
    )
    known = patients.filter(
        pl.col("FMOne.mutation.burden.per.MB").is_not_null() & (pl.col("Best.Confirmed.Overall.Response") != "NE")
    )
    burden = known["FMOne.mutation.burden.per.MB"].cast(pl.Float64).to_numpy()
    responder = known["Best.Confirmed.Overall.Response"].is_in(["CR", "PR"]).to_numpy()
    wanted = REFERENCE["imvigor210_tmb"]
    test = rank_sum(burden[responder], burden[~responder])
    assert (burden.size, responder.sum(), test.statistic) == (wanted["n"], wanted["responders"], wanted["w"])
    assert test.p_corrected == pytest.approx(wanted["p"], rel=1e-9)
