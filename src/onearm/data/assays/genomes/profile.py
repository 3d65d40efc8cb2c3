"""
Who was profiled for what: a sample without calls on a panel is a zero, a gene off the panel is unknown.

A profile is a table with one row per sample: SAMPLE and PANEL, the name of a gene list; the lists are a mapping from the
name to the genes. A panel without a list (an exome) covers every gene.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data.assays.genomes.words import distinct_words
from onearm.data.findings import Findings
from onearm.data.read import read_table
from onearm.errors import DataError, suggest

__all__ = ["GeneStatus", "Profile", "gene_status", "profile_of", "read_gene_list", "read_profiled"]

ALL_GENES = "all genes"
"""Name of the panel that covers every gene."""


@dataclass(frozen=True, eq=False)
class Profile:
    """
    Who was profiled for what.

    Parameters
    ----------
    samples : mapping of str to str
        Panel of each profiled sample.
    panels : mapping of str to frozenset of str
        Genes of each panel; a panel that is not in it covers every gene.
    """

    samples: Mapping[str, str]
    panels: Mapping[str, frozenset[str]]

    def genes(self, called: Sequence[str]) -> list[str]:
        """
        List the genes that some sample was profiled for.

        Parameters
        ----------
        called : sequence of str
            Genes with calls.

        Returns
        -------
        list of str
            Sorted; those of the lists and those called.
        """
        listed = {gene for panel in set(self.samples.values()) for gene in self.panels.get(panel, ())}
        return sorted(listed | set(called))


@dataclass(frozen=True, eq=False)
class GeneStatus:
    """
    Status of each gene in each sample.

    Parameters
    ----------
    samples, genes : tuple of str
        Rows and columns.
    status : ndarray of float, shape (n_samples, n_genes)
        1 mutated, 0 wild type, NaN not profiled.
    """

    samples: tuple[str, ...]
    genes: tuple[str, ...]
    status: NDArray[np.float64]

    def frame(self) -> pl.DataFrame:
        """
        Lay the status out.

        Returns
        -------
        polars.DataFrame
            SAMPLE and one column per gene; 1, 0 or missing.
        """
        columns = {gene: self.status[:, i] for i, gene in enumerate(self.genes)}
        return pl.DataFrame({"SAMPLE": list(self.samples), **columns}, nan_to_null=True)


def read_gene_list(path: str | Path) -> frozenset[str]:
    """
    Read the genes of a panel.

    Parameters
    ----------
    path : str or Path
        One symbol a line, a table with a column of genes, or a gene panel of cBioPortal.

    Returns
    -------
    frozenset of str
        Symbols.

    Raises
    ------
    DataError
        Where the file holds none.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path.name}: no such file in {path.parent}.")
    lines = [line.strip().strip('"') for line in path.read_text(encoding="utf-8-sig").splitlines()]
    for line in lines:
        if line.lower().startswith("gene_list:"):
            return frozenset(line.partition(":")[2].split())
    genes = [line.split("\t")[0].split(",")[0].strip('"') for line in lines if line and not line.startswith("#")]
    genes = [gene for gene in genes if gene and gene.lower() not in ("gene", "hugo_symbol", "symbol", "genes", "x")]
    if not genes:
        raise DataError(f"{path.name}: holds no gene. Fix: write one symbol a line.")
    return frozenset(genes)


def read_profiled(path: str | Path) -> dict[str, str]:
    """
    Read a list of profiled samples.

    Parameters
    ----------
    path : str or Path
        A table whose first column, or the one named like a sample, holds samples; a column named like a panel holds
        their panels.

    Returns
    -------
    dict of str to str
        Panel of each sample.

    Raises
    ------
    DataError
        For a file that cannot be read, or a sample on two panels.
    """
    table = read_table(path)
    by_lower = {name.lower(): name for name in table.columns}
    wanted = ("sample", "sample_id", "tumor_sample_barcode", "sampleid")
    sample = next((by_lower[name] for name in wanted if name in by_lower), table.columns[0])
    panel = next((by_lower[name] for name in ("panel", "gene_panel", "mutations") if name in by_lower), None)
    rows = table.select(
        pl.col(sample).cast(pl.String).str.strip_chars().alias("SAMPLE"),
        (pl.col(panel).cast(pl.String) if panel else pl.lit(ALL_GENES)).fill_null(ALL_GENES).alias("PANEL"),
    ).filter(pl.col("SAMPLE").is_not_null())
    twice = rows.unique().filter(pl.col("SAMPLE").is_duplicated())["SAMPLE"].unique().sort().to_list()
    if twice:
        raise DataError(*(f"{Path(path).name}: sample {name} is on two panels. Fix: name one." for name in twice))
    return dict(rows.unique(maintain_order=True).iter_rows())


def profile_of(
    variants: pl.DataFrame,
    findings: Findings,
    *,
    samples: Mapping[str, str] | None = None,
    panels: Mapping[str, frozenset[str]] | None = None,
) -> Profile:
    """
    Say who was profiled, and for what.

    Parameters
    ----------
    variants : polars.DataFrame
        A variant table.
    findings : Findings
        Gets what had to be guessed.
    samples : mapping of str to str, optional
        Panel of each profiled sample. Where it is left out, the samples with calls are taken, which is a finding.
    panels : mapping of str to frozenset of str, optional
        Genes of each panel.

    Returns
    -------
    Profile
        Samples with calls that are on no list are added, which is a finding too.

    Raises
    ------
    DataError
        For panels named by samples that look like a misspelt one of ``panels``.
    """
    lists = dict(panels or {})
    called = sorted(str(name) for name in variants["SAMPLE"].unique().drop_nulls())
    only = next(iter(lists)) if len(lists) == 1 else ALL_GENES
    if samples is None:
        findings.add("GENOME-PROFILE-GUESSED", column="SAMPLE", n=len(called))
        return Profile(dict.fromkeys(called, only), lists)
    made = {sample: only if panel == ALL_GENES else panel for sample, panel in samples.items()}
    exomes = {"all genes", "wes", "wxs", "wgs", "exome", "genome"}
    unknown = sorted({panel for panel in made.values() if lists and panel not in lists and panel.lower() not in exomes})
    if unknown:
        raise DataError(*(f"panel '{name}': no gene list has this name.{suggest(name, lists)}" for name in unknown))
    for sample in called:
        if sample not in made:
            n = variants.filter(pl.col("SAMPLE").cast(pl.String) == sample).height
            findings.add("GENOME-SAMPLE-NO-PANEL", column="SAMPLE", sample=sample, n=n)
            made[sample] = only
    return Profile(made, lists)


def gene_status(
    variants: pl.DataFrame,
    profile: Profile,
    *,
    classes: Sequence[str] | None = None,
    genes: Sequence[str] | None = None,
) -> GeneStatus:
    """
    Tell mutated from wild type from not profiled.

    Parameters
    ----------
    variants : polars.DataFrame
        A variant table.
    profile : Profile
        Who was profiled for what.
    classes : sequence of str, optional
        Classes that count as a mutation; all where left out.
    genes : sequence of str, optional
        Genes wanted; all that were profiled or called where left out.

    Returns
    -------
    GeneStatus
        Samples in the order of their names. A call counts even where the gene is not on the panel.
    """
    kept = variants if classes is None else variants.filter(pl.col("CLASS").is_in(list(classes)))
    texts, words = distinct_words(kept["GENE"])
    samples = sorted(profile.samples)
    columns = list(genes) if genes is not None else profile.genes(texts.drop_nulls().to_list())
    status = np.zeros((len(samples), len(columns)))
    for panel in sorted(set(profile.samples.values()) & set(profile.panels)):
        rows = np.array([profile.samples[sample] == panel for sample in samples])
        off = np.array([gene not in profile.panels[panel] for gene in columns])
        status[np.ix_(rows, off)] = np.nan
    row, column = _places(*distinct_words(kept["SAMPLE"]), samples), _places(texts, words, columns)
    known = (row >= 0) & (column >= 0)
    status[row[known], column[known]] = 1.0
    return GeneStatus(tuple(samples), tuple(columns), status)


def _places(texts: pl.Series, at: pl.Series, names: Sequence[str]) -> NDArray[np.int64]:
    """Position of each row's word among names; -1 where it is none of them."""
    place = {name: i for i, name in enumerate(names)}
    positions = np.array([place.get(text, -1) for text in texts], dtype=np.int64)
    return np.asarray(positions[at.to_numpy()])
