"""Over-representation of sets among chosen features, against the features that were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from onearm.errors import MethodError, suggest
from onearm.frames import Framed
from onearm.stats.multiplicity import adjust_p
from onearm.stats.omics.single_sample import membership

__all__ = ["OverRepresentation", "over_representation"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class OverRepresentation(Framed):
    """
    Every set, also those that were not tested.

    Attributes
    ----------
    sets : tuple of str
        Names.
    size : numpy.ndarray of int, shape (n_sets,)
        Members as given.
    measured : numpy.ndarray of int, shape (n_sets,)
        Members among the measured features.
    found : numpy.ndarray of int, shape (n_sets,)
        Members among the chosen features.
    expected, fold : numpy.ndarray of float, shape (n_sets,)
        Chosen members to be expected by chance, and how many times as many were found.
    p, q : numpy.ndarray of float, shape (n_sets,)
        Hypergeometric probability of as many or more, and adjusted by Benjamini and Hochberg over the sets tested; NaN else.
    members : tuple of str
        Chosen members of each set, parted by blanks, in the order of the features.
    status : tuple of str
        ``tested``, ``too small`` or ``too large``.
    n_measured, n_chosen : int
        Background, and the chosen features in it.
    """

    sets: tuple[str, ...]
    size: Counts
    measured: Counts
    found: Counts
    expected: Floats
    fold: Floats
    p: Floats
    q: Floats
    members: tuple[str, ...]
    status: tuple[str, ...]
    n_measured: int
    n_chosen: int


def over_representation(
    chosen: Sequence[str],
    measured: Sequence[str],
    sets: Mapping[str, Sequence[str]],
    *,
    least: int = 5,
    most: int = 500,
) -> OverRepresentation:
    """
    Test whether sets have more chosen members than chance would give.

    Parameters
    ----------
    chosen : sequence of str
        Features of interest, such as those with q at most 0.05.
    measured : sequence of str
        All features that could have been chosen: the background. A panel of proteins chosen for their role in immunity would
        make every immune set significant against the whole genome.
    sets : mapping of str to sequence of str
        Members of each set.
    least, most : int
        Sets with fewer or more measured members are listed but not tested.

    Returns
    -------
    OverRepresentation
        In the order of the sets.

    Raises
    ------
    MethodError
        If a chosen feature was not measured, or a name stands twice.

    References
    ----------
    .. [1] Rivals I, Personnaz L, Taing L, Potier MC (2007), Bioinformatics 23(4):401-407.

    Examples
    --------
    >>> measured = [f"G{i}" for i in range(20)]
    >>> result = over_representation(measured[:5], measured, {"s": measured[2:8]}, least=1)
    >>> int(result.found[0]), round(float(result.p[0]), 4)  # choose(6,3)choose(14,2)+... over choose(20,5)
    (3, 0.1313)
    """
    background = set(measured)
    picked = list(dict.fromkeys(chosen))
    if lost := [name for name in picked if name not in background]:
        raise MethodError(
            f"chosen: {len(lost)} features are not among the measured, the first is '{lost[0]}'."
            f"{suggest(lost[0], background)}"
        )
    table = membership(measured, sets)
    wanted = set(picked)
    is_chosen = np.array([name in wanted for name in measured], dtype=np.bool_)
    size = np.array([len(set(members)) for members in sets.values()], dtype=np.int64)
    inside = table.sum(axis=1).astype(np.int64)
    found = (table & is_chosen).sum(axis=1).astype(np.int64)
    n, k = len(measured), int(is_chosen.sum())
    expected = inside * k / n
    p = stats.hypergeom.sf(found - 1, n, inside, k)
    status = np.where(inside < least, "too small", np.where(inside > most, "too large", "tested"))
    p = np.where(status == "tested", np.minimum(p, 1.0), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        fold = np.where(expected > 0, found / expected, np.nan)
    names = np.asarray(measured, dtype=object)
    return OverRepresentation(
        sets=tuple(sets), size=size, measured=inside, found=found, expected=expected, fold=fold, p=p, q=adjust_p(p),
        members=tuple(" ".join(names[row & is_chosen]) for row in table), status=tuple(map(str, status)),
        n_measured=n, n_chosen=k,
    )  # fmt: skip
