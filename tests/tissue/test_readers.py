"""Every shared cell table is read; units are detected and checked; damage is said."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from onearm.data.assays.cells import CellOptions, read_areas, read_cells, read_many_cells, read_scores
from onearm.data.assays.cells.headers import Measurement, clean_name, parse_measurement
from onearm.data.assays.cells.layouts import recognise
from onearm.data.assays.cells.units import check_scale, pixel_area
from onearm.errors import DataError

Shared = Callable[[str], Path]
SLIDE = {"slide": "deidentified_sample"}
TABLES: dict[str, tuple[dict[str, Any], str, int]] = {
    "phenoptr/Set4_sample_cell_seg_data_trimmed.tsv.gz": ({}, "inform", 6072),
    **{
        f"iris_irisSpatialFeatures/{name}_cell_seg_data.txt.gz": ({"um_per_pixel": 0.496}, "inform", n)
        for name, n in {"MEL2_2": 2342, "MEL2_7": 2271, "MEL3_1": 2887, "MEL3_2": 2626}.items()
    },
    "qupath_classyflow/H-17_QUANT_5rows_33cols.tsv": ({}, "qupath", 5),
    "spatialTIME_halo/example_spatial_1.csv.gz": ({"columns": SLIDE}, "halo", 3803),
    "spatialTIME_halo/example_spatial_4.csv.gz": ({"columns": SLIDE}, "halo", 1803),
    "spiat/tiny_halo.csv": ({"um_per_pixel": 0.496}, "halo", 10),
    "spiat/tiny_inform.txt": ({"um_per_pixel": 0.5}, "inform", 9),
    "spiat/tiny_cellprofiler.txt": ({"um_per_pixel": 0.5}, "cellprofiler", 9),
    "spiat/tiny_codex.csv": ({"um_per_pixel": 0.377, "markers": ("CD45", "CD27")}, "plain", 9),
    "spiat/defined_image_SIMULATED.csv.gz": ({"um_per_pixel": 1.0}, "plain", 4951),
}
AREAS: dict[str, tuple[dict[str, Any], int]] = {
    "phenoptr/Set4_1-6plex_[16142,55840]_cell_seg_data_summary.txt": ({"um_per_pixel": 0.5}, 4),
    "phenoptrReports/Merge_cell_seg_data_summary.txt": ({"um_per_pixel": 0.5}, 36),
    "spatialTIME_halo/example_summary.csv": ({}, 229),
}
OTHERS = {"clinical": "no cells", "count_within": "expected", "frame_counts": "expected", "sample_": "expected"}


@pytest.fixture(scope="module")
def tables(shared_data: Shared) -> Path:
    return shared_data("cell_tables")


def test_no_shared_table_is_forgotten(tables: Path) -> None:
    known = {*TABLES, *AREAS}
    for path in tables.glob("*/*"):
        name = str(path.relative_to(tables))
        is_table = path.name.endswith((".csv", ".txt", ".tsv", ".gz")) and "LICENSE" not in name
        other = any(word in name for word in (*OTHERS, "score_data", "codex_phenotypes", "seg_data_summary"))
        assert not is_table or name in known or other, name


@pytest.mark.parametrize("name", TABLES)
def test_every_cell_is_read(tables: Path, name: str) -> None:
    options, software, n = TABLES[name]
    table = read_cells(tables / name, CellOptions(**options))
    assert (table.software, table.cells.height) == (software, n)
    assert table.cells.select(pl.all_horizontal(pl.col("X_UM", "Y_UM").is_finite())).to_series().all()
    assert table.cells["SLIDE"].null_count() == table.cells["FIELD"].null_count() == 0


@pytest.mark.parametrize("name", AREAS)
def test_every_area_is_read(tables: Path, name: str) -> None:
    options, n = AREAS[name]
    areas, findings = read_areas(tables / name, CellOptions(**options))
    assert areas.height == n
    assert (areas["AREA_MM2"] > 0).all()
    assert findings.is_empty()


def test_areas_of_tissues_make_the_field(tables: Path) -> None:
    areas, _ = read_areas(tables / "phenoptrReports" / "Merge_cell_seg_data_summary.txt", CellOptions(um_per_pixel=0.5))
    parts = areas.filter(pl.col("TISSUE").is_not_null()).group_by("FIELD").agg(pl.col("AREA_MM2").sum())
    whole = areas.filter(pl.col("TISSUE").is_null()).select("FIELD", WHOLE="AREA_MM2")
    both = parts.join(whole, on="FIELD")
    assert both.height == 9
    assert np.allclose(both["AREA_MM2"], both["WHOLE"], rtol=1e-12)


def test_a_summary_without_areas_says_so(tables: Path) -> None:
    with pytest.raises(DataError, match="no column of areas"):
        read_areas(tables / "iris_irisSpatialFeatures" / "MEL2_2_cell_seg_data_summary.txt")


def test_thresholds_are_those_of_the_reader(tables: Path) -> None:
    found = {
        row["FIELD"]: (row["MARKER"], row["COMPARTMENT"], row["THRESHOLD"])
        for name in ("MEL2_2", "MEL3_1")
        for row in read_scores(tables / "iris_irisSpatialFeatures" / f"{name}_score_data.txt").rows(named=True)
        if row["MARKER"] == "PD-1"
    }
    assert found == {"MEL2_2": ("PD-1", "nucleus", 9.7), "MEL3_1": ("PD-1", "nucleus", 16.0)}


def test_halo_counts_are_those_of_its_summary(tables: Path) -> None:
    """The program's own calls, counted, are the numbers of its summary for the same core."""
    cells = read_cells(tables / "spatialTIME_halo" / "example_spatial_1.csv.gz", CellOptions(columns=SLIDE)).cells
    with (tables / "spatialTIME_halo" / "example_summary.csv").open() as stream:
        row = next(r for r in csv.DictReader(stream) if r["deidentified_sample"] == "TMA1_[3,B].tif")
    assert cells.height == int(row["Total Cells"])
    for marker, dye in (("FOXP3", 620), ("CD3", 570), ("CD8", 520), ("PD1", 650), ("PDL1", 540)):
        assert cells[f"{marker}|call"].sum() == int(row[f"{marker} (Opal {dye}) Positive Cells"])


def test_halo_pixels_are_detected_from_areas_that_are_whole_pixels(tables: Path) -> None:
    """By hand: the smallest areas of core 1 differ by 0.247 µm², one pixel of 0.497 µm."""
    table = read_cells(tables / "spatialTIME_halo" / "example_spatial_1.csv.gz", CellOptions(columns=SLIDE))
    assert table.um_per_pixel == pytest.approx(0.497, abs=1e-4)
    assert table.findings["rule"].to_list() == ["CELL-SCALE-DETECTED"]
    first = table.cells.row(0, named=True)
    assert first["X_UM"] == pytest.approx((1290 + 1312) / 2 * 0.497, rel=1e-4)


def test_halo_pixels_taken_for_microns_are_an_error(tables: Path) -> None:
    path = tables / "spatialTIME_halo" / "example_spatial_1.csv.gz"
    table = read_cells(path, CellOptions(columns=SLIDE, um_per_pixel=1.0))
    assert table.findings.row(0, named=True)["rule"] == "CELL-SCALE-DISAGREES"
    with gzip.open(path, "rt") as stream:
        rows = list(csv.DictReader(stream))
    box = [(int(r["XMax"]) - int(r["XMin"])) * (int(r["YMax"]) - int(r["YMin"])) for r in rows]
    fill = np.median([float(r["Cell.Area..m.."]) / b for r, b in zip(rows, box, strict=True)])
    assert f"fills {100 * fill:.0f}% of its bounding box" in table.findings["message"][0]
    near = read_cells(path, CellOptions(columns=SLIDE, um_per_pixel=0.55))
    assert "whole multiples of 0.497²" in near.findings["message"][0]


def test_pixels_without_a_scale_are_refused(tables: Path) -> None:
    with pytest.raises(DataError, match=r"such as 0\.496"):
        read_cells(tables / "iris_irisSpatialFeatures" / "MEL2_2_cell_seg_data.txt.gz")
    with pytest.raises(DataError, match="does not say whether positions are in pixels or microns"):
        read_cells(tables / "spiat" / "defined_image_SIMULATED.csv.gz")


@pytest.mark.parametrize(
    ("name", "software", "measurement"),
    [
        ("Nucleus: CD8 mean", "qupath", Measurement("CD8", "nucleus", "mean")),
        ("Cell: Opal 520 std dev", "qupath", Measurement("Opal 520", "cell", "sd")),
        ("CD8: Nucleus: Mean", "qupath", Measurement("CD8", "nucleus", "mean")),
        ("Membrane: PD-L1: Median", "qupath", Measurement("PD-L1", "membrane", "median")),
        ("CD8: Mean", "qupath", Measurement("CD8", "cell", "mean")),
        ("ROI: 0.50 µm per pixel: CD8: Mean", "qupath", Measurement("CD8", "cell", "mean")),
        ("ROI: 2.00 px per pixel: CD8: Std.dev.", "qupath", Measurement("CD8", "cell", "sd")),
        ("Nucleus: Area µm^2", "qupath", None),
        ("Nucleus: Max diameter µm", "qupath", None),
        (
            "Nucleus PD-1 (Opal 540) Mean (Normalized Counts, Total Weighting)",
            "inform",
            Measurement("PD-1", "nucleus", "mean"),
        ),
        ("Entire Cell Autofluorescence Total", "inform", Measurement("Autofluorescence", "cell", "sum")),
        ("Nucleus Minor Axis", "inform", None),
        ("CD8 (Opal 520) Cytoplasm Intensity", "halo", Measurement("CD8", "cytoplasm", "mean")),
        ("PD.L1..Opal.650..Nucleus.Intensity", "halo", Measurement("PD L1", "nucleus", "mean")),
        ("Cells_Intensity_MeanIntensity_CD8", "cellprofiler", Measurement("CD8", "cell", "mean")),
        ("Intensity_IntegratedIntensity_DNA", "cellprofiler", Measurement("DNA", "cell", "sum")),
    ],
)
def test_each_family_of_names_is_understood(name: str, software: str, measurement: Measurement | None) -> None:
    assert parse_measurement(name, software) == measurement


def test_two_kinds_of_mu_are_one() -> None:
    assert (
        clean_name("Area (\u00b5m²)")
        == clean_name("Area (\u03bcm²)")
        == clean_name("\ufeffArea (µm^2)")
        == "Area (um2)"
    )


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


INFORM = (
    "Sample Name\tTissue Category\tPhenotype\tCell ID\tCell X Position\tCell Y Position\t"
    "Entire Cell Area (sq microns)\tEntire Cell CD8 (Opal 540) Mean\n"
)


def test_decimal_commas_and_missing_values_are_understood(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a_cell_seg_data.txt",
        INFORM + "f.im3\tTumor\tCD8+\t1\t1,5\t2,25\t50\t0,75\nf.im3\tStroma\t\t2\t3,5\t4\t50,5\t#N/A\n",
    )
    cells = read_cells(path).cells
    assert cells["X_UM"].to_list() == [1.5, 3.5]
    assert cells["CD8|cell|mean"].to_list() == [0.75, None]
    assert cells["PHENOTYPE"].to_list() == ["CD8+", None]
    assert cells["FIELD"].to_list() == ["f", "f"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_the_micro_sign(tmp_path: Path, encoding: str) -> None:
    text = "Image,Object ID,Classification,Centroid X µm,Centroid Y µm,CD8: Mean\nBülach.tif,1,CD8: CD3,1.5,2.5,7\n"
    table = read_cells(write(tmp_path / "a.csv", text, encoding))
    assert table.software == "qupath"
    assert table.cells.select("SLIDE", "X_UM", "CD8|cell|mean").row(0) == ("Bülach.tif", 1.5, 7.0)


def test_a_consolidated_table_of_inform_gives_calls(tmp_path: Path) -> None:
    header = "Sample Name\tCell ID\tPhenotype CD8\tPhenotype PD1\tCell X Position\tCell Y Position\tNucleus Area (sq microns)\n"
    path = write(tmp_path / "Consolidated_data.txt", header + "f\t1\tCD8+\tPD1-\t1\t1\t9\nf\t2\tCD8-\t\t2\t2\t9\n")
    cells = read_cells(path).cells
    assert cells["CD8|call"].to_list() == [True, False]
    assert cells["PD1|call"].to_list() == [False, None]


def test_text_among_numbers_names_row_and_column_but_not_the_value(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", INFORM + "f\tTumor\tCD8+\t1\t1.5\t2\t50\tbright-7\n")
    with pytest.raises(DataError, match=r"row 1, column 'Entire Cell CD8 .*': the value is not a number") as caught:
        read_cells(path)
    assert "bright" not in str(caught.value)


def test_cells_without_position_repeats_and_coincidences_are_said(tmp_path: Path) -> None:
    rows = [
        "f\tTumor\tCD8+\t1\t1.5\t2\t50\t1",
        "f\tTumor\tCD8+\t1\t1.5\t2\t50\t1",
        "f\tTumor\tCK+\t2\t1.5\t2\t50\t1",
        "f\tTumor\tCK+\t3\t#N/A\t2\t50\t1",
    ]
    table = read_cells(write(tmp_path / "a.txt", INFORM + "\n".join(rows) + "\n"))
    assert table.cells["CELL"].to_list() == ["1", "2"]
    assert table.findings["rule"].to_list() == ["CELL-DUPLICATED", "CELL-POSITION-MISSING", "CELL-COINCIDENT"]


def test_the_same_field_twice_is_counted_once(tmp_path: Path) -> None:
    one, two = (write(tmp_path / name, INFORM + "f\tTumor\tCD8+\t1\t1.5\t2\t50\t1\n") for name in ("a.txt", "b.txt"))
    table = read_many_cells([one, two])
    assert table.cells.height == 1
    assert table.findings["rule"].to_list() == ["CELL-DUPLICATED"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("a,b\n1,2\n", "no columns of x and y were found"),
        (INFORM + "f\tTumor\tCD8+\t1\t1\t2\t50\t1\textra\tmore\n", "fields, but the header has 8"),
    ],
)
def test_damage_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_cells(write(tmp_path / "a.txt", text))


def test_a_wide_row_far_down_is_refused(tmp_path: Path) -> None:
    body = "f\tTumor\tCD8+\t{}\t1\t2\t50\t1\n"
    text = INFORM + "".join(body.format(i) for i in range(3000)) + "f\tTumor\tCD8+\t1\t1\t2\t50\t1\textra\n"
    with pytest.raises(DataError, match="more fields than the header"):
        read_cells(write(tmp_path / "a.txt", text))


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"x,y\n1,2\n" * 500)[:-20])
    with pytest.raises(DataError, match="damaged"):
        read_cells(path)


def test_a_table_with_a_header_and_no_cells_is_a_finding(tmp_path: Path) -> None:
    table = read_cells(write(tmp_path / "a.txt", INFORM))
    assert table.cells.is_empty()
    assert table.findings["rule"].to_list() == ["CELL-NONE"]


def test_areas_of_zero_and_areas_that_disagree_are_missing(tmp_path: Path) -> None:
    path = write(
        tmp_path / "areas.csv", "slide,tissue,area_mm2,area_um2\na,Tumor,0,0\nb,Tumor,0.5,500000\nc,Tumor,0.5,250000\n"
    )
    areas, findings = read_areas(path)
    assert dict(areas.select("SLIDE", "AREA_MM2").rows()) == {"a": None, "b": 0.5, "c": None}
    assert findings["rule"].to_list() == ["CELL-AREA-ZERO", "CELL-AREA-DISAGREES"]


def test_areas_of_whole_pixels_give_the_scale_and_others_do_not() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(60, 900, 3000)
    for scale in (0.2125, 0.325, 0.496, 0.65):
        assert np.sqrt(pixel_area(np.round(pixels * scale**2, 4)) or np.nan) == pytest.approx(scale, rel=1e-4)
    assert pixel_area(rng.uniform(20, 200, 3000)) is None
    assert pixel_area([5.0, 6.0]) is None


def test_microns_in_boxes_of_microns_are_no_contradiction() -> None:
    """HALO tables of which someone has converted the positions: a cell fills three quarters of its box."""
    check = check_scale(np.arange(300, 400) * 0.25, (np.full(100, 10.5), np.full(100, 10.5)), 1.0)
    assert "fills" not in check.problem


def test_programs_are_recognised_by_their_headers(tables: Path) -> None:
    def header(name: str) -> list[str]:
        raw = (tables / name).read_bytes()
        return (
            (gzip.decompress(raw) if name.endswith("gz") else raw)
            .decode("utf-8-sig")
            .split("\n")[0]
            .replace("\t", ",")
            .split(",")
        )

    assert {name: recognise(header(name)) for name in TABLES} == {name: want for name, (_, want, _) in TABLES.items()}
    assert (
        json.dumps(sorted({want for _, want, _ in TABLES.values()}))
        == '["cellprofiler", "halo", "inform", "plain", "qupath"]'
    )


def test_every_finding_and_sentence_is_documented() -> None:
    from onearm.data.assays.cells.finding_rules import CELL_RULES
    from onearm.derivations.tissue.finding_rules import TISSUE_RULES
    from onearm.derivations.tissue.plan import SENTENCES, parse_measure

    text = (Path(__file__).parents[2] / "docs" / "tissue.md").read_text(encoding="utf-8")
    assert [rule for rule in (*CELL_RULES, *TISSUE_RULES) if f"`{rule}`" not in text] == []
    for kind, sentence in SENTENCES.items():
        plain = (
            sentence.split(" [,")[0].replace("mean|median", "mean").replace("[mature] ", "").replace(" [per mm2]", "")
        )
        plain = plain.replace("[among CD3+] ", "").replace(" [in tumour]", "")
        assert parse_measure(plain).kind == kind
        assert plain.split(" ")[0] in text


def test_areas_of_qupath_annotations_and_of_halo_classes(tmp_path: Path) -> None:
    """QuPath: one row per annotation, in square microns; HALO: one column per class, in square millimetres."""
    qupath = write(
        tmp_path / "annotations.tsv",
        "Image\tName\tClassification\tCentroid X µm\tArea µm^2\na.tif\tx\tTumor\t5\t250000\na.tif\ty\tStroma\t5\t750000\n",
    )
    areas, _ = read_areas(qupath)
    assert areas.select("SLIDE", "TISSUE", "AREA_MM2").rows() == [("a.tif", "Tumor", 0.25), ("a.tif", "Stroma", 0.75)]
    halo = write(
        tmp_path / "summary.csv",
        "Image Location,Total Cells,Area Analyzed (mm²),Tumor Area Analyzed (mm²),Stroma Area Analyzed (μm²)\n"
        "C:\\scans\\a.svs,10,1.0,0.25,750000\n",
    )
    areas, _ = read_areas(halo)
    assert areas.select("SLIDE", "TISSUE", "AREA_MM2").rows() == [
        ("a.svs", None, 1.0), ("a.svs", "Tumor", 0.25), ("a.svs", "Stroma", 0.75),
    ]  # fmt: skip


def test_a_mask_gives_tissue_and_area(tmp_path: Path) -> None:
    """By hand: 10 x 8 pixels of 0.5 µm, the left half tumour; inForm counts pixels from 1."""
    from PIL import Image

    from onearm.data.assays.cells.masks import assign_tissue, read_mask

    drawing = np.zeros((8, 10, 4), dtype=np.uint8)
    drawing[:, :5] = (255, 0, 0, 63)
    Image.fromarray(drawing).save(tmp_path / "tumour.png")
    Image.fromarray(np.zeros((8, 10), dtype=np.uint8)).save(tmp_path / "empty.png")
    table = read_cells(
        write(tmp_path / "c.csv", "slide,field,cell,x,y\ns,f,1,1,1\ns,f,2,5,8\ns,f,3,6,8\ns,f,4,99,1\n"),
        CellOptions(um_per_pixel=0.5),
    )
    made = assign_tissue(table, {"Tumor": read_mask(tmp_path / "tumour.png")}, um_per_pixel=0.5)
    assert made.cells["TISSUE"].to_list() == ["Tumor", "Tumor", None, None]
    assert made.areas.select("FIELD", "TISSUE", "AREA_MM2").row(0) == ("f", "Tumor", pytest.approx(40 * 0.25e-6))
    with pytest.raises(DataError, match="nothing is drawn"):
        read_mask(tmp_path / "empty.png")
    with pytest.raises(DataError, match="not an image"):
        read_mask(write(tmp_path / "no.png", "text"))
