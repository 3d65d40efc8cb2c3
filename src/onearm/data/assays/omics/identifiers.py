"""Identifiers of features: genes that a spreadsheet turned into dates, names that stand twice, rows without a name or a value."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from onearm.data.findings import Findings
from onearm.errors import DataError

__all__ = ["check_counts", "keep_features", "looks_like_date"]

Floats = NDArray[np.float64]

_MONTHS: Final = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec"  # and German and French ones that differ
    "|mär|mai|okt|dez|janv|févr|mars|avr|juin|juil|août|déc"
)
_DATES: Final = (
    rf"\d{{1,2}}[-. /]{{0,2}}({_MONTHS})[a-z.]*",  # 2-Sep, 1. Mär
    rf"({_MONTHS})[a-z.]*[-. /]\d{{1,4}}",  # Mar-01
    r"\d{4}-\d{2}-\d{2}([ T].*)?",
    r"\d{1,2}[./]\d{1,2}[./]\d{2,4}",
)
_DATE: Final = re.compile(f"({'|'.join(_DATES)})", re.IGNORECASE)
_SERIAL: Final = re.compile(r"^4[0-9]{4}(\.0+)?$")
_NAMED: Final = 5


def looks_like_date(name: str) -> bool:
    """
    Tell whether a spreadsheet turned the name of a gene into a date.

    Parameters
    ----------
    name : str
        Identifier of a feature.

    Returns
    -------
    bool
        ``2-Sep`` was SEPTIN2, ``1-Mar`` was MARCHF1 or MTARC1, ``1-Dec`` was DELEC1.

    References
    ----------
    .. [1] Ziemann M, Eren Y, El-Osta A (2016), Genome Biol 17:177.

    Examples
    --------
    >>> [looks_like_date(name) for name in ("2-Sep", "SEPTIN2", "MARCH1", "Mar-01", "2024-03-01", "DEC1")]
    [True, False, False, True, True, False]
    """
    return _DATE.fullmatch(name.strip()) is not None


def keep_features(
    features: pl.DataFrame, values: Floats, findings: Findings, *, assay: str, file: str, is_serial_date: bool = True
) -> NDArray[np.bool_]:
    """
    Decide which rows of a file become features, and say what became of the others.

    Parameters
    ----------
    features : polars.DataFrame
        ``FEATURE SRCROW``, in the order of the file.
    values : numpy.ndarray, shape (n_features, n_samples)
        Their values.
    findings : Findings
        Collects, with the row: names that are dates, names that stand twice, rows without a name or a value.
    assay, file : str
        Where.
    is_serial_date : bool, default True
        Whether five digits from 40000 are the day number of a spreadsheet; they are Entrez identifiers where all names
        are numbers.

    Returns
    -------
    numpy.ndarray of bool
        Rows to keep: those with a name of their own and a value; of a name that stands twice, the row with the highest mean.
    """
    names = features["FEATURE"].fill_null("").str.strip_chars()
    rows = features.select("SRCROW", FEATURE=names)
    blank = (names == "").to_numpy()
    numeric = names.str.contains(r"^[0-9]+(\.0+)?$")
    serial = (
        numeric & names.str.contains(_SERIAL.pattern)
        if is_serial_date and not numeric.all()
        else pl.repeat(False, len(names), eager=True)
    )
    dated = np.array([looks_like_date(name) for name in names], dtype=np.bool_) | serial.to_numpy()
    with np.errstate(invalid="ignore"):
        known = ~np.isnan(values)
        mean = np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)
    empty = ~known.any(axis=1)
    kept = ~blank & ~dated & ~empty
    order = np.argsort(-np.nan_to_num(mean, nan=-np.inf), kind="stable")
    order = order[kept[order]]
    ranked = names.gather(order.tolist())
    twice = np.zeros(len(names), dtype=np.bool_)
    twice[order[~ranked.is_first_distinct().to_numpy()]] = True
    findings.add_rows("OMICS-FEATURE-NAMELESS", rows.filter(pl.Series(blank)), domain=assay, file=file)
    for i in np.flatnonzero(dated):
        findings.add("OMICS-GENE-DATE", domain=assay, file=file, row=int(rows["SRCROW"][int(i)]), name=names[int(i)])
    for i in np.flatnonzero(twice):
        findings.add(
            "OMICS-FEATURE-TWICE", domain=assay, file=file, row=int(rows["SRCROW"][int(i)]), name=names[int(i)]
        )
    lost = np.flatnonzero(empty & ~blank & ~dated)
    for i in lost[:_NAMED]:
        findings.add(
            "OMICS-FEATURE-EMPTY", domain=assay, file=file, row=int(rows["SRCROW"][int(i)]), name=names[int(i)]
        )
    if lost.size > _NAMED:
        findings.add("OMICS-FEATURES-EMPTY", domain=assay, file=file, n=lost.size - _NAMED)
    return np.asarray(kept & ~twice)


def check_counts(features: pl.DataFrame, samples: list[str], values: Floats, *, file: str) -> None:
    """
    Refuse negative counts.

    Parameters
    ----------
    features : polars.DataFrame
        ``FEATURE SRCROW``.
    samples : list of str
        Columns.
    values : numpy.ndarray, shape (n_features, n_samples)
        Counts.
    file : str
        Where.

    Raises
    ------
    DataError
        Naming feature, row and sample of the first.
    """
    wrong = np.argwhere(values < 0)
    if wrong.size:
        problems = [
            f"{file}, row {features['SRCROW'][int(i)]}, column '{samples[j]}': the count of '{features['FEATURE'][int(i)]}' is "
            'negative. Fix: give raw counts; logarithms and batch-corrected values need unit = "log2".'
            for i, j in wrong[:_NAMED]
        ]
        more = [f"{file}: and {len(wrong) - _NAMED} further negative counts."] if len(wrong) > _NAMED else []
        raise DataError(*problems, *more)
