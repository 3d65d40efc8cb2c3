"""Baseline characteristics of the patients of one block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from onearm.errors import ProtocolError, suggest
from onearm.simulation.assumptions import Assumptions, Effect, MetastaticSite, NumberColumn
from onearm.simulation.randomness import Bools, Floats, Ints, draw_levels

__all__ = ["Subjects", "draw_subjects", "effect_ratio"]


@dataclass(frozen=True)
class Subjects:
    """
    Baseline characteristics.

    Parameters
    ----------
    age : ndarray of int, shape (n,)
        Years.
    categories : dict of str to tuple of levels and ndarray of int, shape (n,)
        Column of ``dm`` to its levels and each patient's position among them.
    site_names : tuple of str
        Sites of disease, in the order of the assumptions.
    sites : ndarray of bool, shape (n, n_sites)
        Which are involved.
    numbers : dict of str to ndarray, shape (n,)
        Column of ``dm`` to a number; not a number where it is not known.
    """

    age: Ints
    categories: dict[str, tuple[tuple[str, ...], Ints]]
    site_names: tuple[str, ...]
    sites: Bools
    numbers: dict[str, Floats]


def draw_subjects(rng: np.random.Generator, assumptions: Assumptions, n: int) -> Subjects:
    """
    Draw the baseline characteristics of patients.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    assumptions : Assumptions
        Their distributions.
    n : int
        Number of patients.

    Returns
    -------
    Subjects
        One entry per patient.
    """
    age = assumptions.subject.age
    low, high = ndtr((np.array([age.low, age.high + 1]) - age.mean) / age.sd)
    years = np.floor(age.mean + age.sd * ndtri(low + (high - low) * rng.random(n)))
    categories = {
        column: (tuple(weights), draw_levels(rng, weights, n))
        for column, weights in assumptions.subject.categories.items()
    }
    sites = np.column_stack([rng.random(n) < _site_probability(site, categories) for site in assumptions.lesions.site])
    return Subjects(
        age=np.clip(years, age.low, age.high).astype(np.int64),
        categories=categories,
        site_names=tuple(site.name for site in assumptions.lesions.site),
        sites=sites,
        numbers={column: _number(rng, model, n) for column, model in assumptions.subject.numbers.items()},
    )


def _number(rng: np.random.Generator, model: NumberColumn, n: int) -> Floats:
    value = model.median * np.exp(model.sd * rng.standard_normal(n))
    value = np.clip(np.round(value, model.digits), model.low, model.high or np.inf)
    value = np.where(rng.random(n) < model.zero, 0.0, value)
    return np.where(rng.random(n) < model.missing, np.nan, value)


def effect_ratio(effects: tuple[Effect, ...], on: str, subjects: Subjects, column_of_sites: str) -> Floats:
    """
    Multiply what the characteristics of each patient do to a hazard.

    Parameters
    ----------
    effects : tuple of Effect
        All effects that are assumed.
    on : str
        Which of them: ``progression``, ``death``, ``growth`` or ``resistance``.
    subjects : Subjects
        The patients.
    column_of_sites : str
        Name of the column that lists the sites of disease.

    Returns
    -------
    ndarray, shape (n,)
        Relative to a patient without any of the characteristics.

    Raises
    ------
    ProtocolError
        If an effect names a column or level that does not exist.
    """
    ratio = np.ones(len(subjects.age))
    for effect in effects:
        if effect.on == on:
            ratio = np.where(_has_level(effect, subjects, column_of_sites), ratio * effect.ratio, ratio)
    return ratio


def _has_level(effect: Effect, subjects: Subjects, column_of_sites: str) -> Bools:
    if effect.column == column_of_sites:
        levels, known = subjects.site_names, [column_of_sites]
    elif effect.column in subjects.categories:
        levels, known = subjects.categories[effect.column][0], []
    else:
        levels, known = (), [column_of_sites, *subjects.categories]
    if effect.level not in levels:
        wrong, where = (effect.level, levels) if levels else (effect.column, known)
        raise ProtocolError(f"assumptions.toml, effect: nothing is called {wrong!r}.{suggest(wrong, where)}")
    position = levels.index(effect.level)
    if effect.column == column_of_sites:
        return subjects.sites[:, position]
    return np.asarray(subjects.categories[effect.column][1] == position)


def _site_probability(site: MetastaticSite, categories: dict[str, tuple[tuple[str, ...], Ints]]) -> Floats:
    if site.by not in categories:
        raise ProtocolError(
            f"assumptions.toml, lesions.site {site.name!r}: no category is called {site.by!r}."
            f"{suggest(site.by, categories)}"
        )
    levels, drawn = categories[site.by]
    missing = [level for level in levels if level not in site.probability]
    if missing:
        raise ProtocolError(
            f"assumptions.toml, lesions.site {site.name!r}: probability lacks {site.by} = {', '.join(missing)}."
        )
    return np.array([site.probability[level] for level in levels])[drawn]
