"""One Cox model for each of many features, such as the genes of an expression matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtr, ndtri

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.cox_batch import Batch, BatchFit, batch_of, fit_batch
from onearm.stats.cox_data import SINGULAR, check_choice, check_covariates
from onearm.stats.cox_risk import Floats, Indices, RiskSets, risk_sets
from onearm.stats.cox_separation import rises_for_ever
from onearm.stats.multiplicity import adjust_p
from onearm.stats.strata import stratum_codes
from onearm.stats.times import check_level, check_times

__all__ = ["CoxScreen", "cox_screen"]

Method = Literal["efron", "firth"]
Test = Literal["likelihood_ratio", "wald", "score"]

BLOCK: Final = 60_000
"""Numbers in one array of a batch: half a megabyte, which stays in the cache of one core."""


@dataclass(frozen=True, repr=False)
class CoxScreen(Framed):
    """
    Results of a screen, one row per feature.

    Attributes
    ----------
    names : tuple of str
        Features.
    n, n_events : ndarray of int, shape (n_features,)
        Subjects with a known feature, and events among them.
    coef, hazard_ratio, std_error : ndarray of float, shape (n_features,)
        Estimates for one unit of the feature; plus or minus infinity under separation; NaN where there is no estimate.
    low, high : ndarray of float, shape (n_features,)
        Wald interval of the hazard ratio.
    p_wald, p_likelihood_ratio, p_score : ndarray of float, shape (n_features,)
        Tests of the feature given the adjusting covariates. With Firth's penalty the likelihood ratio is penalised.
    p, q : ndarray of float, shape (n_features,)
        The chosen test, and its p values adjusted by Benjamini and Hochberg over all features that have one.
    firth_coef : ndarray of float, shape (n_features,)
        With Firth's penalty, where the feature is separated or the penalty was asked for; NaN else.
    status : tuple of str
        ``ok``, ``separated``, ``constant``, ``collinear``, ``no event`` or ``not converged``.
    method, test : str
        What was asked for.
    """

    names: tuple[str, ...]
    n: NDArray[np.int64]
    n_events: NDArray[np.int64]
    coef: Floats
    hazard_ratio: Floats
    std_error: Floats
    low: Floats
    high: Floats
    p_wald: Floats
    p_likelihood_ratio: Floats
    p_score: Floats
    p: Floats
    q: Floats
    firth_coef: Floats
    status: tuple[str, ...]
    method: str
    test: str

    def __repr__(self) -> str:
        counts = {state: self.status.count(state) for state in sorted(set(self.status))}
        head = f"Cox screen of {len(self.names)} features, {self.method}, {self.test} test: "
        head += ", ".join(f"{number} {state}" for state, number in counts.items())
        lines = [
            f"{self.names[i]}: hazard ratio {self.hazard_ratio[i]:.4g} ({self.low[i]:.4g} to {self.high[i]:.4g}), "
            f"p = {self.p[i]:.3g}, q = {self.q[i]:.3g}"
            for i in np.argsort(self.p, kind="stable")[:5]
            if not np.isnan(self.p[i])
        ]
        return "\n".join([head, *lines])


def cox_screen(
    time: ArrayLike,
    event: ArrayLike,
    features: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    strata: ArrayLike | None = None,
    adjust: ArrayLike | None = None,
    method: Method = "efron",
    test: Test = "likelihood_ratio",
    level: float = 0.95,
) -> CoxScreen:
    """
    Fit one Cox model per feature.

    Each model holds one feature and the adjusting covariates and is fitted to the subjects whose feature is known, with
    Efron's correction for ties. Its numbers are those of `onearm.stats.cox.cox` or `onearm.stats.cox_firth.cox_firth`.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation in any one unit.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Whether the observation ended with the event.
    features : array_like of float, shape (n_subjects, n_features)
        Features; NaN is missing, and leaves the subject out of the model of this feature only.
    names : sequence of str, optional
        Names of the features; ``x1, x2 ...`` where left out.
    strata : array_like, shape (n_subjects,), optional
        Stratum of each subject.
    adjust : array_like of float, shape (n_subjects, n_adjusting), optional
        Covariates of every model, without missing values.
    method : {"efron", "firth"}
        Maximum likelihood, or with Firth's penalty.
    test : {"likelihood_ratio", "wald", "score"}
        Which p values ``p`` and ``q`` hold. The likelihood ratio also holds under separation, where Wald's has none.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    CoxScreen
        One row per feature. A feature that cannot be estimated has NaN and a status, never an exception.

    Raises
    ------
    MethodError
        For times, events, strata or adjusting covariates that cannot be, or no event at all.

    References
    ----------
    .. [1] Benjamini Y, Hochberg Y (1995), Journal of the Royal Statistical Society B 57(1):289-300.

    Examples
    --------
    >>> import numpy as np
    >>> genes = np.array([[0.1, 2.0], [1.4, 2.0], [0.7, 2.0], [2.2, 2.0], [1.1, 2.0]])
    >>> screen = cox_screen([5, 3, 4, 1, 6], [1, 1, 0, 1, 1], genes, names=["A", "B"])
    >>> screen.status
    ('ok', 'constant')
    """
    check_choice("method", method, Method)
    check_choice("test", test, Test)
    check_level(level)
    times = check_times(time, event)
    codes, _ = stratum_codes(strata, times.time.size)
    matrix, labels = _features(features, times.time.size, names)
    extra = np.empty((times.time.size, 0)) if adjust is None else check_covariates(adjust, times.time.size, None)[0]
    risk = risk_sets(times, codes)
    width = max(BLOCK // max(risk.rows.size, 1), 1)
    adjusting = _standardised(extra[risk.rows], None)[0]
    parts = [
        _screen_block(risk, matrix[:, low : low + width], adjusting, times.event, method)
        for low in range(0, matrix.shape[1], width)
    ]
    found = _Block(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return _screen(found, labels, method=method, test=test, level=level)


class _Block(NamedTuple):
    """Results of some features, in the units of the data."""

    n: NDArray[np.int64]
    n_events: NDArray[np.int64]
    coef: Floats
    std_error: Floats
    likelihood_ratio: Floats
    score: Floats
    firth_coef: Floats
    status: NDArray[np.str_]


def _features(features: ArrayLike, n: int, names: Sequence[str] | None) -> tuple[Floats, tuple[str, ...]]:
    """Check the matrix and its names; infinity is refused, NaN is missing."""
    try:
        matrix = np.asarray(features, dtype=np.float64)
    except (TypeError, ValueError):
        raise MethodError("features: hold values that are not numbers; code factors first.") from None
    if matrix.ndim != 2 or matrix.shape[0] != n or not matrix.shape[1]:
        raise MethodError(f"features: have shape {matrix.shape} beside {n} times; give one row for each subject.")
    if np.isinf(matrix).any():
        where = np.argwhere(np.isinf(matrix))[0]
        raise MethodError(f"features: infinite, the first in row {where[0]}, column {where[1]}; set it to missing.")
    labels = tuple(f"x{i + 1}" for i in range(matrix.shape[1])) if names is None else tuple(map(str, names))
    if len(labels) != matrix.shape[1]:
        raise MethodError(f"names: {len(labels)} for {matrix.shape[1]} features.")
    return matrix, labels


def _standardised(values: Floats, present: Floats | None) -> tuple[Floats, Floats]:
    """Centre and scale each column over the subjects at risk whose value is known; 0 where missing."""
    if present is None:
        mean = values.mean(axis=0) if values.size else np.zeros(values.shape[1])
        rest = values - mean
        scale = np.sqrt((rest**2).mean(axis=0)) if values.size else np.ones(values.shape[1])
    else:
        number = np.maximum(present.sum(axis=0), 1.0)
        mean = np.nansum(values, axis=0) / number
        rest = np.where(present > 0, values - mean, 0.0)
        scale = np.sqrt((rest**2).sum(axis=0) / number)
    # a constant column is left as it is: its information is 0, which is noticed later
    flat = scale <= 1e-13 * np.abs(mean)
    scale = np.where(flat, 1.0, scale)
    return np.where(flat, 0.0, rest / scale), scale


def _screen_block(
    risk: RiskSets, values: Floats, adjusting: Floats, event: NDArray[np.bool_], method: Method
) -> _Block:
    """Fit the models of some features."""
    missing = np.isnan(values)
    known = ~missing
    present = known[risk.rows].astype(np.float64) if missing.any() else None
    features, scale = _standardised(values[risk.rows], present)
    batch = batch_of(risk, features, adjusting, present, is_firth=method == "firth")
    plain = batch if method == "efron" else batch_of(risk, features, adjusting, present, is_firth=False)
    null = _null(plain, present is None)
    status, score = _judge(null, known[event].sum(axis=0))
    usable = np.flatnonzero(status == "ok")
    n_features, p = null.beta.shape
    coef, spread, ratio, firth = (np.full(n_features, np.nan) for _ in range(4))
    if usable.size:
        held = (
            _null(batch.columns(usable), False)
            if method == "firth" and p > 1
            else _at_null(batch, null, usable, method)
        )
        fit = fit_batch(batch.columns(usable), held.beta, free=list(range(p)))
        covariance = _inverse(fit.information)
        coef[usable], spread[usable] = fit.beta[:, 0], np.sqrt(covariance[:, 0, 0])
        ratio[usable] = 2 * (fit.value - held.value)
        _separate(plain, fit, usable, (coef, spread, firth), status)
        if method == "firth":
            firth[usable] = fit.beta[:, 0]
        lost = usable[~fit.is_converged]
        status[lost] = "not converged"
        for column in (coef, spread, ratio, firth):
            column[lost] = np.nan
    return _Block(
        n=known.sum(axis=0).astype(np.int64),
        n_events=known[event].sum(axis=0).astype(np.int64),
        coef=coef / scale,
        std_error=spread / scale,
        likelihood_ratio=ratio,
        score=np.where(status == "no event", np.nan, score),
        firth_coef=firth / scale,
        status=status,
    )


def _null(batch: Batch, is_shared: bool) -> BatchFit:
    """Fit the models without their feature; once for all where all are fitted to the same subjects."""
    n_features, p = batch.covariates[0].shape[1], len(batch.covariates)
    others = list(range(1, p))
    if not is_shared or p == 1:
        return fit_batch(batch, np.zeros((n_features, p)), free=others)
    one = fit_batch(batch.columns(np.arange(1)), np.zeros((1, p)), free=others)
    return fit_batch(batch, np.repeat(one.beta, n_features, axis=0), free=[])


def _at_null(batch: Batch, null: BatchFit, usable: Indices, method: Method) -> BatchFit:
    """Start of the fits: what is known of the models without their feature, with the penalty where one is asked for."""
    if method == "firth":
        return fit_batch(batch.columns(usable), null.beta[usable], free=[])
    return BatchFit(
        null.beta[usable],
        null.value[usable],
        null.score[usable],
        null.information[usable],
        null.escape[usable],
        null.is_converged[usable],
    )


def _judge(null: BatchFit, n_events: NDArray[np.int64]) -> tuple[NDArray[np.str_], Floats]:
    """Say which features can be estimated, and give their score statistics."""
    information = null.information
    alone = information[:, 0, 0]
    given = alone.copy()
    if information.shape[1] > 1:
        inner = information[:, 1:, 1:]
        regular = np.linalg.det(inner) > 0
        inverse = np.linalg.inv(np.where(regular[:, None, None], inner, np.eye(inner.shape[1])))
        given -= np.einsum("fi,fij,fj->f", information[:, 0, 1:], inverse, information[:, 1:, 0])
        given[~regular] = 0.0
    status = np.full(alone.size, "ok", dtype="U16")
    status[given <= 100 * SINGULAR * alone] = "collinear"
    status[alone <= SINGULAR] = "constant"
    status[n_events == 0] = "no event"
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(status == "ok", null.score[:, 0] ** 2 / given, np.nan)
    return status, score


def _separate(
    plain: Batch,
    fit: BatchFit,
    usable: Indices,
    columns: tuple[Floats, Floats, Floats],
    status: NDArray[np.str_],
) -> None:
    """Mark separated features, whose coefficient is infinite, and estimate them with Firth's penalty."""
    coef, spread, firth = columns
    reach = np.array([np.ptp(x, axis=0).max() for x in plain.covariates])
    moved = np.abs(fit.escape) * reach
    separated = []
    for k in np.flatnonzero(moved.any(axis=1)):
        direction = np.where(moved[k] > 1e-3 * moved[k].max(), fit.escape[k], 0.0)
        if direction[0] and _confirmed(plain, int(usable[k]), direction):
            separated.append(k)
            coef[usable[k]], spread[usable[k]] = np.copysign(np.inf, direction[0]), np.nan
        elif direction[0]:
            fit.is_converged[k] = False
    if not separated:
        return
    who = usable[separated]
    status[who] = "separated"
    batch = plain.columns(who)
    penalised = Batch(batch.risk, batch.covariates, batch.present, batch.fraction, is_firth=True)
    best = fit_batch(penalised, np.zeros((who.size, len(reach))), free=list(range(len(reach))))
    firth[who] = best.beta[:, 0]


def _confirmed(plain: Batch, feature: int, direction: Floats) -> bool:
    """Tell whether every death with a known feature has the largest value of the combination in its risk set."""
    values = plain.covariates[0][:, feature] * direction[0]
    for covariate, weight in zip(plain.covariates[1:], direction[1:], strict=True):
        values = values + covariate[:, 0] * weight
    if plain.present is None:
        return rises_for_ever(plain.risk, values)
    absent = plain.present[:, feature] == 0
    slack = 1e-5 * float(np.ptp(values[~absent]))
    highest = plain.risk.at_risk_maxima(np.where(absent, -np.inf, values))[plain.risk.death_time]
    dying = np.where(absent, np.inf, values)[plain.risk.deaths]
    return bool((highest - dying <= slack).all())


def _inverse(information: Floats) -> Floats:
    """Inverse of each matrix, NaN where singular."""
    p = information.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        if p == 1:
            return np.asarray(1 / information)
        regular = np.linalg.det(information) > 0
        inverse = np.linalg.inv(np.where(regular[:, None, None], information, np.eye(p)))
        return np.where(regular[:, None, None], inverse, np.nan)


def _screen(found: _Block, labels: tuple[str, ...], *, method: Method, test: Test, level: float) -> CoxScreen:
    """Add tests, intervals and adjusted p values."""
    half = found.std_error * ndtri(0.5 + level / 2)
    with np.errstate(over="ignore", invalid="ignore"):
        p_values = {
            "wald": 2 * ndtr(-np.abs(found.coef / found.std_error)),
            "likelihood_ratio": chdtrc(1, np.maximum(found.likelihood_ratio, 0.0)),
            "score": chdtrc(1, found.score),
        }
        bounds = np.exp(found.coef - half), np.exp(found.coef + half)
        hazard_ratio = np.exp(found.coef)
    return CoxScreen(
        names=labels,
        n=found.n,
        n_events=found.n_events,
        coef=found.coef,
        hazard_ratio=hazard_ratio,
        std_error=found.std_error,
        low=bounds[0],
        high=bounds[1],
        p_wald=p_values["wald"],
        p_likelihood_ratio=p_values["likelihood_ratio"],
        p_score=p_values["score"],
        p=p_values[test],
        q=adjust_p(p_values[test], method="bh"),
        firth_coef=found.firth_coef,
        status=tuple(found.status.tolist()),
        method=method,
        test=test,
    )
