"""
Whether a text is a date in ISO 8601, complete or partial. Nothing is imputed here: that is a clinical rule.

Partial dates follow SDTM: what is not known is left out from the right (``2014``, ``2014-01``) or replaced by a hyphen
(``2014---15``).
"""

from __future__ import annotations

from typing import Final

import polars as pl

__all__ = ["date_state", "normal_date"]

_MONTH: Final = r"(0[1-9]|1[0-2])"
_DAY: Final = r"(0[1-9]|[12]\d|3[01])"
_SHAPE: Final = r"^\d{4}-\d{2}-\d{2}(T[\d:.,Z+-]+)?$"
# a part of the time that is not known is a hyphen
_HOUR: Final = r"([01]\d|2[0-3]|-)(:([0-5]\d|-)(:([0-5]\d|60)([.,]\d+)?)?)?"
_TIME: Final = rf"T({_HOUR}|24:00(:00)?)(Z|[+-]\d{{2}}(:?\d{{2}})?)?$"
_REDUCED: Final = rf"^\d{{4}}(-{_MONTH})?$"
# at least one of year, month and day is a hyphen, with a hyphen between each two
_HYPHENS: Final = rf"^(-|\d{{4}})-(-|{_MONTH})--?$|^((-|\d{{4}})---{_DAY}|--{_MONTH}-{_DAY}|-----)(T[\d:-]*)?$"
_ALMOST: Final = r"^\d{4}(-\d{2})?$"


def normal_date(column: pl.Expr) -> pl.Expr:
    """
    Write the blank that many exports put between date and time as ``T``.

    Parameters
    ----------
    column : polars.Expr
        Text.

    Returns
    -------
    polars.Expr
        Text.
    """
    return column.str.strip_chars().str.replace(r"^(\d{4}-\d{2}-\d{2}) +(\d{2}:\d{2})", "${1}T${2}")


def date_state(column: pl.Expr) -> pl.Expr:
    """
    Tell for each text what kind of date it is.

    Parameters
    ----------
    column : polars.Expr
        Text, as `normal_date` gives it.

    Returns
    -------
    polars.Expr
        ``complete``, ``partial``, ``impossible`` (the shape of a date, but no such day, month or time; or a year before
        1850), ``format`` (no ISO 8601), or missing where the text is.

    References
    ----------
    .. [1] CDISC SDTMIG 3.4, 4.4.1 and 4.4.2. ISO 8601-1:2019.

    Examples
    --------
    >>> texts = ["2024-02-29", "2024-02-30", "2024-02", "29FEB2024", None]
    >>> pl.DataFrame({"D": texts}).select(STATE=date_state(pl.col("D")))["STATE"].to_list()
    ['complete', 'impossible', 'partial', 'format', None]
    """
    exists = column.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).is_not_null()
    plausible = column.str.slice(0, 4).cast(pl.Int32, strict=False).fill_null(9999) >= 1850
    time = ~column.str.contains("T", literal=True) | column.str.contains(_TIME)
    return (
        pl.when(column.is_null())
        .then(None)
        .when(column.str.contains(_SHAPE) & exists & time & plausible)
        .then(pl.lit("complete"))
        .when((column.str.contains(_REDUCED) | column.str.contains(_HYPHENS)) & plausible)
        .then(pl.lit("partial"))
        .when(column.str.contains(_SHAPE) | column.str.contains(_ALMOST))
        .then(pl.lit("impossible"))
        .otherwise(pl.lit("format"))
    )
