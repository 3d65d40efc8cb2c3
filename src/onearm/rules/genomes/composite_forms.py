"""Every composite of one form that the mutated genes allow: what a signature found in the data was the best of."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.errors import MethodError
from onearm.rules.genomes.composites import Composite, Node, evaluate, symmetries

__all__ = ["Candidates", "enumerate_form"]

Floats = NDArray[np.float64]

MOST: Final = 1_000_000
"""Composites that are searched at most."""


class Candidates(NamedTuple):
    """
    All composites of one form.

    Attributes
    ----------
    genes : ndarray of int, shape (n_candidates, n_slots)
        Which gene stands where.
    truth : ndarray of bool, shape (n_subjects, n_candidates)
        Whether each is true; no two columns are alike.
    n_composites : int
        How many there are of this form, those that say the same of everyone counted apart.
    """

    genes: NDArray[np.intp]
    truth: NDArray[np.bool_]
    n_composites: int


def enumerate_form(composite: Composite, status: Floats, *, least: int = 1) -> Candidates:
    """
    List every composite of a form with the genes at hand.

    Parameters
    ----------
    composite : Composite
        Gives the form.
    status : ndarray of float, shape (n_subjects, n_genes)
        1 mutated, 0 wild type; nothing missing.
    least : int, default 1
        Subjects for whom a composite must be true, and for whom false.

    Returns
    -------
    Candidates
        Each gene stands once in a composite; composites that only exchange equal places count once.

    Raises
    ------
    MethodError
        For more than a million composites, or fewer genes than places.

    Examples
    --------
    >>> from onearm.rules.genomes.composites import parse_composite
    >>> status = np.array([[1.0, 0, 1], [0, 1, 0], [0, 0, 1], [1, 1, 0]])
    >>> enumerate_form(parse_composite("A and not B"), status).n_composites
    6
    """
    slots, n_genes = len(composite.genes), status.shape[1]
    total = 1.0
    for i in range(slots):
        total *= n_genes - i
    total /= len(same := symmetries(composite))
    if n_genes < slots:
        raise MethodError(f"'{composite.text}': {slots} genes are needed, and {n_genes} are mutated often enough.")
    if total > MOST:
        raise MethodError(
            f"'{composite.text}': {n_genes} genes give {total:,.0f} composites of this form; at most {MOST:,} are searched. "
            "Ask for more mutated patients per gene, or name the genes to be searched."
        )
    grid = np.indices((n_genes,) * slots, dtype=np.int16).reshape(slots, -1).T
    distinct = np.ones(grid.shape[0], dtype=np.bool_)
    for i in range(slots):
        for j in range(i):
            distinct &= grid[:, i] != grid[:, j]
    grid = grid[distinct].astype(np.int64)
    rank = grid @ n_genes ** np.arange(slots)[::-1]
    first = np.ones(rank.size, dtype=np.bool_)
    for order in same:
        first &= rank <= grid[:, list(order)] @ n_genes ** np.arange(slots)[::-1]
    return _distinct(composite.tree, grid[first].astype(np.intp), status, least)


def _distinct(tree: Node, grid: NDArray[np.intp], status: Floats, least: int) -> Candidates:
    """Keep one of the composites that say the same of everyone, and none that says it of too few."""
    n = status.shape[0]
    packed, kept = [], []
    for low in range(0, grid.shape[0], 50_000):
        part = grid[low : low + 50_000]
        truth = evaluate(tree, status[:, part]) > 0.5
        size = truth.sum(axis=0)
        enough = np.minimum(size, n - size) >= max(least, 1)
        packed.append(np.packbits(truth[:, enough], axis=0))
        kept.append(part[enough])
    every, genes = np.concatenate(packed, axis=1), np.concatenate(kept)
    if not genes.size:
        return Candidates(genes, np.empty((n, 0), dtype=np.bool_), grid.shape[0])
    one = np.sort(np.unique(every, axis=1, return_index=True)[1])
    return Candidates(genes[one], np.unpackbits(every[:, one], axis=0, count=n).astype(np.bool_), grid.shape[0])
