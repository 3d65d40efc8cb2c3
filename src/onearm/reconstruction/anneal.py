"""Simulated annealing over patients whose terms are recomputed only where a move touches them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from onearm.reconstruction.terms import Patients, Term

__all__ = ["Move", "anneal", "anneal_in_rounds"]

_HOT: Final = 1.2
_COLD: Final = 0.08
_NOTHING: Final = 1e-12


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
    weights: Sequence[float] | None = None,
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
    weights : sequence of float, optional
        Of the terms; all alike by default.

    Returns
    -------
    float
        Weighted loss of what was found; zero where everything is met.

    References
    ----------
    .. [1] Kirkpatrick S, Gelatt CD, Vecchi MP (1983), Science 220(4598):671-680.
    """
    patients.sorted_times.clear()
    heavy = [1.0] * len(terms) if weights is None else weights
    losses = [weight * term.loss(patients) for term, weight in zip(terms, heavy, strict=True)]
    current = best = sum(losses)
    kept = _copy(patients)
    touching: dict[frozenset[str], list[int]] = {}
    cooling = (_COLD / hot) ** (1 / max(steps, 1))
    temperature = hot
    for _ in range(steps):
        if current <= _NOTHING:
            break
        temperature *= cooling
        move = propose(patients, rng)
        if move is None:
            continue
        patients.sorted_times.clear()
        if move.touched not in touching:
            touching[move.touched] = [i for i, term in enumerate(terms) if term.touches & move.touched]
        concerned = [i for i in touching[move.touched] if terms[i].concerns(patients, move.changed)]
        # the threshold is drawn beforehand: a sum that has passed it need not be finished
        allowed = current - temperature * math.log(1.0 - rng.random())
        changed = _recompute(patients, terms, concerned, losses, heavy, current, allowed)
        if changed is None:
            move.undo()
            continue
        for i, loss in changed.items():
            losses[i] = loss
        current = sum(losses)
        if current < best - 1e-12:
            best, kept = current, _copy(patients)
    patients.codes, patients.labels = kept.codes, kept.labels
    patients.sorted_times.clear()
    patients.restored()
    return best


def _recompute(
    patients: Patients,
    terms: Sequence[Term],
    concerned: Sequence[int],
    losses: Sequence[float],
    weights: Sequence[float],
    current: float,
    allowed: float,
) -> dict[int, float] | None:
    """Compute the terms a move concerns; None as soon as the sum of losses is more than allowed."""
    total = current - sum(losses[i] for i in concerned)
    changed = {}
    for i in concerned:
        changed[i] = weights[i] * terms[i].loss(patients)
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


def anneal_in_rounds(
    patients: Patients,
    terms: Sequence[Term],
    propose: Callable[[Patients, random.Random], Move | None],
    rng: random.Random,
    *,
    steps: int,
    rounds: int = 6,
    hot: float = 0.7,
) -> float:
    """
    Search in rounds, each of which gives more weight to what the rounds before could not meet.

    Parameters
    ----------
    patients : Patients
        Where to begin; changed in place to the best found.
    terms : sequence of Term
        What to meet.
    propose : callable
        As in `anneal`.
    rng : random.Random
        Source of chance.
    steps : int
        Moves of all rounds together; the first takes half of them.
    rounds : int
        Number of rounds.
    hot : float
        Temperature at the beginning of the first round; the others begin at half of it.

    Returns
    -------
    float
        Loss of what was found, not weighted.

    References
    ----------
    .. [1] Morris P (1993), The breakout method for escaping from local minima, AAAI-93, 40-45.
    """
    weights = [1.0] * len(terms)
    best, kept = math.inf, _copy(patients)
    for k in range(rounds):
        share = steps // 2 if not k else steps // (2 * (rounds - 1))
        anneal(patients, terms, propose, rng, steps=share, hot=hot if not k else hot / 2, weights=weights)
        losses = [term.loss(patients) for term in terms]
        if sum(losses) < best:
            best, kept = sum(losses), _copy(patients)
        if best <= _NOTHING:
            break
        weights = [weight + 0.7 * (loss > 0) for weight, loss in zip(weights, losses, strict=True)]
    patients.codes, patients.labels = kept.codes, kept.labels
    patients.sorted_times.clear()
    patients.restored()
    return best
