"""
Long tables of a panel laboratory, one row per alteration: gene, sample, a text such as ``c.743G>A_p.R248Q(0.42,320)``.

Short variants hold change, allele fraction and depth in one cell; amplifications, gains and losses hold the number of
copies and the exons, such as ``amplification(11, exons 30 of 30)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from onearm.data.assays.genomes.gene_symbols import repair_genes
from onearm.data.assays.genomes.variants import conform_variants, match_columns
from onearm.data.findings import Findings
from onearm.data.read import read_table
from onearm.errors import DataError
from onearm.frames import conform

__all__ = ["COPY_SCHEMA", "read_long_tables"]

COPY_SCHEMA: Final[dict[str, Any]] = {
    "SAMPLE": pl.String,
    "GENE": pl.String,
    "CALL": pl.Int8,
    "COPIES": pl.Float64,
    "LOG2": pl.Float64,
    "SRCROW": pl.Int64,
}
"""
Gene-level copy number: CALL is -2 homozygous deletion, -1 loss, 0 neutral, 1 gain, 2 amplification, as in cBioPortal;
COPIES the absolute number, LOG2 the ratio; each missing where it is not told.
"""

_SHORT: Final = r"^(?P<coding>c\.[^(]*?|[^(]*?)_?(?P<protein>p\..*?)?\((?P<vaf>[0-9.]+),\s*(?P<depth>\d+)\)$"
_CALLS: Final = {"amplification": 2, "gain": 1, "loss": -1, "deletion": -2}


def read_long_tables(paths: Sequence[str | Path], findings: Findings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """
    Read the long tables of a panel laboratory.

    Parameters
    ----------
    paths : sequence of str or Path
        Tables with columns of gene, sample and alteration; what kind an alteration is stands in a column named channel
        or type, and in its text.
    findings : Findings
        Gets what could not be taken apart.

    Returns
    -------
    tuple of polars.DataFrame
        A variant table and a table of copy numbers (`COPY_SCHEMA`). A loss of all copies is a homozygous deletion. Short
        variants have the class that their text tells: the laboratory writes no classes.

    Raises
    ------
    DataError
        For tables that cannot be read or lack a column.
    """
    short, copies = [], []
    for path in map(Path, paths):
        table = read_table(path).with_row_index("SRCROW", offset=1)
        chosen = match_columns(table.columns, needed=("SAMPLE", "GENE"), where=path.name)
        value = next((name for name in table.columns if name.lower() in ("value", "alteration", "variant")), None)
        channel = next((name for name in table.columns if name.lower() in ("channel", "type")), None)
        if value is None:
            raise DataError(f"{path.name}: no column holds the alteration (looked for value, alteration, variant).")
        rows = table.select(
            pl.col(chosen["SAMPLE"]).str.strip_chars().alias("SAMPLE"),
            pl.col(chosen["GENE"]).str.strip_chars().alias("GENE"),
            pl.col(value).fill_null("").str.strip_chars().alias("TEXT"),
            pl.col("SRCROW").cast(pl.Int64),
            (pl.col(channel) if channel else pl.lit(None, dtype=pl.String)).str.to_lowercase().alias("CHANNEL"),
        )
        # several alterations of a gene stand in one cell, parted by semicolons
        rows = rows.with_columns(pl.col("TEXT").str.split("; ")).explode("TEXT")
        word = pl.col("TEXT").str.extract(r"^([A-Za-z]+)\(").str.to_lowercase()
        is_copy = word.is_in(list(_CALLS)).fill_null(value=False)
        short.append(_short(rows.filter(~is_copy), findings, file=path.name))
        copies.append(_copies(rows.filter(is_copy).with_columns(word.alias("WORD")), findings, file=path.name))
    if not short:
        raise DataError("no table of alterations is named.")
    return pl.concat(short), pl.concat(copies)


def _short(rows: pl.DataFrame, findings: Findings, *, file: str) -> pl.DataFrame:
    parts = rows.with_columns(pl.col("TEXT").str.extract_groups(_SHORT).struct.unnest())
    unread = parts.filter(pl.col("vaf").is_null()).height
    if unread:
        findings.add("GENOME-CALL-UNREAD", file=file, n=unread)
    frame = parts.select(
        "SAMPLE",
        "GENE",
        class_of_text().alias("CLASS"),
        pl.coalesce(pl.col("protein").replace("", None), pl.col("coding").replace("", None), "TEXT").alias("PROTEIN"),
        pl.col("vaf").cast(pl.Float64, strict=False).alias("VAF"),
        pl.col("depth").cast(pl.Int64, strict=False).alias("DEPTH"),
        pl.when(pl.col("coding").str.contains(r"^c\.[-0-9+*]+[ACGT]>[ACGT]$")).then(pl.lit("SNP")).alias("KIND"),
        "SRCROW",
    )
    return repair_genes(conform_variants(frame), findings, file=file)


def class_of_text() -> pl.Expr:
    """
    Tell the class of a short variant from the text of its change.

    Returns
    -------
    polars.Expr
        On the columns ``coding`` and ``protein``; Unknown where nothing tells.
    """
    coding, protein = pl.col("coding").fill_null(""), pl.col("protein").fill_null("")
    inserted = coding.str.contains("ins|dup")
    return (
        pl.when(protein.str.contains("(?i)splice"))
        .then(pl.lit("Splice_Site"))
        .when(protein.str.contains("(?i)promoter"))
        .then(pl.lit("5'Flank"))
        .when(protein.str.contains("fs"))
        .then(pl.when(inserted).then(pl.lit("Frame_Shift_Ins")).otherwise(pl.lit("Frame_Shift_Del")))
        .when(protein.str.contains(r"^p\.[*X]\d+[A-Z]") | protein.str.contains("ext"))
        .then(pl.lit("Nonstop_Mutation"))
        .when(protein.str.contains(r"\*|Ter|X$"))
        .then(pl.lit("Nonsense_Mutation"))
        .when(protein.str.contains(r"^p\.M1[^0-9]"))
        .then(pl.lit("Translation_Start_Site"))
        .when(protein.str.contains("ins|dup") | (protein.str.contains(">") & inserted))
        .then(pl.lit("In_Frame_Ins"))
        .when(protein.str.contains(r"del|^p\.[A-Z]\d+.*>"))
        .then(pl.lit("In_Frame_Del"))
        .when(protein.str.contains(r"^p\.([A-Z])\d+([A-Z=])$"))
        .then(pl.lit("Missense_Mutation"))
        .otherwise(pl.lit("Unknown"))
    )


def _copies(rows: pl.DataFrame, findings: Findings, *, file: str) -> pl.DataFrame:
    number = pl.col("TEXT").str.extract(r"\(\s*([0-9.]+)").cast(pl.Float64, strict=False)
    frame = rows.select(
        "SAMPLE",
        "GENE",
        pl.when((pl.col("WORD") == "loss") & (number == 0))
        .then(-2)
        .when((pl.col("WORD") == "amplification") & (pl.col("CHANNEL") == "gain"))
        .then(1)
        .otherwise(pl.col("WORD").replace_strict(_CALLS, return_dtype=pl.Int8))
        .cast(pl.Int8)
        .alias("CALL"),
        number.alias("COPIES"),
        "SRCROW",
    )
    if unread := frame["COPIES"].null_count():
        findings.add("GENOME-CALL-UNREAD", file=file, n=unread)
    return repair_genes(conform(frame, COPY_SCHEMA), findings, file=file)
