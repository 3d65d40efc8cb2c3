"""
Whole survival trials by simulation: accrual, follow-up, dropout, an interim look, Kaplan-Meier and one-sample log-rank.

What the asymptotic formulas leave out is in here: the size of the test in small samples, power when the hazards are not
those of the plan, loss to follow-up, and what an estimate looks like after a look that may have stopped the trial.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.binomial import check_proportion
from onearm.stats.design.chunks import run_chunks
from onearm.stats.design.survival_model import SurvivalModel

__all__ = ["SurvivalSimulation", "SurvivalTrial", "as_trial", "simulate_survival"]

LN2 = math.log(2)


@dataclass(frozen=True)
class SurvivalTrial(Framed):
    """
    A survival trial as it is run, and the truth it meets.

    Parameters
    ----------
    n : int
        Patients.
    accrual, followup : float
        Accrual period, uniform entry; and time from its end to the analysis.
    median0 : float
        Median of the historical control, which the test compares with.
    median : float
        True median.
    shape0, shape : float, default 1
        Weibull shape of the control and the truth; hazards need not be proportional.
    loss : float, default 0
        Hazard of loss to follow-up (exponential).
    alpha : float, default 0.05
        One-sided level of the normal critical value.
    critical : float, optional
        Critical value of ``(E - O) / sqrt(E)``; without it the normal quantile.
    look : float, optional
        Calendar time of a futility look; without it there is none.
    look_boundary : float, default 0
        Stop at the look if the statistic is at most this.
    landmark : float, optional
        Time at which survival is estimated; without it the null median.
    """

    n: int
    accrual: float
    followup: float
    median0: float
    median: float
    shape0: float = 1.0
    shape: float = 1.0
    loss: float = 0.0
    alpha: float = 0.05
    critical: float | None = None
    look: float | None = None
    look_boundary: float = 0.0
    landmark: float | None = None

    def __post_init__(self) -> None:
        """Check the numbers, and report all problems."""
        problems = check_proportion("alpha", self.alpha)
        if self.n < 2:
            problems.append(f"n is {self.n}; acceptable is 2 patients or more.")
        if min(self.median0, self.median, self.shape0, self.shape) <= 0:
            problems.append("medians and shapes have to be above 0.")
        if self.accrual < 0 or self.followup < 0 or self.accrual + self.followup <= 0 or self.loss < 0:
            problems.append("accrual, followup and loss have to be 0 or more, and accrual and followup not both 0.")
        if self.look is not None and not 0 < self.look < self.accrual + self.followup:
            problems.append(
                f"the look is at {self.look:g}; acceptable is a time before {self.accrual + self.followup:g}, the end."
            )
        if problems:
            raise MethodError(*problems)


def as_trial(model: SurvivalModel, *, n: int, alpha: float) -> SurvivalTrial:
    """
    Turn the model of a sample size into a trial to simulate, with the alternative as the truth.

    Parameters
    ----------
    model : SurvivalModel
        Null survival, alternative, accrual and follow-up.
    n : int
        Patients.
    alpha : float
        One-sided level.

    Returns
    -------
    SurvivalTrial
        The same trial.

    Raises
    ------
    MethodError
        For a restricted follow-up, which is simulated only without restriction.
    """
    if model.is_restricted:
        raise MethodError("trials with a restricted follow-up are not simulated; acceptable is is_restricted=False.")
    return SurvivalTrial(
        n=n,
        accrual=model.accrual,
        followup=model.followup,
        median0=model.median0,
        median=model.median1,
        shape0=model.shape,
        shape=model.shape,
        loss=model.loss,
        alpha=alpha,
    )


@dataclass(frozen=True)
class SurvivalSimulation(Framed):
    """
    What the trials did; each ``_error`` is the Monte-Carlo standard error of the number before it.

    Parameters
    ----------
    n_trials : int
        Simulated trials.
    reject, reject_error : float
        Proportion that rejected the historical control.
    stop, stop_error : float
        Proportion that stopped at the look.
    events, events_error : float
        Mean number of events in trials that were not stopped.
    patients, patients_error : float
        Mean number of patients entered.
    survival, survival_error : float
        Mean Kaplan-Meier estimate at the landmark, in trials that were not stopped.
    survival_sd : float
        Standard deviation of that estimate between trials.
    median_reached : float
        Proportion of trials, not stopped, in which the Kaplan-Meier curve fell to one half.
    median_estimate, median_error : float
        Middle value of the estimated medians, in trials that reached it, and an approximate error.
    """

    n_trials: int
    reject: float
    reject_error: float
    stop: float
    stop_error: float
    events: float
    events_error: float
    patients: float
    patients_error: float
    survival: float
    survival_error: float
    survival_sd: float
    median_reached: float
    median_estimate: float
    median_error: float


def simulate_survival(
    trial: SurvivalTrial,
    n_trials: int,
    *,
    seed: int,
    workers: int | None = None,
    cluster: str | None = None,
) -> SurvivalSimulation:
    """
    Simulate whole survival trials.

    Parameters
    ----------
    trial : SurvivalTrial
        Plan and truth.
    n_trials : int
        Number of trials, 2 or more.
    seed : int
        Seed; the numbers depend on nothing else.
    workers, cluster : int or str, optional
        Where chunks are computed, see `run_chunks`.

    Returns
    -------
    SurvivalSimulation
        Means with Monte-Carlo errors.

    Examples
    --------
    >>> trial = SurvivalTrial(n=40, accrual=12, followup=12, median0=5.7, median=9.8, alpha=0.025)
    >>> result = simulate_survival(trial, 2000, seed=1, workers=1)
    >>> 0.75 < result.reject < 0.90
    True
    """
    if n_trials < 2:
        raise MethodError(f"{n_trials} trials; acceptable are 2 or more.")
    parts = run_chunks(partial(_chunk, trial), n_trials, seed=seed, chunk=5_000, workers=workers, cluster=cluster)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    stopped = columns["stopped"]
    ran = ~stopped
    reject, reject_error = _mean(columns["rejected"])
    stop, stop_error = _mean(stopped)
    events, events_error = _mean(columns["events"][ran])
    patients, patients_error = _mean(columns["patients"])
    survival, survival_error = _mean(columns["survival"][ran])
    medians = columns["median"][ran]
    reached = medians[np.isfinite(medians)]
    middle = float(np.median(reached)) if reached.size else float("nan")
    return SurvivalSimulation(
        n_trials=n_trials,
        reject=reject,
        reject_error=reject_error,
        stop=stop,
        stop_error=stop_error,
        events=events,
        events_error=events_error,
        patients=patients,
        patients_error=patients_error,
        survival=survival,
        survival_error=survival_error,
        survival_sd=float(columns["survival"][ran].std()) if ran.any() else float("nan"),
        median_reached=reached.size / max(int(ran.sum()), 1),
        median_estimate=middle,
        # the standard error of a sample median of nearly normal values is 1.2533 times that of the mean
        median_error=1.2533 * float(reached.std()) / math.sqrt(reached.size) if reached.size else float("nan"),
    )


def _mean(values: NDArray[np.bool_] | NDArray[np.float64]) -> tuple[float, float]:
    if not values.size:
        return float("nan"), float("nan")
    return float(values.mean()), float(values.std()) / math.sqrt(values.size)


def _chunk(trial: SurvivalTrial, rng: np.random.Generator, size: int) -> dict[str, NDArray[np.float64]]:
    """Simulate some trials: one value per trial and column."""
    shape = (size, trial.n)
    entry = rng.random(shape) * trial.accrual
    death = trial.median * (rng.standard_exponential(shape) / LN2) ** (1 / trial.shape)
    leave = rng.standard_exponential(shape) / trial.loss if trial.loss else np.inf
    end = trial.accrual + trial.followup
    limit = np.minimum(end - entry, leave)
    time, event = np.minimum(death, limit), death <= limit
    z = _statistic(trial, time, event)
    critical = trial.critical if trial.critical is not None else float(ndtri(1 - trial.alpha))
    stopped, patients = np.zeros(size, dtype=bool), np.full(size, float(trial.n))
    if trial.look is not None:
        seen = np.clip(trial.look - entry, 0, None)
        early = np.minimum(time, seen)
        stopped = _statistic(trial, early, event & (time <= seen)) <= trial.look_boundary
        patients[stopped] = (entry <= trial.look).sum(axis=1)[stopped]
    survival, median = _kaplan_meier(time, event, trial.landmark if trial.landmark is not None else trial.median0)
    return {
        "rejected": ~stopped & (z > critical),
        "stopped": stopped,
        "events": event.sum(axis=1).astype(float),
        "patients": patients,
        "survival": survival,
        "median": median,
    }


def _statistic(trial: SurvivalTrial, time: NDArray[np.float64], event: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(E - O) / sqrt(E) of each trial; 0 where nobody has been followed."""
    scaled = time / trial.median0
    expected = LN2 * (scaled if trial.shape0 == 1 else scaled**trial.shape0).sum(axis=1)
    difference = expected - event.sum(axis=1)
    return np.asarray(np.divide(difference, np.sqrt(expected), out=np.zeros_like(expected), where=expected > 0))


def _kaplan_meier(
    time: NDArray[np.float64], event: NDArray[np.bool_], landmark: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Survival at the landmark and median of each trial; times are continuous, so there are no ties."""
    n = time.shape[1]
    # the event flag rides on the last bit of the time through the sort, at a cost of one part in 10^16
    key = (time.view(np.int64) & ~np.int64(1)) | event
    key.sort(axis=1)
    happened, ordered = (key & 1).astype(bool), key.view(np.float64)
    with np.errstate(divide="ignore"):
        factor = np.log1p(-1.0 / np.arange(n, 0, -1))  # the last patient's event takes the curve to 0
    steps = np.where(happened, factor, 0.0)
    survival = np.exp(np.where(ordered <= landmark, steps, 0.0).sum(axis=1))
    curve = np.cumsum(steps, axis=1)
    below = curve <= -LN2 + 1e-12
    first = below.argmax(axis=1)
    median = np.where(below.any(axis=1), np.take_along_axis(ordered, first[:, None], axis=1)[:, 0], np.inf)
    return survival, median
