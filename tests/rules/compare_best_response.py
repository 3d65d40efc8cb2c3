"""Random courses and switches, and the comparison of the fast with the slow best response."""

from __future__ import annotations

import numpy as np
import polars as pl
from tests.rules.slow_best_response import best, sequence

from onearm.rules.best_response import BestResponseRules, best_response, confirmed_best_response

WORDS = ["CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE", "ND", "NED"]
# PD and NED are rare, so that courses are long enough to have something to decide
WEIGHTS = [0.22, 0.26, 0.2, 0.04, 0.06, 0.16, 0.04, 0.02]


def random_rules(rng: np.random.Generator) -> BestResponseRules:
    """One set of switches."""
    after = int(rng.choice([14, 28, 29, 56]))
    return BestResponseRules(
        confirm_after_days=after,
        confirm_within_days=None if rng.random() < 0.5 else after + int(rng.integers(0, 90)),
        stable_at_least_days=int(rng.choice([0, 28, 42, 56])),
        stable_from=str(rng.choice(["reference_day", "baseline_day"])),
        max_not_evaluable_between=int(rng.integers(0, 3)),
        max_stable_between=int(rng.integers(0, 3)),
        after_complete=rng.choice(["progression", "partial", "as_assessed"]),
        hold_partial=bool(rng.random() < 0.4),
        before_reference=rng.choice(["ignore", "count"]),
        after_progression=rng.choice(["ignore", "count"]),
        new_therapy=rng.choice(["ignore_after", "count"]),
        within_days=None if rng.random() < 0.7 else int(rng.integers(0, 300)),
        missing_as_not_evaluable=bool(rng.random() < 0.5),
    )


def random_courses(n_subjects: int, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Assessments and subjects, in random order of rows."""
    rows = []
    for subject in range(n_subjects):
        days = np.cumsum(rng.choice([1, 7, 14, 27, 28, 29, 42, 56], size=int(rng.integers(0, 11)))) - 20
        words = rng.choice(WORDS, size=days.size, p=WEIGHTS)
        rows += [(f"S{subject}", int(day), str(word)) for day, word in zip(days, words, strict=True)]
    assessments = pl.DataFrame(
        rows, schema={"subject": pl.String, "day": pl.Int64, "response": pl.String}, orient="row"
    ).sample(fraction=1, shuffle=True, seed=int(rng.integers(1 << 30)))

    def some_day(share: float, low: int, high: int) -> pl.Series:
        days = rng.integers(low, high, n_subjects)
        return pl.Series([int(d) if rng.random() < share else None for d in days], dtype=pl.Int64)

    subjects = pl.DataFrame({"subject": [f"S{subject}" for subject in range(n_subjects)]}).with_columns(
        reference_day=pl.Series(rng.integers(-5, 5, n_subjects)),
        baseline_day=some_day(0.95, -30, 1),
        progression_day=some_day(0.1, 0, 200),
        therapy_day=some_day(0.2, 0, 250),
    )
    return assessments, subjects


def differences(rules: BestResponseRules, *, n_subjects: int, rng: np.random.Generator) -> list[dict[str, object]]:
    """Subjects for whom the two disagree, with both answers."""
    assessments, subjects = random_courses(n_subjects, rng)
    course: dict[str, list[tuple[int, str]]] = {}
    for subject, day, response in assessments.sort("subject", "day").iter_rows():
        course.setdefault(subject, []).append((day, response))
    found = []
    for confirmed, function in ((False, best_response), (True, confirmed_best_response)):
        fast = {row["subject"]: row for row in function(assessments, subjects, rules).iter_rows(named=True)}
        assert len(fast) == n_subjects
        for person in subjects.iter_rows(named=True):
            rows = sequence(
                course.get(person["subject"], []),
                rules,
                reference_day=person["reference_day"],
                progression_day=person["progression_day"],
                therapy_day=person["therapy_day"],
            )
            slow = best(rows, rules, start=person[rules.stable_from], confirmed=confirmed)
            row = fast[person["subject"]]
            if (row["response"], row["day"], row["confirming_day"]) != tuple(slow):
                found.append({"person": person, "course": rows, "fast": row, "slow": slow, "rules": rules})
    return found
