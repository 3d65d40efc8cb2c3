"""Restricted mean survival time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.kaplan_meier import KaplanMeier

__all__ = ["RestrictedMean", "restricted_mean"]


@dataclass(frozen=True, repr=False)
class RestrictedMean(Framed):
    """
    Area under a survival curve up to a horizon.

    Attributes
    ----------
    tau : float
        Horizon, in the unit of the curve.
    estimate, std_error, low, high : float
        Area, its standard error and its limits on the plain scale.
    lost : float
        ``tau - estimate``, the mean time lost before the horizon.
    level : float
        Two-sided coverage.
    note : str
        What the area rests on besides observations; empty where nothing.
    """

    tau: float
    estimate: float
    std_error: float
    low: float
    high: float
    lost: float
    level: float
    note: str

    def __repr__(self) -> str:
        """Area and limits."""
        note = f"; {self.note}" if self.note else ""
        return (
            f"RestrictedMean(up to {self.tau:g}: {self.estimate:.6g}, SE {self.std_error:.6g}, "
            f"{100 * self.level:g}% {self.low:.6g} to {self.high:.6g}{note})"
        )


def restricted_mean(
    curve: KaplanMeier,
    tau: float | Literal["last observation", "last event"] = "last observation",
    *,
    small_sample_factor: bool = False,
) -> RestrictedMean:
    """
    Mean time without the event up to a horizon.

    Parameters
    ----------
    curve : KaplanMeier
        The estimate; its level is used.
    tau : float or {"last observation", "last event"}, default "last observation"
        Horizon. The mean that R prints goes to the last observation; the mean of SAS LIFETEST to the last event.
    small_sample_factor : bool, default False
        Multiply the variance by m / (m - 1), m events, as Kaplan and Meier suggested and SAS LIFETEST does.

    Returns
    -------
    RestrictedMean
        Beyond the last observation the curve is carried on flat, and a note says so. With weights the variance is
        Greenwood's on the weighted numbers, as in R.

    Raises
    ------
    MethodError
        If ``tau`` is not positive, or there is no event to be the last.

    References
    ----------
    .. [1] Kaplan EL, Meier P (1958), JASA 53(282):457-481, section 6.1.
    .. [2] Irwin JO (1949), Journal of Hygiene 47(2):188-189.

    Examples
    --------
    Up to 4: 2 * 1 + 1 * 2/3 + 1 * 1/3 patients alive in between.

    >>> from onearm.stats.kaplan_meier import kaplan_meier
    >>> restricted_mean(kaplan_meier([2, 3, 5], [1, 1, 1]), 4)
    RestrictedMean(up to 4: 3, SE 0.471405, 95% 2.07606 to 3.92394)
    """
    horizon, failing = _horizon(curve, tau), curve.events > 0
    inside = curve.time < horizon
    edges = np.concatenate(([0.0], curve.time[inside], [horizon]))
    heights = np.concatenate(([1.0], curve.survival[inside]))
    areas = np.diff(edges) * heights
    after = np.cumsum(areas[:0:-1])[::-1]  # area from each time inside the horizon to the horizon
    events, at_risk = curve.events[inside], curve.at_risk[inside]
    surviving = at_risk - events
    variance = _irwin(after, events, at_risk, surviving)
    if small_sample_factor:
        m = float(np.sum(curve.events[failing]))
        variance = variance * m / (m - 1) if m > 1 else math.nan
    estimate, std_error = float(np.sum(areas)), math.sqrt(variance)
    margin = float(-ndtri((1 - curve.level) / 2)) * std_error
    beyond = horizon > curve.time[-1] and curve.survival[-1] > 0
    return RestrictedMean(
        tau=horizon,
        estimate=estimate,
        std_error=std_error,
        low=estimate - margin,
        high=estimate + margin,
        lost=horizon - estimate,
        level=curve.level,
        note=f"no one was observed beyond {curve.time[-1]:g}; the curve is carried on flat" if beyond else "",
    )


def _horizon(curve: KaplanMeier, tau: float | str) -> float:
    """Turn the horizon into a number."""
    if tau == "last observation":
        return float(curve.time[-1])
    if tau == "last event":
        if not curve.n_events:
            raise MethodError("tau: there is no event; give a number or 'last observation'.")
        return float(curve.time[curve.events > 0][-1])
    if isinstance(tau, str) or not (math.isfinite(tau) and tau > 0):
        raise MethodError(f"tau: must be a positive number, 'last observation' or 'last event', found {tau!r}.")
    return float(tau)


def _irwin(
    after: NDArray[np.float64],
    events: NDArray[np.float64],
    at_risk: NDArray[np.float64],
    surviving: NDArray[np.float64],
) -> float:
    """Sum the squared remaining areas over Greenwood's terms; where no one survives no area remains."""
    left = surviving > 1e-12 * at_risk
    return float(np.sum(after[left] ** 2 * events[left] / (at_risk[left] * surviving[left])))
