"""Pointwise limits of a survival function on the scales that R, SAS and SPSS offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from onearm.errors import MethodError, suggest
from onearm.stats.times import check_level

__all__ = ["INTERVAL_OF_PRESET", "Band", "IntervalScale", "pointwise_limits"]

IntervalScale = Literal["plain", "log", "log-log", "logit", "arcsine"]

INTERVAL_OF_PRESET: Final[dict[str, IntervalScale]] = {"r": "log", "sas": "log-log", "spss": "plain"}
"""Scale that each program uses when nothing is asked for."""


class Band(NamedTuple):
    """
    Pointwise limits.

    Attributes
    ----------
    low, high : ndarray of float
        Limits in [0, 1]; NaN where the scale does not define them.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def pointwise_limits(
    survival: NDArray[np.float64],
    std_error: NDArray[np.float64],
    *,
    interval: IntervalScale = "log",
    level: float = 0.95,
) -> Band:
    """
    Limits of a survival probability from its standard error.

    Parameters
    ----------
    survival : ndarray of float, shape (n_times,)
        Estimates in [0, 1].
    std_error : ndarray of float, shape (n_times,)
        Standard errors of the estimates themselves, not of their logarithms.
    interval : {"plain", "log", "log-log", "logit", "arcsine"}, default "log"
        Scale on which the estimate is taken as normal; the limits are carried back to [0, 1].
    level : float, default 0.95
        Two-sided coverage.

    Returns
    -------
    Band
        NaN at S = 0 unless ``interval`` is plain and the standard error defined, and at S = 1 on the scales
        that send 1 to infinity (log-log, logit) or lose its slope there (arcsine), as in R.

    Raises
    ------
    MethodError
        If ``interval`` or ``level`` is unknown.

    References
    ----------
    .. [1] Borgan O, Liestol K (1990), Scandinavian Journal of Statistics 17(1):35-41.
    .. [2] Kalbfleisch JD, Prentice RL (2002), The Statistical Analysis of Failure Time Data, section 1.4.

    Examples
    --------
    >>> low, high = pointwise_limits(np.array([0.5]), np.array([0.1]), interval="log-log")
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.2952, 0.6745)
    """
    if interval not in _SCALES:
        raise MethodError(f"interval: unknown scale {interval!r}.{suggest(str(interval), get_args(IntervalScale))}")
    z = float(-ndtri((1 - check_level(level)) / 2))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        low, high = _SCALES[interval](survival, z * std_error)
    return Band(low, high)


def _plain(survival: NDArray[np.float64], margin: NDArray[np.float64]) -> Band:
    return Band(np.maximum(survival - margin, 0.0), np.minimum(survival + margin, 1.0))


def _log(survival: NDArray[np.float64], margin: NDArray[np.float64]) -> Band:
    factor = np.exp(margin / survival)
    return Band(survival / factor, np.minimum(survival * factor, 1.0))


def _log_log(survival: NDArray[np.float64], margin: NDArray[np.float64]) -> Band:
    log = np.log(survival)
    factor = np.exp(margin / (survival * -log))
    return Band(np.exp(log * factor), np.exp(log / factor))


def _logit(survival: NDArray[np.float64], margin: NDArray[np.float64]) -> Band:
    factor = np.exp(margin / (survival * (1 - survival)))
    odds = survival / (1 - survival)
    # written with the inverse odds, because infinite odds times zero would lose S near 1
    return Band(1 / (1 + factor / odds), 1 / (1 + 1 / (factor * odds)))


def _arcsine(survival: NDArray[np.float64], margin: NDArray[np.float64]) -> Band:
    angle = np.arcsin(np.sqrt(survival))
    shift = 0.5 * margin / np.sqrt(survival * (1 - survival))
    return Band(np.sin(np.maximum(angle - shift, 0.0)) ** 2, np.sin(np.minimum(angle + shift, np.pi / 2)) ** 2)


_SCALES: Final[dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], Band]]] = {
    "plain": _plain,
    "log": _log,
    "log-log": _log_log,
    "logit": _logit,
    "arcsine": _arcsine,
}
