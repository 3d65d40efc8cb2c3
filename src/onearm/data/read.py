"""Read any supported file into a table."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from onearm.data.excel import read_excel
from onearm.data.formats import extension_of, format_of
from onearm.errors import DataError, suggest

__all__ = ["read_table"]


def read_table(path: str | Path, *, sheet: str | None = None) -> pl.DataFrame:
    """
    Read a file of any supported format.

    Parameters
    ----------
    path : str or Path
        The extension says the format: `onearm.data.formats.FORMATS`.
    sheet : str, optional
        Sheet of an Excel workbook; needed only where it has several.

    Returns
    -------
    polars.DataFrame
        One row per record, columns named as in the file. From delimited text every column is text, so that identifiers
        keep leading zeros; other formats keep their numbers. Dates are ISO 8601 text. Empty text is missing.

    Raises
    ------
    DataError
        Where the file is absent, empty, truncated, damaged or of another format than its extension says.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "dm.csv"
    ...     _ = path.write_text("USUBJID;AGE\\n007;61,5\\n")
    ...     read_table(path).row(0)
    ('007', '61,5')
    """
    path = Path(path)
    if not path.is_file():
        beside = [other.name for other in path.parent.glob("*") if other.is_file()]
        raise DataError(f"{path.name}: no such file in {path.parent}.{suggest(path.name, beside)}")
    try:
        known = format_of(path)
        if extension_of(path) == ".xlsx":
            return read_excel(path, sheet=sheet)
        if sheet is not None:
            raise DataError(f"{path.name}: a sheet is named, but {known.name} has no sheets.")
        return known.read(path)
    except OSError as error:
        raise DataError(f"{path.name}: the file cannot be opened ({error.strerror}).") from error
