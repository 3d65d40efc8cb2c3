"""In which phase of treatment each patient stopped, and why: the printed reasons, each given to a course that it fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from onearm.protocol import Protocol
from onearm.reconstruction.course import DEATH, PROGRESSION, WITHDRAWAL, Way
from onearm.reconstruction.setting import Setting

__all__ = ["end_in_phases"]

LOST: Final = "LOST TO FOLLOW-UP"
_NEVER: Final = 1e4
_UNLIKELY: Final = 20.0
_UNSEEN: Final = 5.0
"""Who was never assessed after baseline left early."""


class _Slot(NamedTuple):
    """A place among those who stopped: the number of the phase, the reason, the first and last day it may hold."""

    phase: int
    reason: str
    first_day: int
    last_day: int


def end_in_phases(ways: Sequence[Way], setting: Setting, protocol: Protocol, rng: np.random.Generator) -> list[Way]:
    """
    Let patients stop in the phases and for the reasons that were printed.

    Parameters
    ----------
    ways : sequence of Way
        Of all patients, with the end of treatment that their course asks for.
    setting : Setting
        Reasons by phase; where it has no phases, the ways stay as they are.
    protocol : Protocol
        Phases and the length of a cycle.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    list of Way
        With `Way.phase`. The assignment is the one that contradicts the courses least: a death or a progression ends
        treatment where it is the reason; whoever stopped for another reason stopped before. Whoever goes on is in the
        last phase, and so is who stops beyond the reasons that were printed.
    """
    if not setting.phases:
        return list(ways)
    slots = _slots(setting, protocol)
    stopped = [i for i, way in enumerate(ways) if way.stop_day is not None]
    last = setting.phases[-1].name
    done = [replace(way, phase=last) for way in ways]
    rows, columns = linear_sum_assignment(np.array([[_cost(ways[i], slot, slots) for slot in slots] for i in stopped]))
    for row, column in zip(rows, columns, strict=True):
        i, slot = stopped[row], slots[column]
        name = setting.phases[slot.phase].name
        done[i] = replace(_stopped(ways[i], slot, rng), phase=name, stop_reason=slot.reason)
    return done


def _slots(setting: Setting, protocol: Protocol) -> list[_Slot]:
    cycle = max(drug.cycle_days for drug in protocol.treatment)
    plans = {phase.name: phase for phase in protocol.phase}
    slots: list[_Slot] = []
    begun = 0
    for number, course in enumerate(setting.phases):
        longest = plans[course.name].max_cycles
        is_last = number == len(setting.phases) - 1
        # Whoever stops in a phase that another follows has not completed it: the last planned cycle was not begun.
        until = 100_000 if is_last or longest is None else begun + (longest - 1) * cycle - 1
        slots += [_Slot(number, why, begun, until) for why, count in course.reasons.items() for _ in range(count)]
        begun += min(course.cycles, default=longest or 1) * cycle
    return slots


def _cost(way: Way, slot: _Slot, slots: Sequence[_Slot]) -> float:
    """How badly a reason in a phase fits a course."""
    is_last = slot.phase == slots[-1].phase
    cost = 0.0
    if slot.reason in {DEATH, PROGRESSION}:
        wanted = "death" if slot.reason == DEATH else "progression"
        cost += 0.0 if way.end == wanted else _NEVER
        cost += 0.0 if is_last or way.end_day <= slot.last_day + 30 else _NEVER
    else:
        cost += 0.0 if way.end == "censored" else _UNLIKELY
        cost += 0.0 if is_last else min(way.end_day, 1000) / 20
        # Who is lost or refuses is hardly seen again; who stops for an adverse event is followed.
        cost -= 1.0 if way.end != "censored" and slot.reason not in {WITHDRAWAL, LOST} else 0.0
    if slot.reason == LOST:
        cost += (way.last_seen - way.end_day) / 100 + (_UNSEEN if way.is_dead else 0.0)
    if slot.first_day and way.end_day < slot.first_day + 30:
        cost += _NEVER
    return cost - (_UNSEEN if way.response == "NE" and not is_last else 0.0)


def _stopped(way: Way, slot: _Slot, rng: np.random.Generator) -> Way:
    """Treatment ends with death or progression where it is the reason, else before them."""
    assert way.stop_day is not None
    day = way.stop_day
    if slot.reason not in {DEATH, PROGRESSION} and way.end != "censored":
        latest = min(way.end_day - 14, slot.last_day)
        day = int(rng.integers(max(slot.first_day + 22, latest - 50), max(slot.first_day + 23, latest)))
    return replace(way, stop_day=max(0, min(day, slot.last_day)))
