"""Study folders of cBioPortal: read, written, and read again."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from onearm.data import Findings
from onearm.data.assays.genomes.cbioportal import Study, read_study, study_survival
from onearm.data.assays.genomes.cbioportal_write import write_study
from onearm.data.assays.genomes.finding_rules import GENOME_RULES
from onearm.errors import DataError


@pytest.fixture
def findings() -> Findings:
    return Findings(rules=GENOME_RULES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A synthetic study of three patients: one mutated, one on the panel without calls, one not sequenced."""
    study = tmp_path / "study"
    (study / "case_lists").mkdir(parents=True)
    files = {
        "meta_study.txt": "cancer_study_identifier: syn\nname: Synthetic: a study\n",
        "data_clinical_patient.txt": "#Patient\tOverall survival\tMonths\n#x\tx\tx\n#STRING\tSTRING\tNUMBER\n#1\t1\t1\n"
        "PATIENT_ID\tOS_STATUS\tOS_MONTHS\nP1\t1:DECEASED\t5.5\nP2\tLIVING\t20\nP3\t\t\n",
        "data_clinical_sample.txt": "#Sample\tPatient\n#x\tx\n#STRING\tSTRING\n#1\t1\n"
        "SAMPLE_ID\tPATIENT_ID\nP1-T\tP1\nP2-T\tP2\nP3-T\tP3\n",
        "data_mutations.txt": "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\tHGVSp_Short\n"
        "TP53\tP1-T\tMissense_Mutation\tp.R248Q\n",
        "data_cna.txt": "Hugo_Symbol\tEntrez_Gene_Id\tP1-T\tP2-T\nMYC\t4609\t2\t0\nCDKN2A\t1029\t-2\tNA\n",
        "data_gene_panel_matrix.txt": "SAMPLE_ID\tmutations\tcna\nP1-T\tTINY\tNA\nP2-T\tTINY\tNA\nP3-T\tNA\tNA\n",
        "data_gene_panel_TINY.txt": "stable_id: TINY\ndescription: two genes\ngene_list: TP53\tKRAS\n",
        "case_lists/cases_sequenced.txt": "cancer_study_identifier: syn\nstable_id: syn_sequenced\ncase_list_ids: P1-T\tP2-T\n",
    }
    for name, text in files.items():
        (study / name).write_text(text)
    return study


def test_a_study_is_read(folder, findings):
    study = read_study(folder, findings)
    assert study.patients.height == 3
    assert study.labels["OS_STATUS"] == "Overall survival"
    assert study.endpoints == ("OS",)
    assert dict(study.profile.samples) == {"P1-T": "TINY", "P2-T": "TINY"}
    assert study.profile.panels == {"TINY": frozenset({"TP53", "KRAS"})}
    assert study.copies.select("SAMPLE", "GENE", "CALL").rows() == [
        ("P1-T", "MYC", 2),
        ("P1-T", "CDKN2A", -2),
        ("P2-T", "MYC", 0),
    ]
    assert study.cases == {"sequenced": ("P1-T", "P2-T")}
    assert findings.frame().is_empty()


def test_survival_has_its_event_said(folder, findings):
    frame = study_survival(read_study(folder, findings), "OS")
    assert frame.rows() == [("P1", 5.5, True), ("P2", 20.0, False), ("P3", None, None)]
    with pytest.raises(DataError, match="no endpoint 'PFS'"):
        study_survival(read_study(folder, findings), "PFS")


def test_a_status_that_says_nothing_is_refused(folder, findings):
    path = folder / "data_clinical_patient.txt"
    path.write_text(path.read_text().replace("LIVING", "maybe"))
    with pytest.raises(DataError, match="OS_STATUS 'maybe' says neither event nor none"):
        study_survival(read_study(folder, findings), "OS")


def test_what_is_written_is_read_as_the_same(folder, findings, tmp_path):
    first = read_study(folder, findings)
    files = write_study(first, tmp_path / "again", identifier="syn", title="Synthetic: a study")
    again = read_study(tmp_path / "again", findings)
    assert "case_lists/cases_sequenced.txt" in files
    for name in ("patients", "samples", "expression"):
        assert getattr(again, name).equals(getattr(first, name)), name
    assert again.variants.drop("CONTEXT").equals(first.variants.drop("CONTEXT"))
    key = ["SAMPLE", "GENE"]
    assert again.copies.drop("SRCROW").sort(key).equals(first.copies.drop("SRCROW").sort(key))
    assert (again.profile.samples, again.profile.panels) == (first.profile.samples, first.profile.panels)
    assert again.about["name"] == "Synthetic: a study"
    heads = (tmp_path / "again" / "data_clinical_patient.txt").read_text().splitlines()
    assert [line[0] for line in heads[:5]] == ["#", "#", "#", "#", "P"]
    assert heads[2] == "#STRING\tSTRING\tNUMBER"


def test_nothing_is_overwritten_and_nothing_half_written(folder, findings, tmp_path):
    study = read_study(folder, findings)
    with pytest.raises(DataError, match="exists already"):
        write_study(study, folder, identifier="syn", title="x")
    bad = Study(
        study.about,
        study.patients.with_columns(NOTE=pl.lit("a\tb")),
        study.samples,
        study.variants,
        study.copies,
        study.expression,
        study.profile,
    )
    with pytest.raises(DataError, match="holds a tab"):
        write_study(bad, tmp_path / "bad", identifier="syn", title="x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study"]
    with pytest.raises(DataError, match="identifier 'a b'"):
        write_study(study, tmp_path / "bad", identifier="a b", title="x")


def test_folders_that_are_no_study_are_refused(folder, findings, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read_study(tmp_path / "nowhere", findings)
    (folder / "data_clinical_patient.txt").unlink()
    with pytest.raises(DataError, match="no file holds the patients"):
        read_study(folder, findings)
    (folder / "meta_clinical_patient.txt").write_text(
        "genetic_alteration_type: CLINICAL\ndatatype: PATIENT_ATTRIBUTES\ndata_filename: data_clinical_patients.txt\n"
    )
    with pytest.raises(DataError, match=r"names data_clinical_patients\.txt, which is not in the folder"):
        read_study(folder, findings)


def test_a_patient_who_stands_twice_is_refused(folder, findings):
    path = folder / "data_clinical_patient.txt"
    path.write_text(path.read_text() + "P1\t0:LIVING\t3\n")
    with pytest.raises(DataError, match="PATIENT_ID P1 stands twice"):
        read_study(folder, findings)
