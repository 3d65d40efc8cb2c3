"""
Lesions to best response for 100,000 simulated patients, every dataset of them, and the whole demo.

Time and peak memory of each step, each in a process of its own. There is no peer that starts from lesions, so no ratio.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

N_PATIENTS = 100_000
ONEARM = [sys.executable, "-m", "onearm"]


def _print(what: str, start: float) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{what}: {time.perf_counter() - start:.1f} s, {memory:.1f} GiB at the peak", flush=True)


def best_response(folder: Path) -> None:
    """Derive the confirmed best response from the lesions, and nothing else."""
    from onearm.derivations.adrs import best_response_rules, recist_rules, timepoints
    from onearm.derivations.adsl import derive_adsl
    from onearm.derivations.assessed import enrolled
    from onearm.derivations.lesions import read_lesions
    from onearm.derivations.records import date_records
    from onearm.protocol import read_protocol
    from onearm.rules.best_response import confirmed_best_response
    from onearm.rules.recist_target import sum_of_diameters, target_response
    from onearm.run import read_trial_source

    protocol = read_protocol(folder)
    start = time.perf_counter()
    source = read_trial_source(folder, protocol)
    n = source.tables["tr"].height
    _print(f"{n:,} lesion records with their domains read and checked", start)
    start = time.perf_counter()
    records = date_records(source, protocol)
    lesions = read_lesions(records, protocol)
    assert lesions is not None
    rules = recist_rules(protocol)
    responses = timepoints(lesions, target_response(sum_of_diameters(lesions.target, rules), rules), protocol)
    assert responses is not None
    overall = responses.select("subject", "day", "response")
    best = confirmed_best_response(overall, enrolled(derive_adsl(records, protocol)), best_response_rules(protocol))
    _print(f"{best.height:,} patients from lesions to confirmed best response", start)


def everything(folder: Path) -> None:
    """Derive every dataset of the same patients."""
    from onearm.derivations import derive
    from onearm.protocol import read_protocol
    from onearm.run import read_trial_source

    protocol = read_protocol(folder)
    source = read_trial_source(folder, protocol)
    start = time.perf_counter()
    derive(source, protocol)
    _print("every dataset of them, reading apart", start)


def main() -> None:
    """Simulate once, then measure each step in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder, core = Path(place) / "large", Path(place) / "core"
        start = time.perf_counter()
        words = ["simulate", "alter_e_003", "--patients", str(N_PATIENTS), "--seed", "1", "--out", str(folder)]
        subprocess.run([*ONEARM, *words], check=True, stdout=subprocess.DEVNULL)
        print(f"{N_PATIENTS:,} patients simulated: {time.perf_counter() - start:.1f} s", flush=True)
        (core / "data").mkdir(parents=True)
        (core / "protocol.toml").write_bytes((folder / "protocol.toml").read_bytes())
        for name in ("dm", "tu", "tr"):
            (core / "data" / f"{name}.parquet").symlink_to(folder / "data" / f"{name}.parquet")
        for step in ("best_response", "everything"):
            subprocess.run([sys.executable, "-m", "benchmarks.pipeline", step, str(core)], check=True)
        for words in (["demo", str(Path(place) / "demo")], ["--help"]):
            start = time.perf_counter()
            subprocess.run([*ONEARM, *words], check=True, stdout=subprocess.DEVNULL)
            print(f"onearm {words[0]}: {time.perf_counter() - start:.2f} s", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        {"best_response": best_response, "everything": everything}[sys.argv[1]](Path(sys.argv[2]))
    else:
        main()
