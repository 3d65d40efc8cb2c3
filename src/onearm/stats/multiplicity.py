"""
Adjustment of p values for many tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError, suggest

__all__ = ["ADJUSTMENTS", "adjust_p"]

Floats = NDArray[np.float64]


def _bonferroni(p: Floats) -> Floats:
    """Multiply sorted p values by their number."""
    return np.asarray(p * p.size)


def _holm(p: Floats) -> Floats:
    """Step down: never smaller than that of a smaller p value."""
    return np.maximum.accumulate(p * np.arange(p.size, 0, -1))


def _hochberg(p: Floats) -> Floats:
    """Step up: never larger than that of a larger p value."""
    return np.minimum.accumulate((p * np.arange(p.size, 0, -1))[::-1])[::-1]


def _benjamini_hochberg(p: Floats) -> Floats:
    """Step up with the ranks as divisors."""
    return np.minimum.accumulate((p * (p.size / np.arange(1, p.size + 1)))[::-1])[::-1]


def _benjamini_yekutieli(p: Floats) -> Floats:
    """Benjamini-Hochberg times the harmonic sum, valid under any dependence."""
    harmonic = np.sum(1.0 / np.arange(1, p.size + 1))
    return np.minimum.accumulate((p * (harmonic * p.size / np.arange(1, p.size + 1)))[::-1])[::-1]


ADJUSTMENTS: Final[dict[str, Callable[[Floats], Floats]]] = {
    "bonferroni": _bonferroni,
    "holm": _holm,
    "hochberg": _hochberg,
    "bh": _benjamini_hochberg,
    "by": _benjamini_yekutieli,
}
"""Each takes p values in ascending order without missing ones and returns them adjusted, not yet cut at 1."""


def adjust_p(p: ArrayLike, *, method: str = "bh") -> Floats:
    """
    Adjust p values for the number of tests.

    Parameters
    ----------
    p : array_like, shape (n_tests,)
        P values in [0, 1]. NaN marks a test that could not be made: it stays NaN and does not count as a test.
    method : {"bh", "by", "holm", "hochberg", "bonferroni"}, default "bh"
        Benjamini-Hochberg and Benjamini-Yekutieli control the false discovery rate, the others the family-wise error.

    Returns
    -------
    numpy.ndarray, shape (n_tests,)
        Adjusted p values in the order given, never above 1. The same order as ``p``: equal p values get equal values.

    Raises
    ------
    MethodError
        If the method is unknown, or a p value lies outside [0, 1].

    References
    ----------
    .. [1] Benjamini Y, Hochberg Y (1995), J R Stat Soc B 57(1):289-300.
    .. [2] Benjamini Y, Yekutieli D (2001), Ann Stat 29(4):1165-1188.
    .. [3] Holm S (1979), Scand J Stat 6(2):65-70.
    .. [4] Hochberg Y (1988), Biometrika 75(4):800-802.

    Examples
    --------
    >>> adjust_p([0.01, float("nan"), 0.04, 0.03]).tolist()
    [0.03, nan, 0.04, 0.04]
    """
    values = np.asarray(p, dtype=np.float64)
    problems = []
    if method not in ADJUSTMENTS:
        problems.append(f"method: unknown adjustment '{method}'.{suggest(method, ADJUSTMENTS)}")
    if values.ndim != 1:
        problems.append(f"p: one value per test is needed (one dimension); found {values.ndim} dimensions.")
    elif (outside := np.flatnonzero((values < 0) | (values > 1))).size:
        first = outside[0]
        problems.append(f"p: {outside.size} values lie outside [0, 1]; the first is p[{first}] = {values[first]!r}.")
    if problems:
        raise MethodError(*problems)
    adjusted = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    adjusted[order] = np.minimum(ADJUSTMENTS[method](values[order]), 1.0)
    return adjusted
