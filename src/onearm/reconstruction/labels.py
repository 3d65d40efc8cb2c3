"""Characteristics handed out so that every count, alone and crossed with others, is the printed one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from onearm.reconstruction.solutions import Check
from onearm.reconstruction.targets import Cross, Margin

__all__ = ["Labels", "hand_out_labels"]

Labels = dict[str, NDArray[np.str_]]
_STEPS: Final = 60_000


def hand_out_labels(
    n: int, margins: Sequence[Margin], crosses: Sequence[Cross], fixed: Labels, *, seed: int
) -> tuple[Labels, tuple[Check, ...]]:
    """
    Give every patient a level of every characteristic.

    Margins hold exactly from the start; swaps of two patients' levels keep them while the crossed counts are brought to
    what was printed.

    Parameters
    ----------
    n : int
        Patients.
    margins : sequence of Margin
        Characteristics and their counts.
    crosses : sequence of Cross
        Counts over several characteristics.
    fixed : dict of str to ndarray of str
        Characteristics that stay as they are.
    seed : int
        Of the search.

    Returns
    -------
    tuple
        Levels by characteristic, those of `fixed` among them; and a check for each crossed count.

    Examples
    --------
    >>> fixed = {"BOR": np.array(["PR", "PR", "SD", "SD"])}
    >>> crosses = [Cross("liver", (("LIVER", "Y"), ("BOR", "PR")), 0)]
    >>> labels, checks = hand_out_labels(4, [Margin("LIVER", {"Y": 2}, "N")], crosses, fixed, seed=1)
    >>> labels["LIVER"].tolist(), checks[0].is_met
    (['N', 'N', 'Y', 'Y'], True)
    """
    rng = random.Random(seed)
    labels = {name: [str(one) for one in values] for name, values in fixed.items()}
    free = [margin.variable for margin in margins if margin.variable not in fixed]
    for margin in margins:
        if margin.variable not in fixed:
            levels = [level for level, count in margin.counts.items() for _ in range(count)][:n]
            levels += [margin.rest] * (n - len(levels))
            rng.shuffle(levels)
            labels[margin.variable] = levels
    known = [cross for cross in crosses if all(name in labels for name, _ in cross.among)]
    movable = [name for name in free if any(name == one for cross in known for one, _ in cross.among)]
    _swap(labels, known, movable, rng)
    checks = tuple(_check(cross, labels) for cross in known)
    return {name: np.array(values, dtype=np.str_) for name, values in labels.items()}, checks


def _count(cross: Cross, labels: dict[str, list[str]]) -> int:
    columns = [(labels[name], level) for name, level in cross.among]
    return sum(all(column[i] == level for column, level in columns) for i in range(len(columns[0][0])))


def _check(cross: Cross, labels: dict[str, list[str]]) -> Check:
    count = _count(cross, labels)
    reason = "" if count == cross.count else "no patients with these counts were found"
    return Check(cross.name, str(cross.count), float(count), count == cross.count, reason)


def _swap(labels: dict[str, list[str]], crosses: Sequence[Cross], movable: Sequence[str], rng: random.Random) -> None:
    touching = {name: [cross for cross in crosses if any(name == one for one, _ in cross.among)] for name in movable}
    n = len(next(iter(labels.values())))
    miss = sum(abs(_count(cross, labels) - cross.count) for cross in crosses)
    for step in range(_STEPS):
        if miss == 0 or not movable:
            return
        name = rng.choice(movable)
        i, j = rng.randrange(n), rng.randrange(n)
        column = labels[name]
        if column[i] == column[j]:
            continue
        before = sum(abs(_count(cross, labels) - cross.count) for cross in touching[name])
        column[i], column[j] = column[j], column[i]
        after = sum(abs(_count(cross, labels) - cross.count) for cross in touching[name])
        # late in the search no step back is taken any more
        if after <= before or rng.random() < 0.15 * (1 - step / _STEPS) ** 2 * 0.5 ** (after - before):
            miss += after - before
        else:
            column[i], column[j] = column[j], column[i]
