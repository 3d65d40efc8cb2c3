"""Comparison of the results of two runs."""

from __future__ import annotations

import polars as pl

from onearm.results.table import KEY, check_results

__all__ = ["compare_results"]


def compare_results(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """
    List the results that changed between two runs.

    Parameters
    ----------
    old, new : polars.DataFrame
        Results tables.

    Returns
    -------
    polars.DataFrame
        The key, ``change`` (``added``, ``removed``, ``changed``) and, old beside new, value, text, method and note. Two
        values are equal when they are the same number to the last bit. Empty where nothing changed.
    """
    compared = ["value", "text", "method", "note"]
    pair = check_results(old).join(
        check_results(new),
        on=list(KEY),
        how="full",
        nulls_equal=True,
        coalesce=True,
        suffix="_new",
        maintain_order="left_right",
    )
    side = {
        "added": _keys_only_in(new, old),
        "removed": _keys_only_in(old, new),
    }
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_new")) for name in compared)
    lone = pl.concat([side[name].with_columns(change=pl.lit(name)) for name in side])
    return (
        pair.join(lone, on=list(KEY), how="left", nulls_equal=True)
        .with_columns(pl.col("change").fill_null(pl.when(differs).then(pl.lit("changed"))))
        .filter(pl.col("change").is_not_null())
        .select(*KEY, "change", *(name for column in compared for name in (column, f"{column}_new")))
    )


def _keys_only_in(table: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    return table.select(KEY).join(other.select(KEY), on=list(KEY), how="anti", nulls_equal=True)
