"""Columns that a person names on the command line: a time, and what means event."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from onearm.errors import DataError, suggest

if TYPE_CHECKING:
    import polars as pl

__all__ = ["EventRule", "SurvivalColumns", "number_series", "parse_event", "survival_columns"]


class EventRule(NamedTuple):
    """
    What means event.

    Attributes
    ----------
    column : str
        Name of the column.
    values : tuple of str
        Values that mean event; the one other value means censored.
    """

    column: str
    values: tuple[str, ...]


class SurvivalColumns(NamedTuple):
    """
    The rows of a table that have everything asked for.

    Attributes
    ----------
    table : polars.DataFrame
        Column ``time`` (Float64), ``event`` (Boolean), and ``group`` (String) where one was asked for.
    left_out : int
        Rows in which one of them is missing.
    """

    table: pl.DataFrame
    left_out: int


def parse_event(text: str) -> EventRule:
    """
    Read ``COLUMN=VALUE``, or ``COLUMN=VALUE,VALUE`` where several values mean event.

    Parameters
    ----------
    text : str
        As typed.

    Returns
    -------
    EventRule
        Column and values.

    Raises
    ------
    DataError
        If there is no value: real files code the event as 1 and as 0, so it must be said.

    Examples
    --------
    >>> parse_event("status=1")
    EventRule(column='status', values=('1',))
    """
    column, equals, values = text.partition("=")
    codes = tuple(part.strip() for part in values.split(",") if part.strip())
    if not (column.strip() and equals and codes):
        raise DataError(f"--event {text}: say which value means event, such as --event {column.strip() or 'status'}=1.")
    return EventRule(column.strip(), codes)


def survival_columns(
    table: pl.DataFrame, *, time: str, event: EventRule, by: str | None = None, where: str
) -> SurvivalColumns:
    """
    Take time, event and group from a table, and leave out rows that lack one.

    Parameters
    ----------
    table : polars.DataFrame
        As read; all columns may be text.
    time : str
        Column of the time.
    event : EventRule
        What means event.
    by : str, optional
        Column of the group.
    where : str
        Name of the file, for messages.

    Returns
    -------
    SurvivalColumns
        In the order of the file.

    Raises
    ------
    DataError
        For a missing column, a time that is no number, or an event column with more than one value for censored.
    """
    import polars as pl

    from onearm.frames import check_columns

    check_columns(table, [name for name in (time, event.column, by) if name is not None], where=where)
    columns = {
        "time": number_series(table[time], where=where),
        "event": _event_series(table[event.column], event, where),
    }
    if by is not None:
        columns["group"] = _text(table[by])
    taken = pl.DataFrame(columns)
    complete = taken.drop_nulls()
    if not complete.height:
        raise DataError(f"{where}: no row has everything that was asked for ({', '.join(columns)}).")
    return SurvivalColumns(complete, taken.height - complete.height)


def number_series(values: pl.Series, *, where: str) -> pl.Series:
    """
    Turn a column into numbers.

    Parameters
    ----------
    values : polars.Series
        Numbers, or text with a decimal point or a decimal comma.
    where : str
        Name of the file, for messages.

    Returns
    -------
    polars.Series
        Float64; missing where the column is.

    Raises
    ------
    DataError
        Naming the first row whose value is no number.
    """
    import polars as pl

    if values.dtype != pl.String:
        return values.cast(pl.Float64).fill_nan(None)
    text = _text(values)
    numbers = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    wrong = numbers.is_null() & text.is_not_null() | numbers.is_nan().fill_null(value=False)
    if wrong.any():
        raise DataError(
            f"{where}, column '{values.name}': {wrong.sum()} values are no numbers, the first in row "
            f"{wrong.arg_true()[0] + 1}."
        )
    return numbers


def _text(values: pl.Series) -> pl.Series:
    """Turn a column into text as a person writes it: 1.0 is 1; empty, NA and a single point are missing."""
    import polars as pl

    if values.dtype.is_float() and (values.drop_nulls() == values.drop_nulls().floor()).all():
        values = values.cast(pl.Int64)
    text = values.cast(pl.String).str.strip_chars()
    return text.set(text.is_in(["", "NA", "."]).fill_null(value=False), None)


def _event_series(values: pl.Series, rule: EventRule, where: str) -> pl.Series:
    """Compare with the values that mean event; of other values there may be only one."""
    text = _text(values)
    codes = [_plain(code) for code in rule.values]
    plain = text.replace({value: _plain(value) for value in text.unique().drop_nulls()})
    found = plain.unique().drop_nulls().sort().to_list()
    problems = [
        f"{where}, column '{rule.column}': no row has the event value '{code}'.{suggest(code, found)}"
        for code in codes
        if code not in found
    ]
    others = [value for value in found if value not in codes]
    if len(others) > 1 and not problems:
        problems = [
            f"{where}, column '{rule.column}': besides the event value {', '.join(rule.values)} there are "
            f"{', '.join(others)}; only one value can mean censored. Name every value that means event, or remove rows."
        ]
    # a file in which no one has had the event yet is no mistake, but only if its one value can be told from a typing error
    elif len(found) == 1 and found[0] in ("0", "false", "FALSE", "N"):
        problems = []
    if problems:
        raise DataError(*problems)
    return plain.is_in(codes)


def _plain(code: str) -> str:
    """Write a number in one way, so that 1, 1.0 and 01 are the same code."""
    try:
        return f"{float(code):g}"
    except ValueError:
        return code
