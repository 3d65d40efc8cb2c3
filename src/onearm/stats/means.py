"""Student's and Welch's t tests with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.interval import level_problems
from onearm.stats.samples import observed, paired_differences

__all__ = ["MeanTest", "one_sample_t", "student_t", "welch_t"]


@dataclass(frozen=True)
class MeanTest(Framed):
    """
    A t test.

    Attributes
    ----------
    estimate : float
        Mean, mean of the paired differences, or mean of x less that of y.
    low, high : float
        Interval of the estimate.
    level : float
        Of the interval.
    t, df : float
        Statistic and degrees of freedom.
    p, p_greater, p_less : float
        Two-sided; one-sided for an estimate above and below the null hypothesis.
    n_x, n_y : int
        Subjects; n_y is 0 for one sample.
    method : str
        Which t test.
    note : str
        What to know when reading it; mostly empty.
    """

    estimate: float
    low: float
    high: float
    level: float
    t: float
    df: float
    p: float
    p_greater: float
    p_less: float
    n_x: int
    n_y: int
    method: str
    note: str = ""


def welch_t(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> MeanTest:
    """
    Welch's t test of two samples, whose variances may differ; R's default.

    Parameters
    ----------
    x, y : array_like, shape (n_x,), (n_y,)
        The two samples. NaN is left out.
    level : float, default 0.95
        Two-sided coverage of the interval.

    Returns
    -------
    MeanTest
        NaN with a note where a sample has one value, or nothing varies.

    Raises
    ------
    MethodError
        If a sample has no value, or the level is outside (0, 1).

    References
    ----------
    .. [1] Welch BL (1947), Biometrika 34(1-2):28-35.

    Examples
    --------
    >>> test = welch_t([1, 2, 3, 4], [4, 5, 6, 9])
    >>> round(test.t, 4), round(test.df, 4), round(test.p, 4)
    (-2.7815, 4.9005, 0.0397)
    """
    _check_level(level)
    first, second = observed(x, name="x"), observed(y, name="y")
    difference = float(first.mean() - second.mean())
    sizes = (first.size, second.size)
    if min(sizes) < 2:
        return _undefined(difference, sizes, level, "Welch", "a sample of one value has no variance")
    parts = np.array([first.var(ddof=1) / first.size, second.var(ddof=1) / second.size])
    error = float(np.sqrt(parts.sum()))
    if error == 0:
        return _undefined(difference, sizes, level, "Welch", "nothing varies")
    df = float(parts.sum() ** 2 / (parts**2 / (np.array(sizes) - 1)).sum())
    return _t_test(difference, error, df, sizes=sizes, level=level, method="Welch")


def student_t(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> MeanTest:
    """
    Student's t test of two samples with one variance.

    Parameters
    ----------
    x, y : array_like, shape (n_x,), (n_y,)
        The two samples. NaN is left out.
    level : float, default 0.95
        Two-sided coverage of the interval.

    Returns
    -------
    MeanTest
        As R's ``t.test(var.equal = TRUE)``; NaN with a note where nothing varies.

    Raises
    ------
    MethodError
        If a sample has no value, or the level is outside (0, 1).

    References
    ----------
    .. [1] Student (1908), Biometrika 6(1):1-25.

    Examples
    --------
    >>> test = student_t([1, 2, 3, 4], [4, 5, 6, 9])
    >>> round(test.t, 4), test.df, round(test.p, 4)
    (-2.7815, 6.0, 0.0319)
    """
    _check_level(level)
    first, second = observed(x, name="x"), observed(y, name="y")
    difference = float(first.mean() - second.mean())
    sizes = (first.size, second.size)
    df = float(sum(sizes) - 2)
    squares = float(((first - first.mean()) ** 2).sum() + ((second - second.mean()) ** 2).sum())
    if df < 1 or squares == 0:
        return _undefined(difference, sizes, level, "Student", "nothing varies")
    error = float(np.sqrt(squares / df * (1 / first.size + 1 / second.size)))
    return _t_test(difference, error, df, sizes=sizes, level=level, method="Student")


def one_sample_t(x: ArrayLike, y: ArrayLike | None = None, *, mu: float = 0.0, level: float = 0.95) -> MeanTest:
    """
    Student's t test of one sample or of pairs.

    Parameters
    ----------
    x : array_like, shape (n,)
        Values, or the first of each pair.
    y : array_like, shape (n,), optional
        The second of each pair. A pair with a missing value is left out.
    mu : float, default 0
        Mean of x, or of x - y, under the null hypothesis.
    level : float, default 0.95
        Two-sided coverage of the interval.

    Returns
    -------
    MeanTest
        NaN with a note for one value, or where nothing varies.

    Raises
    ------
    MethodError
        If no pair is complete, the lengths differ, or the level is outside (0, 1).

    Examples
    --------
    >>> test = one_sample_t([1.2, 0.8, 1.9, 2.1], mu=1.0)
    >>> round(test.estimate, 2), round(test.t, 4), round(test.p, 4)
    (1.5, 1.6514, 0.1972)
    """
    _check_level(level)
    values, _ = paired_differences(x, y, 0.0)
    n = values.size
    mean = float(values.mean())
    method = "Student, one sample" if y is None else "Student, paired"
    error = float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
    if error == 0:
        return _undefined(mean, (n, 0), level, method, "nothing varies")
    return _t_test(mean, error, float(n - 1), sizes=(n, 0), level=level, method=method, mu=mu)


def _check_level(level: float) -> None:
    if problems := level_problems(level):
        raise MethodError(*problems)


def _undefined(estimate: float, sizes: tuple[int, int], level: float, method: str, note: str) -> MeanTest:
    return MeanTest(estimate, nan, nan, level, nan, nan, nan, nan, nan, *sizes, method, note)


def _t_test(
    estimate: float, error: float, df: float, *, sizes: tuple[int, int], level: float, method: str, mu: float = 0.0
) -> MeanTest:
    t = (estimate - mu) / error
    half = -float(special.stdtrit(df, (1 - level) / 2)) * error
    return MeanTest(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        level=level,
        t=t,
        df=df,
        p=2 * float(special.stdtr(df, -abs(t))),
        p_greater=float(special.stdtr(df, -t)),
        p_less=float(special.stdtr(df, t)),
        n_x=sizes[0],
        n_y=sizes[1],
        method=method,
    )
