"""Gray's test: whether groups have the same cumulative incidence of one cause."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.competing_risks import check_causes
from onearm.stats.groups import check_groups
from onearm.stats.times import check_times, count_at, distinct_times

__all__ = ["GrayTest", "gray_test"]


@dataclass(frozen=True, eq=False, repr=False)
class GrayTest(Framed):
    """
    Comparison of cumulative incidences.

    Attributes
    ----------
    group : tuple, length n_groups
        Labels, sorted.
    n, events : ndarray of int, shape (n_groups,)
        Subjects, and failures from the cause.
    score : ndarray of float, shape (n_groups,)
        Weighted observed minus expected failures; positive where there are more than the others would suggest.
    variance : ndarray of float, shape (n_groups, n_groups)
        Covariance of the scores.
    chi_squared : float
        Test statistic.
    df : int
        Degrees of freedom.
    p : float
        P value; NaN where the test does not exist.
    of : int
        Code of the cause.
    rho : float
        Power of 1 - F(t-) by which failures are weighted.
    note : str
        Why the test does not exist; empty where it does.
    """

    group: tuple[Any, ...]
    n: NDArray[np.intp]
    events: NDArray[np.intp]
    score: NDArray[np.float64]
    variance: NDArray[np.float64]
    chi_squared: float
    df: int
    p: float
    of: int
    rho: float
    note: str

    def __repr__(self) -> str:
        """Say the result; the scores are in `to_frame`."""
        note = f"; {self.note}" if self.note else ""
        return f"GrayTest(cause {self.of}: chi-squared {self.chi_squared:.6g}, df {self.df}, p = {self.p:.6g}{note})"


def gray_test(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    *,
    of: int = 1,
    strata: ArrayLike | None = None,
    rho: float = 0.0,
) -> GrayTest:
    """
    Test whether groups have the same cumulative incidence of a cause.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        End of observation; times that differ by floating-point noise are one time.
    cause : array_like of int, shape (n_subjects,)
        0 for censoring, 1 and more for what ended the observation.
    group : array_like, shape (n_subjects,)
        Labels of at least two groups.
    of : int, default 1
        Cause that is compared; every other is competing.
    strata : array_like, shape (n_subjects,), optional
        Labels of strata; groups are compared within each and the scores added up.
    rho : float, default 0
        Weight of a failure at t is (1 - F(t-))**rho, F the pooled estimate.

    Returns
    -------
    GrayTest
        Without a failure from the cause, p is NaN with a note.

    Raises
    ------
    MethodError
        For bad times, codes or labels, or fewer than two groups.

    References
    ----------
    .. [1] Gray RJ (1988), Annals of Statistics 16(3):1141-1154.

    Examples
    --------
    >>> gray_test([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 1, 2, 0, 1, 0], list("aaaabbbb"))
    GrayTest(cause 1: chi-squared 3.77403, df 1, p = 0.0520541)
    """
    checked = check_times(time, np.asarray(codes := check_causes(cause)) != 0)
    groups = check_groups(group, checked.time.size)
    if len(groups.levels) < 2:
        raise MethodError(f"group: only one group ({groups.levels[0]!r}); at least two are needed.")
    stratum = np.zeros(checked.time.size, dtype=np.intp)
    if strata is not None:
        stratum = check_groups(strata, checked.time.size, name="strata").codes
    merged, kind = distinct_times(checked.time), np.where(codes == of, 1, np.where(codes == 0, 0, 2))
    k = len(groups.levels)
    score, variance = np.zeros(k), np.zeros((k, k))
    for code in np.unique(stratum[kind > 0]):
        chosen = stratum == code
        own_score, own_variance = _score(_tabulate(merged[chosen], kind[chosen], groups.codes[chosen], k), rho)
        score, variance = score + own_score, variance + own_variance
    inner = variance[1:, 1:]
    tolerance = 1e-10 * float(np.max(np.abs(inner)))  # what is smaller is rounding
    enough = np.linalg.matrix_rank(inner, tol=tolerance, hermitian=True) == k - 1
    chi_squared = float(score[1:] @ np.linalg.solve(inner, score[1:])) if enough else math.nan
    return GrayTest(
        group=groups.levels,
        n=np.bincount(groups.codes, minlength=k),
        events=np.bincount(groups.codes[codes == of], minlength=k),
        score=score,
        variance=variance,
        chi_squared=chi_squared,
        df=k - 1,
        p=float(chdtrc(k - 1, chi_squared)) if enough else math.nan,
        of=of,
        rho=float(rho),
        note="" if enough else "too few failures from the cause to compare all groups",
    )


class _Table(NamedTuple):
    """Numbers at risk and failures in each group at each time of a failure, shape (n_groups, n_times)."""

    at_risk: NDArray[np.float64]
    own: NDArray[np.float64]
    other: NDArray[np.float64]


def _tabulate(time: NDArray[np.float64], kind: NDArray[np.intp], codes: NDArray[np.intp], k: int) -> _Table:
    """Count at each time of a failure from any cause."""
    at = np.unique(time[kind > 0])
    table = _Table(*(np.zeros((k, at.size)) for _ in range(3)))
    for code in range(k):
        mine = codes == code
        table.at_risk[code] = np.count_nonzero(mine) - np.searchsorted(np.sort(time[mine]), at, side="left")
        for row, which in ((table.own, 1), (table.other, 2)):
            row[code] = count_at(at, time[mine & (kind == which)])
    return table


def _score(table: _Table, rho: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Score of each group in one stratum and its covariance, in the notation of section 3 of the paper.

    With h = Y/S(t-) and R = h (1 - F(t-)), the score is the integral of the weight times dN1 - R dN1./R. of the
    whole. Linearised, it is a sum over groups k of integrals of the noise of the two causes in group k, with the
    integrands ``direct + later * own_share`` and ``later * other_share`` below.
    """
    at_risk, own, other = table
    k = len(at_risk)
    there = at_risk > 0
    safe = np.where(there, at_risk, 1.0)
    survival = np.cumprod(np.where(there, (at_risk - own - other) / safe, 1.0), axis=1, dtype=np.float64)
    before = np.concatenate((np.ones((k, 1)), survival[:, :-1]), axis=1)
    jump = np.where(there, before * own / safe, 0.0)
    free = 1 - np.concatenate((np.zeros((k, 1)), np.cumsum(jump, axis=1)[:, :-1]), axis=1)
    h = np.divide(at_risk, before, out=np.zeros_like(before), where=there & (before > 0))
    total_h, total_own = h.sum(axis=0), own.sum(axis=0)
    step = total_own / total_h
    pooled = np.cumsum(step)
    pooled_before = np.concatenate(([0.0], pooled[:-1]))
    weight = (1 - pooled_before) ** rho
    risk = h * free
    score = ((own - risk * total_own / risk.sum(axis=0)) * weight).sum(axis=1)
    direct = weight * h[:, None, :] * (np.eye(k)[:, :, None] - (h / total_h)[None, :, :])
    # once the pooled incidence is 1 a single group is left, which has nothing to be compared with
    hazard = np.divide(step, 1 - pooled_before, out=np.zeros_like(step), where=pooled_before < 1 - 1e-12)
    running = np.cumsum(direct * hazard, axis=2)
    later = running[:, :, -1:] - running
    gone = survival <= 1e-12
    other_share = np.divide(1 - pooled, survival, out=np.zeros_like(survival), where=~gone)
    own_share = 1 - other_share
    noise_own = _own_noise(total_own, total_h, before, at_risk)
    alive = np.where(gone, 0.0, before**2 / safe**2)
    noise_other = alive * other * np.where(other > 1, 1 - (other - 1) / np.maximum(at_risk - 1, 1), 1.0)
    first = direct + later * own_share
    second = later * other_share
    variance = np.einsum("ikt,jkt,kt->ij", first, first, noise_own)
    return score, variance + np.einsum("ikt,jkt,kt->ij", second, second, noise_other)


def _own_noise(
    total_own: NDArray[np.float64],
    total_h: NDArray[np.float64],
    before: NDArray[np.float64],
    at_risk: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Estimate under equality, from the pooled failures, the variance of S(t-) dN1/Y in each group."""
    there = at_risk > 0
    reach = total_h * before
    ties = np.where(total_own > 1, 1 - (total_own - 1) / np.where(reach > 1, reach - 1, 1.0), 1.0)
    return np.where(there, ties * before * total_own / (total_h * np.where(there, at_risk, 1.0)), 0.0)
