"""Random numbers that depend on the seed, the block of patients and the stage, and on nothing else."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BLOCK_SIZE", "Bools", "Floats", "Ints", "Stage", "draw_levels", "generator"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BLOCK_SIZE = 8192
"""Screened patients that are made at once. Part of what a seed means: another value gives other patients."""


class Stage(IntEnum):
    """Stages of a simulation; each has its own random numbers, so that one can change by itself."""

    SCREENING = 0
    SUBJECTS = 1
    LESIONS = 2
    GROWTH = 3
    VISITS = 4
    MEASUREMENTS = 5
    PROGRESSION = 6
    DEATH = 7
    FOLLOW_UP = 8
    TOXICITY = 9
    DOSING = 10
    LABORATORY = 11
    THERAPY = 12
    MEDICATION = 13
    ASSAYS = 14
    JUDGEMENT = 15


def generator(seed: int, block: int, stage: Stage) -> np.random.Generator:
    """
    Start the random numbers of one stage of one block.

    Parameters
    ----------
    seed : int
        Seed of the trial, 0 or more.
    block : int
        Number of the block.
    stage : Stage
        What they are for.

    Returns
    -------
    numpy.random.Generator
        PCG-64, seeded by the child ``(block, stage)`` of the seed's sequence.

    Examples
    --------
    >>> a, b = (generator(1, 0, Stage.DEATH).random() for _ in range(2))
    >>> a == b, a == generator(1, 1, Stage.DEATH).random()
    (True, False)
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(block, int(stage))))


def draw_levels(rng: np.random.Generator, weights: dict[str, float], shape: Any) -> Ints:
    """
    Draw positions in a table of relative frequencies.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    weights : dict
        Level to relative frequency.
    shape : int or tuple of int
        Shape of the result.

    Returns
    -------
    ndarray of int
        Positions of the levels.
    """
    shares = np.cumsum(list(weights.values()))
    drawn: Ints = np.searchsorted(shares / shares[-1], rng.random(shape), side="right").astype(np.int64)
    return np.minimum(drawn, len(weights) - 1)
