"""Reference hazards: what an arm is compared with, known from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onearm.errors import MethodError, suggest

__all__ = ["ConstantHazard", "CumulativeHazard", "PiecewiseHazard", "ReferenceCurve", "hazard_from_median"]

CumulativeHazard = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Anything that gives the reference cumulative hazard at times: one of the classes below, or any function."""


@dataclass(frozen=True)
class ConstantHazard:
    """
    Reference with the same hazard at all times (exponential survival).

    Attributes
    ----------
    rate : float
        Events per unit of time, positive.

    Examples
    --------
    >>> ConstantHazard(0.1)(np.array([0.0, 5.0])).tolist()
    [0.0, 0.5]
    """

    rate: float

    def __post_init__(self) -> None:
        """Refuse a rate that is not positive."""
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise MethodError(f"rate: must be a positive number, found {self.rate!r}.")

    def __call__(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cumulative hazard at each time."""
        return self.rate * np.asarray(time, dtype=np.float64)


def hazard_from_median(median: float) -> ConstantHazard:
    """
    Constant hazard with a given median survival, or any other time at which half are left.

    Parameters
    ----------
    median : float
        Positive, in the unit of the times.

    Returns
    -------
    ConstantHazard
        With rate log 2 / median.

    Raises
    ------
    MethodError
        If the median is not positive.

    Examples
    --------
    >>> round(hazard_from_median(6.0).rate, 6)
    0.115525
    """
    if not (math.isfinite(median) and median > 0):
        raise MethodError(f"median: must be a positive number, found {median!r}.")
    return ConstantHazard(math.log(2) / median)


@dataclass(frozen=True)
class PiecewiseHazard:
    """
    Reference whose hazard is constant between given times, as in a life table.

    Attributes
    ----------
    starts : tuple of float
        Start of each piece, the first 0, ascending; the last piece has no end.
    rates : tuple of float
        Hazard in each piece, not negative.

    Examples
    --------
    >>> PiecewiseHazard((0.0, 2.0), (0.1, 0.5))(np.array([1.0, 4.0])).tolist()
    [0.1, 1.2]
    """

    starts: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse pieces that do not follow each other."""
        problems = []
        if len(self.starts) != len(self.rates) or not self.starts:
            problems.append("starts, rates: give one rate for each start, and at least one.")
        if self.starts and (
            self.starts[0] != 0 or any(b <= a for a, b in zip(self.starts, self.starts[1:], strict=False))
        ):
            problems.append("starts: must begin with 0 and ascend.")
        if any(not (math.isfinite(rate) and rate >= 0) for rate in self.rates):
            problems.append("rates: must be numbers that are not negative.")
        if problems:
            raise MethodError(*problems)

    def __call__(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cumulative hazard at each time."""
        edges = np.array([*self.starts, np.inf])
        spent = np.clip(np.asarray(time, dtype=np.float64)[..., None], edges[:-1], edges[1:]) - edges[:-1]
        total: NDArray[np.float64] = spent @ np.array(self.rates)
        return total


@dataclass(frozen=True)
class ReferenceCurve:
    """
    Reference survival read from a curve, such as one that was printed.

    Attributes
    ----------
    times : tuple of float
        Times at which the survival is known, ascending and positive; at 0 it is 1.
    survival : tuple of float
        Survival at these times, in (0, 1], never rising.
    shape : {"step", "line"}
        Whether the survival stays until the next time (a Kaplan-Meier curve), or its logarithm falls in a straight
        line between the times (a hazard constant in between).

    Examples
    --------
    >>> curve = ReferenceCurve((6.0, 12.0), (0.5, 0.25), "line")
    >>> np.exp(-curve(np.array([6.0, 9.0]))).round(4).tolist()
    [0.5, 0.3536]
    """

    times: tuple[float, ...]
    survival: tuple[float, ...]
    shape: Literal["step", "line"] = "step"

    def __post_init__(self) -> None:
        """Refuse what is no survival curve."""
        problems = []
        if len(self.times) != len(self.survival) or not self.times:
            problems.append("times, survival: give one survival for each time, and at least one.")
        if any(not time > 0 for time in self.times) or any(
            b <= a for a, b in zip(self.times, self.times[1:], strict=False)
        ):
            problems.append("times: must be positive and ascend.")
        steps = zip((1.0, *self.survival), self.survival, strict=False)
        if any(not 0 < after <= before for before, after in steps):
            problems.append("survival: must lie in (0, 1] and never rise.")
        if self.shape not in ("step", "line"):
            problems.append(f"shape: unknown {self.shape!r}.{suggest(str(self.shape), ('step', 'line'))}")
        if problems:
            raise MethodError(*problems)

    def __call__(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cumulative hazard at each time; a time beyond the curve is refused."""
        asked = np.asarray(time, dtype=np.float64)
        if np.any(asked > self.times[-1]):
            raise MethodError(
                f"reference: the curve ends at {self.times[-1]:g}, but observations reach {float(asked.max()):g}; "
                "censor them there, or give a longer curve."
            )
        knots, hazard = np.array([0.0, *self.times]), -np.log(np.array([1.0, *self.survival]))
        if self.shape == "line":
            return np.asarray(np.interp(asked, knots, hazard), dtype=np.float64)
        stepped: NDArray[np.float64] = hazard[np.searchsorted(knots, asked, side="right") - 1]
        return stepped
