"""A solution as text, so that a cohort that took long to find can be shipped and found again at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from onearm.reconstruction.cohort_targets import Cohort
from onearm.reconstruction.solutions import Check, CohortSolution, Conflict

__all__ = ["fingerprint", "read_solution", "write_solution"]


def fingerprint(cohort: Cohort) -> str:
    """
    Give a short text that changes with the targets.

    Parameters
    ----------
    cohort : Cohort
        What a cohort has to give.

    Returns
    -------
    str
        The first 16 digits of a SHA-256.
    """
    stated = {one.name: getattr(cohort, one.name) for one in fields(cohort) if getattr(cohort, one.name) != one.default}
    return hashlib.sha256(repr(stated).encode()).hexdigest()[:16]


def write_solution(solution: CohortSolution, cohort: Cohort, *, seed: int) -> str:
    """
    Write a solution as JSON, one line for each array.

    Parameters
    ----------
    solution : CohortSolution
        Patients.
    cohort : Cohort
        What they were found for.
    seed : int
        Of the search.

    Returns
    -------
    str
        JSON.
    """
    parts: dict[str, Any] = {
        "about": "Synthetic: no patient in this file exists. Written by `onearm reproduce TRIAL --solve`.",
        "targets": fingerprint(cohort),
        "seed": seed,
        "n": solution.n,
    }
    parts |= {f"day {name}": [int(one) for one in days] for name, days in solution.day.items()}
    parts |= {f"event {name}": [int(one) for one in events] for name, events in solution.event.items()}
    parts["is_death"] = [int(one) for one in solution.is_death]
    parts |= {f"label {name}": [str(one) for one in labels] for name, labels in solution.labels.items()}
    parts |= {
        f"value {name}": [None if np.isnan(one) else round(float(one), 4) for one in values]
        for name, values in solution.values.items()
    }
    parts["checks"] = [
        asdict(check) | {"computed": _plain(check.computed)} for check in solution.checks if not check.is_met
    ]
    parts["conflicts"] = [asdict(conflict) for conflict in solution.conflicts]
    lines = (f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in parts.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _plain(value: float) -> float | None:
    return None if not np.isfinite(value) else round(float(value), 6)


def read_solution(text: str, cohort: Cohort, *, seed: int) -> CohortSolution | None:
    """
    Read a solution.

    Parameters
    ----------
    text : str
        From `write_solution`.
    cohort : Cohort
        What it should have been found for.
    seed : int
        With which it should have been found.

    Returns
    -------
    CohortSolution or None
        None where it was found for other targets or with another seed.
    """
    parts = json.loads(text)
    if parts["targets"] != fingerprint(cohort) or parts["seed"] != seed:
        return None

    def named(kind: str, dtype: Any) -> dict[str, Any]:
        mark = f"{kind} "
        return {name.removeprefix(mark): np.array(parts[name], dtype=dtype) for name in parts if name.startswith(mark)}

    return CohortSolution(
        n=int(parts["n"]),
        day=named("day", np.int64),
        event={name: values.astype(bool) for name, values in named("event", np.int64).items()},
        is_death=np.array(parts["is_death"], dtype=bool),
        labels=named("label", np.str_),
        values=named("value", np.float64),
        checks=tuple(
            Check(**{**check, "computed": np.nan if check["computed"] is None else check["computed"]})
            for check in parts["checks"]
        ),
        conflicts=tuple(Conflict(**{**one, "names": tuple(one["names"])}) for one in parts["conflicts"]),
    )
