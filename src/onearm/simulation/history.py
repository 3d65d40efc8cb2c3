"""What was observed in each patient of a block: treatment, scans and follow-up, each ended by what came first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from onearm.protocol import Protocol
from onearm.simulation.assumptions import Assumptions
from onearm.simulation.course import FAR, Course, draw_course, survival_days
from onearm.simulation.dosing import Doses, DrugEnds, draw_delays, end_drugs, give_doses
from onearm.simulation.lesions import Lesions, draw_lesions
from onearm.simulation.limits import latest_start
from onearm.simulation.randomness import Bools, Ints, Stage, draw_levels, generator
from onearm.simulation.scans import planned_days
from onearm.simulation.screening import Screening
from onearm.simulation.subjects import Subjects, draw_subjects
from onearm.simulation.toxicity import DoseChanges, Episodes, change_doses, draw_episodes

__all__ = ["Exit", "History", "Stop", "observe"]


class Stop(IntEnum):
    """Why treatment ended."""

    ONGOING = 0
    PROGRESSION = 1
    TOXICITY = 2
    DEATH = 3
    WITHDRAWAL = 4
    REFUSAL = 5
    COMPLETED = 6


class Exit(IntEnum):
    """Why follow-up ended."""

    ONGOING = 0
    DEATH = 1
    WITHDRAWAL = 2
    LOST = 3


@dataclass(frozen=True)
class History:
    """
    Everything that was observed in the enrolled patients of a block. Days count from the first dose.

    Parameters
    ----------
    subjects : Subjects
        Baseline characteristics.
    lesions : Lesions
        Lesions at baseline.
    course : Course
        What would have happened.
    episodes : Episodes
        Adverse events that would have happened.
    changes : DoseChanges
        What they did to the doses.
    doses : tuple of Doses
        One entry per drug of the protocol.
    consent, enrolment, baseline_scan : ndarray of int, shape (n,)
        Days, 0 or before.
    horizon : ndarray of int, shape (n,)
        Day of the cut-off.
    last_dose : ndarray of int, shape (n,)
        Last day with any drug.
    treatment_end : ndarray of int, shape (n,)
        Day on which the end of treatment was decided; the horizon where it goes on.
    stop, exit : ndarray of int, shape (n,)
        `Stop` and `Exit`.
    follow_up_end : ndarray of int, shape (n,)
        Death, withdrawal, last contact or the horizon.
    therapy_start : ndarray of int, shape (n,)
        First later anticancer therapy; `FAR`: none.
    regimen : ndarray of int, shape (n,)
        Which: position in the assumptions.
    is_scanned : ndarray of bool, shape (n, n_visits)
        Scans that took place.
    is_recorded : ndarray of bool, shape (n, n_episodes)
        Adverse events that were collected.
    safety_end : ndarray of int, shape (n,)
        Last day on which adverse events were collected.
    """

    subjects: Subjects
    lesions: Lesions
    course: Course
    episodes: Episodes
    changes: DoseChanges
    doses: tuple[Doses, ...]
    consent: Ints
    enrolment: Ints
    baseline_scan: Ints
    horizon: Ints
    last_dose: Ints
    treatment_end: Ints
    stop: Ints
    exit: Ints
    follow_up_end: Ints
    therapy_start: Ints
    regimen: Ints
    is_scanned: Bools
    is_recorded: Bools
    safety_end: Ints


def observe(protocol: Protocol, assumptions: Assumptions, screening: Screening, *, seed: int, block: int) -> History:
    """
    Follow the enrolled patients of a block to the cut-off.

    Parameters
    ----------
    protocol : Protocol
        Drugs, schedule of scans.
    assumptions : Assumptions
        Everything else.
    screening : Screening
        The block's part of the screening.
    seed, block : int
        Say which random numbers are used.

    Returns
    -------
    History
        One entry per enrolled patient.
    """
    enrolled = screening.is_enrolled
    n = int(enrolled.sum())
    start = screening.first_dose[enrolled]
    subjects = draw_subjects(generator(seed, block, Stage.SUBJECTS), assumptions, n)
    lesions, subjects = draw_lesions(generator(seed, block, Stage.LESIONS), assumptions, subjects)
    planned = planned_days(protocol, screening.longest_follow_up)
    course = draw_course(assumptions, subjects, lesions, planned, seed=seed, block=block)
    late = assumptions.visits.late_days
    toxic = generator(seed, block, Stage.TOXICITY)
    episodes = draw_episodes(toxic, assumptions.toxicity, protocol, n, late_days=late)
    rest = generator(seed, block, Stage.DOSING)
    before = rest.integers(*assumptions.accrual.baseline_scan_days, n, endpoint=True)
    treated = _treat(rest, protocol, assumptions, course, episodes, horizon=screening.cutoff - start)
    followed = _follow(generator(seed, block, Stage.THERAPY), assumptions, course, treated)
    safety_end = np.minimum(treated.last_dose + assumptions.toxicity.safety_days, followed.follow_up_end)
    return History(
        subjects=subjects,
        lesions=lesions,
        course=course,
        episodes=episodes,
        **treated._asdict(),
        **followed._asdict(),
        consent=screening.consent[enrolled] - start,
        enrolment=screening.enrolment[enrolled] - start,
        baseline_scan=np.maximum(-before, screening.consent[enrolled] - start),
        is_scanned=_scanned(rest, assumptions, course, treated, followed),
        is_recorded=episodes.happens & (episodes.onset <= safety_end[:, None]),
        safety_end=safety_end,
    )


class _Treated(NamedTuple):
    """What `History` says about treatment."""

    horizon: Ints
    changes: DoseChanges
    doses: tuple[Doses, ...]
    last_dose: Ints
    treatment_end: Ints
    stop: Ints


class _Followed(NamedTuple):
    """What `History` says about follow-up."""

    follow_up_end: Ints
    exit: Ints
    therapy_start: Ints
    regimen: Ints


def _treat(
    rng: np.random.Generator,
    protocol: Protocol,
    assumptions: Assumptions,
    course: Course,
    episodes: Episodes,
    *,
    horizon: Ints,
) -> _Treated:
    latest, reason = _planned_end(course, horizon)
    changes = change_doses(episodes, protocol, latest)
    ends = end_drugs(protocol, changes, latest)
    doses = _all_doses(rng, protocol, assumptions, changes, ends, longest=int(horizon.max(initial=0)))
    given = [np.where(drug.is_given, drug.end, 0).max(axis=1, initial=0) for drug in doses]
    # where the protocol names no drug, treatment goes on to its end without records of doses
    last_dose = np.max(given, axis=0) if given else np.maximum(latest, 0)
    return _Treated(horizon, changes, doses, last_dose, *_treatment_end(ends, latest, reason))


def _planned_end(course: Course, horizon: Ints) -> tuple[Ints, Ints]:
    """Last day on which a dose may be given, toxicity apart, and why it is the last."""
    # nothing is given on the day of an end; on one day, what stands first here is the reason
    ends = [course.death, course.withdrawal, course.progression, course.refusal]
    candidates = np.column_stack([horizon, *(day - 1 for day in ends)])
    reasons = np.array([Stop.ONGOING, Stop.DEATH, Stop.WITHDRAWAL, Stop.PROGRESSION, Stop.REFUSAL])
    first = candidates.argmin(axis=1)
    return candidates.min(axis=1), reasons[first]


def _all_doses(
    rng: np.random.Generator,
    protocol: Protocol,
    assumptions: Assumptions,
    changes: DoseChanges,
    ends: DrugEnds,
    *,
    longest: int,
) -> tuple[Doses, ...]:
    """Cycles of one length begin together, whatever the drug."""
    delays: dict[int, Ints] = {}
    late = assumptions.visits.late_days
    for drug in protocol.treatment:
        if drug.cycle_days not in delays:
            shape = (len(ends.last_day), longest // drug.cycle_days + 1)
            together = [other for other in protocol.treatment if other.cycle_days == drug.cycle_days]
            holds = assumptions.toxicity.hold_days
            most = min(latest_start(other, late, hold_days=holds) for other in together)
            delays[drug.cycle_days] = draw_delays(
                rng, shape, probability=assumptions.visits.late_cycles, most_days=most
            )
    return tuple(
        give_doses(drug, position, delays[drug.cycle_days], changes, ends)
        for position, drug in enumerate(protocol.treatment)
    )


def _treatment_end(ends: DrugEnds, latest: Ints, reason: Ints) -> tuple[Ints, Ints]:
    """Day and reason of the end of all treatment: the last drug's, where none is left."""
    after = np.where(reason == Stop.ONGOING, latest, latest + 1)
    if not ends.toxicity.shape[1]:
        return after, reason
    own = np.minimum(ends.toxicity, ends.duration)
    last = own.argmax(axis=1)
    rows = np.arange(len(latest))
    day = own[rows, last]
    all_over = day <= latest
    cause = np.where(ends.toxicity[rows, last] <= ends.duration[rows, last], Stop.TOXICITY, Stop.COMPLETED)
    return np.where(all_over, day, after), np.where(all_over, cause, reason)


def _follow(rng: np.random.Generator, assumptions: Assumptions, course: Course, treated: _Treated) -> _Followed:
    n = len(treated.stop)
    model, ended = assumptions.subsequent_therapy, treated.treatment_end
    has_stopped = treated.stop != Stop.ONGOING
    after = survival_days(rng, assumptions.follow_up.loss_per_month, n)
    lost = np.where(has_stopped, ended + after, FAR)
    candidates = np.column_stack([course.death, course.withdrawal, treated.horizon, lost])
    reasons = np.array([Exit.DEATH, Exit.WITHDRAWAL, Exit.ONGOING, Exit.LOST])
    end, exit_reason = candidates.min(axis=1), reasons[candidates.argmin(axis=1)]
    # who is lost was heard of last at a contact that did take place
    every = assumptions.follow_up.contact_every_days
    end = np.where(exit_reason == Exit.LOST, ended + after // every * every, end)
    least, mean = model.lag_days
    therapy = ended + least + np.floor(mean * rng.standard_exponential(n)).astype(np.int64)
    is_given = has_stopped & (rng.random(n) < model.probability) & (therapy < end)
    return _Followed(end, exit_reason, np.where(is_given, therapy, FAR), draw_levels(rng, model.regimens, n))


def _scanned(
    rng: np.random.Generator, assumptions: Assumptions, course: Course, treated: _Treated, followed: _Followed
) -> Bools:
    """Scans go on to progression, a later therapy or the end of follow-up; after treatment only in some patients."""
    day, end = course.schedule.day, followed.follow_up_end
    goes_on = rng.random(len(end)) < assumptions.follow_up.scans_after_treatment
    last = np.minimum(np.where(goes_on, end, treated.treatment_end), followed.therapy_start - 1)
    # nobody is scanned on the day of death
    last = np.minimum(np.minimum(last, end), course.death - 1)
    visits = np.arange(day.shape[1])
    is_made: Bools = course.schedule.is_made & (day <= last[:, None]) & (visits <= course.progression_visit[:, None])
    return is_made
