"""
Error rates of the survival statistics by simulation: type I error of the tests, coverage of the intervals.

Run with ``python -m verification.survival``; it takes about two minutes. Each line says what was found, its Monte Carlo
error and, where a range is promised, whether it was kept. Methods known to be poor in small samples (plain limits,
the normal one-sample test) are shown without a promise: the figures say how poor.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onearm.stats.bands import INTERVAL_OF_PRESET, IntervalScale
from onearm.stats.cutpoint import best_cutpoint
from onearm.stats.gray import gray_test
from onearm.stats.kaplan_meier import kaplan_meier, survival_at
from onearm.stats.log_rank import log_rank
from onearm.stats.one_sample import one_sample_log_rank
from onearm.stats.quantiles import survival_quantile
from onearm.stats.reference_hazard import ConstantHazard
from onearm.stats.restricted_mean import restricted_mean

__all__ = ["main"]

N_TRIALS = 4000
SCALES: tuple[IntervalScale, ...] = ("plain", "log", "log-log", "logit", "arcsine")


class Finding(NamedTuple):
    """A simulated rate, and the range promised for it, if one is."""

    what: str
    rate: float
    promise: tuple[float, float] | None

    @property
    def is_kept(self) -> bool:
        """Whether the rate lies in the range, give or take three Monte Carlo errors."""
        if self.promise is None:
            return True
        slack = 3 * math.sqrt(self.rate * (1 - self.rate) / N_TRIALS)
        return self.promise[0] - slack <= self.rate <= self.promise[1] + slack


Sample = tuple[NDArray[np.float64], NDArray[np.bool_]]


def draw(generator: np.random.Generator, n: int, *, follow_up: tuple[float, float] = (1.0, 3.0)) -> Sample:
    """Draw exponential times of mean 1 / log 2 (median 1), censored by a cut-off after uniform accrual."""
    event_time = generator.exponential(1 / math.log(2), n)
    censoring = generator.uniform(*follow_up, n)
    return np.minimum(event_time, censoring), event_time <= censoring


def rate_of(trial: Callable[[np.random.Generator], bool], seed: int) -> float:
    """Share of simulated trials in which something happens."""
    generator = np.random.default_rng([1966, seed])
    return sum(trial(generator) for _ in range(N_TRIALS)) / N_TRIALS


def check_log_rank() -> list[Finding]:
    """Check the type I error at 5% of two groups of 15, the same in truth."""
    group = np.repeat([0, 1], 15)
    strata = np.tile([0, 1, 2], 10)

    def rejects(rho: float, *, has_strata: bool) -> Callable[[np.random.Generator], bool]:
        layers = strata if has_strata else None
        return lambda generator: log_rank(*draw(generator, 30), group, rho=rho, strata=layers).p < 0.05

    return [
        Finding("log-rank, n = 30", rate_of(rejects(0, has_strata=False), 1), (0.04, 0.06)),
        Finding("log-rank, n = 30, three strata", rate_of(rejects(0, has_strata=True), 2), (0.04, 0.065)),
        Finding("rho = 1, n = 30", rate_of(rejects(1, has_strata=False), 3), (0.04, 0.06)),
    ]


def check_gray() -> list[Finding]:
    """Check the type I error at 5% of two groups of 40, half of the failures competing."""

    def rejects(generator: np.random.Generator) -> bool:
        times, failed = draw(generator, 80)
        cause = np.where(failed, generator.integers(1, 3, 80), 0)
        return gray_test(times, cause, np.repeat([0, 1], 40)).p < 0.05

    return [Finding("Gray's test, n = 80", rate_of(rejects, 4), (0.035, 0.065))]


def check_one_sample() -> list[Finding]:
    """Check the one-sided type I error at 5% of one arm against its true hazard, with and without censoring."""
    reference = ConstantHazard(math.log(2))
    findings = []
    for n in (15, 30, 60):
        for name, follow_up in (("40% censored", (0.5, 2.2)), ("no one censored", (99.0, 100.0))):
            rejected = np.zeros(4)
            generator = np.random.default_rng([2003, n])
            for _ in range(N_TRIALS):
                times, failed = draw(generator, n, follow_up=follow_up)
                by_expected = one_sample_log_rank(times, failed, reference)
                by_average = one_sample_log_rank(times, failed, reference, variance="average")
                by_events = one_sample_log_rank(times, failed, reference, stopped_by="events")
                better = [found.p_better for found in (by_expected, by_average)]
                better += [found.p_exact_better for found in (by_expected, by_events)]
                rejected += np.array(better) < 0.05
            # with everyone followed to the event the gamma distribution is exact, so the level must be met
            promises = (None, None, (0.0, 0.05), (0.05, 0.05) if follow_up[0] > 50 else None)
            tests = ("(O - E)/sqrt(E)", "Wu", "Poisson", "gamma")
            for which, count, promise in zip(tests, rejected, promises, strict=True):
                findings.append(Finding(f"one-sample, {which}, n = {n}, {name}", float(count) / N_TRIALS, promise))
    return findings


def check_median() -> list[Finding]:
    """Check the coverage of the 95% interval of the median in each program's convention; no upper limit covers."""
    findings = []
    for n in (20, 50, 100):
        generator = np.random.default_rng([1982, n])
        covered = dict.fromkeys(INTERVAL_OF_PRESET, 0)
        for _ in range(N_TRIALS):
            sample = draw(generator, n)
            for preset, scale in INTERVAL_OF_PRESET.items():
                found = survival_quantile(kaplan_meier(*sample, interval=scale), convention=preset)
                covered[preset] += (math.isnan(found.low) or found.low <= 1) and not found.high < 1
        for preset, count in covered.items():
            promise = (0.92, 0.985) if preset != "spss" and n >= 50 else None
            findings.append(Finding(f"median, convention {preset}, n = {n}", count / N_TRIALS, promise))
    return findings


def check_limits() -> list[Finding]:
    """Check the coverage of the 95% limits of S(t) on each scale, where S is 0.5 and 0.8."""
    findings = []
    for n in (25, 100):
        for truth in (0.8, 0.5):
            at = -math.log(truth) / math.log(2)
            for scale in SCALES:
                generator = np.random.default_rng([1990, n])
                covered = 0
                for _ in range(N_TRIALS // 2):
                    found = survival_at(kaplan_meier(*draw(generator, n), interval=scale), at)
                    covered += bool(found.low[0] <= truth <= found.high[0])
                promise = (0.92, 0.975) if scale not in ("plain", "log") and n >= 100 else None
                findings.append(Finding(f"S = {truth}, {scale}, n = {n}", covered / (N_TRIALS // 2), promise))
    return findings


def check_mean() -> list[Finding]:
    """Check the coverage of the 95% interval of the mean up to 1.5 medians."""
    rate = math.log(2)
    truth = (1 - math.exp(-1.5 * rate)) / rate

    def covers(generator: np.random.Generator) -> bool:
        found = restricted_mean(kaplan_meier(*draw(generator, 50)), 1.5)
        return found.low <= truth <= found.high

    return [Finding("restricted mean, n = 50", rate_of(covers, 5), (0.925, 0.96))]


def check_cutpoint() -> list[Finding]:
    """Check the type I error at 5% of the best cut-point of a marker without meaning."""
    generator = np.random.default_rng(1992)
    rejected = np.zeros(4)
    trials = N_TRIALS // 4
    for _ in range(trials):
        found = best_cutpoint(*draw(generator, 40), generator.normal(size=40), n_permutations=399)
        p = [found.p_unadjusted, found.p_lausen_1992, found.p_lausen_1994, found.p_permutation]
        rejected += np.array(p) <= 0.05
    names = ("unadjusted", "Lausen 1992", "Lausen 1994", "permutation")
    promises = (None, (0.0, 0.06), (0.0, 0.06), (0.035, 0.065))
    return [
        Finding(f"best cut-point, {name}, n = 40", float(count) / trials, promise)
        for name, count, promise in zip(names, rejected, promises, strict=True)
    ]


def main() -> int:
    """Simulate, print what was found, and return the number of promises that were not kept."""
    broken = 0
    for check in (check_log_rank, check_gray, check_one_sample, check_cutpoint, check_median, check_limits, check_mean):
        started = time.perf_counter()
        findings = check()
        summary = (check.__doc__ or "").removeprefix("Check ").strip()
        print(f"{summary[0].upper()}{summary[1:]} ({time.perf_counter() - started:.0f} s)")
        for finding in findings:
            verdict = "" if finding.promise is None else f"promised {finding.promise[0]:g} to {finding.promise[1]:g}"
            if not finding.is_kept:
                verdict += ": NOT KEPT"
                broken += 1
            print(f"  {finding.what:52} {finding.rate:7.4f}  {verdict}".rstrip())
    print(f"{broken} promises not kept")
    return broken


if __name__ == "__main__":
    sys.exit(main() > 0)
