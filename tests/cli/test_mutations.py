"""``onearm mutations`` and ``onearm cbioportal``: tables, files, and what they say to bad input."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from onearm.cli import mutations
from onearm.errors import DataError, MethodError

EXAMPLE = Path(__file__).parents[2] / "examples" / "sequenced"
ASSAYS = EXAMPLE / "data" / "assays"


@pytest.fixture
def run():
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    mutations.register(app)
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def maf(tmp_path):
    path = tmp_path / "calls.maf"
    head = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\n"
    path.write_text(f"{head}TP53\tS1\tMissense_Mutation\nKRAS\tS1\tMissense_Mutation\nTP53\tS2\tSilent\n")
    (tmp_path / "profiled.csv").write_text("SAMPLE\nS1\nS2\nS3\n")
    return path


def test_burden_and_genes_by_hand(run, maf):
    output = run("mutations", maf, "--profiled", maf.parent / "profiled.csv", "--size-mb", "0.5").output
    assert "3 sequenced samples, 3 variants, 2 of them nonsynonymous, per megabase of 0.5" in output
    lines = [line.split() for line in output.splitlines()]
    assert ["S1", "all", "genes", "2", "0.5", "4"] in lines
    assert ["S3", "all", "genes", "0", "0.5", "0"] in lines
    assert ["TP53", "1", "3", "0.3333"] in lines


def test_json_and_files_hold_everything(run, maf, tmp_path):
    result = run(
        "mutations",
        maf,
        "--profiled",
        maf.parent / "profiled.csv",
        "--classes",
        "coding",
        "--json",
        "--out",
        tmp_path / "out",
    )
    content = json.loads(result.output)
    assert {row["SAMPLE"]: row["COUNT"] for row in content["burden"]} == {"S1": 2, "S2": 1, "S3": 0}
    assert pl.read_csv(tmp_path / "out" / "status.csv")["TP53"].to_list() == [1.0, 1.0, 0.0]


def test_what_was_guessed_is_said(run, maf):
    assert "GENOME-PROFILE-GUESSED" in run("mutations", maf).output


def test_apobec_and_signatures_are_added_where_there_are_contexts(run, tmp_path):
    from onearm.rules.genomes.substitutions import CHANNELS

    table = tmp_path / "sbs.tsv"
    rows = "".join(f"{channel}\t{1 / 96:.6f}\t{float('C>T' in channel):.1f}\n" for channel in CHANNELS)
    table.write_text("Type\tFLAT\tAGE\n" + rows)
    output = run("mutations", ASSAYS / "calls.maf", "--profiled", ASSAYS / "profiled.csv", "--signatures", table).output
    assert "ENRICHMENT" in output
    assert "FLAT" in output
    table.write_text("Type\tFLAT\tAGE\n" + rows.splitlines()[0] + "\n")
    with pytest.raises(DataError, match="96 are needed"):
        raise run("mutations", ASSAYS / "calls.maf", "--signatures", table).exception


def test_bad_input_is_named(run, maf):
    assert isinstance(run("mutations", maf.parent / "no.maf").exception, DataError)
    assert isinstance(run("mutations", maf, "--classes", "nonsyn").exception, MethodError)
    assert isinstance(run("mutations", maf, "--panel", "x").exception, DataError)
    assert isinstance(run("cbioportal", maf).exception, DataError)


def test_a_study_is_made_of_a_trial_without_its_dates_and_read_again(run, tmp_path):
    result = run("cbioportal", EXAMPLE, "--id", "synthetic", "--out", tmp_path / "study")
    assert result.exit_code == 0, result.output
    output = run("cbioportal", tmp_path / "study").output
    trial = pl.read_csv(EXAMPLE / "data" / "patients.csv")
    assert f"OS: 46 patients, {trial['DEATH'].sum()} events" in output
    assert f"PFS: 46 patients, {trial['PFS_EVENT'].sum()} events" in output
    head = (tmp_path / "study" / "data_clinical_patient.txt").read_text().splitlines()[4].split("\t")
    assert "BEST_RESPONSE" in head
    assert not [name for name in head if name.endswith("DT")]


def test_a_study_is_made_of_a_maf_and_a_table(run, maf, tmp_path):
    (tmp_path / "patients.csv").write_text("ID,OS_STATUS,OS_MONTHS\nS1,1:DECEASED,3\nS2,0:LIVING,9\n")
    arguments = ("--clinical", tmp_path / "patients.csv", "--subject", "ID", "--profiled", tmp_path / "profiled.csv")
    output = run("cbioportal", maf, *arguments, "--id", "x", "--out", tmp_path / "study").output
    assert "2 patients, 2 samples" in output
    assert "OS: 2 patients, 1 events" in output
    assert "sample S3 matches no patient" in output
