"""Tails and quantiles of t and F to full precision, also far out, where rankings of thousands of features need them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = [
    "f_lower",
    "f_quantile",
    "f_upper",
    "log_f_upper",
    "log_minus_digamma",
    "t_from_two_sided",
    "t_two_sided",
    "trigamma",
    "trigamma_inverse",
]

Floats = NDArray[np.float64]

_NORMAL_FROM = 1e10
"""Degrees of freedom from which t is normal and F is chi-squared to machine precision."""


def t_two_sided(t: Floats, df: Floats) -> Floats:
    """
    Two-sided p value of Student's t.

    Parameters
    ----------
    t, df : numpy.ndarray
        Statistics and degrees of freedom, which may be infinite.

    Returns
    -------
    numpy.ndarray
        P values; NaN where t is.

    Examples
    --------
    >>> t_two_sided(np.array([2.0]), np.array([10.0])).round(6).tolist()
    [0.073388]
    """
    t, df = np.broadcast_arrays(np.asarray(t, dtype=np.float64), np.asarray(df, dtype=np.float64))
    is_normal = df > _NORMAL_FROM
    finite = np.where(is_normal, 1.0, df)
    by_t = special.betainc(finite / 2, 0.5, finite / (finite + t * t))
    return np.asarray(np.where(is_normal, special.erfc(np.abs(t) / np.sqrt(2)), by_t))


def t_from_two_sided(p: Floats, df: Floats) -> Floats:
    """
    Absolute value of t whose two-sided p value is given.

    Parameters
    ----------
    p, df : numpy.ndarray
        P values in (0, 1], and degrees of freedom, which may be infinite.

    Returns
    -------
    numpy.ndarray
        Not negative.

    Examples
    --------
    >>> t_from_two_sided(np.array([0.05]), np.array([10.0])).round(4).tolist()
    [2.2281]
    """
    p, df = np.broadcast_arrays(np.asarray(p, dtype=np.float64), np.asarray(df, dtype=np.float64))
    is_normal = df > _NORMAL_FROM
    finite = np.where(is_normal, 1.0, df)
    # of x = df / (df + t^2) and its complement the smaller is found, so that neither tail loses digits
    x = special.betaincinv(finite / 2, 0.5, p)
    rest = np.where(p < 0.5, 1 - x, special.betaincinv(0.5, finite / 2, 1 - p))
    with np.errstate(divide="ignore"):
        by_t = np.sqrt(finite * rest / np.where(p < 0.5, x, 1 - rest))
    return np.asarray(np.where(is_normal, -special.ndtri(p / 2), by_t))


def f_upper(f: Floats, df1: Floats | float, df2: float) -> Floats:
    """
    Upper tail of F.

    Parameters
    ----------
    f : numpy.ndarray
        Statistics, not negative.
    df1 : numpy.ndarray or float
        Degrees of freedom of the numerator.
    df2 : float
        Of the denominator; may be infinite.

    Returns
    -------
    numpy.ndarray
        Probabilities.
    """
    if df2 > _NORMAL_FROM:
        return np.asarray(special.gammaincc(np.asarray(df1) / 2, f * df1 / 2))
    return np.asarray(special.betainc(df2 / 2, np.asarray(df1) / 2, df2 / (df2 + df1 * f)))


def f_lower(f: Floats, df1: Floats | float, df2: float) -> Floats:
    """
    Lower tail of F.

    Parameters
    ----------
    f : numpy.ndarray
        Statistics, not negative.
    df1 : numpy.ndarray or float
        Degrees of freedom of the numerator.
    df2 : float
        Of the denominator; may be infinite.

    Returns
    -------
    numpy.ndarray
        Probabilities.
    """
    if df2 > _NORMAL_FROM:
        return np.asarray(special.gammainc(np.asarray(df1) / 2, f * df1 / 2))
    return np.asarray(special.betainc(np.asarray(df1) / 2, df2 / 2, df1 * f / (df2 + df1 * f)))


def log_f_upper(f: Floats, df1: Floats | float, df2: float) -> Floats:
    """
    Logarithm of the upper tail of F, where the tail itself may be too small for a number.

    Parameters
    ----------
    f : numpy.ndarray
        Statistics, not negative.
    df1 : numpy.ndarray or float
        Degrees of freedom of the numerator.
    df2 : float
        Of the denominator, finite.

    Returns
    -------
    numpy.ndarray
        Logarithms.

    Examples
    --------
    >>> far = log_f_upper(np.array([1e200]), 4.0, 6.0)  # tail x^3 (4 - 3x) with x = df2 / (df2 + df1 f)
    >>> bool(abs(far[0] - (3 * np.log(1.5e-200) + np.log(4))) < 1e-9)
    True
    """
    tail = f_upper(f, df1, df2)
    a, b = df2 / 2, np.asarray(df1) / 2
    x = df2 / (df2 + df1 * f)
    with np.errstate(divide="ignore", invalid="ignore"):
        # far out the incomplete beta is its leading power times a series near 1
        series = special.hyp2f1(a + b, 1.0, a + 1, np.minimum(x, 0.5))
        far = a * np.log(x) + b * np.log1p(-x) - np.log(a) - special.betaln(a, b) + np.log(series)
        return np.asarray(np.where(tail > 1e-280, np.log(tail), far))


def f_quantile(p: Floats, df1: float, df2: float, *, is_upper: bool = False) -> Floats:
    """
    Quantile of F.

    Parameters
    ----------
    p : numpy.ndarray
        Probabilities in (0, 1).
    df1, df2 : float
        Degrees of freedom; df2 may be infinite.
    is_upper : bool, default False
        Whether p is of the upper tail.

    Returns
    -------
    numpy.ndarray
        Quantiles.

    Examples
    --------
    >>> f_quantile(np.array([0.95]), 5, 10).round(4).tolist()
    [3.3258]
    """
    if df2 > _NORMAL_FROM:
        inverse = special.gammainccinv if is_upper else special.gammaincinv
        return np.asarray(2 * inverse(df1 / 2, p) / df1)
    if is_upper:
        x = special.betaincinv(df2 / 2, df1 / 2, p)
        return np.asarray(df2 * (1 - x) / (df1 * x))
    y = special.betaincinv(df1 / 2, df2 / 2, p)
    return np.asarray(df2 * y / (df1 * (1 - y)))


def log_minus_digamma(x: Floats | float) -> Floats:
    """
    Logarithm less digamma, without cancellation for large arguments.

    Parameters
    ----------
    x : numpy.ndarray or float
        Positive; may be infinite.

    Returns
    -------
    numpy.ndarray
        ``log(x) - digamma(x)``.

    Examples
    --------
    >>> float(log_minus_digamma(1e8)) * 2e8  # 1/(2x) + 1/(12x^2)
    1.0000000016666668
    """
    x = np.asarray(x, dtype=np.float64)
    small = np.minimum(x, 50.0)
    with np.errstate(divide="ignore"):
        y = 1 / np.maximum(x, 1e-300) ** 2
        series = 0.5 / x + y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y / 132))))
    return np.asarray(np.where(x < 50, np.log(small) - special.digamma(small), series))


def trigamma(x: Floats | float) -> Floats:
    """
    Second derivative of the logarithm of the gamma function.

    Parameters
    ----------
    x : numpy.ndarray or float
        Positive.

    Returns
    -------
    numpy.ndarray
        The same shape.
    """
    return np.asarray(special.polygamma(1, np.asarray(x, dtype=np.float64)))


def trigamma_inverse(y: float) -> float:
    """
    Argument at which trigamma has a given value.

    Parameters
    ----------
    y : float
        Positive.

    Returns
    -------
    float
        By Newton's method on the reciprocal, which is nearly straight and convex, so that every start converges.

    Examples
    --------
    >>> round(trigamma_inverse(np.pi**2 / 6), 12)
    1.0
    """
    if y > 1e7:
        return float(1 / np.sqrt(y))
    if y < 1e-6:
        return 1 / y
    x = 0.5 + 1 / y
    for _ in range(50):
        value = float(trigamma(x))
        step = value * (1 - value / y) / float(special.polygamma(2, x))
        x += step
        if -step / x < 1e-8:
            break
    return x
