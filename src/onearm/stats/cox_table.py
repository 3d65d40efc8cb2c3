"""How a fitted Cox model is laid out: as a data frame, and as text for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from onearm.stats.cox_tests import ChiSquared

if TYPE_CHECKING:
    import polars as pl

__all__ = ["coefficient_frame", "coefficient_table", "format_p"]


def coefficient_frame(model: Any, columns: Sequence[str]) -> pl.DataFrame:
    """
    Lay the coefficients of a model out as a data frame.

    Parameters
    ----------
    model : object
        With ``names``, ``level``, ``interval``, ``ties`` and one array for each column.
    columns : sequence of str
        Names of the arrays.

    Returns
    -------
    polars.DataFrame
        One row per covariate; NaN becomes missing.
    """
    import polars as pl

    arrays = {column: getattr(model, column) for column in columns}
    frame = pl.DataFrame({"name": list(model.names), **arrays}).with_columns(pl.col(pl.Float64).fill_nan(None))
    return frame.with_columns(
        pl.lit(model.level).alias("level"), pl.lit(model.interval).alias("interval"), pl.lit(model.ties).alias("ties")
    )


def coefficient_table(model: Any, head: str, tests: Mapping[str, ChiSquared]) -> str:
    """
    Write a model as text.

    Parameters
    ----------
    model : object
        With ``names coef hazard_ratio std_error low high p level interval notes``.
    head : str
        First line.
    tests : mapping of str to ChiSquared
        Tests to print below the coefficients.

    Returns
    -------
    str
        One line per covariate, test and note.
    """
    percent = f"{100 * model.level:g}% {model.interval}"
    rows = [["", "coef", "hazard ratio", "std. error", percent, "p"]]
    for i, name in enumerate(model.names):
        bounds = "-" if np.isnan(model.low[i]) else f"{_number(model.low[i])} to {_number(model.high[i])}"
        numbers = [_number(getattr(model, column)[i]) for column in ("coef", "hazard_ratio", "std_error")]
        rows.append([name, *numbers, bounds, format_p(model.p[i])])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    for name, test in tests.items():
        result = (
            "not computed"
            if np.isnan(test.statistic)
            else f"{test.statistic:.4g} on {test.df} df, p = {format_p(test.p)}"
        )
        lines.append(f"{name} test: {result}")
    return "\n".join([head, *(line.rstrip() for line in lines), *(f"Note: {note}" for note in model.notes)])


def format_p(p: float) -> str:
    """
    Write a p value for a person, with three significant digits.

    Parameters
    ----------
    p : float
        NaN where there is none.

    Returns
    -------
    str
        ``-`` for NaN, ``<1e-16`` below that.
    """
    if np.isnan(p):
        return "-"
    return f"{p:.3g}" if p >= 1e-16 else "<1e-16"


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4g}"
