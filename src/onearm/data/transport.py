"""
The arithmetic of SAS transport files, which tells a truncated one from a whole one.

A file is a sequence of records of 80 bytes: headers, one description (NAMESTR) for each variable, then the rows one
after another, padded with blanks to the end of a record. Version 8 states the number of rows, version 5 does not.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final, NamedTuple

from onearm.errors import DataError

__all__ = ["check_transport"]

RECORD: Final = 80
_HEADER: Final = b"HEADER RECORD*******"


class _Layout(NamedTuple):
    """Where the rows start, how wide one is, and how many the file states, if it does."""

    start: int
    width: int
    n_rows: int | None


def check_transport(path: Path) -> int | None:
    """
    Check that a transport file is whole.

    Parameters
    ----------
    path : Path
        ``.xpt``, version 5 or 8.

    Returns
    -------
    int or None
        The number of rows where the file states it.

    Raises
    ------
    DataError
        For a file that is truncated, damaged, no transport file, or holds several data sets.

    References
    ----------
    .. [1] SAS Institute, TS-140, and "Record Layout of a SAS Version 8 or 9 Data Set in SAS Transport Format".
    """
    data = path.read_bytes()
    cut = f"{path.name}: the transport file is truncated"
    if not data.startswith(_HEADER + b"LIB"):
        raise DataError(f"{path.name}: the content is no SAS transport file. Fix: export it again as XPT.")
    if len(data) % RECORD:
        raise DataError(f"{cut}: its size is no multiple of {RECORD} bytes. Fix: copy it again.")
    if _find(data, b"OBSV8", b"OBS ") < 0:
        raise DataError(f"{cut} within its header. Fix: copy it again.")
    try:
        layout = _layout(data)
    except (ValueError, struct.error) as error:
        raise DataError(f"{path.name}: the header of the transport file is damaged. Fix: copy it again.") from error
    if data.find(_HEADER + b"MEM", layout.start) >= 0:
        raise DataError(f"{path.name}: the file holds several data sets. Fix: export each into a file of its own.")
    size = len(data) - layout.start
    held, rest = divmod(size, layout.width)
    if layout.n_rows is None:
        if rest >= RECORD or data[len(data) - rest :].strip(b" "):
            raise DataError(f"{cut} within row {held + 1}. Fix: copy it again.")
    elif size < layout.n_rows * layout.width:
        raise DataError(f"{cut}: it states {layout.n_rows} rows and holds {held}. Fix: copy it again.")
    elif size - layout.n_rows * layout.width >= RECORD:
        raise DataError(f"{path.name}: the file states {layout.n_rows} rows and holds more. Fix: export it again.")
    return layout.n_rows


def _find(data: bytes, *words: bytes) -> int:
    """Find the first header record of these kinds; -1 where there is none."""
    return next((at for word in words if (at := data.find(_HEADER + word)) >= 0), -1)


def _layout(data: bytes) -> _Layout:
    """Read what the headers state; a file of another layout raises ValueError or struct.error."""
    member, names = _find(data, b"MEMBV8", b"MEMBER"), _find(data, b"NAMSTV8", b"NAMESTR")
    rows = _find(data, b"OBSV8", b"OBS ")
    if member < 0 or names < 0:
        raise ValueError("a header record is missing")
    size, count = int(data[member + 74 : member + 78]), int(data[names + 48 : names + 58])
    first = names + RECORD
    width = sum(struct.unpack_from(">h", data, first + i * size + 4)[0] for i in range(count))
    if size <= 0 or width <= 0:
        raise ValueError("a length is not positive")
    stated = data[rows + 48 : rows + RECORD].split() if data[rows + 20 : rows + 25] == b"OBSV8" else []
    return _Layout(rows + RECORD, width, int(stated[0]) if stated else None)
