"""Cox likelihoods against a slow, readable implementation, on small data that Hypothesis makes as awkward as it can."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from onearm.errors import MethodError
from onearm.stats.concordance import concordance_index
from onearm.stats.cox import CoxModel, cox
from onearm.stats.cox_data import cox_data, likelihood_of
from onearm.stats.cox_firth import cox_firth, penalised_likelihood
from onearm.stats.times import Times


class Sample(NamedTuple):
    """Subjects of a small trial."""

    time: np.ndarray
    event: np.ndarray
    X: np.ndarray
    entry: np.ndarray
    strata: np.ndarray
    weights: np.ndarray


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    n = draw(st.integers(4, 11))
    p = draw(st.integers(1, 2))

    def whole(low: int, high: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(low, high), min_size=n, max_size=n)), dtype=float)

    time = whole(2, 7)
    entry = np.minimum(whole(0, 5), time - 1) * draw(st.booleans())
    X = np.column_stack([whole(-3, 3) for _ in range(p)])
    event = whole(0, 1)
    assume(event.any())
    return Sample(time, event, X, entry, whole(1, draw(st.integers(1, 3))), whole(1, 3))


def event_times(s: Sample) -> list[tuple[float, float]]:
    return sorted({(stratum, t) for stratum, t, e in zip(s.strata, s.time, s.event, strict=True) if e})


def at_risk(s: Sample, stratum: float, t: float) -> np.ndarray:
    return np.flatnonzero((s.strata == stratum) & (s.entry < t) & (s.time >= t))


def slow_likelihood(s: Sample, beta: np.ndarray, ties: str, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """Log partial likelihood and information, one event time and one death after the other."""
    eta = s.X @ beta
    eta -= eta.max()
    value, information = 0.0, np.zeros((beta.size, beta.size))
    for stratum, t in event_times(s):
        risk = at_risk(s, stratum, t)
        dead = [i for i in risk if s.event[i] and s.time[i] == t]
        if ties == "exact":
            choices = list(itertools.combinations(risk.tolist(), len(dead)))
            sums = np.array([sum(s.X[i] for i in choice) for choice in choices])
            share = np.exp(sums @ beta - max(sums @ beta))
            value += sum(s.X[i] for i in dead) @ beta - max(sums @ beta) - np.log(share.sum())
            information += covariance(sums, share)
            continue
        for k in range(len(dead)):
            share = weights[risk] * np.exp(eta[risk])
            if ties == "efron":
                share = share * np.where(np.isin(risk, dead), 1 - k / len(dead), 1.0)
            mean_weight = np.mean(weights[dead])
            value += weights[dead[k]] * eta[dead[k]] - mean_weight * np.log(share.sum())
            information += mean_weight * covariance(s.X[risk], share)
    return value, information


def covariance(x: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share / share.sum()
    rest = x - share @ x
    return rest.T @ (rest * share[:, None])


def slope(function: object, at: np.ndarray) -> np.ndarray:
    h = 1e-6
    return np.array([(function(at + h * e) - function(at - h * e)) / (2 * h) for e in np.eye(at.size)])  # type: ignore[operator]


@settings(max_examples=100, deadline=None)
@given(
    samples(),
    st.sampled_from(["efron", "breslow", "exact"]),
    st.booleans(),
    st.lists(st.floats(-1, 1), min_size=2, max_size=2),
)
def test_value_score_and_information(s: Sample, ties: str, is_weighted: bool, start: list[float]) -> None:
    weights = s.weights if is_weighted and ties != "exact" else np.ones(s.time.size)
    try:
        data = cox_data(s.time, s.event, s.X, entry=s.entry, strata=s.strata, weights=weights)
    except MethodError:
        assume(False)
    beta = np.array(start[: s.X.shape[1]])
    found = likelihood_of(data, ties)(beta * data.scale)
    value, information = slow_likelihood(s, beta, ties, weights)
    # the fast one centres covariates, which shifts nothing but rounding
    np.testing.assert_allclose(found.log_likelihood, value, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(found.information * np.outer(data.scale, data.scale), information, rtol=1e-9, atol=1e-10)
    score = slope(lambda b: slow_likelihood(s, b, ties, weights)[0], beta)
    np.testing.assert_allclose(found.score * data.scale, score, rtol=1e-6, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(samples(), st.sampled_from(["efron", "breslow", "exact"]))
def test_no_coefficients_are_more_likely(s: Sample, ties: str) -> None:
    model = fitted(s, ties)
    assume(model is not None)
    assert model is not None
    ones = np.ones(s.time.size)
    best = minimize(
        # far away the slow one leaves the range of numbers
        lambda b: -slow_likelihood(s, b, ties, ones)[0] if np.abs(b).max() < 15 else 1e9,
        np.where(np.isfinite(model.coef), np.clip(model.coef, -12, 12), 0.0),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-11, "maxiter": 120},
    )
    assert -best.fun <= model.log_likelihood + 1e-8
    if model.separation is None:
        np.testing.assert_allclose(slow_likelihood(s, model.coef, ties, ones)[0], model.log_likelihood, atol=1e-9)
        assert model.low[0] <= model.hazard_ratio[0] <= model.high[0]
    else:
        far = np.where(np.isfinite(model.coef), model.coef, 12 * np.sign(np.nan_to_num(model.coef)))
        assert slow_likelihood(s, far, ties, ones)[0] <= model.log_likelihood + 1e-8


def fitted(s: Sample, ties: str) -> CoxModel | None:
    try:
        return cox(s.time, s.event, s.X, entry=s.entry, strata=s.strata, ties=ties)
    except MethodError:
        return None


@settings(max_examples=15, deadline=None)
@given(samples(), st.sampled_from(["efron", "breslow"]), st.randoms(use_true_random=False))
def test_order_of_subjects_changes_nothing(s: Sample, ties: str, random: object) -> None:
    model = fitted(s, ties)
    assume(model is not None)
    assert model is not None
    order = np.random.default_rng(random.randrange(10**6)).permutation(s.time.size)  # type: ignore[attr-defined]
    again = fitted(Sample(*(values[order] for values in s)), ties)
    assert again is not None
    np.testing.assert_allclose(again.coef, model.coef, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(again.likelihood_ratio.p, model.likelihood_ratio.p, rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(samples())
def test_whole_weights_are_copies(s: Sample) -> None:
    try:
        weighted = cox(s.time, s.event, s.X, weights=s.weights, ties="breslow")
    except MethodError:
        assume(False)
    copies = np.repeat(np.arange(s.time.size), s.weights.astype(int))
    copied = cox(s.time[copies], s.event[copies], s.X[copies], ties="breslow")
    np.testing.assert_allclose(weighted.coef, copied.coef, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(weighted.std_error, copied.std_error, rtol=1e-5)


def slow_penalised(s: Sample, beta: np.ndarray, ties: str) -> float:
    value, information = slow_likelihood(s, beta, ties, np.ones(s.time.size))
    sign, log_determinant = np.linalg.slogdet(information)
    return value + log_determinant / 2 if sign > 0 else -np.inf


@settings(max_examples=40, deadline=None)
@given(samples(), st.sampled_from(["efron", "breslow"]), st.lists(st.floats(-1, 1), min_size=2, max_size=2))
def test_penalised_value_and_score(s: Sample, ties: str, start: list[float]) -> None:
    try:
        data = cox_data(s.time, s.event, s.X, entry=s.entry, strata=s.strata)
    except MethodError:
        assume(False)
    beta = np.array(start[: s.X.shape[1]])
    assume(np.linalg.cond(slow_likelihood(s, beta, ties, np.ones(s.time.size))[1]) < 1e6)
    found = penalised_likelihood(data.risk, data.Z, beta * data.scale, efron=ties == "efron")
    # the penalty is that of the standardised covariates, which differs by a constant
    expected = slow_penalised(s, beta, ties) + np.log(1 / data.scale).sum()
    np.testing.assert_allclose(found.log_likelihood, expected, rtol=1e-9, atol=1e-9)
    score = slope(lambda b: slow_penalised(s, b, ties), beta)
    np.testing.assert_allclose(found.score * data.scale, score, rtol=1e-5, atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(samples(), st.sampled_from(["efron", "breslow"]))
def test_penalised_maximum(s: Sample, ties: str) -> None:
    try:
        model = cox_firth(s.time, s.event, s.X, entry=s.entry, strata=s.strata, ties=ties)
    except MethodError:
        assume(False)
    best = minimize(
        lambda b: -slow_penalised(s, b, ties),
        model.coef + 0.05,
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-11, "maxiter": 300},
    )
    assert slow_penalised(s, model.coef, ties) >= -best.fun - 1e-9
    assert (model.low <= model.hazard_ratio).all()
    assert (model.hazard_ratio <= model.high).all()


@settings(max_examples=60, deadline=None)
@given(samples(), st.booleans())
def test_concordance_counts_pairs(s: Sample, is_weighted: bool) -> None:
    score = s.X[:, 0]
    weights = s.weights if is_weighted else np.ones(s.time.size)
    pairs = dict.fromkeys(("concordant", "discordant", "tied_score"), 0.0)
    for i, j in itertools.permutations(range(s.time.size), 2):
        outlives = s.time[j] > s.time[i] or (s.time[j] == s.time[i] and not s.event[j])
        if s.event[i] and s.strata[i] == s.strata[j] and outlives and s.entry[j] < s.time[i]:
            kind = "concordant" if score[i] > score[j] else "discordant" if score[i] < score[j] else "tied_score"
            pairs[kind] += weights[i] * weights[j]
    times = Times(s.time, s.event.astype(bool), s.entry, weights)
    found = concordance_index(times, score, strata=s.strata.astype(int))
    assert {kind: getattr(found, kind) for kind in pairs} == pairs
