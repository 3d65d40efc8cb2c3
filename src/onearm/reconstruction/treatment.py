"""Doses by the cycles of the protocol, changed where adverse events led to it; and the dates of adverse events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from onearm.protocol import Protocol, Treatment
from onearm.reconstruction.course import Way
from onearm.reconstruction.exposure_days import end_exactly
from onearm.reconstruction.judgement import IMMUNE, RELATED
from onearm.reconstruction.patients import Dose, Event
from onearm.reconstruction.setting import Action, Setting
from onearm.reconstruction.solutions import AdverseEvent

__all__ = ["add_fatal_events", "change_doses", "date_events", "give_doses", "stretches"]

REDUCED: Final = "DOSE REDUCED"
INTERRUPTED: Final = "DRUG INTERRUPTED"
WITHDRAWN: Final = "DRUG WITHDRAWN"
_DAYS_PER_MONTH: Final = 30.4375


def date_events(
    events: Sequence[AdverseEvent], ways: Sequence[Way], setting: Setting, protocol: Protocol, rng: np.random.Generator
) -> list[list[Event]]:
    """
    Give adverse events their days: from the first dose to shortly after the last, most of them early.

    Parameters
    ----------
    events : sequence of AdverseEvent
        One for each patient and term.
    ways : sequence of Way
        Of the patients.
    setting : Setting
        Which drug causes what.
    protocol : Protocol
        Drugs.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    list of list of Event
        One list for each patient, by day.
    """
    drugs = [drug.name for drug in protocol.treatment] or ["treatment"]
    lists: list[list[Event]] = [[] for _ in ways]
    for event in events:
        way = ways[event.patient]
        latest = max(0, min(way.last_seen - 1, way.treated_until))
        start = min(int(rng.lognormal(np.log(30), 0.9)), int(latest * rng.uniform(0.3, 1.0)))
        end: int | None = start + 1 + int(rng.lognormal(np.log(30), 0.8))
        if end is not None and end >= way.last_seen:
            end = None
        drug = setting.causes.get(event.term, drugs[0]) if RELATED in event.flags else ""
        serious = "SERIOUS" in event.flags or (event.grade >= 3 and rng.random() < 0.3 and "SERIOUS?" in event.flags)
        fatal = event.grade == 5 and way.is_dead
        if fatal:
            end = way.last_seen
        immune = IMMUNE in event.flags
        lists[event.patient].append(
            Event(event.term, event.grade, start, end, drug, is_serious=serious, is_fatal=fatal, is_immune=immune)
        )
    return [sorted(one, key=lambda event: (event.start, event.term)) for one in lists]


def change_doses(lists: list[list[Event]], ways: Sequence[Way], setting: Setting) -> list[list[Event]]:
    """
    Say of which adverse events a change of dose came.

    Parameters
    ----------
    lists : list of list of Event
        Events of each patient.
    ways : sequence of Way
        Of the patients.
    setting : Setting
        The changes that are wanted.

    Returns
    -------
    list of list of Event
        The same with their actions; an event has one action at most. No more patients than `Setting.modified` says have a
        change of a drug's dose: where they are fewer than the changes, some patients have several.
    """
    done = [list(one) for one in lists]
    busy: dict[str, set[int]] = {drug: set() for drug in setting.modified}
    order = {WITHDRAWN: 0, REDUCED: 1, INTERRUPTED: 2}
    for action in sorted(setting.actions, key=lambda one: (order.get(one.action, 3), -one.patients)):
        chosen = 0
        mine = busy.setdefault(action.drug if action.drug in setting.modified else "", set())
        most = setting.modified.get(action.drug, len(done))
        for i in _candidates(done, ways, action, mine):
            if chosen == action.patients:
                break
            if i not in mine and len(mine) == most:
                continue
            needed = 2 if action.action == REDUCED and chosen < action.again else 1
            free = [k for k, event in enumerate(done[i]) if event.drug and event.action == "DOSE NOT CHANGED"]
            if len(free) < needed:
                continue
            for k in _gravest(done[i], free)[:needed]:
                done[i][k] = _acted(done[i][k], action, ways[i])
            chosen += 1
            mine.add(i)
    return done


def _acted(event: Event, action: Action, way: Way) -> Event:
    """An event that ends treatment lies shortly before its end, one that lowers a dose where later doses follow."""
    start = event.start
    if action.action == WITHDRAWN and way.stop_day is not None:
        start = max(0, way.stop_day - 3)
    elif action.action == REDUCED:
        start = min(start, max(0, way.treated_until // 3))
    end = None if event.end is None or (action.action == WITHDRAWN) else max(event.end, start + 1)
    return replace(event, action=action.action, drug=action.drug or event.drug, start=start, end=end)


def _candidates(lists: list[list[Event]], ways: Sequence[Way], action: Action, busy: set[int]) -> list[int]:
    """A withdrawal needs a stop that is no progression, a reduction time to take the lower dose."""

    def rank(i: int) -> tuple[bool, bool, bool, int]:
        way = ways[i]
        if action.action == WITHDRAWN:
            fits = way.stop_reason == "ADVERSE EVENT"
            # With phases, the reasons are given already.
            return (
                i in busy,
                bool(way.phase) and not fits,
                not fits and way.end != "censored",
                -max((e.grade for e in lists[i]), default=0),
            )
        return (i in busy, False, way.treated_until < 90, -max((e.grade for e in lists[i] if e.drug), default=0))

    able = [i for i, one in enumerate(lists) if any(event.drug for event in one)]
    if action.action == WITHDRAWN:
        able = [i for i in able if ways[i].stop_day is not None]
    return sorted(able, key=rank)


def _gravest(events: list[Event], places: list[int]) -> list[int]:
    return sorted(places, key=lambda k: (-events[k].grade, events[k].start))


def add_fatal_events(
    lists: list[list[Event]], ways: Sequence[Way], setting: Setting, protocol: Protocol
) -> tuple[list[list[Event]], set[int]]:
    """
    Let some of the deaths be adverse events of grade 5.

    Parameters
    ----------
    lists : list of list of Event
        Events of each patient.
    ways : sequence of Way
        Of the patients.
    setting : Setting
        The fatal events.
    protocol : Protocol
        Drugs.

    Returns
    -------
    tuple
        Events, and the patients who died of one: first those who died without progression and had a grave event already.
    """
    done = [list(one) for one in lists]
    able = [i for i, way in enumerate(ways) if way.is_dead]
    able.sort(
        key=lambda i: (not lists[i], not any(event.grade >= 3 for event in lists[i]), ways[i].end == "progression")
    )
    killed: set[int] = set()
    drugs = [drug.name for drug in protocol.treatment] or [""]
    for (term, related), i in zip(setting.fatal, able, strict=False):
        drug = setting.causes.get(term, drugs[0]) if related else ""
        day = ways[i].last_seen
        same = [event for event in done[i] if event.term == term]
        done[i] = [event for event in done[i] if event not in same]
        done[i].append(
            Event(term, 5, max(0, min(day - 5, ways[i].treated_until + 20)), day, drug, is_serious=True, is_fatal=True)
        )
        killed.add(i)
    return done, killed


def give_doses(way: Way, events: Sequence[Event], protocol: Protocol) -> tuple[Dose, ...]:
    """
    Give a patient the doses of every cycle until treatment ends.

    Parameters
    ----------
    way : Way
        When treatment ended.
    events : sequence of Event
        Whose actions change doses.
    protocol : Protocol
        Drugs and cycles.

    Returns
    -------
    tuple of Dose
        Ascending by drug and day; the first dose of every drug is on the first day that the protocol plans. The last is on
        the day of `Way.last_doses` where it names one.
    """
    until = max(0, way.treated_until)
    doses: list[Dose] = []
    for drug in protocol.treatment:
        last = way.last_doses.get(drug.name)
        planned = _drug(drug, until if last is None else last, events)
        doses += planned if last is None else end_exactly(planned, drug, last)
    return tuple(doses)


def _drug(drug: Treatment, until: int, events: Sequence[Event]) -> list[Dose]:
    mine = [event for event in events if event.drug == drug.name]
    reductions = sorted(event.start for event in mine if event.action == REDUCED)
    pauses = sorted(event.start for event in mine if event.action == INTERRUPTED)
    longest = until if drug.max_duration_months is None else int(drug.max_duration_months * _DAYS_PER_MONTH)
    last = max(0, min(until, longest))
    doses: list[Dose] = []
    level = 0
    for cycle in range((drug.first_day or 1) - 1, last + 1, drug.cycle_days):
        reason = ""
        wanted = min(sum(day <= cycle for day in reductions), len(drug.dose_levels) - 1)
        if wanted > level:
            level, reason = wanted, "ADVERSE EVENT"
        if any(cycle - drug.cycle_days < day <= cycle for day in pauses) and cycle > 0:
            continue
        for first, final in stretches(drug.days):
            start = cycle + first - 1
            if start <= last:
                doses.append(Dose(drug.name, level, start, min(cycle + final - 1, last), reason))
                reason = ""
    # a reduction whose cycle never came is taken in the last one
    if reductions and level < len(reductions) and doses and len(drug.dose_levels) > 1:
        doses[-1] = replace(doses[-1], level=min(len(reductions), len(drug.dose_levels) - 1), reason="ADVERSE EVENT")
    return doses


def stretches(days: tuple[int, ...]) -> list[tuple[int, int]]:
    """
    Join consecutive days.

    Parameters
    ----------
    days : tuple of int
        Ascending.

    Returns
    -------
    list of tuple of int
        First and last day of each stretch.

    Examples
    --------
    >>> stretches((1, 2, 3, 8))
    [(1, 3), (8, 8)]
    """
    found: list[tuple[int, int]] = []
    for day in days:
        if found and day == found[-1][1] + 1:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
