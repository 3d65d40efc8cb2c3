"""Tables of binomial probabilities, and what two response rates and two error limits may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, xlog1py, xlogy

from onearm.errors import MethodError

__all__ = ["NOISE", "check_hypotheses", "check_proportion", "pmf", "pmf_table", "tail", "tail_table"]

NOISE = 1e-12
"""A probability that misses its limit by no more than this is on the limit: long sums carry such noise."""


def check_proportion(name: str, value: float) -> list[str]:
    """
    Say what is wrong with a number that has to lie strictly between 0 and 1.

    Parameters
    ----------
    name : str
        What the number is called where it was typed.
    value : float
        The number.

    Returns
    -------
    list of str
        Empty, or one sentence.

    Examples
    --------
    >>> check_proportion("alpha", 5)
    ['alpha is 5; acceptable is a proportion above 0 and below 1, such as 0.05.']
    """
    if 0 < value < 1:
        return []
    return [f"{name} is {value:g}; acceptable is a proportion above 0 and below 1, such as 0.05."]


def check_hypotheses(p0: float, p1: float, alpha: float, power: float) -> None:
    """
    Check two response rates and two error limits.

    Parameters
    ----------
    p0, p1 : float
        Response rate that is of no interest, and the one that would be.
    alpha, power : float
        Largest one-sided type I error and smallest power.

    Raises
    ------
    MethodError
        With every problem at once.
    """
    problems: list[str] = []
    for name, value in (("p0", p0), ("p1", p1), ("alpha", alpha), ("power", power)):
        problems += check_proportion(name, value)
    if not problems and p1 <= p0:
        problems.append(
            f"p1 ({p1:g}) is not above p0 ({p0:g}): p1 is the response rate worth finding and has to exceed {p0:g}. "
            "Where a low rate is the good one (toxicity), give the rates of patients without the event."
        )
    if not problems and power <= alpha:
        problems.append(f"power ({power:g}) is not above alpha ({alpha:g}); acceptable is a power above {alpha:g}.")
    if problems:
        raise MethodError(*problems)


def pmf(n: int, p: ArrayLike) -> NDArray[np.float64]:
    """
    Binomial probabilities at several response rates.

    Parameters
    ----------
    n : int
        Number of subjects, 0 or more.
    p : array_like, shape (n_rates,)
        Response rates, 0 to 1.

    Returns
    -------
    ndarray, shape (n_rates, n + 1)
        P(X = x) for x = 0..n.

    Examples
    --------
    >>> pmf(2, [0.5]).round(12)
    array([[0.25, 0.5 , 0.25]])
    """
    x = np.arange(n + 1)
    rates = np.atleast_1d(np.asarray(p, dtype=float))[:, None]
    ways = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return np.asarray(np.exp(ways + xlogy(x, rates) + xlog1py(n - x, -rates)))


def tail(n: int, p: ArrayLike) -> NDArray[np.float64]:
    """
    Binomial upper tails at several response rates.

    Parameters
    ----------
    n : int
        Number of subjects, 0 or more.
    p : array_like, shape (n_rates,)
        Response rates, 0 to 1.

    Returns
    -------
    ndarray, shape (n_rates, n + 2)
        P(X >= k) for k = 0..n+1.

    Examples
    --------
    >>> tail(2, [0.5]).round(12)
    array([[1.  , 0.75, 0.25, 0.  ]])
    """
    single = pmf(n, p)
    tails = np.zeros((single.shape[0], n + 2))
    tails[:, :-1] = np.minimum(np.cumsum(single[:, ::-1], axis=1)[:, ::-1], 1.0)
    tails[:, 0] = 1.0
    return tails


def pmf_table(n_max: int, p: float) -> NDArray[np.float64]:
    """
    Tabulate binomial probabilities for every number of subjects up to a maximum.

    Parameters
    ----------
    n_max : int
        Largest number of subjects.
    p : float
        Response rate, 0 to 1.

    Returns
    -------
    ndarray, shape (n_max + 1, n_max + 1)
        Row ``n``, column ``x``: P(X = x) with ``n`` subjects; 0 where ``x > n``. Built by adding positive terms only,
        so every entry has full relative precision.

    Examples
    --------
    >>> pmf_table(2, 0.5)
    array([[1.  , 0.  , 0.  ],
           [0.5 , 0.5 , 0.  ],
           [0.25, 0.5 , 0.25]])
    """
    table = np.zeros((n_max + 1, n_max + 1))
    table[0, 0] = 1.0
    for n in range(1, n_max + 1):
        table[n, : n + 1] = (1 - p) * table[n - 1, : n + 1]
        table[n, 1 : n + 1] += p * table[n - 1, :n]
    return table


def tail_table(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Tabulate upper tails from a table of probabilities.

    Parameters
    ----------
    table : ndarray, shape (n_max + 1, n_max + 1)
        From `pmf_table`.

    Returns
    -------
    ndarray, shape (n_max + 1, n_max + 2)
        Row ``n``, column ``k``: P(X >= k); the last column is 0.

    Examples
    --------
    >>> tail_table(pmf_table(2, 0.5))[2]
    array([1.  , 0.75, 0.25, 0.  ])
    """
    rows, columns = table.shape
    tails = np.zeros((rows, columns + 1))
    tails[:, :-1] = np.minimum(np.cumsum(table[:, ::-1], axis=1)[:, ::-1], 1.0)
    return tails
