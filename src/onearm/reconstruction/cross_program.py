"""Which printed counts over several characteristics cannot hold together, by an integer program."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from onearm.reconstruction.count_targets import Cross, Margin
from onearm.reconstruction.solutions import Conflict

__all__ = ["conflicting_counts", "is_possible"]

_MOST_CELLS: Final = 20_000
_SECONDS: Final = 20.0


def conflicting_counts(
    n: int, margins: Sequence[Margin], crosses: Sequence[Cross], given: Mapping[str, Sequence[str]]
) -> list[Conflict]:
    """
    Find printed counts that cannot hold together.

    Parameters
    ----------
    n : int
        Patients.
    margins : sequence of Margin
        Counts by level.
    crosses : sequence of Cross
        Counts over several characteristics.
    given : mapping of str to sequence of str
        Characteristics known beforehand.

    Returns
    -------
    list of Conflict
        One conflict, whose counts are all needed for it, or none where the counts are possible or too many to say.

    Examples
    --------
    Two of ten are women, but three women respond:

    >>> from onearm.reconstruction.targets import Among
    >>> sex = Margin("SEX", {"M": 8, "F": 2})
    >>> women = Cross("women responding", (Among("SEX", "F"), Among("RESPONDER", "Y")), 3)
    >>> conflicting_counts(10, [sex], [women], {"RESPONDER": ["Y"] * 4 + ["N"] * 6})[0].names
    ('women responding', 'SEX = M', 'SEX = F')
    """
    rows = list(crosses)
    if is_possible(n, margins, rows, given) is not False:
        return []
    # leave out one count after another; what is left when none can be spared is a conflict
    for cross in list(rows):
        fewer = [other for other in rows if other is not cross]
        if is_possible(n, margins, fewer, given) is False:
            rows = fewer
    kept = list(margins)
    for margin in list(kept):
        fewer_margins = [other for other in kept if other is not margin]
        if is_possible(n, fewer_margins, rows, given) is False:
            kept = fewer_margins
    names = [cross.name for cross in rows]
    names += [f"{margin.variable} = {level}" for margin in kept for level in margin.counts]
    return [Conflict(tuple(names), "no assignment of characteristics to patients gives these counts", is_proved=True)]


def is_possible(
    n: int, margins: Sequence[Margin], crosses: Sequence[Cross], given: Mapping[str, Sequence[str]]
) -> bool | None:
    """
    Say whether counts can hold together.

    Patients who are alike in all characteristics count alike, so the unknowns are the numbers of patients in the cells of the
    table of all characteristics that a cross names.

    Parameters
    ----------
    n : int
        Patients.
    margins : sequence of Margin
        Counts by level; of characteristics without a margin any number may have any level that a cross names.
    crosses : sequence of Cross
        Counts over several characteristics.
    given : mapping of str to sequence of str
        Characteristics known beforehand.

    Returns
    -------
    bool or None
        None where the table has too many cells or the program takes too long.
    """
    named = list(dict.fromkeys(one.variable for cross in crosses for one in cross.among))
    known = [name for name in named if name in given]
    open_names = [name for name in named if name not in given]
    by_variable = {margin.variable: margin for margin in margins}
    levels = [_levels(name, by_variable.get(name), crosses) for name in open_names]
    profiles = Counter(zip(*(given[name] for name in known), strict=True)) if known else Counter({(): n})
    shape = [len(profiles), *(len(level) for level in levels)]
    if np.prod(shape, dtype=float) > _MOST_CELLS:
        return None
    cells = [
        dict(zip([*known, *open_names], (*profile, *rest), strict=True))
        for profile in profiles
        for rest in itertools.product(*levels)
    ]
    each = len(cells) // max(len(profiles), 1)
    rows: list[tuple[list[int], int]] = [
        (list(range(k * each, (k + 1) * each)), count) for k, count in enumerate(profiles.values())
    ]
    for name in open_names:
        if (margin := by_variable.get(name)) is not None:
            rows += [
                ([i for i, cell in enumerate(cells) if cell[name] == level], count)
                for level, count in margin.counts.items()
                if count is not None
            ]
    rows += [
        (
            [i for i, cell in enumerate(cells) if all(cell[v] in level.split("|") for v, level in cross.among)],
            cross.count,
        )
        for cross in crosses
    ]
    return _solve(rows, len(cells), n)


def _levels(name: str, margin: Margin | None, crosses: Sequence[Cross]) -> list[str]:
    """List the levels of a characteristic, with one for the rest."""
    found = dict.fromkeys(margin.counts) if margin is not None else {}
    found |= dict.fromkeys(level for c in crosses for v, many in c.among if v == name for level in many.split("|"))
    return [*found, *([margin.rest] if margin is not None and margin.rest not in found else [])] + (
        ["another"] if margin is None else []
    )


def _solve(rows: Sequence[tuple[list[int], int]], n_cells: int, n: int) -> bool | None:
    at = [(k, i) for k, (members, _) in enumerate(rows) for i in members]
    matrix = coo_array((np.ones(len(at)), ([k for k, _ in at], [i for _, i in at])), shape=(len(rows), n_cells)).tocsr()
    totals = np.array([total for _, total in rows], dtype=np.float64)
    result = milp(
        np.zeros(n_cells),
        constraints=LinearConstraint(matrix, totals, totals),
        integrality=np.ones(n_cells, dtype=np.int64),
        bounds=Bounds(0, n),
        options={"time_limit": _SECONDS},
    )
    return {0: True, 2: False}.get(result.status)
