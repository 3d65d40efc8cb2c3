"""Where a named file lies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["DATA_FOLDER", "find_file"]

DATA_FOLDER: Final = "data"
"""Folder of the collected data within a trial folder."""


def find_file(folder: Path, name: str | Path) -> Path:
    """
    Resolve the name of a file in the protocol.

    Parameters
    ----------
    folder : Path
        The trial folder.
    name : str or Path
        Absolute, or relative to the trial folder or to its ``data/``; it may point outside.

    Returns
    -------
    Path
        The first that exists; the one in the trial folder where neither does.
    """
    in_data = folder / DATA_FOLDER / name
    direct = folder / name
    return in_data if in_data.is_file() and not direct.is_file() else direct
