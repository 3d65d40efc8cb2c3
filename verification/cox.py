"""
Type I error of the tests of Cox models in small trials, and coverage of their intervals, by simulation.

Run with ``python -m verification.cox``; it takes about a minute. 30 patients, a binary factor in 12 of them,
exponential times in whole months, about a third censored, and no effect. Each line says how often a test at 5%
rejects, with its Monte Carlo error. The likelihood-ratio, score and penalised tests are promised to stay near 5%;
Wald's test is shown as it is. A second part is at a hazard ratio of 2: how often each interval covers it, and how often
a trial is separated.
"""

from __future__ import annotations

import math
import sys
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.stats.cox import cox
from onearm.stats.cox_firth import cox_firth
from onearm.stats.cox_screen import cox_screen

__all__ = ["main"]

N_PATIENTS = 30
N_TRIALS = 600
N_FEATURES = 200_000


class Finding(NamedTuple):
    """A simulated rate with the number of trials behind it, and the range promised for it, if one is."""

    what: str
    rate: float
    trials: int
    promise: tuple[float, float] | None

    @property
    def error(self) -> float:
        """Monte Carlo standard error."""
        return math.sqrt(self.rate * (1 - self.rate) / self.trials)

    @property
    def is_kept(self) -> bool:
        """Whether the rate lies in the range, give or take three Monte Carlo errors."""
        if self.promise is None:
            return True
        return self.promise[0] - 3 * self.error <= self.rate <= self.promise[1] + 3 * self.error


def draw(
    generator: np.random.Generator, hazard_ratio: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Draw one trial: times in whole months, events, the factor."""
    factor = (np.arange(N_PATIENTS) < 12).astype(np.float64)
    death = generator.exponential(12 / np.where(factor > 0, hazard_ratio, 1.0))
    censoring = generator.uniform(6, 36, N_PATIENTS)
    return np.ceil(np.minimum(death, censoring)), death <= censoring, factor


def type_i_error(kind: str, generator: np.random.Generator) -> list[Finding]:
    """Reject at 5% where nothing is to be found: many features of one trial at a time, all independent of it."""
    rejected: dict[str, list[float]] = {"Wald": [], "likelihood ratio": [], "score": [], "Firth": []}
    per_trial = 1000
    for _ in range(N_FEATURES // per_trial):
        time, event, factor = draw(generator, 1.0)
        if kind == "binary":
            features = generator.permuted(np.tile(factor, (per_trial, 1)), axis=1).T
        else:
            features = generator.normal(size=(N_PATIENTS, per_trial))
        plain = cox_screen(time, event, features)
        few = features[:, :50]
        tests = {
            "Wald": plain.p_wald,
            "likelihood ratio": plain.p_likelihood_ratio,
            "score": plain.p_score,
            "Firth": cox_screen(time, event, few, method="firth").p_likelihood_ratio,
        }
        for name, p in tests.items():
            # a separated feature has no Wald test, which therefore cannot reject
            rejected[name].append(float(np.mean(np.nan_to_num(p, nan=1.0) < 0.05)))
    # features of one trial share its times, so that trials, not features, are the unit
    return [
        Finding(
            what=f"type I error, {kind} feature, {name}",
            rate=float(np.mean(rates)),
            trials=len(rates) * (50 if name == "Firth" else per_trial),
            promise=None if name == "Wald" else (0.04, 0.07 if name == "likelihood ratio" else 0.06),
        )
        for name, rates in rejected.items()
    ]


def coverage(generator: np.random.Generator) -> list[Finding]:
    """Cover a hazard ratio of 2."""
    covered: dict[str, list[bool]] = {"Wald": [], "profile likelihood": [], "Firth, profile": []}
    separated = 0
    for _ in range(N_TRIALS):
        time, event, factor = draw(generator, 2.0)
        profile = cox(time, event, factor, interval="profile")
        separated += profile.separation is not None
        firth = cox_firth(time, event, factor)
        wald = cox(time, event, factor)
        for name, model in (("Wald", wald), ("profile likelihood", profile), ("Firth, profile", firth)):
            covered[name].append(bool(model.low[0] <= 2.0 <= model.high[0]))
    found = [
        Finding(f"coverage of 95% interval, {name}", float(np.mean(hits)), N_TRIALS, (0.93, 0.97))
        for name, hits in covered.items()
    ]
    return [*found, Finding("separated trials at a hazard ratio of 2", separated / N_TRIALS, N_TRIALS, None)]


def main() -> None:
    """Print every rate; exit with 1 where a promise is broken."""
    generator = np.random.default_rng(20250301)
    print(f"Cox models, {N_PATIENTS} patients, times in whole months, a third censored")
    broken = 0
    for finding in [
        *type_i_error("binary", generator),
        *type_i_error("continuous", generator),
        *coverage(generator),
    ]:
        promise = "" if finding.promise is None else f"promised {finding.promise[0]:.3f} to {finding.promise[1]:.3f}"
        verdict = "" if finding.is_kept else "  BROKEN"
        broken += not finding.is_kept
        print(f"  {finding.what:50} {finding.rate:.4f} (error {finding.error:.4f})  {promise}{verdict}")
    if broken:
        sys.exit(1)


if __name__ == "__main__":
    main()
