"""VISIT and VISITNUM: the same name for the same planned day in every table."""

from __future__ import annotations

import numpy as np
import polars as pl

from onearm.simulation.randomness import Ints
from onearm.simulation.tables.columns import texts

__all__ = ["visit_columns", "visit_name"]


def visit_name(day: int) -> str:
    """
    Name a planned day.

    Parameters
    ----------
    day : int
        Days from the first dose; 0: screening.

    Returns
    -------
    str
        Weeks where the day falls on one.

    Examples
    --------
    >>> visit_name(0), visit_name(42), visit_name(45)
    ('SCREENING', 'WEEK 6', 'DAY 46')
    """
    if day == 0:
        return "SCREENING"
    return f"WEEK {day // 7}" if day % 7 == 0 else f"DAY {day + 1}"


def visit_columns(planned: Ints, visit: Ints) -> dict[str, pl.Series]:
    """
    Build VISITNUM and VISIT.

    Parameters
    ----------
    planned : ndarray of int
        Days from the first dose on which visits are planned, without screening.
    visit : ndarray of int
        0: screening; k: the k-th planned day.

    Returns
    -------
    dict
        VISITNUM is 1 for screening, else the planned study day, so that it increases with time in every table.
    """
    days = np.concatenate([[0], planned])
    return {
        "VISITNUM": pl.Series((days + 1)[visit]),
        "VISIT": texts([visit_name(int(day)) for day in days], visit),
    }
