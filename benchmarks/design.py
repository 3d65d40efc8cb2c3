"""
Times designs, recursions and simulated trials, beside clinfun's compiled search where R and clinfun are present.

Run ``python -m benchmarks.design``. Each time is the best of several runs, so that a busy machine distorts it least;
targets are printed beside the times.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable

from onearm.stats.design.bayes import MonitoringPlan, bayesian_rule
from onearm.stats.design.looks import operating_characteristics
from onearm.stats.design.simulate_survival import SurvivalTrial, simulate_survival
from onearm.stats.design.simulate_two_stage import simulate_two_stage
from onearm.stats.design.two_stage import find_feasible, find_simon

__all__ = ["main"]

R_SCRIPT = """
if (!requireNamespace("clinfun", quietly = TRUE)) { cat("absent"); quit() }
library(clinfun)
best <- function(f, n) min(sapply(1:n, function(i) system.time(f())[["elapsed"]]))
cat(best(function() for (k in 1:10) ph2simon(0.3, 0.5, 0.05, 0.2, nmax = 100), 5) / 10,
    best(function() ph2simon(0.2, 0.3, 0.05, 0.2, nmax = 200), 3))
"""


def best_of(function: Callable[[], object], repeats: int) -> float:
    """Shortest of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def clinfun() -> list[float] | None:
    """Seconds of clinfun's optimal and minimax search for both cases, or None where it is absent."""
    if shutil.which("Rscript") is None:
        print("R is absent: clinfun's search is skipped.")
        return None
    found = subprocess.run(["Rscript", "-e", R_SCRIPT], capture_output=True, text=True, check=True).stdout
    if found.strip() == "absent":
        print("The R package clinfun is absent: its search is skipped.")
        return None
    return [float(value) for value in found.split()]


def main() -> None:
    """Time and print."""
    rule = bayesian_rule(MonitoringPlan(tuple(range(10, 51, 5)), 0.10, 0.80, 0.25, 0.80))
    trial = SurvivalTrial(n=50, accrual=12, followup=12, median0=5.7, median=9.8, alpha=0.025)
    rates = [0.05, 0.10, 0.15, 0.20, 0.25, 0.30]
    cases: list[tuple[str, Callable[[], object], int, float | None]] = [
        ("all Simon designs, 0.3 against 0.5, n to 100", lambda: find_feasible(0.3, 0.5, n_max=100), 5, 0.3),
        ("optimal, minimax, admissible, 0.3 against 0.5", lambda: find_simon(0.3, 0.5), 9, None),
        ("optimal, minimax, admissible, 0.2 against 0.3", lambda: find_simon(0.2, 0.3), 5, None),
        ("all Simon designs, 0.2 against 0.3, n to 200", lambda: find_feasible(0.2, 0.3, n_max=200), 3, None),
        ("exact characteristics, 9 looks, 6 rates", lambda: operating_characteristics(rule, rates), 20, 0.010),
        ("1,000,000 simulated Simon trials", lambda: simulate_two_stage(5, 15, 18, 46, 0.5, 10**6, seed=1), 5, 0.2),
        (
            "100,000 simulated survival trials of 50",
            lambda: simulate_survival(trial, 10**5, seed=1, workers=1),
            3,
            10.0,
        ),
    ]
    seconds = {name: best_of(function, repeats) for name, function, repeats, _ in cases}
    print(f"{'':<48}{'seconds':>10}{'target':>9}")
    for name, _, _, target in cases:
        print(f"{name:<48}{seconds[name]:>10.4f}{'-' if target is None else f'{target:g}':>9}")
    peer = clinfun()
    if peer is None:
        return
    print(f"\n{'optimal design, onearm beside clinfun':<48}{'onearm':>10}{'clinfun':>9}{'ratio':>8}")
    ours = (seconds[cases[1][0]], seconds[cases[2][0]])
    for name, own, other in zip(("0.3 against 0.5, nmax 100", "0.2 against 0.3, nmax 200"), ours, peer, strict=True):
        print(f"{name:<48}{own:>10.4f}{other:>9.4f}{own / other:>8.2f}")
    print("clinfun stops at its nmax; onearm goes on until no larger n can be better.")


if __name__ == "__main__":
    main()
