"""Where a named file lies, and the record of a file that was read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ASSAY_FOLDER", "DATA_FOLDER", "FileRecord", "find_file", "record_file"]

DATA_FOLDER: Final = "data"
"""Folder of the collected data within a trial folder."""
ASSAY_FOLDER: Final = "assays"
"""Folder within it for what was measured in samples."""


@dataclass(frozen=True)
class FileRecord:
    """
    One file that was read.

    Parameters
    ----------
    domain : str
        Table or assay that it became.
    path : Path
        Where it lies.
    sha256 : str
        Hash of its bytes.
    n_rows : int
        Rows of data.
    format : str
        Name of its format.
    """

    domain: str
    path: Path
    sha256: str
    n_rows: int
    format: str


def find_file(folder: Path, name: str | Path) -> Path:
    """
    Resolve the name of a file in the protocol.

    Parameters
    ----------
    folder : Path
        The trial folder.
    name : str or Path
        Absolute, or relative to the trial folder, its ``data/`` or ``data/assays/``; it may point outside. A file or a
        folder.

    Returns
    -------
    Path
        The first that exists; the one in the trial folder where none does.
    """
    places = (folder, folder / DATA_FOLDER, folder / DATA_FOLDER / ASSAY_FOLDER)
    return next((place / name for place in places if (place / name).exists()), folder / name)


def record_file(domain: str, path: Path, n_rows: int, file_format: str) -> FileRecord:
    """
    Hash a file that was read.

    Parameters
    ----------
    domain : str
        Table or assay that it became.
    path : Path
        Where it lies.
    n_rows : int
        Rows of data.
    file_format : str
        Name of its format.

    Returns
    -------
    FileRecord
        For the manifest.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileRecord(domain, path, digest, n_rows, file_format)
