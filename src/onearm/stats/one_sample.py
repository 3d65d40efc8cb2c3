"""One-sample log-rank test: one arm against a hazard or a curve that is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv, ndtr

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.reference_hazard import CumulativeHazard
from onearm.stats.times import check_level, check_times

__all__ = [
    "OneSampleLogRank",
    "OneSampleVariance",
    "StoppedBy",
    "one_sample_log_rank",
]

OneSampleVariance = Literal["expected", "average"]
StoppedBy = Literal["time", "events"]


@dataclass(frozen=True, repr=False)
class OneSampleLogRank(Framed):
    """
    Comparison of one arm with a reference.

    Attributes
    ----------
    n : int
        Subjects.
    observed : int
        Events.
    expected : float
        Events to be expected under the reference, given how long each subject was observed.
    ratio, low, high : float
        Observed over expected (standardised mortality ratio, an estimate of the hazard ratio) and its exact limits.
    level : float
        Two-sided coverage of the limits.
    z : float
        Standardised difference, negative where there are fewer events than expected.
    p : float
        Two-sided, from the normal distribution of ``z``.
    p_better : float
        One-sided against fewer events than the reference.
    p_exact, p_exact_better : float
        The same exactly, for a sample of any size.
    variance : str
        What ``z`` was divided by.
    stopped_by : str
        What the exact figures took as fixed.
    """

    n: int
    observed: int
    expected: float
    ratio: float
    low: float
    high: float
    level: float
    z: float
    p: float
    p_better: float
    p_exact: float
    p_exact_better: float
    variance: OneSampleVariance
    stopped_by: StoppedBy

    def __repr__(self) -> str:
        """Say the result."""
        return (
            f"OneSampleLogRank({self.observed} events, {self.expected:.5g} expected, ratio {self.ratio:.4g}, "
            f"{100 * self.level:g}% {self.low:.4g} to {self.high:.4g}; z = {self.z:.4g}, p = {self.p:.4g}, "
            f"exact p = {self.p_exact:.4g})"
        )


def one_sample_log_rank(
    time: ArrayLike,
    event: ArrayLike,
    reference: CumulativeHazard,
    *,
    entry: ArrayLike | None = None,
    level: float = 0.95,
    variance: OneSampleVariance = "expected",
    stopped_by: StoppedBy = "time",
) -> OneSampleLogRank:
    """
    Compare the events of one arm with those expected under a reference.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation, in the unit of the reference.
    event : array_like of bool or of 0 and 1, shape (n_subjects,)
        Whether the observation ended with the event.
    reference : callable
        Cumulative hazard at an array of times: `ConstantHazard`, `PiecewiseHazard`, `ReferenceCurve` or a function.
    entry : array_like of float, shape (n_subjects,), optional
        Start of observation (left truncation); only the hazard after it counts.
    level : float, default 0.95
        Two-sided coverage of the limits of the ratio.
    variance : {"expected", "average"}, default "expected"
        Divide by the root of E, as Breslow and R ``survdiff`` with an offset do, or of (O + E)/2 (Wu), which keeps
        the error of a small sample nearer to its level.
    stopped_by : {"time", "events"}, default "time"
        What is taken as fixed by the exact p value and limits. With ``time`` the hazard that was observed is, and O
        has the Poisson distribution around it. With ``events`` the number of events is, as where everyone is followed
        to the event or the trial ends with a planned number of them, and E has the gamma distribution with shape O.

    Returns
    -------
    OneSampleLogRank
        With p values by the normal distribution and exact ones. Of the latter, the two-sided is twice the smaller
        tail, at most 1, in accord with the exact limits of the ratio.

    Raises
    ------
    MethodError
        For bad times or events, or a reference that expects no event at all or a negative number.

    References
    ----------
    .. [1] Breslow NE (1975), International Statistical Review 43(1):45-57.
    .. [2] Finkelstein DM, Muzikansky A, Schoenfeld DA (2003), JNCI 95(19):1434-1439.
    .. [3] Epstein B, Sobel M (1953), JASA 48(263):486-502.
    .. [4] Garwood F (1936), Biometrika 28(3/4):437-442.
    .. [5] Wu J (2014), Journal of Biometrics and Biostatistics 5(4):210.

    Examples
    --------
    Three events in 40 person-months at 0.1 a month: 4 were to be expected.

    >>> from onearm.stats.reference_hazard import ConstantHazard
    >>> one_sample_log_rank([5, 10, 10, 15], [1, 1, 1, 0], ConstantHazard(0.1)).z
    -0.5
    """
    for name, choice, known in (("variance", variance, OneSampleVariance), ("stopped_by", stopped_by, StoppedBy)):
        if choice not in get_args(known):
            raise MethodError(f"{name}: unknown {choice!r}.{suggest(str(choice), get_args(known))}")
    alpha = 1 - check_level(level)
    checked = check_times(time, event, entry=entry)
    hazard = np.asarray(reference(checked.time), dtype=np.float64)
    if checked.entry is not None:
        hazard = hazard - np.asarray(reference(checked.entry), dtype=np.float64)
    expected = float(np.sum(hazard))
    if np.any(hazard < 0) or not (math.isfinite(expected) and expected > 0):
        raise MethodError(
            f"reference: expects {expected:g} events; a cumulative hazard must be finite, never fall and not be zero."
        )
    observed = int(np.count_nonzero(checked.event))
    z = (observed - expected) / math.sqrt(expected if variance == "expected" else (observed + expected) / 2)
    exact = _exact(observed, expected, alpha, extra=1 if stopped_by == "time" else 0)
    return OneSampleLogRank(
        n=checked.time.size,
        observed=observed,
        expected=expected,
        ratio=observed / expected,
        low=exact.low / expected,
        high=exact.high / expected,
        level=level,
        z=z,
        p=2 * float(ndtr(-abs(z))),
        p_better=float(ndtr(z)),
        p_exact=min(1.0, 2 * min(exact.fewer, exact.more)),
        p_exact_better=exact.fewer,
        variance=variance,
        stopped_by=stopped_by,
    )


class _Exact(NamedTuple):
    """Probabilities of as few and as many events, and limits of the number to be expected."""

    fewer: float
    more: float
    low: float
    high: float


def _exact(observed: int, expected: float, alpha: float, *, extra: int) -> _Exact:
    """
    Tails and limits from the incomplete gamma functions P and Q = 1 - P.

    For a Poisson number X with mean E, P(X <= o) = Q(o + 1, E) and P(X >= o) = P(o, E). For an observed hazard with the
    gamma distribution of shape o, the probability of as much or more is Q(o, E): the same without the one extra.
    """
    if not observed:
        high = float(gammainccinv(1, alpha / 2)) if extra else math.inf
        return _Exact(float(gammaincc(1, expected)) if extra else 1.0, 1.0, 0.0, high)
    return _Exact(
        fewer=float(gammaincc(observed + extra, expected)),
        more=float(gammainc(observed, expected)),
        low=float(gammaincinv(observed, alpha / 2)),
        high=float(gammainccinv(observed + extra, alpha / 2)),
    )
