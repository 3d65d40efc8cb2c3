"""
Coverage of every interval after a two-stage trial, over the true response rate, by enumeration.

The design is that of ALTER-E-003: 15 patients, stop with 5 responders or fewer; 46 in all. For each true rate the
probability of all outcomes whose interval holds the rate is summed: no simulation, no simulation error. Run ``python -m
verification.design [FOLDER]``; the picture goes to the folder, ``docs/pictures`` by default. The power of two-stage
survival designs, which is asymptotic, is set beside simulated trials.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from onearm.stats.design.survival_model import SurvivalModel
from onearm.stats.design.survival_two_stage import (
    TwoStageSurvival,
    evaluate_two_stage_survival,
    find_two_stage_survival,
)
from onearm.stats.design.two_stage_inference import infer_two_stage

__all__ = ["coverage", "main"]

Floats = NDArray[np.float64]

R1, N1, R, N = 5, 15, 18, 46
P0: Final = 0.3
LEVEL: Final = 0.95
RATES: Final = np.linspace(0.01, 0.99, 491)
PICTURES: Final = Path(__file__).resolve().parents[1] / "docs" / "pictures"
INTERVALS: Final = {
    "exact": "exact, ordered by stage and total",
    "koyama_chen": "Koyama-Chen",
    "naive": "Clopper-Pearson, ignoring the design",
    "wilson": "Wilson, ignoring the design",
}


def outcomes() -> list[tuple[int, int]]:
    """Every end of the trial: stage and responders."""
    return [(1, x) for x in range(R1 + 1)] + [(2, x) for x in range(R1 + 1, N + 1)]


def probabilities(rates: Floats) -> Floats:
    """Probability of each outcome: shape (n_outcomes, n_rates)."""
    x1, x2 = np.arange(N1 + 1), np.arange(N - N1 + 1)
    first, second = stats.binom.pmf(x1[:, None], N1, rates), stats.binom.pmf(x2[:, None], N - N1, rates)
    rows = []
    for stage, x in outcomes():
        if stage == 1:
            rows.append(first[x])
            continue
        ways = [a for a in range(R1 + 1, N1 + 1) if 0 <= x - a <= N - N1]
        rows.append(np.sum([first[a] * second[x - a] for a in ways], axis=0))
    return np.array(rows)


def bounds(name: str) -> Floats:
    """Lower and upper limits of an interval for each outcome: shape (n_outcomes, 2)."""
    rows = []
    for stage, x in outcomes():
        if name == "wilson":
            found = stats.binomtest(x, N1 if stage == 1 else N).proportion_ci(LEVEL, method="wilson")
            rows.append((found.low, found.high))
            continue
        result = infer_two_stage(R1, N1, R, N, responders=x, stage=stage, p0=P0, level=LEVEL)
        low, high = getattr(result, f"{name}_low"), getattr(result, f"{name}_high")
        # Koyama and Chen give nothing without a responder; the exact limits stand in, in their favour
        rows.append((low, high) if math.isfinite(low) else (result.exact_low, result.exact_high))
    return np.array(rows)


def coverage(name: str, rates: Floats = RATES) -> tuple[Floats, Floats, Floats]:
    """Coverage, and the probabilities to lie above the upper and below the lower limit, at each rate."""
    weight, limits = probabilities(rates), bounds(name)
    above = (rates[None, :] > limits[:, 1, None] + 1e-12) * weight
    below = (rates[None, :] < limits[:, 0, None] - 1e-12) * weight
    return 1 - above.sum(axis=0) - below.sum(axis=0), above.sum(axis=0), below.sum(axis=0)


def main(folder: Path = PICTURES) -> Path:
    """Enumerate, check the exact interval, print the tables, draw the picture."""
    found = {name: coverage(name) for name in INTERVALS}
    print(f"{'95 % intervals after 5/15, 18/46':<40}{'smallest':>10}{'mean':>8}{'above':>8}{'below':>8}")
    for name, (covered, above, below) in found.items():
        row = f"{INTERVALS[name]:<40}{covered.min():>10.4f}{covered.mean():>8.4f}"
        print(f"{row}{above.max():>8.4f}{below.max():>8.4f}")
    print("above, below: largest probability that the rate lies beyond the upper, the lower limit; 0.0250 is allowed\n")
    if found["exact"][0].min() < LEVEL - 1e-9:
        raise AssertionError("the exact interval covers less than its level")
    if found["koyama_chen"][1].max() <= (1 - LEVEL) / 2:
        raise AssertionError("the upper limit of Koyama and Chen was expected to miss too often")
    survival_power()
    return draw({name: values[0] for name, values in found.items()}, folder)


def survival_power() -> None:
    """Print the asymptotic power of two-stage survival designs beside that of simulated trials."""
    median0 = 2 * math.log(2) / -math.log(0.62)
    published = SurvivalModel(median0, 0.467, 46 / 5, 2, is_restricted=True)
    best = find_two_stage_survival(published, rate=5)
    again = SurvivalModel(median0, 0.467, best.n / 5, 2, is_restricted=True)
    rows = (
        ("published (OneArm2stage, said to have 0.80)", published, 46, 5.0946, 0.1349),
        ("optimal with the exact drift", again, best.n, best.t1, best.c1),
    )
    print(f"{'two-stage survival designs, power':<46}{'n':>4}{'EN(H0)':>8}{'asymptotic':>12}{'simulated':>11}")
    for name, model, n, t1, c1 in rows:
        design = evaluate_two_stage_survival(model, n=n, t1=t1, c1=c1)
        share = played(model, design)
        print(f"{name:<46}{n:>4}{design.expected0:>8.2f}{design.power:>12.4f}{share:>11.4f}")
        if abs(share - design.power) > 0.03:
            raise AssertionError(f"{name}: power {design.power:.4f}, simulated {share:.4f}")
    print()


def played(model: SurvivalModel, design: TwoStageSurvival, trials: int = 100_000) -> float:
    """Share of simulated trials that reject, patient by patient."""
    rng = np.random.default_rng(20_240_229)
    entry = rng.random((trials, design.n)) * model.accrual
    death = model.median0 / model.hr * rng.standard_exponential(entry.shape) / math.log(2)

    def statistic(now: float) -> Floats:
        seen = np.clip(now - entry, 0, model.followup)
        expected = math.log(2) / model.median0 * np.minimum(death, seen).sum(axis=1)
        happened = ((death <= seen) & (seen > 0)).sum(axis=1)
        return np.asarray((expected - happened) / np.sqrt(np.maximum(expected, 1e-12)))

    return float(((statistic(design.t1) > design.c1) & (statistic(design.duration) > design.c)).mean())


def draw(curves: dict[str, Floats], folder: Path) -> Path:
    """Draw coverage over the true rate, one panel for each interval."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, (name, covered) in zip(panels.flat, curves.items(), strict=True):
        axes.fill_between(RATES, 0.85, LEVEL, color="#D55E00", alpha=0.12, linewidth=0)
        axes.plot(RATES, covered, color="#0072B2", linewidth=1)
        axes.axhline(LEVEL, color="black", linewidth=0.8)
        axes.set_title(f"{INTERVALS[name]}\nsmallest {covered.min():.3f}, mean {covered.mean():.3f}", fontsize=10)
        axes.set(xlim=(0, 1), ylim=(0.85, 1.0))
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("true response rate")
    figure.supylabel("coverage of the 95 % interval")
    figure.suptitle("Coverage after the two-stage design 5/15, 18/46 (enumerated; below 0.95 is shaded)", fontsize=11)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "two_stage_coverage.png"
    figure.savefig(path, dpi=110)
    return path


if __name__ == "__main__":
    print(main(*(Path(argument) for argument in sys.argv[1:])))
