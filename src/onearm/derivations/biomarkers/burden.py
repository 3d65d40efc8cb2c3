"""Burden of mutations per megabase, APOBEC enrichment and the catalogue of substitutions, one row per sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.rules.genomes.substitutions import CHANNELS, channels_of, count_apobec
from onearm.stats.apobec import apobec_enrichment
from onearm.stats.multiplicity import adjust_p

__all__ = ["BurdenRules", "apobec_table", "catalogues", "count_burden", "counted_variants"]


@dataclass(frozen=True)
class BurdenRules:
    """
    What counts as a mutation, and per how many megabases.

    Parameters
    ----------
    classes : tuple of str
        Classes of variants that count.
    size_mb : float, optional
        Megabases in which variants were called.
    panel_size_mb : mapping of str to float
        The same for single panels.
    min_vaf : float
        Smallest fraction of reads; variants without one are kept.
    min_depth : int
        Smallest number of reads; variants without one are kept.
    """

    classes: tuple[str, ...]
    size_mb: float | None = None
    panel_size_mb: Mapping[str, float] = field(default_factory=dict)
    min_vaf: float = 0.0
    min_depth: int = 0


def counted_variants(variants: pl.DataFrame, rules: BurdenRules, *, classes: Sequence[str] | None) -> pl.DataFrame:
    """
    Keep the variants that count.

    Parameters
    ----------
    variants : polars.DataFrame
        A variant table.
    rules : BurdenRules
        Limits of reads.
    classes : sequence of str or None
        Classes; None keeps every class.

    Returns
    -------
    polars.DataFrame
        The same columns.
    """
    kept = pl.lit(value=True)
    if classes is not None:
        kept = pl.col("CLASS").is_in(list(classes))
    if rules.min_vaf > 0:
        kept &= (pl.col("VAF") >= rules.min_vaf).fill_null(value=True)
    if rules.min_depth > 0:
        kept &= (pl.col("DEPTH") >= rules.min_depth).fill_null(value=True)
    return variants.filter(kept)


def count_burden(variants: pl.DataFrame, profiled: pl.DataFrame, rules: BurdenRules) -> pl.DataFrame:
    """
    Count the burden of every profiled sample.

    Parameters
    ----------
    variants : polars.DataFrame
        A variant table.
    profiled : polars.DataFrame
        SAMPLE and PANEL of each sample that was sequenced.
    rules : BurdenRules
        What counts.

    Returns
    -------
    polars.DataFrame
        SAMPLE, PANEL, COUNT, SIZE_MB, TMB. A profiled sample without calls has 0; TMB is missing where the size is.

    Examples
    --------
    >>> variants = pl.DataFrame({"SAMPLE": ["A", "A", "B"], "CLASS": ["Missense_Mutation", "Silent", "Silent"]})
    >>> profiled = pl.DataFrame({"SAMPLE": ["A", "B", "C"], "PANEL": ["WES"] * 3})
    >>> rules = BurdenRules(("Missense_Mutation",), size_mb=0.5)
    >>> count_burden(variants, profiled, rules)["TMB"].to_list()
    [2.0, 0.0, 0.0]
    """
    counts = counted_variants(variants, rules, classes=rules.classes).group_by("SAMPLE").agg(COUNT=pl.len())
    counts = counts.with_columns(pl.col("SAMPLE").cast(pl.String), pl.col("COUNT").cast(pl.Int64))
    sizes = {panel: rules.panel_size_mb.get(panel, rules.size_mb) for panel in profiled["PANEL"].unique()}
    size = pl.col("PANEL").replace_strict(sizes, return_dtype=pl.Float64) if sizes else pl.lit(rules.size_mb)
    made = profiled.join(counts, on="SAMPLE", how="left", maintain_order="left").with_columns(
        COUNT=pl.col("COUNT").fill_null(0), SIZE_MB=size
    )
    return made.with_columns(TMB=pl.col("COUNT") / pl.col("SIZE_MB"))


def catalogues(variants: pl.DataFrame) -> tuple[list[str], NDArray[np.int64], int]:
    """
    Count the 96 channels of every sample.

    Parameters
    ----------
    variants : polars.DataFrame
        A variant table with contexts.

    Returns
    -------
    tuple of list of str, numpy.ndarray and int
        Samples with a channel; counts, shape ``(n_samples, 96)``; and how many contexts do not have the reference base in
        their middle.
    """
    channels = _channels(variants)
    samples = variants["SAMPLE"].cast(pl.String).to_numpy()
    names, rows = np.unique(samples[channels >= 0], return_inverse=True)
    counts = np.zeros((names.size, len(CHANNELS)), dtype=np.int64)
    np.add.at(counts, (rows, channels[channels >= 0]), 1)
    return names.tolist(), counts, int((channels == -2).sum())


def _channels(variants: pl.DataFrame) -> NDArray[np.int64]:
    texts = (variants[name].cast(pl.String).to_list() for name in ("CONTEXT", "REF", "ALT"))
    return channels_of(*texts)


def apobec_table(variants: pl.DataFrame, *, q_limit: float = 0.05) -> pl.DataFrame:
    """
    Enrichment of the APOBEC motif in every sample.

    Parameters
    ----------
    variants : polars.DataFrame
        A variant table with contexts of ten bases or more on each side.
    q_limit : float, default 0.05
        Samples with a larger adjusted P have no mutation attributed.

    Returns
    -------
    polars.DataFrame
        SAMPLE, TCW and CYTOSINE (mutations), ENRICHMENT, P, Q, FRACTION, ATTRIBUTED, WHY; samples with substitutions only.

    References
    ----------
    .. [1] Roberts SA et al. (2013), Nat Genet 45:970-976.
    """
    channels = _channels(variants)
    samples = variants["SAMPLE"].cast(pl.String).to_numpy()
    contexts = np.array(variants["CONTEXT"].to_list(), dtype=object)
    rows = []
    for name in np.unique(samples[channels >= 0]):
        mine = samples == name
        counts = count_apobec(contexts[mine], channels[mine])
        found = apobec_enrichment(*counts)
        rows.append(
            (
                name,
                counts.tcw_mutations,
                counts.c_mutations,
                found.enrichment,
                found.p,
                found.fraction,
                found.attributed,
                found.note,
            )
        )
    names = ("SAMPLE", "TCW", "CYTOSINE", "ENRICHMENT", "P", "FRACTION", "ATTRIBUTED", "WHY")
    types = (pl.String, pl.Int64, pl.Int64, *[pl.Float64] * 4, pl.String)
    table = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
    q = pl.Series("Q", adjust_p(table["P"].to_numpy()), dtype=pl.Float64)
    table = table.with_columns(q).with_columns(pl.col("ENRICHMENT", "P", "Q", "FRACTION", "ATTRIBUTED").fill_nan(None))
    is_significant = pl.col("Q") <= q_limit
    return table.with_columns(
        ATTRIBUTED=pl.when(is_significant).then("ATTRIBUTED").when(pl.col("Q").is_not_null()).then(0.0)
    )
