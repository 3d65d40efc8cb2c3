"""Adverse events: which, when, of what grade, through which drug, and what is done to its dose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate

import numpy as np
from scipy.special import ndtri

from onearm.errors import ProtocolError, suggest
from onearm.protocol import Protocol
from onearm.simulation.assumptions import Event, GradeActions, Toxicity
from onearm.simulation.course import FAR
from onearm.simulation.limits import has_limit, longest_hold
from onearm.simulation.randomness import Bools, Floats, Ints

__all__ = ["Action", "DoseChanges", "Episodes", "change_doses", "draw_episodes"]

MOST_HOLDS = 3
"""Interruptions of one drug in one patient; further ones leave the dose as it is."""


class Action(IntEnum):
    """What is done to the drug that caused the event; ``NOT_APPLICABLE`` where it is no longer given."""

    NONE = 0
    REDUCED = 1
    INTERRUPTED = 2
    WITHDRAWN = 3
    NOT_APPLICABLE = 4


@dataclass(frozen=True)
class Episodes:
    """
    Adverse events: a grid of patients by episodes, in which an episode may not happen.

    Parameters
    ----------
    event : ndarray of int, shape (n_episodes,)
        Position of the event in the assumptions: each has a first episode and one return.
    happens : ndarray of bool, shape (n, n_episodes)
        Whether it would happen if the patient were watched for ever.
    onset, end : ndarray of int, shape (n, n_episodes)
        Days from the first dose; onset is at least 1.
    grade : ndarray of int, shape (n, n_episodes)
        1 to 4.
    drug : ndarray of int, shape (n, n_episodes)
        Position of the drug in the protocol that caused it; -1: not related.
    action : ndarray of int, shape (n, n_episodes)
        `Action` that would be taken.
    hold : ndarray of int, shape (n, n_episodes)
        Days of interruption, if that is the action.
    ends_all : ndarray of bool, shape (n, n_episodes)
        Whether all drugs are withdrawn, if one is.
    """

    event: Ints
    happens: Bools
    onset: Ints
    end: Ints
    grade: Ints
    drug: Ints
    action: Ints
    hold: Ints
    ends_all: Bools


@dataclass(frozen=True)
class DoseChanges:
    """
    What the adverse events did to each drug.

    Parameters
    ----------
    action : ndarray of int, shape (n, n_episodes)
        `Action` that was taken, as the protocol allows.
    withdrawal : ndarray of int, shape (n, n_drugs)
        Day on which toxicity ends the drug; `FAR`: it does not.
    reduction : ndarray of int, shape (n, n_drugs, n_reductions)
        Days of the reductions in order; `FAR`: none.
    hold_start, hold_end : ndarray of int, shape (n, n_drugs, 3)
        Interruptions in order: first day without the drug and first day on which it may be given again.
    """

    action: Ints
    withdrawal: Ints
    reduction: Ints
    hold_start: Ints
    hold_end: Ints


def draw_episodes(
    rng: np.random.Generator, model: Toxicity, protocol: Protocol, n: int, *, late_days: int = 0
) -> Episodes:
    """
    Draw the adverse events of patients who would be watched for ever.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    model : Toxicity
        Probabilities, times and grades.
    protocol : Protocol
        Its drugs, and how long each may be interrupted.
    n : int
        Number of patients.
    late_days : int
        By how many days a cycle may begin late; an interruption leaves room for them within the protocol's limits.

    Returns
    -------
    Episodes
        First episodes of all events, then their returns.

    Raises
    ------
    ProtocolError
        If an event names a drug that the protocol lacks.
    """
    k = len(model.event)
    ever, severe = (np.array([getattr(e, name) for e in model.event]) for name in ("any_grade", "grade_3_or_more"))
    common = np.sqrt(model.shared) * rng.standard_normal((n, 1))
    happens = common + np.sqrt(1 - model.shared) * rng.standard_normal((n, k)) < _quantile(
        np.minimum(ever / model.watched, 1.0)
    )
    given = np.divide(severe, ever, out=np.zeros(k), where=ever > 0)
    is_severe = rng.random((n, k)) < given
    low = np.where(rng.random((n, k)) < model.grade_2, 2, 1)
    high = np.where(rng.random((n, k)) < model.grade_4, 4, 3)
    wait = np.array([e.median_onset_days or model.median_onset_days for e in model.event]) / np.log(2)
    last = np.array([e.median_duration_days or model.median_duration_days for e in model.event])
    gap = np.ceil(wait * rng.standard_exponential((2, n, k))).astype(np.int64)
    length = np.ceil(last * np.exp(model.duration_sd * rng.standard_normal((2, n, k)))).astype(np.int64)
    gap = np.maximum(gap, 1)
    end = gap[0] + length[0]
    drug = np.column_stack([_causes(rng, event, protocol, n) for event in model.event]) if k else np.zeros((n, 0), int)
    grade = np.where(is_severe, high, low)
    back = rng.random((n, k)) < model.recurrence
    both = np.column_stack([grade, np.minimum(grade, low)])  # a return is never graver: the first grade is the worst
    drugs = np.column_stack([drug, drug])
    return Episodes(
        event=np.tile(np.arange(k), 2),
        happens=np.column_stack([happens, happens & back]),
        onset=np.column_stack([gap[0], end + gap[1]]),
        end=np.column_stack([end, end + gap[1] + length[1]]),
        grade=both,
        drug=drugs,
        action=_wished_action(rng, model, both, drugs),
        hold=_hold_days(rng, model, protocol, drugs, late_days=late_days),
        ends_all=rng.random(both.shape) < model.all_withdrawn,
    )


def _quantile(probability: Floats) -> Floats:
    quantile: Floats = ndtri(probability)
    return quantile


def _causes(rng: np.random.Generator, event: Event, protocol: Protocol, n: int) -> Ints:
    names = [drug.name for drug in protocol.treatment]
    unknown = [name for name in event.drugs if name not in names]
    if unknown:
        raise ProtocolError(
            f"assumptions.toml, toxicity.event {event.term!r}: no drug of the protocol is called {unknown[0]!r}."
            f"{suggest(unknown[0], names)}"
        )
    if not event.drugs:
        return np.full(n, -1)
    positions = np.array([names.index(name) for name in event.drugs])
    return positions[rng.integers(0, len(positions), n)]


def _wished_action(rng: np.random.Generator, model: Toxicity, grade: Ints, drug: Ints) -> Ints:
    limits = np.array([_limits(actions) for actions in model.actions.by_grade])[grade - 1]
    draw = rng.random(grade.shape)
    action = np.select(
        [draw < limits[..., 0], draw < limits[..., 1], draw < limits[..., 2]],
        [Action.REDUCED, Action.INTERRUPTED, Action.WITHDRAWN],
        Action.NONE,
    )
    return np.where(drug < 0, Action.NONE, action).astype(np.int64)


def _limits(actions: GradeActions) -> list[float]:
    return list(accumulate([actions.reduced, actions.interrupted, actions.withdrawn]))


def _hold_days(rng: np.random.Generator, model: Toxicity, protocol: Protocol, drug: Ints, *, late_days: int) -> Ints:
    days = rng.integers(*model.hold_days, drug.shape, endpoint=True)
    most = [longest_hold(d, late_days, hold_days=model.hold_days) for d in protocol.treatment] or [model.hold_days[1]]
    allowed: Ints = np.minimum(days, np.array(most)[drug])
    return allowed


def change_doses(episodes: Episodes, protocol: Protocol, last_day: Ints) -> DoseChanges:
    """
    Apply the protocol's dose rules to the adverse events.

    A drug that cannot be reduced is interrupted instead; one whose reductions are all used is withdrawn.

    Parameters
    ----------
    episodes : Episodes
        Adverse events and the action that each calls for.
    protocol : Protocol
        Dose levels of each drug.
    last_day : ndarray of int, shape (n,)
        Last day on which any drug may be given; later events change nothing.

    Returns
    -------
    DoseChanges
        Per patient and drug.
    """
    n, drugs = len(last_day), protocol.treatment
    most = max((len(drug.dose_levels) for drug in drugs), default=1) - 1
    action = np.where(episodes.onset > last_day[:, None], Action.NOT_APPLICABLE, episodes.action)
    action = np.where(episodes.happens, action, Action.NOT_APPLICABLE)
    withdrawal = np.full((n, len(drugs)), FAR)
    reduction = np.full((n, len(drugs), most), FAR)
    holds = np.full((2, n, len(drugs), MOST_HOLDS), FAR)
    for d, drug in enumerate(drugs):
        caused = episodes.drug == d
        if len(drug.dose_levels) == 1:
            action = np.where(caused & (action == Action.REDUCED), Action.INTERRUPTED, action)
        if drug.interruptions_stop is not None:
            number = _rank(episodes.onset, caused & (action == Action.INTERRUPTED))
            action = np.where(number >= drug.interruptions_stop - 1, Action.WITHDRAWN, action)
        rank = _rank(episodes.onset, caused & (action == Action.REDUCED))
        action = np.where(rank >= len(drug.dose_levels) - 1, Action.WITHDRAWN, action)
        withdrawn = caused & (action == Action.WITHDRAWN)
        withdrawal[:, d] = np.where(withdrawn, episodes.onset, FAR).min(axis=1, initial=FAR)
        over = caused & (episodes.onset >= withdrawal[:, d, None])
        first = withdrawn & (_rank(episodes.onset, withdrawn) == 0)
        action = np.where(over & ~first, Action.NOT_APPLICABLE, action)
        reduced = np.where(caused & (action == Action.REDUCED), episodes.onset, FAR)
        reduction[:, d] = _first_sorted(reduced, most)
        action = np.where(
            _rank(episodes.onset, caused & (action == Action.INTERRUPTED)) >= MOST_HOLDS, Action.NONE, action
        )
        held = caused & (action == Action.INTERRUPTED)
        holds[0, :, d] = _first_sorted(np.where(held, episodes.onset, FAR), MOST_HOLDS)
        holds[1, :, d] = _first_sorted(np.where(held, episodes.onset + episodes.hold, FAR), MOST_HOLDS)
        if has_limit(drug):
            holds[:, :, d] = _apart(holds[:, :, d], drug.cycle_days)
            kept = (episodes.onset[:, :, None] == holds[0, :, d][:, None, :]).any(axis=2)
            action = np.where(held & ~kept, Action.NONE, action)
    ends_all = episodes.ends_all & (action == Action.WITHDRAWN)
    day = np.where(ends_all, episodes.onset, FAR).min(axis=1, initial=FAR)
    action = np.where(episodes.onset > day[:, None], Action.NOT_APPLICABLE, action)
    return DoseChanges(action, np.minimum(withdrawal, day[:, None]), reduction, holds[0], holds[1])


def _rank(onset: Ints, flags: Bools) -> Ints:
    """Say which of the flagged episodes of a patient each is, by onset; -1 where it is not flagged."""
    order = np.argsort(np.where(flags, onset, FAR), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(onset.shape[1])[None], axis=1)
    return np.where(flags, rank, -1)


def _apart(holds: Ints, cycle_days: int) -> Ints:
    """
    Leave out an interruption that begins before a dose was given after the one before it.

    The drug is paused already, and two pauses without a dose between them would be one that is longer than allowed.
    """
    holds = holds.copy()
    ended = holds[1, :, 0].copy()
    for k in range(1, holds.shape[2]):
        again = holds[0, :, k] < ended + cycle_days
        ended = np.where(again, ended, holds[1, :, k])
        holds[:, again, k] = FAR
    return holds


def _first_sorted(days: Ints, k: int) -> Ints:
    ordered = np.sort(days, axis=1)[:, :k]
    return np.pad(ordered, ((0, 0), (0, k - ordered.shape[1])), constant_values=FAR)
