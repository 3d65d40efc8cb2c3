"""Characteristics of patients by an integer program: one unknown for each patient and level, one for each patient and count."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from onearm.reconstruction.count_targets import Cross, Margin

__all__ = ["program_labels"]

_SECONDS: Final = 15.0


class _Rows:
    """Rows of a linear program, each with a lower and an upper bound."""

    def __init__(self) -> None:
        self.at: list[tuple[int, int, float]] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, terms: Sequence[tuple[int, float]], low: float, high: float) -> None:
        """Add a row."""
        self.at += [(len(self.low), column, weight) for column, weight in terms]
        self.low.append(low)
        self.high.append(high)


def program_labels(
    n: int,
    margins: Sequence[Margin],
    crosses: Sequence[Cross],
    given: Mapping[str, Sequence[str]],
    *,
    seed: int = 0,
) -> dict[str, list[str]] | None:
    """
    Assign characteristics so that all counts hold.

    Parameters
    ----------
    n : int
        Patients.
    margins : sequence of Margin
        How many have each level.
    crosses : sequence of Cross
        How many have several levels at once.
    given : mapping of str to sequence of str
        Characteristics known beforehand.
    seed : int
        Chooses among the assignments that there are.

    Returns
    -------
    dict of str to list of str or None
        Labels of the characteristics that have a margin; None where there is no assignment, or none was found in time.

    Examples
    --------
    >>> from onearm.reconstruction.targets import Among
    >>> men = Cross("men responding", (Among("SEX", "M"), Among("RESPONDER", "Y")), 2)
    >>> program_labels(4, [Margin("SEX", {"M": 2, "F": 2})], [men], {"RESPONDER": list("YYNN")})
    {'SEX': ['M', 'M', 'F', 'F']}
    """
    free = [margin for margin in margins if margin.variable not in given]
    if not free:
        return {}
    rows = _Rows()
    column = _add_margins(rows, free, crosses, n)
    total = len(column)
    for cross in crosses:
        total = _add_cross(rows, cross, n, given, column, total)
    rng = random.Random(seed)
    shape = (len(rows.low), total)
    matrix = coo_array(
        ([weight for *_, weight in rows.at], ([k for k, *_ in rows.at], [j for _, j, _ in rows.at])), shape=shape
    ).tocsr()
    result = milp(
        np.array([rng.random() if j < len(column) else 0.0 for j in range(total)]),
        constraints=LinearConstraint(matrix, np.array(rows.low), np.array(rows.high)),
        integrality=np.ones(total, dtype=np.int64),
        bounds=Bounds(0, 1),
        options={"time_limit": _SECONDS, "mip_rel_gap": 1.0},
    )
    if result.x is None:
        return None
    labels = {margin.variable: [margin.rest] * n for margin in free}
    for (name, level, i), j in column.items():
        if result.x[j] > 0.5:
            labels[name][i] = level
    return labels


def _add_margins(
    rows: _Rows, free: Sequence[Margin], crosses: Sequence[Cross], n: int
) -> dict[tuple[str, str, int], int]:
    """Give each patient an unknown for each level, and add the rows of the margins."""
    column: dict[tuple[str, str, int], int] = {}
    for margin in free:
        levels = _levels(margin, crosses)
        column |= {
            (margin.variable, level, i): len(column) + k * n + i for k, level in enumerate(levels) for i in range(n)
        }
        for i in range(n):
            rows.add([(column[margin.variable, level, i], 1.0) for level in levels], 1, 1)
        for level, count in margin.counts.items():
            if count is not None:
                rows.add([(column[margin.variable, level, i], 1.0) for i in range(n)], count, count)
    return column


def _levels(margin: Margin, crosses: Sequence[Cross]) -> list[str]:
    """List the levels of a characteristic, with the one of the rest."""
    named = [level for c in crosses for v, many in c.among if v == margin.variable for level in many.split("|")]
    return list(dict.fromkeys([*margin.counts, margin.rest, *named]))


def _add_cross(
    rows: _Rows,
    cross: Cross,
    n: int,
    given: Mapping[str, Sequence[str]],
    column: Mapping[tuple[str, str, int], int],
    total: int,
) -> int:
    """Add the rows of a count over several characteristics, and an unknown for each patient who may be counted."""
    known = [one for one in cross.among if one.variable in given]
    free = [one for one in cross.among if one.variable not in given]
    able = [i for i in range(n) if all(given[v][i] in level.split("|") for v, level in known)]
    counted: list[tuple[int, float]] = []
    for i in able:
        parts = [[column[v, level, i] for level in many.split("|")] for v, many in free]
        if len(parts) == 1:
            counted += [(j, 1.0) for j in parts[0]]
            continue
        counted.append((total, 1.0))
        for part in parts:
            rows.add([(total, 1.0), *((j, -1.0) for j in part)], -np.inf, 0)
        rows.add([(total, 1.0), *((j, -1.0) for part in parts for j in part)], 1 - len(parts), np.inf)
        total += 1
    rows.add(counted, cross.count, cross.count) if counted else None
    return total
