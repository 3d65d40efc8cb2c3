"""Scans: when they are planned and made, what they measure, and at which of them progression would show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from onearm.errors import ProtocolError
from onearm.protocol import Protocol
from onearm.simulation.assumptions import Growth, Progression, Visits
from onearm.simulation.lesions import Lesions
from onearm.simulation.randomness import Bools, Floats, Ints, draw_levels

__all__ = [
    "MOST_NEW",
    "Measured",
    "NewDisease",
    "Schedule",
    "draw_new_disease",
    "draw_schedule",
    "measure",
    "planned_days",
]

MOST_NEW: Final = 3
"""New lesions recorded at most; one is progression."""

NEVER: Final = np.inf


@dataclass(frozen=True)
class Schedule:
    """
    When each patient is scanned, as long as scans go on.

    Parameters
    ----------
    planned : ndarray of int, shape (n_visits,)
        Days from the first dose.
    day : ndarray of int, shape (n, n_visits)
        Days from the first dose on which the scan is made.
    is_made : ndarray of bool, shape (n, n_visits)
        False: left out.
    """

    planned: Ints
    day: Ints
    is_made: Bools


@dataclass(frozen=True)
class Measured:
    """
    What the scans show.

    Parameters
    ----------
    diameter : ndarray, shape (n, n_visits, n_places)
        mm; 0 where a lesion is not seen.
    is_absent : ndarray of bool, shape (n, n_visits, n_places)
        Whether a non-target lesion is gone; it stays gone.
    grows : ndarray of bool, shape (n, n_visits)
        Whether the target lesions alone show progression.
    """

    diameter: Floats
    is_absent: Bools
    grows: Bools


@dataclass(frozen=True)
class NewDisease:
    """
    Progression other than by growth.

    Parameters
    ----------
    new_lesion, non_target : ndarray, shape (n,)
        Day from the first dose on which it is there; infinite: never.
    n_new : ndarray of int, shape (n,)
        New lesions at the scan that finds the first.
    organ : ndarray of int, shape (n, 3)
        Where they lie: position in the assumptions' list of organs.
    """

    new_lesion: Floats
    non_target: Floats
    n_new: Ints
    organ: Ints


def planned_days(protocol: Protocol, longest: int) -> Ints:
    """
    List the days on which scans are planned.

    Parameters
    ----------
    protocol : Protocol
        With a schedule in ``[tumour]``.
    longest : int
        Last day of interest, from the first dose.

    Returns
    -------
    ndarray of int
        Days from the first dose; the baseline scan is not among them.

    Raises
    ------
    ProtocolError
        If the protocol plans no scans.

    Examples
    --------
    >>> from onearm.protocol import parse_protocol
    >>> protocol = parse_protocol('''
    ... tumour = { schedule = [{ every_days = 42, until_day = 126 }, { every_days = 63 }] }
    ... sets = { ITT = ["enrolled"] }
    ... [trial]
    ... id = "A"
    ... title = "B"
    ... [endpoint.ORR]
    ... set = "ITT"
    ... success = ["CR", "PR"]''')
    >>> planned_days(protocol, 300).tolist()
    [42, 84, 126, 189, 252]
    """
    if not protocol.tumour.schedule:
        raise ProtocolError(
            "protocol.toml, tumour.schedule: scans cannot be simulated without one, such as [{ every_days = 42 }]."
        )
    days: list[int] = []
    day = 0
    for step in protocol.tumour.schedule:
        end = min(step.until_day or longest, longest)
        while day + step.every_days <= end:
            day += step.every_days
            days.append(day)
    return np.array(days, dtype=np.int64)


def draw_schedule(rng: np.random.Generator, model: Visits, planned: Ints, n: int) -> Schedule:
    """
    Draw the days on which scans are made.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    model : Visits
        Deviations from the plan.
    planned : ndarray of int, shape (n_visits,)
        Days from the first dose.
    n : int
        Number of patients.

    Returns
    -------
    Schedule
        Days increase from scan to scan.
    """
    shape = (n, len(planned))
    gap = int(np.diff(planned, prepend=0).min(initial=planned[0] if len(planned) else 1))
    window = min(model.window_days, (gap - 1) // 2)
    jitter = np.rint(rng.standard_normal(shape) * model.jitter_sd_days)
    day = planned + np.clip(jitter, -window, window).astype(np.int64)
    return Schedule(planned, day, rng.random(shape) >= model.missed)


def measure(
    rng: np.random.Generator, model: Growth, lesions: Lesions, true: Floats, schedule: Schedule, *, digits: int
) -> Measured:
    """
    Measure the lesions at every scan.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    model : Growth
        Error of measurement, and what is too small to be seen.
    lesions : Lesions
        Lesions at baseline.
    true : ndarray, shape (n, n_visits, n_places)
        True diameters, mm.
    schedule : Schedule
        Which scans are made.
    digits : int
        Decimals of a diameter.

    Returns
    -------
    Measured
        Diameters, and where they show progression: a sum 20 % and 5 mm above its smallest so far, or a target seen again
        after all was gone.

    References
    ----------
    .. [1] Eisenhauer EA, et al. (2009), Eur J Cancer 45:228-247, section 4.3.1.
    """
    error = np.exp(model.measurement_sd * rng.standard_normal(true.shape))
    is_gone = (true < model.invisible_mm) & ~lesions.is_nodal
    diameter = np.round(true * error, digits)
    diameter = np.where(lesions.is_nodal, np.maximum(diameter, model.smallest_node_mm), diameter)
    diameter = np.where(is_gone, 0.0, diameter)
    diameter = _clear_of_a_tenth(diameter, lesions, digits=digits)
    total = np.where(lesions.is_target[:, None], diameter, 0.0).sum(axis=2)
    start = np.where(lesions.is_target, lesions.size, 0.0).sum(axis=1)
    seen = np.where(schedule.is_made, total, np.inf)
    before = np.column_stack([start, seen])[:, :-1]
    nadir = np.minimum.accumulate(before, axis=1)
    # sums of decimals: a millionth of a millimetre is no growth
    grows = (total - nadir >= 5 - 1e-6) & (total >= 1.2 * nadir - 1e-6) & ~_targets_normal(diameter, lesions)
    is_absent = np.maximum.accumulate(is_gone | (lesions.is_nodal & (diameter < 10)), axis=1)
    grows = schedule.is_made & (grows | _reappears(diameter, is_absent, lesions, schedule.is_made))
    return Measured(diameter, is_absent, grows)


def _targets_normal(diameter: Floats, lesions: Lesions) -> Bools:
    """Whether all targets are gone or, as nodes, below 10 mm: a complete response of the targets, whatever the sum."""
    small = np.where(lesions.is_nodal, diameter < 10, diameter == 0)
    return np.asarray((small | ~lesions.is_target[:, None]).all(axis=2))


def _reappears(diameter: Floats, is_absent: Bools, lesions: Lesions, is_made: Bools) -> Bools:
    """Whether a target is seen again after a scan that showed no lesion at all; nodes never go."""
    rest = np.asarray((is_absent | ~lesions.is_non_target[:, None]).all(axis=2))
    complete: Bools = is_made & _targets_normal(diameter, lesions) & rest
    if not complete.any():
        return np.zeros(is_made.shape, dtype=bool)
    seen = np.asarray((lesions.is_target[:, None] & ~lesions.is_nodal & (diameter > 0)).any(axis=2))
    again = np.maximum.accumulate(complete, axis=1)[:, :-1] & seen[:, 1:]
    return np.pad(again, ((0, 0), (1, 0)))


def _clear_of_a_tenth(diameter: Floats, lesions: Lesions, *, digits: int) -> Floats:
    """
    Keep the targets of one scan from all being about a tenth of their baseline.

    That is what centimetres typed for millimetres look like, and plain data raise no such doubt: the first target is then
    measured a little larger.
    """
    seen = lesions.is_target[:, None] & (diameter > 0)
    ratio = diameter / lesions.size[:, None]
    tenth = (ratio >= 0.075) & (ratio <= 0.13)
    doubtful = (seen.sum(axis=2) >= 2) & ~(seen & ~tenth).any(axis=2)
    if not doubtful.any():
        return diameter
    row, visit = np.nonzero(doubtful)
    place = seen[row, visit].argmax(axis=1)
    clear = diameter.copy()
    clear[row, visit, place] = np.ceil(0.14 * lesions.size[row, place] * 10**digits) / 10**digits
    return clear


def draw_new_disease(
    rng: np.random.Generator, model: Progression, ratio: Floats, has_non_target: Bools, per_day: float
) -> NewDisease:
    """
    Draw new lesions and unequivocal progression of non-target lesions.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    model : Progression
        Hazards.
    ratio : ndarray, shape (n,)
        Hazard of each patient relative to the one that is assumed.
    has_non_target : ndarray of bool, shape (n,)
        Whether there are any non-target lesions.
    per_day : float
        What a hazard per month is multiplied by to be one per day.

    Returns
    -------
    NewDisease
        Days; the first event of a point process each.
    """
    n = len(ratio)
    new_lesion = _first_event(rng, model.new_lesion_per_month * per_day * ratio)
    non_target = _first_event(rng, model.non_target_per_month * per_day * ratio * has_non_target)
    n_new = 1 + np.minimum(rng.poisson(model.further_new_lesions, n), MOST_NEW - 1)
    return NewDisease(new_lesion, non_target, n_new, draw_levels(rng, model.new_organs, (n, MOST_NEW)))


def _first_event(rng: np.random.Generator, hazard: Floats) -> Floats:
    waiting = rng.standard_exponential(len(hazard))
    day: Floats = np.divide(waiting, hazard, out=np.full(len(hazard), NEVER), where=hazard > 0)
    return day
