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
