"""
The Mutation Annotation Format: tab-separated, one row per change and sample, columns found by meaning.

Only the columns that are used are read, streaming, so that ten million rows need neither minutes nor memory.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from onearm.data.assays.genomes.variants import SCHEMA, check_variants, fill_variants, match_columns
from onearm.data.findings import Findings
from onearm.errors import DataError

__all__ = ["NEEDED", "read_maf"]

NEEDED: Final = ("SAMPLE", "GENE", "CLASS")
"""What a MAF must tell."""


def read_maf(
    path: str | Path,
    findings: Findings,
    *,
    named: Mapping[str, str] | None = None,
    columns: tuple[str, ...] | None = None,
) -> pl.DataFrame:
    """
    Read a MAF.

    Parameters
    ----------
    path : str or Path
        Tab-separated text, plain or gzipped; lines that begin with # are comments.
    findings : Findings
        Gets what is wrong or noteworthy; made with ``rules=GENOME_RULES``.
    named : mapping of str to str, optional
        Columns by meaning (``{"PROTEIN": "aa_change"}``), where they are not found by their usual names.
    columns : tuple of str, optional
        Columns of the variant table that are wanted; the others stay missing and cost nothing. All by default.

    Returns
    -------
    polars.DataFrame
        With `onearm.data.assays.genomes.variants.SCHEMA`, in the order of the file. A change that stands twice for a
        sample is kept once.

    Raises
    ------
    DataError
        For an empty or damaged file, columns that cannot be found, and rows with more fields than the header.

    Examples
    --------
    >>> import tempfile
    >>> from onearm.data.assays.genomes.finding_rules import GENOME_RULES
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "calls.maf"
    ...     _ = path.write_text("Hugo_Symbol\\tTumor_Sample_Barcode\\tVariant_Classification\\nTP53\\tS1\\tSilent\\n")
    ...     read_maf(path, Findings(rules=GENOME_RULES)).select("SAMPLE", "GENE", "CLASS").row(0)
    ('S1', 'TP53', 'Silent')
    """
    path = Path(path)
    header, comments = _header(path)
    chosen = match_columns(header, needed=NEEDED, where=path.name, named=named)
    if columns is not None:
        chosen = {meaning: name for meaning, name in chosen.items() if meaning in (*columns, *NEEDED)}
    schema = {f"c{i}": pl.String for i in range(len(header))}
    renamed = {meaning: f"c{header.index(name)}" for meaning, name in chosen.items()}
    scan = pl.scan_csv(
        path,
        separator="\t",
        has_header=False,
        skip_lines=comments + 1,
        schema=schema,
        quote_char=None,
        encoding="utf8-lossy",
        comment_prefix="#",
        raise_if_empty=False,
        null_values=["", ".", "NA"],
    )
    try:
        frame = fill_variants(scan, renamed)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"{path.name}: the rows cannot be split into the {len(header)} columns of the header ({_first_line(error)}). "
            "Fix: every row needs one field for each column, parted by tabs."
        ) from error
    frame = frame.with_columns(pl.int_range(1, frame.height + 1, dtype=pl.Int64).alias("SRCROW")).select(list(SCHEMA))
    return check_variants(frame, findings, file=path.name)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _header(path: Path) -> tuple[list[str], int]:
    """Columns of the header, and how many comment lines stand above it."""
    if not path.is_file():
        raise DataError(f"{path.name}: no such file in {path.parent}.")
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            for comments, line in enumerate(stream):
                text = line.decode("utf-8-sig", errors="replace").rstrip("\r\n")
                if not text.startswith("#") and text.strip():
                    return text.split("\t"), comments
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path.name}: the compressed file is truncated or damaged. Fix: copy it again.") from error
    raise DataError(f"{path.name}: the file is empty. Fix: export it again, with a header.")
