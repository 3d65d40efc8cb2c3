"""Partial ISO 8601 dates: which day is taken for one of which only the month or the year is known."""

from __future__ import annotations

import datetime
from typing import Final, Literal

import polars as pl

from onearm.errors import MethodError

__all__ = ["DATE_SCHEMA", "impute_dates"]

DATE_SCHEMA: Final = {
    "date": pl.Date,
    "imputed": pl.String,
    "earliest": pl.Date,
    "latest": pl.Date,
    "is_impossible": pl.Boolean,
}

# an unknown part is left out at the end, or is one hyphen (ISO 8601 as SDTM uses it: 2003---15), or is spelled UN
_PATTERN: Final = r"^(?<year>\d{4}|-)(?:-(?<month>\d{2}|-|UNK?)(?:-(?<day>\d{2}|-|UNK?))?)?(?:[T ].*)?$"
_LEVELS: Final = ("D", "M", "Y")

Bound = datetime.date | pl.Series | None


def impute_dates(
    text: pl.Series,
    *,
    rule: Literal["first", "mid", "last"] = "first",
    highest: Literal["D", "M", "Y"] = "M",
    not_before: Bound = None,
    not_after: Bound = None,
) -> pl.DataFrame:
    """
    Turn complete and partial ISO 8601 dates into days, and mark what was imputed.

    Parameters
    ----------
    text : polars.Series
        Shape ``(n,)``: ``2014-02-12``, ``2014-02``, ``2014``, ``2014---12`` (month unknown), with or without a time,
        which is cut. Empty and missing are no date.
    rule : {"first", "mid", "last"}, default "first"
        First or last possible day; ``mid`` is the 15th of a known month and 30 June of a known year.
    highest : {"D", "M", "Y"}, default "M"
        The most that may be imputed: the day; month and day; or the whole date, which then becomes ``not_before``
        (``not_after`` with the rule ``last``), where that is given. A date that needs more stays missing.
    not_before, not_after : datetime.date or polars.Series, optional
        Bounds for imputed dates, one for all or one per row. A bound is used only where it is one of the possible days,
        so it never contradicts what was recorded. Complete dates are never changed.

    Returns
    -------
    polars.DataFrame
        One row per element: ``date``; ``imputed`` (D the day, M month and day, Y all; missing where nothing was
        imputed, as in --DTF of ADaM); ``earliest`` and ``latest`` possible day; ``is_impossible`` (there is text, but
        it is no date, such as 2014-02-30).

    Raises
    ------
    MethodError
        For an unknown ``rule`` or ``highest``.

    Notes
    -----
    Where the month is unknown a known day is not used: month and day are imputed together. Where both bounds apply,
    ``not_after`` wins.

    References
    ----------
    .. [1] ISO 8601-1:2019, section 5.2.2; CDISC SDTMIG v3.4, section 4.4.2.
    .. [2] CDISC ADaMIG v1.3, section 3.1.5 (date imputation flags).

    Examples
    --------
    >>> impute_dates(pl.Series(["2014-02-12T08:30", "2014-02", "2014", "2014-02-30"]), rule="last").select(
    ...     "date", "imputed", "is_impossible"
    ... ).rows()
    [(datetime.date(2014, 2, 12), None, False),
     (datetime.date(2014, 2, 28), 'D', False),
     (datetime.date(2014, 12, 31), 'M', False),
     (None, None, True)]
    """
    if rule not in ("first", "mid", "last") or highest not in _LEVELS:
        raise MethodError(
            f"impute_dates: found rule={rule!r}, highest={highest!r}; rule must be 'first', 'mid' or 'last', "
            "highest must be 'D', 'M' or 'Y'."
        )
    bounds = [_bound(bound, len(text)) for bound in (not_before, not_after)]
    frame = pl.DataFrame({"text": text.cast(pl.String), "not_before": bounds[0], "not_after": bounds[1]})
    frame = _possible_days(_parts(frame))
    frame = frame.with_columns(date=_chosen_day(rule)).with_columns(date=_within_bounds())
    too_much = pl.col("level").is_not_null() & ~pl.col("level").is_in(_LEVELS[: _LEVELS.index(highest) + 1])
    return frame.select(
        date=pl.when(~too_much.fill_null(False)).then("date"),
        imputed=pl.when(~too_much & pl.col("date").is_not_null()).then("level"),
        earliest="earliest",
        latest="latest",
        is_impossible="is_impossible",
    )


def _bound(bound: Bound, length: int) -> pl.Series:
    """Bound as one date per row."""
    if isinstance(bound, pl.Series):
        return bound.cast(pl.Date)
    return pl.Series([bound], dtype=pl.Date).new_from_index(0, length)


def _parts(frame: pl.DataFrame) -> pl.DataFrame:
    """Year, month and day as numbers, missing where unknown, and what is missing."""
    text = pl.col("text").str.strip_chars().str.to_uppercase()
    frame = frame.with_columns(text=pl.when(text != "").then(text)).with_columns(
        pl.col("text").str.extract_groups(_PATTERN).struct.unnest()
    )
    return frame.with_columns(
        matches=pl.col("text").str.contains(_PATTERN),
        year=pl.col("year").cast(pl.Int32, strict=False),
        month=pl.when(pl.col("year") != "-").then(pl.col("month").cast(pl.Int8, strict=False)),
        day=pl.when(pl.col("year") != "-").then(pl.col("day").cast(pl.Int8, strict=False)),
    ).with_columns(
        level=pl.when(pl.col("text").is_null() | pl.col("year").is_null())
        .then(pl.lit("Y"))
        .when(pl.col("month").is_null())
        .then(pl.lit("M"))
        .when(pl.col("day").is_null())
        .then(pl.lit("D")),
    )


def _possible_days(frame: pl.DataFrame) -> pl.DataFrame:
    """First and last day that the text allows; impossible where there is none."""
    first_month, last_month = pl.col("month").fill_null(1), pl.col("month").fill_null(12)
    day = pl.when(pl.col("month").is_not_null()).then("day")
    # parsing text gives a missing date for 30 February where building it from numbers is an error
    frame = frame.with_columns(
        earliest=_day_of(pl.col("year"), first_month, day.fill_null(1)),
        month_start=_day_of(pl.col("year"), last_month, pl.lit(1)),
        exact=_day_of(pl.col("year"), last_month, day),
    ).with_columns(latest=pl.when(day.is_null()).then(pl.col("month_start").dt.month_end()).otherwise("exact"))
    is_impossible = (~pl.col("matches") | (pl.col("year").is_not_null() & pl.col("latest").is_null())).fill_null(False)
    return frame.with_columns(is_impossible=is_impossible, level=pl.when(~is_impossible).then("level"))


def _day_of(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    text = pl.concat_str(
        year.cast(pl.String).str.zfill(4),
        month.cast(pl.String).str.zfill(2),
        day.cast(pl.String).str.zfill(2),
        separator="-",
    )
    return text.str.to_date("%Y-%m-%d", strict=False)


def _chosen_day(rule: str) -> pl.Expr:
    """Day by the rule; the whole date by its bound."""
    if rule == "mid":
        middle = (
            pl.when(pl.col("level") == "M")
            .then(_day_of(pl.col("year"), pl.lit(6), pl.lit(30)))
            .otherwise(_day_of(pl.col("year"), pl.col("month"), pl.lit(15)))
        )
        return (
            pl.when(pl.col("level").is_null())
            .then("earliest")
            .when(pl.col("level") == "Y")
            .then("not_before")
            .otherwise(middle)
        )
    end, bound = ("earliest", "not_before") if rule == "first" else ("latest", "not_after")
    return pl.when(pl.col("level") == "Y").then(bound).otherwise(end)


def _within_bounds() -> pl.Expr:
    """Move an imputed date to a bound that is one of its possible days."""
    date, low, high = pl.col("date"), pl.col("not_before"), pl.col("not_after")
    is_partial = pl.col("level").is_in(["D", "M"])
    date = pl.when(is_partial & (low > date) & (low <= pl.col("latest"))).then(low).otherwise(date)
    return pl.when(is_partial & (high < date) & (high >= pl.col("earliest"))).then(high).otherwise(date)
