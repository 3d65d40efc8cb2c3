"""
Copy number: segments (.seg, .cns, FACETS, ABSOLUTE), purity and ploidy, and from segments the number of copies of genes.

==========  ===================================================================
column      meaning of a table of segments
==========  ===================================================================
SAMPLE      tumour sample
CHROM       chromosome without ``chr``
START, END  first and last base, counted from 1
MARKERS     probes or bins; missing where not told
LOG2        log2 ratio to the normal; missing where only copies are told
COPIES      total number of copies; missing where only a ratio is told
MINOR       copies of the rarer allele; missing where not told
SRCROW      row of data in the file
==========  ===================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from onearm.data.assays.genomes.long_table import COPY_SCHEMA
from onearm.data.findings import Findings
from onearm.data.read import read_table
from onearm.errors import DataError
from onearm.frames import conform

__all__ = ["PURITY_SCHEMA", "SEGMENT_SCHEMA", "gene_copies", "read_gene_places", "read_purity", "read_segments"]

SEGMENT_SCHEMA: Final[dict[str, Any]] = {
    "SAMPLE": pl.String,
    "CHROM": pl.String,
    "START": pl.Int64,
    "END": pl.Int64,
    "MARKERS": pl.Int64,
    "LOG2": pl.Float64,
    "COPIES": pl.Float64,
    "MINOR": pl.Float64,
    "SRCROW": pl.Int64,
}
PURITY_SCHEMA: Final[dict[str, Any]] = {
    "SAMPLE": pl.String,
    "PURITY": pl.Float64,
    "PLOIDY": pl.Float64,
    "DOUBLINGS": pl.Float64,
    "SRCROW": pl.Int64,
}
"""Share of tumour cells, mean number of copies, doublings of the genome; one row per sample."""

_SEGMENT_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "SAMPLE": ("id", "sample", "sample_id", "'id'", "tumor_sample_barcode"),
    "CHROM": ("chrom", "chromosome", "chr"),
    "START": ("loc.start", "start", "start.bp", "start_position", "startpos"),
    "END": ("loc.end", "end", "end.bp", "end_position", "endpos"),
    "MARKERS": ("num.mark", "num_mark", "probes", "n_probes", "num_probes"),
    "LOG2": ("seg.mean", "segment_mean", "log2", "cnlr.median", "mean_log2_ratio"),
    "COPIES": ("tcn.em", "tcn", "cn", "modal_total_cn", "modal.total.cn", "total_cn", "ntot"),
    "MINOR": ("lcn.em", "lcn", "cn2", "modal_a1", "modal.a1", "minor_cn", "nminor"),
}
_PURITY_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "SAMPLE": ("sample", "array", "id", "sample_id", "name", "tumor_sample_barcode"),
    "PURITY": ("purity", "tumor_purity", "cellularity"),
    "PLOIDY": ("ploidy", "tumor_ploidy"),
    "DOUBLINGS": ("genome doublings", "genome.doublings", "genome_doublings", "wgd", "is_wgd"),
}
_SEX: Final = {"23": "X", "24": "Y", "25": "MT", "M": "MT"}


def read_segments(path: str | Path, findings: Findings, *, sample: str | None = None) -> pl.DataFrame:
    """
    Read segments of the copy number.

    Parameters
    ----------
    path : str or Path
        ``.seg`` (DNAcopy, IGV, GISTIC), ``.cns`` (CNVkit), a FACETS table with ``tcn.em``, an ABSOLUTE table of
        segments, or any table with these columns; tab- or comma-separated.
    findings : Findings
        Gets values that are no numbers.
    sample : str, optional
        Sample of a file without a column of samples, as .cns and FACETS are; the name of the file where left out.

    Returns
    -------
    polars.DataFrame
        With `SEGMENT_SCHEMA`.

    Raises
    ------
    DataError
        Where position or both ratio and copies are missing.
    """
    path = Path(path)
    table = _read(path)
    made = _columns(
        table, _SEGMENT_NAMES, findings, file=path.name, numbers=("START", "END", "MARKERS", "LOG2", "COPIES", "MINOR")
    )
    missing = [name for name in ("CHROM", "START", "END") if name not in made.columns]
    if missing or not {"LOG2", "COPIES"} & set(made.columns):
        raise DataError(
            f"{path.name}: a table of segments needs chromosome, start, end, and a log2 ratio or a number of copies; "
            f"found the columns {', '.join(table.columns[:12])}."
        )
    if "SAMPLE" not in made.columns:
        made = made.with_columns(pl.lit(sample or path.name.split(".")[0]).alias("SAMPLE"))
    chrom = pl.col("CHROM").str.replace(r"^(?i)chr", "").str.replace(r"\.0$", "").replace(_SEX)
    # CNVkit counts from 0, half open, as a BED file does
    shift = 1 if path.suffix.lower() == ".cns" else 0
    whole = [pl.col(name).cast(pl.Int64, strict=False) for name in ("START", "END", "MARKERS") if name in made.columns]
    return conform(made.with_columns(chrom, *whole).with_columns(pl.col("START") + shift), SEGMENT_SCHEMA)


def read_purity(path: str | Path, findings: Findings) -> pl.DataFrame:
    """
    Read purity and ploidy.

    Parameters
    ----------
    path : str or Path
        A table of FACETS or ABSOLUTE, or any with a sample, a purity and a ploidy.
    findings : Findings
        Gets values that are no numbers or cannot be.

    Returns
    -------
    polars.DataFrame
        With `PURITY_SCHEMA`, one row per sample. A purity above 1 is read as a percentage only where all are.

    Raises
    ------
    DataError
        Where sample or purity is missing, or a sample stands twice.
    """
    path = Path(path)
    table = _read(path)
    made = _columns(table, _PURITY_NAMES, findings, file=path.name, numbers=("PURITY", "PLOIDY", "DOUBLINGS"))
    missing = [name for name in ("SAMPLE", "PURITY") if name not in made.columns]
    if missing:
        raise DataError(
            f"{path.name}: no column holds {' or '.join(missing).lower()}; found {', '.join(table.columns[:12])}."
        )
    twice = made.filter(pl.col("SAMPLE").is_duplicated())["SAMPLE"].unique().sort().to_list()
    if twice:
        raise DataError(*(f"{path.name}: sample {name} stands twice. Fix: keep one solution." for name in twice))
    if (purity := made["PURITY"].drop_nulls()).len() and bool((purity > 1).all()):
        made = made.with_columns(pl.col("PURITY") / 100)
    for name, low, high in (("PURITY", 0.0, 1.0), ("PLOIDY", 0.5, 16.0)):
        if name not in made.columns:
            continue
        outside = ~pl.col(name).is_between(low, high)
        if n := made.filter(outside).height:
            findings.add("GENOME-PURITY-RANGE", file=path.name, column=name, n=n, range=f"{low:g} to {high:g}")
            made = made.with_columns(pl.when(~outside).then(pl.col(name)).alias(name))
    return conform(made, PURITY_SCHEMA)


def _read(path: Path) -> pl.DataFrame:
    if path.suffix.lower() in (".seg", ".cns"):
        from onearm.data.delimited import read_delimited

        if not path.is_file():
            raise DataError(f"{path.name}: no such file in {path.parent}.")
        return read_delimited(path)
    return read_table(path)


def _columns(
    table: pl.DataFrame,
    names: Mapping[str, tuple[str, ...]],
    findings: Findings,
    *,
    file: str,
    numbers: tuple[str, ...],
) -> pl.DataFrame:
    """Find columns by meaning and type them."""
    by_lower = {name.strip().strip("\"'").lower(): name for name in table.columns}
    chosen = {
        meaning: by_lower[alias]
        for meaning, aliases in names.items()
        for alias in [next((a for a in aliases if a in by_lower), None)]
        if alias is not None
    }
    made = table.select(pl.col(name).cast(pl.String).str.strip_chars().alias(m) for m, name in chosen.items())
    made = made.with_columns(pl.col(made.columns).replace(["NA", "NaN", "."], None))
    for name in set(numbers) & set(chosen):
        typed = made[name].cast(pl.Float64, strict=False)
        if n := int((typed.is_null() & made[name].is_not_null()).sum()):
            findings.add("GENOME-NUMBER-INVALID", file=file, column=chosen[name], n=n)
        made = made.with_columns(typed)
    return made.with_columns(pl.int_range(1, made.height + 1, dtype=pl.Int64).alias("SRCROW"))


def read_gene_places(path: str | Path) -> pl.DataFrame:
    """
    Read where genes lie.

    Parameters
    ----------
    path : str or Path
        A BED file (counted from 0), or a table with gene, chromosome, start and end (counted from 1).

    Returns
    -------
    polars.DataFrame
        GENE, CHROM, START, END; counted from 1.

    Raises
    ------
    DataError
        For a table without these columns.
    """
    path = Path(path)
    if path.suffix.lower() == ".bed":
        if not path.is_file():
            raise DataError(f"{path.name}: no such file in {path.parent}.")
        rows = [line.split("\t") for line in path.read_text().splitlines() if line and line[0] not in "#tb"]
        frame = pl.DataFrame(
            [(r[3], r[0], int(r[1]) + 1, int(r[2])) for r in rows],
            schema=["GENE", "CHROM", "START", "END"],
            orient="row",
        )
    else:
        table = read_table(path)
        names = {"GENE": ("gene", "hugo_symbol", "symbol"), **{k: _SEGMENT_NAMES[k] for k in ("CHROM", "START", "END")}}
        frame = _columns(table, names, Findings(), file=path.name, numbers=())
        if not {"GENE", "CHROM", "START", "END"} <= set(frame.columns):
            raise DataError(
                f"{path.name}: gene, chromosome, start and end are needed; found {', '.join(table.columns)}."
            )
        frame = frame.select("GENE", "CHROM", pl.col("START", "END").cast(pl.Int64))
    return frame.with_columns(pl.col("CHROM").str.replace(r"^(?i)chr", "").replace(_SEX))


def gene_copies(
    segments: pl.DataFrame, places: pl.DataFrame, *, ploidy: Mapping[str, float] | None = None
) -> pl.DataFrame:
    """
    Number of copies of genes from the segments that cover them.

    Parameters
    ----------
    segments : polars.DataFrame
        With `SEGMENT_SCHEMA`.
    places : polars.DataFrame
        GENE, CHROM, START, END; one row per gene.
    ploidy : mapping of str to float, optional
        Ploidy of samples; 2 where it is not told. Calls are made against it.

    Returns
    -------
    polars.DataFrame
        With `onearm.data.assays.genomes.long_table.COPY_SCHEMA`, one row per sample and gene that a segment touches: the
        mean over the covered bases. CALL from copies: 0 is -2, below ploidy - 0.5 is -1, above ploidy + 0.5 is 1, at
        least ploidy + 4 is 2 (Mermel 2011 call four copies more a high-level gain). CALL from a ratio alone: at most
        -1.1 is -2, below -0.25 is -1, above 0.2 is 1, at least 0.7 is 2, the thresholds of CNVkit's ``call``.

    Examples
    --------
    >>> segments = conform(pl.DataFrame({"SAMPLE": ["S"], "CHROM": ["7"], "START": [1], "END": [900], "COPIES": [8.0]}),
    ...     SEGMENT_SCHEMA)
    >>> places = pl.DataFrame({"GENE": ["EGFR"], "CHROM": ["7"], "START": [100], "END": [200]})
    >>> gene_copies(segments, places).select("GENE", "CALL", "COPIES").row(0)
    ('EGFR', 2, 8.0)
    """
    pairs = segments.join(places.rename({"START": "FROM", "END": "TO"}), on="CHROM", how="inner")
    bases = pl.min_horizontal("END", "TO") - pl.max_horizontal("START", "FROM") + 1
    pairs = pairs.with_columns(bases.alias("BASES")).filter(pl.col("BASES") > 0)

    def mean(name: str) -> pl.Expr:
        known = pl.col("BASES").filter(pl.col(name).is_not_null())
        return ((pl.col(name) * pl.col("BASES")).sum() / known.sum()).fill_nan(None).alias(name)

    found = pairs.group_by("SAMPLE", "GENE", maintain_order=True).agg(
        mean("COPIES"), mean("LOG2"), pl.col("SRCROW").first()
    )
    copies, ratio = found["COPIES"].to_numpy(), found["LOG2"].to_numpy()
    normal = np.array([(ploidy or {}).get(sample, 2.0) for sample in found["SAMPLE"]])
    call = np.where(copies >= normal + 4, 2, np.where(copies > normal + 0.5, 1, np.where(copies < 0.5, -2, 0)))
    call = np.where((call == 0) & (copies < normal - 0.5), -1, call)
    by_ratio = np.where(ratio >= 0.7, 2, np.where(ratio > 0.2, 1, np.where(ratio <= -1.1, -2, 0)))
    by_ratio = np.where((by_ratio == 0) & (ratio < -0.25), -1, by_ratio)
    chosen = np.where(np.isnan(copies), by_ratio, call)
    return conform(found.with_columns(pl.Series("CALL", chosen).cast(pl.Int8)), COPY_SCHEMA)
