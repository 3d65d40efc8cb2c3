"""The course of the disease in each patient of a block: progression, death, withdrawal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onearm.simulation.assumptions import Assumptions, Death
from onearm.simulation.lesions import Kinetics, Lesions, draw_kinetics, true_sizes
from onearm.simulation.randomness import Bools, Floats, Ints, Stage, generator
from onearm.simulation.scans import (
    Measured,
    NewDisease,
    Schedule,
    draw_new_disease,
    draw_schedule,
    measure,
)
from onearm.simulation.subjects import Subjects, effect_ratio
from onearm.terms import DAYS_PER_MONTH

__all__ = ["FAR", "Course", "draw_course", "first_true", "survival_days"]

FAR = 10**6
"""A day, counted from the first dose, that nobody reaches: an event that does not happen."""

PER_DAY = 1 / DAYS_PER_MONTH

LARGEST_RATIO = 50.0
"""Tumour burden relative to baseline beyond which the hazard of death rises no more."""


@dataclass(frozen=True)
class Course:
    """
    What would happen to each patient, if nothing else came before it. Days count from the first dose.

    Parameters
    ----------
    schedule : Schedule
        Scans.
    measured : Measured
        What they show.
    new_disease : NewDisease
        Progression other than by growth.
    progression_visit : ndarray of int, shape (n,)
        Scan that shows progression; the number of scans: none does.
    progression : ndarray of int, shape (n,)
        Its day.
    death, withdrawal, refusal : ndarray of int, shape (n,)
        Day of death, of withdrawing consent, of refusing more treatment.
    kinetics : Kinetics
        What each lesion does.
    resistance, frailty : ndarray, shape (n,)
        Standard normal: of the resistant fraction on its scale, and of the frailty shared by progression and death.
    """

    schedule: Schedule
    measured: Measured
    new_disease: NewDisease
    progression_visit: Ints
    progression: Ints
    death: Ints
    withdrawal: Ints
    refusal: Ints
    kinetics: Kinetics
    resistance: Floats
    frailty: Floats


def draw_course(
    assumptions: Assumptions, subjects: Subjects, lesions: Lesions, planned: Ints, *, seed: int, block: int
) -> Course:
    """
    Draw the course of the disease.

    Parameters
    ----------
    assumptions : Assumptions
        Growth, hazards and their links.
    subjects : Subjects
        Baseline characteristics.
    lesions : Lesions
        Lesions at baseline.
    planned : ndarray of int, shape (n_visits,)
        Days of planned scans.
    seed, block : int
        Say which random numbers are used.

    Returns
    -------
    Course
        One entry per patient.
    """
    n = len(subjects.age)
    ratio = {
        on: effect_ratio(assumptions.effect, on, subjects, assumptions.lesions.column)
        for on in ("growth", "progression", "death", "resistance")
    }
    random = {stage: generator(seed, block, stage) for stage in Stage}
    kinetics = draw_kinetics(
        random[Stage.GROWTH],
        assumptions.growth,
        (n, lesions.size.shape[1]),
        ratio=ratio["growth"],
        odds=ratio["resistance"],
    )
    schedule = draw_schedule(random[Stage.VISITS], assumptions.visits, planned, n)
    true = true_sizes(lesions.size, kinetics, schedule.day)
    digits = assumptions.lesions.digits
    measured = measure(random[Stage.MEASUREMENTS], assumptions.growth, lesions, true, schedule, digits=digits)
    frail = random[Stage.DEATH].standard_normal(n)
    frailty = np.exp(assumptions.death.frailty_sd * frail)
    resistance = _relative(kinetics.patient_resistant, assumptions.growth.resistant)
    new_disease = draw_new_disease(
        random[Stage.PROGRESSION],
        assumptions.progression,
        ratio["progression"] * frailty * resistance**assumptions.progression.resistance_power,
        np.asarray(lesions.is_non_target.any(axis=1)),
        PER_DAY,
    )
    visit = _progression_visit(schedule, measured, new_disease)
    hazard = _death_hazard(assumptions.death, ratio["death"] * frailty, _burden(lesions, true), visit)
    leaving, rates = random[Stage.FOLLOW_UP], assumptions.follow_up
    return Course(
        schedule=schedule,
        measured=measured,
        new_disease=new_disease,
        progression_visit=visit,
        progression=_day_of(schedule, visit),
        death=_death_days(random[Stage.DEATH], hazard, planned),
        withdrawal=survival_days(leaving, rates.withdrawal_per_month, n),
        refusal=survival_days(leaving, rates.treatment_refusal_per_month, n),
        kinetics=kinetics,
        resistance=kinetics.resistance,
        frailty=frail,
    )


def survival_days(rng: np.random.Generator, hazard_per_month: float, n: int) -> Ints:
    """
    Draw days until an event of constant hazard.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    hazard_per_month : float
        0: it never happens.
    n : int
        Number of patients.

    Returns
    -------
    ndarray of int, shape (n,)
        At least 1; `FAR` where it does not happen.
    """
    waiting = rng.standard_exponential(n)
    if hazard_per_month == 0:
        return np.full(n, FAR)
    return _whole_days(waiting / (hazard_per_month * PER_DAY))


def first_true(flags: Bools) -> Ints:
    """
    Find the first true flag of each row.

    Parameters
    ----------
    flags : ndarray of bool, shape (n, k)
        Any flags.

    Returns
    -------
    ndarray of int, shape (n,)
        Its position; ``k`` where there is none.
    """
    closed = np.column_stack([flags, np.ones(len(flags), dtype=bool)])
    position: Ints = np.argmax(closed, axis=1)
    return position


def _relative(resistant: Floats, median: float) -> Floats:
    ratio: Floats = np.maximum(resistant, 1e-3) / max(median, 1e-3)
    return ratio


def _whole_days(time: Floats) -> Ints:
    days: Ints = np.rint(np.clip(time, 1, FAR)).astype(np.int64)
    return days


def _progression_visit(schedule: Schedule, measured: Measured, new: NewDisease) -> Ints:
    day = schedule.day
    other = (new.new_lesion[:, None] <= day) | (new.non_target[:, None] <= day)
    return first_true(schedule.is_made & (measured.grows | other))


def _day_of(schedule: Schedule, visit: Ints) -> Ints:
    closed = np.column_stack([schedule.day, np.full(len(visit), FAR)])
    day: Ints = closed[np.arange(len(visit)), visit]
    return day


def _burden(lesions: Lesions, true: Floats) -> Floats:
    """Sum of all lesions at baseline and every scan, relative to baseline."""
    present = lesions.is_target | lesions.is_non_target
    start = np.where(present, lesions.size, 0.0).sum(axis=1)
    later = np.where(present[:, None], true, 0.0).sum(axis=2) / start[:, None]
    return np.column_stack([np.ones(len(start)), np.clip(later, 1 / LARGEST_RATIO, LARGEST_RATIO)])


def _death_hazard(model: Death, ratio: Floats, burden: Floats, visit: Ints) -> Floats:
    """Hazard per day from the first dose and from every planned scan on, shape (n, 1 + n_visits)."""
    hazard = model.before_progression_per_month * PER_DAY * ratio[:, None] * burden**model.burden_power
    has_progressed = np.arange(burden.shape[1]) > visit[:, None]
    return np.where(has_progressed, hazard * model.progression_ratio, hazard)


def _death_days(rng: np.random.Generator, hazard: Floats, planned: Ints) -> Ints:
    """Invert the cumulative hazard, which is linear between planned scans and goes on as after the last."""
    edges = np.concatenate([[0], planned])
    steps = hazard[:, :-1] * np.diff(edges)
    cumulative = np.column_stack([np.zeros(len(hazard)), np.cumsum(steps, axis=1)])
    target = rng.standard_exponential(len(hazard))
    interval = (cumulative <= target[:, None]).sum(axis=1) - 1
    rows = np.arange(len(hazard))
    rate = hazard[rows, interval]
    beyond = np.divide(target - cumulative[rows, interval], rate, out=np.full(len(hazard), float(FAR)), where=rate > 0)
    return _whole_days(edges[interval] + beyond)
