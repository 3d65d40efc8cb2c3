"""
Kaplan-Meier with median and its interval: onearm beside R survival, lifelines and scikit-survival.

Run with ``python -m benchmarks.kaplan_meier``. A peer that is not installed is skipped by name. Every program gets the
same exponential times with 40% censored, in memory; only the estimate, its pointwise limits and the median with its
limits are timed, best of several runs. Peak memory is what the estimate adds to the process, by ``tracemalloc``.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
import timeit
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onearm.stats.kaplan_meier import kaplan_meier
from onearm.stats.quantiles import survival_quantile

__all__ = ["main"]

Sample = tuple[NDArray[np.float64], NDArray[np.bool_]]
Median = tuple[float, float, float]

R_SCRIPT = """
suppressMessages(library(survival))
a <- commandArgs(TRUE); n <- as.integer(a[2]); repeats <- as.integer(a[3]); inner <- as.integer(a[4])
f <- file(a[1], "rb"); time <- readBin(f, "double", n); event <- readBin(f, "double", n); close(f)
best <- Inf
for (i in seq_len(repeats)) {
  begin <- proc.time()[[3]]
  for (j in seq_len(inner)) { fit <- survfit(Surv(time, event) ~ 1); q <- quantile(fit, 0.5) }
  best <- min(best, (proc.time()[[3]] - begin) / inner)
}
cat(format(c(best, q$quantile, q$lower, q$upper), digits = 15))
"""


def draw(n: int) -> Sample:
    """Draw exponential times with 40% censored."""
    generator = np.random.default_rng(n)
    time, censoring = generator.exponential(12, n), generator.exponential(18, n)
    return np.minimum(time, censoring), time <= censoring


def by_onearm(sample: Sample) -> Median:
    """Estimate with onearm."""
    found = survival_quantile(kaplan_meier(*sample))
    return found.estimate, found.low, found.high


def by_lifelines(sample: Sample) -> Median:
    """Estimate with lifelines; its interval is log-log."""
    from lifelines import KaplanMeierFitter
    from lifelines.utils import median_survival_times

    fitter = KaplanMeierFitter().fit(*sample)
    low, high = median_survival_times(fitter.confidence_interval_).to_numpy().ravel()
    return float(fitter.median_survival_time_), float(low), float(high)


def by_scikit_survival(sample: Sample) -> Median:
    """Estimate with scikit-survival, which has no median: the crossings are read off by NumPy."""
    from sksurv.nonparametric import kaplan_meier_estimator

    time, survival, (low, high) = kaplan_meier_estimator(sample[1], sample[0], conf_type="log-log")
    return tuple(float(time[np.argmax(values <= 0.5)]) for values in (survival, low, high))  # type: ignore[return-value]  # three values


def best_of(run: Callable[[], Median], n: int) -> tuple[float, Median]:
    """Time a call: the best of several, small samples many times over."""
    inner, repeats = (200, 5) if n <= 1000 else (1, 5)
    return min(timeit.repeat(run, number=inner, repeat=repeats)) / inner, run()


def by_r(sample: Sample, n: int) -> tuple[float, Median]:
    """Time survfit and quantile inside R, without the start of R and the reading of the data."""
    inner, repeats = (200, 5) if n <= 1000 else (1, 5)
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder, "data"), Path(folder, "script.R")
        data.write_bytes(np.concatenate(sample).astype(np.float64).tobytes())
        script.write_text(R_SCRIPT)
        command = ["Rscript", str(script), str(data), str(n), str(repeats), str(inner)]
        seconds, *median = map(
            float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        )
    return seconds, (median[0], median[1], median[2])


def peak_megabytes(sample: Sample) -> float:
    """Measure what an estimate holds at most, besides its input."""
    tracemalloc.start()
    by_onearm(sample)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def compare(n: int) -> None:
    """Time every program on one sample and print ratios."""
    sample = draw(n)
    ours, median = best_of(lambda: by_onearm(sample), n)
    print(f"\nn = {n:,}; median {median[0]:.4f}, 95% {median[1]:.4f} to {median[2]:.4f} (log)")
    print(f"  {'onearm':16} {1e3 * ours:10.3f} ms")
    peers: dict[str, Callable[[], tuple[float, Median]] | None] = {
        "R survival": (lambda: by_r(sample, n)) if shutil.which("Rscript") else None,
        "lifelines": (lambda: best_of(lambda: by_lifelines(sample), n)) if has("lifelines") else None,
        "scikit-survival": (lambda: best_of(lambda: by_scikit_survival(sample), n)) if has("sksurv") else None,
    }
    times = {}
    for name, peer in peers.items():
        if peer is None:
            print(f"  {name:16} skipped: not installed")
            continue
        times[name], theirs = peer()
        agrees = "same median" if abs(theirs[0] - median[0]) <= 1e-9 * median[0] else f"OTHER MEDIAN {theirs[0]}"
        print(f"  {name:16} {1e3 * times[name]:10.3f} ms   {times[name] / ours:7.1f} times onearm   {agrees}")
    if times:
        fastest = min(times, key=lambda name: times[name])
        print(f"  onearm takes {ours / times[fastest]:.2f} of the time of the fastest peer ({fastest})")
    print(f"  peak memory of onearm: {peak_megabytes(sample):.1f} MB besides the {9 * n / 1e6:.1f} MB of input")


def has(module: str) -> bool:
    """Say whether a module is installed."""
    return importlib.util.find_spec(module) is not None


def main() -> None:
    """Compare at 50, 10,000 and 1,000,000 subjects."""
    print("Kaplan-Meier estimate, pointwise limits, median with limits")
    for n in (50, 10_000, 1_000_000):
        compare(n)


if __name__ == "__main__":
    main()
