"""
Simulation in chunks: the same numbers on one core, on several, or on a cluster.

The trials are cut into chunks of a fixed size, whatever the number of workers, and each chunk draws from its own child
of one seed. Where a chunk is computed therefore cannot change what it computes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from onearm.errors import MethodError

if TYPE_CHECKING:
    from numpy.random import Generator, SeedSequence

__all__ = ["run_chunks"]

T = TypeVar("T")
_WORTH_PROCESSES = 5.0
"""Seconds of work below which starting processes costs more than it saves."""


def run_chunks(
    task: Callable[[Generator, int], T],
    n: int,
    *,
    seed: int,
    chunk: int = 10_000,
    workers: int | None = None,
    cluster: str | None = None,
) -> list[T]:
    """
    Run a simulation in chunks.

    Parameters
    ----------
    task : callable
        Simulates a number of trials with a generator. Has to be importable by name (no lambda, no inner function) where
        more than one process is used; `functools.partial` of such a function is.
    n : int
        Number of trials.
    seed : int
        Seed of all; 0 or more.
    chunk : int, default 10000
        Trials per chunk. It is part of what makes a result reproducible, the number of workers is not.
    workers : int, optional
        Local processes; without it as many as there are cores, once the first chunk has shown that the rest takes
        longer than starting them.
    cluster : str, optional
        Address of a dask scheduler, such as ``tcp://head:8786``; needs the extra ``onearm[cluster]``.

    Returns
    -------
    list
        Results of the chunks, in order.

    Raises
    ------
    MethodError
        For a number of trials below 1, or a cluster without dask.

    Examples
    --------
    >>> def draw(rng, size):
    ...     return rng.random(size).sum()
    >>> parts = run_chunks(draw, 25_000, seed=1, workers=1)
    >>> len(parts), bool(abs(sum(parts) / 25_000 - 0.5) < 0.01)
    (3, True)
    """
    if n < 1 or chunk < 1 or seed < 0:
        raise MethodError(f"{n} trials in chunks of {chunk}, seed {seed}; acceptable are 1 or more, and 0 or more.")
    sizes = [chunk] * (n // chunk) + ([n % chunk] if n % chunk else [])
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    if cluster is not None:
        return _on_cluster(task, sizes, seeds, cluster)
    if workers is not None:
        return _on_processes(task, sizes, seeds, workers)
    begin = time.perf_counter()
    first = [_one(task, sizes[0], seeds[0])]
    is_long = (time.perf_counter() - begin) * (len(sizes) - 1) > _WORTH_PROCESSES
    return first + _on_processes(task, sizes[1:], seeds[1:], os.cpu_count() or 1 if is_long else 1)


def _on_processes(
    task: Callable[[Generator, int], T], sizes: list[int], seeds: list[SeedSequence], cores: int
) -> list[T]:
    if cores < 2 or len(sizes) < 2:
        return [_one(task, size, child) for size, child in zip(sizes, seeds, strict=True)]
    # spawn, not fork: a fork copies the locks of numerical libraries in whatever state they are
    with ProcessPoolExecutor(min(cores, len(sizes)), mp_context=get_context("spawn")) as pool:
        return list(pool.map(_one, [task] * len(sizes), sizes, seeds))


def _one(task: Callable[[Generator, int], T], size: int, seed: SeedSequence) -> T:
    return task(np.random.default_rng(seed), size)


def _on_cluster(
    task: Callable[[Generator, int], T], sizes: list[int], seeds: list[SeedSequence], address: str
) -> list[T]:
    try:
        client_class = import_module("distributed").Client  # optional, and without types
    except ImportError:
        raise MethodError(
            f"cluster {address}: dask is not installed; acceptable is to install onearm[cluster], or to leave "
            "the cluster out and run on this machine, which gives the same numbers."
        ) from None
    with client_class(address) as client:
        futures = client.map(_one, [task] * len(sizes), sizes, seeds, pure=False)
        results: list[T] = client.gather(futures)
    return results
