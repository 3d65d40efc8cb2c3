"""Delays of cycles by a few days, so that the printed mean and range of the time on a drug come out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from onearm.protocol import Treatment

__all__ = ["free_days", "planned_doses", "spread_days"]


def planned_doses(drug: Treatment, span: int) -> int:
    """
    Count the doses that the plan has in the days from the first dose to the last.

    Parameters
    ----------
    drug : Treatment
        Days of the cycle.
    span : int
        Days, the first dosing day of a cycle being the first of them.

    Returns
    -------
    int
        Doses.

    Examples
    --------
    >>> drug = Treatment(name="drug", unit="mg", dose_levels=(12,), cycle_days=21, dosing_days="1-14")
    >>> planned_doses(drug, 35), planned_doses(drug, 42), planned_doses(drug, 43)
    (28, 28, 29)
    """
    whole, rest = divmod(span, drug.cycle_days)
    return whole * len(drug.days) + sum(rest > day - drug.days[0] for day in drug.days)


def free_days(drug: Treatment, span: int) -> int:
    """
    Say for how long the last dose may be late without a planned dose being skipped.

    Parameters
    ----------
    drug : Treatment
        Days of the cycle.
    span : int
        Days from the first dose to the last.

    Returns
    -------
    int
        Days; 0 for a drug that is given daily.

    Examples
    --------
    >>> drug = Treatment(name="drug", unit="mg", dose_levels=(12,), cycle_days=21, dosing_days="1-14")
    >>> free_days(drug, 35)
    7
    """
    planned, days = planned_doses(drug, span), 0
    while days < drug.cycle_days and planned_doses(drug, span + days + 1) == planned:
        days += 1
    return days


def spread_days(spans: Sequence[int], most: Sequence[int], total: int, rng: np.random.Generator) -> list[int]:
    """
    Lengthen times until they add up.

    Parameters
    ----------
    spans : sequence of int
        Days of each patient.
    most : sequence of int
        By how many days each may be lengthened.
    total : int
        Sum that is wanted.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    list of int
        Days added to each; as many as there can be where the total is out of reach, none where it is exceeded already.

    Examples
    --------
    >>> added = spread_days([10, 10, 10], [0, 4, 9], 36, np.random.default_rng(1))
    >>> added[0], sum(added), all(days <= limit for days, limit in zip(added, [0, 4, 9]))
    (0, 6, True)
    """
    room = np.repeat(np.arange(len(spans)), np.maximum(most, 0))
    wanted = min(max(total - sum(spans), 0), len(room))
    chosen = rng.choice(room, wanted, replace=False) if wanted else room[:0]
    return [int(days) for days in np.bincount(chosen, minlength=len(spans))]
