"""
Competing risks regression: the subdistribution hazard of Fine and Gray.

A subject with a competing event stays at risk for the event of interest, with a weight that falls as the probability of
being uncensored falls. Cause-specific hazards need nothing of this: they are `onearm.stats.cox.cox` with the competing
events as censored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.cox_data import check_collinear, check_covariates
from onearm.stats.cox_likelihood import Evaluation
from onearm.stats.cox_newton import maximise
from onearm.stats.cox_risk import Floats, Indices
from onearm.stats.cox_table import coefficient_frame, coefficient_table
from onearm.stats.cox_tests import ChiSquared, chi_squared, quadratic_form
from onearm.stats.strata import stratum_codes
from onearm.stats.times import check_level, check_times, distinct_times

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FineGrayModel", "fine_gray"]


@dataclass(frozen=True, repr=False)
class FineGrayModel(Framed):
    """
    A fitted model of the subdistribution hazard.

    Attributes
    ----------
    names : tuple of str
        Covariates.
    coef, hazard_ratio, std_error : ndarray of float, shape (n_covariates,)
        Estimates; hazard ratios of the subdistribution; robust standard errors that allow for estimated weights.
    low, high : ndarray of float, shape (n_covariates,)
        Wald interval of the hazard ratio.
    z, p : ndarray of float, shape (n_covariates,)
        Wald test of each covariate.
    log_likelihood_null, log_likelihood : float
        Log pseudo-likelihood with all coefficients 0, and at the estimates. Twice their difference is not chi-squared.
    wald : ChiSquared
        Test that all coefficients are 0.
    covariance : ndarray of float, shape (n_covariates, n_covariates)
        Robust covariance of the coefficients.
    time, hazard : ndarray of float, shape (n_event_times,)
        Steps of the baseline subdistribution hazard.
    n, n_events, n_competing : int
        Subjects, events of interest, competing events.
    ties, interval : str
        Always ``breslow`` and ``wald``.
    level : float
        Coverage of the intervals.
    notes : tuple of str
        What to know when reading the numbers.
    """

    names: tuple[str, ...]
    coef: Floats
    hazard_ratio: Floats
    std_error: Floats
    low: Floats
    high: Floats
    z: Floats
    p: Floats
    log_likelihood_null: float
    log_likelihood: float
    wald: ChiSquared
    covariance: Floats = field(compare=False)
    time: Floats
    hazard: Floats
    n: int
    n_events: int
    n_competing: int
    ties: str
    interval: str
    level: float
    notes: tuple[str, ...]

    def to_frame(self) -> pl.DataFrame:
        """
        Lay the coefficients out as a table.

        Returns
        -------
        polars.DataFrame
            One row per covariate: ``name coef hazard_ratio std_error low high z p level interval ties``.
        """
        return coefficient_frame(self, ("coef", "hazard_ratio", "std_error", "low", "high", "z", "p"))

    def __repr__(self) -> str:
        head = (
            f"Fine-Gray model of the subdistribution hazard: {self.n} subjects, {self.n_events} events, "
            f"{self.n_competing} competing events"
        )
        return coefficient_table(self, head, {"Wald": self.wald})


class _Sample(NamedTuple):
    """Subjects in the order of their times, with what the weights need."""

    time: Floats
    event: NDArray[np.bool_]
    competing: NDArray[np.bool_]
    censored: NDArray[np.bool_]
    Z: Floats
    group: Indices
    event_time: Floats
    weight: Floats
    """Shape (n_event_times, n_subjects): 1 under observation, the falling weight after a competing event, else 0."""


def fine_gray(
    time: ArrayLike,
    cause: ArrayLike,
    X: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    cause_of_interest: int = 1,
    censoring_groups: ArrayLike | None = None,
    level: float = 0.95,
) -> FineGrayModel:
    """
    Fit the proportional subdistribution hazards model of Fine and Gray.

    Numbers equal ``cmprsk::crr`` in R run to convergence. Memory grows with subjects times event times.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation in any one unit.
    cause : array_like of int, shape (n_subjects,)
        0 for censoring, else the number of the kind of event.
    X : array_like of float, shape (n_subjects, n_covariates) or (n_subjects,)
        Covariates without missing values.
    names : sequence of str, optional
        Their names; ``x1, x2 ...`` where left out.
    cause_of_interest : int, default 1
        The kind of event whose subdistribution is modelled; all other kinds compete with it.
    censoring_groups : array_like, shape (n_subjects,), optional
        Groups within which the censoring distribution is estimated; one group where left out.
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    FineGrayModel
        The fitted model. Ties are handled as Breslow's.

    Raises
    ------
    MethodError
        For times, causes or covariates that cannot be, no event of interest, collinear covariates, or separation.

    References
    ----------
    .. [1] Fine JP, Gray RJ (1999), Journal of the American Statistical Association 94(446):496-509.

    Examples
    --------
    >>> model = fine_gray([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 1, 0, 1, 2, 1, 0], [0, 1, 1, 0, 1, 0, 0, 1])
    >>> model.n_events, model.n_competing
    (4, 2)
    """
    check_level(level)
    kind = _check_cause(cause, cause_of_interest)
    times = check_times(time, kind == 1)
    matrix, labels = check_covariates(X, times.time.size, names)
    codes, _ = stratum_codes(censoring_groups, times.time.size)
    groups = np.zeros(kind.size, dtype=np.intp) if codes is None else codes
    center, scale = matrix.mean(axis=0), matrix.std(axis=0)
    safe = np.where(scale > 0, scale, 1.0)
    sample = _sample(distinct_times(times.time), kind, (matrix - center) / safe, groups)

    def likelihood(beta: Floats) -> Evaluation:
        return _evaluate(sample, beta)

    origin = np.zeros(len(labels))
    null = likelihood(origin)
    check_collinear(null.information, labels)
    best = maximise(likelihood, origin, reach=np.ptp(sample.Z, axis=0), begin=null)
    if best.escape is not None or not best.is_converged:
        raise MethodError(
            "fine_gray: separation, the pseudo-likelihood has no maximum; some combination of the covariates always "
            "has its largest value in the subject with the event. Compare cumulative incidences with Gray's test."
        )
    bread = np.linalg.inv(best.at.information)
    covariance = np.asarray(bread @ _meat(sample, best.beta) @ bread, dtype=np.float64)
    spread = np.sqrt(np.diag(covariance))
    z = best.beta / spread
    coef, std_error = best.beta / safe, spread / safe
    half = std_error * ndtri(0.5 + level / 2)
    return FineGrayModel(
        names=labels,
        coef=coef,
        hazard_ratio=np.exp(coef),
        std_error=std_error,
        low=np.exp(coef - half),
        high=np.exp(coef + half),
        z=z,
        p=2 * ndtr(-np.abs(z)),
        log_likelihood_null=null.log_likelihood,
        log_likelihood=best.at.log_likelihood,
        wald=chi_squared(quadratic_form(best.beta, covariance), len(coef)),
        covariance=covariance / np.outer(safe, safe),
        time=sample.event_time,
        hazard=_hazard(sample, best.beta) * np.exp(-coef @ center),
        n=kind.size,
        n_events=int((kind == 1).sum()),
        n_competing=int((kind == 2).sum()),
        ties="breslow",
        interval="wald",
        level=level,
        notes=_notes(int((kind == 1).sum()), int((kind == 2).sum()), len(labels)),
    )


def _check_cause(cause: ArrayLike, of_interest: int) -> NDArray[np.int64]:
    """0 for censored, 1 for the event of interest, 2 for a competing event."""
    raw = np.asarray(cause)
    if raw.ndim != 1 or raw.dtype.kind not in "iufb" or not np.isfinite(raw.astype(np.float64)).all():
        raise MethodError("cause: must be numbers without missing values: 0 for censored, else the kind of event.")
    if of_interest == 0:
        raise MethodError("cause_of_interest: 0 means censored; name a kind of event.")
    kind = np.where(raw == 0, 0, np.where(raw == of_interest, 1, 2)).astype(np.int64)
    if not (kind == 1).any():
        found = ", ".join(f"{code:g}" for code in np.unique(raw))
        raise MethodError(f"cause: no event of kind {of_interest} among {raw.size} subjects; found {found}.")
    return kind


def _notes(n_events: int, n_competing: int, n_covariates: int) -> tuple[str, ...]:
    notes = []
    if not n_competing:
        notes.append("no competing event: the model is that of Cox with Breslow ties and robust standard errors.")
    if n_events < n_covariates:
        notes.append(f"{n_events} events for {n_covariates} covariates; the estimates cannot be relied upon.")
    return tuple(notes)


def _sample(time: Floats, kind: NDArray[np.int64], Z: Floats, groups: Indices) -> _Sample:
    """Put subjects in the order of time and weigh each at each event time."""
    order = np.argsort(time, kind="stable")
    time, kind, Z, groups = time[order], kind[order], Z[order], groups[order]
    event_time = np.unique(time[kind == 1])
    weight = (time >= event_time[:, None]).astype(np.float64)
    for code in np.unique(groups):
        own = np.flatnonzero((groups == code) & (kind == 2))
        steps, uncensored = _uncensored(time[groups == code], kind[groups == code] == 0)
        at_event = uncensored[np.searchsorted(steps, event_time, side="left")]
        at_own = uncensored[np.searchsorted(steps, time[own], side="left")]
        after = event_time[:, None] > time[own]
        weight[:, own] = np.where(after, at_event[:, None] / at_own, weight[:, own])
    return _Sample(time, kind == 1, kind == 2, kind == 0, Z, groups, event_time, weight)


def _uncensored(time: Floats, censored: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """
    Kaplan-Meier probability of being uncensored: its steps, and its value before the first and after each.

    After the last time of the group it is 0, as in ``crr``: nobody of the group is known to be under observation.
    """
    steps = np.unique(time[censored])
    at_risk = time.size - np.searchsorted(np.sort(time), steps, side="left")
    leaving = np.unique(time[censored], return_counts=True)[1]
    values = np.append(1.0, np.cumprod(1 - leaving / at_risk))
    return np.append(steps, time.max()), np.append(values, 0.0)


def _moments(sample: _Sample, beta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Weighted relative hazards and their sums of order 0 and 1 at each event time, with the number of events."""
    relative = np.exp(sample.Z @ beta)
    weighted = sample.weight * relative
    number = np.bincount(np.searchsorted(sample.event_time, sample.time[sample.event]))
    return weighted, weighted.sum(axis=1), weighted @ sample.Z, number.astype(np.float64)


def _evaluate(sample: _Sample, beta: Floats) -> Evaluation:
    """Log pseudo-likelihood with its derivatives."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        weighted, total, first, number = _moments(sample, beta)
        mean = first / total[:, None]
        hazard = number / total
        value = float((sample.Z[sample.event] @ beta).sum() - number @ np.log(total))
        score = sample.Z[sample.event].sum(axis=0) - number @ mean
        information = (sample.Z.T * (hazard @ weighted)) @ sample.Z - (mean.T * number) @ mean
    return Evaluation(value, score, information)


def _hazard(sample: _Sample, beta: Floats) -> Floats:
    _, total, _, number = _moments(sample, beta)
    return np.asarray(number / total)


def _meat(sample: _Sample, beta: Floats) -> Floats:
    """
    Sum the squared influences of the subjects on the score: of the model, and of the estimated weights.

    Fine and Gray's eta and psi: the first is the score residual of each subject with its weights; the second is how
    each subject, through the Kaplan-Meier estimate of its censoring group, moves the weights of those with competing
    events.
    """
    weighted, total, first, number = _moments(sample, beta)
    mean = first / total[:, None]
    hazard = number / total
    at = np.searchsorted(sample.event_time, sample.time)
    accrued = hazard @ weighted
    eta = -(sample.Z * accrued[:, None] - (weighted * hazard[:, None]).T @ mean)
    eta[sample.event] += sample.Z[sample.event] - mean[at[sample.event]]
    for code in np.unique(sample.group):
        eta += _weight_influence(sample, weighted * hazard[:, None], mean, code)
    return np.asarray(eta.T @ eta)


def _weight_influence(sample: _Sample, expected: Floats, mean: Floats, code: np.intp) -> Floats:
    """Influence of each subject of a censoring group on the score through the weights of its competing events."""
    inside = sample.group == code
    steps, leaving = np.unique(sample.time[inside & sample.censored], return_counts=True)
    at_risk = inside.sum() - np.searchsorted(sample.time[inside], steps, side="left")
    psi = np.zeros_like(sample.Z)
    if not steps.size:
        return psi
    pull = np.zeros((steps.size, sample.Z.shape[1]))
    competing = np.flatnonzero(inside & sample.competing)
    for k, step in enumerate(steps):
        # as in the paper, a censoring at u moves the weights at times t of competing events at x for x < u <= t
        earlier = competing[sample.time[competing] < step]
        moved = sample.event_time >= step
        later = expected[:, earlier][moved]
        pull[k] = later.sum(axis=0) @ sample.Z[earlier] - later.sum(axis=1) @ mean[moved]
    share = pull / at_risk[:, None]
    jumps = np.zeros_like(psi)
    who = np.flatnonzero(inside & sample.censored)
    jumps[who] = share[np.searchsorted(steps, sample.time[who])]
    drift = np.concatenate([np.zeros_like(share[:1]), np.cumsum(share * (leaving / at_risk)[:, None], axis=0)])
    members = np.flatnonzero(inside)
    psi[members] = jumps[members] - drift[np.searchsorted(steps, sample.time[members], side="right")]
    return psi
