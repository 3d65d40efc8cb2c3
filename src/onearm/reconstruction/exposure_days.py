"""Last doses for which the printed median and quartiles of the time on each drug come out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from onearm.protocol import Protocol, Treatment
from onearm.reconstruction.course import WITHDRAWAL, Way
from onearm.reconstruction.patients import Dose
from onearm.reconstruction.printed import Printed
from onearm.reconstruction.setting import Exposure, Setting

__all__ = ["end_exactly", "fit_durations", "fit_exposure", "knots_of"]

_SHARES: Final = {"iqr": {"low": 0.25, "median": 0.5, "high": 0.75}, "range": {"low": 0.0, "median": 0.5, "high": 1.0}}
_EARLY_DAYS: Final = 3
"""A visit may be so many days before its planned day."""


class _Span(NamedTuple):
    """Days from first to last dose that a patient would have, and the most that the course allows."""

    usual: int
    most: int
    is_fixed: bool


def fit_exposure(ways: Sequence[Way], setting: Setting, protocol: Protocol) -> list[Way]:
    """
    Let treatment end so that the printed times on each drug come out.

    Parameters
    ----------
    ways : sequence of Way
        Of all patients.
    setting : Setting
        With the printed times; where none is printed, the ways stay as they are.
    protocol : Protocol
        Drugs; conventions of months and quartiles.

    Returns
    -------
    list of Way
        With the day of the last dose of each drug in `Way.last_doses`. Where the time on every drug is printed, whoever
        stops earlier than the course asks for has withdrawn.
    """
    done = list(ways)
    by_name = {drug.name: drug for drug in protocol.treatment}
    for exposure in setting.exposures:
        if exposure.drug in by_name:
            spans = [_span(way, by_name[exposure.drug], setting, protocol) for way in ways]
            days = fit_durations(
                [span.usual for span in spans],
                [span.most for span in spans],
                knots_of(exposure, len(spans), protocol),
                fixed={i for i, span in enumerate(spans) if span.is_fixed},
            )
            done = [
                replace(way, last_doses={**way.last_doses, exposure.drug: lasted - 1})
                for way, lasted in zip(done, days, strict=True)
            ]
    # a chart review names no drug, and then there is no cycle that treatment could end in
    if not by_name or not set(by_name) <= {exposure.drug for exposure in setting.exposures}:
        return done
    cycle = max(drug.cycle_days for drug in protocol.treatment)
    return [_stopped(way, cycle) for way in done]


def _span(way: Way, drug: Treatment, setting: Setting, protocol: Protocol) -> _Span:
    """Doses end with progression unless a printed time asks for more: the cycle that was under way is then finished."""
    latest = way.last_seen - 1
    usual = most = way.treated_until
    if way.end == "progression":
        usual, most = min(usual, way.end_day), min(max(usual, way.end_day + drug.cycle_days), latest)
    if drug.max_duration_months is not None:
        longest = int(drug.max_duration_months * protocol.conventions.days_per_month)
        usual, most = min(usual, longest), min(most, longest)
    is_fixed = way.stop_day is None and setting.ongoing is not None
    return _Span(max(usual, 0) + 1, max(most, 0) + 1, is_fixed)


def knots_of(exposure: Exposure, n: int, protocol: Protocol) -> list[tuple[int, int]]:
    """
    Say which patients, counted from the shortest time, have a printed time.

    Parameters
    ----------
    exposure : Exposure
        What was printed.
    n : int
        Patients.
    protocol : Protocol
        Conventions of months and quartiles.

    Returns
    -------
    list of tuple of int
        Rank from 0 and days, ascending. Where a quantile lies between two patients, both have it.
    """
    month, program = protocol.conventions.days_per_month, protocol.conventions.quantile
    knots = {}
    for part, share in _SHARES[exposure.spread].items():
        shown: Printed | None = getattr(exposure, part)
        if shown is not None:
            place = {"r": (n - 1) * share, "spss": (n + 1) * share - 1}.get(program, n * share - 0.5)
            place = min(max(place, 0.0), n - 1.0)
            for rank in (math.floor(place), math.ceil(place)):
                knots[rank] = round(shown.value * month)
    return sorted(knots.items())


def fit_durations(
    usual: Sequence[int], most: Sequence[int], knots: Sequence[tuple[int, int]], *, fixed: set[int] | None = None
) -> list[int]:
    """
    Change durations as little as their order asks for, so that those of certain ranks are as wanted.

    Parameters
    ----------
    usual : sequence of int
        Days that each patient would be treated.
    most : sequence of int
        Days that each could be treated at most.
    knots : sequence of tuple of int
        Rank from 0 and days wanted there, ascending.
    fixed : set of int, optional
        Patients whose days stay as they are.

    Returns
    -------
    list of int
        Days of each patient, never more than `most`: a rank whose patient cannot have as many is missed.

    Examples
    --------
    The patient in the middle is to have 20 days; the longer ones keep theirs.

    >>> fit_durations([10, 25, 30], [10, 25, 40], [(1, 20)])
    [10, 20, 30]
    """
    order = sorted(range(len(usual)), key=lambda i: (most[i], usual[i]))
    places = dict(knots)
    days = list(usual)
    for rank, i in enumerate(order):
        if i in (fixed or set()):
            continue
        below = max(((k, v) for k, v in knots if k <= rank), default=None)
        above = min(((k, v) for k, v in knots if k >= rank), default=None)
        wanted = usual[i]
        if rank in places:
            wanted = places[rank]
        elif below and above:
            wanted = _between(usual[i], usual[order[below[0]]], usual[order[above[0]]], below[1], above[1])
        elif below:
            wanted = max(wanted, below[1])
        elif above:
            wanted = min(wanted, above[1])
        days[i] = min(wanted, most[i])
    return days


def _between(days: int, first: int, last: int, low: int, high: int) -> int:
    """Move days between two patients to the same share of the way between the days that those two get."""
    share = (min(max(days, first), last) - first) / (last - first) if last > first else 0.5
    return round(low + share * (high - low))


def _stopped(way: Way, cycle: int) -> Way:
    """Who would have gone on and did not, or stopped more than a cycle before progression or death, has withdrawn."""
    last = max(way.last_doses.values())
    if way.stop_day is not None and last >= way.end_day - cycle:
        return replace(way, stop_day=max(last, way.stop_day))
    if way.stop_day is None and last >= way.last_seen - cycle:
        return way
    return replace(way, stop_day=last, stop_reason=WITHDRAWAL)


def end_exactly(doses: list[Dose], drug: Treatment, last: int) -> list[Dose]:
    """
    Delay cycles by a few days, so that the last dose is given on a certain day.

    Parameters
    ----------
    doses : list of Dose
        On the planned days, none after `last`.
    drug : Treatment
        Days of the cycle.
    last : int
        Day of the last dose, from the first dose of any drug.

    Returns
    -------
    list of Dose
        Unchanged where only the first cycle was begun: what starts treatment is on its day.

    Examples
    --------
    >>> drug = Treatment(name="sintilimab", unit="mg", dose_levels=(200,), cycle_days=21, dosing_days="1")
    >>> given = [Dose("sintilimab", 0, day, day) for day in (0, 21, 42, 63)]
    >>> [dose.start for dose in end_exactly(given, drug, 66)]
    [0, 22, 44, 66]
    """
    if not doses or last <= doses[-1].end:
        return doses
    if len(drug.days) > 1:
        if len(doses) == 1:
            return doses
        moved = last - doses[-1].end
        return [*doses[:-1], replace(doses[-1], start=doses[-1].start + moved, end=last)]
    first = doses[0].start
    if (last - first) / len(doses) >= drug.cycle_days - _EARLY_DAYS:
        doses = [*doses, replace(doses[-1], start=doses[-1].start + drug.cycle_days, reason="")]
    if len(doses) == 1:
        return doses
    stretch = (last - first) / (doses[-1].start - first)
    days = [first + round((dose.start - first) * stretch) for dose in doses]
    return [replace(dose, start=day, end=day) for dose, day in zip(doses, days, strict=True)]
