"""Time the simulator: a trial of each size, as a folder, in a process of its own; seconds, records and peak memory."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (46, 10_000, 100_000)
ALL_SIZES = (*SIZES, 1_000_000)


def simulate_once(n: int) -> dict[str, float]:
    """Simulate and write one trial; wall and processor seconds, records, peak memory and size on disk."""
    from onearm.simulation import simulate_trial_folder

    with tempfile.TemporaryDirectory() as place:
        started, busy = time.perf_counter(), time.process_time()
        made = simulate_trial_folder("alter_e_003", Path(place) / "trial", n=n, seed=1)
        return {
            "seconds": time.perf_counter() - started,
            "processor": time.process_time() - busy,
            "records": sum(made.rows.values()),
            "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
            "mb": sum(file.stat().st_size for file in made.path.rglob("*") if file.is_file()) / 1e6,
        }


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also a million patients")
    parser.add_argument("--once", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.once:
        print(json.dumps(simulate_once(asked.once)))
        return
    for n in ALL_SIZES if asked.all else SIZES:
        command = [sys.executable, "-m", "benchmarks.simulation", "--once", str(n)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        each = found["seconds"] / n * 1000
        print(
            f"{n:>9,} patients, {found['records']:>11,.0f} records: {found['seconds']:6.1f} s "
            f"({found['processor']:.1f} s of processor), {found['gib']:.1f} GiB, {found['mb']:.0f} MB on disk; "
            f"{each:.3f} ms a patient"
        )


if __name__ == "__main__":
    main()
