"""Synthetic omics files as instruments write them, with every flag and control that they can carry."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

LOT = "D10007"
N_ASSAYS = 40
N_SAMPLES = 24


def explore_ht(*, normalisation: str = "Plate control", seed: int = 1) -> pl.DataFrame:
    """
    Synthetic Olink Explore HT file: two plates, 24 samples, controls of samples and of the assay, all flags.

    Assays 0-4 have hardly any counts in negative controls, so that their limit is one of counts. Sample S03 fails in block 2,
    S05 is warned in block 1, assay 7 is warned; one protein is measured by two assays.
    """
    rng = np.random.default_rng(seed)
    wells = []
    for plate in ("P1", "P2"):
        own = [f"S{i:02d}" for i in range(N_SAMPLES) if (i < N_SAMPLES // 2) == (plate == "P1")]
        names = [(name, "SAMPLE") for name in own]
        names += [(f"NC_{i}", "NEGATIVE_CONTROL") for i in range(6)] + [(f"PC_{i}", "PLATE_CONTROL") for i in range(5)]
        names += [(f"SC_{i}", "SAMPLE_CONTROL") for i in range(2)]
        wells += [(plate, f"{'ABCDEFGH'[k % 8]}{k // 8 + 1}", name, kind) for k, (name, kind) in enumerate(names)]
    level = rng.uniform(7, 13, N_ASSAYS)
    rows: list[dict[str, Any]] = []
    for plate, well, name, kind in wells:
        for block in (1, 2):
            extension = int(rng.normal(20_000, 1500)) + (3000 if plate == "P2" else 0)
            qc = "FAIL" if (name, block) == ("S03", 2) else "WARN" if (name, block) == ("S05", 1) else "PASS"
            common = {"SampleID": name, "SampleType": kind, "WellID": well, "PlateID": plate, "DataAnalysisRefID": LOT,
                      "Panel": "Explore_HT", "Block": str(block), "SampleQC": qc, "SoftwareName": "NPX Map",
                      "SoftwareVersion": "1.2.0", "PanelDataArchiveVersion": "1.5", "PreProcessingVersion": "4.0",
                      "InstrumentType": "NovaSeq 6000", "ExploreVersion": "HT", "IntraCV": 0.1, "InterCV": 0.2,
                      "Normalization": normalisation}  # fmt: skip
            for control in ("ext_ctrl", "inc_ctrl", "amp_ctrl"):
                count = extension if control == "ext_ctrl" else int(rng.normal(15_000, 900))
                rows.append({**common, "OlinkID": f"OID4{block}{control[:3]}", "UniProt": control, "AssayType": control,
                             "Assay": {"ext_ctrl": "Extension control", "inc_ctrl": "Incubation control",
                                       "amp_ctrl": "Amplification control"}[control] + f" {block}",
                             "Count": count, "AssayQC": None})  # fmt: skip
            for k in range(block - 1, N_ASSAYS, 2):
                mean = {
                    "NEGATIVE_CONTROL": 3.0 if k < 5 else 8.2,
                    "PLATE_CONTROL": level[k],
                    "SAMPLE_CONTROL": level[k],
                }
                log = rng.normal(mean.get(kind, level[k]), 0.15 if kind != "SAMPLE" else 0.8)
                rows.append({**common, "OlinkID": f"OID{45000 + k}", "UniProt": f"P{10000 + k}", "AssayType": "assay",
                             "Assay": "TWIN" if k in (10, 13) else f"PROT{k}", "Count": int(2**log),
                             "AssayQC": "WARN" if k == 7 else "PASS"})  # fmt: skip
    table = pl.DataFrame(rows, infer_schema_length=None)
    extension = (
        table.filter(pl.col("AssayType") == "ext_ctrl")
        .select("PlateID", "WellID", "Block", EXT=pl.col("Count"))
    )  # fmt: skip
    table = table.join(extension, on=["PlateID", "WellID", "Block"], maintain_order="left")
    table = table.with_columns(ExtNPX=(pl.col("Count").clip(1) / pl.col("EXT")).log(2)).drop("EXT")
    medians = (
        table.filter(pl.col("SampleType") == "PLATE_CONTROL")
        .group_by("PlateID", "OlinkID")
        .agg(PC=pl.col("ExtNPX").median())
    )
    table = table.join(medians, on=["PlateID", "OlinkID"], maintain_order="left")
    table = table.with_columns(PCNormalizedNPX=pl.col("ExtNPX") - pl.col("PC")).drop("PC")
    own = (
        table.filter(pl.col("SampleType") == "SAMPLE")
        .group_by("PlateID", "OlinkID")
        .agg(M=pl.col("PCNormalizedNPX").median())
    )
    table = table.join(own, on=["PlateID", "OlinkID"], maintain_order="left")
    npx = pl.col("PCNormalizedNPX") - (pl.col("M") if normalisation == "Intensity" else 0.0)
    return table.with_columns(NPX=pl.when(pl.col("SampleQC") != "FAIL").then(npx)).drop("M")


def write_mzml(
    path: Path, spectra: list[tuple[float, list[float], list[float]]], *, is_compressed: bool = True
) -> None:
    """Write synthetic spectra (minutes, m/z, intensities) as mzML; every third is one of level 2."""

    def array(values: list[float], term: str, name: str, code: str) -> str:
        data = struct.pack(f"<{len(values)}{code}", *values)
        data = zlib.compress(data) if is_compressed else data
        kind = ("MS:1000523", "64-bit float") if code == "d" else ("MS:1000521", "32-bit float")
        squeezed = ("MS:1000574", "zlib compression") if is_compressed else ("MS:1000576", "no compression")
        return (
            f'<binaryDataArray encodedLength="0"><cvParam accession="{kind[0]}" name="{kind[1]}"/>'
            f'<cvParam accession="{squeezed[0]}" name="{squeezed[1]}"/><cvParam accession="{term}" name="{name}"/>'
            f"<binary>{base64.b64encode(data).decode()}</binary></binaryDataArray>"
        )

    parts = []
    for i, (minutes, mz, intensity) in enumerate(spectra):
        parts.append(
            f'<spectrum index="{i}" id="scan={i}" defaultArrayLength="{len(mz)}">'
            f'<cvParam accession="MS:1000511" name="ms level" value="{2 if i % 3 == 2 else 1}"/>'
            '<scanList count="1"><scan><cvParam accession="MS:1000016" name="scan start time" '
            f'value="{minutes}" unitAccession="UO:0000031" unitName="minute"/></scan></scanList>'
            f'<binaryDataArrayList count="2">{array(mz, "MS:1000514", "m/z array", "d")}'
            f"{array(intensity, 'MS:1000515', 'intensity array', 'f')}</binaryDataArrayList></spectrum>"
        )
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?><mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0">'
        f'<run id="synthetic"><spectrumList count="{len(parts)}">{"".join(parts)}</spectrumList></run></mzML>'
    )


STUDY = """schema = 1
[trial]
id = "OMICS-1"
title = "A study with a transcriptome, a plasma proteome and a metabolome"
synthetic = true
[design]
kind = "simon"
p0 = 0.30
p1 = 0.50
[sets]
ALL = ["enrolled"]
[endpoint.ORR]
role = "primary"
label = "Objective response rate"
set = "ALL"
success = ["CR", "PR"]
[endpoint.PFS]
label = "Progression-free survival"
set = "ALL"
event = ["progression", "death"]
censor = ["last_adequate_assessment"]
[endpoint.OS]
label = "Overall survival"
set = "ALL"
event = ["death"]
censor = ["last_known_alive"]
[source.patients]
file = "patients.csv"
subject = "id"
best_response = { column = "BOR", values = { "PR" = "PR", "SD" = "SD", "PD" = "PD" } }
PFS = { time = "pfs", unit = "months", status = "pfs_event", event = 1, censored = 0 }
OS = { time = "os", unit = "months", status = "os_event", event = 1, censored = 0 }

[assay.rna]
kind = "features"
label = "Tumour transcriptome"
file = "counts.csv"
against = ["response", "tissue", "PFS", "OS"]
gene_sets = ["sets.gmt"]
scores = ["ssgsea", "mcp_counter"]
[assay.rna.samples]
file = "rna_samples.csv"

[assay.plasma]
kind = "features"
label = "Plasma proteome"
file = "npx.parquet"
against = ["change", "response"]
[assay.plasma.samples]
file = "plasma_samples.csv"

[assay.metabolome]
kind = "features"
label = "Plasma metabolome"
file = "features.csv"
runs = "runs.csv"
normalise = ["quotients", "drift"]
against = ["change"]
compounds = "compounds.csv"
adducts = ["[M+H]+"]
[assay.metabolome.samples]
file = "metabolome_samples.csv"

[biomarker.PDL1]
assay = "plasma"
measure = "CD274"
label = "Soluble PD-L1"
unit = "NPX"
against = ["change", "response"]
[biomarker.KT]
assay = "metabolome"
measure = "ratio:kynurenine/tryptophan"
label = "Kynurenine over tryptophan"
unit = "log2 ratio"
against = ["change"]
[biomarker.CD8]
assay = "rna"
measure = "mcp_counter:Cytotoxic lymphocytes"
label = "Cytotoxic lymphocytes (MCP-counter)"
against = ["response", "PFS"]
"""


def study_genes(n_genes: int) -> list[str]:
    """Names of genes: the markers of MCP-counter, then made-up ones."""
    from onearm.data.assays.omics import mcp_counter

    markers = [gene for genes in mcp_counter().values() for gene in genes]
    return [*markers, *(f"SYN{i:05d}" for i in range(n_genes - len(markers)))]


def write_study(
    folder: Path, *, n_patients: int = 20, n_genes: int = 600, n_proteins: int = 200, seed: int = 3
) -> Path:
    """Write a synthetic trial folder with three assays, of which the truth is known: which features differ and in whom."""
    rng = np.random.default_rng(seed)
    data = folder / "data" / "assays"
    data.mkdir(parents=True)
    (folder / "protocol.toml").write_text(STUDY, encoding="utf-8")
    who = [f"P{i:02d}" for i in range(1, n_patients + 1)]
    good = np.arange(n_patients) % 2 == 0
    pfs = np.round(rng.exponential(np.where(good, 14.0, 5.0)) + 0.5, 1)
    pl.DataFrame(
        {"id": who, "BOR": np.where(good, "PR", np.where(rng.random(n_patients) < 0.5, "SD", "PD")).tolist(), "pfs": pfs,
         "pfs_event": (rng.random(n_patients) < 0.8).astype(int), "os": np.round(pfs + rng.exponential(8, n_patients), 1),
         "os_event": (rng.random(n_patients) < 0.6).astype(int)}
    ).write_csv(folder / "data" / "patients.csv")  # fmt: skip
    _write_counts(data, rng, who, good, n_genes)
    _write_plasma(data, rng, who, n_proteins)
    _write_metabolome(data, rng, who)
    return folder


def _write_counts(
    data: Path, rng: np.random.Generator, who: list[str], good: np.ndarray[Any, Any], n_genes: int
) -> None:
    """Counts: cytotoxic markers and the set SYN_UP are higher in responders; six patients have normal tissue too."""
    genes = study_genes(n_genes)
    up = {"CD8A", "EOMES", "GNLY", "KLRD1", "FGFBP2"} | set(genes[120:145])
    down = set(genes[150:170])
    shift = np.array([2.2 if g in up else -2.0 if g in down else 0.0 for g in genes])
    level = rng.normal(6.5, 1.8, n_genes)
    samples = [(f"T_{p}", p, "tumour", g) for p, g in zip(who, good, strict=True)]
    samples += [(f"N_{p}", p, "normal", g) for p, g in zip(who[:6], good[:6], strict=True)]
    columns = {}
    for name, _, tissue, responds in samples:
        own = level + (shift if responds and tissue == "tumour" else 0) + rng.normal(0, 0.4, n_genes)
        if tissue == "normal":
            own[200:260] -= 2
        mean = 2**own * rng.uniform(0.7, 1.4)
        columns[name] = rng.negative_binomial(6, 6 / (6 + mean))
    table = pl.DataFrame({"gene": genes, **columns})
    table = pl.concat([table, pl.DataFrame({"gene": ["2-Sep"], **{c: [50] for c in columns}}, schema=table.schema)])
    table.write_csv(data / "counts.csv")
    rows = {"SAMPLE": [s[0] for s in samples], "USUBJID": [s[1] for s in samples], "TISSUE": [s[2] for s in samples]}
    pl.DataFrame(rows).write_csv(data / "rna_samples.csv")
    sets = {"HALLMARK_SYN_UP": genes[115:150], "REACTOME_SYN_UP_IMMUNE": genes[118:150], "HALLMARK_SYN_DOWN": genes[148:175],
            "GOBP_OTHER_PROCESS": genes[300:340], "GOBP_SYN_DOWN_LIPID": genes[150:178]}  # fmt: skip
    sets |= {f"GOBP_RANDOM_{k}": [genes[i] for i in rng.choice(n_genes, 30, replace=False)] for k in range(12)}
    (data / "sets.gmt").write_text(
        "".join(f"{k}\tsynthetic\t{chr(9).join(v)}\n" for k, v in sets.items()), encoding="utf-8"
    )


def _write_plasma(data: Path, rng: np.random.Generator, who: list[str], n_proteins: int) -> None:
    """NPX in long form: CD274 and nine others rise on treatment; the last patient has one timepoint only."""
    names = ["CD274", *(f"PROT{i}" for i in range(1, n_proteins))]
    level, rise = rng.normal(3, 1.5, n_proteins), np.where(np.arange(n_proteins) < 10, 1.2, 0.0)
    samples = [(f"{p}_{t}", p, t) for p in who for t in ("baseline", "C2D1")][:-1]
    person = {p: rng.normal(0, 0.7, n_proteins) for p in who}
    rows = []
    for i, (name, patient, time) in enumerate(samples):
        npx = level + person[patient] + (rise if time == "C2D1" else 0) + rng.normal(0, 0.45, n_proteins)
        known = {"SampleID": name, "SampleType": "SAMPLE", "WellID": f"A{i}", "PlateID": "P1", "AssayType": "assay"}
        known |= {"Panel": "Explore_HT", "Block": "1", "Count": 500, "SampleQC": "PASS", "AssayQC": "PASS"}
        known |= {"Normalization": "Plate control", "DataAnalysisRefID": LOT}
        own = {
            "OlinkID": [f"OID{k:05d}" for k in range(n_proteins)],
            "UniProt": [f"Q{k:05d}" for k in range(n_proteins)],
            "Assay": names,
            "LOD": level - 2,
            **dict.fromkeys(("NPX", "PCNormalizedNPX", "ExtNPX"), npx),
        }
        rows.append(pl.DataFrame(own).with_columns(pl.lit(value).alias(key) for key, value in known.items()))
    pl.concat(rows).write_parquet(data / "npx.parquet")
    pl.DataFrame(
        {"SAMPLE": [s[0] for s in samples], "USUBJID": [s[1] for s in samples], "TIMEPOINT": [s[2] for s in samples]}
    ).write_csv(data / "plasma_samples.csv")


def _write_metabolome(data: Path, rng: np.random.Generator, who: list[str]) -> None:
    """Feature table with QC and blanks, drift, dilution; tryptophan falls and kynurenine rises; leucine has an isomer."""
    known = {"tryptophan": 205.09715, "kynurenine": 209.09207, "leucine or isoleucine": 132.10191, "glucose": 181.07066}
    mz = np.r_[list(known.values()), np.round(rng.uniform(100, 800, 56), 4)]
    level, person = rng.normal(16, 1.5, 60), {p: rng.normal(0, 0.5, 60) for p in who}
    runs = [(f"{p}_{t}", p, t) for p in who for t in ("baseline", "C2D1")]
    order: list[tuple[str, str, str]] = [("blank_1", "", "blank")]
    for i, run in enumerate(runs):
        order += [(f"QC_{i // 5}", "", "qc")] if i % 5 == 0 else []
        order.append(run)
    order.append(("QC_end", "", "qc"))
    columns: dict[str, Any] = {"mz": mz, "rt": np.round(rng.uniform(60, 900, 60), 1)}
    for place, (name, patient, what) in enumerate(order):
        own = level.copy()
        if patient:
            own = own + person[patient] + rng.normal(0, 0.25, 60) + rng.normal(0, 0.3)
            own[:2] += np.array([-0.6, 0.7]) if what == "C2D1" else 0
        own = own + rng.normal(0, 0.08, 60) - 0.01 * place
        columns[name] = np.round(2**own) if what != "blank" else np.where(np.arange(60) > 55, 2**level, 0.0)
    pl.DataFrame(columns).write_csv(data / "features.csv")
    pl.DataFrame(
        {"SAMPLE": [o[0] for o in order], "ROLE": [o[2] if not o[1] else "sample" for o in order],
         "BATCH": "b1", "ORDER": list(range(len(order)))}
    ).write_csv(data / "runs.csv")  # fmt: skip
    pl.DataFrame(
        {"SAMPLE": [r[0] for r in runs], "USUBJID": [r[1] for r in runs], "TIMEPOINT": [r[2] for r in runs]}
    ).write_csv(data / "metabolome_samples.csv")
    pl.DataFrame(
        {"name": ["tryptophan", "kynurenine", "leucine", "isoleucine", "glucose"],
         "formula": ["C11H12N2O2", "C10H12N2O3", "C6H13NO2", "C6H13NO2", "C6H12O6"]}
    ).write_csv(data / "compounds.csv")  # fmt: skip
