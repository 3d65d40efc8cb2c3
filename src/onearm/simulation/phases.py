"""Phases of treatment of simulated patients: which dose belongs to which, and when each phase was completed."""

from __future__ import annotations

from itertools import accumulate, takewhile

import numpy as np

from onearm.protocol import Protocol
from onearm.simulation.course import FAR
from onearm.simulation.dosing import Doses, dosing_segments
from onearm.simulation.history import History
from onearm.simulation.randomness import Ints

__all__ = ["last_days", "number_phases", "phase_starts"]


def phase_starts(protocol: Protocol, history: History) -> Ints:
    """
    Say when each phase but the first begins: with the first cycle beyond those of the phases before it, of whichever drug.

    Parameters
    ----------
    protocol : Protocol
        Phases and their cycles; a phase without ``max_cycles`` is the last.
    history : History
        What was given.

    Returns
    -------
    ndarray of int, shape (n, n_phases - 1)
        Days; `FAR`: it was not begun.
    """
    known = takewhile(lambda cycles: cycles is not None, (phase.max_cycles for phase in protocol.phase[:-1]))
    edges = list(accumulate(cycles or 0 for cycles in known))
    n = len(history.stop)
    starts = np.full((n, max(len(protocol.phase) - 1, 0)), FAR, dtype=np.int64)
    for drug, doses in zip(protocol.treatment, history.doses, strict=True):
        cycle = np.arange(doses.start.shape[1]) // len(dosing_segments(drug.dosing_days))
        for number, edge in enumerate(edges):
            beyond = np.where(doses.is_given & (cycle >= edge), doses.start, FAR)
            starts[:, number] = np.minimum(starts[:, number], beyond.min(axis=1, initial=FAR))
    return starts


def number_phases(start: Ints, row: Ints, starts: Ints) -> Ints:
    """
    Say to which phase doses belong.

    Parameters
    ----------
    start : ndarray of int, shape (n_doses,)
        Days on which they begin.
    row : ndarray of int, shape (n_doses,)
        Patients.
    starts : ndarray of int, shape (n, n_phases - 1)
        From `phase_starts`.

    Returns
    -------
    ndarray of int, shape (n_doses,)
        From 0.

    Examples
    --------
    >>> number_phases(np.array([0, 125, 126]), np.array([0, 0, 0]), np.array([[126]])).tolist()
    [0, 0, 1]
    """
    numbers: Ints = (start[:, None] >= starts[row]).sum(axis=1)
    return numbers


def last_days(doses: tuple[Doses, ...], starts: Ints) -> Ints:
    """
    Find the last day with a dose of every phase.

    Parameters
    ----------
    doses : tuple of Doses
        One entry per drug.
    starts : ndarray of int, shape (n, n_phases - 1)
        From `phase_starts`.

    Returns
    -------
    ndarray of int, shape (n, n_phases)
        Days; -1: no dose of that phase.
    """
    n, others = starts.shape
    last = np.full((n, others + 1), -1, dtype=np.int64)
    for one in doses:
        phase = (one.start[:, :, None] >= starts[:, None, :]).sum(axis=2)
        for number in range(others + 1):
            days = np.where(one.is_given & (phase == number), one.end, -1)
            last[:, number] = np.maximum(last[:, number], days.max(axis=1, initial=-1))
    return last
