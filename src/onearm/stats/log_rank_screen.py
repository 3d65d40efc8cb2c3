"""Log-rank tests of many yes-no features, and the scores of subjects that they sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from onearm.frames import Framed
from onearm.stats.carriers import CHUNK, Floats, Integers, check_carriers, known_patterns
from onearm.stats.times import check_times, distinct_times

__all__ = ["LogRankScreen", "hazard_residuals", "log_rank_screen", "log_rank_z"]

_FLAT: Final = 1e-12


def hazard_residuals(codes: NDArray[np.intp], event: NDArray[np.bool_], weights: Floats | None = None) -> Floats:
    """
    Event less the cumulative hazard of Nelson and Aalen at the end of observation.

    Parameters
    ----------
    codes : ndarray of int, shape (n_samples, n_subjects)
        Number of the time at which observation ended, from 0, in the order of time.
    event : ndarray of bool, shape (n_samples, n_subjects)
        Whether it ended with the event.
    weights : ndarray of float, shape (n_samples, n_subjects), optional
        How often each subject counts; once where left out.

    Returns
    -------
    ndarray of float, shape (n_samples, n_subjects)
        Their sum over a group is its observed less its expected events in the log-rank test.

    Examples
    --------
    >>> hazard_residuals(np.array([[0, 1]]), np.array([[True, True]]))
    array([[ 0.5, -0.5]])
    """
    n_samples = codes.shape[0]
    width = int(codes.max(initial=0)) + 1
    at = (codes + width * np.arange(n_samples)[:, None]).ravel()
    mass = None if weights is None else weights.ravel()
    counted = event.ravel().astype(np.float64) if mass is None else event.ravel() * mass
    ending = np.bincount(at, mass, minlength=width * n_samples).reshape(n_samples, width)
    deaths = np.bincount(at, counted, minlength=width * n_samples).reshape(n_samples, width)
    at_risk = np.cumsum(ending[:, ::-1], axis=1)[:, ::-1]
    hazard = np.cumsum(deaths / np.maximum(at_risk, 1e-300) * (at_risk > 0), axis=1)
    return np.asarray(event - np.take_along_axis(hazard, codes, axis=1))


@dataclass(frozen=True, eq=False)
class LogRankScreen(Framed):
    """
    Log-rank tests of many features.

    Attributes
    ----------
    n, n_carriers : ndarray of int, shape (n_features,)
        Subjects whose feature is known, and carriers among them.
    observed, expected : ndarray of float, shape (n_features,)
        Events of the carriers, and what they would be with the hazard of all.
    z, p : ndarray of float, shape (n_features,)
        As `onearm.stats.log_rank.log_rank` gives them; positive where carriers do worse; NaN without variance.
    """

    n: Integers
    n_carriers: Integers
    observed: Floats
    expected: Floats
    z: Floats
    p: Floats


def log_rank_screen(time: ArrayLike, event: ArrayLike, features: ArrayLike) -> LogRankScreen:
    """
    Make the log-rank test of each yes-no feature.

    Parameters
    ----------
    time, event : array_like, shape (n_subjects,)
        As in `survival_screen`.
    features : array_like of float, shape (n_subjects, n_features)
        1 for carriers, 0 for others, NaN where not known.

    Returns
    -------
    LogRankScreen
        One test per feature, each on the subjects whose feature is known.

    References
    ----------
    .. [1] Mantel N (1966), Cancer Chemotherapy Reports 50(3):163-170.

    Examples
    --------
    One event, two of five at risk in its group: O - E = 1 - 2/5, V = 2/5 * 3/5.

    >>> screen = log_rank_screen([2, 3, 5, 4, 6, 10], [0, 1, 0, 0, 0, 0], [[1], [1], [1], [0], [0], [0]])
    >>> round(float(screen.z[0] ** 2), 6), round(float(screen.p[0]), 6)
    (1.5, 0.220671)
    """
    times = check_times(time, event)
    codes = np.unique(distinct_times(times.time), return_inverse=True)[1]
    matrix = check_carriers(features, times.time.size)
    m = matrix.shape[1]
    observed, expected, variance = (np.full(m, np.nan) for _ in range(3))
    for rows, columns in known_patterns(matrix):
        width = max(1, CHUNK // max(rows.size, 1))
        for low in range(0, columns.size, width):
            part = columns[low : low + width]
            found = _log_rank_block(codes[rows], times.event[rows], matrix[np.ix_(rows, part)])
            observed[part], expected[part], variance[part] = found
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > _FLAT, (observed - expected) / np.sqrt(variance), np.nan)
    known = ~np.isnan(matrix)
    return LogRankScreen(
        known.sum(axis=0),
        np.nansum(matrix, axis=0).astype(np.int64),
        observed,
        expected,
        z,
        np.asarray(chdtrc(1, z**2)),
    )


def _log_rank_block(
    codes: NDArray[np.intp], event: NDArray[np.bool_], carriers: Floats | NDArray[np.int16]
) -> tuple[Floats, Floats, Floats]:
    """Observed and expected events of the carriers and their variance; all subjects known."""
    order = np.argsort(codes, kind="stable")
    codes, event, carriers = codes[order], event[order], carriers[order]
    at = np.unique(codes[event])
    first = np.searchsorted(codes, at)
    own: Floats = np.cumsum(carriers[::-1], axis=0, dtype=carriers.dtype)[::-1][first].astype(np.float64)
    total = (codes.size - first).astype(np.float64)
    deaths = np.bincount(np.searchsorted(at, codes[event]), minlength=at.size).astype(np.float64)
    share = own / total[:, None]
    spread = deaths * (total - deaths) / np.maximum(total - 1, 1)
    return event.astype(np.float64) @ carriers, deaths @ share, spread @ (share * (1 - share))


def log_rank_z(codes: NDArray[np.intp], event: NDArray[np.bool_], carriers: NDArray[np.int16]) -> Floats:
    """
    Standardise observed less expected events of the carriers of each feature.

    Parameters
    ----------
    codes : ndarray of int, shape (n_subjects,)
        Number of the time at which observation ended, from 0, in the order of time.
    event : ndarray of bool, shape (n_subjects,)
        Whether it ended with the event.
    carriers : ndarray of int, shape (n_subjects, n_features)
        1 for carriers, 0 for others; small integers are summed faster than floats.

    Returns
    -------
    ndarray of float, shape (n_features,)
        Positive where carriers do worse; NaN without variance.

    Examples
    --------
    One event, one of two at risk carries the feature: O - E = 1/2, V = 1/4.

    >>> log_rank_z(np.array([0, 1]), np.array([True, False]), np.array([[1], [0]], dtype=np.int16))
    array([1.])
    """
    observed, expected, variance = _log_rank_block(codes, event, carriers)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(variance > _FLAT, (observed - expected) / np.sqrt(variance), np.nan))
