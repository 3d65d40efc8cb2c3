"""
Many small Cox models at once: one per column of a matrix, with the same times and adjusting covariates.

Arrays have one row per subject (or event time, or death) and one column per feature, so that every step of the
recursion over the risk sets is one operation on all features.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.stats.cox_newton import CLOSE, LONG, MOST_HALVINGS, MOST_STEPS, R_CHANGE
from onearm.stats.cox_risk import Floats, Indices, RiskSets

__all__ = ["Batch", "BatchFit", "batch_of", "fit_batch"]

APART: Final = 1e-5
"""Distance of the two scores from which the curvature with Firth's penalty is taken."""


class _State(NamedTuple):
    """Log-likelihoods (n_features,), scores (n_features, k) and information (n_features, k, k)."""

    value: Floats
    score: Floats
    information: Floats

    def where(self, chosen: NDArray[np.bool_], other: _State) -> _State:
        """Take the chosen features from here, the rest from another state."""
        return _State(
            np.where(chosen, self.value, other.value),
            np.where(chosen[:, None], self.score, other.score),
            np.where(chosen[:, None, None], self.information, other.information),
        )


@dataclass(frozen=True)
class Batch:
    """
    One Cox model for each feature.

    Attributes
    ----------
    risk : RiskSets
        Index of the risk sets of all subjects, without late entry and weights.
    covariates : tuple of ndarray of float
        First the feature, shape ``(n_rows, n_features)``, then adjusting covariates, shape ``(n_rows, 1)``; all
        standardised, 0 where missing.
    present : ndarray of float, shape (n_rows, n_features), or None
        1 where the feature is known, 0 where missing; None where nothing is missing.
    fraction : ndarray of float, shape (n_events, n_features) or (n_events, 1)
        Efron's fraction of each death among the deaths at its time with a known feature.
    is_firth : bool
        With Firth's penalty.
    """

    risk: RiskSets
    covariates: tuple[Floats, ...]
    present: Floats | None
    fraction: Floats
    is_firth: bool

    def columns(self, kept: Indices) -> Batch:
        """
        Keep some of the features.

        Parameters
        ----------
        kept : ndarray of int
            Which.

        Returns
        -------
        Batch
            With these features.
        """
        return Batch(
            risk=self.risk,
            covariates=(self.covariates[0][:, kept], *self.covariates[1:]),
            present=None if self.present is None else self.present[:, kept],
            fraction=self.fraction if self.fraction.shape[1] == 1 else self.fraction[:, kept],
            is_firth=self.is_firth,
        )

    def evaluate(self, beta: Floats) -> _State:
        """
        Evaluate all log-likelihoods.

        Parameters
        ----------
        beta : ndarray of float, shape (n_features, n_covariates)
            Coefficients.

        Returns
        -------
        _State
            Values, scores and information.
        """
        linear = self.covariates[0] * beta[:, 0]
        for k, covariate in enumerate(self.covariates[1:], start=1):
            linear += covariate * beta[:, k]
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            relative = np.exp(linear)
            if self.present is not None:
                relative *= self.present
            return self._moments(linear, relative)

    def _moments(self, linear: Floats, relative: Floats) -> _State:
        """Sum over the deaths what each has, less what it expects of its risk set."""
        p, deaths = len(self.covariates), self.risk.deaths
        known = None if self.present is None else self.present[deaths]
        total = self._at_deaths(relative)
        own = linear[deaths]
        if known is not None:
            # a death without the feature counts nothing: divided by infinity, and with logarithm 0
            own *= known
            value = own.sum(axis=0) - np.log(np.where(known > 0, total, 1.0)).sum(axis=0)
            total = np.where(known > 0, total, np.inf)
        else:
            value = own.sum(axis=0) - np.log(total).sum(axis=0)
        weighted = [relative * x for x in self.covariates]
        mean = [self._at_deaths(w) / total for w in weighted]
        score = np.empty((linear.shape[1], p))
        information = np.empty((linear.shape[1], p, p))
        second: dict[tuple[int, int], Floats] = {}
        for i, x in enumerate(self.covariates):
            observed = x[deaths] if known is None else x[deaths] * known
            score[:, i] = observed.sum(axis=0) - mean[i].sum(axis=0)
            for j in range(i + 1):
                second[i, j] = second[j, i] = self._at_deaths(weighted[i] * self.covariates[j]) / total
                spread = second[i, j] - mean[i] * mean[j]
                information[:, i, j] = information[:, j, i] = spread.sum(axis=0)
        state = _State(value, score, information)
        return self._penalised(state, _Moments(relative, weighted, mean, second, total)) if self.is_firth else state

    def _penalised(self, state: _State, moments: _Moments) -> _State:
        """Add Firth's penalty to value and score, as `onearm.stats.cox_firth.penalised_likelihood` does for one."""
        p = len(self.covariates)
        sign, log_determinant = np.linalg.slogdet(state.information)
        regular = sign > 0
        inverse = np.linalg.inv(np.where(regular[:, None, None], state.information, np.eye(p)))
        square, length = np.zeros_like(moments.relative), np.zeros_like(moments.total)
        turned = [np.zeros_like(moments.total) for _ in range(p)]
        for i in range(p):
            for j in range(p):
                square += inverse[:, i, j] * self.covariates[i] * self.covariates[j]
                turned[i] += inverse[:, i, j] * moments.mean[j]
            length += turned[i] * moments.mean[i]
        mean_square = self._at_deaths(square * moments.relative) / moments.total
        score = state.score.copy()
        for i in range(p):
            third = self._at_deaths(square * moments.weighted[i]) / moments.total
            third += moments.mean[i] * (2 * length - mean_square)
            for j in range(p):
                third -= 2 * moments.second[i, j] * turned[j]
            score[:, i] += third.sum(axis=0) / 2
        return _State(np.where(regular, state.value + log_determinant / 2, -np.inf), score, state.information)

    def _at_deaths(self, values: Floats) -> Floats:
        """Sum over the risk set of each death, the deaths tied with it counted as Efron counts them."""
        risk = self.risk
        sums = np.empty((risk.n_event_times, values.shape[1]))
        ends = [*risk.starts[1:].tolist(), len(values)]
        begins = risk.starts.tolist()
        for low, high in zip(risk.bounds[:-1].tolist(), risk.bounds[1:].tolist(), strict=True):
            for time in range(high - 1, low - 1, -1):
                first, end = begins[time], ends[time]
                own = values[first] if end - first == 1 else values[first:end].sum(axis=0)
                if time == high - 1:
                    sums[time] = own
                else:
                    np.add(sums[time + 1], own, out=sums[time])
        if not risk.has_ties:
            return sums
        sums = sums[risk.death_time]
        dying = values[risk.deaths]
        limits = [*risk.death_starts.tolist(), risk.deaths.size]
        for first, end in itertools.pairwise(limits):
            if end - first > 1:
                sums[first:end] -= self.fraction[first:end] * dying[first:end].sum(axis=0)
        return sums


class _Moments(NamedTuple):
    """What the penalty is made of: relative hazards, weighted covariates, means and second moments at each death."""

    relative: Floats
    weighted: list[Floats]
    mean: list[Floats]
    second: dict[tuple[int, int], Floats]
    total: Floats


def batch_of(risk: RiskSets, features: Floats, adjust: Floats, present: Floats | None, *, is_firth: bool) -> Batch:
    """
    Set up the models of some features.

    Parameters
    ----------
    risk : RiskSets
        Index of the risk sets.
    features : ndarray of float, shape (n_rows, n_features)
        Standardised features, 0 where missing.
    adjust : ndarray of float, shape (n_rows, n_adjusting)
        Standardised adjusting covariates.
    present : ndarray of float, shape (n_rows, n_features), or None
        1 where the feature is known.
    is_firth : bool
        With Firth's penalty.

    Returns
    -------
    Batch
        The models.
    """
    known = np.ones((risk.deaths.size, 1)) if present is None else present[risk.deaths]
    fraction = np.zeros_like(known)
    limits = [*risk.death_starts.tolist(), risk.deaths.size]
    for first, end in itertools.pairwise(limits):
        if end - first > 1:
            own = known[first:end]
            fraction[first:end] = (np.cumsum(own, axis=0) - own) / np.maximum(own.sum(axis=0), 1.0)
    columns = tuple(np.ascontiguousarray(column)[:, None] for column in adjust.T)
    return Batch(risk, (features, *columns), present, fraction, is_firth)


class BatchFit(NamedTuple):
    """
    Maxima of all log-likelihoods.

    Attributes
    ----------
    beta : ndarray of float, shape (n_features, n_covariates)
        Coefficients.
    value : ndarray of float, shape (n_features,)
        Log-likelihoods; the limit where there is no maximum.
    score : ndarray of float, shape (n_features, n_covariates)
        First derivatives.
    information : ndarray of float, shape (n_features, n_covariates, n_covariates)
        Information, without the penalty.
    escape : ndarray of float, shape (n_features, n_covariates)
        Last step where the likelihood rises for ever along it, else 0.
    is_converged : ndarray of bool, shape (n_features,)
        False where the limit of steps was reached.
    """

    beta: Floats
    value: Floats
    score: Floats
    information: Floats
    escape: Floats
    is_converged: NDArray[np.bool_]


def fit_batch(batch: Batch, start: Floats, *, free: list[int]) -> BatchFit:
    """
    Maximise all log-likelihoods by Newton's method, each stopping by itself.

    Parameters
    ----------
    batch : Batch
        The models.
    start : ndarray of float, shape (n_features, n_covariates)
        Where to begin.
    free : list of int
        Coefficients to move.

    Returns
    -------
    BatchFit
        The maxima.
    """
    beta = start.copy()
    here = batch.evaluate(beta)
    value, score, information = (part.copy() for part in here)
    fit = BatchFit(beta, value, score, information, np.zeros_like(beta), np.zeros(len(beta), dtype=bool))
    active = np.arange(len(beta))
    reach = np.array([np.ptp(x, axis=0).max() for x in batch.covariates])
    for _ in range(MOST_STEPS):
        if not free or not active.size:
            break
        step = _steps(batch, beta, here, free)
        decrement = np.einsum("fk,fk->f", step, here.score)
        is_long = np.abs(step) @ reach > LONG
        escaped = (decrement < CLOSE) & is_long & (not batch.is_firth)
        after, there, is_better = _advance(batch, beta, here, step, escaped)
        change = 0.0 if batch.is_firth else R_CHANGE
        settled = (np.abs(there.value - here.value) <= change * np.abs(there.value)) & ~is_long
        done = escaped | (decrement < CLOSE) | ~is_better | settled
        beta, here = after, there
        fit.beta[active], fit.score[active], fit.information[active] = beta, here.score, here.information
        fit.value[active] = here.value + np.where(escaped, decrement, 0.0)
        fit.escape[active[escaped]] = step[escaped]
        fit.is_converged[active] = escaped | (decrement < CLOSE) | (is_better & settled) | (decrement < 1e-6)
        left = np.flatnonzero(~done)
        if left.size < active.size:
            active, beta = active[left], beta[left]
            batch, here = batch.columns(left), _State(*(part[left] for part in here))
    return fit


def _advance(
    batch: Batch, beta: Floats, here: _State, step: Floats, stay: NDArray[np.bool_]
) -> tuple[Floats, _State, NDArray[np.bool_]]:
    """Take for each feature the longest of step, step / 2 ... that does not lower its likelihood."""
    slack = 1e-13 * (1.0 + np.abs(here.value))
    moving = np.where(stay[:, None], 0.0, step)
    after = beta + moving
    there = batch.evaluate(after)
    is_good = there.value >= here.value - slack
    for _ in range(MOST_HALVINGS):
        if is_good.all():
            break
        again = np.flatnonzero(~is_good)
        moving[again] /= 2
        tried = beta[again] + moving[again]
        found = batch.columns(again).evaluate(tried)
        better = found.value >= here.value[again] - slack[again]
        after[again[better]] = tried[better]
        for part, new in zip(there, found, strict=True):
            part[again[better]] = new[better]
        is_good[again[better]] = True
    after = np.where(is_good[:, None], after, beta)
    return after, there.where(is_good, here), is_good


def _steps(batch: Batch, beta: Floats, here: _State, free: list[int]) -> Floats:
    """Newton steps of all features; 0 where the information is singular."""
    matrix = _curvature(batch, beta, here) if batch.is_firth else here.information
    inner = matrix[:, free][:, :, free]
    step = np.zeros_like(beta)
    if len(free) == 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            step[:, free[0]] = here.score[:, free[0]] / inner[:, 0, 0]
        return np.where(np.isfinite(step), step, 0.0)
    regular = np.isfinite(inner).all(axis=(1, 2)) & (np.linalg.det(np.nan_to_num(inner)) > 0)
    inner = np.where(regular[:, None, None], inner, np.eye(len(free)))
    solved = np.linalg.solve(inner, here.score[:, free][:, :, None])[:, :, 0]
    step[:, free] = np.where(regular[:, None], solved, 0.0)
    return step


def _curvature(batch: Batch, beta: Floats, here: _State) -> Floats:
    """Minus the second derivatives of the penalised likelihood by differences of its score, where positive definite."""
    curvature = np.empty_like(here.information)
    for k in range(beta.shape[1]):
        shift = np.zeros(beta.shape[1])
        shift[k] = APART
        curvature[:, :, k] = (batch.evaluate(beta - shift).score - batch.evaluate(beta + shift).score) / (2 * APART)
    curvature = (curvature + curvature.transpose(0, 2, 1)) / 2
    usable = np.asarray(np.isfinite(curvature).all(axis=(1, 2)))
    usable[usable] = np.linalg.eigvalsh(curvature[usable])[:, 0] > 0
    return np.where(usable[:, None, None], curvature, here.information)
