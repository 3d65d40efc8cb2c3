"""Chi-squared tests of Cox models and the tuple that carries them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from onearm.stats.cox_risk import Floats

__all__ = ["ChiSquared", "chi_squared", "quadratic_form"]


class ChiSquared(NamedTuple):
    """
    A test whose statistic is compared with a chi-squared distribution.

    Attributes
    ----------
    statistic : float
        The statistic; NaN where it cannot be computed.
    df : int
        Degrees of freedom.
    p : float
        Upper tail probability.
    """

    statistic: float
    df: int
    p: float


def chi_squared(statistic: float, df: int) -> ChiSquared:
    """
    Refer a statistic to a chi-squared distribution.

    Parameters
    ----------
    statistic : float
        Rounding noise below zero counts as zero.
    df : int
        Degrees of freedom.

    Returns
    -------
    ChiSquared
        Statistic, degrees of freedom and p.

    Examples
    --------
    >>> round(chi_squared(3.841458820694124, 1).p, 6)
    0.05
    """
    value = statistic if np.isnan(statistic) else max(float(statistic), 0.0)
    return ChiSquared(value, df, float(chdtrc(df, value)))


def quadratic_form(vector: Floats, matrix: Floats) -> float:
    """
    Compute ``vector' matrix^-1 vector``.

    Parameters
    ----------
    vector : ndarray of float, shape (k,)
        Any vector.
    matrix : ndarray of float, shape (k, k)
        A symmetric matrix.

    Returns
    -------
    float
        The value; NaN where the matrix is singular.
    """
    try:
        return float(vector @ np.linalg.solve(matrix, vector))
    except np.linalg.LinAlgError:
        return float("nan")
