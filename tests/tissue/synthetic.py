"""Synthetic cell tables for a trial: fields of tumour nests in stroma, as inForm would export them; no patient is behind them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

FIELD_UM = (600.0, 450.0)
HEADER = (
    "Path\tSample Name\tTissue Category\tPhenotype\tCell ID\tCell X Position\tCell Y Position\t"
    "Entire Cell Area (sq microns)\tNucleus PD1 (Opal 650) Mean\tMembrane PDL1 (Opal 520) Mean\tSlide ID\tConfidence\n"
)
SUMMARY = (
    "Path\tSample Name\tTissue Category\tPhenotype\tCell ID\tTotal Cells\tTissue Category Area (sq microns)\tSlide ID\n"
)
PROTOCOL = """
[assay.mif]
kind = "cells"
label = "Multiplex immunofluorescence"
files = ["*_cell_seg_data.txt"]
areas = ["*_cell_seg_data_summary.txt"]
field_um = [600, 450]
thresholds = { PD1 = { above = 6.0 }, PDL1 = { above = 5.0, compartment = "membrane" } }
samples = { file = "tissue_samples.csv" }
[assay.mif.structures]
least_cells = 25
neighbours = 6
[assay.mif.pd_l1]
positive = "PDL1+"
immune = "CD68+"

[biomarker.CD8]
assay = "mif"
measure = "density of CD8+"
label = "CD8+ density"
unit = "cells/mm²"
against = ["response", "change", "PFS"]
[biomarker.CD8TUM]
assay = "mif"
measure = "density of CD8+ in tumour"
label = "CD8+ density in tumour"
unit = "cells/mm²"
against = ["response", "PFS"]
[biomarker.CD8DIST]
assay = "mif"
measure = "mean distance from CD8+ to CK+"
label = "CD8+ to nearest CK+"
unit = "µm"
against = ["response", "change"]
[biomarker.BNEART]
assay = "mif"
measure = "share of CD20+ within 10 um of CD8+"
label = "CD20+ with a CD8+ within 10 µm"
unit = "%"
against = ["change"]
[biomarker.PD1CD8]
assay = "mif"
measure = "percent of PD1+ among CD8+"
label = "PD-1+ of CD8+"
unit = "%"
against = ["response", "change"]
[biomarker.TLS]
assay = "mif"
measure = "tertiary lymphoid structures"
label = "Tertiary lymphoid structures"
against = ["response"]
[biomarker.CPS]
assay = "mif"
measure = "CPS"
label = "PD-L1 CPS"
cutoffs = [1, 10]
against = ["response", "PFS"]
"""


def one_field(rng: np.random.Generator, hot: float) -> list[tuple[str, str, float, float, float, float]]:
    """Tissue, phenotype, x, y, PD-1 and PD-L1 of every cell: nests of CK+, and the more immune cells the hotter."""
    nests = rng.uniform((80, 80), (520, 370), (4, 2))
    radius = rng.uniform(45, 75, 4)
    counts = {"CK+": 420, "CD8+": int(40 + 160 * hot), "CD20+": int(30 + 90 * hot), "CD68+": 60, "other": 380}
    cells = []
    for kind, n in counts.items():
        if kind == "CK+":
            nest = rng.integers(0, 4, n)
            angle, r = rng.uniform(0, 2 * np.pi, n), radius[nest] * np.sqrt(rng.uniform(0, 1, n))
            xy = nests[nest] + np.column_stack([r * np.cos(angle), r * np.sin(angle)])
        elif kind == "CD20+" and hot > 0.5:
            xy = np.vstack([rng.normal((500, 80), 22, (n // 2, 2)), rng.uniform((0, 0), FIELD_UM, (n - n // 2, 2))])
        else:
            xy = rng.uniform((0, 0), FIELD_UM, (n, 2))
        xy = np.clip(xy, 1, np.array(FIELD_UM) - 1).round(1)
        inside = (np.hypot(*(xy[:, None, :] - nests[None]).transpose(2, 0, 1)) <= radius).any(axis=1)
        pd1 = rng.lognormal(1.2 + (0.6 * hot if kind == "CD8+" else 0), 0.5, n).round(3)
        pdl1 = rng.lognormal(0.6 + 0.8 * hot, 0.6, n).round(3)
        tissue = np.where(inside, "Tumor", "Stroma")
        cells += list(zip(tissue.tolist(), [kind] * n, *xy.T.tolist(), pd1.tolist(), pdl1.tolist(), strict=True))
    return cells


def write_cells(
    folder: Path, patients: Sequence[str], *, responders: Sequence[str] = (), fields: int = 2, seed: int = 1
) -> None:
    """Write baseline and on-treatment samples of some patients, two fields each, with areas and a sample sheet."""
    target = folder / "data" / "assays"
    target.mkdir(parents=True, exist_ok=True)
    sheet = ["SAMPLE,USUBJID,TIMEPOINT,DATE"]
    for p, patient in enumerate(patients):
        for time in ("baseline", "cycle 2"):
            rng = np.random.default_rng([seed, p, int(time == "baseline")])
            hot = float(np.clip(rng.beta(2, 3) + 0.25 * (patient in responders) + 0.15 * (time != "baseline"), 0, 1))
            slide = f"S{patient}-{'B' if time == 'baseline' else 'C2'}"
            sheet.append(f"{slide},{patient},{time},")
            for number in range(1, fields + 1):
                _write_field(target, slide, f"{slide}_[{10000 + 700 * number},{20000 + 31 * p}]", one_field(rng, hot))
    (target / "tissue_samples.csv").write_text("\n".join(sheet) + "\n", encoding="utf-8")


def _write_field(target: Path, slide: str, name: str, cells: list[tuple[str, str, float, float, float, float]]) -> None:
    rows = [
        f"SYNTHETIC\t{name}.im3\t{tissue}\t{kind}\t{i}\t{x}\t{y}\t60\t{pd1}\t{pdl1}\t{slide}\t90 %\n"
        for i, (tissue, kind, x, y, pd1, pdl1) in enumerate(cells, start=1)
    ]
    (target / f"{name}_cell_seg_data.txt").write_text(HEADER + "".join(rows), encoding="utf-8")
    share = sum(cell[0] == "Tumor" for cell in cells) / len(cells)
    whole = FIELD_UM[0] * FIELD_UM[1]
    areas = {"Tumor": whole * share / 2, "Stroma": whole * (1 - share / 2), "All": whole}
    lines = [f"SYNTHETIC\t{name}.im3\t{tissue}\tAll\tall\t1\t{area:.1f}\t{slide}\n" for tissue, area in areas.items()]
    (target / f"{name}_cell_seg_data_summary.txt").write_text(SUMMARY + "".join(lines), encoding="utf-8")
