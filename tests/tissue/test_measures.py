"""Each measure by hand on a few cells, the reference cases of phenoptr, and the sentences that name measures."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from onearm.data.assays.cells import CellOptions, read_areas, read_cells
from onearm.data.assays.cells.table import AREA_SCHEMA, CELL_COLUMNS
from onearm.derivations.tissue import Measures, TissuePlan, measure_cells, parse_measure
from onearm.derivations.tissue.plan import PdL1Plan, Structures
from onearm.errors import DataError

Shared = Callable[[str], Path]
# two fields of one sample: in f1 two CD8+ cells at 5 and 20 µm from the one CK+ cell, in f2 one CD8+ cell at 10 µm from it
ROWS = [
    ("f1", "1", 0.0, 0.0, "Tumor", "CK+", 9.0),
    ("f1", "2", 3.0, 4.0, "Tumor", "CD8+", 5.0),
    ("f1", "3", 0.0, 20.0, "Stroma", "CD8+", 1.0),
    ("f1", "4", 60.0, 60.0, "Stroma", None, None),
    ("f2", "1", 0.0, 0.0, "Tumor", "CK+", 1.0),
    ("f2", "2", 0.0, 10.0, "Tumor", "CD8+", 3.0),
    ("f2", "3", 90.0, 90.0, "Stroma", "other", 7.0),
]
CELLS = pl.DataFrame(
    [("s", "s", f, c, x, y, t, p, v) for f, c, x, y, t, p, v in ROWS],
    schema={**CELL_COLUMNS, "PDL1|cell|mean": pl.Float64},
    orient="row",
)
AREAS = pl.DataFrame(
    [
        ("s", "s", "f1", None, 0.5),
        ("s", "s", "f2", None, 0.25),
        ("s", "s", "f1", "Tumor", 0.2),
        ("s", "s", "f2", "Tumor", 0.1),
    ],
    schema=AREA_SCHEMA,
    orient="row",
)
LIMITS = pl.DataFrame(
    {"MARKER": ["PDL1"], "COMPARTMENT": [None], "THRESHOLD": [4.0]}, schema_overrides={"COMPARTMENT": pl.String}
)


def measured(*sentences: str, cells: pl.DataFrame = CELLS, **choices: Any) -> Measures:
    plan = TissuePlan(**{"thresholds": LIMITS, **choices})
    return measure_cells(cells, AREAS, [parse_measure(text) for text in sentences], plan)


def value(sentence: str, **choices: Any) -> float | None:
    return measured(sentence, **choices).samples["VALUE"][0]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("density of CD8+", 3 / 0.75),
        ("density of CD8+, mean of fields", (2 / 0.5 + 1 / 0.25) / 2),
        ("density of CD8+ in tumour", 2 / 0.3),
        ("density of CD8+ in tumor", 2 / 0.3),
        ("percent of CD8+", 100 * 3 / 6),  # the cell without class is not known and not counted
        ("percent of PDL1+ among CD8+", 100 / 3),
        ("percent of CD8+ in stroma", 100 / 2),
        ("mean distance from CD8+ to CK+", (5 + 20 + 10) / 3),
        ("median distance from CD8+ to CK+", 10.0),
        ("mean distance from CD8+ to CK+, mean of fields", (12.5 + 10) / 2),
        ("mean distance from CD8+ to CK+ in tumour", 7.5),
        ("mean distance from CD8+ to CD8+", np.hypot(3, 16)),  # only f1 has two of them
        ("share of CD8+ within 10 um of CK+", 100 * 2 / 3),
        ("count of CD8+ within 20 um of CK+", 3 / 2),
        ("G from CD8+ to CK+ at 10 um", 2 / 3),
        ("level of PDL1 on CD8+", 3.0),
        ("tertiary lymphoid structures", 0.0),
    ],
)
def test_each_measure_by_hand(sentence: str, expected: float) -> None:
    assert value(sentence, structures=Structures(b_cells="CD8+")) == pytest.approx(expected)


def test_what_cannot_be_measured_is_missing_and_says_why() -> None:
    found = measured(
        "mean distance from CD8+ to CD99+", "mean distance from other to CK+ in tumour", "density of CD8+ in stroma", "TPS",
        "mean distance from CK+ to CK+", "CPS",
    )  # fmt: skip
    assert found.samples["VALUE"].null_count() == found.samples.height
    assert found.samples["WHY"].to_list() == [
        "'CD99+' cannot be known from these cells",
        "no 'other' in any field within tumour",
        "no field has an area",
        "1 stained over 2 (22C3); 2 tumour cells, at least 100 are needed",
        "no field has both 'CK+' and another 'CK+'",
        found.samples["WHY"][5],
    ]
    assert "holds no immune cells" in found.samples["WHY"][5]
    assert {"TISSUE-PHENOTYPE-UNKNOWN", "TISSUE-AREA-MISSING", "TISSUE-SIGN-MISSING"} == set(found.findings["rule"])
    assert not found.fields["VALUE"].is_infinite().any()


def test_a_field_without_targets_is_left_out_and_said() -> None:
    found = measured("mean distance from CK+ to other")
    assert found.samples["VALUE"][0] == pytest.approx(np.hypot(90, 90))
    assert found.fields["VALUE"].to_list() == [None, found.samples["VALUE"][0]]
    message = found.findings.filter(rule="TISSUE-NO-TARGET")["message"][0]
    assert message.startswith("1 of 2 fields have fewer than 1 cells 'other'")


def test_fields_with_too_few_cells_are_left_out() -> None:
    assert value("mean distance from CD8+ to CK+", least_cells=2) is None
    two = pl.concat(
        [
            CELLS,
            CELLS.filter((pl.col("FIELD") == "f1") & (pl.col("PHENOTYPE") == "CK+")).with_columns(
                CELL=pl.lit("9"), Y_UM=pl.lit(2.0)
            ),
        ]
    )
    assert value("mean distance from CD8+ to CK+", least_cells=2, cells=two) == pytest.approx((np.hypot(3, 2) + 18) / 2)


def test_coincident_cells_by_both_conventions() -> None:
    twice = pl.concat(
        [CELLS, CELLS.filter(pl.col("PHENOTYPE") == "CK+").with_columns(CELL=pl.lit("9"), PHENOTYPE=pl.lit("CD8+"))]
    )
    assert value("mean distance from CD8+ to CK+", cells=twice) == pytest.approx((5 + 20 + 10) / 5)
    assert value("mean distance from CD8+ to CK+", cells=twice, coincident_is_self=True) == pytest.approx(
        (5 + 20 + 10) / 3
    )


def test_edge_corrections_use_the_window() -> None:
    plain = measured("mean distance from CD8+ to CK+, kaplan-meier", field_um=(100.0, 100.0)).samples
    # borders of the three cells: 3, 0 and 0; only the first is seen up to 3 µm, no event
    assert plain["VALUE"][0] == pytest.approx(3.0)
    assert plain["WHY"][0].endswith("edge correction kaplan-meier")


def test_structures_and_their_maturity() -> None:
    rng = np.random.default_rng(2)
    dense = rng.normal(0, 8, (60, 2)) + np.array([100, 100])
    other = rng.normal(0, 8, (60, 2)) + np.array([400, 100])
    alone = rng.uniform(0, 500, (20, 2)) + np.array([0, 300])
    xy = np.vstack([dense, other, alone, [[100, 100]]])
    kinds = ["CD20+"] * 140 + ["CD23+"]
    cells = pl.DataFrame(
        [("s", "s", "f1", str(i), *p, None, k, None) for i, (p, k) in enumerate(zip(xy.tolist(), kinds, strict=True))],
        schema=CELLS.schema, orient="row",
    )  # fmt: skip
    found = measured(
        "tertiary lymphoid structures",
        "mature tertiary lymphoid structures",
        "tertiary lymphoid structures per mm2",
        cells=cells,
    )
    assert found.samples["VALUE"].to_list() == [2.0, 1.0, 2 / 0.5]
    assert "CD20+ with 10 within 30 µm, at least 50" in found.samples["WHY"][0]
    assert "with 1 CD23+" in found.samples["WHY"][1]


def test_scores_of_cells() -> None:
    n = 150
    cells = pl.DataFrame(
        [("s", "s", "f1", str(i), float(i), 0.0, None, "CK+" if i < 120 else "CD68+", 9.0 if i % 2 else 1.0) for i in range(n)],
        schema=CELLS.schema, orient="row",
    )  # fmt: skip
    plan = PdL1Plan(immune="CD68+")
    assert value("TPS", cells=cells, pd_l1=plan) == pytest.approx(100 * 60 / 120)
    assert value("CPS", cells=cells, pd_l1=plan) == pytest.approx(100 * (60 + 15) / 120)
    assert value("CPS", cells=cells, pd_l1=PdL1Plan(immune="CD68+", denominator="all")) == pytest.approx(100 * 75 / 150)


def test_thresholds_of_fields_differ() -> None:
    limits = pl.DataFrame(
        {"FIELD": ["f1", "f2"], "MARKER": ["PDL1"] * 2, "COMPARTMENT": ["cell"] * 2, "THRESHOLD": [4.0, 0.5]}
    )
    found = measured("percent of PDL1+", thresholds=limits).fields
    assert dict(found.select("FIELD", "VALUE").rows()) == {"f1": pytest.approx(200 / 3), "f2": 100.0}


def test_k_is_between_two_kinds() -> None:
    found = measured("K from CD8+ to CD8+ at 10 um", field_um=(100.0, 100.0)).samples
    assert found["VALUE"][0] is None
    assert "K is between two kinds" in found["WHY"][0]
    # f1: 1 of 2 x 1 pairs within 10 µm in 10,000 µm²; f2: the one pair
    assert value("K from CD8+ to CK+ at 10 um", field_um=(100.0, 100.0)) == pytest.approx((5000 * 2 + 10000 * 1) / 3)


@pytest.fixture(scope="module")
def phenoptr(shared_data: Shared) -> tuple[pl.DataFrame, pl.DataFrame, Path]:
    folder = shared_data("cell_tables") / "phenoptr"
    areas, _ = read_areas(
        folder / "Set4_1-6plex_[16142,55840]_cell_seg_data_summary.txt", CellOptions(um_per_pixel=0.5)
    )
    return read_cells(folder / "Set4_sample_cell_seg_data_trimmed.tsv.gz").cells, areas, folder


def test_counts_are_those_of_phenoptr(phenoptr: tuple[pl.DataFrame, pl.DataFrame, Path]) -> None:
    cells, areas, _ = phenoptr
    expected = {"CK+": 2257, "CD8+": 228, "CK+ in tumour": 2192, "CD8+ in tumour": 51, "CD8+ OR FoxP3+ in tumour": 85}
    found = measure_cells(cells, areas, [parse_measure(f"density of {text}") for text in expected])
    assert found.samples["N_CELLS"].to_list() == list(expected.values())


def test_neighbours_within_a_radius_are_those_of_phenoptr(phenoptr: tuple[pl.DataFrame, pl.DataFrame, Path]) -> None:
    """Its published table: twelve pairs of phenotypes, tissues and radii, with counts, shares and means."""
    cells, areas, folder = phenoptr
    with (folder / "count_within.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    named = {"pos": "CK+ AND PDL1 > 3", "CK": "CK+", "CD8": "CD8+", "CD68": "CD68+"}
    names = {"CK+": "CK", "CD8+": "CD8", "CD68+": "CD68"}
    compared = 0
    for row in rows:
        if row["from"] not in names:  # the intensity that makes PDL1+ is not in the trimmed file's documentation
            continue
        where = {"Tumor": "tumour", "Stroma": "stroma"}[row["category"]]
        a, b, r = names[row["from"]], names[row["to"]], row["radius"]
        share, count = (
            measure_cells(cells, areas, [parse_measure(text)], TissuePlan(phenotypes=named)).samples["VALUE"][0]
            for text in (
                f"share of {a} within {r} um of {b} in {where}",
                f"count of {b} within {r} um of {a} in {where}",
            )
        )
        assert round(share / 100 * int(row["from_count"])) == int(row["from_with"])
        assert round(count, 4) == float(row["within_mean"])
        compared += 1
    assert compared == 8


def test_no_target_is_missing_where_phenoptr_gives_two_answers(
    phenoptr: tuple[pl.DataFrame, pl.DataFrame, Path],
) -> None:
    """Case phenoptr_empty: its distance matrix gives NA, its tree 0; here it is missing."""
    cells, areas, _ = phenoptr
    plan = TissuePlan(phenotypes={"nobody": "CK+ AND CD8+"})
    for text in ("count of nobody within 10 um of CK+", "share of CK+ within 10 um of nobody"):
        found = measure_cells(cells, areas, [parse_measure(text)], plan).samples
        assert found["VALUE"][0] is None
        assert found["WHY"][0] == "no 'nobody' in any field"


@pytest.mark.parametrize(
    "text", ["density", "density from CD8+", "mean distance of CD8+", "share of A within ten um of B", ""]
)
def test_a_sentence_that_is_none_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(DataError, match="Known: density of CD8"):
        parse_measure(text)


def test_sentences_keep_their_parts() -> None:
    one = parse_measure("median distance from CD8+ OR FoxP3+ to CK+ in tumour center, reduced sample, mean of fields")
    assert (one.of, one.to, one.tissue, one.is_median, one.edge, one.by_field) == (
        "CD8+ OR FoxP3+", "CK+", "tumour center", True, "reduced sample", True,
    )  # fmt: skip
    two = parse_measure("share of CD20+ within 10 µm of CD3+")
    assert (two.radius, two.to, two.unit) == (10.0, "CD3+", "%")
