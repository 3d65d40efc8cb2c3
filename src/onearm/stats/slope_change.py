"""
The place where the slope of sorted times changes, as a paper splits its patients, and what that split ignores.

The esophageal trial [1]_ sorts the samples by survival time, looks at the dots, and cuts where the change of slope is
obvious; patients below are *low*, the others *high*. Here the position is found rather than seen: the two straight lines
over the ranks that leave the smallest sum of squares. The split takes a censored time for a time of death and looks at the
outcome before it looks at the marker; `SlopeChange.n_undecided` counts the patients whom it calls low although they had no event.

References
----------
.. [1] ALTER-E-003, Mol Cancer (2025), doi 10.1186/s12943-025-02376-w, statistical analysis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed

__all__ = ["SlopeChange", "slope_change"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SlopeChange(Framed):
    """
    A split of patients at the change of slope of their sorted times.

    Attributes
    ----------
    cut : float
        Patients with a time of at most this are low.
    is_high : ndarray of bool, shape (n_subjects,)
        In the order of the input.
    n_low, n_high : int
        Patients on each side.
    n_undecided : int
        Patients called low who were censored: their time is a lower bound, they may belong on the other side.
    slope_low, slope_high : float
        Time per rank on each side.
    explained : float
        Share of the squared deviations from one line that the second line removes.
    """

    cut: float
    is_high: NDArray[np.bool_]
    n_low: int
    n_high: int
    n_undecided: int
    slope_low: float
    slope_high: float
    explained: float


def slope_change(time: ArrayLike, event: ArrayLike, *, at_least: int = 3) -> SlopeChange:
    """
    Split patients where the slope of their sorted times changes most.

    Parameters
    ----------
    time : array_like of float, shape (n_subjects,)
        Times, none missing.
    event : array_like of bool, shape (n_subjects,)
        Whether each time ended with the event; only counted, the split does not look at it.
    at_least : int, default 3
        Patients on each side.

    Returns
    -------
    SlopeChange
        The split; of equally good ones the earliest. Equal times stay together.

    Raises
    ------
    MethodError
        If there are fewer patients than two sides need, or all times are equal.

    Examples
    --------
    >>> split = slope_change([1, 2, 3, 4, 20, 30, 40], [1, 1, 0, 1, 1, 0, 0])
    >>> split.cut, split.n_low, split.n_high, split.n_undecided
    (4.0, 4, 3, 1)
    """
    t, happened = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=bool)
    if t.ndim != 1 or t.shape != happened.shape or np.isnan(t).any():
        raise MethodError("slope change: give one time and one event for each patient, none missing.")
    ordered = np.sort(t)
    sizes = [k for k in range(at_least, t.size - at_least + 1) if ordered[k - 1] < ordered[k]]
    if not sizes:
        raise MethodError(
            f"slope change: {t.size} patients with {np.unique(t).size} distinct times; both sides need {at_least}."
        )
    rank = np.arange(1.0, t.size + 1)
    errors = [_error(rank[:k], ordered[:k]) + _error(rank[k:], ordered[k:]) for k in sizes]
    size = sizes[int(np.argmin(errors))]
    one_line = _error(rank, ordered)
    cut = float(ordered[size - 1])
    return SlopeChange(
        cut,
        t > cut,
        size,
        t.size - size,
        int(np.count_nonzero((t <= cut) & ~happened)),
        _slope(rank[:size], ordered[:size]),
        _slope(rank[size:], ordered[size:]),
        1 - min(errors) / one_line if one_line > 0 else 0.0,
    )


def _slope(x: Floats, y: Floats) -> float:
    centred = x - x.mean()
    return float((centred * y).sum() / (centred**2).sum())


def _error(x: Floats, y: Floats) -> float:
    """Sum of squares about the least-squares line."""
    left = y - y.mean() - _slope(x, y) * (x - x.mean())
    return float((left**2).sum())
