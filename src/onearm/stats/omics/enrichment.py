"""Preranked gene set enrichment through gseapy of the extra ``[omics]``; the running sum and leading edge are our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.frames import Framed
from onearm.stats.multiplicity import adjust_p
from onearm.stats.omics.extras import extra_module, noted_warnings
from onearm.stats.omics.single_sample import membership

__all__ = ["Enrichment", "RunningSum", "preranked", "running_sum"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

PERMUTATIONS: Final = 1000


@dataclass(frozen=True)
class RunningSum:
    """
    The walk down the ranking for one set.

    Attributes
    ----------
    score : float
        Its furthest point from zero.
    peak : int
        Place of that point, 0 first.
    curve : numpy.ndarray, shape (n_features,)
        Height after each feature.
    hits : numpy.ndarray of int
        Places of the members.
    leading : numpy.ndarray of int
        Places of the members up to the peak, or from it on where the score is negative.
    """

    score: float
    peak: int
    curve: Floats
    hits: Counts
    leading: Counts


@dataclass(frozen=True)
class Enrichment(Framed):
    """
    Every set, also those that were not tested.

    Attributes
    ----------
    sets : tuple of str
        Names.
    size, measured : numpy.ndarray of int, shape (n_sets,)
        Members as given, and among the ranked features.
    score, normalised : numpy.ndarray, shape (n_sets,)
        Enrichment score, and divided by the mean of the permuted scores of its sign.
    p, q, q_gsea, p_family : numpy.ndarray, shape (n_sets,)
        Nominal p, adjusted by Benjamini and Hochberg; the q value of the GSEA paper; and its family-wise p. A p value of
        0 stands for less than one in the number of permutations, and counts as that in q. NaN where not tested.
    leading : tuple of str
        Leading edge, parted by blanks, in the order of the ranking.
    status : tuple of str
        ``tested``, ``too small`` or ``too large``.
    permutations, seed : int
        How p was made.
    n_tied : int
        Ranked features that share their value with another; they stand in the order of their names.
    """

    sets: tuple[str, ...]
    size: Counts
    measured: Counts
    score: Floats
    normalised: Floats
    p: Floats
    q: Floats
    q_gsea: Floats
    p_family: Floats
    leading: tuple[str, ...]
    status: tuple[str, ...]
    permutations: int
    seed: int
    n_tied: int


def running_sum(values: ArrayLike, is_member: ArrayLike, *, exponent: float = 1.0) -> RunningSum:
    """
    Walk down a ranking: up at members by their weight, down at others.

    Parameters
    ----------
    values : array_like, shape (n_features,)
        Ranking statistic in falling order.
    is_member : array_like of bool, shape (n_features,)
        Members of the set.
    exponent : float, default 1
        Of the statistic that weights a member.

    Returns
    -------
    RunningSum
        Score, curve and leading edge.

    Raises
    ------
    MethodError
        If there is no member, no other, or all members have weight zero.

    References
    ----------
    .. [1] Subramanian A et al. (2005), Proc Natl Acad Sci USA 102(43):15545-15550.

    Examples
    --------
    >>> walk = running_sum([3.0, 2.0, 1.0, -1.0], [True, True, False, False])
    >>> walk.score, walk.curve.round(2).tolist(), walk.leading.tolist()
    (1.0, [0.6, 1.0, 0.5, 0.0], [0, 1])
    """
    statistic, member = np.asarray(values, dtype=np.float64), np.asarray(is_member, dtype=np.bool_)
    weight = np.where(member, np.abs(statistic) ** exponent, 0.0)
    if not member.any() or member.all() or weight.sum() == 0:
        raise MethodError("is_member: members with weight and others are both needed.")
    steps = weight / weight.sum() - np.where(member, 0.0, 1 / (~member).sum())
    curve = np.cumsum(steps)
    high, low = int(np.argmax(curve)), int(np.argmin(curve))
    peak = high if curve[high] > -curve[low] else low
    hits = np.flatnonzero(member)
    leading = hits[hits <= peak] if curve[peak] > 0 else hits[hits > peak]
    return RunningSum(float(curve[peak]), peak, curve, hits, leading)


def preranked(
    values: ArrayLike,
    features: Sequence[str],
    sets: Mapping[str, Sequence[str]],
    *,
    least: int = 10,
    most: int = 500,
    permutations: int = PERMUTATIONS,
    seed: int,
) -> Enrichment:
    """
    Gene set enrichment of a ranking, by permuting the features.

    Parameters
    ----------
    values : array_like, shape (n_features,)
        Statistic to rank by, such as the moderated t; NaN leaves the feature out.
    features : sequence of str
        Names of the features, each once.
    sets : mapping of str to sequence of str
        Members of each set.
    least, most : int
        Sets with fewer or more ranked members are listed but not tested.
    permutations : int, default 1000
        Random sets for each size.
    seed : int
        The same seed gives the same p values.

    Returns
    -------
    Enrichment
        In the order of the sets.

    Raises
    ------
    MethodError
        If nothing can be ranked, or gseapy is not installed.

    References
    ----------
    .. [1] Subramanian A et al. (2005), Proc Natl Acad Sci USA 102(43):15545-15550.
    .. [2] Fang Z, Liu X, Peltz G (2023), Bioinformatics 39(1):btac757.
    """
    statistic, names, n_tied = _ranking(values, features)
    table = membership(names, sets)
    inside = table.sum(axis=1).astype(np.int64)
    status = np.where(
        inside < least, "too small", np.where((inside > most) | (inside == len(names)), "too large", "tested")
    )
    columns = {name: np.full(len(sets), np.nan) for name in ("score", "normalised", "p", "q_gsea", "p_family")}
    leading = [""] * len(sets)
    tested = {
        name: list(members) for (name, members), state in zip(sets.items(), status, strict=True) if state == "tested"
    }
    found = _gseapy(statistic, names, tested, permutations, seed) if tested else {}
    for row, name in enumerate(sets):
        if name not in found:
            continue
        walk = running_sum(statistic, table[row])
        leading[row] = " ".join(names[i] for i in walk.leading)
        for column, key in zip(columns, ("es", "nes", "pval", "fdr", "fwerp"), strict=True):
            columns[column][row] = found[name][key]
        columns["score"][row] = walk.score
    return Enrichment(
        sets=tuple(sets), size=np.array([len(set(m)) for m in sets.values()], dtype=np.int64), measured=inside,
        q=adjust_p(np.maximum(columns["p"], 1 / permutations)), leading=tuple(leading), status=tuple(map(str, status)),
        permutations=permutations, seed=seed, n_tied=n_tied, **columns,
    )  # fmt: skip


def _ranking(values: ArrayLike, features: Sequence[str]) -> tuple[Floats, list[str], int]:
    """Known features in falling order, ties by name, so that the order of the file does not matter."""
    statistic = np.asarray(values, dtype=np.float64)
    if statistic.shape != (len(features),):
        raise MethodError(f"values: one for each of {len(features)} features is needed; found shape {statistic.shape}.")
    known = [i for i in range(statistic.size) if not np.isnan(statistic[i])]
    if len(known) < 2:
        raise MethodError("values: fewer than two features have a value to rank by.")
    order = sorted(known, key=lambda i: (-statistic[i], features[i]))
    ordered = statistic[order]
    same = ordered[1:] == ordered[:-1]
    return ordered, [features[i] for i in order], int((np.r_[same, False] | np.r_[False, same]).sum())


def _gseapy(
    statistic: Floats, names: list[str], sets: Mapping[str, list[str]], permutations: int, seed: int
) -> dict[str, dict[str, Any]]:
    gseapy = extra_module("gseapy", purpose="preranked enrichment")
    import pandas as pd  # comes with gseapy

    with noted_warnings():  # it warns of ties, which are counted and ordered by name
        result = gseapy.prerank(
            rnk=pd.Series(statistic, index=names),
            gene_sets=dict(sets),
            min_size=1,
            max_size=len(names),
            permutation_num=permutations,
            seed=seed,
            threads=1,
            outdir=None,
            no_plot=True,
            verbose=False,
        )
    found: dict[str, dict[str, Any]] = dict(result.results)
    return found
