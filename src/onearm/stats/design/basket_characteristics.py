"""
Operating characteristics of basket trials over scenarios.

A cohort is declared active if the posterior probability that its rate exceeds the threshold is above a cut-off.
Independent and pooled analyses are exact. The hierarchical model is exact where all outcomes can be listed, and
simulated with its Monte-Carlo error where they cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.design.basket import HierarchicalGrid, HierarchicalPrior
from onearm.stats.design.beta_posterior import check_prior
from onearm.stats.design.binomial import check_proportion, pmf
from onearm.stats.design.chunks import run_chunks

__all__ = ["MODELS", "BasketCharacteristics", "BasketModel", "basket_characteristics", "calibrate_cutoff"]

MODELS = ("independent", "pooled", "hierarchical")
_LISTABLE = 50_000
"""Outcomes up to which a trial is enumerated rather than simulated."""


@dataclass(frozen=True)
class BasketModel(Framed):
    """
    How a basket trial is analysed.

    Parameters
    ----------
    n : tuple of int
        Patients of each cohort.
    threshold : float
        Response rate to exceed.
    model : str, default "hierarchical"
        One of `MODELS`.
    prior : tuple of float, default (1, 1)
        Beta prior, for the independent and the pooled model.
    hierarchical : HierarchicalPrior, optional
        For the hierarchical model; without it, centred on the threshold.
    """

    n: tuple[int, ...]
    threshold: float
    model: str = "hierarchical"
    prior: tuple[float, float] = (1.0, 1.0)
    hierarchical: HierarchicalPrior | None = None

    def __post_init__(self) -> None:
        """Check the numbers, and report all problems."""
        problems = check_proportion("threshold", self.threshold) + check_prior(self.prior)
        if self.model not in MODELS:
            problems.append(f"unknown model '{self.model}'.{suggest(self.model, MODELS)}")
        if not self.n or min(self.n) < 1:
            problems.append(
                f"cohorts have {', '.join(map(str, self.n))} patients; acceptable are numbers of 1 or more."
            )
        if problems:
            raise MethodError(*problems)


@dataclass(frozen=True)
class BasketCharacteristics:
    """
    What the analysis does in each scenario.

    Parameters
    ----------
    rates : ndarray, shape (n_scenarios, n_cohorts)
        True response rates.
    declared : ndarray, shape (n_scenarios, n_cohorts)
        Probability that each cohort is declared active.
    false_any : ndarray, shape (n_scenarios,)
        Probability that any cohort with a rate at or below the threshold is declared active; 0 where there is none.
    error : ndarray, shape (n_scenarios, n_cohorts)
        Monte-Carlo standard error of ``declared``; 0 where it is exact.
    false_any_error : ndarray, shape (n_scenarios,)
        The same for ``false_any``.
    cutoff : float
        Posterior probability above which a cohort is declared active.
    method : str
        ``exact`` or ``simulated, <number> trials``.
    """

    rates: NDArray[np.float64]
    declared: NDArray[np.float64]
    false_any: NDArray[np.float64]
    error: NDArray[np.float64]
    false_any_error: NDArray[np.float64]
    cutoff: float
    method: str


def basket_characteristics(
    model: BasketModel,
    scenarios: ArrayLike,
    *,
    cutoff: float,
    n_trials: int = 10_000,
    seed: int = 20_240_229,
    workers: int | None = 1,
    cluster: str | None = None,
) -> BasketCharacteristics:
    """
    Compute how often each cohort is declared active, scenario by scenario.

    Parameters
    ----------
    model : BasketModel
        Sizes and analysis.
    scenarios : array_like, shape (n_scenarios, n_cohorts)
        True response rates.
    cutoff : float
        Declared active above this posterior probability.
    n_trials : int, default 10000
        Simulated trials per scenario, where outcomes cannot be listed.
    seed : int, default 20240229
        Seed of the simulation.
    workers, cluster : int or str, optional
        Where chunks are simulated, see `run_chunks`; the numbers do not depend on it.

    Returns
    -------
    BasketCharacteristics
        With Monte-Carlo errors.

    Raises
    ------
    MethodError
        If the scenarios do not fit the cohorts.

    Examples
    --------
    >>> model = BasketModel((20, 20), 0.2, model="independent")
    >>> basket_characteristics(model, [[0.2, 0.4]], cutoff=0.95).declared.round(4).tolist()
    [[0.0867, 0.75]]
    """
    rates = np.atleast_2d(np.asarray(scenarios, dtype=float))
    problems = check_proportion("cutoff", cutoff)
    if rates.shape[1] != len(model.n):
        problems.append(f"scenarios have {rates.shape[1]} rates, {len(model.n)} cohorts; acceptable is one a cohort.")
    if ((rates < 0) | (rates > 1)).any():
        problems.append("scenarios hold a rate outside 0 to 1; acceptable are proportions.")
    if problems:
        raise MethodError(*problems)
    analyse = {"independent": _independent, "pooled": _pooled}.get(model.model)
    if analyse is not None or _n_outcomes(model) <= _LISTABLE:
        pairs = [analyse(model, row, cutoff) if analyse else _listed(model, row, cutoff) for row in rates]
        declared, false_any = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
        zero = np.zeros_like(declared)
        return BasketCharacteristics(rates, declared, false_any, zero, zero[:, 0], cutoff, "exact")
    declared, false_any = np.empty_like(rates), np.empty(rates.shape[0])
    for k, child in enumerate(np.random.SeedSequence(seed).generate_state(rates.shape[0]).tolist()):
        task = partial(_count, model, tuple(rates[k].tolist()), cutoff)
        counts = run_chunks(task, n_trials, seed=child, chunk=5_000, workers=workers, cluster=cluster)
        declared[k] = sum(active for active, _ in counts) / n_trials
        false_any[k] = sum(wrong for _, wrong in counts) / n_trials
    error, false_error = (np.sqrt(share * (1 - share) / n_trials) for share in (declared, false_any))
    method = f"simulated, {n_trials} trials"
    return BasketCharacteristics(rates, declared, false_any, error, false_error, cutoff, method)


def calibrate_cutoff(
    model: BasketModel, *, alpha: float = 0.10, n_trials: int = 10_000, seed: int = 20_240_229
) -> float:
    """
    Find the cut-off at which a cohort is falsely declared active with a given probability.

    Parameters
    ----------
    model : BasketModel
        Sizes and analysis.
    alpha : float, default 0.10
        Largest probability per cohort, on average over cohorts, where every rate is the threshold.
    n_trials, seed : int
        Of the simulation, for the hierarchical and the pooled model.

    Returns
    -------
    float
        The smallest posterior probability that is exceeded no more often than ``alpha``.

    Examples
    --------
    >>> model = BasketModel((20,) * 4, 0.2, model="independent")
    >>> cutoff = calibrate_cutoff(model, alpha=0.10)
    >>> float(basket_characteristics(model, [[0.2] * 4], cutoff=cutoff).declared[0, 0]) <= 0.10
    True
    """
    if problems := check_proportion("alpha", alpha):
        raise MethodError(*problems)
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    outcomes = rng.binomial(model.n, model.threshold, (n_trials, len(model.n)))
    above = _above(model)(outcomes).ravel()
    # ties are many: the values are discrete, and the cut-off has to lie on one of them
    values, counts = np.unique(above, return_counts=True)
    exceeded = 1 - np.cumsum(counts) / above.size
    return float(values[int(np.argmax(exceeded <= alpha))])


def _n_outcomes(model: BasketModel) -> float:
    return float(np.prod([float(n + 1) for n in model.n]))


Pair = tuple[NDArray[np.float64], float]
"""Probability that each cohort is declared active, and that any is falsely."""


def _independent(model: BasketModel, rates: NDArray[np.float64], cutoff: float) -> Pair:
    declared = np.empty(rates.size)
    for j, (n, rate) in enumerate(zip(model.n, rates, strict=True)):
        y = np.arange(n + 1)
        declared[j] = pmf(n, [rate])[0] @ (_beta_above(model, y, n) > cutoff)
    is_null = rates <= model.threshold
    return declared, 1 - float(np.prod(1 - declared[is_null]))


def _pooled(model: BasketModel, rates: NDArray[np.float64], cutoff: float) -> Pair:
    total = np.ones(1)
    for n, rate in zip(model.n, rates, strict=True):
        total = np.convolve(total, pmf(n, [rate])[0])
    y = np.arange(total.size)
    share = float(total @ (_beta_above(model, y, total.size - 1) > cutoff))
    return np.full(rates.size, share), share if (rates <= model.threshold).any() else 0.0


def _listed(model: BasketModel, rates: NDArray[np.float64], cutoff: float) -> Pair:
    outcomes = np.array(list(product(*(range(n + 1) for n in model.n))))
    weight = np.ones(outcomes.shape[0])
    for j, (n, rate) in enumerate(zip(model.n, rates, strict=True)):
        weight *= pmf(n, [rate])[0][outcomes[:, j]]
    return _shares(_hierarchical(model)(outcomes) > cutoff, weight, rates <= model.threshold)


def _count(
    model: BasketModel, rates: tuple[float, ...], cutoff: float, rng: np.random.Generator, n_trials: int
) -> tuple[NDArray[np.float64], float]:
    """Simulated trials in which each cohort is declared active, and in which any is falsely."""
    outcomes = rng.binomial(model.n, rates, (n_trials, len(rates)))
    return _shares(_hierarchical(model)(outcomes) > cutoff, np.ones(n_trials), np.array(rates) <= model.threshold)


def _shares(active: NDArray[np.bool_], weight: NDArray[np.float64], is_null: NDArray[np.bool_]) -> Pair:
    return np.asarray(weight @ active), float(weight @ (active & is_null).any(axis=1))


def _beta_above(model: BasketModel, y: NDArray[np.int64], n: int | NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(betainc(model.prior[1] + n - y, model.prior[0] + y, 1 - model.threshold), dtype=float)


def _above(model: BasketModel) -> Callable[[NDArray[np.int64]], NDArray[np.float64]]:
    """Function from outcomes, shape (n_outcomes, n_cohorts), to posterior probabilities of the same shape."""
    sizes = np.array(model.n)
    if model.model == "independent":
        return lambda outcomes: _beta_above(model, outcomes, sizes)
    if model.model == "pooled":
        return lambda outcomes: np.repeat(
            _beta_above(model, outcomes.sum(axis=1, keepdims=True), int(sizes.sum())), sizes.size, axis=1
        )
    return _hierarchical(model)


class _Hierarchical:
    """Posterior probabilities of many outcomes at once: a matrix product over the nodes of (mu, tau)."""

    def __init__(self, model: BasketModel) -> None:
        prior = model.hierarchical or HierarchicalPrior(model.threshold)
        self.sizes = model.n
        self.grid = HierarchicalGrid(prior, model.threshold, n_mu=161, n_tau=24)
        self.log_mass, self.share = {}, {}
        for n in set(model.n):
            integrals = self.grid.integrals(np.arange(n + 1), n)
            self.log_mass[n] = np.log(integrals.mass)
            self.share[n] = integrals.above / integrals.mass

    def __call__(self, outcomes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Probability that each rate exceeds the threshold, shape (n_outcomes, n_cohorts)."""
        found = np.empty(outcomes.shape)
        for start in range(0, outcomes.shape[0], 1000):
            block = outcomes[start : start + 1000]
            log_weight = np.tile(self.grid.log_prior, (block.shape[0], 1))
            for n, table in self.log_mass.items():
                counts = np.zeros((block.shape[0], n + 1))
                for j in np.flatnonzero(np.array(self.sizes) == n):
                    counts[np.arange(block.shape[0]), block[:, j]] += 1
                log_weight += counts @ table
            weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
            weight /= weight.sum(axis=1, keepdims=True)
            for n, table in self.share.items():
                by_outcome = weight @ table.T
                for j in np.flatnonzero(np.array(self.sizes) == n):
                    found[start : start + 1000, j] = by_outcome[np.arange(block.shape[0]), block[:, j]]
        return found


@lru_cache(maxsize=4)
def _hierarchical(model: BasketModel) -> _Hierarchical:
    """The tables depend on the model alone, and every chunk of a simulation needs them."""
    return _Hierarchical(model)
