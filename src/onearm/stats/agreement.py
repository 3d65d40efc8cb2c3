"""Agreement of two readers: Cohen's kappa, plain and weighted, with the standard errors that SAS and R print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.counts import count_table
from onearm.stats.interval import level_problems

__all__ = ["KAPPA_WEIGHTS", "Kappa", "cohen_kappa", "rating_table"]

Floats = NDArray[np.float64]

KAPPA_WEIGHTS: Final[dict[str, Callable[[Floats], Floats]]] = {
    "identity": lambda distance: (distance == 0).astype(np.float64),
    "linear": lambda distance: 1 - distance,
    "quadratic": lambda distance: 1 - distance**2,
}
"""Credit for two ratings by their distance, 0 for the same and 1 for the two ends of the scale."""


@dataclass(frozen=True)
class Kappa(Framed):
    """
    Agreement of two readers beyond chance.

    Attributes
    ----------
    kappa : float
        1 for perfect agreement, 0 for that of chance; NaN where chance alone would agree perfectly.
    low, high : float
        Interval from the large-sample standard error.
    level : float
        Of the interval.
    se : float
        Standard error whatever kappa is.
    se_null : float
        Standard error if kappa is 0.
    z, p : float
        Two-sided test of no agreement beyond chance.
    agreement, expected : float
        Weighted proportion of agreement, seen and by chance.
    n : int
        Subjects rated by both.
    weights : str
        Credit for near misses.
    """

    kappa: float
    low: float
    high: float
    level: float
    se: float
    se_null: float
    z: float
    p: float
    agreement: float
    expected: float
    n: int
    weights: str


def rating_table(first: Sequence[str], second: Sequence[str], *, categories: Sequence[str]) -> NDArray[np.int64]:
    """
    Count the ratings of two readers.

    Parameters
    ----------
    first, second : sequence of str
        Ratings of the same subjects, in the same order.
    categories : sequence of str
        All ratings, in their order, such as CR, PR, SD, PD.

    Returns
    -------
    numpy.ndarray of int, shape (n_categories, n_categories)
        Rows are the first reader's ratings, columns the second's.

    Raises
    ------
    MethodError
        If the lengths differ, or a rating is not among the categories.

    Examples
    --------
    >>> rating_table(["PR", "SD", "PD"], ["PR", "PR", "PD"], categories=["PR", "SD", "PD"]).tolist()
    [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    """
    if len(first) != len(second):
        raise MethodError(f"second: one rating for each of the first is needed; found {len(second)} for {len(first)}.")
    place = {category: position for position, category in enumerate(categories)}
    unknown = sorted({str(rating) for rating in (*first, *second) if rating not in place})
    if unknown:
        raise MethodError(*(f"ratings: unknown category '{name}'.{suggest(name, map(str, place))}" for name in unknown))
    table = np.zeros((len(place), len(place)), dtype=np.int64)
    np.add.at(table, ([place[rating] for rating in first], [place[rating] for rating in second]), 1)
    return table


def cohen_kappa(table: ArrayLike, *, weights: str = "identity", level: float = 0.95) -> Kappa:
    """
    Cohen's kappa of two readers.

    Parameters
    ----------
    table : array_like, shape (n_categories, n_categories)
        Counts; rows are the first reader's ratings, columns the second's, in one order.
    weights : {"identity", "linear", "quadratic"}, default "identity"
        Credit for near misses: none; Cicchetti-Allison; Fleiss-Cohen.
    level : float, default 0.95
        Two-sided coverage of the interval.

    Returns
    -------
    Kappa
        The interval is kappa ± z SE, cut at -1 and 1.

    Raises
    ------
    MethodError
        If the table is not square or holds no subject, or the weights or the level cannot be used.

    References
    ----------
    .. [1] Cohen J (1960), Educ Psychol Meas 20(1):37-46.
    .. [2] Fleiss JL, Cohen J, Everitt BS (1969), Psychol Bull 72(5):323-327.

    Examples
    --------
    >>> result = cohen_kappa([[20, 5], [10, 15]])
    >>> round(result.kappa, 4), round(result.se, 4)
    (0.4, 0.127)
    """
    counts = count_table(table)
    problems = level_problems(level)
    if counts.shape[0] != counts.shape[1]:
        problems.append(f"table: as many rows as columns are needed; found shape {counts.shape}.")
    if counts.sum() == 0:
        problems.append("table: it holds no subject.")
    if weights not in KAPPA_WEIGHTS:
        problems.append(f"weights: unknown '{weights}'.{suggest(weights, KAPPA_WEIGHTS)}")
    if problems:
        raise MethodError(*problems)
    n = int(counts.sum())
    p = counts / n
    k = p.shape[0]
    credit = KAPPA_WEIGHTS[weights](np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1))
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    agreement, expected = float((credit * p).sum()), float(rows @ credit @ columns)
    if expected >= 1 - 1e-15:
        return Kappa(nan, nan, nan, level, nan, nan, nan, nan, agreement, expected, n, weights)
    kappa = (agreement - expected) / (1 - expected)
    margin = np.add.outer(credit @ columns, rows @ credit)
    spread = float((p * (credit - margin * (1 - kappa)) ** 2).sum()) - (kappa - expected * (1 - kappa)) ** 2
    null = float((np.outer(rows, columns) * (credit - margin) ** 2).sum()) - expected**2
    se, se_null = (float(np.sqrt(max(0.0, v) / n)) / (1 - expected) for v in (spread, null))
    half = -float(special.ndtri((1 - level) / 2)) * se
    z = kappa / se_null if se_null > 0 else nan
    return Kappa(
        kappa=kappa,
        low=max(-1.0, kappa - half),
        high=min(1.0, kappa + half),
        level=level,
        se=se,
        se_null=se_null,
        z=z,
        p=2 * float(special.ndtr(-abs(z))),
        agreement=agreement,
        expected=expected,
        n=n,
        weights=weights,
    )
