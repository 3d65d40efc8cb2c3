"""Whole cohorts: what must hold in each patient, and printed numbers of random cohorts met again."""

from __future__ import annotations

import numpy as np
import pytest

from onearm.errors import MethodError
from onearm.reconstruction.cohort import solve_cohort
from onearm.reconstruction.cohort_targets import Cohort
from onearm.reconstruction.count_targets import Cross, Margin
from onearm.reconstruction.joint import CONFIRM_DAYS, STABLE_DAYS
from onearm.reconstruction.printed import NOT_REACHED, Printed, printed
from onearm.reconstruction.solutions import CohortSolution
from onearm.reconstruction.targets import Among, Comparison, Conventions, CurveTargets, Landmark, Schedule
from onearm.stats.cox import cox
from onearm.stats.kaplan_meier import kaplan_meier, survival_at
from onearm.stats.quantiles import survival_quantile

_CONVENTIONS = Conventions(interval="log-log")
_SCHEDULE = Schedule(scan_days=(42, 84, 126, 189, 252, 315, 378, 441), longest_follow_up=800)


def _print(number: float, decimals: int = 1) -> Printed:
    return NOT_REACHED if np.isnan(number) else printed(f"{number:.{decimals}f}")


def _random_cohort(seed: int) -> Cohort:
    """Draw patients who can be, and print their numbers: so all of them can be met together."""
    rng = np.random.default_rng(seed)
    n = 40
    best = np.array(["PR"] * 18 + ["SD"] * 16 + ["PD"] * 4 + ["NE"] * 2)
    liver = rng.random(n) < 0.3
    day: dict[str, list[int]] = {"PFS": [], "OS": [], "DOR": []}
    event: dict[str, list[bool]] = {"PFS": [], "OS": []}
    for i in range(n):
        response = 44 + int(rng.integers(-3, 4))
        lasting = int(rng.exponential(200 if liver[i] else 350))
        end = {"PR": response + 30 + lasting, "SD": 90 + lasting // 2, "PD": 43, "NE": 20}[best[i]]
        leaving = int(rng.integers(400, 800))
        progressed = best[i] != "NE" and (best[i] == "PD" or end < leaving)
        end = min(end, leaving)
        death = end + 30 + int(rng.exponential(250))
        is_dead = bool(progressed and death < leaving)
        day["PFS"].append(end)
        event["PFS"].append(bool(progressed))
        day["OS"].append(death if is_dead else max(leaving, end))
        event["OS"].append(is_dead)
        day["DOR"].append(end - response + 1 if best[i] == "PR" else -1)
    times = {name: np.array(values) for name, values in day.items()}
    events = {name: np.array(values) for name, values in event.items()} | {"DOR": np.array(event["PFS"])}
    groups = {"Y": liver, "N": ~liver}

    def curve(name: str, chosen: np.ndarray, among: tuple[Among, ...] = ()) -> CurveTargets:
        endpoint = name.split(maxsplit=1)[0]
        fitted = kaplan_meier(times[endpoint][chosen] / 30.4375, events[endpoint][chosen], interval="log-log")
        median, at = survival_quantile(fitted), survival_at(fitted, 6)
        marks = (
            (Landmark(6, *(_print(100 * float(x[0])) for x in (at.survival, at.low, at.high))),) if not among else ()
        )
        known = int(events[endpoint][chosen].sum()) if not among and endpoint != "DOR" else None
        return CurveTargets(
            name,
            endpoint,
            among,
            int(chosen.sum()),
            known,
            *map(_print, (median.estimate, median.low, median.high)),
            marks,
        )

    everybody = np.ones(n, dtype=bool)
    model = cox(times["PFS"], events["PFS"], liver.astype(float))
    return Cohort(
        n=n,
        responses={name: int((best == name).sum()) for name in ("PR", "SD", "PD", "NE")},
        conventions=_CONVENTIONS,
        schedule=_SCHEDULE,
        curves=(
            curve("PFS", everybody),
            curve("OS", everybody),
            curve("DOR", best == "PR"),
            *(curve(f"PFS liver {level}", chosen, (Among("LIVER", level),)) for level, chosen in groups.items()),
        ),
        comparisons=(Comparison("PFS liver", "PFS", "LIVER", "Y", "N", _print(float(model.hazard_ratio[0]), 2)),),
        margins=(Margin("LIVER", {"Y": int(liver.sum()), "N": int((~liver).sum())}),),
        crosses=(
            Cross(
                "responders liver", (Among("LIVER", "Y"), Among("RESPONDER", "Y")), int((liver & (best == "PR")).sum())
            ),
        ),
    )


def _check_patients(solution: CohortSolution) -> None:
    """Look at every patient for what cannot be."""
    pfs, overall, first = (solution.day[name] - 1 for name in ("PFS", "OS", "TTR"))
    progressed, dead = solution.event["PFS"], solution.event["OS"]
    best = solution.labels["BOR"]
    assert (pfs <= overall).all()
    assert (progressed | ~dead).all(), "a death is an event of progression-free survival"
    responding = np.isin(best, ["CR", "PR"])
    assert (pfs - first - progressed >= CONFIRM_DAYS)[responding].all()
    assert (solution.day["DOR"] == np.where(responding, pfs - first + 1, -1)).all()
    assert (pfs - progressed >= STABLE_DAYS)[best == "SD"].all()
    assert (progressed & ~solution.is_death)[best == "PD"].all()
    assert (solution.is_death | ((pfs < STABLE_DAYS) & ~progressed))[best == "NE"].all()
    assert (solution.is_death <= (progressed & dead & (pfs == overall))).all()


@pytest.mark.parametrize("seed", range(2))
def test_the_printed_numbers_of_a_random_cohort_are_met_again(seed):
    cohort = _random_cohort(seed)
    solution = solve_cohort(cohort, seed=seed, steps=40_000)
    assert [(check.name, check.printed, check.computed) for check in solution.checks if not check.is_met] == []
    assert solution.conflicts == ()
    _check_patients(solution)
    # once more by the statistics room
    liver = solution.labels["LIVER"] == "Y"
    model = cox(solution.day["PFS"], solution.event["PFS"], liver.astype(float))
    assert cohort.comparisons[0].hazard_ratio.fits(float(model.hazard_ratio[0]))
    for target in cohort.curves:
        chosen = solution.day[target.endpoint] >= 0
        for variable, level in target.among:
            chosen &= solution.labels[variable] == level
        event = solution.event[target.endpoint][chosen]
        fitted = kaplan_meier(solution.day[target.endpoint][chosen] / 30.4375, event, interval="log-log")
        median = survival_quantile(fitted)
        for shown, exact in zip(
            (target.median, target.low, target.high), (median.estimate, median.low, median.high), strict=True
        ):
            assert shown.fits(exact), (target.name, shown, exact)


def test_more_deaths_than_events_are_named():
    """Each death is an event of progression-free survival, so 12 deaths and 10 events contradict each other."""
    cohort = Cohort(
        n=20,
        responses={"SD": 20},
        curves=(CurveTargets("PFS", "PFS", events=10), CurveTargets("OS", "OS", events=12)),
        schedule=Schedule(longest_follow_up=800),
    )
    solution = solve_cohort(cohort, steps=2_000)
    assert [conflict.names for conflict in solution.conflicts] == [("PFS.events", "OS.events")]
    assert solution.conflicts[0].is_proved


def test_responses_must_add_up():
    with pytest.raises(MethodError, match="responses: 5 patients"):
        solve_cohort(Cohort(n=6, responses={"PR": 5}))
