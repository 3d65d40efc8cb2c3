"""From the protocol to the results: real data against R, and what is said to bad input."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from onearm.analyses import analyse
from onearm.data.assays.genomes.finding_rules import GENOME_RULES
from onearm.derivations.biomarkers.mutations import MEASURES
from onearm.errors import DataError, ProtocolError
from onearm.outputs.figures.oncoprint import Oncoprint, Track, draw_oncoprint
from onearm.run import check_trial

SharedData = Callable[[str], Path]
ROOT = Path(__file__).parents[2]
REAL = ROOT / "tests" / "real"
REFERENCE = json.loads((ROOT / "tests" / "reference" / "genomes.json").read_text())


def values(results: pl.DataFrame, **key: str | None) -> dict[str, float]:
    found = results.filter(*(pl.col(name).eq_missing(pl.lit(value)) for name, value in key.items()))
    return dict(found.select("stat", "value").iter_rows())


@pytest.fixture(scope="module")
def laml(shared_data: SharedData):
    shared_data("maftools_laml")
    checked = check_trial(REAL / "laml")
    return checked, analyse(checked.derived.datasets, checked.protocol)


def test_every_gene_of_aml_has_the_numbers_of_r(laml) -> None:
    _, results = laml
    genes = results.filter(pl.col("analysis") == "feature_genes")
    wanted = {row["gene"]: row for row in REFERENCE["laml"]["genes"]}
    assert set(genes["variable_level"]) == set(wanted)
    for gene, row in wanted.items():
        found = values(genes, variable="OS", variable_level=gene)
        assert (found["n"], found["events"]) == (row["n"], row["observed"])
        assert found["p_value"] == pytest.approx(row["p"], rel=1e-9)
        ratio = (found["hazard_ratio"], found["conf_low"], found["conf_high"])
        assert ratio == pytest.approx((row["hr"], row["low"], row["high"]), rel=1e-7)
        assert found["p_value"] <= found["q_value"]
        assert found["p_max_t"] > 0


def test_patients_without_variants_are_zeros_and_follow_up_of_minus_infinity_is_a_finding(laml) -> None:
    checked, _ = laml
    adgene, adbm = checked.derived.datasets["adgene"], checked.derived.datasets["adbm"]
    assert adgene["USUBJID"].n_unique() == 200
    assert adgene["MUTATED"].null_count() == 0
    burden = adbm.filter(pl.col("PARAMCD") == "TMB")
    assert burden.height == 200
    assert (burden["AVAL"] == 0).sum() >= 7
    assert checked.findings.filter(rule="DATA-NUMBER-INVALID").height == 12


def test_ras_and_raf_and_the_signature_are_subgroups(laml) -> None:
    checked, results = laml
    adsl = checked.derived.datasets["adsl"]
    assert adsl["RASRAF"].value_counts().sort("RASRAF").rows() == [("negative", 177), ("positive", 23)]
    groups = results.filter((pl.col("analysis") == "subgroup") & (pl.col("group1") == "RASRAF"))
    assert set(groups["group1_level"]) == {"negative", "positive"}


def test_the_signature_is_judged_against_every_composite_of_its_form(laml) -> None:
    _, results = laml
    rows = results.filter((pl.col("analysis") == "signature") & (pl.col("paramcd") == "POOR"))
    search = rows.filter(pl.col("variable") == "OS, search")
    counts = dict(search.filter(pl.col("stat") == "n").select("variable_level", "value").iter_rows())
    assert (counts["genes"], counts["composites"]) == (15, 15 * 14 * 13 // 6)
    texts = dict(search.filter(pl.col("stat") == "text").select("variable_level", "text").iter_rows())
    assert texts == {"form": "A or B or C", "best": "DNMT3A or RUNX1 or TP53"}
    own, best = (values(search, variable_level=level) for level in ("signature", "best"))
    assert own["p_value"] <= own["p_max_t"]
    assert best["p_max_t"] <= own["p_max_t"]
    assert best["corrected"] == pytest.approx(best["apparent"] - best["optimism"])
    assert 0.5 < best["corrected"] < best["apparent"]
    adjusted = values(rows, variable="OS, adjusted", variable_level=None)
    assert adjusted["events_per_coefficient"] == 122 / 2


@pytest.fixture(scope="module")
def imvigor(shared_data: SharedData):
    shared_data("imvigor210")
    return check_trial(REAL / "imvigor210")


def test_burden_and_death_in_imvigor_are_those_of_r(imvigor) -> None:
    results = analyse(imvigor.derived.datasets, imvigor.protocol)
    wanted = REFERENCE["imvigor210_tmb"]
    found = values(results, analysis="biomarker_survival", paramcd="TMB", variable="OS", variable_level=None)
    assert (found["n"], found["events"]) == (wanted["n_os"], wanted["deaths"])
    assert found["hazard_ratio"] == pytest.approx(wanted["hr"], rel=1e-8)
    assert found["p_value"] == pytest.approx(wanted["hr_p"], rel=1e-6)
    response = values(
        results, analysis="biomarker_response", paramcd="TMB", variable="response", variable_level="responders"
    )
    assert (response["n"], response["median"]) == (wanted["responders"], wanted["median_responders"])


def test_a_burden_of_zero_has_no_logarithm_and_is_missing(imvigor) -> None:
    adbm = imvigor.derived.datasets["adbm"]
    plain, log = (adbm.filter(pl.col("PARAMCD") == name)["AVAL"] for name in ("TMB", "LOGTMB"))
    assert (plain == 0).sum() == REFERENCE["imvigor210_tmb"]["zeros"]
    assert log.null_count() == plain.null_count() + REFERENCE["imvigor210_tmb"]["zeros"]
    assert log.is_infinite().sum() == 0


def test_samples_that_match_no_patient_are_findings_by_name(imvigor) -> None:
    lost = imvigor.findings.filter(rule="GENOME-SAMPLE-UNMATCHED")
    assert lost.height == REFERENCE["imvigor210_calls"]["samples"]
    assert lost["message"][0].startswith("sample SAM")
    assert imvigor.derived.datasets["advar"].is_empty()


def test_a_burden_that_is_a_logarithm_already_keeps_its_negative_values(shared_data: SharedData, tmp_path) -> None:
    shared_data("inspire_pembro")
    text = (REAL / "inspire_pembro" / "protocol.toml").read_text()
    text = text.replace("../../../../shared", str(shared_data("inspire_pembro").parents[1]))
    table = shared_data("inspire_pembro") / "pembrolizumab.csv"
    text += f'[assay.T]\nfile = "{table}"\nsubject = "id"\n[biomarker.TMB]\nassay = "T"\nmeasure = "tmb"\nagainst = ["OS"]\n'
    (tmp_path / "protocol.toml").write_text(text)
    adbm = check_trial(tmp_path).derived.datasets["adbm"]
    assert (adbm["AVAL"] < 0).sum() > 0
    assert adbm["AVAL"].null_count() == 0


@pytest.fixture
def trial(tmp_path: Path) -> Callable[..., Path]:
    """A copy of the example with something changed in its protocol or calls."""

    def make(protocol: tuple[str, str] = ("", ""), calls: tuple[str, str] = ("", "")) -> Path:
        example = ROOT / "examples" / "sequenced"
        for path in example.rglob("*"):
            if path.is_file() and "out" not in path.relative_to(example).parts:
                target = tmp_path / path.relative_to(example)
                target.parent.mkdir(parents=True, exist_ok=True)
                text = path.read_text()
                if path.name == "protocol.toml":
                    assert protocol[0] in text
                    text = text.replace(*protocol, 1) if protocol[0] else text
                if path.name == "calls.maf" and calls[0]:
                    text = text.replace(*calls)
                target.write_text(text)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("(TP53 or FAT1)", "(TP53 or FAT11)", "TFN.composite: no patient was profiled for gene 'FAT11'. Did you mean 'FAT1'"),
        ("(TP53 or FAT1)", "(TP53 or or FAT1)", "cannot be read at character 10"),
        ("composite:KRAS or BRAF", "gene:KRASS", "no patient was profiled for gene 'KRASS'. Did you mean 'KRAS'"),
        ('measure = "tmb"', 'measure = "tmbb"', "has no 'tmbb'. Did you mean 'tmb'"),
        ("size_mb = 35.0", "", "'tmb' needs the megabases"),
    ],
)  # fmt: skip
def test_what_the_assay_cannot_give_is_an_error_by_name(trial, old, new, words) -> None:
    with pytest.raises(DataError, match=words.replace(".", r"\.").replace("(", r"\(")):
        check_trial(trial((old, new)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('assay = "WES"\ncomposite', 'assay = "IHC"\ncomposite', "no assay of kind 'mutations' has that name: 'IHC'"),
        ('against = ["response", "PFS", "OS"]\nmin_patients = 3\n\n[assay', 'against = ["PSF"]\n[assay', "Did you mean 'PFS'"),
        ("size_mb = 35.0", 'size_mb = 35.0\ngene_classes = ["nonsynonimous"]', "unknown class of variants 'nonsynonimous'"),
        ('gene_places = "places.csv"\n', "", "segments give the copies of genes only where"),
    ],
)  # fmt: skip
def test_contradictions_of_the_protocol_are_found_before_data_are_read(trial, old, new, words) -> None:
    with pytest.raises(ProtocolError, match=words):
        check_trial(trial((old, new)))


def test_mangled_genes_and_strange_barcodes_reach_the_findings_of_the_trial(trial) -> None:
    checked = check_trial(trial(calls=("\tSYN-002\t", "\tNOBODY-2\t")))
    found = checked.findings.filter(pl.col("severity") != "note")
    assert "GENOME-SAMPLE-UNMATCHED" in found["rule"].to_list()
    assert any("NOBODY-2" in text for text in found["message"])
    # the patient is on the list of the sequenced, so without calls
    burden = checked.derived.datasets["adbm"].filter((pl.col("PARAMCD") == "TMB") & (pl.col("USUBJID") == "SYN-002"))
    assert burden["AVAL"].to_list() == [0.0]


def test_patients_who_were_not_sequenced_are_missing_everywhere(trial) -> None:
    checked = check_trial(trial())
    profiled = pl.read_csv(ROOT / "examples" / "sequenced" / "data" / "assays" / "profiled.csv")["SAMPLE"].to_list()
    datasets = checked.derived.datasets
    missing = set(datasets["adsl"]["USUBJID"]) - set(profiled)
    assert missing
    for name in ("adgene", "adsig"):
        assert not missing & set(datasets[name]["USUBJID"])
    results = analyse(datasets, checked.protocol)
    unknown = values(results, analysis="signature", variable="response", variable_level=None)["unknown"]
    assert unknown == len(missing)


def test_purity_and_copies_come_from_their_tables(trial) -> None:
    datasets = check_trial(trial()).derived.datasets
    purity = datasets["adbm"].filter(pl.col("PARAMCD") == "PURITY")
    table = pl.read_csv(ROOT / "examples" / "sequenced" / "data" / "assays" / "purity.csv")
    assert dict(purity.select("SAMPID", "AVAL").iter_rows()) == dict(table.select("sample", "purity").iter_rows())
    called = datasets["adgene"].filter(pl.col("GENE") == "CCND1")
    assert set(called["CALL"]) <= {-1, 0, 1, 2}
    assert (called["ALTERED"] == (called["CALL"] == 2)).all()


@pytest.mark.parametrize("n", [1, 5, 50, 500])
def test_an_oncoprint_holds_every_patient_and_stays_in_its_frame(n) -> None:
    generator = np.random.default_rng(n)
    genes = [f"GENE{i}" for i in range(6)]
    kinds = [[str(generator.choice(["missense", "", "truncating"])) or None for _ in range(n)] for _ in genes]
    calls = [[int(generator.choice([0, 2, -2])) for _ in range(n)] for _ in genes]
    track = Track("Burden\n(mutations/Mb)", [None, *map(float, generator.exponential(5, n - 1))])
    figure = draw_oncoprint(Oncoprint([f"P{i}" for i in range(n)], genes, kinds, calls, [track], ["PR"] * n))
    figure.canvas.draw()
    boxes = sum(len(c.get_paths()) for axes in figure.axes for c in axes.collections)
    assert boxes >= 6 * n
    for axes in (axes for axes in figure.axes if axes.axison):
        for text in [*axes.texts, *axes.get_yticklabels()]:
            box = text.get_window_extent()
            assert box.x0 >= 0, text.get_text()
            assert box.x1 <= figure.bbox.width, text.get_text()


def test_the_page_lists_every_measure_and_every_finding() -> None:
    page = (ROOT / "docs" / "genomes.md").read_text(encoding="utf-8")
    for measure in MEASURES:
        assert f"`{measure.replace(':SYMBOL', '').split(':')[0]}" in page, measure
    rows = re.findall(r"^\| `(GENOME-[A-Z-]+)` \| (\w+) \| (.+) \|$", page, flags=re.MULTILINE)
    assert rows == [
        (name, str(rule.severity), rule.message[0].upper() + rule.message[1:]) for name, rule in GENOME_RULES.items()
    ]
