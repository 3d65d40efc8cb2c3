"""
Cox regression with one and three covariates: onearm beside R survival, lifelines and scikit-survival.

Run with ``python -m benchmarks.cox`` (``python -m benchmarks.cox 100000`` for another number of rows). A peer that is
not installed is skipped by name, and scikit-survival above 200,000 rows, where it takes many minutes. Every program
gets the same times, with Efron's correction for ties, in memory; R is timed twice: as ``coxph``, which adds residuals
and the concordance, and as the bare ``coxph.fit``. Peak memory is what a fit of onearm adds to the process, by
``tracemalloc``.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.stats.cox import cox

__all__ = ["main"]

R_SCRIPT = """
suppressMessages(library(survival))
a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3]); kind <- a[4]; repeats <- as.integer(a[5])
f <- file(a[1], "rb"); time <- readBin(f, "double", n); event <- readBin(f, "double", n)
X <- matrix(readBin(f, "double", n * p), n); close(f); colnames(X) <- paste0("x", seq_len(p))
y <- Surv(time, event); d <- data.frame(time, event, X); d$X <- X
best <- Inf
for (i in seq_len(repeats)) {
  begin <- proc.time()[[3]]
  if (kind == "fit") fit <- coxph.fit(X, aeqSurv(y), NULL, NULL, NULL, coxph.control(), NULL, "efron", NULL, resid = FALSE)
  else fit <- coxph(Surv(time, event) ~ X, d)
  best <- min(best, proc.time()[[3]] - begin)
}
cat(format(c(best, unname(fit$coefficients)), digits = 15))
"""


class Sample(NamedTuple):
    """Times, events and covariates."""

    time: NDArray[np.float64]
    event: NDArray[np.bool_]
    X: NDArray[np.float64]


Timed = tuple[float, NDArray[np.float64]]


def draw(n: int, p: int, *, is_whole_days: bool) -> Sample:
    """Draw exponential times, about 30% censored, with a treatment and standard normal covariates."""
    generator = np.random.default_rng(n + p)
    X = generator.normal(size=(n, p))
    X[:, 0] = generator.random(n) < 0.5
    days = generator.exponential(400, n) * np.exp(-X @ np.full(p, 0.3))
    censoring = generator.exponential(900, n)
    first = np.minimum(days, censoring)
    return Sample(np.ceil(first) if is_whole_days else first, days <= censoring, X)


def timed(fit: Callable[[], NDArray[np.float64]], repeats: int) -> Timed:
    """Time a fit: the best of several."""
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        found = fit()
        seconds.append(time.perf_counter() - begin)
    return min(seconds), found


def by_onearm(sample: Sample) -> Timed:
    """Fit with onearm."""
    return timed(lambda: np.asarray(cox(*sample).coef), 3)


def by_lifelines(sample: Sample) -> Timed:
    """Fit with lifelines, once: it takes minutes."""
    import pandas as pd
    from lifelines import CoxPHFitter

    table = pd.DataFrame(sample.X).assign(time=sample.time, event=sample.event)
    table.columns = table.columns.astype(str)
    return timed(lambda: np.asarray(CoxPHFitter().fit(table, "time", "event").params_), 1)


def by_scikit_survival(sample: Sample) -> Timed:
    """Fit with scikit-survival, once."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    outcome = Surv.from_arrays(sample.event, sample.time)
    return timed(lambda: CoxPHSurvivalAnalysis(ties="efron").fit(sample.X, outcome).coef_, 1)


def by_r(sample: Sample, kind: str) -> Timed:
    """Time R without its start and the reading of the data."""
    n, p = sample.X.shape
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder, "data"), Path(folder, "script.R")
        parts = [sample.time, sample.event.astype(np.float64), sample.X.T.ravel()]
        data.write_bytes(np.concatenate(parts).tobytes())
        script.write_text(R_SCRIPT)
        command = ["Rscript", str(script), str(data), str(n), str(p), kind, "3"]
        seconds, *coef = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    return seconds, np.array(coef)


def peak_megabytes(sample: Sample) -> float:
    """Measure what a fit holds at most, besides its input."""
    tracemalloc.start()
    cox(*sample)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def compare(n: int, p: int, *, is_whole_days: bool) -> None:
    """Time every program on one sample and print ratios."""
    sample = draw(n, p, is_whole_days=is_whole_days)
    what = "whole days" if is_whole_days else "continuous times"
    ours, coef = by_onearm(sample)
    print(f"\nn = {n:,}, {p} covariate{'s' if p > 1 else ''}, {what}, {int(sample.event.sum()):,} events")
    print(f"  {'onearm':16} {ours:9.3f} s   coefficient {coef[0]:.6f}")
    has_r = shutil.which("Rscript") is not None
    peers: dict[str, Callable[[], Timed] | None] = {
        "R coxph": (lambda: by_r(sample, "coxph")) if has_r else None,
        "R coxph.fit": (lambda: by_r(sample, "fit")) if has_r else None,
        "lifelines": (lambda: by_lifelines(sample)) if importlib.util.find_spec("lifelines") else None,
        "scikit-survival": (lambda: by_scikit_survival(sample)) if importlib.util.find_spec("sksurv") else None,
    }
    for name, peer in peers.items():
        if peer is None:
            print(f"  {name:16} skipped: not installed")
            continue
        if name == "scikit-survival" and n > 200_000:
            print(f"  {name:16} skipped: takes many minutes above 200,000 rows")
            continue
        theirs, found = peer()
        apart = float(np.max(np.abs(found / coef - 1)))
        print(f"  {name:16} {theirs:9.3f} s   {theirs / ours:8.1f} times onearm   coefficients differ by {apart:.0e}")
    print(
        f"  peak memory of onearm: {peak_megabytes(sample):.0f} MB besides {sum(a.nbytes for a in sample) / 1e6:.0f} MB"
    )


def main() -> None:
    """Compare one and three covariates at a million rows, or as many as the first argument says."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 1_000_000
    print("Cox model, Efron's correction for ties")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for is_whole_days in (True, False):
            for p in (1, 3):
                compare(n, p, is_whole_days=is_whole_days)


if __name__ == "__main__":
    main()
