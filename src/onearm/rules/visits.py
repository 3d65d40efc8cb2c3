"""Visits that were planned, set against those that took place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from onearm.frames import check_columns

__all__ = ["PLANNED", "compare_visits"]

PLANNED: Final[dict[str, Any]] = {
    "subject": pl.String,
    "planned": pl.Int64,
    "actual": pl.Int64,
    "seq": pl.Int64,
    "status": pl.String,
}


def compare_visits(
    visits: pl.DataFrame, followed: pl.DataFrame, planned: Sequence[int], *, window_days: int
) -> pl.DataFrame:
    """
    Set visits against the days on which they were planned.

    Parameters
    ----------
    visits : polars.DataFrame
        ``subject``, ``day`` (1 is the first day of treatment) and ``seq``, one row per visit.
    followed : polars.DataFrame
        ``subject`` and ``until``, the last day on which a visit was due.
    planned : sequence of int
        Days on which a visit is planned, increasing.
    window_days : int
        How many days early or late a visit may be.

    Returns
    -------
    polars.DataFrame
        One row per subject and planned visit whose window had ended by ``until``, with the columns of `PLANNED`:
        ``actual`` is the day of the nearest visit that is nearer to this planned day than to any other, missing where
        there is none; ``status`` is ``kept``, ``outside`` (the window) or ``missed``. A visit as near to two planned days
        belongs to the earlier one. Visits before half of the first interval belong to no planned day.

    Examples
    --------
    >>> visits = pl.DataFrame({"subject": ["1", "1"], "day": [43, 98], "seq": [1, 2]})
    >>> followed = pl.DataFrame({"subject": ["1"], "until": [200]})
    >>> compare_visits(visits, followed, [43, 85, 127, 169], window_days=7).select("planned", "actual", "status").rows()
    [(43, 43, 'kept'), (85, 98, 'outside'), (127, None, 'missed'), (169, None, 'missed')]
    """
    check_columns(visits, ["subject", "day", "seq"], where="visits")
    check_columns(followed, ["subject", "until"], where="followed")
    days = pl.DataFrame({"planned": list(planned)}, schema={"planned": pl.Int64})
    due = followed.join(days, how="cross").filter(pl.col("planned") + window_days <= pl.col("until"))
    first = planned[0] if len(planned) else 1
    near = (
        visits.filter(pl.col("day") > 1 + (first - 1) / 2)
        # In half days, a little early: a visit as near to two planned days is then nearer to the earlier one.
        .with_columns(pl.col("day").cast(pl.Int64), _half=pl.col("day").cast(pl.Int64) * 2 - 1)
        .sort("_half")
        .join_asof(
            days.with_columns(_twice=pl.col("planned") * 2),
            left_on="_half",
            right_on="_twice",
            strategy="nearest",
        )
        .with_columns(distance=(pl.col("day") - pl.col("planned")).abs())
        .sort("subject", "planned", "distance", "day")
        .unique(["subject", "planned"], keep="first", maintain_order=True)
        .select("subject", "planned", "distance", actual="day", seq=pl.col("seq").cast(pl.Int64))
    )
    table = due.join(near, on=["subject", "planned"], how="left", maintain_order="left")
    status = (
        pl.when(pl.col("actual").is_null())
        .then(pl.lit("missed"))
        .when(pl.col("distance") > window_days)
        .then(pl.lit("outside"))
        .otherwise(pl.lit("kept"))
    )
    return table.with_columns(status=status).select(list(PLANNED)).sort("subject", "planned")
