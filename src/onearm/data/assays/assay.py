"""An assay as read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from onearm.data.files import FileRecord

__all__ = ["Assay"]


@dataclass(frozen=True, eq=False)  # tables cannot be compared by ==
class Assay:
    """
    One assay of a trial.

    Parameters
    ----------
    name : str
        As the protocol calls it.
    kind : str
        What kind of assay.
    tables : mapping of str to polars.DataFrame
        By name; which ones depends on the kind. ``samples`` has the columns of `SAMPLES`.
    files : tuple of FileRecord
        What was read.
    """

    name: str
    kind: str
    tables: Mapping[str, pl.DataFrame]
    files: tuple[FileRecord, ...] = field(default=())

    def __repr__(self) -> str:
        """Name the tables with their rows."""
        tables = ", ".join(f"{name} {table.height}" for name, table in self.tables.items())
        return f"Assay({self.name}: {tables})"
