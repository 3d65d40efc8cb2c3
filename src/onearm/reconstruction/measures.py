"""Measured characteristics whose median, quartiles, range and classes are the printed ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from onearm.reconstruction.targets import Measure, Printed

__all__ = ["lay_out_values"]


def lay_out_values(
    measure: Measure, groups: NDArray[np.str_] | None, n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """
    Give every patient a value.

    Printed quantiles fix the values at their ranks, limits of classes those at their edges; between two fixed ranks the
    values rise evenly. Both neighbours of a quantile have its value, so that every definition of a quantile gives it.

    Parameters
    ----------
    measure : Measure
        What is printed.
    groups : ndarray of str, shape (n,), optional
        Class of each patient; the lowest values go to the lowest class.
    n : int
        Patients.
    rng : numpy.random.Generator
        Order of patients within a class.

    Returns
    -------
    ndarray of float, shape (n,)
        Rounded to the decimals of the measure.

    Examples
    --------
    >>> from onearm.reconstruction.targets import Printed, Quantity
    >>> age = Measure("AGE", 0, (Quantity("age", Printed(67), low=Printed(44), high=Printed(77)),), lowest=44, highest=77)
    >>> values = lay_out_values(age, None, 46, np.random.default_rng(1))
    >>> float(np.median(values)), values.min(), values.max()
    (67.0, 44.0, 77.0)
    """
    counts = {} if groups is None else {level: int((groups == level).sum()) for level in measure.groups}
    ordered = _ordered(measure, counts, n)
    order = rng.permutation(n)
    if groups is not None:
        rank = {level: place for place, level in enumerate(sorted(measure.groups, key=lambda one: measure.groups[one]))}
        order = order[np.argsort([rank.get(groups[i], len(rank)) for i in order], kind="stable")]
    values = np.empty(n)
    values[order] = ordered
    return values


def _ordered(measure: Measure, counts: Mapping[str, int], n: int) -> NDArray[np.float64]:
    low, high = np.full(n, measure.lowest), np.full(n, measure.highest)
    start = 0
    for level in sorted(measure.groups, key=lambda one: measure.groups[one]):
        end = min(n, start + counts.get(level, 0))
        low[start:end] = np.maximum(low[start:end], measure.groups[level][0])
        high[start:end] = np.minimum(high[start:end], measure.groups[level][1])
        start = end
    anchors: dict[int, float] = {0: float(low[0]), n - 1: float(high[-1])}
    for quantity in measure.quantities:
        if quantity.among:
            continue
        shares: list[tuple[float, Printed | None]] = [(0.5, quantity.median)]
        edges = (0.25, 0.75) if quantity.spread == "iqr" else (0.0, 1.0)
        shares += list(zip(edges, (quantity.low, quantity.high), strict=True))
        for share, shown in shares:
            if shown is not None and math.isfinite(shown.value):
                anchors |= _around(share, shown.value, n, 10.0**-measure.decimals)
    places = sorted(anchors)
    even = np.interp(np.arange(n), places, [anchors[place] for place in places])
    rounded = np.round(np.clip(even, low, high), measure.decimals)
    return np.asarray(np.maximum.accumulate(rounded), dtype=np.float64)


def _around(share: float, value: float, n: int, step: float) -> dict[int, float]:
    """Ranks on both sides of a quantile by every usual definition."""
    if share in {0.0, 1.0}:
        return {0 if share == 0.0 else n - 1: value}
    exact = {share * (n - 1), share * (n + 1) - 1, share * n - 0.5}
    near = {min(n - 1, max(0, place)) for one in exact for place in (math.floor(one + 1e-9), math.ceil(one - 1e-9))}
    whole = abs(value / step - round(value / step)) < 1e-6
    if whole:
        return dict.fromkeys(near, value)
    middle = sorted(near)
    half = len(middle) // 2
    return {place: value - step / 2 if i < half else value + step / 2 for i, place in enumerate(middle)}
