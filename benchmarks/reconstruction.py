"""Time the solvers that look for patients behind printed numbers; there is no peer, so each line stands by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from onearm.reconstruction.adverse_events import solve_adverse_events
from onearm.reconstruction.count_targets import AdverseEventTargets, Margin, Measure, Quantity, TermTargets
from onearm.reconstruction.curve_numbers import code_of, curve_recipe, limits_at, quantile_of, steps_of
from onearm.reconstruction.margins import assign_margins
from onearm.reconstruction.printed import printed
from onearm.reconstruction.solutions import AdverseEventSolution, LabelSolution, TimeSolution
from onearm.reconstruction.targets import Conventions, CurveTargets, Landmark, Schedule
from onearm.reconstruction.times import solve_times
from onearm.stats.kaplan_meier import kaplan_meier, survival_at
from onearm.stats.quantiles import survival_quantile

LOG_LOG = Conventions(interval="log-log")


def progression_free_survival() -> TimeSolution:
    """Eleven numbers of ALTER-E-003: events, median with limits, two rates with limits."""
    marks = (
        Landmark(12, printed("58.8"), printed("41.0"), printed("72.9")),
        Landmark(18, printed("43.9"), printed("26.0"), printed("60.4")),
    )
    median = map(printed, ("15.74", "9.03", "21.91"))
    target = CurveTargets("PFS", "PFS", (), 46, 21, *median, marks)
    return solve_times(target, LOG_LOG, Schedule(longest_follow_up=715))


def adverse_events() -> AdverseEventSolution:
    """Thirty terms of a hundred patients."""
    rows = tuple(TermTargets(f"term {k}", 45 - k, max(0, 8 - k)) for k in range(30))
    return solve_adverse_events(AdverseEventTargets(100, rows, any_event=96, any_grade_3=30))


def characteristics() -> LabelSolution:
    """Age with its classes, and three characteristics."""
    age = Measure(
        "AGE",
        quantities=(Quantity("age", printed("67"), low=printed("44"), high=printed("77")),),
        groups={"< 65": (44, 64), "≥ 65": (65, 77)},
    )
    counts = {"AGE_GROUP": {"< 65": 15, "≥ 65": 31}, "SEX": {"M": 31, "F": 15}, "ECOG": {"0": 14, "1": 32}}
    margins = [Margin(name, dict(levels)) for name, levels in counts.items()]
    return assign_margins(46, margins, measures=[age])


def _share(solve: Callable[[], TimeSolution | AdverseEventSolution | LabelSolution]) -> str:
    started = time.perf_counter()
    checks = solve().checks
    met = sum(check.is_met for check in checks)
    return f"{time.perf_counter() - started:7.2f} s, {met} of {len(checks)} numbers met"


def main() -> None:
    """Print seconds and numbers met of each solver, and the inner loop beside the statistics room."""
    for solve in (progression_free_survival, adverse_events, characteristics):
        print(f"{solve.__name__.replace('_', ' '):28} {_share(solve)}")
    rng = np.random.default_rng(1)
    day, event = rng.integers(1, 700, 46), rng.random(46) < 0.5
    codes = sorted(code_of(int(d), bool(e)) for d, e in zip(day, event, strict=True))
    recipe = curve_recipe(LOG_LOG)

    def quick() -> None:
        steps = steps_of(codes)
        quantile_of(steps, 0.5, recipe)
        limits_at(steps, 12, recipe)

    def plain() -> None:
        curve = kaplan_meier(day / 30.4375, event, interval="log-log")
        survival_quantile(curve)
        survival_at(curve, 12)

    own, statistics = (min(_seconds(task) for _ in range(5)) for task in (quick, plain))
    print(
        f"{'one curve of 46 patients':28} {own * 1e6:7.0f} µs, {statistics * 1e6:.0f} µs by onearm.stats: "
        f"{statistics / own:.0f} times as long"
    )


def _seconds(task: Callable[[], None], repeats: int = 300) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        task()
    return (time.perf_counter() - started) / repeats


if __name__ == "__main__":
    main()
