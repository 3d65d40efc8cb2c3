"""
The plain table of variants that every reader gives, and the meaning of column names.

========  =========================================================================
column    meaning
========  =========================================================================
SAMPLE    tumour sample, as written
GENE      symbol; missing outside genes
CLASS     word of a MAF, `onearm.data.assays.genomes.variant_classes.CLASSES`
KIND      SNP, DNP, TNP, ONP, INS, DEL; missing where alleles are
CHROM     chromosome without ``chr``
START     first base, counted from 1
REF, ALT  alleles on the reference strand; ``-`` for none
PROTEIN   change of the protein, such as p.R248Q
VAF       fraction of the reads with the change, 0 to 1
DEPTH     reads
BUILD     GRCh37 or GRCh38, or as written where it is another
CONTEXT   bases around the change, the changed one in the middle
SRCROW    row of data in the file, 1 is the first below the header
========  =========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from onearm.data.assays.genomes.variant_classes import CLASSES
from onearm.data.findings import Findings
from onearm.errors import DataError, suggest
from onearm.frames import conform

__all__ = ["ALIASES", "SCHEMA", "check_variants", "conform_variants", "fill_variants", "match_columns"]

SCHEMA: Final[dict[str, Any]] = {
    "SAMPLE": pl.Categorical,
    "GENE": pl.Categorical,
    "CLASS": pl.Categorical,
    "KIND": pl.Categorical,
    "CHROM": pl.Categorical,
    "START": pl.Int64,
    "REF": pl.Categorical,
    "ALT": pl.Categorical,
    "PROTEIN": pl.String,
    "VAF": pl.Float64,
    "DEPTH": pl.Int64,
    "BUILD": pl.Categorical,
    "CONTEXT": pl.String,
    "SRCROW": pl.Int64,
}
"""Columns of a variant table. Categories instead of texts: a file of ten million rows has only some thousand words."""

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "SAMPLE": ("tumor_sample_barcode", "tumor_sample", "tumour_sample_barcode", "sample_id", "sample", "sampleid"),
    "GENE": ("hugo_symbol", "gene", "gene_symbol", "symbol", "gene_name", "hugosymbol"),
    "CLASS": ("variant_classification", "classification", "effect", "consequence", "mutation_type"),
    "KIND": ("variant_type",),
    "CHROM": ("chromosome", "chrom", "chr"),
    "START": ("start_position", "start_pos", "start", "position", "pos"),
    "REF": ("reference_allele", "ref_allele", "ref"),
    "ALT": ("tumor_seq_allele2", "tumour_seq_allele2", "alt_allele", "alternate_allele", "alt"),
    "ALT1": ("tumor_seq_allele1", "tumour_seq_allele1"),
    "PROTEIN": ("hgvsp_short", "protein_change", "amino_acid_change", "aachange", "hgvsp", "proteinchange"),
    "VAF": ("t_vaf", "vaf", "tumor_vaf", "i_tumorvaf_wu", "tumor_f", "allele_frequency", "af"),
    "T_ALT": ("t_alt_count", "tumor_alt_count"),
    "T_REF": ("t_ref_count", "tumor_ref_count"),
    "DEPTH": ("t_depth", "tumor_depth", "depth", "dp"),
    "BUILD": ("ncbi_build", "build", "genome_build"),
    "CONTEXT": ("context", "ref_context", "trinucleotide", "trinucleotide_context", "tri_context"),
}
"""Names of columns by meaning, in lower case; the first that a file has counts."""

_BUILDS: Final[dict[str, str]] = {
    "37": "GRCh37", "grch37": "GRCh37", "hg19": "GRCh37", "b37": "GRCh37", "grch37-lite": "GRCh37",
    "38": "GRCh38", "grch38": "GRCh38", "hg38": "GRCh38", "grch38.p13": "GRCh38", "grch38.p14": "GRCh38",
    "36": "NCBI36", "hg18": "NCBI36", "ncbi36": "NCBI36", "36.1": "NCBI36",
}  # fmt: skip
_PERCENT: Final = 1.5
"""Fractions above 1 are percentages; up to this they are rounding noise."""


def match_columns(
    header: Sequence[str], *, needed: Sequence[str], where: str, named: Mapping[str, str] | None = None
) -> dict[str, str]:
    """
    Find columns by meaning, whatever their case.

    Parameters
    ----------
    header : sequence of str
        Columns of the file.
    needed : sequence of str
        Meanings that must be found.
    where : str
        Name of the file, for messages.
    named : mapping of str to str, optional
        Columns that a person named, by meaning; these win.

    Returns
    -------
    dict of str to str
        Column of the file for each meaning that was found.

    Raises
    ------
    DataError
        Naming each meaning that was not found, and each column named that is not there.

    Examples
    --------
    >>> match_columns(["HUGO_Symbol", "Tumor_Sample_Barcode"], needed=["GENE"], where="a.maf")
    {'SAMPLE': 'Tumor_Sample_Barcode', 'GENE': 'HUGO_Symbol'}
    """
    by_lower: dict[str, str] = {}
    for name in header:
        by_lower.setdefault(name.strip().lower(), name)
    chosen: dict[str, str] = {}
    problems = []
    for meaning, aliases in ALIASES.items():
        wanted = (named or {}).get(meaning)
        if wanted is not None and wanted.lower() not in by_lower:
            problems.append(f"{where}: column '{wanted}' is missing.{suggest(wanted, header)}")
        found = by_lower.get(wanted.lower()) if wanted else next((by_lower[a] for a in aliases if a in by_lower), None)
        if found is not None:
            chosen[meaning] = found
        elif meaning in needed and wanted is None:
            problems.append(
                f"{where}: no column gives the {meaning.lower()} of a variant (looked for {', '.join(aliases[:3])})."
                f"{suggest(aliases[0], header)}"
            )
    if problems:
        raise DataError(*problems)
    return chosen


def _number(name: str) -> pl.Expr:
    """Numbers from a column of text; missing where it holds none."""
    return pl.col(name).cast(pl.String).str.strip_chars().str.strip_suffix("%").cast(pl.Float64, strict=False)


def fill_variants(frame: pl.LazyFrame, columns: Mapping[str, str]) -> pl.LazyFrame:
    """
    Give a file's columns their plain names, types and words.

    Parameters
    ----------
    frame : polars.LazyFrame
        All columns are text.
    columns : mapping of str to str
        Column of the file by meaning, from `match_columns`.

    Returns
    -------
    polars.LazyFrame
        With `SCHEMA` without SRCROW.
    """
    made: dict[str, pl.Expr] = {}
    for meaning in ("SAMPLE", "GENE", "REF", "ALT", "PROTEIN", "CONTEXT"):
        if meaning in columns:
            text = pl.col(columns[meaning]).str.strip_chars()
            made[meaning] = pl.when(text.is_in(["", ".", "NA"])).then(None).otherwise(text)
    if "GENE" in made:
        made["GENE"] = pl.when(made["GENE"].is_in(["Unknown", "---"])).then(None).otherwise(made["GENE"])
    if "ALT1" in columns and "ALT" in made and "REF" in made:
        # where the second allele is the reference, the change is in the first
        made["ALT"] = pl.when(made["ALT"] == made["REF"]).then(pl.col(columns["ALT1"])).otherwise(made["ALT"])
    if "CLASS" in columns:
        word = pl.col(columns["CLASS"]).str.strip_chars()
        exact = {name.lower(): name for name in CLASSES} | {name.lower(): said for name, said in CLASSES.items()}
        made["CLASS"] = word.cast(pl.Categorical).cast(pl.String).str.to_lowercase().replace(exact)
    if "CHROM" in columns:
        made["CHROM"] = pl.col(columns["CHROM"]).str.strip_chars().str.replace(r"^(?i)chr", "").replace({"M": "MT"})
    if "BUILD" in columns:
        build = pl.col(columns["BUILD"]).str.strip_chars()
        made["BUILD"] = build.str.to_lowercase().replace_strict(_BUILDS, default=build, return_dtype=pl.String)
    made |= _numbers(columns)
    made["KIND"] = _kind(made, columns)
    return frame.select(
        (made[name] if name in made else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in SCHEMA.items()
        if name != "SRCROW"
    )


def _numbers(columns: Mapping[str, str]) -> dict[str, pl.Expr]:
    made: dict[str, pl.Expr] = {}
    if "START" in columns:
        made["START"] = _number(columns["START"]).cast(pl.Int64, strict=False)
    if "VAF" in columns:
        share = _number(columns["VAF"])
        made["VAF"] = pl.when(share > _PERCENT).then(share / 100).otherwise(share)
    if "DEPTH" in columns:
        made["DEPTH"] = _number(columns["DEPTH"]).cast(pl.Int64, strict=False)
    if "T_ALT" in columns and "T_REF" in columns:
        changed, total = _number(columns["T_ALT"]), _number(columns["T_REF"])
        total = changed + total
        made.setdefault("VAF", pl.when(total > 0).then(changed / total))
        made.setdefault("DEPTH", total.cast(pl.Int64, strict=False))
    return made


def _kind(made: Mapping[str, pl.Expr], columns: Mapping[str, str]) -> pl.Expr:
    """Kind of a change as written, else from the lengths of the alleles."""
    if "KIND" in columns:
        return pl.col(columns["KIND"]).str.strip_chars().str.to_uppercase().replace({"SNV": "SNP", "MNV": "ONP"})
    if "REF" not in made or "ALT" not in made:
        return pl.lit(None, dtype=pl.String)
    before, after = (made[name].str.strip_chars("-").str.len_chars() for name in ("REF", "ALT"))
    same = pl.when(before == 1).then(pl.lit("SNP")).when(before == 2).then(pl.lit("DNP"))
    return (
        pl.when(before == after)
        .then(same.when(before == 3).then(pl.lit("TNP")).otherwise(pl.lit("ONP")))
        .when(before < after)
        .then(pl.lit("INS"))
        .when(before > after)
        .then(pl.lit("DEL"))
    )


def check_variants(frame: pl.DataFrame, findings: Findings, *, file: str) -> pl.DataFrame:
    """
    Check a variant table and repair what can be repaired, saying so.

    Parameters
    ----------
    frame : polars.DataFrame
        With `SCHEMA`.
    findings : Findings
        With the rules of `onearm.data.assays.genomes.finding_rules`; rows are added.
    file : str
        Name of the file.

    Returns
    -------
    polars.DataFrame
        Without rows that cannot be used; repeated changes of a sample stand once.
    """
    from onearm.data.assays.genomes.gene_symbols import repair_genes

    lost = int(frame["SAMPLE"].null_count())
    if lost:
        findings.add("GENOME-SAMPLE-MISSING", file=file, column="SAMPLE", n=lost)
        frame = frame.filter(pl.col("SAMPLE").is_not_null())
    frame = repair_genes(frame, findings, file=file)
    if unnamed := int(frame["GENE"].null_count()):
        findings.add("GENOME-GENE-MISSING", file=file, column="GENE", n=unnamed)
    builds = sorted(str(name) for name in frame["BUILD"].unique().drop_nulls())
    if len(builds) > 1:
        findings.add("GENOME-BUILD-MIXED", file=file, column="BUILD", n=len(builds), builds=", ".join(builds))
    counts = frame.group_by("CLASS").len().drop_nulls().cast({"CLASS": pl.String}).sort("CLASS")
    for word, n in counts.iter_rows():
        if word not in CLASSES:
            findings.add("GENOME-CLASS-UNKNOWN", file=file, column="CLASS", found=word, n=n)
    return _drop_repeated(frame, findings, file=file)


def _drop_repeated(frame: pl.DataFrame, findings: Findings, *, file: str) -> pl.DataFrame:
    """Keep the first of the rows that tell the same change in the same sample."""
    if frame["START"].null_count() or frame["ALT"].null_count() == frame.height:
        return frame
    # one number per row in place of five columns: ten million rows are compared in a second
    key = pl.struct("SAMPLE", "GENE", "CHROM", "START", "REF", "ALT").hash(seed=1)
    hashes = frame.select(key.alias("KEY"))["KEY"]
    if hashes.n_unique() == frame.height:
        return frame
    kept = frame.unique(["SAMPLE", "GENE", "CHROM", "START", "REF", "ALT"], keep="first", maintain_order=True)
    if kept.height < frame.height:
        findings.add("GENOME-ROW-DUPLICATE", file=file, n=frame.height - kept.height)
    return kept


def conform_variants(frame: pl.DataFrame) -> pl.DataFrame:
    """
    Give a frame the columns and types of a variant table.

    Parameters
    ----------
    frame : polars.DataFrame
        May lack columns, which become missing.

    Returns
    -------
    polars.DataFrame
        With `SCHEMA`.
    """
    return conform(frame, SCHEMA)
