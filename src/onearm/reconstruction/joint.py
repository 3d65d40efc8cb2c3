"""
The times of one cohort that hang together: progression before death, responses before progression, and moves that change them.

What cannot be in one patient (a death before the progression, a response without time to be confirmed) is a fault; faults are a
term of the search like the printed numbers, because a search that may pass through them finds its way sooner.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from onearm.reconstruction.anneal import Move
from onearm.reconstruction.cohort_targets import Cohort
from onearm.reconstruction.targets import CurveTargets
from onearm.reconstruction.terms import Patients, Term
from onearm.reconstruction.times import new_day

__all__ = ["CONFIRM_DAYS", "STABLE_DAYS", "FaultTerm", "JointMoves", "JointPatients", "latest_first_scan"]

CONFIRM_DAYS: Final = 28
"""A response is confirmed four weeks after it was seen."""
STABLE_DAYS: Final = 42
"""Disease counts as stable from six weeks after the start."""
_THERAPY_DAYS: Final = 15
"""Between the end of progression-free survival without an event and a death that is none of its events."""
_RESPONDING: Final = frozenset({"CR", "PR"})
_FAULTS: Final = frozenset({"PFS", "OS", "TTR"})


@dataclass
class JointPatients(Patients):
    """
    Patients with responses and several times each.

    Parameters
    ----------
    best : list of str
        Best response of each.
    first_day : int
        1 where a time includes its first day.
    earliest, latest : int
        Days within which the first assessment lies.
    death_ends_pfs : bool
        Whether each death is an event of PFS.
    faults : list of float
        What cannot be in each patient; kept up to date by `update`.
    """

    best: list[str] = field(default_factory=list)
    first_day: int = 1
    earliest: int = 1
    latest: int = 10_000
    death_ends_pfs: bool = True
    faults: list[float] = field(default_factory=list)

    def restored(self) -> None:
        """Work out durations of response and faults of all patients."""
        self.faults = [0.0] * self.n
        for i in range(self.n):
            self.update(i)

    def update(self, i: int) -> None:
        """
        Work out the duration of response and the faults of a patient after a change.

        Parameters
        ----------
        i : int
            Index of the patient.
        """
        if self.best[i] in _RESPONDING:
            end, start = self.codes["PFS"][i], self.codes["TTR"][i]
            lasted = (end >> 1) - (start >> 1) + self.first_day
            self.codes["DOR"][i] = 2 * max(lasted, 1) + (end & 1)
        self.faults[i] = self.fault(i)

    def fault(self, i: int) -> float:
        """
        Measure what cannot be in a patient.

        Parameters
        ----------
        i : int
            Index of the patient.

        Returns
        -------
        float
            Zero where all is well.
        """
        end, last = self.codes["PFS"][i], self.codes["OS"][i]
        pfs, overall = (end >> 1) - self.first_day, (last >> 1) - self.first_day
        has_event, is_dead = not end & 1, not last & 1
        total = _short(overall - pfs)
        if is_dead and not has_event:
            total += 1.5 if self.death_ends_pfs else _short(overall - pfs - _THERAPY_DAYS)
        best = self.best[i]
        if best in _RESPONDING:
            response = (self.codes["TTR"][i] >> 1) - self.first_day
            return total + _short(pfs - response - CONFIRM_DAYS - has_event) + _short(response - self.earliest)
        is_death = has_event and is_dead and pfs == overall
        if best == "PD":
            return total + (1.0 if is_death or not has_event else _short(self.latest - pfs) + _short(pfs - 7))
        if best == "NE":
            return total + (0.0 if is_death else 1.0 if has_event else _short(STABLE_DAYS - 1 - pfs))
        return total + _short(pfs - STABLE_DAYS - has_event)


def _short(days: int) -> float:
    """Fault of days that are missing."""
    return 0.0 if days >= 0 else 0.6 + min(-days / 60, 3.0)


class FaultTerm(Term):
    """Faults of all patients, as a term of the search."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__((), (), lambda _: (), _FAULTS)
        object.__setattr__(self, "_weight", weight)

    def loss(self, patients: Patients) -> float:
        """
        Add up the faults.

        Parameters
        ----------
        patients : Patients
            Joint ones.

        Returns
        -------
        float
            Zero where every patient can be.
        """
        assert isinstance(patients, JointPatients)
        weight: float = self._weight  # type: ignore[attr-defined]  # set on a frozen object
        return weight * sum(patients.faults)


def latest_first_scan(cohort: Cohort) -> tuple[int, int]:
    """
    Give the days within which the first assessment lies.

    Parameters
    ----------
    cohort : Cohort
        With its schedule.

    Returns
    -------
    tuple of int
        Earliest and latest day from the start; without a schedule any day will do.
    """
    schedule = cohort.schedule
    if not schedule.scan_days:
        return 1, schedule.longest_follow_up
    first = next((day for day in schedule.scan_days if day > 7), schedule.scan_days[0])
    return max(first - 2 * schedule.window_days, 1), first + 3 * schedule.window_days


Step = Callable[["JointMoves", JointPatients, random.Random], Move | None]


class JointMoves:
    """Moves of times and labels that touch one or two patients."""

    def __init__(
        self,
        cohort: Cohort,
        named: dict[str, list[int]],
        groups: Sequence[tuple[tuple[str, ...], Sequence[str] | None]],
        marks: Sequence[tuple[CurveTargets, int]] = (),
    ) -> None:
        """
        Prepare the moves.

        Parameters
        ----------
        cohort : Cohort
            What is looked for.
        named : dict of str to list of int
            Days that printed numbers name, by endpoint.
        groups : sequence of tuple
            Characteristics that are exchanged together, and labels that two patients must share for it.
        marks : sequence of tuple
            Curves of subgroups, each with a day that one of its printed numbers names.
        """
        self.marks = list(marks)
        self.longest = cohort.schedule.longest_follow_up
        self.scans = [day for day in cohort.schedule.scan_days if 7 < day < 400]
        self.window = cohort.schedule.window_days
        self.named, self.groups = named, list(groups)
        known = {curve.endpoint for curve in cohort.curves if not curve.among and curve.events is not None}
        self.free = [endpoint for endpoint in ("PFS", "OS") if endpoint not in known]
        steps: list[tuple[Step, float]] = [
            (_move_day, 0.3),
            (_move_nearest, 0.12),
            (_swap_times, 0.2),
            (_swap_endings, 0.08),
            (_move_response, 0.1),
            (_hit_duration, 0.05),
            (_hit_group, 0.15 if self.marks else 0.0),
            (_flip, 0.04 if self.free else 0.0),
            (_join_or_part, 0.0 if cohort.progressions is None else 0.05),
            (_exchange_labels, 0.25 if self.groups else 0.0),
        ]
        self.steps = [step for step, _ in steps]
        self.weights = [weight for _, weight in steps]

    def __call__(self, patients: Patients, rng: random.Random) -> Move | None:
        """Make one move."""
        assert isinstance(patients, JointPatients)
        return rng.choices(self.steps, self.weights)[0](self, patients, rng)


def _set(patients: JointPatients, changes: Sequence[tuple[str, int, int]]) -> Move:
    """Set times, keep durations of response up to date, and say how to take it back."""
    before = [(endpoint, i, patients.codes[endpoint][i]) for endpoint, i, _ in changes]
    touched = {endpoint for endpoint, _, _ in changes}
    for endpoint, i, code in changes:
        patients.codes[endpoint][i] = code
    for _, i, _ in changes:
        patients.update(i)
        if patients.best[i] in _RESPONDING and touched & {"PFS", "TTR"}:
            touched.add("DOR")

    def undo() -> None:
        for endpoint, i, code in reversed(before):
            patients.codes[endpoint][i] = code
        for _, i, _ in before:
            patients.update(i)

    return Move(frozenset(touched), undo, tuple({i for _, i, _ in changes}))


def _is_death(patients: JointPatients, i: int) -> bool:
    end = patients.codes["PFS"][i]
    return not end & 1 and end == patients.codes["OS"][i]


def _move_day(moves: JointMoves, patients: JointPatients, rng: random.Random) -> Move | None:
    endpoint = rng.choice(("PFS", "OS"))
    i = rng.randrange(patients.n)
    code = patients.codes[endpoint][i]
    after = 2 * new_day(code >> 1, moves.named[endpoint], moves.longest, rng) + (code & 1)
    if after == code:
        return None
    if _is_death(patients, i) and rng.random() < 0.8:
        return _set(patients, [("PFS", i, after), ("OS", i, after)])
    return _set(patients, [(endpoint, i, after)])


def _move_nearest(moves: JointMoves, patients: JointPatients, rng: random.Random) -> Move | None:
    """Put one of the events next to a named day on that day."""
    endpoint = rng.choice(("PFS", "OS"))
    if not moves.named[endpoint]:
        return None
    day = rng.choice(moves.named[endpoint])
    codes = patients.codes[endpoint]
    near = sorted((abs((code >> 1) - day), i) for i, code in enumerate(codes) if not code & 1)[:6]
    if not near:
        return None
    i = rng.choice(near)[1]
    if codes[i] >> 1 == day:
        return None
    if _is_death(patients, i):
        return _set(patients, [("PFS", i, 2 * day), ("OS", i, 2 * day)])
    return _set(patients, [(endpoint, i, 2 * day)])


def _swap_times(_moves: JointMoves, patients: JointPatients, rng: random.Random) -> Move | None:
    """Let two patients change one of their times, or both: the curves of all patients stay as they are."""
    i, j = rng.randrange(patients.n), rng.randrange(patients.n)
    endpoints = rng.choice((("PFS",), ("OS",), ("PFS", "OS")))
    changes = []
    for endpoint in endpoints:
        codes = patients.codes[endpoint]
        if codes[i] != codes[j]:
            changes += [(endpoint, i, codes[j]), (endpoint, j, codes[i])]
    return _set(patients, changes) if changes else None


def _swap_endings(_moves: JointMoves, patients: JointPatients, rng: random.Random) -> Move | None:
    """Let two patients change how a time ended, not when."""
    endpoint = rng.choice(("PFS", "OS"))
    i, j = rng.randrange(patients.n), rng.randrange(patients.n)
    one, other = patients.codes[endpoint][i], patients.codes[endpoint][j]
    if not (one ^ other) & 1:
        return None
    return _set(patients, [(endpoint, i, one ^ 1), (endpoint, j, other ^ 1)])


def _flip(moves: JointMoves, patients: JointPatients, rng: random.Random) -> Move | None:
    """Change how one time ended, where the number of events was not printed."""
    endpoint = rng.choice(moves.free)
    i = rng.randrange(patients.n)
    return _set(patients, [(endpoint, i, patients.codes[endpoint][i] ^ 1)])


def _join_or_part(moves: JointMoves, patients: JointPatients, rng: random.Random) -> Move | None:
    """Let the event of PFS be the death, or precede it."""
    able = [i for i in range(patients.n) if not patients.codes["PFS"][i] & 1 and not patients.codes["OS"][i] & 1]
    if not able:
        return None
    i = rng.choice(able)
    end, last = patients.codes["PFS"][i], patients.codes["OS"][i]
    if end != last:
        return _set(patients, [("PFS", i, last)] if rng.random() < 0.5 else [("OS", i, end)])
    if rng.random() < 0.5:
        return _set(patients, [("OS", i, 2 * rng.randint(end >> 1, moves.longest))])
    return _set(patients, [("PFS", i, 2 * rng.randint(1, max(end >> 1, 1)))])


def _responder(patients: JointPatients, rng: random.Random) -> int | None:
    responders = [i for i, best in enumerate(patients.best) if best in _RESPONDING]
    return rng.choice(responders) if responders else None


def _move_response(moves: JointMoves, patients: JointPatients, rng: random.Random) -> Move | None:
    """Move a first response to a named day, near a planned assessment or by a few days."""
    i = _responder(patients, rng)
    if i is None:
        return None
    code, kind = patients.codes["TTR"][i], rng.random()
    if kind < 0.3 and moves.named["TTR"]:
        day = rng.choice(moves.named["TTR"])
    elif kind < 0.6 and moves.scans:
        day = rng.choice(moves.scans[:4]) + patients.first_day + rng.randint(-moves.window, moves.window)
    else:
        day = (code >> 1) + rng.randint(-5, 5)
    if day < 1 or 2 * day == code:
        return None
    return _set(patients, [("TTR", i, 2 * day)])


def _hit_duration(moves: JointMoves, patients: JointPatients, rng: random.Random) -> Move | None:
    """Give a responder a named duration of response, by its start or by its end."""
    i = _responder(patients, rng)
    if i is None or not moves.named["DOR"]:
        return None
    lasted = rng.choice(moves.named["DOR"])
    end, start = patients.codes["PFS"][i], patients.codes["TTR"][i]
    if rng.random() < 0.5:
        day = (end >> 1) - lasted + patients.first_day
        return _set(patients, [("TTR", i, 2 * day)]) if day >= 1 and 2 * day != start else None
    day = (start >> 1) + lasted - patients.first_day
    if not 1 <= day <= moves.longest or end >> 1 == day:
        return None
    changed = [("PFS", i, 2 * day + (end & 1))]
    return _set(patients, [*changed, ("OS", i, 2 * day)] if _is_death(patients, i) else changed)


def _hit_group(moves: JointMoves, patients: JointPatients, rng: random.Random) -> Move | None:
    """Put one of the events of a subgroup on a day that a number printed about this subgroup names."""
    curve, day = rng.choice(moves.marks)
    wanted = [(patients.labels[variable], set(level.split("|"))) for variable, level in curve.among]
    codes = patients.codes[curve.endpoint]
    able = [
        (abs((codes[i] >> 1) - day), i)
        for i in range(patients.n)
        if codes[i] >= 0 and not codes[i] & 1 and all(labels[i] in levels for labels, levels in wanted)
    ]
    if not able:
        return None
    gap, i = rng.choice(sorted(able)[:4])
    if not gap:
        return None
    if curve.endpoint == "DOR":
        day += (patients.codes["TTR"][i] >> 1) - patients.first_day
    if not 1 <= day <= moves.longest:
        return None
    if _is_death(patients, i):
        return _set(patients, [("PFS", i, 2 * day), ("OS", i, 2 * day)])
    return _set(patients, [("OS" if curve.endpoint == "OS" else "PFS", i, 2 * day)])


def _exchange_labels(moves: JointMoves, patients: JointPatients, rng: random.Random) -> Move | None:
    """Exchange characteristics of two patients in a way that changes no printed count."""
    names, shared = rng.choice(moves.groups)
    i, j = rng.randrange(patients.n), rng.randrange(patients.n)
    if i == j or (shared is not None and shared[i] != shared[j]):
        return None
    labels = [patients.labels[name] for name in names]
    if all(values[i] == values[j] for values in labels):
        return None

    def exchange() -> None:
        for values in labels:
            values[i], values[j] = values[j], values[i]

    exchange()
    return Move(frozenset(names), exchange)
