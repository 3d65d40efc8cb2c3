"""What the figures of single patients share: who is shown, best response, and times in months."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from onearm.terms import BEST_RESPONSES

if TYPE_CHECKING:
    from onearm.protocol import Protocol

__all__ = [
    "NOT_RECORDED",
    "RESPONSE_ORDER",
    "best_responses",
    "largest",
    "months_since",
    "shown_subjects",
    "usable_sizes",
]

Datasets = Mapping[str, pl.DataFrame]
NOT_RECORDED: Final = "Not recorded"
"""Response of a patient who has none in the data, which is not the same as not evaluable."""
RESPONSE_ORDER: Final = {name: rank for rank, name in enumerate(BEST_RESPONSES)}


def shown_subjects(datasets: Datasets, protocol: Protocol, cohort: str | None) -> pl.DataFrame:
    """
    Take the patients of the main analysis set, of one cohort or of all.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adsl`` is read.
    protocol : Protocol
        Names the set.
    cohort : str or None
        Name of the cohort; None takes everybody.

    Returns
    -------
    polars.DataFrame
        Rows of ADSL.
    """
    adsl = datasets["adsl"]
    flag = f"{protocol.main_set}FL"
    if flag in adsl.columns:
        adsl = adsl.filter(pl.col(flag) == "Y")
    return adsl.filter(pl.col("COHORT") == cohort) if cohort is not None else adsl


def best_responses(datasets: Datasets) -> pl.DataFrame:
    """
    Take each patient's best overall response, confirmed where there is one, as derived.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adrs`` is read.

    Returns
    -------
    polars.DataFrame
        ``USUBJID response``.
    """
    adrs = datasets["adrs"]
    code = "CBOR" if (adrs["PARAMCD"] == "CBOR").any() else "BOR"
    chosen = adrs.filter((pl.col("PARAMCD") == code) & pl.col("AVALC").is_not_null())
    return chosen.select("USUBJID", response="AVALC").unique("USUBJID", keep="first", maintain_order=True)


def usable_sizes(datasets: Datasets) -> pl.DataFrame:
    """
    Take the sums of diameters after baseline that a best change may use.

    Parameters
    ----------
    datasets : mapping of str to polars.DataFrame
        ``adtr`` is read; it marks the rows with ``ANL01FL``.

    Returns
    -------
    polars.DataFrame
        Rows of ADTR with a percent change.
    """
    adtr = datasets["adtr"]
    is_baseline = pl.col("ABLFL").eq_missing(pl.lit("Y"))
    usable = (pl.col("PARAMCD") == "SUMDIAM") & (pl.col("ANL01FL") == "Y") & pl.col("PCHG").is_not_null()
    return adtr.filter(usable & ~is_baseline)


def months_since(date: str, start: str, days_per_month: float) -> Any:
    """
    Express the months from one date column to another.

    Parameters
    ----------
    date, start : str
        Names of date columns.
    days_per_month : float
        Days in a month.

    Returns
    -------
    polars.Expr
        Missing where a date is.
    """
    return (pl.col(date) - pl.col(start)).dt.total_days() / days_per_month


def largest(values: pl.Series) -> float:
    """
    Take the largest number of a column.

    Parameters
    ----------
    values : polars.Series
        Numbers, may be missing.

    Returns
    -------
    float
        0 where there is none.
    """
    found = values.drop_nulls().to_list()
    return float(max(found, default=0.0))
