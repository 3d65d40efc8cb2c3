"""Simulated annealing over patients whose terms are recomputed only where a move touches them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from onearm.reconstruction.terms import Patients, Term

__all__ = ["Move", "anneal"]

_HOT: Final = 1.2
_COLD: Final = 0.08


class Move(NamedTuple):
    """
    A change that was made to the patients.

    Attributes
    ----------
    touched : frozenset of str
        Endpoints and characteristics that changed.
    undo : callable
        Takes the change back.
    changed : tuple of int
        Patients whose times changed; empty where labels did, or where that is not known.
    """

    touched: frozenset[str]
    undo: Callable[[], None]
    changed: tuple[int, ...] = ()


def anneal(
    patients: Patients,
    terms: Sequence[Term],
    propose: Callable[[Patients, random.Random], Move | None],
    rng: random.Random,
    *,
    steps: int,
    hot: float = _HOT,
) -> float:
    """
    Search for patients that meet every term.

    Parameters
    ----------
    patients : Patients
        Where to begin; changed in place to the best found.
    terms : sequence of Term
        What to meet.
    propose : callable
        Changes the patients and says what it did; None where the change it tried is not allowed.
    rng : random.Random
        Source of chance.
    steps : int
        Moves at most; the search ends as soon as every term is met.
    hot : float
        Temperature at the beginning; it falls geometrically.

    Returns
    -------
    float
        Loss of what was found; zero where everything is met.

    References
    ----------
    .. [1] Kirkpatrick S, Gelatt CD, Vecchi MP (1983), Science 220(4598):671-680.
    """
    losses = [term.loss(patients) for term in terms]
    current = best = sum(losses)
    kept = _copy(patients)
    touching: dict[frozenset[str], list[int]] = {}
    cooling = (_COLD / hot) ** (1 / max(steps, 1))
    temperature = hot
    for _ in range(steps):
        if current <= 1e-12:
            break
        temperature *= cooling
        move = propose(patients, rng)
        if move is None:
            continue
        if move.touched not in touching:
            touching[move.touched] = [i for i, term in enumerate(terms) if term.touches & move.touched]
        concerned = [i for i in touching[move.touched] if terms[i].concerns(patients, move.changed)]
        # the threshold is drawn beforehand: a sum that has passed it need not be finished
        allowed = current - temperature * math.log(1.0 - rng.random())
        changed = _recompute(patients, terms, concerned, losses, current, allowed)
        if changed is None:
            move.undo()
            continue
        for i, loss in changed.items():
            losses[i] = loss
        current = sum(losses)
        if current < best - 1e-12:
            best, kept = current, _copy(patients)
    patients.codes, patients.labels = kept.codes, kept.labels
    patients.restored()
    return best


def _recompute(
    patients: Patients,
    terms: Sequence[Term],
    concerned: Sequence[int],
    losses: Sequence[float],
    current: float,
    allowed: float,
) -> dict[int, float] | None:
    """Compute the terms a move concerns; None as soon as the sum of losses is more than allowed."""
    total = current - sum(losses[i] for i in concerned)
    changed = {}
    for i in concerned:
        changed[i] = terms[i].loss(patients)
        total += changed[i]
        if total > allowed:
            return None
    return changed


def _copy(patients: Patients) -> Patients:
    return Patients(
        patients.n,
        {name: list(codes) for name, codes in patients.codes.items()},
        {name: list(labels) for name, labels in patients.labels.items()},
    )
