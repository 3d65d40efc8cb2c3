"""Time the readers: a million lesion measurements as CSV to checked tables, and 100,000 in each other format."""

from __future__ import annotations

import argparse
import csv
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from onearm.data import read_source, read_table, write_table

FORMATS = (".csv", ".parquet", ".xpt", ".json", ".ndjson", ".dsjc", ".xlsx")


def simulate(n_rows: int, seed: int = 1) -> pl.DataFrame:
    """Measurements of five lesions at eight visits for each subject, in the columns of TR."""
    rng = np.random.default_rng(seed)
    row = np.arange(n_rows)
    diameter = rng.uniform(0, 120, n_rows).round(1)
    day = pl.Series(row // 5 % 8 * 42).cast(pl.Int32)
    return pl.DataFrame(
        {
            "STUDYID": ["S1"] * n_rows,
            "DOMAIN": ["TR"] * n_rows,
            "USUBJID": pl.Series(row // 40).cast(pl.String).str.zfill(7),
            "TRSEQ": row % 40 + 1,
            "TRGRPID": ["TARGET"] * n_rows,
            "TRLNKID": pl.Series(row % 5 + 1).cast(pl.String).str.zfill(3),
            "TRTESTCD": ["LDIAM"] * n_rows,
            "TRTEST": ["Longest Diameter"] * n_rows,
            "TRORRES": pl.Series(diameter).cast(pl.String),
            "TRORRESU": ["mm"] * n_rows,
            "TRSTRESC": pl.Series(diameter).cast(pl.String),
            "TRSTRESN": diameter,
            "TRSTRESU": ["mm"] * n_rows,
            "TRMETHOD": ["CT SCAN"] * n_rows,
            "TREVAL": ["INVESTIGATOR"] * n_rows,
            "VISITNUM": row // 5 % 8 + 1,
            "VISIT": pl.Series(row // 5 % 8 + 1).cast(pl.String),
            "TRDTC": (18262 + day).cast(pl.Date).dt.to_string("%Y-%m-%d"),  # days from 2020-01-01
            "TRDY": day + 1,
        }
    )


def seconds(function: Callable[[], object], *, times: int = 3) -> float:
    """Time a call: the fastest of some, as other work only slows it down."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - started)
    return best


def read_rows(path: Path) -> int:
    """Read with the csv module of the standard library."""
    with path.open(newline="") as stream:
        return sum(1 for _ in csv.reader(stream))


def main() -> None:
    """Time every reader and print seconds, ratios and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    n_rows = parser.parse_args().rows
    frame = simulate(n_rows)
    with tempfile.TemporaryDirectory() as name:
        trial = Path(name)
        (trial / "data").mkdir()
        path = trial / "data" / "tr.csv"
        write_table(frame, path)
        write_table(frame.select("USUBJID").unique(maintain_order=True), trial / "data" / "dm.csv")
        print(f"{n_rows:,} rows of {frame.width} columns, {path.stat().st_size / 1e6:.0f} MB of CSV")
        plain = seconds(lambda: pl.read_csv(path, infer_schema=False))
        for what, took in (
            ("polars.read_csv, nothing checked", plain),
            ("csv module, nothing kept", seconds(lambda: read_rows(path))),
            ("read_table", seconds(lambda: read_table(path))),
            ("read_source: typed and checked", seconds(lambda: read_source(trial))),
        ):
            print(f"{what:36s}{took:8.2f} s{took / plain:8.1f} x polars")
        part = frame.head(n_rows // 10)
        print(f"\n{part.height:,} rows in each format{'write':>14s}{'read':>10s}")
        for extension in FORMATS:
            file = trial / f"tr{extension}"
            written = seconds(lambda file=file: write_table(part, file), times=1)
            print(f"{extension:32s}{written:8.2f} s{seconds(lambda file=file: read_table(file)):8.2f} s")
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GB")


if __name__ == "__main__":
    main()
