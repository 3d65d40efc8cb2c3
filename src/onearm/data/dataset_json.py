"""
CDISC Dataset-JSON 1.1: ``.json``, ``.ndjson`` (first line metadata, then one row a line) and ``.dsjc`` (compressed).

Compressed files are found as zlib and as gzip streams; both are read, zlib is written, as the standard says.
"""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from onearm.data.plain import plain_columns
from onearm.errors import DataError

__all__ = ["read_dataset_json", "read_dataset_ndjson", "write_dataset_json", "write_dataset_ndjson", "write_dsjc"]

VERSION: Final = "1.1.0"
_TYPES: Final[dict[str, Any]] = {
    "integer": pl.Int64,
    "float": pl.Float64,
    "double": pl.Float64,
    "decimal": pl.Float64,
    "boolean": pl.Boolean,
}


def read_dataset_json(path: Path) -> pl.DataFrame:
    """
    Read a Dataset-JSON file with one JSON object.

    Parameters
    ----------
    path : Path
        ``.json``.

    Returns
    -------
    polars.DataFrame
        Types as the file's columns state them; dates, times and ``string`` as text, ``decimal`` as Float64.

    Raises
    ------
    DataError
        For damaged JSON, another kind of JSON, or fewer or more rows than the file states.

    References
    ----------
    .. [1] CDISC, Dataset-JSON Specification version 1.1, 2024-12-05.
    """
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path.name}: the JSON is truncated or damaged. Fix: copy it again.") from error
    if not isinstance(content, dict):
        raise _no_dataset(path.name)
    return _frame(content, content.get("rows") or [], path.name)


def read_dataset_ndjson(path: Path) -> pl.DataFrame:
    """
    Read a Dataset-JSON file with its metadata on the first line and one row on each further line.

    Parameters
    ----------
    path : Path
        ``.ndjson``, or compressed ``.dsjc`` (zlib or gzip).

    Returns
    -------
    polars.DataFrame
        As `read_dataset_json`.

    Raises
    ------
    DataError
        As `read_dataset_json`, and for a damaged or truncated compression.

    References
    ----------
    .. [1] CDISC, Compressed Dataset-JSON Specification version 1.1, 2025-06-19: a zlib stream of the lines.
    """
    lines = _inflate(path).splitlines()
    try:
        content = json.loads(lines[0]) if lines else None
        # one array of all lines is parsed several times faster than each line by itself
        rows = json.loads(b"[" + b",".join(line for line in lines[1:] if line.strip()) + b"]")
    except ValueError as error:
        raise DataError(f"{path.name}: the JSON is truncated or damaged. Fix: copy it again.") from error
    if not isinstance(content, dict):
        raise _no_dataset(path.name)
    if "rows" in content and not rows:  # a compressed file may hold the one-object form
        rows = content["rows"]
    return _frame(content, rows, path.name)


def _inflate(path: Path) -> bytes:
    """Read the bytes, through gzip or zlib for a compressed file."""
    data = path.read_bytes()
    if path.suffix.lower() != ".dsjc":
        return data
    try:
        if data[:2] == b"\x1f\x8b":
            return gzip.decompress(data)
        stream = zlib.decompressobj()
        text = stream.decompress(data)
        if not stream.eof:
            raise EOFError
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path.name}: the compressed file is truncated or damaged. Fix: copy it again.") from error
    return text


def _no_dataset(name: str) -> DataError:
    """Say that this is some other JSON."""
    return DataError(
        f"{name}: the JSON is no Dataset-JSON 1.1. Fix: export it with 'datasetJSONVersion', 'columns', 'rows'."
    )


def _frame(content: dict[str, Any], rows: list[list[Any]], name: str) -> pl.DataFrame:
    """Build the table from metadata and rows."""
    columns = content.get("columns")
    version = str(content.get("datasetJSONVersion", ""))
    if not isinstance(columns, list) or not version.startswith("1.1"):
        raise _no_dataset(name)
    stated = content.get("records")
    if isinstance(stated, int) and stated != len(rows):
        raise DataError(f"{name}: the file states {stated} rows and holds {len(rows)}. Fix: copy it again.")
    try:
        names = [str(column["name"]) for column in columns]
        types = [_TYPES.get(str(column["dataType"]), pl.String) for column in columns]
    except (KeyError, TypeError) as error:
        raise _no_dataset(name) from error
    if len(set(names)) < len(names):
        raise DataError(f"{name}: a column name stands twice. Fix: rename one.")
    if rows and isinstance(rows[0], dict):  # compressed files may hold each record as an object
        rows = [[row.get(column) for column in names] if isinstance(row, dict) else row for row in rows]
    wrong = [i for i, row in enumerate(rows, start=1) if not isinstance(row, list) or len(row) != len(names)]
    if wrong:
        raise DataError(*(f"{name}, row {i}: it has not the {len(names)} values of the columns." for i in wrong[:5]))
    values = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    series = [_series(*one, name) for one in zip(names, values, types, strict=True)]
    return plain_columns(pl.DataFrame(series), name)


def _series(name: str, values: tuple[Any, ...], dtype: Any, file: str) -> pl.Series:
    """Build one column of its stated type; numbers written as text ("decimal") are parsed."""
    if dtype == pl.String:
        return pl.Series(name, [value if value is None else str(value) for value in values], dtype=pl.String)
    # a decimal may be text, with a point and commas between thousands
    plain = [value.replace(",", "") or None if isinstance(value, str) else value for value in values]
    try:
        if any(isinstance(value, str) for value in plain):
            return pl.Series(name, [None if value is None else float(value) for value in plain], dtype=dtype)
        return pl.Series(name, plain, dtype=dtype, strict=True)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise DataError(f"{file}: column '{name}' holds values that are not of its stated type.") from error


def _dump(value: object) -> str:
    """Write JSON without needless blanks."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _metadata(frame: pl.DataFrame, path: Path) -> dict[str, Any]:
    """Describe a table as Dataset-JSON does."""
    name = path.name.split(".")[0].upper()
    kinds = {pl.Int64: "integer", pl.Float64: "double", pl.Boolean: "boolean"}
    return {
        "datasetJSONCreationDateTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "datasetJSONVersion": VERSION,
        "itemGroupOID": f"IG.{name}",
        "records": frame.height,
        "name": name,
        "label": name,
        "columns": [
            {
                "itemOID": f"IT.{name}.{column}",
                "name": column,
                "label": column,
                "dataType": kinds.get(type(dtype), "string"),
            }
            for column, dtype in frame.schema.items()
        ],
    }


def write_dataset_json(frame: pl.DataFrame, path: Path) -> None:
    """
    Write a Dataset-JSON file with one JSON object.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table of scalars.
    path : Path
        Written in place; its stem is the name of the data set.
    """
    plain = plain_columns(frame, path.name)
    content = {**_metadata(plain, path), "rows": plain.rows()}
    path.write_text(_dump(content), encoding="utf-8")


def _lines(frame: pl.DataFrame, path: Path) -> str:
    """Write metadata and rows, one JSON value a line."""
    plain = plain_columns(frame, path.name)
    parts = [_metadata(plain, path), *plain.iter_rows()]
    return "".join(_dump(part) + "\n" for part in parts)


def write_dataset_ndjson(frame: pl.DataFrame, path: Path) -> None:
    """
    Write a Dataset-JSON file with one row a line.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table of scalars.
    path : Path
        Written in place; its stem is the name of the data set.
    """
    path.write_text(_lines(frame, path), encoding="utf-8")


def write_dsjc(frame: pl.DataFrame, path: Path) -> None:
    """
    Write a compressed Dataset-JSON file (zlib).

    Parameters
    ----------
    frame : polars.DataFrame
        Any table of scalars.
    path : Path
        Written in place; its stem is the name of the data set.
    """
    path.write_bytes(zlib.compress(_lines(frame, path).encode(), level=9))
