"""Newton's method for the log-likelihoods of this room, with a way to notice that there is no maximum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from onearm.stats.cox_likelihood import Evaluation
from onearm.stats.cox_risk import Floats, Indices

__all__ = ["R_CHANGE", "Curvature", "Likelihood", "Maximum", "maximise"]

Likelihood = Callable[[Floats], Evaluation]
Curvature = Callable[[Floats, Evaluation], Floats]

MOST_STEPS: Final = 60
MOST_HALVINGS: Final = 30
R_CHANGE: Final = 1e-9
"""Relative change of the log-likelihood after which R's ``coxph`` takes no further step."""
CLOSE: Final = 1e-10
"""Squared Newton decrement after which one more step is the last: it leaves about the same error in standard errors."""
ROUNDING: Final = 1e-11
"""Share of a log-likelihood that the sums of a million rows may lose to rounding; a smaller loss is none."""
FAR: Final = 30.0
"""No step moves a linear predictor by more than this, so that one bad step cannot leave the range of numbers."""
LONG: Final = 0.05
"""A step that moves the largest linear predictor by more than this, although nothing is gained, runs to infinity."""


class Maximum(NamedTuple):
    """
    Where a log-likelihood is largest.

    Attributes
    ----------
    beta : ndarray of float, shape (n_covariates,)
        Coefficients.
    at : Evaluation
        Value, score and information there.
    escape : ndarray of float, shape (n_covariates,), or None
        Last step, where the likelihood rises along it for ever and ``beta`` is only as far as the steps came.
    gap : float
        What the log-likelihood would still gain along ``escape``; 0 without one.
    steps : int
        Steps taken.
    is_converged : bool
        False where the limit of steps was reached.
    """

    beta: Floats
    at: Evaluation
    escape: Floats | None
    gap: float
    steps: int
    is_converged: bool


def maximise(
    likelihood: Likelihood,
    start: Floats,
    *,
    reach: Floats,
    free: Indices | None = None,
    begin: Evaluation | None = None,
    change: float = 0.0,
    curvature: Curvature | None = None,
) -> Maximum:
    """
    Maximise a concave log-likelihood by Newton's method with step halving.

    Parameters
    ----------
    likelihood : callable
        Takes coefficients, gives an `Evaluation`.
    start : ndarray of float, shape (n_covariates,)
        Where to begin.
    reach : ndarray of float, shape (n_covariates,)
        Range of each covariate, for the judgement whether a step is long.
    free : ndarray of int, optional
        Coefficients to move; all where left out. The others stay as in ``start``.
    begin : Evaluation, optional
        The likelihood at ``start``, where it is known already.
    change : float, default 0
        Stop also once a step changes the log-likelihood by no more than this share of itself.
    curvature : callable, optional
        Gives minus the second derivatives at coefficients and their `Evaluation`, where these are not its information.

    Returns
    -------
    Maximum
        The maximum, or the direction in which there is none.
    """
    free = np.arange(start.size) if free is None else free
    beta, here = start, likelihood(start) if begin is None else begin
    if not free.size:
        return Maximum(beta, here, None, 0.0, 0, True)
    for number in range(MOST_STEPS):
        score = here.score[free]
        matrix = here.information if curvature is None else curvature(beta, here)
        direction = _solve(matrix[np.ix_(free, free)], score)
        step = np.zeros_like(start)
        step[free] = direction
        decrement = float(score @ direction)
        is_long = float(np.abs(step) @ reach) > LONG
        if decrement < CLOSE and is_long:
            return Maximum(beta, here, step, decrement, number, True)
        step *= min(1.0, FAR / max(float(np.abs(step) @ reach), 1e-300))
        after, there, is_better = _advance(likelihood, beta, here, step)
        if decrement < CLOSE or not is_better:
            done = (after, there) if is_better else (beta, here)
            return Maximum(*done, None, 0.0, number + 1, decrement < 1e-6)
        is_settled = abs(there.log_likelihood - here.log_likelihood) <= change * abs(there.log_likelihood)
        beta, here = after, there
        if change and is_settled and not is_long:
            return Maximum(beta, here, None, 0.0, number + 1, True)
    return Maximum(beta, here, None, 0.0, MOST_STEPS, False)


def _advance(likelihood: Likelihood, beta: Floats, here: Evaluation, step: Floats) -> tuple[Floats, Evaluation, bool]:
    """Take the longest of step, step / 2, step / 4 ... that does not lower the likelihood by more than rounding."""
    slack = ROUNDING * (1.0 + abs(here.log_likelihood))
    for _ in range(MOST_HALVINGS):
        after = beta + step
        there = likelihood(after)
        if there.log_likelihood >= here.log_likelihood - slack and np.isfinite(there.information).all():
            return after, there, True
        step = step / 2
    return beta, here, False


def _solve(information: Floats, score: Floats) -> Floats:
    """Newton direction; by least squares where the information is singular to working precision."""
    if not (np.isfinite(information).all() and np.isfinite(score).all()):
        return np.zeros_like(score)
    try:
        direction = np.asarray(np.linalg.solve(information, score), dtype=np.float64)
    except np.linalg.LinAlgError:
        direction = np.asarray(np.linalg.lstsq(information, score)[0], dtype=np.float64)
    if not np.isfinite(direction).all() or score @ direction < 0:
        direction = np.asarray(np.linalg.lstsq(information, score)[0], dtype=np.float64)
    return direction
