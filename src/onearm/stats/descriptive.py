"""
Description of a sample: mean, standard deviation, quantiles in the conventions of R, SAS and SPSS.

The programs agree on the median and differ on every other quantile of a small sample, so the convention is always
named.

==========  ===========================  ==============================================================================
convention  Hyndman and Fan (1996)       who uses it
==========  ===========================  ==============================================================================
``r``       type 7                       R ``quantile``, NumPy, Excel QUARTILE.INC
``sas``     type 2                       SAS PCTLDEF=5 (default of MEANS and UNIVARIATE)
``spss``    type 6                       SPSS FREQUENCIES, EXAMINE (HAVERAGE), Prism, Minitab, Excel QUARTILE.EXC
``tukey``   hinges, quartiles only       SPSS EXAMINE "Tukey's hinges", boxes of SPSS and of R ``boxplot``
==========  ===========================  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError, suggest
from onearm.frames import Framed

__all__ = ["QUANTILE_CONVENTIONS", "Description", "describe", "quantile"]

Floats = NDArray[np.float64]

_NOISE = 4 * np.finfo(np.float64).eps
"""A position n p that misses a whole number by rounding alone is that number, as R's ``quantile`` takes it."""


def _interpolate(ordered: Floats, position: Floats) -> Floats:
    """Values at 1-based positions, linear between two observations, cut at the first and the last."""
    whole = np.floor(position + _NOISE * np.maximum(1.0, np.abs(position)))
    part = position - whole
    part = np.where(np.abs(part) < _NOISE * np.maximum(1.0, np.abs(position)), 0.0, part)
    below = ordered[np.clip(whole.astype(int) - 1, 0, ordered.size - 1)]
    above = ordered[np.clip(whole.astype(int), 0, ordered.size - 1)]
    with np.errstate(invalid="ignore"):  # a neighbour without weight must not matter, even if it is infinite
        between = (1 - part) * below + part * above
    return np.asarray(np.where((part == 0) | (below == above), below, between))


def _type_7(ordered: Floats, p: Floats) -> Floats:
    return _interpolate(ordered, 1 + (ordered.size - 1) * p)


def _type_6(ordered: Floats, p: Floats) -> Floats:
    return _interpolate(ordered, (ordered.size + 1) * p)


def _type_2(ordered: Floats, p: Floats) -> Floats:
    """Empirical distribution with the mean of two neighbours where it is flat at p."""
    position = ordered.size * p
    nearest = np.round(position)
    is_flat = np.abs(position - nearest) <= _NOISE * np.maximum(1.0, position)
    low = np.where(is_flat, nearest, np.ceil(position))
    high = np.where(is_flat, nearest + 1, np.ceil(position))
    return _interpolate(ordered, low) / 2 + _interpolate(ordered, high) / 2


def _hinges(ordered: Floats, p: Floats) -> Floats:
    """Medians of the two halves, the middle observation belonging to both."""
    if not np.all(np.isin(p, [0, 0.25, 0.5, 0.75, 1])):
        raise MethodError("p: Tukey's hinges exist for 0, 0.25, 0.5, 0.75 and 1 only; use 'r', 'sas' or 'spss'.")
    n = ordered.size
    depth = (np.floor((n + 1) / 2) + 1) / 2
    positions = {0.0: 1.0, 0.25: depth, 0.5: (n + 1) / 2, 0.75: n + 1 - depth, 1.0: float(n)}
    return _interpolate(ordered, np.vectorize(positions.__getitem__, otypes=[float])(p))


QUANTILE_CONVENTIONS: Final[dict[str, Callable[[Floats, Floats], Floats]]] = {
    "r": _type_7,
    "sas": _type_2,
    "spss": _type_6,
    "tukey": _hinges,
}
"""Each takes observations in ascending order and probabilities, and returns the quantiles."""


def quantile(values: ArrayLike, p: ArrayLike, *, convention: str = "r") -> Floats:
    """
    Quantiles of a sample.

    Parameters
    ----------
    values : array_like, shape (n,)
        Observations in any order. NaN is left out.
    p : array_like
        Probabilities in [0, 1].
    convention : {"r", "sas", "spss", "tukey"}, default "r"
        Whose definition to use; see the module.

    Returns
    -------
    numpy.ndarray
        In the shape of ``p``; NaN where there is no observation.

    Raises
    ------
    MethodError
        If the convention is unknown, or a probability lies outside [0, 1].

    References
    ----------
    .. [1] Hyndman RJ, Fan Y (1996), Am Stat 50(4):361-365.
    .. [2] Tukey JW (1977), Exploratory Data Analysis, Addison-Wesley, chapter 2.

    Examples
    --------
    >>> for convention in QUANTILE_CONVENTIONS:
    ...     print(convention, quantile([1, 2, 3, 4, 5, 6], [0.25, 0.5, 0.75], convention=convention).tolist())
    r [2.25, 3.5, 4.75]
    sas [2.0, 3.5, 5.0]
    spss [1.75, 3.5, 5.25]
    tukey [2.0, 3.5, 5.0]
    """
    probability = np.asarray(p, dtype=np.float64)
    problems = []
    if convention not in QUANTILE_CONVENTIONS:
        problems.append(f"convention: unknown '{convention}'.{suggest(convention, QUANTILE_CONVENTIONS)}")
    if not np.all((probability >= 0) & (probability <= 1)):
        problems.append("p: probabilities lie between 0 and 1; the first quartile is 0.25.")
    if problems:
        raise MethodError(*problems)
    ordered = np.sort(_observed(values))
    if ordered.size == 0:
        return np.full(probability.shape, np.nan)
    return np.asarray(QUANTILE_CONVENTIONS[convention](ordered, probability))


def _observed(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[~np.isnan(array)]


@dataclass(frozen=True)
class Description(Framed):
    """
    What a baseline table says of a continuous variable.

    Attributes
    ----------
    n, n_missing : int
        Observed and missing values.
    mean, sd : float
        Mean and standard deviation (divisor n - 1); the latter is NaN for one value.
    minimum, q1, median, q3, maximum : float
        Order statistics.
    convention : str
        Whose quartiles.
    """

    n: int
    n_missing: int
    mean: float
    sd: float
    minimum: float
    q1: float
    median: float
    q3: float
    maximum: float
    convention: str


def describe(values: ArrayLike, *, convention: str = "r") -> Description:
    """
    Describe a continuous variable.

    Parameters
    ----------
    values : array_like, shape (n,)
        Observations; NaN counts as missing.
    convention : {"r", "sas", "spss", "tukey"}, default "r"
        Whose quartiles; see `quantile`.

    Returns
    -------
    Description
        Every statistic is NaN where there is no observation.

    Raises
    ------
    MethodError
        If the convention is unknown.

    Examples
    --------
    >>> about = describe([54, 61, 66, 70, float("nan")])
    >>> about.n, about.n_missing, about.mean, about.median
    (4, 1, 62.75, 63.5)
    """
    observed = _observed(values)
    n = observed.size
    five = quantile(observed, [0, 0.25, 0.5, 0.75, 1], convention=convention)
    return Description(
        n=n,
        n_missing=int(np.size(np.asarray(values)) - n),
        mean=float(observed.mean()) if n else float("nan"),
        sd=float(observed.std(ddof=1)) if n > 1 else float("nan"),
        minimum=float(five[0]),
        q1=float(five[1]),
        median=float(five[2]),
        q3=float(five[3]),
        maximum=float(five[4]),
        convention=convention,
    )
