"""Bases around a position from a FASTA that the user gives, one chromosome at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data.findings import Findings
from onearm.errors import DataError

__all__ = ["add_contexts", "read_chromosomes"]


def read_chromosomes(path: str | Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """
    Read a FASTA, one sequence at a time.

    Parameters
    ----------
    path : str or Path
        Plain text; the whole is never in memory.

    Yields
    ------
    tuple of str and ndarray of uint8
        Name without ``chr``, and the bases as upper-case letters.

    Raises
    ------
    DataError
        For a file that is absent or no FASTA.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path.name}: no such file in {path.parent}.")
    with path.open("rb") as stream:
        first = stream.readline()
        if not first.startswith(b">"):
            raise DataError(
                f"{path.name}: the file does not begin with >; it is no FASTA, or is compressed. Fix: unpack it."
            )
        name, parts = first, list[bytes]()
        for line in stream:
            if line.startswith(b">"):
                yield _sequence(name, parts)
                name, parts = line, []
            else:
                parts.append(line.strip())
        yield _sequence(name, parts)


def _sequence(name: bytes, parts: list[bytes]) -> tuple[str, NDArray[np.uint8]]:
    words = name[1:].split()
    label = (words[0].decode() if words else "").removeprefix("chr")
    return ("MT" if label == "M" else label), np.frombuffer(b"".join(parts).upper(), dtype=np.uint8)


def add_contexts(variants: pl.DataFrame, path: str | Path, findings: Findings, *, flank: int = 20) -> pl.DataFrame:
    """
    Fill CONTEXT of single-base substitutions from a FASTA.

    Parameters
    ----------
    variants : polars.DataFrame
        A variant table.
    path : str or Path
        FASTA of the build of the calls.
    findings : Findings
        Gets the number of substitutions whose reference base is another than in the FASTA.
    flank : int, default 20
        Bases on each side; APOBEC enrichment is defined on 20 (Roberts 2013).

    Returns
    -------
    polars.DataFrame
        The same with CONTEXT of ``2 * flank + 1`` bases, the changed one in the middle; missing near the ends of a
        chromosome, and where the reference base does not agree.
    """
    is_snv = (pl.col("KIND") == "SNP") & pl.col("START").is_not_null()
    table = variants.with_row_index("ROW")
    wanted = table.filter(is_snv).select("ROW", pl.col("CHROM").cast(pl.String), "START", pl.col("REF").cast(pl.String))
    found: list[pl.DataFrame] = []
    wrong = 0
    for name, bases in read_chromosomes(path):
        here = wanted.filter(pl.col("CHROM") == name)
        if here.is_empty():
            continue
        at = here["START"].to_numpy() - 1
        inside = (at >= flank) & (at < bases.size - flank)
        at, here = at[inside], here.filter(pl.Series(inside))
        letters = bases[at[:, None] + np.arange(-flank, flank + 1)]
        reference = np.frombuffer("".join(here["REF"].str.slice(0, 1).fill_null("N")).encode(), dtype=np.uint8)
        same = letters[:, flank] == reference
        wrong += int((~same).sum())
        texts = [bytes(row).decode() for row in letters[same]]
        found.append(here.filter(pl.Series(same)).select("ROW", pl.Series("FOUND", texts, dtype=pl.String)))
    if wrong:
        findings.add("GENOME-REFERENCE-MISMATCH", column="REF", n=wrong, total=wanted.height)
    if not found:
        return variants
    made = table.join(pl.concat(found), on="ROW", how="left", maintain_order="left")
    return made.with_columns(pl.coalesce("FOUND", "CONTEXT").alias("CONTEXT")).drop("ROW", "FOUND")
