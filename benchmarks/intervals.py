"""
Binomial intervals: onearm beside scipy and R, in one run.

Run ``python -m benchmarks.intervals``. Each line is the time for the same 10,000 intervals; R is left out where
``Rscript`` is absent.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import stats

from onearm.stats.binomial import BINOMIAL_INTERVALS, binomial_bounds, binomial_interval

__all__ = ["main"]

COUNT: Final = 10_000
R_SCRIPT: Final = """
set.seed(1); n <- sample(20:200, {count}, TRUE); x <- rbinom({count}, n, 0.3)
cat(system.time(for (i in seq_along(x)) binom.test(x[i], n[i])$conf.int)[["elapsed"]], "\n")
cat(system.time(for (i in seq_along(x)) prop.test(x[i], n[i], correct = FALSE)$conf.int)[["elapsed"]], "\n")
"""


def best_of(function: Callable[[], object], *, times: int = 3) -> float:
    """Seconds of the fastest of several runs."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Time and print."""
    rng = np.random.default_rng(1)
    n = rng.integers(20, 201, COUNT)
    x = rng.binomial(n, 0.3)
    print(f"{COUNT:,} intervals, n 20 to 200, seconds (times onearm's array call)")
    arrays = {name: best_of(lambda name=name: binomial_bounds(x, n, method=name)) for name in BINOMIAL_INTERVALS}
    for name, seconds in arrays.items():
        print(f"  onearm, array, {name:<16} {seconds:8.4f}")
    r_exact, r_wilson = _r()
    for method, scipy_name, r_seconds in (("clopper-pearson", "exact", r_exact), ("wilson", "wilson", r_wilson)):
        base = arrays[method]
        rows = {
            "onearm, one by one": best_of(
                lambda m=method: [binomial_interval(int(a), int(b), method=m) for a, b in zip(x, n, strict=True)],
                times=1,
            ),
            "scipy, one by one": 10
            * best_of(lambda s=scipy_name: _scipy(x[: COUNT // 10], n[: COUNT // 10], s), times=1),
            "R, one by one": r_seconds,
        }
        for label, seconds in rows.items():
            text = "absent" if seconds is None else f"{seconds:8.4f}  ({seconds / base:.0f}x)"
            print(f"  {method:<16} {label:<20} {text}")


def _scipy(x: np.ndarray, n: np.ndarray, method: str) -> None:
    for a, b in zip(x, n, strict=True):
        stats.binomtest(int(a), int(b)).proportion_ci(method=method)


def _r() -> tuple[float | None, float | None]:
    if shutil.which("Rscript") is None:
        return None, None
    script = R_SCRIPT.replace("{count}", str(COUNT))
    printed = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True).stdout.split()
    return float(printed[0]), float(printed[1])


if __name__ == "__main__":
    main()
