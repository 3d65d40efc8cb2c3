"""Columns of the source tables from arrays of codes, without a loop over rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from onearm.simulation.randomness import Bools, Floats, Ints
from onearm.simulation.screening import EPOCH, Screening

__all__ = ["Keys", "dates", "decimals", "domain", "keys_of", "optional_dates", "repeated", "sequence", "texts"]


@dataclass(frozen=True)
class Keys:
    """
    What identifies the patients of a block.

    Parameters
    ----------
    study : str
        STUDYID.
    subject : polars.Series
        USUBJID, one per enrolled patient.
    first_dose : ndarray of int
        Days since 1970, one per enrolled patient.
    """

    study: str
    subject: pl.Series
    first_dose: Ints


def keys_of(screening: Screening, chosen: Bools) -> Keys:
    """
    Build the identifiers of some patients of a block.

    Parameters
    ----------
    screening : Screening
        The block.
    chosen : ndarray of bool
        Which patients.

    Returns
    -------
    Keys
        USUBJID is study, site and number, joined by hyphens; the number has as many digits in every block.
    """
    site = texts(screening.sites, screening.site[chosen])
    number = pl.Series(screening.number[chosen]).cast(pl.String).str.zfill(screening.digits)
    frame = pl.DataFrame({"site": site, "number": number})
    subject = frame.select(pl.format("{}-{}-{}", pl.lit(screening.study), "site", "number")).to_series()
    return Keys(screening.study, subject, screening.first_dose[chosen])


def texts(levels: Sequence[str | None], codes: Ints) -> pl.Series:
    """
    Look codes up.

    Parameters
    ----------
    levels : sequence of str or None
        Meaning of each code.
    codes : ndarray of int
        Positions in ``levels``.

    Returns
    -------
    polars.Series
        Text.
    """
    return pl.Series(list(levels), dtype=pl.String).gather(np.ascontiguousarray(codes))


def repeated(value: str | None, n: int) -> pl.Series:
    """
    Repeat a text.

    Parameters
    ----------
    value : str or None
        The text.
    n : int
        How often.

    Returns
    -------
    polars.Series
        Text.
    """
    return pl.Series([value], dtype=pl.String).new_from_index(0, n)


def dates(days: Ints) -> pl.Series:
    """
    Write days as ISO 8601.

    Parameters
    ----------
    days : ndarray of int
        Days since 1970.

    Returns
    -------
    polars.Series
        Text such as ``2022-03-01``.
    """
    if not len(days):
        return pl.Series([], dtype=pl.String)
    first = int(days.min())
    return texts(_calendar(first, int(days.max())), days - first)


def optional_dates(days: Ints, known: Bools) -> pl.Series:
    """
    Write days as ISO 8601 where they are known.

    Parameters
    ----------
    days : ndarray of int
        Days since 1970; of no meaning where not known.
    known : ndarray of bool
        Which are.

    Returns
    -------
    polars.Series
        Text, missing where not known.
    """
    written = dates(np.where(known, days, 0 if not known.any() else int(days[known].min())))
    return pl.select(pl.when(pl.Series(known)).then(written).otherwise(None)).to_series()


@lru_cache(maxsize=8)
def _calendar(first: int, last: int) -> tuple[str, ...]:
    return tuple((EPOCH + dt.timedelta(days=day)).isoformat() for day in range(first, last + 1))


def decimals(values: Floats, digits: int) -> pl.Series:
    """
    Write numbers with a fixed number of decimals.

    Parameters
    ----------
    values : ndarray
        Not negative.
    digits : int
        Decimals.

    Returns
    -------
    polars.Series
        Text.
    """
    scaled = np.rint(values * 10**digits).astype(np.int64)
    most = int(scaled.max(initial=0))
    if most < 20_000:
        return texts(_written(most, digits), scaled)
    whole, rest = pl.Series(scaled // 10**digits), pl.Series(scaled % 10**digits)
    if digits == 0:
        return whole.cast(pl.String)
    return whole.cast(pl.String) + "." + rest.cast(pl.String).str.zfill(digits)


@lru_cache(maxsize=16)
def _written(most: int, digits: int) -> tuple[str, ...]:
    return tuple(f"{value / 10**digits:.{digits}f}" for value in range(most + 1))


def sequence(rows: Ints) -> Ints:
    """
    Number the records of each patient.

    Parameters
    ----------
    rows : ndarray of int
        Patient of each record, in order.

    Returns
    -------
    ndarray of int
        1, 2, … within each patient.
    """
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    is_first = np.diff(rows, prepend=-1) != 0
    start = np.flatnonzero(is_first)
    return np.arange(len(rows)) - np.repeat(start, np.diff(start, append=len(rows))) + 1


def domain(keys: Keys, name: str, rows: Ints, columns: dict[str, Any]) -> pl.DataFrame:
    """
    Put a table of one domain together.

    Parameters
    ----------
    keys : Keys
        Identifiers.
    name : str
        Upper-case domain.
    rows : ndarray of int
        Patient of each record, in order.
    columns : dict
        Further columns: series, arrays, or one text for all.

    Returns
    -------
    polars.DataFrame
        With STUDYID, DOMAIN, USUBJID and the sequence number in front.
    """
    head = {
        "STUDYID": repeated(keys.study, len(rows)),
        "DOMAIN": repeated(name, len(rows)),
        "USUBJID": keys.subject.gather(np.ascontiguousarray(rows)),
        f"{name}SEQ": pl.Series(sequence(rows)),
    }
    body = {
        column: repeated(value, len(rows)) if isinstance(value, str) else pl.Series(value)
        for column, value in columns.items()
    }
    return pl.DataFrame({**head, **body})
