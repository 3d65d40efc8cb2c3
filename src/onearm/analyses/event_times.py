"""Times of adverse events: how long patients were watched, when events began, how long they lasted."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from onearm.protocol import Protocol
from onearm.results import Rows
from onearm.stats.descriptive import quantile

__all__ = ["describe_times", "patient_time"]

_QUANTILES = (("min", 0.0), ("q1", 0.25), ("median", 0.5), ("q3", 0.75), ("max", 1.0))


def patient_time(subjects: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """
    Say how long each patient was watched for adverse events.

    Parameters
    ----------
    subjects : polars.DataFrame
        Rows of ADSL.
    protocol : Protocol
        ``safety.emergent_days``.

    Returns
    -------
    polars.DataFrame
        ``USUBJID start end days``: from the first dose to ``emergent_days`` after the last, or to the day last known alive
        if that is earlier; missing where the dates are.
    """
    window = pl.col("TRTEDT") + pl.duration(days=protocol.safety.emergent_days)
    return subjects.select(
        "USUBJID", start="TRTSDT", end=pl.min_horizontal(window, "DTHDT", "LSTALVDT", "CUTOFFDT")
    ).with_columns(days=(pl.col("end") - pl.col("start")).dt.total_days() + 1)


def describe_times(
    rows: Rows, marked: Mapping[tuple[str, str], pl.DataFrame], subjects: pl.DataFrame, protocol: Protocol
) -> pl.DataFrame:
    """
    Describe onset and duration of some kinds of adverse events.

    Parameters
    ----------
    rows : Rows
        Collects the results.
    marked : mapping of (str, str) to polars.DataFrame
        Events by variable and level.
    subjects : polars.DataFrame
        Rows of ADSL.
    protocol : Protocol
        Convention of quantiles.

    Returns
    -------
    polars.DataFrame
        ``onset_…``, days from the first dose (day 1) to the first event of each patient; ``duration_…``, days of the events
        that ended; ``ongoing``, events that had not.
    """
    convention = protocol.conventions.quantile
    for (variable, level), events in marked.items():
        if events.is_empty():
            continue
        first = events.group_by(pl.col("USUBJID").cast(pl.String)).agg(pl.col("ASTDT").min())
        first = first.join(subjects.select("USUBJID", "TRTSDT"), on="USUBJID")
        times = {
            "onset": (first["ASTDT"] - first["TRTSDT"]).dt.total_days() + 1,
            "duration": (events["AENDT"] - events["ASTDT"]).dt.total_days() + 1,
        }
        for stem, values in times.items():
            known = values.drop_nulls().to_numpy().astype(float)
            for stat, share in _QUANTILES if known.size else ():
                value = float(quantile(known, share, convention=convention))
                rows.add(
                    f"{stem}_{stat}",
                    value,
                    variable=variable,
                    level=level,
                    unit="days",
                    method=f"quantile, {convention}",
                )
        ongoing = events.filter(pl.col("AENDT").is_null()).height
        rows.add("ongoing", ongoing, variable=variable, level=level, unit="count")
    return rows.frame()
