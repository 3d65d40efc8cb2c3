"""Readers of sequencing results: columns by meaning, damage named, nothing lost in silence."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from onearm.data import Findings
from onearm.data.assays.genomes.fasta import add_contexts
from onearm.data.assays.genomes.finding_rules import GENOME_RULES
from onearm.data.assays.genomes.gene_symbols import date_symbols
from onearm.data.assays.genomes.long_table import read_long_tables
from onearm.data.assays.genomes.maf import read_maf
from onearm.data.assays.genomes.match import match_samples
from onearm.data.assays.genomes.profile import gene_status, profile_of, read_gene_list, read_profiled
from onearm.data.assays.genomes.segments import gene_copies, read_gene_places, read_purity, read_segments
from onearm.data.assays.genomes.variant_classes import class_of, classes_of
from onearm.data.assays.genomes.vcf import read_vcf
from onearm.errors import DataError, MethodError

PLACED = (
    "Hugo_Symbol | Tumor_Sample_Barcode | Variant_Classification | Chromosome | Start_Position | Reference_Allele | "
    "Tumor_Seq_Allele2"
)


@pytest.fixture
def findings() -> Findings:
    return Findings(rules=GENOME_RULES)


def rules(findings: Findings) -> list[str]:
    return findings.frame()["rule"].to_list()


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(row.replace(" | ", "\t") for row in rows) + "\n")
    return path


def test_a_maf_is_read_by_meaning_whatever_the_case(tmp_path, findings):
    path = write(
        tmp_path / "a.maf",
        "#version 2.4",
        "HUGO_SYMBOL | Chromosome | Start_position | Reference_Allele | Tumor_Seq_Allele1 | Tumor_Seq_Allele2 | "
        "variant_classification | TUMOR_SAMPLE_BARCODE | t_ref_count | t_alt_count | NCBI_Build",
        "TP53 | chr17 | 7577120 | C | C | T | missense_mutation | S1 | 30 | 10 | hg19",
        "KRAS | 12 | 25398284 | C | A | C | Missense_Mutation | S2 | 5 | 5 | 37",
    )
    frame = read_maf(path, findings)
    assert frame.select(
        "SAMPLE", "GENE", "CLASS", "KIND", "CHROM", "START", "REF", "ALT", "VAF", "DEPTH", "BUILD"
    ).rows() == [
        ("S1", "TP53", "Missense_Mutation", "SNP", "17", 7577120, "C", "T", 0.25, 40, "GRCh37"),
        ("S2", "KRAS", "Missense_Mutation", "SNP", "12", 25398284, "C", "A", 0.5, 10, "GRCh37"),
    ]
    assert rules(findings) == []


def test_a_gzipped_maf_gives_the_same(tmp_path, findings):
    text = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\nTP53\tS1\tSilent\n"
    (tmp_path / "a.maf").write_text(text)
    with gzip.open(tmp_path / "b.maf.gz", "wt") as stream:
        stream.write(text)
    assert read_maf(tmp_path / "a.maf", findings).equals(read_maf(tmp_path / "b.maf.gz", findings))


def test_a_maf_without_its_columns_says_which_and_what_was_meant(tmp_path, findings):
    path = write(tmp_path / "a.maf", "Hugo_Symbl | Tumor_Sample_Barcode", "TP53 | S1")
    with pytest.raises(DataError) as error:
        read_maf(path, findings)
    assert len(error.value.problems) == 2
    assert "no column gives the gene" in str(error.value)
    assert "Did you mean 'Hugo_Symbl'" in str(error.value)


def test_damaged_mafs_are_refused_by_name(tmp_path, findings):
    (tmp_path / "empty.maf").write_text("")
    (tmp_path / "cut.maf.gz").write_bytes(gzip.compress(b"Hugo_Symbol\tTumor_Sample_Barcode\n" * 500)[:30])
    wide = write(
        tmp_path / "wide.maf", "Hugo_Symbol | Tumor_Sample_Barcode | Variant_Classification", "A | B | C | D | E"
    )
    for path, words in ((tmp_path / "empty.maf", "is empty"), (tmp_path / "cut.maf.gz", "truncated"), (wide, "header")):
        with pytest.raises(DataError, match=words):
            read_maf(path, findings)


def test_genes_that_a_spreadsheet_made_dates_of_are_restored_or_left_out_and_named(tmp_path, findings):
    head = "Hugo_Symbol | Tumor_Sample_Barcode | Variant_Classification"
    path = write(tmp_path / "a.maf", head, "1-Sep | S1 | Silent", "2-Mar | S1 | Silent", "TP53 | S1 | Silent")
    assert read_maf(path, findings)["GENE"].to_list() == ["SEPTIN1", "TP53"]
    found = findings.frame()
    assert found["rule"].to_list() == ["GENOME-GENE-DATE-AMBIGUOUS", "GENOME-GENE-DATE"]
    assert "1-Sep" in found["message"][1]
    assert "MARCHF2 or MTARC2" in found["message"][0]


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("Sep-01", ("SEPTIN1",)),
        ("1-Dec", ("DELEC1",)),
        ("5-Mar", ("MARCHF5",)),
        ("2024-09-07 00:00:00", ("SEPTIN7",)),
        ("44075", ("SEPTIN1",)),  # 1 September 2020 as a spreadsheet counts days
        ("31-Dec", ()),
        ("KRAS", None),
        ("HLA-A", None),
        ("NKX2-1", None),
    ],
)
def test_dates_and_symbols_are_told_apart(text, symbols):
    assert date_symbols(text) == symbols


def test_mixed_builds_unknown_classes_and_missing_cells_are_findings(tmp_path, findings):
    path = write(
        tmp_path / "a.maf",
        "Hugo_Symbol | Tumor_Sample_Barcode | Variant_Classification | NCBI_Build",
        "TP53 | S1 | Silent | GRCh38",
        "KRAS | S1 | Silent | 37",
        "KRAS |  | Silent | 37",
        " | S2 | IGR | 37",
        "EGFR | S2 | Mis_sense | 37",
    )
    frame = read_maf(path, findings)
    assert frame.height == 4
    assert sorted(rules(findings)) == [
        "GENOME-BUILD-MIXED", "GENOME-CLASS-UNKNOWN", "GENOME-GENE-MISSING", "GENOME-SAMPLE-MISSING",
    ]  # fmt: skip
    assert "GRCh37, GRCh38" in findings.frame().filter(rule="GENOME-BUILD-MIXED")["message"][0]


def test_a_change_that_stands_twice_counts_once(tmp_path, findings):
    head = PLACED
    same = "TP53 | S1 | Silent | 17 | 5 | C | T"
    path = write(tmp_path / "a.maf", head, same, same, "TP53 | S2 | Silent | 17 | 5 | C | T")
    assert read_maf(path, findings).height == 2
    assert rules(findings) == ["GENOME-ROW-DUPLICATE"]


def test_samples_of_nobody_and_second_samples_are_named(findings):
    matched = match_samples(
        {"TCGA-AB-2802-03A": 5, "TCGA-AB-2802-03B": 9, "P10": 1, "QQ": 3}, ["TCGA-AB-2802", "P1", "P10"], findings
    )
    assert matched.subject_of == {"P10": "P10", "TCGA-AB-2802-03B": "TCGA-AB-2802"}
    assert matched.unmatched == ("QQ",)
    assert sorted(rules(findings)) == ["GENOME-SAMPLE-DUPLICATE", "GENOME-SAMPLE-UNMATCHED"]


def test_not_profiled_is_never_wild_type(tmp_path, findings):
    variants = read_maf(
        write(
            tmp_path / "a.maf",
            "Hugo_Symbol | Tumor_Sample_Barcode | Variant_Classification",
            "TP53 | S1 | Missense_Mutation",
        ),
        findings,
    )
    (tmp_path / "small.txt").write_text("TP53\nKRAS\n")
    write(tmp_path / "profiled.tsv", "SAMPLE | PANEL", "S1 | small", "S2 | small", "S3 | large")
    panels = {"small": read_gene_list(tmp_path / "small.txt"), "large": frozenset({"TP53", "KRAS", "EGFR"})}
    profile = profile_of(variants, findings, samples=read_profiled(tmp_path / "profiled.tsv"), panels=panels)
    status = gene_status(variants, profile, classes=classes_of("nonsynonymous"))
    assert status.genes == ("EGFR", "KRAS", "TP53")
    np.testing.assert_equal(status.status, [[np.nan, 0, 1], [np.nan, 0, 0], [0, 0, 0]])
    assert rules(findings) == []


def test_without_a_list_it_is_said_that_who_was_profiled_is_a_guess(tmp_path, findings):
    head = "Hugo_Symbol | Tumor_Sample_Barcode | Variant_Classification"
    variants = read_maf(write(tmp_path / "a.maf", head, "TP53 | S1 | Silent"), findings)
    profile_of(variants, findings)
    assert rules(findings) == ["GENOME-PROFILE-GUESSED"]


def test_a_sample_with_calls_that_is_on_no_list_is_named(tmp_path, findings):
    head = "Hugo_Symbol | Tumor_Sample_Barcode | Variant_Classification"
    variants = read_maf(write(tmp_path / "a.maf", head, "TP53 | S1 | Silent"), findings)
    assert set(profile_of(variants, findings, samples={"S2": "all genes"}).samples) == {"S1", "S2"}
    assert rules(findings) == ["GENOME-SAMPLE-NO-PANEL"]


ANN = '##INFO=<ID=ANN,Number=.,Type=String,Description="Functional annotations">'
CSQ = '##INFO=<ID=CSQ,Number=.,Type=String,Description="from VEP. Format: Allele|Consequence|SYMBOL|HGVSp|CANONICAL|PICK">'


def test_a_vcf_of_snpeff_takes_the_most_severe_transcript(tmp_path, findings):
    path = write(
        tmp_path / "a.vcf",
        "##fileformat=VCFv4.2",
        "##reference=GRCh38.fa",
        "##tumor_sample=T",
        ANN,
        "#CHROM | POS | ID | REF | ALT | QUAL | FILTER | INFO | FORMAT | N | T",
        "chr17 | 100 | . | C | T | . | PASS | ANN=T|intron_variant|MODIFIER|WRAP53|||||||,"
        "T|missense_variant&splice_region_variant|MODERATE|TP53|||||||p.Arg248Gln | GT:AD:DP | 0/0:30,0:30 | 0/1:30,10:40",
        "chr1 | 50 | . | CAG | C | . | PASS | ANN=C|frameshift_variant|HIGH|ARID1A|||||||p.Ser5fs | "
        "GT:AD:DP | 0/0:9,0:9 | 0/1:5,5:10",
        "chr1 | 60 | . | C | CT | . | clustered | ANN=CT|frameshift_variant|HIGH|ARID1A||||||| | GT:AD | 0/0:9,0 | 0/1:5,5",
    )
    frame = read_vcf(path, findings)
    assert frame.select("SAMPLE", "GENE", "CLASS", "KIND", "START", "REF", "ALT", "PROTEIN", "VAF", "BUILD").rows() == [
        ("T", "TP53", "Missense_Mutation", "SNP", 100, "C", "T", "p.R248Q", 0.25, "GRCh38"),
        ("T", "ARID1A", "Frame_Shift_Del", "DEL", 51, "AG", "-", "p.S5fs", 0.5, "GRCh38"),
    ]
    assert rules(findings) == ["GENOME-VCF-FILTERED"]


def test_a_vcf_of_vep_splits_alleles_and_prefers_the_picked_transcript(tmp_path, findings):
    path = write(
        tmp_path / "b.vcf",
        "##fileformat=VCFv4.2",
        CSQ,
        "#CHROM | POS | ID | REF | ALT | QUAL | FILTER | INFO | FORMAT | TUMOR | NORMAL",
        "7 | 10 | . | A | G,T | . | . | CSQ=G|missense_variant|BRAF|ENSP1:p.Val600Glu||,"
        "G|missense_variant|BRAF2|ENSP2:p.Val1Glu|YES|1,"
        "T|stop_gained|BRAF|ENSP1:p.Val600Ter|| | GT:AD | 1/2:0,6,4 | 0/0:9,0,0",
    )
    frame = read_vcf(path, findings, sample="P1")
    assert frame.select("SAMPLE", "GENE", "CLASS", "PROTEIN", "VAF").rows() == [
        ("P1", "BRAF2", "Missense_Mutation", "p.V1E", 0.6),
        ("P1", "BRAF", "Nonsense_Mutation", "p.V600*", 0.4),
    ]


def test_a_vcf_that_leaves_the_tumour_open_or_is_none_is_refused(tmp_path, findings):
    two = write(tmp_path / "a.vcf", "##x=1", "#CHROM | POS | ID | REF | ALT | QUAL | FILTER | INFO | FORMAT | A | B")
    with pytest.raises(DataError, match="nothing says which is the tumour"):
        read_vcf(two, findings)
    with pytest.raises(DataError, match="no column of a sample is named 'C'"):
        read_vcf(two, findings, tumour="C")
    with pytest.raises(DataError, match="no VCF"):
        read_vcf(write(tmp_path / "c.vcf", "a | b"), findings)


def test_an_unannotated_vcf_is_a_finding(tmp_path, findings):
    path = write(
        tmp_path / "a.vcf",
        "##x=1",
        "#CHROM | POS | ID | REF | ALT | QUAL | FILTER | INFO",
        "1 | 5 | . | C | T | . | . | DP=3",
    )
    assert read_vcf(path, findings)["CLASS"].to_list() == ["Unknown"]
    assert "GENOME-VCF-UNANNOTATED" in rules(findings)


@pytest.mark.parametrize(
    ("terms", "reference", "alternative", "word"),
    [
        (["frameshift_variant"], "C", "CA", "Frame_Shift_Ins"),
        (["protein_altering_variant"], "CAAA", "C", "In_Frame_Del"),
        (["protein_altering_variant"], "CAA", "C", "Frame_Shift_Del"),
        (["stop_gained", "frameshift_variant"], "C", "CA", "Nonsense_Mutation"),
        (["synonymous_variant"], "C", "T", "Silent"),
        (["made_up"], "C", "T", "Unknown"),
    ],
)
def test_terms_become_classes(terms, reference, alternative, word):
    assert class_of(terms, reference, alternative) == word


def test_unknown_classes_are_refused_with_the_nearest():
    with pytest.raises(MethodError, match="Did you mean 'nonsynonymous'"):
        classes_of("nonsynonimous")


def test_long_tables_are_taken_apart(tmp_path, findings):
    path = tmp_path / "long.csv"
    path.write_text(
        "gene,sample,value,channel\n"
        'TP53,S1,"c.743G>A_p.R248Q(0.42,320); c.817C>T_p.R273C(0.10,100)",known_short\n'
        'CDKN2A,S1,"loss(0, exons 5 of 5)",deletion\n'
        'MYC,S1,"amplification(8, exons 3 of 3)",gain\n'
        'KIT,S1,"amplification(11, exons 21 of 21)",amplification\n'
        "BRCA2,S2,rearranged,other\n"
    )
    short, copies = read_long_tables([path], findings)
    assert short.select("SAMPLE", "GENE", "PROTEIN", "VAF", "DEPTH").rows() == [
        ("S1", "TP53", "p.R248Q", 0.42, 320),
        ("S1", "TP53", "p.R273C", 0.10, 100),
        ("S2", "BRCA2", "rearranged", None, None),
    ]
    assert copies.select("GENE", "CALL", "COPIES").rows() == [("CDKN2A", -2, 0.0), ("MYC", 1, 8.0), ("KIT", 2, 11.0)]
    assert rules(findings) == ["GENOME-CALL-UNREAD"]


def test_segments_of_every_program(tmp_path, findings):
    seg = write(
        tmp_path / "a.seg", "ID | chrom | loc.start | loc.end | num.mark | seg.mean", "S1 | chr7 | 1 | 1000 | 50 | 1.5"
    )
    cns = write(
        tmp_path / "S2.cns",
        "chromosome | start | end | gene | log2 | depth | probes",
        "chr23 | 0 | 1000 | X | -1.5 | 9 | 5",
    )
    facets = write(
        tmp_path / "S3.txt",
        "chrom | start | end | num.mark | cnlr.median | tcn.em | lcn.em",
        "7 | 1 | 1000 | 9 | 0.1 | 9 | 1",
    )
    absolute = write(
        tmp_path / "abs.txt",
        "sample | Chromosome | Start.bp | End.bp | n_probes | modal_total_cn",
        "S4 | 7 | 1 | 1000 | 9 | 0",
    )
    made = [read_segments(path, findings) for path in (seg, cns, facets, absolute)]
    columns = ("SAMPLE", "CHROM", "START", "END", "LOG2", "COPIES", "MINOR")
    assert [frame.select(columns).row(0) for frame in made] == [
        ("S1", "7", 1, 1000, 1.5, None, None),
        ("S2", "X", 1, 1000, -1.5, None, None),
        ("S3", "7", 1, 1000, 0.1, 9.0, 1.0),
        ("S4", "7", 1, 1000, None, 0.0, None),
    ]
    bed = write(tmp_path / "genes.bed", "chr7 | 99 | 200 | EGFR", "chrX | 5 | 10 | AR")
    called = gene_copies(pl.concat(made), read_gene_places(bed))
    assert called.select("SAMPLE", "GENE", "CALL").rows() == [
        ("S1", "EGFR", 2), ("S2", "AR", -2), ("S3", "EGFR", 2), ("S4", "EGFR", -2),
    ]  # fmt: skip
    with pytest.raises(DataError, match="needs chromosome, start, end"):
        read_segments(write(tmp_path / "b.seg", "ID | chrom", "S1 | 1"), findings)


def test_a_gene_over_two_segments_has_the_mean_by_bases():
    columns = {"SAMPLE": ["S", "S"], "CHROM": ["1", "1"], "START": [1, 101], "END": [100, 200], "COPIES": [2.0, 6.0]}
    segments = pl.DataFrame(columns).with_columns(LOG2=pl.lit(None, dtype=pl.Float64), SRCROW=pl.lit(1, dtype=pl.Int64))
    places = pl.DataFrame({"GENE": ["G"], "CHROM": ["1"], "START": [51], "END": [250]})
    assert gene_copies(segments, places)["COPIES"].item() == pytest.approx((50 * 2 + 100 * 6) / 150)


def test_purity_tables(tmp_path, findings):
    path = write(
        tmp_path / "absolute.txt", "array | purity | ploidy | Genome doublings", "S1 | 0.61 | 3.2 | 1", "S2 | 7 | 2 | 0"
    )
    frame = read_purity(path, findings)
    assert frame.select("SAMPLE", "PURITY", "PLOIDY", "DOUBLINGS").rows() == [
        ("S1", 0.61, 3.2, 1.0),
        ("S2", None, 2.0, 0.0),
    ]
    assert rules(findings) == ["GENOME-PURITY-RANGE"]
    percent = write(tmp_path / "facets.txt", "sample | purity | ploidy", "S1 | 61 | 3.2")
    assert read_purity(percent, findings)["PURITY"].item() == pytest.approx(0.61)
    with pytest.raises(DataError, match="stands twice"):
        read_purity(write(tmp_path / "b.txt", "sample | purity", "S1 | 0.5", "S1 | 0.4"), findings)


def test_contexts_come_from_the_fasta_and_a_wrong_build_is_noticed(tmp_path, findings):
    (tmp_path / "g.fa").write_text(">chr1 test\nAACGT\nTTCAG\n>chr2\nCCCCC\n")
    head = PLACED
    rows = ["A | S | Silent | 1 | 8 | C | T", "A | S | Silent | 1 | 3 | G | T", "A | S | Silent | 2 | 3 | C | A"]
    variants = add_contexts(
        read_maf(write(tmp_path / "a.maf", head, *rows), findings), tmp_path / "g.fa", findings, flank=1
    )
    assert variants["CONTEXT"].to_list() == ["TCA", None, "CCC"]
    assert findings.frame()["message"].to_list() == [
        "1 of 3 substitutions have another reference base than the FASTA; they have no context."
    ]
