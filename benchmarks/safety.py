"""Time 1,000,000 adverse event records to every table of adverse events: derived, counted, tabulated."""

from __future__ import annotations

import datetime as dt
import os
import resource
import time

import numpy as np
import polars as pl

from onearm.analyses.adverse_events import adverse_events
from onearm.derivations.adae import derive_adae
from onearm.derivations.records import Records
from onearm.outputs.format import printer_of
from onearm.outputs.lookup import Lookup, groups_of
from onearm.outputs.tables.adverse_events import tabulate_adverse_events
from onearm.protocol import Protocol, parse_protocol

N_RECORDS, N_SUBJECTS, N_TERMS, N_CLASSES = 1_000_000, 20_000, 1_500, 27

PROTOCOL = """
[trial]
id = "BENCH"
title = "Benchmark"
[[treatment]]
name = "drug a"
unit = "mg"
dose_levels = [12]
cycle_days = 21
dosing_days = "1"
[[treatment]]
name = "drug b"
unit = "mg"
dose_levels = [12]
cycle_days = 21
dosing_days = "1"
[sets]
SS = ["treated"]
[endpoint.ORR]
set = "SS"
success = ["CR"]
[safety]
immune_terms = ["Term 1", "Term 2"]
[safety.group.First]
terms = ["Term 3", "Term 4", "Term 5"]
"""


def simulate(seed: int = 1) -> tuple[Records, pl.DataFrame]:
    """Adverse events with terms of falling frequency, and the subjects that had them."""
    rng = np.random.default_rng(seed)
    first = np.datetime64("2022-01-01") + rng.integers(0, 365, N_SUBJECTS)
    stop = first + rng.integers(21, 700, N_SUBJECTS)
    names = pl.Series([f"S{i:06d}" for i in range(N_SUBJECTS)])
    subject = rng.integers(0, N_SUBJECTS, N_RECORDS)
    term = (N_TERMS * rng.random(N_RECORDS) ** 3).astype(int)
    start = first[subject] + rng.integers(-20, 760, N_RECORDS)
    ae = pl.DataFrame(
        {
            "USUBJID": names.gather(subject),
            "AESEQ": np.arange(N_RECORDS),
            "AETERM": pl.Series([f"Term {i}" for i in range(N_TERMS)]).gather(term),
            "AEBODSYS": pl.Series([f"Class {i}" for i in range(N_CLASSES)]).gather(term % N_CLASSES),
            "AETOXGR": rng.choice(["1", "2", "3", "4", "5"], N_RECORDS, p=[0.5, 0.3, 0.15, 0.04, 0.01]),
            "AESER": rng.choice(["Y", "N"], N_RECORDS, p=[0.1, 0.9]),
            "AEREL": rng.choice(["RELATED", "NOT RELATED"], N_RECORDS),
            "AERELTRT": rng.choice(["drug a", "drug b"], N_RECORDS),
            "AEACN": rng.choice(["DOSE NOT CHANGED", "DOSE REDUCED", "DRUG WITHDRAWN"], N_RECORDS, p=[0.9, 0.08, 0.02]),
            "AESTDT": start,
            "AEENDT": start + rng.integers(0, 60, N_RECORDS),
        }
    ).with_columns(AEDECOD="AETERM")
    adsl = pl.DataFrame({"USUBJID": names, "TRTSDT": first, "TRTEDT": stop}).with_columns(
        pl.col("TRTSDT", "TRTEDT").cast(pl.Date),
        STUDYID=pl.lit("BENCH"),
        SSFL=pl.lit("Y"),
        DTHDT=pl.lit(None, dtype=pl.Date),
        DTHFL=pl.lit(None, dtype=pl.String),
        NTRTDT=pl.lit(None, dtype=pl.Date),
        LSTALVDT=pl.lit(dt.date(2025, 1, 1)),
        CUTOFFDT=pl.lit(dt.date(2025, 1, 1)),
    )
    return Records({"ae": ae.with_columns(pl.col("AESTDT", "AEENDT").cast(pl.Date))}, {}), adsl


def run(records: Records, adsl: pl.DataFrame, protocol: Protocol) -> int:
    """Derive, count and tabulate; give the number of printed lines."""
    clock, cpu = time.perf_counter(), time.process_time()
    adae = derive_adae(records, adsl, protocol)
    derived = time.perf_counter()
    results = adverse_events({"adsl": adsl, "adae": adae}, protocol)
    counted = time.perf_counter()
    lookups = [Lookup(results, group) for group in groups_of(results, protocol)]
    tables = tabulate_adverse_events(lookups, protocol, printer_of(protocol))
    done = time.perf_counter()
    print(
        f"{adae.height:,} records: derived {derived - clock:.2f} s, counted {counted - derived:.2f} s "
        f"({results.height:,} results), tabulated {done - counted:.2f} s; total {done - clock:.2f} s; "
        f"processor {time.process_time() - cpu:.2f} s on {os.cpu_count()} cores"
    )
    return sum(len(table.rows) for table in tables)


def main() -> None:
    """Simulate once, run three times, say how loaded the machine is."""
    records, adsl = simulate()
    protocol = parse_protocol(PROTOCOL)
    for _ in range(3):
        lines = run(records, adsl, protocol)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"{lines:,} lines in the tables; peak {memory:.1f} GiB; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
