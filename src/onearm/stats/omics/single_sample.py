"""Scores of gene sets in single samples: ssGSEA in closed form, the means of MCP-counter, and z scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError, suggest
from onearm.stats.omics.linear_fits import check_matrix

__all__ = ["SetScores", "mean_scores", "membership", "ssgsea"]

Floats = NDArray[np.float64]

EXPONENT: Final = 0.25
"""Of the ranks, as in the paper."""


@dataclass(frozen=True)
class SetScores:
    """
    Scores of sets in samples.

    Attributes
    ----------
    scores : numpy.ndarray, shape (n_samples, n_sets)
        NaN where no member of the set was measured in the sample.
    sets : tuple of str
        Names.
    size : numpy.ndarray of int, shape (n_sets,)
        Members as given.
    measured : numpy.ndarray of int, shape (n_sets,)
        Members among the features.
    method : str
        What was done.
    """

    scores: Floats
    sets: tuple[str, ...]
    size: NDArray[np.int64]
    measured: NDArray[np.int64]
    method: str


def membership(features: Sequence[str], sets: Mapping[str, Sequence[str]]) -> NDArray[np.bool_]:
    """
    Tell which features belong to which sets.

    Parameters
    ----------
    features : sequence of str
        Names of the features, each once.
    sets : mapping of str to sequence of str
        Members of each set; members that were not measured are left out, repeated ones count once.

    Returns
    -------
    numpy.ndarray of bool, shape (n_sets, n_features)
        In the order given.

    Raises
    ------
    MethodError
        If a feature stands twice, or there is no set.

    Examples
    --------
    >>> membership(["A", "B", "C"], {"one": ["C", "A", "X"]}).tolist()
    [[True, False, True]]
    """
    place = {name: i for i, name in enumerate(features)}
    if len(place) != len(features):
        raise MethodError(f"features: {len(features) - len(place)} names stand twice; collapse them first.")
    if not sets:
        raise MethodError("sets: none given.")
    table = np.zeros((len(sets), len(features)), dtype=np.bool_)
    for row, members in enumerate(sets.values()):
        table[row, [place[name] for name in members if name in place]] = True
    return table


def ssgsea(
    values: ArrayLike,
    features: Sequence[str],
    sets: Mapping[str, Sequence[str]],
    *,
    exponent: float = EXPONENT,
    is_normalised: bool = False,
) -> SetScores:
    """
    Single-sample gene set enrichment.

    The area between the two cumulative distributions, of the members weighted by their rank and of all others, is a
    sum over the members alone, so that no walk along the genes is needed and the result is exact.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        Expression on any scale that keeps the order within a sample; NaN leaves the feature out of this sample.
    features : sequence of str
        Names of the features.
    sets : mapping of str to sequence of str
        Members of each set.
    exponent : float, default 0.25
        Of the rank that weights a member.
    is_normalised : bool, default False
        Whether to divide by the range of all scores, as GSVA does by default; scores then depend on the other samples.

    Returns
    -------
    SetScores
        As GSVA's ``ssgsea``. Features with equal values share the whole part of their mean rank and stand in the order given.

    Raises
    ------
    MethodError
        For values that are no matrix, names that stand twice, or a negative exponent.

    References
    ----------
    .. [1] Barbie DA et al. (2009), Nature 462(7269):108-112.
    .. [2] Hänzelmann S, Castelo R, Guinney J (2013), BMC Bioinformatics 14:7.

    Examples
    --------
    >>> scores = ssgsea([[4.0, 3.0, 2.0, 1.0]], ["A", "B", "C", "D"], {"top": ["A", "B"], "bottom": ["C", "D"]})
    >>> scores.scores.round(4).tolist()
    [[2.018, -1.9568]]
    """
    matrix = _checked(values, features)
    if exponent < 0:
        raise MethodError(f"exponent: {exponent} is negative.")
    table = membership(features, sets)
    used = np.flatnonzero(table.any(axis=0))
    known = ~np.isnan(matrix)
    rank, position = _ranks(matrix, known)
    inside = table[:, used].astype(np.float64).T
    here = known[:, used].astype(np.float64)
    n = known.sum(axis=1)[:, None].astype(np.float64)
    from_below = np.where(known[:, used], n - position[:, used] + 1, 0.0)
    weight = rank[:, used] ** exponent * here
    members = here @ inside
    with np.errstate(divide="ignore", invalid="ignore"):
        within = ((weight * from_below) @ inside) / (weight @ inside)
        without = (n * (n + 1) / 2 - from_below @ inside) / (n - members)
        scores = np.where((members > 0) & (members < n), within - without, np.nan)
    if is_normalised:
        scores = scores / (np.nanmax(scores) - np.nanmin(scores))
    return _scores(scores, sets, table, f"ssGSEA, exponent {exponent:g}{', normalised' if is_normalised else ''}")


def _checked(values: ArrayLike, features: Sequence[str]) -> Floats:
    matrix = check_matrix(values)
    if matrix.shape[1] != len(features):
        raise MethodError(f"features: {len(features)} names for {matrix.shape[1]} columns.")
    return matrix


def _scores(scores: Floats, sets: Mapping[str, Sequence[str]], table: NDArray[np.bool_], method: str) -> SetScores:
    size = np.array([len(set(members)) for members in sets.values()], dtype=np.int64)
    return SetScores(scores, tuple(sets), size, table.sum(axis=1).astype(np.int64), method)


def _ranks(matrix: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Ranks from the lowest, ties sharing the whole part of their mean, and positions from the highest, 1 first."""
    n = matrix.shape[1]
    filled = np.where(known, matrix, -np.inf)
    order = np.argsort(-filled, axis=1)
    ordered = np.take_along_axis(filled, order, axis=1)
    if (ordered[:, 1:] == ordered[:, :-1]).any():  # ties stand in the order given, which takes three times as long
        order = np.argsort(-filled, axis=1, kind="stable")
    rows = np.arange(matrix.shape[0])[:, None]
    position = np.empty_like(filled)
    position[rows, order] = np.arange(1, n + 1)
    n_known = known.sum(axis=1)[:, None]
    steps = np.arange(n)[None, :]
    is_new = np.ones_like(known)
    is_new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    if bool(is_new.all()):
        return np.asarray(n_known - position + 1), position
    first = np.maximum.accumulate(np.where(is_new, steps, 0), axis=1)
    is_last = np.ones_like(known)
    is_last[:, :-1] = is_new[:, 1:]
    last = np.minimum.accumulate(np.where(is_last, steps, n)[:, ::-1], axis=1)[:, ::-1]
    rank = np.empty_like(filled)
    rank[rows, order] = np.floor(n_known - (first + last) / 2)
    return np.maximum(rank, 0.0), position


def mean_scores(
    values: ArrayLike,
    features: Sequence[str],
    sets: Mapping[str, Sequence[str]],
    *,
    kind: Literal["mean", "z"] = "mean",
) -> SetScores:
    """
    Mean of the members of each set.

    Parameters
    ----------
    values : array_like, shape (n_samples, n_features)
        Expression on a logarithmic scale; NaN is left out.
    features : sequence of str
        Names of the features.
    sets : mapping of str to sequence of str
        Members of each set.
    kind : {"mean", "z"}
        The mean itself, which is the score of MCP-counter; or the mean of standardised features, which suits features
        on different scales such as proteins in NPX.

    Returns
    -------
    SetScores
        Comparable between samples of one study, not between sets.

    Raises
    ------
    MethodError
        For values that are no matrix, names that stand twice, or an unknown kind.

    References
    ----------
    .. [1] Becht E et al. (2016), Genome Biol 17:218.

    Examples
    --------
    >>> mean_scores([[1.0, 3.0, 8.0]], ["A", "B", "C"], {"T cells": ["A", "B"]}).scores.tolist()
    [[2.0]]
    """
    if kind not in ("mean", "z"):
        raise MethodError(f"kind: unknown '{kind}'.{suggest(kind, ['mean', 'z'])}")
    matrix, table = _checked(values, features), membership(features, sets)
    if kind == "z":
        used = table.any(axis=0)
        part = matrix[:, used]
        known = ~np.isnan(part)
        n = np.maximum(known.sum(axis=0), 1)
        rest = part - np.where(known, part, 0.0).sum(axis=0) / n
        sd = np.sqrt((np.where(known, rest, 0.0) ** 2).sum(axis=0) / np.maximum(n - 1, 1))
        matrix = matrix.copy()
        matrix[:, used] = np.where(sd > 0, rest / np.where(sd > 0, sd, 1.0), np.nan)
    known = ~np.isnan(matrix)
    inside = table.T.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = (np.where(known, matrix, 0.0) @ inside) / (known.astype(np.float64) @ inside)
    name = "mean of the markers (MCP-counter)" if kind == "mean" else "mean of standardised markers"
    return _scores(scores, sets, table, name)
