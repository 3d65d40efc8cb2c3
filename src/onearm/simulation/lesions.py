"""Lesions at baseline, and their true size ever after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from onearm.simulation.assumptions import Assumptions, Growth, MetastaticSite
from onearm.simulation.assumptions import Lesions as LesionAssumptions
from onearm.simulation.randomness import Bools, Floats, Ints, draw_levels
from onearm.simulation.subjects import Subjects

__all__ = ["Kinetics", "Lesions", "draw_kinetics", "draw_lesions", "true_sizes"]

MOST_TARGETS: Final = 5
"""Eisenhauer et al. (2009), Eur J Cancer 45:228-247, section 3.2: at most five target lesions, two per organ."""

LARGEST_TRUE_MM: Final = 350.0
"""Diameter that no lesion passes."""

FASTEST: Final = 0.03
"""Growth per day that no lesion passes: its diameter then doubles in 23 days."""

SLOTS: Final = 3
"""Places for lesions at each site: first and second target lesion, one non-target lesion."""


@dataclass(frozen=True)
class Lesions:
    """
    Lesions at baseline: a grid of patients by places, in which a place may be empty.

    Parameters
    ----------
    is_target, is_non_target : ndarray of bool, shape (n, n_places)
        What stands at the place.
    is_nodal : ndarray of bool, shape (n_places,)
        Lymph nodes.
    organ : ndarray of int, shape (n, n_places)
        Position in ``organs``.
    organs : tuple of str
        Locations, as TULOC.
    size : ndarray, shape (n, n_places)
        Diameter in mm; of a lymph node the short axis.
    """

    is_target: Bools
    is_non_target: Bools
    is_nodal: Bools
    organ: Ints
    organs: tuple[str, ...]
    size: Floats


@dataclass(frozen=True)
class Kinetics:
    """
    What each lesion does under treatment.

    Parameters
    ----------
    resistant : ndarray, shape (n, n_places)
        Fraction that grows on.
    shrink, grow : ndarray, shape (n, n_places)
        Rates per day.
    patient_resistant : ndarray, shape (n,)
        The patient's own resistant fraction, before its lesions differ.
    resistance : ndarray, shape (n,)
        Its deviation from the median of all patients, in standard deviations on the logit scale.
    """

    resistant: Floats
    shrink: Floats
    grow: Floats
    patient_resistant: Floats
    resistance: Floats


def draw_lesions(rng: np.random.Generator, assumptions: Assumptions, subjects: Subjects) -> tuple[Lesions, Subjects]:
    """
    Draw the lesions at baseline.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    assumptions : Assumptions
        Sites, numbers and sizes.
    subjects : Subjects
        Which sites are involved.

    Returns
    -------
    tuple of Lesions and Subjects
        The lesions; the subjects, where those without a target lesion were given the fallback site.
    """
    model = assumptions.lesions
    n, places = len(subjects.age), len(model.site) * SLOTS
    wanted = np.zeros((n, len(model.site), SLOTS), dtype=bool)
    organ = np.zeros((n, len(model.site), SLOTS), dtype=np.int64)
    organs: list[str] = []
    for position, site in enumerate(model.site):
        wanted[:, position] = _lesions_at(rng, site, subjects.sites[:, position])
        organ[:, position] = len(organs) + draw_levels(rng, site.organs, n)[:, None]
        organs.extend(site.organs)
    fallback = [site.name for site in model.site].index(model.fallback)
    without = ~wanted[:, :, :2].any(axis=(1, 2))
    wanted[without, fallback, 0] = True
    sites = subjects.sites.copy()
    sites[without, fallback] = True
    is_target = _at_most_five(wanted[:, :, :2])
    is_non_target = np.zeros_like(wanted)
    is_non_target[:, :, 2] = wanted[:, :, 2]
    is_non_target[:, :, :2] = wanted[:, :, :2] & ~is_target  # beyond the fifth: followed, not measured
    targets = np.zeros_like(wanted)
    targets[:, :, :2] = is_target
    is_nodal = np.repeat([site.nodal for site in model.site], SLOTS)
    lesions = Lesions(
        is_target=targets.reshape(n, places),
        is_non_target=is_non_target.reshape(n, places),
        is_nodal=is_nodal,
        organ=organ.reshape(n, places),
        organs=tuple(organs),
        size=_sizes(rng, model, n, is_nodal),
    )
    return lesions, replace(subjects, sites=sites)


def _lesions_at(rng: np.random.Generator, site: MetastaticSite, involved: Bools) -> Bools:
    draw = rng.random((len(involved), SLOTS))
    first = involved & (draw[:, 0] < site.first_target)
    second = first & (draw[:, 1] < site.second_lesion)
    return np.column_stack([first, second, involved & (draw[:, 2] < site.non_target)])


def _at_most_five(wanted: Bools) -> Bools:
    """First lesions of all sites come before second ones."""
    n, n_sites, n_ranks = wanted.shape
    by_rank = wanted.transpose(0, 2, 1).reshape(n, n_ranks * n_sites)
    kept = by_rank & (np.cumsum(by_rank, axis=1) <= MOST_TARGETS)
    return kept.reshape(n, n_ranks, n_sites).transpose(0, 2, 1)


def _sizes(rng: np.random.Generator, model: LesionAssumptions, n: int, is_nodal: Bools) -> Floats:
    """Size beyond what is measurable is log-normal, so that every target lesion is measurable."""
    least = np.where(is_nodal, model.measurable_node_mm, model.measurable_mm)
    median = np.repeat([site.excess_mm or model.excess_mm for site in model.site], SLOTS)
    excess = median * np.exp(model.excess_sd * rng.standard_normal((n, len(is_nodal))))
    size: Floats = np.minimum(least + excess, model.largest_mm)
    return size.round(model.digits)


def draw_kinetics(
    rng: np.random.Generator, model: Growth, shape: tuple[int, int], *, ratio: Floats, odds: Floats
) -> Kinetics:
    """
    Draw what each lesion does.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    model : Growth
        Medians, and deviations of patients and lesions.
    shape : tuple of int
        Patients and places for lesions.
    ratio : ndarray, shape (n,)
        By how much the characteristics of each patient multiply the rate of growth.
    odds : ndarray, shape (n,)
        By how much they multiply the odds of the resistant fraction.

    Returns
    -------
    Kinetics
        One entry per place.
    """
    n = shape[0]
    z = rng.standard_normal((3, n))
    e = rng.standard_normal((3, *shape)) * model.lesion_sd
    is_cured = rng.random(n) < model.cured
    centre = np.log(model.resistant / (1 - model.resistant)) if 0 < model.resistant < 1 else np.nan
    logit = centre + model.resistant_sd * z[0] + np.log(odds)
    patient = _share(logit, model.resistant)
    resistant = _share(logit[:, None] + e[0], model.resistant)
    return Kinetics(
        resistant=np.where(is_cured[:, None], 0.0, resistant),
        shrink=model.shrink_per_day * np.exp(model.shrink_sd * z[1][:, None] + e[1]),
        grow=np.minimum(model.grow_per_day * np.exp(model.grow_sd * z[2][:, None] + e[2]) * ratio[:, None], FASTEST),
        patient_resistant=np.where(is_cured, 0.0, patient),
        resistance=z[0],
    )


def _share(logit: Floats, certain: float) -> Floats:
    """Inverse logit; a fraction of exactly 0 or 1 has no logit and stays what it is."""
    if not 0 < certain < 1:
        return np.full(logit.shape, certain)
    share: Floats = 1 / (1 + np.exp(-logit))
    return share


def true_sizes(size: Floats, kinetics: Kinetics, day: Ints) -> Floats:
    """
    Say how large each lesion truly is.

    Parameters
    ----------
    size : ndarray, shape (n, n_places)
        Diameter at baseline, mm.
    kinetics : Kinetics
        What each lesion does.
    day : ndarray of int, shape (n, n_visits)
        Days from the first dose.

    Returns
    -------
    ndarray, shape (n, n_visits, n_places)
        Diameter in mm.

    References
    ----------
    .. [1] Stein WD, et al. (2008), Oncologist 13:1046-54; Claret L, et al. (2009), J Clin Oncol 27:4103-8; the form
       with a fraction that dies and one that grows: Wilkerson J, et al. (2017), Lancet Oncol 18:143-54.
    """
    t = day[:, :, None].astype(np.float64)
    # exp(20) is far from overflow
    growing = np.exp(np.minimum(kinetics.grow[:, None] * t, 20.0))
    decayed = np.exp(-kinetics.shrink[:, None] * t)
    resistant = kinetics.resistant[:, None]
    sizes: Floats = size[:, None] * ((1 - resistant) * decayed + resistant * growing)
    return np.minimum(sizes, LARGEST_TRUE_MM)
