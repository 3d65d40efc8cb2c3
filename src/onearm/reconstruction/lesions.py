"""Lesions at baseline whose sum is given, and their diameters at each assessment."""

from __future__ import annotations

from typing import Final

import numpy as np

from onearm.reconstruction.patients import Lesion

__all__ = ["SMALLEST", "diameter_at", "lay_out_lesions", "sum_of"]

SMALLEST: Final = 5.0
"""A lesion that is too small to measure is recorded as 5 mm (RECIST 1.1, 4.3)."""
_MEASURABLE: Final = 10.0
_MEASURABLE_NODE: Final = 15.0
_NODES: Final = ("LYMPH NODE", "LYMPH NODES")


def lay_out_lesions(
    total: float, organs: tuple[str, ...], primary: str, rng: np.random.Generator
) -> tuple[Lesion, ...]:
    """
    Divide a sum of diameters among target lesions, and let the other organs have non-target ones.

    Parameters
    ----------
    total : float
        Sum of the target lesions in millimetres, with one decimal; 10 at least.
    organs : tuple of str
        Organs with metastases.
    primary : str
        Organ of the primary tumour, which takes the first target where no organ is named.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    tuple of Lesion
        At most five targets, two of an organ; their diameters add up to ``total``.

    Examples
    --------
    >>> lesions = lay_out_lesions(61.5, ("LUNG", "LYMPH NODE"), "ESOPHAGUS", np.random.default_rng(1))
    >>> round(sum_of(lesions), 1)
    61.5
    """
    places = list(dict.fromkeys([*(organ for organ in organs if organ not in _NODES), primary]))
    nodes = [organ for organ in organs if organ in _NODES]
    order = [*places, *nodes] * 2
    left, chosen = total, list[tuple[str, float]]()
    most = 1 if total < 2 * _MEASURABLE_NODE else int(rng.integers(1, 5))
    for organ in order:
        need = _MEASURABLE_NODE if organ in _NODES else _MEASURABLE
        if len(chosen) < most and left - need >= 0:
            chosen.append((organ, need))
            left -= need
    spare = rng.dirichlet(np.full(len(chosen), 2.0)) * left
    sizes = [round(need + float(extra), 1) for (_, need), extra in zip(chosen, spare, strict=True)]
    sizes[0] = round(sizes[0] + total - sum(sizes), 1)
    targets = [
        Lesion(f"T{number:02d}", organ, size, organ in _NODES)
        for number, ((organ, _), size) in enumerate(zip(chosen, sizes, strict=True), start=1)
    ]
    used = {lesion.organ for lesion in targets}
    others = [organ for organ in [*organs, primary] if organ not in used]
    return (*targets, *(Lesion(f"NT{i:02d}", organ) for i, organ in enumerate(dict.fromkeys(others), start=1)))


def sum_of(lesions: tuple[Lesion, ...]) -> float:
    """
    Add up the target lesions.

    Parameters
    ----------
    lesions : tuple of Lesion
        At baseline.

    Returns
    -------
    float
        Millimetres.
    """
    return sum(lesion.diameter for lesion in lesions)


def diameter_at(lesion: Lesion, size: float) -> float:
    """
    Give the diameter of a target lesion at an assessment.

    Parameters
    ----------
    lesion : Lesion
        At baseline.
    size : float
        Share of the baseline sum; 0: gone.

    Returns
    -------
    float
        Millimetres with one decimal; never between 0 and `SMALLEST`.
    """
    if size == 0.0:
        return 0.0
    return max(SMALLEST, round(lesion.diameter * size, 1))
