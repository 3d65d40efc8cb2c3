"""IRIS's published densities and nearest-neighbour tables, re-derived from its cell tables, thresholds and drawn masks."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from onearm.data.assays.cells.masks import assign_tissue, grow_mask, read_mask
from onearm.data.assays.cells.read import read_cells
from onearm.data.assays.cells.scores import read_scores
from onearm.data.assays.cells.table import CellOptions
from onearm.derivations.tissue import Measures, TissuePlan, measure_cells, parse_measure

SCALE = 0.496
MARGIN_PX = 76  # the script that made the published tables grew the margin by 76 pixels
FIELDS = ("MEL2_2", "MEL2_7", "MEL3_1", "MEL3_2")
PHENOTYPES = {
    "CD8+ PD1-": "'CD8+' AND PD-1-",
    "CD8+ PD1+": "'CD8+' AND PD-1+",
    "OTHER PDL1-": "'OTHER' AND PD-Ligand-1-",
    "OTHER PDL1+": "'OTHER' AND PD-Ligand-1+",
    "SOX10+ PDL1-": "'SOX10+' AND PD-Ligand-1-",
    "SOX10+ PDL1+": "'SOX10+' AND PD-Ligand-1+",
}
# the names that the published tables use hold signs, so the phenotypes get plain names
NAMES = {name: f"p{i}" for i, name in enumerate(PHENOTYPES)}
Shared = Callable[[str], Path]


def iris_margin(line: np.ndarray) -> np.ndarray:
    """Grow a line as IRIS does: a pixel is of the margin if one of 4 x 76 points on the circle around it is on the line."""
    height, width = line.shape
    grown = np.zeros_like(line)
    turns = np.arange(4 * MARGIN_PX) * (2 * np.pi / (4 * MARGIN_PX))
    steps = {(int(MARGIN_PX * np.cos(t)), int(MARGIN_PX * np.sin(t))) for t in turns}
    for dx, dy in steps:
        to = (slice(max(0, -dy), min(height, height - dy)), slice(max(0, -dx), min(width, width - dx)))
        at = (slice(max(0, dy), min(height, height + dy)), slice(max(0, dx), min(width, width + dx)))
        grown[to] |= line[at]
    return grown


@pytest.fixture(scope="module")
def folder(shared_data: Shared) -> Path:
    return shared_data("cell_tables") / "iris_irisSpatialFeatures"


@pytest.fixture(scope="module")
def measured(folder: Path) -> Measures:
    cells, areas, limits = [], [], []
    for name in FIELDS:
        table = read_cells(folder / f"{name}_cell_seg_data.txt.gz", CellOptions(um_per_pixel=SCALE))
        tumour, line = (read_mask(folder / f"{name}_{part}.tif") for part in ("Tumor", "Invasive_Margin"))
        margin = iris_margin(line)
        masks = {"Margin": margin, "Tumor": tumour & ~margin}
        for mask in masks.values():  # IRIS multiplies by the image's segmentation, which lacks the first row and column
            mask[0], mask[:, 0] = False, False
        drawn = assign_tissue(table, masks, um_per_pixel=SCALE)
        cells.append(drawn.cells.with_columns(SAMPLE=pl.lit(name[:4])))
        areas.append(drawn.areas)
        limits.append(read_scores(folder / f"{name}_score_data.txt"))
    plan = TissuePlan(
        phenotypes={NAMES[name]: text for name, text in PHENOTYPES.items()},
        thresholds=pl.concat(limits),
        least_cells=20,
        field_um=(1392 * SCALE, 1040 * SCALE),
    )
    sentences = [
        f"density of {short} in {where}, mean of fields" for short in NAMES.values() for where in ("tumour", "margin")
    ]
    sentences += [
        f"mean distance from {a} to {b} in {where}, mean of fields"
        for a in NAMES.values() for b in NAMES.values() if a != b for where in ("tumour", "margin")
    ]  # fmt: skip
    return measure_cells(
        pl.concat(cells, how="diagonal"), pl.concat(areas), [parse_measure(s) for s in sentences], plan
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def where(row: dict[str, str]) -> str:
    return {"Tumor": "tumour", "Margin": "margin"}[row["region_label"]]


def test_every_published_count_is_found(folder: Path, measured: Measures) -> None:
    """
    48 densities by field: the counts are theirs exactly, and in tumour the areas are too.

    The image's segmentation, which is not published, also cut up to 0.12% of the margin away.
    """
    seen = 0
    areas: dict[tuple[str, str], set[float]] = {}
    for row in rows_of(folder / "frame_counts.csv"):
        sentence = f"density of {NAMES[row['phenotype_label']]} in {where(row)}, mean of fields"
        found = measured.fields.filter(MEASURE=sentence, FIELD=f"{row['sample_name']}_{row['frame_name']}").row(
            0, named=True
        )
        published = float(row["density_mm2"])
        assert found["N_CELLS"] == round(published * found["AREA_MM2"])
        tolerance = 1e-9 if where(row) == "tumour" else 0.0013
        assert found["VALUE"] == pytest.approx(published, rel=tolerance)
        areas.setdefault((found["FIELD"], where(row)), set()).add(found["N_CELLS"] / published)
        seen += 1
    assert seen == 48
    assert all(
        max(values) - min(values) < 1e-12 for values in areas.values()
    )  # one area explains all counts of a field


def test_every_published_mean_density_is_found(folder: Path, measured: Measures) -> None:
    for row in rows_of(folder / "sample_counts.csv"):
        sentence = f"density of {NAMES[row['phenotype_label']]} in {where(row)}, mean of fields"
        found = measured.samples.filter(MEASURE=sentence, SAMPLE=row["sample_name"]).row(0, named=True)
        tolerance = 1e-9 if where(row) == "tumour" else 0.0013
        assert found["VALUE"] == pytest.approx(float(row["mean_density_mm2"]), rel=tolerance)
        error = float(found["WHY"].rsplit(" ", 1)[1])  # four digits are said
        off = tolerance * float(row["mean_density_mm2"])  # an area that is off moves one field against the other
        assert error == pytest.approx(float(row["stderr_density_mm2"]), rel=1e-3, abs=off)


def test_every_published_nearest_distance_is_found(folder: Path, measured: Measures) -> None:
    """Distances of a cell to its own kind are left out: IRIS gives 0, because it takes the cell for its own neighbour."""
    compared = missing = 0
    for row in rows_of(folder / "sample_nn.csv"):
        if row["phenotype_label"] == row["neighbor_phenotype_label"]:
            continue
        a, b = NAMES[row["phenotype_label"]], NAMES[row["neighbor_phenotype_label"]]
        sentence = f"mean distance from {a} to {b} in {where(row)}, mean of fields"
        found = measured.samples.filter(MEASURE=sentence, SAMPLE=row["sample_name"])["VALUE"][0]
        values = measured.fields.filter(MEASURE=sentence, SAMPLE=row["sample_name"])["VALUE"]
        if row["mean_distance_um"] == "NA":  # IRIS gives nothing as soon as one field has too few cells
            assert values.null_count() > 0
            missing += 1
        else:
            assert found == pytest.approx(float(row["mean_distance_um"]), rel=1e-9)
            compared += 1
    assert compared > 40
    assert missing > 0


def test_pooled_and_mean_of_fields_differ(shared_reference: Shared, folder: Path, measured: Measures) -> None:
    """The two ways of a sample from its fields, case iris_field_aggregation of the reference."""
    import json

    cases = json.loads(shared_reference("spatial/spatial_cases.json").read_text())["cases"]
    case = next(case for case in cases if case["id"] == "iris_field_aggregation")
    for kind in ("IRIS_mean_of_fields", "pooled"):
        for name, want in case["expected"][kind].items():
            fields = measured.fields.filter(
                MEASURE=f"density of {NAMES[name]} in tumour, mean of fields", SAMPLE="MEL2"
            )
            value = (
                fields["VALUE"].mean()
                if kind.startswith("IRIS")
                else fields["N_CELLS"].sum() / fields["AREA_MM2"].sum()
            )
            assert value == pytest.approx(want, abs=6e-4)


def test_the_margin_in_true_distance_is_nearly_that_of_iris(folder: Path) -> None:
    """IRIS looks at a circle, so that an end of the line grows a hole; within the field the two agree to 1%."""
    line = read_mask(folder / "MEL2_2_Invasive_Margin.tif")
    true, theirs = grow_mask(line, MARGIN_PX), iris_margin(line)
    assert theirs[true].mean() > 0.99
    assert (true != theirs).mean() < 0.01
