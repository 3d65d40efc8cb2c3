"""
Exact rank tests: onearm beside scipy and R, in one run.

Run ``python -m benchmarks.rank_tests``. R is left out where ``Rscript`` or a package is absent; exactRankTests counts
exactly below 50 subjects only, so the tied case has 45.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import stats

from onearm.stats.correlation import kendall
from onearm.stats.location import location_shift
from onearm.stats.multiplicity import max_t
from onearm.stats.ranks import rank_sum, signed_rank

__all__ = ["main"]

R_SCRIPT: Final = """
each <- function(e) { f <- function() eval(e, globalenv()); f(); k <- 0; s <- proc.time()[["elapsed"]]
  while (proc.time()[["elapsed"]] - s < 0.5) { f(); k <- k + 1 }; (proc.time()[["elapsed"]] - s) / k }
x <- c(%s); y <- c(%s); tx <- c(%s); ty <- c(%s)
cat(each(quote(wilcox.test(x, y, exact = TRUE)$p.value)), "")
cat(if (requireNamespace("exactRankTests", quietly = TRUE)) each(quote(suppressWarnings(
  exactRankTests::wilcox.exact(tx, ty)$p.value))) else NA, "")
cat(each(quote(wilcox.test(x[1:45] - y[1:45], exact = TRUE)$p.value)), "")
cat(each(quote(wilcox.test(x, y, exact = TRUE, conf.int = TRUE)$conf.int)), "")
cat(each(quote(cor.test(x[1:45], y[1:45], method = "kendall")$p.value)), "")
"""


def seconds_each(function: Callable[[], object]) -> float:
    """Mean seconds of a call, over half a second of calls."""
    function()
    calls, start = 0, time.perf_counter()
    while time.perf_counter() - start < 0.5:
        function()
        calls += 1
    return (time.perf_counter() - start) / calls


def main() -> None:
    """Time and print."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=60).round(6), rng.normal(0.3, size=55).round(6)
    tied_x, tied_y = rng.integers(0, 12, 20).astype(float), rng.integers(1, 13, 25).astype(float)
    peers = _r(x, y, tied_x, tied_y)
    cases: list[tuple[str, Callable[[], object], Callable[[], object] | None]] = [
        (
            "rank-sum, exact, 60 and 55, no ties",
            lambda: rank_sum(x, y).p_exact,
            lambda: stats.mannwhitneyu(x, y, method="exact").pvalue,
        ),
        ("rank-sum, exact, 20 and 25, ties", lambda: rank_sum(tied_x, tied_y).p_exact, None),
        (
            "signed-rank, exact, 45, no ties",
            lambda: signed_rank(x[:45], y[:45]).p_exact,
            lambda: stats.wilcoxon(x[:45], y[:45], method="exact").pvalue,
        ),
        ("Hodges-Lehmann with interval, 60 and 55", lambda: location_shift(x, y), None),
        (
            "Kendall, exact, 45",
            lambda: kendall(x[:45], y[:45]).p_r,
            lambda: stats.kendalltau(x[:45], y[:45], method="exact").pvalue,
        ),
    ]
    print(f"{'milliseconds':<42} {'onearm':>9} {'scipy':>9} {'R':>9}")
    for (label, own, scipy_call), r_seconds in zip(cases, peers, strict=True):
        base = seconds_each(own)
        other = None if scipy_call is None else seconds_each(scipy_call)
        print(f"{label:<42} {1000 * base:9.3f} {_text(other, base)} {_text(r_seconds, base)}")
    values = rng.normal(size=(90, 17_000))
    start = time.perf_counter()
    max_t(values, np.arange(90) < 40, permutations=1000, seed=1)
    print(f"max-T, 17,000 features x 90 subjects, 1,000 permutations: {time.perf_counter() - start:.1f} s")


def _text(seconds: float | None, base: float) -> str:
    return f"{'none':>9}" if seconds is None else f"{1000 * seconds:9.3f} ({seconds / base:.1f}x)"


def _r(*samples: np.ndarray) -> list[float | None]:
    if shutil.which("Rscript") is None:
        return [None] * 5
    script = R_SCRIPT % tuple(",".join(map(repr, sample.tolist())) for sample in samples)
    printed = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True).stdout.split()
    return [None if value == "NA" else float(value) for value in printed]


if __name__ == "__main__":
    main()
