"""Datasets of sequencing: every variant (ADVAR), the status of every altered gene (ADGENE), and signatures (ADSIG)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from onearm.data.assays.genomes.profile import GeneStatus
from onearm.errors import DataError, MethodError
from onearm.protocol.assay_genomes import Signature
from onearm.rules.genomes.composites import Composite, check_genes, evaluate, parse_composite

__all__ = [
    "ADGENE",
    "ADSIG",
    "ADVAR",
    "altered",
    "derive_adgene",
    "derive_adsig",
    "derive_advar",
    "read_composites",
    "unaltered_hint",
]

ADVAR: Final[dict[str, Any]] = {
    "USUBJID": pl.String,
    "ASSAY": pl.String,
    "SAMPID": pl.String,
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
    "BURDENFL": pl.String,
    "GENEFL": pl.String,
    "SRCDOM": pl.String,
    "SRCSEQ": pl.Int64,
}
"""One row per variant. BURDENFL: it counts in the burden; GENEFL: it makes its gene mutated."""
ADGENE: Final[dict[str, Any]] = {
    "USUBJID": pl.String,
    "ASSAY": pl.String,
    "SAMPID": pl.String,
    "GENE": pl.String,
    "MUTATED": pl.Int8,
    "CALL": pl.Int8,
    "ALTERED": pl.Int8,
    "RULE": pl.String,
    "WHY": pl.String,
}
"""One row per patient and gene that is altered in anyone. MUTATED: 1, 0, or missing where the gene was not profiled; CALL:
-2 to 2, missing where copies are not known; ALTERED: mutated, amplified or homozygously deleted."""
ADSIG: Final[dict[str, Any]] = {
    "USUBJID": pl.String,
    "ASSAY": pl.String,
    "SAMPID": pl.String,
    "PARAMCD": pl.String,
    "AVAL": pl.Float64,
    "AVALC": pl.String,
    "RULE": pl.String,
    "WHY": pl.String,
}
"""One row per patient and composite signature: positive, negative, or missing where an unprofiled gene leaves it open."""
HIGH_CALL: Final = 2


def altered(status: GeneStatus, calls: np.ndarray) -> np.ndarray:
    """
    Count amplifications and homozygous deletions as alterations too.

    Parameters
    ----------
    status : GeneStatus
        Mutated, wild type or not profiled.
    calls : ndarray of float, shape (n_samples, n_genes)
        Calls of copy number, NaN where there is none.

    Returns
    -------
    ndarray of float, shape (n_samples, n_genes)
        1, 0, or NaN where the gene was not profiled and has no such call.
    """
    return np.where(np.abs(np.nan_to_num(calls)) >= HIGH_CALL, 1.0, status.status)


def unaltered_hint(assay: str) -> str:
    """
    Say where a gene that was sequenced and is altered in nobody can be named.

    Parameters
    ----------
    assay : str
        Name of the assay.

    Returns
    -------
    str
        A sentence, with a blank before it.
    """
    return f" Fix: if it was sequenced and nobody carries a variant, name it in assay.{assay}.unaltered_genes."


def derive_advar(variants: pl.DataFrame, samples: pl.DataFrame, assay: str) -> pl.DataFrame:
    """
    List the variants of the patients.

    Parameters
    ----------
    variants : polars.DataFrame
        A variant table with BURDENFL and GENEFL.
    samples : polars.DataFrame
        SAMPLE and USUBJID.
    assay : str
        Name of the assay.

    Returns
    -------
    polars.DataFrame
        With `ADVAR`.
    """
    named = variants.with_columns(SAMPID=pl.col("SAMPLE").cast(pl.String))
    joined = named.join(
        samples.select(SAMPID="SAMPLE", USUBJID="USUBJID"), on="SAMPID", how="inner", maintain_order="left"
    )
    made = joined.with_columns(ASSAY=pl.lit(assay), SRCDOM=pl.lit(assay), SRCSEQ=pl.col("SRCROW"))
    return made.select(list(ADVAR))


def derive_adgene(status: GeneStatus, calls: np.ndarray, subjects: Mapping[str, str], assay: str) -> pl.DataFrame:
    """
    Lay out the status of every gene that is altered in anyone.

    Parameters
    ----------
    status : GeneStatus
        Mutated, wild type or not profiled.
    calls : ndarray of float, shape (n_samples, n_genes)
        Calls of copy number.
    subjects : mapping of str to str
        Patient of each sample.
    assay : str
        Name of the assay.

    Returns
    -------
    polars.DataFrame
        With `ADGENE`; patients in the order of the samples, genes by name.
    """
    either = altered(status, calls)
    shown = np.flatnonzero((np.nan_to_num(status.status).sum(axis=0) > 0) | (np.nan_to_num(either).sum(axis=0) > 0))
    n, m = len(status.samples), shown.size
    genes = np.array(status.genes, dtype=object)[shown]
    columns = {
        "USUBJID": np.repeat(np.array([subjects[name] for name in status.samples], dtype=object), m),
        "SAMPID": np.repeat(np.array(status.samples, dtype=object), m),
        "GENE": np.tile(genes, n),
        "MUTATED": status.status[:, shown].ravel(),
        "CALL": calls[:, shown].ravel(),
        "ALTERED": either[:, shown].ravel(),
    }
    frame = pl.DataFrame(
        columns, schema_overrides={k: pl.String for k in ("USUBJID", "SAMPID", "GENE")}, nan_to_null=True
    )
    why = (
        pl.when(pl.col("MUTATED").is_null())
        .then(pl.lit("The gene is not on the panel of the sample."))
        .when(pl.col("MUTATED") == 1)
        .then(pl.lit("A variant of a class that counts."))
        .otherwise(pl.lit("Profiled, and no variant of a class that counts."))
    )
    rule = pl.when(pl.col("MUTATED").is_null()).then(pl.lit("GENE-NOT-PROFILED")).otherwise(pl.lit("GENE-STATUS"))
    return frame.with_columns(ASSAY=pl.lit(assay), RULE=rule, WHY=why).select(
        pl.col(name).cast(dtype) for name, dtype in ADGENE.items()
    )


def read_composites(
    signatures: Mapping[str, Signature], genes: tuple[str, ...], *, hint: str = ""
) -> dict[str, Composite]:
    """
    Read the composites of the protocol and check their genes.

    Parameters
    ----------
    signatures : mapping of str to Signature
        By name.
    genes : tuple of str
        Genes that someone was profiled for.
    hint : str
        Added to the message about an unknown gene.

    Returns
    -------
    dict of str to Composite
        By name.

    Raises
    ------
    DataError
        With every composite that cannot be read, and every gene that nobody was profiled for, with the nearest one.
    """
    problems: list[str] = []
    found = {}
    for name, signature in signatures.items():
        try:
            composite = parse_composite(signature.composite, where=f"signature.{name}.composite")
            check_genes(composite, genes, where=f"signature.{name}.composite", hint=hint)
            found[name] = composite
        except MethodError as error:
            problems += error.problems
    if problems:
        raise DataError(*problems)
    return found


def derive_adsig(
    status: GeneStatus, calls: np.ndarray, subjects: Mapping[str, str], signatures: Mapping[str, Signature], assay: str
) -> pl.DataFrame:
    """
    Say of every patient whether each signature holds.

    Parameters
    ----------
    status : GeneStatus
        Mutated, wild type or not profiled.
    calls : ndarray of float, shape (n_samples, n_genes)
        Calls of copy number.
    subjects : mapping of str to str
        Patient of each sample.
    signatures : mapping of str to Signature
        Those of this assay.
    assay : str
        Name of the assay.

    Returns
    -------
    polars.DataFrame
        With `ADSIG`.

    Raises
    ------
    DataError
        As `read_composites`.
    """
    place = {gene: i for i, gene in enumerate(status.genes)}
    parts = [pl.DataFrame(schema=ADSIG)]
    for name, composite in read_composites(signatures, status.genes, hint=unaltered_hint(assay)).items():
        matrix = altered(status, calls) if signatures[name].alterations == "any" else status.status
        truth = evaluate(composite.tree, matrix[:, [place[gene] for gene in composite.genes]])
        text = [None if np.isnan(t) else "positive" if t else "negative" for t in truth]
        why = [
            f"{composite.text}: a gene that was not profiled leaves it open."
            if t is None
            else f"{composite.text}: {t}."
            for t in text
        ]
        parts.append(
            pl.DataFrame(
                {
                    "USUBJID": [subjects[sample] for sample in status.samples],
                    "ASSAY": assay,
                    "SAMPID": list(status.samples),
                    "PARAMCD": name,
                    "AVAL": truth,
                    "AVALC": text,
                    "RULE": "SIGNATURE-COMPOSITE",
                    "WHY": why,
                },
                schema=ADSIG,
                nan_to_null=True,
            )
        )
    return pl.concat(parts)
