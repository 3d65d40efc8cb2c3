"""The shipped solutions: found for the targets of today, and found again by the search that the trial names."""

from __future__ import annotations

import pytest

from onearm.reconstruction.cohort import cohort_terms, solve_cohort
from onearm.reconstruction.stored import read_solution, write_solution
from onearm.run.paper_targets import paper_targets
from onearm.run.reproduce import read_shipped, shipped_trials


@pytest.mark.parametrize("trial", shipped_trials())
def test_a_shipped_solution_was_found_for_the_targets_of_today(trial: str) -> None:
    shipped = read_shipped(trial)
    cohort = paper_targets(shipped.published, shipped.meanings, shipped.protocol).cohort
    solution = read_solution(shipped.solution, cohort, seed=1)
    assert solution is not None
    assert read_solution(write_solution(solution, cohort, seed=1), cohort, seed=1) is not None
    assert solution.n == cohort.n
    assert cohort_terms(cohort)


def test_a_solution_for_other_targets_is_not_taken() -> None:
    shipped, other = read_shipped("alter_e_003"), read_shipped("regomune")
    cohort = paper_targets(other.published, other.meanings, other.protocol).cohort
    assert read_solution(shipped.solution, cohort, seed=1) is None


@pytest.mark.slow
def test_the_search_meets_nearly_every_target_anew() -> None:
    shipped = read_shipped("ai_ici_sarcoma")
    cohort = paper_targets(shipped.published, shipped.meanings, shipped.protocol).cohort
    checks = solve_cohort(cohort, seed=1).checks
    assert sum(check.is_met for check in checks) >= 0.95 * len(checks)


@pytest.mark.slow
@pytest.mark.parametrize("trial", shipped_trials())
def test_the_search_that_a_trial_names_finds_what_ships(trial: str) -> None:
    shipped = read_shipped(trial)
    search = shipped.meanings.cohort["search"]
    cohort = paper_targets(shipped.published, shipped.meanings, shipped.protocol).cohort
    assert write_solution(solve_cohort(cohort, **{"seed": 1, **search}), cohort, seed=1) == shipped.solution


@pytest.mark.parametrize("trial", shipped_trials())
def test_nobody_is_observed_for_longer_than_the_trial_lasted(trial: str) -> None:
    shipped = read_shipped(trial)
    cohort = paper_targets(shipped.published, shipped.meanings, shipped.protocol).cohort
    solution = read_solution(shipped.solution, cohort, seed=1)
    assert solution is not None
    assert all(days.max() <= cohort.schedule.longest_follow_up for days in solution.day.values())
