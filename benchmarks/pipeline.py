"""Lesions to best response for 100,000 simulated patients, and the whole demo; time and peak memory of each."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

N_PATIENTS = 100_000


def derive_large(folder: Path) -> None:
    """Read a simulated trial and derive every dataset; print seconds and peak memory."""
    from onearm.run import check_trial

    start = time.perf_counter()
    checked = check_trial(folder)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    best = checked.derived.datasets["adrs"].filter(PARAMCD="CBOR")
    lesions = checked.source.tables["tr"].height
    print(
        f"{best.height:,} patients, {lesions:,} lesion records, read, checked and derived: {seconds:.1f} s, {memory:.1f} GiB"
    )


def main() -> None:
    """Simulate once, then measure each step in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "large"
        start = time.perf_counter()
        subprocess.run(
            [
                sys.executable,
                "-m",
                "onearm",
                "simulate",
                "alter_e_003",
                "--patients",
                str(N_PATIENTS),
                "--seed",
                "1",
                "--out",
                folder,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        print(f"{N_PATIENTS:,} patients simulated: {time.perf_counter() - start:.1f} s")
        subprocess.run([sys.executable, "-m", "benchmarks.pipeline", str(folder)], check=True)
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "onearm", "demo", Path(place) / "demo"], check=True, stdout=subprocess.DEVNULL
        )
        print(f"demo, 46 patients with the full report: {time.perf_counter() - start:.1f} s")
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "onearm", "--help"], check=True, stdout=subprocess.DEVNULL)
        print(f"onearm --help: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        derive_large(Path(sys.argv[1]))
    else:
        main()
