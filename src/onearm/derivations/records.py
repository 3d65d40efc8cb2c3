"""The source records as the analyses may see them: dates as dates, nothing after the data cut-off, one assessor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from onearm.data import Source
from onearm.protocol import Protocol
from onearm.rules.dates import impute_dates

__all__ = ["Records", "date_records"]

_STARTS: Final = ("EXSTDT", "RFSTDT", "RFXSTDT", "RFICDT", "RFCSTDT")
_ENDS: Final = ("EXENDT", "RFENDT", "RFXENDT", "RFPENDT", "SSDT")


@dataclass(frozen=True)
class Records:
    """
    Source tables with dates.

    Parameters
    ----------
    tables : mapping of str to polars.DataFrame
        By domain. Each ``--DTC`` text has a date beside it (``AESTDTC``: ``AESTDT``) and a mark of what was imputed
        (``AESTDTF``: D, M or Y; missing where nothing was). No record that began after the cut-off.
    left_out : mapping of str to int
        By domain, how many records began after the cut-off.
    """

    tables: Mapping[str, pl.DataFrame]
    left_out: Mapping[str, int]

    def get(self, domain: str) -> pl.DataFrame | None:
        """
        Give a table, or None where the trial has none.

        Parameters
        ----------
        domain : str
            Lower-case name of the domain.

        Returns
        -------
        polars.DataFrame or None
            None also where the table has no rows.
        """
        table = self.tables.get(domain)
        return table if table is not None and table.height else None


def date_records(source: Source, protocol: Protocol) -> Records:
    """
    Turn the texts of dates into dates and leave out what began after the cut-off.

    Parameters
    ----------
    source : Source
        What was read.
    protocol : Protocol
        ``trial.cutoff`` and the conventions for partial dates.

    Returns
    -------
    Records
        A period that was open at the cut-off has no end; exposure then ends at the cut-off.
    """
    tables: dict[str, pl.DataFrame] = {}
    left_out: dict[str, int] = {}
    for domain, table in source.tables.items():
        dated = _with_dates(table, protocol)
        kept = _until_cutoff(dated, domain, protocol)
        tables[domain] = kept
        if kept.height < dated.height:
            left_out[domain] = dated.height - kept.height
    return Records(tables, left_out)


def _with_dates(table: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    conventions = protocol.conventions
    made: list[pl.DataFrame] = []
    for column in table.columns:
        if not column.endswith("DTC") or column == "DTC":
            continue
        name = column[:-1]
        rule = (
            conventions.start_date
            if name in _STARTS
            else conventions.censor_date
            if name in _ENDS
            else conventions.event_date
        )
        made.append(_imputed(table[column], rule).rename({"date": name, "imputed": f"{name}F"}))
    return pl.concat([table, *made], how="horizontal") if made else table


def _imputed(text: pl.Series, rule: Literal["first", "mid", "last"]) -> pl.DataFrame:
    """Impute each distinct text once: a trial of a million records has a few thousand dates."""
    distinct = text.unique().alias("text")
    found = impute_dates(distinct, rule=rule).select("date", "imputed")
    known = pl.concat([distinct.to_frame(), found], how="horizontal")
    return (
        text.alias("text")
        .to_frame()
        .join(known, on="text", how="left", nulls_equal=True, maintain_order="left")
        .select("date", "imputed")
    )


def _until_cutoff(table: pl.DataFrame, domain: str, protocol: Protocol) -> pl.DataFrame:
    cutoff = protocol.trial.cutoff
    if cutoff is None:
        return table
    prefix = domain[:2].upper()
    dates = [name for name, kind in table.schema.items() if kind == pl.Date]
    if domain == "dm":
        # A death after the cut-off had not happened yet; the same holds for every other date of the subject.
        return table.with_columns(pl.when(pl.col(name) <= cutoff).then(name).alias(name) for name in dates)
    begin = next((name for name in (f"{prefix}STDT", f"{prefix}DT") if name in dates), None)
    kept = table if begin is None else table.filter((pl.col(begin) <= cutoff).fill_null(True))
    end = f"{prefix}ENDT"
    if end in dates:
        later = pl.lit(cutoff) if domain == "ex" else pl.lit(None, dtype=pl.Date)
        kept = kept.with_columns(pl.when(pl.col(end) > cutoff).then(later).otherwise(end).alias(end))
    return kept
