"""Days: numbers to count with and words to show."""

from __future__ import annotations

import polars as pl

__all__ = ["day_number", "shown_day"]


def day_number(day: pl.Expr) -> pl.Expr:
    """
    Give days as integers, so that differences are numbers of days.

    Parameters
    ----------
    day : polars.Expr
        Dates or integers.

    Returns
    -------
    polars.Expr
        Integers; for dates the days since 1970-01-01.

    Examples
    --------
    >>> pl.select(day_number(pl.date(1970, 2, 1))).item()
    31
    """
    return day.to_physical().cast(pl.Int64)


def shown_day(column: str) -> pl.Expr:
    """
    Give days as text for a sentence.

    Parameters
    ----------
    column : str
        Column with dates or integers.

    Returns
    -------
    polars.Expr
        ``2014-02-12`` for a date, ``day 43`` for an integer; missing stays missing.

    Examples
    --------
    >>> pl.DataFrame({"day": [43]}).select(shown_day("day")).item()
    'day 43'
    """
    text = pl.col(column).cast(pl.String)
    return pl.when(text.str.contains(r"^\d{4}-\d{2}-\d{2}$")).then(text).otherwise(pl.lit("day ") + text)
