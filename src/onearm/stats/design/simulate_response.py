"""
Whole response trials by simulation: accrual, delayed and confirmed response, dropout, toxicity, looks.

A rule counts responders; a trial meets patients who respond late, whose response is not confirmed, who leave, and who
keep arriving while the look is awaited. No recursion covers all of this, so trials are simulated patient by patient,
all trials at once. A response counts when it is seen, if it is still there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.chunks import run_chunks
from onearm.stats.design.looks import StoppingRule

__all__ = ["ResponseSimulation", "ResponseTrial", "simulate_response"]

LN2 = math.log(2)


@dataclass(frozen=True)
class ResponseTrial(Framed):
    """
    A response trial as it is run, and the truth it meets. All times are in one unit, such as months.

    Parameters
    ----------
    rule : StoppingRule
        Looks and boundaries on the number of (confirmed) responders.
    response_rate : float
        Probability that a patient's tumour responds, were it watched for ever.
    accrual_rate : float
        Patients per unit of time; arrivals are a Poisson process.
    assess_every : float, default 0
        Interval between assessments, counted from entry; 0 sees every response at once.
    window : float, default 0
        A patient is evaluable this long after entry; a look waits for its last patient.
    median_response_time : float, default 0
        Median of the (exponential) time to response; 0 is at once.
    is_confirmed : bool, default False
        Whether a response counts only if it is still there at a later assessment.
    confirm_after : float, default 0
        Shortest time to that assessment.
    loss_of_response : float, default 0
        Hazard of losing a response before it is confirmed.
    dropout : float, default 0
        Hazard of leaving; a patient who has left has no further assessment and counts as a non-responder unless the
        response was there, and confirmed where that is asked for, before.
    toxicity_rate : float, default 0
        Probability of the toxicity, known when the patient is evaluable.
    toxicity_odds_ratio : float, default 1
        Of toxicity for tumours that respond against those that do not.
    toxicity_stop : tuple of (int or None), optional
        Stop at a look with this many toxicities or more; None where no number stops.
    """

    rule: StoppingRule
    response_rate: float
    accrual_rate: float
    assess_every: float = 0.0
    window: float = 0.0
    median_response_time: float = 0.0
    is_confirmed: bool = False
    confirm_after: float = 0.0
    loss_of_response: float = 0.0
    dropout: float = 0.0
    toxicity_rate: float = 0.0
    toxicity_odds_ratio: float = 1.0
    toxicity_stop: tuple[int | None, ...] | None = None

    def __post_init__(self) -> None:
        """Check the numbers, and report all problems."""
        problems = [
            f"{name} is {getattr(self, name):g}; acceptable is 0 to 1."
            for name in ("response_rate", "toxicity_rate")
            if not 0 <= getattr(self, name) <= 1
        ]
        times = ("assess_every", "window", "median_response_time", "confirm_after", "loss_of_response", "dropout")
        problems += [
            f"{name} is {getattr(self, name):g}; acceptable is 0 or more." for name in times if getattr(self, name) < 0
        ]
        if not self.accrual_rate > 0 or not self.toxicity_odds_ratio > 0:
            problems.append("accrual_rate and toxicity_odds_ratio have to be above 0.")
        if self.toxicity_stop is not None and len(self.toxicity_stop) != len(self.rule.looks):
            problems.append(
                f"{len(self.toxicity_stop)} toxicity boundaries for {len(self.rule.looks)} looks; give one each."
            )
        if problems:
            raise MethodError(*problems)


@dataclass(frozen=True)
class ResponseSimulation(Framed):
    """
    What the trials did; each ``_error`` is a Monte-Carlo standard error.

    Parameters
    ----------
    n_trials : int
        Simulated trials.
    efficacy, futility, toxicity, inconclusive : float
        Proportion of trials with each end; they add up to 1. Toxicity is looked at first.
    efficacy_error, futility_error, toxicity_error, inconclusive_error : float
        Errors of these.
    decided_on, decided_on_error : float
        Mean number of patients whose data the decision used.
    enrolled, enrolled_error : float
        Mean number of patients entered by then, with those who came while the look was awaited.
    duration, duration_error : float
        Mean time to the decision.
    counted_rate, counted_rate_error : float
        Mean proportion of patients counted as responders at the decision: below the true rate where responses come
        late, are not confirmed or patients leave.
    """

    n_trials: int
    efficacy: float
    futility: float
    toxicity: float
    inconclusive: float
    efficacy_error: float
    futility_error: float
    toxicity_error: float
    inconclusive_error: float
    decided_on: float
    decided_on_error: float
    enrolled: float
    enrolled_error: float
    duration: float
    duration_error: float
    counted_rate: float
    counted_rate_error: float


def simulate_response(
    trial: ResponseTrial,
    n_trials: int,
    *,
    seed: int,
    workers: int | None = None,
    cluster: str | None = None,
) -> ResponseSimulation:
    """
    Simulate whole response trials.

    Parameters
    ----------
    trial : ResponseTrial
        Plan and truth.
    n_trials : int
        Number of trials, 2 or more.
    seed : int
        Seed; the numbers depend on nothing else.
    workers, cluster : int or str, optional
        Where chunks are computed, see `run_chunks`.

    Returns
    -------
    ResponseSimulation
        Means with Monte-Carlo errors.

    Examples
    --------
    With immediate, certain response the simulation is the exact recursion.

    >>> from onearm.stats.design.looks import two_stage_rule
    >>> trial = ResponseTrial(two_stage_rule(5, 15, 18, 46), response_rate=0.5, accrual_rate=3)
    >>> result = simulate_response(trial, 20_000, seed=1)
    >>> abs(result.efficacy - 0.80320599) < 4 * result.efficacy_error
    True
    """
    if n_trials < 2:
        raise MethodError(f"{n_trials} trials; acceptable are 2 or more.")
    parts = run_chunks(partial(_chunk, trial), n_trials, seed=seed, chunk=5_000, workers=workers, cluster=cluster)
    columns = np.concatenate(parts, axis=1)
    means = columns.mean(axis=1).tolist()
    errors = (columns.std(axis=1) / math.sqrt(n_trials)).tolist()
    values: dict[str, float] = {}
    for name, mean, error in zip(_COLUMNS, means, errors, strict=True):
        values[name], values[f"{name}_error"] = mean, error
    return ResponseSimulation(n_trials=n_trials, **values)


_COLUMNS = (
    "efficacy",
    "futility",
    "toxicity",
    "inconclusive",
    "decided_on",
    "enrolled",
    "duration",
    "counted_rate",
)


def _chunk(trial: ResponseTrial, rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Simulate some trials: shape (n_columns, n_trials)."""
    n = trial.rule.n
    entry = np.cumsum(rng.standard_exponential((size, n)) / trial.accrual_rate, axis=1)
    responds = rng.random((size, n)) < trial.response_rate
    counted_at = entry + _time_to_count(trial, rng, responds)
    toxic = rng.random((size, n)) < np.where(responds, *_toxicity(trial))
    result = np.zeros((len(_COLUMNS), size))
    open_trials = np.ones(size, dtype=bool)
    for k, look in enumerate(trial.rule.looks):
        now = entry[:, look - 1] + trial.window
        counted = (counted_at[:, :look] <= now[:, None]).sum(axis=1)
        ends = _ends(trial, k, counted, toxic[:, :look].sum(axis=1))
        decided = open_trials & ends.any(axis=0)
        result[:4, decided] = ends[:, decided]
        result[4, decided] = look
        result[5, decided] = (entry <= now[:, None]).sum(axis=1)[decided]
        result[6, decided] = now[decided]
        result[7, decided] = counted[decided] / look
        open_trials &= ~decided
    return result


def _time_to_count(trial: ResponseTrial, rng: np.random.Generator, responds: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Time from entry at which a patient counts as a responder; infinite for those who never do."""
    starts = np.zeros(responds.shape)
    if trial.median_response_time:
        starts = rng.standard_exponential(responds.shape) * trial.median_response_time / LN2
    seen = _next_assessment(trial, starts)
    counts, lost = seen, np.full(responds.shape, np.inf)
    if trial.loss_of_response:
        lost = starts + rng.standard_exponential(responds.shape) / trial.loss_of_response
    if trial.is_confirmed:
        counts = _next_assessment(trial, seen + trial.confirm_after)
    leaves = rng.standard_exponential(responds.shape) / trial.dropout if trial.dropout else np.inf
    is_counted = responds & (counts <= leaves) & (counts < lost)
    return np.where(is_counted, counts, np.inf)


def _next_assessment(trial: ResponseTrial, time: NDArray[np.float64]) -> NDArray[np.float64]:
    if not trial.assess_every:
        return time
    # a response on the day of an assessment is seen on that day; the margin keeps 2 * 0.1 / 0.1 at 2
    return np.asarray(np.maximum(np.ceil(time / trial.assess_every - 1e-9), 1.0) * trial.assess_every)


def _toxicity(trial: ResponseTrial) -> tuple[float, float]:
    """Toxicity rate of tumours that respond and of those that do not, with the given margin and odds ratio."""
    rate, share, ratio = trial.toxicity_rate, trial.response_rate, trial.toxicity_odds_ratio
    if ratio == 1 or rate in (0, 1) or share in (0, 1):
        return rate, rate
    total = 1 + (rate + share) * (ratio - 1)
    both = (total - math.sqrt(total**2 - 4 * ratio * (ratio - 1) * rate * share)) / (2 * (ratio - 1))
    return both / share, (rate - both) / (1 - share)


def _ends(trial: ResponseTrial, k: int, counted: NDArray[np.int64], toxic: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each trial ends at this look for efficacy, futility, toxicity or with neither: shape (4, n_trials)."""
    never = np.zeros(counted.shape, dtype=bool)
    low, high = trial.rule.futility[k], trial.rule.efficacy[k]
    limit = trial.toxicity_stop[k] if trial.toxicity_stop is not None else None
    toxicity = never if limit is None else toxic >= limit
    efficacy = never if high is None else (counted >= high) & ~toxicity
    futility = never if low is None else (counted <= low) & ~toxicity
    is_last = k == len(trial.rule.looks) - 1
    neither = ~(efficacy | futility | toxicity) if is_last else never
    return np.stack([efficacy, futility, toxicity, neither])
