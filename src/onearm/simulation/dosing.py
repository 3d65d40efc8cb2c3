"""Doses given: cycles, delays, interruptions, reductions, and when each drug ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onearm.protocol import Protocol, Treatment
from onearm.simulation.course import FAR
from onearm.simulation.randomness import Bools, Ints
from onearm.simulation.toxicity import DoseChanges
from onearm.terms import DAYS_PER_MONTH

__all__ = ["Doses", "DrugEnds", "dosing_segments", "draw_delays", "end_drugs", "give_doses"]


@dataclass(frozen=True)
class DrugEnds:
    """
    When each drug ends, and for what reason.

    Parameters
    ----------
    last_day : ndarray of int, shape (n, n_drugs)
        Last day on which a dose may be given.
    toxicity, duration : ndarray of int, shape (n, n_drugs)
        Day on which toxicity or the longest permitted duration ends the drug; `FAR`: they do not.
    """

    last_day: Ints
    toxicity: Ints
    duration: Ints


@dataclass(frozen=True)
class Doses:
    """
    Doses of one drug: a grid of patients by administrations, in which some are not given.

    Parameters
    ----------
    start, end : ndarray of int, shape (n, n_administrations)
        First and last day of a stretch of days with the drug, from the first dose of the trial.
    level : ndarray of int, shape (n, n_administrations)
        0 is the starting dose.
    is_given : ndarray of bool, shape (n, n_administrations)
        Whether there was any.
    """

    start: Ints
    end: Ints
    level: Ints
    is_given: Bools


def dosing_segments(dosing_days: str) -> list[tuple[int, int]]:
    """
    Read the days of a cycle on which a drug is given.

    Parameters
    ----------
    dosing_days : str
        As in the protocol, such as ``1-14`` or ``1,8``.

    Returns
    -------
    list of tuple of int
        First and last day of each stretch, counted from 0.

    Examples
    --------
    >>> dosing_segments("1-14"), dosing_segments("1,8")
    ([(0, 13)], [(0, 0), (7, 7)])
    """
    parts = [part.split("-") for part in dosing_days.split(",")]
    return sorted((int(part[0]) - 1, int(part[-1]) - 1) for part in parts)


def draw_delays(rng: np.random.Generator, shape: tuple[int, int], *, probability: float, most_days: int) -> Ints:
    """
    Draw how late each cycle begins for other reasons than toxicity.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    shape : tuple of int
        Patients and cycles.
    probability : float
        That a cycle begins late.
    most_days : int
        Uniform from 1 to this.

    Returns
    -------
    ndarray of int
        Days; the first cycle is never late.
    """
    days = rng.integers(1, max(most_days, 1), shape, endpoint=True)
    late = np.where(rng.random(shape) < probability, np.minimum(days, most_days), 0)
    late[:, :1] = 0
    return late


def end_drugs(protocol: Protocol, changes: DoseChanges, last_day: Ints) -> DrugEnds:
    """
    Say when each drug ends.

    Parameters
    ----------
    protocol : Protocol
        Longest duration of each drug.
    changes : DoseChanges
        Toxicity that ends it.
    last_day : ndarray of int, shape (n,)
        Last day on which any drug may be given.

    Returns
    -------
    DrugEnds
        Per patient and drug.
    """
    longest = [
        FAR if drug.max_duration_months is None else int(drug.max_duration_months * DAYS_PER_MONTH)
        for drug in protocol.treatment
    ]
    first = [drug.first_day - 1 for drug in protocol.treatment]
    duration = np.broadcast_to(np.array(longest, dtype=np.int64) + np.array(first), changes.withdrawal.shape)
    last = np.minimum(np.minimum(changes.withdrawal - 1, duration), last_day[:, None])
    return DrugEnds(last, changes.withdrawal, duration)


def give_doses(drug: Treatment, position: int, delays: Ints, changes: DoseChanges, ends: DrugEnds) -> Doses:
    """
    Give the doses of one drug.

    A cycle that would begin during an interruption begins when it is over, and so do those after it; a stretch of days
    that is under way stops. A reduction holds from the next stretch on.

    Parameters
    ----------
    drug : Treatment
        Its cycle and dosing days.
    position : int
        Which drug of the protocol it is.
    delays : ndarray of int, shape (n, n_cycles)
        How late each cycle begins.
    changes : DoseChanges
        Reductions and interruptions.
    ends : DrugEnds
        Last days.

    Returns
    -------
    Doses
        One entry per stretch of dosing days of each cycle.
    """
    n, n_cycles = delays.shape
    starts = drug.first_day - 1 + np.arange(n_cycles) * drug.cycle_days + np.cumsum(delays, axis=1)
    holds = list(zip(changes.hold_start[:, position].T, changes.hold_end[:, position].T, strict=True))
    segments = dosing_segments(drug.dosing_days)
    lead = segments[0][0]
    for begin, over in holds:
        shift = _delay(starts + lead, begin, over)
        starts = np.where(starts + lead >= begin[:, None], starts + shift[:, None], starts)
    shape = (n, n_cycles * len(segments))
    start = np.stack([starts + first for first, _ in segments], axis=2).reshape(shape)
    end = np.stack([starts + last for _, last in segments], axis=2).reshape(shape)
    is_given = np.ones_like(start, dtype=bool)
    for begin, over in holds:
        cut = (start < begin[:, None]) & (end >= begin[:, None])
        end = np.where(cut, begin[:, None] - 1, end)
        is_given &= ~((start >= begin[:, None]) & (start < over[:, None]))
    is_given &= start <= ends.last_day[:, position, None]
    end = np.minimum(end, ends.last_day[:, position, None])
    level = (changes.reduction[:, position, None, :] <= start[:, :, None]).sum(axis=2)
    return Doses(start, end, level, is_given)


def _delay(start: Ints, begin: Ints, over: Ints) -> Ints:
    """Days by which the first dose inside an interruption is late."""
    inside = (start >= begin[:, None]) & (start < over[:, None])
    wait: Ints = np.where(inside, over[:, None] - start, 0).max(axis=1, initial=0)
    return wait
