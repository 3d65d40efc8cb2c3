"""One sequencing assay of a trial: every file that it names, as tables keyed by sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from onearm.data.assays.assay import Assay
from onearm.data.assays.genomes.cbioportal import read_study
from onearm.data.assays.genomes.fasta import add_contexts
from onearm.data.assays.genomes.finding_rules import GENOME_RULES
from onearm.data.assays.genomes.long_table import COPY_SCHEMA, read_long_tables
from onearm.data.assays.genomes.maf import read_maf
from onearm.data.assays.genomes.match import count_rows, match_samples
from onearm.data.assays.genomes.profile import Profile, profile_of, read_gene_list, read_profiled
from onearm.data.assays.genomes.segments import (
    PURITY_SCHEMA,
    gene_copies,
    read_gene_places,
    read_purity,
    read_segments,
)
from onearm.data.assays.genomes.signature_table import read_signatures
from onearm.data.assays.genomes.vcf import read_vcf
from onearm.data.assays.samples import SampleOptions, own_samples, read_samples
from onearm.data.assays.samples import match_samples as match_sheet
from onearm.data.files import FileRecord, find_file, record_file
from onearm.data.findings import Findings
from onearm.errors import DataError
from onearm.frames import empty

__all__ = ["MutationOptions", "name_patients", "read_mutation_assay"]

_NAMES: Final = {"maf": "MAF", "vcf": "VCF", "long": "long table", "cbioportal": "cBioPortal study"}


@dataclass(frozen=True)
class MutationOptions:
    """
    How a sequencing assay is to be read.

    Parameters
    ----------
    files : tuple of str
        MAFs, VCFs, long tables, or a study folder; relative to the trial folder, its ``data/`` or ``data/assays/``.
    format : {"maf", "vcf", "long", "cbioportal"}, optional
        Told by the names where missing.
    columns : mapping of str to str
        Columns of a MAF by meaning.
    profiled : str, optional
        List of the sequenced samples.
    panels : mapping of str to str
        Files of gene lists.
    purity, gene_places, fasta, signatures : str, optional
        Files.
    segments : tuple of str
        Files.
    samples : SampleOptions, optional
        The sample sheet.
    """

    files: tuple[str, ...]
    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    profiled: str | None = None
    panels: Mapping[str, str] = field(default_factory=dict)
    purity: str | None = None
    segments: tuple[str, ...] = ()
    gene_places: str | None = None
    fasta: str | None = None
    signatures: str | None = None
    samples: SampleOptions | None = None


@dataclass(frozen=True, eq=False)
class _Calls:
    """What the files of the calls hold."""

    variants: pl.DataFrame
    copies: pl.DataFrame
    profile: Profile


def read_mutation_assay(folder: Path, name: str, options: MutationOptions, findings: Findings) -> Assay:
    """
    Read a sequencing assay.

    Parameters
    ----------
    folder : Path
        The trial folder.
    name : str
        Name of the assay.
    options : MutationOptions
        Its files.
    findings : Findings
        Collects what is wrong or noteworthy.

    Returns
    -------
    Assay
        Tables ``samples variants copies purity profiled panels signatures``; ``profiled`` has SAMPLE and PANEL, ``panels``
        PANEL and GENE.

    Raises
    ------
    DataError
        With the problems of the files.
    """
    own = Findings(rules=GENOME_RULES)
    paths = [find_file(folder, file) for file in options.files]
    kind = options.format or _guess(paths)
    calls = _calls(paths, kind, folder, options, own)
    variants = (
        calls.variants if options.fasta is None else add_contexts(calls.variants, find_file(folder, options.fasta), own)
    )
    purity = read_purity(find_file(folder, options.purity), own) if options.purity else empty(PURITY_SCHEMA)
    copies = _copies(folder, calls.copies, purity, options, own)
    records = _records(name, folder, paths, kind, variants.height, options)
    profiled = pl.DataFrame(
        list(calls.profile.samples.items()), schema={"SAMPLE": pl.String, "PANEL": pl.String}, orient="row"
    )
    named = pl.concat([profiled["SAMPLE"], variants["SAMPLE"].cast(pl.String), copies["SAMPLE"], purity["SAMPLE"]])
    if options.samples is None:
        samples = own_samples(named)
    else:
        sheet, record = read_samples(folder, options.samples, findings)
        samples, records = match_sheet(sheet, named, findings, assay=name, file=paths[0].name), [*records, record]
    genes = [(panel, gene) for panel, listed in calls.profile.panels.items() for gene in sorted(listed)]
    tables = {
        "samples": samples,
        "variants": variants,
        "copies": copies,
        "purity": purity,
        "profiled": profiled,
        "panels": pl.DataFrame(genes, schema={"PANEL": pl.String, "GENE": pl.String}, orient="row"),
        "signatures": read_signatures(find_file(folder, options.signatures)) if options.signatures else pl.DataFrame(),
    }
    findings.frames += [frame.with_columns(domain=pl.lit(name)) for frame in own.frames]
    return Assay(name, "mutations", tables, tuple(records))


def _guess(paths: Sequence[Path]) -> str:
    def kind(path: Path) -> str:
        if path.is_dir():
            return "cbioportal"
        name = path.name.lower().removesuffix(".gz")
        return "vcf" if name.endswith(".vcf") else "long" if name.endswith(".csv") else "maf"

    kinds = {kind(path) for path in paths}
    if len(kinds) > 1:
        raise DataError(
            f"files: of several formats ({', '.join(sorted(kinds))}). Fix: name the format, or make two assays."
        )
    return kinds.pop()


def _calls(paths: Sequence[Path], kind: str, folder: Path, options: MutationOptions, findings: Findings) -> _Calls:
    copies = empty(COPY_SCHEMA)
    if kind == "cbioportal":
        if len(paths) > 1:
            raise DataError("files: one study folder is read; make an assay of each.")
        study = read_study(paths[0], findings)
        if options.profiled is None and not options.panels:
            return _Calls(study.variants, study.copies, study.profile)
        variants, copies = study.variants, study.copies
    elif kind == "long":
        variants, copies = read_long_tables(paths, findings)
    elif kind == "vcf":
        variants = pl.concat([read_vcf(path, findings) for path in paths])
    else:
        variants = pl.concat([read_maf(path, findings, named=options.columns) for path in paths])
    listed = read_profiled(find_file(folder, options.profiled)) if options.profiled else None
    panels = {panel: read_gene_list(find_file(folder, file)) for panel, file in options.panels.items()}
    # who has an altered copy number was sequenced too
    seen = pl.concat([variants.select(pl.col("SAMPLE").cast(pl.String)), copies.select("SAMPLE")])
    return _Calls(variants, copies, profile_of(seen, findings, samples=listed, panels=panels))


def _copies(
    folder: Path, called: pl.DataFrame, purity: pl.DataFrame, options: MutationOptions, findings: Findings
) -> pl.DataFrame:
    """Copy numbers that were called, and those of the genes whose places lie in segments."""
    if not options.segments or options.gene_places is None:
        return called
    segments = pl.concat([read_segments(find_file(folder, file), findings) for file in options.segments])
    ploidy: dict[str, Any] = dict(purity.select("SAMPLE", "PLOIDY").drop_nulls().iter_rows())
    return pl.concat(
        [called, gene_copies(segments, read_gene_places(find_file(folder, options.gene_places)), ploidy=ploidy)]
    )


def _records(
    name: str, folder: Path, paths: Sequence[Path], kind: str, rows: int, options: MutationOptions
) -> list[FileRecord]:
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.glob("*.txt")))]
    records = [record_file(name, file, rows, _NAMES[kind]) for file in files]
    others = [options.profiled, options.purity, options.gene_places, options.fasta, options.signatures]
    others += [*options.segments, *options.panels.values()]
    return records + [record_file(name, find_file(folder, file), 0, "table") for file in others if file]


def name_patients(assay: Assay, subjects: Sequence[str], findings: Findings, *, by_prefix: bool = True) -> Assay:
    """
    Say whose each sample is, where there is no sample sheet.

    Parameters
    ----------
    assay : Assay
        Of kind ``mutations``.
    subjects : sequence of str
        Patients of the trial.
    findings : Findings
        Collects samples of nobody, and patients with several samples.
    by_prefix : bool, default True
        Whether a barcode belongs to the patient with whose identifier it begins.

    Returns
    -------
    Assay
        With the patients in ``samples``: the sample is named as the patient, or its barcode begins so.
    """
    own = Findings(rules=GENOME_RULES)
    rows = count_rows(assay.tables["variants"], assay.tables["copies"])
    counts = {name: rows.get(name, 0) for name in assay.tables["samples"]["SAMPLE"]}
    matched = match_samples(counts, subjects, own, by_prefix=by_prefix)
    named = pl.col("SAMPLE").replace_strict(dict(matched.subject_of), default=None, return_dtype=pl.String)
    samples = assay.tables["samples"].with_columns(USUBJID=named).filter(pl.col("USUBJID").is_not_null())
    findings.frames += [frame.with_columns(domain=pl.lit(assay.name)) for frame in own.frames]
    return replace(assay, tables={**assay.tables, "samples": samples})
