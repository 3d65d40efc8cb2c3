"""Folders of runs: a name for a new one, the link to the latest, and finding one again."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import polars as pl

from onearm.data import write_text
from onearm.errors import DataError

__all__ = ["find_run", "move_latest", "read_results", "unused_name"]


def unused_name(folder: Path) -> Path:
    """
    Find a name that no run has yet.

    Parameters
    ----------
    folder : Path
        The name wished for.

    Returns
    -------
    Path
        The same, with a number behind it where it is taken.
    """
    candidates = (folder if i == 0 else folder.with_name(f"{folder.name}-{i}") for i in range(1000))
    return next(candidate for candidate in candidates if not candidate.exists())


def move_latest(place: Path, final: Path) -> None:
    """
    Let ``latest`` point to a run, in one step.

    Parameters
    ----------
    place : Path
        Where runs are kept.
    final : Path
        The run. Where links cannot be made, the file ``latest.txt`` names it.
    """
    link = place / "latest"
    draft = place / f".latest-{uuid4().hex[:8]}"
    try:
        draft.symlink_to(Path("runs") / final.name, target_is_directory=True)
        os.replace(draft, link)
    except OSError:
        draft.unlink(missing_ok=True)
        write_text(final.name + "\n", place / "latest.txt")


def find_run(path: str | Path) -> Path:
    """
    Find a run by its folder, its trial folder or its results.

    Parameters
    ----------
    path : str or Path
        A run, a trial folder (its latest run is meant) or a ``results.parquet``.

    Returns
    -------
    Path
        Folder of the run.

    Raises
    ------
    DataError
        If there is no run there.
    """
    path = Path(path)
    for candidate in (path, path.parent, path / "latest", path / "out" / "latest"):
        if (candidate / "results.parquet").is_file():
            return candidate.resolve()
    for marker in (path / "latest.txt", path / "out" / "latest.txt"):
        if marker.is_file():
            return marker.parent / "runs" / marker.read_text(encoding="utf-8").strip()
    raise DataError(f"{path}: no run there. Fix: give a trial folder that was run, or a folder below out/runs.")


def read_results(path: str | Path) -> pl.DataFrame:
    """
    Read the results of a run.

    Parameters
    ----------
    path : str or Path
        As for `find_run`.

    Returns
    -------
    polars.DataFrame
        The results table.
    """
    return pl.read_parquet(find_run(path) / "results.parquet")
