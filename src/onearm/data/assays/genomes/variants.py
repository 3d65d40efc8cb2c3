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

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from onearm.data.assays.genomes.variant_classes import CLASSES
from onearm.data.assays.genomes.words import distinct_words
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


def fill_variants(scan: pl.LazyFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """
    Give a file's columns their plain names, types and words.

    Parameters
    ----------
    scan : polars.LazyFrame
        All columns are text; empty cells, ``.`` and ``NA`` are missing.
    columns : mapping of str to str
        Column of the file by meaning, from `match_columns`.

    Returns
    -------
    polars.DataFrame
        With `SCHEMA` without SRCROW. Words are cleaned once each and not in each of the rows that hold them: that is
        what makes ten million rows quick.
    """
    raw = [
        pl.col(columns[meaning]).cast(pl.Categorical).alias(meaning)
        for meaning in (*_WORDS, "ALT1")
        if meaning in columns
    ]
    raw += [pl.col(columns[meaning]).alias(meaning) for meaning in ("PROTEIN", "CONTEXT") if meaning in columns]
    frame = scan.select(*raw, *(made.alias(name) for name, made in _numbers(columns).items())).collect(
        engine="streaming"
    )
    if "ALT1" in frame.columns and {"REF", "ALT"} <= set(frame.columns):
        # where the second allele is the reference, the change is in the first
        frame = frame.with_columns(ALT=pl.when(pl.col("ALT") == pl.col("REF")).then("ALT1").otherwise("ALT"))
    cleaned = [_cleaned(frame[name], clean) for name, clean in _WORDS.items() if name in frame.columns]
    frame = frame.with_columns(cleaned)
    if "KIND" not in frame.columns and {"REF", "ALT"} <= set(frame.columns):
        frame = frame.with_columns(_kinds(frame["REF"], frame["ALT"]))
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in SCHEMA.items()
        if name != "SRCROW"
    )


def _number(name: str) -> pl.Expr:
    """Numbers from a column of text; missing where it holds none."""
    return pl.col(name).str.strip_chars(" %").cast(pl.Float64, strict=False)


def _numbers(columns: Mapping[str, str]) -> dict[str, pl.Expr]:
    made: dict[str, pl.Expr] = {}
    if "START" in columns:
        whole = pl.col(columns["START"]).cast(pl.Int64, strict=False)
        made["START"] = pl.coalesce(whole, _number(columns["START"]).cast(pl.Int64, strict=False))
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


def _stripped(text: pl.Expr) -> pl.Expr:
    plain = text.str.strip_chars()
    return pl.when(plain.str.len_chars() > 0).then(plain)


def _gene(text: pl.Expr) -> pl.Expr:
    plain = _stripped(text)
    return pl.when(~plain.is_in(["Unknown", "---"])).then(plain)


def _class(text: pl.Expr) -> pl.Expr:
    exact = {name.lower(): said for name, said in CLASSES.items()}
    plain = _stripped(text)
    return plain.str.to_lowercase().replace_strict(exact, default=plain, return_dtype=pl.String)


def _build(text: pl.Expr) -> pl.Expr:
    plain = _stripped(text)
    return plain.str.to_lowercase().replace_strict(_BUILDS, default=plain, return_dtype=pl.String)


_WORDS: Final[dict[str, Callable[[pl.Expr], pl.Expr]]] = {
    "SAMPLE": _stripped,
    "GENE": _gene,
    "CLASS": _class,
    "KIND": lambda text: _stripped(text).str.to_uppercase().replace({"SNV": "SNP", "MNV": "ONP"}),
    "CHROM": lambda text: _stripped(text).str.replace(r"^(?i)chr", "").replace({"M": "MT"}),
    "REF": _stripped,
    "ALT": _stripped,
    "BUILD": _build,
}
"""How the words of a column are cleaned."""


def _cleaned(words: pl.Series, clean: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """Clean each word once and put it where it stood."""
    distinct, at = distinct_words(words)
    made = pl.DataFrame({"WORD": distinct}).select(clean(pl.col("WORD")))["WORD"].cast(pl.Categorical)
    return made.gather(at).alias(words.name)


def _kinds(before: pl.Series, after: pl.Series) -> pl.Series:
    """Kind of each change from the lengths of its alleles."""
    lengths = []
    for alleles in (before, after):
        distinct, at = distinct_words(alleles)
        lengths.append(distinct.str.strip_chars("-").str.len_chars().cast(pl.Int32).gather(at))
    names = pl.Series(["ONP", "SNP", "DNP", "TNP", "INS", "DEL"], dtype=pl.Categorical)
    frame = pl.DataFrame({"A": lengths[0], "B": lengths[1]})
    same = pl.when(pl.col("A") <= 3).then(pl.col("A")).otherwise(0)
    code = pl.when(pl.col("A") == pl.col("B")).then(same).when(pl.col("A") < pl.col("B")).then(4).otherwise(5)
    known = pl.col("A").is_not_null() & pl.col("B").is_not_null()
    return names.gather(frame.select(pl.when(known).then(code).cast(pl.UInt32)).to_series()).alias("KIND")


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
