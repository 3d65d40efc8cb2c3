"""
Three-stage designs with stopping for futility (Chen 1997): optimal and minimax by exhaustive search.

The search goes through total sizes in order. For each first stage the joint distribution after the second is computed
once and kept; a second stage is then worth a look at ``r`` only if its expected size beats the best design so far and
its stopping leaves enough power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.binomial import NOISE, check_hypotheses, pmf_table, tail_table
from onearm.stats.design.looks import StoppingRule, operating_characteristics

__all__ = ["ThreeStageDesign", "ThreeStageDesigns", "evaluate_three_stage", "find_three_stage"]


@dataclass(frozen=True)
class ThreeStageDesign(Framed):
    """
    A three-stage design and its exact properties.

    Parameters
    ----------
    r1, n1, r2, n2, r, n : int
        Stop after ``n1`` patients with ``r1`` responders or fewer, after ``n2`` (in all) with ``r2`` or fewer; reject
        H0 with more than ``r`` among ``n``.
    p0, p1 : float
        Response rates.
    alpha, power : float
        Exact probability to reject at ``p0`` and at ``p1``.
    pet0_stage1, pet0 : float
        Probability at ``p0`` to stop after stage 1, and after stage 1 or 2.
    en0, en1 : float
        Expected number of patients at ``p0`` and at ``p1``.
    """

    r1: int
    n1: int
    r2: int
    n2: int
    r: int
    n: int
    p0: float
    p1: float
    alpha: float
    power: float
    pet0_stage1: float
    pet0: float
    en0: float
    en1: float

    def __str__(self) -> str:
        """The design in one line."""
        return (
            f"{self.r1}/{self.n1}, {self.r2}/{self.n2}, {self.r}/{self.n}: alpha {self.alpha:.4f}, "
            f"power {self.power:.4f}, PET(p0) {self.pet0:.4f}, EN(p0) {self.en0:.2f}"
        )


@dataclass(frozen=True)
class ThreeStageDesigns:
    """
    The two best three-stage designs.

    Parameters
    ----------
    optimal : ThreeStageDesign
        Smallest expected number at ``p0`` among designs up to ``n_max``.
    minimax : ThreeStageDesign
        Smallest ``n``, and of these the smallest expected number at ``p0``.
    n_max : int
        Largest ``n`` searched.
    """

    optimal: ThreeStageDesign
    minimax: ThreeStageDesign
    n_max: int


def evaluate_three_stage(
    r1: int, n1: int, r2: int, n2: int, r: int, n: int, *, p0: float, p1: float
) -> ThreeStageDesign:
    """
    Exact properties of one three-stage design.

    Parameters
    ----------
    r1, n1, r2, n2, r, n : int
        Boundaries and cumulative sizes.
    p0, p1 : float
        Response rates.

    Returns
    -------
    ThreeStageDesign
        By exact recursion.

    Examples
    --------
    >>> print(evaluate_three_stage(0, 10, 1, 17, 3, 29, p0=0.05, p1=0.20))
    0/10, 1/17, 3/29: alpha 0.0425, power 0.7762, PET(p0) 0.8188, EN(p0) 14.98
    """
    oc = operating_characteristics(StoppingRule((n1, n2, n), (r1, r2, r), (None, None, r + 1)), [p0, p1])
    stop = oc.futility_at[0]
    return ThreeStageDesign(
        r1=r1,
        n1=n1,
        r2=r2,
        n2=n2,
        r=r,
        n=n,
        p0=p0,
        p1=p1,
        alpha=float(oc.efficacy[0]),
        power=float(oc.efficacy[1]),
        pet0_stage1=float(stop[0]),
        pet0=float(stop[0] + stop[1]),
        en0=float(oc.expected_n[0]),
        en1=float(oc.expected_n[1]),
    )


def find_three_stage(
    p0: float, p1: float, *, alpha: float = 0.05, power: float = 0.80, n_max: int = 60
) -> ThreeStageDesigns:
    """
    Find the optimal and the minimax three-stage design.

    Parameters
    ----------
    p0, p1 : float
        Response rates.
    alpha, power : float
        Limits.
    n_max : int, default 60
        Largest total size searched.

    Returns
    -------
    ThreeStageDesigns
        Best up to ``n_max``.

    Raises
    ------
    MethodError
        If no design up to ``n_max`` keeps both limits.

    References
    ----------
    .. [1] Chen TT (1997), Statistics in Medicine 16(23):2701-2711.

    Examples
    --------
    >>> print(find_three_stage(0.1, 0.3, n_max=32).optimal)
    0/6, 2/17, 5/29: alpha 0.0469, power 0.8016, PET(p0) 0.8094, EN(p0) 13.44
    """
    check_hypotheses(p0, p1, alpha, power)
    search = _Search(p0, p1, alpha, power, n_max)
    best: tuple[float, tuple[int, ...]] | None = None
    smallest: tuple[float, tuple[int, ...]] | None = None
    for n in range(3, n_max + 1):
        found = search.best_of_size(n, np.inf if best is None else best[0])
        if found is not None:
            smallest = smallest or found
            best = found
    if best is None or smallest is None:
        raise MethodError(
            f"no three-stage design with up to {n_max} patients tells {p0:g} from {p1:g} with alpha {alpha:g} and "
            f"power {power:g}; acceptable is a larger n_max, a larger p1, a larger alpha or a smaller power."
        )
    return ThreeStageDesigns(
        evaluate_three_stage(*best[1], p0=p0, p1=p1), evaluate_three_stage(*smallest[1], p0=p0, p1=p1), n_max
    )


class _Search:
    """Binomial tables, and for each first stage the distribution after the second."""

    def __init__(self, p0: float, p1: float, alpha: float, power: float, n_max: int) -> None:
        self.alpha, self.power, self.n_max = alpha, power, n_max
        self.pmf = np.stack([pmf_table(n_max, p0), pmf_table(n_max, p1)])
        self.tail = np.stack([tail_table(table) for table in self.pmf])
        self.r1_max = (self.tail[1] >= power - NOISE).sum(axis=1) - 2
        self.second: dict[tuple[int, int], NDArray[np.float64]] = {}

    def after_second(self, n1: int, r1: int) -> NDArray[np.float64]:
        """Joint probability of going on after stage 1 and x responders among n2: shape (2, n_max + 1, n_max + 1)."""
        key = (n1, r1)
        if key not in self.second:
            joint = np.zeros_like(self.pmf)
            for x in range(r1 + 1, n1 + 1):
                joint[:, n1:, x:] += (
                    self.pmf[:, n1, x, None, None] * self.pmf[:, : self.n_max + 1 - n1, : self.n_max + 1 - x]
                )
            self.second[key] = joint
        return self.second[key]

    def best_of_size(self, n: int, limit: float) -> tuple[float, tuple[int, ...]] | None:
        """Design of size n with the smallest expected number below the limit."""
        r_high = int((self.tail[1, n] >= self.power - NOISE).sum()) - 2
        if r_high < 0:
            return None
        best: tuple[float, tuple[int, ...]] | None = None
        for n1 in range(1, n - 1):
            for r1 in range(min(self.r1_max[n1], r_high) + 1):
                go_on = self.tail[0, n1, r1 + 1]
                if n1 + go_on >= limit:
                    continue
                found = self._given_first(n, n1, r1, r_high, limit)
                if found is not None:
                    best, limit = found, found[0]
        return best

    def _given_first(self, n: int, n1: int, r1: int, r_high: int, limit: float) -> tuple[float, tuple[int, ...]] | None:
        joint = self.after_second(n1, r1)[:, n1 + 1 : n, :]  # rows n2 = n1 + 1 .. n - 1
        beyond = np.cumsum(joint[:, :, ::-1], axis=2)[:, :, ::-1]  # column k: P(go on after stage 1, X2 >= k)
        n2 = np.arange(n1 + 1, n)[:, None]
        r2 = np.arange(r1, r_high + 1)[None, :]
        go_on = beyond[:, :, r1 + 1 : r_high + 2]
        expected = n1 + self.tail[0, n1, r1 + 1] * (n2 - n1) + go_on[0] * (n - n2)
        candidate = (expected < limit - NOISE) & (go_on[1] >= self.power - NOISE) & (r2 < n2)
        rows, columns = np.nonzero(candidate)
        if not rows.size:
            return None
        order = np.argsort(expected[rows, columns], kind="stable")
        rows, columns = rows[order], columns[order]
        r = np.arange(r_high + 1)
        for start in range(0, rows.size, 64):  # cheapest first, in blocks: the first that keeps both limits is the best
            part = slice(start, start + 64)
            reject = self._reject(joint, n - n1, rows=rows[part], r2=columns[part] + r1, r=r)
            kept = (reject[0] <= self.alpha + NOISE) & (reject[1] >= self.power - NOISE)
            kept &= r[None, :] >= (columns[part] + r1)[:, None]
            if kept.any():
                k = int(np.argmax(kept.any(axis=1)))
                row, column = rows[part][k], columns[part][k]
                chosen = (n1, r1, int(row) + n1 + 1, int(column) + r1, int(np.argmax(kept[k])))
                return float(expected[row, column]), (r1, n1, chosen[3], chosen[2], chosen[4], n)
        return None

    def _reject(
        self,
        joint: NDArray[np.float64],
        beyond_first: int,
        *,
        rows: NDArray[np.int64],
        r2: NDArray[np.int64],
        r: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Probability to reject for some second stages (n2 by row, r2) and every r: shape (2, n_stages, n_r)."""
        x = np.arange(joint.shape[2])
        alive = joint[:, rows, :] * (x[None, :] > r2[:, None])
        left = beyond_first - (rows + 1)
        needed = np.clip(r[None, :] + 1 - x[:, None], 0, self.n_max + 1)
        return np.stack(
            [np.einsum("kx,kxr->kr", alive[h], self.tail[h][left[:, None, None], needed[None]]) for h in (0, 1)]
        )
