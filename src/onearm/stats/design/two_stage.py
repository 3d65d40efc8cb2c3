"""
Simon's two-stage designs: optimal, minimax, admissible, and the exact properties of any of them.

``n1`` patients are treated first. With ``r1`` responders or fewer the trial stops; with more, it goes on to ``n``
patients, and the treatment is worth pursuing if more than ``r`` of them respond.

The search goes through every design. It needs no cap: a design with ``n`` patients cannot have a smaller expected size
than the smallest ``n1 + (1 - PET)(n - n1)`` that its power leaves possible, and once this bound exceeds the best design
found, no larger ``n`` can be better.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.design.binomial import NOISE, check_hypotheses, pmf, tail
from onearm.stats.design.two_stage_search import Best, hull, least_expected, scan, sizes, unreachable

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "FeasibleDesigns",
    "SimonDesigns",
    "TwoStageDesign",
    "check_boundaries",
    "evaluate_two_stage",
    "find_feasible",
    "find_simon",
    "reject_probability",
]


@dataclass(frozen=True)
class TwoStageDesign(Framed):
    """
    One two-stage design and its exact properties.

    Parameters
    ----------
    r1, n1 : int
        Stop after ``n1`` patients with ``r1`` responders or fewer.
    r, n : int
        Reject H0 with more than ``r`` responders among ``n``.
    p0, p1 : float
        Response rates that the properties belong to.
    alpha, power : float
        Exact probability to reject H0 at ``p0`` and at ``p1``.
    pet0, pet1 : float
        Probability of early termination at ``p0`` and at ``p1``.
    en0, en1 : float
        Expected number of patients at ``p0`` and at ``p1``.
    other_r : tuple of int
        Further values of ``r`` that keep both limits with the same ``r1``, ``n1`` and ``n``.
    """

    r1: int
    n1: int
    r: int
    n: int
    p0: float
    p1: float
    alpha: float
    power: float
    pet0: float
    pet1: float
    en0: float
    en1: float
    other_r: tuple[int, ...] = ()

    def to_frame(self) -> pl.DataFrame:
        """
        Lay the design out as one row.

        Returns
        -------
        polars.DataFrame
            Every field but ``other_r``, which may hold any number of values.
        """
        import polars as pl

        return pl.DataFrame({f.name: [getattr(self, f.name)] for f in fields(self) if f.name != "other_r"})

    def __str__(self) -> str:
        """The design as it is written in papers, with its properties."""
        return (
            f"{self.r1}/{self.n1}, {self.r}/{self.n}: alpha {self.alpha:.4f}, power {self.power:.4f}, "
            f"PET(p0) {self.pet0:.4f}, EN(p0) {self.en0:.2f}"
        )


@dataclass(frozen=True)
class SimonDesigns:
    """
    The designs that keep both error limits and are best in some sense.

    Parameters
    ----------
    optimal : TwoStageDesign
        Smallest expected number of patients at ``p0``.
    minimax : TwoStageDesign
        Smallest ``n``, and of these the smallest expected number at ``p0``.
    admissible : tuple of TwoStageDesign
        From minimax to optimal: each minimises ``w n + (1 - w) EN(p0)`` for some weight ``w`` (Jung 2004).
    weight_low, weight_high : tuple of float
        The weights for which each admissible design is best.
    searched_to : int
        Largest ``n`` looked at.
    is_proven : bool
        Whether the bound shows that no larger ``n`` has a smaller expected number.
    """

    optimal: TwoStageDesign
    minimax: TwoStageDesign
    admissible: tuple[TwoStageDesign, ...]
    weight_low: tuple[float, ...]
    weight_high: tuple[float, ...]
    searched_to: int
    is_proven: bool

    def to_frame(self) -> pl.DataFrame:
        """
        Lay the admissible designs out as rows.

        Returns
        -------
        polars.DataFrame
            One row per admissible design, minimax first, with ``criterion`` and the weights.
        """
        import polars as pl

        rows = pl.concat([design.to_frame() for design in self.admissible])
        return rows.with_columns(
            criterion=pl.Series([self.criterion(design) for design in self.admissible]),
            weight_low=pl.Series(self.weight_low),
            weight_high=pl.Series(self.weight_high),
        )

    def criterion(self, design: TwoStageDesign) -> str:
        """
        Say in what sense a design is best.

        Parameters
        ----------
        design : TwoStageDesign
            One of the admissible designs.

        Returns
        -------
        str
            ``optimal``, ``minimax``, ``optimal and minimax`` or ``admissible``.
        """
        names = [name for name, best in (("optimal", self.optimal), ("minimax", self.minimax)) if best == design]
        return " and ".join(names) or "admissible"


@dataclass(frozen=True)
class FeasibleDesigns(Framed):
    """
    Every two-stage design that keeps both limits, one for each ``(n, n1, r1)``.

    Parameters
    ----------
    r1, n1, r, n : ndarray of int, shape (n_designs,)
        The designs, ``n`` ascending; ``r`` is the smallest that keeps alpha and so has the largest power.
    alpha, power, pet0, en0 : ndarray of float, shape (n_designs,)
        Exact properties.
    """

    r1: NDArray[np.int64]
    n1: NDArray[np.int64]
    r: NDArray[np.int64]
    n: NDArray[np.int64]
    alpha: NDArray[np.float64]
    power: NDArray[np.float64]
    pet0: NDArray[np.float64]
    en0: NDArray[np.float64]


def check_boundaries(r1: int, n1: int, r: int, n: int) -> None:
    """
    Check the four numbers of a two-stage design.

    Parameters
    ----------
    r1, n1, r, n : int
        As in Simon (1989).

    Raises
    ------
    MethodError
        With every problem at once.
    """
    problems = []
    if not 0 < n1 < n:
        problems.append(f"n1 is {n1} and n is {n}; acceptable is 0 < n1 < n.")
    if not 0 <= r1 < n1:
        problems.append(f"r1 is {r1} with n1 = {n1}; acceptable is 0 <= r1 < n1.")
    if not r1 <= r < n:
        problems.append(f"r is {r} with r1 = {r1} and n = {n}; acceptable is r1 <= r < n.")
    if problems:
        raise MethodError(*problems)


def reject_probability(
    r1: int, n1: int, r: int, n: int, p: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Probability to reject H0 and to stop early, at any response rate.

    Parameters
    ----------
    r1, n1, r, n : int
        The design.
    p : float or array_like, shape (n_rates,)
        True response rates.

    Returns
    -------
    tuple of ndarray, each shape (n_rates,)
        P(X1 > r1 and X1 + X2 > r), and P(X1 <= r1).

    References
    ----------
    .. [1] Simon R (1989), Controlled Clinical Trials 10(1):1-10.

    Examples
    --------
    >>> reject, stop = reject_probability(5, 15, 18, 46, 0.3)
    >>> round(float(reject[0]), 6), round(float(stop[0]), 6)
    (0.049865, 0.721621)
    """
    check_boundaries(r1, n1, r, n)
    rates = np.atleast_1d(np.asarray(p, dtype=float))
    x1 = np.arange(r1 + 1, n1 + 1)
    first = pmf(n1, rates)
    second = tail(n - n1, rates)[:, np.clip(r + 1 - x1, 0, n - n1 + 1)]
    return (first[:, x1] * second).sum(axis=1), first[:, : r1 + 1].sum(axis=1)


def evaluate_two_stage(r1: int, n1: int, r: int, n: int, *, p0: float, p1: float) -> TwoStageDesign:
    """
    Exact properties of one two-stage design.

    Parameters
    ----------
    r1, n1, r, n : int
        The design.
    p0, p1 : float
        Response rates.

    Returns
    -------
    TwoStageDesign
        With the attained alpha and power.

    Examples
    --------
    >>> print(evaluate_two_stage(5, 15, 18, 46, p0=0.3, p1=0.5))
    5/15, 18/46: alpha 0.0499, power 0.8032, PET(p0) 0.7216, EN(p0) 23.63
    """
    (alpha, power), (pet0, pet1) = (x.tolist() for x in reject_probability(r1, n1, r, n, np.array([p0, p1])))
    return TwoStageDesign(
        r1, n1, r, n, p0, p1, alpha, power, pet0, pet1, n - pet0 * (n - n1), n - pet1 * (n - n1)
    )  # fmt: skip


def find_simon(p0: float, p1: float, *, alpha: float = 0.05, power: float = 0.80, n_max: int = 300) -> SimonDesigns:
    """
    Find Simon's optimal and minimax designs and all admissible designs between them.

    Parameters
    ----------
    p0, p1 : float
        Response rate of no interest, and the one worth finding.
    alpha : float, default 0.05
        Largest one-sided type I error.
    power : float, default 0.80
        Smallest power.
    n_max : int, default 300
        Cap on ``n``. The search ends earlier, as soon as no larger ``n`` can be better.

    Returns
    -------
    SimonDesigns
        With exact properties. At equal ``(r1, n1, n)`` the smallest ``r`` that keeps alpha is taken, which has the
        largest power; the others are in ``other_r``.

    Raises
    ------
    MethodError
        If ``p1`` is not above ``p0``, or no design up to ``n_max`` has the power.

    References
    ----------
    .. [1] Simon R (1989), Controlled Clinical Trials 10(1):1-10.
    .. [2] Jung SH, Lee T, Kim KM, George SL (2004), Statistics in Medicine 23(4):561-569.

    Examples
    --------
    >>> designs = find_simon(0.3, 0.5, alpha=0.05, power=0.80)
    >>> print(designs.optimal)
    5/15, 18/46: alpha 0.0499, power 0.8032, PET(p0) 0.7216, EN(p0) 23.63
    >>> [(d.n, round(d.en0, 2)) for d in designs.admissible]
    [(39, 25.69), (42, 24.68), (46, 23.63)]
    """
    check_hypotheses(p0, p1, alpha, power)
    by_size: list[Best] = []  # the best design of each n that has one
    smallest, searched, proven = np.inf, 0, False
    for n, tables in sizes(p0, p1, power, n_max):
        if least_expected(tables, n) > smallest:
            proven = True
            break
        searched = n
        found = scan(tables, n, alpha, power)
        if found is None:
            continue
        r1, n1, r, en0 = found[0], found[1], found[2], found[6]
        k = int(np.argmin(en0))
        if en0[k] < smallest - NOISE:
            smallest = float(en0[k])
            by_size.append((n, smallest, int(r1[k]), int(n1[k]), int(r[k])))
    if not by_size:
        raise MethodError(unreachable(p0, p1, alpha, power, n_max))
    corners, cuts = hull(by_size)
    admissible = tuple(_with_other_r(best, p0, p1, alpha, power) for best in corners)
    return SimonDesigns(
        optimal=admissible[-1],
        minimax=admissible[0],
        admissible=admissible,
        weight_low=(*cuts, 0.0),
        weight_high=(1.0, *cuts),
        searched_to=searched,
        is_proven=proven,
    )


def find_feasible(
    p0: float, p1: float, *, alpha: float = 0.05, power: float = 0.80, n_max: int = 100
) -> FeasibleDesigns:
    """
    List every two-stage design up to a size that keeps both limits.

    Parameters
    ----------
    p0, p1 : float
        Response rates.
    alpha, power : float
        Limits.
    n_max : int, default 100
        Largest ``n``.

    Returns
    -------
    FeasibleDesigns
        One design for each ``(n, n1, r1)``; may be empty.

    Examples
    --------
    >>> found = find_feasible(0.3, 0.5, n_max=40)
    >>> int(found.n.min()), round(float(found.en0.min()), 2)
    (39, 25.69)
    """
    check_hypotheses(p0, p1, alpha, power)
    parts = [part for n, tables in sizes(p0, p1, power, n_max) if (part := scan(tables, n, alpha, power)) is not None]
    columns = [np.concatenate([part[i] for part in parts]) if parts else np.empty(0) for i in range(8)]
    r1, n1, r, n = (column.astype(np.int64) for column in (columns[0], columns[1], columns[2], columns[7]))
    return FeasibleDesigns(r1, n1, r, n, columns[3], columns[4], columns[5], columns[6])


def _with_other_r(best: Best, p0: float, p1: float, alpha: float, power: float) -> TwoStageDesign:
    n, _, r1, n1, r = best
    design = evaluate_two_stage(r1, n1, r, n, p0=p0, p1=p1)
    others = []
    for other in range(r + 1, n):
        (size, strength), _ = reject_probability(r1, n1, other, n, np.array([p0, p1]))
        if strength < power - NOISE:
            break
        others += [other] if size <= alpha + NOISE else []
    return replace(design, other_r=tuple(others))
