"""
The results table: one row per statistic, raw values only.

A row is identified by `KEY`: which analysis of which parameter in which population and group, of which variable, which
statistic. ``value`` holds the number, unrounded; ``text`` holds what is not a number (a date, a level, "not reached").
A statistic that cannot be estimated has neither and says why in ``note``.

================  =====================================================================================================
column            meaning
================  =====================================================================================================
analysis          name in the registry `onearm.analyses.ANALYSES`, such as ``response_rate``
dataset           dataset that was read, such as ``ADRS``
paramcd           endpoint or parameter, such as ``ORR``, ``PFS``, ``CBOR``; empty where there is none
population        analysis set, such as ``ITT``
group1, level     what the rows are split by, such as ``COHORT`` = ``A``; empty for the whole population
group2, level     a second split, such as a subgroup within a cohort
variable, level   what is described, such as ``SEX`` = ``F``, or ``time`` = ``12`` on a curve
stat              the statistic, such as ``n N p estimate conf_low conf_high median q1 q3 events at_risk survival``
value             the number, or missing
text              a value that is not a number, or missing
unit              unit of ``value``: ``proportion``, ``months``, ``mm``, ``count`` …
method            how it was made, such as ``clopper-pearson`` or ``kaplan-meier, log``
conf_level        0.95 on the bounds of an interval
note              why it could not be estimated, or what to know when reading it
================  =====================================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import polars as pl

from onearm.errors import DataError
from onearm.frames import check_key, conform, empty

__all__ = ["KEY", "SCHEMA", "Rows", "check_results", "concat_results"]

SCHEMA: Final[dict[str, Any]] = {
    "analysis": pl.String,
    "dataset": pl.String,
    "paramcd": pl.String,
    "population": pl.String,
    "group1": pl.String,
    "group1_level": pl.String,
    "group2": pl.String,
    "group2_level": pl.String,
    "variable": pl.String,
    "variable_level": pl.String,
    "stat": pl.String,
    "value": pl.Float64,
    "text": pl.String,
    "unit": pl.String,
    "method": pl.String,
    "conf_level": pl.Float64,
    "note": pl.String,
}
KEY: Final[tuple[str, ...]] = tuple(list(SCHEMA)[:11])


@dataclass
class Rows:
    """
    Collects the rows of one analysis; what they share is said once.

    Parameters
    ----------
    analysis, dataset, paramcd, population : str or None
        Written to every row.
    group1, group1_level, group2, group2_level : str or None
        The split that the rows belong to.

    Examples
    --------
    >>> rows = Rows("response_rate", "ADRS", "ORR", "ITT")
    >>> rows.add("n", 26, unit="count")
    >>> rows.frame().select("paramcd", "stat", "value").row(0)
    ('ORR', 'n', 26.0)
    """

    analysis: str
    dataset: str | None = None
    paramcd: str | None = None
    population: str | None = None
    group1: str | None = None
    group1_level: str | None = None
    group2: str | None = None
    group2_level: str | None = None
    _rows: list[dict[str, Any]] = field(default_factory=list, repr=False)

    def add(
        self,
        stat: str,
        value: float | None = None,
        *,
        text: str | None = None,
        variable: str | None = None,
        level: str | None = None,
        unit: str | None = None,
        method: str | None = None,
        conf_level: float | None = None,
        note: str | None = None,
    ) -> None:
        """
        Add one statistic; NaN becomes missing, infinity is kept.

        Parameters
        ----------
        stat : str
            Name of the statistic.
        value : float, optional
            The unrounded number.
        text : str, optional
            A value that is not a number.
        variable, level : str, optional
            What is described, and which level of it.
        unit, method, note : str, optional
            See the table of columns.
        conf_level : float, optional
            On the bounds of an interval.
        """
        number = None if value is None or value != value else float(value)  # noqa: PLR0124 - NaN differs from itself
        self._rows.append(
            {
                "variable": variable,
                "variable_level": level,
                "stat": stat,
                "value": number,
                "text": text,
                "unit": unit,
                "method": method,
                "conf_level": conf_level,
                "note": note,
            }
        )

    def add_share(self, n: int, total: int, *, variable: str, level: str) -> None:
        """
        Add a count, what it is counted of, and its share.

        Parameters
        ----------
        n, total : int
            Count and denominator; without a denominator the share is missing and a note says so.
        variable, level : str
            What is counted.
        """
        self.add("n", n, variable=variable, level=level, unit="count")
        self.add("N", total, variable=variable, level=level, unit="count")
        share, note = (n / total, None) if total else (None, "no patient")
        self.add("p", share, variable=variable, level=level, unit="proportion", note=note)

    def within(self, group: str, level: str) -> Rows:
        """
        Start collecting for one level of a further split.

        Parameters
        ----------
        group, level : str
            Name of the split and the level.

        Returns
        -------
        Rows
            Empty, with the split as ``group1``, or as ``group2`` where ``group1`` is taken.
        """
        if self.group1 is None:
            return replace(self, group1=group, group1_level=level, _rows=[])
        return replace(self, group2=group, group2_level=level, _rows=[])

    def frame(self) -> pl.DataFrame:
        """
        Give the rows as a table.

        Returns
        -------
        polars.DataFrame
            With exactly the columns of `SCHEMA`.
        """
        if not self._rows:
            return empty(SCHEMA)
        shared = {name: getattr(self, name) for name in KEY[:8]}
        own = [name for name in SCHEMA if name not in shared]
        table = pl.DataFrame(self._rows, schema={name: SCHEMA[name] for name in own})
        return table.select(*(pl.lit(v, dtype=pl.String).alias(k) for k, v in shared.items()), *own)


def check_results(table: pl.DataFrame) -> pl.DataFrame:
    """
    Check the shape, the key and the content of a results table.

    Parameters
    ----------
    table : polars.DataFrame
        Any results table.

    Returns
    -------
    polars.DataFrame
        The same rows with the columns in the order of `SCHEMA`.

    Raises
    ------
    DataError
        For an unknown column, a repeated key, or a row with neither value, text nor note.
    """
    table = conform(table, SCHEMA)
    check_key(table, KEY, where="results")
    silent = table.filter(pl.col("value").is_null() & pl.col("text").is_null() & pl.col("note").is_null())
    if silent.height:
        first = {name: value for name, value in silent.row(0, named=True).items() if value is not None}
        raise DataError(f"results: {silent.height} rows have neither a value nor a note; the first is {first}.")
    return table


def concat_results(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """
    Put results of several analyses into one checked table.

    Parameters
    ----------
    tables : iterable of polars.DataFrame
        Results tables; may be none.

    Returns
    -------
    polars.DataFrame
        All rows, in order.
    """
    parts = [conform(table, SCHEMA) for table in tables]
    return check_results(pl.concat(parts) if parts else empty(SCHEMA))
