"""Run every benchmark, each in a process of its own, so that peak memory is its own too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Run the modules of this folder one after the other."""
    for name in sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_")):
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False)


if __name__ == "__main__":
    main()
