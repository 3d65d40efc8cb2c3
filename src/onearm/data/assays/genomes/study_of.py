"""Make a study of a MAF and a clinical table."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from onearm.data.assays.genomes.cbioportal import Study
from onearm.data.assays.genomes.long_table import COPY_SCHEMA
from onearm.data.assays.genomes.maf import read_maf
from onearm.data.assays.genomes.match import count_rows, match_samples
from onearm.data.assays.genomes.profile import profile_of, read_profiled
from onearm.data.findings import Findings
from onearm.data.read import read_table
from onearm.errors import DataError, suggest
from onearm.frames import empty

__all__ = ["study_of"]


def study_of(maf: Path, clinical: Path, findings: Findings, *, subject: str, profiled: Path | None = None) -> Study:
    """
    Make a study of a MAF and a table of patients.

    Parameters
    ----------
    maf : Path
        The calls.
    clinical : Path
        One row per patient; columns ``PREFIX_STATUS`` and ``PREFIX_MONTHS`` are endpoints.
    findings : Findings
        Gets what is wrong or noteworthy; made with ``rules=GENOME_RULES``.
    subject : str
        Column of the patient.
    profiled : Path, optional
        List of the sequenced samples.

    Returns
    -------
    Study
        Samples of nobody are left out, as a finding says.

    Raises
    ------
    DataError
        Where a file cannot be used, the column is missing or a patient stands twice.
    """
    table = read_table(clinical)
    if subject not in table.columns:
        raise DataError(f"{clinical.name}: column '{subject}' is missing.{suggest(subject, table.columns)}")
    names = {name: name.strip().upper().replace(" ", "_") for name in table.columns}
    patients = table.rename(names | {subject: "PATIENT_ID"}).with_columns(pl.all().cast(pl.String))
    patients = patients.select("PATIENT_ID", pl.exclude("PATIENT_ID")).filter(pl.col("PATIENT_ID").is_not_null())
    twice = patients.filter(pl.col("PATIENT_ID").is_duplicated())["PATIENT_ID"].unique().sort().to_list()
    if twice:
        raise DataError(*(f"{clinical.name}: patient {name} stands twice. Fix: keep one row." for name in twice[:5]))
    variants = read_maf(maf, findings)
    listed = None if profiled is None else read_profiled(profiled)
    profile = profile_of(variants, findings, samples=listed)
    counts = dict.fromkeys(profile.samples, 0) | count_rows(variants)
    matched = match_samples(counts, patients["PATIENT_ID"].to_list(), findings)
    rows = [(sample, person) for sample, person in matched.subject_of.items()]
    samples = pl.DataFrame(rows, schema={"SAMPLE_ID": pl.String, "PATIENT_ID": pl.String}, orient="row")
    kept = variants.filter(pl.col("SAMPLE").cast(pl.String).is_in(samples["SAMPLE_ID"].implode()))
    mine = {sample: panel for sample, panel in profile.samples.items() if sample in matched.subject_of}
    none = pl.DataFrame(schema={"GENE": pl.String})
    return Study({}, patients, samples, kept, empty(COPY_SCHEMA), none, type(profile)(mine, profile.panels))
