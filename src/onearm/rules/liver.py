"""Peaks of liver tests and the quadrants of Hy's law."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from onearm.frames import check_columns

__all__ = ["BILIRUBIN_LIMIT", "PEAKS", "QUADRANTS", "TRANSAMINASE_LIMIT", "liver_peaks"]

TRANSAMINASE_LIMIT: Final = 3.0
BILIRUBIN_LIMIT: Final = 2.0
_CHOLESTASIS: Final = 2.0
_TOGETHER_DAYS: Final = 30
QUADRANTS: Final = (
    "Hy's law range",
    "Temple's corollary range",
    "hyperbilirubinemia range",
    "below both limits",
)
"""Both limits reached; transaminases only; bilirubin only; neither."""
PEAKS: Final[dict[str, Any]] = {
    "subject": pl.String,
    "transaminase": pl.Float64,
    "bilirubin": pl.Float64,
    "alkaline": pl.Float64,
    "quadrant": pl.String,
    "is_without_cholestasis": pl.Boolean,
    "is_within_30_days": pl.Boolean,
}


def liver_peaks(values: pl.DataFrame) -> pl.DataFrame:
    """
    Take the highest transaminase and bilirubin of each subject, and say which quadrant they lie in.

    Parameters
    ----------
    values : polars.DataFrame
        Values under treatment: ``subject``, ``day`` (date), ``test`` (``ALT``, ``AST``, ``BILI``, ``ALP``; others are passed
        over), ``multiple`` (of the upper limit of normal; rows without it are passed over).

    Returns
    -------
    polars.DataFrame
        One row per subject with the columns of `PEAKS`. ``transaminase`` is the higher peak of ALT and AST; ``quadrant`` is
        missing where one of both peaks is. ``is_without_cholestasis``: no ALP of 2 times the limit or more up to the first
        day with a transaminase of 3 times it (missing where there is no such day or no ALP). ``is_within_30_days``: a
        bilirubin above 2 times the limit on that day or up to 30 days after it.

    Notes
    -----
    Hy's law: transaminases of 3 times the limit or more with bilirubin of more than 2 times it, and no other cause [1]_.
    The plot takes peaks, whenever they were [2]_.

    References
    ----------
    .. [1] U.S. Food and Drug Administration (2009), Guidance for industry. Drug-induced liver injury: premarketing clinical
       evaluation.
    .. [2] Watkins PB et al. (2011), Evaluation of drug-induced serious hepatotoxicity (eDISH), Drug Saf 34:243-252.

    Examples
    --------
    >>> import datetime as dt
    >>> values = pl.DataFrame({"subject": ["1", "1"], "day": [dt.date(2024, 1, 8), dt.date(2024, 1, 15)],
    ...                        "test": ["ALT", "BILI"], "multiple": [4.0, 2.5]})
    >>> liver_peaks(values).select("quadrant", "is_within_30_days").row(0)
    ("Hy's law range", True)
    """
    check_columns(values, ["subject", "day", "test", "multiple"], where="liver tests")
    known = values.filter(pl.col("multiple").is_not_null() & pl.col("multiple").is_finite())
    is_transaminase = pl.col("test").is_in(["ALT", "AST"])
    peaks = known.group_by("subject").agg(
        transaminase=pl.col("multiple").filter(is_transaminase).max(),
        bilirubin=pl.col("multiple").filter(pl.col("test") == "BILI").max(),
        alkaline=pl.col("multiple").filter(pl.col("test") == "ALP").max(),
        risen=pl.col("day").filter(is_transaminase & (pl.col("multiple") >= TRANSAMINASE_LIMIT)).min(),
    )
    dated = known.join(peaks.select("subject", "risen"), on="subject").filter(pl.col("risen").is_not_null())
    since = (pl.col("day") - pl.col("risen")).dt.total_days()
    is_yellow = (pl.col("test") == "BILI") & (pl.col("multiple") > BILIRUBIN_LIMIT)
    before = pl.col("multiple").filter((pl.col("test") == "ALP") & (since <= 0)).max()
    timing = dated.group_by("subject").agg(
        is_without_cholestasis=before < _CHOLESTASIS,
        is_within_30_days=(is_yellow & since.is_between(0, _TOGETHER_DAYS)).any(),
    )
    high, yellow = pl.col("transaminase") >= TRANSAMINASE_LIMIT, pl.col("bilirubin") > BILIRUBIN_LIMIT
    quadrant = (
        pl.when(high.is_null() | yellow.is_null())
        .then(None)
        .when(high & yellow)
        .then(pl.lit(QUADRANTS[0]))
        .when(high)
        .then(pl.lit(QUADRANTS[1]))
        .when(yellow)
        .then(pl.lit(QUADRANTS[2]))
        .otherwise(pl.lit(QUADRANTS[3]))
    )
    return (
        peaks.join(timing, on="subject", how="left")
        .with_columns(quadrant=quadrant.cast(pl.String))
        .select(list(PEAKS))
        .sort("subject")
    )
