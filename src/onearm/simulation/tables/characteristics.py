"""Baseline characteristics as columns of ``dm``: what was drawn, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from onearm.errors import ProtocolError, suggest
from onearm.protocol import Protocol
from onearm.simulation.assumptions import Assumptions, Grouping
from onearm.simulation.randomness import Ints
from onearm.simulation.subjects import Subjects
from onearm.simulation.tables.columns import texts

__all__ = ["characteristics", "cohort_column", "disease_columns"]


def characteristics(subjects: Subjects, assumptions: Assumptions) -> dict[str, Any]:
    """
    Lay out what is known of everybody who was screened.

    Parameters
    ----------
    subjects : Subjects
        What was drawn.
    assumptions : Assumptions
        Groups, decimals.

    Returns
    -------
    dict
        Column to its values: categories, numbers and groups of both. The category ``""`` is missing.

    Raises
    ------
    ProtocolError
        If a group is made of a column that does not exist.
    """
    columns: dict[str, Any] = {
        name: texts([level or None for level in levels], codes) for name, (levels, codes) in subjects.categories.items()
    }
    for name, values in subjects.numbers.items():
        known = pl.Series(values).fill_nan(None)
        columns[name] = known.cast(pl.Int64) if assumptions.subject.numbers[name].digits == 0 else known
    for name, grouping in assumptions.subject.groups.items():
        columns[name] = _group(name, grouping, subjects)
    return columns


def _group(name: str, grouping: Grouping, subjects: Subjects) -> pl.Series:
    known: Mapping[str, Any] = subjects.numbers if grouping.cuts else subjects.categories
    if grouping.of not in known:
        kind = "number" if grouping.cuts else "category"
        raise ProtocolError(
            f"assumptions.toml, subject.groups.{name}.of: no {kind} is called {grouping.of!r}."
            f"{suggest(grouping.of, known)}"
        )
    if grouping.cuts:
        values = subjects.numbers[grouping.of]
        place = np.searchsorted(np.array(grouping.cuts), values, side="right")
        return texts([*grouping.names, None], np.where(np.isnan(values), len(grouping.names), place))
    levels, codes = subjects.categories[grouping.of]
    return texts([grouping.levels.get(level, grouping.other) if level else None for level in levels], codes)


def disease_columns(subjects: Subjects, assumptions: Assumptions) -> dict[str, pl.Series]:
    """
    Lay out what the sites of disease say of the enrolled.

    Parameters
    ----------
    subjects : Subjects
        Sites, with that of the fallback.
    assumptions : Assumptions
        Names of columns.

    Returns
    -------
    dict
        The column of sites, joined by semicolons; flags; counts of listed sites.

    Raises
    ------
    ProtocolError
        If a flag is of a site that does not exist.
    """
    model = assumptions.lesions
    columns = {model.column: _sites(assumptions, subjects)}
    for name, site in model.flags.items():
        if site not in subjects.site_names:
            raise ProtocolError(
                f"assumptions.toml, lesions.flags.{name}: no site is called {site!r}.{suggest(site, subjects.site_names)}"
            )
        columns[name] = texts(("N", "Y"), subjects.sites[:, subjects.site_names.index(site)].astype(np.int64))
    listed = np.array([site.listed for site in model.site])
    count = subjects.sites[:, listed].sum(axis=1)
    for name, labels in model.counts.items():
        columns[name] = texts([None, *labels], np.minimum(count, len(labels)))
    return columns


def _sites(assumptions: Assumptions, subjects: Subjects) -> pl.Series:
    """Join the names of the involved sites; there are few combinations, so each is written once."""
    listed = np.array([site.listed for site in assumptions.lesions.site])
    names = [name for name, is_listed in zip(subjects.site_names, listed, strict=True) if is_listed]
    involved = subjects.sites[:, listed]
    code = (involved * (1 << np.arange(len(names)))).sum(axis=1)
    used, position = np.unique(code, return_inverse=True)
    written = [";".join(name for bit, name in enumerate(names) if value >> bit & 1) or None for value in used.tolist()]
    return texts(written, position)


def cohort_column(protocol: Protocol, assumptions: Assumptions, number: Ints) -> pl.Series | None:
    """
    Say which cohort each enrolled patient is in.

    Parameters
    ----------
    protocol : Protocol
        Its cohorts.
    assumptions : Assumptions
        How many patients each gets.
    number : ndarray of int
        Number of each patient within the block, from 0.

    Returns
    -------
    polars.Series or None
        Cohorts are filled in turn, in proportion to their frequencies; None where the protocol has none.

    Raises
    ------
    ProtocolError
        If the frequencies are of a cohort that the protocol lacks.
    """
    if not protocol.cohort:
        return None
    weights = assumptions.subject.cohorts or dict.fromkeys(protocol.cohort, 1.0)
    unknown = [name for name in weights if name not in protocol.cohort]
    if unknown:
        raise ProtocolError(
            f"assumptions.toml, subject.cohorts: the protocol has no cohort {unknown[0]!r}."
            f"{suggest(unknown[0], protocol.cohort)}"
        )
    names = [protocol.cohort[name].value or name for name in weights]
    shares = np.array(list(weights.values())) / sum(weights.values())
    # the cohort that is furthest behind its share is next: a sequence of one period serves all patients
    order, filled = [], np.zeros(len(names))
    for step in range(1, 101):
        place = int(np.argmax(shares * step - filled))
        filled[place] += 1
        order.append(place)
    return texts(names, np.array(order)[number % len(order)])
