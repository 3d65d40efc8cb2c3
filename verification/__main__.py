"""Run every slow verification: coverage, type I error, bias, independent implementations against one another."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the modules of this folder one after the other; the exit code counts those that failed."""
    failed = 0
    for name in sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_")):
        print(f"\n== {name}")
        start = time.perf_counter()
        outcome = import_module(f"verification.{name}").main()
        failed += bool(outcome) if isinstance(outcome, int) else 0
        print(f"   {time.perf_counter() - start:.0f} s")
    print(f"\n{failed} failed." if failed else "\nEvery verification holds.")
    return failed


if __name__ == "__main__":
    sys.exit(main())
