"""Enriched sets as a network: linked by shared members, grouped, named by their most telling words, laid out to be drawn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from onearm.errors import MethodError
from onearm.stats.omics.extras import extra_module

__all__ = ["SetNetwork", "set_network", "telling_words"]

Floats = NDArray[np.float64]

_COLLECTIONS: Final = re.compile(
    r"^(HALLMARK|REACTOME|KEGG_MEDICUS|KEGG|GOBP|GOCC|GOMF|GO|WP|BIOCARTA|PID|CONSENSUSTME|BINDEA)[_ :]", re.IGNORECASE
)
_EMPTY_WORDS: Final = frozenset((
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to", "via", "with",
    "dn", "up", "gene", "genes", "set", "pathway", "pathways", "process", "response", "regulation", "positive",
    "negative", "signaling", "signalling", "cell", "cells", "cellular", "activity", "activation", "v1", "v2", "ii",
    "i",
))  # fmt: skip


@dataclass(frozen=True)
class SetNetwork:
    """
    Sets, links and groups.

    Attributes
    ----------
    sets : tuple of str
        Nodes.
    x, y : numpy.ndarray, shape (n_sets,)
        Where to draw each, from 0 to 1.
    group : numpy.ndarray of int, shape (n_sets,)
        Community, the largest is 0.
    names : tuple of str
        Name of each group: its most telling words.
    links : tuple of (int, int)
        Pairs of nodes.
    weight : numpy.ndarray, shape (n_links,)
        Overlap of each link, 0 to 1.
    """

    sets: tuple[str, ...]
    x: Floats
    y: Floats
    group: NDArray[np.int64]
    names: tuple[str, ...]
    links: tuple[tuple[int, int], ...]
    weight: Floats


def telling_words(name: str) -> list[str]:
    """
    Words of the name of a set that say what it is about.

    Parameters
    ----------
    name : str
        Such as ``HALLMARK_TNFA_SIGNALING_VIA_NFKB``.

    Returns
    -------
    list of str
        Lower case, without the collection and without words that are in every other name; the whole name where nothing is left.

    Examples
    --------
    >>> telling_words("HALLMARK_TNFA_SIGNALING_VIA_NFKB")
    ['tnfa', 'nfkb']
    """
    words = [word for word in re.split(r"[^A-Za-z0-9]+", _COLLECTIONS.sub("", name).lower()) if word]
    return [word for word in words if word not in _EMPTY_WORDS] or words or [name]


def set_network(
    members: Mapping[str, Sequence[str]], *, least_overlap: float = 0.25, words: int = 3, seed: int = 1
) -> SetNetwork:
    """
    Link sets that share members and find their communities.

    Parameters
    ----------
    members : mapping of str to sequence of str
        Members of each set that matter: the leading edge, or the chosen features.
    least_overlap : float, default 0.25
        Jaccard's index from which two sets are linked.
    words : int, default 3
        Words in the name of a group.
    seed : int, default 1
        Of the communities and the layout.

    Returns
    -------
    SetNetwork
        A set without a link is a group of its own.

    Raises
    ------
    MethodError
        If there is no set, or networkx is not installed.

    References
    ----------
    .. [1] Merico D, Isserlin R, Stueker O, Emili A, Bader GD (2010), PLoS One 5(11):e13984.
    .. [2] Blondel VD, Guillaume JL, Lambiotte R, Lefebvre E (2008), J Stat Mech 2008:P10008.
    """
    if not members:
        raise MethodError("members: no set to link.")
    networkx = extra_module("networkx", purpose="the network of sets")
    names, groups = list(members), [frozenset(group) for group in members.values()]
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(names)))
    for i, first in enumerate(groups):
        for j in range(i + 1, len(groups)):
            union = len(first | groups[j])
            if union and (overlap := len(first & groups[j]) / union) >= least_overlap:
                graph.add_edge(i, j, weight=overlap)
    found = networkx.community.louvain_communities(graph, weight="weight", seed=seed)
    ordered = sorted((sorted(community) for community in found), key=lambda c: (-len(c), c[0]))
    group = np.empty(len(names), dtype=np.int64)
    for number, community in enumerate(ordered):
        group[community] = number
    place = _layout(networkx, graph, seed)
    links = tuple((int(i), int(j)) for i, j in graph.edges)
    weight = np.array([graph.edges[link]["weight"] for link in links], dtype=np.float64)
    titles = _titles([[telling_words(names[i]) for i in community] for community in ordered], words)
    return SetNetwork(tuple(names), place[:, 0], place[:, 1], group, titles, links, weight)


def _layout(networkx: Any, graph: Any, seed: int) -> Floats:
    """Lay out each connected part by itself and put the parts into rows, so that no two lie over one another."""
    parts = sorted((sorted(part) for part in networkx.connected_components(graph)), key=lambda p: (-len(p), p[0]))
    place = np.zeros((graph.number_of_nodes(), 2))
    row_width = max(np.sqrt(len(parts[0])) * 1.9, np.sqrt(sum(len(part) for part in parts)) * 1.5)
    left, top, height = 0.0, 0.0, 0.0
    for part in parts:
        side = 1.45 if len(part) == 1 else np.sqrt(len(part)) * 1.25
        tall = side if len(part) > 2 else 1.0
        if left + side > row_width and left > 0:
            left, top, height = 0.0, top + height, 0.0
        spot = np.full((1, 2), 0.5) if len(part) == 1 else np.array([[0.2, 0.5], [0.8, 0.5]])
        if len(part) > 2:
            inner = networkx.spring_layout(graph.subgraph(part), weight="weight", seed=seed, iterations=200)
            spot = np.array([inner[node] for node in part])
            low, high = spot.min(axis=0), spot.max(axis=0)
            spot = 0.14 + 0.72 * (spot - low) / np.where(high > low, high - low, 1.0)
        place[part] = np.column_stack([left + side * spot[:, 0], -(top + tall * (1 - spot[:, 1]))])
        left, height = left + side, max(height, tall)
    low, high = place.min(axis=0), place.max(axis=0)
    return np.asarray((place - low) / max(float((high - low).max()), 1e-9))


def _titles(groups: list[list[list[str]]], words: int) -> tuple[str, ...]:
    """Words that are in many names of the group and in few of the others, weighted as in text search (tf-idf)."""
    everywhere = Counter(word for group in groups for name in group for word in set(name))
    total = sum(len(group) for group in groups)
    titles = []
    for group in groups:
        here = Counter(word for name in group for word in set(name))
        first = {word: i for i, word in reversed(list(enumerate(word for name in group for word in name)))}
        score = {word: n * np.log(1 + total / everywhere[word]) for word, n in here.items()}
        best = sorted(score, key=lambda word: (-score[word], first[word]))[:words]
        titles.append(" ".join(sorted(best, key=lambda word: first[word]) if len(group) == 1 else best))
    return tuple(titles)
