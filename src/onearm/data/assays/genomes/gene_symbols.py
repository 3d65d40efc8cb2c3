"""Gene symbols that a spreadsheet turned into dates, such as 1-Sep for SEPT1."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

import polars as pl

from onearm.data.findings import Findings

__all__ = ["date_symbols", "repair_genes"]

_MONTHS: Final = {
    "mar": 3, "march": 3, "sep": 9, "sept": 9, "september": 9, "dec": 12, "december": 12,
    "oct": 10, "october": 10, "feb": 2, "february": 2, "apr": 4, "april": 4, "nov": 11, "november": 11,
}  # fmt: skip
_SYMBOLS: Final[dict[int, tuple[tuple[str, range], ...]]] = {
    2: (("FEB", range(1, 11)),),
    3: (("MARCHF", range(1, 12)), ("MTARC", range(1, 3))),
    4: (("APR", range(1, 4)),),
    9: (("SEPTIN", range(1, 15)),),
    10: (("OCT", range(1, 12)),),
    11: (("NOV", range(1, 2)),),
    12: (("DELEC", range(1, 2)),),
}
"""Families whose old symbols were read as dates (SEPT1, MARCH1, MARC1, DEC1), by month, with their current symbols."""
_NAMED: Final = {
    "OCT4": "POU5F1",
    "OCT1": "SLC22A1",
    "OCT2": "SLC22A2",
    "OCT3": "SLC22A3",
    "NOV1": "CCN3",
    "NOV": "CCN3",
}
_FORMS: Final = (
    re.compile(r"^(?P<day>\d{1,2})[-/ .](?P<month>[A-Za-z]{3,9})(?:[-/ .]\d{2,4})?$"),
    re.compile(r"^(?P<month>[A-Za-z]{3,9})[-/ .](?P<day>\d{1,2})(?:[-/ .]\d{2,4})?$"),
    re.compile(r"^\d{4}-(?P<month>\d{2})-(?P<day>\d{2})(?:[T ]00:00(?::00)?(?:\.0+)?)?$"),
)
_SERIAL: Final = re.compile(r"^[34]\d{4}(?:\.0)?$")
_EPOCH: Final = date(1899, 12, 30)
"""Day 0 of a spreadsheet that counts days."""


def date_symbols(text: str) -> tuple[str, ...] | None:
    """
    Symbols that a spreadsheet may have turned into a date.

    Parameters
    ----------
    text : str
        What stands for a gene.

    Returns
    -------
    tuple of str or None
        Current symbols: one, or several where the date does not tell; empty for a date of no known family; None where
        the text is no date.

    References
    ----------
    .. [1] Zeeberg BR et al. (2004), BMC Bioinformatics 5:80.
    .. [2] Bruford EA et al. (2020), Nat Genet 52:754-758, the symbols that replaced them.

    Examples
    --------
    >>> date_symbols("1-Sep"), date_symbols("2015-03-01 00:00:00"), date_symbols("TP53")
    (('SEPTIN1',), ('MARCHF1', 'MTARC1'), None)
    """
    plain = text.strip()
    if _SERIAL.match(plain):
        day = _EPOCH + timedelta(days=int(float(plain)))
        return _family(day.month, day.day)
    for form in _FORMS:
        if found := form.match(plain):
            word = found["month"]
            month = int(word) if word.isdigit() else _MONTHS.get(word.lower(), 0)
            return _family(month, int(found["day"])) if month else None
    return None


def _family(month: int, day: int) -> tuple[str, ...]:
    return tuple(
        _NAMED.get(f"{stem}{day}", f"{stem}{day}") for stem, members in _SYMBOLS.get(month, ()) if day in members
    )


def repair_genes(frame: pl.DataFrame, findings: Findings, *, file: str) -> pl.DataFrame:
    """
    Read dates as the symbols they were, where only one symbol is possible.

    Parameters
    ----------
    frame : polars.DataFrame
        With GENE.
    findings : Findings
        One row is added for each date: what it was read as, or that its rows were left out.
    file : str
        Name of the file.

    Returns
    -------
    polars.DataFrame
        The same, without rows whose date may be several symbols or none.
    """
    counts = {str(gene): n for gene, n in frame.group_by("GENE").len().drop_nulls().sort("GENE").iter_rows()}
    dates = {gene: found for gene in counts if (found := date_symbols(gene)) is not None}
    if not dates:
        return frame
    for gene, symbols in dates.items():
        rule = "GENOME-GENE-DATE" if len(symbols) == 1 else "GENOME-GENE-DATE-AMBIGUOUS"
        told = " or ".join(symbols) or "no known symbol"
        findings.add(rule, file=file, column="GENE", n=counts[gene], found=gene, symbol=told)
    lost = [gene for gene, symbols in dates.items() if len(symbols) != 1]
    made = {gene: symbols[0] for gene, symbols in dates.items() if len(symbols) == 1}
    symbol = pl.col("GENE").cast(pl.String)
    kept = frame.filter(~symbol.is_in(lost).fill_null(value=False)) if lost else frame
    return kept.with_columns(symbol.replace(made).cast(frame.schema["GENE"]).alias("GENE"))
