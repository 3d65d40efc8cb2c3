"""Simulated two-stage trials: a check of the exact numbers, and the distribution of any estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.binomial import pmf
from onearm.stats.design.two_stage import check_boundaries

__all__ = ["TwoStageTrials", "simulate_two_stage"]


@dataclass(frozen=True)
class TwoStageTrials(Framed):
    """
    Simulated two-stage trials.

    Parameters
    ----------
    responders, n : ndarray of int, shape (n_trials,)
        Responders and patients of each trial.
    rejected : ndarray of bool, shape (n_trials,)
        Whether H0 was rejected.
    reject, stop_early, expected_n : float
        Means over trials.
    reject_error, stop_early_error, expected_n_error : float
        Their Monte-Carlo standard errors.
    """

    responders: NDArray[np.int64]
    n: NDArray[np.int64]
    rejected: NDArray[np.bool_]
    reject: float
    stop_early: float
    expected_n: float
    reject_error: float
    stop_early_error: float
    expected_n_error: float


def simulate_two_stage(r1: int, n1: int, r: int, n: int, p: float, n_trials: int, *, seed: int) -> TwoStageTrials:
    """
    Simulate two-stage trials.

    Parameters
    ----------
    r1, n1, r, n : int
        The design.
    p : float
        True response rate, 0 to 1.
    n_trials : int
        Number of trials.
    seed : int
        Seed.

    Returns
    -------
    TwoStageTrials
        Each trial, and means with their Monte-Carlo errors.

    Raises
    ------
    MethodError
        For a rate outside 0 to 1 or fewer than 2 trials.

    Examples
    --------
    >>> trials = simulate_two_stage(5, 15, 18, 46, 0.5, 20_000, seed=1)
    >>> abs(trials.reject - 0.80320599) < 4 * trials.reject_error
    True
    """
    check_boundaries(r1, n1, r, n)
    if not 0 <= p <= 1 or n_trials < 2:
        raise MethodError(f"rate {p:g}, {n_trials} trials; acceptable are a rate from 0 to 1 and 2 trials or more.")
    rng = np.random.default_rng(seed)
    responders = _binomial(rng, n1, p, n_trials)
    goes_on = responders > r1
    responders[goes_on] += _binomial(rng, n - n1, p, int(goes_on.sum()))
    rejected = goes_on & (responders > r)
    reject, went_on = float(rejected.mean()), float(goes_on.mean())
    spread = math.sqrt(went_on * (1 - went_on) / n_trials)
    return TwoStageTrials(
        responders=responders,
        n=np.where(goes_on, n, n1),
        rejected=rejected,
        reject=reject,
        stop_early=1 - went_on,
        expected_n=n1 + (n - n1) * went_on,
        reject_error=math.sqrt(reject * (1 - reject) / n_trials),
        stop_early_error=spread,
        expected_n_error=spread * (n - n1),
    )


def _binomial(rng: np.random.Generator, n: int, p: float, size: int) -> NDArray[np.int64]:
    """Inversion by table: three times as fast as drawing from the general generator for the n of a trial."""
    return np.searchsorted(np.cumsum(pmf(n, [p])[0])[:-1], rng.random(size), side="right")
