"""Counts, ADAT, LC-MS tables, mzML and gene sets: what becomes of each file, and what is said of a bad one."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from simulated_omics import write_mzml

from onearm.data.assays.omics import (
    FeatureMatrix,
    OmicsOptions,
    extract_ion,
    find_feature,
    mcp_counter,
    read_gene_sets,
    read_omics,
    read_spectra,
)
from onearm.data.assays.omics.identifiers import looks_like_date
from onearm.data.findings import Findings
from onearm.errors import DataError

Shared = Callable[[str], Path]


def read(path: Path, **options: str) -> tuple[FeatureMatrix, pl.DataFrame]:
    findings = Findings()
    return read_omics(path, findings, options=OmicsOptions(**options)), findings.frame()


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_rsem_folder(tmp_path: Path) -> None:
    head = "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\n"
    for name, (a, b) in {"S1": ("10.00", "3.50"), "S2": ("0.00", "120.25")}.items():
        rows = f"ENSG001.2_TP53\tT1\t100\t90\t{a}\t1\t1\nENSG002.1_A_B\tT2\t100\t90\t{b}\t1\t1\n"
        put(tmp_path / f"{name}.genes.results", head + rows)
    matrix, findings = read(tmp_path)
    assert matrix.values.tolist() == [[10.0, 3.5], [0.0, 120.25]]
    assert matrix.samples["SAMPLE"].to_list() == ["S1", "S2"]
    assert matrix.features["SYMBOL"].to_list() == ["TP53", "A_B"]
    assert (matrix.source, set(matrix.features["UNIT"]), findings.height) == ("RSEM", {"counts"}, 0)


def test_rsem_files_of_two_references_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "S1.genes.results", "gene_id\texpected_count\nA\t1\n")
    put(tmp_path / "S2.genes.results", "gene_id\texpected_count\nB\t1\n")
    put(tmp_path / "S3.genes.results", "gene\tcount\nB\t1\n")
    with pytest.raises(DataError) as said:
        read(tmp_path)
    assert len(said.value.problems) == 2
    assert "other genes than S1.genes.results" in said.value.problems[0]


def test_htseq_folder_plain_and_gzipped(tmp_path: Path) -> None:
    put(tmp_path / "S1.counts", "TP53\t5\nEGFR\t0\n__no_feature\t900\n__ambiguous\t3\n")
    (tmp_path / "S2.htseq.counts.gz").write_bytes(gzip.compress(b"TP53\t7\nEGFR\t2\n__no_feature\t1\n"))
    matrix, _ = read(tmp_path)
    assert matrix.values.tolist() == [[5, 0], [7, 2]]
    assert matrix.names == ["TP53", "EGFR"]


def test_feature_counts(tmp_path: Path) -> None:
    text = (
        "# Program:featureCounts v2.0.3; Command:x\nGeneid\tChr\tStart\tEnd\tStrand\tLength\tbam/S1.bam\t/a/b/S2.bam\n"
        "ENSG1\t1;1\t1;9\t5;20\t+;+\t17\t4\t9\nENSG2\t2\t1\t5\t-\t5\t0\t1\n"
    )
    matrix, _ = read(put(tmp_path / "fc.txt", text))
    assert matrix.samples["SAMPLE"].to_list() == ["S1", "S2"]
    assert matrix.values.tolist() == [[4, 0], [9, 1]]
    assert matrix.features["LENGTH"].to_list() == [17.0, 5.0]


def test_plain_matrix_names_everything_that_is_wrong_with_its_rows(tmp_path: Path) -> None:
    text = "gene,symbol,A,B\nE1,2-Sep,1,2\nE2,X,,NA\nE3,TP53,500,6\n,Y,1,1\n2-Sep,SEPTIN2,3,4\nE3,TP53,700,9\nE4,EGFR,3,0\n"
    matrix, findings = read(put(tmp_path / "m.csv", text))
    assert matrix.names == ["E1", "E3", "E4"]
    assert matrix.values.tolist() == [[1, 700, 3], [2, 9, 0]]
    assert findings.select("rule", "row").rows() == [
        ("OMICS-GENE-DATE", 5),
        ("OMICS-FEATURE-NAMELESS", 4),
        ("OMICS-FEATURE-TWICE", 3),
        ("OMICS-FEATURE-EMPTY", 2),
    ]
    assert "'2-Sep' is a date" in findings["message"][0]


def test_day_numbers_among_names_are_dates_and_entrez_identifiers_are_not(tmp_path: Path) -> None:
    matrix, findings = read(put(tmp_path / "a.csv", "gene,A\nTP53,100\n44806,5\nEGFR,7\n"))
    assert (matrix.names, findings["rule"].to_list()) == (["TP53", "EGFR"], ["OMICS-GENE-DATE"])
    matrix, findings = read(put(tmp_path / "b.csv", "gene,A\n7157,100\n44806,5\n1956,7\n"))
    assert (matrix.values.size, findings.height) == (3, 0)


@pytest.mark.parametrize(
    "name", ["2-Sep", "Sep-02", "1-Mar", "01.03.2024", "2024-09-02", "2. Sep", "1-Déc", "Mar-2001"]
)
def test_dates(name: str) -> None:
    assert looks_like_date(name)


@pytest.mark.parametrize(
    "name",
    ["SEPT2", "SEPTIN2", "MARCH1", "MARCHF1", "DEC1", "OCT4", "MAR1", "APR-1A", "7157", "JUN", "MAL", "NOV", "SEPSECS"],
)
def test_genes(name: str) -> None:
    assert not looks_like_date(name)


def test_negative_counts_are_refused_by_name_and_row(tmp_path: Path) -> None:
    rows = "".join(f"G{i},{i * 7},{i * 9}\n" for i in range(200))
    with pytest.raises(DataError, match=r"row 201, column 'B': the count of 'BAD' is negative"):
        read(put(tmp_path / "m.csv", f"gene,A,B\n{rows}BAD,4,-1\n"))
    with pytest.raises(DataError, match="row 2"):
        read(put(tmp_path / "n.csv", "gene,A,B\nX,1,2\nBAD,4,-1\n"), unit="counts")


def test_units_of_a_plain_matrix(tmp_path: Path) -> None:
    assert read(put(tmp_path / "a.csv", "g,A,B\nX,5,900\n"))[0].features["UNIT"][0] == "counts"
    assert read(put(tmp_path / "b.csv", "g,A,B\nX,-1.5,9.2\n"))[0].features["UNIT"][0] == "log2"
    assert read(put(tmp_path / "c.csv", "g,A,B\nX,15.5,9000.2\n"))[0].features["UNIT"][0] == "intensity"
    assert read(put(tmp_path / "c.csv", "g,A,B\nX,15.5,9000.2\n"), unit="ng/mL")[0].features["UNIT"][0] == "ng/mL"


def test_cells_without_numbers_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"m\.csv, row 2, column 'B': holds no number"):
        read(put(tmp_path / "m.csv", "gene,A,B\nX,1,2\nY,3,many\n"))


def test_somascan(shared_data: Shared) -> None:
    matrix, findings = read(shared_data("somascan_adat") / "example_data10.adat")
    assert matrix.values.shape == (10, 5284)
    assert dict(matrix.samples["ROLE"].value_counts().iter_rows()) == {"sample": 9, "control": 1}
    # SOURCE.md and the file itself: first and last value of the first sample, units and gene of the first analyte
    assert matrix.values[0, :3].tolist() == [476.5, 310.1, 100.3]
    assert matrix.features.row(0, named=True)["SYMBOL"] == "CRYBB2"
    assert matrix.features["TYPE"].value_counts().filter(TYPE="Protein")["count"][0] == 5207
    own = matrix.of_role()
    assert own.features["ORGANISM"].unique().to_list() == ["Human"]
    assert findings["rule"].to_list() == ["OMICS-ANALYTE-FLAGGED"]
    assert find_feature(own.features, "raf1") == own.names.index("10001-7")


def test_truncated_adat_is_refused(shared_data: Shared, tmp_path: Path) -> None:
    text = (shared_data("somascan_adat") / "example_data10.adat").read_text()
    with pytest.raises(DataError, match="truncated or damaged"):
        read(put(tmp_path / "half.adat", text[: int(len(text) * 0.93)]))
    with pytest.raises(DataError, match="TABLE_BEGIN"):
        read(put(tmp_path / "head.adat", text[:1500]))


XCMS = (
    '"","mz","mzmin","mzmax","rt","rtmin","rtmax","npeaks","QC_1","P01","blank_1"\n'
    '"FT1",205.0972,205.09,205.1,312.4,310,315,3,1000,2000,10\n"FT2",209.0921,209,209.1,280,279,282,2,NA,500,0\n'
)
MZMINE2 = (
    "row ID,row m/z,row retention time,P01.mzML Peak height,P01.mzML Peak area,P02.mzML Peak height,P02.mzML Peak area,\n"
    "1,205.0972,5.2,10,1000,12,0.0,\n"
)
MZMINE4 = (
    "id,area,mz,rt,mz_range:min,datafile:P01.mzML:area,datafile:P01.mzML:rt,datafile:P02.mzML:area,datafile:P02.mzML:rt\n"
    "7,9,205.0972,5.2,205,1000,5.2,,\n"
)
OPENMS = (
    "#MAP\tid\tfilename\tlabel\tsize\nMAP\t0\tfile:///x/P01.featureXML\t\t1\nMAP\t1\tP02.mzML\t\t1\n"
    "#CONSENSUS\trt_cf\tmz_cf\tintensity_cf\tcharge_cf\twidth_cf\tquality_cf"
    "\trt_0\tmz_0\tintensity_0\tcharge_0\twidth_0\trt_1\tmz_1\tintensity_1\tcharge_1\twidth_1\n"
    "CONSENSUS\t312\t205.0972\t1500\t1\t0\t1\t312\t205.09\t1000\t1\t5\tnan\tnan\tnan\t0\t0\n"
)
OPENMS_FRAME = "sequence,charge,RT,mz,quality,P01.mzML,P02.mzML\n,1,312.0,205.0972,0.9,1000,0\n"


@pytest.mark.parametrize(
    ("text", "source", "samples"),
    [
        (XCMS, "XCMS", ["QC_1", "P01", "blank_1"]),
        (MZMINE2, "MZmine", ["P01", "P02"]),
        (MZMINE4, "MZmine", ["P01", "P02"]),
        (OPENMS, "OpenMS", ["P01", "P02"]),
    ],
)
def test_lcms_tables(tmp_path: Path, text: str, source: str, samples: list[str]) -> None:
    matrix, _ = read(put(tmp_path / "features.csv", text))
    assert matrix.source == source
    assert matrix.samples["SAMPLE"].to_list() == samples
    assert matrix.names[0] == f"M205.0972T{312}"
    assert matrix.values[0, 0] == 1000
    assert np.isnan(matrix.values[-1, -1]) if source != "XCMS" else np.isnan(matrix.values[0, 1])


def test_openms_data_frame_and_roles_by_name(tmp_path: Path) -> None:
    assert read(put(tmp_path / "a.csv", OPENMS_FRAME))[0].samples["SAMPLE"].to_list() == ["P01", "P02"]
    assert read(put(tmp_path / "b.csv", XCMS))[0].samples["ROLE"].to_list() == ["qc", "sample", "blank"]


@pytest.mark.parametrize("is_compressed", [True, False])
def test_mzml_peak(tmp_path: Path, is_compressed: bool) -> None:
    """Scans of level 1 at 6, 8 and 12 s (that at 10 s is of level 2) of 1, 2 and 1 thousand: 2 x 1500 + 4 x 1500."""
    scans = []
    for i in range(12):
        height = {3: 1000.0, 4: 2000.0, 6: 1000.0}.get(i, 0.0)
        scans.append((i * 2 / 60, [100.0, 205.0980, 300.0], [5.0, height, 7.0]))
    write_mzml(tmp_path / "run.mzML", scans, is_compressed=is_compressed)
    spectra = list(read_spectra(tmp_path / "run.mzML"))
    assert len(spectra) == 8
    assert len(list(read_spectra(tmp_path / "run.mzML", level=2))) == 4
    found = extract_ion(tmp_path / "run.mzML", 205.0972, ppm=10)
    assert (found.apex_rt, found.apex_intensity, found.scans) == (pytest.approx(8.0), 2000.0, 3)
    assert found.area == pytest.approx(9000.0)
    assert found.ppm == pytest.approx((205.0980 - 205.0972) / 205.0972 * 1e6)
    assert extract_ion(tmp_path / "run.mzML", 250.0).scans == 0


def test_damaged_mzml_is_refused(tmp_path: Path) -> None:
    write_mzml(tmp_path / "run.mzML", [(0.1, [100.0], [1.0])] * 3)
    whole = (tmp_path / "run.mzML").read_text()
    with pytest.raises(DataError, match="truncated"):
        list(read_spectra(put(tmp_path / "half.mzML", whole[:-60])))
    with pytest.raises(DataError, match="not read here"):
        list(read_spectra(put(tmp_path / "numpress.mzML", whole.replace("MS:1000574", "MS:1002312"))))
    with pytest.raises(DataError, match="no mzML"):
        list(read_spectra(put(tmp_path / "other.mzML", "<a><b/></a>")))


def test_gene_sets(shared_data: Shared, tmp_path: Path) -> None:
    hallmark = read_gene_sets(shared_data("gene_sets") / "h.all.v7.0.symbols.gmt")
    assert (len(hallmark), len(hallmark["HALLMARK_HYPOXIA"])) == (50, 200)
    table = put(tmp_path / "own.csv", "set,gene\nA,X\nA,Y\nB,X\nA,X\n")
    assert read_gene_sets(table) == {"A": ("X", "Y"), "B": ("X",)}
    with pytest.raises(DataError, match=r"bad\.gmt, row 2: a name"):
        read_gene_sets(put(tmp_path / "bad.gmt", "A\tx\tG1\nB\n"))
    with pytest.raises(DataError, match="stands twice"):
        read_gene_sets([table, put(tmp_path / "again.gmt", "A\tx\tG1\n")])


def test_mcp_counter_is_the_published_table(shared_data: Shared) -> None:
    path = shared_data("gene_sets") / "mcpcounter_genes.txt"
    published = pl.read_csv(path, separator="\t", infer_schema=False)
    rows = {(population, gene) for population, genes in mcp_counter().items() for gene in genes}
    wanted = {
        (p, "CAVIN2" if g == "C" else g) for g, p in published.select("HUGO symbols", "Cell population").iter_rows()
    }
    assert rows == wanted


def test_names_near_by_are_suggested(tmp_path: Path) -> None:
    put(tmp_path / "counts.csv", "g,A\nX,1\n")
    with pytest.raises(DataError, match=r"Did you mean 'counts\.csv'"):
        read(tmp_path / "count.csv")
    with pytest.raises(DataError, match="Did you mean 'olink'"):
        read(tmp_path / "counts.csv", format="olnk")
    matrix, _ = read(put(tmp_path / "m.csv", "g,A\nTP53,1\nEGFR,2\n"))
    with pytest.raises(DataError, match="Did you mean 'TP53'"):
        find_feature(matrix.features, "TP5")
