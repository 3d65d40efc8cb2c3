"""Best responses as a physician would write them down, for trials whose source is one row per patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from onearm.simulation.history import History
from onearm.simulation.randomness import Bools, Floats, Ints

__all__ = ["BEST", "Assessment", "assess"]

BEST: Final = ("CR", "PR", "SD", "PD", "NE")
"""Best responses by code."""

CR, PR, SD, PD, NE = range(5)


@dataclass(frozen=True)
class Assessment:
    """
    What the scans of each patient of a block came to. Days count from the first dose.

    Parameters
    ----------
    best : ndarray of int, shape (n,)
        Position in `BEST`; unconfirmed.
    response, progression : ndarray of int, shape (n,)
        Visit of the first response and of progression; the number of visits: none.
    last : ndarray of int, shape (n,)
        Last visit with a scan; -1: none.
    change : ndarray, shape (n, n_visits)
        Sum of the target lesions relative to baseline, percent change.
    """

    best: Ints
    response: Ints
    progression: Ints
    last: Ints
    change: Floats


def assess(history: History, *, stable_at_least_days: int) -> Assessment:
    """
    Judge every scan by RECIST 1.1, and find the best.

    Parameters
    ----------
    history : History
        What was observed.
    stable_at_least_days : int
        Stable disease counts from this day on.

    Returns
    -------
    Assessment
        One entry per enrolled patient.

    References
    ----------
    .. [1] Eisenhauer EA, et al. (2009), Eur J Cancer 45:228-247, section 4.3.
    """
    scanned, day = history.is_scanned, history.course.schedule.day
    lesions, measured = history.lesions, history.course.measured
    start = np.where(lesions.is_target, lesions.size, 0.0).sum(axis=1)
    total = np.where(lesions.is_target[:, None], measured.diameter, 0.0).sum(axis=2)
    change = 100 * (total / start[:, None] - 1)
    complete = _all_gone(history)
    progression = _first(scanned & (np.arange(day.shape[1]) == history.course.progression_visit[:, None]))
    is_before = scanned & (np.arange(day.shape[1]) < progression[:, None])
    # sums of decimals: a millionth of a percent is no shrinkage
    partial = (change <= -30 + 1e-6) & ~complete
    stable = ~complete & ~partial & (day >= stable_at_least_days)
    shown = [is_before & complete, is_before & partial, is_before & stable]
    has = [flags.any(axis=1) for flags in shown] + [progression < day.shape[1]]
    return Assessment(
        best=np.select(has, [CR, PR, SD, PD], NE),
        response=_first(shown[0] | shown[1]),
        progression=progression,
        last=np.where(scanned.any(axis=1), day.shape[1] - 1 - np.argmax(scanned[:, ::-1], axis=1), -1),
        change=change,
    )


def _all_gone(history: History) -> Bools:
    """Whether no lesion of the patient is left; a lymph node is normal below 10 mm."""
    lesions, measured = history.lesions, history.course.measured
    small = np.where(lesions.is_nodal, measured.diameter < 10, measured.diameter == 0)
    targets = small | ~lesions.is_target[:, None]
    others = measured.is_absent | ~lesions.is_non_target[:, None]
    return np.asarray((targets & others).all(axis=2))


def _first(flags: Bools) -> Ints:
    closed = np.column_stack([flags, np.ones(len(flags), dtype=bool)])
    first: Ints = np.argmax(closed, axis=1)
    return first
