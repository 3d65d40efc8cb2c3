"""Doses phase by phase: cycles of those who complete a phase and of those who stop in it, late by a few days here and there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from onearm.errors import DataError
from onearm.protocol import Phase, Protocol, Treatment
from onearm.reconstruction.course import Way
from onearm.reconstruction.patients import Dose, Event, PhaseEnd
from onearm.reconstruction.phase_days import free_days, spread_days
from onearm.reconstruction.setting import Irregular, PhaseCourse, PhaseDuration, Setting
from onearm.reconstruction.treatment import REDUCED, stretches

__all__ = ["dose_phases", "phase_ends"]

COMPLETED: Final = "COMPLETED"
_LATE_DAYS: Final = 14
"""By so many days more than the plan forgives is every second patient late at most."""


@dataclass(frozen=True)
class _Stay:
    """A patient in a phase: day of its first dose, day after which none is given, cycles, and what is irregular."""

    patient: int
    begin: int
    until: int
    cycles: int
    goes_on: bool
    irregular: Irregular | None = None


def dose_phases(
    ways: Sequence[Way],
    lists: Sequence[Sequence[Event]],
    setting: Setting,
    protocol: Protocol,
    rng: np.random.Generator,
) -> list[tuple[Dose, ...]]:
    """
    Give every patient the doses of every phase until treatment ends.

    Parameters
    ----------
    ways : sequence of Way
        When and in which phase treatment ended.
    lists : sequence of sequence of Event
        Adverse events, whose reductions lower doses.
    setting : Setting
        Cycles and printed times by phase.
    protocol : Protocol
        Drugs and phases.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    list of tuple of Dose
        Of each patient, ascending by drug and day, each with the EPOCH of its phase.
    """
    plans = {phase.name: phase for phase in protocol.phase}
    order = [course.name for course in setting.phases]
    begin = dict.fromkeys(range(len(ways)), 0)
    given: list[list[Dose]] = [[] for _ in ways]
    for number, course in enumerate(setting.phases):
        stays = _stays(ways, begin, number, order, course, plans[course.name], protocol)
        late = _delays(stays, course, protocol, rng)
        begin = {}
        for stay in stays:
            i = stay.patient
            doses = _doses(stay, course, plans[course.name], late, protocol, lists[i])
            given[i] += doses
            if stay.goes_on:
                begin[i] = _next_begin(doses, protocol)
    names = [drug.name for drug in protocol.treatment]
    return [tuple(sorted(doses, key=lambda dose: (names.index(dose.drug), dose.start))) for doses in given]


def _stays(
    ways: Sequence[Way],
    begin: dict[int, int],
    number: int,
    order: Sequence[str],
    course: PhaseCourse,
    phase: Phase,
    protocol: Protocol,
) -> list[_Stay]:
    """Those who go on have the cycles that were said, the fewest where the least time is left, irregular ones the most."""
    cycle = max(drug.cycle_days for drug in protocol.treatment)
    until = {i: ways[i].treated_until for i in begin}
    on = sorted((i for i in begin if order.index(ways[i].phase) > number), key=lambda i: (until[i], i))
    irregular = dict(zip(reversed(on), course.irregular, strict=False))
    left = [cycles for cycles, count in sorted(course.cycles.items()) for _ in range(count)]
    for one in irregular.values():
        if one.cycles in left:
            left.remove(one.cycles)
    regular = [i for i in on if i not in irregular]
    if len(left) != len(regular):
        raise DataError(
            f"reconstruction.toml, cohort.phase.{course.name}.cycles: {sum(course.cycles.values())} patients have cycles, "
            f"but {len(on)} go on to the next phase. Give each of these its cycles, the irregular ones too."
        )
    cycles = dict(zip(regular, left, strict=True)) | {i: one.cycles for i, one in irregular.items()}
    most = (phase.max_cycles or 10_000) - (number < len(order) - 1)
    for i, first in begin.items():
        cycles.setdefault(i, max(1, min((until[i] - first) // cycle + 1, most)))
    return [_Stay(i, first, until[i], cycles[i], i in on, irregular.get(i)) for i, first in begin.items()]


def _delays(
    stays: Sequence[_Stay], course: PhaseCourse, protocol: Protocol, rng: np.random.Generator
) -> dict[tuple[str, int], int]:
    """Days that the time on each drug differs from the plan by, by drug and patient."""
    late: dict[tuple[str, int], int] = {}
    drugs = {drug.name: drug for drug in protocol.treatment}
    for shown in course.durations:
        drug = drugs[shown.drug]
        spans = [_span(_given(stay, drug, 0)) for stay in stays]
        change = _fitted(stays, spans, drug, shown, protocol, rng)
        late |= {(drug.name, stay.patient): days for stay, days in zip(stays, change, strict=True)}
    return late


def _fitted(
    stays: Sequence[_Stay],
    spans: Sequence[int],
    drug: Treatment,
    shown: PhaseDuration,
    protocol: Protocol,
    rng: np.random.Generator,
) -> list[int]:
    """One patient has the longest time, the first to stop the shortest; the others are late until the mean is right."""
    month = protocol.conventions.days_per_month
    change = [0] * len(stays)
    low = 1 if shown.low is None else max(1, round(shown.low.value * month))
    high = max(spans) if shown.high is None else round(shown.high.value * month)
    shortest = min(range(len(stays)), key=lambda k: (stays[k].goes_on, stays[k].until, k))
    longest = next(k for k in _by_length(stays) if stays[k].goes_on and stays[k].irregular is None)
    # Nobody is treated for less than the shortest time, nobody but one for as long as the longest.
    change = [max(low - span, 0) for span in spans]
    change[shortest] = low - spans[shortest]
    change[longest] = high - spans[longest]
    if shown.mean is not None:
        now = [span + days for span, days in zip(spans, change, strict=True)]
        most = [
            0 if k in (shortest, longest) or stay.irregular else _room(stay, k, span, drug, high)
            for k, (stay, span) in enumerate(zip(stays, spans, strict=True))
        ]
        added = spread_days(now, most, round(shown.mean.value * month * len(stays)), rng)
        change = [days + more for days, more in zip(change, added, strict=True)]
    return change


def _by_length(stays: Sequence[_Stay]) -> list[int]:
    return sorted(range(len(stays)), key=lambda k: (-stays[k].cycles, k))


def _room(stay: _Stay, number: int, span: int, drug: Treatment, high: int) -> int:
    """Whoever stops in the phase, and every second of the others, skips no planned dose, so that most have the whole plan."""
    if stay.cycles < 2:
        return 0
    room = free_days(drug, span) + (_LATE_DAYS if stay.goes_on and number % 2 == 0 else 0)
    room = min(room, drug.cycle_days - 1)
    # Late cycles move the next phase, which has to begin before treatment ends.
    left = stay.until - stay.begin
    left -= stay.cycles * drug.cycle_days if stay.goes_on else span - 1
    return min(room, high - span, left)


def _span(doses: Sequence[Dose]) -> int:
    return doses[-1].end - doses[0].start + 1


def _doses(
    stay: _Stay,
    course: PhaseCourse,
    phase: Phase,
    late: dict[tuple[str, int], int],
    protocol: Protocol,
    events: Sequence[Event],
) -> list[Dose]:
    found: list[Dose] = []
    for drug in protocol.treatment:
        if not course.drugs or drug.name in course.drugs:
            doses = _given(stay, drug, late.get((drug.name, stay.patient), 0))
            found += [replace(dose, epoch=phase.epoch) for dose in _reduced(doses, drug, stay, events)]
    return found


def _given(stay: _Stay, drug: Treatment, late: int) -> list[Dose]:
    """Doses of the cycles, the last of them so many days late and those before it in proportion."""
    irregular = stay.irregular or Irregular(stay.cycles)
    every = irregular.every_days or drug.cycle_days
    doses: list[Dose] = []
    for cycle in range(stay.cycles):
        if cycle + 1 in irregular.skipped.get(drug.name, ()):
            continue
        start = stay.begin + every * cycle + (round(late * cycle / (stay.cycles - 1)) if cycle else 0)
        for first, final in stretches(drug.days):
            day = start + first - drug.days[0]
            if day <= stay.until:
                doses.append(Dose(drug.name, 0, day, min(start + final - drug.days[0], stay.until)))
    missed = irregular.missed.get(drug.name, 0)
    if missed:
        doses = [*doses[:-1], *_interrupted(doses[-1], missed)]
    return _cut(doses, late) if stay.cycles == 1 else doses


def _interrupted(dose: Dose, missed: int) -> list[Dose]:
    """A stretch of days without some in its middle."""
    half = dose.start + (dose.end - dose.start - missed) // 2
    return [replace(dose, end=half), replace(dose, start=half + missed + 1)]


def _cut(doses: list[Dose], late: int) -> list[Dose]:
    """A single cycle is shorter or longer by days of its own."""
    last = doses[-1].end + late
    kept = [dose for dose in doses if dose.start <= last]
    return [*kept[:-1], replace(kept[-1], end=last if late > 0 else min(kept[-1].end, last))]


def _reduced(doses: Sequence[Dose], drug: Treatment, stay: _Stay, events: Sequence[Event]) -> list[Dose]:
    """Lower levels after adverse events, and those of an irregular course."""
    days = sorted(event.start for event in events if event.drug == drug.name and event.action == REDUCED)
    own = stay.irregular.reduced.get(drug.name, 0) if stay.irregular else 0
    done: list[Dose] = []
    level = 0
    for number, dose in enumerate(doses):
        wanted = sum(day <= dose.start for day in days) + (number >= len(doses) - own)
        wanted = min(wanted, len(drug.dose_levels) - 1)
        reason = "ADVERSE EVENT" if wanted > level else ""
        level = max(level, wanted)
        done.append(replace(dose, level=level, reason=reason))
    return done


def _next_begin(doses: Sequence[Dose], protocol: Protocol) -> int:
    """The next phase begins a cycle after the last cycle of whichever drug was latest."""
    latest = 0
    for drug in protocol.treatment:
        mine = [dose for dose in doses if dose.drug == drug.name]
        if mine:
            begun = max(dose.start for dose in mine)
            latest = max(latest, begun - (stretches(drug.days)[-1][0] - drug.days[0]) + drug.cycle_days)
    return latest


def phase_ends(way: Way, doses: Sequence[Dose], setting: Setting, protocol: Protocol) -> tuple[PhaseEnd, ...]:
    """
    Say when and why each phase of a patient ended.

    Parameters
    ----------
    way : Way
        When and in which phase treatment ended.
    doses : sequence of Dose
        With their EPOCH.
    setting : Setting
        Phases in order; where it has none, nothing is said.
    protocol : Protocol
        EPOCH of each phase.

    Returns
    -------
    tuple of PhaseEnd
        Completed on the day of the last dose of the phase, or as treatment ended; none for a phase that goes on.
    """
    epochs = {phase.name: phase.epoch for phase in protocol.phase}
    found: list[PhaseEnd] = []
    for course in setting.phases:
        epoch = epochs[course.name]
        if course.name == way.phase:
            if way.stop_day is not None:
                found.append(PhaseEnd(epoch, way.stop_day, way.stop_reason))
            break
        found.append(PhaseEnd(epoch, max(dose.end for dose in doses if dose.epoch == epoch), COMPLETED))
    return tuple(found)
