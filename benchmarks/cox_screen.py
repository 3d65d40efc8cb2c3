"""
Cox screen of 17,000 features in 90 patients: onearm beside the bare ``coxph.fit`` loop of R, and the peers in Python.

Run with ``python -m benchmarks.cox_screen`` (``python -m benchmarks.cox_screen 2000`` for another number of features).
R runs only the fitting routine, without formulas, model frames or summaries: the fastest loop it has. lifelines and
scikit-survival fit 100 features each; their time for all is extrapolated. A peer that is not installed is skipped by
name. Peak memory is what a screen adds to the process, by ``tracemalloc``.
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

import numpy as np
from numpy.typing import NDArray

from onearm.stats.cox_screen import cox_screen

__all__ = ["main"]

R_SCRIPT = """
suppressMessages(library(survival))
a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3])
f <- file(a[1], "rb"); time <- readBin(f, "double", n); event <- readBin(f, "double", n)
X <- matrix(readBin(f, "double", n * p), n); close(f)
y <- Surv(time, event); control <- coxph.control(); coef <- numeric(p)
begin <- proc.time()[[3]]
for (j in seq_len(p)) {
  fit <- coxph.fit(X[, j, drop = FALSE], y, NULL, NULL, NULL, control, NULL, "efron", NULL, resid = FALSE)
  coef[j] <- fit$coefficients
}
cat(format(c(proc.time()[[3]] - begin, sum(abs(coef))), digits = 15))
"""
FEW = 100

Matrix = NDArray[np.float64]


def draw(n: int, p: int) -> tuple[Matrix, NDArray[np.bool_], Matrix]:
    """Draw times in quarters of a month, 70% events, and standard normal features."""
    generator = np.random.default_rng(p)
    months = np.ceil(4 * generator.exponential(10, n)) / 4
    return months, generator.random(n) < 0.7, generator.normal(size=(n, p))


def by_r(months: Matrix, event: NDArray[np.bool_], features: Matrix) -> tuple[float, float]:
    """Time the loop in R; give seconds and the sum of the absolute coefficients."""
    n, p = features.shape
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder, "data"), Path(folder, "script.R")
        data.write_bytes(np.concatenate([months, event.astype(np.float64), features.T.ravel()]).tobytes())
        script.write_text(R_SCRIPT)
        command = ["Rscript", str(script), str(data), str(n), str(p)]
        seconds, total = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    return seconds, total


def by_lifelines(months: Matrix, event: NDArray[np.bool_], features: Matrix) -> float:
    """Time lifelines, one feature after the other."""
    import pandas as pd
    from lifelines import CoxPHFitter

    begin = time.perf_counter()
    for column in features.T:
        CoxPHFitter().fit(pd.DataFrame({"x": column, "time": months, "event": event}), "time", "event")
    return time.perf_counter() - begin


def by_scikit_survival(months: Matrix, event: NDArray[np.bool_], features: Matrix) -> float:
    """Time scikit-survival, one feature after the other."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    outcome = Surv.from_arrays(event, months)
    begin = time.perf_counter()
    for column in features.T:
        CoxPHSurvivalAnalysis(ties="efron").fit(column[:, None], outcome)
    return time.perf_counter() - begin


def best_of_three(run: Callable[[], object]) -> float:
    """Time a call: the best of three."""
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def main() -> None:
    """Compare at 17,000 features, or as many as the first argument says."""
    n, p = 90, int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 17_000
    months, event, features = draw(n, p)
    ours = best_of_three(lambda: cox_screen(months, event, features))
    total = float(np.abs(cox_screen(months, event, features).coef).sum())
    print(f"Cox screen, {p:,} features x {n} patients, Efron, Wald, likelihood-ratio and score tests, q values")
    print(f"  {'onearm':28} {ours:9.3f} s")
    holes = np.where(np.random.default_rng(1).random(features.shape) < 0.05, np.nan, features)
    print(f"  {'onearm, 5% missing':28} {best_of_three(lambda: cox_screen(months, event, holes)):9.3f} s")
    adjust = np.random.default_rng(2).normal(size=(n, 2))
    adjusted = best_of_three(lambda: cox_screen(months, event, features, adjust=adjust))
    print(f"  {'onearm, 2 more covariates':28} {adjusted:9.3f} s")
    firth = best_of_three(lambda: cox_screen(months, event, features, method="firth"))
    print(f"  {'onearm, Firth':28} {firth:9.3f} s")
    if shutil.which("Rscript"):
        seconds, theirs = by_r(months, event, features)
        apart = f"sums of coefficients differ by {abs(theirs / total - 1):.0e}"
        print(f"  {'R coxph.fit, bare loop':28} {seconds:9.3f} s   {seconds / ours:8.1f} times onearm   {apart}")
    else:
        print(f"  {'R':28} skipped: not installed")
    for name, module, run in (
        ("lifelines", "lifelines", by_lifelines),
        ("scikit-survival", "sksurv", by_scikit_survival),
    ):
        if importlib.util.find_spec(module) is None:
            print(f"  {name:28} skipped: not installed")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seconds = run(months, event, features[:, :FEW]) * p / FEW
        print(f"  {name:28} {seconds:9.1f} s   {seconds / ours:8.1f} times onearm   from {FEW} features")
    tracemalloc.start()
    cox_screen(months, event, features)
    print(
        f"  peak memory of onearm: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB, input {features.nbytes / 1e6:.0f} MB"
    )
    tracemalloc.stop()


if __name__ == "__main__":
    main()
