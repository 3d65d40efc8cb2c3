"""Measured characteristics with a printed median, mean and range, in the classes that a table counts."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.reconstruction.count_targets import Measure, Quantity
from onearm.reconstruction.curve_numbers import sample_quantile
from onearm.reconstruction.printed import Printed
from onearm.reconstruction.solutions import Check
from onearm.reconstruction.targets import Among

__all__ = ["Measured", "measured_values"]

_STEPS: Final = 20_000


class Measured(NamedTuple):
    """
    Values of a measured characteristic.

    Attributes
    ----------
    values : ndarray of float, shape (n,)
        One for each patient.
    checks : tuple of Check
        Printed numbers beside theirs.
    """

    values: NDArray[np.float64]
    checks: tuple[Check, ...]


def measured_values(
    measure: Measure, labels: Mapping[str, Sequence[str]], n: int, *, seed: int = 0, quartiles: str = "r"
) -> Measured:
    """
    Draw values that give every printed number.

    Parameters
    ----------
    measure : Measure
        What was printed.
    labels : mapping of str to sequence of str
        Characteristics; ``VARIABLE_GROUP`` says in which class each value must lie, where there is one.
    n : int
        Patients.
    seed : int
        The same seed gives the same values.
    quartiles : {"r", "sas", "spss"}
        Definition of sample quartiles.

    Returns
    -------
    Measured
        Values on the grid of the decimals with which they are recorded.

    Examples
    --------
    >>> from onearm.reconstruction.printed import printed
    >>> age = Quantity("age", median=printed("67"), low=printed("44"), high=printed("77"))
    >>> found = measured_values(Measure("AGE", quantities=(age,), lowest=18, highest=90), {}, 46)
    >>> [check.is_met for check in found.checks], float(np.median(found.values))
    ([True, True, True], 67.0)
    """
    rng = random.Random(seed)
    step = 10.0**-measure.decimals
    bounds = _bounds(measure, labels, n)
    members = [_members(quantity.among, labels, n) for quantity in measure.quantities]
    center, wide = _typical(measure)
    ticks = [
        min(max(round(rng.gauss(center, wide) / step), math.ceil(low / step - 1e-9)), math.floor(high / step + 1e-9))
        for low, high in bounds
    ]
    named = _named(measure, step)
    loss = _loss(measure, members, ticks, step, quartiles)
    for k in range(_STEPS):
        if loss == 0.0:
            break
        i = rng.randrange(n)
        before = ticks[i]
        reach = rng.choice((2, 8, max(8, round(wide / step))))
        after = rng.choice(named) if named and rng.random() < 0.4 else before + rng.randint(-reach, reach)
        ticks[i] = min(max(after, math.ceil(bounds[i][0] / step - 1e-9)), math.floor(bounds[i][1] / step + 1e-9))
        changed = _loss(measure, members, ticks, step, quartiles)
        if changed > loss - 0.3 * (1 - k / _STEPS) * math.log(1.0 - rng.random()):
            ticks[i] = before
        else:
            loss = changed
    checks = []
    for quantity, chosen in zip(measure.quantities, members, strict=True):
        for name, shown, exact in _numbers(quantity, [ticks[i] * step for i in chosen], quartiles):
            is_met = shown.fits(exact)
            reason = "" if is_met else "no values were found that give this number together with the classes"
            checks.append(Check(f"{quantity.name}.{name}", str(shown), exact, is_met, reason))
    return Measured(np.round(np.array(ticks, dtype=np.float64) * step, measure.decimals), tuple(checks))


def _bounds(measure: Measure, labels: Mapping[str, Sequence[str]], n: int) -> list[tuple[float, float]]:
    everywhere = (measure.lowest, measure.highest)
    classes = labels.get(f"{measure.variable}_GROUP")
    if classes is None:
        return [everywhere] * n
    found = [measure.groups.get(label, everywhere) for label in classes]
    return [(max(low, measure.lowest), min(high, measure.highest)) for low, high in found]


def _members(among: Sequence[Among], labels: Mapping[str, Sequence[str]], n: int) -> list[int]:
    return [i for i in range(n) if all(labels[one.variable][i] in one.level.split("|") for one in among)]


def _typical(measure: Measure) -> tuple[float, float]:
    """Give a value and a spread to begin with."""
    for quantity in measure.quantities:
        middle = quantity.median or quantity.mean
        if middle is not None:
            ends = [end.value for end in (quantity.low, quantity.high) if end is not None]
            if quantity.sd is not None:
                return middle.value, quantity.sd.value
            wide = (max(ends) - min(ends)) / 4 if len(ends) == 2 else (measure.highest - measure.lowest) / 8
            return middle.value, max(min(wide, middle.value / 2), 1e-6)
    return (measure.lowest + measure.highest) / 2, (measure.highest - measure.lowest) / 6


def _named(measure: Measure, step: float) -> list[int]:
    """Collect the values that printed numbers name, in steps of the last recorded place."""
    values = [
        shown.value
        for quantity in measure.quantities
        for shown in (quantity.median, quantity.low, quantity.high)
        if shown is not None and math.isfinite(shown.value)
    ]
    return [round(value / step) for value in values]


def _numbers(quantity: Quantity, values: list[float], quartiles: str) -> list[tuple[str, Printed, float]]:
    """Give what was printed beside what the values give."""
    ascending = sorted(values)
    if not ascending:
        exact = dict.fromkeys(("median", "mean", "sd", "low", "high"), math.nan)
    else:
        low, high = ascending[0], ascending[-1]
        if quantity.spread == "iqr":
            low, high = (sample_quantile(ascending, p, quartiles) for p in (0.25, 0.75))
        exact = {"median": sample_quantile(ascending, 0.5, quartiles), "low": low, "high": high}
        if quantity.mean is not None or quantity.sd is not None:
            exact["mean"] = float(np.mean(ascending))
            exact["sd"] = float(np.std(ascending, ddof=1)) if len(ascending) > 1 else math.nan
    shown = {name: getattr(quantity, name) for name in ("median", "mean", "sd", "low", "high")}
    return [(name, value, exact[name]) for name, value in shown.items() if value is not None]


def _loss(measure: Measure, members: Sequence[list[int]], ticks: Sequence[int], step: float, quartiles: str) -> float:
    total = 0.0
    for quantity, chosen in zip(measure.quantities, members, strict=True):
        for _, shown, exact in _numbers(quantity, [ticks[i] * step for i in chosen], quartiles):
            miss = shown.miss(exact)
            total += 0.0 if miss == 0.0 else 8.0 if math.isinf(miss) else 0.5 + math.log1p(miss / shown.half_unit)
    return total
