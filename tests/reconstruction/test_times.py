"""From random cohorts to printed numbers, and back to cohorts that print the same."""

from __future__ import annotations

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.reconstruction.printed import NOT_REACHED, Printed, printed
from onearm.reconstruction.targets import Among, Conventions, CurveTargets, FollowUpTargets, Landmark, Schedule
from onearm.reconstruction.times import solve_times
from onearm.stats.follow_up import follow_up_of_all, reverse_follow_up
from onearm.stats.kaplan_meier import kaplan_meier, survival_at
from onearm.stats.quantiles import survival_quantile

_R = Conventions(interval="log-log")
_SPSS = Conventions(interval="plain", median="spss", quartiles="spss", ties="breslow")


def _numbers(day: np.ndarray, event: np.ndarray, conventions: Conventions) -> dict[str, float]:
    """Median, limits, rates and follow-up by the statistics room, which the solver does not use."""
    months = day / conventions.days_per_month
    curve = kaplan_meier(months, event, interval=conventions.interval)
    median = survival_quantile(curve, convention=conventions.median)
    at = survival_at(curve, [6, 12])
    reverse = reverse_follow_up(months, event, interval=conventions.interval, convention=conventions.median)
    every = follow_up_of_all(months, event, quartiles=conventions.quartiles)
    numbers = {"median": median.estimate, "low": median.low, "high": median.high, "reverse": reverse.median}
    numbers |= {"all": every.median, "q1": every.first_quartile, "q3": every.third_quartile}
    for i, month in enumerate((6, 12)):
        numbers |= {
            f"{month}": 100 * at.survival[i],
            f"{month} low": 100 * at.low[i],
            f"{month} high": 100 * at.high[i],
        }
    return numbers


def _print(number: float, decimals: int) -> Printed:
    return NOT_REACHED if np.isnan(number) else printed(f"{number:.{decimals}f}")


@pytest.mark.parametrize("conventions", [_R, _SPSS], ids=["r", "spss"])
@pytest.mark.parametrize("is_known", [True, False], ids=["events known", "events unknown"])
@pytest.mark.parametrize("seed", range(3))
def test_the_printed_numbers_of_a_random_cohort_are_met_again(seed, is_known, conventions):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 70))
    true = rng.exponential(300, n)
    leaving = rng.uniform(200, 800, n)
    day, event = np.ceil(np.minimum(true, leaving)).astype(int), true <= leaving
    numbers = _numbers(day, event, conventions)
    show = {name: _print(value, 1) for name, value in numbers.items()}
    target = CurveTargets(
        "PFS",
        "PFS",
        n=n,
        events=int(event.sum()) if is_known else None,
        median=show["median"],
        low=show["low"],
        high=show["high"],
        landmarks=tuple(Landmark(m, show[f"{m}"], show[f"{m} low"], show[f"{m} high"]) for m in (6, 12)),
    )
    follow_up = (FollowUpTargets("follow-up", "reverse", show["reverse"], endpoint="PFS"),)
    solution = solve_times(target, conventions, Schedule(longest_follow_up=800), follow_up=follow_up, seed=seed)
    assert [check.name for check in solution.checks if not check.is_met] == []
    again = _numbers(solution.day, solution.event, conventions)
    assert {name: _print(again[name], 1) for name in show if name not in {"all", "q1", "q3"}} == {
        name: value for name, value in show.items() if name not in {"all", "q1", "q3"}
    }
    assert solution.day.max() <= 800
    assert solution.day.min() >= 1


def test_overall_survival_of_alter_e_003():
    """Rates, median, deaths, quartiles of follow-up and the cut-off of the paper, all at once."""
    target = CurveTargets(
        "OS",
        "OS",
        n=46,
        events=22,
        median=printed("20.57"),
        low=printed("14.65"),
        high=NOT_REACHED,
        landmarks=(
            Landmark(12, printed("71.7"), printed("56.4"), printed("82.5")),
            Landmark(18, printed("51.6"), printed("35.4"), printed("65.6")),
        ),
    )
    follow_up = FollowUpTargets("follow-up", "all", printed("17.64"), printed("10.71"), printed("18.60"), "iqr")
    solution = solve_times(target, _R, Schedule(longest_follow_up=729), follow_up=(follow_up,), seed=0)
    assert [check for check in solution.checks if not check.is_met] == []
    numbers = _numbers(solution.day, solution.event, _R)
    assert round(numbers["median"], 2) == 20.57
    assert round(numbers["all"], 2) == 17.64
    assert (round(numbers["q1"], 2), round(numbers["q3"], 2)) == (10.71, 18.60)
    assert (round(numbers["12"], 1), round(numbers["12 low"], 1), round(numbers["12 high"], 1)) == (71.7, 56.4, 82.5)
    assert int(solution.event.sum()) == 22


def test_the_same_seed_gives_the_same_times():
    target = CurveTargets("PFS", "PFS", n=40, events=25, median=printed("5.1"), low=printed("3.9"), high=printed("8.0"))
    first, second = (solve_times(target, _R, seed=3) for _ in range(2))
    assert first.day.tolist() == second.day.tolist()
    assert first.event.tolist() == second.event.tolist()


def test_numbers_that_no_times_give_are_said_to_be_missed():
    """With 10 patients and 10 events by 12 months nobody is left, so a rate of 50% cannot be."""
    target = CurveTargets(
        "OS", "OS", n=10, events=10, longest=printed("11.0"), landmarks=(Landmark(12, printed("50.0")),)
    )
    solution = solve_times(target, _R)
    missed = [check for check in solution.checks if not check.is_met]
    assert missed
    assert all(check.reason for check in missed)


def test_the_number_of_patients_must_be_known():
    with pytest.raises(MethodError, match=r"PFS\.n"):
        solve_times(CurveTargets("PFS", "PFS", median=printed("5.1")), _R)


def test_the_curve_of_a_subgroup_is_looked_for_by_itself():
    """Of seven patients six must have the event for the upper log-log limit to come down to one half."""
    target = CurveTargets(
        "PFS liver",
        "PFS",
        (Among("LIVER", "Y"),),
        n=7,
        median=printed("6.80"),
        low=printed("2.73"),
        high=printed("6.90"),
    )
    solution = solve_times(target, _R)
    assert [check for check in solution.checks if not check.is_met] == []
    assert solution.event.sum() >= 6
