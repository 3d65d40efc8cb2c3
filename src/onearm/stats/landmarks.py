"""
Registration of intensities by landmarks, so that the populations of several samples lie at the same intensities.

The method is that of Hahne et al. [1]_, ``gaussNorm`` of the R package flowStats: the peaks of each sample's density are its
landmarks, each is matched with a base landmark common to all samples, and the values are moved by a smooth function that takes
every landmark to its base. What it does it does to every sample, also to one whose population really has moved: the shift
of each sample belongs beside every result, and so does the result without it.

References
----------
.. [1] Hahne F et al. (2010), Cytometry A 77A:121-131.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onearm.errors import MethodError
from onearm.stats.kernel_density import Density, kernel_density

__all__ = ["Registration", "find_landmarks", "register"]

Floats = NDArray[np.float64]

_E: Final = 2.7182
"""The base of the exponential in flowStats, kept so that the same numbers come out."""
_NEIGHBOURHOOD: Final = 32
"""Grid points to each side of a peak over which its sharpness is measured, of 512."""
_BELOW: Final = 3
"""How much a grid point higher than the peak counts against it."""
_COINCIDE: Final = 0.01
"""Distance taken where a landmark lies on its base exactly."""


@dataclass(frozen=True, eq=False)
class Registration:
    """
    Samples with their landmarks aligned.

    Attributes
    ----------
    values : tuple of ndarray, one for each sample
        Registered values; missing where the input is.
    base : ndarray of float, shape (n_base,)
        The landmarks common to all samples.
    landmarks : tuple of ndarray, one for each sample
        The landmarks found in each sample, strongest ones only, ascending.
    matched : tuple of ndarray, shape (n_matched, 2) each
        Landmark and the base it was taken to.
    shift : tuple of ndarray, one for each sample
        Base minus landmark, in the unit of the values.
    confidence : ndarray of float, shape (n_samples,)
        1 where every base landmark was matched by a landmark among those of the other samples; less where not.
    """

    values: tuple[Floats, ...]
    base: Floats
    landmarks: tuple[Floats, ...]
    matched: tuple[Floats, ...]
    shift: tuple[Floats, ...]
    confidence: Floats


@dataclass(frozen=True, eq=False)
class Landmarks:
    """
    Peaks of one sample's density.

    Attributes
    ----------
    position : ndarray of float, shape (n_peaks,)
        All peaks, ascending.
    score : ndarray of float, shape (n_peaks,)
        Sharpness times height; 0 for a peak that is too low, or too near to a better one.
    strongest : ndarray of float, shape (at most the number asked for,)
        The peaks with the highest scores, ascending.
    """

    position: Floats
    score: Floats
    strongest: Floats


def find_landmarks(
    values: ArrayLike, *, at_most: int = 2, least_height: float = 0.05, least_distance: float = 0.05
) -> Landmarks:
    """
    Find the landmarks of one sample.

    Parameters
    ----------
    values : array_like, shape (n_values,)
        Intensities; missing ones are left out.
    at_most : int, default 2
        Landmarks to keep.
    least_height : float, default 0.05
        Peaks lower than this share of the highest are left out.
    least_distance : float, default 0.05
        Of peaks nearer to one another than this share of the range only the better one is kept.

    Returns
    -------
    Landmarks
        All peaks and the strongest.

    Raises
    ------
    MethodError
        If there are fewer than two values.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> two = np.concatenate([rng.normal(0, 1, 500), rng.normal(8, 1, 500)])
    >>> find_landmarks(two).strongest.round(0).astype(int).tolist()
    [0, 8]
    """
    density = kernel_density(_known(values))
    peaks = _peaks(density.y)
    score = _scores(density, peaks, least_height, least_distance)
    best = np.argsort(-score, kind="stable")
    best = best[score[best] > 0][:at_most]
    position = density.x[peaks]
    return Landmarks(position, score, np.sort(position[best]))


def register(
    samples: Sequence[ArrayLike],
    *,
    at_most: int = 2,
    least_height: float = 0.05,
    least_distance: float = 0.05,
    base: ArrayLike | None = None,
) -> Registration:
    """
    Align the landmarks of several samples.

    Parameters
    ----------
    samples : sequence of array_like
        Intensities of each sample, on the scale on which populations are peaks (often a logarithm).
    at_most : int, default 2
        Landmarks in each sample.
    least_height, least_distance : float, default 0.05
        As in `find_landmarks`.
    base : array_like, optional
        Base landmarks, where they are known; by default the median landmark of each class.

    Returns
    -------
    Registration
        Registered values with every shift.

    Raises
    ------
    MethodError
        If no sample has as many landmarks as asked for.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> one = np.concatenate([rng.normal(0, 1, 500), rng.normal(8, 1, 500)])
    >>> [shift.round(6).tolist() for shift in register([one, one + 2]).shift]
    [[1.0, 1.0], [-1.0, -1.0]]
    """
    options = {"at_most": at_most, "least_height": least_height, "least_distance": least_distance}
    arrays = [np.asarray(values, dtype=np.float64) for values in samples]
    found = [find_landmarks(values, **options) for values in arrays]  # type: ignore[arg-type]  # int and floats by name
    common = (
        _base_landmarks([one.strongest for one in found], at_most) if base is None else np.asarray(base, dtype=float)
    )
    matched = [_best_match(one, common) for one in found]
    values = tuple(_move(array, pairs) for array, pairs in zip(arrays, matched, strict=True))
    return Registration(
        values,
        common,
        tuple(one.strongest for one in found),
        tuple(matched),
        tuple(pairs[:, 1] - pairs[:, 0] for pairs in matched),
        _confidence(matched, common),
    )


def _known(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    known = array[np.isfinite(array)]
    if known.size < 2:
        raise MethodError(f"landmarks: {known.size} values found; at least two are needed for a density.")
    return known


def _peaks(y: Floats) -> NDArray[np.int64]:
    """Find grid points that are not below the one before and the two after, and above the outer two."""
    centre = y[1:-2]
    high = centre == np.maximum(np.maximum(y[:-3], centre), np.maximum(y[2:-1], y[3:]))
    return np.flatnonzero(high & (centre != y[:-3]) & (centre != y[3:])) + 1


def _scores(density: Density, peaks: NDArray[np.int64], least_height: float, least_distance: float) -> Floats:
    """Score each peak by how far its neighbourhood lies below it, times its height."""
    score = np.zeros(peaks.size)
    if not peaks.size:
        return score
    y, x = density.y, density.x
    apart = (x.max() - x.min()) * least_distance
    half = int(min(2 * _NEIGHBOURHOOD, x.size / 10) // 2)
    last = -1
    for i, peak in enumerate(peaks.tolist()):
        if y[peak] >= least_height * y[peaks].max():
            below = y[peak] - y[max(peak - half, 0) : min(peak + half, x.size - 1) + 1]
            score[i] = max(np.where(below < 0, _BELOW * below, below).sum() * y[peak], 0.0)
        # flowStats takes a last landmark below zero for none at all; the same is done here
        if last < 0 or x[peaks[last]] < 0 or x[peak] - x[peaks[last]] >= apart:
            last = i
        elif score[i] > score[last]:
            score[last] = 0.0
            last = i
        else:
            score[i] = 0.0
    return score


def _base_landmarks(landmarks: list[Floats], at_most: int) -> Floats:
    """Take the median of each class; samples with all landmarks make the classes, the others' join the nearest."""
    together = np.concatenate(landmarks)
    if together.size <= at_most:
        return np.sort(together)
    if at_most == 1:
        return np.array([np.median(together)])
    full = [one for one in landmarks if one.size == at_most]
    if not full:
        raise MethodError(f"landmarks: no sample has {at_most} landmarks; ask for fewer.")
    classes = [[float(one[j]) for one in full] for j in range(at_most)]
    means = np.array([np.mean(members) for members in classes])
    for value in np.concatenate([np.empty(0), *(one for one in landmarks if one.size != at_most)]).tolist():
        classes[int(np.argmin(np.abs(means - value)))].append(value)
    sizes = np.array([len(members) for members in classes])
    few = sizes.mean() - sizes > 2 * sizes.std(ddof=1)
    return np.array([np.median(members) for members, left_out in zip(classes, few, strict=True) if not left_out])


def _best_match(found: Landmarks, base: Floats) -> Floats:
    """
    Match landmarks with base landmarks, in order, so that near and strong landmarks count most.

    The score of a match is the sum of squared landmark scores over distances; all matches of one up to all pairs are tried.
    """
    # a peak with score 0 adds nothing to any match, so it is never in the first best one of its size but may tie: as in
    # flowStats, all peaks take part
    position, score = found.position, found.score
    best, pairs = -1.0, np.empty((0, 2))
    for size in range(1, min(position.size, base.size) + 1):
        for mine in map(list, combinations(range(position.size), size)):
            for theirs in map(list, combinations(range(base.size), size)):
                apart = np.abs(position[mine] - base[theirs])
                apart[apart == 0] = _COINCIDE
                value = float((score[mine] ** 2 / apart).sum())
                if value > best:
                    best, pairs = value, np.column_stack([position[mine], base[theirs]])
    return pairs


def _move(values: Floats, pairs: Floats) -> Floats:
    """Move values so that each landmark comes to its base; far from all landmarks by the mean of the extreme shifts."""
    if not len(pairs):
        return values.copy()
    landmark, shift = pairs[:, 0], pairs[:, 1] - pairs[:, 0]
    if shift.size == 1:
        return np.asarray(values + shift[0])
    spread = float(np.std(values[np.isfinite(values)], ddof=1))

    def near(at: Floats, centre: float) -> Floats:
        return np.asarray(_E ** (-((at - centre) ** 2) / (2 * spread * spread)))

    if shift.size == 2:
        half = (shift[0] - shift[1]) / 2
        moved = values + near(values, landmark[0]) * half
        moved = moved - near(moved, landmark[1]) * half
        return np.asarray(moved + shift[0] - half)
    largest = int(np.argmax(np.abs(shift)))
    others = np.delete(shift, largest)
    middle = (shift[largest] + (others.min() if shift[largest] > 0 else others.max())) / 2
    moved = values + middle
    for centre, remaining in zip(landmark, shift - middle, strict=True):
        moved = moved + near(moved, centre) * remaining
    return np.asarray(moved)


def _confidence(matched: list[Floats], base: Floats) -> Floats:
    """Lower the confidence of a sample whose matched landmark is unlike the others', or that lacks one."""
    confidence = np.ones(len(matched))
    for mark in base:
        mine = np.array([_matched_to(pairs, mark) for pairs in matched])
        has = np.isfinite(mine)
        confidence[~has] *= 0.6
        if has.sum() < 2:
            continue
        density = kernel_density(mine[has])
        height = np.full(mine.size, np.nan)
        height[has] = [density.y[np.argmin(np.abs(density.x - value))] for value in mine[has]]
        mean = np.nanmean(height)
        confidence[has & (height > mean / 4) & (height < mean / 3)] *= 0.8
        confidence[has & (height < mean / 4)] *= 0.7
    return confidence


def _matched_to(pairs: Floats, mark: float) -> float:
    mine = pairs[pairs[:, 1] == mark, 0]
    return float(mine[0]) if mine.size else np.nan
