"""Samples: what every rank statistic checks and needs first."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError

__all__ = ["check_groups", "midranks", "observed", "paired_differences"]

Floats = NDArray[np.float64]

_NOISE: Final = 1e-12
"""Differences that agree to this part of the largest value are tied: they differ by rounding alone."""


def observed(values: ArrayLike, *, name: str) -> Floats:
    """
    Check one sample and leave out what is missing.

    Parameters
    ----------
    values : array_like, shape (n,)
        One value per subject; NaN is missing. Infinite values are allowed: only their rank counts.
    name : str
        For the message.

    Returns
    -------
    numpy.ndarray
        The values that are there.

    Raises
    ------
    MethodError
        If there is more than one dimension, or no value.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise MethodError(f"{name}: one value per subject is needed (one dimension); found {array.ndim} dimensions.")
    array = array[~np.isnan(array)]
    if array.size == 0:
        raise MethodError(f"{name}: no value is left after missing ones are dropped; one at least is needed.")
    return array


def midranks(values: Floats, *, noise: float = 0.0) -> tuple[Floats, Floats]:
    """
    Rank values; ties share the mean of their ranks.

    Parameters
    ----------
    values : numpy.ndarray, shape (n,)
        Without missing values.
    noise : float, default 0
        Neighbours no further apart are tied.

    Returns
    -------
    tuple of numpy.ndarray
        Ranks in the order given, and the sizes of the groups of ties.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    with np.errstate(invalid="ignore"):  # infinity minus infinity: two equal values
        is_new = np.r_[True, (np.diff(ordered) > noise) & (ordered[1:] != ordered[:-1])]
    group = np.cumsum(is_new) - 1
    sizes = np.bincount(group).astype(np.float64)
    last = np.cumsum(sizes)
    ranks = np.empty(values.size)
    ranks[order] = (last - (sizes - 1) / 2)[group]
    return ranks, sizes


def paired_differences(x: ArrayLike, y: ArrayLike | None, mu: float) -> tuple[Floats, float]:
    """
    Differences of the complete pairs, and how far apart rounding may have driven two equal ones.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Pairs; without ``y`` each x stands alone.
    mu : float
        Taken off every difference.

    Returns
    -------
    tuple of numpy.ndarray and float
        Differences and the width of the noise.

    Raises
    ------
    MethodError
        If no pair is complete, or the lengths differ.
    """
    first = np.asarray(x, dtype=np.float64)
    second = np.zeros_like(first) if y is None else np.asarray(y, dtype=np.float64)
    if first.shape != second.shape:
        raise MethodError(f"y: one value for each x is needed; found {second.size} for {first.size}.")
    difference = observed(first - second - mu, name="x" if y is None else "x - y")
    complete = ~np.isnan(first) & ~np.isnan(second)
    noise = _NOISE * max(np.abs(first[complete]).max(), np.abs(second[complete]).max(), abs(mu))
    return difference, float(noise)


def check_groups(groups: tuple[ArrayLike, ...]) -> list[Floats]:
    """
    Check that there are groups to compare.

    Parameters
    ----------
    groups : tuple of array_like
        Samples.

    Returns
    -------
    list of numpy.ndarray
        Without missing values.

    Raises
    ------
    MethodError
        With fewer than two groups, or a group without a value.
    """
    if len(groups) < 2:
        raise MethodError(f"groups: two at least are needed; found {len(groups)}.")
    return [observed(group, name=f"group {number}") for number, group in enumerate(groups, start=1)]
