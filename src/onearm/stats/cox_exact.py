"""
Exact partial likelihood for tied times, taken as truly discrete.

The ``d`` deaths at one time compete with every other choice of ``d`` subjects from the risk set. The sum over all
choices follows from a recursion over the risk set; here it carries the logarithm of the sum, and the mean and
covariance of the covariates' total over the choices, so that nothing overflows and nothing cancels.
"""

from __future__ import annotations

import numpy as np

from onearm.stats.cox_likelihood import Evaluation
from onearm.stats.cox_risk import Floats, RiskSets

__all__ = ["exact_likelihood"]


def exact_likelihood(risk: RiskSets, X: Floats, beta: Floats) -> Evaluation:
    """
    Evaluate the exact log partial likelihood for ties.

    The time grows with the number of subjects times the largest number of ties, and with the number of event times
    where subjects enter late. This is ``ties="exact"`` of R and ``TIES=DISCRETE`` of SAS.

    Parameters
    ----------
    risk : RiskSets
        The index, without weights.
    X : ndarray of float, shape (n_covariates, n_rows)
        Covariates in the order of the rows.
    beta : ndarray of float, shape (n_covariates,)
        Coefficients.

    Returns
    -------
    Evaluation
        Value, score and information.

    References
    ----------
    .. [1] Cox DR (1972), Journal of the Royal Statistical Society B 34(2):187-220.
    .. [2] Gail MH, Lubin JH, Rubinstein LV (1981), Biometrika 68(3):703-707.
    """
    linear = beta @ X
    number = np.diff(risk.death_starts, append=risk.deaths.size)
    total = float(linear[risk.deaths].sum())
    score = X[:, risk.deaths].sum(axis=1)
    information = np.zeros((beta.size, beta.size))
    for low, high in zip(risk.bounds[:-1], risk.bounds[1:], strict=True):
        sums = _Choices(int(number[low:high].max()), beta.size)
        for time in range(high - 1, low - 1, -1):
            if risk.is_truncated:
                sums = _Choices(int(number[time]), beta.size)
                joining = np.flatnonzero((risk.first <= time) & (risk.last >= time) & (risk.last < high))
            else:
                end = risk.starts[time + 1] if time + 1 < risk.n_event_times else risk.last.size
                joining = np.arange(risk.starts[time], end)
            for row in joining:
                sums.join(float(linear[row]), X[:, row])
            ties = int(number[time])
            total -= float(sums.log_sum[ties])
            score -= sums.mean[ties]
            information += sums.covariance[ties]
    return Evaluation(total, score, information)


class _Choices:
    """Over all choices of k from the subjects who joined, k = 0 .. most: log of the sum, mean, covariance."""

    def __init__(self, most: int, n_covariates: int) -> None:
        self.log_sum = np.full(most + 1, -np.inf)
        self.log_sum[0] = 0.0
        self.mean = np.zeros((most + 1, n_covariates))
        self.covariance = np.zeros((most + 1, n_covariates, n_covariates))
        self.joined = 0

    def join(self, linear: float, x: Floats) -> None:
        """Let one subject join: each choice of k is one without the subject, or one of k - 1 with the subject."""
        self.joined += 1
        top = min(self.joined, self.log_sum.size - 1) + 1
        without, chosen = self.log_sum[1:top], self.log_sum[: top - 1] + linear
        both = np.logaddexp(without, chosen)
        share = np.exp(chosen - both)
        step = self.mean[: top - 1] + x - self.mean[1:top]
        inside = self.covariance[: top - 1] - self.covariance[1:top]
        spread = (share * (1 - share))[:, None, None] * step[:, :, None] * step[:, None, :]
        self.covariance[1:top] += share[:, None, None] * inside + spread
        self.mean[1:top] += share[:, None] * step
        self.log_sum[1:top] = both
